#pragma once

#include "matrix.h"

#include <stdbool.h>
#include <stdint.h>

/* out = x D H / sqrt(n), row by row: n = cols, a power of two; H[i][j] = (-1)^popcount(i & j);
 * D random signs from the seed (STREAM_SIGNS: random.h). inverse: x H D / sqrt(n), which undoes
 * it. Same shape and type, col_stride 1, no overlap. Pure; any thread. */
void hadamard_rows(struct matrix_view x, uint64_t seed, bool inverse, struct matrix_view out);

/* x = x (H' (x) I) / sqrt(n / q) in place, row by row: n = cols, n / q a power of two, H' of that order, I of
 * order q; col_stride 1. hadamard_rows without signs where q is 1. */
void hadamard_passes(struct matrix_view x, size_t q);
