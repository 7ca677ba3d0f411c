/* Laws of noisy spectra by themselves: constants, limits, the free sum against the equation that it
 * solves and against the semicircle. What draws say of them: monte_carlo. */

#include "perturbation.h"

#include "bulk.h"
#include "check.h"
#include "spacing.h"

#include <string.h>

#define PI 3.14159265358979323846

enum { D = 24 };

static double sum_of(double (*f)(enum field, double), enum field field, double power)
{
    enum { STEPS = 20000 };
    double sum = 0, h = 8.0 / STEPS;
    for (int i = 0; i < STEPS; i++) {
        double x = (i + 0.5) * h;
        sum += f(field, x) * pow(x, power) * h;
    }
    return sum;
}

/* Densities of mass and mean 1 that are the derivatives of their distributions. */
static void surmises(enum field field)
{
    double worst = 0;
    for (double x = 0.05; x < 4; x += 0.05) {
        double slope = (spacing_surmise(field, x + 1e-5) - spacing_surmise(field, x - 1e-5)) / 2e-5;
        worst = fmax(worst, fabs(slope - spacing_surmise_density(field, x)));
    }
    printf("# surmise %d: derivative off by %.2g\n", (int)field, worst);
    CHECK(worst < 1e-8);
    CHECK_NEAR(sum_of(spacing_surmise_density, field, 0), 1, 1e-7);
    CHECK_NEAR(sum_of(spacing_surmise_density, field, 1), 1, 1e-7);
    CHECK(spacing_surmise(field, 0) == 0);
    CHECK_NEAR(sum_of(spacing_surmise_density, field, 2) - 1,
               field == FIELD_REAL ? 4 / PI - 1 : 3 * PI / 8 - 1, 1e-7);
}

/* G + G^*: s = sqrt 2; privacy notes' 1/24 and 1/(72 pi). */
static void small_gaps(void)
{
    double s = sqrt(2);
    for (size_t d = 10; d <= 1000; d *= 10) {
        double x = 0.7 / sqrt((double)d);
        CHECK_NEAR(spacing_small_centre(FIELD_REAL, s, d, x), 0.49 / 24, 1e-12);
        CHECK_NEAR(spacing_small_centre(FIELD_COMPLEX, s, d, x), 0.343 / (72 * PI), 1e-12);
    }
}

/* ---- first order ---- */

static void equal_top(void)
{
    double sigma[D] = { 0 }, s = 1.3;
    const size_t k = 5;
    for (size_t i = 0; i < k; i++)
        sigma[i] = 700;
    struct perturbation p = { sigma, D, s };
    double n = (double)k, tail = (double)(D - k);
    CHECK_NEAR(perturbation_error(&p, PERTURBED_REAL, k), s * sqrt(n * (n + 1) + 2 * n * tail),
               1e-14);
    CHECK_NEAR(perturbation_error(&p, PERTURBED_Y, k), perturbation_error(&p, PERTURBED_REAL, k),
               0);
    CHECK_NEAR(perturbation_error(&p, PERTURBED_COMPLEX, k), s * sqrt(2 * n * n + 4 * n * tail),
               1e-14);
    CHECK_NEAR(perturbation_paper_error(&p, k), 2 * s / sqrt(2) * sqrt(n * D), 1e-14);
    CHECK_NEAR(perturbation_paper_gap(s, D), 4 * sqrt(s * s / 2 * D), 1e-14);
    CHECK(isinf(perturbation_error(&p, PERTURBED_REAL, 2)));
    CHECK(isnan(perturbation_error(&p, PERTURBED_REAL, 9)));
    CHECK(perturbation_doubt(&p, FIELD_REAL, k) == 0);
    CHECK(perturbation_doubt(&p, FIELD_REAL, 2) == 1);
    /* Everything is kept: nothing but E. */
    CHECK_NEAR(perturbation_error(&p, PERTURBED_REAL, D), perturbation_whole(FIELD_REAL, s, D),
               1e-14);
    CHECK_NEAR(perturbation_error(&p, PERTURBED_COMPLEX, D),
               perturbation_whole(FIELD_COMPLEX, s, D), 1e-14);
    CHECK_NEAR(perturbation_whole(FIELD_REAL, s, D), s * sqrt(D * (D + 1.0)), 1e-14);
}

