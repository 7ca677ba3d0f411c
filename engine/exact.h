#pragma once

#include "error.h"

#include <stdint.h>

/* Integer matrices, exactly: what a private release is made from must be the same bits on
 * every machine. Dense and row-major. Pure; any thread. */

/* Whether no sum of products of two columns of rows (n x d), whole or begun, can leave 63
 * bits: the squares of every column add up to less (Cauchy-Schwarz). ERROR_LIMIT otherwise. */
bool exact_fits(const int32_t *rows, size_t n, size_t d, struct error *err);

/* out (d x d, both triangles) = rows^T rows; rows fit. */
void exact_gram(const int32_t *rows, size_t n, size_t d, int64_t *out);
