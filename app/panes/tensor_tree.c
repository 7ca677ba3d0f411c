/* The tensors of a file, folded by what their names begin with. */

#include "panes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MARGIN = 2,
    VALUE = 7,
    BYTES = 8,
    RANK = 6,
    INDENT = 2,
    NAME_LEAST = 12,
    NAME_TEXT_MOST = 300,
    CLOSED = 0x25B8,
    OPEN = 0x25BE
};

struct canvas pane_browse_frame(const struct model *m, struct canvas c, enum browse_pane pane,
                                const char *title)
{
    struct rect in = pane_inside(c.area.w, c.area.h);
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, c.area.h }, ZONE_BROWSE, (size_t)pane);
    if (in.h < c.area.h)
        canvas_frame(c, title, m->browse.focus == pane);
    return canvas_inside(c, in);
}

/* Columns from the right; w 0: no room. */
struct columns {
    int name, shape, dtype, value;
};

/* What a name has to leave room for first: the number that the list is sorted by, or the rank that is
 * usually asked for. */
static struct columns columns_of(const struct model *m, int width)
{
    const struct browse *b = &m->browse;
    struct columns w = { 0 };
    int room = width - MARGIN - NAME_LEAST;
    int value = !b->key ? RANK : b->key->column == SCAN_BYTES ? BYTES : VALUE;
    if ((b->key || m->scanning.done) && room >= value)
        w.value = value;
    if (room - w.value >= b->shape_width + 1)
        w.shape = b->shape_width + 1;
    if (room - w.value - w.shape >= b->dtype_width + 1)
        w.dtype = b->dtype_width + 1;
    w.name = width - MARGIN - w.shape - w.dtype - w.value;
    return w;
}

/* "r68": nine tenths of the energy; or what the list is sorted by. */
static void put_value(const struct model *m, const struct browse_leaf *leaf, char *out, size_t size)
{
    const struct scan_key *key = m->browse.key;
    const struct scan_row *row = leaf->other ? NULL : scanning_row(m, leaf->at);
    double v = browse_value(m, leaf, key ? key->column : SCAN_RANK_90);
    if (isnan(v))
        snprintf(out, size, "%s", row ? "-" : "");
    else if (key && key->column == SCAN_BYTES)
        pane_bytes((uint64_t)v, out, size);
    else if (key)
        snprintf(out, size, key->count ? "%.0f" : "%.3g", v);
    else
        snprintf(out, size, "r%.0f", v);
}

/* Without what its folder says already, and without the ".weight" that nearly all end with. */
static void short_name(const struct model *m, const struct browse_row *row, char *out, size_t size)
{
    static const char usual[] = ".weight";
    const struct browse *b = &m->browse;
    const char *name = browse_name(m, &b->leaves[row->index]);
    size_t n = strlen(name), end = sizeof(usual) - 1, skip = 0;
    for (size_t i = 0; row->inside && i < b->n_folders; i++)
        if (row->index >= b->folders[i].first && row->index < b->folders[i].first + b->folders[i].n)
            skip = b->folders[i].length + 1;
    if (n > end && !strcmp(name + n - end, usual))
        n -= end;
    snprintf(out, size, "%.*s", (int)(n > skip ? n - skip : 0), name + skip);
}

/* The end of a name tells more than its beginning. */
static void put_name(struct canvas c, int x, int room, enum ink ink, int attributes,
                     const char *name)
{
    int width = canvas_text_width(name), skip = width - room + 2;
    struct canvas cell = canvas_inside(c, (struct rect){ x, 0, room > 0 ? room : 0, 1 });
    if (width <= room) {
        canvas_text(cell, 0, 0, ink, attributes, name);
        return;
    }
    while (*name && skip > 0) {
        name++;
        skip -= ((unsigned char)*name & 0xC0) != 0x80;
    }
    canvas_printf(cell, 0, 0, ink, attributes, "..%s", name);
}

static void put_right(struct canvas c, int end, enum ink ink, const char *text)
{
    canvas_text(c, end - canvas_text_width(text), 0, ink, 0, text);
}

static void draw_folder(const struct model *m, struct canvas c, const struct browse_row *row,
                        enum ink ink)
{
    const struct browse_folder *f = &m->browse.folders[row->index];
    bool open = f->open || m->browse.filter[0];
    char name[NAME_TEXT_MOST], count[48];
    if (m->browse.filter[0])
        snprintf(count, sizeof(count), "%" PRIu32 " of %" PRIu32, f->shown, f->n);
    else
        snprintf(count, sizeof(count), "%" PRIu32 " tensor%s", f->n, f->n == 1 ? "" : "s");
    snprintf(name, sizeof(name), "%.*s", (int)f->length,
             browse_name(m, &m->browse.leaves[f->first]));
    int room = c.area.w - MARGIN - 2 - canvas_text_width(count) - 1;
    canvas_rune(c, MARGIN, 0, ink, c.unicode ? (open ? OPEN : CLOSED) : (open ? '-' : '+'));
    put_name(c, MARGIN + 2, room, ink, ATTR_BOLD, name);
    if (room >= 4)
        put_right(c, c.area.w, ink == INK_SELECTED ? ink : INK_DIM, count);
}

