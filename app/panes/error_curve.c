/* The least error that any matrix of rank k can have (Eckart, Young 1936) against k,
 * and where the current setting stands. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "plot.h"

enum { EVERY = 128, SAMPLES = 1024 };
static const double DECADES = 6;

/* Every rank at first, then a geometric choice: the curve only falls, so that a line
 * between two of its samples hides nothing. Full rank is left out: its error is 0, and
 * would cost every picture a floor row. */
static size_t sample(const struct subject *s, double rank[SAMPLES], double error[SAMPLES])
{
    size_t n = 0, side = s->rows < s->cols ? s->rows : s->cols;
    size_t last = s->n < side || side < 2 ? s->n : side - 1;
    for (size_t k = 1; k <= last && n < SAMPLES; n++) {
        size_t next = k + 1 + (k > EVERY ? k / EVERY : 0);
        rank[n] = (double)k;
        k = next > last && k < last ? last : next;
    }
    subject_tails(s, rank, n, error);
    for (size_t i = 0; i < n; i++)
        error[i] *= 100;
    return n;
}

/* The optimum at the current rank, the measured error where it differs, the bound. */
static void draw_points(const struct model *m, const struct plot *p)
{
    const struct numbers *now = &m->numbers;
    double rank = (double)now->rank;
    bool nested = m->shown && m->shown->nested;

    if (now->rank == 0 || now->rank > m->subject->n)
        return;
    if (!isnan(now->bound))
        plot_point(p, rank, 100 * now->bound, INK_BOUND, 'b');
    plot_point(p, rank, 100 * subject_tail(m->subject, now->rank), INK_MARK, 'o');
    if (!nested && !isnan(now->error))
        plot_point(p, rank, 100 * now->error, INK_WARNING, 'x');
}

/* What the slots keep, at the errors they have. */
static void draw_slots(const struct model *m, const struct plot *p)
{
    for (int i = 0; i < SLOT_COUNT; i++) {
        const struct slot *s = &m->slots[i];
        if (s->shown && s->numbers.rank > 0)
            plot_point(p, (double)s->numbers.rank, 100 * s->numbers.error, INK_MARK,
                       (char)('A' + i));
    }
}

static void draw_legend(const struct model *m, const struct plot *p)
{
    bool nested = m->shown && m->shown->nested;
    char line[96];
    int x;
    snprintf(line, sizeof(line), "o optimum%s%s", nested ? "" : "  x measured",
             isnan(m->numbers.bound) ? "" : "  b bound");
    x = p->data.area.w - canvas_text_width(line);
    if (m->numbers.rank > 0 && x >= 0)
        canvas_text(p->data, x, 0, INK_DIM, 0, line);
}

void pane_error_curve(const struct model *m, struct canvas c)
{
    double rank[SAMPLES], error[SAMPLES];
    const struct subject *s = m->subject;
    bool sketch = s && !s->exact;
    struct canvas inside = pane_frame(m, c, PANE_ERROR,
                                      sketch ? "error vs rank (log y) ~" : "error vs rank (log y)");
    size_t n, side;
    struct axis x, y;
    struct plot p;
    bool floor;

    if (!s || s->n == 0)
        return;
    side = s->rows < s->cols ? s->rows : s->cols;
    n = sample(s, rank, error);
    x = (struct axis){ .lo = 1, .hi = side > 1 ? (double)side : 2, .log = m->x_log, .whole = true };
    y = plot_axis(error, n, true, DECADES, &floor);
    y.hi = 100;
    y.lo = fmin(y.lo, 10);
    y.percent = true;
    p = plot_begin(inside, x, y, floor);
    plot_ranks(&p);
    if (m->cross)
        plot_vertical(&p, (double)m->cross_rank, INK_KEY);
    plot_curve(&p, rank, error, n, INK_CURVE);
    draw_legend(m, &p);
    draw_points(m, &p);
    draw_slots(m, &p);
}
