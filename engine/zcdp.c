#include "zcdp.h"

#include <float.h>
#include <math.h>

double zcdp_rho(double mu)
{
    return mu * mu / 2 * (1 + 2 * DBL_EPSILON);
}

/* The derivative of the bound is rho + ln(alpha delta) / (alpha - 1)^2, which changes sign once:
 * below 0 at 1, above it at 1/delta. Returns alpha - 1. */
static double best_order(double rho, double delta)
{
    double low = 1e-18, high = 1 / delta;
    for (int i = 0; i < 80; i++) {
        double x = sqrt(low) * sqrt(high);
        if (rho * x * x + log1p(x) + log(delta) < 0)
            low = x;
        else
            high = x;
    }
    return low;
}

double zcdp_epsilon(double rho, double delta)
{
    double x = best_order(rho, delta), one = (1 + x) * rho, two = log1p(-1 / (1 + x));
    double three = -(log1p(x) + log(delta)) / x;
    double doubt = 8 * DBL_EPSILON * (one + fabs(two) + fabs(three));
    return fmax(0, one + two + three + doubt);
}

double zcdp_simple_epsilon(double rho, double delta)
{
    return (rho + 2 * sqrt(-rho * log(delta))) * (1 + 4 * DBL_EPSILON);
}

double zcdp_simple_rho_for(double epsilon, double delta)
{
    double l = -log(delta), root = epsilon / (sqrt(l + epsilon) + sqrt(l));
    return root * root * (1 - 16 * DBL_EPSILON);
}

double zcdp_rho_for(double epsilon, double delta)
{
    double low = zcdp_simple_rho_for(epsilon, delta), high = 2 * low;
    while (zcdp_epsilon(high, delta) <= epsilon) {
        low = high;
        high *= 2;
    }
    for (;;) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            return low;
        if (zcdp_epsilon(middle, delta) <= epsilon)
            low = middle;
        else
            high = middle;
    }
}
