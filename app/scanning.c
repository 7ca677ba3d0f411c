#include "scanning.h"

#include <string.h>

#include "memory.h"
#include "model.h"
#include "view.h"

/* Of more entries what was kept is read only with the next scan: each row has its place in memory. */
enum { LOAD_MOST = 5000 };

const struct scan_row *scanning_row(const struct model *m, size_t entry)
{
    const struct scanning *s = &m->scanning;
    return s->rows && entry < s->n ? s->rows[entry] : NULL;
}

/* Whether it is one of those that are wanted. */
static bool counts(const struct model *m, const struct browse_leaf *leaf)
{
    return !leaf->other && (leaf->marked || !m->scanning.marked);
}

void scanning_count(const struct model *m, size_t *done, size_t *all)
{
    *done = *all = 0;
    for (size_t i = 0; i < m->browse.n; i++) {
        const struct browse_leaf *leaf = &m->browse.leaves[i];
        *all += counts(m, leaf);
        *done += counts(m, leaf) && scanning_row(m, leaf->at);
    }
}

void scanning_begin(struct model *m)
{
    struct scanning *s = &m->scanning;
    size_t done, all;
    if (s->wanted && !s->stopped) {
        model_say(m, false, "it is being scanned - C-c stops");
        return;
    }
    s->marked = m->browse.marked > 0;
    s->stopped = false;
    scanning_count(m, &done, &all);
    s->wanted = done < all;
    if (!all)
        model_say(m, true, "there is no matrix to look at");
    else if (!s->wanted)
        model_say(m, false, "all %zu are known", all);
    else
        model_say(m, false, "scanning %zu %s", all - done,
                  s->marked ? "of the marked" : "matrices");
}

void scanning_stop(struct model *m)
{
    m->scanning.stopped |= m->scanning.wanted;
}

void scanning_forget(struct model *m)
{
    struct scanning *s = &m->scanning;
    for (size_t i = 0; s->rows && i < s->n; i++)
        memory_free(s->rows[i]);
    memory_free(s->rows);
    *s = (struct scanning){ 0 };
}

/* Memory goes by the rows that are known: of a file of a hundred thousand tensors most never are. */
static bool put_row(struct scanning *s, size_t entry, const struct scan_row *row, struct error *err)
{
    if (!s->rows && !(s->rows = memory_alloc(s->n * sizeof(*s->rows), err)))
        return false;
    if (!s->rows[entry] && !(s->rows[entry] = memory_alloc(sizeof(*row), err)))
        return false;
    *s->rows[entry] = *row;
    return true;
}

void scanning_put(struct model *m, size_t entry, const struct scan_row *row)
{
    struct scanning *s = &m->scanning;
    struct error err;
    bool known = scanning_row(m, entry) != NULL;
    s->n = m->document->n;
    if (!row->done || entry >= s->n)
        return;
    if (put_row(s, entry, row, &err)) {
        s->done += !known;
        return;
    }
    s->stopped = true;
    model_say(m, true, "%s", err.text);
}

void scanning_take(struct model *m, size_t entry, const struct anatomy *a)
{
    struct scan_row row = { 0 };
    scan_row_fill(a, &row);
    row.values[SCAN_BYTES] = (double)document_bytes(&m->document->entries[entry]);
    row.done = true;
    scanning_put(m, entry, &row);
    browse_update(m);
}

/* The first look at a file asks for what an earlier scan has kept. */
static bool loads(const struct model *m)
{
    const struct scanning *s = &m->scanning;
    return !s->loaded && !s->stopped && m->document->source && m->document->n > 1 &&
           m->document->n <= LOAD_MOST;
}

bool scanning_wanted(struct model *m)
{
    struct scanning *s = &m->scanning;
    if (m->busy || !m->view->lists || !m->document)
        return s->wanted && !s->stopped && !m->busy;
    return loads(m) || (s->wanted && !s->stopped);
}

void scanning_request(struct model *m, struct request *out)
{
    struct scanning *s = &m->scanning;
    struct error err;
    s->serial = out->serial;
    s->load_out = !s->wanted || s->stopped;
    s->loaded = true;
    if (s->load_out)
        return;
    out->tensors = memory_alloc(m->browse.n * sizeof(*out->tensors), &err);
    for (size_t i = 0; out->tensors && i < m->browse.n; i++)
        if (counts(m, &m->browse.leaves[i]))
            out->tensors[out->n_tensors++] = m->browse.leaves[i].at;
}

void scanning_accept(struct model *m, struct outcome *o)
{
    struct scanning *s = &m->scanning;
    size_t done, all;
    for (size_t i = 0; i < o->scan.n; i++)
        scanning_put(m, o->scan.of[i].at, &o->scan.of[i].row);
    if (o->scan.n)
        browse_update(m);
    if (!o->final || o->serial != s->serial || s->load_out)
        return;
    scanning_count(m, &done, &all);
    s->wanted = done < all; /* rows that were lost on the way are there the next time */
    if (!s->wanted)
        model_say(m, false, "scanned: %zu of %zu matrices are known", s->done, m->document->n);
}

void scanning_failed(struct model *m, const struct outcome *o)
{
    (void)o;
    m->scanning.stopped = true;
}
