/* Eigenvalues of M + B(t) over time, real noise left and complex noise right: how they move, meet and turn
 * away. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "memory.h"
#include "perturbation.h"
#include "plot.h"

enum { HALF = 30, TITLE = 160, OVERLAP_HIGH = 24 };

static const char *const field_words[] = { "real noise", "complex noise" };

/* Of all frames that are known, of both fields: they are drawn to one scale. */
static struct axis value_axis(const struct theatre_paths *p)
{
    double ends[2] = { (double)INFINITY, -(double)INFINITY };
    bool unused;
    for (int f = 0; f < THEATRE_FIELDS; f++)
        for (size_t i = 0; i <= p->of[f].frames; i++) {
            const double *x = dyson_path_at(&p->of[f], i);
            ends[0] = fmin(ends[0], x[p->of[f].d - 1]);
            ends[1] = fmax(ends[1], x[0]);
        }
    return plot_axis(ends, 2, false, 0, &unused);
}

/* One eigenvalue from frame to frame. */
struct trace {
    double *t, *y; /* owned; one block */
    size_t n;
};

static bool trace_init(struct trace *x, size_t n)
{
    struct error unused;
    x->t = memory_alloc(2 * n * sizeof(double), &unused);
    x->y = x->t ? x->t + n : NULL;
    x->n = n;
    return x->t != NULL;
}

static void draw_value(const struct plot *plot, const struct dyson_path *p, size_t i, size_t at,
                       struct trace *x, enum ink ink)
{
    for (size_t k = 0; k < x->n; k++)
        x->y[k] = dyson_path_at(p, k)[i];
    if (at + 1 < x->n)
        plot_curve(plot, x->t + at, x->y + at, x->n - at, INK_DIM);
    plot_curve(plot, x->t, x->y, at + 1, ink);
}

/* Of more values than there are rows of cells some are left out, and with them the marks. */
static size_t stride_of(const struct dyson_path *p, const struct plot *plot)
{
    size_t rows = plot->data.area.h > 0 ? (size_t)plot->data.area.h : 1;
    return p->d <= 2 * rows ? 1 : (p->d + rows - 1) / rows;
}

/* What lies ahead is dim; what the rank keeps has the ink of results. */
static void draw_values(const struct model *m, const struct plot *plot, int field)
{
    const struct theatre_paths *paths = m->theatre.paths;
    const struct dyson_path *p = &paths->of[field];
    struct trace x;
    size_t at = theatre_at(m), rank = theatre_rank(m), stride = stride_of(p, plot);
    if (!trace_init(&x, p->frames + 1))
        return;
    for (size_t k = 0; k < x.n; k++)
        x.t[k] = (double)k / (double)paths->steps;
    for (size_t i = p->d; i-- > 0;)
        if (i % stride == 0 || i < rank || i + 1 == p->d)
            draw_value(plot, p, i, at, &x, i < rank ? INK_CURVE : INK_BOUND);
    for (size_t k = 0; stride == 1 && k < paths->misses[field]; k++) {
        const struct dyson_miss *miss = &paths->miss[field][k];
        const double *values = dyson_path_at(p, miss->frame);
        if (miss->frame <= at)
            plot_mark(plot, x.t[miss->frame], (values[miss->i] + values[miss->i + 1]) / 2,
                      INK_WARNING, 'x');
    }
    memory_free(x.t);
}

/* Of the top vector with the one it was, and what is known of it for a large matrix. */
static void draw_overlap(const struct model *m, struct canvas c, int field)
{
    const struct theatre_paths *paths = m->theatre.paths;
    const struct dyson_path *p = &paths->of[field];
    const struct axis x = { .lo = 0, .hi = 1 }, y = { .lo = 0, .hi = 1 };
    struct plot plot = plot_begin(c, x, y, false);
    double theta = dyson_path_at(p, 0)[0];
    struct trace line;
    if (!trace_init(&line, p->frames + 1))
        return;
    for (size_t k = 0; k < line.n; k++) {
        line.t[k] = (double)k / (double)paths->steps;
        line.y[k] = k == 0 ? 1
                           : perturbation_spike(p->field, paths->deviation * sqrt(line.t[k]), p->d,
                                                theta)
                                 .overlap;
    }
    plot_dashed(&plot, line.t, line.y, line.n, INK_BOUND);
    size_t at = theatre_at(m);
    plot_curve(&plot, line.t, p->overlap, at + 1, INK_GOOD);
    plot_vertical(&plot, (double)at / (double)paths->steps, INK_MARK);
    canvas_text(plot.data, 1, plot.data.area.h - 1, INK_DIM, 0, "overlap^2, law dashed");
    memory_free(line.t);
}

