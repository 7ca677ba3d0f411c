#include "classical.h"

#include <float.h>
#include <math.h>

double classical_time(double epsilon, double delta)
{
    return 2 * log(1.25 / delta) / (epsilon * epsilon);
}

/* Of rows of norm 1: W + W^T has twice the variance of W off the diagonal. */
static double unit_deviation(enum mechanism m, double epsilon, double delta)
{
    return sqrt((m == MECHANISM_IID ? 2 : 4) * log(1.25 / delta)) / epsilon;
}

double classical_deviation(enum mechanism m, double clip, double epsilon, double delta)
{
    return unit_deviation(m, epsilon, delta) * clip * clip;
}

double classical_mu(enum mechanism m, enum relation r, double epsilon, double delta)
{
    return gdp_mu_of_deviation(m, r, 1, unit_deviation(m, epsilon, delta));
}

double classical_epsilon(enum mechanism m, enum relation r, double epsilon, double delta)
{
    return gdp_epsilon(classical_mu(m, r, epsilon, delta), delta);
}

static bool holds(enum mechanism m, enum relation r, double epsilon, double delta)
{
    double mu = classical_mu(m, r, epsilon, delta);
    return gdp_log_delta(epsilon, mu) + gdp_doubt(epsilon, mu) <= log(delta);
}

/* mu grows with epsilon and epsilon / mu stays, so that delta grows: there is one border. */
double classical_limit(enum mechanism m, enum relation r, double delta)
{
    double low = 1;
    while (!holds(m, r, low, delta) && low > DBL_MIN)
        low /= 2;
    double high = 2 * low;
    while (holds(m, r, high, delta)) {
        if (high > GDP_EPSILON_MOST)
            return (double)INFINITY;
        low = high;
        high *= 2;
    }
    while (high - low > 1e-10 * low) {
        double middle = (low + high) / 2;
        if (holds(m, r, middle, delta))
            low = middle;
        else
            high = middle;
    }
    return low;
}
