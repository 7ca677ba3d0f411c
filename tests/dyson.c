/* Eigenvalues of M + B(t): exact frames against their moments and LAPACK's vectors, the equation they follow
 * against the frames, order and coupling of its particles, scenes, near misses. By default on smaller
 * samples than privacy.md asks for, with bounds of five standard errors; `strict` as first argument: the
 * full ones. Seeds are fixed. */

#include "check.h"

#include "cancel.h"
#include "dyson.h"
#include "dyson_sde.h"
#include "linalg.h"
#include "memory.h"
#include "spacing.h"
#include "tridiagonal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SEED = 41 };

static bool strict;
static const enum field fields[] = { FIELD_REAL, FIELD_COMPLEX };

/* ---- the matrix ---- */

struct mean {
    double n, sum, squares;
};

static void take(struct mean *m, double x)
{
    m->n++;
    m->sum += x;
    m->squares += x * x;
}

static double mean(const struct mean *m)
{
    return m->sum / m->n;
}

static double error_of(const struct mean *m)
{
    return sqrt((m->squares / m->n - mean(m) * mean(m)) / (m->n - 1));
}

/* Moments at t = 1 whatever the frames: E sum of squares is 2 t d (d + 1) real, 4 t d^2 complex; the six
 * means of Figure 1. */
static void moments(enum field field, size_t frames)
{
    enum { D = 6 };
    static const double figure[2][D / 2] = { { 5.31, 2.93, .95 }, { 7.08, 3.95, 1.30 } };
    const double none[D] = { 0 }, want = field == FIELD_REAL ? 84 : 144;
    struct mean square = { 0 }, each[D] = { 0 };
    struct error err = { 0 };
    uint32_t paths = strict ? 20000 : 1500;
    for (uint32_t p = 0; p < paths; p++) {
        struct dyson x;
        double sum = 0;
        dyson_init(&x, field, none, D, 1. / (double)frames, false, SEED + p, 0, &err);
        for (size_t i = 0; i < frames; i++)
            dyson_step(&x, &err);
        for (size_t i = 0; i < D; i++) {
            take(&each[i], x.values[i]);
            sum += x.values[i] * x.values[i];
        }
        take(&square, sum);
        dyson_finish(&x);
    }
    double worst = 0;
    for (size_t i = 0; i < D; i++) {
        double law = i < D / 2 ? figure[field - 1][i] : -figure[field - 1][D - 1 - i];
        worst = fmax(worst, fabs(mean(&each[i]) - law) - 5 * error_of(&each[i]));
    }
    printf("# beta %d, %zu frames: E sum x^2 %.2f +- %.2f (%.0f); means off by %.3f over 5 se\n",
           (int)field, frames, mean(&square), error_of(&square), want, worst);
    CHECK(fabs(mean(&square) - want) < 5 * error_of(&square));
    CHECK(worst < .006); /* the figure's numbers have two digits */
}

/* Every frame of a path is its matrix' spectrum; the overlap is that of LAPACK's vectors. */
static void vectors(enum field field)
{
    enum { D = 7, FRAMES = 5 };
    const double start[D] = { 5, 3, 2, 2, 1, 0, -4 };
    struct error err = { 0 };
    struct dyson x;
    struct matrix a = { 0 };
    double values[D], worst = 0, off = 0;
    matrix_init(&a, DTYPE_F64, D, D * (size_t)field, &err);
    CHECK(dyson_init(&x, field, start, D, .3, true, SEED, 3, &err) && x.overlap == 1);
    for (int f = 0; f < FRAMES; f++) {
        CHECK(dyson_step(&x, &err));
        matrix_copy(x.sum.view, a.view);
        (field == FIELD_REAL ? linalg_eigen : linalg_eigen_hermitian)(a.view, values, &err);
        double overlap = pow(matrix_at(a.view, D - 1, 0), 2);
        if (field == FIELD_COMPLEX)
            overlap += pow(matrix_at(a.view, D - 1, D), 2);
        worst = fmax(worst, fabs(overlap - x.overlap));
        for (size_t i = 0; i < D; i++)
            off = fmax(off, fabs(values[D - 1 - i] - x.values[i]));
    }
    printf("# beta %d: values off by %.2g, overlap by %.2g\n", (int)field, off, worst);
    CHECK(worst < 1e-11 && off < 1e-12);
    CHECK(x.frame == FRAMES && fabs(x.t - 1.5) < 1e-12);
    matrix_finish(&a);
    dyson_finish(&x);
}

