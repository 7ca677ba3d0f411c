#pragma once

#include "coding_table.h"
#include "vulkan/items.h"

/* What coding and decoding share: a matrix is coded strip by strip, so that codes, ranges and
 * element numbers stay small whatever the size of a panel. */

/* Whole rows of one panel. It starts at a multiple of VULKAN_PANEL_ROWS rows, so that its codes
 * start at a whole word of the stream. */
struct strip {
    size_t panel, row; /* where it starts: row `row` of that panel */
    size_t first;      /* row `first` of the matrix */
    size_t rows;
};

/* How shaders/ranges.comp cuts rows into segments: down x across entries, one of the two 1. */
struct segment {
    size_t down, across;
};

struct strips {
    struct vulkan *v;
    const struct panels *panels;
    const struct coding *coding;
    struct segment segment;
    size_t height; /* of a strip, rows */
};

/* ERROR_DEVICE: the device binds too little at once for even the lowest strip. */
bool strips_init(struct strips *s, const struct coding *c, const struct buffer *x,
                 struct error *err);
/* From {0} on, every strip in order; false after the last. */
bool strips_next(const struct strips *s, struct strip *at);
size_t strips_code_bytes(const struct strips *s, size_t rows); /* of so many rows, rounded up */

/* What shaders/codes.glsl is told. */
struct codes_push {
    uint32_t first, n, offset, stride, cols, elements, bits, tabulated, dithered;
    uint32_t lead, down, across, ranges, stream, part, unused;
    uint32_t seed[2], quarter[2];
};

/* Everything about a strip that code.comp and decode.comp need: ranges (as a decoder sees them)
 * and levels in blocks 2 and 3, entries in block 0, room for its codes in block 1. */
bool strips_dispatch(const struct strips *s, const struct strip *at, const struct coding_table *t,
                     const struct block *levels, struct codes_push *push, struct dispatch *d,
                     struct error *err);
/* The levels of a codebook on the device; NULL in *out where there is none. */
bool strips_levels(const struct strips *s, const struct coding_levels *l, struct block **out,
                   struct error *err);
