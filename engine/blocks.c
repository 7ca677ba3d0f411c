/* Layouts: ggml's block_q4_0 to block_iq4_xs (github.com/ggml-org/ggml, ggml-common.h), and their
 * dequantize_row functions, whose single-precision operations are done here in the same order. */
#include "blocks.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "half.h"
#include "raw.h"

/* Levels of IQ4_NL and IQ4_XS. */
static const int8_t levels[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                   1,    13,   25,  38,  53,  69,  89,  113 };

static float half_at(const uint8_t *at)
{
    return (float)half_to((uint16_t)(at[0] | at[1] << 8));
}

/* `n` bytes hold 2 n codes of four bits: the low halves first, then the high ones. */
static void nibbles(const uint8_t *from, size_t n, int less, int8_t *to)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = (int8_t)((from[i] & 15) - less);
        to[i + n] = (int8_t)((from[i] >> 4) - less);
    }
}

static void fifth_bits(const uint8_t *bits, int8_t *codes)
{
    for (size_t i = 0; i < 32; i++)
        codes[i] = (int8_t)(codes[i] + ((bits[i / 8] >> i % 8 & 1) << 4));
}

static void unpack_q4_0(const uint8_t *p, struct block *out)
{
    out->scale[0] = half_at(p);
    nibbles(p + 2, 16, 8, out->code);
}

static void unpack_q4_1(const uint8_t *p, struct block *out)
{
    out->scale[0] = half_at(p);
    out->offset[0] = half_at(p + 2);
    nibbles(p + 4, 16, 0, out->code);
}

static void unpack_q5_0(const uint8_t *p, struct block *out)
{
    out->scale[0] = half_at(p);
    nibbles(p + 6, 16, 16, out->code);
    fifth_bits(p + 2, out->code);
}

static void unpack_q5_1(const uint8_t *p, struct block *out)
{
    out->scale[0] = half_at(p);
    out->offset[0] = half_at(p + 2);
    nibbles(p + 8, 16, 0, out->code);
    fifth_bits(p + 4, out->code);
}

static void unpack_q8_0(const uint8_t *p, struct block *out)
{
    out->scale[0] = half_at(p);
    memcpy(out->code, p + 2, 32);
}

/* 32 bytes hold 128 codes of two bits: bits 0 and 1 first, then 2 and 3, 4 and 5, 6 and 7. */
static void quarters(const uint8_t *from, int8_t *to)
{
    for (size_t i = 0; i < 128; i++)
        to[i] = (int8_t)(from[i % 32] >> 2 * (i / 32) & 3);
}

static void unpack_q2_k(const uint8_t *p, struct block *out)
{
    float d = half_at(p + 80), least = half_at(p + 82);
    quarters(p + 16, out->code);
    quarters(p + 48, out->code + 128);
    for (size_t g = 0; g < 16; g++) {
        out->scale[g] = d * (float)(p[g] & 15);
        out->offset[g] = -(least * (float)(p[g] >> 4));
    }
}

/* Six-bit scales in 12 bytes: four low bits of 16 in the first eight, two high bits of each behind. */
static int q3_k_scale(const uint8_t *s, size_t g)
{
    int low = s[g % 8] >> 4 * (g / 8) & 15, high = s[8 + g % 4] >> 2 * (g / 4) & 3;
    return (low | high << 4) - 32;
}

static void unpack_q3_k(const uint8_t *p, struct block *out)
{
    float d = half_at(p + 108);
    quarters(p + 32, out->code);
    quarters(p + 64, out->code + 128);
    for (size_t i = 0; i < 256; i++) /* a bit that is not set takes 4 away */
        out->code[i] = (int8_t)(out->code[i] - (p[i % 32] >> i / 32 & 1 ? 0 : 4));
    for (size_t g = 0; g < 16; g++)
        out->scale[g] = d * (float)q3_k_scale(p + 96, g);
}