/* A path is its seed, number and field; others are others. */
static void numbers(void)
{
    enum { D = 4, FRAMES = 3 };
    const double start[D] = { 3, 1, 1, 0 };
    struct error err = { 0 };
    struct dyson_path p[5] = { 0 };
    static const struct {
        enum field field;
        uint64_t seed;
        uint32_t path;
        size_t frames;
    } asked[] = { { FIELD_REAL, SEED, 1, FRAMES },
                  { FIELD_REAL, SEED, 1, FRAMES + 2 },
                  { FIELD_REAL, SEED, 2, FRAMES },
                  { FIELD_REAL, SEED + 1, 1, FRAMES },
                  { FIELD_COMPLEX, SEED, 1, FRAMES } };
    for (size_t i = 0; i < 5; i++)
        CHECK(dyson_path_draw(&p[i], asked[i].field, start, D, .1, asked[i].frames, true,
                              asked[i].seed, asked[i].path, &err));
    size_t bytes = (FRAMES + 1) * D * sizeof(double);
    CHECK(memcmp(dyson_path_at(&p[0], 0), start, sizeof(start)) == 0 && p[0].overlap[0] == 1);
    CHECK(memcmp(p[0].values, p[1].values, bytes) == 0); /* a longer one begins with a shorter */
    for (size_t i = 2; i < 5; i++)
        CHECK(dyson_path_at(&p[i], 1)[0] != dyson_path_at(&p[0], 1)[0]);
    for (size_t i = 0; i < 5; i++)
        dyson_path_finish(&p[i]);
    for (size_t i = 0; i < 2; i++) /* one number: what the fields would share, if anything */
        CHECK(dyson_path_draw(&p[i], fields[i], start, 1, .1, 1, false, SEED, 1, &err));
    CHECK(dyson_path_at(&p[0], 1)[0] != dyson_path_at(&p[1], 1)[0]);
    dyson_path_finish(&p[0]);
    dyson_path_finish(&p[1]);
}

/* Mean gap of the twins and mean overlap of the spike at its own unit, one frame each. */
static void scenes(void)
{
    struct error err = { 0 };
    const struct dyson_scene *twins = &dyson_scenes[1], *spike = &dyson_scenes[2];
    const double law[2] = { 3.545, 4.514 }; /* sqrt 8 times the mean of a chi of 2 or 3 degrees */
    CHECK(strcmp(twins->name, "twins") == 0 && strcmp(spike->name, "spike") == 0);
    for (int f = 0; f < 2; f++) {
        struct mean gap = { 0 }, overlap = { 0 };
        double start[64];
        for (uint32_t p = 0; p < (strict ? 4000u : 250u); p++) {
            struct dyson_path path;
            for (size_t i = 0; i < twins->d; i++)
                start[i] = twins->start(i);
            if (!dyson_path_draw(&path, fields[f], start, twins->d, 1, 1, false, SEED, p, &err))
                break;
            take(&gap, dyson_path_at(&path, 1)[0] - dyson_path_at(&path, 1)[1]);
            dyson_path_finish(&path);
        }
        for (uint32_t p = 0; p < (strict ? 400u : 60u); p++) {
            struct dyson_path path;
            for (size_t i = 0; i < spike->d; i++)
                start[i] = spike->start(i);
            if (!dyson_path_draw(&path, fields[f], start, spike->d, .36, 1, true, SEED, p, &err))
                break;
            take(&overlap, path.overlap[1]);
            dyson_path_finish(&path);
        }
        printf(
            "# beta %d: twins part by %.3f +- %.3f; spike at 2 sqrt(t d): overlap %.3f +- %.3f\n",
            f + 1, mean(&gap), error_of(&gap), mean(&overlap), error_of(&overlap));
        CHECK(fabs(mean(&gap) - law[f]) < 5 * error_of(&gap) + .05); /* theta = 60, not infinite */
        /* 1 - v d / theta^2: 1/2 and 0 of a large matrix */
        CHECK(f ? mean(&overlap) < .25 : fabs(mean(&overlap) - .5) < .1);
    }
}

