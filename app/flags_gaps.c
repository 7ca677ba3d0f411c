/* The flags of the word gaps: what is shown, and the price of the noise, by the rows of the mechanisms. */
#include "options.h"
#include "simulation_rows.h"

static const struct param gaps_rows[] = {
    {
        PARAM(struct gap_flags, runs),
        .title = "Runs",
        .shorthand = "runs",
        .unit = "draws",
        .help =
            "Simulated runs of every mechanism beside the laws; 0: the laws alone. Of --table and "
            "--exponents unless given 40 a point.",
        .source = "",
        .min = 0,
        .max = 1000000,
        .def = 20,
        .paper = 20,
    },
    {
        PARAM(struct gap_flags, table),
        .title = "Table",
        .shorthand = "table",
        .unit = "",
        .help =
            "The mechanisms side by side at equal noise, without a FILE: 8 equal eigenvalues of "
            "128, at the gap that the paper asks for and at 4 times it.",
        .source = PAPER_MV23 ", Theorem 1",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct gap_flags, exponents),
        .title = "Exponents",
        .shorthand = "exponents",
        .unit = "",
        .help =
            "How the error grows with d, k, T and sigma_k over the gap, without a FILE: the powers "
            "of the paper's bound.",
        .source = PAPER_MV23 ", Theorem 1",
        .min = 0,
        .max = 1,
    },
};

static const struct text_flag gaps_texts[] = {
    {
        .name = "rank",
        .value = "K,...",
        .offset = offsetof(struct options, gap_ranks),
        .help = "These ranks; unless given 1, 2, 3, 4, 6, 8, 12, ... to the side.",
    },
    { 0 },
};

const struct flag_group gaps_group = {
    .title = "What is shown",
    .params = PARAM_TABLE(struct gap_flags, gaps_rows),
    .offset = offsetof(struct options, gaps),
    .texts = gaps_texts,
};

/* clang-format off */
static const struct param noise_rows[] = {
    ROW_EPSILON, ROW_DELTA, ROW_ROW_CLIP, ROW_CENTRE,
    ROW_RELATION(RELATION_REPLACE, RELATION_REPLACE, PAPER_MV23 ": one row replaced"),
    ROW_CALIBRATION(PAPER_MV23), ROW_INPUT,
};
/* clang-format on */

const struct flag_group noise_group = {
    .title = "Noise",
    .params = PARAM_TABLE(struct simulation_params, noise_rows),
    .offset = offsetof(struct options, simulation),
};
