#pragma once

#include "coding_rows.h"
#include "simulation.h"

/* Parameter rows of the simulated mechanisms, as coding_rows.h has them. */

#define PAPER_MV23 "Mangoubi, Vishnoi 2023"
#define PAPER_MV22 "Mangoubi, Vishnoi 2022"
#define PAPER_AG14 "Dwork, Talwar, Thakurta, Zhang 2014 (Analyze Gauss)"

/* NOLINTBEGIN(bugprone-macro-parentheses): rows are lists of initialisers */
/* clang-format off */
#define ROW_PRIVATE_RANK                                                                   \
    { PARAM(struct simulation_params, rank), .title = "Rank", .shorthand = "rank  k",      \
      .unit = "columns",                                                                   \
      .help = "Noisy eigenvalues that are kept, the largest; at most the side of the "     \
              "covariance.",                                                               \
      .source = PAPER_MV23 ", Algorithm 1, k",                                             \
      .min = 1, .max = 65536, .def = 8, .paper = 8, .logarithmic = true }

#define ROW_EPSILON                                                                        \
    { PARAM(struct simulation_params, epsilon), .title = "Epsilon", .shorthand = "epsilon", \
      .unit = "",                                                                          \
      .help = "What one person's row may change the odds of any outcome by, as a "         \
              "logarithm; nominal where the calibration is classical.",                    \
      .source = PAPER_MV23 ", Theorem 1", .min = 1e-3, .max = 1e3, .def = 1, .paper = 1,   \
      .logarithmic = true }

#define ROW_DELTA                                                                          \
    { PARAM(struct simulation_params, delta), .title = "Delta", .shorthand = "delta",      \
      .unit = "", .help = "The probability by which that may be missed; far below one in " \
                          "the number of rows.",                                           \
      .source = PAPER_MV23 ", Theorem 1", .min = 1e-15, .max = 0.5, .def = 1e-6,           \
      .paper = 1e-6, .logarithmic = true }

#define ROW_ROW_CLIP                                                                       \
    { PARAM(struct simulation_params, clip), .title = "Clip", .shorthand = "clip  C",      \
      .unit = "", .help = "A public bound on the norm of a row; longer ones are scaled "   \
                          "down to it. Noise grows with its square.",                      \
      .source = PAPER_MV23 ": rows of norm at most 1", .min = 1e-6, .max = 1e6, .def = 1,  \
      .paper = 1, .logarithmic = true }

#define ROW_CENTRE                                                                         \
    { PARAM(struct simulation_params, centre), .title = "Centre", .shorthand = "centre",   \
      .unit = "", .help = "A public number taken off every entry before the rows are "     \
                          "clipped; never the mean of the data, which would cost.",        \
      .source = PAPER_MV23 ": uncentred", .min = -1e6, .max = 1e6, .def = 0, .paper = 0 }

#define ROW_RELATION(best, source_says, where)                                             \
    { PARAM(struct simulation_params, relation), .title = "Neighbours",                    \
      .shorthand = "relation", .unit = "",                                                 \
      .help = "Data sets that must look alike: one row replaced by another, their number " \
              "public, or one row more or less.",                                          \
      .source = where, .min = 0, .max = RELATIONS - 1, .def = best, .paper = source_says,  \
      .choices = relation_names }

#define ROW_CALIBRATION(where)                                                             \
    { PARAM(struct simulation_params, calibration), .title = "Calibration",                \
      .shorthand = "calibrat.", .unit = "",                                                \
      .help = "The least noise that keeps epsilon and delta (tight), or what the source "  \
              "prints (classical), whose true epsilon is then another one.",               \
      .source = where ": classical; tight: Balle, Wang 2018",                              \
      .min = SIMULATION_TIGHT, .max = SIMULATION_CLASSICAL, .def = SIMULATION_TIGHT,       \
      .paper = SIMULATION_CLASSICAL, .choices = simulation_calibration_names }

#define ROW_FORM                                                                           \
    { PARAM(struct simulation_params, form), .title = "Output", .shorthand = "output",     \
      .unit = "", .help = "The real part of the noisy top k, whose rank is up to 2 k (y), " \
                          "or the top k of that (y-k).",                                   \
      .source = PAPER_MV23 ", Algorithm 1, step 6: y", .min = MECHANISM_Y,                 \
      .max = MECHANISM_Y_K, .def = MECHANISM_Y_K, .paper = MECHANISM_Y,                    \
      .choices = mechanism_form_names }

#define ROW_SHRINK                                                                         \
    { PARAM(struct simulation_params, shrink), .title = "Shrink", .shorthand = "shrink",   \
      .unit = "", .help = "Takes off every noisy eigenvalue what noise of this size is "   \
                          "expected to have added; made for small ones beyond the rank. "  \
                          "Free: it looks at what was released alone.",                    \
      .source = PAPER_MV23 ": not done",        \
      .min = 0, .max = 1, .def = 0, .paper = 0 }

#define ROW_CLAMP                                                                          \
    { PARAM(struct simulation_params, clamp), .title = "Clamp", .shorthand = "clamp",      \
      .unit = "", .help = "Sets what is kept of negative eigenvalues to zero, as no "      \
                          "covariance has any. Free, too.",                                \
      .source = PAPER_MV23 ": not done", .min = 0, .max = 1, .def = 0, .paper = 0 }

#define ROW_INPUT                                                                          \
    { PARAM(struct simulation_params, input), .title = "Input", .shorthand = "input",      \
      .unit = "", .help = "What the matrix is: rows, one a person, or a covariance "       \
                          "already, which is taken as it is, so that clip is a promise.",  \
      .source = "", .min = SIMULATION_ROWS, .max = SIMULATION_COVARIANCE,                  \
      .def = SIMULATION_ROWS, .paper = SIMULATION_ROWS, .choices = simulation_input_names }
/* clang-format on */
/* NOLINTEND(bugprone-macro-parentheses) */
