/* Singular values of the matrix one is on, with what marks a rank: energy, noise, the power law. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "memory.h"
#include "plot.h"

static const double DECADES = 8;

static void level(const struct plot *p, double value, const char *name)
{
    double x[2] = { p->x.lo, p->x.hi }, y[2] = { value, value };
    int rows = p->data.area.h - p->floor, width = canvas_text_width(name);
    if (!(value >= p->y.lo && value <= p->y.hi))
        return;
    plot_dashed(p, x, y, 2, INK_WARNING);
    int row = (int)((1 - plot_fraction(p->y, value)) * (rows - 1) + 0.5);
    if (width + 8 < p->data.area.w)
        canvas_text(p->data, p->data.area.w - width, row, INK_WARNING, 0, name);
}

/* What N(sigma^2 > x) ~ x^(1 - alpha) says of the i-th value, as far as xmin. */
static void draw_law(const struct plot *p, const struct anatomy *a)
{
    const struct spectrum *s = &a->spectrum;
    size_t n = 0;
    struct error unused;
    if (!isfinite(a->law.alpha) || a->law.alpha <= 1)
        return;
    while (n < s->n && s->sigma[n] * s->sigma[n] >= a->law.xmin)
        n++;
    double *y = n > 1 ? memory_alloc(n * sizeof(*y), &unused) : NULL;
    for (size_t i = 0; y && i < n; i++)
        y[i] = sqrt(a->law.xmin * pow(((double)i + 1) / (double)n, -1 / (a->law.alpha - 1)));
    if (y)
        plot_dashed(p, NULL, y, n, INK_BOUND);
    memory_free(y);
}

/* In the frame's foot what the lines are, as much of it as fits. */
static void legend(const struct anatomy *a, struct canvas c)
{
    char text[4][64] = { "" };
    int x = 2, room = c.area.w - 2;
    if (a->rank90)
        snprintf(text[0], sizeof(text[0]), " | r90 %zu ", a->rank90);
    if (isfinite(a->noise.edge))
        snprintf(text[1], sizeof(text[1]), " - MP edge %.3g: %zu above ", a->noise.edge,
                 a->noise.above);
    if (isfinite(a->rounding_edge))
        snprintf(text[2], sizeof(text[2]), " - rounding %.3g: %zu under ", a->rounding_edge,
                 a->below_rounding);
    if (isfinite(a->law.alpha))
        snprintf(text[3], sizeof(text[3]), " alpha %.2f ", a->law.alpha);
    for (int i = 0; i < 4; i++) {
        int width = canvas_text_width(text[i]);
        if (!width || x + width > room)
            continue;
        canvas_text(c, x, c.area.h - 1,
                    i == 0   ? INK_MARK
                    : i == 3 ? INK_BOUND
                             : INK_WARNING,
                    0, text[i]);
        x += width + 1;
    }
}

static void draw(const struct model *m, const struct anatomy *a, struct canvas c)
{
    const struct spectrum *s = &a->spectrum;
    bool floor, log = m->y_scale != 1;
    double side = (double)(a->rows < a->cols ? a->rows : a->cols);
    struct axis x = { .lo = 1, .hi = side > 1 ? side : 2, .log = m->x_log, .whole = true };
    struct axis y = plot_axis(s->sigma, s->n, log, DECADES, &floor);
    struct plot p = plot_begin(c, x, y, floor);
    if (a->rank90)
        plot_vertical(&p, (double)a->rank90, INK_MARK);
    draw_law(&p, a);
    plot_curve(&p, NULL, s->sigma, s->n, INK_CURVE);
    level(&p, a->noise.edge, "MP");
    level(&p, a->rounding_edge, "rounding");
}

void pane_anatomy_spectrum(const struct model *m, struct canvas c)
{
    const struct anatomy *a = inspect_now(m);
    char title[64];
    bool framed = pane_inside(c.area.w, c.area.h).h < c.area.h;
    snprintf(title, sizeof(title), "sigma_i (%s y)%s", m->y_scale == 1 ? "linear" : "log",
             a && !a->exact ? ", Gram" : "");
    struct canvas in = pane_browse_frame(m, c, BROWSE_SPECTRUM, title);
    if (!a)
        pane_paragraph(in, 1, 0, INK_DIM, inspect_words(m));
    else if (!a->spectrum.n)
        pane_paragraph(in, 1, 0, INK_WARNING, "an entry is not finite: no singular values");
    else
        draw(m, a, in);
    if (a && a->spectrum.n && framed)
        legend(a, c);
}
