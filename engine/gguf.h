#pragma once

#include "blocks.h"
#include "source.h"

/* The header of a GGUF file, versions 2 and 3, little-endian (github.com/ggml-org/ggml,
 * docs/gguf.md). Bounded memory: values of metadata are kept as short text, arrays as their
 * number of items; tokens are walked over, not held. */

enum gguf_value {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_TEXT,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
};

enum { GGUF_DIMS = 4, GGUF_TEXT_KEPT = 200, GGUF_NAME = 64 };

struct gguf_pair {
    char *key; /* owned */
    char *
        text; /* owned: a number in full, text cut to GGUF_TEXT_KEPT bytes (of any kind), "12 items" */
    enum gguf_value type;
    uint64_t at;          /* offset of the key */
    uint64_t value, size; /* offset and bytes of type and value together */
};

struct gguf_tensor {
    char *name;                /* owned; UTF-8, no control bytes */
    uint64_t shape[GGUF_DIMS]; /* slowest first: rows, cols; the file lists them the other way */
    size_t dims;
    const struct block_type *type; /* NULL: not known */
    uint32_t id;                   /* of the type, in the file */
    const char *type_name;         /* static text */
    uint64_t at;                   /* offset of its description */
    uint64_t offset,
        size; /* of its data in the file, bytes; where the type's size is not known, what
                              lies before the next tensor */
};

struct gguf {
    unsigned version;
    uint64_t alignment;      /* of tensors, bytes */
    uint64_t data;           /* offset of the first tensor's data */
    uint64_t gaps;           /* bytes between and behind tensors that are not padding */
    struct gguf_pair *pairs; /* owned; as in the file */
    size_t n_pairs;
    struct gguf_tensor *tensors; /* owned; as in the file */
    size_t n;
};

const char *gguf_value_name(enum gguf_value type); /* "u32" */

/* ERROR_FORMAT, ERROR_LIMIT: one sentence with the offset, before anything is allocated for it. */
bool gguf_read(const struct source *s, struct gguf *out, struct error *err);
void gguf_finish(struct gguf *h);                                         /* {0} is fine */
const struct gguf_pair *gguf_pair(const struct gguf *h, const char *key); /* NULL: none */
/* A whole number of any width that is not negative; false: none of that key. */
bool gguf_count(const struct gguf *h, const char *key, uint64_t *out);

/* The name of two tensors in files that belong together, and where the second is described;
 * *name NULL: there are none. False: ERROR_MEMORY. */
bool gguf_twice(const struct gguf *files, size_t n, const char **name, uint64_t *at,
                struct error *err);
