#include "gradual.h"

#include "release_draw.h"
#include "release_noise.h"
#include "release_path.h"

#include "cancel.h"

#include <math.h>

void gradual_finish(struct gradual *g)
{
    release_finish(&g->facts);
    for (size_t i = 0; i < GRADUAL_VIEWS; i++) {
        matrix_finish(&g->noisy[i]);
        matrix_finish(&g->imaginary[i]);
    }
    *g = (struct gradual){ 0 };
}

static bool check(const struct release_terms *t, double coarsest, size_t n, struct error *err)
{
    if (n < 2 || n > GRADUAL_VIEWS)
        return fail(err, ERROR_USAGE, "a gradual release has 2 to %d views", GRADUAL_VIEWS);
    return (coarsest > 0 && coarsest < t->epsilon) ||
           fail(err, ERROR_USAGE,
                "the coarsest view's epsilon must be less than the finest's, %g, and above 0",
                t->epsilon);
}

/* Evenly spread in log s, which is log 1/mu; the finest is what is paid for. */
static bool plan(const struct release_path *p, double coarsest, size_t n, struct gradual *g,
                 struct release_deviation *steps, struct error *err)
{
    const struct release_terms *t = p->terms;
    unsigned bits = t->bits ? t->bits : RELEASE_BITS;
    double fine = p->price.mu, coarse = gdp_mu(coarsest, t->delta);
    for (size_t i = 0; i < n; i++) {
        double share = (double)i / (double)(n - 1);
        g->mu[i] = i == n - 1 ? fine : coarse * pow(fine / coarse, share);
        g->epsilon[i] = i == n - 1 ? t->epsilon : gdp_epsilon(g->mu[i], t->delta);
        if (!(coarse > 0) ||
            !release_deviation(t->mechanism, t->relation, bits, g->mu[i], &steps[i]))
            return fail(err, ERROR_LIMIT,
                        "a coarsest epsilon of %g needs more noise than the grid "
                        "holds",
                        coarsest);
        g->deviation[i] = (double)steps[i].off * p->price.lattice;
    }
    g->n = n;
    return true;
}

static bool make_room(struct gradual *g, enum mechanism m, size_t d, struct error *err)
{
    for (size_t i = 0; i < g->n; i++)
        if (!matrix_init(&g->noisy[i], DTYPE_F64, d, d, err) ||
            (m == MECHANISM_COMPLEX && !matrix_init(&g->imaginary[i], DTYPE_F64, d, d, err)))
            return false;
    return true;
}

/* What takes the finer to the coarser; at least a step. */
static uint64_t between(uint64_t finer, uint64_t coarser)
{
    double a = (double)coarser - (double)finer, b = (double)coarser + (double)finer;
    return a > 0 ? (uint64_t)ceil(sqrt(a) * sqrt(b)) : 1;
}

/* View i from the one that is finer by one; of imaginary parts, which are anybody's, likewise. */
static bool add_imaginary(struct gradual *g, size_t i, double deviation, struct chacha *from,
                          struct error *err)
{
    struct matrix_view out = g->imaginary[i].view;
    if (!release_draw_imaginary(deviation, chacha_word(from), out, err))
        return false;
    for (size_t r = 0; i + 1 < g->n && r < out.rows; r++)
        for (size_t c = 0; c < out.cols; c++)
            matrix_put(out, r, c, matrix_at(out, r, c) + matrix_at(g->imaginary[i + 1].view, r, c));
    return true;
}

/* The finest first, each next one coarser by noise of its own. */
static bool draw_path(struct release_path *p, struct gradual *g,
                      const struct release_deviation *steps, struct error *err)
{
    struct chacha *from = release_path_stream(p);
    int64_t *sums = p->gram.data;
    for (size_t i = g->n; i-- > 0;) {
        struct release_deviation s = steps[i];
        if (i + 1 < g->n) {
            s.off = between(steps[i + 1].off, s.off);
            s.diagonal = between(steps[i + 1].diagonal, s.diagonal);
        }
        if (!release_noise(sums, p->d, &s, from, sums, err))
            return false;
        release_draw_put(sums, p->price.lattice, g->noisy[i].view);
        if (p->terms->mechanism == MECHANISM_COMPLEX &&
            !add_imaginary(g, i, (double)s.off * p->price.lattice, from, err))
            return false;
    }
    return true;
}

static bool draw(struct release_path *p, struct job *job, struct gradual *g,
                 const struct release_deviation *steps, struct error *err)
{
    const atomic_bool *before = cancel_watch(NULL);
    struct error why = { 0 };
    if (job->progress)
        job->progress(job->context, 0.7, "noise");
    bool ok = draw_path(p, g, steps, &why);
    cancel_watch(before);
    return ok || release_path_lost(&why, err);
}

bool gradual_make(struct job *job, struct matrix_view rows, const struct release_terms *t,
                  double coarsest, size_t n, const char *ledger, struct gradual *out,
                  struct error *err)
{
    struct release_path p = { 0 };
    struct release_deviation steps[GRADUAL_VIEWS];
    *out = (struct gradual){ 0 };
    bool ok = check(t, coarsest, n, err) && release_path_open(&p, job, rows, t, err) &&
              plan(&p, coarsest, n, out, steps, err) && make_room(out, t->mechanism, p.d, err) &&
              release_path_pay(&p, job, ledger, &out->facts.account, err) &&
              draw(&p, job, out, steps, err);
    struct ledger_account account = out->facts.account;
    if (ok)
        release_path_facts(&p, &out->facts);
    else
        gradual_finish(out);
    out->facts.account = account;
    release_path_close(&p);
    return ok;
}

bool gradual_reveal(struct gradual *g, size_t i, struct release *out, struct error *err)
{
    struct release_terms t = { .mechanism = g->facts.mechanism,
                               .rank = g->facts.rank,
                               .form = g->facts.form,
                               .shrink = g->facts.shrink,
                               .clamp = g->facts.clamp };
    struct release r = g->facts;
    r.view = g->mu[i];
    r.deviation = g->deviation[i];
    bool ok = release_draw_init(&r.draw, r.mechanism, r.d, err);
    if (ok) {
        matrix_copy(g->noisy[i].view, r.draw.noisy.view);
        if (r.mechanism == MECHANISM_COMPLEX)
            matrix_copy(g->imaginary[i].view, r.draw.imaginary.view);
        ok = release_draw_follow(&t, r.deviation, &r.draw, err);
    }
    if (!ok) {
        release_draw_finish(&r.draw);
        return false;
    }
    *out = r;
    g->seen = i + 1 > g->seen ? i + 1 : g->seen;
    return true;
}
