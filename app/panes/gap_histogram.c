/* Gaps of noise alone over their mean, beside what is known: both surmises, and a table of targets. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "plot.h"
#include "spacing.h"

enum { BINS = 30, HALF = 26, CURVE = 90, LONG = 38, SHORT = 12, COLUMN = 14, TARGET = 26 };
static const double WIDTH = 0.1;

static const char *const field_words[] = { "real", "complex" };

static void draw_surmise(const struct plot *p, enum field field, enum ink ink, bool dashed)
{
    double x[CURVE], y[CURVE];
    for (int i = 0; i < CURVE; i++) {
        x[i] = BINS * WIDTH * i / (CURVE - 1);
        y[i] = spacing_surmise_density(field, x[i]);
    }
    if (dashed)
        plot_dashed(p, x, y, CURVE, ink);
    else
        plot_curve(p, x, y, CURVE, ink);
}

/* The counts as a staircase, the field's own surmise as a curve, the other's dashed. */
static void draw_counts(const struct gap_statistics *g, struct canvas c, int field)
{
    double density[BINS], x[2 * BINS], y[2 * BINS];
    const struct axis xs = { .lo = 0, .hi = BINS * WIDTH }, ys = { .lo = 0, .hi = 1.2 };
    gap_statistics_density(g, WIDTH, density, BINS);
    for (int i = 0; i < BINS; i++) {
        x[2 * i] = WIDTH * i;
        x[2 * i + 1] = WIDTH * (i + 1);
        y[2 * i] = y[2 * i + 1] = density[i];
    }
    if (c.area.h > 4) {
        canvas_text(c, 7, 0, INK_TITLE, 0, field_words[field]);
        c = canvas_inside(c, (struct rect){ 0, 1, c.area.w, c.area.h - 1 });
    }
    struct plot p = plot_begin(c, xs, ys, false);
    draw_surmise(&p, theatre_field_of(!field), INK_BOUND, true);
    draw_surmise(&p, theatre_field_of(field), INK_CURVE, false);
    plot_curve(&p, x, y, 2 * (size_t)BINS, INK_MARK);
}

static const char *const short_names[GAP_READINGS] = {
    [GAP_RATIO] = "<r>",         [GAP_VARIANCE] = "variance",
    [GAP_OWN] = "to own",        [GAP_OTHER] = "to other",
    [GAP_SMALL] = "P(small)",    [GAP_SLOPE] = "its slope",
    [GAP_INVERSE] = "E 1/gap^2", [GAP_TOP] = "top / edge",
    [GAP_NORM] = "norm^2",       [GAP_SEMICIRCLE] = "semicircle",
};

/* The number, whether it is where it should be, and where that is. */
static void draw_reading(const struct gap_statistics *g, struct canvas c,
                         enum gap_reading_kind kind)
{
    const struct gap_reading r = gap_statistics_read(g, kind);
    enum ink ink = r.mark == GAP_PASS ? INK_GOOD : r.mark == GAP_FAIL ? INK_ERROR : INK_DIM;
    if (isfinite(r.value))
        canvas_printf(c, 0, 0, INK_TEXT, 0, "%8.4g", r.value);
    canvas_printf(c, 9, 0, ink, r.mark == GAP_FAIL ? ATTR_BOLD : 0, "%s", gap_mark_names[r.mark]);
    if (isfinite(r.target) && c.area.w >= TARGET)
        canvas_printf(c, 14, 0, INK_DIM, 0, "(%.4g)", r.target);
}

/* A line each: its name, and a number for each field that is shown. */
static void draw_readings(const struct model *m, struct canvas c)
{
    int fields = m->theatre.fields == THEATRE_BOTH && c.area.w >= SHORT + 2 * COLUMN ? 2 : 1;
    int from = m->theatre.fields == THEATRE_COMPLEX ? 1 : 0;
    int name = c.area.w >= LONG + fields * TARGET ? LONG : SHORT,
        column = (c.area.w - name) / fields;
    for (int k = 0; k < GAP_READINGS && k < c.area.h; k++) {
        const char *words =
            name == LONG ? gap_statistics_read(m->theatre.tally, (enum gap_reading_kind)k).name
                         : short_names[k];
        canvas_printf(c, 0, k, INK_DIM, 0, "%.*s", name - 1, words);
        for (int f = 0; f < fields; f++)
            draw_reading(&m->theatre.tally[from + f],
                         canvas_inside(c, (struct rect){ name + f * column, k, column, 1 }),
                         (enum gap_reading_kind)k);
    }
}

/* The count last, and whole or not at all: half a number is another number. */
static void title(const struct model *m, int width, char *out, size_t size)
{
    enum { FRAME = 8 };
    unsigned n = (unsigned)m->theatre.tally_draws;
    snprintf(out, size, "gaps of noise alone, %d x %d, %u draws", THEATRE_GAP_SIDE,
             THEATRE_GAP_SIDE, n);
    if (canvas_text_width(out) > width - FRAME)
        snprintf(out, size, "gaps of noise alone, %u draws", n);
    if (canvas_text_width(out) > width - FRAME)
        snprintf(out, size, "gaps of noise alone");
}

void pane_gap_histogram(const struct model *m, struct canvas c)
{
    const struct theatre *t = &m->theatre;
    char line[96];
    title(m, c.area.w, line, sizeof(line));
    struct canvas inside = pane_theatre_frame(m, c, THEATRE_FOCUS_PAGE, line);
    int w = inside.area.w, h = inside.area.h, table = h >= 2 * GAP_READINGS ? GAP_READINGS : h / 4;
    if (!t->tally) {
        canvas_text(inside, 1, 0, INK_DIM, 0, "no draws yet");
        return;
    }
    draw_readings(m, canvas_inside(inside, (struct rect){ 0, h - table, w, table }));
    if (w < 2 * HALF || t->fields != THEATRE_BOTH) {
        int only = t->fields == THEATRE_COMPLEX;
        draw_counts(&t->tally[only], canvas_inside(inside, (struct rect){ 0, 0, w, h - table }),
                    only);
        return;
    }
    draw_counts(&t->tally[0], canvas_inside(inside, (struct rect){ 0, 0, w / 2, h - table }), 0);
    draw_counts(&t->tally[1],
                canvas_inside(inside, (struct rect){ w / 2, 0, w - w / 2, h - table }), 1);
}
