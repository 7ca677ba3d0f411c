/* Statistics of eigenvalue gaps of noise (privacy.md, 2.2): tridiagonal draws against matrices, the table on both
 * backends, and that it sees what is wrong. By default on smaller samples, with bounds of five standard
 * errors; `strict` as first argument: at the sizes that the table's own bands need. */

#include "check.h"

#include "gap_draws.h"
#include "memory.h"
#include "random.h"
#include "spacing.h"
#include "tridiagonal.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_VULKAN
#include "vulkan/vulkan.h"
#endif

enum { SEED = 17 };

static bool strict;
static const enum field fields[] = { FIELD_REAL, FIELD_COMPLEX };

struct bench {
    struct backend *backend;
    struct arena scratch;
    struct job job;
};

static bool bench_open(struct bench *b, const char *name)
{
    struct error err = { 0 };
    *b = (struct bench){ .backend = backend_open(name, NULL, &err) };
    b->job = (struct job){ .backend = b->backend, .scratch = &b->scratch };
    return b->backend != NULL;
}

static struct gap_statistics *create(enum field field, size_t d, double deviation)
{
    struct error err = { 0 };
    struct gap_statistics *g = memory_alloc(sizeof(*g), &err);
    gap_statistics_init(g, field, d, deviation);
    return g;
}

static struct gap_statistics *drawn(struct bench *b, enum gap_source source, enum field field,
                                    size_t d, size_t n)
{
    struct error err = { 0 };
    struct gap_statistics *g = create(field, d, 3);
    if (!gap_draws_add(&b->job, source, SEED, 0, n, g, &err))
        printf("# %s\n", err.text);
    return g;
}

static void print(const struct gap_reading *r)
{
    printf("#   %-32s %9.5f +- %.5f  (%.5f; %.4f .. %.4f) %s\n", r->name, r->value, r->error,
           r->target, r->low, r->high, gap_mark_names[r->mark]);
}

/* How many readings have that mark. */
static size_t marks(const struct gap_statistics *g, enum gap_mark mark, bool show)
{
    size_t n = 0;
    for (int i = 0; i < GAP_READINGS; i++) {
        struct gap_reading r = gap_statistics_read(g, (enum gap_reading_kind)i);
        if (show)
            print(&r);
        n += r.mark == mark;
    }
    return n;
}

/* Real noise taken for complex, and the other way. */
static void mistaken(struct gap_statistics *g)
{
    g->field = g->field == FIELD_REAL ? FIELD_COMPLEX : FIELD_REAL;
    static const enum gap_reading_kind seen[] = { GAP_RATIO, GAP_VARIANCE, GAP_OWN, GAP_OTHER,
                                                  GAP_SMALL };
    size_t n = 0;
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        struct gap_reading r = gap_statistics_read(g, seen[i]);
        n += r.mark == GAP_FAIL;
        print(&r);
    }
    CHECK(n == sizeof(seen) / sizeof(seen[0]));
}

/* ---- the table ---- */

static void table(struct bench *b, enum field field)
{
    size_t n = strict ? 6000 : 400;
    struct gap_statistics *g = drawn(b, GAP_TRIDIAGONAL, field, 200, n);
    printf("# beta %d, d = 200, %zu draws\n", (int)field, n);
    CHECK(g->spectra == n && g->spacings == 101 * n && g->centre == 20 * n);
    CHECK(marks(g, GAP_FAIL, true) == 0);
    CHECK(marks(g, GAP_UNTOLD, false) == (field == FIELD_REAL ? 1 : 0));
    CHECK(marks(g, GAP_PASS, false) >= (strict ? 9 : 3));
    mistaken(g);
    memory_free(g);
}

/* ---- what must fail ---- */

/* Spectra made wrong in one way, and the readings that must say so. */
struct wrong {
    const char *name;
    void (*spoil)(double *values, size_t d, uint32_t draw);
    enum gap_reading_kind seen[3];
};

static void wider(double *values, size_t d, uint32_t draw)
{
    (void)draw;
    for (size_t i = 0; i < d; i++)
        values[i] *= 1.03;
}

