/* A row-major matrix is, to LAPACK, the transpose of a column-major one with the
 * same leading dimension. So a wide a = u s vt goes in as a^T = v s u^T, and what
 * LAPACK calls U (columns v) and V^T (rows u^T) are our vt and u, row-major, as
 * they lie; likewise Q R of a is L Q of what LAPACK sees. The _work variants take
 * our scratch, so that --max-memory and fail-after-n see it, and neither transpose
 * nor search for NaN behind our back. Routines: Anderson et al., LAPACK Users'
 * Guide, 3rd ed. 1999. */

#include "linalg.h"

#include "blas.h"
#include "memory.h"

#include <assert.h>
#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 64 }; /* columns LAPACK works on at a time, at most */

/* Scratch that grows with the square of a side ends before the limits of a matrix do. */
static bool addressable(uint64_t entries, struct matrix_view a, struct error *err)
{
    if (entries > INT32_MAX)
        return fail(err, ERROR_LIMIT,
                    "factorizing a %zu x %zu matrix takes more scratch than LAPACK can address",
                    a.rows, a.cols);
    return true;
}

static bool finite_norm(struct matrix_view a, double *norm, struct error *err)
{
    *norm = matrix_norm(a);
    if (!isfinite(*norm))
        return fail(err, ERROR_FORMAT,
                    "the matrix has an entry that is NaN, infinite or too large to factorize");
    return true;
}

static lapack_int leading(struct matrix_view a)
{
    assert(a.col_stride == 1 && a.row_stride <= INT32_MAX);
    return (lapack_int)a.row_stride;
}

/* LAPACK states how much scratch it wants in a number of the matrix's type: single
 * precision loses the last digits of a large one, so round up before believing it. */
static void *scratch(double wanted, size_t least, enum dtype dtype, lapack_int *size,
                     struct error *err)
{
    double most = fmax(wanted * (1 + 0x1p-20) + 1, (double)least);
    if (!(most < INT32_MAX)) {
        fail(err, ERROR_LIMIT, "LAPACK cannot address the %.0f entries of scratch it needs", most);
        return NULL;
    }
    *size = (lapack_int)most;
    return memory_alloc((size_t)*size * dtype_size(dtype), err);
}

/* A singular value decomposition as LAPACK sees it: column-major, rows >= cols, so
 * that rows of these views are columns there. */
struct decomposition {
    char job;                 /* 'S': vectors too; 'N': values alone */
    lapack_int rows, cols;    /* as LAPACK counts them */
    struct matrix_view a;     /* cols x rows here; overwritten */
    struct matrix_view u, vt; /* cols x rows and cols x cols here */
    void *values;             /* cols, of a's type */
    lapack_int *integers;     /* 8 cols */
};

static lapack_int divide_and_conquer(struct decomposition *d, void *work, lapack_int size)
{
    lapack_int lda = leading(d->a), ldu = leading(d->u), ldvt = leading(d->vt);
    if (d->a.dtype == DTYPE_F64)
        return LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, d->job, d->rows, d->cols, d->a.data, lda,
                                   d->values, d->u.data, ldu, d->vt.data, ldvt, work, size,
                                   d->integers);
    return LAPACKE_sgesdd_work(LAPACK_COL_MAJOR, d->job, d->rows, d->cols, d->a.data, lda,
                               d->values, d->u.data, ldu, d->vt.data, ldvt, work, size,
                               d->integers);
}

static lapack_int implicit_qr(struct decomposition *d, void *work, lapack_int size)
{
    lapack_int lda = leading(d->a), ldu = leading(d->u), ldvt = leading(d->vt);
    if (d->a.dtype == DTYPE_F64)
        return LAPACKE_dgesvd_work(LAPACK_COL_MAJOR, d->job, d->job, d->rows, d->cols, d->a.data,
                                   lda, d->values, d->u.data, ldu, d->vt.data, ldvt, work, size);
    return LAPACKE_sgesvd_work(LAPACK_COL_MAJOR, d->job, d->job, d->rows, d->cols, d->a.data, lda,
                               d->values, d->u.data, ldu, d->vt.data, ldvt, work, size);
}

/* What divide and conquer takes at least, for vectors; more than the others need. */
static uint64_t least_scratch(uint64_t rows, uint64_t cols)
{
    uint64_t most = rows > cols ? rows : cols, n = rows + cols - most;
    return 4 * n * n + 7 * n + most;
}