/* Eight scales and eight minima of six bits in 12 bytes. */
static void k_scales(const uint8_t *p, struct block *out)
{
    float d = half_at(p), least = half_at(p + 2);
    const uint8_t *s = p + 4;
    for (size_t g = 0; g < 8; g++) {
        int scale = g < 4 ? s[g] & 63 : (s[g + 4] & 15) | s[g - 4] >> 6 << 4;
        int minimum = g < 4 ? s[g + 4] & 63 : s[g + 4] >> 4 | s[g] >> 6 << 4;
        out->scale[g] = d * (float)scale;
        out->offset[g] = -(least * (float)minimum);
    }
}

static void unpack_q4_k(const uint8_t *p, struct block *out)
{
    k_scales(p, out);
    for (size_t i = 0; i < 4; i++)
        nibbles(p + 16 + 32 * i, 32, 0, out->code + 64 * i);
}

static void unpack_q5_k(const uint8_t *p, struct block *out)
{
    k_scales(p, out);
    for (size_t i = 0; i < 4; i++)
        nibbles(p + 48 + 32 * i, 32, 0, out->code + 64 * i);
    for (size_t i = 0; i < 256; i++)
        out->code[i] = (int8_t)(out->code[i] + ((p[16 + i % 32] >> i / 32 & 1) << 4));
}

static void unpack_q6_k(const uint8_t *p, struct block *out)
{
    float d = half_at(p + 208);
    for (size_t half = 0; half < 2; half++) {
        int8_t *code = out->code + 128 * half;
        nibbles(p + 64 * half, 64, 32, code);
        for (size_t i = 0; i < 128; i++)
            code[i] = (int8_t)(code[i] + ((p[128 + 32 * half + i % 32] >> 2 * (i / 32) & 3) << 4));
    }
    for (size_t g = 0; g < 16; g++)
        out->scale[g] = d * (float)(int8_t)p[192 + g];
}

static void look_up(int8_t *codes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        codes[i] = levels[codes[i]];
}

static void unpack_iq4_nl(const uint8_t *p, struct block *out)
{
    out->scale[0] = half_at(p);
    nibbles(p + 2, 16, 0, out->code);
    look_up(out->code, 32);
}

static void unpack_iq4_xs(const uint8_t *p, struct block *out)
{
    float d = half_at(p);
    unsigned high = (unsigned)(p[2] | p[3] << 8);
    for (size_t g = 0; g < 8; g++) {
        int low = p[4 + g / 2] >> 4 * (g % 2) & 15;
        out->scale[g] = d * (float)((low | (int)(high >> 2 * g & 3) << 4) - 32);
        nibbles(p + 8 + 16 * g, 16, 0, out->code + 32 * g);
    }
    look_up(out->code, 256);
}

/* The other way, as ggml's quantize_row_*_ref do it: one over the step in single precision, the step
 * kept as a half. */
enum { SMALL = 32 }; /* elements of these blocks */

static void put_half(uint8_t *at, float value)
{
    uint16_t half = half_from((double)value, HALF_NEAREST);
    at[0] = (uint8_t)half;
    at[1] = (uint8_t)(half >> 8);
}

static void put_nibbles(const uint8_t *codes, uint8_t *to)
{
    for (size_t i = 0; i < SMALL / 2; i++)
        to[i] = (uint8_t)((codes[i] & 15) | codes[i + SMALL / 2] << 4);
}

static void put_fifth_bits(const uint8_t *codes, uint8_t *to)
{
    memset(to, 0, SMALL / 8);
    for (size_t i = 0; i < SMALL; i++)
        to[i / 8] = (uint8_t)(to[i / 8] | (codes[i] >> 4) << i % 8);
}

static float inverse(float step)
{
    return step != 0 ? 1 / step : 0;
}

/* Of a NaN 0. */
static uint8_t whole(float x, float last)
{
    return (uint8_t)fminf(last, fmaxf(0, truncf(x)));
}

/* 2 `half` levels, the entry of the largest magnitude at the lowest. */
static float pack_signed(const float *x, float half, uint8_t *codes)
{
    float most = 0;
    for (size_t i = 0; i < SMALL; i++)
        if (fabsf(x[i]) > fabsf(most))
            most = x[i];
    float step = most / -half, over = inverse(step);
    for (size_t i = 0; i < SMALL; i++)
        codes[i] = whole(x[i] * over + (half + 0.5f), 2 * half - 1);
    return step;
}

