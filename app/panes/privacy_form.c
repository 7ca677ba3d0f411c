/* The form of the privacy view: what is asked of the simulated noise, and what of it is shown. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "form.h"
#include "gaussian_dp.h"
#include "perturbation.h"

enum { MARK = 1, NAME = 10, BOX = 8, GAP = 2, TEXT = 64 };

int pane_privacy_rows(int width)
{
    int columns = form_columns(width);
    return ((int)theatre_rows.n + columns - 1) / columns;
}

static void value_text(const struct model *m, const struct param *p, char out[TEXT])
{
    double value = fmin(param_get(p, &m->theatre.set), theatre_limit(m, p));
    if (p->kind == PARAM_REAL)
        snprintf(out, TEXT, "%.4g", value);
    else if (p->kind == PARAM_INT && !p->choices)
        snprintf(out, TEXT, "%.0f", value);
    else
        param_format(p, &m->theatre.set, out, TEXT);
}

/* Without its box where that would be cut: half a number is another number. */
static void draw_box(struct canvas c, int attributes, const char *text)
{
    canvas_printf(c, 0, 0, INK_TEXT, attributes, c.area.w < BOX ? "%s" : "[%6s]", text);
}

static void draw_slider(const struct model *m, const struct param *p, struct canvas c,
                        int attributes)
{
    double limit = theatre_limit(m, p), value = fmin(param_get(p, &m->theatre.set), limit);
    char text[TEXT], lo[TEXT], hi[TEXT];
    value_text(m, p, text);
    snprintf(lo, sizeof(lo), "%.4g", p->min);
    snprintf(hi, sizeof(hi), "%.4g", limit);
    int left = BOX + 2 + canvas_text_width(lo), bar = c.area.w - left - 1 - canvas_text_width(hi);
    draw_box(c, attributes, text);
    if (bar < 3)
        return;
    canvas_text(c, BOX + 1, 0, INK_DIM, 0, lo);
    form_bar(c, left, 0, bar, form_fraction(p, value, limit));
    canvas_zone(c, (struct rect){ left, 0, bar, 1 }, ZONE_THEATRE_BAR,
                (size_t)(p - theatre_rows.rows));
    canvas_text(c, left + bar + 1, 0, INK_DIM, 0, hi);
}

/* All words, the chosen one in brackets; or that one alone and which it is. */
static void draw_choice(const struct model *m, const struct param *p, struct canvas c,
                        int attributes)
{
    int chosen = (int)lround(param_get(p, &m->theatre.set)), n = 0, width = 2, x = 0;
    for (; p->choices[n]; n++)
        width += canvas_text_width(p->choices[n]) + 1;
    if (width - 1 > c.area.w) {
        x = canvas_printf(c, 0, 0, INK_TEXT, attributes, "[%s]", p->choices[chosen]);
        canvas_printf(c, x + 1, 0, INK_DIM, 0, "%d of %d", chosen + 1, n);
        return;
    }
    for (int i = 0; i < n; i++)
        x += 1 + canvas_printf(c, x, 0, i == chosen ? INK_TEXT : INK_DIM,
                               i == chosen ? attributes : 0, i == chosen ? "[%s]" : "%s",
                               p->choices[i]);
}

static void draw_row(const struct model *m, size_t i, struct canvas c)
{
    const struct param *p = &theatre_rows.rows[i];
    bool chosen = i == m->theatre.field;
    int bold = chosen && m->theatre.focus == THEATRE_FOCUS_FORM ? ATTR_BOLD : 0;
    char text[TEXT];
    struct canvas value = canvas_inside(c,
                                        (struct rect){ MARK + NAME, 0, c.area.w - MARK - NAME, 1 });
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, 1 }, ZONE_THEATRE, i);
    if (chosen)
        canvas_text(c, 0, 0, INK_KEY, ATTR_BOLD, ">");
    canvas_text(c, MARK, 0, chosen ? INK_TITLE : INK_TEXT, bold, p->shorthand);
    if (!theatre_speaks(m, p)) {
        draw_box(value, 0, "-");
    } else if (p->choices) {
        draw_choice(m, p, value, bold);
    } else if (p->kind == PARAM_SEED) {
        value_text(m, p, text);
        draw_box(value, bold, text);
    } else {
        draw_slider(m, p, value, bold);
    }
}

/* Read downwards in columns; what does not fit scrolls with the focused row. */
static void draw_rows(const struct model *m, struct canvas c)
{
    int columns = form_columns(c.area.w), rows = pane_privacy_rows(c.area.w);
    int shown = rows < c.area.h ? rows : c.area.h, at = (int)m->theatre.field % rows;
    int first = at >= shown ? at - shown + 1 : 0;
    int width = (c.area.w - 3 - GAP * (columns - 1)) / columns;
    for (int column = 0; column < columns; column++)
        for (int row = 0; row < shown; row++) {
            size_t i = (size_t)(column * rows + first + row);
            struct rect r = { 1 + column * (width + GAP), row, width, 1 };
            if (i < theatre_rows.n && first + row < rows)
                draw_row(m, i, canvas_inside(c, r));
        }
    if (first > 0)
        canvas_text(c, c.area.w - 1, 0, INK_KEY, 0, "^");
    if (first + shown < rows)
        canvas_text(c, c.area.w - 1, shown - 1, INK_KEY, 0, "v");
}

/* ---- numbers at the foot ---- */

