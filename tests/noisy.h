#pragma once

/* What tests of simulated mechanisms share: covariances whose eigenvalues are known, noise on them, and
 * sums over eigenvectors by plain loops. */

#include "lab.h"
#include "linalg.h"
#include "mechanism.h"

static inline struct matrix filled(size_t rows, size_t cols)
{
    return lab_matrix(DTYPE_F64, rows, cols);
}

/* M with these top eigenvalues over a tail of zeros, its vectors a random basis. */
static inline struct matrix covariance_with(const double *top, size_t k, size_t d, uint64_t seed)
{
    struct matrix v = filled(d, d), w = filled(d, k), m = filled(d, d);
    struct error err = { 0 };
    random_fill(SKETCH_GAUSSIAN, seed, STREAM_TEST, 3, 1, v.view);
    linalg_orthonormalize(v.view, &err);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < k; j++)
            matrix_put(w.view, i, j, sqrt(top[j]) * matrix_at(v.view, i, j));
    blas_gemm(w.view, matrix_transposed(w.view), m.view);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < i; j++)
            matrix_put(m.view, j, i, matrix_at(m.view, i, j));
    matrix_finish(&v);
    matrix_finish(&w);
    return m;
}

/* m + noise, Hermitian. */
static inline struct matrix noisy_of(struct matrix_view m, enum field field, double deviation,
                                     uint32_t number)
{
    struct matrix x = filled(m.rows, m.rows * (size_t)field);
    ensemble_noise(field, 5, number, deviation, x.view);
    for (size_t i = 0; i < m.rows; i++)
        for (size_t j = 0; j < m.rows; j++)
            matrix_put(x.view, i, j, matrix_at(x.view, i, j) + matrix_at(m, i, j));
    return x;
}

static inline double real_at(struct matrix_view x, size_t i, size_t j)
{
    return matrix_at(x, i, j);
}

static inline double imaginary_at(struct matrix_view x, size_t i, size_t j)
{
    return x.cols == x.rows ? 0 : matrix_at(x, i, x.rows + j);
}

/* sum lambda_i v_i v_i^* over the vectors from `first` on, by plain loops; rows of v are vectors. */
static inline struct matrix sum_of(struct matrix_view v, const double *values, size_t first,
                                   double sign)
{
    struct matrix out = filled(v.rows, 2 * v.rows);
    for (size_t r = first; r < v.rows; r++)
        for (size_t i = 0; i < v.rows; i++)
            for (size_t j = 0; j < v.rows; j++) {
                double a = real_at(v, r, i), b = sign * imaginary_at(v, r, i);
                double c = real_at(v, r, j), d = sign * imaginary_at(v, r, j);
                double re = matrix_at(out.view, i, j), im = matrix_at(out.view, i, v.rows + j);
                matrix_put(out.view, i, j, re + values[r] * (a * c + b * d));
                matrix_put(out.view, i, v.rows + j, im + values[r] * (b * c - a * d));
            }
    return out;
}

static inline double distance(struct matrix_view a, struct matrix_view b)
{
    struct matrix rest = filled(a.rows, a.cols);
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            matrix_put(rest.view, i, j, matrix_at(a, i, j) - matrix_at(b, i, j));
    double norm = matrix_norm(rest.view);
    matrix_finish(&rest);
    return norm;
}

static inline int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline bool symmetric_bits(struct matrix_view y)
{
    bool ok = true;
    for (size_t i = 0; i < y.rows; i++)
        for (size_t j = 0; j < i; j++) {
            double a = matrix_at(y, i, j), b = matrix_at(y, j, i);
            ok = ok && !memcmp(&a, &b, sizeof(a));
        }
    return ok;
}
