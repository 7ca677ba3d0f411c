/* Balle, Wang 2018, Theorem 8, in the form of Gaussian differential privacy. With a = epsilon/mu - mu/2,
 * b = a + mu and Z normal, delta = E (1 - e^(epsilon - mu Z - mu^2/2))+ over Z > a, which is
 *
 *   phi(a) int_0^inf exp(-a t - t^2/2) (1 - exp(-mu t)) dt,
 *
 * positive throughout: no erfcx is needed and nothing cancels. */

#include "gaussian_dp.h"

#include <float.h>
#include <math.h>

#define LOG_SQRT_2PI 0.91893853320467274178
#define SQRT_PI      1.77245385090551602730

const char *const relation_names[] = { "replace", "add-remove", NULL };
const char *const mechanism_names[] = { "complex", "real", "iid", NULL };

const char *mechanism_name(enum mechanism m)
{
    return m == MECHANISM_FOREIGN ? "foreign" : mechanism_names[m];
}

bool gdp_check(double epsilon, double delta, double clip, struct error *err)
{
    if (!(epsilon > 0 && epsilon <= GDP_EPSILON_MOST))
        return fail(err, ERROR_USAGE, "epsilon is above 0 and at most %g, not %g", GDP_EPSILON_MOST,
                    epsilon);
    if (!(delta >= GDP_DELTA_LEAST && delta < 1))
        return fail(err, ERROR_USAGE, "delta is at least %g and below 1, not %g", GDP_DELTA_LEAST,
                    delta);
    if (!(clip > 0 && clip * clip >= DBL_MIN && clip * clip <= DBL_MAX / 2))
        return fail(err, ERROR_USAGE, "the largest norm of a row is no number to work with: %g",
                    clip);
    return true;
}

/* The integral by the trapezoidal rule in log t, whose error falls as exp(-2 pi d/h) with d near pi/4,
 * the strip in which exp(-t^2/2) is tame; for a > -1. To the right exp(-45) is left out, to
 * the left as much. Measured against 40 digits: 4e-15. */
static double excess(double a, double mu)
{
    enum { STEPS = 360, STEPS_AN_E = 8 };
    double last = 90 / (a + sqrt(a * a + 90)), sum = 0; /* a t + t^2/2 = 45 */
    for (int i = STEPS; i >= 0; i--) {
        double t = last * exp(-(double)i / STEPS_AN_E);
        sum += exp(-t * (a + t / 2)) * -expm1(-mu * t) * t;
    }
    return sum / STEPS_AN_E;
}

/* exp(x^2) erfc(x), x > 0.5; beyond 25 its asymptotic series. */
static double scaled_erfc(double x)
{
    double y = 1 / (x * x);
    return x < 25 ? exp(x * x) * erfc(x)
                  : (1 - y / 2 * (1 - 3 * y / 2 * (1 - 5 * y / 2))) / (x * SQRT_PI);
}

double gdp_log_delta(double epsilon, double mu)
{
    double a = epsilon / mu - mu / 2, b = epsilon / mu + mu / 2;
    if (a > 1e150) /* whose square is no number */
        return -(double)INFINITY;
    if (a > -1)
        return log(excess(a, mu)) - a * a / 2 - LOG_SQRT_2PI;
    return log(erfc(a / M_SQRT2) / 2 - exp(-a * a / 2) * scaled_erfc(b / M_SQRT2) / 2);
}

double gdp_delta(double epsilon, double mu)
{
    return exp(gdp_log_delta(epsilon, mu));
}

/* d log delta / d a is about -(a + 1/a), and a is a difference of rounded numbers. */
double gdp_doubt(double epsilon, double mu)
{
    double a = epsilon / mu - mu / 2;
    return 2e-13 + 4 * DBL_EPSILON * (fabs(a) + 2) * (epsilon / mu + mu / 2);
}

static bool keeps(double epsilon, double log_delta, double mu)
{
    return gdp_log_delta(epsilon, mu) + gdp_doubt(epsilon, mu) <= log_delta;
}

/* The a of Phi(-a) < delta / 2. */
static double far_enough(double delta)
{
    return sqrt(-2 * log(delta));
}

double gdp_mu(double epsilon, double delta)
{
    struct error ignored = { 0 };
    if (!gdp_check(epsilon, delta, 1, &ignored))
        return 0;
    /* Both are safe: delta < Phi(-a), and delta(0; mu) < mu / sqrt(2 pi). */
    double log_delta = log(delta), a = far_enough(delta);
    double low = fmax(2 * epsilon / (a + sqrt(a * a + 2 * epsilon)), 2.5 * delta), high = 2 * low;
    while (keeps(epsilon, log_delta, high)) {
        low = high;
        high *= 2;
    }
    for (;;) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            return low;
        if (keeps(epsilon, log_delta, middle))
            low = middle;
        else
            high = middle;
    }
}

