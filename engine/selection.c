#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "family.h"
#include "memory.h"

const char *const nonfinite_names[] = { "refuse", "zero", "keep", NULL };

enum { NAMES_SHOWN = 6 };

/* Copies a name, cut between characters where it is too long. */
static void copy_name(char to[NAME_TEXT], const char *name)
{
    size_t n = strlen(name);
    if (n > NAME_TEXT - 1)
        for (n = NAME_TEXT - 1; n && ((unsigned char)name[n] & 0xc0) == 0x80;)
            n--;
    memcpy(to, name, n);
    to[n] = '\0';
}

static void add(struct selection *s, const char *name, const struct entry *e)
{
    copy_name(s->names[s->n], name);
    s->entries[s->n++] = e;
}

static void list_names(const struct document *d, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < d->n && i < NAMES_SHOWN && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%.40s", i ? ", " : "", d->entries[i].name);
    if (d->n > NAMES_SHOWN && at < size)
        snprintf(out + at, size - at, ", ...");
}

static bool pick_whole(struct selection *s, struct error *err)
{
    static const char *const ycbcr[] = { "y", "cb", "cr" }, *const rgb[] = { "r", "g", "b" };
    const struct document *d = s->document;
    char names[300];
    if (s->picture && document_entry(d, "r")) {
        for (int i = 0; i < 3; i++)
            if (s->planes == PLANES_YCBCR)
                add(s, ycbcr[i], NULL);
            else
                add(s, rgb[i], document_entry(d, rgb[i]));
    } else if (s->picture || d->n == 1) {
        add(s, d->entries[0].name, &d->entries[0]);
    } else if (!d->n) {
        return fail(err, ERROR_FORMAT, "%s: holds no matrix", d->name);
    } else {
        list_names(d, names, sizeof(names));
        return fail(err, ERROR_USAGE, "%s: holds %zu matrices; pick one with FILE::NAME: %s",
                    d->name, d->n, names);
    }
    return true;
}

static bool pick_named(struct selection *s, const char *name, struct error *err)
{
    char names[300];
    const struct entry *e = document_entry(s->document, name);
    if (e) {
        add(s, name, e);
        return true;
    }
    for (size_t i = 0; i < s->document->n_others; i++) {
        const struct other *o = &s->document->others[i];
        if (o->dims == 2 && !strcmp(o->name, name))
            return fail(err, ERROR_FORMAT, "%s: %.60s is of type %s, which is listed, not computed",
                        s->document->name, name, o->dtype);
    }
    list_names(s->document, names, sizeof(names));
    return fail(err, ERROR_USAGE, "%s: holds no matrix named %.60s; it has: %s", s->document->name,
                name, names);
}

bool selection_of(struct document *d, const char *name, enum planes planes, struct selection *out,
                  struct error *err)
{
    struct selection s = { .document = d, .planes = planes, .picture = document_is_picture(d) };
    if (!(name ? pick_named(&s, name, err) : pick_whole(&s, err)))
        return false;
    s.rows = d->entries[0].rows;
    s.cols = d->entries[0].cols;
    if (s.entries[0]) {
        s.rows = s.entries[0]->rows;
        s.cols = s.entries[0]->cols;
    }
    if (s.n == 1)
        s.planes = PLANES_RGB;
    document_ref(d);
    *out = s;
    return true;
}

/* Where FILE ends in FILE::NAME; NULL: all of it is FILE. A file may have "::" in its
 * name, so the first cut that leaves something that exists wins. */
static const char *cut(const char *file)
{
    const char *first = strstr(file, "::");
    if (!first || access(file, F_OK) == 0)
        return NULL;
    for (const char *at = first; at; at = strstr(at + 1, "::")) {
        char path[4096];
        size_t n = (size_t)(at - file);
        if (n >= sizeof(path))
            break;
        memcpy(path, file, n);
        path[n] = '\0';
        if (access(path, F_OK) == 0)
            return at;
    }
    return first;
}

bool selection_probe(const char *file, struct error *err)
{
    const char *at = cut(file);
    char *path = memory_text(file, at ? (size_t)(at - file) : strlen(file), err);
    bool ok = path && document_probe(path, err);
    memory_free(path);
    return ok;
}

bool selection_open_watched(const char *file, enum planes planes, const struct watch *w,
                            struct selection *out, struct error *err)
{
    const char *at = cut(file);
    char *path = memory_text(file, at ? (size_t)(at - file) : strlen(file), err);
    struct document *d = path ? document_open_watched(path, w, err) : NULL;
    bool ok = d && selection_of(d, at ? at + 2 : NULL, planes, out, err);
    document_unref(d);
    memory_free(path);
    return ok;
}

