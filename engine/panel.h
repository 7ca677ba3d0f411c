#pragma once

#include "backend.h"

/* *q = an orthonormal basis of the columns of a tall x of b (rows >= cols), of the same shape, made where
 * the backend computes: ||q^T q - I||_2 <= 1e-6 in single precision. Only matrices of
 * cols x cols come to the processor, unless the columns are numerically dependent: then the whole
 * panel does, and what they lack is made up. *q is {0} before. ERROR_FORMAT where x is not finite.
 * docs/numerics.md says what was measured. */
bool panel_orthonormalize(struct backend *b, const struct buffer *x, struct buffer *q,
                          struct error *err);
