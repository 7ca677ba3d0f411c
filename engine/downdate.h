#pragma once

#include "coding.h"
#include "job.h"

/* Rounding that keeps its error where L R can take it: with V the right singular vectors of L R, the
 * error E of each row of Q is small in E H E^T, H = I - V V^T + regular I. Entries are rounded from
 * the last column to the first, each after the errors so far were passed on to it (LDLQ; the downdated
 * Hessian of the released CALDERA code, Saha et al. 2024, with no data: H = I before). */

/* As coding_encode of m, with the ranges that it gives. right (rank x m.cols, F64): R, whose rows span
 * those of V; overwritten. Scalar levels alone. On the processor, as many operations as four
 * products of m with R^T; cancelled between rows. */
bool downdate_encode(struct job *job, const struct coding *c, struct matrix_view m,
                     struct matrix_view right, struct coded *out, struct error *err);
