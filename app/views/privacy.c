/* What private noise does to eigenvalues, and what a promise costs: the sandbox, in which everything is simulated
 * and nothing is private. */

#include <stdio.h>

#include "line.h"
#include "panes/panes.h"
#include "view.h"
#include "worlds_keys.h"

enum { SMALL_WIDTH = 60, SMALL_HEIGHT = 14, LARGE_HEIGHT = 34, FORM_ROWS = 3 };

/* The form along the foot: all of it where there is room, else a few rows that scroll. */
static int form_height(int w, int h)
{
    int rows = pane_privacy_rows(w - 2);
    return 2 + PANE_PRIVACY_LINES + (h < LARGE_HEIGHT && rows > FORM_ROWS ? FORM_ROWS : rows);
}

/* Small, or full: what has the focus, alone. */
static void draw(const struct model *m, struct canvas c)
{
    int top = view_area(m->width, m->height).y ? 0 : 1; /* the badge has the first row */
    int w = c.area.w, h = c.area.h - top, foot = form_height(w, h);
    struct canvas all = canvas_inside(c, (struct rect){ 0, top, w, h });
    if (worlds_away(m)) {
        pane_worlds(m, all);
        return;
    }
    bool small = m->full || w < SMALL_WIDTH || h < SMALL_HEIGHT;
    if (!small)
        pane_privacy_form(m, canvas_inside(all, (struct rect){ 0, h - foot, w, foot }));
    else if (m->theatre.focus == THEATRE_FOCUS_FORM)
        pane_privacy_form(m, all);
}

static void picture_size(const struct model *m, int width, int height, int *pixels_wide,
                         int *pixels_high)
{
    (void)m, (void)width, (void)height;
    *pixels_wide = *pixels_high = 0;
}

/* ---- actions ---- */

static void next_row(struct model *m)
{
    m->theatre.field = (m->theatre.field + 1) % theatre_rows.n;
    m->theatre.focus = THEATRE_FOCUS_FORM;
}

static void row_before(struct model *m)
{
    m->theatre.field = (m->theatre.field + theatre_rows.n - 1) % theatre_rows.n;
    m->theatre.focus = THEATRE_FOCUS_FORM;
}

static void less(struct model *m)
{
    theatre_step(m, theatre_field(m), -1, false);
}

static void more(struct model *m)
{
    theatre_step(m, theatre_field(m), 1, false);
}

static void much_less(struct model *m)
{
    theatre_step(m, theatre_field(m), -1, true);
}

static void much_more(struct model *m)
{
    theatre_step(m, theatre_field(m), 1, true);
}

static void least(struct model *m)
{
    theatre_put(m, theatre_field(m), theatre_field(m)->min);
}

static void most(struct model *m)
{
    theatre_put(m, theatre_field(m), theatre_limit(m, theatre_field(m)));
}

static void type(struct model *m)
{
    char key[64], text[MODEL_LINE];
    param_flag(theatre_field(m)->key, key, sizeof(key));
    snprintf(text, sizeof(text), "privacy %s=", key);
    line_open_with(m, text);
}

/* Other noise for the same setting. */
static void reseed(struct model *m)
{
    m->theatre.set.seed++;
}

static void next_pane(struct model *m)
{
    m->theatre.focus = (m->theatre.focus + 1) % THEATRE_FOCUS_COUNT;
}

static void pane_before(struct model *m)
{
    m->theatre.focus = (m->theatre.focus + THEATRE_FOCUS_COUNT - 1) % THEATRE_FOCUS_COUNT;
}

static void full(struct model *m)
{
    m->full = !m->full;
}

/* clang-format off */
static const struct action actions[] = {
    { "less", "h Left -", "Setting", "one step down", "value", less, worlds_in_sandbox },
    { "more", "l Right +", "Setting", "one step up", "value", more, worlds_in_sandbox },
    { "much-less", "H PgDn", "Setting", "a large step down: half, or ten steps", NULL, much_less, worlds_in_sandbox },
    { "much-more", "L PgUp", "Setting", "a large step up: double, or ten steps", NULL, much_more, worlds_in_sandbox },
    { "next-row", "j Down", "Setting", "the next row of the form", NULL, next_row, worlds_in_sandbox },
    { "row-before", "k Up", "Setting", "the row before", NULL, row_before, worlds_in_sandbox },
    { "least", "^", "Setting", "the least value", NULL, least, worlds_in_sandbox },
    { "most", "$", "Setting", "the largest value", NULL, most, worlds_in_sandbox },
    { "type-setting", "= Enter", "Setting", "type it", "type", type, worlds_in_sandbox },
    { "reseed-noise", "R r", "Noise", "other noise: the next seed", "reseed", reseed, worlds_in_sandbox },
    { "other-pane", "Tab", "Screen", "the next pane", NULL, next_pane, worlds_in_sandbox },
    { "pane-before", "S-Tab", "Screen", "the pane before", NULL, pane_before, worlds_in_sandbox },
    { "full-pane", "f", "Screen", "the focused pane alone, and back", NULL, full, worlds_in_sandbox },
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
    .badge = worlds_badge,
    .own = true,
};
