#pragma once

#include "cli.h"
#include "monte_carlo.h"
#include "simulation.h"

/* What the word gaps tells of a matrix: its covariance's eigenvalues and gaps, what noise of a price does
 * to them by the laws of perturbation.h, and by simulated runs. Of true eigenvalues: not private.
 * Main thread. */

struct gap_curves {
    const char *file, *name;
    size_t rows, d;
    double *sigma; /* of M, descending; owned */
    struct simulation noise;
    struct perturbation p; /* sigma, d, noise.s */
    size_t ranks[MONTE_CARLO_RANKS], n_ranks;
    struct monte_carlo_found found; /* runs 0: none were asked for */
    double *scree[2];               /* what bulk_scree expects; owned */
    const char *backend, *device;
};
void gap_curves_finish(struct gap_curves *g);

void gap_curves_print(FILE *out, const struct gap_curves *g);
bool gap_curves_json(FILE *out, const struct gap_curves *g, struct error *err);
