#pragma once

#include "method.h"

/* What results of n matrices take, as m->bits (or bits_many) counts them: one for all with METHOD_MANY, else one
 * each, of no more rank than the matrix has. */
enum { BUDGET_SHAPES = 8 }; /* at most */
struct budget_shape {
    size_t rows, cols;
};
/* Those of a request: its own, or n times rows x cols where `own` is NULL. */
void budget_shapes(const struct budget_shape *own, size_t n, size_t rows, size_t cols,
                   struct budget_shape out[BUDGET_SHAPES]);
uint64_t budget_entries(const struct budget_shape *shapes, size_t n); /* of all together */
uint64_t budget_bits(const struct method *m, const void *params, enum dtype dtype,
                     const struct budget_shape *shapes, size_t n, bool paper);
uint64_t budget_bits_of(const struct method *m, const void *params, enum dtype dtype, size_t rows,
                        size_t cols, size_t n, bool paper); /* of one shape, all of them */
/* The rank they may have: of all one upon another with METHOD_MANY, else of the largest. */
size_t budget_most(const struct method *m, const struct budget_shape *shapes, size_t n);

/* From a size to a rank: the largest rank whose results take at most bits_per_entry for every
 * entry of all matrices together, as m->bits counts them. Sets the row `rank` of *params; of a
 * method that deals out bits, its row `bits_per_entry`, which counts true bits either way.
 * Fails with ERROR_USAGE when the method has no rank, or when not even rank 1 fits. */
bool budget_rank_of(const struct method *m, void *params, enum dtype dtype,
                    const struct budget_shape *shapes, size_t n, double bits_per_entry, bool paper,
                    struct error *err);