/* Two laws found in different ways meet where spikes are far out. */
static void far_spikes(void)
{
    enum { N = 400, K = 4 };
    static double sigma[N];
    double s = 2, worst = 0;
    for (size_t i = 0; i < K; i++)
        sigma[i] = 64 * perturbation_paper_gap(s, N);
    struct perturbation p = { sigma, N, s };
    const enum perturbed same[] = { PERTURBED_REAL, PERTURBED_SHRUNK, PERTURBED_Y,
                                    PERTURBED_COMPLEX };
    for (size_t i = 0; i < 4; i++) {
        double ratio = perturbation_spike_error(same[i], s, N, sigma[0], K) /
                       perturbation_error(&p, same[i], K);
        worst = fmax(worst, fabs(ratio - 1));
    }
    printf("# spike law over first order, gap of 64 thresholds: off by %.2g\n", worst);
    CHECK(worst < 1e-3);
    CHECK(isnan(perturbation_spike_error(PERTURBED_Y_K, s, N, sigma[0], K)));
    /* Below the threshold shrinking leaves nothing: what is lost is M_k itself. */
    double low = 0.5 * perturbation_outlier(FIELD_REAL, s, N);
    double lost = perturbation_spike_error(PERTURBED_SHRUNK, s, N, low, 1);
    CHECK_NEAR(lost * lost, low * low + 2 * s * s, 1e-12);
}

static void spikes(void)
{
    const double s = sqrt(2), d = 400; /* T = 1: thresholds sqrt(2 T d), 2 sqrt(T d) */
    CHECK_NEAR(perturbation_outlier(FIELD_REAL, s, 400), sqrt(2 * d), 1e-14);
    CHECK_NEAR(perturbation_outlier(FIELD_COMPLEX, s, 400), 2 * sqrt(d), 1e-14);
    CHECK_NEAR(perturbation_edge(FIELD_COMPLEX, s, 400), 4 * sqrt(d), 1e-14);
    CHECK_NEAR(perturbation_edge(FIELD_REAL, s, 400), 2 * sqrt(2) * sqrt(d), 1e-14);
    struct perturbation_spike between = perturbation_spike(FIELD_COMPLEX, s, 400, 1.7 * sqrt(d)),
                              real = perturbation_spike(FIELD_REAL, s, 400, 1.7 * sqrt(d)),
                              far = perturbation_spike(FIELD_COMPLEX, s, 400, 4 * sqrt(d));
    CHECK_NEAR(real.overlap, 0.308, 5e-4);
    CHECK(between.overlap == 0 && between.value == perturbation_edge(FIELD_COMPLEX, s, 400));
    CHECK_NEAR(far.overlap, 0.75, 1e-12);
    CHECK_NEAR(perturbation_spike(FIELD_REAL, s, 400, 4 * sqrt(d)).overlap, 0.875, 1e-12);
    CHECK_NEAR(far.value, 4 * sqrt(d) + 4 * d / (4 * sqrt(d)), 1e-12);
    struct perturbation_band top = perturbation_top(FIELD_REAL, s, 256);
    CHECK_NEAR(top.mean / perturbation_edge(FIELD_REAL, s, 256), 0.985, 5e-4);
    CHECK_NEAR(perturbation_top(FIELD_COMPLEX, s, 256).mean /
                   perturbation_edge(FIELD_COMPLEX, s, 256),
               0.978, 5e-4);
}

static void separated(void)
{
    const double sigma[] = { 100, 40, 0 };
    struct perturbation p = { sigma, 3, 0.5 };
    struct perturbation_band b = perturbation_eigenvalue(&p, FIELD_COMPLEX, 1);
    CHECK_NEAR(b.mean, 40 + 2 * 0.25 * (-1.0 / 60 + 1.0 / 40), 1e-14);
    CHECK_NEAR(b.deviation, 0.5 * sqrt(2), 1e-14);
    const double twice[] = { 3, 3, 1 };
    struct perturbation q = { twice, 3, 1 };
    CHECK(isnan(perturbation_eigenvalue(&q, FIELD_REAL, 0).mean));
    CHECK(isfinite(perturbation_eigenvalue(&q, FIELD_REAL, 2).mean));
}

/* ---- the free sum ---- */

static const double spectra[][D] = {
    { 0 },
    { 90, 60, 31, 30, 30, 30, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 0.5, 0.25 },
    { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5 },
};
static const double widths[] = { 0.3, 1, 40 };

/* m(z) at x + i e by damped steps, which is how the equation is usually solved. */
static double damped(const struct bulk *b, double x, double e)
{
    double re = 0, im = 1;
    for (int step = 0; step < 200000; step++) {
        double sum[2] = { 0 };
        for (size_t i = 0; i < b->d; i++) {
            double p = b->sigma[i] - x - b->w * re, q = -e - b->w * im, r = p * p + q * q;
            sum[0] += p / r / (double)b->d;
            sum[1] -= q / r / (double)b->d;
        }
        if (hypot(sum[0] - re, sum[1] - im) < 1e-13)
            break;
        re = (re + sum[0]) / 2;
        im = (im + sum[1]) / 2;
    }
    return im / PI;
}

