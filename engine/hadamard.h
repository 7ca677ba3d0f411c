#pragma once

#include "matrix.h"

#include <stdbool.h>
#include <stdint.h>

/* out = x D H / sqrt(n), row by row: n = cols, a power of two; H[i][j] = (-1)^popcount(i & j);
 * D random signs from the seed (STREAM_SIGNS: random.h). inverse: x H D / sqrt(n), which undoes
 * it. Same shape and type, col_stride 1, no overlap. Pure; any thread. */
void hadamard_rows(struct matrix_view x, uint64_t seed, bool inverse, struct matrix_view out);
