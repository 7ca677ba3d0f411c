#pragma once

#include "method.h"

/* The leading `rank` singular triplets of a, whose Frobenius norm is `norm`, by block Lanczos bidiagonalization.
 * *settled = false: the basis grew to its limit first, and *out is untouched.
 * Scratch comes from job->scratch; the caller finishes *out. */
bool lanczos(struct job *job, const struct buffer *a, double norm, size_t rank, struct svd *out,
             bool *settled, struct error *err);
