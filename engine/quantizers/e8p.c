#include "quantizer.h"

#include <math.h>
#include <stddef.h>

/* Eight entries are one of 2^16 points of E8 + 1/4, in two copies of E8 + 1/2 moved by 1/4 up or
 * down: magnitudes 1/2, 3/2, 5/2 in one of 256 patterns, signs such that the sum is even. Patterns
 * are all 227 of squared norm at most 10 and 29 of the 56 of norm 12 (any fixed 29 will do: every
 * other one, nearly). A word: bits 0 .. 6 the signs of entries 0 .. 6, bit 7 up, bits 8 .. 15 the
 * pattern. What is left of the entries, magnified, is one of 256 points of E8 (3 bits) or another
 * such word (4 bits), above the first. */

enum { SIDE = 8, PATTERNS = 256 };

/* Ascending: bit i, entry i is 3/2; bit 8 + i, it is 5/2. */
static const uint16_t patterns[PATTERNS] = {
    0x0000, 0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0x0008, 0x0009, 0x000a, 0x000b,
    0x000c, 0x000d, 0x000e, 0x000f, 0x0010, 0x0011, 0x0012, 0x0013, 0x0014, 0x0015, 0x0016, 0x0017,
    0x0018, 0x0019, 0x001a, 0x001b, 0x001c, 0x001d, 0x001e, 0x001f, 0x0020, 0x0021, 0x0022, 0x0023,
    0x0024, 0x0025, 0x0026, 0x0027, 0x0028, 0x0029, 0x002a, 0x002b, 0x002c, 0x002d, 0x002e, 0x002f,
    0x0030, 0x0031, 0x0032, 0x0033, 0x0034, 0x0035, 0x0036, 0x0038, 0x0039, 0x003a, 0x003b, 0x003c,
    0x003e, 0x0040, 0x0041, 0x0042, 0x0043, 0x0044, 0x0045, 0x0046, 0x0047, 0x0048, 0x0049, 0x004a,
    0x004b, 0x004c, 0x004d, 0x004e, 0x0050, 0x0051, 0x0052, 0x0053, 0x0054, 0x0055, 0x0056, 0x0057,
    0x0058, 0x0059, 0x005a, 0x005c, 0x005d, 0x0060, 0x0061, 0x0062, 0x0063, 0x0064, 0x0065, 0x0066,
    0x0067, 0x0068, 0x0069, 0x006a, 0x006c, 0x006d, 0x0070, 0x0071, 0x0072, 0x0073, 0x0074, 0x0076,
    0x0078, 0x007a, 0x0080, 0x0081, 0x0082, 0x0083, 0x0084, 0x0085, 0x0086, 0x0087, 0x0088, 0x0089,
    0x008a, 0x008b, 0x008c, 0x008d, 0x008e, 0x008f, 0x0090, 0x0091, 0x0092, 0x0093, 0x0094, 0x0095,
    0x0096, 0x0098, 0x0099, 0x009a, 0x009b, 0x009c, 0x009e, 0x00a0, 0x00a1, 0x00a2, 0x00a3, 0x00a4,
    0x00a5, 0x00a6, 0x00a8, 0x00a9, 0x00aa, 0x00ab, 0x00ac, 0x00ad, 0x00b0, 0x00b1, 0x00b2, 0x00b3,
    0x00b4, 0x00b6, 0x00b8, 0x00ba, 0x00c0, 0x00c1, 0x00c2, 0x00c3, 0x00c4, 0x00c5, 0x00c6, 0x00c7,
    0x00c8, 0x00c9, 0x00ca, 0x00cc, 0x00cd, 0x00d0, 0x00d1, 0x00d2, 0x00d3, 0x00d4, 0x00d6, 0x00d8,
    0x00da, 0x00e0, 0x00e1, 0x00e2, 0x00e3, 0x00e4, 0x00e6, 0x00e8, 0x00ea, 0x00f0, 0x00f1, 0x00f4,
    0x0100, 0x0102, 0x0104, 0x0108, 0x0110, 0x0120, 0x0140, 0x0180, 0x0200, 0x0201, 0x0204, 0x0208,
    0x0210, 0x0220, 0x0240, 0x0280, 0x0400, 0x0401, 0x0402, 0x0408, 0x0410, 0x0420, 0x0440, 0x0480,
    0x0800, 0x0801, 0x0802, 0x0804, 0x0810, 0x0820, 0x0840, 0x0880, 0x1000, 0x1001, 0x1002, 0x1004,
    0x1008, 0x1020, 0x1040, 0x1080, 0x2000, 0x2001, 0x2002, 0x2004, 0x2008, 0x2010, 0x2040, 0x2080,
    0x4000, 0x4001, 0x4002, 0x4004, 0x4008, 0x4010, 0x4020, 0x4080, 0x8000, 0x8001, 0x8002, 0x8004,
    0x8008, 0x8010, 0x8020, 0x8040,
};

