#pragma once

#include "confine.h"
#include "document.h"

/* What the picture formats share. */

/* Refuses sides and areas beyond limit.h, ERROR_LIMIT, and empty ones, ERROR_FORMAT;
 * `offset` is where the file says them. Asked before anything is allocated. */
bool picture_size_ok(const struct source *s, uint64_t offset, uint64_t width, uint64_t height,
                     struct error *err);

/* The type of samples in words, bits and full scale ("u8 / 255"): static text. */
const char *picture_sample_type(unsigned full);

/* Adds the planes of d->raster as entries: grey; r, g, b of a colour picture; a where there is alpha. */
bool picture_add_planes(struct document *d, struct error *err);

/* Notes alpha, orientation, profile, gamma and the bytes that follow `end`. */
void picture_note(struct document *d, uint64_t end);

/* A format's read: one plane of d->raster. */
bool picture_read_plane(const struct document *d, const struct entry *e, struct matrix_view to,
                        struct error *err);

/* A picture whose pixels a decoder behind the fence takes out (decode.h). The format reads its
 * header first, and trusts the answer only where it is what the header claims. */
struct picture_claim {
    uint64_t width, height; /* picture_size_ok */
    int channels;           /* 1 to 4, of 8 bits, that are wanted */
    uint64_t planes;        /* bytes for the decoder's own planes */
};

/* Calls read with the whole file in memory that a decoder will share. ERROR_LIMIT, ERROR_MEMORY,
 * ERROR_READ, or what read fails with. */
bool picture_confined(struct document *d,
                      bool (*read)(struct document *d, struct confine *c, struct error *err),
                      struct error *err);

/* Fills d->raster. ERROR_FORMAT: the decoder refused it, crashed or took too long. */
bool picture_decode(struct document *d, struct confine *c, const struct picture_claim *claim,
                    struct error *err);