double gdp_epsilon(double mu, double delta)
{
    if (!(mu >= 0 && mu < (double)INFINITY && delta > 0))
        return (double)INFINITY;
    if (mu == 0 || delta >= 1)
        return 0;
    double log_delta = log(delta), low = 0, high = mu * (far_enough(delta) + mu / 2);
    if (keeps(0, log_delta, mu))
        return 0;
    for (;;) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            return high;
        if (keeps(middle, log_delta, mu))
            high = middle;
        else
            low = middle;
    }
}

/* Beyond what a few roundings can have taken. */
static double above(double x)
{
    return x * (1 + 4 * DBL_EPSILON);
}

double gdp_compose(const double *mu, size_t n)
{
    long double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(mu[i] >= 0))
            return (double)INFINITY;
        sum += (long double)mu[i] * (long double)mu[i];
    }
    long double doubt = (long double)(n + 4) * LDBL_EPSILON;
    return n == 1 ? mu[0] : nextafter((double)(sqrtl(sum) * (1 + doubt)), n ? (double)INFINITY : 0);
}

double gdp_left(double most, double spent)
{
    if (spent == 0 || isinf(most))
        return most;
    double less = most * (1 - 16 * DBL_EPSILON); /* what gdp_compose may round away */
    return less > spent ? sqrt((less - spent) * (less + spent)) * (1 - 4 * DBL_EPSILON) : 0;
}

double gdp_convert(enum mechanism m, double mu, enum relation from, enum relation to)
{
    if (from == to)
        return mu;
    if (m == MECHANISM_FOREIGN)
        return from == RELATION_ADD_REMOVE ? 2 * mu : (double)INFINITY;
    return above(from == RELATION_ADD_REMOVE ? mu * M_SQRT2 : mu / M_SQRT2);
}

double gdp_sensitivity(enum relation r, double clip)
{
    double square = clip * clip;
    if (fma(clip, clip, -square) > 0)
        square = nextafter(square, (double)INFINITY);
    return r == RELATION_REPLACE ? above(square * M_SQRT2) : square;
}

/* ||D||_F^2 less half of what is off the diagonal: never more, and all of it for e1, and e1 -> e2. */
double gdp_triangle_sensitivity(enum relation r, double clip)
{
    return gdp_sensitivity(r, clip);
}

/* p and q on a circle of radius 1 about a point g from 0, at angles sigma -+ delta from the
 * line through both: ||p p^T - q q^T||_F^2 = (|p|^2 - |q|^2)^2 + 2 |p x q|^2 =
 * 8 sin^2 delta (2 g^2 sin^2 sigma + (g cos sigma + cos delta)^2), largest at cos sigma =
 * min(1, cos delta / g), and then in delta. Inside the ball and out of the plane it is never
 * larger: with p and q at right angles, |p| and |q| grow towards the plane. */
static double ball(double g)
{
    if (3 * g * g >= 1)
        return 2 * (1 + g * g);
    double c = (sqrt(g * g + 8) - g) / 4;
    return 2 * M_SQRT2 * sqrt(1 - c * c) * (g + c);
}

double gdp_centred_sensitivity(enum relation r, double clip, double share, double n)
{
    bool adds = r == RELATION_ADD_REMOVE;
    double square = gdp_sensitivity(RELATION_ADD_REMOVE, clip);
    double most = adds ? (1 + share) * (1 + share) : ball(share);
    double rows = !(n > 0) ? 1 : adds ? n / (n + 1) : (n - 1) / n;
    return above(above(rows * most) * square);
}

double gdp_diagonal(enum mechanism m)
{
    return m == MECHANISM_IID ? 1 : M_SQRT2;
}

/* Both ways the same: mu s. */
static double product(enum mechanism m, enum relation r, double clip)
{
    return m == MECHANISM_IID ? gdp_triangle_sensitivity(r, clip)
                              : gdp_sensitivity(r, clip) / M_SQRT2;
}

double gdp_deviation(enum mechanism m, enum relation r, double clip, double mu)
{
    return above(product(m, r, clip) / mu);
}

double gdp_mu_of_deviation(enum mechanism m, enum relation r, double clip, double s)
{
    return above(product(m, r, clip) / s);
}
