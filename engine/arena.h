#pragma once

#include "matrix.h"

/* Scratch memory of a job: allocated piece by piece, freed at once when the
 * job ends, however it ends. {0} is an empty arena. One thread at a time. */

struct arena {
    struct arena_piece *newest;
};

void *arena_alloc(struct arena *a, size_t size, struct error *err); /* zeroed, 64-byte aligned */
bool arena_matrix(struct arena *a, enum dtype dtype, size_t rows, size_t cols,
                  struct matrix_view *out, struct error *err);
void arena_finish(struct arena *a); /* frees everything; the arena is empty again */
