#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What samples of one statistic, drawn for two neighbouring inputs a and b, say about a promise
 * (epsilon, delta). The first half of the samples chooses, the second is counted, so that nothing
 * is fitted to what is measured. A pass is never a proof. Pure; any thread. */

/* How far apart the two lie in deviations, (mean a - mean b) / pooled deviation, which for Gaussian noise is
 * mu of Gaussian differential privacy (Dong, Roth, Su 2022), and its standard error by the delta method. */
struct separation {
    double mu, error;
};
struct separation audit_separation(const double *a, const double *b, size_t n);

/* An event {x > threshold}, or {x <= threshold}, that is likelier under one input than under the other. */
struct event {
    double threshold;
    bool above;
    bool of_b; /* likelier under b */
};

/* How often it came, of `of` samples each. */
struct event_counts {
    size_t likely, unlikely, of;
};

/* Orders a and b (n each) and hands back the event of the largest p - e^epsilon q; or, where `bound`, of the
 * largest ln((p - delta) / q) with p and q moved against us by four deviations. NaN in neither. */
struct event audit_choose(double *a, double *b, size_t n, double epsilon, double delta, bool bound);
struct event_counts audit_count(struct event e, const double *a, const double *b, size_t n);

/* p - e^epsilon q, which may not exceed delta, and its standard error. */
struct excess {
    double delta, error;
};
struct excess audit_excess(struct event_counts c, double epsilon);

/* One-sided limits of a proportion, hits of n, exact (Clopper, Pearson 1934): the truth is below the lower
 * one, above the upper one, with probability `risk` at most. */
double audit_lower(size_t hits, size_t n, double risk);
double audit_upper(size_t hits, size_t n, double risk);

/* epsilon is at least this, at that delta, but for 2 risk: ln((lower p - delta) / upper q), never below 0. */
double audit_epsilon(struct event_counts c, double delta, double risk);

/* I_x(a, b), the regularised incomplete beta function, a, b > 0, x in [0, 1], by its continued fraction
 * (Numerical Recipes, Lentz's algorithm). Off by 1e-7 of itself where a + b is 1e6, by 2e-4 at 1e8: the
 * difference of large log-gammas. */
double audit_beta(double x, double a, double b);
