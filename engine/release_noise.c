#include "release_noise.h"

#include "rounded_gaussian.h"

#include <string.h>

bool release_noise(const int64_t *gram, size_t d, const struct release_deviation *s,
                   struct chacha *from, int64_t *out, struct error *err)
{
    bool broken = false;
    for (size_t i = 0; i < d && !broken; i++)
        for (size_t j = i; j < d && !broken; j++) {
            int64_t noise = rounded_gaussian(i == j ? s->diagonal : s->off, from, &broken);
            out[i * d + j] = out[j * d + i] = gram[i * d + j] + noise;
        }
    if (broken)
        explicit_bzero(out, d * d * sizeof(*out));
    return !broken || fail(err, ERROR_NUMERIC, "the random numbers are not random");
}
