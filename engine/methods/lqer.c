/* The matrix rounded, then the best factors of what that left: one step of each. */

#include "coding_rows.h"
#include "remainder_method.h"

#define PAPER "Zhang et al. 2024 (LQER)"

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct remainder_params),
    ROW_DENSE_BITS(struct remainder_params, 2, 4),
    ROW_LEFT_BITS(struct remainder_params, 16, 16),
    ROW_RIGHT_BITS(struct remainder_params, 16, 16),
    ROW_ROUNDING(struct remainder_params),
    ROW_SCALES_OF(struct remainder_params, SCALES_BLOCK,
                  PAPER ": blocks of 16 with one exponent, here of 64 with a range"),
    ROW_SYMMETRIC_OF(struct remainder_params, 1, PAPER ": one exponent for both signs"),
    ROW_DENSE_QUANTIZER(struct remainder_params, ROW_OF_lloyd_max, ROW_OF_uniform,
                        PAPER ": uniform"),
    ROW_CLIP_OF(struct remainder_params, CLIP_AUTO, CLIP_NONE, PAPER ": none"),
    ROW_HADAMARD(struct remainder_params, 0, 0),
    ROW_SEED(struct remainder_params),
};
/* clang-format on */

const struct method method_lqer = {
    .name = "lqer",
    .title = "LQER",
    .summary = "The matrix rounded, and the truncated SVD of the rounding error added.",
    .source = "Zhang, Cheng, Constantinides, Zhao 2024 (LQER), the plain version; its 16-bit "
              "factors are fp16, ours codes of as many bits",
    .flags = METHOD_DENSE,
    .params = PARAM_TABLE(struct remainder_params, rows),
    .bits = remainder_method_bits,
    .flops = remainder_method_flops,
    .run = remainder_method_run,
    .theory = remainder_method_theory,
};
