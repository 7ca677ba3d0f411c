/* One group: written as text, checked, read. */
#include "family.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"

/* Of the output side and of the input side. */
static size_t member_height(const struct document *d, const struct member *m)
{
    const struct entry *e = &d->entries[m->entry];
    return m->transposed ? e->cols : e->rows;
}

static size_t member_width(const struct document *d, const struct member *m)
{
    const struct entry *e = &d->entries[m->entry];
    return m->transposed ? e->rows : e->cols;
}

size_t group_rows(const struct group *g)
{
    size_t rows = 0;
    for (size_t i = 0; i < g->n; i++)
        rows += g->members[i].rows;
    return rows;
}

void member_text(const struct document *d, const struct member *m, char *out, size_t size)
{
    const char *name = d->entries[m->entry].name;
    if (m->rows == member_height(d, m))
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, "%s[%zu:%zu]", name, m->first, m->first + m->rows);
}

static bool check_member(const struct document *d, const struct group *g, size_t i,
                         struct error *err)
{
    const struct member *m = &g->members[i];
    char text[NAME_TEXT], other[NAME_TEXT];
    size_t height = member_height(d, m);
    member_text(d, m, text, sizeof(text));
    if (m->first > height || m->rows > height - m->first || !m->rows)
        return fail(err, ERROR_USAGE, "%s: %s: no such rows; it has %zu", d->name, text, height);
    if (member_width(d, m) != g->cols)
        return fail(err, ERROR_USAGE,
                    "%s: %s is %zu wide, the others of its group are %zu: they do not share an "
                    "input",
                    d->name, text, member_width(d, m), g->cols);
    for (size_t k = 0; k < i; k++) {
        const struct member *o = &g->members[k];
        member_text(d, o, other, sizeof(other));
        if (o->entry == m->entry && m->first < o->first + o->rows && o->first < m->first + m->rows)
            return fail(err, ERROR_USAGE, "%s: %s is in the group already, as %s", d->name, text,
                        other);
    }
    return true;
}

bool group_check(const struct document *d, const struct group *g, struct error *err)
{
    if (!g->n)
        return fail(err, ERROR_USAGE, "%s: a group of no matrices", d->name);
    for (size_t i = 0; i < g->n; i++)
        if (!check_member(d, g, i, err))
            return false;
    return true;
}

/* Digits, if there are any; *out stays where there are none. false: too many of them. */
static bool read_count(const char **at, size_t *out)
{
    size_t value = 0, digits = 0;
    for (; **at >= '0' && **at <= '9' && digits < 12; (*at)++, digits++)
        value = 10 * value + (size_t)(**at - '0');
    if (digits)
        *out = value;
    return digits < 12;
}

/* "a:b]" of n rows, either of them left out; false: not of that form. Rows that are not there
 * are group_check's to refuse. */
static bool parse_rows(const char *text, size_t n, size_t *first, size_t *rows)
{
    size_t a = 0, b = n;
    if (!read_count(&text, &a) || *text++ != ':' || !read_count(&text, &b) ||
        strcmp(text, "]") != 0)
        return false;
    *first = a;
    *rows = b > a ? b - a : 0;
    return true;
}

static bool parse_member(const struct document *d, const char *text, struct member *out,
                         struct error *err)
{
    const struct entry *e = document_entry(d, text);
    char name[LIMIT_NAME + 1];
    const char *bracket = strrchr(text, '[');
    if (!e && bracket) {
        snprintf(name, sizeof(name), "%.*s", (int)(bracket - text), text);
        e = document_entry(d, name);
    } else {
        bracket = NULL;
    }
    if (!e)
        return fail(err, ERROR_USAGE, "%s: holds no matrix named %.120s", d->name, text);
    const struct role role = family_role(e->name);
    *out = (struct member){ (size_t)(e - d->entries), role.transposed, 0,
                            role.transposed ? e->cols : e->rows, role.module };
    if (bracket && !parse_rows(bracket + 1, out->rows, &out->first, &out->rows))
        return fail(err, ERROR_USAGE, "%s: %.120s: rows are written as [0:576]", d->name, text);
    return true;
}

bool group_parse(const struct document *d, const char *text, struct group *out, struct error *err)
{
    struct group g = { .kind = GROUP_HAND, .layer = LAYER_NONE, .expert = EXPERT_NONE };
    snprintf(g.name, sizeof(g.name), "%s", text);
    while (true) {
        size_t n = strcspn(text, ",");
        if (g.n == GROUP_MEMBERS)
            return fail(err, ERROR_USAGE, "%s: more than %d matrices in a group", d->name,
                        GROUP_MEMBERS);
        char *one = memory_text(text, n, err);
        bool ok = one && parse_member(d, one, &g.members[g.n], err);
        memory_free(one);
        if (!ok)
            return false;
        g.n++;
        if (!text[n])
            break;
        text += n + 1;
    }
    g.cols = member_width(d, &g.members[0]);
    if (!group_check(d, &g, err))
        return false;
    *out = g;
    return true;
}

static bool read_entry(const struct document *d, const struct member *m, enum dtype dtype,
                       struct matrix *out, struct error *err)
{
    struct matrix a = { 0 };
    if (!matrix_init(&a, dtype, member_height(d, m), member_width(d, m), err))
        return false;
    struct matrix_view to = m->transposed ? matrix_transposed(a.view) : a.view;
    if (!document_read(d, &d->entries[m->entry], to, err)) {
        matrix_finish(&a);
        return false;
    }
    *out = a;
    return true;
}

static bool take_rows(const struct member *m, struct matrix_view whole, struct matrix *out,
                      struct error *err)
{
    if (!matrix_init(out, whole.dtype, m->rows, whole.cols, err))
        return false;
    matrix_copy(matrix_block(whole, m->first, 0, m->rows, whole.cols), out->view);
    return true;
}

/* The entry of member i, and every part of it that the group wants. */
static bool read_shared(const struct document *d, const struct group *g, size_t i, enum dtype dtype,
                        struct matrix *out, struct error *err)
{
    const struct member *m = g->members;
    if (m[i].rows == member_height(d, &m[i]))
        return read_entry(d, &m[i], dtype, &out[i], err);
    struct matrix whole = { 0 };
    bool ok = read_entry(d, &m[i], dtype, &whole, err);
    for (size_t k = i; ok && k < g->n; k++)
        if (m[k].entry == m[i].entry && m[k].transposed == m[i].transposed)
            ok = take_rows(&m[k], whole.view, &out[k], err);
    matrix_finish(&whole);
    return ok;
}

bool group_read(const struct document *d, const struct group *g, enum dtype dtype,
                struct matrix *members, struct error *err)
{
    struct matrix out[GROUP_MEMBERS] = { 0 };
    bool ok = true;
    for (size_t i = 0; ok && i < g->n; i++)
        ok = out[i].view.data || read_shared(d, g, i, dtype, out, err);
    ok = ok && document_unchanged(d, err);
    for (size_t i = 0; i < g->n; i++)
        if (ok)
            members[i] = out[i];
        else
            matrix_finish(&out[i]);
    return ok;
}

bool member_read(const struct document *d, const struct member *m, enum dtype dtype,
                 struct matrix *out, struct error *err)
{
    const struct group one = { .cols = member_width(d, m), .members = { *m }, .n = 1 };
    return group_read(d, &one, dtype, out, err);
}
