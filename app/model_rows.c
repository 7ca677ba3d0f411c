/* The rows of the current method: which there are, and how far they go. */

#include "model.h"

#include <math.h>
#include <string.h>

#include "hold.h"

const struct param *model_row(const struct model *m, size_t i)
{
    size_t n = m->method->params.n;
    return i < n ? &m->method->params.rows[i] : i == n && hold_on(m) ? &hold_row : NULL;
}

const struct param *model_field(const struct model *m)
{
    return model_row(m, m->field);
}

const void *model_values(const struct model *m, const struct param *p)
{
    return p == &hold_row ? (const void *)m : model_params_const(m);
}

bool model_needs_one(const struct model *m, const char *who, struct error *err)
{
    const char *between = *who ? ": " : "";
    if (!m->document)
        return fail(err, ERROR_USAGE, "%s%snothing is open", who, between);
    return model_chosen(m) ||
           fail(err, ERROR_USAGE, "%s%sno matrix is chosen; 2 lists them, Enter opens one", who,
                between);
}

double model_limit(const struct model *m, const struct param *p)
{
    double rows, cols;
    if (strcmp(p->key, "rank") != 0 || !model_shape(m, &rows, &cols))
        return p->max;
    return fmax(p->min, fmin(p->max, fmin(rows, cols)));
}

size_t model_rank(const struct model *m)
{
    const struct param *p = param_find(&m->method->params, "rank");
    if (!p)
        return 0;
    return (size_t)fmin(param_get(p, model_params_const(m)), model_limit(m, p));
}

void model_clamp(const struct model *m, struct params_any *params)
{
    const struct param *rank = param_find(&m->method->params, "rank");
    if (rank && param_get(rank, params) > model_limit(m, rank))
        param_put(rank, params, model_limit(m, rank));
}
