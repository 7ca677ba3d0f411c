#pragma once

#include "chacha.h"
#include "release_deviation.h"

/* out = gram + noise (d x d each; out may be gram): an exactly rounded Gaussian for every entry on and
 * above the diagonal, mirrored. On the processor alone, and no entry of it is kept anywhere else.
 * |gram| < 2^62. ERROR_NUMERIC, and out zeroed: the generator is broken. */
bool release_noise(const int64_t *gram, size_t d, const struct release_deviation *s,
                   struct chacha *from, int64_t *out, struct error *err);
