/* What one matrix is like, against plain loops, known answers, and a real model that is here. Seeds
 * are fixed. */
#include "anatomy.h"

#include "check.h"
#include "half.h"
#include "linalg.h"
#include "memory.h"
#include "random.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 77 };

static const struct anatomy_options usual = { .dtype = DTYPE_F32, .rounding = true };

static struct matrix gaussian(enum dtype dtype, size_t rows, size_t cols, uint32_t stream)
{
    struct error err = { 0 };
    struct matrix m = { 0 };
    if (!matrix_init(&m, dtype, rows, cols, &err))
        exit(2);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, stream, 1, m.view);
    return m;
}

static struct anatomy look(struct matrix_view a, const struct anatomy_options *o)
{
    struct error err = { 0 };
    struct job job = { 0 };
    struct anatomy out;
    bool ok = anatomy_of_matrix(&job, a, (double)NAN, NULL, o, &out, &err);
    CHECK(ok);
    if (!ok)
        printf("# %s\n", err.text);
    return out;
}

static double relative(double got, double want)
{
    return fabs(got - want) / fmax(fabs(want), DBL_MIN);
}

/* Against two passes of plain loops; scale moves all entries by a power of ten. */
static void test_moments(double scale)
{
    struct matrix m = gaussian(DTYPE_F64, 37, 53, 0);
    double sum = 0, square = 0, fourth = 0, n = 37 * 53 - 2;
    for (size_t i = 0; i < 37; i++)
        for (size_t j = 0; j < 53; j++)
            matrix_put(m.view, i, j, (matrix_at(m.view, i, j) + 3) * scale);
    matrix_put(m.view, 0, 0, (double)NAN);
    matrix_put(m.view, 36, 52, -(double)INFINITY);
    matrix_put(m.view, 5, 6, 0);
    matrix_put(m.view, 7, 8, -40 * scale);
    for (size_t i = 0; i < 37; i++)
        for (size_t j = 0; j < 53; j++)
            if (isfinite(matrix_at(m.view, i, j)))
                sum += matrix_at(m.view, i, j) / scale;
    for (size_t i = 0; i < 37; i++)
        for (size_t j = 0; j < 53; j++)
            if (isfinite(matrix_at(m.view, i, j))) {
                double x = matrix_at(m.view, i, j) / scale - sum / n;
                square += x * x;
                fourth += x * x * x * x;
            }
    struct anatomy a = look(m.view, &usual);
    const struct anatomy_statistics *s = &a.statistics;
    CHECK(s->n == 37 * 53 && s->nonfinite == 2 && s->zeros == 1 && s->outliers == 1);
    CHECK(s->min == -40 * scale && s->max < 8 * scale && s->max > 5 * scale);
    CHECK(relative(s->mean, sum / n * scale) < 1e-12);
    CHECK(relative(s->deviation, sqrt(square / n) * scale) < 1e-12);
    CHECK(relative(s->kurtosis, fourth * n / square / square) < 1e-12);
    CHECK(a.spectrum.n == 0 && isnan(a.stable_rank) && isnan(a.verdict.gain));
    CHECK(strstr(a.verdict.text, "2 entries are NaN or infinite") != NULL);
    anatomy_finish(&a);
    matrix_finish(&m);
}

static void test_shapes(void)
{
    struct matrix m = gaussian(DTYPE_F32, 400, 300, 1);
    struct anatomy a = look(m.view, &usual);
    printf("# normal: kurtosis %g, %d bins\n", a.statistics.kurtosis, (int)a.histogram.bins);
    CHECK_NEAR(a.statistics.kurtosis, 3, .05);
    CHECK(a.histogram.bins == ANATOMY_BINS && a.statistics.outliers == 0);
    anatomy_finish(&a);
    for (size_t i = 0; i < 400;
         i++) /* evenly spread over -1 .. 1: fourth moment 1/5, variance 1/3 */
        for (size_t j = 0; j < 300; j++)
            matrix_put(m.view, i, j, 2 * (double)((i * 300 + j) * 7919 % 120000) / 119999 - 1);
    a = look(m.view, &usual);
    CHECK_NEAR(a.statistics.kurtosis, 1.8, 1e-3);
    /* Freedman, Diaconis: the quartiles are 1 apart */
    CHECK(fabs((double)a.histogram.bins - ceil(2 / (2 * 1 / cbrt(120000)))) <= 1);
    anatomy_finish(&a);
    matrix_finish(&m);
}

