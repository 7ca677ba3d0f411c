#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A cursor over bytes nobody vouches for. A read past the end yields zero and
 * marks the cursor bad for good, so that a parser reads a whole header in a
 * straight line and asks once. Lengths are checked before they are used. */
struct bytes {
    const uint8_t *at, *end;
    bool bad;
};

uint8_t bytes_u8(struct bytes *b);
uint16_t bytes_u16le(struct bytes *b);
uint16_t bytes_u16be(struct bytes *b);
uint32_t bytes_u32le(struct bytes *b);
uint32_t bytes_u32be(struct bytes *b);
uint64_t bytes_u64le(struct bytes *b);
const uint8_t *bytes_take(struct bytes *b, uint64_t n); /* NULL past the end */

/* False where the result does not fit; the front of every size from a file. */
static inline bool size_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool size_add(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}