static void table(void)
{
    struct error err = { 0 };
    size_t n = dyson_scene_count(), bad = 0;
    CHECK(n == 4);
    for (size_t i = 0; i < n; i++) {
        const struct dyson_scene *s = &dyson_scenes[i];
        for (size_t k = 0; k + 1 < s->d; k++)
            bad += s->start(k) < s->start(k + 1);
        for (int f = 0; f < 2; f++) {
            struct dyson_path p = { 0 };
            double from = (double)clock() / CLOCKS_PER_SEC;
            struct dyson_scene less = *s;
            less.frames = strict ? s->frames : 8;
            less.duration = s->duration * (double)less.frames / (double)s->frames;
            bad += !dyson_scene_draw(&less, fields[f], SEED, 0, &p, &err);
            double took = ((double)clock() / CLOCKS_PER_SEC - from) * 1e3 / (double)less.frames;
            printf("# %s, beta %d: %.2f ms a frame\n", s->name, f + 1, took);
            bad += p.d != s->d || p.frames != less.frames ||
                   (p.overlap != NULL) != (s->look == DYSON_OVERLAP);
            for (size_t k = 0; k < (p.frames + 1) * p.d; k++)
                bad += !isfinite(p.values[k]) || (k % p.d && p.values[k] > p.values[k - 1]);
            bad += took > 16; /* both fields at 30 frames a second */
            dyson_path_finish(&p);
        }
    }
    CHECK(bad == 0 && !dyson_scenes[n].name);
}

/* ---- near misses ---- */

static void misses(void)
{
    enum { D = 3, FRAMES = 6 };
    /* gaps by frame: 9 4 2 4 1 1 9 | 9 9 3 3 5 2 9 */
    static const double upper[] = { 9, 4, 2, 4, 1, 1, 9 }, lower[] = { 9, 9, 3, 3, 5, 2, 9 };
    double values[(FRAMES + 1) * D];
    for (size_t f = 0; f <= FRAMES; f++) {
        values[f * D] = upper[f];
        values[f * D + 1] = 0;
        values[f * D + 2] = -lower[f];
    }
    struct dyson_path p = { FIELD_REAL, D, FRAMES, .25, values, NULL };
    struct dyson_miss found[8];
    size_t n = dyson_near_misses(&p, 100, found, 8);
    static const size_t frame[] = { 2, 3, 5, 5 }, at[] = { 0, 1, 0, 1 };
    size_t wrong = n != 4;
    for (size_t i = 0; i < n && i < 4; i++)
        wrong += found[i].frame != frame[i] || found[i].i != at[i] ||
                 fabs(found[i].s - found[i].gap / sqrt(found[i].t / D)) > 1e-12 ||
                 found[i].t != .25 * (double)frame[i];
    CHECK(wrong == 0);
    CHECK(dyson_next_miss(found, n, 0) == &found[0] && dyson_next_miss(found, n, 3) == &found[2] &&
          !dyson_next_miss(found, n, 5));
    n = dyson_near_misses(&p, 100, found, 2); /* s: 4.9, 6, 1.5, 3.1 */
    CHECK(n == 2 && found[0].frame == 5 && found[0].i == 0 && found[1].frame == 5);
    CHECK(dyson_near_misses(&p, 2, found, 8) == 1 && found[0].frame == 5);
    CHECK(dyson_near_misses(&p, 100, found, 0) == 0);
}

/* ---- the equation ---- */

