/* What a release costs, before anything of the data is looked at: the form, this release, what was spent,
 * what would then be. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "panes.h"

enum { NAME = 10, BOX = 10, LABEL = 15, LINE = 400, END = 8, NARROW = 30, ROOMY = 14 };

static void number_text(const struct param *p, double v, char *out, size_t size)
{
    snprintf(out, size, p->kind == PARAM_REAL ? "%.4g" : "%.0f", v);
}

/* All words with the chosen one in brackets, or that one alone. */
static void draw_words(struct canvas c, const char *const *words, long chosen, int attributes)
{
    int width = 0, x = 0;
    for (int i = 0; words[i]; i++)
        width += canvas_text_width(words[i]) + 2;
    for (long i = 0; words[i]; i++)
        if (i == chosen)
            x += canvas_printf(c, x, 0, INK_TEXT, attributes, "[%s]", words[i]) + 1;
        else if (width <= c.area.w)
            x += canvas_text(c, x, 0, INK_DIM, 0, words[i]) + 1;
}

/* A budget that was not asked for is the ledger's, or none: 0 is no budget. */
static bool draw_budget(const struct model *m, const struct param *p, struct canvas c,
                        int attributes)
{
    const struct worlds *w = &m->worlds;
    const struct ledger_budget *b = &w->before.budget;
    bool epsilon = !strcmp(p->key, "budget_epsilon");
    char text[32];
    if (w->wish.budget_epsilon > 0 || (!epsilon && strcmp(p->key, "budget_delta") != 0))
        return false;
    number_text(p, epsilon ? b->epsilon : b->delta, text, sizeof(text));
    canvas_printf(c, 0, 0, INK_TEXT, attributes, c.area.w < BOX ? "%s" : "[%8s]",
                  b->epsilon > 0 ? text : "-");
    if (b->epsilon > 0 && epsilon && c.area.w > 2 * BOX)
        canvas_text(c, BOX + 1, 0, INK_DIM, 0, "from the ledger");
    return true;
}

static void draw_value(const struct model *m, const struct param *p, const void *values, size_t row,
                       struct canvas c, int attributes)
{
    static const char *const switch_words[] = { "off", "on", NULL };
    double limit = worlds_limit(m, p), v = fmin(param_get(p, values), limit);
    char text[32], lo[32], hi[32];
    if (draw_budget(m, p, c, attributes))
        return;
    if (p->choices || p->kind == PARAM_BOOL) {
        draw_words(c, p->choices ? p->choices : switch_words, lround(v), attributes);
        return;
    }
    number_text(p, v, text, sizeof(text));
    canvas_printf(c, 0, 0, INK_TEXT, attributes, c.area.w < BOX ? "%s" : "[%8s]", text);
    number_text(p, p->min, lo, sizeof(lo));
    number_text(p, limit, hi, sizeof(hi));
    int bar = c.area.w - BOX - 2 * END - 3;
    if (bar < 4)
        return;
    canvas_printf(c, BOX + 1, 0, INK_DIM, 0, "%*s", END, lo);
    form_bar(c, BOX + END + 2, 0, bar, form_fraction(p, v, limit));
    canvas_zone(c, (struct rect){ BOX + END + 2, 0, bar, 1 }, ZONE_THEATRE_BAR, row);
    canvas_text(c, BOX + END + 3 + bar, 0, INK_DIM, 0, hi);
}

static void draw_row(const struct model *m, const struct param_table *t, size_t row,
                     const void *values, struct canvas c)
{
    const struct param *p = &t->rows[row];
    bool chosen = row == m->worlds.field;
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, 1 }, ZONE_THEATRE, row);
    if (chosen)
        canvas_text(c, 0, 0, INK_KEY, ATTR_BOLD, ">");
    canvas_text(c, 1, 0, chosen ? INK_TITLE : INK_TEXT, chosen ? ATTR_BOLD : 0, p->shorthand);
    draw_value(m, p, values, row,
               canvas_inside(c, (struct rect){ NAME + 1, 0, c.area.w - NAME - 1, 1 }),
               chosen ? ATTR_BOLD : 0);
}

