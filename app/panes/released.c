/* What was released: its eigenvalues, their gaps, and what they say of the error. All of it is computed from
 * the release and from public numbers. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "memory.h"
#include "panes.h"
#include "perturbation.h"
#include "plot.h"

enum { LINE = 1200, LABEL = 11, NARROW = 30 };

/* The edge of the noise alone, 2 sqrt(v d). */
static double edge(const struct released *r, const struct released_view *v)
{
    return 2 * perturbation_outlier(worlds_noise(r), v->deviation, r->d);
}

static size_t above_edge(const struct released *r, const struct released_view *v)
{
    size_t n = 0;
    while (n < r->d && v->values[n] > edge(r, v))
        n++;
    return n;
}

static size_t rank_now(const struct model *m)
{
    size_t rank = (size_t)m->worlds.look.rank, d = m->worlds.released->d;
    return rank < d ? rank : d;
}

static void level(const struct plot *p, double y)
{
    const double xs[] = { p->x.lo, p->x.hi }, ys[] = { y, y };
    if (y >= p->y.lo && y <= p->y.hi)
        plot_dashed(p, xs, ys, 2, INK_BOUND);
}

/* Both linear, for noise has no sign; the axis has room for the noise's edge. */
static struct axis value_axis(const struct released *r, const struct released_view *v, double *room)
{
    bool floor;
    memcpy(room, v->values, r->d * sizeof(*room));
    room[r->d] = edge(r, v);
    room[r->d + 1] = -edge(r, v);
    return plot_axis(room, r->d + 2, false, 0, &floor);
}

/* All values, and those that are kept as they are kept; room: for d + 2 numbers. */
static void draw_spectrum(const struct model *m, struct canvas c, double *room)
{
    const struct released *r = m->worlds.released;
    const struct released_view *v = worlds_view(m);
    size_t k = rank_now(m);
    struct axis x = { .lo = 1, .hi = r->d > 1 ? (double)r->d : 2, .whole = true };
    struct plot p = plot_begin(c, x, value_axis(r, v, room), false);
    level(&p, edge(r, v));
    level(&p, -edge(r, v));
    plot_vertical(&p, (double)k, INK_MARK);
    plot_curve(&p, NULL, v->values, r->d, INK_CURVE);
    for (size_t i = 0; i < k; i++)
        room[i] = worlds_kept(m, i);
    if (m->worlds.look.shrink || m->worlds.look.clamp)
        plot_curve(&p, NULL, room, k, INK_GOOD);
}

void pane_released(const struct model *m, struct canvas c)
{
    const struct released *r = m->worlds.released;
    const struct released_view *v = worlds_view(m);
    char title[120];
    struct error unused;
    snprintf(title, sizeof(title), "released eigenvalues   view %d of %zu: epsilon %.3g",
             m->worlds.look.view, r->n_views, v->epsilon);
    if (r->n_views == 1 || canvas_text_width(title) > c.area.w - 6)
        snprintf(title, sizeof(title), "released eigenvalues");
    struct canvas in = pane_world_frame(c, title);
    double *room = memory_alloc((r->d + 2) * sizeof(double), &unused);
    if (room)
        draw_spectrum(m, in, room);
    memory_free(room);
}

/* The gaps about the rank, as bars of the largest of them. */
void pane_released_gaps(const struct model *m, struct canvas c)
{
    const struct released *r = m->worlds.released;
    const struct released_view *v = worlds_view(m);
    struct canvas in = pane_world_frame(c, "released gaps  l_i - l_i+1");
    size_t k = rank_now(m), room = in.area.h > 0 ? (size_t)in.area.h : 0, n = r->d - 1, first = 0;
    double most = 0;
    if (n > room && k > room / 2)
        first = k - room / 2 < n - room ? k - room / 2 : n - room;
    for (size_t i = first; i < n && i < first + room; i++)
        most = fmax(most, v->values[i] - v->values[i + 1]);
    for (size_t i = first; i < n && i < first + room; i++) {
        double gap = v->values[i] - v->values[i + 1];
        int y = (int)(i - first);
        int x = canvas_printf(in, 1, y, i + 1 == k ? INK_MARK : INK_TEXT, 0, "%3zu %9.4g ", i + 1,
                              gap);
        int bar = in.area.w - x - 7;
        if (bar > 2 && most > 0)
            form_bar(in, x + 1, y, bar, gap / most);
        if (i + 1 == k)
            canvas_text(in, in.area.w - 4, y, INK_MARK, ATTR_BOLD, "< k");
    }
}

