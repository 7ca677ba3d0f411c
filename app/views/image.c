/* One picture or matrix: what a rank keeps of it, its spectrum, the error, the knobs. */

#include "comparing.h"
#include "crosshair.h"
#include "heat.h"
#include "levels.h"
#include "panes/panes.h"
#include "sweep.h"
#include "view.h"

enum { SMALL_WIDTH = 60, SMALL_HEIGHT = 13, WIDE = 100, THREE_COLUMNS = 150, BOTH = 20 };

/* Rectangles inside the view's area; w 0: not shown. */
struct layout {
    struct rect pane[PANE_COUNT];
};

/* A pure function. Small, or full: the focused pane alone. Otherwise the
 * sliders along the foot, the picture on the left, and on the right both plots, or,
 * on a low screen, the focused one. */
static struct layout layout_of(int w, int h, enum pane_id focus, bool full, bool levels)
{
    struct layout l = { 0 };
    bool both;
    if (full) {
        l.pane[focus] = (struct rect){ 0, 0, w, h };
        return l;
    }
    int sliders = h < 18 ? 2 : h < 26 || w >= THREE_COLUMNS ? 4 : 6;
    int form = sliders + PANE_NUMBER_LINES + 2, top = h - form;
    int left = w * (w < WIDE ? 46 : 60) / 100;

    if (w < SMALL_WIDTH || h < SMALL_HEIGHT) {
        l.pane[focus] = (struct rect){ 0, 0, w, h };
        return l;
    }
    both = top >= BOTH;
    l.pane[PANE_PICTURE] = (struct rect){ 0, 0, left, top };
    l.pane[PANE_FORM] = (struct rect){ 0, top, w, form };
    if (both) {
        int upper = (top + 1) / 2;
        l.pane[PANE_SPECTRUM] = (struct rect){ left, 0, w - left, upper };
        l.pane[PANE_ERROR] = (struct rect){ left, upper, w - left, top - upper };
    } else {
        bool error = focus == PANE_ERROR || (levels && focus != PANE_SPECTRUM);
        enum pane_id plot = error ? PANE_ERROR : PANE_SPECTRUM;
        l.pane[plot] = (struct rect){ left, 0, w - left, top };
    }
    return l;
}

static void draw(const struct model *m, struct canvas c)
{
    static void (*const panes[PANE_COUNT])(const struct model *, struct canvas) = {
        [PANE_PICTURE] = pane_picture,
        [PANE_SPECTRUM] = pane_spectrum,
        [PANE_ERROR] = pane_error_curve,
        [PANE_FORM] = pane_parameters,
    };
    struct layout l = layout_of(c.area.w, c.area.h, m->focus, m->full, m->levels.on);
    for (int i = 0; i < PANE_COUNT; i++)
        if (l.pane[i].w > 0)
            (i == PANE_ERROR && m->levels.on ? pane_levels : panes[i])(m,
                                                                       canvas_inside(c, l.pane[i]));
}

/* As if the picture were focused, so that a small screen that shows another pane
 * does not lose the picture it has; never 0 once something is open. */
static void picture_size(const struct model *m, int width, int height, int *pixels_wide,
                         int *pixels_high)
{
    struct rect area = view_area(width, height);
    struct rect r = layout_of(area.w, area.h, PANE_PICTURE, m->full, false).pane[PANE_PICTURE];
    struct rect in = pane_inside(r.w, r.h);
    pane_picture_size(m, in.w > 0 ? in.w : 1, in.h > 0 ? in.h : 1, pixels_wide, pixels_high);
}

static void gaps(struct model *m)
{
    m->gaps = !m->gaps;
}

static void y_scale(struct model *m)
{
    m->y_scale = (m->y_scale + 1) % 3;
}

static void x_log(struct model *m)
{
    m->x_log = !m->x_log;
}

static void full(struct model *m)
{
    m->full = !m->full;
    model_looked(m);
}

