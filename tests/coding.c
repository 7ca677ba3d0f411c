/* Quantizers, scales, rounding and packing, against their definitions. Seeds are fixed. */

#include "check.h"

#include "coding_table.h"
#include "half.h"
#include "memory.h"
#include "random.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

enum { SEED = 20231028 };

extern const struct quantizer quantizer_uniform;

/* Levels that are not equidistant, one of them zero: 4 bits of NormalFloat. */
static void normal_levels(int bits, double *levels)
{
    static const double table[] = { -1,    -.6962, -.5251, -.3949, -.2844, -.1848, -.0910, 0,
                                    .0796, .1609,  .2461,  .3379,  .4407,  .5626,  .7230,  1 };
    for (int j = 0; j < 1 << bits; j++)
        levels[j] = table[j << (4 - bits)];
    levels[(1 << bits) - 1] = 1;
}

/* The uniform levels again, but tabulated. */
static void even_levels(int bits, double *levels)
{
    double last = (1 << bits) - 1;
    for (int j = 0; j < 1 << bits; j++)
        levels[j] = -1 + 2 * j / last;
}

/* Two bits whose halves are exact. */
static void wide_levels(int bits, double *levels)
{
    static const double table[] = { -1, -.5, .5, 1 };
    memcpy(levels, table, sizeof(double) << bits);
}

static const struct quantizer wide = {
    .name = "wide", .min_bits = 2, .max_bits = 2, .codebook = wide_levels
};
static const struct quantizer normal = {
    .name = "normal", .min_bits = 1, .max_bits = 4, .codebook = normal_levels
};
static const struct quantizer tabulated = {
    .name = "tabulated", .min_bits = 1, .max_bits = 12, .codebook = even_levels
};

static struct coding coding(int bits)
{
    return (struct coding){
        .quantizer = &quantizer_uniform, .bits = bits, .seed = SEED, .stream = STREAM_TEST
    };
}

static struct matrix filled(enum dtype dtype, size_t rows, size_t cols, double scale)
{
    struct error err = { 0 };
    struct matrix m = { 0 };
    matrix_init(&m, dtype, rows, cols, &err);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 1, scale, m.view);
    return m;
}

/* Entries in [-1, 1), both ends of the range among them. */
static struct matrix spread(enum dtype dtype, size_t rows, size_t cols)
{
    struct matrix m = filled(dtype, rows, cols, 1);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            struct philox p = philox_block(SEED, (uint32_t)j, (uint32_t)i, STREAM_TEST, 9);
            matrix_put(m.view, i, j, (p.word[0] * 0x1p-32 + p.word[1] * 0x1p-64) * 2 - 1);
        }
    return m;
}

static struct matrix_view row_of(double *x, size_t n)
{
    return (struct matrix_view){ x, 1, n, n, 1, DTYPE_F64 };
}

/* Encodes and decodes; false on any failure. */
static bool round_trip(const struct coding *c, struct matrix_view a, struct matrix_view out,
                       struct coded *x)
{
    struct error err = { 0 };
    return coding_encode(c, a, x, &err) && coding_decode(x, out, &err);
}

static void test_vectors(void)
{
    double x[] = { -1, -.6, -.2, 0, .1, .5, .9, 2 }, y[8];
    static const double want[3][8] = {
        { -1, -1, -1, -1, -1, 2, 2, 2 },
        { -1, -1, 0, 0, 0, 1, 1, 2 },
        { -1, -4. / 7, -1. / 7, -1. / 7, 2. / 7, 5. / 7, 5. / 7, 2 },
    };
    for (int bits = 1; bits <= 3; bits++) {
        struct coding c = coding(bits);
        struct coded q = { 0 };
        CHECK(round_trip(&c, row_of(x, 8), row_of(y, 8), &q));
        double worst = 0;
        for (int i = 0; i < 8; i++)
            worst = fmax(worst, fabs(y[i] - want[bits - 1][i]));
        CHECK(worst < 1e-15);
        coded_finish(&q);
    }
}

/* max |a - b| - step / 2, over all entries. */
static double excess(struct matrix_view a, struct matrix_view b, double step)
{
    double most = -(double)INFINITY;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            most = fmax(most, fabs(matrix_at(a, i, j) - matrix_at(b, i, j)) - step);
    return most;
}

