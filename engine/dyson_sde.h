#pragma once

#include "error.h"

#include <stdint.h>

/* The eigenvalues of M + W(t) + W(t)^* as a stochastic differential equation of their own,
 *     d x_i = 2 dw_i + 2 beta sum_{j != i} dt / (x_i - x_j),
 * any beta > 0 (1 real, 2 complex). Backward Euler: x is where
 *     |x - y|^2 / 2 - 2 beta dt sum_{i < j} log(x_i - x_j),    y = x + 2 sqrt(dt) xi,
 * is least among x_1 > ... > x_d, which is strictly convex: particles never cross. Explicit steps do, within
 * a tenth of a unit of time. Driven by the same xi, a start whose gaps are all wider keeps wider
 * gaps (Lemma 3 of Mangoubi, Vishnoi 2023). One thread at a time. */

struct dyson_sde {
    size_t d;
    double beta, t;
    double *x; /* d, descending, strictly from the first step on; ours */
    double *scratch;
};

/* start: d values, descending, equal ones allowed. Fails with ERROR_MEMORY, ERROR_LIMIT. */
bool dyson_sde_init(struct dyson_sde *s, double beta, const double *start, size_t d,
                    struct error *err);
/* xi: d standard normal numbers. Fails with ERROR_NUMERIC where Newton's steps come to nothing, and
 * then nothing has moved. */
bool dyson_sde_step(struct dyson_sde *s, double dt, const double *xi, struct error *err);
void dyson_sde_finish(struct dyson_sde *s); /* {0} is fine */

/* xi of a step, from a seed: n normal numbers. Two equations given the same ones are coupled. */
void dyson_sde_noise(uint64_t seed, uint32_t path, uint32_t step, double *xi, size_t n);
