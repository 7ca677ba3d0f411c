/* Codes and decoded values: what coding.h says, but for divisions that a device rounds its way. */

#include "backends.h"

#include "memory.h"

#include <string.h>

/* A codebook: denser near zero, and not all of [-1, 1]. */
static void bent(int bits, double *levels)
{
    int last = (1 << bits) - 1;
    for (int i = 0; i <= last; i++) {
        double x = -1 + 2.0 * i / last;
        levels[i] = .5 * x + .45 * x * x * x + .01;
    }
}

static const struct quantizer codebook = {
    .name = "bent", .min_bits = 1, .max_bits = 12, .codebook = bent
};

struct tally {
    double codes, differ; /* how many there are, and differ by one step */
    double far, ranges;   /* differ by more; ranges that differ */
    double decode;        /* the worst decoded value's excess */
};

static bool same_ranges(const struct coded *p, const struct coded *q)
{
    size_t n = coding_ranges(&p->coding, p->rows, p->cols) * (p->coding.symmetric ? 1 : 2);
    if (p->coding.scales == SCALES_TENSOR)
        return p->range[0] == q->range[0] && p->range[1] == q->range[1];
    return memcmp(p->ranges, q->ranges, n * sizeof(*p->ranges)) == 0 && p->unit == q->unit;
}

static void code_once(struct backend *b, struct matrix_view x, const struct coding *c,
                      struct tally *t)
{
    struct error err = { 0 };
    struct coded want = { 0 }, got = { 0 };
    struct matrix m = { .view = x };
    bool ok = true;
    struct buffer a = loaded(b, &m, &ok);
    ok = ok && fine(backend_code(c, &a, &got, &err), &err) && coding_encode(c, x, &want, &err);
    t->ranges += !ok || !same_ranges(&want, &got);
    for (size_t i = 0; ok && i < x.rows * x.cols; i++) {
        uint32_t p = coded_at(&want, i), q = coded_at(&got, i);
        t->differ += p != q;
        t->far += (p > q ? p - q : q - p) > tolerances.step;
    }
    t->codes += (double)(x.rows * x.cols);
    coded_finish(&want);
    coded_finish(&got);
    backend_release(&a);
}

/* Of codes the processor made: 0, all bits and what lies between. The two ends of a range come
 * back exactly. */
static void decode_once(struct backend *b, struct matrix_view x, const struct coding *c,
                        struct tally *t)
{
    struct error err = { 0 };
    struct coded k = { 0 };
    bool ok = coding_encode(c, x, &k, &err);
    struct buffer out = output(b, x.dtype, x.rows, x.cols, &ok);
    struct matrix want = filled(x.dtype, x.rows, x.cols, 1);
    double range = 0, step;
    ok = ok && coding_decode(&k, want.view, &err) && fine(backend_decode(&k, &out, &err), &err);
    struct matrix got = fetched(&out, &ok);
    if (ok)
        coding_extent(&k, &range, &step);
    else
        t->decode = 1;
    for (size_t i = 0; ok && i < x.rows * x.cols; i++) {
        uint32_t code = coded_at(&k, i);
        bool end = !c->quantizer->codebook && (code == 0 || code == (1u << c->bits) - 1);
        exceed(&t->decode, fabs(matrix_at(want.view, i / x.cols, i % x.cols) -
                                matrix_at(got.view, i / x.cols, i % x.cols)) -
                               (end ? 0 : tolerances.decode * epsilon(x.dtype) * range));
    }
    coded_finish(&k);
    matrix_finish(&want);
    matrix_finish(&got);
    backend_release(&out);
}

/* Rounding, scales, range and orientation of variant 0 .. 23. */
static struct coding variant(const struct quantizer *q, int bits, int number)
{
    return (struct coding){ .quantizer = q,
                            .bits = bits,
                            .rounding = (enum rounding)(number % 2),
                            .scales = (enum scales)(number / 2 % 3),
                            .symmetric = number / 6 % 2,
                            .by_column = number / 12,
                            .seed = SEED,
                            .stream = STREAM_TEST,
                            .part = 3 };
}

/* Every variant with many widths of code, every shape with a few. */
static struct tally sweep(struct backend *b, enum dtype dtype,
                          void (*once)(struct backend *b, struct matrix_view x,
                                       const struct coding *c, struct tally *t))
{
    extern const struct quantizer quantizer_uniform;
    static const int bits[] = { 1, 2, 3, 4, 5, 7, 8, 11, 12, 16, 17, 23, 24 };
    static const size_t shapes[][2] = { { 1, 1 }, { 1, 257 },   { 257, 1 }, { 64, 64 }, { 129, 65 },
                                        { 0, 5 }, { 127, 129 }, { 3, 255 }, { 193, 9 } };
    struct tally t = { 0 };
    struct matrix x = filled(dtype, 33, fit(67), 6);
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        for (int v = 0; v < 24; v++) {
            struct coding c = variant(&quantizer_uniform, bits[i], v);
            once(b, x.view, &c, &t);
            c.quantizer = &codebook;
            if (bits[i] <= codebook.max_bits)
                once(b, x.view, &c, &t);
        }
    matrix_finish(&x);
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
        for (int v = (int)s % 2; v < 24; v += 2) {
            struct coding c = variant(&quantizer_uniform, v % 4 < 2 ? 5 : 13, v);
            x = filled(dtype, shapes[s][0], fit(shapes[s][1]), 7);
            once(b, x.view, &c, &t);
            matrix_finish(&x);
        }
    return t;
}

