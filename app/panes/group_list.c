/* Groups of matrices as rows: their shapes, ranks, and what those cost and lose. */

#include "panes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MARKS_WIDTH = 3, NAME_LEAST = 6, NAME_MOST = 40, WORD = 48, TITLED = 4 };

static void put_share(double share, char *out)
{
    double v = 100 * share;
    if (isnan(v))
        snprintf(out, WORD, "-");
    else
        snprintf(out, WORD, v >= 0.005 || v == 0 ? "%.2f" : "%.0e", v);
}

static void put_shape(const struct grouped *g, char *out)
{
    snprintf(out, WORD, "%zux%zu", joint_height(&g->shape), g->shape.n);
}

static void put_rank(const struct grouped *g, char *out)
{
    if (g->rank)
        snprintf(out, WORD, "%zu", g->rank);
    else
        snprintf(out, WORD, "dense");
}

static void put_joint(const struct grouped *g, char *out)
{
    bool known = g->profile.r && g->rank;
    put_share(known ? joint_error(&g->profile, g->rank) : (double)NAN, out);
}

static void put_separate(const struct grouped *g, char *out)
{
    size_t ranks[GROUP_MEMBERS];
    bool known = grouped_separate(g, false, ranks);
    put_share(known ? separate_error(&g->profile, ranks) : (double)NAN, out);
}

static void put_keep(const struct grouped *g, char *out)
{
    snprintf(out, WORD, "%.1f", 100 * (g->rank ? grouped_keep(g) : 1));
}

static void put_z(const struct grouped *g, char *out)
{
    const struct joint_null *null = grouped_null(g);
    if (null && isfinite(null->z))
        snprintf(out, WORD, "%.1f", null->z);
    else
        snprintf(out, WORD, "-");
}

static void put_edge(const struct grouped *g, char *out)
{
    snprintf(out, WORD, "%.1f", joint_break_even(&g->shape));
}

/* As they stand on the screen. `place`: which get room first in a narrow list. */
static const struct column {
    const char *title;
    int width; /* with the blank before it */
    int place;
    void (*put)(const struct grouped *g, char *out);
} columns[] = {
    { "rows", 12, 5, put_shape },  { "k", 6, 1, put_rank },          { "even", 8, 6, put_edge },
    { "joint%", 8, 0, put_joint }, { "apart%", 8, 2, put_separate }, { "keep%", 7, 4, put_keep },
    { "z", 7, 3, put_z },
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct widths {
    int name;
    int column[COLUMNS];
};

static int longest_name(const struct model *m)
{
    const struct grouping *g = &m->grouping;
    char name[NAME_TEXT];
    int most = NAME_LEAST;
    for (size_t i = 0; i < g->n; i++) {
        grouping_name(m, &g->of[i], name, sizeof(name));
        int width = canvas_text_width(name);
        most = width > most ? width : most;
    }
    return most < NAME_MOST ? most : NAME_MOST;
}

static struct widths widths_of(const struct model *m, int room)
{
    struct widths w = { .name = longest_name(m) };
    int least = room - MARKS_WIDTH - columns[3].width - columns[1].width;
    w.name = w.name < least ? w.name : least > 0 ? least : 0;
    room -= MARKS_WIDTH + w.name;
    for (int place = 0; place < COLUMNS; place++)
        for (int i = 0; i < COLUMNS; i++)
            if (columns[i].place == place && room >= columns[i].width) {
                w.column[i] = columns[i].width;
                room -= columns[i].width;
            }
    return w;
}

/* The end of a long name says more than its beginning. */
static void draw_name(struct canvas c, enum ink ink, const char *name)
{
    int over = canvas_text_width(name) - c.area.w;
    canvas_text(c, over > 0 ? -over : 0, 0, ink, 0, name);
    if (over > 0 && c.area.w > 4)
        canvas_text(c, 0, 0, ink, 0, "..");
}

static void draw_cells(struct canvas c, const struct widths *w, enum ink ink, const char *name,
                       const struct grouped *g)
{
    char word[WORD];
    int x = MARKS_WIDTH + w->name;
    draw_name(canvas_inside(c, (struct rect){ MARKS_WIDTH, 0, w->name, 1 }), ink, name);
    for (int i = 0; i < COLUMNS; i++) {
        if (!w->column[i])
            continue;
        if (g)
            columns[i].put(g, word);
        else
            snprintf(word, sizeof(word), "%s", columns[i].title);
        x += w->column[i];
        canvas_text(c, x - canvas_text_width(word), 0, ink, 0, word);
    }
}

static void draw_row(const struct model *m, struct canvas c, const struct widths *w, size_t i)
{
    const struct grouping *all = &m->grouping;
    char name[NAME_TEXT];
    const struct grouped *g = &all->of[i];
    enum ink ink = i == all->at  ? INK_SELECTED
                   : g->why[0]   ? INK_ERROR
                   : !g->counted ? INK_DIM
                                 : INK_TEXT;
    char marks[MARKS_WIDTH + 1];
    for (int x = 0; ink == INK_SELECTED && x < c.area.w; x++)
        canvas_text(c, x, 0, ink, 0, " ");
    marks[0] = i == all->at ? '>' : ' ';
    marks[1] = g->why[0] ? '!' : !g->profile.r ? '~' : !g->counted ? '-' : ' ';
    marks[2] = g->group.kind == GROUP_HAND ? 'h' : ' ';
    marks[3] = 0;
    canvas_text(c, 0, 0, ink, ATTR_BOLD, marks);
    grouping_name(m, g, name, sizeof(name));
    draw_cells(c, w, ink, name, g);
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, 1 }, ZONE_GROUP, i);
}

