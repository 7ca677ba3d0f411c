#include "mouse.h"

#include <math.h>
#include <string.h>

#include "actions.h"
#include "comparing.h"
#include "crosshair.h"
#include "form.h"
#include "overlay.h"
#include "player.h"
#include "plot.h"
#include "setting.h"
#include "theatre_point.h"

enum { COARSE = 10 /* steps of the wheel with Shift */, PAGE = 3 /* lines of a list */ };

struct hit {
    enum zone zone;
    size_t index;
    int x, left, width; /* where in the row of cells of that zone */
};

static const struct cell *cell_of(const struct grid *g, int x, int y)
{
    bool inside = x >= 0 && y >= 0 && x < g->width && y < g->height;
    return inside ? &g->cells[(size_t)y * (size_t)g->width + (size_t)x] : NULL;
}

static bool alike(const struct cell *a, const struct cell *b)
{
    return a && b && a->zone == b->zone && a->zone_index == b->zone_index;
}

static struct hit find(const struct grid *g, int x, int y)
{
    const struct cell *here = cell_of(g, x, y);
    struct hit h = { .x = x, .left = x, .width = 1 };
    if (!here)
        return h;
    h.zone = (enum zone)here->zone;
    h.index = here->zone_index;
    while (alike(here, cell_of(g, h.left - 1, y)))
        h.left--;
    while (alike(here, cell_of(g, h.left + h.width, y)))
        h.width++;
    return h;
}

/* 0 on the first cell, 1 on the last, outside as on the nearest. */
static double along(const struct model *m, int x)
{
    double last = m->grip.width > 1 ? m->grip.width - 1 : 1;
    return fmin(fmax((x - m->grip.left) / last, 0), 1);
}

static const struct param *row(const struct model *m, size_t index)
{
    return model_row(m, index);
}

static void put(struct model *m, const struct param *p, double value)
{
    setting_put(m, p, p->kind == PARAM_INT ? floor(value + 0.5) : value);
}

static void slide(struct model *m, int x)
{
    const struct param *p = row(m, m->grip.index);
    if (p)
        put(m, p, form_value(p, along(m, x), model_limit(m, p)));
}

/* The rank that is drawn in this cell: of a braille cell's two columns, between them. */
static void choose_rank(struct model *m, int x)
{
    const struct param *p = param_find(&m->method->params, "rank");
    int dots = m->grip.width * (m->unicode ? 2 : 1), at = x - m->grip.left;
    at = at < 0 ? 0 : at >= m->grip.width ? m->grip.width - 1 : at;
    if (!p) {
        model_say(m, false, "%s has no rank", m->method->name);
        return;
    }
    struct axis a = { .lo = 1, .hi = fmax(model_limit(m, p), 2), .log = m->x_log };
    double dot = m->unicode ? 2 * at + 0.5 : at;
    if (at == 0 || at == m->grip.width - 1)
        dot = at ? dots - 1 : 0; /* the ends can be reached */
    double rank = plot_value(a, dots > 1 ? dot / (dots - 1) : 0);
    if (m->cross)
        crosshair_to_rank(m, rank);
    else
        put(m, p, rank);
}

static void focus_row(struct model *m, size_t index)
{
    m->focus = PANE_FORM;
    if (model_row(m, index))
        m->field = index;
}

/* A menu was opened by the pointer, and a recording knows nothing of it. */
static void close_top(struct model *m)
{
    if (m->overlay != OVERLAY_NONE && m->overlay != OVERLAY_MENU && m->recorder)
        recorder_key(m->recorder, m, "Esc", NULL);
    if (m->overlay != OVERLAY_NONE)
        overlay_close(m);
}

/* ---- the left button, by what it is on ---- */

static void press_nothing(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)m, (void)g, (void)h, (void)y;
}

static void press_tab(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    char key[2] = { (char)('0' + view_digit(views[h->index])), 0 };
    action_press(m, key, 0);
}

static void press_pane(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    if (h->index < PANE_COUNT)
        m->focus = (enum pane_id)h->index;
}

static void press_field(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    focus_row(m, h->index);
}

static void press_bar(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    focus_row(m, h->index);
    m->grip = (struct grip){ ZONE_BAR, h->index, h->left, h->width };
    slide(m, h->x);
}

static void press_choice(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    focus_row(m, h->index / ZONE_CHOICES);
    const struct param *p = row(m, h->index / ZONE_CHOICES);
    if (p)
        put(m, p, (double)(h->index % ZONE_CHOICES));
}