/* By bits: how entries of deviation 1 are scaled, what is left of them is, and the largest
 * magnitude of a value. */
static const struct stage {
    double scale, rest, reach;
} stages[] = {
    [2] = { 1.03, 0, 2.75 },
    [3] = { 0.98, 2.04, 2.75 + 2 / 2.04 },
    [4] = { 1.03, 3.45, 2.75 + 2.75 / 3.45 },
};

static double spread(int bits)
{
    return stages[bits].reach / stages[bits].scale;
}

static int ones(unsigned mask)
{
    int n = 0;
    for (; mask; mask &= mask - 1)
        n++;
    return n;
}

/* Of two bytes together. */
static bool odd(unsigned a, unsigned b)
{
    a ^= b;
    a ^= a >> 4;
    a ^= a >> 2;
    return (a ^ a >> 1) & 1;
}

/* Magnitudes, which are negative, and their order, the largest first. */
struct sorted {
    double size[SIDE], sum, square;
    unsigned negative;
    int order[SIDE];
};

static void sort(const double *x, double shift, struct sorted *s)
{
    s->sum = s->square = 0;
    s->negative = 0;
    for (int i = 0; i < SIDE; i++) {
        double z = x[i] - shift, size = fabs(z);
        int j = i;
        s->size[i] = size;
        s->sum += size;
        s->square += size * size;
        s->negative |= (unsigned)(z < 0) << i;
        for (; j > 0 && s->size[s->order[j - 1]] < size; j--)
            s->order[j] = s->order[j - 1];
        s->order[j] = i;
    }
}

/* The best point so far: 2 <z, c> - |c|^2 - |z|^2, its magnitudes and its signs. */
struct point {
    double score;
    unsigned pattern, negative;
    bool up;
};

/* Signs are those of the entries, but for one where their number does not fit the pattern. */
static void offer(const struct sorted *s, double dot, int norm, unsigned pattern, bool up,
                  struct point *best)
{
    int least = s->order[SIDE - 1];
    unsigned flip = 0;
    if (odd(s->negative, pattern & 0xff)) {
        flip = 1u << least; /* has 1/2 wherever the pattern follows the order */
        dot -= s->size[least];
    }
    double score = 2 * dot - norm - s->square;
    if (score > best->score)
        *best = (struct point){ score, pattern, s->negative ^ flip, up };
}

/* Five 3/2: not every choice of them is there. */
static void offer_fives(const struct sorted *s, bool up, struct point *best)
{
    double bound = s->sum / 2;
    for (int i = 0; i < 5; i++)
        bound += s->size[s->order[i]];
    if (2 * bound - 12 - s->square <= best->score)
        return;
    for (int p = 0; p < PATTERNS; p++) {
        double dot = s->sum / 2, cost = (double)INFINITY;
        int flip = 0;
        if (patterns[p] > 0xff || ones(patterns[p]) != 5)
            continue;
        for (int i = 0; i < SIDE; i++) {
            bool large = patterns[p] >> i & 1;
            double here = large ? 3 * s->size[i] : s->size[i];
            dot += large ? s->size[i] : 0;
            flip = here < cost ? i : flip;
            cost = here < cost ? here : cost;
        }
        bool turn = odd(s->negative, patterns[p]);
        double score = 2 * (turn ? dot - cost : dot) - 12 - s->square;
        if (score > best->score)
            *best = (struct point){ score, patterns[p], s->negative ^ (turn ? 1u << flip : 0), up };
    }
}

static uint32_t number(unsigned pattern)
{
    uint32_t below = 0, above = PATTERNS;
    while (above - below > 1) {
        uint32_t middle = below + (above - below) / 2;
        if (patterns[middle] <= pattern)
            below = middle;
        else
            above = middle;
    }
    return below;
}

/* Largest entries get the largest magnitudes, so that few patterns can be the nearest. */
static uint32_t nearest_word(const double *x)
{
    struct point best = { .score = -(double)INFINITY };
    for (int up = 0; up < 2; up++) {
        struct sorted s;
        sort(x, up ? 0.25 : -0.25, &s);
        double dot = s.sum / 2, first = s.size[s.order[0]], second = s.size[s.order[1]];
        unsigned pattern = 0, one = 1u << s.order[0], two = 1u << s.order[1];
        for (int n = 0; n <= 4; n++) {
            offer(&s, dot, 2 + 2 * n, pattern, up, &best);
            dot += s.size[s.order[n]];
            pattern |= 1u << s.order[n];
        }
        offer(&s, s.sum / 2 + 2 * first, 8, one << 8, up, &best);
        offer(&s, s.sum / 2 + 2 * first + second, 10, one << 8 | two, up, &best);
        offer_fives(&s, up, &best);
    }
    return (best.negative & 0x7f) | (uint32_t)best.up << 7 | number(best.pattern) << 8;
}

