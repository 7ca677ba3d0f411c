#pragma once

#include "approximate.h"

/* A method's theory over the rank, for the error pane: method.theory of one result, at a geometric
 * choice of ranks and at its own. Other ranks have that result's ranges, carried over as
 * engine/theory.h says: a bound stands at the own rank alone. Planes are put together as errors are.
 * Any thread. */

enum { THEORY_RANKS = 64 };
enum theory_part { THEORY_TAIL, THEORY_LEFT, THEORY_RIGHT, THEORY_PARTS };

struct theory_curve {
    size_t n;   /* 0: the method has none */
    size_t own; /* the result's rank */
    /* error: relative, and the root of the sum of its parts' squares; NAN where there is none */
    double rank[THEORY_RANKS], error[THEORY_RANKS], part[THEORY_PARTS][THEORY_RANKS];
    bool proved;          /* at the own rank, of every plane */
    const char *unproved; /* there; static text, as in struct theory */
};

/* svds: one per plane, complete. */
void theory_curve_of(const struct method *m, const struct params_any *params,
                     const struct svd *svds, const struct approximation *a,
                     struct theory_curve *out);

/* At the rank that the result has; NAN where there is none. */
double theory_curve_at(const struct theory_curve *c, size_t rank);
