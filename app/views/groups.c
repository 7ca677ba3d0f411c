/* Matrices that share an input, and one right factor for each such group: ranks by a rule or by hand, with
 * what they cost, what they lose, and whether the matrices have anything in common. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "line.h"
#include "panes/panes.h"
#include "reproduce.h"
#include "view.h"

static void draw_plots(const struct model *m, struct canvas c, const struct group_layout *l)
{
    for (int i = 0; i < l->columns * l->rows; i++) {
        int x = i / l->rows, y = i % l->rows;
        int left = c.area.w * x / l->columns, right = c.area.w * (x + 1) / l->columns;
        int top = c.area.h * y / l->rows, bottom = c.area.h * (y + 1) / l->rows;
        pane_group_plot(m, canvas_inside(c, (struct rect){ left, top, right - left, bottom - top }),
                        (m->grouping.page + i) % GROUP_PAGES);
    }
}

/* Small, or full: what has the focus, alone. Otherwise numbers along the foot, the list on the left, plots on
 * the right. */
static void draw(const struct model *m, struct canvas c)
{
    int focus = m->grouping.focus, w = c.area.w, h = c.area.h;
    struct group_layout l = group_layout(m->full, w, h);
    struct rect list = { 0, 0, l.list_wide, h - l.numbers_high };
    struct rect plots = { list.w, 0, w - list.w, list.h };
    struct rect numbers = { 0, list.h, w, l.numbers_high };
    if (!l.list_wide)
        *(focus == GROUP_FOCUS_LIST   ? &list
          : focus == GROUP_FOCUS_PLOT ? &plots
                                      : &numbers) = (struct rect){ 0, 0, w, h };
    if (l.list_wide || focus == GROUP_FOCUS_LIST)
        pane_group_list(m, canvas_inside(c, list));
    if (l.list_wide || focus == GROUP_FOCUS_NUMBERS)
        pane_group_numbers(m, canvas_inside(c, numbers));
    if (l.list_wide || focus == GROUP_FOCUS_PLOT)
        draw_plots(m, canvas_inside(c, plots), &l);
}

static void picture_size(const struct model *m, int width, int height, int *pixels_wide,
                         int *pixels_high)
{
    (void)m, (void)width, (void)height;
    *pixels_wide = *pixels_high = 0;
}

/* The chosen group's matrices; where there is no room its rank and error. */
static void line(const struct model *m, int width, char *out, size_t size)
{
    const struct grouped *g = grouping_chosen(m);
    char text[1024];
    out[0] = 0;
    if (!g) {
        snprintf(out, size, "no groups here; :group NAME,NAME makes one");
        return;
    }
    grouping_text(m, g, text, sizeof(text));
    snprintf(out, size, "%s", text);
    if (canvas_text_width(out) > width && g->profile.r && g->rank)
        snprintf(out, size, "%s: k=%zu %.2f%%", g->group.name, g->rank,
                 100 * joint_error(&g->profile, g->rank));
    if (canvas_text_width(out) > width && g->profile.r && g->rank)
        snprintf(out, size, "k=%zu %.2f%%", g->rank, 100 * joint_error(&g->profile, g->rank));
}

/* ---- actions ---- */

static void move(struct model *m, int by)
{
    m->grouping.at = cursor_moved(m->grouping.at, m->grouping.n, by);
}

/* A group that was left dense begins where its factors begin to be smaller. */
static double rank_now(const struct grouped *g)
{
    return g->rank ? (double)g->rank : ceil(joint_break_even(&g->shape));
}

static void step(struct model *m, double by, double factor)
{
    const struct grouped *g = grouping_chosen(m);
    double step = m->grouping.whole ? GROUP_MULTIPLE : 1;
    if (g)
        grouping_rank(m, rank_now(g) * factor + by * step);
}

static void fewer(struct model *m)
{
    step(m, -1, 1);
}

static void more(struct model *m)
{
    step(m, 1, 1);
}

static void half(struct model *m)
{
    step(m, 0, 0.5);
}

static void twice(struct model *m)
{
    step(m, 0, 2);
}

static void least(struct model *m)
{
    grouping_rank(m, 1);
}

/* The largest rank whose factors are smaller than the matrices. */
static void most(struct model *m)
{
    const struct grouped *g = grouping_chosen(m);
    if (g)
        grouping_rank(m, ceil(joint_break_even(&g->shape)) - 1);
}

static void type_rank(struct model *m)
{
    line_open_with(m, "ranks rank ");
}

static void type_rule(struct model *m)
{
    line_open_with(m, "ranks prune ");
}

/* The next rule at about what is set now: as many parameters, or as much energy. */
static void next_rule(struct model *m)
{
    struct grouping *g = &m->grouping;
    const struct joint_account *a = &g->account;
    struct error err;
    char text[64];
    bool ok;
    if (g->rule == JOINT_PRUNE)
        ok = grouping_rule(m, JOINT_BUDGET, (double)a->left, &err);
    else if (g->rule == JOINT_BUDGET)
        ok = grouping_rule(m, JOINT_ENERGY, 0.9, &err);
    else if (g->rule == JOINT_ENERGY)
        ok = grouping_rule(m, JOINT_EDGE, 0, &err);
    else
        ok = grouping_rule(m, JOINT_PRUNE, 0.1, &err) || grouping_rule(m, JOINT_KEEP, 0.8, &err);
    grouping_rule_text(g, text, sizeof(text));
    if (!ok)
        model_say(m, true, "%s", err.text);
    else if (!g->rule_waits)
        model_say(m, false, "ranks by %s: %.2f %% of the model gone", text, 100 * a->prune);
}

