#include "deviate.h"

#include <assert.h>

/* Digit i. */
static uint64_t digit(struct deviate *a, size_t i, struct chacha *from, bool *broken)
{
    assert(i <= a->n);
    if (i == DEVIATE_DIGITS) {
        *broken = true;
        return 0;
    }
    if (i == a->n)
        a->digit[a->n++] = chacha_word(from);
    return a->digit[i];
}

bool deviate_less(struct deviate *a, struct deviate *b, struct chacha *from, bool *broken)
{
    for (size_t i = 0; !*broken; i++) {
        uint64_t x = digit(a, i, from, broken), y = digit(b, i, from, broken);
        if (x != y)
            return x < y;
    }
    return false;
}

bool deviate_below_half(struct deviate *a, struct chacha *from, bool *broken)
{
    return digit(a, 0, from, broken) < (uint64_t)1 << 63;
}

/* scale times the digits so far is whole + fraction 2^-64 of what the last digit counts, and the digits
 * to come add less than scale to that fraction: only where this may reach 2^64 are they asked. */
uint64_t deviate_nearest(struct deviate *a, uint64_t scale, struct chacha *from, bool *broken)
{
    assert(scale < (uint64_t)1 << 63);
    __extension__ unsigned __int128 product = scale;
    product *= digit(a, 0, from, broken);
    product += (uint64_t)1 << 63; /* the nearest is the floor of one half more */
    uint64_t whole = (uint64_t)(product >> 64), fraction = (uint64_t)product;
    for (size_t i = 1; fraction > UINT64_MAX - scale + 1 && scale && !*broken; i++) {
        uint64_t missing = 0 - fraction; /* to the next whole; less than scale */
        product = scale;
        product *= digit(a, i, from, broken);
        uint64_t more = (uint64_t)(product >> 64);
        if (more >= missing)
            return whole + 1;
        if (more + 1 < missing)
            return whole;
        fraction = (uint64_t)product;
    }
    return whole;
}