static void test_histogram(void)
{
    struct matrix m = gaussian(DTYPE_F64, 50, 41, 2);
    uint64_t sum = 0, off = 0, count[ANATOMY_BINS] = { 0 };
    matrix_put(m.view, 3, 3, 1000);
    matrix_put(m.view, 4, 3, -900);
    struct anatomy a = look(m.view, &usual);
    const struct anatomy_histogram *h = &a.histogram;
    double width = (h->high - h->low) / (double)h->bins;
    for (size_t i = 0; i < 50; i++)
        for (size_t j = 0; j < 41; j++) {
            double at = floor((matrix_at(m.view, i, j) - h->low) / width);
            if (at >= 0 && at < (double)h->bins)
                count[(size_t)at]++;
        }
    for (size_t i = 0; i < h->bins; i++) {
        sum += h->count[i];
        off += count[i] != h->count[i];
    }
    CHECK(sum + h->outside == a.statistics.n && h->outside == 2 && a.statistics.outliers == 2);
    CHECK(off == 0 && h->low > -1000 && h->high < 1000);
    anatomy_finish(&a);
    for (size_t i = 0; i < 50; i++)
        for (size_t j = 0; j < 41; j++)
            matrix_put(m.view, i, j, .1);
    a = look(m.view, &usual);
    CHECK(a.histogram.bins == 1 && a.histogram.count[0] == 2050 && a.histogram.outside == 0);
    CHECK(a.statistics.deviation == 0 && isnan(a.statistics.kurtosis));
    CHECK(a.statistics.outliers == 0 && a.histogram.low == .1 && a.histogram.high == .1);
    anatomy_finish(&a);
    matrix_finish(&m);
}

/* Cells that divide no side, against every cell's own loop. */
static void test_map(void)
{
    const struct anatomy_options o = { .dtype = DTYPE_F32, .map_rows = 5, .map_cols = 7 };
    struct matrix m = gaussian(DTYPE_F32, 37, 53, 3);
    size_t wrong = 0;
    struct anatomy a = look(m.view, &o);
    CHECK(a.map.rows == 5 && a.map.cols == 7);
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 7; j++) {
            double sum = 0, most = 0, n = 0;
            for (size_t r = i * 37 / 5; r < (i + 1) * 37 / 5; r++)
                for (size_t c = j * 53 / 7; c < (j + 1) * 53 / 7; c++, n++) {
                    sum += fabs(matrix_at(m.view, r, c));
                    most = fmax(most, fabs(matrix_at(m.view, r, c)));
                }
            wrong += relative((double)a.map.mean[i * 7 + j], sum / n) > 1e-6 ||
                     (double)a.map.most[i * 7 + j] != most;
        }
    CHECK(wrong == 0);
    anatomy_finish(&a);
    struct anatomy_options fine = { .dtype = DTYPE_F32, .map_rows = 500, .map_cols = 4 };
    a = look(m.view, &fine);
    CHECK(a.map.rows == 37 && a.map.cols == 4);
    anatomy_finish(&a);
    matrix_finish(&m);
}

/* u diag(sigma) v^T, u and v at random. */
static struct matrix planted(size_t rows, size_t cols, const double *sigma, size_t n)
{
    struct error err = { 0 };
    struct matrix u = gaussian(DTYPE_F64, rows, n, 4), v = gaussian(DTYPE_F64, cols, n, 5), a;
    if (!linalg_orthonormalize(u.view, &err) || !linalg_orthonormalize(v.view, &err) ||
        !matrix_init(&a, DTYPE_F64, rows, cols, &err))
        exit(2);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double x = 0;
            for (size_t k = 0; k < n; k++)
                x += matrix_at(u.view, i, k) * sigma[k] * matrix_at(v.view, j, k);
            matrix_put(a.view, i, j, x);
        }
    matrix_finish(&u);
    matrix_finish(&v);
    return a;
}

static double farthest(const struct spectrum *s, const double *sigma, size_t n, double least)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        if (sigma[i] > least * sigma[0])
            most = fmax(most, relative(s->sigma[i], sigma[i]));
    return most;
}

