/* The line that says what lies under the crosshair, or which part of the picture is shown. */

#include <math.h>
#include <stdio.h>

#include "canvas.h"
#include "panes.h"
#include "sides.h"

enum { TEXT = 320 };

static void rank_readout(const struct model *m, int width, char *out, size_t size)
{
    const struct subject *s = m->subject;
    size_t i = m->cross_rank;
    double sigma = subject_sigma(s, i - 1), first = subject_sigma(s, 0);
    if (i > s->n) {
        snprintf(out, size, "i=%zu: not known yet", i);
        return;
    }
    double tail = 100 * subject_tail(s, i);
    double ratio = first > 0 ? sigma / first : 0;
    snprintf(out, size, "i=%zu sigma=%.4g sigma/sigma_1=%.3g tail %.3g %%", i, sigma, ratio, tail);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "i=%zu s=%.3g tail %.3g%%", i, sigma, tail);
}

/* "12" or "12-15": the entries that a stretch touches, counted from 0. */
static void entries(double from, double length, char *out, size_t size)
{
    double first = floor(from + 1e-9), last = ceil(from + length - 1e-9) - 1;
    if (last > first)
        snprintf(out, size, "%.0f-%.0f", first, last);
    else
        snprintf(out, size, "%.0f", first);
}

static int join(char *out, size_t size, int n, const char *between, const char *text)
{
    return n < (int)size ? n + snprintf(out + n, size - (size_t)n, "%s%s", n ? between : "", text)
                         : n;
}

/* The pixel's entries, then the original's values and those of what is looked at. */
static void place_readout(const struct model *m, struct region r, int wide, int high, char *out,
                          size_t size)
{
    double down = r.rows / high, right = r.cols / wide;
    double row = r.row + floor((m->cross_row - r.row) / down + 1e-9) * down;
    double col = r.col + floor((m->cross_col - r.col) / right + 1e-9) * right;
    struct side sides[2] = { { 0 } };
    static const struct side original = { 0 };
    enum look look = sides_of(m, sides);
    char rows[48], cols[48], text[TEXT];
    entries(row, down, rows, sizeof(rows));
    entries(col, right, cols, sizeof(cols));
    int n = snprintf(out, size, "row %s col %s", rows, cols);
    side_values(m, &original, m->cross_row, m->cross_col, text, sizeof(text));
    n = join(out, size, n, ": ", text);
    for (int i = 0; i < (look == LOOK_ONE ? 1 : 2); i++)
        if (sides[i].method) {
            side_values(m, &sides[i], m->cross_row, m->cross_col, text, sizeof(text));
            n = join(out, size, n, ", ", text);
        }
}

static void picture_readout(const struct model *m, char *out, size_t size)
{
    int wide, high;
    double height, width;
    struct region region;
    char rows[48], cols[48];
    model_frame(m, &wide, &high, &region);
    if (!model_shape(m, &height, &width) || wide < 1 || high < 1)
        return;
    region = zoom_whole(region, height, width);
    if (m->cross) {
        place_readout(m, region, wide, high, out, size);
    } else if (m->zoom.scale > 0) {
        entries(region.row, region.rows, rows, sizeof(rows));
        entries(region.col, region.cols, cols, sizeof(cols));
        snprintf(out, size, "rows %s of %.0f, columns %s of %.0f", rows, height, cols, width);
    }
}

void pane_readout(const struct model *m, int width, char *out, size_t size)
{
    out[0] = 0;
    if (!m->document || !m->subject)
        return;
    if (m->focus == PANE_PICTURE)
        picture_readout(m, out, size);
    else if (m->cross && m->focus != PANE_FORM)
        rank_readout(m, width, out, size);
    if (!out[0] && m->difference && !m->original && m->focus == PANE_PICTURE)
        snprintf(out, size, "difference: mid-grey is none, a step of 1 of 255 is %d",
                 DIFFERENCE_GAIN);
}
