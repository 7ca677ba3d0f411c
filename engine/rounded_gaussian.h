#pragma once

#include "chacha.h"

/* round(sigma Z), Z standard normal, sigma a whole number: exactly that distribution, by integers alone.
 * For an integer m, m + round(sigma Z) = round(m + sigma Z), so that adding it to integers is
 * post-processing of the Gaussian mechanism and keeps its guarantee, and no floating point is near.
 *
 * Karney 2016, "Sampling exactly from the normal distribution", ACM TOMS 42 (arXiv 1303.6257), Algorithm
 * N. Why it is exact: k >= 0 is drawn with weight exp(-k / 2) (successes of a coin of exp(-1/2)) and kept
 * with exp(-k (k - 1) / 2); x is uniform in (0, 1) and kept with exp(-x (2 k + x) / 2); the product is
 * exp(-(k + x)^2 / 2), so that k + x is |Z|. The sign is a coin. All coins are von Neumann's: in a
 * decreasing run of uniform numbers below y, each step also passing with probability r, an even length
 * has probability 1 - y r + (y r)^2 / 2! - ... = exp(-y r). Comparisons and the rounding draw as many
 * digits as decide them (deviate.h). Ties have probability 0.
 * The time it takes depends on the value drawn. */

/* 1 <= sigma < 2^56. *broken becomes true where deviate.h says so, and beyond 64 sigma, which has
 * probability below 10^-880: that is no chance but a broken generator, and whoever sees it hands nothing out. */
int64_t rounded_gaussian(uint64_t sigma, struct chacha *from, bool *broken);
