/* Error against true size, of every run, and the front of what is not beaten in both. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "memory.h"
#include "plot.h"

static const double DECADES = 4;

struct cloud {
    double *size, *error; /* n each, in one block; the steps behind them, twice as many */
    double *step_size, *step_error;
    size_t n, steps;
};

static bool gather(const struct run_list *l, struct cloud *c)
{
    struct error unused;
    *c = (struct cloud){ 0 };
    double *all = l->n ? memory_alloc(6 * l->n * sizeof(*all), &unused) : NULL;
    if (!all)
        return false;
    *c = (struct cloud){ all, all + l->n, all + 2 * l->n, all + 4 * l->n, l->n, 0 };
    for (size_t i = 0; i < l->n; i++) {
        c->size[i] = run_size(&l->of[i]);
        c->error[i] = 100 * l->of[i].numbers.error;
    }
    return true;
}

/* The least error among rows of the front no larger than each: a staircase. */
static void climb(const struct run_list *l, struct cloud *c)
{
    double last = -1, before = 0;
    for (size_t taken = 0; taken < l->n; taken++) {
        size_t next = l->n;
        for (size_t i = 0; i < l->n; i++)
            if (l->of[i].front && c->size[i] > last && (next == l->n || c->size[i] < c->size[next]))
                next = i;
        if (next == l->n)
            return;
        if (c->steps) {
            c->step_size[c->steps] = c->size[next];
            c->step_error[c->steps++] = before;
        }
        c->step_size[c->steps] = last = c->size[next];
        c->step_error[c->steps++] = before = c->error[next];
    }
}

/* Runs first, references over them, the front over both, then where one is. */
static void draw_points(const struct model *m, const struct plot *p, const struct cloud *c)
{
    const struct run_list *l = &m->runs.list;
    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < l->n; i++) {
            const struct run_row *row = &l->of[i];
            int layer = row->front ? 2 : row->method ? 0 : 1;
            enum ink ink = row->front ? INK_GOOD : row->method ? INK_TEXT : INK_WARNING;
            char mark = row->front ? '*' : !row->method ? 'r' : row->final ? 'o' : '~';
            if (layer == pass)
                plot_mark(p, c->size[i], c->error[i], ink, mark);
        }
    if (m->runs.at < l->n)
        plot_mark(p, c->size[m->runs.at], c->error[m->runs.at], INK_MARK, '>');
}

void pane_run_plot(const struct model *m, struct canvas c)
{
    const struct run_list *l = &m->runs.list;
    struct rect in = pane_inside(c.area.w, c.area.h);
    struct canvas inside = canvas_inside(c, in);
    struct cloud cloud;
    bool floor, unused;
    if (in.h < c.area.h)
        canvas_frame(c, "error vs true bits (log-log)", m->runs.plot);
    if (!gather(l, &cloud))
        return;
    struct axis x = plot_axis(cloud.size, l->n, true, DECADES, &unused);
    struct axis y = plot_axis(cloud.error, l->n, true, DECADES, &floor);
    y.percent = true;
    struct plot p = plot_begin(inside, x, y, floor);
    climb(l, &cloud);
    plot_curve(&p, cloud.step_size, cloud.step_error, cloud.steps, INK_CURVE);
    draw_points(m, &p, &cloud);
    memory_free(cloud.size);
}
