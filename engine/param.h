#pragma once

#include "error.h"

#include <stddef.h>
#include <stdint.h>

/* Parameters, declared once. A table of these rows sits beside each params
 * struct; the form in the workbench, the flags of the command line, the
 * metadata of exported files and the reference pages in docs/ are all read off
 * the same rows. Pure functions; any thread. */

enum param_kind { PARAM_INT, PARAM_REAL, PARAM_BOOL, PARAM_SEED };

struct param {
    const char *key;       /* the field's name, left_bits: --left-bits on the command line */
    const char *title;     /* "Bits of the left factor" */
    const char *shorthand; /* at most 9 cells, for the form: "B  (L)" */
    const char *unit;      /* "bits", "columns", "" */
    const char *help;      /* one sentence, ends with a full stop */
    const char *source;    /* where the meaning or the default comes from; "" if it is ours */
    enum param_kind kind;
    bool logarithmic;           /* a slider multiplies instead of adding */
    bool within_rank;           /* counts stored components: beyond the rank it means the rank */
    double min, max;            /* inclusive */
    double def;                 /* the best setting we know */
    double paper;               /* what the source describes: --paper */
    const char *const *choices; /* NULL-terminated names of an int's values 0, 1, ... */
    size_t offset;
};

/* Starts a row: PARAM(struct params, sketch). The kind follows from the field's
 * type; a field of any other type does not compile. */
/* clang-format off */
#define PARAM(type, field)                                                     \
    .key = #field, .offset = offsetof(type, field),                            \
    .kind = _Generic(((type *)0)->field,                                       \
        int: PARAM_INT, double: PARAM_REAL, bool: PARAM_BOOL, uint64_t: PARAM_SEED)
/* clang-format on */

enum { PARAMS_MAX = 256 }; /* bytes; a larger params struct does not compile */

/* A params struct of any method, as memory: copied by assignment. */
struct params_any {
    _Alignas(max_align_t) unsigned char bytes[PARAMS_MAX];
};

struct param_table {
    const struct param *rows;
    size_t n;
    size_t size; /* of the params struct, bytes */
};
/* clang-format off */
#define PARAM_TABLE(type, array)                                               \
    { .rows = (array), .n = sizeof(array) / sizeof((array)[0]),                \
      .size = sizeof(type) / (sizeof(type) <= PARAMS_MAX) }
/* clang-format on */

/* A key matches with '-' for '_': left-bits finds left_bits. NULL: none has it. */
const struct param *param_find(const struct param_table *t, const char *key);

void param_defaults(const struct param_table *t, bool paper, void *params);

/* Reads text into the field. Fails with ERROR_USAGE, naming the flag and the
 * range; the field is then unchanged. Choices match with '-' for '_'. */
bool param_set(const struct param *p, void *params, const char *text, struct error *err);

/* Prints what param_set reads back to the same value. */
void param_format(const struct param *p, const void *params, char *out, size_t size);

/* The field as a number (a seed above 2^53 loses its low bits), and back, clamped. */
double param_get(const struct param *p, const void *params);
void param_put(const struct param *p, void *params, double value);

/* One slider step: whole numbers move by 1, reals by 1/100 of their range (5 % on
 * a logarithmic row). A coarse step doubles or halves a logarithmic row, and is
 * ten fine ones elsewhere. Choices and switches move to their neighbour. */
void param_step(const struct param *p, void *params, int direction, bool coarse);

bool param_equal(const struct param_table *t, const void *a, const void *b);

/* The flag's name: left_bits as "left-bits". */
void param_flag(const char *key, char *out, size_t size);