static void word_value(uint32_t word, double *x)
{
    unsigned pattern = patterns[word >> 8 & 0xff], negative = word & 0x7f;
    negative |= (unsigned)odd(negative, pattern & 0xff) << 7;
    for (int i = 0; i < SIDE; i++) {
        double size = 0.5 + (pattern >> i & 1) + 2 * (pattern >> (8 + i) & 1);
        x[i] = (negative >> i & 1 ? -size : size) + (word >> 7 & 1 ? 0.25 : -0.25);
    }
}

/* The 256 points of E8 about zero: 0 .. 127 all 1/2, signs of the first seven, their product
 * positive; 128 .. 239 two of +-1; 240 .. 254 one of +-2, but for -2 at the end; 255 zero. */
static uint32_t pair_number(int i, int j, bool minus_i, bool minus_j)
{
    int low = i < j ? i : j, high = i < j ? j : i;
    bool minus_low = i < j ? minus_i : minus_j, minus_high = i < j ? minus_j : minus_i;
    return (uint32_t)(128 + 4 * (high * (high - 1) / 2 + low) + 2 * minus_high + minus_low);
}

static uint32_t nearest_root(const double *x)
{
    struct sorted s;
    sort(x, 0, &s);
    int i = s.order[0], j = s.order[1], least = s.order[SIDE - 1];
    bool turn = odd(s.negative, 0), minus_i = s.negative >> i & 1, minus_j = s.negative >> j & 1;
    unsigned negative = s.negative ^ (turn ? 1u << least : 0);
    double best = 0, halves = s.sum - (turn ? 2 * s.size[least] : 0) - 2;
    double two = 2 * (s.size[i] + s.size[j]) - 2, far = 4 * s.size[i] - 4;
    uint32_t word = 255;
    if (halves > best) {
        best = halves;
        word = negative & 0x7f;
    }
    if (two > best) {
        best = two;
        word = pair_number(i, j, minus_i, minus_j);
    }
    if (far > best && !(i == SIDE - 1 && minus_i))
        word = (uint32_t)(240 + 2 * i + minus_i);
    return word;
}

static void root_value(uint32_t word, double *x)
{
    unsigned negative = word & 0x7f, pair = (word - 128) / 4, high = 1;
    negative |= (unsigned)odd(negative, 0) << 7;
    for (int i = 0; i < SIDE; i++)
        x[i] = word >= 128 ? 0 : negative >> i & 1 ? -0.5 : 0.5;
    if (word < 128 || word == 255)
        return;
    if (word >= 240) {
        x[(word - 240) / 2] = word & 1 ? -2 : 2;
        return;
    }
    while (pair >= high * (high + 1) / 2)
        high++;
    x[high] = word & 2 ? -1 : 1;
    x[pair - high * (high - 1) / 2] = word & 1 ? -1 : 1;
}

static uint32_t nearest(int bits, const double *entries)
{
    const struct stage *s = &stages[bits];
    double x[SIDE], rest[SIDE];
    for (int i = 0; i < SIDE; i++)
        x[i] = entries[i] * s->reach;
    uint32_t word = nearest_word(x);
    if (bits == 2)
        return word;
    word_value(word, rest);
    for (int i = 0; i < SIDE; i++)
        rest[i] = (x[i] - rest[i]) * s->rest;
    return word | (bits == 3 ? nearest_root(rest) : nearest_word(rest)) << 16;
}

static void value(int bits, uint32_t code, double *entries)
{
    const struct stage *s = &stages[bits];
    double rest[SIDE] = { 0 };
    word_value(code & 0xffff, entries);
    if (bits == 3)
        root_value(code >> 16, rest);
    if (bits == 4)
        word_value(code >> 16, rest);
    for (int i = 0; i < SIDE; i++)
        entries[i] = (bits > 2 ? entries[i] + rest[i] / s->rest : entries[i]) / s->reach;
}

const struct quantizer quantizer_e8p = {
    .name = "e8p",
    .title = "E8P lattice",
    .summary =
        "eight entries at once to a point of the lattice E8; 3 and 4 bits round what is left",
    .source =
        "Tseng, Chee, Sun, Kuleshov, De Sa, QuIP#: Even Better LLM Quantization with Hadamard "
        "Incoherence and Lattice Codebooks, ICML 2024",
    .min_bits = 2,
    .max_bits = 4,
    .spread = spread,
    .spreads = true,
    .symmetric = true,
    .group = SIDE,
    .nearest = nearest,
    .value = value,
};