/* Levels 0 to `last` from the least entry to the largest. */
static float pack_affine(const float *x, float last, uint8_t *codes, float *least)
{
    float low = x[0], high = x[0];
    for (size_t i = 1; i < SMALL; i++) {
        low = fminf(low, x[i]);
        high = fmaxf(high, x[i]);
    }
    float step = (high - low) / last, over = inverse(step);
    for (size_t i = 0; i < SMALL; i++)
        codes[i] = whole((x[i] - low) * over + 0.5f, last);
    *least = low;
    return step;
}

static void pack_q4_0(const float *x, uint8_t *p)
{
    uint8_t codes[SMALL];
    put_half(p, pack_signed(x, 8, codes));
    put_nibbles(codes, p + 2);
}

static void pack_q4_1(const float *x, uint8_t *p)
{
    uint8_t codes[SMALL];
    float least;
    put_half(p, pack_affine(x, 15, codes, &least));
    put_half(p + 2, least);
    put_nibbles(codes, p + 4);
}

static void pack_q5_0(const float *x, uint8_t *p)
{
    uint8_t codes[SMALL];
    put_half(p, pack_signed(x, 16, codes));
    put_fifth_bits(codes, p + 2);
    put_nibbles(codes, p + 6);
}

static void pack_q5_1(const float *x, uint8_t *p)
{
    uint8_t codes[SMALL];
    float least;
    put_half(p, pack_affine(x, 31, codes, &least));
    put_half(p + 2, least);
    put_fifth_bits(codes, p + 4);
    put_nibbles(codes, p + 8);
}

static void pack_q8_0(const float *x, uint8_t *p)
{
    float most = 0;
    for (size_t i = 0; i < SMALL; i++)
        most = fmaxf(most, fabsf(x[i]));
    float step = most / 127, over = inverse(step);
    put_half(p, step);
    for (size_t i = 0; i < SMALL; i++) {
        float code = roundf(x[i] * over);
        p[2 + i] = (uint8_t)(int8_t)(isnan(code) ? 0 : fminf(127, fmaxf(-127, code)));
    }
}

#define PLAIN(n, type) .elements = 1, .bytes = (n), .raw = (type) + 1
#define LISTED(e, b)   .elements = (e), .bytes = (b)

static const struct block_type types[] = {
    [0] = { "F32", PLAIN(4, RAW_F32) },
    [1] = { "F16", PLAIN(2, RAW_F16) },
    [2] = { "Q4_0", 32, 18, 32, .unpack = unpack_q4_0, .pack = pack_q4_0 },
    [3] = { "Q4_1", 32, 20, 32, .unpack = unpack_q4_1, .pack = pack_q4_1 },
    [4] = { "Q4_2" }, /* removed from GGUF, as are all without a size */
    [5] = { "Q4_3" },
    [6] = { "Q5_0", 32, 22, 32, .unpack = unpack_q5_0, .pack = pack_q5_0 },
    [7] = { "Q5_1", 32, 24, 32, .unpack = unpack_q5_1, .pack = pack_q5_1 },
    [8] = { "Q8_0", 32, 34, 32, .unpack = unpack_q8_0, .pack = pack_q8_0 },
    [9] = { "Q8_1", LISTED(32, 36) },
    [10] = { "Q2_K", 256, 84, 16, .unpack = unpack_q2_k },
    [11] = { "Q3_K", 256, 110, 16, .unpack = unpack_q3_k },
    [12] = { "Q4_K", 256, 144, 32, .unpack = unpack_q4_k },
    [13] = { "Q5_K", 256, 176, 32, .unpack = unpack_q5_k },
    [14] = { "Q6_K", 256, 210, 16, .unpack = unpack_q6_k },
    [15] = { "Q8_K", LISTED(256, 292) },
    [16] = { "IQ2_XXS", LISTED(256, 66) },
    [17] = { "IQ2_XS", LISTED(256, 74) },
    [18] = { "IQ3_XXS", LISTED(256, 98) },
    [19] = { "IQ1_S", LISTED(256, 50) },
    [20] = { "IQ4_NL", 32, 18, 32, .uneven = true, .unpack = unpack_iq4_nl },
    [21] = { "IQ3_S", LISTED(256, 110) },
    [22] = { "IQ2_S", LISTED(256, 82) },
    [23] = { "IQ4_XS", 256, 136, 32, .uneven = true, .unpack = unpack_iq4_xs },
    [24] = { "I8", PLAIN(1, RAW_I8) },
    [25] = { "I16", PLAIN(2, RAW_I16) },
    [26] = { "I32", PLAIN(4, RAW_I32) },
    [27] = { "I64", PLAIN(8, RAW_I64) },
    [28] = { "F64", PLAIN(8, RAW_F64) },
    [29] = { "IQ1_M", LISTED(256, 56) },
    [30] = { "BF16", PLAIN(2, RAW_BF16) },
    [31] = { "Q4_0_4_4" },
    [32] = { "Q4_0_4_8" },
    [33] = { "Q4_0_8_8" },
    [34] = { "TQ1_0", LISTED(256, 54) },
    [35] = { "TQ2_0", LISTED(256, 66) },
    [36] = { "IQ4_NL_4_4" },
    [37] = { "IQ4_NL_4_8" },
    [38] = { "IQ4_NL_8_8" },
    [39] = { "MXFP4", LISTED(32, 17) },
    [40] = { "NVFP4", LISTED(64, 36) },
    [41] = { "Q1_0", LISTED(128, 18) },
    [42] = { "Q2_0", LISTED(64, 18) },
};
enum { TYPES = sizeof(types) / sizeof(*types) };

