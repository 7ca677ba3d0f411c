#pragma once

#include "monte_carlo.h"

/* Simulated experiments on spectra whose answer is known: k equal eigenvalues over equal ones. What the
 * word gaps prints of the mechanisms' order and of the exponents of MV23's bound, and what a test holds.
 * Seeded, never private. Fail as monte_carlo_run. */

/* Root mean squares of ||X - M_k||_F by mechanism, T = 1, at gaps of 1 and 4 times
 * perturbation_paper_gap: d = 128, k = 8, a tail of zeros. */
enum { UTILITY_GAPS = 2 };
struct utility_table {
    size_t d, k, runs;
    double gaps[UTILITY_GAPS]; /* in paper gaps */
    struct monte_carlo_band rms[UTILITY_GAPS][PERTURBED_COUNT];
    double first_order[UTILITY_GAPS][PERTURBED_COUNT], spikes[UTILITY_GAPS][PERTURBED_COUNT];
};
bool utility_table(struct job *job, uint64_t seed, size_t runs, struct utility_table *out,
                   struct error *err);

/* How the error of Y grows: the exponent of each of these, by least squares through the logarithms
 * of root mean squares at several settings, all with draws of their own. Gaps are 8 paper gaps or more. */
enum utility_exponent { UTILITY_D, UTILITY_K, UTILITY_T, UTILITY_RATIO, UTILITY_EXPONENTS };
extern const char *const utility_exponent_names[]; /* "d", "k", "T", "sigma_k/gap", NULL */

enum { UTILITY_POINTS = 5 };
struct utility_slope {
    size_t n;
    double x[UTILITY_POINTS], rms[UTILITY_POINTS];
    double slope, error;  /* error: its standard error */
    double target, width; /* the paper's exponent; what passes is target +- width */
    bool pass;
};
/* side: the largest d, 128 at least; 256 is that of the reference numbers (0.518, 0.495, 0.499,
 * 0.989). */
bool utility_exponents(struct job *job, uint64_t seed, size_t side, size_t runs,
                       struct utility_slope out[UTILITY_EXPONENTS], struct error *err);
