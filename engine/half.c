#include "half.h"

#include <math.h>
#include <stdbool.h>

double half_to(uint16_t half)
{
    int exponent = half >> 10 & 31;
    double fraction = half & 1023;
    double magnitude = exponent == 31  ? (fraction != 0 ? (double)NAN : (double)INFINITY)
                       : exponent == 0 ? ldexp(fraction, -24)
                                       : ldexp(1024 + fraction, exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

uint16_t half_from(double value, enum half_rounding rounding)
{
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    if (isnan(value))
        return 0x7e00;
    double magnitude = fabs(value);
    /* The spacing of halves around the value: 2^(e-10), 2^-24 among subnormals. */
    int e = -14;
    if (magnitude >= 0x1p-14)
        frexp(magnitude, &e), e -= 1;
    double steps = isinf(magnitude) ? (double)INFINITY : ldexp(magnitude, 10 - e);
    bool away = rounding == (sign ? HALF_DOWN : HALF_UP),
         towards = rounding != HALF_NEAREST && !away;
    steps = away ? ceil(steps) : towards ? floor(steps) : nearbyint(steps);
    double back = ldexp(steps, e - 10);
    if (back > 65504)
        return sign | (towards && isfinite(magnitude) ? 0x7bff : 0x7c00);
    if (back < 0x1p-14)
        return (uint16_t)(sign | (uint16_t)ldexp(back, 24));
    frexp(back, &e);
    e -= 1;
    return (uint16_t)(sign | ((e + 15) << 10) | ((uint16_t)ldexp(back, 10 - e) & 1023));
}