/* What a step must satisfy: x - y = w sum 1 / (x_i - x_j); how far off, over the terms of it. */
static double residual(const struct dyson_sde *s, const double *before, double dt, const double *xi)
{
    double worst = 0;
    for (size_t i = 0; i < s->d; i++) {
        double y = before[i] + 2 * sqrt(dt) * xi[i], sum = 0, size = fabs(s->x[i]) + fabs(y);
        for (size_t j = 0; j < s->d; j++)
            if (j != i) {
                sum += 2 * s->beta * dt / (s->x[i] - s->x[j]);
                size += 2 * s->beta * dt / fabs(s->x[i] - s->x[j]);
            }
        worst = fmax(worst, fabs(s->x[i] - y - sum) / size);
    }
    return worst;
}

static size_t out_of_order(const double *x, size_t d)
{
    size_t n = 0;
    for (size_t i = 0; i + 1 < d; i++)
        n += !(x[i] > x[i + 1]);
    return n;
}

/* Steps of every size from starts of every kind: solved, in order. */
static void steps(void)
{
    static const size_t sides[] = { 1, 2, 5, 6, 24, 64 };
    static const double lengths[] = { 1e-12, 1e-6, 1e-3, .1, 10, 1e6 };
    static const double spreads[] = { 0, 1e-3, 1, 1e6 };
    struct error err = { 0 };
    double worst = 0, start[64], before[64], xi[64];
    size_t crossed = 0, failed = 0;
    for (size_t k = 0; k < sizeof(sides) / sizeof(sides[0]); k++)
        for (size_t l = 0; l < 6 * 4; l++) {
            struct dyson_sde s;
            size_t d = sides[k];
            double dt = lengths[l % 6], beta = 1 + (double)(l % 2);
            for (size_t i = 0; i < d; i++)
                start[i] = -spreads[l / 6] * (double)(i / 2);
            failed += !dyson_sde_init(&s, beta, start, d, &err);
            for (uint32_t i = 0; i < 5; i++) {
                dyson_sde_noise(SEED, (uint32_t)l, i, xi, d);
                memcpy(before, s.x, d * sizeof(*before));
                failed += !dyson_sde_step(&s, dt, xi, &err);
                worst = fmax(worst, residual(&s, before, dt, xi));
                crossed += out_of_order(s.x, d);
            }
            dyson_sde_finish(&s);
        }
    printf("# steps of 1e-12 to 1e6: equation off by %.2g of its terms\n", worst);
    CHECK(failed == 0 && crossed == 0);
    CHECK(worst < 1e-8); /* where 1e-6 and 1e7 are in one spectrum; else 1e-10 */
}

/* E sum x^2 at t = 1, d = 6, by the equation of that beta; *crossed: ever out of order. */
static struct mean sde_square(double beta, size_t *crossed)
{
    enum { D = 6 };
    const double none[D] = { 0 }, dt = strict ? 1e-3 : 5e-3;
    struct mean square = { 0 };
    struct error err = { 0 };
    for (uint32_t p = 0; p < (strict ? 2000u : 120u); p++) {
        struct dyson_sde s;
        double xi[D], sum = 0;
        dyson_sde_init(&s, beta, none, D, &err);
        for (uint32_t i = 0; s.t < 1 - dt / 2; i++) {
            dyson_sde_noise(SEED, p, i, xi, D);
            *crossed += !dyson_sde_step(&s, dt, xi, &err);
            *crossed += out_of_order(s.x, D);
        }
        for (size_t i = 0; i < D; i++)
            sum += s.x[i] * s.x[i];
        take(&square, sum);
        dyson_sde_finish(&s);
    }
    return square;
}

