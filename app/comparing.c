#include "comparing.h"

#include <math.h>
#include <stdio.h>

#include "view.h"

/* No picture is so large that less would be a step. */
static const double PAN = 0.125;

static void keep(struct model *m, int i)
{
    if (!model_chosen(m)) {
        model_say(m, true, "there is nothing to keep yet");
        return;
    }
    slot_keep(m, i);
    const struct slot *s = &m->slots[i];
    char rank[32] = "";
    if (s->shown && s->numbers.rank > 0)
        snprintf(rank, sizeof(rank), " k=%zu", s->numbers.rank);
    model_say(m, false, "%c: %s%s", 'A' + i, s->method->name, rank);
}

void comparing_keep_a(struct model *m)
{
    keep(m, SLOT_A);
}

void comparing_keep_b(struct model *m)
{
    keep(m, SLOT_B);
}

/* Whatever lies over it goes; the second press takes it away. */
void comparing_wipe(struct model *m)
{
    m->wipe = m->original || m->difference || m->heat.on || !m->wipe;
    m->original = m->difference = m->heat.on = false;
}

void comparing_difference(struct model *m)
{
    m->difference = m->original || m->heat.on || !m->difference;
    m->original = m->heat.on = false;
}

void comparing_original(struct model *m)
{
    m->original = !m->original;
}

void comparing_swap(struct model *m)
{
    m->swapped = !m->swapped;
    if (!m->wipe && !m->difference)
        model_say(m, false, "A and B have changed sides - w or d shows them");
}

void comparing_channel(struct model *m)
{
    int planes = m->subject ? (int)m->subject->planes : 1;
    if (planes < 3)
        model_say(m, false, "there is one plane only");
    else
        m->channel = (m->channel + 1) % (planes + 1);
}

static void move_bar(struct model *m, int columns)
{
    int wide, high;
    struct region region;
    model_frame(m, &wide, &high, &region);
    if (wide < 1)
        return;
    double at = floor(m->wipe_at * wide) + columns;
    m->wipe_at = (fmax(0, fmin(at, wide - 1)) + 0.5) / wide; /* the middle of its column */
}

void comparing_bar_left(struct model *m)
{
    move_bar(m, -1);
}

void comparing_bar_right(struct model *m)
{
    move_bar(m, 1);
}

void comparing_bar_far_left(struct model *m)
{
    move_bar(m, -10);
}

void comparing_bar_far_right(struct model *m)
{
    move_bar(m, 10);
}

void comparing_bar_to(struct model *m, double share)
{
    m->wipe_at = fmax(0, fmin(share, 1));
    move_bar(m, 0);
}

bool comparing_wiping(const struct model *m)
{
    return m->wipe && !m->difference && !m->original && !m->heat.on;
}

/* The scale at which the whole fits; 0: nothing is open. */
static double fitting(const struct model *m, double *rows, double *cols)
{
    struct model whole = *m; /* a copy to read from */
    int wide, high;
    whole.zoom = (struct zoom){ 0 };
    m->view->picture_size(&whole, m->width, m->height, &wide, &high);
    if (!model_shape(m, rows, cols) || wide < 1)
        return 0;
    return fmin(wide / *cols, high / *rows);
}

static void zoom_times(struct model *m, double by)
{
    double rows, cols, fit = fitting(m, &rows, &cols);
    if (fit > 0)
        zoom_by(&m->zoom, by, fit, rows, cols);
    model_looked(m);
}

static struct region looked_at(const struct model *m)
{
    double rows, cols;
    int wide, high;
    struct region region;
    model_frame(m, &wide, &high, &region);
    model_shape(m, &rows, &cols);
    return zoom_whole(region, rows, cols);
}

void comparing_zoom_at(struct model *m, double by, double down, double right)
{
    struct region old = looked_at(m);
    zoom_times(m, by);
    if (!(m->zoom.scale > 0))
        return;
    struct region new = looked_at(m);
    m->zoom.row = old.row + down * old.rows + (0.5 - down) * new.rows;
    m->zoom.col = old.col + right * old.cols + (0.5 - right) * new.cols;
    model_looked(m);
}

void comparing_zoom_in(struct model *m)
{
    zoom_times(m, 2);
}

void comparing_zoom_out(struct model *m)
{
    zoom_times(m, 0.5);
}

void comparing_zoom_fit(struct model *m)
{
    m->zoom = (struct zoom){ 0 };
    model_looked(m);
}

void comparing_zoom_one(struct model *m)
{
    double rows, cols;
    if (model_shape(m, &rows, &cols))
        zoom_to(&m->zoom, 1, rows, cols);
    model_looked(m);
}

static void pan(struct model *m, double down, double right)
{
    double rows, cols;
    int wide, high;
    struct region region;
    model_frame(m, &wide, &high, &region);
    if (model_shape(m, &rows, &cols))
        zoom_move(&m->zoom, region, down, right, rows, cols);
    model_looked(m);
}

void comparing_pan_left(struct model *m)
{
    pan(m, 0, -PAN);
}

void comparing_pan_right(struct model *m)
{
    pan(m, 0, PAN);
}

void comparing_pan_up(struct model *m)
{
    pan(m, -PAN, 0);
}

void comparing_pan_down(struct model *m)
{
    pan(m, PAN, 0);
}

bool comparing_panning(const struct model *m)
{
    return m->focus == PANE_PICTURE && m->zoom.scale > 0;
}
