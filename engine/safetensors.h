#pragma once

#include "document.h"

/* The header of a safetensors file, both ways; the only door to jansson. */

enum { TENSOR_DIMS = 8 };

struct tensor {
    char *name;        /* owned by the header; UTF-8, no control bytes */
    const char *dtype; /* "F32", "U8", ...: static text */
    uint64_t shape[TENSOR_DIMS];
    size_t dims;
    uint64_t offset, size; /* from the start of the file, bytes; checked */
};

struct safetensors {
    struct tensor *tensors; /* owned; sorted by offset */
    size_t n;
    struct fact *metadata; /* owned, with text; string to string */
    size_t n_metadata;
};

/* Everything the format demands: no hole, overlap, duplicate, trailing byte, bad UTF-8. */
bool safetensors_read(const struct source *s, struct safetensors *out, struct error *err);
void safetensors_finish(struct safetensors *h); /* {0} is fine */
const struct tensor *safetensors_find(const struct safetensors *h, const char *name);
const char *safetensors_metadata(const struct safetensors *h, const char *key); /* NULL: none */

/* Writes the length and the JSON header, padded with blanks to a multiple of 8;
 * offsets follow from the order of `tensors` (name, dtype, shape, size are read). */
bool safetensors_write_header(const struct tensor *tensors, size_t n, const struct fact *metadata,
                              size_t n_metadata, struct sink *to, struct error *err);
