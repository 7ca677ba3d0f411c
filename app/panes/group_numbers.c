/* The chosen group at its rank: what it loses, what it takes, and whether anything is shared. */

#include "panes.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "form.h"

enum { TEXT = 320, BOX = 8, LABEL = 9 };

static void add(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(char *out, const char *format, ...)
{
    size_t n = strlen(out);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out + n, TEXT - n, format, arguments);
    va_end(arguments);
}

/* ---- lines ---- */

/* k [  43] 1 #####----- 64, and where the factors stop being smaller. */
static void draw_slider(const struct grouped *g, struct canvas c)
{
    double most = (double)joint_rank_most(&g->shape), even = joint_break_even(&g->shape);
    char end[64];
    snprintf(end, sizeof(end), "%.0f  saves below %.1f", most, even);
    int tail = canvas_text_width(end), bar = c.area.w - 3 - BOX - 3 - tail;
    if (bar < 8) {
        snprintf(end, sizeof(end), "%.0f", most);
        bar = c.area.w - 3 - BOX - 3 - canvas_text_width(end);
    }
    canvas_text(c, 0, 0, INK_TITLE, ATTR_BOLD, "k");
    if (g->rank)
        canvas_printf(c, 2, 0, INK_TEXT, ATTR_BOLD, "[%6zu]", g->rank);
    else
        canvas_text(c, 2, 0, INK_TEXT, ATTR_BOLD, "[ dense]");
    if (bar < 3)
        return;
    struct rect at = { 2 + BOX + 3, 0, bar, 1 };
    canvas_text(c, 2 + BOX + 1, 0, INK_DIM, 0, "1");
    double span = most > 1 ? most - 1 : 1;
    form_bar(c, at.x, 0, bar, g->rank ? ((double)g->rank - 1) / span : 0);
    canvas_rune(c, at.x + (int)fmin((even - 1) / span * bar, bar - 1), 0, INK_KEY,
                c.unicode ? 0x2502 : '|');
    canvas_zone(c, at, ZONE_GROUP_RANK, 0);
    canvas_text(c, at.x + bar + 1, 0, INK_DIM, 0, end);
}

static void joint_line(const struct model *m, const struct grouped *g, char *out)
{
    add(out, "%.2f %% lost:", 100 * joint_error(&g->profile, g->rank));
    for (size_t i = 0; i < g->shape.p; i++) {
        char word[NAME_TEXT];
        grouping_member(m, &g->group.members[i], word, sizeof(word));
        add(out, "%s %.40s %.2f", i ? "," : "", word,
            100 * joint_member_error(&g->profile, i, g->rank));
    }
    add(out, "; keeps %.2f %% of the energy", 100 * joint_energy(&g->profile, g->rank));
}

static void add_ranks(char *out, const size_t *ranks, size_t p)
{
    for (size_t i = 0; i < p; i++)
        add(out, "%s%zu", i ? ", " : "", ranks[i]);
}

static void apart_line(const struct grouped *g, char *out)
{
    size_t even[GROUP_MEMBERS], best[GROUP_MEMBERS];
    if (!grouped_separate(g, false, even) || !grouped_separate(g, true, best))
        return;
    add(out, "%.2f %% at ", 100 * separate_error(&g->profile, even));
    add_ranks(out, even, g->shape.p);
    add(out, " of the same size; at best %.2f %% at ", 100 * separate_error(&g->profile, best));
    add_ranks(out, best, g->shape.p);
}

static void size_line(const struct grouped *g, char *out)
{
    uint64_t dense = joint_dense(&g->shape);
    uint64_t left = g->rank ? joint_parameters(&g->shape, g->rank) : dense;
    char as_half[32], file[32];
    pane_bytes(2 * left, as_half, sizeof(as_half));
    pane_bytes(g->bytes, file, sizeof(file));
    add(out, "%s%" PRIu64 " of %" PRIu64 ", %.2f %%; f16 %s, in the file %s",
        left > dense ? "no smaller: " : "", left, dense, 100 * (double)left / (double)dense,
        as_half, file);
}

static void model_line(const struct grouping *all, char *out)
{
    const struct joint_account *a = &all->account;
    double lost = grouping_error(all);
    add(out, "-%.2f %%; the groups -%.2f %%", 100 * a->prune, 100 * a->modules);
    if (a->left_asked != a->left)
        add(out, " (-%.2f, -%.2f before rounding)", 100 * a->prune_asked, 100 * a->modules_asked);
    if (isfinite(lost))
        add(out, ", they lose %.2f %%", 100 * lost);
    add(out, "; at most -%.2f %%", 100 * a->ceiling);
}

