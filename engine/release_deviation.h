#pragma once

#include "gaussian_dp.h"

#include <stdint.h>

/* How much noise, in whole steps of the grid: the one place where that is decided. */
struct release_deviation {
    uint64_t off, diagonal;
};

/* For rows of integers whose squares add up to at most 4^b: the least whole numbers that keep mu,
 * off >= s 4^b with s of gdp_deviation at clip 1, and diagonal^2 >= 2 off^2 (IID: both alike). As the
 * difference D of two neighbours has sum D_ii^2 / diagonal^2 + sum_{i<j} D_ij^2 / off^2 <=
 * ||D||_F^2 / (2 off^2), mu is kept exactly, roots and rounding included. False: 2^50 or more. Pure. */
bool release_deviation(enum mechanism m, enum relation r, unsigned bits, double mu,
                       struct release_deviation *out);
