#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The element types of GGUF: so many elements in so many bytes, as ggml defines them. Pure
 * functions; any thread. */

enum { BLOCK_ELEMENTS = 256, BLOCK_GROUPS = 16 };

/* A block taken apart. Element i is code[i] * scale[g] + offset[g] in single precision,
 * g = i / (elements of a group). */
struct block {
    float scale[BLOCK_GROUPS], offset[BLOCK_GROUPS];
    int8_t code[BLOCK_ELEMENTS];
};

struct block_type {
    const char *name;
    unsigned elements, bytes; /* of a block; both 0: a size we do not know (removed types) */
    unsigned group;           /* elements that share a scale; 0: not decoded here */
    bool uneven;              /* codes are looked up in a table, so steps differ */
    int raw;                  /* plain numbers: enum raw_type + 1; 0: none */
    void (*unpack)(const uint8_t *bytes, struct block *out);
    void (*pack)(const float *x, uint8_t *bytes); /* NULL: not written here */
};

/* By its number in files, or its name, "Q4_0"; NULL: not known. */
const struct block_type *block_type(uint32_t id);
const struct block_type *block_named(const char *name);
/* The name of any type up to 255, "type 77" where it is not known; static text. NULL above. */
const char *block_type_name(uint32_t id);
bool block_readable(const struct block_type *type); /* NULL: no */

/* All elements of a block. A NaN or an infinity in a scale comes out as it is. */
void block_decode(const struct block_type *type, const uint8_t *bytes, float *out);

/* Rounds a block of elements, bit for bit as ggml's reference quantizers do; of a type that has
 * `pack`. A step beyond half precision becomes an infinity there, and NaNs when decoded. */
void block_encode(const struct block_type *type, const float *x, uint8_t *bytes);

/* Mean square of the rounding that made such a block: the mean of step^2 / 12 over its groups.
 * NAN where steps are uneven. */
double block_noise(const struct block_type *type, const uint8_t *bytes);
