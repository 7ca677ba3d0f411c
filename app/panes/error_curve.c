/* The least error that any matrix of rank k can have (Eckart, Young 1936) against k,
 * where the current setting stands, and what theory says of its method. */

#include "panes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot.h"

enum { EVERY = 128, SAMPLES = 1024, TOP = 100 /* percent */, PARTS_ROWS = 8, PARTS_COLUMNS = 38 };
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

/* Dashed, since at other ranks than its own nothing is proved; nothing above the axis, where a line
 * along its end would be read as a value, and none of zeros. */
static void draw_part(const struct plot *p, const struct theory_curve *c, const double *value,
                      enum ink ink)
{
    double error[THEORY_RANKS];
    for (size_t i = 0; i < c->n; i++)
        error[i] = value[i] > 0 && 100 * value[i] <= TOP ? 100 * value[i] : (double)NAN;
    plot_dashed(p, c->rank, error, c->n, ink);
}

/* The parts stand apart only where there is room. */
static bool parts_shown(const struct model *m, const struct plot *p)
{
    return m->shown && m->shown->theory.n > 0 && p->data.area.h >= PARTS_ROWS &&
           p->data.area.w >= PARTS_COLUMNS;
}

static void draw_theory(const struct model *m, const struct plot *p)
{
    const struct theory_curve *c = m->shown ? &m->shown->theory : NULL;
    if (!c)
        return;
    for (int i = 0; parts_shown(m, p) && i < THEORY_PARTS; i++)
        draw_part(p, c, c->part[i], INK_DIM);
    draw_part(p, c, c->error, INK_BOUND);
}

/* Their letters, off the own rank, where o and x stand. */
static void draw_part_letters(const struct model *m, const struct plot *p)
{
    static const char letters[THEORY_PARTS] = { 'k', 'l', 'r' };
    const struct theory_curve *c = &m->shown->theory;
    size_t at = 0;
    while (at + 1 < c->n && plot_fraction(p->x, c->rank[at]) < 0.75)
        at++;
    for (int i = 0; i < THEORY_PARTS; i++)
        if (c->part[i][at] > 0 && 100 * c->part[i][at] <= TOP)
            plot_point(p, c->rank[at], 100 * c->part[i][at], INK_DIM, letters[i]);
}

/* The optimum at the current rank, the measured error where it differs, the bound or, where it is
 * none, the theory. */
static void draw_points(const struct model *m, const struct plot *p)
{
    const struct numbers *now = &m->numbers;
    double rank = (double)now->rank;
    bool nested = m->shown && m->shown->nested;

    if (now->rank == 0 || now->rank > m->subject->n)
        return;
    if (!isnan(now->bound))
        plot_point(p, rank, 100 * now->bound, INK_BOUND, 'b');
    else if (m->shown)
        plot_point(p, rank, 100 * theory_curve_at(&m->shown->theory, now->rank), INK_BOUND, 't');
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

/* What the theory's line is worth: "t theory, dashed: nearest rounding". */
static void theory_words(const struct model *m, bool brief, char *out, size_t size)
{
    const struct theory_curve *c = &m->shown->theory;
    const char *above = 100 * theory_curve_at(c, m->numbers.rank) > TOP ? ", > 100% here" : "";
    char mark = isnan(m->numbers.bound) ? 't' : 'b';
    if (!c->proved)
        snprintf(out, size, "%c theory, dashed%s: %s", mark, above, c->unproved);
    else if (brief)
        snprintf(out, size, "%c bounds mean%s, dashed: ranges of k=%zu", mark, above, c->own);
    else
        snprintf(out, size, "%c theory%s: bounds the mean; dashed: ranges of rank %zu", mark, above,
                 c->own);
}

static void draw_legend(const struct model *m, const struct plot *p)
{
    bool nested = m->shown && m->shown->nested, theory = m->shown && m->shown->theory.n > 0;
    char line[96];
    int x;
    snprintf(line, sizeof(line), "o optimum%s%s", nested ? "" : "  x measured",
             isnan(m->numbers.bound) || theory ? "" : "  b bound");
    x = p->data.area.w - canvas_text_width(line);
    if (m->numbers.rank > 0 && x >= 0)
        canvas_text(p->data, x, 0, INK_DIM, 0, line);
}

/* In the frame's foot, where no curve runs through it. */
static void draw_theory_legend(const struct model *m, const struct plot *p, struct canvas c)
{
    enum { CORNER = 2 };
    char line[128], words[112];
    bool framed = p->data.area.h < c.area.h - 2;
    if (!m->shown || m->shown->theory.n == 0 || !framed)
        return;
    for (int brief = 0; brief < 2; brief++) {
        theory_words(m, brief, words, sizeof(words));
        snprintf(line, sizeof(line), " %s ", words);
        if (canvas_text_width(line) <= c.area.w - 2 * CORNER) {
            canvas_text(c, CORNER, c.area.h - 1, INK_BOUND, 0, line);
            return;
        }
    }
}

/* The parts, in the last row, which falling curves leave free at its start. */
static void draw_parts_legend(const struct model *m, const struct plot *p)
{
    static const char line[] = "k tail  l, r rounding L, R";
    const struct theory_curve *c = &m->shown->theory;
    if ((c->part[THEORY_LEFT][c->n - 1] > 0 || c->part[THEORY_RIGHT][c->n - 1] > 0))
        canvas_text(p->data, 2, p->data.area.h - 1, INK_DIM, 0, line);
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
    y.hi = TOP;
    y.lo = fmin(y.lo, 10);
    y.percent = true;
    p = plot_begin(inside, x, y, floor);
    plot_ranks(&p);
    if (m->cross)
        plot_vertical(&p, (double)m->cross_rank, INK_KEY);
    draw_theory(m, &p);
    plot_curve(&p, rank, error, n, INK_CURVE);
    draw_legend(m, &p);
    draw_theory_legend(m, &p, c);
    draw_points(m, &p);
    if (parts_shown(m, &p)) {
        draw_part_letters(m, &p);
        draw_parts_legend(m, &p);
    }
    draw_slots(m, &p);
}
