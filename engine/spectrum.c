#include "spectrum.h"

#include "memory.h"

#include <float.h>
#include <math.h>

static size_t shorter(const struct spectrum *s)
{
    return s->rows < s->cols ? s->rows : s->cols;
}

/* (sigma_i / norm)^2, so that no square leaves the range. */
static double portion(const struct spectrum *s, size_t i)
{
    double r = s->sigma[i] / s->norm;
    return r * r;
}

/* The share of ||A||_F^2 beyond the n values we have. */
static double unseen(const struct spectrum *s)
{
    double sum = 0;
    if (s->n >= shorter(s))
        return 0; /* what the subtraction would leave is rounding */
    for (size_t i = s->n; i-- > 0;)
        sum += portion(s, i);
    return sum < 1 ? 1 - sum : 0;
}

double spectrum_tail(const struct spectrum *s, size_t k)
{
    if (!(s->norm > 0))
        return 0;
    if (k == 0)
        return 1;
    double sum = unseen(s); /* small ones first: they would be lost among large ones */
    for (size_t i = s->n; i-- > k;)
        sum += portion(s, i);
    return fmin(sqrt(sum), 1);
}

/* Least k with tail(k)^2 <= square; n if none. */
static size_t least_rank(const struct spectrum *s, double square)
{
    if (!(s->norm > 0) || square >= 1)
        return 0;
    double sum = unseen(s);
    size_t k = s->n;
    for (; k > 0; k--) {
        sum += portion(s, k - 1);
        if (sum > square)
            break;
    }
    return k;
}

size_t spectrum_energy_rank(const struct spectrum *s, double share)
{
    return least_rank(s, 1 - share);
}

size_t spectrum_numerical_rank(const struct spectrum *s)
{
    double longer = (double)(s->rows > s->cols ? s->rows : s->cols);
    size_t rank = 0;
    while (rank < s->n && s->sigma[rank] > longer * DBL_EPSILON * s->sigma[0])
        rank++;
    return rank;
}

static bool empty(const struct spectrum *s)
{
    return s->n == 0 || !(s->sigma[0] > 0);
}

double spectrum_stable_rank(const struct spectrum *s)
{
    double root = empty(s) ? 0 : s->norm / s->sigma[0];
    return root * root;
}

double spectrum_effective_rank(const struct spectrum *s)
{
    double sum = 0, entropy = 0;
    if (empty(s))
        return 0;
    for (size_t i = s->n; i-- > 0;)
        sum += s->sigma[i] / s->sigma[0];
    for (size_t i = s->n; i-- > 0;) {
        double p = s->sigma[i] / s->sigma[0] / sum;
        if (p > 0)
            entropy -= p * log(p);
    }
    return exp(entropy);
}

size_t spectrum_elbow(const struct spectrum *s)
{
    size_t rank = spectrum_numerical_rank(s), elbow = rank;
    if (rank < 3)
        return rank;
    double first = log(s->sigma[0]), fall = first - log(s->sigma[rank - 1]);
    double deepest = 1e-9 * fall; /* a straight line has no elbow but rounding */
    for (size_t i = 1; i + 1 < rank; i++) {
        double chord = first - fall * (double)i / (double)(rank - 1);
        double depth = chord - log(s->sigma[i]);
        if (depth > deepest) {
            deepest = depth;
            elbow = i + 1;
        }
    }
    return elbow;
}

/* The density of Marchenko, Pastur 1967 in the angle of x = 1 + b - 2 sqrt(b) cos(angle),
 * which is smooth up to both edges: (2 / pi) sin^2(angle) / x. */
static double density(double root, double angle)
{
    double s = sin(angle / 2), square = s * s;
    double x = (1 - root) * (1 - root) + 4 * root * square;
    return 2 / M_PI * (x > 0 ? 4 * square * (1 - square) / x : 1);
}

/* Its integral from 0 to angle, by Simpson's rule. */
static double distribution(double root, double angle)
{
    enum { STEPS = 256 };
    double h = angle / STEPS, sum = density(root, 0) + density(root, angle);
    for (int i = 1; i < STEPS; i++)
        sum += density(root, i * h) * (i % 2 ? 4 : 2);
    return sum * h / 3;
}

/* The median eigenvalue of Z Z^T / n, Z m x n of unit noise, ratio = m / n <= 1. */
static double median_of_noise(double ratio)
{
    double root = sqrt(ratio), low = 0, high = M_PI;
    for (int i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if (distribution(root, middle) < 0.5)
            low = middle;
        else
            high = middle;
    }
    return 1 + ratio - 2 * root * cos(low);
}

struct marchenko_pastur spectrum_marchenko_pastur(const struct spectrum *s)
{
    struct marchenko_pastur m = { 0 };
    size_t least = shorter(s), most = s->rows + s->cols - least;
    if (least == 0)
        return m;
    if (s->n <= least / 2)
        return (struct marchenko_pastur){ (double)NAN, (double)NAN, 0 };
    double median = (s->sigma[least / 2] + s->sigma[(least - 1) / 2]) / 2;
    double noise = median_of_noise((double)least / (double)most);
    m.sigma = median / sqrt((double)most * noise);
    m.edge = m.sigma * (sqrt((double)s->rows) + sqrt((double)s->cols));
    while (m.above < s->n && s->sigma[m.above] > m.edge)
        m.above++;
    return m;
}

/* x[0..n) descending logarithms of eigenvalues: the exponent that is likeliest
 * (Clauset et al., eq. 3.1) and the distance of its distribution from the sample's. */
static struct power_law fit(const double *x, size_t n, double sum)
{
    struct power_law p = { .alpha = 1 + (double)n / (sum - (double)n * x[n - 1]) };
    for (size_t i = 0; i < n; i++) {
        double above = exp((1 - p.alpha) * (x[i] - x[n - 1]));
        p.ks = fmax(p.ks, fmax(above - (double)i / (double)n, (double)(i + 1) / (double)n - above));
    }
    return p;
}

struct power_law spectrum_power_law(const struct spectrum *s)
{
    enum { LEAST = 8, TRIED = 4096 };
    struct power_law best = { (double)NAN, (double)NAN, (double)NAN };
    struct error ignored = { 0 };
    size_t n = 0;
    while (n < s->n && s->sigma[n] > 0)
        n++;
    double *x = n < LEAST ? NULL : memory_alloc(n * sizeof(*x), &ignored);
    if (!x)
        return best;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = 2 * log(s->sigma[i]);
        sum += x[i];
        bool tried = i + 1 >= LEAST && i % (1 + n / TRIED) == 0 && x[i] < x[0];
        struct power_law p = tried ? fit(x, i + 1, sum) : best;
        if (tried && !(p.ks >= best.ks)) {
            best = p;
            best.xmin = s->sigma[i] * s->sigma[i];
        }
    }
    memory_free(x);
    return best;
}