/* Left of the data is the axis, which is the pane's own. */
static void press_rank(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    const struct cell *beside = cell_of(g, h->left - 1, y);
    if (beside && beside->zone == ZONE_PANE && beside->zone_index < PANE_COUNT)
        m->focus = (enum pane_id)beside->zone_index;
    m->grip = (struct grip){ ZONE_RANK, h->index, h->left, h->width };
    choose_rank(m, h->x);
}

/* The first row of cells of the zone around (x, y). */
static int top_of(const struct grid *g, int x, int y)
{
    while (alike(cell_of(g, x, y), cell_of(g, x, y - 1)))
        y--;
    return y;
}

/* Rows of cells that the picture has. */
static int picture_rows(const struct model *m)
{
    int wide, high;
    struct region region;
    model_frame(m, &wide, &high, &region);
    return high > 2 ? high / 2 : 1;
}

/* The crosshair, or else the wipe's bar, comes to the pointer. */
static void reach(struct model *m, int x, int y)
{
    double right = (x - m->grip.left + 0.5) / (m->grip.width > 0 ? m->grip.width : 1);
    double down = (y - (int)m->grip.index + 0.5) / picture_rows(m);
    if (crosshair_in_picture(m))
        crosshair_to(m, fmin(fmax(down, 0), 1), fmin(fmax(right, 0), 1));
    else if (comparing_wiping(m))
        comparing_bar_to(m, right);
}

static void press_picture(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    m->focus = PANE_PICTURE;
    m->grip = (struct grip){ ZONE_PICTURE, (size_t)top_of(g, h->x, y), h->left, h->width };
    reach(m, h->x, y);
}

static void press_run(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    m->runs.at = h->index;
    m->runs.plot = false;
}

/* A cell holds no more of a row's number than says how far it is from where one is. A click where one
 * is already does what Enter does. */
static void press_tensor(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    int by = (int16_t)(uint16_t)(h->index - (m->browse.at & 0xffff));
    m->browse.focus = BROWSE_TREE;
    browse_move(m, by);
    if (!by && browse_folder(m))
        browse_fold(m, !browse_folder(m)->open);
}

static void press_browse(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    if (h->index < BROWSE_PANES)
        m->browse.focus = (enum browse_pane)h->index;
}

static void press_layer(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    m->browse.focus = BROWSE_FACTS;
    layer_map_go(m, h->index);
}

static void press_group(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    m->grouping.at = h->index;
    m->grouping.focus = GROUP_FOCUS_LIST;
}

static void slide_group(struct model *m, int x)
{
    const struct grouped *g = grouping_chosen(m);
    if (g)
        grouping_rank(m, 1 + along(m, x) * (double)(joint_rank_most(&g->shape) - 1));
}

static void press_group_rank(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    m->grip = (struct grip){ ZONE_GROUP_RANK, 0, h->left, h->width };
    slide_group(m, h->x);
}

static void press_theatre(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    m->grip = (struct grip){ h->zone, h->index, h->left, h->width };
    theatre_point(m, h->zone, h->index, along(m, h->x));
}

static void press_line(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    while (m->overlay_line != h->index) { /* as keys do it, which are recorded */
        size_t before = m->overlay_line;
        action_press(m, before < h->index ? "Down" : "Up", 0);
        if (m->overlay_line == before)
            return;
    }
    action_press(m, "Enter", 0);
}

static void press_action(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    (void)g, (void)y;
    const struct action *a = action_numbered(m, (int)h->index);
    close_top(m);
    if (a && m->recorder)
        recorder_key(m->recorder, m, "", a->name);
    if (a)
        action_run(m, a);
}

/* clang-format off */
static const struct {
    void (*press)(struct model *m, const struct grid *g, const struct hit *h, int y);
    bool on_top; /* also part of what lies over the view */
} zones[] = {
    [ZONE_NONE] = { press_nothing, false },   [ZONE_TAB] = { press_tab, false },
    [ZONE_PANE] = { press_pane, false },      [ZONE_FIELD] = { press_field, false },
    [ZONE_BAR] = { press_bar, false },        [ZONE_CHOICE] = { press_choice, false },
    [ZONE_RANK] = { press_rank, false },      [ZONE_LINE] = { press_line, true },
    [ZONE_ACTION] = { press_action, true },   [ZONE_OVERLAY] = { press_nothing, true },
    [ZONE_PICTURE] = { press_picture, false }, [ZONE_RUN] = { press_run, false },
    [ZONE_TENSOR] = { press_tensor, false },  [ZONE_BROWSE] = { press_browse, false },
    [ZONE_LAYER] = { press_layer, false },
    [ZONE_THEATRE] = { press_theatre, false }, [ZONE_THEATRE_BAR] = { press_theatre, false },
    [ZONE_THEATRE_PANE] = { press_theatre, false }, [ZONE_THEATRE_TIME] = { press_theatre, false },
    [ZONE_GROUP] = { press_group, false },    [ZONE_GROUP_RANK] = { press_group_rank, false },
};
/* clang-format on */

