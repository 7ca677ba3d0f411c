/* The eigenvalues of M and those of M with the noise of this time: where they come out, where a large matrix
 * of that spectrum would have them, and from where on a direction is seen at all. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "bulk.h"
#include "memory.h"
#include "perturbation.h"
#include "plot.h"

enum { LETTERS = 96, TEXT = 160 };

/* s at the time that is shown. */
static double deviation_now(const struct model *m)
{
    const struct theatre_paths *p = m->theatre.paths;
    return p->deviation * sqrt((double)theatre_at(m) / (double)p->steps);
}

/* Bands are of the whole noise. */
static const struct theatre_bands *bands_now(const struct model *m)
{
    const struct theatre *t = &m->theatre;
    bool fit = t->bands && t->paths && theatre_same_noise(&t->bands->set, &t->paths->set) &&
               theatre_at(m) == t->paths->steps;
    return fit && !t->plain ? t->bands : NULL;
}

static struct axis value_axis(const struct model *m, double s)
{
    const struct theatre_matrix *x = m->theatre.matrix;
    double edge = s > 0 ? perturbation_edge(FIELD_COMPLEX, s, x->d) : 0;
    double ends[4] = { x->sigma[0], x->sigma[x->d - 1], x->sigma[x->d - 1] - edge };
    bool unused;
    size_t d;
    for (int f = 0; f < THEATRE_FIELDS; f++) {
        const double *values = theatre_values(m, f, &d);
        ends[3] = f ? fmax(ends[3], values[0]) : values[0];
    }
    return plot_axis(ends, 4, false, 0, &unused);
}

static void level(const struct plot *p, double y, enum ink ink)
{
    const double xs[] = { p->x.lo, p->x.hi }, ys[] = { y, y };
    if (isfinite(y) && y >= p->y.lo && y <= p->y.hi)
        plot_dashed(p, xs, ys, 2, ink);
}

/* The law of a large matrix, of that field's noise. */
static void draw_bulk(const struct model *m, const struct plot *p, int field, double s)
{
    const struct theatre_matrix *x = m->theatre.matrix;
    enum field beta = theatre_field_of(field);
    struct error unused;
    const struct bulk b = { x->sigma, x->d, perturbation_variance(beta, s) * (double)x->d };
    double *scree = s > 0 ? memory_alloc(x->d * sizeof(double), &unused) : NULL;
    if (!scree)
        return;
    bulk_scree(&b, scree);
    plot_curve(p, NULL, scree, x->d, field ? INK_GOOD : INK_CURVE);
    memory_free(scree);
}

static void draw_band(const struct plot *p, const struct monte_carlo_found *f, int field)
{
    struct error unused;
    const struct monte_carlo_band *of = f->values[field];
    double *y = of ? memory_alloc(2 * f->d * sizeof(double), &unused) : NULL;
    for (size_t i = 0; y && i < f->d; i++) {
        y[i] = of[i].low;
        y[f->d + i] = of[i].high;
    }
    if (y) {
        plot_dashed(p, NULL, y, f->d, INK_MARK);
        plot_dashed(p, NULL, y + f->d, f->d, INK_MARK);
    }
    memory_free(y);
}

/* This draw, a letter each. Of the leading directions alone that is another matrix's. */
static void draw_letters(const struct model *m, const struct plot *p, int field)
{
    size_t d;
    const double *x = theatre_values(m, field, &d);
    if (!x || d < m->theatre.matrix->d || d > LETTERS)
        return;
    for (size_t i = 0; i < d; i++)
        plot_point(p, (double)i + 1, x[i], field ? INK_GOOD : INK_CURVE, field ? 'c' : 'r');
}

static void foot(const struct model *m, struct canvas c, double s)
{
    size_t d = m->theatre.matrix->d;
    char line[TEXT];
    double real = perturbation_outlier(FIELD_REAL, s, d);
    double complex = perturbation_outlier(FIELD_COMPLEX, s, d);
    snprintf(line, sizeof(line),
             "M dashed, r c noisy, lines: large d; a spike is seen from %.3g r, %.3g c", real,
             complex);
    if (canvas_text_width(line) > c.area.w)
        snprintf(line, sizeof(line), "spike seen from %.3g, %.3g c", real, complex);
    if (s > 0)
        canvas_sentence(c, 0, c.area.h - 1, INK_DIM, 0, line);
}

void pane_noisy_spectrum(const struct model *m, struct canvas c)
{
    struct canvas inside = pane_theatre_frame(m, c, THEATRE_FOCUS_PAGE, "true and noisy spectrum");
    const struct theatre *t = &m->theatre;
    if (!t->paths || !t->matrix || !theatre_same_matrix(&t->matrix->set, &t->paths->set))
        return;
    double s = deviation_now(m);
    int h = inside.area.h;
    struct axis x = { .lo = 1, .hi = t->matrix->d > 1 ? (double)t->matrix->d : 2, .whole = true };
    struct plot p = plot_begin(canvas_inside(inside, (struct rect){ 0, 0, inside.area.w, h - 1 }),
                               x, value_axis(m, s), false);
    const struct theatre_bands *bands = bands_now(m);
    plot_dashed(&p, NULL, t->matrix->sigma, t->matrix->d, INK_BOUND);
    for (int f = 0; f < THEATRE_FIELDS; f++)
        if (theatre_shows(m, f)) {
            draw_bulk(m, &p, f, s);
            level(&p,
                  s > 0 ? perturbation_outlier(theatre_field_of(f), s, t->matrix->d) : (double)NAN,
                  INK_DIM);
            if (bands)
                draw_band(&p, &bands->found, f);
            draw_letters(m, &p, f);
        }
    plot_vertical(&p, (double)theatre_rank(m), INK_MARK);
    foot(m, inside, s);
}