/* Nearest: |e| <= step / 2 over 10^6 entries, at every number of bits. */
static void test_nearest(void)
{
    struct matrix a = spread(DTYPE_F64, 1000, 1000), b = filled(DTYPE_F64, 1000, 1000, 0);
    static const int bits[] = { 1, 2, 3, 4, 6, 8, 11, 16, 24 };
    for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
        struct coding c = coding(bits[i]);
        struct coded q = { 0 };
        double range, step;
        CHECK(round_trip(&c, a.view, b.view, &q));
        coding_extent(&q, &range, &step);
        CHECK(excess(a.view, b.view, step / 2) <= 1e-15);
        CHECK_NEAR(step * ((1 << bits[i]) - 1), q.range[1] - q.range[0], 1e-15);
        CHECK(range == fmax(-q.range[0], q.range[1]) && range <= 1);
        coded_finish(&q);
    }
    matrix_finish(&a);
    matrix_finish(&b);
}

static bool same_codes(const struct coded *x, const struct coded *y)
{
    return memcmp(x->codes, y->codes, coding_codes_size(&x->coding, x->rows, x->cols)) == 0;
}

/* Q(Q(x)) = Q(x), bit by bit, with a tensor range, both precisions, both roundings. */
static void test_idempotent(void)
{
    for (int dtype = 0; dtype < 2; dtype++)
        for (int symmetric = 0; symmetric < 2; symmetric++) {
            struct matrix a = filled((enum dtype)dtype, 37, 53, 3), b = a, d = a;
            struct error err = { 0 };
            matrix_init(&b, (enum dtype)dtype, 37, 53, &err);
            matrix_init(&d, (enum dtype)dtype, 37, 53, &err);
            int kept = 0;
            for (int bits = 1; bits <= 24; bits++) {
                struct coding c = coding(bits);
                c.symmetric = symmetric;
                struct coded q = { 0 }, r = { 0 };
                bool ok = round_trip(&c, a.view, b.view, &q) && round_trip(&c, b.view, d.view, &r);
                kept += ok && same_codes(&q, &r) && q.range[0] == r.range[0] &&
                        q.range[1] == r.range[1] && excess(b.view, d.view, 0) == 0;
                coded_finish(&q);
                coded_finish(&r);
            }
            printf("# %s, %s\n", dtype ? "f64" : "f32", symmetric ? "symmetric" : "min-max");
            CHECK(kept == 24);
            matrix_finish(&a);
            matrix_finish(&b);
            matrix_finish(&d);
        }
}

/* A matrix of 10^6 entries lo + (j + .3) step: the mean of the codes is exact, the
 * variance .21 step^2, no value leaves [lo, hi], and hi maps to hi. */
static void test_dithered(const struct quantizer *q, int bits)
{
    struct matrix a = filled(DTYPE_F64, 1000, 1000, 0), b = filled(DTYPE_F64, 1000, 1000, 0);
    double lo = -3, hi = 5, step = (hi - lo) / ((1 << bits) - 1), x = lo + 2.3 * step;
    for (size_t i = 0; i < 1000; i++)
        for (size_t j = 0; j < 1000; j++)
            matrix_put(a.view, i, j, x);
    for (size_t j = 0; j < 500; j++) {
        matrix_put(a.view, 0, j, lo);
        matrix_put(a.view, 999, j, hi);
    }
    struct coding c = coding(bits);
    c.rounding = ROUNDING_DITHERED;
    c.quantizer = q;
    struct coded k = { 0 };
    CHECK(round_trip(&c, a.view, b.view, &k));
    double mean = 0, variance = 0, n = 0;
    int strange = 0;
    for (size_t i = 0; i < 1000; i++)
        for (size_t j = 0; j < 1000; j++) {
            double v = matrix_at(b.view, i, j);
            if (matrix_at(a.view, i, j) != x) {
                strange += v != matrix_at(a.view, i, j);
                continue;
            }
            strange += v < lo || v > hi || fabs(v - x) > step;
            mean += v - x;
            variance += (v - x) * (v - x);
            n++;
        }
    printf("# %s, %d bits: mean off by %g steps, variance %g\n", q->name, bits, mean / n / step,
           variance / n / step / step);
    CHECK(strange == 0);
    CHECK(fabs(mean / n) < 5 * step * sqrt(.21 / n));
    CHECK(fabs(variance / n / step / step / .21 - 1) < .01);
    coded_finish(&k);
    matrix_finish(&a);
    matrix_finish(&b);
}