/* Independent values: no repulsion. */
static void scattered(double *values, size_t d, uint32_t draw)
{
    double from = values[d - 1], to = values[0];
    for (size_t i = 0; i < d; i++)
        values[i] = from + (to - from) *
                               (double)random_unit(
                                   philox_block(SEED, (uint32_t)i, draw, STREAM_TEST, 0).word[0]);
    for (size_t i = 1; i < d; i++)
        for (size_t j = i; j > 0 && values[j] > values[j - 1]; j--) {
            double x = values[j];
            values[j] = values[j - 1];
            values[j - 1] = x;
        }
}

/* Equal gaps: rigidity. */
static void fenced(double *values, size_t d, uint32_t draw)
{
    (void)draw;
    double from = values[d - 1], to = values[0];
    for (size_t i = 0; i < d; i++)
        values[i] = to - (to - from) * (double)i / (double)(d - 1);
}

static const struct wrong wrongs[] = {
    { "3 % wider", wider, { GAP_NORM, GAP_TOP, GAP_NORM } },
    { "independent", scattered, { GAP_RATIO, GAP_VARIANCE, GAP_OWN } },
    { "equal gaps", fenced, { GAP_RATIO, GAP_VARIANCE, GAP_OWN } },
};

static void power(enum field field)
{
    enum { D = 100, N = 200 };
    struct error err = { 0 };
    double values[D];
    for (size_t w = 0; w < sizeof(wrongs) / sizeof(wrongs[0]); w++) {
        struct gap_statistics *g = create(field, D, 1);
        for (uint32_t i = 0; i < N; i++) {
            tridiagonal_spectrum(field, SEED, i, 1, values, D, &err);
            wrongs[w].spoil(values, D, i);
            gap_statistics_add(g, values);
        }
        size_t seen = 0;
        for (size_t i = 0; i < 3; i++)
            seen += gap_statistics_read(g, wrongs[w].seen[i]).mark == GAP_FAIL;
        printf("# %s: %zu of 3 say so\n", wrongs[w].name, seen);
        CHECK(seen == 3);
        memory_free(g);
    }
}

/* ---- the two ways to draw ---- */

/* Means that both have: within five of their errors. */
static size_t apart(const struct gap_statistics *a, const struct gap_statistics *b)
{
    size_t n = 0;
    for (int i = 0; i < GAP_READINGS; i++) {
        struct gap_reading x = gap_statistics_read(a, (enum gap_reading_kind)i),
                           y = gap_statistics_read(b, (enum gap_reading_kind)i);
        if (isnan(x.value) || isnan(y.value) || i == GAP_OWN || i == GAP_OTHER)
            continue;
        bool far = !(fabs(x.value - y.value) <= 5 * hypot(x.error, y.error));
        if (far)
            printf("# %s: %.5f +- %.5f, %.5f +- %.5f\n", x.name, x.value, x.error, y.value,
                   y.error);
        n += far;
    }
    return n;
}

static void two_ways(struct bench *b, enum field field, size_t d, size_t n)
{
    struct gap_statistics *matrix = drawn(b, GAP_MATRIX, field, d, n),
                          *exact = drawn(b, GAP_TRIDIAGONAL, field, d, strict ? 8 * n : 2 * n);
    printf("# %s: beta %d, d = %zu, %zu matrices: ratio %.4f, variance %.4f\n",
           backend_name(b->backend), (int)field, d, n, gap_statistics_read(matrix, GAP_RATIO).value,
           gap_statistics_read(matrix, GAP_VARIANCE).value);
    CHECK(matrix->spectra == n && apart(matrix, exact) == 0);
    CHECK(marks(matrix, GAP_FAIL, strict) == 0); /* readings that hold from so small a side on */
    CHECK(!strict || d < 64 || gap_statistics_read(matrix, GAP_RATIO).mark == GAP_PASS);
    memory_free(exact);
    exact = drawn(b, GAP_TRIDIAGONAL, field == FIELD_REAL ? FIELD_COMPLEX : FIELD_REAL, d, 2 * n);
    CHECK(apart(matrix, exact) > 2); /* and sees another law */
    memory_free(exact);
    memory_free(matrix);
}

