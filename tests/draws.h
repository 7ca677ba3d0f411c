#pragma once

/* What the tests of simulated mechanisms share. */

#include "check.h"
#include "lab.h"
#include "utility.h"

enum { MOST = 400 };

static bool strict; /* samples of full size */
static double sigma[MOST];

static inline struct monte_carlo_found runs_of(struct lab *l, const struct monte_carlo *m)
{
    struct monte_carlo_found f;
    struct error err;
    if (!monte_carlo_run(&l->job, m, &f, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return f;
}

/* k eigenvalues of so many paper gaps over zeros, T = 1. */
static inline struct monte_carlo equal(size_t d, size_t k, double gaps, size_t runs)
{
    double s = sqrt(2);
    for (size_t i = 0; i < d; i++)
        sigma[i] = i < k ? gaps * perturbation_paper_gap(s, d) : 0;
    struct monte_carlo m = { .p = { sigma, d, s }, .seed = 5, .runs = runs };
    m.ranks[0] = k;
    m.n_ranks = 1;
    for (size_t x = 0; x < PERTURBED_COUNT; x++)
        m.outputs[x] = true;
    return m;
}

static inline double rms(const struct monte_carlo_found *f, enum perturbed x)
{
    return monte_carlo_error(f, x, 0)->rms;
}

/* Five standard errors, relative. */
static inline double unsure(const struct monte_carlo_found *f, enum perturbed x)
{
    return 5 * monte_carlo_error(f, x, 0)->rms_error / rms(f, x);
}
