#include "theory_curve.h"

#include <math.h>

/* From 1 to the last, each about as far from the one before in proportion, and `own` among them. */
static size_t choose(size_t last, size_t own, size_t ranks[THEORY_RANKS])
{
    double ratio = pow((double)last, 1.0 / (THEORY_RANKS - 2));
    size_t n = 0;
    for (int i = 0; i < THEORY_RANKS - 1; i++) {
        size_t k = (size_t)lround(pow(ratio, i)), before = n ? ranks[n - 1] : 0;
        if (before < own && own < k)
            ranks[n++] = before = own;
        if (k > before && k <= last)
            ranks[n++] = k;
    }
    return n;
}

static bool add(const struct method *m, const struct params_any *params, const struct svd *svd,
                const struct result *r, size_t matrix, const size_t *ranks, size_t n,
                struct theory_curve *c)
{
    struct theory at[THEORY_RANKS];
    const struct measure *measure = &r->measures[matrix];
    const struct spectrum s = { svd->sigma, svd->n, measure->rows, measure->cols, svd->norm };
    if (!m->theory(params->bytes, &s, r, matrix, ranks, n, at))
        return false;
    for (size_t i = 0; i < n; i++) {
        const double parts[] = { at[i].tail, at[i].left, at[i].right };
        c->error[i] = hypot(c->error[i], at[i].error * svd->norm); /* NAN spreads */
        for (int j = 0; j < THEORY_PARTS; j++)
            c->part[j][i] = isnan(c->error[i]) ? (double)NAN
                                               : hypot(c->part[j][i], parts[j] * svd->norm);
        if (ranks[i] != c->own)
            continue;
        c->proved &= at[i].proved;
        c->unproved = c->unproved ? c->unproved : at[i].unproved;
    }
    return true;
}

void theory_curve_of(const struct method *m, const struct params_any *params,
                     const struct svd *svds, const struct approximation *a,
                     struct theory_curve *out)
{
    size_t ranks[THEORY_RANKS], planes = 0;
    double norm = 0;
    *out = (struct theory_curve){ 0 };
    const struct measure *first = &a->results[0].measures[0];
    size_t side = first->rows < first->cols ? first->rows : first->cols;
    if (!m->theory || !a->results[0].rank)
        return;
    size_t n = choose(side, a->results[0].rank, ranks);
    out->own = a->results[0].rank;
    out->proved = true;
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < a->results[i].n_measures; j++, planes++) {
            if (!add(m, params, &svds[planes], &a->results[i], j, ranks, n, out)) {
                *out = (struct theory_curve){ 0 };
                return;
            }
            norm = hypot(norm, svds[planes].norm);
        }
    for (size_t i = 0; i < n; i++) {
        out->rank[i] = (double)ranks[i];
        out->error[i] = norm > 0 ? out->error[i] / norm : 0;
        for (int j = 0; j < THEORY_PARTS; j++)
            out->part[j][i] = norm > 0 ? out->part[j][i] / norm : 0;
    }
    out->n = n;
}

double theory_curve_at(const struct theory_curve *c, size_t rank)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->rank[i] == (double)rank)
            return c->error[i];
    return (double)NAN;
}
