#include "slots.h"

#include "model.h"
#include "nested.h"

void slot_clear(struct slot *s)
{
    shown_destroy(s->shown);
    *s = (struct slot){ 0 };
}

/* The picture m shows is the slot's, too; at a rank of its own where that is nested. */
static bool shares(const struct model *m, const struct slot *s)
{
    const struct shown *now = m->shown;
    if (!now || !s->method || now->method != s->method || !m->subject || !m->subject->exact)
        return false;
    return now->nested || param_equal(&s->method->params, &now->params, &s->params);
}

static void take(struct model *m, struct slot *s)
{
    struct shown *old = s->shown;
    s->shown = shown_ref(m->shown);
    shown_destroy(old);
    if (m->shown->nested)
        s->numbers = nested_numbers(m, s->method, &s->params);
    else
        s->numbers = m->numbers;
}

void slots_follow(struct model *m)
{
    for (int i = 0; i < SLOT_COUNT; i++)
        if (shares(m, &m->slots[i]))
            take(m, &m->slots[i]);
}

void slot_put(struct model *m, int i, const struct method *method, const struct params_any *params)
{
    struct slot *s = &m->slots[i];
    slot_clear(s);
    s->method = method;
    s->params = *params;
    if (shares(m, s))
        take(m, s);
}

void slot_keep(struct model *m, int i)
{
    slot_put(m, i, m->method, model_params(m));
}

bool slot_sharp(const struct slot *s, int wide, int high, struct region region)
{
    const struct preview *p = s->shown ? &s->shown->previews[0] : NULL;
    return p && p->width == (size_t)wide && p->height == (size_t)high &&
           region_equal(s->shown->region, region);
}

int slots_want(const struct model *m, int wide, int high, struct region region)
{
    if (!m->wipe && !m->difference)
        return -1;
    for (int i = 0; i < SLOT_COUNT; i++) {
        const struct slot *s = &m->slots[i];
        bool asked = s->asked && s->wide == wide && s->high == high &&
                     region_equal(s->region, region);
        if (s->method && !asked && !slot_sharp(s, wide, high, region))
            return i;
    }
    return -1;
}

void slots_accept(struct model *m, struct outcome *o)
{
    struct slot *s = &m->slots[o->slot];
    const struct shown *new = o->shown;
    if (!o->final || !new || new->method != s->method ||
        !(new->nested || param_equal(&s->method->params, &new->params, &s->params)))
        return;
    shown_destroy(s->shown);
    s->shown = o->shown;
    o->shown = NULL;
    s->numbers = s->shown->nested ? nested_numbers(m, s->method, &s->params) : o->numbers;
}
