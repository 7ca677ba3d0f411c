/* A8: the promise of a release, attacked at (1, 0.01) by whole releases of two pairs of neighbours. The
 * same source with OFF and DIAGONAL defined is a program with a wrong amount of noise linked into
 * the release path (tests/meson.build); then the audit has to say so. Random numbers are those of a
 * fixed key. `strict`: as many samples as the page says, and a million at (1, 1e-6). */

#include "check.h"

#include "audit.h"
#include "entropy.h"
#include "random.h"
#include "release_deviation.h"

#include <stdlib.h>
#include <string.h>

#ifdef OFF
#define FACTOR OFF
#else
#define FACTOR 1
#endif
#ifndef VERDICT
#define VERDICT AUDIT_KEPT
#endif
#ifndef SAMPLES
#define SAMPLES 4000
#endif
#ifndef CANARY /* that shows the bug */
#define CANARY AUDIT_OFF_DIAGONAL
#endif

/* In place of the kernel's: only a test's program can be linked so. */
bool entropy_fill(void *out, size_t n, struct error *err)
{
    static uint32_t calls;
    (void)err;
    calls++;
    for (size_t i = 0; i < n; i += 4) {
        uint32_t word = philox_block(8, (uint32_t)i, calls, STREAM_TEST, 0).word[0];
        memcpy((char *)out + i, &word, n - i < 4 ? n - i : 4);
    }
    return true;
}

#ifdef OFF
bool release_deviation(enum mechanism m, enum relation r, unsigned bits, double mu,
                       struct release_deviation *out)
{
    double s = ldexp(gdp_deviation(m, r, 1, mu), 2 * (int)bits);
    *out = (struct release_deviation){ (uint64_t)(OFF * s), (uint64_t)(DIAGONAL * s) };
    return true;
}
#endif

static struct audit_finding look(enum audit_canary canary, const struct release_terms *t, size_t n,
                                 double *expected)
{
    struct error err = { 0 };
    struct audit_case *c = calloc(1, sizeof(*c));
    struct audit_samples s = { 0 };
    struct audit_finding f = { 0 };
    bool ok = audit_case(canary, t, c, &err) && audit_samples_init(&s, n, &err) &&
              audit_draw(c, &s, 0, n / 2, NULL, &err) &&
              audit_draw(c, &s, n / 2, n - n / 2, NULL, &err);
    if (ok)
        f = audit_judge(c, &s);
    printf("# %s, %s, %s, %zu a side: mu %.5f +- %.5f for %.5f; delta %.5f +- %.5f of the matrix, "
           "%.5f +- %.5f of the output; epsilon at least %.3f, %.3f: %s %s\n",
           audit_canary_names[canary], mechanism_name(t->mechanism), relation_names[t->relation], n,
           f.apart.mu, f.apart.error, c->expected, f.noisy.delta, f.noisy.error, f.output.delta,
           f.output.error, f.epsilon[0], f.epsilon[1], audit_verdict_names[f.verdict], err.text);
    CHECK(ok);
    *expected = c->expected;
    audit_samples_finish(&s);
    free(c);
    return f;
}

static struct release_terms terms(enum mechanism m, enum relation r, double delta)
{
    return (struct release_terms){ .mechanism = m,
                                   .relation = r,
                                   .epsilon = 1,
                                   .delta = delta,
                                   .clip = 1,
                                   .rank = AUDIT_RANK,
                                   .dataset = "test" };
}

