/* What is known of a tensor, of a folder, of the file, without computing anything. */

#include "panes.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
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

/* ---- a matrix ---- */

struct value {
    const char *label;
    char text[48];
};
enum { VALUES = 32, VALUE_WIDTH = 30 };

PRINTF_LIKE(4, 5)
static void put(struct value values[VALUES], size_t *n, const char *label, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    values[*n].label = label;
    vsnprintf(values[*n].text, sizeof(values[*n].text), format, arguments);
    va_end(arguments);
    (*n)++;
}

static void put_entry(const struct entry *e, struct value v[VALUES], size_t *n)
{
    char size[32];
    put(v, n, "shape", "%zu x %zu", e->rows, e->cols);
    pane_bytes(e->size, size, sizeof(size));
    if (e->size)
        put(v, n, "type", "%s, %s", e->dtype, size);
    else
        put(v, n, "type", "%s", e->dtype);
    put(v, n, "entries", "%zu", e->rows * e->cols);
    if (e->size)
        put(v, n, "bits each", "%.4g", 8 * (double)e->size / entries_of(e));
}

static void put_spectrum(const struct anatomy *a, struct value v[VALUES], size_t *n)
{
    put(v, n, "stable rank", "%.1f", a->stable_rank);
    put(v, n, "effective", "%.1f", a->effective_rank);
    put(v, n, "90 % rank", "%zu", a->rank90);
    put(v, n, "99, 99.9 %", "%zu, %zu", a->rank99, a->rank999);
    put(v, n, "norm", "%.5g", a->spectrum.norm);
    put(v, n, "sigma_1", "%.5g", a->spectrum.sigma[0]);
    put(v, n, "MP noise", "%.3g an entry", a->noise.sigma);
    put(v, n, "  edge", "%.4g, %zu above", a->noise.edge, a->noise.above);
    if (isfinite(a->rounding)) {
        put(v, n, "rounding", "%.3g an entry", a->rounding);
        put(v, n, "  edge", "%.4g, %zu under", a->rounding_edge, a->below_rounding);
    }
    if (isfinite(a->law.alpha)) {
        put(v, n, "power law", "alpha %.2f", a->law.alpha);
        put(v, n, "  KS, xmin", "%.3f, %.3g", a->law.ks, a->law.xmin);
    }
}

/* Of a matrix that was scanned, but is not looked at now. */
static void put_row(const struct scan_row *row, struct value v[VALUES], size_t *n)
{
    static const enum scan_column shown[] = { SCAN_STABLE_RANK, SCAN_EFFECTIVE_RANK, SCAN_RANK_90,
                                              SCAN_RANK_99,     SCAN_NORM,           SCAN_SIGMA,
                                              SCAN_NOISE_EDGE,  SCAN_ALPHA,          SCAN_GAIN };
    if (row->why[0])
        put(v, n, "failed", "%s", row->why);
    for (const struct scan_key *k = scan_keys; k->key; k++)
        for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
            if (k->column == shown[i] && isfinite(row->values[k->column]))
                put(v, n, k->title, k->count ? "%.0f" : "%.4g", row->values[k->column]);
}

static void put_entries(const struct anatomy *a, struct value v[VALUES], size_t *n)
{
    const struct anatomy_statistics *s = &a->statistics;
    put(v, n, "least", "%.4g", s->min);
    put(v, n, "greatest", "%.4g", s->max);
    put(v, n, "mean", "%.3g", s->mean);
    put(v, n, "sd", "%.4g", s->deviation);
    put(v, n, "kurtosis", "%.3g", s->kurtosis);
    put(v, n, "beyond 6 sd", "%" PRIu64, s->outliers);
    put(v, n, "zeros", "%" PRIu64, s->zeros);
    if (s->nonfinite)
        put(v, n, "not finite", "%" PRIu64, s->nonfinite);
}

/* Down, then in the next column where the pane is broad enough. */
static void draw_values(const struct value *v, size_t n, struct canvas c)
{
    int columns = c.area.w / VALUE_WIDTH, rows = c.area.h > 0 ? c.area.h : 1;
    columns = columns > 1 ? columns : 1;
    for (size_t i = 0; i < n && (int)i < rows * columns; i++) {
        int x = (int)i / rows * VALUE_WIDTH, y = (int)i % rows;
        struct canvas cell = canvas_inside(c, (struct rect){ x, y, VALUE_WIDTH, 1 });
        canvas_text(cell, 1, 0, INK_DIM, 0, v[i].label);
        canvas_text(cell, 2 + LABEL, 0, INK_TEXT, 0, v[i].text);
    }
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
    snprintf(line, sizeof(line), "%" PRIu32 " tensors, %zu matrices", f->n, matrices);
    fact(c, &y, "holds", line);
    pane_bytes(bytes, size, sizeof(size));
    snprintf(line, sizeof(line), "%s, %.4g entries", size, entries);
    fact(c, &y, "size", line);
}

static void draw_matrix(const struct model *m, const struct entry *e, struct canvas c)
{
    const struct anatomy *a = inspect_now(m);
    struct value values[VALUES];
    size_t n = 0;
    put_entry(e, values, &n);
    if (a && a->spectrum.n)
        put_spectrum(a, values, &n);
    if (a)
        put_entries(a, values, &n);
    if (a && m->frame_ms >= 0)
        put(values, &n, "looked at", "in %.2f s", a->seconds);
    const struct scan_row *row = a ? NULL : scanning_row(m, (size_t)(e - m->document->entries));
    if (row)
        put_row(row, values, &n);
    draw_values(values, n, c);
    if (!a)
        pane_paragraph(c, 1, (int)n, INK_DIM, inspect_words(m));
}

void pane_tensor_facts(const struct model *m, struct canvas c)
{
    const struct browse_leaf *leaf = browse_leaf(m);
    const struct browse_folder *f = browse_folder(m);
    struct canvas in = pane_browse_frame(m, c, BROWSE_FACTS, "facts");
    if (leaf && leaf->other)
        draw_other(m, leaf, in);
    else if (leaf)
        draw_matrix(m, browse_entry(m), in);
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
        snprintf(out, size, "%zu matrices, other: %zu", d->n, d->n_others);
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

static int key_width(const struct document *d, int most)
{
    int widest = LABEL;
    for (size_t i = 0; i < d->n_facts; i++) {
        int n = canvas_text_width(d->facts[i].key);
        widest = n > widest ? n : widest;
    }
    return widest < most ? widest : most;
}

void pane_about(const struct model *m, struct canvas c)
{
    const struct document *d = m->document;
    char label[LABEL + 1] = "", line[LINE], heading[64];
    size_t own = own_lines(m, 0, label, line, sizeof(line)), all = own + d->n_facts;
    snprintf(heading, sizeof(heading), "about the file, %zu facts", d->n_facts);
    struct canvas in = pane_browse_frame(m, c, BROWSE_FACTS, heading);
    int left = key_width(d, in.area.w * 3 / 5);
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
