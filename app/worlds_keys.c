#include "worlds_keys.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "form.h"
#include "line.h"
#include "overlay.h"

void worlds_key_release(struct model *m)
{
    struct error err;
    if (!worlds_release(m, &err))
        model_say(m, true, "%s", err.text);
}

void worlds_key_explore(struct model *m)
{
    struct error err;
    if (!worlds_explore(m, &err))
        model_say(m, true, "%s", err.text);
}

void worlds_key_sandbox(struct model *m)
{
    worlds_sandbox(m);
}

void worlds_key_leave(struct model *m)
{
    struct error err;
    if (m->worlds.world != WORLD_RELEASE || m->worlds.wanted || m->worlds.out ||
        !worlds_explore(m, &err))
        worlds_sandbox(m);
}

void worlds_key_ledger(struct model *m)
{
    overlay_ledger(m);
}

void worlds_key_confirm(struct model *m)
{
    overlay_confirm(m);
}

void worlds_key_type(struct model *m)
{
    const struct param *p = worlds_field(m);
    const struct release_wish *w = &m->worlds.wish;
    bool release = m->worlds.world == WORLD_RELEASE;
    char flag[64], line[96];
    if (!p)
        return;
    param_flag(p->key, flag, sizeof(flag));
    snprintf(line, sizeof(line), "%s %s=", release ? "release" : "explore",
             release && !w->dataset[0] ? "dataset" : flag);
    line_open_with(m, line);
}

void worlds_key_write(struct model *m)
{
    line_open_with(m, "export ");
}

void worlds_key_row(struct model *m, int by)
{
    const void *values;
    const struct param_table *t = worlds_rows(m, &values);
    if (t)
        m->worlds.field = cursor_moved(m->worlds.field, t->n, by);
}

static void step(struct model *m, int by, bool coarse)
{
    union {
        struct release_wish wish;
        struct worlds_look look;
    } copy;
    const void *values;
    const struct param_table *t = worlds_rows(m, &values);
    const struct param *p = worlds_field(m);
    if (!p)
        return;
    memcpy(&copy, values, t->size);
    for (int i = 0; i < (by < 0 ? -by : by); i++)
        param_step(p, &copy, by < 0 ? -1 : 1, coarse);
    worlds_put(m, p, param_get(p, &copy));
}

void worlds_key_value(struct model *m, int by)
{
    step(m, by, false);
}

void worlds_key_coarse(struct model *m, int by)
{
    step(m, by, true);
}

void worlds_key_least(struct model *m)
{
    const struct param *p = worlds_field(m);
    if (p)
        worlds_put(m, p, p->min);
}

void worlds_key_most(struct model *m)
{
    const struct param *p = worlds_field(m);
    if (p)
        worlds_put(m, p, worlds_limit(m, p));
}

void worlds_point(struct model *m, size_t row, bool slides, double along)
{
    const void *values;
    const struct param_table *t = worlds_rows(m, &values);
    if (!t || row >= t->n)
        return;
    m->worlds.field = row;
    const struct param *p = &t->rows[row];
    double value = form_value(p, along, worlds_limit(m, p));
    if (slides)
        worlds_put(m, p, p->kind == PARAM_INT ? floor(value + 0.5) : value);
}

bool worlds_command_release(struct model *m, const char *arguments, struct error *err)
{
    return worlds_release(m, err) && worlds_set(m, arguments, &m->fault, err);
}

bool worlds_command_explore(struct model *m, const char *arguments, struct error *err)
{
    return worlds_explore(m, err) && worlds_set(m, arguments, &m->fault, err);
}