/* clang-format off */
static const struct action actions[] = {
    { "keep-a", "a", "Compare", "keep what is shown in slot A", NULL, comparing_keep_a },
    { "keep-b", "b", "Compare", "keep what is shown in slot B", NULL, comparing_keep_b },
    { "wipe", "w", "Compare", "A left and B right of a bar: now and original where none is kept", "wipe", comparing_wipe },
    { "wipe-left", ",", "Compare", "the bar one column to the left", "bar", comparing_bar_left, comparing_wiping },
    { "wipe-right", ".", "Compare", "the bar one column to the right", "bar", comparing_bar_right, comparing_wiping },
    { "wipe-far-left", "<", "Compare", "the bar ten columns to the left", NULL, comparing_bar_far_left, comparing_wiping },
    { "wipe-far-right", ">", "Compare", "the bar ten columns to the right", NULL, comparing_bar_far_right, comparing_wiping },
    { "swap", "x", "Compare", "A and B change sides", NULL, comparing_swap },
    { "difference", "d", "Compare", "A less B, times 8 about mid-grey, and back", NULL, comparing_difference },
    { "heat", "D", "Compare", "where the error is: its root mean square in every pixel, and back", "error map", heat_toggle },
    { "original", "o", "Picture", "the original instead of the approximation, and back", "original", comparing_original },
    { "channel", "v", "Picture", "all planes, or one alone in grey", NULL, comparing_channel },
    { "zoom-in", "zi", "Picture", "twice as large", NULL, comparing_zoom_in },
    { "zoom-out", "zo", "Picture", "half as large, until the whole fits", NULL, comparing_zoom_out },
    { "zoom-fit", "zf", "Picture", "the whole", NULL, comparing_zoom_fit },
    { "zoom-one", "z1", "Picture", "one pixel of the screen for each entry", NULL, comparing_zoom_one },
    { "pan-left", "Left", "Picture", "zoomed, in the picture: what lies to the left", NULL, comparing_pan_left, comparing_panning },
    { "pan-right", "Right", "Picture", "zoomed, in the picture: what lies to the right", NULL, comparing_pan_right, comparing_panning },
    { "pan-up", "Up", "Picture", "zoomed, in the picture: what lies above", NULL, comparing_pan_up, comparing_panning },
    { "pan-down", "Down", "Picture", "zoomed, in the picture: what lies below", NULL, comparing_pan_down, comparing_panning },
    { "crosshair", "c", "Crosshair", "a crosshair in the plots, or in a focused picture, and back", NULL, crosshair_toggle },
    { "cross-left", "h Left", "Crosshair", "one rank or pixel to the left", "cross", crosshair_left, crosshair_moves },
    { "cross-right", "l Right", "Crosshair", "one rank or pixel to the right", "cross", crosshair_right, crosshair_moves },
    { "cross-far-left", "H PgDn", "Crosshair", "ten ranks or pixels to the left", NULL, crosshair_far_left, crosshair_moves },
    { "cross-far-right", "L PgUp", "Crosshair", "ten ranks or pixels to the right", NULL, crosshair_far_right, crosshair_moves },
    { "cross-up", "k Up", "Crosshair", "in the picture: one pixel up", NULL, crosshair_up, crosshair_in_picture },
    { "cross-down", "j Down", "Crosshair", "in the picture: one pixel down", NULL, crosshair_down, crosshair_in_picture },
    { "cross-rank", "*", "Crosshair", "its rank becomes the method's", "take rank", crosshair_take, crosshair_in_plot },
    { "cross-end", "Esc", "Crosshair", "no crosshair any more", "end", crosshair_end, crosshair_shown },
    { "gaps", "i", "Plots", "gaps sigma_i - sigma_i+1 instead of sigma_i, and back", "gaps", gaps },
    { "y-scale", "Y", "Plots", "spectrum: log, linear, log relative to sigma_1", "y scale", y_scale },
    { "x-log", "X", "Plots", "ranks on a log axis, and back", "x log", x_log },
    { "levels", "t", "Plots", "for the error curve: what is rounded, among the levels, and back", "levels", levels_toggle },
    { "sweep", "Space", "Rank", "the rank runs by itself, round and round, until a key is pressed", NULL, sweep_toggle },
    { "full-pane", "f", "Screen", "the focused pane alone, and back", NULL, full },
    { 0 },
};
/* clang-format on */

const struct view view_image = {
    .name = "image",
    .title = "Image",
    .summary = "A picture or matrix at a chosen rank, with its spectrum, its error and its cost.",
    .draw = draw,
    .picture_size = picture_size,
    .actions = actions,
};
