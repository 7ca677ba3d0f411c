/* What is coded, among the levels it is rounded to: a histogram for each part, logarithmic, and the
 * levels as ticks below it. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

static const char tick = '^';

/* The parts of the plane that is looked at. */
static const struct level_plane *plane_of(const struct model *m)
{
    const struct level_map *l = m->levels.map;
    size_t at = l && l->planes >= 3 && m->channel > 0 ? (size_t)m->channel - 1 : 0;
    return l ? &l->of[at] : NULL;
}

/* Entries in a column of cells, of so many. */
static uint64_t column(const struct histogram *h, int x, int width)
{
    int from = x * HISTOGRAM_BINS / width, to = (x + 1) * HISTOGRAM_BINS / width;
    uint64_t n = 0;
    for (int i = from; i < (to > from ? to : from + 1); i++)
        n += h->count[i];
    return n;
}

static void draw_bars(const struct histogram *h, struct canvas c)
{
    int steps = c.unicode ? 8 : 2;
    double most = 1;
    for (int x = 0; x < c.area.w; x++)
        most = fmax(most, (double)column(h, x, c.area.w));
    for (int x = 0; x < c.area.w; x++) {
        uint64_t n = column(h, x, c.area.w);
        int filled = (int)ceil(log1p((double)n) / log1p(most) * c.area.h * steps - 1e-9);
        for (int y = c.area.h - 1; y >= 0 && filled > 0; y--, filled -= steps) {
            uint32_t part = c.unicode     ? 0x2580 + (uint32_t)(filled < 8 ? filled : 8)
                            : filled >= 2 ? ':'
                                          : '.';
            canvas_rune(c, x, y, INK_BAR, part);
        }
    }
}

static void draw_levels(const struct histogram *h, struct canvas c)
{
    for (int x = 0; x < c.area.w; x++)
        canvas_rune(c, x, 0, INK_FRAME, c.unicode ? 0x2500 : '-');
    for (size_t i = 0; i < h->levels; i++) {
        int x = (int)((h->at[i] + 1) / 2 * c.area.w);
        canvas_rune(c, x < c.area.w ? x : c.area.w - 1, 0, INK_KEY, (uint32_t)tick);
    }
}

/* "left  5 bits, 32 levels, 12 outside": as much of it as there is room for. */
static void words(const struct histogram *h, int width, char *out, size_t size)
{
    char levels[48], outside[48] = "";
    if (h->lattice)
        snprintf(levels, sizeof(levels), "lattice, no levels");
    else
        snprintf(levels, sizeof(levels), "%u levels", 1u << h->bits);
    if (h->outside)
        snprintf(outside, sizeof(outside), ", %.2g%% outside",
                 100 * (double)h->outside / (double)h->total);
    snprintf(out, size, "%s  %d bits, %s%s", h->name, h->bits, levels, outside);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "%s %s", h->name, levels);
}

static void draw_part(const struct histogram *h, struct canvas c)
{
    char line[128];
    words(h, c.area.w, line, sizeof(line));
    canvas_text(c, 0, 0, INK_TEXT, 0, line);
    if (c.area.h < 3 || c.area.w < 8)
        return;
    draw_bars(h, canvas_inside(c, (struct rect){ 0, 1, c.area.w, c.area.h - 2 }));
    draw_levels(h, canvas_inside(c, (struct rect){ 0, c.area.h - 1, c.area.w, 1 }));
}

/* How many of the parts there is room for. */
static int parts_shown(const struct level_plane *p, int height)
{
    enum { LEAST = 3 };
    int room = height < LEAST ? 1 : height / LEAST, n = p ? (int)p->n : 0;
    return n < room ? n : room;
}

/* Why there is none. */
static const char *nothing(const struct model *m)
{
    const struct level_map *l = m->levels.map;
    const struct param *rotated = l ? param_find(&l->method->params, "hadamard") : NULL;
    if (rotated && param_get(rotated, l->params.bytes) != 0)
        return "coded after a rotation: no histogram";
    return l ? "nothing here is coded as it stands" : "not known yet";
}

void pane_levels(const struct model *m, struct canvas c)
{
    const struct level_plane *p = plane_of(m);
    int n = parts_shown(p, pane_inside(c.area.w, c.area.h).h);
    char title[96], some[48] = "";
    if (p && (size_t)n < p->n)
        snprintf(some, sizeof(some), " %d of %zu", n, p->n);
    snprintf(title, sizeof(title), "before rounding, -1 to 1 (log)%s%s", some,
             levels_exact(m) ? "" : " ~");
    struct canvas in = pane_frame(m, c, PANE_ERROR, title);
    if (!p || p->n == 0)
        canvas_sentence(in, 1, in.area.h / 2, INK_DIM, 0, nothing(m));
    for (int i = 0; p && i < n && (size_t)i < p->n; i++) {
        int top = i * in.area.h / n, end = (i + 1) * in.area.h / n;
        draw_part(&p->of[i], canvas_inside(in, (struct rect){ 1, top, in.area.w - 2, end - top }));
    }
}
