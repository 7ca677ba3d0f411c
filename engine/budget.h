#pragma once

#include "method.h"

/* From a size to a rank: the largest rank whose result takes at most
 * bits_per_entry * rows * cols bits, as m->bits counts them. Sets the row `rank` of *params; of a
 * method that deals out bits, its row `bits_per_entry`, which counts true bits either way.
 * Fails with ERROR_USAGE when the method has no rank, or when not even rank 1 fits. */
bool budget_rank(const struct method *m, void *params, enum dtype dtype, size_t rows, size_t cols,
                 double bits_per_entry, bool paper, struct error *err);
