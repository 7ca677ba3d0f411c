#pragma once

#include "matrix.h"

#include <stdint.h>

/* Randomised Hadamard transforms of any size n = 2^a q, q odd: x D (H (x) C) with D random signs, H
 * the Hadamard matrix of order 2^a over sqrt(2^a), and C the orthonormal DCT-II of order q (1 where q
 * is 1). Orthogonal, so norms stay and the inverse is the transpose; it spreads outliers over
 * a whole row (QuIP#, Tseng et al. 2024; CALDERA, Saha et al. 2024). Pure; any thread. */

/* n signs of side `side` (0: rows, 1: columns), a bit each, least significant first; owned by the
 * caller. 1 means -1. */
bool rotation_signs(uint64_t seed, uint32_t side, size_t n, uint8_t **signs, struct error *err);

/* x = x D (H (x) C), row by row, in place; inverse: x (H (x) C)^T D. signs: x.cols bits. Works on the
 * transposed view for the other side. Sums in x's precision, fixed order. n (log n + q) operations a
 * row, hence ERROR_LIMIT above ROTATION_ODD, x untouched; ERROR_MEMORY likewise. ERROR_CANCELLED (cancel.h)
 * leaves it half done. */
enum { ROTATION_ODD = 65535 }; /* the largest q */
bool rotation_apply(struct matrix_view x, const uint8_t *signs, bool inverse, struct error *err);
