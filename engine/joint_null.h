#pragma once

#include "joint.h"

/* Do the members share structure? The error of the stack at a rank is held against that of W_1, W_2 R_2, ...,
 * R random orthogonal: the same singular values, alignment destroyed. That depends on the members' singular
 * values alone, so that no matrix is needed: the Gram matrix of such a stack has the law of
 * D_1 + Q D_2 Q^T + ..., D_i the squared singular values, Q Haar. */

struct joint_null {
    size_t rank, draws;
    double error;           /* of the (weighted) stack as it is, relative */
    double mean, deviation; /* of the draws; the deviation of a sample (draws - 1) */
    double least, most;
    double z; /* (error - mean) / deviation; NAN where all draws are alike */
};
enum { JOINT_NULL_DRAWS = 50 }; /* the default */

/* z above this says "no shared structure". */
#define JOINT_NULL_SHARED (-3.0)

/* One set of draws answers for all ranks. Needs p >= 2 and 2 draws
 * (ERROR_USAGE), and entries that are not all zero (ERROR_NUMERIC); the same seed, the same numbers. */
bool joint_null(struct job *job, const struct joint_profile *g, const size_t *ranks, size_t n,
                size_t draws, uint64_t seed, struct joint_null *out, struct error *err);
