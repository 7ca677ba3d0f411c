/* One picture or matrix: what a rank keeps of it, its spectrum, the error, the knobs. */

#include "panes/panes.h"
#include "view.h"

enum { SMALL_WIDTH = 60, SMALL_HEIGHT = 13, WIDE = 100, THREE_COLUMNS = 150, BOTH = 20 };

/* Rectangles inside the view's area; w 0: not shown. */
struct layout {
    struct rect pane[PANE_COUNT];
};

/* A pure function of size and focus. Small: the focused pane alone. Otherwise the
 * sliders along the foot, the picture on the left, and on the right both plots, or,
 * on a low screen, the focused one. */
static struct layout layout_of(int w, int h, enum pane_id focus)
{
    struct layout l = { 0 };
    bool both;
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
        enum pane_id plot = focus == PANE_ERROR ? PANE_ERROR : PANE_SPECTRUM;
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
    struct layout l = layout_of(c.area.w, c.area.h, m->focus);
    for (int i = 0; i < PANE_COUNT; i++)
        if (l.pane[i].w > 0)
            panes[i](m, canvas_inside(c, l.pane[i]));
}

/* As if the picture were focused, so that a small screen that shows another pane
 * does not lose the picture it has; never 0 once something is open. */
static void picture_size(const struct model *m, int width, int height, int *pixels_wide,
                         int *pixels_high)
{
    struct rect area = view_area(width, height);
    struct rect r = layout_of(area.w, area.h, PANE_PICTURE).pane[PANE_PICTURE];
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

static void original(struct model *m)
{
    m->original = !m->original;
}

/* clang-format off */
static const struct action actions[] = {
    { "original", "o", "Picture", "the original instead of the approximation, and back", "original", original },
    { "gaps", "i", "Plots", "gaps sigma_i - sigma_i+1 instead of sigma_i, and back", "gaps", gaps },
    { "y-scale", "Y", "Plots", "spectrum: log, linear, log relative to sigma_1", "y scale", y_scale },
    { "x-log", "X", "Plots", "ranks on a log axis, and back", "x log", x_log },
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
