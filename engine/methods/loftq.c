/* Rounding and truncated SVD in turns, each of what the other leaves. */

#include "coding_rows.h"
#include "remainder_method.h"

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct remainder_params),
    ROW_DENSE_BITS(struct remainder_params, 2, 2),
    ROW_LEFT_BITS(struct remainder_params, 16, 16),
    ROW_RIGHT_BITS(struct remainder_params, 16, 16),
    ROW_ROUNDING(struct remainder_params),
    ROW_SCALES(struct remainder_params),
    ROW_SYMMETRIC(struct remainder_params),
    ROW_DENSE_QUANTIZER(struct remainder_params, ROW_OF_lloyd_max, ROW_OF_normal_float,
                        "Li et al. 2024 (LoftQ): NormalFloat"),
    ROW_CLIP(struct remainder_params),
    { PARAM(struct remainder_params, rounds), .title = "Rounds", .shorthand = "rounds",
      .unit = "rounds",
      .help = "Times that the rest is rounded and fitted; the best result is kept.",
      .source = "Li et al. 2024 (LoftQ), Algorithm 1, T", .min = 1, .max = 100, .def = 10, .paper = 5,
      .logarithmic = true },
    ROW_HADAMARD(struct remainder_params, 0, 0),
    ROW_SEED(struct remainder_params),
};
/* clang-format on */

const struct method method_loftq = {
    .name = "loftq",
    .title = "LoftQ",
    .summary = "A rounded matrix and the truncated SVD of what it leaves, in turns; the best kept.",
    .source = "Li et al., ICLR 2024 (LoftQ, arXiv 2310.08659), Algorithm 1; its 16-bit factors are "
              "fp16, ours codes of the same size",
    .flags = METHOD_DENSE,
    .params = PARAM_TABLE(struct remainder_params, rows),
    .bits = remainder_method_bits,
    .flops = remainder_method_flops,
    .run = remainder_method_run,
    .theory = remainder_method_theory,
};
