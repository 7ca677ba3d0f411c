#pragma once

#include "backend.h"

/* *q = an orthonormal basis of the columns of a tall x of b (rows >= cols), of the same shape, made where
 * the backend computes: ||q^T q - I||_2 <= 1e-6 in single precision. Only matrices of
 * cols x cols come to the processor, unless the columns are numerically dependent: then the whole
 * panel does, and what they lack is made up. *q is {0} before. ERROR_FORMAT where x is not finite.
 * docs/numerics.md says what was measured. */
bool panel_orthonormalize(struct backend *b, const struct buffer *x, struct buffer *q,
                          struct error *err);

/* The same, with the matrix that makes it: q = x w, w cols x cols, F64. *independent is false, and there
 * is neither, where the columns are numerically dependent or a pivot falls below `cutoff`
 * times the first: linalg_least_squares has the answer then. */
bool panel_whiten(struct backend *b, const struct buffer *x, double cutoff, struct buffer *q,
                  struct matrix_view w, bool *independent, struct error *err);