#ifdef HAVE_VULKAN
static void on_the_device(void)
{
    struct bench b;
    vulkan_testing.validate = true;
    if (!bench_open(&b, "vulkan")) {
        vulkan_testing.validate = false;
        printf("ok %d - Vulkan # SKIP no device, or no validation layer\n", ++checks);
        return;
    }
    for (int f = 0; f < 2; f++)
        for (size_t d = 16; d <= 64; d *= 2)
            two_ways(&b, fields[f], d, !strict ? 4096 / d : d < 64 ? 1000 : 5000);
    struct backend_counts n = backend_counts(b.backend);
    CHECK(n.device[OP_NOISE] > 0 && n.device[OP_EIGEN] > 0);
    CHECK(n.fallback[OP_NOISE] == 0 && n.fallback[OP_EIGEN] == 0);
    backend_close(b.backend);
    CHECK(vulkan_testing.messages == 0);
}
#else
static void on_the_device(void)
{
    printf("ok %d - Vulkan # SKIP built without it\n", ++checks);
}
#endif

/* Of 2 x 2 matrices the surmise is the law itself: sqrt 8 s times a chi of beta + 1 degrees. */
static void pairs(enum field field)
{
    struct error err = { 0 };
    const size_t n = strict ? 1000000 : 100000;
    const double pi = acos(-1), s = 3, mean = field == FIELD_REAL ? sqrt(pi / 2) : sqrt(8 / pi);
    static uint32_t bins[4000];
    double values[2], sum = 0, worst = 0, below = 0;
    memset(bins, 0, sizeof(bins));
    for (uint32_t i = 0; i < n; i++) {
        tridiagonal_spectrum(field, SEED, i, s, values, 2, &err);
        double x = (values[0] - values[1]) / (2 * s * mean);
        sum += x;
        bins[x < 3.999 ? (size_t)(1000 * x) : 3999]++;
    }
    for (size_t i = 0; i < 3999; i++) {
        below += bins[i];
        worst = fmax(worst,
                     fabs(below / (double)n - spacing_surmise(field, .001 * (double)(i + 1))));
    }
    printf("# beta %d, d = 2: mean gap %.4f of its law's, distance %.4f\n", (int)field,
           sum / (double)n, worst);
    CHECK(fabs(sum / (double)n - 1) < 5 * .523 / sqrt((double)n));
    CHECK(worst < sqrt(log(2 / 1e-6) / 2 / (double)n));
}

/* ---- bookkeeping ---- */

/* More than a batch holds is what two calls draw. */
static void batches(struct bench *b)
{
    enum { D = 6, N = 14700, FIRST = 14500 }; /* a batch: 14563 */
    struct error err = { 0 };
    struct gap_statistics *whole = drawn(b, GAP_MATRIX, FIELD_COMPLEX, D, N),
                          *half = create(FIELD_COMPLEX, D, 3);
    CHECK(gap_draws_add(&b->job, GAP_MATRIX, SEED, 0, FIRST, half, &err) &&
          gap_draws_add(&b->job, GAP_MATRIX, SEED, FIRST, N - FIRST, half, &err));
    CHECK(whole->spectra == N && memcmp(half->bins, whole->bins, sizeof(half->bins)) == 0);
    memory_free(whole);
    memory_free(half);
}

/* By hand: five values, edge 2 sqrt(d s^2) = 4 with s = 2 / sqrt 5. */
static void by_hand(void)
{
    enum { D = 5 };
    const double values[D] = { 3, 1.5, 0, -.75, -2 }, pi = acos(-1);
    struct gap_statistics *g = create(FIELD_REAL, D, 2 / sqrt(5));
    gap_statistics_add(g, values);
    double share[D], n = 0, variance = 0;
    for (size_t i = 0; i < D; i++) {
        double x = values[i] / 4;
        share[i] = .5 + (x * sqrt(1 - x * x) + asin(x)) / pi;
    }
    for (size_t i = 1; i < 3; i++, n++)
        variance += pow(D * (share[i] - share[i + 1]) - 1, 2);
    CHECK(g->spacings == 2);
    CHECK_NEAR(g->sums[GAP_VARIANCE].sum, variance / n, 1e-12);
    CHECK_NEAR(g->sums[GAP_RATIO].sum, .75 / 1.5, 1e-12);
    CHECK_NEAR(g->sums[GAP_TOP].sum, .75, 1e-12);
    CHECK_NEAR(g->sums[GAP_NORM].sum, (9 + 2.25 + .5625 + 4) / (.8 * 30), 1e-12);
    double worst = 0;
    for (size_t i = 0; i < D; i++)
        worst = fmax(worst, fmax(fabs(share[i] - (5. - (double)i) / 5),
                                 fabs(share[i] - (4. - (double)i) / 5)));
    CHECK_NEAR(g->sums[GAP_SEMICIRCLE].sum, worst, 1e-12);
    CHECK(gap_statistics_read(g, GAP_RATIO).mark ==
          GAP_UNTOLD); /* so small a matrix has no target */
    memory_free(g);
}

