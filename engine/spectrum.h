#pragma once

#include "matrix.h"

/* What singular values say about a matrix. Pure functions; any thread. */

struct spectrum {
    const double *sigma; /* borrowed; descending */
    size_t n;            /* how many; min(rows, cols) when complete */
    size_t rows, cols;   /* of the matrix */
    double norm;         /* ||A||_F: what n leaves out is norm^2 - sum sigma^2 */
};

/* ||A - A_k||_F / ||A||_F (Eckart, Young 1936); k may be 0..n; 0 for a zero matrix. */
double spectrum_tail(const struct spectrum *s, size_t k);

/* How many sigma exceed max(rows, cols) * eps * sigma_1, eps of double precision. */
size_t spectrum_numerical_rank(const struct spectrum *s);
double spectrum_stable_rank(const struct spectrum *s); /* ||A||_F^2 / sigma_1^2 */
double spectrum_effective_rank(
    const struct spectrum *s); /* exp(entropy of sigma / sum sigma), Roy & Vetterli 2007 */
size_t spectrum_energy_rank(const struct spectrum *s,
                            double share); /* least k with 1 - tail^2 >= share */

/* The elbow: the k whose point (k, log sigma_k) lies farthest below the chord of the
 * spectrum as far as its numerical rank, which is also the answer when none lies below. */
size_t spectrum_elbow(const struct spectrum *s);

/* Marchenko-Pastur: the noise level whose bulk median matches the median singular
 * value (Gavish, Donoho 2014), the bulk's upper edge sigma (sqrt rows + sqrt cols), and how many lie above it.
 * NANs and 0 where sigma ends before its middle. */
struct marchenko_pastur {
    double sigma, edge;
    size_t above;
};
struct marchenko_pastur spectrum_marchenko_pastur(const struct spectrum *s);

/* Power law p(x) ~ x^-alpha of the eigenvalues sigma^2 above xmin, xmin by least
 * Kolmogorov-Smirnov distance (Clauset, Shalizi, Newman 2009). NANs below 8 positive values (or out of memory). */
struct power_law {
    double alpha, xmin, ks;
};
struct power_law spectrum_power_law(const struct spectrum *s);
