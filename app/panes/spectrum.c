#include "panes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "plot.h"

enum { SCALE_LOG, SCALE_LINEAR, SCALE_RELATIVE };

/* Below that, singular values in single precision are rounding. */
static const double DECADES = 8;

/* sigma_i, or the gap below it (the last has none); relative to sigma_1 where asked
 * for. i counts from 0. */
static double value_at(const struct model *m, size_t i)
{
    const struct subject *s = m->subject;
    double v = subject_sigma(s, i), first = subject_sigma(s, 0);
    if (m->gaps)
        v = i + 1 < s->n ? v - subject_sigma(s, i + 1) : (double)NAN;
    if (m->y_scale == SCALE_RELATIVE)
        v = first > 0 ? v / first : 0;
    return v;
}

static void title(const struct model *m, char *out, size_t size)
{
    static const char *const scales[] = { "log y", "linear y", "log y, / sigma_1" };
    const char *what = m->gaps ? "gaps sigma_i - sigma_i+1" : "spectrum sigma_i";
    const struct subject *s = m->subject;
    int n = snprintf(out, size, "%s (%s)", what, scales[m->y_scale]);
    size_t most = s ? (s->rows < s->cols ? s->rows : s->cols) : 0;
    char some[32] = "";
    if (s && s->n < most)
        snprintf(some, sizeof(some), " first %zu", s->n);
    if (s && !s->exact && n > 0 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, "%s ~", some);
}

/* What the mark says, right of it or, where there is no room, left. */
static void label(const struct model *m, const struct plot *p, size_t rank)
{
    char line[96], k[32];
    int x, width;
    const char *symbol = m->gaps ? "gap" : "s";
    snprintf(k, sizeof(k), "k=%zu", rank);
    if (rank <= m->subject->n && !isnan(value_at(m, rank - 1)))
        snprintf(line, sizeof(line), "%s %s%s=%.4g", k, symbol,
                 m->y_scale == SCALE_RELATIVE ? "/s1" : "", value_at(m, rank - 1));
    else
        snprintf(line, sizeof(line), "%s", k);
    x = plot_column(p, (double)rank) + 2;
    width = canvas_text_width(line);
    if (x + width > p->data.area.w)
        x -= width + 3;
    canvas_text(p->data, x > 0 ? x : 0, 0, INK_MARK, 0, line);
}

static void draw(const struct model *m, struct canvas c, const double *values, size_t n)
{
    size_t side = m->subject->rows < m->subject->cols ? m->subject->rows : m->subject->cols;
    size_t rank = model_rank(m);
    bool floor, log = m->y_scale != SCALE_LINEAR;
    struct axis x = { .lo = 1, .hi = side > 1 ? (double)side : 2, .log = m->x_log, .whole = true };
    struct axis y = plot_axis(values, n, log, DECADES, &floor);
    struct plot p = plot_begin(c, x, y, floor);
    plot_ranks(&p);

    if (rank > 0)
        plot_vertical(&p, (double)rank, INK_MARK);
    if (m->cross)
        plot_vertical(&p, (double)m->cross_rank, INK_KEY);
    plot_curve(&p, NULL, values, n, INK_CURVE);
    for (int i = 0; i < SLOT_COUNT; i++) {
        size_t kept = m->slots[i].shown ? m->slots[i].numbers.rank : 0;
        if (kept > 0 && kept <= n)
            plot_point(&p, (double)kept, values[kept - 1], INK_MARK, (char)('A' + i));
    }
    if (rank > 0)
        label(m, &p, rank);
}

void pane_spectrum(const struct model *m, struct canvas c)
{
    struct error err = { 0 };
    struct canvas inside;
    double *values;
    char line[128];

    title(m, line, sizeof(line));
    inside = pane_frame(m, c, PANE_SPECTRUM, line);
    if (!m->subject || m->subject->n == 0)
        return;
    values = memory_alloc(m->subject->n * sizeof(*values), &err);
    if (!values)
        return;
    for (size_t i = 0; i < m->subject->n; i++)
        values[i] = value_at(m, i);
    draw(m, inside, values, m->subject->n);
    memory_free(values);
}
