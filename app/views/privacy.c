/* What private noise does to eigenvalues, and what a promise costs: the sandbox, in which everything is simulated
 * and nothing is private. */

#include <stdio.h>

#include "line.h"
#include "overlay.h"
#include "panes/panes.h"
#include "reproduce.h"
#include "view.h"
#include "worlds_keys.h"

enum { LARGE_HEIGHT = 34, FORM_ROWS = 3 };

/* The form along the foot: all of it where there is room, else a few rows that scroll. */
static int form_height(int w, int h)
{
    int rows = pane_privacy_rows(w - 2);
    return 2 + PANE_PRIVACY_LINES + (h < LARGE_HEIGHT && rows > FORM_ROWS ? FORM_ROWS : rows);
}

static void (*const pages[THEATRE_PAGES])(const struct model *, struct canvas) = {
    [THEATRE_PAGE_GAPS] = pane_gap_list,           [THEATRE_PAGE_SPECTRUM] = pane_noisy_spectrum,
    [THEATRE_PAGE_ERRORS] = pane_noisy_error,      [THEATRE_PAGE_PLANE] = pane_privacy_plane,
    [THEATRE_PAGE_HISTOGRAM] = pane_gap_histogram, [THEATRE_PAGE_STRIP] = pane_gap_strip,
};

static void draw_pages(const struct model *m, struct canvas c, const struct theatre_layout *l)
{
    for (int i = 0; i < l->columns * l->rows; i++) {
        int x = i / l->rows, y = i % l->rows;
        int left = c.area.w * x / l->columns, right = c.area.w * (x + 1) / l->columns;
        int top = c.area.h * y / l->rows, bottom = c.area.h * (y + 1) / l->rows;
        pages[(m->theatre.page + i) % THEATRE_PAGES](
            m, canvas_inside(c, (struct rect){ left, top, right - left, bottom - top }));
    }
}

static void draw_one(const struct model *m, struct canvas c)
{
    if (m->theatre.focus == THEATRE_FOCUS_PATHS)
        pane_gap_paths(m, c);
    else if (m->theatre.focus == THEATRE_FOCUS_FORM)
        pane_privacy_form(m, c);
    else
        pages[m->theatre.page % THEATRE_PAGES](m, c);
}

static void draw(const struct model *m, struct canvas c)
{
    int top = view_area(m->width, m->height).y ? 0 : 1; /* the badge has the first row */
    int w = c.area.w, h = c.area.h - top;
    struct canvas all = canvas_inside(c, (struct rect){ 0, top, w, h });
    struct theatre_layout l = theatre_layout(m->full, w, h, form_height(w, h));
    if (worlds_away(m)) {
        pane_worlds(m, all);
        return;
    }
    if (!l.form_high) {
        draw_one(m, all);
        return;
    }
    int above = h - l.form_high, left = w - l.side_wide;
    pane_gap_paths(m, canvas_inside(all, (struct rect){ 0, 0, left, above }));
    draw_pages(m, canvas_inside(all, (struct rect){ left, 0, l.side_wide, above }), &l);
    pane_privacy_form(m, canvas_inside(all, (struct rect){ 0, above, w, l.form_high }));
}

static void picture_size(const struct model *m, int width, int height, int *pixels_wide,
                         int *pixels_high)
{
    (void)m, (void)width, (void)height;
    *pixels_wide = *pixels_high = 0;
}

/* What the focused row means; where there is no room, where one is. */
static void line(const struct model *m, int width, char *out, size_t size)
{
    const struct param *p = theatre_row(m);
    double t = m->theatre.paths ? (double)theatre_at(m) / (double)m->theatre.paths->steps : 0;
    out[0] = 0;
    if (worlds_away(m))
        return;
    if (!theatre_speaks(m, p))
        snprintf(out, size, "%s: a scene has noise and a matrix of its own.", p->title);
    else
        snprintf(out, size, "%s: %s", p->title, p->help);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "k=%zu t=%.2f", theatre_rank(m), t);
}

/* ---- actions ---- */

