/* Runs as rows: what was set, how near it comes, what it takes. */

#include "panes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MARKS_WIDTH = 4, NAME_LEAST = 8, NAME_MOST = 22, SETTING_LEAST = 16, WORD = 40, TITLED = 4 };

static void put_error(const struct run_row *row, char *out)
{
    double v = 100 * row->numbers.error;
    snprintf(out, WORD, v >= 10 ? "%.2f" : v >= 0.01 || !(v > 0) ? "%.3f" : "%.0e", v);
}

static void put_rank(const struct run_row *row, char *out)
{
    if (row->numbers.rank)
        snprintf(out, WORD, "%zu", row->numbers.rank);
    else
        snprintf(out, WORD, "-");
}

static void put_psnr(const struct run_row *row, char *out)
{
    if (isfinite(row->numbers.psnr))
        snprintf(out, WORD, "%.2f", row->numbers.psnr);
    else
        snprintf(out, WORD, "-");
}

static void put_bits(const struct run_row *row, char *out)
{
    snprintf(out, WORD, "%.4f", run_size(row));
}

static void put_file(const struct run_row *row, char *out)
{
    if (row->numbers.bytes)
        snprintf(out, WORD, "%" PRIu64, row->numbers.bytes);
    else
        snprintf(out, WORD, "-");
}

static void put_seconds(const struct run_row *row, char *out)
{
    if (isfinite(row->numbers.seconds))
        snprintf(out, WORD, "%.2g", row->numbers.seconds);
    else
        snprintf(out, WORD, "-");
}

/* As they stand on the screen. `place`: which get room first in a narrow table. */
static const struct column {
    const char *title;
    int width; /* with the blank before it */
    int place;
    void (*put)(const struct run_row *row, char *out);
    bool of_pictures, timed;
} columns[] = {
    { "k", 6, 1, put_rank, false, false },     { "err%", 7, 0, put_error, false, false },
    { "dB", 7, 2, put_psnr, true, false },     { "bits", 8, 3, put_bits, false, false },
    { "bytes", 9, 4, put_file, false, false }, { "s", 8, 5, put_seconds, false, true },
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct widths {
    int name, setting; /* setting 0: not shown */
    int column[COLUMNS];
};

static bool has_pictures(const struct model *m)
{
    for (size_t i = 0; i < m->runs.list.n; i++)
        if (isfinite(m->runs.list.of[i].numbers.psnr))
            return true;
    return false;
}

static int longest_name(const struct run_list *l)
{
    int most = NAME_LEAST;
    char name[96];
    for (size_t i = 0; i < l->n; i++) {
        runs_name(&l->of[i], name, sizeof(name));
        int width = canvas_text_width(name);
        most = width > most ? width : most;
    }
    return most < NAME_MOST ? most : NAME_MOST;
}

static struct widths widths_of(const struct model *m, int room)
{
    struct widths w = { .name = longest_name(&m->runs.list) };
    int least = room - MARKS_WIDTH - columns[1].width; /* a name gives way to the error alone */
    bool pictures = has_pictures(m), timed = m->frame_ms >= 0;
    w.name = w.name < least ? w.name : least > 0 ? least : 0;
    room -= MARKS_WIDTH + w.name;
    for (int place = 0; place < COLUMNS; place++)
        for (int i = 0; i < COLUMNS; i++) {
            const struct column *c = &columns[i];
            bool shown = (pictures || !c->of_pictures) && (timed || !c->timed);
            if (c->place != place || !shown || room < c->width)
                continue;
            w.column[i] = c->width;
            room -= c->width;
        }
    w.setting = room > SETTING_LEAST ? room - 1 : 0;
    return w;
}

static bool in_slot(const struct model *m, int i, const struct run_row *row)
{
    const struct slot *s = &m->slots[i];
    return row->method && s->method == row->method &&
           param_equal(&row->method->params, &s->params, &row->params);
}

/* '>' where one is, the slot's letter, what kind of row it is. */
static void put_marks(const struct model *m, size_t i, char out[MARKS_WIDTH])
{
    const struct run_row *row = &m->runs.list.of[i];
    bool a = in_slot(m, SLOT_A, row), b = in_slot(m, SLOT_B, row);
    out[0] = i == m->runs.at ? '>' : ' ';
    out[1] = a && b ? '2' : a ? 'A' : b ? 'B' : ' ';
    out[2] = !row->method ? 'r' : !row->final ? '~' : row->front ? '*' : ' ';
    out[3] = 0;
}

static enum ink ink_of(const struct model *m, size_t i)
{
    const struct run_row *row = &m->runs.list.of[i];
    if (i == m->runs.at)
        return INK_SELECTED;
    return !row->method || !row->final ? INK_DIM : row->front ? INK_GOOD : INK_TEXT;
}

static void draw_cells(struct canvas c, const struct widths *w, enum ink ink, const char *name,
                       const char *setting, const struct run_row *row)
{
    char word[WORD];
    int x = MARKS_WIDTH + w->name;
    canvas_text(canvas_inside(c, (struct rect){ MARKS_WIDTH, 0, w->name, 1 }), 0, 0, ink, 0, name);
    if (w->setting) {
        struct canvas cell = canvas_inside(c, (struct rect){ x + 1, 0, w->setting, 1 });
        bool cut = canvas_text(cell, 0, 0, ink, 0, setting) > w->setting;
        if (cut)
            canvas_text(cell, w->setting - 2, 0, ink, 0, "..");
        x += 1 + w->setting;
    }
    for (int i = 0; i < COLUMNS; i++) {
        if (!w->column[i])
            continue;
        if (row)
            columns[i].put(row, word);
        else
            snprintf(word, sizeof(word), "%s", columns[i].title);
        x += w->column[i];
        canvas_text(c, x - canvas_text_width(word), 0, ink, 0, word);
    }
}

static void draw_row(const struct model *m, struct canvas c, const struct widths *w, size_t i)
{
    const struct run_row *row = &m->runs.list.of[i];
    char marks[MARKS_WIDTH], name[96], setting[160];
    enum ink ink = ink_of(m, i);
    runs_name(row, name, sizeof(name));
    runs_setting(row, setting, sizeof(setting));
    for (int x = 0; ink == INK_SELECTED && x < c.area.w; x++)
        canvas_text(c, x, 0, ink, 0, " ");
    put_marks(m, i, marks);
    canvas_text(c, 0, 0, ink, ATTR_BOLD, marks);
    draw_cells(c, w, ink, name, setting, row);
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, 1 }, ZONE_RUN, i);
}

