/* Rounding and truncated SVD in turns, each of what the other leaves. */

#include "coding_rows.h"
#include "remainder_method.h"

#define PAPER "Li et al. 2024 (LoftQ)"

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct remainder_params),
    ROW_DENSE_BITS(struct remainder_params, 2, 2),
    ROW_LEFT_BITS(struct remainder_params, 16, 16),
    ROW_RIGHT_BITS(struct remainder_params, 16, 16),
    ROW_ROUNDING(struct remainder_params),
    ROW_SCALES_OF(struct remainder_params, SCALES_BLOCK, PAPER ": blocks of 64"),
    ROW_SYMMETRIC(struct remainder_params),
    ROW_DENSE_QUANTIZER(struct remainder_params, ROW_OF_lloyd_max, ROW_OF_normal_float,
                        PAPER ": NormalFloat"),
    ROW_CLIP_OF(struct remainder_params, CLIP_AUTO, CLIP_NONE, PAPER ": the largest magnitude"),
    { PARAM(struct remainder_params, rounds), .title = "Rounds", .shorthand = "rounds",
      .unit = "rounds",
      .help = "Times that the rest is rounded and fitted; the best result is kept.",
      .source = PAPER ", Algorithm 1, T", .min = 1, .max = 100, .def = 10, .paper = 5,
      .logarithmic = true },
    ROW_PERSIST(struct remainder_params, PAPER ", Algorithm 1: all T"),
    ROW_HADAMARD(struct remainder_params, 0, 0),
    ROW_SEED(struct remainder_params),
};
/* clang-format on */

const struct method method_loftq = {
    .name = "loftq",
    .title = "LoftQ",
    .summary = "A rounded matrix and the truncated SVD of what it leaves, in turns; the best kept.",
    .source = "Li et al., ICLR 2024 (LoftQ, arXiv 2310.08659), Algorithm 1; its 16-bit factors are "
              "fp16, ours codes of as many bits",
    .flags = METHOD_DENSE,
    .params = PARAM_TABLE(struct remainder_params, rows),
    .bits = remainder_method_bits,
    .flops = remainder_method_flops,
    .run = remainder_method_run,
    .theory = remainder_method_theory,
};