static void row(struct model *m, int by)
{
    int n = (int)theatre_rows.n;
    m->theatre.field = (size_t)(((int)m->theatre.field + n + by) % n);
    m->theatre.focus = THEATRE_FOCUS_FORM;
}

static void value(struct model *m, int by)
{
    theatre_step(m, theatre_row(m), by, false);
}

static void value_much(struct model *m, int by)
{
    theatre_step(m, theatre_row(m), by, true);
}

static void least(struct model *m)
{
    theatre_put(m, theatre_row(m), theatre_row(m)->min);
}

static void most(struct model *m)
{
    theatre_put(m, theatre_row(m), theatre_limit(m, theatre_row(m)));
}

static void type(struct model *m)
{
    char key[64], text[MODEL_LINE];
    param_flag(theatre_row(m)->key, key, sizeof(key));
    snprintf(text, sizeof(text), "privacy %s=", key);
    line_open_with(m, text);
}

/* Other noise for the same setting. */
static void reseed(struct model *m)
{
    m->theatre.set.seed++;
}

static void miss(struct model *m, int by)
{
    theatre_miss(m, by > 0);
}

static void fields(struct model *m)
{
    m->theatre.fields = (m->theatre.fields + 1) % 3;
}

static void bands(struct model *m)
{
    struct theatre *t = &m->theatre;
    t->plain = !t->plain;
    if (!theatre_page_shown(m, THEATRE_PAGE_SPECTRUM) &&
        !theatre_page_shown(m, THEATRE_PAGE_ERRORS) && !theatre_page_shown(m, THEATRE_PAGE_PLANE))
        model_say(m, false, "bands %s: see spectrum, errors and plane (g)",
                  t->plain ? "off" : "on");
}

static void page(struct model *m, int by)
{
    m->theatre.page = (m->theatre.page + THEATRE_PAGES + by) % THEATRE_PAGES;
}

static void next_scene(struct model *m)
{
    const struct param *p = param_find(&theatre_rows, "scene");
    int n = (int)theatre_limit(m, p) + 1;
    m->theatre.set.scene = (m->theatre.set.scene + 1) % n;
}

static void pane(struct model *m, int by)
{
    m->theatre.focus = (m->theatre.focus + THEATRE_FOCUS_COUNT + by) % THEATRE_FOCUS_COUNT;
}

static void full(struct model *m)
{
    m->full = !m->full;
}