static void test_spectrum(void)
{
    static const size_t shapes[][2] = { { 120, 60 }, { 60, 120 } };
    double sigma[60], few[] = { 4, 3, 2, 1, .5 };
    for (size_t i = 0; i < 60; i++)
        sigma[i] = pow(.7, (double)i);
    for (size_t i = 0; i < 2; i++) {
        struct matrix m = planted(shapes[i][0], shapes[i][1], sigma, 60);
        struct anatomy_options exact = usual;
        exact.exact = true;
        struct anatomy gram = look(m.view, &usual), svd = look(m.view, &exact);
        double off = farthest(&gram.spectrum, sigma, 60, 1e-4);
        printf("# %zu x %zu: Gram %.1e off above 1e-4 sigma_1, SVD %.1e above 1e-8\n", shapes[i][0],
               shapes[i][1], off, farthest(&svd.spectrum, sigma, 60, 1e-8));
        CHECK(off < 1e-7 && farthest(&svd.spectrum, sigma, 60, 1e-8) < 1e-7);
        CHECK(!gram.exact && svd.exact && svd.floor == 0 && gram.spectrum.n == 60);
        CHECK_NEAR(gram.floor, sqrt(60 * DBL_EPSILON), 1e-9);
        CHECK(gram.rank90 == spectrum_energy_rank(&svd.spectrum, .9) && gram.rank90 == 4);
        CHECK_NEAR(gram.stable_rank, 1 / (1 - .49), 1e-9);
        anatomy_finish(&gram);
        anatomy_finish(&svd);
        matrix_finish(&m);
    }
    struct matrix m = planted(80, 50, few, 5);
    struct anatomy a = look(m.view, &usual);
    CHECK(farthest(&a.spectrum, few, 5, 0) < 1e-10 && a.spectrum.sigma[5] == 0);
    CHECK(a.spectrum.sigma[49] == 0 && a.verdict.answer == VERDICT_FACTORIZE);
    anatomy_finish(&a);
    for (size_t i = 0; i < 80; i++) /* a Gram matrix of these leaves the range */
        for (size_t j = 0; j < 50; j++)
            matrix_put(m.view, i, j, matrix_at(m.view, i, j) * 1e200);
    a = look(m.view, &usual);
    CHECK(a.exact && relative(a.spectrum.sigma[0], 4e200) < 1e-12);
    anatomy_finish(&a);
    matrix_finish(&m);
}

/* Tall enough for several panels of its Gram matrix. */
static void test_panels(void)
{
    struct matrix m = gaussian(DTYPE_F32, 2500, 750, 6);
    struct anatomy_options exact = { .dtype = DTYPE_F32, .exact = true };
    struct anatomy gram = look(m.view, &usual), svd = look(m.view, &exact);
    CHECK(farthest(&gram.spectrum, svd.spectrum.sigma, 750, 0) < 1e-10);
    anatomy_finish(&gram);
    anatomy_finish(&svd);
    matrix_finish(&m);
}

/* Rounding done once more in double precision: to d q, d = most / 127 of each 32 entries. */
static double rounded_plainly(struct matrix_view a)
{
    double lost = 0, whole = 0;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j += 32) {
            size_t end = j + 32 < a.cols ? j + 32 : a.cols;
            double most = 0;
            for (size_t k = j; k < end; k++)
                most = fmax(most, fabs(matrix_at(a, i, k)));
            double d = half_to(half_from(most / 127, HALF_NEAREST));
            for (size_t k = j; k < end; k++) {
                double x = matrix_at(a, i, k), y = d * round(x / (most / 127));
                lost += (x - y) * (x - y);
                whole += x * x;
            }
        }
    return sqrt(lost / whole);
}

static double rounding_of(struct matrix_view a, const char *type)
{
    double lost = 0, whole = 0;
    verdict_round(a, type, &lost, &whole);
    return verdict_rounding(lost, whole);
}

static void test_rounding(void)
{
    struct matrix m = gaussian(DTYPE_F32, 40, 172, 7); /* the last block of a row is short */
    CHECK(relative(rounding_of(m.view, "Q8_0"), rounded_plainly(m.view)) < 1e-3);
    double four = rounding_of(m.view,
                              "Q4_0"); /* steps of most / 8: some 2.1 deviations of 32 normals */
    printf("# normal entries: Q8_0 %g, Q4_0 %g\n", rounded_plainly(m.view), four);
    CHECK(four > .07 && four < .11);
    for (size_t i = 0; i < 40; i++)
        for (size_t j = 0; j < 172; j++)
            matrix_put(m.view, i, j, .25 * ((double)((i + j) % 16) - 8));
    CHECK(rounding_of(matrix_block(m.view, 0, 0, 40, 160), "Q4_0") == 0); /* it can hold them */
    for (size_t i = 0; i < 40; i++)
        for (size_t j = 0; j < 172; j++)
            matrix_put(m.view, i, j, 1e30 * (double)(i + j));
    CHECK(isnan(rounding_of(m.view, "Q4_0"))); /* a scale beyond half precision */
    for (size_t i = 0; i < 40; i++)
        for (size_t j = 0; j < 172; j++)
            matrix_put(m.view, i, j, 0);
    CHECK(rounding_of(m.view, "Q4_0") == 0 && rounding_of(m.view, "Q8_0") == 0);
    struct anatomy a = look(m.view, &usual);
    CHECK(a.verdict.answer == VERDICT_NONE && !strcmp(a.verdict.text, "all entries are zero"));
    anatomy_finish(&a);
    matrix_finish(&m);
}

