#pragma once

#include "bound.h"

/* What is known of the error of L R from the spectrum of A and the ranges of L and R: what
 * methods' `theory` is made of. The result has one term of two coded parts of scalar levels for the
 * input; else there is none.
 *
 * At another rank than the result's the ranges are this result's, carried over: see each. There a
 * curve is no bound: a wider left factor may have a far larger ||W|| (for a sketch of a spectrum that
 * falls as exp(-i/10), ranges of rank 20 tell .75 at rank 60, where .92 is measured).
 *
 * Both fill out[0..n) but for `proved` and `unproved`, at ranks that do not fall; error is NAN where
 * nothing is known at a rank. False: nothing at all. Ranges of their own for columns or blocks count
 * by what each adds: the mean square of the steps. */

/* L = Q(A S): bound.h. Columns of the sketch have variance ||A||^2 / m, so that L's ranges go with
 * 1 / sqrt m; those of R stay, and so does ||L||. Needs the complete spectrum. */
bool theory_lplr(const struct spectrum *s, const struct result *r, size_t matrix,
                 const size_t *ranks, size_t n, struct theory *out);

/* L = Q(U Sigma^split), and R = Q'(Sigma^(1 - split) V^T) or Q'(L^+ A), A_k = U Sigma V^T. With
 * N = L - U Sigma^split and unbiased rounding,
 *
 *   E||L R - A||^2 <= tau_k^2 + sum_i n D_i^2/4 sigma_i^(2 - 2 split) + sum_i d D'_i^2/4 ||l_i||^2,
 *
 * D_i, D'_i the steps of component i. The first two are ||A_k - A + N Sigma^(1 - split) V^T||^2, whose
 * summands are orthogonal, as (A - A_k) V_k = 0; a least-squares fit is no worse, since Sigma^(1 - split)
 * V^T is one of the candidates (lplr's split of the error and its argument with W~, for another W~).
 * The third is the dither of R given L. Components beyond the result's rank have steps that fall
 * as the entries they are of do (Sigma^split, Sigma^(1 - split)) where ranges are by component.
 * Of an incomplete spectrum the result's own rank is all, where measures[].optimal is known. */
bool theory_svd(const struct spectrum *s, const struct result *r, size_t matrix, double split,
                const size_t *ranks, size_t n, struct theory *out);

/* The first assumption of these that fails for the result, in a few words; NULL: none does. Of both:
 * dithered rounding, one round, ranges that hold every entry. one_range, of lplr's theorem besides: a
 * symmetric range a factor, uniform levels, `gaussian`. */
const char *theory_doubt(const struct result *r, size_t matrix, bool one_range, bool gaussian);
/* Puts that into all n; without a doubt only the result's own rank is proved: at others it is the ranges
 * of this one that are carried over. */
void theory_claim(const char *doubt, const struct result *r, const size_t *ranks, size_t n,
                  struct theory *out);