/* The faster first; the second hardly ever fails. */
static lapack_int (*const drivers[])(struct decomposition *d, void *work, lapack_int size) = {
    divide_and_conquer,
    implicit_qr,
};

static bool drive(size_t driver, struct decomposition *d, lapack_int *info, struct error *err)
{
    union {
        float f32;
        double f64;
    } wanted = { 0 };
    enum dtype dtype = d->a.dtype;
    *info = drivers[driver](d, &wanted, -1);
    lapack_int size;
    void *work = scratch(dtype == DTYPE_F64 ? wanted.f64 : (double)wanted.f32, 1, dtype, &size,
                         err);
    if (!work)
        return false;
    *info = drivers[driver](d, work, size);
    assert(*info >= 0);
    memory_free(work);
    return true;
}

/* Fills d->u, d->vt, d->values from a, whose view is as LAPACK shall see it. */
static bool decompose(struct matrix_view a, struct decomposition *d, struct error *err)
{
    bool ok = false;
    struct matrix copy = { 0 };
    d->rows = (lapack_int)a.cols;
    d->cols = (lapack_int)a.rows;
    d->integers = memory_alloc(8 * a.rows * sizeof(lapack_int), err);
    if (!d->integers || !matrix_init(&copy, d->u.dtype, a.rows, a.cols, err))
        goto done;
    d->a = copy.view;
    lapack_int info = 1;
    for (size_t i = 0; i < 2 && info; i++) {
        matrix_copy(a, d->a);
        if (!drive(i, d, &info, err))
            goto done;
    }
    ok = !info || fail(err, ERROR_NUMERIC, "the singular value decomposition did not converge");
done:
    memory_free(d->integers);
    matrix_finish(&copy);
    return ok;
}

static bool widen(const void *values, enum dtype dtype, double *sigma, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++)
        sigma[i] = dtype == DTYPE_F64 ? ((const double *)values)[i]
                                      : (double)((const float *)values)[i];
    if (n && !isfinite(sigma[0]))
        return fail(err, ERROR_NUMERIC, "the largest singular value overflows");
    return true;
}

/* Singular vectors come in pairs of either sign: make the largest entry of each
 * column of u positive, so that results agree between builds of LAPACK. */
void svd_fix_signs(struct svd *s)
{
    struct matrix_view u = s->u.view, vt = s->vt.view;
    for (size_t k = 0; k < u.cols; k++) {
        double most = 0;
        for (size_t i = 0; i < u.rows; i++) {
            double v = matrix_at(u, i, k);
            if (fabs(v) > fabs(most))
                most = v;
        }
        if (!(most < 0))
            continue;
        for (size_t i = 0; i < u.rows; i++)
            matrix_put(u, i, k, 0.0 - matrix_at(u, i, k));
        for (size_t j = 0; j < vt.cols; j++)
            matrix_put(vt, k, j, 0.0 - matrix_at(vt, k, j));
    }
}

/* LAPACK is several times slower on wide matrices than on tall ones, so it sees
 * a tall a as it is, and the vectors are transposed on the way out. A square one, too:
 * its rounding errors are then those of NumPy's svd. */
static bool decompose_tall(struct matrix_view a, struct decomposition *d, struct svd *out,
                           struct error *err)
{
    struct matrix ut = { 0 }, v = { 0 };
    bool ok = matrix_init(&ut, a.dtype, out->n, a.rows, err) &&
              matrix_init(&v, a.dtype, out->n, out->n, err);
    d->u = ut.view;
    d->vt = v.view;
    if (ok)
        ok = decompose(matrix_transposed(a), d, err);
    if (ok) {
        matrix_copy(matrix_transposed(ut.view), out->u.view);
        matrix_copy(matrix_transposed(v.view), out->vt.view);
    }
    matrix_finish(&ut);
    matrix_finish(&v);
    return ok;
}

