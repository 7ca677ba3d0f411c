#pragma once

#include "linalg.h"
#include "result.h"

/* Pictures at the resolution of the screen. Averaging pixels into cells is
 * linear, so the factors are averaged once, P_r L and R P_c^T, and any rank is
 * reconstructed from them alone: cost h w k, whatever the picture's size. Exact
 * before clamping to [0, 1]. Any thread. */

/* A rectangle of a matrix, in entries; its borders may cut through them. All 0: the whole. */
struct region {
    double row, col, rows, cols;
};
bool region_equal(struct region a, struct region b);

struct preview {
    struct matrix left;  /* height x rank, F32; owned; sigma included */
    struct matrix right; /* rank x width, F32; owned */
    struct matrix
        dense; /* height x width: what is no product, or is rotated; owned, empty if none */
    size_t width, height, rank;
};

/* Averages (or repeats, when the target is larger) a into out: out's shape decides. Area weights. */
bool preview_resample(struct matrix_view a, struct matrix_view out, struct error *err);
/* The same of a region of a, which lies inside a. */
bool preview_resample_region(struct matrix_view a, struct region part, struct matrix_view out,
                             struct error *err);

/* Of a region of the matrix: only its rows and columns of the factors are read; a rotated result is
 * expanded, and its picture is the same at every rank. */
bool preview_of_svd(const struct svd *s, struct region part, size_t height, size_t width,
                    struct preview *out, struct error *err); /* every rank up to s->n */
bool preview_of_result(const struct result *r, size_t matrix, struct region part, size_t height,
                       size_t width, struct preview *out, struct error *err);
void preview_finish(struct preview *p); /* {0} is fine */

/* out (height x width, F32) = the first `rank` columns' product plus the dense terms. */
void preview_render(const struct preview *p, size_t rank, struct matrix_view out);