/* A click beside a menu closes it; beside the export dialog, whose line would be lost, it
 * does nothing. */
static void press(struct model *m, const struct grid *g, const struct mouse *e)
{
    struct hit h = find(g, e->x, e->y);
    if (m->overlay != OVERLAY_NONE && !zones[h.zone].on_top) {
        if (m->overlay != OVERLAY_EXPORT)
            close_top(m);
        return;
    }
    zones[h.zone].press(m, g, &h, e->y);
}

/* ---- the wheel ---- */

static void run(struct model *m, const char *name)
{
    const struct action *a = action_find(m, name);
    if (a)
        action_do(m, a);
}

static void wheel_row(struct model *m, size_t index, int direction, int steps)
{
    focus_row(m, index);
    for (int i = 0; i < steps && row(m, index); i++)
        setting_step(m, row(m, index), direction, false);
}

static void wheel(struct model *m, const struct grid *g, const struct mouse *e)
{
    struct hit h = find(g, e->x, e->y);
    bool up = e->kind == MOUSE_UP;
    size_t index = h.zone == ZONE_CHOICE ? h.index / ZONE_CHOICES : h.index;
    int steps = e->shift ? COARSE : 1;
    if (m->overlay != OVERLAY_NONE || h.zone == ZONE_LINE) {
        for (int i = 0; i < (m->overlay == OVERLAY_HELP ? PAGE : 1); i++)
            action_press(m, up ? "Up" : "Down", 0);
    } else if (h.zone == ZONE_FIELD || h.zone == ZONE_BAR || h.zone == ZONE_CHOICE) {
        wheel_row(m, index, up ? 1 : -1, steps);
    } else if (h.zone == ZONE_RANK) {
        for (int i = 0; i < steps; i++)
            run(m, up ? "more" : "fewer");
    } else if (h.zone == ZONE_RUN) {
        for (int i = 0; i < steps; i++)
            run(m, up ? "row-up" : "row-down");
    } else if (h.zone == ZONE_TENSOR) {
        browse_move(m, up ? -steps : steps);
    } else if (h.zone == ZONE_GROUP || h.zone == ZONE_GROUP_RANK) {
        bool list = h.zone == ZONE_GROUP;
        for (int i = 0; i < steps; i++)
            run(m, list ? (up ? "group-up" : "group-down") : (up ? "more-ranks" : "fewer-ranks"));
    } else if (h.zone == ZONE_THEATRE || h.zone == ZONE_THEATRE_BAR) {
        theatre_point(m, ZONE_THEATRE, h.index, 0);
        for (int i = 0; i < steps; i++)
            run(m, worlds_away(m) ? (up ? "term-more" : "term-less") : (up ? "more" : "less"));
    } else if (h.zone == ZONE_PICTURE) {
        double down = (e->y - top_of(g, e->x, e->y) + 0.5) / picture_rows(m);
        comparing_zoom_at(m, up ? 2 : 0.5, down, (h.x - h.left + 0.5) / h.width);
    }
}

/* ---- the right button ---- */

static const char *const pane_help[PANE_COUNT] = {
    [PANE_PICTURE] = "the picture as the approximation keeps it; o shows the original",
    [PANE_SPECTRUM] = "singular values by rank; click or drag sets the rank, i gaps, Y scale",
    [PANE_ERROR] = "the least error of each rank, and where this setting stands; click sets it",
    [PANE_FORM] = "parameters of the method: click or drag a slider, = types a value",
};