bool linalg_svd(struct matrix_view a, struct svd *out, struct error *err)
{
    struct svd s = { .n = a.rows < a.cols ? a.rows : a.cols };
    struct decomposition d = { .job = 'S' };
    bool ok = false;
    if (!addressable(least_scratch(a.rows, a.cols), a, err) || !finite_norm(a, &s.norm, err) ||
        !matrix_init(&s.u, a.dtype, a.rows, s.n, err) ||
        !matrix_init(&s.vt, a.dtype, s.n, a.cols, err))
        goto done;
    s.sigma = memory_alloc(s.n * sizeof(double), err);
    d.values = memory_alloc(s.n * dtype_size(a.dtype), err);
    if (!s.sigma || !d.values)
        goto done;
    d.u = s.vt.view;
    d.vt = s.u.view;
    ok = s.n == 0 || ((a.rows >= a.cols ? decompose_tall(a, &d, &s, err) : decompose(a, &d, err)) &&
                      widen(d.values, a.dtype, s.sigma, s.n, err));
done:
    memory_free(d.values);
    if (!ok) {
        svd_finish(&s);
        return false;
    }
    svd_fix_signs(&s);
    *out = s;
    return true;
}

void svd_finish(struct svd *s)
{
    matrix_finish(&s->u);
    matrix_finish(&s->vt);
    memory_free(s->sigma);
    *s = (struct svd){ 0 };
}

bool linalg_singular_values(struct matrix_view a, double *sigma, struct error *err)
{
    double norm, unused = 0;
    if (!finite_norm(a, &norm, err))
        return false;
    struct matrix_view tall = a.rows > a.cols ? matrix_transposed(a) : a;
    if (tall.rows == 0)
        return true;
    struct matrix_view none = { &unused, 1, 1, tall.cols, 1, DTYPE_F64 }; /* not referenced */
    struct decomposition d = { .job = 'N', .u = none, .vt = none, .values = sigma };
    return decompose(tall, &d, err) && widen(sigma, DTYPE_F64, sigma, tall.rows, err);
}

/* Own sizes: the answer to a query for them overflows before they do. */
static bool eigen(struct matrix_view a, bool vectors, double *values, struct error *err)
{
    assert(a.rows == a.cols && a.dtype == DTYPE_F64);
    uint64_t n = a.rows, least = vectors ? 1 + 6 * n + 2 * n * n : 1 + (2 + BLOCK) * n;
    double norm;
    if (n == 0)
        return true;
    if (!addressable(least, a, err) || !finite_norm(a, &norm, err))
        return false;
    lapack_int size = (lapack_int)least, isize = vectors ? (lapack_int)(3 + 5 * n) : 1, info = 0;
    double *work = memory_alloc((size_t)least * sizeof(double), err);
    lapack_int *integers = work ? memory_alloc((size_t)isize * sizeof(lapack_int), err) : NULL;
    if (integers)
        info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, vectors ? 'V' : 'N', 'L', (lapack_int)n,
                                   a.data, leading(a), values, work, size, integers, isize);
    bool ok = integers != NULL;
    memory_free(work);
    memory_free(integers);
    if (ok && info)
        return fail(err, ERROR_NUMERIC, "the eigenvalue decomposition did not converge");
    return ok;
}

bool linalg_eigen(struct matrix_view a, double *values, struct error *err)
{
    return eigen(a, true, values, err);
}

bool linalg_eigenvalues(struct matrix_view a, double *values, struct error *err)
{
    return eigen(a, false, values, err);
}

bool linalg_eigenvalues_tridiagonal(double *diagonal, double *off, size_t n, struct error *err)
{
    if (n > INT32_MAX)
        return fail(err, ERROR_LIMIT, "a tridiagonal matrix of %zu is too large for LAPACK", n);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(diagonal[i]) || (i + 1 < n && !isfinite(off[i])))
            return fail(err, ERROR_FORMAT, "a tridiagonal matrix has an entry that is not finite");
    if (n > 0 && LAPACKE_dsterf_work((lapack_int)n, diagonal, off) != 0)
        return fail(err, ERROR_NUMERIC, "the eigenvalue decomposition did not converge");
    return true;
}

