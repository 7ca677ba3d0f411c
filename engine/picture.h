#pragma once

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
