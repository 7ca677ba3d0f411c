#include "beside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "family.h"
#include "memory.h"
#include "model.h"
#include "view.h"

void beside_forget(struct model *m)
{
    struct beside *b = &m->beside;
    document_unref(b->document);
    memory_free(b->rows);
    memory_free(b->order);
    beside_found_destroy(b->kept);
    *b = (struct beside){ 0 };
}

/* ---- who belongs to whom ---- */

/* What can be looked up in the other document: names, or roles. */
struct key {
    const char *name; /* NULL: by role */
    struct role role;
    uint32_t entry;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct key *)a)->name, ((const struct key *)b)->name);
}

static int by_role(const void *a, const void *b)
{
    const struct role *x = &((const struct key *)a)->role, *y = &((const struct key *)b)->role;
    int module = (int)x->module - (int)y->module;
    return module ? module : x->layer != y->layer ? x->layer - y->layer : x->expert - y->expert;
}

static uint32_t found(const struct key *keys, size_t n, const struct key *want,
                      int (*order)(const void *, const void *))
{
    const struct key *k = n ? bsearch(want, keys, n, sizeof(*keys), order) : NULL;
    return k ? k->entry : UINT32_MAX;
}

static void judge(const struct document *mine, const struct document *other, size_t i,
                  uint32_t partner, struct beside_row *row)
{
    row->partner = partner;
    row->relative = row->cosine = row->most = (double)NAN;
    if (partner == UINT32_MAX)
        row->state = BESIDE_NONE;
    else if (other->entries[partner].rows != mine->entries[i].rows ||
             other->entries[partner].cols != mine->entries[i].cols)
        row->state = BESIDE_SHAPE;
}

/* names and roles: of the other document, sorted. Those whose role is not known have none. */
static void pair_up(struct model *m, struct key *names, struct key *roles)
{
    struct beside *b = &m->beside;
    const struct document *mine = m->document, *other = b->document;
    size_t n = other->n, n_roles = 0;
    for (size_t i = 0; i < n; i++) {
        struct role r = family_role(other->entries[i].name);
        names[i] = (struct key){ other->entries[i].name, r, (uint32_t)i };
        if (r.module != MODULE_OTHER)
            roles[n_roles++] = names[i];
    }
    qsort(names, n, sizeof(*names), by_name);
    qsort(roles, n_roles, sizeof(*roles), by_role);
    for (size_t i = 0; i < mine->n; i++) {
        const struct key want = { mine->entries[i].name, family_role(mine->entries[i].name), 0 };
        uint32_t partner = found(names, n, &want, by_name);
        if (partner == UINT32_MAX && want.role.module != MODULE_OTHER)
            partner = found(roles, n_roles, &want, by_role);
        judge(mine, other, i, partner, &b->rows[i]);
        b->alike += b->rows[i].state == BESIDE_NEW;
    }
}

static bool begin(struct model *m, struct error *err)
{
    struct beside *b = &m->beside;
    size_t n = b->document->n;
    b->n = m->document->n;
    struct key *keys = memory_alloc(2 * n * sizeof(*keys), err);
    b->rows = keys ? memory_alloc(b->n * sizeof(*b->rows), err) : NULL;
    b->order = b->rows ? memory_alloc(b->n * sizeof(*b->order), err) : NULL;
    if (b->order)
        pair_up(m, keys, keys + n);
    memory_free(keys);
    return b->order != NULL;
}

bool beside_open(struct model *m, const char *path, struct error *err)
{
    char entry[NAME_TEXT];
    if (!m->document)
        return fail(err, ERROR_USAGE, "with: nothing is open that it could stand beside");
    if (!strcmp(path, "off")) {
        beside_forget(m);
        return true;
    }
    struct document *d = selection_document(path, NULL, entry, err);
    if (!d)
        return false;
    beside_forget(m);
    m->beside.document = d;
    if (!begin(m, err)) {
        beside_forget(m);
        return false;
    }
    model_say(m, false, "%zu of %zu matrices have their like there", m->beside.alike, m->beside.n);
    return true;
}