/* The equation's second moment is the matrix'; with the printed drift, half of this one, it is not. */
static void drift(enum field field)
{
    const double want = field == FIELD_REAL ? 84 : 144;
    size_t crossed = 0;
    struct mean right = sde_square((double)field, &crossed),
                printed = sde_square((double)field / 2, &crossed);
    double bound = strict ? fmax(field + 1, 5 * error_of(&right)) : 5 * error_of(&right) + 2;
    printf("# beta %d: E sum x^2 %.1f +- %.1f (%.0f), printed drift %.1f\n", (int)field,
           mean(&right), error_of(&right), want, mean(&printed));
    CHECK(crossed == 0);
    CHECK(fabs(mean(&right) - want) < bound);
    CHECK(!(fabs(mean(&printed) - want) < bound));
}

/* Explicit Euler, as one would write it first: out of order within .12. */
static bool explicit_crosses(uint32_t path)
{
    enum { D = 5 };
    double x[D], xi[D], drift[D], dt = 2e-6;
    for (size_t i = 0; i < D; i++)
        x[i] = -1e-3 * (double)i;
    for (uint32_t step = 0; step * dt < .12; step++) {
        dyson_sde_noise(SEED, path, step, xi, D);
        for (size_t i = 0; i < D; i++) {
            drift[i] = 0;
            for (size_t j = 0; j < D; j++)
                drift[i] += j != i ? 2 * dt / (x[i] - x[j]) : 0;
        }
        for (size_t i = 0; i < D; i++)
            x[i] += drift[i] + 2 * sqrt(dt) * xi[i];
        if (out_of_order(x, D))
            return true;
    }
    return false;
}

/* Lemma 3: wider gaps at the start are wider for ever, driven by the same numbers. Reversed, not. */
static void coupling(enum field field)
{
    enum { D = 6 };
    const double narrow[D] = { 2, 2, 1, 1, 0, 0 }, wide[D] = { 12, 12, 7, 5, 4, 4 };
    struct error err = { 0 };
    double xi[D], least = (double)INFINITY;
    size_t checks_made = 0, broken = 0;
    for (uint32_t p = 0; p < (strict ? 60u : 4u); p++) {
        struct dyson_sde a, b;
        dyson_sde_init(&a, field, narrow, D, &err);
        dyson_sde_init(&b, field, wide, D, &err);
        for (uint32_t i = 0; i < (strict ? 5000u : 1000u); i++) {
            dyson_sde_noise(SEED, p, i, xi, D);
            broken += !dyson_sde_step(&a, 1e-3, xi, &err) || !dyson_sde_step(&b, 1e-3, xi, &err);
            for (size_t k = 0; k + 1 < D; k++) {
                double more = b.x[k] - b.x[k + 1] - (a.x[k] - a.x[k + 1]);
                least = fmin(least, more / (b.x[k] - b.x[k + 1]));
                checks_made++;
            }
        }
        dyson_sde_finish(&a);
        dyson_sde_finish(&b);
    }
    printf("# beta %d: %zu gaps, least excess %.2g of a gap\n", (int)field, checks_made, least);
    CHECK(broken == 0 && least > -1e-9); /* the accuracy of a step */
}

/* ---- gaps of M + noise against those of noise alone (privacy.md, A7) ---- */