/* The levels of every scalar quantizer, and all ways to clip its ranges. */
static struct tally clipped(struct backend *b, enum dtype dtype,
                            void (*once)(struct backend *b, struct matrix_view x,
                                         const struct coding *c, struct tally *t))
{
    static const int bits[] = { 2, 4, 8, 3, 5 };
    struct tally t = { 0 };
    struct matrix x = filled(dtype, 67, fit(91), 10);
    for (int n = 0; quantizer_names[n]; n++)
        for (int v = 0; v < 24 && !quantizer_at(n)->group; v++) {
            struct coding c = variant(quantizer_at(n), bits[v % 5], v);
            c.symmetric = coding_symmetric(c.symmetric, c.quantizer);
            c.clip = (enum clip)((v + v / 6 + n) % 4);
            once(b, x.view, &c, &t);
        }
    matrix_finish(&x);
    return t;
}

/* Constant, zero, tiny, huge and one-sided entries, and some below the normal range, each a row. */
static struct tally extremes(struct backend *b, enum dtype dtype,
                             void (*once)(struct backend *b, struct matrix_view x,
                                          const struct coding *c, struct tally *t))
{
    extern const struct quantizer quantizer_uniform;
    struct tally t = { 0 };
    struct matrix x = filled(dtype, 7, fit(131), 8);
    double below = dtype == DTYPE_F64 ? 1e-312 : 1e-41;
    double huge = dtype == DTYPE_F64 ? 1e300 : 1e37, tiny = dtype == DTYPE_F64 ? 1e-290 : 1e-30;
    for (size_t j = 0; j < x.view.cols; j++) {
        double e = matrix_at(x.view, 0, j);
        const double row[] = {
            0, -2.5, tiny * e, huge * e, fabs(e) + 3, j == 5 ? 1 : 0, below * e
        };
        for (size_t i = 0; i < 7; i++)
            matrix_put(x.view, i, j, row[i]);
    }
    for (int v = 0; v < 24; v++) {
        struct coding c = variant(&quantizer_uniform, 6, v);
        once(b, x.view, &c, &t);
        c.clip = v % 4 < 2 ? CLIP_SPREAD : CLIP_SEARCH;
        once(b, x.view, &c, &t);
        c.clip = CLIP_NONE;
        for (size_t i = 0; i < 7; i++)
            once(b, matrix_block(x.view, i, 0, 1, x.view.cols), &c, &t);
    }
    matrix_finish(&x);
    return t;
}

static double judged(const struct backend *b, struct tally t)
{
    double share = t.codes > 0 ? t.differ / t.codes : 0;
    printf("# %g of %g codes differ, %g by more than one; %g ranges\n", share, t.codes, t.far,
           t.ranges);
    return t.far + t.ranges + (share <= (b->seat->host ? tolerances.codes : 0) ? 0 : share);
}

static double code_sweep(struct backend *b, enum dtype dtype)
{
    return judged(b, sweep(b, dtype, code_once));
}

static double code_clipped(struct backend *b, enum dtype dtype)
{
    return judged(b, clipped(b, dtype, code_once));
}

static double code_extremes(struct backend *b, enum dtype dtype)
{
    return judged(b, extremes(b, dtype, code_once));
}

static double decode_sweep(struct backend *b, enum dtype dtype)
{
    return sweep(b, dtype, decode_once).decode;
}

static double decode_clipped(struct backend *b, enum dtype dtype)
{
    return clipped(b, dtype, decode_once).decode;
}

static double decode_extremes(struct backend *b, enum dtype dtype)
{
    return extremes(b, dtype, decode_once).decode;
}

/* Entries that have no code are refused, as the processor refuses them. */
static double refused(struct backend *b, enum dtype dtype)
{
    extern const struct quantizer quantizer_uniform;
    static const double bad[] = { (double)NAN, (double)INFINITY, -(double)INFINITY, 1e308 };
    double wrong = 0;
    for (int i = 0; i < (dtype == DTYPE_F64 ? 4 : 3); i++)
        for (int v = 0; v < 24; v += 5) {
            struct error err = { 0 };
            struct coding c = variant(&quantizer_uniform, 4, v);
            c.clip = v % 2 ? CLIP_SPREAD : CLIP_NONE;
            struct coded k = { 0 };
            struct matrix x = filled(dtype, 40, fit(67), 9);
            matrix_put(x.view, 17, fit(66) - 1, bad[i]);
            bool ok = true;
            struct buffer a = loaded(b, &x, &ok);
            wrong += !ok || backend_code(&c, &a, &k, &err) || err.code != ERROR_NUMERIC;
            coded_finish(&k);
            backend_release(&a);
            matrix_finish(&x);
        }
    return wrong;
}

const struct trial trials_codes[] = {
    { OP_CODE, "codes of every kind", code_sweep, false },
    { OP_CODE, "codes of clipped ranges", code_clipped, false },
    { OP_CODE, "codes of extreme entries", code_extremes, false },
    { OP_CODE, "entries without a code", refused, false },
    { OP_DECODE, "values of every kind of code", decode_sweep, false },
    { OP_DECODE, "values of clipped ranges", decode_clipped, false },
    { OP_DECODE, "values of extreme ranges", decode_extremes, false },
    { 0 },
};
