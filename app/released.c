#include "released.h"

#include <stdio.h>
#include <string.h>

#include "gradual.h"
#include "memory.h"
#include "release_draw.h"

struct release_terms release_wish_terms(const struct release_wish *w)
{
    return (struct release_terms){
        .mechanism = (enum mechanism)w->mechanism,
        .relation = (enum relation)w->relation,
        .epsilon = w->epsilon,
        .delta = w->delta,
        .clip = w->clip,
        .rank = (size_t)w->rank,
        .dataset = w->dataset,
        .budget = { w->budget_epsilon, w->budget_epsilon > 0 ? w->budget_delta : 0 },
    };
}

void released_destroy(struct released *r)
{
    if (!r)
        return;
    for (size_t i = 0; r->views && i < r->n_views; i++)
        memory_free(r->views[i].values);
    memory_free(r->views);
    memory_free(r);
}

/* The facts, and room for views of which none is there yet. */
static struct released *begin(const struct release *r, size_t n, struct error *err)
{
    struct released *out = memory_alloc(sizeof(*out), err);
    if (!out)
        return NULL;
    *out = (struct released){
        .d = r->d,
        .n = r->n,
        .mechanism = r->mechanism,
        .relation = r->relation,
        .epsilon = r->epsilon,
        .delta = r->delta,
        .mu = r->mu,
        .clip = r->clip,
        .rank = r->rank,
        .form = r->form,
        .shrink = r->shrink,
        .clamp = r->clamp,
    };
    memcpy(out->dataset, r->dataset, sizeof(out->dataset));
    out->views = memory_alloc(n * sizeof(*out->views), err);
    if (out->views)
        return out;
    released_destroy(out);
    return NULL;
}

static bool add(struct released *out, const struct release *r, struct error *err)
{
    struct released_view *v = &out->views[out->n_views];
    *v = (struct released_view){ .mu = r->view,
                                 .epsilon = gdp_epsilon(r->view, r->delta),
                                 .deviation = r->deviation,
                                 .values = memory_alloc(r->d * sizeof(double), err) };
    if (!v->values)
        return false;
    memcpy(v->values, r->draw.values, r->d * sizeof(double));
    out->n_views++;
    return true;
}

struct released *released_of(const struct release *r, struct error *err)
{
    struct released *out = begin(r, 1, err);
    if (out && add(out, r, err))
        return out;
    released_destroy(out);
    return NULL;
}

struct released *released_gradually(struct gradual *g, struct error *err)
{
    struct released *out = begin(&g->facts, g->n, err);
    bool ok = out;
    for (size_t i = 0; ok && i < g->n; i++) {
        struct release r = { 0 };
        ok = gradual_reveal(g, i, &r, err) && add(out, &r, err);
        release_finish(&r);
    }
    if (ok)
        return out;
    released_destroy(out);
    return NULL;
}

struct released *released_read(const char *path, struct error *err)
{
    struct release r = { 0 };
    struct released *out = release_read(path, &r, err) ? released_of(&r, err) : NULL;
    if (out)
        snprintf(out->file, sizeof(out->file), "%s", path);
    release_finish(&r);
    return out;
}

bool released_write(const struct release_look *l, const char *path, bool force, struct error *err)
{
    struct release r = { 0 };
    bool ok = release_fits(path, err) && release_read(l->from, &r, err);
    if (ok) {
        r.rank = l->rank < r.d ? l->rank : r.d;
        r.shrink = l->shrink;
        r.clamp = l->clamp;
        const struct release_terms t = { .mechanism = r.mechanism,
                                         .relation = r.relation,
                                         .epsilon = r.epsilon,
                                         .delta = r.delta,
                                         .clip = r.clip,
                                         .rank = r.rank,
                                         .form = r.form,
                                         .shrink = r.shrink,
                                         .clamp = r.clamp };
        ok = release_draw_follow(&t, r.deviation, &r.draw, err) &&
             release_write(&r, path, force, err);
    }
    release_finish(&r);
    return ok;
}