/* Draws belong to entries: the dither of a block of rows is that of the whole, parts
 * and streams differ. */
static void test_dither_counters(void)
{
    struct matrix a = spread(DTYPE_F64, 12, 33);
    struct error err = { 0 };
    struct coding c = coding(3);
    c.rounding = ROUNDING_DITHERED;
    struct coded x = { 0 }, again = { 0 }, part = { 0 }, stream = { 0 }, seed = { 0 };
    bool ok = coding_encode(&c, a.view, &x, &err) && coding_encode(&c, a.view, &again, &err);
    c.part = 1;
    ok = ok && coding_encode(&c, a.view, &part, &err);
    c.part = 0;
    c.stream = STREAM_DITHER_LEFT;
    ok = ok && coding_encode(&c, a.view, &stream, &err);
    c.stream = STREAM_TEST;
    c.seed ^= (uint64_t)1 << 40;
    ok = ok && coding_encode(&c, a.view, &seed, &err);
    CHECK(ok && same_codes(&x, &again));
    CHECK(!same_codes(&x, &part) && !same_codes(&x, &stream) && !same_codes(&x, &seed));
    size_t wrong = 0;
    for (size_t i = 0; i < 12 * 33; i++) {
        struct philox p = philox_block(SEED, (uint32_t)(i / 4), 0, STREAM_TEST, 0);
        double t = (matrix_at(a.view, i / 33, i % 33) - x.range[0]) / (x.range[1] - x.range[0]) * 7;
        double code = fmin(floor(t + (double)random_unit(p.word[i % 4])), 7);
        wrong += coded_at(&x, i) != (uint32_t)code;
    }
    CHECK(wrong == 0);
    coded_finish(&x);
    coded_finish(&again);
    coded_finish(&part);
    coded_finish(&stream);
    coded_finish(&seed);
    matrix_finish(&a);
}

/* Every vector and block has its own range, which holds its entries: with F16 ranges
 * the ends move outwards, never in, and by no more than one half's spacing. */
static size_t misplaced(const struct coded *x, struct matrix_view a, struct matrix_view b)
{
    const struct coding *c = &x->coding;
    size_t length = c->by_column ? a.rows : a.cols, wrong = 0;
    size_t block = c->scales == SCALES_BLOCK ? CODING_BLOCK : length,
           blocks = (length + block - 1) / block;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++) {
            size_t vector = c->by_column ? j : i, along = c->by_column ? i : j;
            const uint16_t *range = x->ranges +
                                    (vector * blocks + along / block) * (c->symmetric ? 1 : 2);
            double hi = half_to(range[!c->symmetric]) * x->unit;
            double lo = c->symmetric ? -hi : half_to(range[0]) * x->unit;
            double v = matrix_at(a, i, j), step = (hi - lo) / ((1 << c->bits) - 1);
            uint32_t code = coded_at(x, i * a.cols + j), last = ((uint32_t)1 << c->bits) - 1;
            double value = code == last ? hi : lo + (double)code / last * (hi - lo);
            bool ok = v >= lo && v <= hi;
            ok = ok && fabs(v - value) <= step / 2 * (1 + 1e-9);
            ok = ok && matrix_at(b, i, j) == (a.dtype ? value : (double)(float)value);
            wrong += !ok;
        }
    return wrong;
}

