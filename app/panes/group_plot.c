/* Curves of one group over its rank: what joint-rank factorization loses and keeps, and whether the members
 * have anything in common. */

#include "panes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "plot.h"
#include "spectrum.h"

enum { POINTS = 240, LETTERS = 9, FOOT = 128 };
static const double SIGMA_DECADES = 6; /* Gram matrices know no more: joint.h */

/* Values over ranks, one curve; n of them, x NULL: 1, 2, ... */
struct line {
    double *x, *y; /* owned */
    size_t n;
};

static bool line_init(struct line *l, size_t n, bool with_x)
{
    struct error unused;
    *l = (struct line){ .n = n };
    l->y = memory_alloc(n * sizeof(double), &unused);
    l->x = with_x ? memory_alloc(n * sizeof(double), &unused) : NULL;
    return l->y && (l->x || !with_x);
}

static void line_finish(struct line *l)
{
    memory_free(l->x);
    memory_free(l->y);
}

static void foot(struct canvas whole, const char *text)
{
    if (canvas_text_width(text) <= whole.area.w - 4)
        canvas_text(whole, 2, whole.area.h - 1, INK_DIM, 0, text);
}

static struct axis rank_axis(const struct grouped *g)
{
    double most = (double)g->profile.r;
    return (struct axis){ .lo = 1, .hi = most > 1 ? most : 2, .whole = true };
}

static void mark_rank(const struct plot *p, double at, const char *text)
{
    int width = canvas_text_width(text), x = plot_column(p, at) + 2;
    plot_vertical(p, at, INK_MARK);
    if (x + width > p->data.area.w)
        x -= width + 3;
    canvas_text(p->data, x > 0 ? x : 0, 0, INK_MARK, 0, text);
}

static void level(const struct plot *p, double y, enum ink ink)
{
    const double xs[] = { p->x.lo, p->x.hi }, ys[] = { y, y };
    if (isfinite(y) && y >= p->y.lo && y <= p->y.hi)
        plot_dashed(p, xs, ys, 2, ink);
}

/* Where ranks lie along the plot: the pointer chooses them there. */
static void tell_pointer(const struct plot *p)
{
    canvas_zone(p->data, (struct rect){ 0, 0, p->data.area.w, p->data.area.h }, ZONE_GROUP_RANK, 0);
}

/* ---- error against parameters ---- */

struct costs {
    struct line joint, even, best;
};

/* As far as factors are not much larger than the matrices. */
static size_t rank_last(const struct grouped *g)
{
    double far = ceil(1.2 * joint_break_even(&g->shape));
    return far < (double)g->profile.r ? (size_t)far : g->profile.r;
}

static size_t rank_of_point(const struct grouped *g, size_t i, size_t n)
{
    double span = (double)(rank_last(g) - 1);
    return 1 + (size_t)(n > 1 ? span * (double)i / (double)(n - 1) + 0.5 : 0);
}

/* At the parameters of each rank what separate factors lose, until they would be complete. */
static void fill_costs(const struct grouped *g, struct costs *c)
{
    double dense = (double)joint_dense(&g->shape);
    for (size_t i = 0; i < c->joint.n; i++) {
        size_t k = rank_of_point(g, i, c->joint.n), ranks[GROUP_MEMBERS];
        uint64_t parameters = joint_parameters(&g->shape, k);
        double share = (double)parameters / dense;
        c->joint.x[i] = c->even.x[i] = c->best.x[i] = 100 * share;
        c->joint.y[i] = 100 * joint_error(&g->profile, k);
        separate_ranks_kept(&g->shape, share, ranks);
        c->even.y[i] = 100 * separate_error(&g->profile, ranks);
        separate_ranks_greedy(&g->profile, parameters, ranks);
        c->best.y[i] = 100 * separate_error(&g->profile, ranks);
    }
}

