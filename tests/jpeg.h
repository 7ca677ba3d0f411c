#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A JPEG of any size, baseline, three components, none subsampled (ITU-T T.81): waves of a few
 * wavelengths and, in every block, some fine grain. Its codes are all of one length, 4 bits for
 * DC and 8 for AC, so that the tables are lists of symbols. */

struct jpeg {
    FILE *f;
    uint32_t bits;
    int n; /* of them that wait */
    unsigned seed;
};

static inline void jpeg_put(struct jpeg *j, unsigned value, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        j->bits = j->bits << 1 | (value >> i & 1);
        if (++j->n < 8)
            continue;
        fputc((int)(j->bits & 0xff), j->f);
        if ((j->bits & 0xff) == 0xff)
            fputc(0, j->f);
        j->n = 0;
    }
}

/* Bits of a coefficient, and the bits themselves: F.1.2.1. */
static inline int jpeg_size(int v)
{
    int n = 0;
    for (int a = abs(v); a; a >>= 1)
        n++;
    return n;
}

static inline unsigned jpeg_bits(int v, int n)
{
    return (unsigned)(v < 0 ? v + (1 << n) - 1 : v);
}

static inline int jpeg_random(struct jpeg *j, int most)
{
    j->seed = j->seed * 1664525U + 1013904223U;
    return (int)(j->seed >> 16) % (2 * most + 1) - most;
}

/* Symbols of AC: run and size, 0xRS, with sizes 1 to 10, then end of block and 16 zeros. */
static inline unsigned jpeg_ac(int run, int size)
{
    return size ? (unsigned)(10 * run + size - 1) : 160;
}

static inline void jpeg_block(struct jpeg *j, int dc, int *last)
{
    int n = jpeg_size(dc - *last), run = 0;
    jpeg_put(j, (unsigned)n, 4);
    jpeg_put(j, jpeg_bits(dc - *last, n), n);
    *last = dc;
    for (int k = 1; k < 20; k++) {
        int v = jpeg_random(j, 16 / (k + 1));
        int size = jpeg_size(v);
        if (!v) {
            run++;
            continue;
        }
        jpeg_put(j, jpeg_ac(run, size), 8);
        jpeg_put(j, jpeg_bits(v, size), size);
        run = 0;
    }
    jpeg_put(j, jpeg_ac(0, 0), 8);
}

static inline void jpeg_bytes(FILE *f, const char *bytes, size_t n)
{
    fwrite(bytes, 1, n, f);
}

static inline void jpeg_tables(FILE *f, int width, int height)
{
    jpeg_bytes(f, "\xff\xd8\xff\xdb\0\x43\0", 7);
    for (int i = 0; i < 64; i++)
        fputc(4 + i / 4, f);
    jpeg_bytes(f, "\xff\xc0\0\x11\x08", 5);
    for (int i = 0; i < 4; i++)
        fputc((i < 2 ? height : width) >> (i % 2 ? 0 : 8) & 0xff, f);
    jpeg_bytes(f, "\3\1\x11\0\2\x11\0\3\x11\0", 10);
    jpeg_bytes(f, "\xff\xc4\0\x1f\0\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0", 21);
    for (int i = 0; i < 12; i++)
        fputc(i, f);
    jpeg_bytes(f, "\xff\xc4\0\xb4\x10\0\0\0\0\0\0\0\xa1\0\0\0\0\0\0\0\0", 21);
    for (int i = 0; i < 160; i++)
        fputc(i / 10 << 4 | (i % 10 + 1), f);
    fputc(0, f);
    jpeg_bytes(f, "\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0", 14);
}

static inline bool jpeg_write(const char *path, int width, int height)
{
    struct jpeg j = { .f = fopen(path, "wb"), .seed = 7 };
    int last[3] = { 0 };
    if (!j.f)
        return false;
    jpeg_tables(j.f, width, height);
    for (int y = 0; y < (height + 7) / 8; y++)
        for (int x = 0; x < (width + 7) / 8; x++)
            for (int c = 0; c < 3; c++)
                jpeg_block(&j,
                           (int)(60 * sin(x / (20.0 + c)) * cos(y / 31.0) +
                                 60 * sin((x + y) / (40.0 + 5 * c))),
                           &last[c]);
    while (j.n)
        jpeg_put(&j, 1, 1);
    jpeg_bytes(j.f, "\xff\xd9", 2);
    return fclose(j.f) == 0;
}