static void explain(struct model *m, const struct hit *at)
{
    struct hit h = *at;
    size_t index = h.zone == ZONE_CHOICE ? h.index / ZONE_CHOICES : h.index;
    bool of_row = h.zone == ZONE_FIELD || h.zone == ZONE_BAR || h.zone == ZONE_CHOICE;
    const struct param *p = of_row ? row(m, index) : NULL;
    const struct action *a = h.zone == ZONE_ACTION ? action_numbered(m, (int)h.index) : NULL;
    if (p)
        model_say(m, false, "%s: %s", p->title, p->help);
    else if (a)
        model_say(m, false, "%s: %s (%s)", a->name, a->help, a->keys);
    else if (h.zone == ZONE_PANE && h.index < PANE_COUNT)
        model_say(m, false, "%s", pane_help[h.index]);
    else if (h.zone == ZONE_RANK)
        model_say(m, false, "%s", pane_help[PANE_SPECTRUM]);
    else if (h.zone == ZONE_PICTURE)
        model_say(m, false, "%s", pane_help[PANE_PICTURE]);
    else if (h.zone == ZONE_TAB)
        model_say(m, false, "%s", views[h.index]->summary);
    else if (h.zone == ZONE_LINE && m->overlay == OVERLAY_METHODS)
        model_say(m, false, "%s", methods[h.index]->summary);
}

/* Which actions fit a cell, and what they are to be about. */
static enum menu_place aim_at(struct model *m, const struct grid *g, const struct hit *h, int y)
{
    size_t index = h->zone == ZONE_CHOICE ? h->index / ZONE_CHOICES : h->index;
    const struct cell *beside = cell_of(g, h->left - 1, y);
    if (h->zone == ZONE_FIELD || h->zone == ZONE_BAR || h->zone == ZONE_CHOICE) {
        focus_row(m, index);
        return MENU_FORM;
    }
    if (h->zone == ZONE_PICTURE)
        index = PANE_PICTURE;
    else if (h->zone == ZONE_RANK && beside && beside->zone == ZONE_PANE)
        index = beside->zone_index; /* the axis */
    else if (h->zone != ZONE_PANE)
        index = PANE_COUNT;
    if (index >= PANE_COUNT)
        return h->zone == ZONE_RANK ? MENU_PLOT : MENU_REST;
    m->focus = (enum pane_id)index;
    return index == PANE_PICTURE ? MENU_PICTURE : index == PANE_FORM ? MENU_FORM : MENU_PLOT;
}

/* The menu, but not of another thing that lies on top. */
static void press_right(struct model *m, const struct grid *g, const struct mouse *e)
{
    struct hit h = find(g, e->x, e->y);
    bool on_menu = m->overlay == OVERLAY_MENU && (h.zone == ZONE_OVERLAY || h.zone == ZONE_ACTION);
    explain(m, &h);
    if (on_menu || (m->overlay != OVERLAY_NONE && m->overlay != OVERLAY_MENU))
        return;
    overlay_close(m);
    overlay_menu(m, aim_at(m, g, &h, e->y), e->x, e->y);
}

static void take(struct model *m, const struct grid *g, const struct mouse *e)
{
    if (e->kind == MOUSE_RELEASE) {
        m->grip = (struct grip){ 0 };
        return;
    }
    if (e->kind == MOUSE_DRAG) {
        if (m->grip.zone == ZONE_BAR)
            slide(m, e->x);
        else if (m->grip.zone == ZONE_RANK)
            choose_rank(m, e->x);
        else if (m->grip.zone == ZONE_GROUP_RANK)
            slide_group(m, e->x);
        else if (m->grip.zone == ZONE_THEATRE_BAR || m->grip.zone == ZONE_THEATRE_TIME)
            theatre_point(m, m->grip.zone, m->grip.index, along(m, e->x));
        else if (m->grip.zone == ZONE_PICTURE)
            reach(m, e->x, e->y);
        return;
    }
    m->message[0] = m->prefix[0] = 0;
    m->await = NULL;
    m->sweeping = false;
    m->message_is_error = m->quit_asked = false;
    m->grip = (struct grip){ 0 };
    m->pointer_x = e->x;
    m->pointer_y = e->y;
    if (e->kind != MOUSE_PRESS)
        wheel(m, g, e);
    else if (e->button == 1)
        press(m, g, e);
    else if (e->button == 3)
        press_right(m, g, e);
    m->pointer_x = m->pointer_y = -1;
}

void mouse_take(struct model *m, const struct grid *g, const struct mouse *e)
{
    if (m->recorder)
        recorder_before(m->recorder, m);
    take(m, g, e);
    if (m->recorder)
        recorder_after(m->recorder, m);
}
