/* Every gap over time, a row each: the darker, the wider; the bright spots are near misses. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

enum { SHADES = 5, LABEL = 4 };

static const uint32_t ascii[SHADES] = { ' ', '.', ':', '*', '#' };
static const uint32_t blocks[SHADES] = { ' ', 0x2591, 0x2592, 0x2593, 0x2588 };
static const double STEP = 0.5; /* of log10, below the gap's own median width */

/* The least of the gaps and frames that share a cell. */
static double least(const struct dyson_path *p, size_t gap, size_t gaps, size_t frame,
                    size_t frames)
{
    double out = (double)INFINITY;
    for (size_t f = frame; f < frame + frames && f <= p->frames; f++)
        for (size_t i = gap; i < gap + gaps && i + 1 < p->d; i++)
            out = fmin(out, dyson_path_at(p, f)[i] - dyson_path_at(p, f)[i + 1]);
    return out;
}

/* Against the mean gap of its frame, so that what grows with the noise does not hide it. */
static int shade(const struct dyson_path *p, double gap, size_t frame)
{
    const double *x = dyson_path_at(p, frame < p->frames ? frame : p->frames);
    double mean = (x[0] - x[p->d - 1]) / (double)(p->d > 1 ? p->d - 1 : 1);
    double depth = mean > 0 && gap > 0 ? -log10(gap / mean) / STEP : mean > 0 ? SHADES : 0;
    return depth <= 0 ? 0 : depth >= SHADES - 1 ? SHADES - 1 : (int)ceil(depth);
}

static void draw_strip(const struct model *m, struct canvas c, int field)
{
    const struct theatre_paths *paths = m->theatre.paths;
    const struct dyson_path *p = &paths->of[field];
    size_t gaps = p->d - 1, wide = c.area.w > LABEL ? (size_t)(c.area.w - LABEL) : 0;
    size_t high = c.area.h > 0 ? (size_t)c.area.h : 0, at = theatre_at(m);
    if (!gaps || !wide || !high)
        return;
    size_t each = (gaps + high - 1) / high;
    for (size_t row = 0; row * each < gaps; row++) {
        size_t gap = row * each;
        canvas_printf(c, 0, (int)row, gap < theatre_rank(m) ? INK_TEXT : INK_DIM, 0, "%3zu",
                      gap + 1);
        for (size_t col = 0; col < wide; col++) {
            size_t from = col * (paths->steps + 1) / wide,
                   to = (col + 1) * (paths->steps + 1) / wide;
            if (from > p->frames)
                break;
            int s = shade(p, least(p, gap, each, from, to > from ? to - from : 1), from);
            bool here = at >= from && (at < to || col + 1 == wide);
            uint32_t rune = here && !s ? '|' : c.unicode ? blocks[s] : ascii[s];
            canvas_rune(c, LABEL + (int)col, (int)row,
                        here        ? INK_MARK
                        : from > at ? INK_DIM
                                    : INK_CURVE,
                        rune);
        }
    }
}

void pane_gap_strip(const struct model *m, struct canvas c)
{
    struct canvas inside = pane_theatre_frame(m, c, THEATRE_FOCUS_PAGE,
                                              "gaps over t, bright: narrow");
    int h = inside.area.h, w = inside.area.w;
    if (!m->theatre.paths)
        return;
    if (m->theatre.fields != THEATRE_BOTH || h < 8) {
        draw_strip(m, inside, m->theatre.fields == THEATRE_COMPLEX);
        return;
    }
    canvas_text(inside, LABEL, 0, INK_TITLE, 0, "real");
    draw_strip(m, canvas_inside(inside, (struct rect){ 0, 1, w, h / 2 - 1 }), 0);
    canvas_text(inside, LABEL, h / 2, INK_TITLE, 0, "complex");
    draw_strip(m, canvas_inside(inside, (struct rect){ 0, h / 2 + 1, w, h - h / 2 - 1 }), 1);
}