/* One of several, or the whole of what it is. */
static bool names_one(struct document *d, const char *name, char entry[NAME_TEXT],
                      struct error *err)
{
    struct selection s = { 0 };
    entry[0] = '\0';
    if (!name && d->n > 1 && !document_is_picture(d))
        return true;
    if (!selection_of(d, name, PLANES_RGB, &s, err))
        return false;
    if (s.n == 1 && d->n > 1)
        copy_name(entry, s.names[0]);
    selection_finish(&s);
    return true;
}

struct document *selection_document(const char *file, const struct watch *w, char entry[NAME_TEXT],
                                    struct error *err)
{
    const char *at = cut(file);
    char *path = memory_text(file, at ? (size_t)(at - file) : strlen(file), err);
    struct document *d = path ? document_open_watched(path, w, err) : NULL;
    memory_free(path);
    if (!d || names_one(d, at ? at + 2 : NULL, entry, err))
        return d;
    document_unref(d);
    return NULL;
}

bool selection_open(const char *file, enum planes planes, struct selection *out, struct error *err)
{
    return selection_open_watched(file, planes, NULL, out, err);
}

void selection_finish(struct selection *s)
{
    document_unref(s->document);
    for (size_t i = 0; i < SELECTION_MAX; i++)
        document_unref(s->documents[i]);
    *s = (struct selection){ 0 };
}

size_t selection_rows(const struct selection *s, size_t i)
{
    return s->stack ? s->pieces[i].rows : s->rows;
}

size_t selection_cols(const struct selection *s, size_t i)
{
    return s->stack ? s->pieces[i].cols : s->cols;
}

const struct document *selection_file(const struct selection *s, size_t i)
{
    return s->stack ? s->documents[i] : s->document;
}

/* The last name, with its number behind '#' where the same stands there before: the files that come
 * of it want distinct names. */
static void make_distinct(struct selection *s)
{
    char number[24], *own = s->names[s->n - 1];
    bool again = false;
    for (size_t i = 0; i + 1 < s->n; i++)
        again = again || !strcmp(s->names[i], own);
    if (!again)
        return;
    snprintf(number, sizeof(number), "#%zu", s->n - 1);
    size_t n = strlen(own), most = NAME_TEXT - 1 - strlen(number);
    for (n = n < most ? n : most; n && ((unsigned char)own[n] & 0xc0) == 0x80;)
        n--;
    memcpy(own + n, number, strlen(number) + 1);
}

/* One more matrix of a stack; takes a reference. */
static void stack_up(struct selection *s, struct document *d, const struct entry *e,
                     const char *name, struct piece piece)
{
    s->stack = true;
    s->documents[s->n] = document_ref(d);
    s->pieces[s->n] = piece;
    s->rows += piece.rows;
    s->cols = piece.cols > s->cols ? piece.cols : s->cols;
    add(s, name, e);
    make_distinct(s);
}

bool selection_group(struct document *d, const struct group *g, struct selection *out,
                     struct error *err)
{
    struct selection s = { .document = d };
    if (!group_check(d, g, err))
        return false;
    for (size_t i = 0; i < g->n; i++) {
        const struct member *m = &g->members[i];
        char name[NAME_TEXT];
        member_text(d, m, name, sizeof(name));
        stack_up(&s, d, &d->entries[m->entry], name,
                 (struct piece){ m->rows, g->cols, m->transposed, m->first });
    }
    document_ref(d);
    *out = s;
    return true;
}

/* A file that was named before is not opened again. */
static bool open_again(const struct selection *s, const char *file, enum planes planes,
                       struct selection *out, struct error *err)
{
    const char *at = cut(file);
    size_t n = at ? (size_t)(at - file) : strlen(file);
    for (size_t i = 0; i < s->n; i++)
        if (strlen(s->documents[i]->name) == n && !memcmp(s->documents[i]->name, file, n))
            return selection_of(s->documents[i], at ? at + 2 : NULL, planes, out, err);
    return selection_open(file, planes, out, err);
}

/* Whether they are the same bytes of the same file, however it is named and however often it was opened. */
static bool same_entry(const struct document *d, const struct entry *a,
                       const struct document *other, const struct entry *b)
{
    struct source_stamp one, two;
    const struct source *first = a ? document_part(d, a->part) : NULL,
                        *second = b ? document_part(other, b->part) : NULL;
    if (a == b || !first || !second)
        return a == b;
    return source_stamp(first, &one) && source_stamp(second, &two) && one.device == two.device &&
           one.inode == two.inode && a->offset == b->offset && a->size == b->size &&
           (a->size ||
            !strcmp(a->name, b->name)); /* planes and empty ones have no place of their own */
}

