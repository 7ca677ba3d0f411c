/* A second model: which matrices changed, how much, and what their singular values say of it. */

#include "panes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot.h"

enum {
    WORD = 48,
    APART = 10,
    COSINE = 10,
    MOST = 10,
    BOTH = 15 /* rows from which the plot is there */
};
static const double DECADES = 6; /* Gram matrices know no more */

static void percent(double share, char out[WORD])
{
    double v = 100 * share;
    snprintf(out, WORD, isnan(v) ? "-" : v == 0 ? "same" : v >= 0.01 ? "%.2f %%" : "%.0e %%", v);
}

/* ---- spectra ---- */

static void plot_title(const struct model *m, char *out, size_t size)
{
    const struct entry *e = browse_entry(m);
    const struct beside_row *row = beside_here(m);
    const char *other = row && row->partner != UINT32_MAX
                            ? m->beside.document->entries[row->partner].name
                            : "none";
    if (e && row && strcmp(e->name, other) != 0)
        snprintf(out, size, "%s and %s", e->name, other);
    else
        snprintf(out, size, "%s, here and there", e ? e->name : "no matrix");
}

static const char *words_of(const struct model *m, const struct beside_row *row)
{
    static const char *const words[] = { [BESIDE_NEW] = "being compared",
                                         [BESIDE_NONE] = "the other model has none like it",
                                         [BESIDE_SHAPE] = "the other model's has another shape",
                                         [BESIDE_DONE] = "being compared" };
    if (!row)
        return "no matrix";
    return row->state == BESIDE_FAILED ? m->beside.why
           : m->beside.stopped         ? "stopped - C goes on"
                                       : words[row->state];
}

/* Far apart, and yet the same numbers: what a change of the order of rows leaves. */
static bool reordered(const struct beside_found *f)
{
    double most = 0;
    for (size_t i = 0; i < f->n; i++)
        most = fmax(most, fabs(f->sigma[i] - f->sigma[f->n + i]));
    return f->relative > 0.01 && most < 1e-5 * f->sigma[0];
}

static void draw_spectra(const struct model *m, struct canvas c)
{
    const struct beside_found *f = m->beside.kept;
    const struct beside_row *row = beside_here(m);
    const struct entry *e = browse_entry(m);
    char title[2 * NAME_TEXT], foot[128], apart[WORD];
    bool floor;
    plot_title(m, title, sizeof(title));
    struct canvas in = pane_browse_frame(m, c, BROWSE_PANES, title);
    if (!e || !f || f->n < 2 || m->document->entries + f->entry != e) {
        pane_paragraph(in, 1, 0, INK_DIM, words_of(m, row));
        return;
    }
    struct axis x = { .lo = 1, .hi = (double)f->n, .whole = true };
    struct axis y = plot_axis(f->sigma, 3 * f->n, true, DECADES, &floor);
    struct plot p = plot_begin(in, x, y, floor);
    plot_curve(&p, NULL, f->sigma + 2 * f->n, f->n, INK_WARNING);
    plot_dashed(&p, NULL, f->sigma + f->n, f->n, INK_BOUND);
    plot_curve(&p, NULL, f->sigma, f->n, INK_CURVE);
    if (f->most > 0)
        plot_point(&p, (double)f->n / 2, f->sigma[2 * f->n + f->n / 2], INK_WARNING, 'd');
    percent(f->relative, apart);
    snprintf(foot, sizeof(foot), " here, - - there, d difference: %s, cosine %.5f ", apart,
             f->cosine);
    if (reordered(f))
        snprintf(foot, sizeof(foot), " %s: rows in another order? ",
                 c.area.w < 60 ? "equal values" : "far apart, equal singular values");
    else if (canvas_text_width(foot) > c.area.w - 4)
        snprintf(foot, sizeof(foot), " - - there, d difference ");
    if (in.area.h < c.area.h && canvas_text_width(foot) <= c.area.w - 4)
        canvas_text(c, 2, c.area.h - 1, INK_DIM, 0, foot);
}

/* ---- the list ---- */

struct widths {
    int name, apart, cosine, most;
};

