/* The table of what gap statistics should be: Atas, Bogomolny, Giraud, Roux, Phys. Rev. Lett. 110 (2013)
 * for ratios (their numbers for large matrices: those of the 3 x 3 surmise, .5359 and .6027, are others);
 * Mehta, Random Matrices, for spacings of the sine process, whose density for small s begins
 * pi^2 s / 6 - pi^4 s^3 / 60 (real), pi^2 s^2 / 3 - 2 pi^4 s^4 / 45 (complex). */

#include "gap_statistics.h"
#include "perturbation.h"
#include "spacing.h"

#include <math.h>

enum { SIGMAS = 5 };

const char *const gap_mark_names[] = { "open", "pass", "fail", "-" };

struct measured {
    double value, error;
};

static struct measured mean_of(const struct gap_statistics *g, enum gap_reading_kind kind)
{
    const struct gap_sum *s = &g->sums[kind];
    double mean = s->sum / s->n, variance = (s->squares / s->n - mean * mean) / (s->n - 1);
    return (struct measured){ mean, s->n > 1 ? sqrt(fmax(variance, 0)) : (double)NAN };
}

/* What spacings up to x add to E 1 / s^2 of the complex field: the two first orders. */
static struct measured inverse_of(const struct gap_statistics *g, enum gap_reading_kind kind)
{
    const double pi = acos(-1), x = gap_nearest;
    struct measured m = mean_of(g, kind);
    m.value += pi * pi / 3 * x - 2 * pow(pi, 4) / 135 * x * x * x;
    return g->field == FIELD_REAL ? (struct measured){ (double)NAN, (double)NAN } : m;
}

/* At the ends of bins: less than the supremum by no more than a bin holds, .0005. */
static double distance_to(const struct gap_statistics *g, enum field field)
{
    double worst = 0, sum = 0, n = (double)g->spacings;
    for (size_t i = 0; i < GAP_BINS; i++) {
        sum += g->bins[i];
        double x = ((double)i + 1) / GAP_BINS_PER_SPACING;
        worst = fmax(worst, fabs(sum / n - spacing_surmise(field, x)));
    }
    return worst;
}

static struct measured kolmogorov(const struct gap_statistics *g, enum gap_reading_kind kind)
{
    enum field other = g->field == FIELD_REAL ? FIELD_COMPLEX : FIELD_REAL;
    double d = distance_to(g, kind == GAP_OWN ? g->field : other);
    return (struct measured){ d, .5 / sqrt((double)g->spacings) }; /* of a share near 1/2 */
}

static struct measured small_share(const struct gap_statistics *g, enum gap_reading_kind kind)
{
    (void)kind;
    double n = (double)g->centre, p = (double)g->near / n;
    return (struct measured){ p, sqrt(fmax(p, 1 / n) / n) };
}

/* Least squares of log counts; counts are nested, so that two logarithms vary together by 1 / the
 * larger count. */
static struct measured slope(const struct gap_statistics *g, enum gap_reading_kind kind)
{
    double mean = 0, square = 0, sum = 0, variance = 0;
    (void)kind;
    for (size_t i = 0; i < GAP_STEPS; i++)
        mean += log(gap_steps[i]) / GAP_STEPS;
    for (size_t i = 0; i < GAP_STEPS; i++)
        square += pow(log(gap_steps[i]) - mean, 2);
    if (g->small[0] == 0)
        return (struct measured){ (double)NAN, (double)NAN };
    for (size_t i = 0; i < GAP_STEPS; i++) {
        double weight = (log(gap_steps[i]) - mean) / square;
        sum += weight * log((double)g->small[i]);
        for (size_t j = 0; j < GAP_STEPS; j++)
            variance += weight * (log(gap_steps[j]) - mean) / square /
                        (double)g->small[i > j ? i : j];
    }
    return (struct measured){ sum, sqrt(fmax(variance, 0)) };
}

/* ---- targets that follow from side and field ---- */

static double small_target(const struct gap_statistics *g)
{
    const double pi = acos(-1), x = 1 / (pi * sqrt(2 * (double)g->field));
    double next = g->field == FIELD_REAL ? pow(pi * x, 4) / 240 : 2 * pow(pi, 4) * pow(x, 5) / 225;
    return spacing_small(g->field, x) - next;
}

static double top_target(const struct gap_statistics *g)
{
    return perturbation_top(g->field, g->deviation, g->d).mean /
           perturbation_edge(g->field, g->deviation, g->d);
}

static double one(const struct gap_statistics *g)
{
    (void)g;
    return 1;
}

/* One of d = 256 stays below .02; distances fall like 1 / d. */
static double semicircle_most(const struct gap_statistics *g)
{
    return .02 * fmax(1, 256 / (double)g->d);
}

