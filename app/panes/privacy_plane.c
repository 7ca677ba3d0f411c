/* Privacy and what it costs: the error of the rank at hand over epsilon, by the first-order law. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "perturbation.h"
#include "plot.h"

static double norm_kept(const struct model *m)
{
    double norm = 0;
    for (size_t i = 0; i < theatre_rank(m); i++)
        norm = hypot(norm, m->theatre.matrix->sigma[i]);
    return norm;
}

/* Of M_k, in percent. Both noises grow in proportion to s, and so does the law. */
static double share(const struct model *m, double s)
{
    const struct theatre_matrix *x = m->theatre.matrix;
    const struct perturbation p = { x->sigma, x->d, 1 };
    return 100 * s * perturbation_error(&p, PERTURBED_REAL, theatre_rank(m)) / norm_kept(m);
}

/* Simulated releases of this setting: their root mean square, and where 90 of 100 lie. */
static void draw_runs(const struct model *m, const struct plot *p)
{
    const struct monte_carlo_band *real = theatre_drawn(m, PERTURBED_REAL);
    double unit = 100 / norm_kept(m), at = m->theatre.set.epsilon;
    if (!real || m->theatre.plain)
        return;
    plot_mark(p, at, unit * real->low, INK_GOOD, '-');
    plot_mark(p, at, unit * real->high, INK_GOOD, '-');
    plot_mark(p, at, unit * real->rms, INK_GOOD, 'r');
}

static void draw_plane(const struct model *m, struct canvas c)
{
    const struct theatre_price *price = &m->theatre.price;
    double ys[2 * THEATRE_POINTS], unit = share(m, 1);
    bool floor;
    for (int i = 0; i < THEATRE_POINTS; i++) {
        ys[i] = unit * price->of_tight[i];
        ys[THEATRE_POINTS + i] = unit * price->of_classical[i];
    }
    const struct axis x = { .lo = price->epsilon[0],
                            .hi = price->epsilon[THEATRE_POINTS - 1] * (1 + 1e-9),
                            .log = true };
    struct axis y = plot_axis(ys, 2 * (size_t)THEATRE_POINTS, true, 5, &floor);
    y.percent = true;
    struct plot p = plot_begin(c, x, y, floor);
    const double ends[] = { x.lo, x.hi }, whole[] = { 100, 100 };
    plot_dashed(&p, ends, whole, 2, INK_DIM);
    plot_dashed(&p, price->epsilon, ys + THEATRE_POINTS, THEATRE_POINTS, INK_BOUND);
    plot_curve(&p, price->epsilon, ys, THEATRE_POINTS, INK_CURVE);
    plot_vertical(&p, m->theatre.set.epsilon, INK_MARK);
    draw_runs(m, &p);
    plot_mark(&p, m->theatre.set.epsilon, unit * price->tight, INK_MARK, 'o');
    plot_mark(&p, m->theatre.set.epsilon, unit * price->classical, INK_BOUND, 'p');
}

void pane_privacy_plane(const struct model *m, struct canvas c)
{
    struct canvas inside = pane_theatre_frame(m, c, THEATRE_FOCUS_PAGE,
                                              "error of M_k over epsilon");
    const struct theatre *t = &m->theatre;
    if (t->set.scene) {
        pane_paragraph(inside, 1, 0, INK_DIM,
                       "A scene has noise of its own: scene=open shows what a promise costs.");
        return;
    }
    if (!t->matrix || !t->price.known)
        return;
    if (isfinite(share(m, 1)))
        draw_plane(m,
                   canvas_inside(inside, (struct rect){ 0, 0, inside.area.w, inside.area.h - 1 }));
    else
        pane_paragraph(inside, 1, 0, INK_DIM,
                       "No gap at this rank: the first-order law says nothing.");
    static const char *const words[] = { "o tight, p Algorithm 1 (dashed): first order; r runs",
                                         "o tight, p Algorithm 1, r runs",
                                         "o tight p Alg. 1 r runs", NULL };
    pane_legend(inside, words);
}
