#pragma once

#include "matrix.h"

#include <stdint.h>

/* A picture as its file holds it: interleaved samples, 8 or 16 bits (native
 * endian), after palette expansion and EXIF orientation. Gamma and profiles are
 * not applied: the samples stay as coded; what names them is carried along. */
struct raster {
    size_t width, height;
    int channels;       /* 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha */
    int depth;          /* 8 or 16: the type of samples */
    int source_depth;   /* bits per sample in the file: 1 to 16 */
    unsigned full;      /* the sample that means 1: 255, 65535, or a PNM's maxval */
    void *samples;      /* owned; height * width * channels */
    double gamma;       /* gAMA chunk, 0 if none */
    int srgb_intent;    /* sRGB chunk, -1 if none */
    unsigned char *icc; /* owned; iCCP profile, NULL if none */
    size_t icc_size;
    int orientation; /* EXIF orientation that was applied, 1 if none */
};

bool raster_init(struct raster *r, size_t width, size_t height, int channels, int depth,
                 struct error *err);  /* ERROR_LIMIT before allocation */
void raster_finish(struct raster *r); /* {0} and a finished one are fine */

/* Applies an EXIF orientation (1..8) in place; swaps width and height for 5..8. */
bool raster_orient(struct raster *r, int orientation, struct error *err);

enum planes { PLANES_RGB, PLANES_YCBCR };
extern const char *const planes_names[]; /* "rgb", "ycbcr", NULL */

/* Between neighbouring values of the file's samples, of a full scale of 1. */
double raster_step(const struct raster *r);

/* One plane in [0, 1]. Alpha is composited on white (as the file's values, no
 * gamma); plane 'a' is alpha itself; 'y' (also "grey" of a colour picture) is
 * BT.601 luma 0.299 R + 0.587 G + 0.114 B of the coded values. */
void raster_plane(const struct raster *r, char plane, struct matrix_view out);

/* r, g, b <-> y, cb, cr in place (JFIF, full range; cb and cr around 0.5). */
void raster_to_ycbcr(struct matrix_view planes[3]);
void raster_from_ycbcr(struct matrix_view planes[3]);

/* Planes (1 or 3, values clamped to [0, 1]) -> samples of `depth`, rounded to
 * nearest, carrying like's gamma and profile (like may be NULL). */
bool raster_from_planes(const struct matrix_view *planes, size_t n, int depth,
                        const struct raster *like, struct raster *out, struct error *err);