static struct widths widths_of(int room)
{
    struct widths w = { .name = room - APART - 2, .apart = APART };
    if (w.name > 24 + COSINE)
        w.name -= w.cosine = COSINE;
    if (w.name > 24 + MOST)
        w.name -= w.most = MOST;
    return w;
}

static void draw_cells(struct canvas c, const struct widths *w, enum ink ink, const char *name,
                       const char *apart, const char *cosine, const char *most)
{
    int over = canvas_text_width(name) - w->name, x = 2 + w->name;
    struct canvas cell = canvas_inside(c, (struct rect){ 2, 0, w->name, 1 });
    canvas_text(cell, over > 0 ? -over : 0, 0, ink, 0, name); /* its end says more */
    canvas_text(c, x + w->apart - canvas_text_width(apart), 0, ink, 0, apart);
    x += w->apart;
    if (w->cosine)
        canvas_text(c, x + w->cosine - canvas_text_width(cosine), 0, ink, 0, cosine);
    x += w->cosine;
    if (w->most)
        canvas_text(c, x + w->most - canvas_text_width(most), 0, ink, 0, most);
}

static void draw_row(const struct model *m, struct canvas c, const struct widths *w, size_t i)
{
    uint32_t entry = m->beside.order[i];
    const struct beside_row *row = &m->beside.rows[entry];
    bool here = browse_entry(m) == &m->document->entries[entry];
    char apart[WORD], cosine[WORD], most[WORD];
    enum ink ink = here ? INK_SELECTED : row->relative > 0 ? INK_TEXT : INK_DIM;
    for (int x = 0; here && x < c.area.w; x++)
        canvas_text(c, x, 0, ink, 0, " ");
    if (here)
        canvas_text(c, 0, 0, ink, ATTR_BOLD, ">");
    percent(row->relative, apart);
    snprintf(cosine, sizeof(cosine), "%.6f", row->cosine);
    snprintf(most, sizeof(most), "%.3g", row->most);
    draw_cells(c, w, ink, m->document->entries[entry].name, apart, cosine, most);
}

static void draw_list(const struct model *m, struct canvas c)
{
    const struct beside *b = &m->beside;
    const char *name = strrchr(b->document->name, '/');
    char title[NAME_TEXT];
    size_t at = 0;
    snprintf(title, sizeof(title), "with %.100s: %zu of %zu", name ? name + 1 : b->document->name,
             b->done, b->alike);
    struct canvas in = pane_browse_frame(m, c, BROWSE_FACTS, title);
    struct widths w = widths_of(in.area.w);
    if (in.area.h > 3) {
        draw_cells(in, &w, INK_DIM, "matrix", "apart", "cosine", "most");
        in = canvas_inside(in, (struct rect){ 0, 1, in.area.w, in.area.h - 1 });
    }
    while (at < b->done && &m->document->entries[b->order[at]] != browse_entry(m))
        at++;
    at = at < b->done ? at : 0;
    size_t shown = in.area.h > 0 ? (size_t)in.area.h : 0;
    size_t first = at > shown / 2 ? at - shown / 2 : 0;
    if (first + shown > b->done)
        first = b->done > shown ? b->done - shown : 0;
    for (size_t i = 0; i < shown && first + i < b->done; i++)
        draw_row(m, canvas_inside(in, (struct rect){ 0, (int)i, in.area.w, 1 }), &w, first + i);
}

void pane_beside(const struct model *m, struct canvas c)
{
    int above = c.area.h >= BOTH ? c.area.h * 55 / 100 : 0;
    if (!m->beside.document) {
        struct canvas in = pane_browse_frame(m, c, BROWSE_FACTS, "another model");
        pane_paragraph(
            in, 1, 0, INK_DIM,
            "`:with FILE` puts another model beside this one: a fine-tuned one, another "
            "quantization, another format. Matrices are paired by their names, or by what "
            "they are for.");
        return;
    }
    if (above)
        draw_spectra(m, canvas_inside(c, (struct rect){ 0, 0, c.area.w, above }));
    draw_list(m, canvas_inside(c, (struct rect){ 0, above, c.area.w, c.area.h - above }));
}
