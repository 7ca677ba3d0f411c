/* Q + L R with all three rounded: rounding of A - L R and alternating least squares on A - Q, in turns. */

#include "coding_rows.h"
#include "remainder.h"

enum order { ORDER_LR_FIRST, ORDER_Q_FIRST };
static const char *const order_names[] = { "lr-first", "q-first", NULL };

struct params {
    int rank, bits, left_bits, right_bits, rounds, inner_rounds, order, rounding, scales, quantizer,
        clip;
    bool symmetric, restart, downdate, hadamard;
    uint64_t seed;
};

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct params),
    ROW_DENSE_BITS(struct params, 2, 2),
    ROW_LEFT_BITS(struct params, 4, 4),
    ROW_RIGHT_BITS(struct params, 4, 4),
    { PARAM(struct params, rounds), .title = "Rounds", .shorthand = "rounds", .unit = "rounds",
      .help = "Times that Q and the factors are made anew; the best result is kept.",
      .source = PAPER_CALDERA ", T_out", .min = 1, .max = 100, .def = 15, .paper = 20,
      .logarithmic = true },
    { PARAM(struct params, inner_rounds), .title = "Inner rounds", .shorthand = "inner",
      .unit = "rounds",
      .help = "Times that each factor is fitted to the other and rounded, in each round.",
      .source = PAPER_CALDERA ", LPLRFactorize, T_in", .min = 1, .max = 100, .def = 10, .paper = 10,
      .logarithmic = true },
    { PARAM(struct params, order), .title = "Order", .shorthand = "order", .unit = "",
      .help = "Whether the factors of the matrix come first, or Q, its rounding.",
      .source = PAPER_CALDERA ": Q first; the released code: L R first", .min = ORDER_LR_FIRST,
      .max = ORDER_Q_FIRST, .def = ORDER_LR_FIRST, .paper = ORDER_Q_FIRST, .choices = order_names },
    { PARAM(struct params, restart), .title = "Restart", .shorthand = "restart", .unit = "",
      .help = "Starts the factors of every round from the singular vectors of A - Q, rather than "
              "from the factors of the round before.",
      .source = PAPER_CALDERA ", LPLRFactorize: starts anew", .min = 0, .max = 1, .def = 0,
      .paper = 1 },
    { PARAM(struct params, downdate), .title = "Downdate", .shorthand = "downdate", .unit = "",
      .help = "An experiment: rounds Q with feedback, so that its error lies where the factors can "
              "take it; on the processor, about as dear as four products of rank k a round.",
      .source = PAPER_CALDERA ", Hessian downdate, made for calibration data; not described without",
      .min = 0, .max = 1, .def = 0, .paper = 0 },
    ROW_ROUNDING(struct params),
    ROW_SCALES(struct params),
    ROW_SYMMETRIC(struct params),
    ROW_DENSE_QUANTIZER(struct params, ROW_OF_lloyd_max, ROW_OF_e8p,
                        PAPER_CALDERA ": the E8 lattice, 2 bits"),
    ROW_CLIP(struct params),
    ROW_HADAMARD(struct params, 1, 1),
    ROW_SEED(struct params),
};
/* clang-format on */

static struct remainder remainder_of(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    struct remainder r = REMAINDER_OF(p);
    r.rounds = p->rounds;
    r.inner_rounds = p->inner_rounds;
    r.restart = p->restart;
    r.downdate = p->downdate;
    r.lr_first = p->order == ORDER_LR_FIRST;
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

const struct method method_caldera = {
    .name = "caldera",
    .title = "CALDERA",
    .summary =
        "A rounded matrix and a pair of rounded factors, each made for what the other leaves.",
    .source = "Saha, Sagan, Srivastava, Goldsmith, Pilanci, NeurIPS 2024 (CALDERA, arXiv "
              "2405.18886), Algorithm 1 without calibration data (H = I)",
    .flags = METHOD_DENSE,
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
};
