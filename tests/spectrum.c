/* What singular values say, on spectra whose answer is known. Seeds are fixed. */

#include "check.h"

#include "linalg.h"
#include "memory.h"
#include "random.h"
#include "spectrum.h"

#include <stdint.h>

enum { SEED = 4242 };

/* Where |sigma / planted - 1| and |alpha / planted - 1| may end. */
static const double noise_tolerance = 0.02, alpha_tolerance = 0.05;

static void test_tails(void)
{
    double sigma[] = { 4, 2, 2, 1 };
    struct spectrum s = { sigma, 4, 4, 9, 5 };
    CHECK(spectrum_tail(&s, 0) == 1 && spectrum_tail(&s, 4) == 0);
    CHECK_NEAR(spectrum_tail(&s, 1), 3. / 5, 1e-15);
    CHECK_NEAR(spectrum_tail(&s, 3), 1. / 5, 1e-15);
    CHECK(spectrum_energy_rank(&s, .63) == 1 && spectrum_energy_rank(&s, .65) == 2);
    CHECK(spectrum_energy_rank(&s, 0) == 0 && spectrum_energy_rank(&s, 1) == 4);
    CHECK_NEAR(spectrum_stable_rank(&s), 25. / 16, 1e-15);
    /* The same matrix, of which two values are known: the norm tells of the rest. */
    struct spectrum part = { sigma, 2, 4, 9, 5 };
    CHECK_NEAR(spectrum_tail(&part, 1), 3. / 5, 1e-15);
    CHECK_NEAR(spectrum_tail(&part, 2), sqrt(5) / 5, 1e-15);
}

/* Tails far below the rounding of norm^2: subtraction would return noise. */
static void test_small_tails(void)
{
    double sigma[] = { 1e200, 1e190, 1e150 };
    struct spectrum s = { sigma, 3, 3, 3, 1e200 };
    CHECK_NEAR(spectrum_tail(&s, 1) / 1e-10, 1, 1e-12);
    CHECK_NEAR(spectrum_tail(&s, 2) / 1e-50, 1, 1e-12);
    CHECK(spectrum_numerical_rank(&s) == 2);
}

static void test_ranks(void)
{
    double flat[100], geometric[60], knee[50];
    for (int i = 0; i < 100; i++)
        flat[i] = 7;
    struct spectrum s = { flat, 100, 100, 300, 70 };
    CHECK_NEAR(spectrum_effective_rank(&s), 100, 1e-12);
    CHECK_NEAR(spectrum_stable_rank(&s), 100, 1e-12);
    CHECK(spectrum_numerical_rank(&s) == 100 && spectrum_elbow(&s) == 100);
    for (int i = 0; i < 60; i++)
        geometric[i] = ldexp(1, -i);
    s = (struct spectrum){ geometric, 60, 60, 60, sqrt(4. / 3) };
    CHECK(spectrum_numerical_rank(&s) == 47);          /* 2^-i > 60 * 2^-52 */
    CHECK(spectrum_elbow(&s) == 47);                   /* a straight line: no elbow */
    CHECK_NEAR(spectrum_effective_rank(&s), 4, 1e-12); /* entropy of 1/2, 1/4, ...: 2 ln 2 */
    for (int i = 0; i < 50; i++)
        knee[i] = i < 12 ? exp(-i) : exp(-11 - .01 * (i - 11));
    s = (struct spectrum){ knee, 50, 50, 50, 2 };
    CHECK(spectrum_elbow(&s) == 12);
}

static void test_nothing(void)
{
    static const double zeros[3];
    struct spectrum all[] = { { NULL, 0, 0, 5, 0 }, { zeros, 3, 3, 5, 0 } };
    for (int i = 0; i < 2; i++) {
        const struct spectrum *s = &all[i];
        struct marchenko_pastur m = spectrum_marchenko_pastur(s);
        CHECK(spectrum_tail(s, 0) == 0 && spectrum_tail(s, s->n) == 0);
        CHECK(spectrum_numerical_rank(s) == 0 && spectrum_stable_rank(s) == 0);
        CHECK(spectrum_effective_rank(s) == 0 && spectrum_elbow(s) == 0);
        CHECK(spectrum_energy_rank(s, .9) == 0);
        CHECK(m.sigma == 0 && m.edge == 0 && m.above == 0);
        CHECK(isnan(spectrum_power_law(s).alpha));
    }
    double one = 3;
    struct spectrum s = { &one, 1, 1, 100, 3 };
    CHECK(spectrum_tail(&s, 0) == 1 && spectrum_tail(&s, 1) == 0);
    CHECK(spectrum_numerical_rank(&s) == 1 && spectrum_elbow(&s) == 1);
    CHECK_NEAR(spectrum_effective_rank(&s), 1, 1e-15);
    CHECK_NEAR(spectrum_stable_rank(&s), 1, 1e-15);
    CHECK(spectrum_marchenko_pastur(&s).above == 0 && isnan(spectrum_power_law(&s).xmin));
    CHECK_NEAR(spectrum_marchenko_pastur(&s).sigma, .3, .05);
}