/* 768 x 768 in Q4_0: 331776 bytes, which are 331776 / (2 (768 + 768)) = 108 columns and rows. */
static void test_bytes(void)
{
    double sigma[768], rounding[2] = { .005, .1 };
    struct spectrum s = { sigma, 768, 768, 768, 1 };
    struct verdict_line own = { "Q4_1", 768 * 768 / 32 * 20, .08, true, 0, 0 };
    struct verdict v;
    double norm = 0;
    for (size_t i = 768; i-- > 0;) {
        sigma[i] = 1 / (double)(i + 1);
        norm += sigma[i] * sigma[i];
    }
    s.norm = sqrt(norm);
    CHECK(verdict_factor_bytes(768, 768, 108) == 331776);
    CHECK(verdict_rank(768, 768, 331776) == 108 && verdict_rank(768, 768, 331775) == 107);
    CHECK(verdict_rank(3, 5, 1000) == 3 && verdict_rank(0, 5, 1000) == 0);
    verdict_of(&s, rounding, &own, &v);
    CHECK(v.lines[VERDICT_Q4_0].bytes == 331776 && v.lines[VERDICT_Q4_0].rank == 108);
    CHECK(v.lines[VERDICT_Q8_0].bytes == 626688 && v.lines[VERDICT_Q8_0].rank == 204);
    CHECK(v.lines[VERDICT_OWN].rank == 120 &&
          v.lines[VERDICT_OWN].low_rank == spectrum_tail(&s, 120));
    CHECK(v.lines[VERDICT_Q4_0].low_rank == spectrum_tail(&s, 108));
    printf(
        "# %s\n",
        v.text); /* tail(120)^2 is (1/120.5 - 1/768.5) / 1.644: less than what the rounding cost */
    CHECK(v.answer == VERDICT_FACTORIZE && strstr(v.text, "Q4_1 cost about 8.0 %; rank 120"));
    CHECK(relative(v.gain, .08 / spectrum_tail(&s, 120)) < 1e-12);
    own.rounding = .06;
    verdict_of(&s, rounding, &own, &v);
    CHECK(v.answer == VERDICT_QUANTIZE && strstr(v.text, "6.5 %: keep it"));
    verdict_of(&s, rounding, NULL, &v);
    printf("# %s\n", v.text);
    CHECK(v.answer == VERDICT_DEPENDS && !v.lines[VERDICT_OWN].type);
    rounding[1] = .05;
    verdict_of(&s, rounding, NULL, &v);
    printf("# %s\n", v.text);
    CHECK(v.answer == VERDICT_QUANTIZE && strstr(v.text, "4-bit rounding leaves 5.0 %"));
    CHECK(strstr(v.text, "(108) at the same bytes 6.9 %: quantize") && v.gain < 1);
    rounding[0] = .2;
    rounding[1] = .3;
    verdict_of(&s, rounding, NULL, &v);
    CHECK(v.answer == VERDICT_FACTORIZE && v.gain > 1);
    rounding[1] = (double)NAN;
    verdict_of(&s, rounding, NULL, &v);
    CHECK(v.answer == VERDICT_NONE && isnan(v.gain));
}

