/* Normal equations in double precision where the factor is well conditioned, a pivoted QR where it
 * is not: Saha, Srivastava, Pilanci 2023, Algorithm 1, step 4. */

#include "fit.h"

#include "blas.h"
#include "linalg.h"

#include <float.h>

/* A column is dead where it is lost in the rounding of the factor's entries, however many there
 * are: columns with ranges of their own may be small and of use. */
static double cutoff_of(enum dtype dtype)
{
    return dtype == DTYPE_F64 ? 1e-12 : 32 * (double)FLT_EPSILON;
}

/* Heavy products are summed in double precision, from factors that are the same bits wherever
 * they were decoded: the condition of the factor magnifies rounding, and a code that it turns over
 * sets all rounds to come on another way. */
static bool wide_product(struct job *job, const struct buffer *f, const struct buffer *a,
                         bool transposed, struct matrix_view out, struct error *err)
{
    struct buffer product = { 0 };
    bool ok = backend_alloc(job->backend, DTYPE_F64, out.rows, out.cols, &product, err) &&
              backend_gemm(f, true, a, transposed, &product, err) &&
              backend_read(&product, out, err);
    backend_release(&product);
    return ok;
}

/* t with t^T f^T f t = I. Its square magnifies the rounding of double precision by the square of
 * f's condition, hence the limit. */
static bool whiten(struct job *job, const struct buffer *f, struct arena *scratch,
                   struct matrix_view *t, bool *independent, struct error *err)
{
    const double limit = 1e-4;
    struct matrix_view g;
    struct buffer gram = { 0 };
    bool ok = arena_matrix(scratch, DTYPE_F64, f->cols, f->cols, t, err) &&
              arena_matrix(scratch, DTYPE_F64, f->cols, f->cols, &g, err) &&
              backend_alloc(job->backend, DTYPE_F64, f->cols, f->cols, &gram, err) &&
              backend_gram(f, &gram, err) && backend_read(&gram, g, err) &&
              linalg_whiten(g, limit, *t, independent, err);
    backend_release(&gram);
    return ok;
}

/* *w = argmin ||f w - op(a)||_F, op(a) = a or its transpose, where f is far from deficient: the
 * normal equations of single-precision factors in double precision, w = t t^T f^T op(a). */
static bool fit_whole(struct job *job, const struct buffer *f, const struct buffer *a,
                      bool transposed, struct arena *scratch, struct matrix_view w,
                      bool *independent, struct error *err)
{
    struct matrix_view t, product, half;
    *independent = false;
    if (f->dtype == DTYPE_F64)
        return true;
    bool ok = whiten(job, f, scratch, &t, independent, err);
    if (!ok || !*independent)
        return ok;
    ok = arena_matrix(scratch, DTYPE_F64, w.rows, w.cols, &product, err) &&
         arena_matrix(scratch, DTYPE_F64, w.rows, w.cols, &half, err) &&
         wide_product(job, f, a, transposed, product, err);
    if (ok) {
        blas_gemm(matrix_transposed(t), product, half);
        blas_gemm(t, half, product);
        matrix_copy(product, w);
    }
    return ok;
}

/* The same for any f: a pivoted factorization on the processor tells which columns are dead. */
static bool fit_deficient(struct job *job, const struct buffer *f, const struct buffer *a,
                          bool transposed, struct arena *scratch, struct matrix_view w,
                          size_t *dead, struct error *err)
{
    struct matrix_view plain, product;
    struct least_squares s;
    if (!arena_matrix(scratch, f->dtype, f->rows, f->cols, &plain, err) ||
        !backend_read(f, plain, err) ||
        !linalg_least_squares(plain, cutoff_of(f->dtype), scratch, &s, err))
        return false;
    *dead = s.columns - s.rank;
    if (s.rank == 0)
        return true; /* f is zero, and so is w */
    struct buffer q = { 0 };
    bool ok = backend_load(job->backend, s.q, &q, err) &&
              arena_matrix(scratch, DTYPE_F64, s.rank, w.cols, &product, err) &&
              wide_product(job, &q, a, transposed, product, err) &&
              linalg_least_squares_solve(&s, product, w, scratch, err);
    backend_release(&q);
    return ok;
}

bool fit(struct job *job, const struct buffer *f, const struct buffer *a, bool transposed,
         struct arena *scratch, struct matrix_view *w, size_t *dead, struct error *err)
{
    bool independent = true;
    *dead = 0;
    return arena_matrix(scratch, f->dtype, f->cols, transposed ? a->rows : a->cols, w, err) &&
           fit_whole(job, f, a, transposed, scratch, *w, &independent, err) &&
           (independent || fit_deficient(job, f, a, transposed, scratch, *w, dead, err));
}