/* clang-format off */
static const struct action actions[] = {
    { "play", "Space", "Time", "play, or pause; from the end anew", "play", theatre_play, worlds_in_sandbox },
    { "step-back", "[", "Time", "one frame back", "step", .when = worlds_in_sandbox, .step = theatre_move, .by = -1 },
    { "step-on", "]", "Time", "one frame on", "step", .when = worlds_in_sandbox, .step = theatre_move, .by = 1 },
    { "next-miss", ".", "Time", "to the next near miss of two eigenvalues", "near miss", .when = worlds_in_sandbox, .step = miss, .by = 1 },
    { "miss-before", ",", "Time", "to the one before", NULL, .when = worlds_in_sandbox, .step = miss, .by = -1 },
    { "less", "h Left -", "Setting", "one step down", "value", .when = worlds_in_sandbox, .step = value, .by = -1 },
    { "more", "l Right +", "Setting", "one step up", "value", .when = worlds_in_sandbox, .step = value, .by = 1 },
    { "much-less", "H PgDn", "Setting", "a large step down: half, or ten steps", NULL, .when = worlds_in_sandbox, .step = value_much, .by = -1 },
    { "much-more", "L PgUp", "Setting", "a large step up: double, or ten steps", NULL, .when = worlds_in_sandbox, .step = value_much, .by = 1 },
    { "next-row", "j Down", "Setting", "the next row of the form", NULL, .when = worlds_in_sandbox, .step = row, .by = 1 },
    { "row-before", "k Up", "Setting", "the row before", NULL, .when = worlds_in_sandbox, .step = row, .by = -1 },
    { "least", "^", "Setting", "the least value", NULL, least, worlds_in_sandbox },
    { "most", "$", "Setting", "the largest value", NULL, most, worlds_in_sandbox },
    { "type-setting", "= Enter", "Setting", "type it", "type", type, worlds_in_sandbox },
    { "reseed-noise", "R r", "Noise", "other noise: the next seed", "reseed", reseed, worlds_in_sandbox },
    { "band", "v", "Draws", "bands of many simulated releases, and back", "band", bands, worlds_in_sandbox },
    { "next-page", "g", "Screen", "the next page: gaps, spectrum, errors, plane, histogram, strip", "page", .when = worlds_in_sandbox, .step = page, .by = 1 },
    { "page-before", "G", "Screen", "the page before", NULL, .when = worlds_in_sandbox, .step = page, .by = -1 },
    { "fields", "b", "Screen", "real and complex noise, or one of them", NULL, fields, worlds_in_sandbox },
    { "next-scene", "s", "Noise", "the next scene: what is open, or a matrix made up", "scene", next_scene, worlds_in_sandbox },
    { "other-pane", "Tab", "Screen", "the next pane", NULL, .when = worlds_in_sandbox, .step = pane, .by = 1 },
    { "pane-before", "S-Tab", "Screen", "the pane before", NULL, .when = worlds_in_sandbox, .step = pane, .by = -1 },
    { "full-pane", "f", "Screen", "the focused pane alone, and back", NULL, full, worlds_in_sandbox },
    { "no-export", "e", "Program", "nothing of the sandbox is written; what writes a simulated output", NULL, overlay_export, worlds_in_sandbox },
    { "spend", "Enter", "Release", "type the dataset's name once more, and spend", "spend", worlds_key_confirm, worlds_in_release },
    { "leave", "Esc", "Release", "leave without spending anything", "leave", worlds_key_leave, worlds_in_release },
    { "term-less", "h Left -", "Worlds", "of the price, or of what was released: one step down", "value", .when = worlds_away, .step = worlds_key_value, .by = -1 },
    { "term-more", "l Right +", "Worlds", "one step up", "value", .when = worlds_away, .step = worlds_key_value, .by = 1 },
    { "term-much-less", "H PgDn", "Worlds", "a large step down", NULL, .when = worlds_away, .step = worlds_key_coarse, .by = -1 },
    { "term-much-more", "L PgUp", "Worlds", "a large step up", NULL, .when = worlds_away, .step = worlds_key_coarse, .by = 1 },
    { "next-term", "j Down", "Worlds", "the next row", NULL, .when = worlds_away, .step = worlds_key_row, .by = 1 },
    { "term-before", "k Up", "Worlds", "the row before", NULL, .when = worlds_away, .step = worlds_key_row, .by = -1 },
    { "term-least", "^", "Worlds", "the least value", NULL, worlds_key_least, worlds_away },
    { "term-most", "$", "Worlds", "the largest value", NULL, worlds_key_most, worlds_away },
    { "type-term", "=", "Worlds", "type it", "type", worlds_key_type, worlds_away },
    { "type-look", "Enter", "Worlds", "type it", NULL, worlds_key_type, worlds_in_explore },
    { "write-look", "e", "Worlds", "write what is looked at: free", "write", worlds_key_write, worlds_in_explore },
    { "release", "p", "Worlds", "what a private release would cost; nothing is spent before it is confirmed", "price", worlds_key_release },
    { "explore", "x", "Worlds", "what was released: looking at it is free", NULL, worlds_key_explore },
    { "sandbox", "b", "Worlds", "back to the sandbox, where nothing is private", "sandbox", worlds_key_sandbox, worlds_away },
    { "ledger", "B", "Worlds", "what was spent on which data", NULL, worlds_key_ledger },
    { 0 },
};
/* clang-format on */

const struct view view_privacy = {
    .name = "privacy",
    .title = "Privacy",
    .summary = "What private noise does to the eigenvalues of a covariance, and what a promise "
               "costs, simulated.",
    .draw = draw,
    .picture_size = picture_size,
    .actions = actions,
    .number = 4,
    .line = line,
    .command = reproduce_privacy,
    .badge = worlds_badge,
    .theatre = true,
    .own = true,
};