/* The singular values of noise of deviation 0.5 with `spikes` of twice the edge. */
static struct marchenko_pastur noisy(size_t rows, size_t cols, size_t spikes, size_t known)
{
    struct error err = { 0 };
    struct matrix a = { 0 }, u = { 0 }, v = { 0 };
    double sigma[160], edge = .5 * (sqrt((double)rows) + sqrt((double)cols));
    matrix_init(&a, DTYPE_F64, rows, cols, &err);
    matrix_init(&u, DTYPE_F64, rows, spikes, &err);
    matrix_init(&v, DTYPE_F64, cols, spikes, &err);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 0, .5, a.view);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 1, 1, u.view);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 2, 1, v.view);
    linalg_orthonormalize(u.view, &err);
    linalg_orthonormalize(v.view, &err);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double x = matrix_at(a.view, i, j);
            for (size_t k = 0; k < spikes; k++)
                x += 2 * edge * matrix_at(u.view, i, k) * matrix_at(v.view, j, k);
            matrix_put(a.view, i, j, x);
        }
    CHECK(linalg_singular_values(a.view, sigma, &err));
    struct spectrum s = { sigma, known, rows, cols, matrix_norm(a.view) };
    struct marchenko_pastur m = spectrum_marchenko_pastur(&s);
    printf("# %zu x %zu, %zu spikes: sigma %g, edge %g (%g), %zu above\n", rows, cols, spikes,
           m.sigma, m.edge, edge, m.above);
    matrix_finish(&a);
    matrix_finish(&u);
    matrix_finish(&v);
    return m;
}

static void test_noise(void)
{
    static const size_t shapes[][2] = { { 160, 160 }, { 80, 400 }, { 400, 120 } };
    for (int i = 0; i < 3; i++) {
        size_t rows = shapes[i][0], cols = shapes[i][1], least = rows < cols ? rows : cols;
        struct marchenko_pastur m = noisy(rows, cols, 0, least);
        CHECK(fabs(m.sigma / .5 - 1) < noise_tolerance && m.above <= 2);
        m = noisy(rows, cols, 5, least);
        CHECK(fabs(m.sigma / .5 - 1) < 2 * noise_tolerance && m.above >= 5 && m.above <= 7);
    }
    CHECK(isnan(noisy(80, 80, 0, 40).sigma) && !isnan(noisy(80, 80, 0, 41).sigma));
}

/* lambda / sqrt(median) of Gavish, Donoho 2014: 2.858 when square; elsewhere their
 * polynomial, which is good to .02. */
static void test_median(void)
{
    static const double ratios[] = { 1, .75, .5, .25, .1 };
    for (int i = 0; i < 5; i++) {
        double sigma[200], b = ratios[i];
        size_t n = (size_t)(200 * b);
        for (size_t k = 0; k < n; k++)
            sigma[k] = 1;
        struct spectrum s = { sigma, n, n, 200, 1 };
        double root = 1 / spectrum_marchenko_pastur(&s).sigma / sqrt(200); /* sqrt(median) */
        double lambda = sqrt(2 * (b + 1) + 8 * b / (b + 1 + sqrt(b * b + 14 * b + 1)));
        double omega = ((.56 * b - .95) * b + 1.82) * b + 1.43;
        printf("# ratio %g: %g, polynomial %g\n", b, lambda / root, omega);
        CHECK_NEAR(lambda / root, omega, .02);
        CHECK(b < 1 || fabs(lambda / root - 2.858) < 5e-4);
    }
}

/* Eigenvalues at the quantiles of p(x) ~ x^-alpha above 1, and as many below 1 that
 * do not follow it. */
static void test_power_law(void)
{
    enum { N = 600 };
    static const double alphas[] = { 2, 2.5, 4 };
    for (int i = 0; i < 3; i++) {
        double sigma[2 * N];
        for (int k = 0; k < 2 * N; k++)
            sigma[k] = k < N ? sqrt(pow((k + .5) / N, -1 / (alphas[i] - 1)))
                             : sqrt(1 - .5 * (k - N + .5) / N);
        struct spectrum s = { sigma, 2 * N, 2 * N, 2 * N, 1 };
        struct power_law p = spectrum_power_law(&s);
        printf("# alpha %g: %g above %g, distance %g\n", alphas[i], p.alpha, p.xmin, p.ks);
        CHECK(fabs(p.alpha / alphas[i] - 1) < alpha_tolerance);
        CHECK(p.ks < .05 && p.xmin > .5);
    }
    double flat[20];
    for (int k = 0; k < 20; k++)
        flat[k] = 2;
    struct spectrum s = { flat, 20, 20, 20, 9 };
    CHECK(isnan(spectrum_power_law(&s).alpha));
    s.n = 7;
    CHECK(isnan(spectrum_power_law(&s).alpha));
    s.n = 20;
    flat[0] = 4;
    CHECK(isfinite(spectrum_power_law(&s).alpha));
    memory_fail_after(0);
    CHECK(isnan(spectrum_power_law(&s).ks));
    memory_fail_after(-1);
    CHECK(memory_used() == 0);
}

int main(void)
{
    printf("# seed %d\n", SEED);
    test_tails();
    test_small_tails();
    test_ranks();
    test_nothing();
    test_noise();
    test_median();
    test_power_law();
    return check_done();
}
