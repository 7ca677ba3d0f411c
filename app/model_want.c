/* What is to be computed next, and what such a request says. */

#include "model.h"

#include <string.h>

static void fill(struct model *m, enum request_kind kind, struct request *out)
{
    *out = (struct request){ .serial = ++m->serial,
                             .kind = kind,
                             .planes = m->planes,
                             .dtype = m->dtype,
                             .nonfinite = m->nonfinite,
                             .method = m->method,
                             .params = *model_params(m) };
    if (kind != REQUEST_PICTURE) /* what a file says of itself is what the command would say */
        model_clamp(m, &out->params);
    memcpy(out->entry, m->entry, sizeof(out->entry));
    model_frame(m, &out->width, &out->height, &out->region);
    if (kind == REQUEST_PICTURE || (m->busy && m->out == REQUEST_SLOT)) /* overtaken */
        for (int i = 0; i < SLOT_COUNT; i++)
            m->slots[i].asked = false;
    if (kind == REQUEST_PICTURE) {
        m->asked = *out;
        m->asked_holds = true;
    } else if (m->busy && m->out == REQUEST_PICTURE) {
        m->asked_holds = false; /* this one overtakes it */
    }
    m->quality_asked &= !(m->busy && m->out == REQUEST_QUALITY);
    if (kind != REQUEST_OPEN)
        out->document = document_ref(m->document);
    m->out = kind;
    m->busy = true;
    m->progress = 0;
    m->stage[0] = 0;
}

static void fill_slot(struct model *m, int i, struct request *out)
{
    struct slot *s = &m->slots[i];
    fill(m, REQUEST_SLOT, out);
    out->slot = i;
    out->method = s->method;
    out->params = s->params;
    s->asked = true;
    s->wide = out->width;
    s->high = out->height;
    s->region = out->region;
}

bool model_export(struct model *m, const char *path, bool force, struct error *err)
{
    struct request *e = &m->export;
    if (worlds_away(m))
        return worlds_export(m, path, force, err);
    if (!theatre_export(m, err))
        return false;
    if (e->path[0])
        return fail(err, ERROR_USAGE, "%s is to be written first", e->path);
    if (strlen(path) >= sizeof(e->path))
        return fail(err, ERROR_USAGE, "a path is no longer than %zu bytes", sizeof(e->path) - 1);
    e->method = m->method;
    e->params = *model_params(m);
    model_clamp(m, &e->params);
    e->force = force;
    memcpy(e->path, path, strlen(path) + 1);
    return true;
}

/* What follows on the same line moves sliders only after that. */
static void fill_export(struct model *m, struct request *out)
{
    fill(m, REQUEST_EXPORT, out);
    out->method = m->export.method;
    out->params = m->export.params;
    out->force = m->export.force;
    memcpy(out->path, m->export.path, sizeof(out->path));
    m->export.path[0] = 0;
    if (m->opening.state == OPENING_OUT)
        m->opening.state = OPENING_WANTED; /* overtaken */
}

/* Whatever was asked for once, and was answered, failed or was stopped, is not
 * asked for again until something changes. */
static bool wants_picture(const struct model *m)
{
    const struct request *asked = &m->asked;
    return m->stale &&
           !(m->asked_holds && asked->planes == m->planes &&
             model_same_frame(m, (size_t)asked->width, (size_t)asked->height, asked->region) &&
             model_same_settings(m, asked->method, &asked->params));
}

bool model_rests(const struct model *m)
{
    return !m->busy || m->out == REQUEST_COMPARE || m->out == REQUEST_SCAN ||
           m->out == REQUEST_GROUP || m->out == REQUEST_BESIDE || m->out == REQUEST_THEATRE;
}

/* What comes when no key was pressed for a while, in this order. */
static const struct later {
    enum request_kind kind;
    bool (*wanted)(struct model *m);
    void (*request)(struct model *m, struct request *out);
} later[] = {
    { REQUEST_HEAT, heat_wanted, heat_asked },
    { REQUEST_LEVELS, levels_wanted, levels_asked },
    { REQUEST_ANATOMY, inspect_wanted, inspect_request },
    { REQUEST_COMPARE, runs_want, runs_request },
    { REQUEST_GROUP, grouping_want, grouping_request },
    { REQUEST_BESIDE, beside_wanted, beside_request },
    { REQUEST_THEATRE, theatre_wanted_later, theatre_request },
    { REQUEST_SCAN, scanning_wanted, scanning_request },
};

static bool want_later(struct model *m, struct request *out)
{
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        if (later[i].wanted(m)) {
            fill(m, later[i].kind, out);
            later[i].request(m, out);
            return true;
        }
    return false;
}

bool model_want(struct model *m, bool idle, struct request *out)
{
    int width, height, slot;
    struct region region;
    bool rests = model_rests(m);
    if (m->busy && (m->out == REQUEST_EXPORT || m->out == REQUEST_RELEASE))
        return false;
    if (worlds_wanted(m)) {
        fill(m, REQUEST_RELEASE, out);
        worlds_request(m, out);
        return true;
    }
    if (m->opening.state == OPENING_WANTED && !m->export.path[0]) {
        fill(m, REQUEST_OPEN, out);
        opening_request(m, out);
        return true;
    }
    if (!m->document || (m->opening.state == OPENING_OUT && !m->export.path[0]))
        return false;
    if (m->export.path[0]) {
        fill_export(m, out);
        return true;
    }
    if (worlds_writes(m)) {
        fill(m, REQUEST_LOOK, out);
        worlds_look_request(m, out);
        return true;
    }
    if (worlds_away(m)) /* nothing looks at the data now */
        return false;
    if (!model_chosen(m))
        return idle && want_later(m, out);
    if (wants_picture(m)) {
        fill(m, REQUEST_PICTURE, out);
        return true;
    }
    if (m->goal_wanted && rests) {
        fill(m, REQUEST_SOLVE, out);
        out->goal = m->goal;
        out->axis = m->goal_axis;
        return true;
    }
    if (theatre_wanted(m)) {
        fill(m, REQUEST_THEATRE, out);
        theatre_request(m, out);
        return true;
    }
    model_frame(m, &width, &height, &region);
    slot = rests ? slots_want(m, width, height, region) : -1;
    if (slot >= 0) {
        fill_slot(m, slot, out);
        return true;
    }
    if (idle && rests && !m->stale && m->quality_stale && !m->quality_asked) {
        fill(m, REQUEST_QUALITY, out);
        m->quality_asked = true;
        return true;
    }
    return idle && want_later(m, out);
}