/* Padding buys a narrow matrix whole: no low rank. What is exact either way is no gain without end. */
static void test_narrow(void)
{
    static const struct {
        size_t rows, cols;
        bool low;
    } shapes[] = {
        { 64, 4, false },    { 256, 1, false }, { 64, 33, false },
        { 4000, 31, false }, { 4, 64, true },   { 64, 64, true },
    };
    double sigma[64], rounding[2] = { .005, .1 }, nan = (double)NAN;
    struct verdict v;
    size_t wrong = 0;
    for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++) {
        size_t n = shapes[k].rows < shapes[k].cols ? shapes[k].rows : shapes[k].cols;
        struct spectrum s = { sigma, n, shapes[k].rows, shapes[k].cols, sqrt((double)n) };
        for (size_t i = 0; i < n; i++)
            sigma[i] = 1;
        verdict_of(&s, rounding, NULL, &v);
        wrong += v.answer != (shapes[k].low ? VERDICT_QUANTIZE : VERDICT_NONE);
        wrong += shapes[k].low ? !(v.gain < 1) : !isnan(v.gain) || !strstr(v.text, "too narrow");
        wrong += isnan(v.lines[VERDICT_Q8_0].low_rank) == shapes[k].low;
    }
    CHECK(wrong == 0);
    struct spectrum one = { sigma, 64, 64, 64, 1 };
    for (size_t i = 1; i < 64; i++)
        sigma[i] = 0;
    verdict_of(&one, rounding, NULL, &v);
    CHECK(v.answer == VERDICT_FACTORIZE && v.gain == .1 / VERDICT_FLOOR);
    rounding[0] = rounding[1] = 0;
    verdict_of(&one, rounding, NULL, &v);
    printf("# %s\n", v.text);
    CHECK(v.answer == VERDICT_NONE && v.gain == 1 && strstr(v.text, "either will do"));
    rounding[1] = .1; /* at 8 bits there is no telling */
    verdict_of(&one, rounding, NULL, &v);
    CHECK(v.answer == VERDICT_FACTORIZE && strstr(v.text, "4-bit rounding leaves 10 %"));
    rounding[0] = .1;
    rounding[1] = 1e-4;
    verdict_of(&one, rounding, NULL, &v);
    CHECK(v.answer == VERDICT_FACTORIZE && strstr(v.text, "8-bit rounding leaves 10 %"));
    rounding[0] = nan;
    verdict_of(&one, rounding, NULL, &v);
    CHECK(v.answer == VERDICT_NONE && isnan(v.gain));
}

/* From one end of double precision to the other: the range itself is beyond it. */
static void test_range(void)
{
    struct matrix m = gaussian(DTYPE_F64, 20, 41, 9);
    for (size_t i = 0; i < 20; i++)
        for (size_t j = 0; j < 41; j++)
            matrix_put(m.view, i, j, DBL_MAX * (((double)i * 41 + (double)j) / 409.5 - 1));
    struct anatomy a = look(m.view, &usual);
    const struct anatomy_histogram *h = &a.histogram;
    uint64_t sum = 0, least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < h->bins; i++) {
        sum += h->count[i];
        least = h->count[i] < least ? h->count[i] : least;
        most = h->count[i] > most ? h->count[i] : most;
    }
    printf("# %d bins of %d to %d\n", (int)h->bins, (int)least, (int)most);
    CHECK(sum == 820 && h->outside == 0 && a.statistics.outliers == 0);
    CHECK(least >= 820 / h->bins - 1 && most <= 820 / h->bins + 2);
    anatomy_finish(&a);
    matrix_finish(&m);
}

/* Every place where memory may end, and every step at which it may be stopped. */
struct stopper {
    atomic_bool cancel;
    int left;
};

static void count_down(void *context, double done, const char *stage)
{
    struct stopper *s = context;
    (void)stage;
    if (done < 0 || done > 1 || s->left-- == 0)
        atomic_store(&s->cancel, true);
}

static void test_failures(void)
{
    const struct anatomy_options o = {
        .dtype = DTYPE_F32, .rounding = true, .map_rows = 3, .map_cols = 3
    };
    struct matrix m = gaussian(DTYPE_F32, 40, 30, 8);
    size_t before = memory_used(), wrong = 0;
    struct error err = { 0 };
    int n = 0, steps = 0;
    for (bool ok = false; !ok && n < 100; n++) {
        struct job job = { 0 };
        struct anatomy a;
        memory_fail_after(n);
        ok = anatomy_of_matrix(&job, m.view, (double)NAN, NULL, &o, &a, &err);
        memory_fail_after(-1);
        wrong += !ok && (err.code != ERROR_MEMORY || memory_used() != before);
        anatomy_finish(&a);
    }
    for (bool ok = false; !ok && steps < 100; steps++) {
        struct stopper s = { .left = steps };
        struct job job = { .cancel = &s.cancel, .progress = count_down, .context = &s };
        struct anatomy a;
        ok = anatomy_of_matrix(&job, m.view, (double)NAN, NULL, &o, &a, &err);
        wrong += !ok && (err.code != ERROR_CANCELLED || memory_used() != before);
        anatomy_finish(&a);
    }
    printf("# %d allocations, %d steps\n", n - 1, steps - 1);
    CHECK(wrong == 0 && n > 8 && n < 100 && steps > 6 && steps < 100);
    matrix_finish(&m);
    CHECK(memory_used() == 0);
}

