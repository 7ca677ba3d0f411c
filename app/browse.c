#include "browse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cursor.h"
#include "memory.h"
#include "model.h"

static const struct entry *entry_of(const struct model *m, const struct browse_leaf *leaf)
{
    return leaf->other ? NULL : &m->document->entries[leaf->at];
}

static const struct other *other_of(const struct model *m, const struct browse_leaf *leaf)
{
    return &m->document->others[leaf->at];
}

const char *browse_name(const struct model *m, const struct browse_leaf *leaf)
{
    return leaf->other ? other_of(m, leaf)->name : m->document->entries[leaf->at].name;
}

const char *browse_dtype(const struct model *m, const struct browse_leaf *leaf)
{
    return leaf->other ? other_of(m, leaf)->dtype : m->document->entries[leaf->at].dtype;
}

uint64_t browse_bytes(const struct model *m, const struct browse_leaf *leaf)
{
    return leaf->other ? other_of(m, leaf)->bytes : m->document->entries[leaf->at].size;
}

void browse_shape(const struct model *m, const struct browse_leaf *leaf, char *out, size_t size)
{
    const struct other *o = leaf->other ? other_of(m, leaf) : NULL;
    const struct entry *e = entry_of(m, leaf);
    size_t n = 0;
    out[0] = 0;
    if (e)
        snprintf(out, size, "%zux%zu", e->rows, e->cols);
    for (size_t i = 0; o && i < o->dims && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%" PRIu64, i ? "x" : "", o->shape[i]);
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Numbers in them by value: blk.2 before blk.10. */
static int natural(const char *a, const char *b)
{
    while (*a && *b) {
        if (digit(*a) && digit(*b)) {
            size_t zeros_a = strspn(a, "0"), zeros_b = strspn(b, "0");
            size_t n = strspn(a + zeros_a, "0123456789"), k = strspn(b + zeros_b, "0123456789");
            int order = n != k ? (n < k ? -1 : 1) : memcmp(a + zeros_a, b + zeros_b, n);
            if (order)
                return order;
            a += zeros_a + n;
            b += zeros_b + k;
        } else if (*a != *b) {
            break;
        } else {
            a++;
            b++;
        }
    }
    return (unsigned char)*a - (unsigned char)*b;
}

/* qsort has no room for the model. */
struct named {
    const char *name;
    struct browse_leaf leaf;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = natural(x->name, y->name);
    return order ? order : strcmp(x->name, y->name);
}

/* "blk.0" of "blk.0.attn_q.weight": as far as the first number between dots; 0: there is none. */
static size_t folder_length(const char *name)
{
    const char *from = name;
    for (const char *dot; (dot = strchr(from, '.')); from = dot + 1)
        if (dot > from && strspn(from, "0123456789") == (size_t)(dot - from))
            return (size_t)(dot - name);
    return 0;
}

static bool alike(const char *a, const char *b, size_t n)
{
    return !strncmp(a, b, n) && b[n] == '.';
}

/* Leaves that begin alike lie side by side. */
static void find_folders(struct model *m)
{
    struct browse *b = &m->browse;
    b->n_folders = 0;
    for (size_t i = 0; i < b->n;) {
        const char *name = browse_name(m, &b->leaves[i]);
        size_t n = folder_length(name), end = i + 1;
        while (n && end < b->n && alike(name, browse_name(m, &b->leaves[end]), n))
            end++;
        if (n)
            b->folders[b->n_folders++] = (struct browse_folder){ .first = (uint32_t)i,
                                                                 .n = (uint32_t)(end - i),
                                                                 .length = (uint32_t)n };
        i = end;
    }
    if (b->n_folders)
        b->folders[0].open = true;
}

static int wider(int width, const char *text)
{
    int n = (int)strlen(text);
    return n > width ? n : width;
}

static void measure(struct model *m)
{
    struct browse *b = &m->browse;
    char shape[96];
    for (size_t i = 0; i < b->n; i++) {
        browse_shape(m, &b->leaves[i], shape, sizeof(shape));
        b->shape_width = wider(b->shape_width, shape);
        b->dtype_width = wider(b->dtype_width, browse_dtype(m, &b->leaves[i]));
    }
}

static bool make_room(struct browse *b, size_t n, struct error *err)
{
    b->leaves = memory_alloc(n * sizeof(*b->leaves), err);
    b->folders = b->leaves ? memory_alloc(n * sizeof(*b->folders), err) : NULL;
    b->rows = b->folders ? memory_alloc(2 * n * sizeof(*b->rows), err) : NULL;
    return b->rows != NULL;
}

static bool list(struct model *m, size_t n, struct error *err)
{
    const struct document *d = m->document;
    struct browse *b = &m->browse;
    struct named *names = memory_alloc(n * sizeof(*names), err);
    if (!names || !make_room(b, n, err)) {
        memory_free(names);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        bool other = i >= d->n;
        size_t at = other ? i - d->n : i;
        names[i].leaf = (struct browse_leaf){ .at = (uint32_t)at, .other = other };
        names[i].name = other ? d->others[at].name : d->entries[at].name;
    }
    qsort(names, n, sizeof(*names), by_name);
    for (size_t i = 0; i < n; i++)
        b->leaves[i] = names[i].leaf;
    memory_free(names);
    b->n = n;
    find_folders(m);
    measure(m);
    return true;
}

void browse_forget(struct model *m)
{
    struct browse *b = &m->browse;
    memory_free(b->leaves);
    memory_free(b->folders);
    memory_free(b->rows);
    *b = (struct browse){ .key = b->key,
                          .reversed = b->reversed,
                          .focus = b->focus,
                          .beside = b->beside,
                          .page = b->page,
                          .log_count = b->log_count,
                          .peaks = b->peaks };
}

void browse_open(struct model *m)
{
    struct browse *b = &m->browse;
    struct error err;
    size_t n = m->document->n + m->document->n_others;
    browse_forget(m);
    if (!n)
        return;
    if (!list(m, n, &err)) {
        browse_forget(m);
        model_say(m, true, "%s", err.text);
        return;
    }
    browse_update(m);
    while (b->at + 1 < b->n_rows && !browse_entry(m))
        b->at++;
}

const struct browse_row *browse_row(const struct model *m)
{
    const struct browse *b = &m->browse;
    return b->at < b->n_rows ? &b->rows[b->at] : NULL;
}

struct browse_leaf *browse_leaf(const struct model *m)
{
    const struct browse_row *row = browse_row(m);
    return row && !row->folder ? &m->browse.leaves[row->index] : NULL;
}

const struct entry *browse_entry(const struct model *m)
{
    const struct browse_leaf *leaf = browse_leaf(m);
    return leaf ? entry_of(m, leaf) : NULL;
}

const struct browse_folder *browse_folder(const struct model *m)
{
    const struct browse_row *row = browse_row(m);
    return row && row->folder ? &m->browse.folders[row->index] : NULL;
}

/* The folder that holds this leaf; NULL: none. */
static struct browse_folder *folder_of(struct browse *b, size_t leaf)
{
    for (size_t i = 0; i < b->n_folders; i++)
        if (leaf >= b->folders[i].first && leaf < b->folders[i].first + b->folders[i].n)
            return &b->folders[i];
    return NULL;
}

bool browse_find(struct model *m, const char *name)
{
    struct browse *b = &m->browse;
    size_t leaf = 0;
    while (leaf < b->n && strcmp(browse_name(m, &b->leaves[leaf]), name) != 0)
        leaf++;
    if (leaf == b->n)
        return false;
    struct browse_folder *f = folder_of(b, leaf);
    if (f)
        f->open = true;
    if (!b->leaves[leaf].shown)
        b->filter[0] = 0;
    browse_update(m);
    for (size_t i = 0; i < b->n_rows; i++)
        if (!b->rows[i].folder && b->rows[i].index == leaf)
            b->at = i;
    return true;
}

void browse_move(struct model *m, int by)
{
    m->browse.at = cursor_moved(m->browse.at, m->browse.n_rows, by);
}

void browse_fold(struct model *m, bool open)
{
    struct browse *b = &m->browse;
    const struct browse_row *row = browse_row(m);
    struct browse_folder *f = !row          ? NULL
                              : row->folder ? &b->folders[row->index]
                              : row->inside ? folder_of(b, row->index)
                                            : NULL;
    if (!f)
        return;
    if (row->inside && !open) /* folded away: onto its folder */
        while (b->at > 0 && !b->rows[b->at].folder)
            b->at--;
    f->open = open;
    browse_update(m);
}

void browse_fold_all(struct model *m, bool open)
{
    for (size_t i = 0; i < m->browse.n_folders; i++)
        m->browse.folders[i].open = open;
    browse_update(m);
}

static void count_marks(struct browse *b)
{
    b->marked = 0;
    for (size_t i = 0; i < b->n; i++)
        b->marked += b->leaves[i].marked;
}

/* Of a folder: those that are shown; all of them, unless all are. */
static void mark_folder(struct browse *b, const struct browse_folder *f)
{
    struct browse_leaf *leaves = b->leaves + f->first;
    bool all = true;
    for (size_t i = 0; i < f->n; i++)
        all &= leaves[i].marked || !leaves[i].shown || leaves[i].other;
    for (size_t i = 0; i < f->n; i++)
        if (leaves[i].shown && !leaves[i].other)
            leaves[i].marked = !all;
}

void browse_mark(struct model *m)
{
    struct browse *b = &m->browse;
    struct browse_leaf *leaf = browse_leaf(m);
    if (leaf && leaf->other)
        model_say(m, false, "%s is no matrix", browse_name(m, leaf));
    else if (leaf)
        leaf->marked = !leaf->marked;
    else if (browse_folder(m))
        mark_folder(b, browse_folder(m));
    count_marks(b);
}

void browse_unmark(struct model *m)
{
    for (size_t i = 0; i < m->browse.n; i++)
        m->browse.leaves[i].marked = false;
    m->browse.marked = 0;
}

bool browse_marked(const struct model *m, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < m->browse.n; i++) {
        const struct browse_leaf *leaf = &m->browse.leaves[i];
        if (!leaf->marked || leaf->other)
            continue;
        int more = snprintf(out + n, size - n, "%s%s", n ? "," : "", browse_name(m, leaf));
        if (more < 0 || (size_t)more >= size - n)
            return false;
        n += (size_t)more;
    }
    return true;
}
