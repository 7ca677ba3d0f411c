#include "form.h"

#include "hold.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MARK = 1, NAME = 10, BOX = 8, GAP = 2, TEXT = 64 };

int form_columns(int width)
{
    return width < 60 ? 1 : width < 150 ? 2 : 3;
}

static size_t count(const struct model *m)
{
    return m->method->params.n + (hold_on(m) ? 1 : 0);
}

size_t form_rows(const struct model *m, int width)
{
    size_t columns = (size_t)form_columns(width);
    return (count(m) + columns - 1) / columns;
}

/* The row that stands at a place, and back: a budget that is held stands first. */
static size_t row_at(const struct model *m, size_t place)
{
    return !hold_on(m) ? place : place == 0 ? m->method->params.n : place - 1;
}

static size_t place_of(const struct model *m, size_t row)
{
    return !hold_on(m) ? row : row == m->method->params.n ? 0 : row + 1;
}

static size_t index_of(const struct model *m, const struct param *p)
{
    return p == &hold_row ? m->method->params.n : (size_t)(p - m->method->params.rows);
}

double form_fraction(const struct param *p, double value, double limit)
{
    double f;
    if (!(limit > p->min))
        return value >= limit;
    if (!p->logarithmic)
        f = (value - p->min) / (limit - p->min);
    else if (p->min > 0)
        f = log(value / p->min) / log(limit / p->min);
    else
        f = log1p(value - p->min) / log1p(limit - p->min);
    return fmin(fmax(f, 0), 1);
}

double form_value(const struct param *p, double fraction, double limit)
{
    double span = limit - p->min, f = fmin(fmax(fraction, 0), 1);
    if (!(span > 0))
        return limit;
    if (!p->logarithmic)
        return p->min + f * span;
    return p->min > 0 ? p->min * pow(limit / p->min, f) : p->min + expm1(f * log1p(span));
}

void form_bar(struct canvas c, int x, int y, int width, double fraction)
{
    int per_cell = c.unicode ? 8 : 1;
    int filled = (int)lround(fraction * width * per_cell);
    for (int i = 0; i < width; i++, filled -= per_cell) {
        if (filled >= per_cell)
            canvas_rune(c, x + i, y, INK_BAR, c.unicode ? 0x2588 : '#');
        else if (filled > 0)
            canvas_rune(c, x + i, y, INK_BAR, (uint32_t)(0x2590 - filled)); /* 1/8 is U+258F */
        else
            canvas_rune(c, x + i, y, INK_DIM, c.unicode ? 0x2591 : '-');
    }
}

static void number_text(const struct param *p, double value, char *out, size_t size)
{
    snprintf(out, size, p->kind == PARAM_REAL ? "%.4g" : "%.0f", value);
}

static void value_text(const struct model *m, const struct param *p, char out[TEXT])
{
    if (p->kind == PARAM_REAL)
        number_text(p, param_get(p, model_values(m, p)), out, TEXT);
    else
        param_format(p, model_values(m, p), out, TEXT);
}

static bool is_slider(const struct param *p)
{
    return (p->kind == PARAM_INT || p->kind == PARAM_REAL) && !p->choices;
}

/* How wide the ends of the sliders of one column are, so that their bars line up. */
struct ends {
    int lo, hi;
};

static struct ends column_ends(const struct model *m, size_t first, size_t n)
{
    struct ends e = { 0, 0 };
    for (size_t i = first; i < first + n && i < count(m); i++) {
        const struct param *p = model_row(m, row_at(m, i));
        char text[TEXT];
        if (!is_slider(p))
            continue;
        number_text(p, p->min, text, sizeof(text));
        e.lo = (int)strlen(text) > e.lo ? (int)strlen(text) : e.lo;
        number_text(p, model_limit(m, p), text, sizeof(text));
        e.hi = (int)strlen(text) > e.hi ? (int)strlen(text) : e.hi;
    }
    return e;
}

/* Without its box where that would be cut: half a number is another number. */
static void draw_box(struct canvas c, int attributes, const char *text)
{
    canvas_printf(c, 0, 0, INK_TEXT, attributes, c.area.w < BOX ? "%s" : "[%6s]", text);
}

/* The value recommended, where one is known: of the rank the elbow of the spectrum. */
static void draw_tick(const struct model *m, const struct param *p, struct canvas bar, double limit)
{
    size_t elbow = m->subject && !strcmp(p->key, "rank") ? m->subject->elbow : 0;
    if (elbow == 0)
        return;
    int x = (int)(form_fraction(p, (double)elbow, limit) * bar.area.w);
    canvas_rune(bar, x < bar.area.w ? x : bar.area.w - 1, 0, INK_KEY, bar.unicode ? 0x2502 : '|');
}

static void draw_slider(const struct model *m, const struct param *p, struct canvas c,
                        int attributes, struct ends e)
{
    const double set = param_get(p, model_values(m, p));
    double limit = model_limit(m, p), value = fmin(set, limit);
    int bar = c.area.w - BOX - e.lo - e.hi - 3;
    char text[TEXT], lo[TEXT], hi[TEXT];

    if (value < set)
        number_text(p, value, text, sizeof(text));
    else
        value_text(m, p, text);
    number_text(p, p->min, lo, sizeof(lo));
    number_text(p, limit, hi, sizeof(hi));
    draw_box(c, attributes, text);
    if (bar < 3)
        return;
    canvas_printf(c, BOX + 1, 0, INK_DIM, 0, "%*s", e.lo, lo);
    form_bar(c, BOX + e.lo + 2, 0, bar, form_fraction(p, value, limit));
    draw_tick(m, p, canvas_inside(c, (struct rect){ BOX + e.lo + 2, 0, bar, 1 }), limit);
    canvas_zone(c, (struct rect){ BOX + e.lo + 2, 0, bar, 1 }, ZONE_BAR, index_of(m, p));
    canvas_text(c, BOX + e.lo + 3 + bar, 0, INK_DIM, 0, hi);
}