static void test_ranges(void)
{
    static const size_t shapes[][2] = { { 1, 1 },    { 1, 200 }, { 200, 1 }, { 64, 64 },
                                        { 65, 129 }, { 3, 63 },  { 130, 70 } };
    for (int kind = 0; kind < 16; kind++) {
        struct coding c = coding(5);
        c.scales = kind & 1 ? SCALES_BLOCK : SCALES_VECTOR;
        c.by_column = kind & 2;
        c.symmetric = kind & 4;
        enum dtype dtype = kind & 8 ? DTYPE_F64 : DTYPE_F32;
        size_t wrong = 0;
        for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes); s++) {
            size_t rows = shapes[s][0], cols = shapes[s][1];
            struct matrix a = filled(dtype, rows, cols, 1), b = filled(dtype, rows, cols, 1);
            for (size_t i = 0; i < rows; i++) /* vectors of very different sizes */
                for (size_t j = 0; j < cols; j++)
                    matrix_put(a.view, i, j,
                               matrix_at(a.view, i, j) * ldexp(1, -(int)((i * 7 + j * 3) % 34)));
            struct coded x = { 0 };
            wrong += !round_trip(&c, a.view, b.view, &x);
            wrong += misplaced(&x, a.view, b.view);
            coded_finish(&x);
            matrix_finish(&a);
            matrix_finish(&b);
        }
        printf("# %s, by %s, %s, %s\n", scales_names[c.scales], c.by_column ? "column" : "row",
               c.symmetric ? "symmetric" : "min-max", dtype ? "f64" : "f32");
        CHECK(wrong == 0);
    }
}

/* The transpose coded by column has the same ranges and, entry for entry, the same codes. */
static void test_transpose(void)
{
    struct matrix a = filled(DTYPE_F32, 70, 150, 1);
    struct error err = { 0 };
    for (int kind = 0; kind < 2; kind++) {
        struct coding c = coding(4), d = c;
        c.scales = d.scales = kind ? SCALES_BLOCK : SCALES_VECTOR;
        d.by_column = true;
        struct coded x = { 0 }, y = { 0 };
        CHECK(coding_encode(&c, a.view, &x, &err) &&
              coding_encode(&d, matrix_transposed(a.view), &y, &err));
        CHECK(coding_ranges(&c, 70, 150) == (kind ? 210 : 70) && x.unit == y.unit &&
              memcmp(x.ranges, y.ranges, coding_ranges(&c, 70, 150) * 4) == 0);
        size_t wrong = 0;
        for (size_t i = 0; i < 70; i++)
            for (size_t j = 0; j < 150; j++)
                wrong += coded_at(&x, i * 150 + j) != coded_at(&y, j * 70 + i);
        CHECK(wrong == 0);
        coded_finish(&x);
        coded_finish(&y);
    }
    matrix_finish(&a);
}

/* Entries that all halves, floats or ranges find hard. */
static void test_extremes(void)
{
    static const double scale[] = { 1e300, 1e-310, 4.9406564584124654e-324, 1, 0 };
    for (size_t s = 0; s < 5; s++)
        for (int kind = 0; kind < 6; kind++) {
            double x[192], y[192];
            struct coding c = coding(8);
            c.scales = (enum scales)(kind % 3);
            c.symmetric = kind >= 3;
            for (int i = 0; i < 192; i++)
                x[i] = i < 64    ? scale[s]
                       : i < 128 ? -scale[s] * (i % 9)
                                 : scale[s] * 1e-20 * (i % 5);
            struct coded q = { 0 };
            bool ok = round_trip(&c, (struct matrix_view){ x, 3, 64, 64, 1, DTYPE_F64 },
                                 (struct matrix_view){ y, 3, 64, 64, 1, DTYPE_F64 }, &q);
            double range, step;
            coding_extent(&q, &range, &step);
            for (int i = 0; i < 192; i++)
                ok = ok && isfinite(y[i]) &&
                     fabs(x[i] - y[i]) <= step / 2 * (1 + 1e-6) + DBL_TRUE_MIN &&
                     fabs(y[i]) <= range * (1 + 1e-15);
            for (int i = 0; i < 64 && c.scales == SCALES_TENSOR; i++)
                ok = ok && (c.symmetric ? fabs(y[i]) <= range : y[i] == x[i]);
            if (!ok)
                printf("# scale %g, %s, %s\n", scale[s], scales_names[c.scales],
                       c.symmetric ? "symmetric" : "min-max");
            CHECK(ok);
            coded_finish(&q);
        }
}

/* The largest float, its range rounded outwards beyond it, comes back as itself. */
static void test_largest_float(void)
{
    float x[] = { FLT_MAX, -FLT_MAX, 1, 0 }, y[4];
    struct matrix_view a = { x, 2, 2, 2, 1, DTYPE_F32 }, b = { y, 2, 2, 2, 1, DTYPE_F32 };
    struct coding c = coding(2);
    struct coded q = { 0 };
    c.scales = SCALES_VECTOR;
    CHECK(round_trip(&c, a, b, &q) && half_to(q.ranges[1]) * q.unit > (double)FLT_MAX);
    CHECK(y[0] == FLT_MAX && y[1] == -FLT_MAX);
    coded_finish(&q);
}