static void draw_none(const struct model *m, struct canvas c)
{
    const struct runs *r = &m->runs;
    const char *text = r->stopped                         ? "stopped; Space goes on"
                       : r->table || r->grid || !r->begun ? "rows come as they are found"
                                                          : "nothing fits; + doubles the size";
    pane_paragraph(c, 1, 0, INK_DIM, text);
}

/* In the frame's foot, if there is one. */
static void draw_legend(const struct model *m, struct canvas whole)
{
    static const char text[] = " * front  r reference ";
    bool looks = false;
    for (size_t i = 0; i < m->runs.list.n; i++)
        looks |= !m->runs.list.of[i].final;
    const char *more = looks ? " ~ rough look " : " A B wipe ";
    if ((int)(strlen(text) + strlen(more)) <= whole.area.w - 4)
        canvas_printf(whole, 2, whole.area.h - 1, INK_DIM, 0, "%s%s", text, more);
}

void pane_run_table(const struct model *m, struct canvas c)
{
    const struct runs *r = &m->runs;
    char title[96];
    struct rect in = pane_inside(c.area.w, c.area.h);
    struct canvas inside = canvas_inside(c, in);
    bool framed = in.h < c.area.h;
    const char *unit = r->bits == 1 ? "bit" : "bits";
    snprintf(title, sizeof(title), "runs at %.4g %s an entry, by %s", r->bits, unit,
             r->by_size ? "size" : "error");
    if (framed && canvas_text_width(title) > c.area.w - 10)
        snprintf(title, sizeof(title), "runs at %.4g %s", r->bits, unit);
    if (framed)
        canvas_frame(c, title, !r->plot);
    if (!r->list.n) {
        draw_none(m, inside);
        return;
    }
    if (framed)
        draw_legend(m, c);
    struct widths w = widths_of(m, inside.area.w - (framed ? 1 : 0));
    if (inside.area.h >= TITLED) {
        draw_cells(inside, &w, INK_DIM, "method", "setting", NULL);
        inside = canvas_inside(inside, (struct rect){ 0, 1, inside.area.w, inside.area.h - 1 });
    }
    size_t shown = inside.area.h > 0 ? (size_t)inside.area.h : 0;
    size_t first = r->at > shown / 2 ? r->at - shown / 2 : 0;
    if (first + shown > r->list.n)
        first = r->list.n > shown ? r->list.n - shown : 0;
    for (size_t i = 0; i < shown && first + i < r->list.n; i++)
        draw_row(m, canvas_inside(inside, (struct rect){ 0, (int)i, inside.area.w, 1 }), &w,
                 first + i);
}
