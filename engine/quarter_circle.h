#pragma once

#include <stddef.h>

/* The share of ||E||_F^2 that the best rank-k approximation leaves of a large rows x cols matrix E of
 * independent entries of equal variance: the tail of the Marchenko-Pastur law, for square
 * matrices that of the quarter circle. 1 at k = 0, 0 from the smaller side on. Pure; any thread. */
double quarter_circle_tail(size_t rows, size_t cols, size_t k);