/* A vector too small for any half beside its neighbour still has a range that holds it. */
static void test_tiny_beside_huge(void)
{
    double x[] = { 1e300, -1e300, 1e-320, -1e-320 };
    struct error err = { 0 };
    struct coding c = coding(2);
    struct coded q = { 0 };
    c.scales = SCALES_VECTOR;
    CHECK(coding_encode(&c, (struct matrix_view){ x, 2, 2, 2, 1, DTYPE_F64 }, &q, &err));
    CHECK(half_to(q.ranges[0]) * q.unit <= -1e300 && half_to(q.ranges[1]) * q.unit >= 1e300);
    CHECK(half_to(q.ranges[2]) * q.unit <= -1e-320 && half_to(q.ranges[3]) * q.unit >= 1e-320);
    CHECK(half_to(q.ranges[3]) * q.unit < 1e-11 * 1e300);
    coded_finish(&q);
}

static void test_constant_and_refused(void)
{
    double x[5] = { .1, .1, .1, .1, .1 }, y[5];
    struct error err = { 0 };
    for (int bits = 1; bits <= 24; bits += 23)
        for (int rounding = 0; rounding < 2; rounding++) {
            struct coding c = coding(bits);
            c.rounding = (enum rounding)rounding;
            struct coded q = { 0 };
            CHECK(round_trip(&c, row_of(x, 5), row_of(y, 5), &q) && y[0] == .1 && y[4] == .1);
            coded_finish(&q);
        }
    struct coding c = coding(4);
    struct coded q = { 0 };
    c.scales = SCALES_VECTOR;
    x[0] = x[1] = x[2] = x[3] = x[4] = .125; /* a half in units of a power of two */
    CHECK(round_trip(&c, row_of(x, 5), row_of(y, 5), &q) && y[0] == .125 && y[4] == .125);
    coded_finish(&q);
    static const double bad[] = { (double)NAN, (double)INFINITY, -(double)INFINITY, DBL_MAX };
    for (int i = 0; i < 4; i++) {
        x[3] = bad[i];
        CHECK(!coding_encode(&c, row_of(x, 5), &q, &err) && err.code == ERROR_NUMERIC && !q.codes);
    }
    CHECK(coding_encode(&c, row_of(x, 0), &q, &err) && coding_decode(&q, row_of(x, 0), &err));
    coded_finish(&q);
    coded_finish(&q);
}

/* A codebook: each value the nearest level, halfway up, zero stays zero;
 * and the uniform one, tabulated, gives the codes of the computed one. */
static void test_codebook(void)
{
    struct matrix a = spread(DTYPE_F64, 100, 100), b = filled(DTYPE_F64, 100, 100, 0);
    struct coding c = coding(4), d = coding(6);
    struct coded q = { 0 }, r = { 0 };
    double levels[16], step, range;
    normal_levels(4, levels);
    c.quantizer = &normal;
    c.symmetric = true;
    matrix_put(a.view, 0, 0, 0);
    CHECK(round_trip(&c, a.view, b.view, &q) && matrix_at(b.view, 0, 0) == 0);
    size_t wrong = 0;
    for (size_t i = 0; i < 10000; i++) {
        double x = matrix_at(a.view, i / 100, i % 100) / q.range[0];
        uint32_t code = coded_at(&q, i);
        for (uint32_t j = 0; j < 16; j++)
            wrong += fabs(x - levels[j]) < fabs(x - levels[code]) - 1e-12;
        wrong += fabs(matrix_at(b.view, i / 100, i % 100) - q.range[0] * levels[code]) > 1e-15;
    }
    CHECK(wrong == 0);
    coding_extent(&q, &range, &step);
    CHECK_NEAR(step, q.range[0] * (1 - .6962), 1e-12);
    coded_finish(&q);
    d.quantizer = &tabulated;
    struct error err = { 0 };
    CHECK(coding_encode(&d, a.view, &q, &err));
    d.quantizer = &quantizer_uniform;
    CHECK(coding_encode(&d, a.view, &r, &err) && same_codes(&q, &r));
    coded_finish(&q);
    coded_finish(&r);
    double half[] = { -1, -.75, 0, .75, 1 }; /* ties */
    d = coding(2);
    d.quantizer = &wide;
    CHECK(coding_encode(&d, row_of(half, 5), &q, &err) && coded_at(&q, 0) == 0 &&
          coded_at(&q, 1) == 1 && coded_at(&q, 2) == 2 && coded_at(&q, 3) == 3);
    coded_finish(&q);
    matrix_finish(&a);
    matrix_finish(&b);
}

