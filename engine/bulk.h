#pragma once

#include <stddef.h>

/* Where the eigenvalues of M + E lie when d is large: the free sum of M's and of a semicircle of
 * radius 2 sqrt w, w = v d (v: the mean square of an entry of E, perturbation_variance). Its Stieltjes
 * transform solves m(z) = (1/d) sum_i 1 / (sigma_i - z - w m(z)) (Pastur 1972). Biane ("On the free
 * convolution with a semi-circular distribution", 1997) has the solution on the real axis, so that no
 * imaginary part has to be chosen: for each u the density at
 *
 *   x(u) = u + (w/d) sum_i (u - sigma_i) / ((u - sigma_i)^2 + y^2)
 *
 * is y / (pi w), y >= 0 the least with (w/d) sum_i 1 / ((u - sigma_i)^2 + y^2) <= 1; x(u) ascends. The share
 * of values below x is closed, too: 1 - Im(mean log(z - sigma_i) + w g^2 / 2) / pi at z = u + i y,
 * g = mean 1 / (z - sigma_i).
 *
 * For every spectrum and both fields; a d-th of the mass is one eigenvalue, so that a spike's bump stands
 * where the spike comes out, but is as wide as 2 sqrt v. sigma: d finite values, any order; w > 0; d >= 1.
 * Exact to rounding. Pure; any thread. */

struct bulk {
    const double *sigma; /* borrowed */
    size_t d;
    double w;
};

double bulk_density(const struct bulk *b, double x);
double bulk_share(const struct bulk *b, double x);        /* below x, 0..1 */
double bulk_quantile(const struct bulk *b, double share); /* of bulk_share; 0 < share < 1 */
/* The least and the largest x with a density. */
double bulk_lower(const struct bulk *b);
double bulk_upper(const struct bulk *b);
/* What the sorted noisy eigenvalues come to: out[i], i = 0..d - 1, descending, is the quantile
 * 1 - (i + 1/2) / d. */
void bulk_scree(const struct bulk *b, double *out);