static void draw_costs(const struct grouped *g, struct canvas c, const struct costs *costs)
{
    bool unused;
    char text[64];
    struct axis x = plot_axis(costs->joint.x, costs->joint.n, false, 0, &unused);
    struct axis y = plot_axis(costs->joint.y, costs->joint.n, false, 0, &unused);
    x.percent = y.percent = true;
    struct plot p = plot_begin(c, x, y, false);
    plot_vertical(&p, 100, INK_BOUND);
    plot_dashed(&p, costs->even.x, costs->even.y, costs->even.n, INK_BOUND);
    plot_curve(&p, costs->joint.x, costs->joint.y, costs->joint.n, INK_CURVE);
    for (size_t i = 0; i < LETTERS; i++) {
        size_t at = (2 * i + 1) * costs->best.n / (2 * LETTERS);
        plot_point(&p, costs->best.x[at], costs->best.y[at], INK_GOOD, 'g');
    }
    if (g->rank) {
        double error = 100 * joint_error(&g->profile, g->rank);
        snprintf(text, sizeof(text), "k=%zu %.2f%%", g->rank, error);
        mark_rank(&p, 100 * grouped_keep(g), text);
        plot_mark(&p, 100 * grouped_keep(g), error, INK_MARK, 'o');
    }
}

static void parameters(const struct model *m, const struct grouped *g, struct canvas c,
                       struct canvas whole)
{
    (void)m;
    size_t last = rank_last(g), n = last < POINTS ? last : POINTS;
    struct costs costs = { 0 };
    if (line_init(&costs.joint, n, true) && line_init(&costs.even, n, true) &&
        line_init(&costs.best, n, true)) {
        fill_costs(g, &costs);
        draw_costs(g, c, &costs);
    }
    line_finish(&costs.joint);
    line_finish(&costs.even);
    line_finish(&costs.best);
    foot(whole, c.area.w < 56 ? " joint, - - apart, g greedy "
                              : " joint, - - apart in even shares, g greedy, | dense ");
}

/* ---- singular values ---- */

static char letter_of(const struct grouped *g, size_t i)
{
    static const char letters[] = "abcdefgh";
    enum module module = g->group.members[i].module;
    return module == MODULE_Q      ? 'q'
           : module == MODULE_K    ? 'k'
           : module == MODULE_GATE ? 'g'
           : module == MODULE_UP   ? 'u'
                                   : letters[i % 8];
}

/* The largest singular value of rounding noise in the stack (joint-rank.md's edge): s (sqrt S + sqrt n). */
static double rounding_edge(const struct grouped *g)
{
    double height = (double)joint_height(&g->shape), width = (double)g->shape.n;
    if (g->profile.balance != BALANCE_NONE)
        return (double)NAN;
    return sqrt(g->rounding) * (sqrt(height) + sqrt(width));
}

static double noise_edge(const struct grouped *g)
{
    const struct joint_profile *p = &g->profile;
    const struct spectrum s = { p->sigma, p->r, joint_height(&p->shape), p->shape.n, p->total };
    return spectrum_marchenko_pastur(&s).edge;
}

static size_t below(const struct grouped *g, double edge)
{
    size_t n = 0;
    for (size_t i = 0; i < g->profile.r; i++)
        n += g->profile.sigma[i] < edge;
    return n;
}

static void spectrum(const struct model *m, const struct grouped *g, struct canvas c,
                     struct canvas whole)
{
    (void)m;
    const struct joint_profile *f = &g->profile;
    bool floor;
    char text[FOOT];
    double rounding = rounding_edge(g), noise = noise_edge(g), even = joint_break_even(&g->shape);
    struct axis y = plot_axis(f->sigma, f->r, true, SIGMA_DECADES, &floor);
    struct plot p = plot_begin(c, rank_axis(g), y, floor);
    tell_pointer(&p);
    plot_vertical(&p, even, INK_KEY);
    level(&p, noise, INK_GOOD);
    level(&p, rounding, INK_WARNING);
    for (size_t i = 0; i < f->shape.p; i++) {
        size_t n = f->shape.rows[i] < f->r ? f->shape.rows[i] : f->r;
        plot_dashed(&p, NULL, f->alone + i * f->r, n, INK_DIM);
        plot_point(&p, (double)(n + 1) / 2, f->alone[i * f->r + n / 2], INK_TEXT, letter_of(g, i));
    }
    plot_curve(&p, NULL, f->sigma, f->r, INK_CURVE);
    if (g->rank) {
        snprintf(text, sizeof(text), "k=%zu s=%.4g", g->rank, f->sigma[g->rank - 1]);
        mark_rank(&p, (double)g->rank, text);
    }
    size_t above = f->r - below(g, noise);
    if (isnan(rounding))
        snprintf(text, sizeof(text), " noise edge %.3g: %zu above ", noise, above);
    else if (c.area.w < 60)
        snprintf(text, sizeof(text), " edge %.2g: %zu, rounding %.2g: %zu ", noise, above, rounding,
                 f->r - below(g, rounding));
    else
        snprintf(text, sizeof(text), " noise edge %.3g: %zu above, rounding %.3g: %zu above ",
                 noise, above, rounding, f->r - below(g, rounding));
    foot(whole, text);
}