#ifdef OFF
static void test_bug(size_t n, bool strict)
{
    struct release_terms t = terms(MECHANISM_COMPLEX, RELATION_REPLACE, .01);
    double expected;
    struct audit_finding f = look(CANARY, &t, n, &expected);
    CHECK_NEAR(expected, .532517, 1e-5);
    CHECK(f.verdict == VERDICT);
    /* what is then read is what that noise would show */
    double factor = CANARY == AUDIT_DIAGONAL ? DIAGONAL / sqrt(2) : OFF;
    CHECK(fabs(f.apart.mu - expected / factor) < 5 * f.apart.error);
    if (strict && VERDICT == AUDIT_BROKEN && CANARY == AUDIT_OFF_DIAGONAL) { /* by events alone */
        CHECK(f.noisy.delta - 5 * f.noisy.error > .01);
        CHECK(f.output.delta - 5 * f.output.error > .01);
    }
}
#else
static void test_promise(size_t n)
{
    for (int i = 0; i < AUDIT_CANARIES; i++) {
        struct release_terms t = terms(MECHANISM_COMPLEX, RELATION_REPLACE, .01);
        double expected;
        struct audit_finding f = look((enum audit_canary)i, &t, n, &expected);
        CHECK_NEAR(expected, .532517, 1e-5);
        CHECK(f.verdict == AUDIT_KEPT);
        CHECK(fabs(f.apart.mu - expected) <= fmax(.05, 5 * f.apart.error));
        CHECK(f.noisy.delta - 5 * f.noisy.error <= .01);
        CHECK(f.output.delta - 5 * f.output.error <= .01);
        CHECK(f.epsilon[0] > .2); /* the attack is no blank */
    }
}

/* Every mechanism and both relations, with what the theory expects of each. */
static void test_others(size_t n)
{
    /* mu* at (1, 0.01), of mechanism and relation, off the diagonal */
    const double wanted[MECHANISMS][RELATIONS] = { { .532517, .532517 },
                                                   { .532517, .532517 },
                                                   { .376546, .434798 } };
    for (int m = 0; m < MECHANISMS; m++)
        for (int r = 0; r < RELATIONS; r++) {
            struct release_terms t = terms((enum mechanism)m, (enum relation)r, .01);
            double expected;
            struct audit_finding f = look((enum audit_canary)(r + m) % 2, &t, n, &expected);
            CHECK(f.verdict == AUDIT_KEPT);
            if ((r + m) % 2 == AUDIT_OFF_DIAGONAL)
                CHECK_NEAR(expected, wanted[m][r], 1e-5);
            else
                CHECK_NEAR(expected, .532517, 1e-5);
        }
}
#endif

/* What is proved at best of normals so far apart, n a side: the counts of every threshold as they are
 * expected, and the standard error of the logarithm of their ratio. */
static double best_epsilon(double mu, size_t n, double delta, double *error)
{
    double best = 0;
    for (double t = 0; t < 6; t += .02) {
        double p = .5 * erfc((t - mu) / sqrt(2)), q = .5 * erfc(t / sqrt(2));
        struct event_counts c = { (size_t)(p * (double)n), (size_t)(q * (double)n), n };
        double found = audit_epsilon(c, delta, .025);
        if (found > best) {
            best = found;
            *error = sqrt(1 / (double)c.likely + 1 / (double)c.unlikely);
        }
    }
    return best;
}

/* (1, 1e-6), a million a side. */
static void test_bound(double factor)
{
    struct release_terms t = terms(MECHANISM_COMPLEX, RELATION_REPLACE, 1e-6);
    double expected, error = 0;
    struct audit_finding f = look(AUDIT_OFF_DIAGONAL, &t, 1000000, &expected);
    double best = best_epsilon(expected / factor, 500000, 1e-6, &error);
    printf("# epsilon at least %.3f; by a threshold that is known %.3f +- %.3f\n", f.epsilon[0],
           best, error);
    CHECK_NEAR(expected, .236704, 1e-5);
    CHECK(fabs(f.epsilon[0] - best) < 3 * error);
    CHECK(f.verdict == VERDICT);
    if (factor == 1)
        CHECK(f.epsilon[0] <= 1);
    if (factor == .5)
        CHECK(f.epsilon[0] > 1);
}

int main(int argc, char **argv)
{
    bool strict = argc > 1 && !strcmp(argv[1], "strict");
    size_t n = strict ? 40000 : SAMPLES;
#ifdef OFF
    test_bug(n, strict);
#else
    test_promise(n);
    test_others(strict ? 20000 : 400);
#endif
    if (strict && CANARY == AUDIT_OFF_DIAGONAL && VERDICT != AUDIT_EXCESS)
        test_bound(FACTOR);
    return check_done();
}