/* Of a rule with a share, one percent; of a greedy one, one percent of the model. */
static void shift(struct model *m, double by)
{
    struct grouping *g = &m->grouping;
    struct error err;
    double value = g->value + by;
    if (g->rule == JOINT_BUDGET)
        value = g->value - by * (double)g->model;
    else if (g->rule == JOINT_KEEP)
        value = g->value - by;
    if (g->rule == JOINT_MANUAL || g->rule == JOINT_EDGE)
        model_say(m, false, "ranks are set by hand, one group at a time - p sets them all");
    else if (!grouping_rule(m, (enum joint_rule)g->rule, fmax(value, 0.01), &err))
        model_say(m, true, "%s", err.text);
}

static void prune_less(struct model *m)
{
    shift(m, -0.01);
}

static void prune_more(struct model *m)
{
    shift(m, 0.01);
}

static void multiple(struct model *m)
{
    struct error err;
    if (!grouping_words(m, m->grouping.whole ? "multiple 1" : "multiple 32", &err))
        model_say(m, true, "%s", err.text);
}

static void balance(struct model *m)
{
    int next = (m->grouping.balance + 1) % 3;
    grouping_balance(m, (enum balance)next);
    model_say(m, false, "before stacking, matrices are scaled by their norm: %s",
              balance_names[next]);
}

static void test(struct model *m)
{
    grouping_test(m, false);
}

static void test_all(struct model *m)
{
    grouping_test(m, true);
}

static void edit(struct model *m)
{
    const struct grouped *g = grouping_chosen(m);
    char text[MODEL_LINE], names[MODEL_LINE - 8];
    if (g) {
        grouping_text(m, g, names, sizeof(names));
        snprintf(text, sizeof(text), "group %s", names);
        line_open_with(m, text);
    } else {
        line_open_with(m, "group ");
    }
}

static void next_page(struct model *m)
{
    m->grouping.page = (m->grouping.page + 1) % GROUP_PAGES;
}

static void previous_page(struct model *m)
{
    m->grouping.page = (m->grouping.page + GROUP_PAGES - 1) % GROUP_PAGES;
}

static void next_pane(struct model *m)
{
    m->grouping.focus = (m->grouping.focus + 1) % GROUP_FOCUS_COUNT;
}

static void previous_pane(struct model *m)
{
    m->grouping.focus = (m->grouping.focus + GROUP_FOCUS_COUNT - 1) % GROUP_FOCUS_COUNT;
}

static void full(struct model *m)
{
    m->full = !m->full;
}

/* clang-format off */
static const struct action actions[] = {
    { "group-down", "j Down", "Groups", "the next group", "group", .step = move, .by = 1 },
    { "group-up", "k Up", "Groups", "the group before", "group", .step = move, .by = -1 },
    { "groups-down", "PgDn", "Groups", "ten groups down", NULL, .step = move, .by = LIST_PAGE },
    { "groups-up", "PgUp", "Groups", "ten groups up", NULL, .step = move, .by = -LIST_PAGE },
    { "first-group", "g Home", "Groups", "the first group", NULL, .step = move, .by = -LIST_END },
    { "last-group", "G End", "Groups", "the last group", NULL, .step = move, .by = LIST_END },
    { "fewer-ranks", "h Left -", "Rank of the group", "one less, or 32", "rank", fewer },
    { "more-ranks", "l Right +", "Rank of the group", "one more, or 32", "rank", more },
    { "half-rank", "H", "Rank of the group", "half of it", NULL, half },
    { "twice-rank", "L", "Rank of the group", "twice as many", NULL, twice },
    { "least-rank", "^", "Rank of the group", "one", NULL, least },
    { "most-rank", "$", "Rank of the group", "the largest whose factors are smaller than the matrices", NULL, most },
    { "type-rank", "= Enter", "Rank of the group", "type it", "type", type_rank },
    { "prune", "p", "All ranks", "type how much of the model is to go: the same share of every group", "prune", type_rule },
    { "prune-less", "<", "All ranks", "one percent less is to go", NULL, prune_less },
    { "prune-more", ">", "All ranks", "one percent more", NULL, prune_more },
    { "next-rule", "r", "All ranks", "the next rule: equal shares, greedy, 90 % energy each, noise edge", "rule", next_rule },
    { "multiples", "b", "All ranks", "down to multiples of 32, which block formats can hold, and back", NULL, multiple },
    { "balance", "B", "All ranks", "scale the matrices of a group before stacking: not, by Frobenius or spectral norm", NULL, balance },
    { "null-test", "n", "What is shared", "the group against random rotations: z of the error at every rank", "test", test },
    { "null-tests", "N", "What is shared", "the same of every group", NULL, test_all },
    { "edit-group", "a", "Groups", "a group by hand: names or NAME[FROM:TO] rows, from those of this one", "edit", edit },
    { "drop-group", "d", "Groups", "no longer a group", NULL, grouping_drop },
    { "go-on", "Space", "Groups", "what was stopped goes on", NULL, grouping_go_on },
    { "next-plot", "v", "Screen", "the next plot", "plot", next_page },
    { "previous-plot", "V", "Screen", "the plot before", NULL, previous_page },
    { "other-pane", "Tab", "Screen", "the next pane", NULL, next_pane },
    { "pane-before", "S-Tab", "Screen", "the pane before", NULL, previous_pane },
    { "full-pane", "f", "Screen", "the focused pane alone, and back", NULL, full },
    { 0 },
};
/* clang-format on */

const struct view view_groups = {
    .name = "groups",
    .title = "Groups",
    .summary = "Matrices that share an input: one right factor for each group, its rank, cost and "
               "error, and whether anything is shared.",
    .draw = draw,
    .picture_size = picture_size,
    .actions = actions,
    .number = 7,
    .line = line,
    .command = reproduce_groups,
    .groups = true,
    .own = true,
    .lists = true,
};