/* "groups, prune 10 %: -10.02 % of the model", shorter where that is too long. */
static void title(const struct grouping *g, int width, char *out, size_t size)
{
    char rule[64];
    grouping_rule_text(g, rule, sizeof(rule));
    const char *multiple = g->whole ? ", multiples of 32" : "";
    snprintf(out, size, "%zu groups, %s%s: %.2f %% of the model gone", g->n, rule, multiple,
             100 * g->account.prune);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "%s%s: -%.2f %%", rule, g->whole ? ", x32" : "",
                 100 * g->account.prune);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "-%.2f %%", 100 * g->account.prune);
}

static void draw_none(const struct grouping *g, struct canvas c)
{
    int y = pane_paragraph(c, 1, 0, INK_DIM,
                           g->begun ? "No matrices here that share an input, as far as their names "
                                      "tell. `:group NAME,NAME` makes a group by hand."
                                    : "nothing was looked at yet");
    if (g->notice[0])
        pane_paragraph(c, 1, y, INK_WARNING, g->notice);
}

/* How many were looked at, as long as that is not all. */
static void foot(const struct grouping *g, struct canvas whole)
{
    size_t known = grouping_known(g);
    char text[64];
    snprintf(text, sizeof(text),
             g->stopped ? " %zu of %zu read, stopped: Space " : " %zu of %zu read ", known, g->n);
    if (known < g->n && canvas_text_width(text) <= whole.area.w - 4)
        canvas_text(whole, 2, whole.area.h - 1, INK_DIM, 0, text);
}

void pane_group_list(const struct model *m, struct canvas c)
{
    const struct grouping *g = &m->grouping;
    char text[128];
    struct rect in = pane_inside(c.area.w, c.area.h);
    struct canvas inside = canvas_inside(c, in);
    bool framed = in.h < c.area.h;
    title(g, c.area.w - 8, text, sizeof(text));
    if (framed)
        canvas_frame(c, g->n ? text : "groups", g->focus == GROUP_FOCUS_LIST);
    if (!g->n) {
        draw_none(g, inside);
        return;
    }
    if (framed)
        foot(g, c);
    struct widths w = widths_of(m, inside.area.w - (framed ? 1 : 0));
    if (inside.area.h >= TITLED) {
        draw_cells(inside, &w, INK_DIM, "group", NULL);
        inside = canvas_inside(inside, (struct rect){ 0, 1, inside.area.w, inside.area.h - 1 });
    }
    size_t shown = inside.area.h > 0 ? (size_t)inside.area.h : 0;
    size_t first = g->at > shown / 2 ? g->at - shown / 2 : 0;
    if (first + shown > g->n)
        first = g->n > shown ? g->n - shown : 0;
    for (size_t i = 0; i < shown && first + i < g->n; i++)
        draw_row(m, canvas_inside(inside, (struct rect){ 0, (int)i, inside.area.w, 1 }), &w,
                 first + i);
}