/* Where entry k of group i lies; false: behind the end of its vector. */
static bool group_place(const struct coding *c, struct matrix_view a, size_t i, size_t k,
                        size_t *row, size_t *col)
{
    struct coding_grid g = coding_groups(c, a.rows, a.cols);
    *row = i / g.cols * g.down + (c->by_column ? k : 0);
    *col = i % g.cols * g.across + (c->by_column ? 0 : k);
    return *row < a.rows && *col < a.cols;
}

/* R of the range of group i, from where coding.h says that it lies. */
static double group_radius(const struct coded *x, size_t i)
{
    const struct coding *c = &x->coding;
    struct coding_grid g = coding_groups(c, x->rows, x->cols);
    if (c->scales == SCALES_TENSOR)
        return x->range[0];
    size_t row = i / g.cols * g.down, col = i % g.cols * g.across;
    size_t vector = c->by_column ? col : row, along = c->by_column ? row : col;
    size_t length = c->by_column ? x->rows : x->cols;
    size_t block = c->scales == SCALES_BLOCK ? CODING_BLOCK : length;
    return half_to(x->ranges[vector * ((length + block - 1) / block) + along / block]) * x->unit;
}

/* Codes and values of groups that a quantizer's nearest and value give: whatever the shape, groups
 * lie along the vectors, are filled up with zeros, and count as stored. */
static void test_groups(void)
{
    static const size_t shapes[][2] = { { 1, 1 },  { 1, 200 }, { 200, 1 }, { 9, 67 },
                                        { 64, 8 }, { 0, 5 },   { 67, 9 } };
    const struct quantizer *q = quantizer_find("e8p");
    size_t wrong = 0;
    for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes); s++)
        for (int kind = 0; kind < 18; kind++) {
            size_t rows = shapes[s][0], cols = shapes[s][1];
            struct matrix a = filled(DTYPE_F64, rows, cols, 3),
                          b = filled(DTYPE_F64, rows, cols, 1);
            struct coding c = { .quantizer = q,
                                .bits = 2 + kind % 3,
                                .scales = (enum scales)(kind / 3 % 3),
                                .symmetric = true,
                                .by_column = kind / 9 };
            struct coded x = { 0 };
            wrong += !round_trip(&c, a.view, b.view, &x);
            size_t down = c.by_column ? (rows + 7) / 8 : rows;
            size_t across = c.by_column ? cols : (cols + 7) / 8, n = down * across;
            wrong += coding_codes(&c, rows, cols) != n ||
                     coding_codes_size(&c, rows, cols) != n * (size_t)c.bits ||
                     coding_bits_paper(&c, rows, cols) != n * 8 * (size_t)c.bits;
            for (size_t i = 0; i < n; i++) {
                double units[8], r = group_radius(&x, i);
                size_t row, col;
                for (size_t k = 0; k < 8; k++)
                    units[k] = group_place(&c, a.view, i, k, &row, &col)
                                   ? matrix_at(a.view, row, col) / r
                                   : 0;
                uint32_t code = q->nearest(c.bits, units);
                wrong += coded_at(&x, i) != code;
                q->value(c.bits, code, units);
                for (size_t k = 0; k < 8; k++)
                    wrong += group_place(&c, a.view, i, k, &row, &col) &&
                             matrix_at(b.view, row, col) != units[k] * r;
            }
            coded_finish(&x);
            matrix_finish(&a);
            matrix_finish(&b);
        }
    CHECK(wrong == 0);
}

