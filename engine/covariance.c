#include "covariance.h"

#include "blas.h"

#include <assert.h>
#include <math.h>

enum { PANEL = 512 }; /* rows of A in memory at a time, in double precision */
#define SLACK 0x1p-20 /* of what was written as symmetric in single precision */

bool covariance_symmetric(struct matrix_view a, double slack)
{
    double most = 0, apart = 0;
    for (size_t i = 0; a.rows == a.cols && i < a.rows; i++)
        for (size_t j = 0; j <= i; j++) {
            double below = matrix_at(a, i, j), above = matrix_at(a, j, i);
            most = fmax(most, fmax(fabs(below), fabs(above)));
            apart = fmax(apart, fabs(below - above));
        }
    return a.rows == a.cols && apart <= slack * most;
}

static bool take_ready(struct matrix_view a, struct matrix_view out, struct error *err)
{
    if (a.rows != a.cols)
        return fail(err, ERROR_FORMAT,
                    "a covariance is square, this is %zu x %zu; --input rows makes one of it",
                    a.rows, a.cols);
    if (!covariance_symmetric(a, SLACK))
        return fail(err, ERROR_FORMAT,
                    "a covariance is symmetric, this is not; --input rows makes one of it");
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.rows; j++)
            matrix_put(out, i, j, matrix_at(a, i, j) / 2 + matrix_at(a, j, i) / 2);
    return true;
}

/* One row of the panel, centred and clipped. Scaled down a little too far rather than too little. */
static void clip_row(struct matrix_view row, const struct covariance_terms *t)
{
    for (size_t j = 0; j < row.cols; j++)
        matrix_put(row, 0, j, matrix_at(row, 0, j) - t->centre);
    double norm = matrix_norm(row), scale = norm > t->clip ? t->clip / norm * (1 - 0x1p-50) : 1;
    for (size_t j = 0; j < row.cols && !(norm <= t->clip); j++)
        matrix_put(row, 0, j, isfinite(norm) ? matrix_at(row, 0, j) * scale : 0);
}

bool covariance_of(struct matrix_view a, const struct covariance_terms *terms,
                   struct matrix_view out, struct error *err)
{
    assert(out.rows == a.cols && out.cols == a.cols && out.dtype == DTYPE_F64);
    if (terms->ready)
        return take_ready(a, out, err);
    struct matrix panel = { 0 };
    size_t d = a.cols;
    if (!matrix_init(&panel, DTYPE_F64, PANEL < a.rows ? PANEL : a.rows, d, err))
        return false;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            matrix_put(out, i, j, 0);
    for (size_t at = 0; at < a.rows; at += PANEL) {
        size_t n = a.rows - at < PANEL ? a.rows - at : PANEL;
        struct matrix_view rows = matrix_block(panel.view, 0, 0, n, d);
        matrix_copy(matrix_block(a, at, 0, n, d), rows);
        for (size_t i = 0; i < n; i++)
            clip_row(matrix_block(rows, i, 0, 1, d), terms);
        blas_gemm_add(1, matrix_transposed(rows), rows, out);
    }
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < i; j++)
            matrix_put(out, j, i, matrix_at(out, i, j));
    matrix_finish(&panel);
    return true;
}
