#pragma once

#include "ensemble.h"

/* The eigenvalues of ensemble.h's noise without the matrix: a tridiagonal one has exactly their law
 * (Dumitriu, Edelman, J. Math. Phys. 43, 2002), for d^2 operations instead of d^3. Simulated. Any thread. */

/* values: d, descending. Draw `draw` of a seed depends on nothing else but field and d. Fails with
 * ERROR_MEMORY or ERROR_NUMERIC. */
bool tridiagonal_spectrum(enum field field, uint64_t seed, uint32_t draw, double deviation,
                          double *values, size_t d, struct error *err);
