#pragma once

/* The split of the error of a left factor L and a right factor R that was fitted to it and rounded:
 * ||LR - A||^2 = ||LW - A||^2 + ||L(R - W)||^2 with W the exact fit, and no entry of R is farther
 * from W than half a step (a whole one, dithered). An unrounded sketch, a stale W or a
 * wrong solver in the method breaks one of the two. */

#include "lab.h"

struct split {
    double gap;      /* of the two sides, relative to ||A||^2 */
    double farthest; /* entry of R from W, of what rounding allows */
};

/* W by the pseudo-inverse of L from its SVD: another solver than the method's. */
static inline void split_solve(struct matrix_view l, struct matrix_view a, struct matrix_view w)
{
    struct svd s = lab_svd(l);
    for (size_t i = 0; i < s.n; i++) { /* row i of Sigma^-1 U^T A, spread over W by V */
        if (s.sigma[i] <= 1e-12 * s.sigma[0])
            break;
        for (size_t j = 0; j < a.cols; j++) {
            double sum = 0;
            for (size_t k = 0; k < a.rows; k++)
                sum += matrix_at(s.u.view, k, i) * matrix_at(a, k, j);
            for (size_t k = 0; k < w.rows; k++)
                matrix_put(w, k, j,
                           matrix_at(w, k, j) + matrix_at(s.vt.view, i, k) * sum / s.sigma[i]);
        }
    }
    svd_finish(&s);
}

/* ||l m - a||^2, a NULL: ||l m||^2. */
static inline double split_square(struct matrix_view l, struct matrix_view m,
                                  const struct matrix_view *a)
{
    double sum = 0;
    for (size_t i = 0; i < l.rows; i++)
        for (size_t j = 0; j < m.cols; j++) {
            double value = a ? -matrix_at(*a, i, j) : 0;
            for (size_t k = 0; k < m.rows; k++)
                value += matrix_at(l, i, k) * matrix_at(m, k, j);
            sum += value * value;
        }
    return sum;
}

/* Of a result of two coded parts. NAN: it cannot be decoded. */
static inline struct split split_of(const struct result *result, struct matrix_view a)
{
    struct matrix l = lab_matrix(DTYPE_F64, a.rows, result->rank);
    struct matrix r = lab_matrix(DTYPE_F64, result->rank, a.cols);
    struct matrix w = lab_matrix(DTYPE_F64, result->rank, a.cols);
    struct error err;
    double range, step, far = 0, norm = matrix_norm(a), residual = result->measures[0].residual;
    bool ok = part_decode(&result->parts[0], l.view, &err) &&
              part_decode(&result->parts[1], r.view, &err);
    split_solve(l.view, a, w.view);
    double fit = split_square(l.view, w.view, &a);
    for (size_t i = 0; i < r.view.rows; i++)
        for (size_t j = 0; j < r.view.cols; j++) {
            matrix_put(w.view, i, j, matrix_at(r.view, i, j) - matrix_at(w.view, i, j));
            far = fmax(far, fabs(matrix_at(w.view, i, j)));
        }
    double gap = residual * residual - fit - split_square(l.view, w.view, NULL);
    coding_extent(&result->parts[1].codes, &range, &step);
    step *= result->parts[1].codes.coding.rounding == ROUNDING_DITHERED ? 1 : 0.5;
    matrix_finish(&l);
    matrix_finish(&r);
    matrix_finish(&w);
    return (struct split){ ok ? gap / (norm * norm) : (double)NAN, far / step };
}
