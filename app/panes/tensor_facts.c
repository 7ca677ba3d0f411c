/* What is known of a tensor, of a folder, of the file, without computing anything. */

#include "panes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL = 11, LINE = 512 };

static void fact(struct canvas c, int *y, const char *label, const char *text)
{
    canvas_text(c, 1, *y, INK_DIM, 0, label);
    canvas_text(c, 1 + LABEL, (*y)++, INK_TEXT, 0, text);
}

static double entries_of(const struct entry *e)
{
    return (double)e->rows * (double)e->cols;
}

/* "64 x 64, 4096 entries". */
static void put_shape(const struct entry *e, char *out, size_t size)
{
    snprintf(out, size, "%zu rows x %zu, %zu entries", e->rows, e->cols, e->rows * e->cols);
}

static void put_size(const char *dtype, uint64_t bytes, double entries, char *out, size_t size)
{
    char text[32];
    pane_bytes(bytes, text, sizeof(text));
    snprintf(out, size, "%s, %s, %.4g bits an entry", dtype, text, 8 * (double)bytes / entries);
}

static int draw_entry(const struct entry *e, struct canvas c)
{
    char line[LINE];
    int y = 0;
    fact(c, &y, "name", e->name);
    put_shape(e, line, sizeof(line));
    fact(c, &y, "shape", line);
    if (e->size) {
        put_size(e->dtype, e->size, entries_of(e), line, sizeof(line));
        fact(c, &y, "type", line);
    } else {
        fact(c, &y, "type", e->dtype);
    }
    return y;
}

static void draw_other(const struct model *m, const struct browse_leaf *leaf, struct canvas c)
{
    char line[LINE];
    int y = 0;
    fact(c, &y, "name", browse_name(m, leaf));
    browse_shape(m, leaf, line, sizeof(line));
    fact(c, &y, "shape", line);
    fact(c, &y, "type", browse_dtype(m, leaf));
    pane_bytes(browse_bytes(m, leaf), line, sizeof(line));
    fact(c, &y, "size", line);
    pane_paragraph(c, 1, y + 1, INK_DIM,
                   "Listed, not looked at: not a matrix, or of a type that is not decoded.");
}

static void draw_folder(const struct model *m, const struct browse_folder *f, struct canvas c)
{
    const struct document *d = m->document;
    char line[LINE], size[32];
    double entries = 0;
    uint64_t bytes = 0;
    size_t matrices = 0;
    int y = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct browse_leaf *leaf = &m->browse.leaves[f->first + i];
        bytes += browse_bytes(m, leaf);
        matrices += !leaf->other;
        entries += leaf->other ? 0 : entries_of(&d->entries[leaf->at]);
    }
    snprintf(line, sizeof(line), "%.*s", (int)f->length,
             browse_name(m, &m->browse.leaves[f->first]));
    fact(c, &y, "name", line);
    snprintf(line, sizeof(line), "%" PRIu32 " tensors, %zu of them matrices", f->n, matrices);
    fact(c, &y, "holds", line);
    pane_bytes(bytes, size, sizeof(size));
    snprintf(line, sizeof(line), "%s, %.4g entries in matrices", size, entries);
    fact(c, &y, "size", line);
}

void pane_tensor_facts(const struct model *m, struct canvas c)
{
    const struct browse_leaf *leaf = browse_leaf(m);
    const struct browse_folder *f = browse_folder(m);
    struct canvas in = pane_browse_frame(m, c, BROWSE_FACTS, "facts");
    if (leaf && leaf->other)
        draw_other(m, leaf, in);
    else if (leaf)
        draw_entry(browse_entry(m), in);
    else if (f)
        draw_folder(m, f, in);
}

/* ---- the file ---- */

/* Lines before what the file says of itself. */
static size_t own_lines(const struct model *m, size_t i, char *label, char *out, size_t size)
{
    const struct document *d = m->document;
    static const char *const labels[] = { "file", "format", "tensors", "notice" };
    char text[32];
    enum { LINES = sizeof(labels) / sizeof(labels[0]) };
    if (i < LINES)
        snprintf(label, LABEL + 1, "%s", labels[i]);
    pane_bytes(document_size(d), text, sizeof(text));
    if (i == 0)
        snprintf(out, size, "%s", d->name);
    else if (i == 1)
        snprintf(out, size, "%s, %s", d->format ? d->format->title : "built in", text);
    else if (i == 2)
        snprintf(out, size, "%zu matrices, %zu others", d->n, d->n_others);
    else if (i == 3)
        snprintf(out, size, "%s", d->notice[0] ? d->notice : "-");
    return LINES;
}

/* Name and value, each on its place; keys as wide as a third of the pane. */
static void draw_pair(struct canvas c, int y, int left, const char *key, const char *value)
{
    struct canvas first = canvas_inside(c, (struct rect){ 1, y, left, 1 });
    struct canvas second = canvas_inside(c, (struct rect){ left + 2, y, c.area.w - left - 3, 1 });
    canvas_text(first, 0, 0, INK_DIM, 0, key);
    canvas_text(second, 0, 0, INK_TEXT, 0, value);
}

void pane_about(const struct model *m, struct canvas c)
{
    const struct document *d = m->document;
    char label[LABEL + 1] = "", line[LINE], heading[64];
    size_t own = own_lines(m, 0, label, line, sizeof(line)), all = own + d->n_facts;
    snprintf(heading, sizeof(heading), "about the file, %zu facts", d->n_facts);
    struct canvas in = pane_browse_frame(m, c, BROWSE_FACTS, heading);
    int left = in.area.w * 2 / 5;
    left = left > 44 ? 44 : left;
    for (int y = 0; y < in.area.h; y++) {
        size_t i = m->browse.about + (size_t)y;
        if (i < own) {
            own_lines(m, i, label, line, sizeof(line));
            draw_pair(in, y, left, label, line);
        } else if (i < all) {
            draw_pair(in, y, left, d->facts[i - own].key, d->facts[i - own].value);
        }
    }
}
