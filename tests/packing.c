/* Where the bits lie and how many there are. The seed is fixed. */

#include "check.h"

#include "coding.h"
#include "packing.h"
#include "random.h"

#include <stdint.h>
#include <stdlib.h>

enum { SEED = 8 };

/* Bit k of code i is bit i bits + k of the stream. */
static bool bits_lie_right(const uint8_t *stream, const uint32_t *code, size_t n, int bits)
{
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < bits; k++) {
            size_t at = i * (size_t)bits + (size_t)k;
            if ((stream[at / 8] >> at % 8 & 1) != (code[i] >> k & 1))
                return false;
        }
    return true;
}

static void test_packing(void)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 7, 8, 9, 31, 64, 65, 1001 };
    size_t wrong = 0;
    for (int bits = 1; bits <= 32; bits++)
        for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
            size_t n = sizes[s], bytes = (n * (size_t)bits + 7) / 8;
            uint32_t *code = malloc((n + 1) * sizeof(*code)),
                     *back = malloc((n + 1) * sizeof(*back));
            uint8_t *stream = malloc(bytes +
                                     1); /* exact, so that a sanitizer sees one byte too far */
            stream[bytes] = 0xa5;
            for (size_t i = 0; i < n; i++)
                code[i] = philox_block(SEED, (uint32_t)i, 0, 0, 0).word[0] >> (32 - bits);
            struct packing w = { .at = stream }, r = { .at = stream, .end = stream + bytes };
            for (size_t i = 0, step; i < n; i += step) { /* in pieces */
                step = n - i < 13 ? n - i : 13;
                packing_push(&w, code + i, step, bits);
            }
            packing_flush(&w);
            packing_pull(&r, back, n, bits);
            wrong += w.at != stream + bytes || stream[bytes] != 0xa5 || r.at > r.end;
            wrong += !bits_lie_right(stream, code, n, bits);
            for (size_t i = 0; i < n; i++)
                wrong += back[i] != code[i] || packing_at(stream, bits, i) != code[i];
            free(code);
            free(back);
            free(stream);
        }
    CHECK(wrong == 0);
}

static void test_sizes(void)
{
    extern const struct quantizer quantizer_uniform;
    struct coding c = { .quantizer = &quantizer_uniform, .bits = 5 };
    CHECK(coding_bits_paper(&c, 1000, 83) == 415000 && coding_bits_true(&c, 1000, 83) == 415128);
    CHECK(coding_codes_size(&c, 3, 3) == 6 && coding_codes_size(&c, 0, 3) == 0);
    c.symmetric = true;
    CHECK(coding_bits_true(&c, 1000, 83) == 415064);
    c.scales = SCALES_VECTOR;
    c.by_column = true;
    CHECK(coding_ranges(&c, 1000, 83) == 83 && coding_bits_true(&c, 1000, 83) == 415064 + 83 * 16);
    c.symmetric = false;
    CHECK(coding_bits_true(&c, 1000, 83) == 415064 + 83 * 32);
    c.scales = SCALES_BLOCK;
    CHECK(coding_ranges(&c, 1000, 83) == 83 * 16 &&
          coding_bits_true(&c, 1000, 83) == 415064 + 83 * 16 * 32);
    c.by_column = false;
    CHECK(coding_ranges(&c, 1000, 83) == 2000);
    CHECK(coding_ranges(&c, 0, 83) == 0 && coding_bits_true(&c, 0, 83) == 64);
    c.bits = 24;
    CHECK(coding_bits_paper(&c, (size_t)1 << 17, (size_t)1 << 17) == (uint64_t)24 << 34);
}

int main(void)
{
    test_packing();
    test_sizes();
    return check_done();
}