static void draw_leaf(const struct model *m, struct canvas c, const struct columns *w,
                      const struct browse_row *row, enum ink ink)
{
    const struct browse_leaf *leaf = &m->browse.leaves[row->index];
    char name[NAME_TEXT_MOST], shape[96];
    int x = MARGIN + (row->inside ? INDENT : 0);
    enum ink other = ink == INK_SELECTED ? ink : leaf->other ? INK_DIM : ink;
    if (leaf->marked)
        canvas_text(c, 1, 0, ink == INK_SELECTED ? ink : INK_MARK, ATTR_BOLD, "*");
    short_name(m, row, name, sizeof(name));
    put_name(c, x, MARGIN + w->name - x, other, 0, name);
    browse_shape(m, leaf, shape, sizeof(shape));
    if (w->shape)
        put_right(c, MARGIN + w->name + w->shape, other, shape);
    if (w->dtype)
        canvas_text(c, MARGIN + w->name + w->shape + 1, 0, ink == INK_SELECTED ? ink : INK_DIM, 0,
                    browse_dtype(m, leaf));
    put_value(m, leaf, name, sizeof(name));
    if (w->value)
        put_right(c, c.area.w, ink == INK_SELECTED ? ink : INK_GOOD, name);
}

static void draw_row(const struct model *m, struct canvas c, const struct columns *w, size_t i)
{
    const struct browse_row *row = &m->browse.rows[i];
    bool here = i == m->browse.at;
    enum ink ink = here ? INK_SELECTED : INK_TEXT;
    for (int x = 0; here && x < c.area.w; x++)
        canvas_text(c, x, 0, ink, 0, " ");
    if (here)
        canvas_text(c, 0, 0, ink, ATTR_BOLD, ">");
    if (row->folder)
        draw_folder(m, c, row, ink);
    else
        draw_leaf(m, c, w, row, ink);
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, 1 }, ZONE_TENSOR, i & 0xffff);
}

static void title(const struct model *m, char *out, size_t size)
{
    const struct browse *b = &m->browse;
    const char *sorted = b->key ? b->key->title : "";
    size_t n = 0;
    n = (size_t)snprintf(out, size, "tensors%s%s", b->key ? " by " : "", sorted);
    if (m->overlay == OVERLAY_FILTER)
        snprintf(out + n, size - n, " /%s_ %zu of %zu", m->line, b->shown, b->n);
    else if (b->filter[0])
        snprintf(out + n, size - n, " /%s %zu of %zu", b->filter, b->shown, b->n);
    else if (b->marked)
        snprintf(out + n, size - n, " %zu, %zu marked", b->n, b->marked);
    else
        snprintf(out + n, size - n, " %zu", b->n);
}

/* In the frame's foot: how far the scan is, and what one can do about it. */
static void draw_scan(const struct model *m, struct canvas c)
{
    const struct scanning *s = &m->scanning;
    size_t done, all;
    if (!s->wanted)
        return;
    scanning_count(m, &done, &all);
    canvas_printf(c, 2, c.area.h - 1, INK_WARNING, 0, " scan %zu/%zu%s ", done, all,
                  s->stopped ? " stopped, s goes on" : ", C-c stops");
}

void pane_tensor_tree(const struct model *m, struct canvas c)
{
    const struct browse *b = &m->browse;
    char line[160];
    title(m, line, sizeof(line));
    struct canvas in = pane_browse_frame(m, c, BROWSE_TREE, line);
    if (in.area.h < c.area.h)
        draw_scan(m, c);
    struct columns w = columns_of(m, in.area.w);
    size_t shown = in.area.h > 0 ? (size_t)in.area.h : 0;
    size_t first = b->at > shown / 2 ? b->at - shown / 2 : 0;
    if (first + shown > b->n_rows)
        first = b->n_rows > shown ? b->n_rows - shown : 0;
    if (!b->n_rows)
        pane_paragraph(in, 1, 0, INK_DIM,
                       b->n ? "nothing is called so - Esc in / shows all" : "no tensors");
    for (size_t i = 0; i < shown && first + i < b->n_rows; i++)
        draw_row(m, canvas_inside(in, (struct rect){ 0, (int)i, in.area.w, 1 }), &w, first + i);
}
