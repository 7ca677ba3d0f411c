/* One deviation on and above the diagonal, by the vector norm of that triangle. */

#include "simulation_rows.h"

/* clang-format off */
static const struct param rows[] = {
    ROW_PRIVATE_RANK, ROW_EPSILON, ROW_DELTA, ROW_ROW_CLIP, ROW_CENTRE,
    ROW_RELATION(RELATION_REPLACE, RELATION_ADD_REMOVE, PAPER_AG14 ": one row more or less"),
    ROW_CALIBRATION(PAPER_AG14),
    ROW_SHRINK, ROW_CLAMP, ROW_INPUT, ROW_SEED(struct simulation_params),
};
/* clang-format on */

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    (void)n;
    (void)paper; /* plain numbers: there are no scales to count */
    return simulation_bits(MECHANISM_IID, params, dtype, d);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    return simulation_run(job, MECHANISM_IID, in, params, out, err);
}

static void simulated(const void *params, struct simulation *out)
{
    simulation_of(MECHANISM_IID, params, out);
}

const struct method method_iid_gaussian = {
    .name = "iid-gaussian",
    .title = "Independent Gaussian mechanism",
    .summary =
        "The top k of a covariance under noise of one size on and above the diagonal: simulated.",
    .source = PAPER_AG14 ", Algorithm 1",
    .flags = METHOD_SANDBOX,
    .params = PARAM_TABLE(struct simulation_params, rows),
    .bits = bits,
    .run = run,
    .simulated = simulated,
};