/* The rows of a become orthonormal: Q of the L Q that LAPACK finds in a^T. */
static lapack_int orthonormal_rows(struct matrix_view a, void *tau, void *work, lapack_int size)
{
    lapack_int m = (lapack_int)a.rows, n = (lapack_int)a.cols, lda = leading(a), info;
    if (a.dtype == DTYPE_F64) {
        info = LAPACKE_dgelqf_work(LAPACK_COL_MAJOR, n, m, a.data, lda, tau, work, size);
        return info ? info
                    : LAPACKE_dorglq_work(LAPACK_COL_MAJOR, n, m, n, a.data, lda, tau, work, size);
    }
    info = LAPACKE_sgelqf_work(LAPACK_COL_MAJOR, n, m, a.data, lda, tau, work, size);
    return info ? info
                : LAPACKE_sorglq_work(LAPACK_COL_MAJOR, n, m, n, a.data, lda, tau, work, size);
}

bool linalg_orthonormalize(struct matrix_view a, struct error *err)
{
    assert(a.rows >= a.cols);
    double norm;
    if (a.cols == 0)
        return true;
    if (!finite_norm(a, &norm, err))
        return false;
    lapack_int size, info = 0;
    void *tau = memory_alloc(a.cols * dtype_size(a.dtype), err);
    void *work = tau ? scratch(0, a.cols * BLOCK, a.dtype, &size, err) : NULL;
    if (work)
        info = orthonormal_rows(a, tau, work, size);
    assert(info == 0);
    memory_free(tau);
    memory_free(work);
    return work != NULL;
}

/* Whether every column of r stands out from those before it by more than rounding may have made. */
static bool pivots_hold(struct matrix_view r, double cutoff)
{
    double least = r.cols ? cutoff * matrix_at(r, 0, 0) : 0;
    for (size_t j = 0; j < r.cols; j++) {
        double sum = 0, pivot = matrix_at(r, j, j);
        for (size_t i = 0; i <= j; i++)
            sum += matrix_at(r, i, j) * matrix_at(r, i, j);
        if (!(pivot * pivot > 16 * (double)r.cols * DBL_EPSILON * sum) || !(pivot >= least))
            return false;
    }
    return true;
}

/* Cholesky with complete pivoting, P^T g P = r^T r, so that w = P r^-1. Without the pivoting a product
 * x w in single precision strays from the span of x ten times as far (docs/numerics.md). */
bool linalg_whiten(struct matrix_view g, double cutoff, struct matrix_view w, bool *independent,
                   struct error *err)
{
    assert(g.rows == g.cols && g.dtype == DTYPE_F64 && w.rows == g.rows && w.cols == g.cols);
    size_t n = g.rows, row, col;
    lapack_int m = (lapack_int)n, rank;
    lapack_int *pivot = memory_alloc(n * sizeof(*pivot), err);
    double *work = pivot ? memory_alloc(2 * n * sizeof(*work), err) : NULL;
    *independent = work &&
                   (n == 0 ||
                    (LAPACKE_dpstrf_work(LAPACK_COL_MAJOR, 'L', m, g.data, leading(g), pivot, &rank,
                                         0, work) == 0 &&
                     pivots_hold(g, cutoff) &&
                     LAPACKE_dtrtri_work(LAPACK_COL_MAJOR, 'L', 'N', m, g.data, leading(g)) == 0));
    for (size_t i = 0; *independent && i < n; i++)
        for (size_t j = 0; j < n; j++)
            matrix_put(w, (size_t)pivot[i] - 1, j, j < i ? 0 : matrix_at(g, i, j));
    *independent = *independent && matrix_nonfinite(w, &row, &col) == 0;
    bool ok = work != NULL;
    memory_free(work);
    memory_free(pivot);
    return ok;
}

/* l P = q r (Businger, Golub 1965); row j of `a` is column j of l. */
struct pivoted {
    struct matrix a;
    double *tau, *work;
    lapack_int size, *pivot;
};

/* a *= 2^exponent, in two steps, because that power alone may leave the range. */
static void shift(struct matrix_view a, int exponent)
{
    double once = ldexp(1, exponent / 2), again = ldexp(1, exponent - exponent / 2);
    for (size_t i = 0; i < a.rows && exponent; i++) {
        double *row = (double *)a.data + i * a.row_stride;
        for (size_t j = 0; j < a.cols; j++)
            row[j] = row[j] * once * again;
    }
}

