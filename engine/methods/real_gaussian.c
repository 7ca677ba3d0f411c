/* The same noise without its imaginary part. */

#include "simulation_rows.h"

/* clang-format off */
static const struct param rows[] = {
    ROW_PRIVATE_RANK, ROW_EPSILON, ROW_DELTA, ROW_ROW_CLIP, ROW_CENTRE,
    ROW_RELATION(RELATION_REPLACE, RELATION_REPLACE, PAPER_MV22 ": one row replaced"),
    ROW_CALIBRATION(PAPER_MV22),
    ROW_SHRINK, ROW_CLAMP, ROW_INPUT, ROW_SEED(struct simulation_params),
};
/* clang-format on */

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    (void)n;
    (void)paper; /* plain numbers: there are no scales to count */
    return simulation_bits(MECHANISM_REAL, params, dtype, d);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    return simulation_run(job, MECHANISM_REAL, in, params, out, err);
}

static void simulated(const void *params, struct simulation *out)
{
    simulation_of(MECHANISM_REAL, params, out);
}

const struct method method_real_gaussian = {
    .name = "real-gaussian",
    .title = "Real Gaussian mechanism",
    .summary = "The top k of a covariance under real symmetric noise of the Frobenius norm's "
               "shape: simulated.",
    .source = PAPER_MV22 ", Re-Analyze Gauss: Bounds for Private Matrix Approximation via Dyson "
                         "Brownian Motion",
    .flags = METHOD_SANDBOX,
    .params = PARAM_TABLE(struct simulation_params, rows),
    .bits = bits,
    .run = run,
    .simulated = simulated,
};
