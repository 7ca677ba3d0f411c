#pragma once

#include "method.h"

/* The leading singular triplets of in->matrices[index], in its precision, from
 * the cached SVD when the caller has one, else exactly (LAPACK) or by block
 * Lanczos bidiagonalization (randUBV, Hallman 2021). The caller finishes *out.
 *
 * exact = false lets it use Lanczos where that pays (a small rank of a large
 * matrix); it stops when ||A - A_k||_F is within 0.1 % of what the Ritz values promise. */
bool truncation(struct job *job, const struct inputs *in, size_t index, size_t rank, bool exact,
                struct svd *out, struct error *err);
