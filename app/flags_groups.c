/* The flags of the words groups and denoise. */
#include "denoise.h"
#include "joint.h"
#include "options.h"

static const struct param rows[] = {
    {
        PARAM(struct group_flags, mp),
        .title = "Above the noise",
        .shorthand = "mp",
        .unit = "",
        .help = "As many components of every group as its spectrum has above the edge of noise.",
        .source = "Marchenko, Pastur 1967, of the stacked matrices",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct group_flags, multiple),
        .title = "Multiple",
        .shorthand = "multiple",
        .unit = "",
        .help = "Rounds ranks down to multiples of this, as block quantization of the factors "
                "wants 32; both ratios are told.",
        .source = "",
        .min = 1,
        .max = 4096,
        .def = 1,
        .paper = 1,
    },
    {
        PARAM(struct group_flags, balance),
        .title = "Balance",
        .shorthand = "balance",
        .unit = "",
        .help = "How matrices are made alike before they share a factor: not at all, or by their "
                "Frobenius or spectral norm.",
        .source = "",
        .min = BALANCE_NONE,
        .max = BALANCE_SPECTRAL,
        .choices = balance_names,
    },
    {
        PARAM(struct group_flags, bits),
        .title = "Bits of a parameter",
        .shorthand = "bits",
        .unit = "bits",
        .help = "What a parameter of the factors takes, for --bytes.",
        .source = "",
        .min = 1,
        .max = 64,
        .def = 32,
        .paper = 32,
    },
    {
        PARAM(struct group_flags, null),
        .title = "Null test",
        .shorthand = "null",
        .unit = "draws",
        .help = "Holds every joint error against that of so many random rotations of the same "
                "matrices, as a z-score; 0 does not.",
        .source = "",
        .min = 0,
        .max = 100000,
    },
    {
        PARAM(struct group_flags, sizes),
        .title = "Sizes alone",
        .shorthand = "sizes",
        .unit = "",
        .help = "Ranks and parameters alone: reads no entries, tells no errors.",
        .source = "",
        .min = 0,
        .max = 1,
    },
};

static const struct text_flag texts[] = {
    {
        .name = "prune",
        .value = "SHARE",
        .offset = offsetof(struct options, group_prune),
        .help = "So much of the whole model's parameters is to go, 10% or 0.1: one share of every "
                "group is kept.",
    },
    {
        .name = "keep",
        .value = "SHARE",
        .offset = offsetof(struct options, group_keep),
        .help = "So much of every group's parameters is kept.",
    },
    {
        .name = "rank",
        .value = "K",
        .offset = offsetof(struct options, group_rank),
        .help = "This rank; or ranks by kind or group, qk=262,gate_up=386, the others left as they "
                "are.",
    },
    {
        .name = "energy",
        .value = "SHARE",
        .offset = offsetof(struct options, group_energy),
        .help = "The least rank of every group that keeps so much of its squared entries.",
    },
    {
        .name = "bytes",
        .value = "N",
        .offset = offsetof(struct options, group_bytes),
        .help =
            "All groups together may take so much (K, M, G: times 1024), dealt out component by "
            "component to where it helps most.",
    },
    { 0 },
};

const struct flag_group groups_group = {
    .title = "How much",
    .params = PARAM_TABLE(struct group_flags, rows),
    .offset = offsetof(struct options, groups),
    .texts = texts,
};

static const struct param denoise_rows[] = {
    {
        PARAM(struct denoise_flags, rule),
        .title = "Rule",
        .shorthand = "rule",
        .unit = "",
        .help = "Where noise ends, in the marked matrix: at the Marchenko-Pastur edge, at the "
                "threshold of least error for noise that is known, or at the one that the median "
                "singular value tells.",
        .source = "Marchenko, Pastur 1967; Gavish, Donoho 2014",
        .min = DENOISE_MP,
        .max = DENOISE_MEDIAN,
        .def = DENOISE_MEDIAN,
        .paper = DENOISE_MEDIAN,
        .choices = denoise_rule_names,
    },
    {
        PARAM(struct denoise_flags, noise),
        .title = "Noise",
        .shorthand = "noise",
        .unit = "",
        .help = "Deviation of an entry's noise: what is added without a FILE; of one what it has, "
                "0: as its own rounding tells, or else its spectrum.",
        .source = "",
        .min = 0,
        .max = 1e30,
    },
};

static const struct text_flag denoise_texts[] = {
    {
        .name = "mark",
        .value = "A,...",
        .offset = offsetof(struct options, denoise_mark),
        .help = "Strengths of the mark, its singular value; 0 marks nothing. Unless given 0.94, "
                "1.25, 1.56 and 4.7 times the edge of the noise.",
    },
    {
        .name = "rank",
        .value = "K,...",
        .offset = offsetof(struct options, denoise_rank),
        .help = "Cuts to these ranks instead of by --rule; 8 without a FILE.",
    },
    { 0 },
};

const struct flag_group denoise_group = {
    .title = "Mark and cut",
    .params = PARAM_TABLE(struct denoise_flags, denoise_rows),
    .offset = offsetof(struct options, denoise),
    .texts = denoise_texts,
};