static const char *const switch_words[] = { "off", "on", NULL };

/* All words, the chosen one in brackets; or that one alone and which it is. */
static void draw_choice(const struct model *m, const struct param *p, struct canvas c,
                        int attributes)
{
    const char *const *words = p->choices ? p->choices : switch_words;
    long chosen = lround(param_get(p, model_params_const(m)));
    int n = 0, width = 2, x = 0;
    for (; words[n]; n++)
        width += canvas_text_width(words[n]) + 1;
    if (chosen < 0 || chosen >= n)
        return;
    if (width - 1 > c.area.w) {
        x = canvas_printf(c, 0, 0, INK_TEXT, attributes, "[%s]", words[chosen]);
        canvas_printf(c, x + 1, 0, INK_DIM, 0, "%ld of %d", chosen + 1, n);
        return;
    }
    for (int i = 0; i < n; i++) {
        size_t row = (size_t)(p - m->method->params.rows);
        canvas_zone(c, (struct rect){ x, 0, canvas_text_width(words[i]) + 1, 1 }, ZONE_CHOICE,
                    row * ZONE_CHOICES + (size_t)i);
        if (i == chosen)
            x += canvas_printf(c, x, 0, INK_TEXT, attributes, "[%s]", words[i]) + 1;
        else
            x += canvas_text(c, x, 0, INK_DIM, 0, words[i]) + 1;
    }
}

/* The part around the cursor, when the line is longer than the box. */
void form_typed(struct canvas c, const char *line, size_t at)
{
    char before[MODEL_LINE];
    int room = c.area.w - 2, cursor, shift;
    struct canvas box = canvas_inside(c, (struct rect){ 1, 0, room, 1 });

    snprintf(before, sizeof(before), "%.*s", (int)(at < MODEL_LINE ? at : 0), line);
    cursor = canvas_text_width(before);
    shift = cursor < room ? 0 : cursor - room + 1;
    canvas_text(c, 0, 0, INK_KEY, ATTR_BOLD, "[");
    for (int x = 0; x < room; x++)
        canvas_text(box, x, 0, INK_SELECTED, 0, " ");
    canvas_text(box, -shift, 0, INK_SELECTED, 0, line);
    canvas_text(box, cursor - shift, 0, INK_KEY, ATTR_BOLD, "_");
    if (line[strlen(before)]) /* on a character, not behind the last */
        canvas_rune(box, cursor - shift, 0, INK_KEY, (unsigned char)line[strlen(before)]);
    canvas_text(c, c.area.w - 1, 0, INK_KEY, ATTR_BOLD, "]");
}

static void draw_row(const struct model *m, size_t index, struct canvas c, bool focused,
                     struct ends e)
{
    const struct param *p = model_row(m, index);
    bool chosen = index == m->field;
    int attributes = chosen && focused ? ATTR_BOLD : 0;
    struct canvas value = canvas_inside(c,
                                        (struct rect){ MARK + NAME, 0, c.area.w - MARK - NAME, 1 });

    canvas_zone(c, (struct rect){ 0, 0, c.area.w, 1 }, ZONE_FIELD, index);
    if (chosen)
        canvas_text(c, 0, 0, INK_KEY, ATTR_BOLD, ">");
    canvas_printf(c, MARK, 0, chosen ? INK_TITLE : INK_TEXT, attributes, "%.*s", NAME - 1,
                  p->shorthand);
    if (hold_links(m, p)) /* it moves with the others that have the mark */
        canvas_text(c, MARK + NAME - 1, 0, INK_KEY, ATTR_BOLD, "=");
    if (chosen && m->overlay == OVERLAY_TYPE)
        form_typed(value, m->line, m->line_at);
    else if (p->choices || p->kind == PARAM_BOOL)
        draw_choice(m, p, value, attributes);
    else if (is_slider(p))
        draw_slider(m, p, value, attributes, e);
    else {
        char text[TEXT];
        value_text(m, p, text);
        draw_box(value, attributes, text);
    }
}

void form_draw(const struct model *m, struct canvas c, bool focused)
{
    size_t n = count(m), columns = (size_t)form_columns(c.area.w);
    size_t rows = form_rows(m, c.area.w), height = c.area.h > 0 ? (size_t)c.area.h : 0;
    size_t shown = rows < height ? rows : height, first = 0;
    int width = (c.area.w - 3 - GAP * ((int)columns - 1)) / (int)columns;

    if (n == 0)
        canvas_text(c, 1, 0, INK_DIM, 0, "this method has no parameters");
    if (shown == 0)
        return;
    if (place_of(m, m->field) % rows >= shown)
        first = place_of(m, m->field) % rows - shown + 1;
    for (size_t column = 0; column < columns; column++) {
        struct ends e = column_ends(m, column * rows + first, shown);
        for (size_t row = 0; row < shown; row++) {
            size_t place = column * rows + first + row;
            int x = 1 + (int)column * (width + GAP);
            if (place < n && first + row < rows)
                draw_row(m, row_at(m, place),
                         canvas_inside(c, (struct rect){ x, (int)row, width, 1 }), focused, e);
        }
    }
    if (first > 0)
        canvas_text(c, c.area.w - 1, 0, INK_KEY, 0, "^");
    if (first + shown < rows)
        canvas_text(c, c.area.w - 1, c.area.h - 1, INK_KEY, 0, "v");
}