/* ---- where one is ---- */

static size_t entry_here(const struct model *m)
{
    const struct entry *e = browse_entry(m);
    return e ? (size_t)(e - m->document->entries) : SIZE_MAX;
}

const struct beside_row *beside_here(const struct model *m)
{
    size_t i = entry_here(m);
    return m->beside.document && i < m->beside.n ? &m->beside.rows[i] : NULL;
}

void beside_move(struct model *m, int by)
{
    const struct beside *b = &m->beside;
    size_t here = entry_here(m), at = 0;
    if (!b->done) {
        browse_move(m, by);
        return;
    }
    while (at < b->done && b->order[at] != here)
        at++;
    long to = at == b->done ? 0 : (long)at + by;
    to = to < 0 ? 0 : to >= (long)b->done ? (long)b->done - 1 : to;
    browse_find(m, m->document->entries[b->order[to]].name);
}

/* ---- the worker ---- */

static bool lacks_spectra(const struct beside *b, size_t entry)
{
    const struct beside_row *row = entry < b->n ? &b->rows[entry] : NULL;
    bool there = b->kept && b->kept->entry == entry;
    return row && (row->state == BESIDE_NEW || (row->state == BESIDE_DONE && !there));
}

static size_t next_new(const struct beside *b)
{
    size_t i = 0;
    while (i < b->n && b->rows[i].state != BESIDE_NEW)
        i++;
    return i;
}

/* The matrix one is on first, with spectra; a comparison of another one gives way to it. */
bool beside_wanted(struct model *m)
{
    const struct beside *b = &m->beside;
    size_t here = entry_here(m);
    bool mine = m->busy && m->out == REQUEST_BESIDE, now = lacks_spectra(b, here);
    if (!b->document || b->stopped || !m->view->lists || m->view->groups ||
        m->browse.page != BROWSE_PAGE_WITH)
        return false;
    if (mine)
        return now && b->asked != here;
    return model_rests(m) && (now || next_new(b) < b->n);
}

void beside_request(struct model *m, struct request *out)
{
    struct beside *b = &m->beside;
    size_t here = entry_here(m);
    bool now = lacks_spectra(b, here);
    b->asked = now ? here : next_new(b);
    b->serial = out->serial;
    out->beside = (struct beside_wish){ .other = document_ref(b->document),
                                        .entry = b->asked,
                                        .partner = b->rows[b->asked].partner,
                                        .spectra = now };
}

/* Behind all that are as far apart or farther. */
static void put_in_order(struct beside *b, size_t entry)
{
    size_t at = b->done++;
    for (; at > 0 && b->rows[b->order[at - 1]].relative < b->rows[entry].relative; at--)
        b->order[at] = b->order[at - 1];
    b->order[at] = (uint32_t)entry;
}

void beside_accept(struct model *m, struct outcome *o)
{
    struct beside *b = &m->beside;
    struct beside_found *f = o->beside;
    if (!f || f->entry >= b->n || o->serial != b->serial) /* of another model */
        return;
    struct beside_row *row = &b->rows[f->entry];
    if (row->state != BESIDE_DONE) {
        row->state = BESIDE_DONE;
        row->relative = f->relative;
        row->cosine = f->cosine;
        row->most = f->most;
        put_in_order(b, f->entry);
    }
    if (f->n) {
        beside_found_destroy(b->kept);
        b->kept = f;
        o->beside = NULL;
    }
}

void beside_failed(struct model *m, const struct outcome *o)
{
    struct beside *b = &m->beside;
    snprintf(b->why, sizeof(b->why), "%.150s", o->error.text);
    if (b->asked < b->n)
        b->rows[b->asked].state = BESIDE_FAILED;
}

void beside_stop(struct model *m)
{
    m->beside.stopped = true;
}

void beside_go_on(struct model *m)
{
    m->beside.stopped = false;
}
