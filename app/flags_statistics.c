/* The flags of gaps --statistics. */
#include "gap_draws.h"
#include "options.h"

static const char *const field_choices[] = { "both", "real", "complex", NULL };

static const struct param rows[] = {
    {
        PARAM(struct statistics_flags, statistics),
        .title = "Statistics",
        .shorthand = "stats",
        .unit = "",
        .help = "Draws the noise alone many times and holds the gaps of its eigenvalues against "
                "what random matrix theory says. Takes no FILE.",
        .source = "",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct statistics_flags, field),
        .title = "Field",
        .shorthand = "field",
        .unit = "",
        .help = "Real symmetric noise, complex Hermitian noise, or one after the other.",
        .source = "",
        .min = 0,
        .max = 2,
        .choices = field_choices,
    },
    {
        PARAM(struct statistics_flags, side),
        .title = "Side",
        .shorthand = "side",
        .unit = "rows",
        .help = "Rows of a matrix. Some targets hold from so large a side on, and have no mark "
                "below it.",
        .source = "",
        .logarithmic = true,
        .min = 6,
        .max = 4096,
        .def = 200,
        .paper = 200,
    },
    {
        PARAM(struct statistics_flags, draws),
        .title = "Draws",
        .shorthand = "draws",
        .unit = "matrices",
        .help = "How many. A mark is given where five standard errors are less than the room "
                "between target and band.",
        .source = "",
        .logarithmic = true,
        .min = 2,
        .max = 10000000,
        .def = 6000,
        .paper = 6000,
    },
    {
        PARAM(struct statistics_flags, source),
        .title = "Source",
        .shorthand = "source",
        .unit = "",
        .help = "Tridiagonal matrices, which have exactly the law of the eigenvalues and are soon "
                "done, on the processor; or whole matrices in batches, up to 64 x 64, on the "
                "backend.",
        .source = "Dumitriu, Edelman 2002",
        .min = GAP_TRIDIAGONAL,
        .max = GAP_MATRIX,
        .choices = gap_source_names,
    },
};

const struct flag_group statistics_group = {
    .title = "Statistics",
    .params = PARAM_TABLE(struct statistics_flags, rows),
    .offset = offsetof(struct options, statistics),
};
