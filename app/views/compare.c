/* Every method at one size: runs as rows, the front in true size and error, and beside it what one would
 * pick for a picture if low rank were no choice. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "line.h"
#include "panes/panes.h"
#include "reproduce.h"
#include "view.h"

enum { SMALL_WIDTH = 60, SMALL_HEIGHT = 8, BESIDE = 72, BELOW = 18, SHORT = 30, REASON_FROM = 11 };

struct layout {
    struct rect table, plot, reason; /* w 0: not shown */
};

static int lines_of(const char *text, int width)
{
    int length = canvas_text_width(text);
    return !length ? 0 : length <= width - 1 ? 1 : 2;
}

/* Small, or full: what has the focus, alone. Otherwise the plot right of the table, or below it
 * where that is narrow but high; the reason at the foot. */
static struct layout layout_of(const struct model *m, int w, int h)
{
    struct layout l = { 0 };
    int foot = h >= REASON_FROM && w >= SMALL_WIDTH ? lines_of(m->runs.reason, w) : 0;
    struct rect rest = { 0, 0, w, h - foot };
    bool small = w < SMALL_WIDTH || h < SMALL_HEIGHT;
    l.reason = (struct rect){ 0, h - foot, foot ? w : 0, foot };
    if (m->full || (small && h < 2 * BELOW)) {
        *(m->runs.plot ? &l.plot : &l.table) = rest;
    } else if (w >= BESIDE) {
        int left = w * (w < 100 ? 57 : 62) / 100;
        l.table = (struct rect){ 0, 0, left, rest.h };
        l.plot = (struct rect){ left, 0, w - left, rest.h };
    } else if (rest.h >= BELOW) {
        l.table = (struct rect){ 0, 0, w, rest.h / 2 };
        l.plot = (struct rect){ 0, rest.h / 2, w, rest.h - rest.h / 2 };
    } else {
        *(m->runs.plot ? &l.plot : &l.table) = rest;
    }
    return l;
}

static void draw(const struct model *m, struct canvas c)
{
    struct layout l = layout_of(m, c.area.w, c.area.h);
    if (l.table.w > 0)
        pane_run_table(m, canvas_inside(c, l.table));
    if (l.plot.w > 0)
        pane_run_plot(m, canvas_inside(c, l.plot));
    if (l.reason.w > 0)
        pane_paragraph(canvas_inside(c, l.reason), 0, 0, INK_TITLE, m->runs.reason);
}

static void picture_size(const struct model *m, int width, int height, int *pixels_wide,
                         int *pixels_high)
{
    (void)m, (void)width, (void)height;
    *pixels_wide = *pixels_high = 0;
}

/* The chosen row in words; where there is no room which it is, and its error. */
static void line(const struct model *m, int width, char *out, size_t size)
{
    const struct run_row *row = runs_chosen(m);
    char name[96], setting[160];
    out[0] = 0;
    if (!row) {
        snprintf(out, size, "no rows yet");
        return;
    }
    double error = 100 * row->numbers.error;
    if (width < SHORT) {
        snprintf(out, size, "%zu/%zu %.3g%%", m->runs.at + 1, m->runs.list.n, error);
        return;
    }
    runs_name(row, name, sizeof(name));
    runs_setting(row, setting, sizeof(setting));
    snprintf(out, size, "%s: %s; %.4g %% at %.4g bits an entry", name, setting, error,
             run_size(row));
    if (canvas_text_width(out) > width)
        snprintf(out, size, "%s: %s", name, setting);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "%s; %.4g %% at %.4g bits", name, error, run_size(row));
}

/* ---- actions ---- */

static void move(struct model *m, int by)
{
    m->runs.at = cursor_moved(m->runs.at, m->runs.list.n, by);
}

static void sort(struct model *m)
{
    m->runs.by_size = !m->runs.by_size;
    runs_sort(m);
}

/* NULL, with a word: there is nothing there that could be set. */
static const struct run_row *setting(struct model *m)
{
    const struct run_row *row = runs_chosen(m);
    if (!row)
        model_say(m, true, "there is no row yet");
    else if (!row->method)
        model_say(m, true, "%s is a reference: it has no setting of ours", row->name);
    return row && row->method ? row : NULL;
}

