#include "nested.h"

#include <math.h>

struct numbers nested_numbers(const struct model *m, const struct method *method,
                              const struct params_any *params)
{
    const struct subject *s = m->subject;
    const struct param *rank = param_find(&method->params, "rank");
    struct params_any at = *params;
    struct numbers n = study_unknown;
    if (!rank) /* a first sketch of what has none */
        return n;
    n.rank = (size_t)fmin(param_get(rank, &at), model_limit(m, rank));
    if (!s->exact && n.rank > s->n)
        n.rank = s->n; /* of a first sketch no more is there to be shown */
    param_put(rank, &at, (double)n.rank);
    n.error = n.optimal = subject_tail(s, n.rank);
    n.bits_paper = s->planes * method->bits(&at, m->dtype, s->rows, s->cols, true);
    n.bits_true = s->planes * method->bits(&at, m->dtype, s->rows, s->cols, false);
    n.entries = s->planes * s->rows * s->cols;
    return n;
}
