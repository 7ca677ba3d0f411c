#pragma once

#include "matrix.h"
#include "sink.h"
#include "source.h"

/* Plain element types as files hold them, in either byte order. */
enum raw_type {
    RAW_F16,
    RAW_BF16,
    RAW_F32,
    RAW_F64,
    RAW_I8,
    RAW_I16,
    RAW_I32,
    RAW_I64,
    RAW_U8,
    RAW_U16,
    RAW_U32,
    RAW_U64,
    RAW_BOOL,
};

size_t raw_size(enum raw_type type);   /* bytes of an element */
bool raw_is_whole(enum raw_type type); /* every element is a whole number */

/* rows * cols elements in row-major order without padding, converted to `to`'s type.
 * Integers above 2^53 (F64) or 2^24 (F32) are rounded. Fails like source_read. */
bool raw_read(const struct source *s, uint64_t offset, enum raw_type type, bool big_endian,
              struct matrix_view to, struct error *err);

/* The entries in row-major order, little-endian, in their own type, without padding. */
bool raw_write(struct matrix_view from, struct sink *to, struct error *err);