/* That value is the density blurred by a Cauchy law of width e: compared where both are, e small. */
static void equation(const struct bulk *b)
{
    double low = bulk_lower(b), high = bulk_upper(b), worst = 0, most = 0, e = 1e-4 * sqrt(b->w);
    for (double t = 0.03; t < 1; t += 0.0931) {
        double x = low + t * (high - low), mine = bulk_density(b, x);
        most = fmax(most, mine);
        worst = fmax(worst, fabs(mine - damped(b, x, e)));
    }
    printf("# density against damped steps: %.2g of %.3g\n", worst, most);
    CHECK(worst < 2e-3 / sqrt(b->w));
}

static void mass(const struct bulk *b)
{
    enum { STEPS = 4000 };
    double low = bulk_lower(b), high = bulk_upper(b), h = (high - low) / STEPS, sum = 0, worst = 0;
    for (int i = 0; i < STEPS; i++) {
        sum += bulk_density(b, low + (i + 0.5) * h) * h;
        worst = fmax(worst, fabs(bulk_share(b, low + (i + 1) * h) - sum));
    }
    printf("# mass %.6f from %.4g to %.4g, share off by %.2g\n", sum, low, high, worst);
    CHECK(worst < 3e-3);
    CHECK(bulk_density(b, low - h) == 0 && bulk_density(b, high + h) == 0);
    CHECK(bulk_share(b, low - h) == 0 && bulk_share(b, high + h) == 1);
    double back = 0;
    for (double share = 0.01; share < 1; share += 0.07)
        back = fmax(back, fabs(bulk_share(b, bulk_quantile(b, share)) - share));
    CHECK(back < 1e-9);
}

static void semicircle(void)
{
    struct bulk b = { spectra[0], D, 2.25 };
    double worst = 0, scree[D], radius = 3;
    for (double x = -2.99; x < 2.985; x += 0.01) {
        double t = x / radius;
        double share = 0.5 + (t * sqrt(1 - t * t) + asin(t)) / PI;
        worst = fmax(worst, fabs(bulk_share(&b, x) - share));
        worst = fmax(worst, fabs(bulk_density(&b, x) - 2 / (PI * radius) * sqrt(1 - t * t)));
    }
    printf("# semicircle: off by %.2g\n", worst);
    CHECK(worst < 1e-12);
    CHECK_NEAR(bulk_upper(&b), 3, 1e-12);
    CHECK_NEAR(bulk_lower(&b), -3, 1e-12);
    bulk_scree(&b, scree);
    CHECK(scree[0] < 3 && scree[0] > scree[1] && fabs(scree[0] + scree[D - 1]) < 1e-9);
}

/* A lone spike's bump is a d-th of the mass and lies about theta + w / theta. */
static void bump(void)
{
    static double sigma[400];
    double w = 400, theta = 100;
    sigma[0] = theta;
    struct bulk b = { sigma, 400, w };
    double middle = bulk_quantile(&b, 1 - 0.5 / 400);
    printf("# spike: %.4f, by itself %.4f\n", middle, theta + w / theta);
    CHECK(fabs(middle - (theta + w / theta)) < 0.02);
    CHECK(bulk_density(&b, 70) == 0);
    CHECK_NEAR(bulk_share(&b, 70), 1 - 1.0 / 400, 1e-12);
}

/* w hardly there, or all there is; entries far from 1. */
static void extremes(void)
{
    double sigma[D], scree[D], worst = 0;
    for (size_t i = 0; i < D; i++)
        sigma[i] = 1e12 * pow(0.5, (double)i);
    struct bulk small = { sigma, D, 1e-30 }, large = { sigma, D, 1e30 };
    bulk_scree(&small, scree);
    for (size_t i = 0; i < D; i++)
        worst = fmax(worst, fabs(scree[i] / sigma[i] - 1));
    CHECK(worst < 1e-12);
    CHECK_NEAR(bulk_upper(&large) / 2e15, 1, 1e-3);
    bulk_scree(&large, scree);
    CHECK(isfinite(scree[0]) && scree[0] > 1e15);
}

int main(void)
{
    surmises(FIELD_REAL);
    surmises(FIELD_COMPLEX);
    small_gaps();
    equal_top();
    far_spikes();
    spikes();
    separated();
    semicircle();
    for (size_t i = 0; i < sizeof(spectra) / sizeof(spectra[0]); i++)
        for (size_t w = 0; w < 3; w++) {
            struct bulk b = { spectra[i], D, widths[w] };
            equation(&b);
            mass(&b);
        }
    bump();
    extremes();
    CHECK(!strcmp(perturbed_names[PERTURBED_Y_K], "y-k") && !perturbed_names[PERTURBED_COUNT]);
    return check_done();
}