static bool stack_file(struct selection *s, const char *file, enum planes planes, struct error *err)
{
    struct selection one = { 0 };
    if (!open_again(s, file, planes, &one, err))
        return false;
    bool ok = one.n == 1;
    if (!ok)
        fail(err, ERROR_USAGE, "%s: a picture of %zu planes among several matrices; take FILE::%s",
             file, one.n, one.names[0]);
    for (size_t i = 0; ok && i < s->n; i++)
        if (same_entry(s->documents[i], s->entries[i], one.document, one.entries[0]))
            ok = fail(err, ERROR_USAGE, "%s: is named twice", file);
    if (ok)
        stack_up(s, one.document, one.entries[0], one.names[0],
                 (struct piece){ one.rows, one.cols, false, 0 });
    selection_finish(&one);
    return ok;
}

bool selection_open_all(const char *const *files, size_t n, enum planes planes,
                        struct selection *out, struct error *err)
{
    struct selection s = { 0 };
    if (n == 1)
        return selection_open(files[0], planes, out, err);
    if (n > SELECTION_MAX)
        return fail(err, ERROR_USAGE, "%zu matrices at once; at most %d", n, SELECTION_MAX);
    for (size_t i = 0; i < n; i++)
        if (!stack_file(&s, files[i], planes, err)) {
            selection_finish(&s);
            return false;
        }
    s.document = document_ref(s.documents[0]);
    *out = s;
    return true;
}

static bool refuse_nonfinite(const struct selection *s, size_t i, struct matrix_view a, size_t row,
                             size_t col, size_t count, struct error *err)
{
    double value = matrix_at(a, row, col);
    char block[80] = "";
    bool part = s->stack && (s->pieces[i].transposed || a.rows != s->entries[i]->rows);
    if (s->entries[i] && s->entries[i]->block && !part)
        snprintf(block, sizeof(block), ", in block %zu of the file's %zu",
                 (row * a.cols + col) / s->entries[i]->block,
                 a.rows * a.cols / s->entries[i]->block);
    return fail(err, ERROR_FORMAT,
                "%s: %s[%zu, %zu] is %s%s, counted from 0; %zu of %zu entries are not finite "
                "(--nonfinite zero or keep goes on%s)",
                selection_file(s, i)->name, s->names[i], row, col,
                isnan(value) ? "not a number"
                : value > 0  ? "+infinity"
                             : "-infinity",
                block, count, a.rows * a.cols,
                a.dtype == DTYPE_F32 && !isnan(value) && !*block
                    ? "; --precision f64 holds entries above 3.4e38"
                    : "");
}

static bool settle(const struct selection *s, size_t i, enum nonfinite nonfinite,
                   struct matrix_view a, struct error *err)
{
    size_t row = 0, col = 0, count = 0;
    if (nonfinite != NONFINITE_KEEP)
        count = matrix_nonfinite(a, &row, &col);
    if (!count)
        return true;
    if (nonfinite == NONFINITE_REFUSE)
        return refuse_nonfinite(s, i, a, row, col, count, err);
    for (row = 0; row < a.rows; row++)
        for (col = 0; col < a.cols; col++)
            if (!isfinite(matrix_at(a, row, col)))
                matrix_put(a, row, col, 0);
    return true;
}

static bool read_one(const struct selection *s, size_t i, struct matrix_view to, struct error *err)
{
    static const char plane[] = { 'r', 'g', 'b' };
    if (s->entries[i])
        return document_read(s->document, s->entries[i], to, err);
    assert(i < sizeof(plane)); /* y, cb and cr come from r, g and b */
    raster_plane(s->document->raster, plane[i], to);
    return true;
}

static bool read_piece(const struct selection *s, size_t i, enum dtype dtype, struct matrix *out,
                       struct error *err)
{
    const struct piece *p = &s->pieces[i];
    const struct document *d = s->documents[i];
    const struct member m = { .entry = (size_t)(s->entries[i] - d->entries),
                              .transposed = p->transposed,
                              .first = p->first,
                              .rows = p->rows };
    return member_read(d, &m, dtype, out, err);
}

bool selection_read(const struct selection *s, enum dtype dtype, enum nonfinite nonfinite,
                    struct matrix *out, struct error *err)
{
    struct matrix m[SELECTION_MAX] = { 0 };
    bool ok = true;
    for (size_t i = 0; ok && i < s->n; i++)
        ok = (s->stack ? read_piece(s, i, dtype, &m[i], err)
                       : matrix_init(&m[i], dtype, s->rows, s->cols, err) &&
                             read_one(s, i, m[i].view, err)) &&
             settle(s, i, nonfinite, m[i].view, err);
    if (ok && !s->stack)
        ok = document_unchanged(s->document, err);
    if (ok && s->n == 3 && !s->entries[0])
        raster_to_ycbcr((struct matrix_view[]){ m[0].view, m[1].view, m[2].view });
    for (size_t i = 0; i < s->n; i++)
        if (ok)
            out[i] = m[i];
        else
            matrix_finish(&m[i]);
    return ok;
}

bool selection_read_into(const struct selection *s, size_t i, struct matrix_view to,
                         struct error *err)
{
    return read_one(s, i, to, err) && document_unchanged(s->document, err);
}
