#pragma once

#include "compare.h"

/* What the compare view lists: settings that were run, and what else one would use. The worker makes
 * lists, the UI thread keeps one; a list belongs to whoever holds it. */

enum run_origin { RUN_FOUND, RUN_DEFAULT, RUN_SOURCE, RUN_GRID, RUN_REFERENCE };

struct run_row {
    const struct method *method; /* NULL: a reference, with a name and a setting in words */
    struct params_any params;
    enum run_origin origin;
    bool final;  /* false: a coarse look, the best of its method so far */
    bool front;  /* of all final rows that are no references */
    double bits; /* the size that it was to keep, true bits an entry; 0: none */
    struct compare_numbers numbers;
    char name[16], setting[64];
};

struct run_list {
    struct run_row *of; /* owned */
    size_t n, room;
};

/* In place of the row with the same setting, or behind the last. */
bool run_list_put(struct run_list *l, const struct run_row *row, struct error *err);
bool run_list_copy(const struct run_list *l, struct run_list *out, struct error *err);
void run_list_finish(struct run_list *l); /* {0} is fine */

bool run_same(const struct run_row *a, const struct run_row *b); /* setting and method */
double run_size(const struct run_row *row); /* true bits an entry; of a reference, its whole file */