/* What does not fit scrolls with the focused row. */
int pane_world_rows(const struct model *m, struct canvas c, int y, int most)
{
    const void *values;
    const struct param_table *t = worlds_rows(m, &values);
    size_t shown = t && most > 0 ? (size_t)most : 0, first = 0;
    if (!shown)
        return y;
    shown = shown < t->n ? shown : t->n;
    if (m->worlds.field >= shown)
        first = m->worlds.field - shown + 1;
    for (size_t i = 0; i < shown; i++)
        draw_row(m, t, first + i, values,
                 canvas_inside(c, (struct rect){ 0, y + (int)i, c.area.w, 1 }));
    return y + (int)shown;
}

/* "mu 0.3347: (1.455, 1e-06)" */
static void spent_text(const struct ledger_account *a, char *out, size_t size)
{
    if (a->releases == 0)
        snprintf(out, size, "nothing");
    else
        snprintf(out, size, "mu %.4g in %zu release%s: (%.4g, %.2g)", a->mu, a->releases,
                 a->releases == 1 ? "" : "s", a->epsilon, a->delta);
}

static void budget_text(const struct ledger_account *a, char *out, size_t size)
{
    int at = 0;
    if (!(a->budget.epsilon > 0))
        snprintf(out, size, "none: nothing stops a spend - budget=EPSILON,DELTA names one");
    else
        at = snprintf(out, size, "(%.4g, %.2g): mu %.4g, of which %.4g %s", a->budget.epsilon,
                      a->budget.delta, a->mu_most, a->over ? a->mu - a->mu_most : a->mu_left,
                      a->over ? "too much" : "is left");
    if (a->raised_from.epsilon > 0)
        snprintf(out + at, size - (size_t)at, " - RAISED from (%.4g, %.2g)", a->raised_from.epsilon,
                 a->raised_from.delta);
}

static int fact(struct canvas c, int y, enum ink ink, const char *name, const char *text)
{
    if (c.area.w < NARROW)
        return pane_paragraph(c, 0, y, ink, text);
    canvas_text(c, 1, y, INK_TITLE, 0, name);
    return pane_paragraph(c, LABEL, y, ink, text);
}

static int draw_price(const struct model *m, struct canvas c, int y)
{
    const struct worlds_price *p = &m->worlds.price;
    char line[LINE];
    if (!p->ok)
        return fact(c, y, INK_ERROR, "this release", p->why);
    snprintf(line, sizeof(line), "mu %.5g   s %.5g off the diagonal, %.5g on it", p->is.mu,
             p->is.deviation, p->is.diagonal);
    y = fact(c, y, INK_TEXT, "this release", line);
    if (c.area.h < ROOMY)
        return y;
    snprintf(line, sizeof(line), "s %.5g, which is truly epsilon %.3g", p->paper, p->paper_epsilon);
    return fact(c, y, INK_DIM, "paper's noise", line);
}

static int draw_account(const struct model *m, struct canvas c, int y)
{
    const struct worlds *w = &m->worlds;
    char line[LINE];
    if (w->ledger_why[0] || w->ledger.damaged)
        return fact(c, y, INK_ERROR, "ledger", w->ledger_why[0] ? w->ledger_why : w->ledger.why);
    spent_text(&w->before, line, sizeof(line));
    y = fact(c, y, INK_TEXT, "spent so far", line);
    if (w->price.ok) {
        spent_text(&w->after, line, sizeof(line));
        y = fact(c, y, w->after.over ? INK_ERROR : INK_TEXT, "with this one", line);
        budget_text(&w->after, line, sizeof(line));
        bool raised = w->after.raised_from.epsilon > 0;
        y = fact(c, y, w->after.over ? INK_ERROR : raised ? INK_WARNING : INK_TEXT, "budget", line);
    }
    return fact(c, y, INK_DIM, "ledger", w->wish.ledger);
}

