#include "crosshair.h"

#include <math.h>

#include "setting.h"

enum { FAR = 10 };

bool crosshair_shown(const struct model *m)
{
    return m->cross;
}

bool crosshair_in_picture(const struct model *m)
{
    return m->cross && m->focus == PANE_PICTURE;
}

bool crosshair_in_plot(const struct model *m)
{
    return m->cross && (m->focus == PANE_SPECTRUM || m->focus == PANE_ERROR);
}

bool crosshair_moves(const struct model *m)
{
    return crosshair_in_picture(m) || crosshair_in_plot(m);
}

static struct region looked_at(const struct model *m, int *wide, int *high)
{
    double rows, cols;
    struct region region;
    model_frame(m, wide, high, &region);
    model_shape(m, &rows, &cols);
    return zoom_whole(region, rows, cols);
}

void crosshair_end(struct model *m)
{
    m->cross = false;
}

void crosshair_toggle(struct model *m)
{
    int wide, high;
    if (m->cross || !m->subject) {
        m->cross = false;
        return;
    }
    if (m->focus == PANE_FORM)
        m->focus = PANE_SPECTRUM;
    struct region r = looked_at(m, &wide, &high);
    m->cross = true;
    m->cross_rank = model_rank(m) > 0 ? model_rank(m) : 1;
    m->cross_row = r.row + (floor(high / 2.0) + 0.5) * r.rows / high; /* a pixel's middle */
    m->cross_col = r.col + (floor(wide / 2.0) + 0.5) * r.cols / wide;
}

static double moved(double at, double by, double start, double length)
{
    double half = fabs(by) / 2;
    return fmax(start + half, fmin(at + by, start + length - half));
}

/* By pixels of the picture, or by ranks. */
static void move(struct model *m, int right, int down)
{
    int wide, high;
    struct region r = looked_at(m, &wide, &high);
    if (crosshair_in_plot(m)) {
        crosshair_to_rank(m, (double)m->cross_rank + right);
    } else if (crosshair_in_picture(m) && wide > 0) {
        if (right)
            m->cross_col = moved(m->cross_col, right * r.cols / wide, r.col, r.cols);
        if (down)
            m->cross_row = moved(m->cross_row, down * r.rows / high, r.row, r.rows);
    }
}

void crosshair_to(struct model *m, double down, double right)
{
    int wide, high;
    struct region r = looked_at(m, &wide, &high);
    m->cross_row = moved(r.row + down * r.rows, 0, r.row, r.rows * (1 - 1e-9));
    m->cross_col = moved(r.col + right * r.cols, 0, r.col, r.cols * (1 - 1e-9));
}

void crosshair_to_rank(struct model *m, double rank)
{
    double side = fmin((double)m->subject->rows, (double)m->subject->cols);
    m->cross_rank = (size_t)fmax(1, fmin(round(rank), side));
}

void crosshair_left(struct model *m)
{
    move(m, -1, 0);
}

void crosshair_right(struct model *m)
{
    move(m, 1, 0);
}

void crosshair_far_left(struct model *m)
{
    move(m, -FAR, 0);
}

void crosshair_far_right(struct model *m)
{
    move(m, FAR, 0);
}

void crosshair_up(struct model *m)
{
    move(m, 0, -1);
}

void crosshair_down(struct model *m)
{
    move(m, 0, 1);
}

void crosshair_take(struct model *m)
{
    const struct param *rank = param_find(&m->method->params, "rank");
    if (!m->cross)
        model_say(m, false, "there is no crosshair - c puts one into the plots");
    else if (rank)
        setting_put(m, rank, (double)m->cross_rank);
    else
        model_say(m, true, "%s has no rank", m->method->name);
}
