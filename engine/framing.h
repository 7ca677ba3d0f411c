#pragma once

#include "job.h"
#include "result.h"

/* What methods put around their terms (struct frame): a rotation before anything is coded,
 * normalise-and-shift afterwards. */

/* The bits of a frame, as method.bits counts them: what result_bits_* says of it. */
uint64_t framing_bits(bool rotated, bool shifted, size_t rows, size_t cols, bool paper);

/* *out = a, rotated on both sides, in the job's scratch: what to approximate in place of a. The signs
 * follow from the seed; frame `matrix` of *r gets them. */
bool framing_rotate(struct job *job, struct matrix_view a, uint64_t seed, struct result *r,
                    size_t matrix, struct matrix_view *out, struct error *err);

/* Sets scale and shift of frame `matrix` of *r, which has all its terms. a: the input as it was
 * given. The error never grows. Expands the result on the processor. */
bool framing_normalise(struct job *job, struct matrix_view a, struct result *r, size_t matrix,
                       struct error *err);

/* The pair with the least ||x - (scale y + shift)||_F (normalise-and-shift of the released code of
 * Saha, Srivastava, Pilanci 2023); 0 and the mean of x where y is constant; 1 and 0 where no pair is
 * better than those once rounded to y's type. Sums in double precision; x and y of equal shape. Pure. */
void framing_fit(struct matrix_view x, struct matrix_view y, double *scale, double *shift);
