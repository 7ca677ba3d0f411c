#pragma once

#include "coding.h"

/* The numbers behind codes, in double precision: ranges and levels. What coding on any device
 * shares with the processor's, so that only the work on entries is a device's own. */

/* Entries that share a range lie in a block of down x across; there are rows x cols blocks. */
struct coding_grid {
    size_t down, across, rows, cols;
};
struct coding_grid coding_grid(const struct coding *c, size_t rows, size_t cols);
/* The same of the entries that share a code: 1 x 1, but for vector quantizers. */
struct coding_grid coding_groups(const struct coding *c, size_t rows, size_t cols);

/* Ranges as numbers, in row-major order of the blocks. */
struct coding_table {
    struct coding_grid grid;
    double *low, *high; /* owned */
};

/* Low ends at +infinity, high ends at -infinity: no entry seen yet. */
bool coding_table_init(struct coding_table *t, const struct coding *c, size_t rows, size_t cols,
                       struct error *err);
void coding_table_finish(struct coding_table *t); /* {0} is fine, and half an init */
/* From the least and largest entry of each block to its range. ERROR_NUMERIC: one of the
 * entries was not `finite`, or a range is too wide. */
bool coding_table_settle(struct coding_table *t, const struct coding *c, bool finite,
                         struct error *err);
void coding_table_read(const struct coded *x, struct coding_table *t); /* what a decoder sees */

/* A coded matrix with these ranges, rounded as they are stored, and room for its codes, all
 * zero; the caller finishes it. t comes back as a decoder will see it: code against that. */
bool coded_start(const struct coding *c, struct coding_table *t, size_t rows, size_t cols,
                 struct coded *out, struct error *err);

/* What the codes mean: last + 1 levels, tabulated or equidistant. */
struct coding_levels {
    uint32_t last;
    double *at; /* owned; NULL: equidistant */
};

/* ERROR_USAGE: the quantizer has no levels of so many bits, or cannot be dithered. */
bool coding_levels_init(struct coding_levels *l, const struct coding *c, struct error *err);
void coding_levels_finish(struct coding_levels *l); /* {0} is fine */
