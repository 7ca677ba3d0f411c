#pragma once

#include "gaussian_dp.h"

/* All that can be said of a release before there is one: what `private --price` prints and a
 * dialog shows. Numbers of the terms alone. Pure; any thread. */

struct price_terms {
    enum mechanism mechanism;
    enum relation relation;
    double epsilon, delta;
    double clip; /* the largest norm of a row, public */
};

enum { PRICE_RELEASES = 4 };

struct price {
    double mu;                /* gdp_mu */
    double s;                 /* deviation of a real number off the diagonal; unit: clip^2's */
    double diagonal;          /* deviation on it */
    double sensitivity;       /* Frobenius; of IID the triangle's */
    double paper_s;           /* of the paper's own calibration */
    double paper_ratio;       /* paper_s / s */
    double paper_epsilon;     /* what the paper's noise truly keeps at delta */
    double paper_limit;       /* up to which nominal epsilon its claim holds at this delta */
    double rho;               /* mu^2 / 2 */
    double zcdp_ratio;        /* noise that a budget kept in zCDP would take, over s */
    double zcdp_simple_ratio; /* the same by rho + 2 sqrt(rho ln(1/delta)) */
    struct {
        int n;                /* releases at these terms: 2, 10, 100, 1000 */
        double mu, epsilon;   /* of all together, epsilon at the same delta */
        double naive_epsilon; /* n epsilon, at n delta */
    } releases[PRICE_RELEASES];
};

/* ERROR_USAGE as gdp_check; or a FOREIGN mechanism. */
bool price_of(const struct price_terms *t, struct price *out, struct error *err);
