#pragma once

#include "method.h"

/* The leading singular triplets of in->matrices[index], in its precision, from
 * the cached SVD when the caller has one, else exactly (LAPACK) or by block
 * Lanczos bidiagonalization (randUBV, Hallman 2021). The caller finishes *out.
 *
 * exact = false lets it use Lanczos where that pays (a small rank of a large
 * matrix); it stops once one more half step could lower ||A - A_k||_F by 0.1 % at most.
 *
 * *tail (NULL: not wanted): the Eckart-Young error ||A - A_k||_F / ||A||_F, NAN
 * where only Lanczos' own error is known, or single precision cannot tell. */
bool truncation(struct job *job, const struct inputs *in, size_t index, size_t rank, bool exact,
                struct svd *out, double *tail, struct error *err);

/* The same of a matrix that lies on the backend, by Lanczos where that pays. */
bool truncation_buffer(struct job *job, const struct buffer *a, size_t rank, struct svd *out,
                       struct error *err);

/* Floating-point operations of its products with the whole matrix: none where LAPACK does it. */
double truncation_flops(size_t rows, size_t cols, size_t rank, bool exact);

/* How many of the leading values alternation can use: those above sigma_1 / 5e6, at least one (the
 * released code of CALDERA, alternating LPLR). Moves *tail to that rank. */
size_t truncation_useful(const struct svd *s, double *tail);

/* Multiplies columns (else rows) of f, number i, by sigma[i]^power: power 1 puts Sigma
 * into a factor, 0.5 its root, 0 leaves it. */
void truncation_scale(struct matrix_view f, const double *sigma, double power, bool columns);