/* In two halves, merged: the same; empty; what is drawn stays when more fails. */
static void parts(struct bench *b)
{
    struct error err = { 0 };
    struct gap_statistics *whole = drawn(b, GAP_TRIDIAGONAL, FIELD_COMPLEX, 32, 40),
                          *half = create(FIELD_COMPLEX, 32, 3);
    CHECK(marks(half, GAP_OPEN, false) == GAP_READINGS);
    CHECK(gap_draws_add(&b->job, GAP_TRIDIAGONAL, SEED, 0, 15, half, &err) &&
          gap_draws_add(&b->job, GAP_TRIDIAGONAL, SEED, 15, 25, half, &err));
    CHECK(half->spectra == 40 && half->near == whole->near &&
          memcmp(half->bins, whole->bins, sizeof(half->bins)) == 0 &&
          memcmp(half->small, whole->small, sizeof(half->small)) == 0);
    CHECK_NEAR(half->sums[GAP_RATIO].sum, whole->sums[GAP_RATIO].sum, 1e-12);
    atomic_bool stop = true;
    b->job.cancel = &stop;
    CHECK(!gap_draws_add(&b->job, GAP_TRIDIAGONAL, SEED, 40, 9, half, &err) &&
          err.code == ERROR_CANCELLED && half->spectra == 40);
    CHECK(!gap_draws_add(&b->job, GAP_MATRIX, SEED, 40, 9, half, &err) &&
          err.code == ERROR_CANCELLED && half->spectra == 40);
    b->job.cancel = NULL;
    size_t wrong = 0;
    for (int source = 0; source < 2; source++)
        for (long n = 0;; n++) {
            struct gap_statistics before = *half;
            memory_fail_after(n);
            bool ok = gap_draws_add(&b->job, (enum gap_source)source, SEED, 40, 9, half, &err);
            memory_fail_after(-1);
            wrong += !ok && (err.code != ERROR_MEMORY || memcmp(&before, half, sizeof(before)));
            if (ok)
                break;
        }
    CHECK(wrong == 0);
    double density[40], sum = 0;
    gap_statistics_density(half, .1, density, 40);
    for (size_t i = 0; i < 40; i++)
        sum += .1 * density[i];
    CHECK(fabs(sum - 1) < .01);
    CHECK(gap_statistics_share(half, 0) == 0 && gap_statistics_share(half, 4) > .99 &&
          fabs(gap_statistics_share(half, .5) -
               .1 * (density[0] + density[1] + density[2] + density[3] + density[4])) < 1e-12);
    struct gap_statistics *large = create(FIELD_REAL, 65, 1);
    CHECK(!gap_draws_add(&b->job, GAP_MATRIX, SEED, 0, 1, large, &err) && err.code == ERROR_LIMIT);
    memory_free(large);
    memory_free(whole);
    memory_free(half);
}

int main(int argc, char **argv)
{
    struct bench b;
    strict = argc > 1 && strcmp(argv[1], "strict") == 0;
    CHECK(bench_open(&b, "cpu"));
    by_hand();
    parts(&b);
    batches(&b);
    for (int f = 0; f < 2; f++) {
        table(&b, fields[f]);
        pairs(fields[f]);
        power(fields[f]);
        two_ways(&b, fields[f], 12, strict ? 4000 : 500);
    }
    on_the_device();
    arena_finish(&b.scratch);
    backend_close(b.backend);
    CHECK(memory_used() == 0);
    return check_done();
}
