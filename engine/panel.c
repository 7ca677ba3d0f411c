/* CholeskyQR2: Yamamoto, Nakatsukasa, Yanagisawa, Fukaya 2015, "Roundoff error analysis of the
 * CholeskyQR2 algorithm", ETNA 44. With its Gram matrices in double precision it takes
 * single-precision columns up to a condition of 1e7, where they are as good as dependent. */

#include "panel.h"

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

/* *out = x w, w from the Gram matrix of x; *before is how far x was from orthonormal. *independent
 * false: there is no *out. */
static bool pass(struct backend *b, const struct buffer *x, struct buffer *out, double *before,
                 bool *independent, struct error *err)
{
    struct matrix g = { 0 }, w = { 0 };
    bool ok = matrix_init(&g, DTYPE_F64, x->cols, x->cols, err) &&
              matrix_init(&w, x->dtype, x->cols, x->cols, err) && gram(b, x, g.view, err);
    if (ok) {
        *before = departure(g.view);
        ok = linalg_whiten(g.view, 0, w.view, independent, err) &&
             (!*independent || multiply(b, x, w.view, out, err));
    }
    matrix_finish(&g);
    matrix_finish(&w);
    return ok;
}

/* Householder's way, on the processor; a pass after it, as single precision alone leaves 2e-6. */
static bool by_reflections(struct backend *b, const struct buffer *x, struct buffer *q,
                           struct error *err)
{
    struct matrix a = { 0 };
    struct buffer loaded = { 0 };
    double before;
    bool independent = true;
    bool ok = matrix_init(&a, x->dtype, x->rows, x->cols, err) && backend_read(x, a.view, err) &&
              linalg_orthonormalize(a.view, err) && backend_load(b, a.view, &loaded, err) &&
              pass(b, &loaded, q, &before, &independent, err);
    assert(!ok || independent);
    if (!ok)
        backend_release(q);
    backend_release(&loaded);
    matrix_finish(&a);
    return ok;
}

bool panel_orthonormalize(struct backend *b, const struct buffer *x, struct buffer *q,
                          struct error *err)
{
    struct buffer last = { 0 };
    double before = (double)INFINITY;
    bool ok = true, independent = true;
    assert(x->rows >= x->cols);
    for (int i = 0; i < PASSES && ok && independent && !(before <= nearly); i++) {
        struct buffer next = { 0 };
        ok = pass(b, last.memory ? &last : x, &next, &before, &independent, err);
        backend_release(&last);
        last = next;
    }
    if (ok && independent && before <= nearly) {
        *q = last;
        return true;
    }
    backend_release(&last);
    return ok && by_reflections(b, x, q, err);
}
