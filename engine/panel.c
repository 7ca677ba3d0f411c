/* CholeskyQR2: Yamamoto, Nakatsukasa, Yanagisawa, Fukaya 2015, "Roundoff error analysis of the
 * CholeskyQR2 algorithm", ETNA 44. With its Gram matrices in double precision it takes
 * single-precision columns up to a condition of 1e7, where they are as good as dependent. */

#include "panel.h"

#include "blas.h"
#include "linalg.h"

#include <assert.h>
#include <math.h>

/* A panel so far from orthonormal, ||x^T x - I||_F, has a condition of 2 at most, and one
 * more pass leaves nothing but rounding. */
static const double nearly = 0.5;

/* A condition near the limit of the precision takes three passes; nothing takes more. */
enum { PASSES = 4 };

static double departure(struct matrix_view g)
{
    double sum = 0;
    for (size_t i = 0; i < g.rows; i++)
        for (size_t j = 0; j < g.cols; j++) {
            double e = matrix_at(g, i, j) - (i == j);
            sum += e * e;
        }
    return sqrt(sum);
}

/* g = x^T x, on the processor. */
static bool gram(struct backend *b, const struct buffer *x, struct matrix_view g, struct error *err)
{
    struct buffer out = { 0 };
    bool ok = backend_alloc(b, DTYPE_F64, x->cols, x->cols, &out, err) &&
              backend_gram(x, &out, err) && backend_read(&out, g, err);
    backend_release(&out);
    return ok;
}

/* *out = x w. */
static bool multiply(struct backend *b, const struct buffer *x, struct matrix_view w,
                     struct buffer *out, struct error *err)
{
    struct buffer factor = { 0 };
    bool ok = backend_load(b, w, &factor, err) &&
              backend_alloc(b, x->dtype, x->rows, x->cols, out, err) &&
              backend_gemm(x, false, &factor, false, out, err);
    backend_release(&factor);
    return ok;
}

/* What the passes have come to. */
struct passes {
    struct backend *b;
    const struct buffer *x;
    struct buffer last;       /* after the newest pass; {0} before the first */
    struct matrix_view total; /* last = x total, F64; no data: not wanted */
    double cutoff;            /* of the first pass */
    double before;            /* how far the newest pass found its panel from orthonormal */
    bool independent;
};

/* total = total w, or w after the first pass. */
static bool accumulate(struct passes *p, struct matrix_view w, struct error *err)
{
    struct matrix factor = { 0 }, old = { 0 };
    if (!p->total.data || !p->last.memory) {
        if (p->total.data)
            matrix_copy(w, p->total);
        return true;
    }
    bool ok = matrix_init(&factor, DTYPE_F64, w.rows, w.cols, err) &&
              matrix_init(&old, DTYPE_F64, w.rows, w.cols, err);
    if (ok) {
        matrix_copy(w, factor.view);
        matrix_copy(p->total, old.view);
        blas_gemm(old.view, factor.view, p->total);
    }
    matrix_finish(&factor);
    matrix_finish(&old);
    return ok;
}

/* One more pass, unless the panel turns out dependent. */
static bool pass(struct passes *p, struct error *err)
{
    const struct buffer *x = p->last.memory ? &p->last : p->x;
    struct matrix g = { 0 }, w = { 0 };
    struct buffer next = { 0 };
    bool ok = matrix_init(&g, DTYPE_F64, x->cols, x->cols, err) &&
              matrix_init(&w, x->dtype, x->cols, x->cols, err) && gram(p->b, x, g.view, err);
    if (ok) {
        p->before = departure(g.view);
        ok = linalg_whiten(g.view, p->last.memory ? 0 : p->cutoff, w.view, &p->independent, err) &&
             (!p->independent ||
              (multiply(p->b, x, w.view, &next, err) && accumulate(p, w.view, err)));
    }
    matrix_finish(&g);
    matrix_finish(&w);
    backend_release(&p->last);
    p->last = next;
    return ok;
}

/* *q: {0} where the columns are dependent. */
static bool settle(struct passes *p, struct buffer *q, struct error *err)
{
    bool ok = true;
    assert(p->x->rows >= p->x->cols);
    p->independent = true;
    p->before = (double)INFINITY;
    for (int i = 0; i < PASSES && ok && p->independent && !(p->before <= nearly); i++)
        ok = pass(p, err);
    p->independent = p->independent && p->before <= nearly;
    if (!ok || !p->independent)
        backend_release(&p->last);
    *q = p->last;
    return ok;
}

bool panel_whiten(struct backend *b, const struct buffer *x, double cutoff, struct buffer *q,
                  struct matrix_view w, bool *independent, struct error *err)
{
    struct passes p = { .b = b, .x = x, .total = w, .cutoff = cutoff };
    bool ok = settle(&p, q, err);
    *independent = p.independent;
    return ok;
}

/* Householder's way, on the processor; a pass after it, as single precision alone leaves 2e-6. */
static bool by_reflections(struct backend *b, const struct buffer *x, struct buffer *q,
                           struct error *err)
{
    struct matrix a = { 0 };
    struct buffer loaded = { 0 };
    struct passes p = { .b = b, .x = &loaded };
    bool ok = matrix_init(&a, x->dtype, x->rows, x->cols, err) && backend_read(x, a.view, err) &&
              linalg_orthonormalize(a.view, err) && backend_load(b, a.view, &loaded, err) &&
              settle(&p, q, err);
    assert(!ok || p.independent);
    backend_release(&loaded);
    matrix_finish(&a);
    return ok;
}

bool panel_orthonormalize(struct backend *b, const struct buffer *x, struct buffer *q,
                          struct error *err)
{
    struct passes p = { .b = b, .x = x };
    return settle(&p, q, err) && (p.independent || by_reflections(b, x, q, err));
}