/* [0] real, [1] complex. */
static const struct rule {
    const char *name, *source;
    struct measured (*measure)(const struct gap_statistics *g, enum gap_reading_kind kind);
    double (*law)(const struct gap_statistics *g); /* the target, within `within`; NULL: below */
    double within[2];
    double target[2], low[2], high[2];
    double (*most)(const struct gap_statistics *g); /* instead of high */
    /* From this side on, measured: smaller ones are off by a good part of the band. */
    size_t least[2];
} rules[] = {
    [GAP_RATIO] = {
        .name = "mean spacing ratio",
        .source = "Atas et al. 2013",
        .measure = mean_of,
        .target = { .5307, .5996 },
        .low = { .5267, .5956 },
        .high = { .5347, .6036 },
        .least = { 6, 6 },
    },
    [GAP_VARIANCE] = {
        .name = "variance of a spacing",
        .source = "sine process",
        .measure = mean_of,
        .target = { .286, .180 },
        .low = { .282, .176 },
        .high = { .290, .184 },
        .least = { 48, 12 },
    },
    [GAP_OWN] = {
        .name = "distance to its own surmise",
        .source = "Wigner's surmise",
        .measure = kolmogorov,
        .target = { .0065, .0019 },
        .low = { (double)NAN, (double)NAN },
        .high = { .012, .012 },
        .least = { 24, 8 },
    },
    [GAP_OTHER] = {
        .name = "distance to the other surmise",
        .source = "Wigner's surmise",
        .measure = kolmogorov,
        .target = { .074, .067 },
        .low = { .05, .05 },
        .high = { (double)NAN, (double)NAN },
        .least = { 6, 6 },
    },
    [GAP_SMALL] = {
        .name = "P(gap <= sqrt(T/d)), centre",
        .source = "sine process",
        .measure = small_share,
        .law = small_target,
        .within = { .004, .0012 },
        .least = { 24, 12 },
    },
    [GAP_SLOPE] = {
        .name = "slope of log P over log gap",
        .source = "beta + 1 for small gaps",
        .measure = slope,
        .target = { 1.92, 2.93 },
        .low = { 1.8, 2.7 },
        .high = { 2.1, 3.2 },
        .least = { 6, 8 },
    },
    [GAP_INVERSE] = {
        .name = "mean of (mean gap / gap)^2",
        .source = "surmise: 8 / pi; real: diverges",
        .measure = inverse_of,
        .target = { (double)NAN, 2.546 },
        .low = { (double)NAN, 2.50 },
        .high = { (double)NAN, 2.59 },
        .least = { 6, 6 },
    },
    [GAP_TOP] = {
        .name = "largest value / edge",
        .source = "Tracy, Widom 1996",
        .measure = mean_of,
        .law = top_target,
        .within = { .004, .004 },
        .least = { 100, 24 },
    },
    [GAP_NORM] = {
        .name = "squared norm / expected",
        .source = "2 T d (d + 1), 4 T d^2",
        .measure = mean_of,
        .law = one,
        .within = { .01, .01 },
        .least = { 3, 3 },
    },
    [GAP_SEMICIRCLE] = {
        .name = "distance to the semicircle",
        .source = "Wigner's semicircle",
        .measure = mean_of,
        .target = { 0, 0 },
        .low = { (double)NAN, (double)NAN },
        .most = semicircle_most,
        .least = { 6, 6 },
    },
};

/* Five standard errors decide: a mark is given where they are less than the room there is, or where even
 * they do not reach the band. */
static enum gap_mark mark(const struct gap_reading *r)
{
    double below = isnan(r->low) ? (double)INFINITY : r->value - r->low,
           above = isnan(r->high) ? (double)INFINITY : r->high - r->value,
           room = fmin(isnan(r->low) ? (double)INFINITY : r->target - r->low,
                       isnan(r->high) ? (double)INFINITY : r->high - r->target);
    if (isnan(r->target))
        return GAP_UNTOLD;
    if (isnan(r->value) || isnan(r->error))
        return GAP_OPEN;
    if (fmin(below, above) < -SIGMAS * r->error)
        return GAP_FAIL;
    if (SIGMAS * r->error > room)
        return GAP_OPEN;
    return fmin(below, above) >= 0 ? GAP_PASS : GAP_FAIL;
}

struct gap_reading gap_statistics_read(const struct gap_statistics *g, enum gap_reading_kind kind)
{
    const struct rule *rule = &rules[kind];
    size_t f = g->field == FIELD_REAL ? 0 : 1;
    struct measured m = { (double)NAN, (double)NAN };
    if (g->spectra)
        m = rule->measure(g, kind);
    struct gap_reading r = { .name = rule->name,
                             .source = rule->source,
                             .value = m.value,
                             .error = m.error,
                             .target = rule->target[f],
                             .low = rule->low[f],
                             .high = rule->high[f] };
    if (rule->law) {
        r.target = rule->law(g);
        r.low = r.target - rule->within[f];
        r.high = r.target + rule->within[f];
    }
    if (rule->most)
        r.high = rule->most(g);
    r.mark = g->d < rule->least[f] ? GAP_UNTOLD : mark(&r);
    return r;
}
