#include "packing.h"

void packing_push(struct packing *p, const uint32_t *code, size_t n, int bits)
{
    for (size_t i = 0; i < n; i++) {
        p->pending |= (uint64_t)code[i] << p->n;
        p->n += bits;
        if (p->n < 32)
            continue;
        for (int j = 0; j < 4; j++)
            p->at[j] = (uint8_t)(p->pending >> 8 * j);
        p->at += 4;
        p->pending >>= 32;
        p->n -= 32;
    }
}

void packing_flush(struct packing *p)
{
    for (; p->n > 0; p->n -= 8, p->pending >>= 8)
        *p->at++ = (uint8_t)p->pending;
    p->n = 0;
}

void packing_pull(struct packing *p, uint32_t *code, size_t n, int bits)
{
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    for (size_t i = 0; i < n; i++) {
        while (p->n < bits) {
            int bytes = p->end - p->at >= 4 ? 4 : 1;
            for (int j = 0; j < bytes; j++)
                p->pending |= (uint64_t)p->at[j] << (p->n + 8 * j);
            p->at += bytes;
            p->n += 8 * bytes;
        }
        code[i] = (uint32_t)(p->pending & mask);
        p->pending >>= bits;
        p->n -= bits;
    }
}

uint32_t packing_at(const uint8_t *stream, int bits, size_t i)
{
    size_t first = i * (size_t)bits, shift = first % 8;
    const uint8_t *at = stream + first / 8;
    uint64_t word = 0;
    for (size_t j = 0; 8 * j < shift + (size_t)bits; j++)
        word |= (uint64_t)at[j] << 8 * j;
    return (uint32_t)(word >> shift & (((uint64_t)1 << bits) - 1));
}
