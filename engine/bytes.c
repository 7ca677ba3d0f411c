#include "bytes.h"

const uint8_t *bytes_take(struct bytes *b, uint64_t n)
{
    if (b->bad || n > (uint64_t)(b->end - b->at)) {
        b->bad = true;
        return NULL;
    }
    const uint8_t *p = b->at;
    b->at += n;
    return p;
}

static uint64_t little(struct bytes *b, unsigned n)
{
    const uint8_t *p = bytes_take(b, n);
    uint64_t v = 0;
    for (unsigned i = 0; p && i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static uint64_t big(struct bytes *b, unsigned n)
{
    const uint8_t *p = bytes_take(b, n);
    uint64_t v = 0;
    for (unsigned i = 0; p && i < n; i++)
        v = v << 8 | p[i];
    return v;
}

uint8_t bytes_u8(struct bytes *b)
{
    return (uint8_t)little(b, 1);
}

uint16_t bytes_u16le(struct bytes *b)
{
    return (uint16_t)little(b, 2);
}

uint16_t bytes_u16be(struct bytes *b)
{
    return (uint16_t)big(b, 2);
}

uint32_t bytes_u32le(struct bytes *b)
{
    return (uint32_t)little(b, 4);
}

uint32_t bytes_u32be(struct bytes *b)
{
    return (uint32_t)big(b, 4);
}

uint64_t bytes_u64le(struct bytes *b)
{
    return little(b, 8);
}
