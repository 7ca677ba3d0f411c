#pragma once

#include "gap_statistics.h"
#include "job.h"

/* Spectra of noise alone, drawn in numbers. Simulated: seeded, never for a release. */

enum gap_source {
    GAP_TRIDIAGONAL, /* their law alone (tridiagonal.h), by the processor; any side */
    GAP_MATRIX, /* whole matrices and their eigenvalues, in batches on the job's backend; up to EIGEN_MAX */
};
extern const char *const gap_source_names[]; /* "tridiagonal", "matrix"; NULL-terminated */

/* Adds draws number first .. first + n - 1 of the seed to g, which has its field, side and deviation; each
 * depends on its number alone. Progress 0..1. On failure (as backend_*, ERROR_LIMIT, ERROR_CANCELLED) g is
 * as it was. */
bool gap_draws_add(struct job *job, enum gap_source source, uint64_t seed, uint32_t first, size_t n,
                   struct gap_statistics *g, struct error *err);
