#include "audit_bounds.h"

#include <math.h>
#include <stdlib.h>

struct separation audit_separation(const double *a, const double *b, size_t n)
{
    double mean[2] = { 0 }, square = 0;
    for (size_t i = 0; i < n; i++)
        mean[0] += a[i], mean[1] += b[i];
    mean[0] /= (double)n;
    mean[1] /= (double)n;
    for (size_t i = 0; i < n; i++) {
        double x = a[i] - mean[0], y = b[i] - mean[1];
        square += x * x + y * y;
    }
    double freedom = 2 * (double)n - 2;
    double mu = (mean[0] - mean[1]) / sqrt(square / freedom);
    /* variance of the difference in deviations, plus that of the deviation itself */
    return (struct separation){ mu, sqrt(2 / (double)n + mu * mu / (2 * freedom)) };
}

static int compare(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* How good an event is whose share is p under the input that favours it, q under the other. */
struct choice {
    double factor, delta, n; /* e^epsilon */
    bool bound;
};

/* Wilson's limit of a share, `z` deviations up or down: close enough to choose by. */
static double wilson(double p, double n, double z)
{
    double spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return (p + z * z / (2 * n) + spread) / (1 + z * z / n);
}

static double score(const struct choice *c, double p, double q)
{
    if (!c->bound)
        return p - c->factor * q;
    /* the best of many thresholds is partly luck: hence four deviations */
    double low = wilson(p, c->n, -4), high = wilson(q, c->n, 4);
    return low > c->delta ? log((low - c->delta) / high) : -HUGE_VAL;
}

struct best {
    struct event event;
    double score;
};

/* Shares of a and b above a threshold, and the four events there. */
static void look(const struct choice *c, double threshold, double a, double b, struct best *best)
{
    const double sides[4][2] = { { a, b }, { b, a }, { 1 - a, 1 - b }, { 1 - b, 1 - a } };
    for (int i = 0; i < 4; i++) {
        double s = score(c, sides[i][0], sides[i][1]);
        if (s > best->score)
            *best = (struct best){ { threshold, i < 2, i % 2 == 1 }, s };
    }
}

struct event audit_choose(double *a, double *b, size_t n, double epsilon, double delta, bool bound)
{
    struct choice c = { exp(epsilon), delta, (double)n, bound };
    struct best best = { { 0 }, -HUGE_VAL };
    qsort(a, n, sizeof(*a), compare);
    qsort(b, n, sizeof(*b), compare);
    for (size_t i = 0, j = 0; i < n || j < n;) {
        double at = j == n || (i < n && a[i] <= b[j]) ? a[i] : b[j];
        while (i < n && a[i] <= at)
            i++;
        while (j < n && b[j] <= at)
            j++;
        look(&c, at, (double)(n - i) / c.n, (double)(n - j) / c.n, &best);
    }
    return best.event;
}

struct event_counts audit_count(struct event e, const double *a, const double *b, size_t n)
{
    size_t above[2] = { 0 };
    for (size_t i = 0; i < n; i++) {
        above[0] += a[i] > e.threshold;
        above[1] += b[i] > e.threshold;
    }
    size_t of_a = e.above ? above[0] : n - above[0], of_b = e.above ? above[1] : n - above[1];
    return (struct event_counts){ e.of_b ? of_b : of_a, e.of_b ? of_a : of_b, n };
}

struct excess audit_excess(struct event_counts c, double epsilon)
{
    double n = (double)c.of, p = (double)c.likely / n, q = (double)c.unlikely / n, e = exp(epsilon);
    return (struct excess){ p - e * q, sqrt((p * (1 - p) + e * e * q * (1 - q)) / n) };
}

/* The continued fraction of I_x(a, b) for x < (a + 1) / (a + b + 2); Lentz's algorithm as modified by
 * Thompson and Barnett. The number of terms grows like the root of the larger argument. */
static double fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int i = 1; i < 100000; i++) {
        const double m = i;
        const double terms[2] = { m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                                  -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)) };
        double step = 1;
        for (int j = 0; j < 2; j++) {
            d = 1 + terms[j] * d;
            c = 1 + terms[j] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            step = d * c;
            h *= step;
        }
        if (fabs(step - 1) < 1e-15)
            break;
    }
    return h;
}

double audit_beta(double x, double a, double b)
{
    if (x <= 0 || x >= 1)
        return x >= 1;
    if (x > (a + 1) / (a + b + 2))
        return 1 - audit_beta(1 - x, b, a);
    double front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x);
    return exp(front) * fraction(x, a, b) / a;
}

/* x at which I_x(a, b) = value. */
static double inverse(double value, double a, double b)
{
    double low = 0, high = 1;
    for (int i = 0; i < 80; i++) {
        double middle = (low + high) / 2;
        if (audit_beta(middle, a, b) < value)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

double audit_lower(size_t hits, size_t n, double risk)
{
    return hits ? inverse(risk, (double)hits, (double)(n - hits) + 1) : 0;
}

double audit_upper(size_t hits, size_t n, double risk)
{
    return 1 - audit_lower(n - hits, n, risk);
}

double audit_epsilon(struct event_counts c, double delta, double risk)
{
    double p = audit_lower(c.likely, c.of, risk) - delta, q = audit_upper(c.unlikely, c.of, risk);
    return p > q ? log(p / q) : 0;
}
