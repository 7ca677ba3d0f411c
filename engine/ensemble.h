#pragma once

#include "matrix.h"

#include <stdint.h>

/* Batches of small random or Hermitian matrices, for the gap views. A batch of d x d matrices
 * lies one below the other; real: d columns; complex: 2 d, real and imaginary parts side by
 * side. Simulated: seeded, never for a release. Pure; any thread. */

/* beta of random matrix theory. */
enum field { FIELD_REAL = 1, FIELD_COMPLEX = 2 };
enum { EIGEN_MAX = 64 }; /* the largest matrix whose eigenvalues are asked for */

/* The d of a batch that wide, and how many matrices there are. */
static inline size_t ensemble_side(enum field field, size_t cols)
{
    return cols / (size_t)field;
}

/* Fills out with the noise of Mangoubi, Vishnoi 2023, Algorithm 1: real and imaginary parts off
 * the diagonal have that deviation, the diagonal is real and has sqrt 2 times it, exactly
 * Hermitian. Matrix first + i depends on its number alone, and a larger one extends a smaller. */
void ensemble_noise(enum field field, uint64_t seed, uint32_t first, double deviation,
                    struct matrix_view out);

/* x: a batch, its lower triangles read -> out: a row of d values each, descending; computed
 * in double precision. d <= EIGEN_MAX. NaN where an entry is not finite. */
void ensemble_eigen(enum field field, struct matrix_view x, struct matrix_view out);
