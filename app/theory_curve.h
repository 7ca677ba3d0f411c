#pragma once

#include "approximate.h"

/* A method's theory over the rank, for the error pane: method.theory of one result, at a geometric
 * choice of ranks and at its own. Other ranks have that result's ranges, carried over as
 * engine/theory.h says. Planes are put together as errors are. Any thread. */

enum { THEORY_RANKS = 64 };

struct theory_curve {
    size_t n;                                       /* 0: the method has none */
    double rank[THEORY_RANKS], error[THEORY_RANKS]; /* error: relative; NAN where there is none */
    bool proved;
    const char *unproved; /* static text, as in struct theory */
};

/* svds: one per plane, complete. */
void theory_curve_of(const struct method *m, const struct params_any *params,
                     const struct svd *svds, const struct approximation *a,
                     struct theory_curve *out);

/* At the rank that the result has; NAN where there is none. */
double theory_curve_at(const struct theory_curve *c, size_t rank);
