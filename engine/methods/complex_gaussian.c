/* Algorithm 1 of Mangoubi, Vishnoi 2023. */

#include "simulation_rows.h"

/* clang-format off */
static const struct param rows[] = {
    ROW_PRIVATE_RANK, ROW_EPSILON, ROW_DELTA, ROW_ROW_CLIP, ROW_CENTRE,
    ROW_RELATION(RELATION_REPLACE, RELATION_REPLACE, PAPER_MV23 ": one row replaced"),
    ROW_CALIBRATION(PAPER_MV23),
    ROW_FORM,
    ROW_SHRINK, ROW_CLAMP, ROW_INPUT, ROW_SEED(struct simulation_params),
};
/* clang-format on */

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    (void)n;
    (void)paper; /* plain numbers: there are no scales to count */
    return simulation_bits(MECHANISM_COMPLEX, params, dtype, d);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    return simulation_run(job, MECHANISM_COMPLEX, in, params, out, err);
}

static void simulated(const void *params, struct simulation *out)
{
    simulation_of(MECHANISM_COMPLEX, params, out);
}

const struct method method_complex_gaussian = {
    .name = "complex-gaussian",
    .title = "Complex Gaussian mechanism",
    .summary = "The top k of a covariance under Hermitian noise, of which the real part is kept: "
               "simulated.",
    .source = PAPER_MV23 ", Private Covariance Approximation and Eigenvalue-Gap Bounds for Complex "
                         "Gaussian Perturbations, Algorithm 1",
    .flags = METHOD_SANDBOX,
    .params = PARAM_TABLE(struct simulation_params, rows),
    .bits = bits,
    .run = run,
    .simulated = simulated,
};
