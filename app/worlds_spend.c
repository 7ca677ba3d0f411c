/* The way from a price to a release, and what came back. */

#include "worlds.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataset.h"
#include "mechanism.h"
#include "model.h"
#include "state.h"

/* What a person has to say before anything is drawn. */
static bool complete(struct model *m, struct error *err)
{
    const struct worlds *w = &m->worlds;
    const struct release_wish *q = &w->wish;
    if (worlds_releasing(m))
        return fail(err, ERROR_USAGE, "release: one is being made");
    if (!q->dataset[0])
        return fail(err, ERROR_USAGE,
                    "release: name the dataset, by which the ledger knows it: dataset=NAME");
    if (!dataset_check(q->dataset, err))
        return false;
    if (!w->price.ok)
        return fail(err, ERROR_USAGE, "%s", w->price.why);
    if (w->ledger_why[0] || w->ledger.damaged)
        return fail(err, ERROR_FORMAT, "%s", w->ledger_why[0] ? w->ledger_why : w->ledger.why);
    if (w->after.over)
        return fail(err, ERROR_LIMIT, "release: over the budget of %.60s", q->dataset);
    if (!q->file[0])
        return fail(err, ERROR_USAGE, "release: say where it is to be written: file=PATH");
    if (access(q->file, F_OK) == 0)
        return fail(err, ERROR_WRITE, "%s: it exists, and a release overwrites nothing", q->file);
    return release_fits(q->file, err) && worlds_find_ledger(&m->worlds.wish, true, err);
}

bool worlds_by_hand(const struct model *m, struct error *err)
{
    return (!m->player && m->depth == 0 && !m->keys_first) ||
           fail(err, ERROR_USAGE,
                "a release is confirmed by hand; a script says `eigenscope private --yes`");
}

bool worlds_ready(struct model *m, struct error *err)
{
    if (!worlds_by_hand(m, err))
        return false;
    if (m->worlds.world != WORLD_RELEASE)
        return fail(err, ERROR_USAGE, "there is nothing to confirm here");
    worlds_read_ledger(m);
    return complete(m, err);
}

bool worlds_confirm(struct model *m, const char *typed, struct error *err)
{
    struct worlds *w = &m->worlds;
    if (!worlds_ready(m, err))
        return false;
    if (strcmp(typed, w->wish.dataset) != 0)
        return fail(err, ERROR_USAGE, "that is not the dataset's name: nothing was spent");
    w->wanted = true;
    return true;
}

bool worlds_wanted(const struct model *m)
{
    return m->worlds.wanted;
}

void worlds_request(struct model *m, struct request *out)
{
    struct worlds *w = &m->worlds;
    out->release = w->wish;
    w->wanted = false;
    w->out = true;
    w->asked++;
}

void worlds_accept(struct model *m, struct outcome *o)
{
    struct worlds *w = &m->worlds;
    struct released *r = o->released;
    o->released = NULL;
    w->out = false;
    worlds_show(m, r);
    if (r->file[0] && r->unwritten[0])
        model_say(m, true, "released, mu %.4g spent; it lies in %.120s, as %.100s", r->mu, r->file,
                  r->unwritten);
    else if (r->file[0])
        model_say(m, false, "released, mu %.4g spent; wrote %.160s", r->mu, r->file);
    else
        model_say(m, true, "released, mu %.4g spent, but not written: %.160s", r->mu, r->unwritten);
}

/* Whoever is out of budget reads how it stands now. */
void worlds_failed(struct model *m, const struct outcome *o)
{
    m->worlds.out = false;
    worlds_read_ledger(m);
    (void)o;
}

/* ---- what was released ---- */

const struct released_view *worlds_view(const struct model *m)
{
    const struct released *r = m->worlds.released;
    size_t at = (size_t)m->worlds.look.view;
    if (!r)
        return NULL;
    return &r->views[at > r->n_views ? r->n_views - 1 : at - 1];
}

enum field worlds_noise(const struct released *r)
{
    return r->mechanism == MECHANISM_COMPLEX ? FIELD_COMPLEX : FIELD_REAL;
}

double worlds_kept(const struct model *m, size_t i)
{
    const struct released *r = m->worlds.released;
    const struct released_view *v = worlds_view(m);
    const struct worlds_look *l = &m->worlds.look;
    if (!r || i >= r->d || i >= (size_t)l->rank)
        return 0;
    double x = v->values[i];
    if (l->shrink)
        x = mechanism_shrink(worlds_noise(r), v->deviation, r->d, x);
    return l->clamp && x < 0 ? 0 : x;
}

bool worlds_export(struct model *m, const char *path, bool force, struct error *err)
{
    struct worlds *w = &m->worlds;
    const struct released *r = w->released;
    if (w->world != WORLD_EXPLORE || !r)
        return fail(err, ERROR_USAGE, "export: nothing is written here before it is paid for");
    if (!r->file[0])
        return fail(err, ERROR_USAGE, "export: what was released is in no file");
    if ((size_t)w->look.view != r->n_views)
        return fail(err, ERROR_USAGE, "export: its file holds the finest view, number %zu",
                    r->n_views);
    if (strlen(path) >= sizeof(w->to))
        return fail(err, ERROR_USAGE, "a path is no longer than %zu bytes", sizeof(w->to) - 1);
    if (!release_fits(path, err))
        return false;
    memcpy(w->to, path, strlen(path) + 1);
    w->force = force;
    return true;
}

bool worlds_writes(const struct model *m)
{
    return m->worlds.to[0] && worlds_away(m) && !(m->busy && m->out == REQUEST_LOOK);
}

void worlds_look_request(struct model *m, struct request *out)
{
    struct worlds *w = &m->worlds;
    out->look = (struct release_look){ .rank = (size_t)w->look.rank,
                                       .shrink = w->look.shrink,
                                       .clamp = w->look.clamp };
    memcpy(out->look.from, w->released->file, sizeof(out->look.from));
    memcpy(out->path, w->to, sizeof(w->to));
    out->force = w->force;
    w->to[0] = 0;
}

void worlds_written(struct model *m, struct outcome *o)
{
    model_say(m, false, "wrote %.200s: nothing was spent for it", o->path);
}
