#include "utility.h"

#include <assert.h>
#include <math.h>

enum { MOST = 1024 }; /* of a side */

const char *const utility_exponent_names[] = { "d", "k", "T", "sigma_k/gap", NULL };

/* One setting: k eigenvalues of `top` over others of `tail`. */
struct setting {
    size_t d, k;
    double top, tail, deviation;
};

static bool measure(struct job *job, const struct setting *s, struct monte_carlo *m,
                    struct monte_carlo_found *f, struct error *err)
{
    double sigma[MOST];
    assert(s->d <= MOST);
    for (size_t i = 0; i < s->d; i++)
        sigma[i] = i < s->k ? s->top : s->tail;
    m->p = (struct perturbation){ sigma, s->d, s->deviation };
    m->ranks[0] = s->k;
    m->n_ranks = 1;
    return monte_carlo_run(job, m, f, err);
}

/* ---- the mechanisms' order ---- */

static void put_laws(const struct setting *s, double *first_order, double *spikes)
{
    double sigma[MOST] = { 0 };
    for (size_t i = 0; i < s->k; i++)
        sigma[i] = s->top;
    struct perturbation p = { sigma, s->d, s->deviation };
    for (size_t x = 0; x < PERTURBED_COUNT; x++) {
        first_order[x] = perturbation_error(&p, (enum perturbed)x, s->k);
        spikes[x] = perturbation_spike_error((enum perturbed)x, s->deviation, s->d, s->top, s->k);
    }
}

bool utility_table(struct job *job, uint64_t seed, size_t runs, struct utility_table *out,
                   struct error *err)
{
    static const double gaps[UTILITY_GAPS] = { 1, 4 };
    struct utility_table t = { .d = 128, .k = 8, .runs = runs };
    for (size_t g = 0; g < UTILITY_GAPS; g++) {
        struct job_share share = { job, (double)g / UTILITY_GAPS, (double)(g + 1) / UTILITY_GAPS };
        struct job part = job_part(&share);
        struct setting s = { t.d, t.k, 0, 0, sqrt(2) };
        struct monte_carlo m = { .seed = seed, .first = (uint32_t)(g * runs), .runs = runs };
        struct monte_carlo_found f;
        t.gaps[g] = gaps[g];
        s.top = gaps[g] * perturbation_paper_gap(s.deviation, s.d);
        for (size_t x = 0; x < PERTURBED_COUNT; x++)
            m.outputs[x] = true;
        if (!measure(&part, &s, &m, &f, err))
            return false;
        for (size_t x = 0; x < PERTURBED_COUNT; x++)
            t.rms[g][x] = *monte_carlo_error(&f, (enum perturbed)x, 0);
        put_laws(&s, t.first_order[g], t.spikes[g]);
        monte_carlo_finish(&f);
    }
    *out = t;
    return true;
}

/* ---- exponents ---- */

/* Point i of each line, its place x in *x. */
static struct setting by_d(size_t side, size_t i, double *x)
{
    size_t d = side >> (3 - i);
    *x = (double)d;
    return (struct setting){ d, 4, 8 * perturbation_paper_gap(sqrt(2), d), 0, sqrt(2) };
}

static struct setting by_k(size_t side, size_t i, double *x)
{
    *x = (double)(1 << i);
    return (struct setting){ side, (size_t)1 << i, 8 * perturbation_paper_gap(sqrt(2), side), 0,
                             sqrt(2) };
}

/* M stays, so that gaps grow from 8 to 64 paper gaps: with M in proportion there would be nothing to measure. */
static struct setting by_t(size_t side, size_t i, double *x)
{
    double s = sqrt(2), top = 8 * perturbation_paper_gap(s, side / 4);
    *x = pow(0.25, (double)i);
    return (struct setting){ side / 4, 4, top, 0, s * sqrt(*x) };
}

static struct setting by_ratio(size_t side, size_t i, double *x)
{
    static const double ratios[UTILITY_POINTS] = { 1.05, 1.5, 2.5, 4.5, 8 };
    double s = sqrt(2), gap = 8 * perturbation_paper_gap(s, side / 2);
    *x = ratios[i];
    return (struct setting){ side / 2, 4, *x * gap, (*x - 1) * gap, s };
}

static const struct line {
    size_t n;
    double target, width;
    struct setting (*setting)(size_t side, size_t i, double *x);
} lines[UTILITY_EXPONENTS] = {
    [UTILITY_D] = { 4, 0.5, 0.04, by_d },
    [UTILITY_K] = { 5, 0.5, 0.04, by_k },
    [UTILITY_T] = { 4, 0.5, 0.02, by_t },
    [UTILITY_RATIO] = { 5, 1, 0.03, by_ratio },
};

/* Through log x, log rms; noise: the relative standard error of each rms. */
static void fit(struct utility_slope *s, const double *noise)
{
    double mean = 0, spread = 0, both = 0, error = 0;
    for (size_t i = 0; i < s->n; i++)
        mean += log(s->x[i]) / (double)s->n;
    for (size_t i = 0; i < s->n; i++) {
        double x = log(s->x[i]) - mean;
        spread += x * x;
        both += x * log(s->rms[i]);
        error += x * x * noise[i] * noise[i];
    }
    s->slope = both / spread;
    s->error = sqrt(error) / spread;
    s->pass = fabs(s->slope - s->target) <= s->width;
}

/* The share of the work that is behind before point i of line e: most of it is where d is largest. */
static double done(size_t e, size_t i)
{
    static const double from[UTILITY_EXPONENTS] = { 0, 0.17, 0.83, 0.85 };
    double to = e + 1 < UTILITY_EXPONENTS ? from[e + 1] : 1;
    return from[e] + (to - from[e]) * (double)i / (double)lines[e].n;
}

static bool trace(struct job *job, struct monte_carlo *m, size_t e, size_t side,
                  struct utility_slope *out, struct error *err)
{
    double noise[UTILITY_POINTS] = { 0 };
    const struct line *l = &lines[e];
    *out = (struct utility_slope){ .n = l->n, .target = l->target, .width = l->width };
    for (size_t i = 0; i < l->n; i++) {
        struct job_share share = { job, done(e, i), done(e, i + 1) };
        struct job part = job_part(&share);
        struct setting s = l->setting(side, i, &out->x[i]);
        struct monte_carlo_found f;
        if (!measure(&part, &s, m, &f, err))
            return false;
        const struct monte_carlo_band *b = monte_carlo_error(&f, PERTURBED_Y, 0);
        out->rms[i] = b->rms;
        noise[i] = b->rms_error / b->rms;
        m->first += (uint32_t)m->runs;
        monte_carlo_finish(&f);
    }
    fit(out, noise);
    return true;
}

bool utility_exponents(struct job *job, uint64_t seed, size_t side, size_t runs,
                       struct utility_slope out[UTILITY_EXPONENTS], struct error *err)
{
    struct monte_carlo m = { .seed = seed, .runs = runs, .outputs = { [PERTURBED_Y] = true } };
    assert(side >= 128 && side <= MOST);
    for (size_t e = 0; e < UTILITY_EXPONENTS; e++)
        if (!trace(job, &m, e, side, &out[e], err))
            return false;
    return true;
}