/* What the promise comes to, and what the paper's noise would have come to. */
static void noise_line(const struct model *m, int width, char *out, size_t size)
{
    const struct theatre_setting *set = &m->theatre.set;
    const struct theatre_price *p = &m->theatre.price;
    bool tight = set->calibration == THEATRE_TIGHT;
    double s = tight ? p->tight : p->classical;
    double mu = tight ? p->mu
                      : gdp_mu_of_deviation(MECHANISM_REAL, (enum relation)set->relation, set->clip,
                                            s);
    snprintf(
        out, size,
        "noise s = %.4g (%s, %s, C = %.4g), mu = %.4g; Algorithm 1 takes %.4g: truly epsilon %.3g",
        s, tight ? "tight" : "classical", relation_names[set->relation], set->clip, mu,
        p->classical, p->classical_epsilon);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "noise s = %.4g, mu = %.4g; Algorithm 1: %.4g, truly epsilon %.3g", s,
                 mu, p->classical, p->classical_epsilon);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "s = %.4g, mu = %.4g", s, mu);
}

/* Beyond a share of 0.15 in its square the law is too high: perturbation_doubt. */
static const char *law_words(const struct perturbation *p, size_t k)
{
    double doubt = perturbation_doubt(p, FIELD_REAL, k);
    return doubt > 0.3 ? " (not to be believed here)" : doubt > 0.15 ? " (in doubt here)" : "";
}

static void error_line(const struct model *m, int width, char *out, size_t size)
{
    const struct theatre *t = &m->theatre;
    size_t k = theatre_rank(m), n;
    double kept = 0;
    out[0] = 0;
    if (!t->matrix || !t->paths || !theatre_same_matrix(&t->matrix->set, &t->set) || !k)
        return;
    const struct perturbation p = { t->matrix->sigma, t->matrix->d, t->paths->deviation };
    for (size_t i = 0; i < k; i++)
        kept = hypot(kept, p.sigma[i]);
    double law = perturbation_error(&p, PERTURBED_REAL, k);
    const char *doubt = law_words(&p, k);
    n = (size_t)snprintf(out, size, "||M_%zu|| = %.4g, error by the law %.4g%s", k, kept, law,
                         doubt);
    const struct monte_carlo_band *real = theatre_drawn(m, PERTURBED_REAL),
                                  *y = theatre_drawn(m, PERTURBED_Y),
                                  *shrunk = theatre_drawn(m, PERTURBED_SHRUNK);
    if (real && y && shrunk && n < size)
        snprintf(out + n, size - n,
                 "; %zu runs: real rms %.4g (5-95%%: %.3g-%.3g), Y %.4g, shrunk %.4g",
                 t->bands->found.runs, real->rms, real->low, real->high, y->rms, shrunk->rms);
    if (real && y && shrunk && canvas_text_width(out) > width)
        snprintf(out, size,
                 "||M_%zu|| %.4g, law %.4g%s; runs: real rms %.4g (5-95%%: %.3g-%.3g), Y %.4g, "
                 "shrunk %.4g",
                 k, kept, law, doubt, real->rms, real->low, real->high, y->rms, shrunk->rms);
    if (real && y && shrunk && canvas_text_width(out) > width)
        snprintf(out, size, "||M_%zu|| %.3g, law %.3g%s, runs: real %.3g, Y %.3g, shrunk %.3g", k,
                 kept, law, doubt[0] ? " (!)" : "", real->rms, y->rms, shrunk->rms);
}

static void draw_numbers(const struct model *m, struct canvas c)
{
    const struct dyson_scene *scene = theatre_scene(&m->theatre.set);
    char line[TEXT * 4];
    if (scene) {
        pane_paragraph(c, 1, 0, INK_TEXT, scene->help);
        return;
    }
    if (!m->theatre.price.known)
        return;
    noise_line(m, c.area.w - 1, line, sizeof(line));
    canvas_sentence(c, 1, 0, INK_TEXT, 0, line);
    error_line(m, c.area.w - 1, line, sizeof(line));
    canvas_sentence(c, 1, 1, INK_TEXT, 0, line);
    canvas_text(c, 1, 2, INK_DIM, 0,
                "Each setting has noise of its own: one draw at two scales would give M away.");
}

void pane_privacy_form(const struct model *m, struct canvas c)
{
    struct canvas inside = pane_theatre_frame(m, c, THEATRE_FOCUS_FORM, "privacy");
    int h = inside.area.h, w = inside.area.w, rows = pane_privacy_rows(w);
    int lines = h - rows > PANE_PRIVACY_LINES ? h - rows
                : h > PANE_PRIVACY_LINES + 1  ? PANE_PRIVACY_LINES
                                              : 0;
    draw_rows(m, canvas_inside(inside, (struct rect){ 0, 0, w, h - lines }));
    if (lines)
        draw_numbers(m, canvas_inside(inside, (struct rect){ 0, h - lines, w, lines }));
}

struct canvas pane_theatre_frame(const struct model *m, struct canvas c, int focus,
                                 const char *title)
{
    struct rect inside = pane_inside(c.area.w, c.area.h);
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, c.area.h }, ZONE_THEATRE_PANE, (size_t)focus);
    return inside.w == c.area.w ? c : canvas_frame(c, title, m->theatre.focus == focus);
}

void pane_legend(struct canvas inside, const char *const *words)
{
    while (words[1] && canvas_text_width(words[0]) > inside.area.w)
        words++;
    canvas_sentence(inside, 0, inside.area.h - 1, INK_DIM, 0, words[0]);
}
