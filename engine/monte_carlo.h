#pragma once

#include "job.h"
#include "perturbation.h"

/* Many simulated runs of a private mechanism on one spectrum: what the laws of perturbation.h are held
 * against. Seeded noise by the job's backend: simulated, never for a release.
 *
 * The law of E does not change when it is turned, so that errors and eigenvalues depend on the
 * eigenvalues of M alone, and M is taken as diagonal. (Noise of equal deviation on and off the
 * diagonal is not of that kind.) Every run draws one complex E; its real part is the real mechanism's
 * noise, so that mechanisms are compared on the same draws. Run first + i depends on seed and
 * number alone, and is the same on every backend but for rounding of the last digits. */

enum { MONTE_CARLO_RANKS = 64 };

struct monte_carlo {
    struct perturbation p; /* sigma >= 0 is not asked for */
    uint64_t seed;
    uint32_t first;
    size_t runs; /* 1.. */
    /* Which errors, at which ranks: 1..d each, any order. None: NULL, 0. */
    size_t ranks[MONTE_CARLO_RANKS], n_ranks;
    bool outputs[PERTURBED_COUNT];
    bool values[2]; /* eigenvalues of M + E: real noise, complex noise */
};

/* Over the runs. */
struct monte_carlo_band {
    double mean, deviation, error; /* of one run; error: of the mean */
    double rms, rms_error;         /* root of the mean square, and its standard error */
    double low, high;              /* 5 and 95 of 100 runs lie below (between ranks linear) */
};

struct monte_carlo_found {
    size_t runs, d, n_ranks;
    /* [output * n_ranks + i]: ||X - M_k||_F at ranks[i]; NAN where not asked for. Owned. */
    struct monte_carlo_band *errors;
    /* [field][i]: eigenvalue i, descending; field 0 real, 1 complex; NULL where not asked for. Owned. */
    struct monte_carlo_band *values[2];
    /* [field]: squared overlap of the top vectors of M + E and M; where errors are asked for. */
    struct monte_carlo_band overlap[2];
};

/* A job of its own (job_run; not within another): asks between runs whether to go on; progress 0..1.
 * Noise and, where values alone are asked for and d <= EIGEN_MAX, eigenvalues of whole batches are the
 * backend's; vectors are LAPACK's. Fails as those do; ERROR_CANCELLED. *out is filled on success alone. */
bool monte_carlo_run(struct job *job, const struct monte_carlo *m, struct monte_carlo_found *out,
                     struct error *err);
void monte_carlo_finish(struct monte_carlo_found *f); /* {0} and a finished one are fine */

const struct monte_carlo_band *monte_carlo_error(const struct monte_carlo_found *f,
                                                 enum perturbed x, size_t i);
