#pragma once

#include "coding_table.h"

/* Up to 64 entries of a row that start at a multiple of 64, on their way between a matrix and
 * its codes: plain arrays, so that the loops over them are vectorised. Scalar quantizers alone. */

enum { CHUNK = CODING_BLOCK };
struct chunk {
    size_t row, col, n;
    double value[CHUNK], low[CHUNK], high[CHUNK], draw[CHUNK];
    uint32_t code[CHUNK];
};

/* From {0} on, every chunk of rows x cols, in the order of the codes. */
bool chunk_next(struct chunk *k, size_t rows, size_t cols);
/* Entries, and values rounded to the matrix' type: no infinities. */
void chunk_load(struct chunk *k, struct matrix_view a);
void chunk_store(const struct chunk *k, struct matrix_view a);

/* The number of the range of the chunk's first entry; stride: 1 where each entry has the next
 * range, 0 where all have the same. */
size_t chunk_place(const struct coding_table *t, const struct chunk *k, size_t *stride);
void chunk_ranges(const struct coding_table *t, struct chunk *k);

/* What is added before rounding down. */
void chunk_draw(const struct coding *c, struct chunk *k, size_t cols);
/* Values to codes, codes to values. */
void chunk_round(const struct coding_levels *l, struct chunk *k);
void chunk_values(const struct coding_levels *l, struct chunk *k);
