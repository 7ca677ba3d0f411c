#pragma once

#include "method.h"
#include "simulation.h"

/* The flags of the command line, read off rows: a group is a params struct with
 * its PARAM rows, plus flags whose value is text. Words name the groups they
 * take; `run` takes its method's own rows as well. Flags may stand before or
 * after the arguments, as --key value or --key=value; switches also bare, or
 * followed by on or off; -- ends them. Of a repeated flag the last one counts.
 * What is given wins over --paper, whatever the order. UI thread. */

struct common_flags {
    int threads; /* 0: one per processor */
    uint64_t seed;
    int precision; /* enum dtype */
    int nonfinite; /* enum nonfinite */
    bool json, quiet, force;
};
struct run_flags {
    bool paper;
    int count;             /* 0 true, 1 paper */
    double bits_per_entry; /* 0: the rank decides */
    bool commands;         /* compare: the command of every row */
};
struct picture_flags {
    int planes; /* enum planes */
};
struct list_flags {
    bool metadata;
};
struct scan_flags {
    bool fresh, reverse;
};
struct screen_flags {
    int color; /* enum term_color */
    int theme; /* enum scheme */
    bool ascii;
};

struct group_flags {
    bool mp, sizes;
    int multiple, null; /* draws */
    int balance;        /* enum balance */
    int bits;           /* of a parameter */
};
struct denoise_flags {
    int rule; /* enum denoise_rule */
    double noise;
};
struct statistics_flags {
    bool statistics;
    int field; /* 0: both; else enum field */
    int side, draws;
    int source; /* enum gap_source */
};
struct private_flags {
    double epsilon, delta, clip;
    int rank, relation, mechanism, form; /* enum relation, mechanism, mechanism_form */
    int bits;                            /* of the grid */
    bool shrink, clamp, yes, raise_budget, price, ledger;
};
struct audit_flags {
    int samples; /* a side */
    int relation, mechanism;
    double epsilon, delta;
};

struct gap_flags {
    int runs;
    bool table, exponents;
};

enum { OPTIONS_ARGUMENTS = 16, OPTIONS_FLAGS = 64 };

/* One flag as it was typed. */
struct given {
    const char *name; /* argv, after the dashes; up to `length` */
    size_t length;
    const struct param *row;      /* NULL: a text flag, or a row of the method still to be found */
    const struct text_flag *text; /* NULL: a row */
    const struct flag_group *group;
    const char *value;
};

/* Where a word's method is named: nowhere; its first argument; --method, every method unless given. */
enum method_place { METHOD_NOWHERE, METHOD_FIRST, METHOD_AS_FLAG };

struct options {
    struct common_flags common;
    struct run_flags run;
    struct picture_flags picture;
    struct list_flags list;
    struct screen_flags screen;
    struct scan_flags scan;
    struct group_flags groups;
    struct denoise_flags denoise;
    struct statistics_flags statistics;
    struct gap_flags gaps;
    struct simulation_params simulation; /* of the noise that gaps shows */
    struct private_flags private;
    struct audit_flags audit;
    /* of the word groups, one of them at most */
    const char *group_prune, *group_keep, *group_rank, *group_energy, *group_bytes;
    const char *backend, *device, *max_memory, *output, *commands, *view, *size, *restore, *record,
        *replay, *speed, *method_name, *search, *bits_list, *bytes_list, *method_list, *group,
        *sort, *denoise_mark, *denoise_rank, *gap_ranks, *dataset, *budget, *centre,
        *vary;                                /* argv; NULL: not given; of --vary the last */
    const struct method *method;              /* words that take one; NULL: every method */
    struct params_any params;                 /* of the method */
    const char *arguments[OPTIONS_ARGUMENTS]; /* argv, without the method */
    size_t n;
    bool help;
    struct given given[OPTIONS_FLAGS];
    size_t n_given;
};

struct text_flag {
    const char *name;   /* "output" */
    const char *letter; /* "o", or NULL */
    const char *value;  /* "FILE" */
    const char *help;   /* one sentence, ends with a full stop */
    size_t offset;      /* of the const char * in struct options */
    bool optional; /* may stand without a value: the next word is its, unless it begins with '-' */
};

struct flag_group {
    const char *title;
    struct param_table params;
    size_t offset;                 /* of its params struct in struct options */
    const struct text_flag *texts; /* ends with {0}, or NULL */
    const char *const *refused; /* flags that are not taken and why, in pairs, then NULL; or NULL */
};
/* The tables are in flags.c and the other flags_*.c. */
extern const struct flag_group common_group, run_group, picture_group, screen_group, output_group,
    commands_group, frame_group, session_group, solve_group, compare_group, sweep_group, list_group,
    many_group, groups_group, scan_group, denoise_group, private_group, audit_group,
    statistics_group, gaps_group, noise_group;
/* What common_group has but for the seed and what else decides entries: for what is never played back. */
extern const struct flag_group unseeded_group;

/* groups: NULL-terminated. word: named in errors. Fails with ERROR_USAGE. */
bool options_parse(const char *word, const struct flag_group *const *groups,
                   enum method_place place, int argc, char **argv, struct options *out,
                   struct error *err);

/* The params of one method as the flags say; those it has no row for are passed over. */
bool options_params(const struct options *o, const struct method *m, struct params_any *out,
                    struct error *err);

bool options_given(const struct options *o, const char *key); /* the flag was typed */

/* "64M" -> bytes; K, M, G and T are powers of 1024. */
bool options_size(const char *flag, const char *text, uint64_t *bytes, struct error *err);

/* The method of that name. Fails with ERROR_USAGE, which says what may have been meant. */
bool options_method(const char *word, const char *name, const struct method **out,
                    struct error *err);

/* The candidate most like `text`, or NULL when none is close. names: n of them. */
const char *options_nearest(const char *text, const char *const *names, size_t n);
