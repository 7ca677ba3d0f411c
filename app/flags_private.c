/* The flags of the words private and audit. */
#include "gaussian_dp.h"
#include "mechanism.h"
#include "options.h"

/* Rows that both words have. */
/* clang-format off */
#define ROW_RELATION(type)                                                                        \
    { PARAM(type, relation), .title = "Neighbours", .shorthand = "relation", .unit = "",         \
      .help = "What neighbours are, whom the release may not tell apart: one row is another one, or there is " \
              "one row more.",                                                                   \
      .source = "", .min = 0, .max = RELATIONS - 1, .choices = relation_names }
#define ROW_MECHANISM(type)                                                                       \
    { PARAM(type, mechanism), .title = "Mechanism", .shorthand = "noise", .unit = "",            \
      .help = "Noise: complex Hermitian and its real part taken, as Algorithm 1 does; real symmetric; or one " \
              "deviation for the whole upper triangle.",                                         \
      .source = "Mangoubi, Vishnoi 2023; Dwork, Talwar, Thakurta, Zhang 2014", .min = 0,         \
      .max = MECHANISMS - 1, .choices = mechanism_names }
/* clang-format on */

static const struct param private_rows[] = {
    {
        PARAM(struct private_flags, rank),
        .title = "Rank",
        .shorthand = "k",
        .unit = "components",
        .help =
            "How many components are kept of the noisy matrix. All of it is paid for and written: "
            "other ranks of it are free.",
        .source = "",
        .min = 1,
        .max = 4096,
        .def = 1,
        .paper = 1,
    },
    {
        PARAM(struct private_flags, epsilon),
        .title = "Epsilon",
        .shorthand = "eps",
        .unit = "",
        .help = "With delta: what one person's row may change about the release, at most.",
        .source = "Dwork, Roth 2014",
        .logarithmic = true,
        .min = 0,
        .max = GDP_EPSILON_MOST,
        .def = 1,
        .paper = 1,
    },
    {
        PARAM(struct private_flags, delta),
        .title = "Delta",
        .shorthand = "delta",
        .unit = "",
        .help = "How much the promise may miss that; far below one over the number of rows.",
        .source = "",
        .logarithmic = true,
        .min = 0,
        .max = 1,
        .def = 1e-6,
        .paper = 1e-6,
    },
    {
        PARAM(struct private_flags, clip),
        .title = "Clip",
        .shorthand = "C",
        .unit = "",
        .help =
            "Rows are shortened to this norm. Noise grows with its square, and it has to be known "
            "without a look at the data.",
        .source = "",
        .logarithmic = true,
        .min = 0,
        .max = 1e100,
        .def = 1,
        .paper = 1,
    },
    ROW_RELATION(struct private_flags),
    ROW_MECHANISM(struct private_flags),
    {
        PARAM(struct private_flags, form),
        .title = "Form",
        .shorthand = "form",
        .unit = "",
        .help =
            "Of complex noise: the real part of the top k, whose rank is up to 2 k (y), or the k "
            "largest eigenvalues of that (y-k).",
        .source = "Mangoubi, Vishnoi 2023",
        .min = MECHANISM_Y,
        .max = MECHANISM_Y_K,
        .choices = mechanism_form_names,
    },
    {
        PARAM(struct private_flags, shrink),
        .title = "Shrink",
        .shorthand = "shrink",
        .unit = "",
        .help = "Takes off the eigenvalues what noise adds, by public numbers alone: free.",
        .source = "",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct private_flags, clamp),
        .title = "Clamp",
        .shorthand = "clamp",
        .unit = "",
        .help = "Sets negative eigenvalues to 0, which no covariance has: free.",
        .source = "",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct private_flags, bits),
        .title = "Bits of the grid",
        .shorthand = "bits",
        .unit = "bits",
        .help = "Rows are taken to whole multiples of clip / 2^bits, towards zero; 0 leaves it to "
                "the program.",
        .source = "",
        .min = 0,
        .max = 16,
    },
    {
        PARAM(struct private_flags, yes),
        .title = "Yes",
        .shorthand = "yes",
        .unit = "",
        .help = "Spends without asking.",
        .source = "",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct private_flags, raise_budget),
        .title = "Raise the budget",
        .shorthand = "raise",
        .unit = "",
        .help = "With --yes: --budget may allow more than the one that stands.",
        .source = "",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct private_flags, price),
        .title = "Price",
        .shorthand = "price",
        .unit = "",
        .help = "Tells what it would cost, and stops: no file is read and nothing is spent.",
        .source = "",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct private_flags, ledger),
        .title = "Ledger",
        .shorthand = "ledger",
        .unit = "",
        .help = "Lists what was spent, of --dataset or of all, and stops.",
        .source = "",
        .min = 0,
        .max = 1,
    },
};

static const struct text_flag private_texts[] = {
    {
        .name = "dataset",
        .value = "NAME",
        .offset = offsetof(struct options, dataset),
        .help =
            "The ledger's name for these people, of your choice: all that is released about them "
            "adds up under it.",
    },
    {
        .name = "budget",
        .value = "EPS,DELTA",
        .offset = offsetof(struct options, budget),
        .help = "All releases of the dataset together may cost so much, from now on; what would go "
                "beyond is refused with exit 5.",
    },
    {
        .name = "centre",
        .value = "X,...",
        .offset = offsetof(struct options, centre),
        .help =
            "Subtracted from every row first: a public number for every column, or one for all. "
            "Never the mean of the data.",
    },
    { 0 },
};

const struct flag_group private_group = {
    .title = "What is promised, and to whom",
    .params = PARAM_TABLE(struct private_flags, private_rows),
    .offset = offsetof(struct options, private),
    .texts = private_texts,
};

static const struct param audit_rows[] = {
    {
        PARAM(struct audit_flags, samples),
        .title = "Samples",
        .shorthand = "samples",
        .unit = "releases",
        .help =
            "Releases of each of two neighbours, for each pair of them. With 40000 noise that is "
            "too small by a tenth is found.",
        .source = "",
        .logarithmic = true,
        .min = 100,
        .max = 1e8,
        .def = 40000,
        .paper = 40000,
    },
    {
        PARAM(struct audit_flags, epsilon),
        .title = "Epsilon",
        .shorthand = "eps",
        .unit = "",
        .help = "The promise that is to be broken.",
        .source = "",
        .logarithmic = true,
        .min = 0,
        .max = 100,
        .def = 1,
        .paper = 1,
    },
    {
        PARAM(struct audit_flags, delta),
        .title = "Delta",
        .shorthand = "delta",
        .unit = "",
        .help = "Its delta: a large one is broken with fewer samples.",
        .source = "",
        .logarithmic = true,
        .min = 0,
        .max = 1,
        .def = .01,
        .paper = .01,
    },
    ROW_RELATION(struct audit_flags),
    ROW_MECHANISM(struct audit_flags),
};

const struct flag_group audit_group = {
    .title = "What is tried",
    .params = PARAM_TABLE(struct audit_flags, audit_rows),
    .offset = offsetof(struct options, audit),
};
