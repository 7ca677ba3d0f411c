/* Gaps between neighbouring eigenvalues at this time, as bars; the one at the rank, and whether the paper's
 * condition holds for it. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "form.h"
#include "perturbation.h"

enum { NUMBER = 13, MARK = 4, LEAST_BAR = 6, LINES = 3, TEXT = 128 };

/* Without noise: of the matrix itself. NAN: unknown, or nothing is cut. */
static double true_gap(const struct model *m, size_t k)
{
    const struct theatre_matrix *x = m->theatre.matrix;
    return x && k > 0 && k < x->d ? x->sigma[k - 1] - x->sigma[k] : (double)NAN;
}

/* Of the whole noise. The theorem asks for it; the error knows no such edge. */
static void condition(const struct model *m, int width, char *out, size_t size)
{
    const struct theatre_matrix *x = m->theatre.matrix;
    double gap = true_gap(m, theatre_rank(m));
    double need = x ? perturbation_paper_gap(m->theatre.paths->deviation, x->d) : (double)NAN;
    const char *words = gap >= need ? "holds" : "FAILS (!)";
    snprintf(out, size, "%s", x && theatre_rank(m) >= x->d ? "nothing is cut at k = d" : "");
    if (isnan(gap) || isnan(need))
        return;
    snprintf(out, size, "M's g_k >= 4 sqrt(T d), the paper's sufficient condition: %.3g >= %.3g %s",
             gap, need, words);
    if (canvas_text_width(out) > 2 * width - 10)
        snprintf(out, size, "need g_k >= 4 sqrt(T d): %.3g >= %.3g %s", gap, need, words);
}

/* The closest pair of all fields shown. */
static void closest(const struct model *m, char *out, size_t size)
{
    double least = (double)INFINITY;
    size_t d, at = 0, field = 0;
    for (int f = 0; f < THEATRE_FIELDS; f++) {
        const double *x = theatre_values(m, f, &d);
        for (size_t i = 0; theatre_shows(m, f) && i + 1 < d; i++)
            if (x[i] - x[i + 1] < least) {
                least = x[i] - x[i + 1];
                at = i;
                field = (size_t)f;
            }
    }
    snprintf(out, size, "%s", m->theatre.paths->of[0].d < 2 ? "one eigenvalue has no gaps" : "");
    if (isfinite(least))
        snprintf(out, size, "closest %zu-%zu, %.3g, %s", at + 1, at + 2, least,
                 field ? "complex" : "real");
}

static double widest(const struct model *m)
{
    double most = 0;
    size_t d;
    for (int f = 0; f < THEATRE_FIELDS; f++) {
        const double *x = theatre_values(m, f, &d);
        for (size_t i = 0; theatre_shows(m, f) && i + 1 < d; i++)
            most = fmax(most, x[i] - x[i + 1]);
    }
    return most;
}

static void draw_bar(struct canvas c, int x, int width, double gap, double most, bool chosen)
{
    canvas_printf(c, x, 0, chosen ? INK_TITLE : INK_TEXT, chosen ? ATTR_BOLD : 0, "%8.3g", gap);
    int bar = width - 9;
    if (bar >= LEAST_BAR)
        form_bar(c, x + 9, 0, bar, most > 0 ? gap / most : 0);
}

static void draw_row(const struct model *m, struct canvas c, size_t i, double most)
{
    bool chosen = i + 1 == theatre_rank(m);
    int fields = 0, room = c.area.w - 4 - MARK, x = 4;
    size_t d;
    for (int f = 0; f < THEATRE_FIELDS; f++)
        fields += theatre_shows(m, f);
    canvas_printf(c, 0, 0, chosen ? INK_TITLE : INK_DIM, chosen ? ATTR_BOLD : 0, "%3zu", i + 1);
    for (int f = 0; f < THEATRE_FIELDS; f++) {
        const double *values = theatre_values(m, f, &d);
        if (!theatre_shows(m, f))
            continue;
        draw_bar(c, x, room / fields - 1, values[i] - values[i + 1], most, chosen);
        x += room / fields;
    }
    if (chosen)
        canvas_text(c, c.area.w - MARK + 1, 0, INK_KEY, ATTR_BOLD, "<k");
}

/* Which field a column is of. */
static void draw_heading(const struct model *m, struct canvas c)
{
    static const char *const words[] = { "real", "complex" };
    int fields = theatre_shows(m, 0) + theatre_shows(m, 1), x = 4;
    for (int f = 0; f < THEATRE_FIELDS; f++)
        if (theatre_shows(m, f)) {
            canvas_printf(c, x, 0, INK_DIM, 0, "%8s", words[f]);
            x += (c.area.w - 4 - MARK) / fields;
        }
}

/* Where they do not all fit, those around the rank. */
static size_t first_row(size_t n, size_t shown, size_t rank)
{
    size_t half = shown / 2;
    if (n <= shown || rank < half + 1)
        return 0;
    return rank - half - 1 + shown > n ? n - shown : rank - half - 1;
}

void pane_gap_list(const struct model *m, struct canvas c)
{
    struct canvas inside = pane_theatre_frame(m, c, THEATRE_FOCUS_PAGE, "gaps  g_i = l_i - l_i+1");
    const struct theatre_paths *p = m->theatre.paths;
    int lines = inside.area.h >= 2 * LINES ? LINES : 0;
    char line[TEXT];
    if (!p)
        return;
    int top = lines ? 1 : 0;
    size_t n = p->of[0].d - 1,
           room = inside.area.h > lines + top ? (size_t)(inside.area.h - lines - top) : 0;
    size_t shown = n < room ? n : room, first = first_row(n, shown, theatre_rank(m));
    double most = widest(m);
    for (size_t row = 0; row < shown; row++)
        draw_row(m, canvas_inside(inside, (struct rect){ 0, top + (int)row, inside.area.w, 1 }),
                 first + row, most);
    if (!lines)
        return;
    draw_heading(m, inside);
    condition(m, inside.area.w, line, sizeof(line));
    pane_paragraph(
        canvas_inside(inside, (struct rect){ 0, inside.area.h - LINES, inside.area.w, 2 }), 0, 0,
        INK_TEXT, line);
    closest(m, line, sizeof(line));
    canvas_text(inside, 0, inside.area.h - 1, INK_DIM, 0, line);
}