static void into_slot(struct model *m, int i)
{
    const struct run_row *row = setting(m);
    char words[160];
    if (!row)
        return;
    slot_put(m, i, row->method, &row->params);
    runs_setting(row, words, sizeof(words));
    model_say(m, false, "%c: %s, %s", 'A' + i, row->method->name, words);
}

static void slot_a(struct model *m)
{
    into_slot(m, SLOT_A);
}

static void slot_b(struct model *m)
{
    into_slot(m, SLOT_B);
}

static void show_image(struct model *m)
{
    view_show(m, view_of_digit(1));
}

static void wipe(struct model *m)
{
    m->wipe = true;
    m->original = m->difference = m->heat.on = false;
    show_image(m);
}

/* A held size would move its rank: it is let go where the row has another one. */
static void take(struct model *m)
{
    const struct run_row *row = setting(m);
    char words[160];
    if (!row)
        return;
    runs_setting(row, words, sizeof(words));
    bool freed = runs_take(m);
    model_say(m, false, "%s: %s%s", m->method->name, words,
              freed ? "; the size is no longer held" : "");
    show_image(m);
}

static void resize(struct model *m, double factor)
{
    struct error err;
    double bits = m->runs.bits > 0 ? m->runs.bits : runs_at_hand(m);
    double wanted = fmin(bits * factor, RUNS_BITS_MOST);
    if (!runs_begin(m, wanted, &err))
        model_say(m, true, "%s", err.text);
}

static void larger(struct model *m)
{
    resize(m, 1.25);
}

static void smaller(struct model *m)
{
    resize(m, 1 / 1.25);
}

static void twice(struct model *m)
{
    resize(m, 2);
}

static void half(struct model *m)
{
    resize(m, 0.5);
}

static void type_size(struct model *m)
{
    line_open_with(m, "compare ");
}

static void pane(struct model *m)
{
    m->runs.plot = !m->runs.plot;
}

static void full(struct model *m)
{
    m->full = !m->full;
}

/* clang-format off */
static const struct action actions[] = {
    { "row-down", "j Down", "Rows", "the next row", "row", .step = move, .by = 1 },
    { "row-up", "k Up", "Rows", "the row before", "row", .step = move, .by = -1 },
    { "rows-down", "PgDn", "Rows", "ten rows down", NULL, .step = move, .by = LIST_PAGE },
    { "rows-up", "PgUp", "Rows", "ten rows up", NULL, .step = move, .by = -LIST_PAGE },
    { "first-row", "g Home ^", "Rows", "the first row", NULL, .step = move, .by = -LIST_END },
    { "last-row", "G End $", "Rows", "the last row", NULL, .step = move, .by = LIST_END },
    { "row-a", "a", "Compare", "the row's setting into slot A", "slot", slot_a },
    { "row-b", "b", "Compare", "the row's setting into slot B", "slot", slot_b },
    { "show-wipe", "w", "Compare", "A and B on both sides of a bar, in the image view", "wipe", wipe },
    { "take-row", "Enter", "Compare", "the row's setting into the form of the image view", "take", take },
    { "smaller", "h Left", "Size", "four fifths of the size: every method there, too", "size", smaller },
    { "larger", "l Right", "Size", "five fourths of the size", "size", larger },
    { "half-size", "H -", "Size", "half the size", NULL, half },
    { "twice-size", "L +", "Size", "twice the size", NULL, twice },
    { "type-size", "=", "Size", "type a size, true bits per entry", NULL, type_size },
    { "go-on", "Space", "Size", "what was stopped goes on; else at the size of the image view", NULL, runs_go_on },
    { "grid", "S", "Rows", "a grid of the form's method about its setting: ranks and bits", "grid", runs_grid },
    { "sort", "o", "Rows", "by error, or by size", "sort", sort },
    { "drop-row", "d", "Rows", "forget the row", NULL, runs_drop },
    { "other-pane", "Tab S-Tab", "Screen", "the table, or the plot", NULL, pane },
    { "full-pane", "f", "Screen", "the focused pane alone, and back", NULL, full },
    { 0 },
};
/* clang-format on */

const struct view view_compare = {
    .name = "compare",
    .title = "Compare",
    .summary =
        "Every method at one size: runs as rows, the front, references, grids in the background.",
    .draw = draw,
    .picture_size = picture_size,
    .actions = actions,
    .number = 5,
    .line = line,
    .command = reproduce_compare,
    .runs = true,
    .own = true,
};
