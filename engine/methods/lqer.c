/* The matrix rounded, then the best factors of what that left: one step of each. */

#include "coding_rows.h"
#include "remainder.h"

struct params {
    int rank, bits, left_bits, right_bits, rounding, scales, quantizer, clip;
    bool symmetric, hadamard;
    uint64_t seed;
};

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct params),
    ROW_DENSE_BITS(struct params, 2, 4),
    ROW_LEFT_BITS(struct params, 16, 16),
    ROW_RIGHT_BITS(struct params, 16, 16),
    ROW_ROUNDING(struct params),
    ROW_SCALES(struct params),
    ROW_SYMMETRIC(struct params),
    ROW_DENSE_QUANTIZER(struct params, ROW_OF_lloyd_max, ROW_OF_uniform,
                        "Zhang et al. 2024 (LQER): uniform, blocks of 16 with one exponent"),
    ROW_CLIP(struct params),
    ROW_HADAMARD(struct params, 0, 0),
    ROW_SEED(struct params),
};
/* clang-format on */

static struct remainder remainder_of(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    struct remainder r = REMAINDER_OF(p);
    r.rotate = p->hadamard;
    r.rank = rank_clamped(p->rank, n, d);
    return r;
}

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    struct remainder r = remainder_of(params, n, d);
    (void)dtype;
    return remainder_bits(&r, n, d, paper);
}

static double flops(const void *params, size_t n, size_t d)
{
    struct remainder r = remainder_of(params, n, d);
    return remainder_flops(&r, n, d);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    struct remainder r = remainder_of(params, in->matrices[0].rows, in->matrices[0].cols);
    return remainder_fit(job, &r, in, out, err);
}

static bool theory(const void *params, const struct spectrum *s, const struct result *r,
                   size_t matrix, const size_t *ranks, size_t n, struct theory *out)
{
    (void)params;
    return remainder_theory(s, r, matrix, ranks, n, out);
}

const struct method method_lqer = {
    .name = "lqer",
    .title = "LQER",
    .summary = "The matrix rounded, and the truncated SVD of the rounding error added.",
    .source = "Zhang, Cheng, Constantinides, Zhao 2024 (LQER), the plain version; its 16-bit "
              "factors are fp16, ours codes of the same size",
    .flags = METHOD_DENSE,
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
    .theory = theory,
};
