#pragma once

#include "param.h"

/* Where the singular values go: the row `split` of methods that start from an SVD. */
enum split { SPLIT_LEFT, SPLIT_RIGHT, SPLIT_BOTH };
static const char *const split_names[] = { "left", "right", "both", NULL };
static const double split_share[] = { [SPLIT_LEFT] = 1, [SPLIT_RIGHT] = 0, [SPLIT_BOTH] = 0.5 };

/* clang-format off */
#define ROW_SPLIT(type, source_says, where)                                                \
    { PARAM(type, split), .title = "Split of Sigma", .shorthand = "split", .unit = "",     \
      .help = "Which factor the singular values go to before rounding; both: their root to each.", \
      .source = PAPER_LPLR ", " where,                                                     \
      .min = SPLIT_LEFT, .max = SPLIT_BOTH, .def = SPLIT_LEFT, .paper = source_says,       \
      .choices = split_names }
/* clang-format on */
