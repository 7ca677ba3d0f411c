#include "gap_statistics.h"

#include "perturbation.h"
#include "spacing.h"

#include <assert.h>
#include <math.h>

const double gap_steps[GAP_STEPS] = { .4, .5, .63, .8, 1, 1.25, 1.6, 2 };
const double gap_nearest = .2;

void gap_statistics_init(struct gap_statistics *g, enum field field, size_t d, double deviation)
{
    assert(d >= 3 && deviation > 0);
    *g = (struct gap_statistics){ .field = field, .d = d, .deviation = deviation };
}

static void add(struct gap_sum *s, double x)
{
    s->n++;
    s->sum += x;
    s->squares += x * x;
}

/* The share of the semicircle below x edges. */
static double below(double x)
{
    const double pi = acos(-1);
    x = fmin(fmax(x, -1), 1);
    return .5 + (x * sqrt(1 - x * x) + asin(x)) / pi;
}

/* Kolmogorov distance of one spectrum to the semicircle. */
static double distance(const double *values, size_t d, double edge)
{
    double worst = 0;
    for (size_t i = 0; i < d; i++) {
        double share = below(values[i] / edge), n = (double)d;
        worst = fmax(
            worst, fmax(fabs(share - (n - (double)i) / n), fabs(share - (n - 1 - (double)i) / n)));
    }
    return worst;
}

/* sqrt(T / d) in mean gaps of the centre, where one is spacing_centre() wide. */
static double unit(const struct gap_statistics *g)
{
    return g->deviation / sqrt(2 * (double)g->d) / spacing_centre(g->field, g->deviation, g->d);
}

static void count_spacing(struct gap_statistics *g, double x, double one)
{
    double bin = x * GAP_BINS_PER_SPACING;
    g->spacings++;
    g->bins[bin < GAP_BINS ? (size_t)bin : GAP_BINS]++;
    for (size_t i = 0; i < GAP_STEPS; i++)
        g->small[i] += x <= gap_steps[i] * one;
}

/* The middle half: unfolded spacings, and ratios of neighbouring gaps. */
static void add_half(struct gap_statistics *g, const double *values, double edge)
{
    size_t d = g->d, first = (d - 1) / 4, last = d - first;
    double before = 0, ratios = 0, variance = 0, inverse = 0, n = 0, n_ratios = 0, one = unit(g);
    for (size_t i = first; i + 1 < last; i++) {
        double gap = values[i] - values[i + 1],
               x = (double)d * (below(values[i] / edge) - below(values[i + 1] / edge));
        count_spacing(g, x, one);
        variance += (x - 1) * (x - 1);
        inverse += x > gap_nearest ? 1 / (x * x) : 0;
        n++;
        if (i > first) {
            double wide = fmax(gap, before);
            ratios += wide > 0 ? fmin(gap, before) / wide : 0;
            n_ratios++;
        }
        before = gap;
    }
    add(&g->sums[GAP_RATIO], ratios / n_ratios);
    add(&g->sums[GAP_VARIANCE], variance / n);
    add(&g->sums[GAP_INVERSE], inverse / n);
}

/* At least one gap, where the density is level to half a percent. */
static void add_centre(struct gap_statistics *g, const double *values)
{
    size_t n = g->d / 10 > 0 ? g->d / 10 : 1, first = (g->d - 1 - n) / 2;
    double width = g->deviation / sqrt(2 * (double)g->d);
    for (size_t i = first; i < first + n; i++) {
        g->centre++;
        g->near += values[i] - values[i + 1] <= width;
    }
}

void gap_statistics_add(struct gap_statistics *g, const double *values)
{
    double edge = perturbation_edge(g->field, g->deviation, g->d), norm = 0;
    for (size_t i = 0; i < g->d; i++)
        norm += values[i] * values[i];
    g->spectra++;
    add_half(g, values, edge);
    add_centre(g, values);
    double whole = perturbation_whole(g->field, g->deviation, g->d);
    add(&g->sums[GAP_TOP], values[0] / edge);
    add(&g->sums[GAP_NORM], norm / (whole * whole));
    add(&g->sums[GAP_SEMICIRCLE], distance(values, g->d, edge));
}

static void merge(struct gap_sum *s, const struct gap_sum *more)
{
    s->n += more->n;
    s->sum += more->sum;
    s->squares += more->squares;
}

void gap_statistics_merge(struct gap_statistics *g, const struct gap_statistics *more)
{
    assert(g->field == more->field && g->d == more->d && g->deviation == more->deviation);
    g->spectra += more->spectra;
    g->spacings += more->spacings;
    g->centre += more->centre;
    g->near += more->near;
    for (size_t i = 0; i < GAP_READINGS; i++)
        merge(&g->sums[i], &more->sums[i]);
    for (size_t i = 0; i < GAP_STEPS; i++)
        g->small[i] += more->small[i];
    for (size_t i = 0; i <= GAP_BINS; i++)
        g->bins[i] += more->bins[i];
}

void gap_statistics_density(const struct gap_statistics *g, double width, double *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = 0;
    for (size_t i = 0; i < GAP_BINS; i++) {
        double at = ((double)i + .5) / GAP_BINS_PER_SPACING / width;
        if (at < (double)n && g->spacings)
            out[(size_t)at] += (double)g->bins[i] / (double)g->spacings / width;
    }
}

double gap_statistics_share(const struct gap_statistics *g, double x)
{
    uint64_t below = 0;
    size_t bins = (size_t)lround(x * GAP_BINS_PER_SPACING);
    for (size_t i = 0; i < bins && i < GAP_BINS; i++)
        below += g->bins[i];
    return g->spacings ? (double)below / (double)g->spacings : (double)NAN;
}