static void null_line(const struct grouped *g, char *out)
{
    const struct joint_null *null = grouped_null(g);
    if (g->shape.p < 2)
        add(out, "one matrix has nothing to share");
    else if (!null)
        add(out, "not tested: n holds it against random rotations");
    else if (!isfinite(null->z))
        add(out, "all rotations lose the same at this rank");
    else
        add(out, "z %.1f, %s: %.2f %% against %.2f +- %.2f (%zu)", null->z,
            null->z > JOINT_NULL_SHARED ? "no shared structure" : "shared structure",
            100 * null->error, 100 * null->mean, 100 * null->deviation, null->draws);
}

static void overlap_line(const struct grouped *g, char *out)
{
    const double *overlap = g->profile.overlap;
    size_t at = g->rank < g->profile.r ? g->rank : g->profile.r, step = g->profile.r + 1;
    bool any = false;
    for (size_t i = 1; overlap && i < g->shape.p; i++) {
        double v = overlap[i * step + at];
        if (isnan(v))
            continue;
        add(out, "%s%.3f", any ? ", " : "", v);
        any = true;
    }
    if (any)
        add(out, " of the %zu leading directions are common; by chance %.3f", at,
            (double)at / (double)g->shape.n);
    else
        add(out, "more directions than a member has");
}

static void put_line(struct canvas c, int *y, const char *label, enum ink ink, const char *text)
{
    int x = c.area.w < 40 ? 0 : LABEL;
    if (!*text || *y >= c.area.h)
        return;
    struct canvas line = canvas_inside(c, (struct rect){ x, *y, c.area.w - x, 1 });
    if (x)
        canvas_text(c, 0, *y, INK_DIM, 0, label);
    if (canvas_text(line, 0, 0, ink, 0, text) > line.area.w)
        canvas_text(line, line.area.w - 2, 0, ink, 0, "..");
    ++*y;
}

static void draw_known(const struct model *m, const struct grouped *g, struct canvas c, int *y)
{
    char text[TEXT] = "";
    const struct joint_null *null = grouped_null(g);
    bool shared = null && null->z <= JOINT_NULL_SHARED;
    if (g->rank) {
        joint_line(m, g, text);
        put_line(c, y, "joint", INK_TEXT, text);
        text[0] = 0;
        apart_line(g, text);
        put_line(c, y, "apart", INK_TEXT, text);
    }
    text[0] = 0;
    size_line(g, text);
    put_line(c, y, "numbers", g->rank && grouped_keep(g) >= 1 ? INK_WARNING : INK_TEXT, text);
    text[0] = 0;
    null_line(g, text);
    put_line(c, y, "null", !null ? INK_DIM : shared ? INK_GOOD : INK_WARNING, text);
    text[0] = 0;
    if (g->rank && g->shape.p > 1)
        overlap_line(g, text);
    put_line(c, y, "overlap", INK_TEXT, text);
}

void pane_group_numbers(const struct model *m, struct canvas c)
{
    const struct grouping *all = &m->grouping;
    const struct grouped *g = grouping_chosen(m);
    char text[TEXT] = "no group";
    int y = 1;
    struct rect in = pane_inside(c.area.w, c.area.h);
    struct canvas inside = canvas_inside(c, in);
    if (g)
        grouping_name(m, g, text, sizeof(text));
    if (in.h < c.area.h)
        canvas_frame(c, text, all->focus == GROUP_FOCUS_NUMBERS);
    if (!g)
        return;
    inside = canvas_inside(inside, (struct rect){ 1, 0, inside.area.w - 2, inside.area.h });
    draw_slider(g, canvas_inside(inside, (struct rect){ 0, 0, inside.area.w, 1 }));
    if (g->why[0]) {
        put_line(inside, &y, "failed", INK_ERROR, g->why);
    } else if (g->profile.r) {
        draw_known(m, g, inside, &y);
    } else {
        text[0] = 0;
        size_line(g, text);
        put_line(inside, &y, "numbers", INK_TEXT, text);
        put_line(inside, &y, "joint", INK_DIM,
                 all->stopped ? "stopped: Space goes on" : "its matrices are still to be read");
    }
    text[0] = 0;
    model_line(all, text);
    put_line(inside, &y, "model", INK_TEXT, text);
    put_line(inside, &y, "notice", INK_WARNING, all->notice);
}