static int up(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* sup over x of F_a - F_b; a, b: n each, sorted here. */
static double exceeds(double *a, double *b, size_t n)
{
    size_t i = 0, j = 0;
    double worst = 0;
    qsort(a, n, sizeof(*a), up);
    qsort(b, n, sizeof(*b), up);
    while (i < n) {
        double x = a[i];
        while (i < n && a[i] <= x)
            i++;
        while (j < n && b[j] <= x)
            j++;
        worst = fmax(worst, ((double)i - (double)j) / (double)n);
    }
    return worst;
}

static void dominance(enum field field)
{
    enum { D = 32, MOST = 4000 };
    static double with[D - 1][MOST], alone[D - 1][MOST];
    const size_t n = strict ? MOST : 400;
    double start[D], values[D], worst = 0, reversed = 0;
    struct error err = { 0 };
    size_t failed = 0;
    for (size_t i = 0; i < D; i++)
        start[i] = i < 2 ? 60 : 20 * exp(-.2 * (double)i);
    for (uint32_t p = 0; p < n; p++) {
        struct dyson_path path = { 0 };
        failed += !dyson_path_draw(&path, field, start, D, 1, 1, false, SEED, p, &err);
        failed += !tridiagonal_spectrum(field, SEED, p, sqrt(2), values, D, &err);
        for (size_t i = 0; !failed && i + 1 < D; i++) {
            with[i][p] = dyson_path_at(&path, 1)[i] - dyson_path_at(&path, 1)[i + 1];
            alone[i][p] = values[i] - values[i + 1];
        }
        dyson_path_finish(&path);
    }
    for (size_t i = 0; i + 1 < D; i++) {
        worst = fmax(worst, exceeds(with[i], alone[i], n));
        reversed = fmax(reversed, exceeds(alone[i], with[i], n));
    }
    /* two samples, one side, 1e-6 and thirty-one gaps: .06 at 4000 */
    double bound = strict ? .06 : sqrt(log(31 / 1e-6) / (double)n);
    printf("# beta %d: sup (F with M - F alone) %.4f (bound %.3f); the other way %.3f\n",
           (int)field, worst, bound, reversed);
    CHECK(failed == 0 && worst < bound);
    CHECK(!(reversed < bound)); /* the test sees it when it does not hold */
}

/* ---- when things fail ---- */

static bool whole(struct error *err)
{
    const double start[4] = { 3, 2, 1, 0 }, xi[4] = { 0 };
    struct dyson_path p = { 0 };
    struct dyson_sde s = { 0 };
    double values[4];
    bool ok = dyson_path_draw(&p, FIELD_COMPLEX, start, 4, .1, 2, true, SEED, 0, err) &&
              dyson_sde_init(&s, 2, start, 4, err) && dyson_sde_step(&s, .1, xi, err) &&
              tridiagonal_spectrum(FIELD_REAL, SEED, 0, 1, values, 4, err);
    dyson_path_finish(&p);
    dyson_sde_finish(&s);
    return ok;
}

static void failures_of(void)
{
    struct error err = { 0 };
    size_t wrong = 0;
    long n = 0;
    for (;; n++) {
        err = (struct error){ 0 };
        memory_fail_after(n);
        bool ok = whole(&err);
        memory_fail_after(-1);
        wrong += memory_used() != 0 || (!ok && err.code != ERROR_MEMORY);
        if (ok)
            break;
    }
    printf("# %ld allocations\n", n);
    CHECK(wrong == 0 && n > 10);
    atomic_bool stop = true;
    const atomic_bool *before = cancel_watch(&stop);
    CHECK(!whole(&err) && err.code == ERROR_CANCELLED);
    cancel_watch(before);
    const double start[2] = { (double)INFINITY, 0 };
    struct dyson_path p = { 0 };
    CHECK(!dyson_path_draw(&p, FIELD_REAL, start, 2, 1, 1, false, SEED, 0, &err) && !p.values);
    const double fine[2] = { 1, 0 }, wild[2] = { (double)NAN, 0 };
    struct dyson_sde s;
    CHECK(dyson_sde_init(&s, 1, fine, 2, &err) && !dyson_sde_step(&s, 1, wild, &err) &&
          err.code == ERROR_NUMERIC && s.x[0] == 1 && s.t == 0);
    dyson_sde_finish(&s);
}

int main(int argc, char **argv)
{
    strict = argc > 1 && strcmp(argv[1], "strict") == 0;
    numbers();
    misses();
    table();
    scenes();
    steps();
    size_t crossed = 0;
    for (uint32_t p = 0; p < 4; p++)
        crossed += explicit_crosses(p);
    printf("# explicit steps: %zu of 4 paths cross\n", crossed);
    CHECK(crossed == 4);
    for (int f = 0; f < 2; f++) {
        moments(fields[f], 1);
        moments(fields[f], 3);
        vectors(fields[f]);
        drift(fields[f]);
        coupling(fields[f]);
        dominance(fields[f]);
    }
    failures_of();
    CHECK(memory_used() == 0);
    return check_done();
}
