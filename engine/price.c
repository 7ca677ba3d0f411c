#include "price.h"

#include "classical.h"
#include "zcdp.h"

#include <math.h>

static void price_many(const struct price_terms *t, struct price *out)
{
    const int releases[PRICE_RELEASES] = { 2, 10, 100, 1000 };
    double each[1000];
    for (int i = 0; i < 1000; i++)
        each[i] = out->mu;
    for (int i = 0; i < PRICE_RELEASES; i++) {
        int n = releases[i];
        out->releases[i].n = n;
        out->releases[i].mu = gdp_compose(each, (size_t)n);
        out->releases[i].epsilon = gdp_epsilon(out->releases[i].mu, t->delta);
        out->releases[i].naive_epsilon = n * t->epsilon;
    }
}

bool price_of(const struct price_terms *t, struct price *out, struct error *err)
{
    if (t->mechanism >= MECHANISMS || t->relation >= RELATIONS)
        return fail(err, ERROR_USAGE, "only noise that is drawn here has a price");
    if (!gdp_check(t->epsilon, t->delta, t->clip, err))
        return false;
    *out = (struct price){ .mu = gdp_mu(t->epsilon, t->delta) };
    out->s = gdp_deviation(t->mechanism, t->relation, t->clip, out->mu);
    out->diagonal = gdp_diagonal(t->mechanism) * out->s;
    out->sensitivity = t->mechanism == MECHANISM_IID
                           ? gdp_triangle_sensitivity(t->relation, t->clip)
                           : gdp_sensitivity(t->relation, t->clip);
    out->paper_s = classical_deviation(t->mechanism, t->clip, t->epsilon, t->delta);
    out->paper_ratio = out->paper_s / out->s;
    out->paper_epsilon = classical_epsilon(t->mechanism, t->relation, t->epsilon, t->delta);
    out->paper_limit = classical_limit(t->mechanism, t->relation, t->delta);
    out->rho = zcdp_rho(out->mu);
    out->zcdp_ratio = out->mu / sqrt(2 * zcdp_rho_for(t->epsilon, t->delta));
    out->zcdp_simple_ratio = out->mu / sqrt(2 * zcdp_simple_rho_for(t->epsilon, t->delta));
    price_many(t, out);
    return true;
}
