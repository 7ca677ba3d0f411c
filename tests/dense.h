#pragma once
/* Matrices as results, so that they can be exported. */
#include "export.h"

/* A dense result of one plain part: what is written is what was given. */
static inline void make_dense(struct result *r, const struct matrix *from)
{
    struct error err = { 0 };
    struct matrix m = { 0 };
    size_t part;
    if (!result_init(r, 1, &err) ||
        !matrix_init(&m, DTYPE_F64, from->view.rows, from->view.cols, &err))
        return;
    for (size_t i = 0; i < m.view.rows; i++)
        for (size_t j = 0; j < m.view.cols; j++)
            matrix_put(m.view, i, j, matrix_at(from->view, i, j));
    r->measures[0].rows = m.view.rows;
    r->measures[0].cols = m.view.cols;
    if (result_add_plain(r, "dense", &m, &part, &err))
        result_add_term(r, 0, part, TERM_DENSE, &err);
}