static void test_refused_quantizers(void)
{
    double x[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    static const struct {
        const char *name;
        int bits;
        enum rounding rounding;
    } bad[] = { { "e8p", 5, ROUNDING_NEAREST },
                { "e8p", 1, ROUNDING_NEAREST },
                { "e8p", 2, ROUNDING_DITHERED },
                { "lloyd-max", 9, ROUNDING_NEAREST },
                { "normal-float", 1, ROUNDING_NEAREST } };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct coding c = { .quantizer = quantizer_find(bad[i].name),
                            .bits = bad[i].bits,
                            .rounding = bad[i].rounding,
                            .symmetric = true };
        struct coded q = { 0 };
        struct error err = { 0 };
        CHECK(!coding_encode(&c, row_of(x, 8), &q, &err) && err.code == ERROR_USAGE && !q.codes);
    }
}

static double squared_error(const struct coding *c, struct matrix_view a)
{
    struct matrix b = filled(DTYPE_F64, a.rows, a.cols, 0);
    struct coded x = { 0 };
    double sum = round_trip(c, a, b.view, &x) ? 0 : (double)NAN;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++) {
            double e = matrix_at(a, i, j) - matrix_at(b.view, i, j);
            sum += e * e;
        }
    coded_finish(&x);
    matrix_finish(&b);
    return sum;
}

/* Ranges by the standard deviation: a tensor's against the definition; what lies outside has the
 * code of the nearer end, dithered or not. */
static void test_spread(void)
{
    struct matrix a = filled(DTYPE_F64, 90, 70, 2), b = filled(DTYPE_F64, 90, 70, 0);
    double mean = 0, square = 0;
    for (size_t i = 0; i < 6300; i++) {
        double x = matrix_at(a.view, i / 70, i % 70) + (i < 3150 ? 7 : 5);
        matrix_put(a.view, i / 70, i % 70, x);
        mean += x / 6300;
        square += x * x / 6300;
    }
    for (int kind = 0; kind < 4; kind++) {
        struct coding c = coding(4);
        struct coded q = { 0 };
        c.clip = CLIP_SPREAD;
        c.rounding = kind & 1 ? ROUNDING_DITHERED : ROUNDING_NEAREST;
        c.symmetric = kind & 2;
        CHECK(round_trip(&c, a.view, b.view, &q));
        double width = quantizer_uniform.spread(4) *
                       sqrt(c.symmetric ? square : square - mean * mean);
        CHECK_NEAR(q.range[1], (c.symmetric ? 0 : mean) + width, 1e-12);
        CHECK_NEAR(q.range[0], c.symmetric ? width : mean - width, 1e-12);
        double low = c.symmetric ? -q.range[0] : q.range[0], high = q.range[1];
        int outside = 0, wrong = 0;
        for (size_t i = 0; i < 6300; i++) {
            double x = matrix_at(a.view, i / 70, i % 70);
            uint32_t code = coded_at(&q, i);
            outside += x < low || x > high;
            wrong += (x <= low && code != 0) || (x >= high && code != 15) ||
                     fabs(matrix_at(b.view, i / 70, i % 70) - fmin(fmax(x, low), high)) >
                         (high - low) / 15 * (kind & 1 ? 1 : .5) * (1 + 1e-12);
        }
        CHECK(wrong == 0 && (outside > 0) == !c.symmetric);
        coded_finish(&q);
    }
    matrix_finish(&a);
    matrix_finish(&b);
}

/* The search never does worse than all entries (but for how ranges are stored), and finds what
 * suits normal numbers; AUTO is what the quantizer is made for. */
static void test_search(void)
{
    struct matrix a = filled(DTYPE_F64, 40, 130, 1);
    for (size_t j = 0; j < 130; j++) /* skewed, and a few large */
        for (size_t i = 0; i < 20; i++)
            matrix_put(a.view, i, j, exp(1.5 * matrix_at(a.view, i, j)) - .5);
    double worst = 0, suits = 0;
    int unlike = 0;
    for (int n = 0; quantizer_names[n]; n++)
        for (int kind = 0; kind < 12; kind++) {
            struct coding c = coding(2 + kind % 2 * 2);
            c.quantizer = quantizer_at(n);
            c.symmetric = c.quantizer->symmetric || kind / 2 % 2;
            c.scales = (enum scales)(kind / 4);
            c.clip = CLIP_NONE;
            double none = squared_error(&c, a.view);
            c.clip = CLIP_SPREAD;
            double spread = squared_error(&c, a.view);
            c.clip = CLIP_AUTO;
            unlike += squared_error(&c, a.view) != (c.quantizer->spreads ? spread : none);
            c.clip = CLIP_SEARCH;
            double search = squared_error(&c, a.view);
            worst = fmax(worst, search / none);
            search = squared_error(&c, matrix_block(a.view, 20, 0, 20, 130));
            c.clip = CLIP_SPREAD;
            suits = fmax(suits, search / squared_error(&c, matrix_block(a.view, 20, 0, 20, 130)));
        }
    printf("# search / all entries at most %.4f, / spread of normal numbers %.4f\n", worst, suits);
    CHECK(worst <= 1.001);
    CHECK(suits <= 1.01);
    CHECK(unlike == 0);
    matrix_finish(&a);
}