/* ---- energy ---- */

static void energy(const struct model *m, const struct grouped *g, struct canvas c,
                   struct canvas whole)
{
    (void)m;
    const struct joint_profile *f = &g->profile;
    const struct axis y = { .lo = 0, .hi = 100, .percent = true };
    struct plot p = plot_begin(c, rank_axis(g), y, false);
    struct line l;
    char text[64];
    tell_pointer(&p);
    plot_vertical(&p, joint_break_even(&g->shape), INK_KEY);
    if (line_init(&l, f->r, false)) {
        for (size_t i = 0; i < f->shape.p; i++) {
            for (size_t k = 1; k <= f->r; k++)
                l.y[k - 1] = 100 * (1 - pow(joint_member_error(f, i, k), 2));
            plot_dashed(&p, NULL, l.y, f->r, INK_DIM);
            plot_point(&p, (double)f->r / 3, l.y[f->r / 3], INK_TEXT, letter_of(g, i));
        }
        for (size_t k = 1; k <= f->r; k++)
            l.y[k - 1] = 100 * joint_energy(f, k);
        plot_curve(&p, NULL, l.y, f->r, INK_CURVE);
    }
    line_finish(&l);
    if (g->rank) {
        snprintf(text, sizeof(text), "k=%zu %.2f%%", g->rank, 100 * joint_energy(f, g->rank));
        mark_rank(&p, (double)g->rank, text);
    }
    foot(whole, " of the stack, - - of each member ");
}

/* ---- what the members share ---- */

static void overlap(const struct model *m, const struct grouped *g, struct canvas c,
                    struct canvas whole)
{
    (void)m;
    const struct joint_profile *f = &g->profile;
    const struct axis y = { .lo = 0, .hi = 100, .percent = true };
    struct line l;
    char text[64];
    if (!f->overlap || f->shape.p < 2) {
        pane_paragraph(c, 1, 0, INK_DIM, "There is one matrix.");
        return;
    }
    struct plot p = plot_begin(c, rank_axis(g), y, false);
    tell_pointer(&p);
    const double ends[] = { 1, (double)f->r };
    const double chance[] = { 100.0 / (double)f->shape.n,
                              100.0 * (double)f->r / (double)f->shape.n };
    plot_dashed(&p, ends, chance, 2, INK_BOUND);
    if (line_init(&l, f->r, false))
        for (size_t i = 1; i < f->shape.p; i++) {
            for (size_t k = 1; k <= f->r; k++)
                l.y[k - 1] = 100 * f->overlap[i * (f->r + 1) + k];
            plot_curve(&p, NULL, l.y, f->r, INK_CURVE);
        }
    line_finish(&l);
    if (g->rank) {
        double v = f->overlap[(f->r + 1) + g->rank];
        snprintf(text, sizeof(text), isnan(v) ? "k=%zu" : "k=%zu %.1f%%", g->rank, 100 * v);
        mark_rank(&p, (double)g->rank, text);
    }
    foot(whole,
         c.area.w < 48 ? " - - by chance: k/n " : " of k leading directions, - - by chance: k/n ");
}