#define TEN(tens)                                                                                  \
    "type " #tens "0", "type " #tens "1", "type " #tens "2", "type " #tens "3", "type " #tens "4", \
        "type " #tens "5", "type " #tens "6", "type " #tens "7", "type " #tens "8",                \
        "type " #tens "9"

/* A document's types are static text, and a file may name any number. */
static const char *const unknown[] = {
    TEN(),   TEN(1),  TEN(2),  TEN(3),  TEN(4),  TEN(5),  TEN(6),  TEN(7),  TEN(8),
    TEN(9),  TEN(10), TEN(11), TEN(12), TEN(13), TEN(14), TEN(15), TEN(16), TEN(17),
    TEN(18), TEN(19), TEN(20), TEN(21), TEN(22), TEN(23), TEN(24), TEN(25),
};

const struct block_type *block_type(uint32_t id)
{
    return id < TYPES ? &types[id] : NULL;
}

const char *block_type_name(uint32_t id)
{
    return id < TYPES ? types[id].name : id <= 255 ? unknown[id] : NULL;
}

bool block_readable(const struct block_type *type)
{
    return type && (type->raw || type->unpack);
}

const struct block_type *block_named(const char *name)
{
    for (size_t i = 0; i < TYPES; i++)
        if (!strcmp(types[i].name, name))
            return &types[i];
    return NULL;
}

void block_encode(const struct block_type *type, const float *x, uint8_t *bytes)
{
    assert(type->pack);
    type->pack(x, bytes);
}

/* Minus zero, so that adding it changes no sign of a zero. */
static void unpack(const struct block_type *type, const uint8_t *bytes, struct block *out)
{
    for (size_t g = 0; g < BLOCK_GROUPS; g++)
        out->offset[g] = -0.0f;
    type->unpack(bytes, out);
}

void block_decode(const struct block_type *type, const uint8_t *bytes, float *out)
{
    struct block b;
    unpack(type, bytes, &b);
    for (size_t i = 0, g = 0; i < type->elements; g++)
        for (size_t end = i + type->group; i < end; i++)
            out[i] = b.scale[g] * (float)b.code[i] + b.offset[g];
}

double block_noise(const struct block_type *type, const uint8_t *bytes)
{
    if (type->uneven || !type->unpack)
        return nan("");
    struct block b;
    unpack(type, bytes, &b);
    double sum = 0;
    size_t groups = type->elements / type->group;
    for (size_t g = 0; g < groups; g++)
        sum += (double)b.scale[g] * (double)b.scale[g];
    return sum / (double)groups / 12;
}