/* Clipped ranges of what halves, floats or sums find hard: finite, and constants stay. */
static void test_clipped_extremes(void)
{
    static const double scale[] = { 1e300, 1e-310, 4.9406564584124654e-324, 1, 0 };
    int wrong = 0;
    for (int n = 0; quantizer_names[n]; n++)
        for (size_t s = 0; s < 5; s++)
            for (int kind = 0; kind < 12; kind++) {
                double x[192], y[192];
                struct coding c = coding(4);
                c.quantizer = quantizer_at(n);
                c.scales = (enum scales)(kind % 3);
                c.symmetric = c.quantizer->symmetric || kind / 3 % 2;
                c.clip = kind / 6 ? CLIP_SPREAD : CLIP_SEARCH;
                for (int i = 0; i < 192; i++)
                    x[i] = i < 64    ? scale[s]
                           : i < 128 ? -scale[s] * (i % 9)
                                     : scale[s] * 1e-20 * (i % 5);
                struct coded q = { 0 };
                wrong += !round_trip(&c, (struct matrix_view){ x, 3, 64, 64, 1, DTYPE_F64 },
                                     (struct matrix_view){ y, 3, 64, 64, 1, DTYPE_F64 }, &q);
                for (int i = 0; i < 192; i++)
                    wrong += !(fabs(y[i]) <= 12 * scale[s] * (1 + 1e-3) + 2e-323);
                if (!c.symmetric && c.scales == SCALES_VECTOR)
                    wrong += fabs(y[0] - x[0]) > x[0] * 1e-3 + 1e-323;
                coded_finish(&q);
            }
    CHECK(wrong == 0);
}

static void test_out_of_memory(void)
{
    struct matrix a = filled(DTYPE_F32, 20, 30, 1), b = filled(DTYPE_F32, 20, 30, 1);
    size_t before = memory_used();
    long failed = 0, strange = 0;
    for (int kind = 0; kind < 8; kind++)
        for (long n = 0; n < 50; n++) {
            struct coding c = coding(3);
            c.quantizer = kind & 1 ? &normal : c.quantizer;
            c.scales = kind & 2 ? SCALES_BLOCK : SCALES_TENSOR;
            c.symmetric = kind & 4;
            c.clip = kind & 4 ? CLIP_SEARCH : CLIP_NONE;
            struct coded x = { 0 };
            struct error err = { 0 };
            memory_fail_after(n);
            bool ok = coding_encode(&c, a.view, &x, &err) && coding_decode(&x, b.view, &err);
            memory_fail_after(-1);
            coded_finish(&x);
            strange += memory_used() != before || (!ok && err.code != ERROR_MEMORY);
            if (ok)
                break;
            failed++;
        }
    CHECK(failed == 5 + 7 + 6 + 8 + 6 + 9 + 7 + 10);
    CHECK(strange == 0);
    matrix_finish(&a);
    matrix_finish(&b);
    CHECK(memory_used() == 0);
}

int main(void)
{
    printf("# seed %d\n", SEED);
    test_vectors();
    test_nearest();
    test_idempotent();
    test_dithered(&quantizer_uniform, 3);
    test_dithered(&quantizer_uniform, 8);
    test_dithered(&tabulated, 4);
    test_dither_counters();
    test_ranges();
    test_transpose();
    test_extremes();
    test_largest_float();
    test_tiny_beside_huge();
    test_constant_and_refused();
    test_codebook();
    test_groups();
    test_refused_quantizers();
    test_spread();
    test_search();
    test_clipped_extremes();
    test_out_of_memory();
    return check_done();
}