/* Q4_1 as its reference has it: steps of (most - least) / 15, both in half precision; the mean of
 * step^2 / 12 goes to *square. */
static void round_q4_1(struct matrix_view a, double *square)
{
    *square = 0;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j += 32) {
            double least = (double)INFINITY, most = -(double)INFINITY;
            for (size_t k = j; k < j + 32; k++) {
                least = fmin(least, matrix_at(a, i, k));
                most = fmax(most, matrix_at(a, i, k));
            }
            double d = (most - least) / 15, step = half_to(half_from(d, HALF_NEAREST));
            double from = half_to(half_from(least, HALF_NEAREST));
            for (size_t k = j; k < j + 32; k++)
                matrix_put(a, i, k, from + step * trunc((matrix_at(a, i, k) - least) / d + .5));
            *square += step * step / 12 / (double)(a.rows * a.cols / 32);
        }
}

/* Layer 0 of a trained model; numbers by numpy in double precision. */
static void test_stories(struct document *d)
{
    struct error err = { 0 };
    struct job job = { 0 };
    struct anatomy a;
    const struct entry *q = document_entry(d, "blk.0.attn_q.weight");
    struct matrix m = { 0 };
    double square;
    CHECK(q && anatomy_of(&job, d, q, &usual, &a, &err));
    CHECK_NEAR(a.spectrum.sigma[0], 10.80045, 1e-6);
    CHECK_NEAR(a.spectrum.sigma[3], 3.22841, 2e-6);
    CHECK_NEAR(a.spectrum.norm, 15.11033, 1e-6);
    CHECK(isnan(a.rounding) && a.below_rounding == 0);
    CHECK(!strcmp(a.verdict.lines[VERDICT_OWN].type, "F32") &&
          a.verdict.lines[VERDICT_OWN].bytes == 64 * 64 * 4);
    printf("# %s\n", a.verdict.text);
    CHECK(a.verdict.answer == VERDICT_QUANTIZE && a.verdict.lines[VERDICT_Q4_0].rank == 9);
    anatomy_finish(&a);
    CHECK(matrix_init(&m, DTYPE_F32, 64, 64, &err) && document_read(d, q, m.view, &err));
    round_q4_1(m.view, &square);
    struct verdict_line own = { .type = "Q4_1", .bytes = 64 * 2 * 20, .estimated = true };
    CHECK(anatomy_of_matrix(&job, m.view, sqrt(square), &own, &usual, &a, &err));
    printf("# Q4_1: deviation %g, edge %g, %zu below; %s\n", a.rounding, a.rounding_edge,
           a.below_rounding, a.verdict.text);
    CHECK_NEAR(a.rounding, .01775, 1e-5);
    CHECK_NEAR(a.rounding_edge, .284, 1e-3);
    CHECK(a.below_rounding == 18 && a.verdict.lines[VERDICT_OWN].estimated);
    CHECK_NEAR(a.verdict.lines[VERDICT_OWN].rounding, .01775 * 64 / 15.11, 5e-4);
    anatomy_finish(&a);
    matrix_finish(&m);
}

int main(void)
{
    const char *data = getenv("EIGENSCOPE_DATA");
    char path[400];
    struct error err = { 0 };
    printf("# seed %d\n", SEED);
    test_moments(1);
    test_moments(1e200);
    test_moments(1e-200);
    test_shapes();
    test_histogram();
    test_map();
    test_spectrum();
    test_panels();
    test_rounding();
    test_bytes();
    test_narrow();
    test_range();
    test_failures();
    snprintf(path, sizeof(path), "%s/stories260K.gguf", data ? data : "");
    struct document *d = data ? document_open(path, &err) : NULL;
    if (d)
        test_stories(d);
    else
        printf("ok %d - a real model # SKIP stories260K is not there\n", ++checks);
    document_unref(d);
    CHECK(memory_used() == 0);
    return check_done();
}
