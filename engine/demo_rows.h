#pragma once

#include "demo.h"

/* Built-in rows, one a person, all of them made up, so that a mechanism can be watched at work on data
 * that nobody has to protect. Rows are made when they are read. */

struct rows_demo {
    const char *name; /* behind "demo:" */
    size_t n, d;
    /* out: n x d, F64. Fails with ERROR_MEMORY. */
    bool (*fill)(struct matrix_view out, struct error *err);
};
extern const struct rows_demo rows_demos[]; /* ends with {0} */

struct document *rows_demo_open(const struct rows_demo *demo, struct error *err);

/* The eigenvalues that A^T A of demo:gaps has, descending; d of them. */
extern const double rows_demo_gaps[];