static int fact(struct canvas c, int y, enum ink ink, const char *name, const char *text)
{
    if (c.area.w < NARROW)
        return pane_paragraph(c, 0, y, ink, text);
    canvas_text(c, 1, y, INK_TITLE, 0, name);
    return pane_paragraph(c, LABEL, y, ink, text);
}

/* First order, from what was released: the eigenvalues of M itself are not known here. */
static int draw_error(const struct released *r, const struct released_view *v, size_t k,
                      struct canvas c, int y)
{
    const struct perturbation p = { v->values, r->d, v->deviation };
    bool complex = worlds_noise(r) == FIELD_COMPLEX;
    double error = perturbation_error(&p, complex ? PERTURBED_Y : PERTURBED_REAL, k);
    double whole = perturbation_whole(worlds_noise(r), v->deviation, r->d);
    char line[LINE];
    if (isfinite(error))
        snprintf(line, sizeof(line), "about %.4g (first order, released values); uncut %.4g%s",
                 error, whole, error > whole ? " is less" : "");
    else
        snprintf(line, sizeof(line), "not known at a gap of 0; uncut %.4g", whole);
    return fact(c, y, error > whole ? INK_WARNING : INK_TEXT, "error", line);
}

static int draw_thresholds(const struct released *r, const struct released_view *v, size_t k,
                           struct canvas c, int y)
{
    size_t above = above_edge(r, v);
    char line[LINE];
    snprintf(line, sizeof(line), "%zu of %zu values above the noise's edge %.4g%s", above, r->d,
             edge(r, v), k > above ? ": others may be noise" : "");
    y = fact(c, y, k > above ? INK_WARNING : INK_TEXT, "edge", line);
    double gap = k < r->d ? v->values[k - 1] - v->values[k] : (double)NAN;
    double paper = perturbation_paper_gap(v->deviation, r->d);
    snprintf(line, sizeof(line), "%.4g; the paper's sufficient condition is %.4g%s", gap, paper,
             gap >= paper ? "" : ": not met");
    return isnan(gap) ? y : fact(c, y, INK_TEXT, "gap k", line);
}

/* The real part of k complex components is of twice the rank. */
static int draw_rank(const struct released *r, size_t k, struct canvas c, int y)
{
    char line[LINE];
    if (worlds_noise(r) == FIELD_REAL || r->form != MECHANISM_Y)
        return y;
    snprintf(line, sizeof(line), "the real part of the top %zu has rank up to %zu", k,
             2 * k < r->d ? 2 * k : r->d);
    return fact(c, y, INK_TEXT, "y", line);
}

static int draw_promise(const struct model *m, struct canvas c, int y)
{
    const struct released *r = m->worlds.released;
    const struct released_view *v = worlds_view(m);
    char line[LINE];
    snprintf(line, sizeof(line), "(%.4g, %.2g), mu %.4g, %s, %s, clip %.4g", r->epsilon, r->delta,
             r->mu, mechanism_name(r->mechanism), relation_names[r->relation], r->clip);
    y = fact(c, y, INK_TEXT, "paid", line);
    if (r->n_views > 1) {
        snprintf(line, sizeof(line), "view %d of %zu, worth epsilon %.3g, s %.4g; finest seen: %zu",
                 m->worlds.look.view, r->n_views, v->epsilon, v->deviation, m->worlds.seen);
        y = fact(c, y, INK_TEXT, "gradual", line);
    }
    if (r->n > 0 && r->delta * (double)r->n >= 1)
        y = pane_paragraph(c, 1, y, INK_WARNING, "delta is not below one over the number of rows");
    if (r->epsilon > 10)
        y = pane_paragraph(c, 1, y, INK_WARNING, "epsilon above 10 promises next to nothing");
    return y;
}

void pane_released_facts(const struct model *m, struct canvas c)
{
    enum { FACTS = 6 };
    const struct released *r = m->worlds.released;
    const struct released_view *v = worlds_view(m);
    struct canvas in = pane_world_frame(c, "look at it: free");
    size_t k = rank_now(m);
    int rows = in.area.h > FACTS ? in.area.h - FACTS : 1;
    int y = pane_world_rows(m, in, 0, rows);
    y = draw_promise(m, in, y);
    y = draw_rank(r, k, in, y);
    y = draw_error(r, v, k, in, y);
    y = draw_thresholds(r, v, k, in, y);
    bool written = r->file[0];
    fact(in, y, written ? INK_DIM : INK_ERROR, written ? "file" : "unwritten",
         written ? r->file : r->unwritten);
}
