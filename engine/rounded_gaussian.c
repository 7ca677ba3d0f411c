#include "rounded_gaussian.h"

#include "deviate.h"

#include <assert.h>
#include <string.h>

enum { MOST = 64 }; /* deviations */

/* True with probability exp(-1/2): a decreasing run of uniform numbers that begins below one half, of
 * even length. */
static bool coin_half(struct chacha *from, bool *broken)
{
    struct deviate last = { 0 };
    if (!deviate_below_half(&last, from, broken))
        return true;
    for (bool even = false;; even = !even) {
        struct deviate next = { 0 };
        if (!deviate_less(&next, &last, from, broken))
            return even;
        last = next;
    }
}

/* True with probability (2 k + x) / (2 k + 2). */
static bool step_passes(uint64_t k, struct deviate *x, struct chacha *from, bool *broken)
{
    uint64_t c = chacha_below(from, 2 * k + 2);
    struct deviate u = { 0 };
    return c < 2 * k || (c == 2 * k && deviate_less(&u, x, from, broken));
}

/* True with probability exp(-x (2 k + x) / (2 k + 2)). */
static bool coin_part(uint64_t k, struct deviate *x, struct chacha *from, bool *broken)
{
    struct deviate run = { 0 }, *last = x;
    for (bool even = true;; even = !even) {
        struct deviate next = { 0 };
        if (!deviate_less(&next, last, from, broken) || !step_passes(k, x, from, broken))
            return even;
        run = next;
        last = &run;
    }
}

/* The whole part of |Z|, as far as it can be known without x: weight exp(-k^2 / 2). */
static uint64_t draw_whole(struct chacha *from, bool *broken)
{
    for (;;) {
        uint64_t k = 0, kept = 0;
        while (k <= MOST && coin_half(from, broken))
            k++;
        while (kept < k * (k - 1) && coin_half(from, broken))
            kept++;
        if (k == 0 || kept == k * (k - 1))
            return k;
    }
}

static bool keeps(uint64_t k, struct deviate *x, struct chacha *from, bool *broken)
{
    for (uint64_t i = 0; i <= k; i++)
        if (!coin_part(k, x, from, broken))
            return false;
    return true;
}

int64_t rounded_gaussian(uint64_t sigma, struct chacha *from, bool *broken)
{
    assert(sigma >= 1 && sigma < (uint64_t)1 << 56);
    for (;;) {
        struct deviate x = { 0 };
        uint64_t k = draw_whole(from, broken);
        *broken = *broken || k >= MOST;
        if (*broken)
            return 0;
        if (keeps(k, &x, from, broken)) {
            int64_t size = (int64_t)(k * sigma + deviate_nearest(&x, sigma, from, broken));
            explicit_bzero(&x, sizeof(x));
            return chacha_bits(from, 1) ? size : -size;
        }
    }
}
