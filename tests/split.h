#pragma once

/* The split of the error of a left factor L and a right factor R that was fitted to it and rounded:
 * ||LR - A||^2 = ||LW - A||^2 + ||L(R - W)||^2 with W the exact fit, and no entry of R is farther
 * from W than half a step (a whole one, dithered). An unrounded sketch, a stale W or a
 * wrong solver in the method breaks one of the two. */

#include "lab.h"

struct split {
    double gap;      /* of the two sides, relative to ||A||^2 */
    double farthest; /* entry of R from W, of what rounding allows */
    double
        told; /* how far the losses that the result tells are off, squared, relative to ||A||^2 */
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

/* Left parts side by side, right ones below each other. */
static inline bool split_factors(const struct result *result, struct matrix_view l,
                                 struct matrix_view r)
{
    struct error err;
    size_t first = 0;
    bool ok = true;
    for (size_t t = 0; ok && t < result->n_terms; t++) {
        const struct part *left = &result->parts[result->terms[t].left];
        const struct part *right = &result->parts[result->terms[t].right];
        size_t n = part_cols(left);
        ok = part_decode(left, matrix_block(l, 0, first, l.rows, n), &err) &&
             part_decode(right, matrix_block(r, first, 0, n, r.cols), &err);
        first += n;
    }
    return ok && first == result->rank;
}

/* The largest |d|, rows of each right part in units of what its rounding allows. */
static inline double split_farthest(const struct result *result, struct matrix_view d)
{
    size_t first = 0;
    double most = 0;
    for (size_t t = 0; t < result->n_terms; t++) {
        const struct coded *codes = &result->parts[result->terms[t].right].codes;
        double range, step, far = 0;
        coding_extent(codes, &range, &step);
        step *= codes->coding.rounding == ROUNDING_DITHERED ? 1 : 0.5;
        if (codes->coding.bits > 12) /* steps as fine as W's own digits in single precision */
            step += 0x1p-22 * range;
        for (size_t i = 0; i < codes->rows; i++)
            for (size_t j = 0; j < d.cols; j++)
                far = fmax(far, fabs(matrix_at(d, first + i, j)));
        most = fmax(most, far / step);
        first += codes->rows;
    }
    return most;
}

/* Of a result of coded pairs that were fitted together; where a frame stands around them, of their
 * sum without it. NAN: they cannot be decoded. */
static inline struct split split_of(const struct result *result, struct matrix_view a)
{
    const struct measure *m = &result->measures[0];
    struct matrix l = lab_matrix(DTYPE_F64, a.rows, result->rank);
    struct matrix r = lab_matrix(DTYPE_F64, result->rank, a.cols);
    struct matrix w = lab_matrix(DTYPE_F64, result->rank, a.cols);
    double norm = matrix_norm(a), square = norm * norm;
    bool ok = split_factors(result, l.view, r.view);
    split_solve(l.view, a, w.view);
    double fit = split_square(l.view, w.view, &a) / square;
    for (size_t i = 0; i < r.view.rows; i++)
        for (size_t j = 0; j < r.view.cols; j++)
            matrix_put(w.view, i, j, matrix_at(r.view, i, j) - matrix_at(w.view, i, j));
    double loss = split_square(l.view, w.view, NULL) / square;
    double error = frame_plain(&result->frames[0]) ? m->residual / norm * (m->residual / norm)
                                                   : split_square(l.view, r.view, &a) / square;
    struct split s = {
        .gap = error - fit - loss,
        .farthest = split_farthest(result, w.view),
        .told = fmax(fabs(m->fitted * m->fitted - fit), fabs(m->right_loss * m->right_loss - loss)),
    };
    matrix_finish(&l);
    matrix_finish(&r);
    matrix_finish(&w);
    if (!ok || isnan(m->fitted) || isnan(m->right_loss))
        s.gap = s.told = (double)NAN;
    return s;
}