static bool factorize(struct matrix_view l, int exponent, struct pivoted *p, struct error *err)
{
    if (!matrix_init(&p->a, DTYPE_F64, l.cols, l.rows, err))
        return false;
    matrix_copy(matrix_transposed(l), p->a.view);
    shift(p->a.view, -exponent);
    p->pivot = memory_alloc(l.cols * sizeof(lapack_int), err);
    p->tau = memory_alloc((l.cols < l.rows ? l.cols : l.rows) * sizeof(double), err);
    p->work = scratch(0, (l.cols + 1) * BLOCK, DTYPE_F64, &p->size, err);
    if (!p->pivot || !p->tau || !p->work)
        return false;
    lapack_int info = LAPACKE_dgeqp3_work(LAPACK_COL_MAJOR, (lapack_int)l.rows, (lapack_int)l.cols,
                                          p->a.view.data, leading(p->a.view), p->pivot, p->tau,
                                          p->work, p->size);
    assert(info == 0);
    return true;
}

/* The diagonal of r descends; it ends where it falls below cutoff times its head. */
static size_t rank_of(const struct pivoted *p, size_t most, double cutoff)
{
    double head = most ? fabs(matrix_at(p->a.view, 0, 0)) : 0;
    size_t rank = 0;
    for (; rank < most; rank++) {
        double pivot = fabs(matrix_at(p->a.view, rank, rank));
        if (!(pivot > 0) || pivot < cutoff * head)
            break;
    }
    return rank;
}

static bool hand_over(struct pivoted *p, struct matrix_view l, struct arena *arena,
                      struct least_squares *out, struct error *err)
{
    size_t rank = out->rank;
    int *pivot = arena_alloc(arena, l.cols * sizeof(*pivot), err);
    if (!pivot || !arena_matrix(arena, DTYPE_F64, rank, rank, &out->r, err) ||
        !arena_matrix(arena, l.dtype, l.rows, rank, &out->q, err))
        return false;
    for (size_t j = 0; j < l.cols; j++)
        pivot[j] = p->pivot[j] - 1;
    out->pivot = pivot;
    for (size_t i = 0; i < rank; i++)
        for (size_t j = i; j < rank; j++)
            matrix_put(out->r, i, j, matrix_at(p->a.view, j, i));
    if (rank == 0)
        return true;
    lapack_int info = LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, (lapack_int)l.rows, (lapack_int)rank,
                                          (lapack_int)rank, p->a.view.data, leading(p->a.view),
                                          p->tau, p->work, p->size);
    assert(info == 0);
    matrix_copy(matrix_transposed(matrix_block(p->a.view, 0, 0, rank, l.rows)), out->q);
    return true;
}

bool linalg_least_squares(struct matrix_view l, double cutoff, struct arena *arena,
                          struct least_squares *out, struct error *err)
{
    struct pivoted p = { 0 };
    struct least_squares s = { .columns = l.cols };
    size_t most = l.rows < l.cols ? l.rows : l.cols;
    double norm;
    bool ok = finite_norm(l, &norm, err);
    if (ok) {
        frexp(norm, &s.exponent);
        ok = most == 0 || factorize(l, s.exponent, &p, err);
    }
    if (ok) {
        s.rank = rank_of(&p, most, cutoff);
        ok = hand_over(&p, l, arena, &s, err);
    }
    matrix_finish(&p.a);
    memory_free(p.tau);
    memory_free(p.work);
    memory_free(p.pivot);
    if (ok)
        *out = s;
    return ok;
}

bool linalg_least_squares_solve(const struct least_squares *s, struct matrix_view qta,
                                struct matrix_view w, struct arena *arena, struct error *err)
{
    assert(qta.rows == s->rank && w.rows == s->columns && w.cols == qta.cols);
    struct matrix_view x = qta;
    if (qta.dtype != DTYPE_F64 || qta.col_stride != 1) {
        if (!arena_matrix(arena, DTYPE_F64, qta.rows, qta.cols, &x, err))
            return false;
        matrix_copy(qta, x);
    }
    shift(x, -s->exponent);
    blas_solve_upper(s->r, x);
    for (size_t j = 0; j < s->columns; j++) {
        struct matrix_view row = matrix_block(w, (size_t)s->pivot[j], 0, 1, w.cols);
        if (j < s->rank)
            matrix_copy(matrix_block(x, j, 0, 1, x.cols), row);
        else
            for (size_t i = 0; i < w.cols; i++)
                matrix_put(row, 0, i, 0);
    }
    return true;
}
