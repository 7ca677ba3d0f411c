#pragma once

#include "chacha.h"
#include "release.h"

/* What a release is once it is paid for, from integers to what may be published, without ledger,
 * device or file: release.c and gradual.c use it, and whoever wants to break the promise on rows
 * that are nobody's (audit, tests). A draw on its own is no release and cannot be written as one. */

/* Room for d columns. */
bool release_draw_init(struct release_draw *w, enum mechanism m, size_t d, struct error *err);

/* noisy (d x d) of release_noise -> w: a draw that was initialised, or made before. The imaginary part,
 * where there is one, comes from a generator that is keyed by a word of `from`. ERROR_MEMORY,
 * ERROR_NUMERIC. */
bool release_draw_make(const struct release_terms *t, const struct release_price *p,
                       const int64_t *noisy, struct chacha *from, struct release_draw *w,
                       struct error *err);

/* The steps of that: whole numbers of the lattice; imaginary noise (d x d, antisymmetric, F64) of a fresh
 * key; and, of a draw whose noisy and imaginary parts stand, with s of that noise, all that follows from
 * them: any other rank, form, shrinkage or clamp costs nothing. */
void release_draw_put(const int64_t *noisy, double lattice, struct matrix_view out);
bool release_draw_imaginary(double deviation, uint64_t key, struct matrix_view out,
                            struct error *err);
bool release_draw_follow(const struct release_terms *t, double deviation, struct release_draw *w,
                         struct error *err);

/* Rows on the grid (n x d) -> w, as one release would: Gram matrix, noise, all that is free. The sums
 * are overwritten before it returns. Once more with the same w: another draw. */
bool release_try(const int32_t *rows, size_t n, size_t d, const struct release_terms *t,
                 const struct release_price *p, struct chacha *from, struct release_draw *w,
                 struct error *err);
/* The noisy sums alone, in steps of the grid: out (d x d). */
bool release_try_noisy(const int32_t *rows, size_t n, size_t d, const struct release_price *p,
                       struct chacha *from, int64_t *out, struct error *err);
