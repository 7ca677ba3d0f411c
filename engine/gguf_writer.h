#pragma once

#include "gguf.h"
#include "sink.h"

/* A GGUF file, version 3, little-endian (github.com/ggml-org/ggml, docs/gguf.md), from what is in it.
 * The header is written first; then, by whoever has it, the data of each tensor in the same order,
 * gguf_write_padding after each. ggml reads such a file: names and keys once, offsets one after the
 * other. general.quantization_version, where something is quantized, is the caller's to give. */

/* One pair of metadata; a value, or the bytes of one. Borrows everything. */
struct gguf_field {
    const char *key;      /* plain text of 1 to LIMIT_GGUF_KEY bytes */
    enum gguf_value type; /* of a value: all but GGUF_ARRAY */
    uint64_t whole;       /* u8 to u64, bool; negative ones as int64_t */
    double real;          /* f32, f64 */
    const char *text;     /* GGUF_TEXT */
    const unsigned char
        *raw; /* not NULL: type and value as files hold them, looked at no further */
    size_t raw_size;
};

/* What a file is to hold. general.alignment (u32) among the fields is obeyed; 32 without it. */
struct gguf_content {
    const struct gguf_field *fields;
    size_t n_fields;
    const struct gguf_tensor *tensors; /* name, shape, dims, id and size are looked at */
    size_t n;
};

/* Into a sink that holds nothing yet, data begins at the next multiple of the alignment. ERROR_USAGE,
 * before a byte is written: names of GGUF_NAME bytes and more, keys and names that are not plain text
 * or there twice, values that do not fit their type, rows that are no whole blocks, a size that is
 * not that of type and shape. */
bool gguf_write_header(const struct gguf_content *c, struct sink *to, struct error *err);
/* Zeros up to the next multiple of the alignment. */
bool gguf_write_padding(const struct gguf_content *c, struct sink *to, struct error *err);

/* The n_pairs fields of a file that gguf_read has read from s, byte for byte, keys borrowed from h;
 * one block, freed with memory_free. NULL: it failed, as source_read does or for memory. */
struct gguf_field *gguf_fields_of(const struct source *s, const struct gguf *h, struct error *err);
/* The bytes of one of its tensors as they lie. */
bool gguf_write_copy(const struct source *s, const struct gguf_tensor *t, struct sink *to,
                     struct error *err);