static void draw_field(const struct model *m, struct canvas c, struct axis y, int field)
{
    const struct theatre_paths *paths = m->theatre.paths;
    const struct axis x = { .lo = 0, .hi = 1 };
    int h = c.area.h;
    if (h > 6) {
        int at = 8 + canvas_text(c, 7, 0, INK_TITLE, 0, field_words[field]);
        if (m->theatre.matrix && paths->of[field].d < m->theatre.matrix->d)
            canvas_printf(c, at, 0, INK_DIM, 0, "leading %zu of %zu", paths->of[field].d,
                          m->theatre.matrix->d);
        c = canvas_inside(c, (struct rect){ 0, 1, c.area.w, --h });
    }
    if (paths->of[field].overlap && h >= OVERLAP_HIGH) {
        int low = h / 3;
        draw_overlap(m, canvas_inside(c, (struct rect){ 0, h - low, c.area.w, low }), field);
        c = canvas_inside(c, (struct rect){ 0, 0, c.area.w, h - low });
    }
    struct plot plot = plot_begin(c, x, y, false);
    draw_values(m, &plot, field);
    if (theatre_at(m) < paths->steps)
        plot_vertical(&plot, (double)theatre_at(m) / (double)paths->steps, INK_MARK);
    canvas_zone(plot.data, (struct rect){ 0, 0, plot.data.area.w, plot.data.area.h },
                ZONE_THEATRE_TIME, 0);
}

static void no_paths(const struct model *m, struct canvas c)
{
    double rows, cols;
    char line[TITLE];
    if (m->theatre.given_up && m->theatre.why[0])
        snprintf(line, sizeof(line), "%s", m->theatre.why);
    else if (model_shape(m, &rows, &cols) && cols > THEATRE_D && !m->theatre.set.scene)
        snprintf(line, sizeof(line),
                 "%.0f columns: this view looks at up to %d. The scenes need none.", cols,
                 THEATRE_D);
    else
        snprintf(line, sizeof(line), "no paths yet");
    pane_paragraph(c, 1, 0, INK_DIM, line);
}

static void title(const struct model *m, char *out, size_t size)
{
    const struct theatre_paths *p = m->theatre.paths;
    if (!p) {
        snprintf(out, size, "eigenvalues under noise");
        return;
    }
    const struct dyson_scene *scene = theatre_scene(&p->set);
    double t = (double)theatre_at(m) / (double)p->steps;
    snprintf(out, size, "%s  t = %.2f T  %s%s", scene ? scene->title : "eigenvalues under noise", t,
             m->theatre.playing ? ">>>" : "play >", theatre_fresh(m) ? "" : " ~");
}

void pane_gap_paths(const struct model *m, struct canvas c)
{
    char line[TITLE];
    title(m, line, sizeof(line));
    struct canvas inside = pane_theatre_frame(m, c, THEATRE_FOCUS_PATHS, line);
    const struct theatre_paths *p = m->theatre.paths;
    if (!p) {
        no_paths(m, inside);
        return;
    }
    struct axis y = value_axis(p);
    int w = inside.area.w, h = inside.area.h, only = m->theatre.fields == THEATRE_COMPLEX;
    if (m->theatre.fields != THEATRE_BOTH || w < 2 * HALF) {
        draw_field(m, inside, y, only);
        return;
    }
    draw_field(m, canvas_inside(inside, (struct rect){ 0, 0, w / 2, h }), y, 0);
    draw_field(m, canvas_inside(inside, (struct rect){ w / 2, 0, w - w / 2, h }), y, 1);
}