static void null_curve(const struct model *m, const struct grouped *g, struct canvas c,
                       struct canvas whole)
{
    (void)m;
    struct line l;
    char text[64];
    bool unused;
    if (!g->null) {
        pane_paragraph(c, 1, 0, INK_DIM,
                       g->shape.p < 2 ? "There is one matrix."
                                      : "n holds the error at every rank against random rotations "
                                        "of all members but the first. They have the same singular "
                                        "values, and nothing in common.");
        return;
    }
    if (line_init(&l, g->n_null + 1, false)) {
        for (size_t k = 0; k < g->n_null; k++)
            l.y[k] = g->null[k].z;
        l.y[g->n_null] = 1.2 * JOINT_NULL_SHARED; /* its line is on every such plot */
        struct axis y = plot_axis(l.y, l.n, false, 0, &unused);
        struct plot p = plot_begin(c, rank_axis(g), y, false);
        tell_pointer(&p);
        level(&p, JOINT_NULL_SHARED, INK_BOUND);
        level(&p, 0, INK_DIM);
        plot_curve(&p, NULL, l.y, g->n_null, INK_CURVE);
        if (g->rank && g->rank <= g->n_null) {
            snprintf(text, sizeof(text), "k=%zu z=%.1f", g->rank, g->null[g->rank - 1].z);
            mark_rank(&p, (double)g->rank, text);
        }
    }
    line_finish(&l);
    foot(whole,
         c.area.w < 48 ? " below -3: shared " : " z of the error; below -3: shared structure ");
}

static const struct group_found *extra_of(const struct model *m, const struct grouped *g)
{
    const struct group_found *f = m->grouping.extra;
    return f && f->wish.id == g->id ? f : NULL;
}

static void angles(const struct model *m, const struct grouped *g, struct canvas c,
                   struct canvas whole)
{
    const struct group_found *f = extra_of(m, g);
    const struct axis y = { .lo = 0, .hi = 90 };
    char text[96];
    struct line l;
    if (!f || !f->cosines || f->n_cosines < 2) {
        pane_paragraph(c, 1, 0, INK_DIM,
                       g->shape.p < 2 ? "There is one matrix." : "angles are on their way");
        return;
    }
    const struct axis x = { .lo = 1, .hi = (double)f->n_cosines, .whole = true };
    struct plot p = plot_begin(c, x, y, false);
    if (line_init(&l, f->n_cosines, false))
        for (size_t i = 1; i < f->wish.group.n; i++) {
            for (size_t k = 0; k < f->n_cosines; k++)
                l.y[k] = acos(fmin(fmax(f->cosines[i * f->n_cosines + k], 0), 1)) * 180 / acos(-1);
            plot_curve(&p, NULL, l.y, f->n_cosines, INK_CURVE);
        }
    const char *late = f->wish.rank == g->rank ? "" : " ~";
    snprintf(text, sizeof(text), " degrees, of %zu %s%s ", f->n_cosines,
             c.area.w < 48 ? "each" : "leading directions of each", late);
    line_finish(&l);
    foot(whole, text);
}

static const struct {
    const char *title, *narrow;
    void (*draw)(const struct model *m, const struct grouped *g, struct canvas c,
                 struct canvas whole);
} pages[GROUP_PAGES] = {
    [GROUP_PAGE_PARAMETERS] = { "error vs parameters, of dense", "error vs parameters",
                                parameters },
    [GROUP_PAGE_SPECTRUM] = { "singular values (log)", "sigma (log)", spectrum },
    [GROUP_PAGE_ENERGY] = { "energy kept by rank", "energy", energy },
    [GROUP_PAGE_OVERLAP] = { "common directions by rank", "overlap", overlap },
    [GROUP_PAGE_NULL] = { "against random rotations", "null test", null_curve },
    [GROUP_PAGE_ANGLES] = { "principal angles", "angles", angles },
    [GROUP_PAGE_MAPS] = { "W, W_k, W - W_k: mean size of entries", "W, W_k, W - W_k",
                          pane_group_maps },
};

void pane_group_plot(const struct model *m, struct canvas c, int page)
{
    const struct grouped *g = grouping_chosen(m);
    struct rect in = pane_inside(c.area.w, c.area.h);
    struct canvas inside = canvas_inside(c, in);
    const char *title = pages[page].title;
    bool framed = in.h < c.area.h;
    if (canvas_text_width(title) > c.area.w - 8)
        title = pages[page].narrow;
    if (framed)
        canvas_frame(c, title, m->grouping.focus == GROUP_FOCUS_PLOT && m->grouping.page == page);
    if (!g)
        return;
    if (g->profile.r)
        pages[page].draw(m, g, inside, framed ? c : (struct canvas){ 0 });
    else
        pane_paragraph(inside, 1, 0, g->why[0] ? INK_ERROR : INK_DIM,
                       g->why[0] ? g->why : "its matrices are still to be read");
}
