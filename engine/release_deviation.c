#include "release_deviation.h"

#include <math.h>

/* The least n with n^2 >= 2 x^2. */
static uint64_t times_root_two(uint64_t x)
{
    __extension__ typedef unsigned __int128 wide;
    uint64_t n = (uint64_t)(sqrt(2) * (double)x);
    while ((wide)n * n < 2 * (wide)x * x)
        n++;
    while (n && (wide)(n - 1) * (n - 1) >= 2 * (wide)x * x)
        n--;
    return n;
}

bool release_deviation(enum mechanism m, enum relation r, unsigned bits, double mu,
                       struct release_deviation *out)
{
    double steps = ceil(ldexp(gdp_deviation(m, r, 1, mu), 2 * (int)bits));
    if (!(steps < 0x1p50))
        return false;
    out->off = steps < 1 ? 1 : (uint64_t)steps;
    out->diagonal = m == MECHANISM_IID ? out->off : times_root_two(out->off);
    return true;
}
