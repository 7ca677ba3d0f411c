#include "theatre.h"

#include <math.h>
#include <stdio.h>

#include "model.h"

const char *const theatre_page_names[] = { "gaps", NULL };
const char *const theatre_focus_names[] = { "paths", "page", "form", NULL };

void theatre_reset(struct model *m)
{
    param_defaults(&theatre_rows, false, &m->theatre.set);
    m->theatre.field = 0;
    m->theatre.focus = THEATRE_FOCUS_FORM;
}

void theatre_forget(struct model *m)
{
    struct theatre *t = &m->theatre;
    theatre_matrix_destroy(t->matrix);
    theatre_paths_destroy(t->paths);
    t->matrix = NULL;
    t->paths = NULL;
}

const struct param *theatre_field(const struct model *m)
{
    size_t i = m->theatre.field;
    return i < theatre_rows.n ? &theatre_rows.rows[i] : NULL;
}

double theatre_limit(const struct model *m, const struct param *p)
{
    const struct theatre_matrix *x = m->theatre.matrix;
    double rows, cols;
    if (p->offset != offsetof(struct theatre_setting, rank))
        return p->max;
    if (x)
        return fmin(p->max, (double)x->d);
    return model_shape(m, &rows, &cols) ? fmin(p->max, cols) : p->max;
}

void theatre_put(struct model *m, const struct param *p, double value)
{
    param_put(p, &m->theatre.set, fmin(value, theatre_limit(m, p)));
}

void theatre_step(struct model *m, const struct param *p, int direction, bool coarse)
{
    struct theatre_setting next = m->theatre.set;
    param_put(p, &next, fmin(param_get(p, &next), theatre_limit(m, p)));
    param_step(p, &next, direction, coarse);
    theatre_put(m, p, param_get(p, &next));
}
