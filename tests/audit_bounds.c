/* The statistics of an audit: exact limits of proportions against sums of binomials, events against all
 * there are, and what the whole procedure says of plain normal samples at (1, 0.01) and at (1, 1e-6). */

#include "check.h"

#include "audit_bounds.h"
#include "matrix.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>

enum { SPLIT = 20000, LONG = 500000 };
static const double mu_2 = .532517, mu_6 = .236704; /* of (1, 0.01) and of (1, 1e-6) */

/* P(first <= X <= last) of a binomial, term by term. */
static double part(size_t first, size_t last, size_t n, double p)
{
    double sum = 0;
    for (size_t i = first; i <= last; i++)
        sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) +
                   (double)i * log(p) + (double)(n - i) * log1p(-p));
    return sum;
}

static void test_limits(void)
{
    double worst = 0;
    const double risks[] = { .025, 1e-3, 1e-7 };
    for (size_t n = 1; n <= 200; n = n * 3 + 1)
        for (size_t k = 0; k <= n; k++)
            for (size_t r = 0; r < 3; r++) {
                double low = audit_lower(k, n, risks[r]), high = audit_upper(k, n, risks[r]);
                if (k) /* at the lower limit so many hits or more are that rare */
                    worst = fmax(worst, fabs(part(k, n, n, low) / risks[r] - 1));
                if (k < n)
                    worst = fmax(worst, fabs(part(0, k, n, high) / risks[r] - 1));
            }
    printf("# limits against sums of binomials, worst relative difference %.2g\n", worst);
    CHECK(worst < 1e-7); /* a limit of 1 - 1e-9 has so many digits */
    CHECK_NEAR(audit_upper(0, 10, .025), 1 - pow(.025, .1), 1e-12);
    CHECK_NEAR(audit_lower(10, 10, .025), pow(.025, .1), 1e-12);
    CHECK(audit_lower(0, 10, .025) == 0 && audit_upper(10, 10, .025) == 1);
    CHECK_NEAR(audit_beta(.3, 2, 3), .3483, 1e-12); /* two successes or more of four */
    /* a million samples: normal limits are close */
    double p = .2, n = 1e6, half = 1.959963985 * sqrt(p * (1 - p) / n);
    CHECK(fabs(audit_lower(200000, 1000000, .025) - (p - half)) < 2e-6);
    CHECK(fabs(audit_upper(200000, 1000000, .025) - (p + half)) < 2e-6);
}

/* Normals, b around 0 and a around mu. */
static void draw(double *a, double *b, size_t n, double mu, uint32_t number)
{
    enum { COLS = 1000 };
    static float block[2][COLS];
    for (size_t i = 0; i < n; i += COLS) {
        struct matrix_view v = {
            .data = block, .rows = 2, .cols = COLS, .row_stride = COLS, .col_stride = 1
        };
        random_fill(SKETCH_GAUSSIAN, number, STREAM_TEST, (uint32_t)(i / COLS), 1, v);
        for (size_t j = 0; j < COLS && i + j < n; j++) {
            a[i + j] = (double)block[0][j] + mu;
            b[i + j] = (double)block[1][j];
        }
    }
}

static double normal_above(double t)
{
    return .5 * erfc(t / sqrt(2));
}

/* The best event against every threshold and side. */
static void test_choice(void)
{
    double a[60], b[60], best = -1;
    draw(a, b, 60, .8, 3);
    for (size_t i = 0; i < 60; i++) { /* equal values, too */
        a[i] = round(8 * a[i]);
        b[i] = round(8 * b[i]);
    }
    for (double t = -60; t < 60; t++)
        for (int kind = 0; kind < 4; kind++) {
            struct event e = { t, kind % 2, kind / 2 };
            best = fmax(best, audit_excess(audit_count(e, a, b, 60), .3).delta);
        }
    struct event e = audit_choose(a, b, 60, .3, 0, false);
    CHECK_NEAR(audit_excess(audit_count(e, a, b, 60), .3).delta, best, 1e-12);
    struct event other = audit_choose(b, a, 60, .3, 0, false);
    CHECK(other.of_b != e.of_b && other.threshold == e.threshold && other.above == e.above);
}

struct seen {
    struct separation apart;
    struct excess excess;
    double epsilon;
};

/* As the audit does it: one half chooses, the other is counted. */
static struct seen attack(size_t half, double mu, double delta, uint32_t number)
{
    double *a = malloc(2 * half * sizeof(double)), *b = malloc(2 * half * sizeof(double));
    struct seen s;
    draw(a, b, 2 * half, mu, number);
    s.apart = audit_separation(a, b, 2 * half);
    struct event e = audit_choose(a, b, half, 1, delta, false);
    s.excess = audit_excess(audit_count(e, a + half, b + half, half), 1);
    e = audit_choose(a, b, half, 1, delta, true);
    s.epsilon = audit_epsilon(audit_count(e, a + half, b + half, half), delta, .025);
    free(a);
    free(b);
    return s;
}

/* The figures that a correct mechanism and two wrong ones come to, within five standard errors. */
static void test_attack(void)
{
    const double factors[] = { 1, 2, 1.41421356, .70710678 };
    const double excess[] = { .0098, .144, .041, -1 }; /* found independently; -1: none */
    for (int i = 0; i < 4; i++) {
        double mu = mu_2 * factors[i];
        struct seen s = attack(SPLIT, mu, .01, 11 + (uint32_t)i);
        printf("# noise / %.3f: mu %.4f (%.4f), delta %.4f (%.4f), epsilon at least %.3f\n",
               factors[i], s.apart.mu, s.apart.error, s.excess.delta, s.excess.error, s.epsilon);
        CHECK(fabs(s.apart.mu - mu) < 5 * s.apart.error);
        CHECK(s.apart.error > .006 && s.apart.error < .009);
        bool held = s.excess.delta - 5 * s.excess.error <= .01;
        CHECK(held == (factors[i] <= 1));
        if (excess[i] > 0)
            CHECK(fabs(s.excess.delta - excess[i]) < 5 * s.excess.error + .002);
    }
}

static void test_epsilon(void)
{
    struct seen correct = attack(LONG, mu_6, 1e-6, 21), half = attack(LONG, 2 * mu_6, 1e-6, 22);
    printf("# (1, 1e-6), %d samples a side: epsilon at least %.3f; with half the noise %.3f\n",
           2 * LONG, correct.epsilon, half.epsilon);
    CHECK(correct.epsilon > .4 && correct.epsilon < 1);
    CHECK(half.epsilon > 1.1 && half.epsilon < 3);
}

/* Why the event is chosen by the samples: the one that is best against the claimed noise sees nothing of
 * noise that is half as large. */
static void test_fixed_threshold(void)
{
    double t = 1 / mu_2 + mu_2 / 2, mu = 2 * mu_2; /* in deviations of the claimed noise */
    double fixed = normal_above(2 * t - mu) - exp(1) * normal_above(2 * t);
    double best = normal_above(1 / mu - mu / 2) - exp(1) * normal_above(1 / mu + mu / 2);
    printf("# half the noise: delta %.4f by the fixed event, %.4f by the best\n", fixed, best);
    CHECK(fixed < .01 && best > .14);
}

int main(void)
{
    test_limits();
    test_choice();
    test_attack();
    test_epsilon();
    test_fixed_threshold();
    return check_done();
}
