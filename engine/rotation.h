#pragma once

#include "matrix.h"

#include <stdint.h>

/* Randomised Hadamard transforms of any size n = 2^a q, q odd: x D (H (x) C) with D random signs, H
 * the Hadamard matrix of order 2^a over sqrt(2^a), and C of order q orthogonal: 1 where q is 1, the
 * orthonormal DCT-II up to ROTATION_COSINES, above it P (W 0; 0 I) S (I 0; 0 W), with
 *   P   entries k and q - 1 - k become their sum and their difference over sqrt(2), for k < (q - 1) / 2,
 *   W   as H, of order m, the largest power of two below q: on the first and on the last m entries,
 *   S   signs: -1 where bit 63 of 0x9E3779B97F4A7C15 k^2, modulo 2^64, is set.
 * Orthogonal, so norms stay and the inverse is the transpose; it spreads outliers over a whole row (QuIP#,
 * Tseng et al. 2024; CALDERA, Saha et al. 2024): docs/numerics.md says how far. Pure; any thread. */
enum { ROTATION_COSINES = 511 }; /* a part of the format of packed factors */

/* n signs of side `side` (0: rows, 1: columns), a bit each, least significant first; owned by the
 * caller. 1 means -1. */
bool rotation_signs(uint64_t seed, uint32_t side, size_t n, uint8_t **signs, struct error *err);

/* x = x D (H (x) C), row by row, in place; inverse: x (H (x) C)^T D. signs: x.cols bits. Works on the
 * transposed view for the other side. Sums in x's precision, fixed order. n (log n + min(q,
 * ROTATION_COSINES)) operations a row. ERROR_MEMORY leaves x untouched, ERROR_CANCELLED (cancel.h) half
 * done. */
bool rotation_apply(struct matrix_view x, const uint8_t *signs, bool inverse, struct error *err);
