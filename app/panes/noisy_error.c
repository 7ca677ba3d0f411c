/* What a rank-k output of the noisy matrix loses against the true one, over k: laws, and many draws. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "memory.h"
#include "perturbation.h"
#include "plot.h"

enum { LETTERS = 9, TEXT = 160 };
static const double DECADES = 4;

static const struct theatre_bands *bands_now(const struct model *m)
{
    const struct theatre *t = &m->theatre;
    return t->bands && t->paths && !t->plain && theatre_same_noise(&t->bands->set, &t->paths->set)
               ? t->bands
               : NULL;
}

/* By rank, 1 to d. */
struct laws {
    double *first, *paper; /* owned, one block */
    size_t d;
};

static bool laws_init(struct laws *l, const struct perturbation *p)
{
    struct error unused;
    l->d = p->d;
    l->first = memory_alloc(2 * l->d * sizeof(double), &unused);
    l->paper = l->first ? l->first + l->d : NULL;
    for (size_t k = 1; l->first && k <= l->d; k++) {
        double first = perturbation_error(p, PERTURBED_REAL, k),
               paper = perturbation_paper_error(p, k);
        l->first[k - 1] = isfinite(first) ? first : (double)NAN;
        l->paper[k - 1] = isfinite(paper) ? paper : (double)NAN;
    }
    return l->first != NULL;
}

/* Root mean squares at the ranks drawn, a letter each; and where 90 of 100 lie. */
static void draw_output(const struct plot *p, const struct theatre_bands *b, enum perturbed x,
                        enum ink ink, char letter, bool band)
{
    double ranks[MONTE_CARLO_RANKS], low[MONTE_CARLO_RANKS], high[MONTE_CARLO_RANKS];
    size_t step = b->n_ranks / LETTERS + 1;
    for (size_t i = 0; i < b->n_ranks; i++) {
        const struct monte_carlo_band *of = monte_carlo_error(&b->found, x, i);
        ranks[i] = (double)b->ranks[i];
        low[i] = of->low;
        high[i] = of->high;
    }
    if (band) {
        plot_dashed(p, ranks, low, b->n_ranks, INK_MARK);
        plot_dashed(p, ranks, high, b->n_ranks, INK_MARK);
    }
    for (size_t i = (size_t)(letter == 'y'   ? 1
                             : letter == 's' ? 2
                                             : 0) *
                    step / 3;
         i < b->n_ranks; i += step)
        plot_point(p, ranks[i], monte_carlo_error(&b->found, x, i)->rms, ink, letter);
}

static void draw_level(const struct plot *p, double y)
{
    const double xs[] = { p->x.lo, p->x.hi }, ys[] = { y, y };
    if (y >= p->y.lo && y <= p->y.hi)
        plot_dashed(p, xs, ys, 2, INK_DIM);
}

static void draw_plot(const struct model *m, struct canvas c, const struct laws *l)
{
    const struct theatre_bands *bands = bands_now(m);
    const struct theatre_paths *paths = m->theatre.paths;
    struct axis x = { .lo = 1, .hi = l->d > 1 ? (double)l->d : 2, .whole = true, .log = l->d > 64 };
    bool floor;
    struct axis y = plot_axis(l->first, 2 * l->d, true, DECADES, &floor);
    struct plot p = plot_begin(c, x, y, floor);
    draw_level(&p, perturbation_whole(FIELD_REAL, paths->deviation, l->d));
    plot_dashed(&p, NULL, l->paper, l->d, INK_BOUND);
    plot_curve(&p, NULL, l->first, l->d, INK_CURVE);
    if (bands) {
        draw_output(&p, bands, PERTURBED_REAL, INK_CURVE, 'r', true);
        draw_output(&p, bands, PERTURBED_Y, INK_GOOD, 'y', false);
        draw_output(&p, bands, PERTURBED_SHRUNK, INK_WARNING, 's', false);
    }
    plot_vertical(&p, (double)theatre_rank(m), INK_MARK);
}

void pane_noisy_error(const struct model *m, struct canvas c)
{
    struct canvas inside = pane_theatre_frame(m, c, THEATRE_FOCUS_PAGE, "||X - M_k||_F over k");
    const struct theatre *t = &m->theatre;
    struct laws laws;
    if (!t->paths || !t->matrix || !theatre_same_matrix(&t->matrix->set, &t->paths->set))
        return;
    const struct perturbation p = { t->matrix->sigma, t->matrix->d, t->paths->deviation };
    if (!laws_init(&laws, &p))
        return;
    draw_plot(m, canvas_inside(inside, (struct rect){ 0, 0, inside.area.w, inside.area.h - 1 }),
              &laws);
    static const char *const drawn[] = {
        "law, paper's shape (C = 2) dashed; r real, y Re, s shrunk",
        "law, paper's dashed; r real, y Re, s shrunk", "r real, y Re, s shrunk", NULL
    };
    static const char *const laws_alone[] = { "first-order law; paper's shape (C = 2) dashed",
                                              "law; paper's dashed", NULL };
    pane_legend(inside, bands_now(m) ? drawn : laws_alone);
    memory_free(laws.first);
}
