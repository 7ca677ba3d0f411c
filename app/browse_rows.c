/* Which of the tensors are shown, and in which order. */

#include "browse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "model.h"

double browse_value(const struct model *m, const struct browse_leaf *leaf, enum scan_column column)
{
    const struct entry *e = leaf->other ? NULL : &m->document->entries[leaf->at];
    const struct scan_row *row = e ? scanning_row(m, leaf->at) : NULL;
    if (column == SCAN_BYTES)
        return (double)browse_bytes(m, leaf);
    if (e && (column == SCAN_ROWS || column == SCAN_COLS))
        return (double)(column == SCAN_ROWS ? e->rows : e->cols);
    return row ? row->values[column] : (double)NAN;
}

bool browse_sort(struct model *m, const char *key, struct error *err)
{
    const struct scan_key *found = scan_key(key);
    if (!found && strcmp(key, "name") != 0)
        return fail(err, ERROR_USAGE, "sort: there is no column '%s'", key);
    m->browse.key = found;
    browse_update(m);
    return true;
}

void browse_sort_next(struct model *m)
{
    static const char *const most[] = { "bytes",          "rank90", "share90", "stable-rank",
                                        "effective-rank", "alpha",  "gain",    "outliers" };
    enum { MOST = sizeof(most) / sizeof(most[0]) };
    struct browse *b = &m->browse;
    size_t i = 0;
    while (b->key && i < MOST && strcmp(most[i], b->key->key) != 0)
        i++;
    i += b->key && i < MOST;
    b->key = i < MOST ? scan_key(most[i]) : NULL;
    browse_update(m);
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool contains(const char *text, const char *word, size_t n)
{
    for (; *text; text++) {
        size_t i = 0;
        while (i < n && lower(text[i]) == lower(word[i]))
            i++;
        if (i == n)
            return true;
    }
    return false;
}

static bool passes(const struct model *m, const struct browse_leaf *leaf)
{
    const char *word = m->browse.filter;
    for (word += strspn(word, " "); *word; word += strspn(word, " ")) {
        size_t n = strcspn(word, " ");
        if (!contains(browse_name(m, leaf), word, n) && !contains(browse_dtype(m, leaf), word, n))
            return false;
        word += n;
    }
    return true;
}

static void filter(struct model *m)
{
    struct browse *b = &m->browse;
    b->shown = 0;
    for (size_t i = 0; i < b->n; i++)
        b->shown += b->leaves[i].shown = passes(m, &b->leaves[i]);
    for (size_t f = 0; f < b->n_folders; f++) {
        struct browse_folder *folder = &b->folders[f];
        folder->shown = 0;
        for (size_t i = 0; i < folder->n; i++)
            folder->shown += b->leaves[folder->first + i].shown;
    }
}

static void add(struct browse *b, size_t index, bool folder, bool inside)
{
    b->rows[b->n_rows++] = (struct browse_row){ (uint32_t)index, folder, inside };
}

/* What is searched for is seen: a filter opens every folder that has some of it. */
static void rows_of_tree(struct browse *b)
{
    size_t next = 0;
    for (size_t i = 0; i < b->n;) {
        const struct browse_folder *f = next < b->n_folders ? &b->folders[next] : NULL;
        if (!f || f->first != i) {
            if (b->leaves[i].shown)
                add(b, i, false, false);
            i++;
            continue;
        }
        if (f->shown)
            add(b, next, true, false);
        for (size_t k = 0; k < f->n && (f->open || b->filter[0]); k++)
            if (b->leaves[f->first + k].shown)
                add(b, f->first + k, false, true);
        i += f->n;
        next++;
    }
}

struct ranked {
    double value;
    uint32_t leaf;
};

/* The greatest first; what is not known is behind all others. */
static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    bool known_x = !isnan(x->value), known_y = !isnan(y->value);
    if (known_x != known_y)
        return known_x ? -1 : 1;
    if (known_x && x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return x->leaf < y->leaf ? -1 : 1;
}

static void turn_round(struct ranked *r, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct ranked kept = r[i];
        r[i] = r[n - 1 - i];
        r[n - 1 - i] = kept;
    }
}

static bool rows_by_value(struct model *m)
{
    struct browse *b = &m->browse;
    struct error err;
    struct ranked *ranked = memory_alloc((b->n ? b->n : 1) * sizeof(*ranked), &err);
    size_t n = 0, known = 0;
    if (!ranked)
        return false;
    for (size_t i = 0; i < b->n; i++)
        if (b->leaves[i].shown)
            ranked[n++] = (struct ranked){ browse_value(m, &b->leaves[i], b->key->column),
                                           (uint32_t)i };
    qsort(ranked, n, sizeof(*ranked), by_value);
    while (known < n && !isnan(ranked[known].value))
        known++;
    if (b->reversed == b->key->descending)
        turn_round(ranked, known);
    for (size_t i = 0; i < n; i++)
        add(b, ranked[i].leaf, false, false);
    memory_free(ranked);
    return true;
}

static bool same(const struct browse_row *a, const struct browse_row *b)
{
    return a->index == b->index && a->folder == b->folder;
}

/* The same row stays chosen; of a tensor that is folded away, its folder. */
static void stay(struct browse *b, const struct browse_row *was)
{
    size_t folder = SIZE_MAX;
    for (size_t i = 0; was && i < b->n_rows; i++) {
        const struct browse_folder *f = b->rows[i].folder ? &b->folders[b->rows[i].index] : NULL;
        if (same(&b->rows[i], was)) {
            b->at = i;
            return;
        }
        if (f && !was->folder && was->index >= f->first && was->index < f->first + f->n)
            folder = i;
    }
    if (folder != SIZE_MAX)
        b->at = folder;
    else if (b->at >= b->n_rows)
        b->at = b->n_rows ? b->n_rows - 1 : 0;
}

void browse_update(struct model *m)
{
    struct browse *b = &m->browse;
    struct browse_row was = b->at < b->n_rows ? b->rows[b->at] : (struct browse_row){ 0 };
    bool any = b->at < b->n_rows;
    filter(m);
    b->n_rows = 0;
    if (!b->key || !rows_by_value(m))
        rows_of_tree(b);
    stay(b, any ? &was : NULL);
}
