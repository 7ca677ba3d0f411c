#pragma once

#include "chacha.h"

/* Whether gram (d x d) is rows^T rows (n x d, |entries| <= 2^16), without computing it again:
 * rows^T (rows r) = gram r modulo the prime 2^89 - 1, r of 61 bits an entry, drawn after gram was there
 * (Freivalds 1977). The prime is above the difference of any two 64-bit numbers, so that none hides behind
 * it, and a wrong gram passes with probability 2^-61. Symmetry is checked apart. d <= 2^13. Fails with
 * ERROR_MEMORY, ERROR_CANCELLED. */
bool gram_check(const int32_t *rows, size_t n, size_t d, const int64_t *gram, struct chacha *from,
                bool *holds, struct error *err);
