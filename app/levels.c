#include "levels.h"

#include "memory.h"
#include "model.h"

static bool is_now(const struct model *m, const struct method *method,
                   const struct params_any *params)
{
    struct params_any set = *model_params_const(m);
    if (method != m->method)
        return false;
    model_clamp(m, &set);
    return param_equal(&method->params, &set, params);
}

bool levels_exact(const struct model *m)
{
    const struct level_map *l = m->levels.map;
    return l && is_now(m, l->method, &l->params);
}

bool levels_wanted(struct model *m)
{
    const struct levels *l = &m->levels;
    return l->on && m->document && m->subject && model_rests(m) && !m->stale && !levels_exact(m) &&
           !is_now(m, l->method, &l->params);
}

void levels_asked(struct model *m, struct request *r)
{
    m->levels.method = r->method;
    m->levels.params = r->params;
}

void levels_accept(struct model *m, struct outcome *o)
{
    memory_free(m->levels.map);
    m->levels.map = o->levels;
    o->levels = NULL;
}

void levels_forget(struct model *m)
{
    memory_free(m->levels.map);
    m->levels = (struct levels){ .on = m->levels.on };
}

void levels_toggle(struct model *m)
{
    m->levels.on = !m->levels.on;
    m->levels.method = NULL; /* what was stopped may be asked for again */
    if (m->levels.on && m->focus == PANE_SPECTRUM)
        m->focus = PANE_ERROR; /* where one screen has no room for both */
}
