#include "inspect.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "model.h"
#include "view.h"

/* The entry one is on; false: a folder, or no matrix. */
static bool entry_here(const struct model *m, size_t *out)
{
    const struct browse_leaf *leaf = m->document ? browse_leaf(m) : NULL;
    if (leaf)
        *out = leaf->at;
    return leaf && !leaf->other;
}

const struct anatomy *inspect_of(const struct model *m, size_t entry)
{
    for (int i = 0; i < INSPECT_KEPT; i++)
        if (m->inspect.kept[i].anatomy && m->inspect.kept[i].entry == entry)
            return m->inspect.kept[i].anatomy;
    return NULL;
}

const struct anatomy *inspect_now(const struct model *m)
{
    size_t entry;
    return entry_here(m, &entry) ? inspect_of(m, entry) : NULL;
}

static bool is_large(const struct model *m, size_t entry)
{
    const struct entry *e = &m->document->entries[entry];
    return e->rows > INSPECT_LARGE / (e->cols ? e->cols : 1) && m->inspect.large != entry + 1;
}

/* What is there, but not as exactly as is asked for, is shown until the better one comes. */
static bool good_enough(const struct model *m, const struct anatomy *a)
{
    return a && (a->exact || !m->inspect.exact || !a->spectrum.n);
}

const char *inspect_words(const struct model *m)
{
    size_t entry;
    if (!entry_here(m, &entry) || inspect_of(m, entry))
        return "";
    if (m->inspect.left == entry + 1)
        return m->inspect.why[0] ? m->inspect.why : "stopped - x asks again";
    if (is_large(m, entry))
        return "large: x looks at it";
    bool out = m->busy && m->out == REQUEST_ANATOMY && m->inspect.asked == entry + 1;
    return out ? "looking at it" : "not looked at yet";
}

static void drop(struct inspected *i)
{
    if (i->anatomy)
        anatomy_finish(i->anatomy);
    memory_free(i->anatomy);
    *i = (struct inspected){ 0 };
}

void inspect_forget(struct model *m)
{
    bool exact = m->inspect.exact;
    for (int i = 0; i < INSPECT_KEPT; i++)
        drop(&m->inspect.kept[i]);
    m->inspect = (struct inspect){ .exact = exact };
}

void inspect_stop(struct model *m)
{
    m->inspect.left = m->inspect.asked;
    m->inspect.why[0] = 0;
}

void inspect_exact(struct model *m)
{
    size_t entry;
    bool known = !entry_here(m, &entry) || inspect_of(m, entry);
    if (!known && (m->inspect.left || is_large(m, entry))) {
        m->inspect.left = 0;
        m->inspect.large = entry + 1;
        return;
    }
    m->inspect.exact = !m->inspect.exact;
    model_say(m, false, "%s",
              m->inspect.exact ? "spectra by an SVD in double precision, which takes longer"
                               : "spectra from the Gram matrix");
}

bool inspect_wanted(struct model *m)
{
    size_t entry;
    if (!m->view->lists || !entry_here(m, &entry))
        return false;
    if (m->inspect.left && m->inspect.left != entry + 1)
        m->inspect.left = 0; /* one has moved on */
    bool out = m->busy && m->out == REQUEST_ANATOMY;
    return !m->inspect.left && !is_large(m, entry) && !good_enough(m, inspect_of(m, entry)) &&
           (model_rests(m) || (out && m->inspect.asked != entry + 1));
}

void inspect_request(struct model *m, struct request *out)
{
    if (!entry_here(m, &out->tensor))
        return;
    m->inspect.asked = out->tensor + 1;
    out->exact = m->inspect.exact;
}

void inspect_accept(struct model *m, struct outcome *o)
{
    struct inspect *s = &m->inspect;
    struct inspected now = { .entry = o->tensor, .anatomy = o->anatomy };
    int at = 0;
    while (at < INSPECT_KEPT - 1 && s->kept[at].anatomy && s->kept[at].entry != o->tensor)
        at++;
    drop(&s->kept[at]);
    memmove(&s->kept[1], &s->kept[0], (size_t)at * sizeof(s->kept[0]));
    s->kept[0] = now;
    scanning_take(m, o->tensor, o->anatomy);
    o->anatomy = NULL;
}

void inspect_failed(struct model *m, const struct outcome *o)
{
    m->inspect.left = o->tensor + 1;
    snprintf(m->inspect.why, sizeof(m->inspect.why), "%.150s", o->error.text);
}
