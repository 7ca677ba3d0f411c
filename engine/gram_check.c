#include "gram_check.h"

#include "cancel.h"
#include "wipe.h"

#include <assert.h>

/* A prime, 2^89 - 1. */
enum { EXPONENT = 89, RANDOM_BITS = 61, PATIENCE = 4096 };
__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 whole;
static const whole prime = ((whole)1 << EXPONENT) - 1;

/* In 0 .. prime - 1. */
static wide reduce(wide x)
{
    whole size = x < 0 ? 0 - (whole)x : (whole)x;
    size = (size & prime) + (size >> EXPONENT);
    size = size >= prime ? size - prime : size;
    return (wide)(x < 0 && size ? prime - size : size);
}

/* left += rows^T (rows r). |rows r| < 2^13 2^16 2^61, and a term of left is below 2^16 2^89. */
static bool project_rows(const int32_t *rows, size_t n, size_t d, const uint64_t *r, wide *left,
                         struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        const int32_t *row = rows + i * d;
        wide u = 0;
        for (size_t j = 0; j < d; j++)
            u += (wide)row[j] * (int64_t)r[j];
        u = reduce(u);
        for (size_t j = 0; j < d; j++)
            left[j] += row[j] * u;
        if (i % PATIENCE)
            continue;
        for (size_t j = 0; j < d; j++)
            left[j] = reduce(left[j]);
        if (!cancel_none(err))
            return false;
    }
    return true;
}

static bool agrees(const int64_t *gram, size_t d, const uint64_t *r, const wide *left)
{
    for (size_t j = 0; j < d; j++) {
        wide right = 0;
        for (size_t k = 0; k < d; k++) {
            right += reduce((wide)gram[j * d + k] * (int64_t)r[k]);
            if (gram[j * d + k] != gram[k * d + j])
                return false;
        }
        if (reduce(left[j]) != reduce(right))
            return false;
    }
    return true;
}

bool gram_check(const int32_t *rows, size_t n, size_t d, const int64_t *gram, struct chacha *from,
                bool *holds, struct error *err)
{
    struct secret numbers, sums = { 0 };
    assert(d <= 1 << 13);
    bool ok = secret_init(&numbers, d * sizeof(uint64_t), err) &&
              secret_init(&sums, d * sizeof(wide), err);
    uint64_t *r = numbers.data;
    for (size_t j = 0; ok && j < d; j++)
        r[j] = chacha_word(from) >> (64 - RANDOM_BITS);
    ok = ok && project_rows(rows, n, d, r, sums.data, err);
    *holds = ok && agrees(gram, d, r, sums.data);
    secret_finish(&sums);
    secret_finish(&numbers);
    return ok;
}
