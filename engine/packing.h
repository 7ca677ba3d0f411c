#pragma once

#include <stddef.h>
#include <stdint.h>

/* Codes of 1 to 24 bits as a stream, least significant bit first, without gaps. */

struct packing {
    uint8_t *at;
    const uint8_t *end; /* of the stream; only pull looks at it */
    uint64_t pending;   /* bits between `at` and the codes, n of them */
    int n;
};

void packing_push(struct packing *p, const uint32_t *code, size_t n, int bits);
void packing_flush(struct packing *p); /* the last bytes; zeros fill the last one */
void packing_pull(struct packing *p, uint32_t *code, size_t n, int bits);

/* Code number i of a stream. */
uint32_t packing_at(const uint8_t *stream, int bits, size_t i);
