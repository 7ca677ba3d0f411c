#pragma once

#include <stdint.h>

/* IEEE half precision, the type scales are stored in. Pure functions. */

double half_to(uint16_t half);

enum half_rounding { HALF_NEAREST, HALF_DOWN, HALF_UP }; /* towards even, -infinity, +infinity */
uint16_t half_from(double value, enum half_rounding rounding);
