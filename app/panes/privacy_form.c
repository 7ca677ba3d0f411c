/* The form of the privacy view: what is asked of the simulated noise, and what of it is shown. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "form.h"

enum { MARK = 1, NAME = 10, BOX = 8, GAP = 2, TEXT = 64 };

int pane_privacy_rows(int width)
{
    int columns = form_columns(width);
    return ((int)theatre_rows.n + columns - 1) / columns;
}

static void value_text(const struct model *m, const struct param *p, char out[TEXT])
{
    double value = fmin(param_get(p, &m->theatre.set), theatre_limit(m, p));
    if (p->kind == PARAM_REAL)
        snprintf(out, TEXT, "%.4g", value);
    else if (p->kind == PARAM_INT && !p->choices)
        snprintf(out, TEXT, "%.0f", value);
    else
        param_format(p, &m->theatre.set, out, TEXT);
}

/* Without its box where that would be cut: half a number is another number. */
static void draw_box(struct canvas c, int attributes, const char *text)
{
    canvas_printf(c, 0, 0, INK_TEXT, attributes, c.area.w < BOX ? "%s" : "[%6s]", text);
}

static void draw_slider(const struct model *m, const struct param *p, struct canvas c,
                        int attributes)
{
    double limit = theatre_limit(m, p), value = fmin(param_get(p, &m->theatre.set), limit);
    char text[TEXT], lo[TEXT], hi[TEXT];
    value_text(m, p, text);
    snprintf(lo, sizeof(lo), "%.4g", p->min);
    snprintf(hi, sizeof(hi), "%.4g", limit);
    int left = BOX + 2 + canvas_text_width(lo), bar = c.area.w - left - 1 - canvas_text_width(hi);
    draw_box(c, attributes, text);
    if (bar < 3)
        return;
    canvas_text(c, BOX + 1, 0, INK_DIM, 0, lo);
    form_bar(c, left, 0, bar, form_fraction(p, value, limit));
    canvas_zone(c, (struct rect){ left, 0, bar, 1 }, ZONE_THEATRE_BAR,
                (size_t)(p - theatre_rows.rows));
    canvas_text(c, left + bar + 1, 0, INK_DIM, 0, hi);
}

/* All words, the chosen one in brackets; or that one alone and which it is. */
static void draw_choice(const struct model *m, const struct param *p, struct canvas c,
                        int attributes)
{
    int chosen = (int)lround(param_get(p, &m->theatre.set)), n = 0, width = 2, x = 0;
    for (; p->choices[n]; n++)
        width += canvas_text_width(p->choices[n]) + 1;
    if (width - 1 > c.area.w) {
        x = canvas_printf(c, 0, 0, INK_TEXT, attributes, "[%s]", p->choices[chosen]);
        canvas_printf(c, x + 1, 0, INK_DIM, 0, "%d of %d", chosen + 1, n);
        return;
    }
    for (int i = 0; i < n; i++)
        x += 1 + canvas_printf(c, x, 0, i == chosen ? INK_TEXT : INK_DIM,
                               i == chosen ? attributes : 0, i == chosen ? "[%s]" : "%s",
                               p->choices[i]);
}

static void draw_row(const struct model *m, size_t i, struct canvas c)
{
    const struct param *p = &theatre_rows.rows[i];
    bool chosen = i == m->theatre.field;
    int bold = chosen && m->theatre.focus == THEATRE_FOCUS_FORM ? ATTR_BOLD : 0;
    char text[TEXT];
    struct canvas value = canvas_inside(c,
                                        (struct rect){ MARK + NAME, 0, c.area.w - MARK - NAME, 1 });
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, 1 }, ZONE_THEATRE, i);
    if (chosen)
        canvas_text(c, 0, 0, INK_KEY, ATTR_BOLD, ">");
    canvas_text(c, MARK, 0, chosen ? INK_TITLE : INK_TEXT, bold, p->shorthand);
    if (p->choices) {
        draw_choice(m, p, value, bold);
    } else if (p->kind == PARAM_SEED) {
        value_text(m, p, text);
        draw_box(value, bold, text);
    } else {
        draw_slider(m, p, value, bold);
    }
}

/* Read downwards in columns; what does not fit scrolls with the focused row. */
static void draw_rows(const struct model *m, struct canvas c)
{
    int columns = form_columns(c.area.w), rows = pane_privacy_rows(c.area.w);
    int shown = rows < c.area.h ? rows : c.area.h, at = (int)m->theatre.field % rows;
    int first = at >= shown ? at - shown + 1 : 0;
    int width = (c.area.w - 3 - GAP * (columns - 1)) / columns;
    for (int column = 0; column < columns; column++)
        for (int row = 0; row < shown; row++) {
            size_t i = (size_t)(column * rows + first + row);
            struct rect r = { 1 + column * (width + GAP), row, width, 1 };
            if (i < theatre_rows.n && first + row < rows)
                draw_row(m, i, canvas_inside(c, r));
        }
    if (first > 0)
        canvas_text(c, c.area.w - 1, 0, INK_KEY, 0, "^");
    if (first + shown < rows)
        canvas_text(c, c.area.w - 1, shown - 1, INK_KEY, 0, "v");
}

void pane_privacy_form(const struct model *m, struct canvas c)
{
    struct canvas inside = pane_theatre_frame(m, c, THEATRE_FOCUS_FORM, "privacy");
    int rows = pane_privacy_rows(inside.area.w), lines = inside.area.h - rows;
    if (lines < PANE_PRIVACY_LINES && inside.area.h > PANE_PRIVACY_LINES + 1)
        lines = PANE_PRIVACY_LINES;
    rows = lines > 0 ? inside.area.h - lines : inside.area.h;
    draw_rows(m, canvas_inside(inside, (struct rect){ 0, 0, inside.area.w, rows }));
}

struct canvas pane_theatre_frame(const struct model *m, struct canvas c, int focus,
                                 const char *title)
{
    struct rect inside = pane_inside(c.area.w, c.area.h);
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, c.area.h }, ZONE_THEATRE_PANE, (size_t)focus);
    return inside.w == c.area.w ? c : canvas_frame(c, title, m->theatre.focus == focus);
}