/* What makes the promise worth less, or nothing; of public numbers alone. */
static int draw_warnings(const struct model *m, struct canvas c, int y)
{
    const struct release_wish *q = &m->worlds.wish;
    if (q->epsilon > 10)
        y = pane_paragraph(c, 1, y, INK_WARNING, "epsilon above 10 promises next to nothing");
    if (q->delta > 1e-5)
        y = pane_paragraph(c, 1, y, INK_WARNING,
                           "delta has to lie far below one over the number of people");
    return y;
}

/* In the order in which a spend is refused. */
static const char *missing(const struct model *m, char *line, size_t size)
{
    const struct worlds *w = &m->worlds;
    const struct release_wish *q = &w->wish;
    if (w->wanted || w->out)
        return "being made - C-c stops it while nothing is spent";
    if (!q->dataset[0])
        return "no dataset is named: = types it, :release dataset=NAME";
    if (!w->price.ok || w->ledger_why[0] || w->ledger.damaged)
        return "refused as it stands: see above. Esc leaves.";
    if (w->after.over) {
        snprintf(line, size, "refused: over the budget of %.60s by mu %.4g", q->dataset,
                 w->after.mu - w->after.mu_most);
        return line;
    }
    if (w->there)
        return "refused: the file exists, and a release overwrites nothing - :release file=NAME";
    if (!q->file[0])
        return "no file is named: :release file=NAME.safetensors";
    return "Enter asks for the dataset's name once more, and spends. Esc leaves: nothing is drawn, "
           "nothing is spent.";
}

void pane_price(const struct model *m, struct canvas c)
{
    enum { FACTS = 9, LEAST = 3 };
    const struct release_wish *q = &m->worlds.wish;
    struct canvas in = pane_world_frame(c, "price of a release");
    int rows = in.area.h - FACTS, y;
    char line[LINE];
    if (in.area.h < 6) { /* the row in hand, and what it comes to */
        spent_text(&m->worlds.after, line, sizeof(line));
        y = pane_world_rows(m, in, 0, in.area.h > 2 ? in.area.h - 2 : 1);
        canvas_printf(in, 0, y++, INK_TEXT, 0, "mu %.4g s %.4g", m->worlds.price.is.mu,
                      m->worlds.price.is.deviation);
        canvas_text(in, 0, y, m->worlds.after.over ? INK_ERROR : INK_TEXT, 0, line);
        return;
    }
    y = pane_world_rows(m, in, 0, rows > LEAST ? rows : LEAST);
    y = fact(in, y, q->dataset[0] ? INK_TEXT : INK_WARNING, "dataset",
             q->dataset[0] ? q->dataset : "-");
    y = fact(in, y, q->file[0] ? INK_TEXT : INK_WARNING, "file", q->file[0] ? q->file : "-");
    y = draw_price(m, in, y);
    y = draw_account(m, in, y);
    y = draw_warnings(m, in, y);
    const char *words = missing(m, line, sizeof(line));
    pane_paragraph(in, 1, y, strncmp(words, "refused", 7) ? INK_KEY : INK_ERROR, words);
}

void pane_confirm(const struct model *m, struct canvas c)
{
    enum { HEIGHT = 9, TALL = 6 };
    const struct worlds *w = &m->worlds;
    struct canvas in = pane_box(c, PANE_BOX_WIDTH, HEIGHT, "spend");
    char line[LINE];
    int y = 0;
    if (in.area.h < TALL) {
        canvas_printf(in, 0, 0, INK_WARNING, 0, "its name spends");
        y++;
    } else {
        snprintf(line, sizeof(line), "A release of %.100s for (%.4g, %.2g): mu %.4g, noise s %.5g.",
                 w->wish.dataset, w->wish.epsilon, w->wish.delta, w->price.is.mu,
                 w->price.is.deviation);
        y = pane_paragraph(in, 1, y, INK_TEXT, line);
        spent_text(&w->after, line, sizeof(line));
        y = fact(in, y, INK_TEXT, "then spent", line);
        y = pane_paragraph(in, 1, y + 1, INK_WARNING,
                           "It cannot be taken back. Type the dataset's name to spend it:");
    }
    form_typed(canvas_inside(in, (struct rect){ 1, y, in.area.w - 2, 1 }), m->line, m->line_at);
}
