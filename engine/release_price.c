#include "release.h"

#include "release_deviation.h"

#include <math.h>
#include <string.h>

static bool check_choices(const struct release_terms *t, struct error *err)
{
    if (t->mechanism >= MECHANISMS || t->relation >= RELATIONS)
        return fail(err, ERROR_USAGE, "there is no such mechanism or relation");
    if (t->rank == 0)
        return fail(err, ERROR_USAGE, "the rank must be at least 1");
    if (t->bits && (t->bits < RELEASE_BITS_LEAST || t->bits > RELEASE_BITS_MOST))
        return fail(err, ERROR_USAGE, "the grid has %d to %d bits, not %u", RELEASE_BITS_LEAST,
                    RELEASE_BITS_MOST, t->bits);
    return true;
}

bool release_price(const struct release_terms *t, struct release_price *out, struct error *err)
{
    struct release_deviation steps;
    unsigned bits = t->bits ? t->bits : RELEASE_BITS;
    if (!check_choices(t, err) || !gdp_check(t->epsilon, t->delta, t->clip, err))
        return false;
    if (!(t->clip >= 1e-100 && t->clip <= 1e100))
        return fail(err, ERROR_USAGE, "the clip must lie within 1e-100 and 1e100");
    double mu = gdp_mu(t->epsilon, t->delta);
    if (!(mu > 0) || !release_deviation(t->mechanism, t->relation, bits, mu, &steps))
        return fail(err, ERROR_LIMIT,
                    "(%g, %g) needs more noise than 2^50 steps of a grid of %u bits", t->epsilon,
                    t->delta, bits);
    double lattice = ldexp(t->clip * t->clip, -2 * (int)bits);
    *out = (struct release_price){ .mu = mu,
                                   .deviation = (double)steps.off * lattice,
                                   .diagonal = (double)steps.diagonal * lattice,
                                   .lattice = lattice,
                                   .grid_deviation = steps.off,
                                   .grid_diagonal = steps.diagonal };
    return true;
}
