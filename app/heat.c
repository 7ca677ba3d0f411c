#include "heat.h"

#include "model.h"

/* Whether a setting and a frame are those of now. */
static bool is_now(const struct model *m, const struct method *method,
                   const struct params_any *params, size_t wide, size_t high, struct region region)
{
    int now_wide, now_high;
    struct region now;
    struct params_any set = *model_params_const(m);
    if (method != m->method)
        return false;
    model_clamp(m, &set);
    model_frame(m, &now_wide, &now_high, &now);
    return (size_t)now_wide == wide && (size_t)now_high == high && region_equal(now, region) &&
           param_equal(&method->params, &set, params);
}

bool heat_exact(const struct model *m)
{
    const struct heat_map *h = m->heat.map;
    return h && !m->stale &&
           is_now(m, h->method, &h->params, h->rms[0].view.cols, h->rms[0].view.rows, h->region);
}

bool heat_wanted(struct model *m)
{
    const struct heat *h = &m->heat;
    return h->on && m->document && m->subject && model_rests(m) && !m->stale && !heat_exact(m) &&
           !is_now(m, h->method, &h->params, (size_t)h->wide, (size_t)h->high, h->region);
}

void heat_asked(struct model *m, struct request *r)
{
    m->heat.method = r->method;
    m->heat.params = r->params;
    m->heat.wide = r->width;
    m->heat.high = r->height;
    m->heat.region = r->region;
}

void heat_accept(struct model *m, struct outcome *o)
{
    heat_map_destroy(m->heat.map);
    m->heat.map = o->heat;
    o->heat = NULL;
}

void heat_forget(struct model *m)
{
    heat_map_destroy(m->heat.map);
    m->heat = (struct heat){ .on = m->heat.on };
}

void heat_toggle(struct model *m)
{
    m->heat.on = m->original || !m->heat.on;
    m->original = m->difference = false;
    m->heat.method = NULL; /* what was stopped may be asked for again */
}
