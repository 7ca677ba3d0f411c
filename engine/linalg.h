#pragma once

#include "arena.h"

/* Factorizations, by LAPACK, on matrices in memory: the only door to lapacke.h.
 * Both precisions; col_stride 1 unless stated. Failure is ERROR_NUMERIC (no
 * convergence), ERROR_MEMORY or ERROR_LIMIT. One call cannot be interrupted:
 * keep them short and call job_step between them. */

/* a = u diag(sigma) vt. Descending sigma; the sign of each triplet is fixed so
 * that the entry of u with the largest magnitude (the first of equals) is positive. */
struct svd {
    struct matrix u;  /* rows x n, orthonormal columns */
    struct matrix vt; /* n x cols, orthonormal rows */
    double *sigma;    /* n; of an F32 matrix as good as single precision */
    size_t n;
    double norm; /* ||a||_F, so that what n leaves out is known */
};
bool linalg_svd(struct matrix_view a, struct svd *out,
                struct error *err); /* thin: n = min(rows, cols) */
void svd_fix_signs(struct svd *s);  /* of vectors found elsewhere */
void svd_finish(struct svd *s);     /* {0} and a finished svd are fine */

/* The singular values alone, min(rows, cols) of them, always in double precision. */
bool linalg_singular_values(struct matrix_view a, double *sigma, struct error *err);

/* Symmetric a (n x n, F64): ascending values; a's rows become the eigenvectors. */
bool linalg_eigen(struct matrix_view a, double *values, struct error *err);
/* The values alone, ascending; a is overwritten. */
bool linalg_eigenvalues(struct matrix_view a, double *values, struct error *err);
/* Of a symmetric tridiagonal matrix: diagonal (n) becomes the values, ascending; off (n - 1; overwritten). */
bool linalg_eigenvalues_tridiagonal(double *diagonal, double *off, size_t n, struct error *err);
/* Hermitian a (n x 2 n, F64: real and imaginary parts side by side, as ensemble.h has them; the lower
 * triangle is read): ascending values; row i of a becomes the eigenvector of values[i], likewise. */
bool linalg_eigen_hermitian(struct matrix_view a, double *values, struct error *err);
/* The values alone, ascending; a is read. */
bool linalg_eigenvalues_hermitian(struct matrix_view a, double *values, struct error *err);

/* Overwrites a (rows >= cols) with an orthonormal basis of its columns (Householder QR). */
bool linalg_orthonormalize(struct matrix_view a, struct error *err);

/* w, of either type, with w^T g w = I for a symmetric g (n x n, F64; overwritten): where g = x^T x, x w
 * has orthonormal columns. *independent is false, and w of no use, where rounding may hide that
 * g is singular, where a pivot falls below `cutoff` times the first (as in linalg_least_squares),
 * where g is not finite, or w leaves the range of its type. */
bool linalg_whiten(struct matrix_view g, double cutoff, struct matrix_view w, bool *independent,
                   struct error *err);

/* Rank-revealing least squares: min ||l w - a||_F for a tall or wide l.
 * Column-pivoted QR in double precision, l P = q r; columns whose pivot falls
 * below `cutoff` times the first are dead: their rows of w are zero. */
struct least_squares {
    struct matrix_view q; /* l.rows x rank, orthonormal, in l's type; scratch */
    struct matrix_view r; /* rank x rank upper triangle, F64, over 2^exponent; scratch */
    int exponent;         /* keeps r near 1: the reciprocal of a tiny pivot would overflow */
    const int *pivot;     /* column j of l P is column pivot[j] of l; scratch */
    size_t rank, columns; /* columns - rank are dead */
};
bool linalg_least_squares(struct matrix_view l, double cutoff, struct arena *scratch,
                          struct least_squares *out, struct error *err);
/* qta = q^T a (rank x n, overwritten) -> w (columns x n, l's type). */
bool linalg_least_squares_solve(const struct least_squares *s, struct matrix_view qta,
                                struct matrix_view w, struct arena *scratch, struct error *err);
