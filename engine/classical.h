#pragma once

#include "gaussian_dp.h"

/* The noise of Mangoubi, Vishnoi 2023, Algorithm 1 as printed, and what it truly costs: its
 * T = 2 ln(1.25/delta) / epsilon^2 is the classical form of the Gaussian mechanism (Dwork, Roth 2014,
 * Appendix A), proved for epsilon < 1 alone. s = sqrt(2 T) clip^2 for COMPLEX and REAL (W + W^T
 * doubles the variance), sqrt(T) clip^2 for IID, whatever the neighbours are. Pure; any thread. */

double classical_time(double epsilon, double delta); /* T, of rows of norm 1 */
double classical_deviation(enum mechanism m, double clip, double epsilon, double delta);
/* The mu of that noise under a relation; clip cancels. */
double classical_mu(enum mechanism m, enum relation r, double epsilon, double delta);
/* The epsilon that it keeps at that delta, where `epsilon` is its nominal one: below it, the noise is
 * larger than needed; above it, the claim is false. Rounded up. */
double classical_epsilon(enum mechanism m, enum relation r, double epsilon, double delta);
/* Up to which nominal epsilon the claim holds at delta; computed, to 1e-9 of itself, rounded down.
 * Infinite: at every one up to GDP_EPSILON_MOST. */
double classical_limit(enum mechanism m, enum relation r, double delta);
