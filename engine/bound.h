#pragma once

#include "result.h"
#include "spectrum.h"

/* The theory curve of LPLR, derived from Saha, Srivastava, Pilanci 2023, Theorem 3.2:
 *
 *   E||L R - A||_F^2 <= min over 1 <= k <= m-2 of
 *       (1 + k/(m-k-1)) tau_k^2 + n R_Q^2/(2^B-1)^2 m k/(m-k-1)
 *     + d R_Q'^2/(2^B'-1)^2 E||Z||_F^2
 *
 * for a Gaussian sketch and dithered symmetric rounding with one range a factor. */
struct bound_lplr {
    size_t n, d, m;                 /* rows, columns, sketch size */
    int left_bits, right_bits;      /* B, B' */
    double left_range, right_range; /* R_Q, R_Q': largest magnitudes seen */
    double left_norm;               /* ||Z||_F, the rounded left factor */
};

/* Relative to ||A||_F (sqrt of the above over the norm). NAN when m < 3 or the
 * spectrum is not complete. */
double bound_lplr(const struct bound_lplr *b, const struct spectrum *s);

/* Its parts: the three summands at the best k. False where bound_lplr is NAN; *out is then as before. */
bool bound_lplr_parts(const struct bound_lplr *b, const struct spectrum *s, struct theory *out);
