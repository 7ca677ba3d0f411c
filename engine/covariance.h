#pragma once

#include "matrix.h"

/* M = A^T A of a matrix whose rows are people, for the sandbox: in double precision and with no promise.
 * What a release is made of is exact and whole numbers (rows.h). Pure; any thread. */

struct covariance_terms {
    bool ready;    /* the matrix is a covariance already: symmetric, taken as it is */
    double clip;   /* public: a row of a larger norm is scaled down to it; > 0 */
    double centre; /* public: taken off every entry before; never a mean of the data */
};

/* out: d x d, F64, the two triangles the same bits. a: n x d, a row that is not finite counts as zeros;
 * or d x d where ready: ERROR_FORMAT unless it is square and symmetric to rounding of single precision, then
 * the mean of both triangles. No mean is taken off and nothing divided by n. Fails with ERROR_MEMORY. */
bool covariance_of(struct matrix_view a, const struct covariance_terms *terms,
                   struct matrix_view out, struct error *err);

/* Square, and equal to its transpose within `slack` times its largest entry. */
bool covariance_symmetric(struct matrix_view a, double slack);
