#include "worlds.h"

#include <stdio.h>
#include <string.h>

#include "model.h"
#include "view.h"

const char *const world_names[] = { "sandbox", "release", "explore", NULL };

void worlds_init(struct model *m)
{
    struct worlds *w = &m->worlds;
    param_defaults(&worlds_terms, false, &w->wish);
    param_defaults(&worlds_looks, false, &w->look);
    param_defaults(&theatre_rows, false, &w->carried);
}

static void drop(struct worlds *w)
{
    released_destroy(w->released);
    w->released = NULL;
    w->seen = 0;
    w->field = 0;
    w->to[0] = 0;
}

void worlds_finish(struct model *m)
{
    drop(&m->worlds);
    ledger_finish(&m->worlds.ledger);
}

bool worlds_away(const struct model *m)
{
    return m->worlds.world != WORLD_SANDBOX && !strcmp(m->view->name, "privacy");
}

bool worlds_in_sandbox(const struct model *m)
{
    return m->worlds.world == WORLD_SANDBOX;
}

bool worlds_in_release(const struct model *m)
{
    return m->worlds.world == WORLD_RELEASE;
}

bool worlds_in_explore(const struct model *m)
{
    return m->worlds.world == WORLD_EXPLORE;
}

/* The longest that fits; the last of each always does. The sandbox of another view simulates nothing. */
static const char *const elsewhere[] = { "SANDBOX: the data itself, not private",
                                         "SANDBOX not private", "SANDBOX" };
static const char *const badges[][3] = {
    [WORLD_SANDBOX] = { "SANDBOX: simulated, not private", "SANDBOX not private", "SANDBOX" },
    [WORLD_RELEASE] = { "RELEASE: nothing is drawn before you confirm", "RELEASE: confirm",
                        "RELEASE" },
    [WORLD_EXPLORE] = { "EXPLORE: of what was released, free", "EXPLORE: free", "EXPLORE" },
};

/* What is open is what was released. */
static bool of_release(const struct model *m)
{
    const struct released *r = m->worlds.released;
    return r && m->document && !strcmp(r->file, m->document->name);
}

static const char *const *badge(const struct model *m)
{
    const struct worlds *w = &m->worlds;
    if (!strcmp(m->view->name, "privacy"))
        return badges[w->world];
    if (of_release(m))
        return badges[WORLD_EXPLORE];
    return w->released || w->asked || worlds_releasing(m) ? elsewhere : NULL;
}

void worlds_badge(const struct model *m, int width, char *out, size_t size)
{
    const char *const *texts = badge(m);
    int i = 0;
    out[0] = 0;
    if (!texts)
        return;
    while (i < 2 && canvas_text_width(texts[i]) > width)
        i++;
    snprintf(out, size, "%s", texts[i]);
}

/* ---- from one to another ---- */

/* A file is to be written, or is being written. */
static bool exporting(const struct model *m)
{
    return m->export.path[0] || (m->busy && m->out == REQUEST_EXPORT);
}

bool worlds_releasing(const struct model *m)
{
    return m->worlds.wanted || m->worlds.out;
}

/* All that is known of the data, and what is on its way. */
static void forget(struct model *m)
{
    const struct view *v = m->view;
    m->cancel |= m->busy;
    m->busy = false;
    model_open(m, m->document, m->entry);
    m->view = v; /* also where no matrix is chosen */
    m->message[0] = 0;
}

void worlds_follow(struct model *m)
{
    struct worlds *w = &m->worlds;
    bool here = !strcmp(m->view->name, "privacy");
    if (w->world == WORLD_SANDBOX || worlds_releasing(m))
        return;
    if (here ? exporting(m) : w->world == WORLD_RELEASE)
        w->world = WORLD_SANDBOX;
    else if (here)
        forget(m);
}

static void show(struct model *m, enum world world)
{
    const struct view *v = view_find("privacy");
    m->worlds.world = world;
    m->worlds.field = 0;
    if (v)
        view_show(m, v);
}

/* Whether all that there is can be left for a moment. */
static bool may_leave(const struct model *m, struct error *err)
{
    if (!model_needs_one(m, "release", err))
        return false;
    if (worlds_releasing(m))
        return fail(err, ERROR_USAGE, "release: one is being made");
    if (exporting(m))
        return fail(err, ERROR_USAGE, "release: a file is to be written first");
    return true;
}

bool worlds_release(struct model *m, struct error *err)
{
    if (of_release(m))
        return fail(err, ERROR_USAGE,
                    "release: this was released already; open the rows of people");
    if (!may_leave(m, err))
        return false;
    worlds_carry(m);
    show(m, WORLD_RELEASE);
    worlds_read_ledger(m);
    return true;
}

void worlds_sandbox(struct model *m)
{
    if (worlds_releasing(m))
        model_say(m, true, "a release is being made - C-c stops it as long as nothing is spent");
    else
        show(m, WORLD_SANDBOX);
}

bool worlds_explore(struct model *m, struct error *err)
{
    if (worlds_releasing(m) || exporting(m))
        return fail(err, ERROR_USAGE, "explore: something is to be finished first");
    if (!m->worlds.released)
        return fail(err, ERROR_USAGE, "explore: nothing was released here, and no release is open");
    show(m, WORLD_EXPLORE);
    return true;
}

void worlds_show(struct model *m, struct released *r)
{
    struct worlds *w = &m->worlds;
    drop(w);
    w->released = r;
    w->look = (struct worlds_look){
        .rank = (int)r->rank, .view = 1, .shrink = r->shrink, .clamp = r->clamp
    };
    w->seen = 1;
    show(m, WORLD_EXPLORE);
    worlds_read_ledger(m);
}

void worlds_open(struct model *m)
{
    const char *world = m->document ? document_fact(m->document, "eigenscope.world") : NULL;
    struct error err;
    drop(&m->worlds);
    m->worlds.world = WORLD_SANDBOX;
    m->worlds.wish.dataset[0] = m->worlds.wish.file[0] = 0;
    if (!world || strcmp(world, "release") != 0)
        return;
    struct released *r = released_read(m->document->name, &err);
    if (r)
        worlds_show(m, r);
    else
        model_say(m, true, "%s", err.text);
}
