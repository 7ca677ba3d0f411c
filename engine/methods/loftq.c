/* Rounding and truncated SVD in turns, each of what the other leaves. */

#include "coding_rows.h"
#include "remainder.h"

struct params {
    int rank, bits, left_bits, right_bits, rounding, scales, quantizer, clip, rounds;
    bool symmetric, hadamard;
    uint64_t seed;
};

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct params),
    ROW_DENSE_BITS(struct params, 2, 2),
    ROW_LEFT_BITS(struct params, 16, 16),
    ROW_RIGHT_BITS(struct params, 16, 16),
    ROW_ROUNDING(struct params),
    ROW_SCALES(struct params),
    ROW_SYMMETRIC(struct params),
    ROW_DENSE_QUANTIZER(struct params, ROW_OF_lloyd_max, ROW_OF_normal_float,
                        "Li et al. 2024 (LoftQ): NormalFloat"),
    ROW_CLIP(struct params),
    { PARAM(struct params, rounds), .title = "Rounds", .shorthand = "rounds", .unit = "rounds",
      .help = "Times that the rest is rounded and fitted; the best result is kept.",
      .source = "Li et al. 2024 (LoftQ), Algorithm 1, T", .min = 1, .max = 100, .def = 10, .paper = 5,
      .logarithmic = true },
    ROW_HADAMARD(struct params, 0, 0),
    ROW_SEED(struct params),
};
/* clang-format on */

static struct remainder remainder_of(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    struct remainder r = REMAINDER_OF(p);
    r.rounds = p->rounds;
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

const struct method method_loftq = {
    .name = "loftq",
    .title = "LoftQ",
    .summary = "A rounded matrix and the truncated SVD of what it leaves, in turns; the best kept.",
    .source = "Li et al., ICLR 2024 (LoftQ, arXiv 2310.08659), Algorithm 1; its 16-bit factors are "
              "fp16, ours codes of the same size",
    .flags = METHOD_DENSE,
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
    .theory = theory,
};
