/* Q + L R with all three rounded: rounding of A - L R and alternating least squares on A - Q, in turns. */

#include "coding_rows.h"
#include "remainder_method.h"

static const char *const order_names[] = {
    [REMAINDER_Q_FIRST] = "q-first", [REMAINDER_LR_FIRST] = "lr-first", NULL
};

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct remainder_params),
    ROW_DENSE_BITS(struct remainder_params, 2, 2),
    ROW_LEFT_BITS(struct remainder_params, 4, 4),
    ROW_RIGHT_BITS(struct remainder_params, 4, 4),
    { PARAM(struct remainder_params, rounds), .title = "Rounds", .shorthand = "rounds",
      .unit = "rounds",
      .help = "Times that Q and the factors are made anew; the best result is kept.",
      .source = PAPER_CALDERA ", T_out", .min = 1, .max = 100, .def = 15, .paper = 20,
      .logarithmic = true },
    { PARAM(struct remainder_params, inner_rounds), .title = "Inner rounds", .shorthand = "inner",
      .unit = "rounds",
      .help = "Times that each factor is fitted to the other and rounded, in each round.",
      .source = PAPER_CALDERA ", LPLRFactorize, T_in", .min = 1, .max = 100, .def = 10, .paper = 50,
      .logarithmic = true },
    ROW_PERSIST(struct remainder_params, PAPER_CALDERA ": all rounds of both"),
    { PARAM(struct remainder_params, order), .title = "Order", .shorthand = "order", .unit = "",
      .help = "Whether the factors of the matrix come first, or Q, its rounding.",
      .source = PAPER_CALDERA ": Q first; the released code: L R first", .min = REMAINDER_Q_FIRST,
      .max = REMAINDER_LR_FIRST, .def = REMAINDER_LR_FIRST, .paper = REMAINDER_Q_FIRST,
      .choices = order_names },
    { PARAM(struct remainder_params, restart), .title = "Restart", .shorthand = "restart", .unit = "",
      .help = "Starts the factors of every round from the singular vectors of A - Q, rather than "
              "from the factors of the round before.",
      .source = PAPER_CALDERA ", LPLRFactorize: starts anew", .min = 0, .max = 1, .def = 0,
      .paper = 1 },
    { PARAM(struct remainder_params, downdate), .title = "Downdate", .shorthand = "downdate", .unit = "",
      .help = "An experiment: rounds Q with feedback, so that its error lies where the factors can "
              "take it; on the processor, about as dear as four products of rank k a round.",
      .source = PAPER_CALDERA ", Hessian downdate, made for calibration data; not described without",
      .min = 0, .max = 1, .def = 0, .paper = 0 },
    ROW_ROUNDING(struct remainder_params),
    ROW_SCALES_OF(struct remainder_params, SCALES_TENSOR, PAPER_CALDERA ": one a matrix"),
    ROW_SYMMETRIC(struct remainder_params),
    ROW_DENSE_QUANTIZER(struct remainder_params, ROW_OF_lloyd_max, ROW_OF_e8p,
                        PAPER_CALDERA ": the E8 lattice, 2 bits"),
    ROW_CLIP_OF(struct remainder_params, CLIP_AUTO, CLIP_AUTO,
                PAPER_CALDERA ": the deviation times what the lattice is made for"),
    ROW_HADAMARD(struct remainder_params, 1, 1),
    ROW_SEED(struct remainder_params),
};
/* clang-format on */

const struct method method_caldera = {
    .name = "caldera",
    .title = "CALDERA",
    .summary =
        "A rounded matrix and a pair of rounded factors, each made for what the other leaves.",
    .source = "Saha, Sagan, Srivastava, Goldsmith, Pilanci, NeurIPS 2024 (CALDERA, arXiv "
              "2405.18886), Algorithm 1 without calibration data (H = I)",
    .flags = METHOD_DENSE,
    .params = PARAM_TABLE(struct remainder_params, rows),
    .bits = remainder_method_bits,
    .flops = remainder_method_flops,
    .run = remainder_method_run,
};
