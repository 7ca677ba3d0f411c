/* Factorizations against what defines them, in double precision by plain loops. */

#include "check.h"

#include "blas.h"
#include "linalg.h"
#include "memory.h"
#include "random.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

/* Largest allowed difference, relative to ||A||_F, per precision. */
static const double tolerance[] = { [DTYPE_F32] = 2e-6, [DTYPE_F64] = 1e-13 };

static struct matrix filled(enum dtype dtype, size_t rows, size_t cols, uint32_t number)
{
    struct error err = { 0 };
    struct matrix m = { 0 };
    matrix_init(&m, dtype, rows, cols, &err);
    random_fill(SKETCH_GAUSSIAN, 11, STREAM_TEST, number, 1, m.view);
    return m;
}

/* ||a - b diag(d) c||_F; d NULL: ones. */
static double distance(struct matrix_view a, struct matrix_view b, const double *d,
                       struct matrix_view c)
{
    double sum = 0;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++) {
            double e = matrix_at(a, i, j);
            for (size_t k = 0; k < b.cols; k++)
                e -= matrix_at(b, i, k) * (d ? d[k] : 1) * matrix_at(c, k, j);
            sum += e * e;
        }
    return sqrt(sum);
}

/* max |q^T q - I| */
static double skew(struct matrix_view q)
{
    double most = 0;
    for (size_t i = 0; i < q.cols; i++)
        for (size_t j = 0; j <= i; j++) {
            double e = i == j ? -1 : 0;
            for (size_t k = 0; k < q.rows; k++)
                e += matrix_at(q, k, i) * matrix_at(q, k, j);
            most = fmax(most, fabs(e));
        }
    return most;
}

static bool signs_fixed(struct matrix_view u)
{
    for (size_t k = 0; k < u.cols; k++) {
        double most = 0;
        for (size_t i = 0; i < u.rows; i++)
            if (fabs(matrix_at(u, i, k)) > fabs(most))
                most = matrix_at(u, i, k);
        if (!(most > 0))
            return false;
    }
    return true;
}

static bool svd_holds(struct matrix_view a)
{
    struct error err = { 0 };
    struct svd s = { 0 };
    bool ok = linalg_svd(a, &s, &err);
    double near = tolerance[a.dtype], size = matrix_norm(a), sum = 0;
    ok = ok && s.n == (a.rows < a.cols ? a.rows : a.cols) && s.norm == size;
    ok = ok && skew(s.u.view) <= 10 * near && skew(matrix_transposed(s.vt.view)) <= 10 * near;
    ok = ok && distance(a, s.u.view, s.sigma, s.vt.view) <= near * size;
    ok = ok && signs_fixed(s.u.view);
    double *values = memory_alloc(s.n * sizeof(double), &err);
    ok = ok && linalg_singular_values(a, values, &err);
    for (size_t i = 0; ok && i < s.n; i++) {
        ok = (i == 0 || s.sigma[i - 1] >= s.sigma[i]) &&
             fabs(values[i] - s.sigma[i]) <= near * size;
        sum += values[i] * values[i];
    }
    ok = ok && fabs(sqrt(sum) - size) <= 1e-13 * size;
    memory_free(values);
    svd_finish(&s);
    return ok;
}

/* The definitions below stand in front of the library's: the first `stubborn` drivers
 * "do not converge". */
static int stubborn;

static void library(const char *name, void *function)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(function, &symbol, sizeof(symbol));
}

int LAPACKE_dgesdd_work(int layout, char job, int m, int n, double *a, int lda, double *s,
                        double *u, int ldu, double *vt, int ldvt, double *work, int size,
                        int *integers);
int LAPACKE_dgesdd_work(int layout, char job, int m, int n, double *a, int lda, double *s,
                        double *u, int ldu, double *vt, int ldvt, double *work, int size,
                        int *integers)
{
    int (*real)(int, char, int, int, double *, int, double *, double *, int, double *, int,
                double *, int, int *);
    library("LAPACKE_dgesdd_work", &real);
    int info = real(layout, job, m, n, a, lda, s, u, ldu, vt, ldvt, work, size, integers);
    return stubborn && size != -1 ? 1 : info;
}

int LAPACKE_sgesdd_work(int layout, char job, int m, int n, float *a, int lda, float *s, float *u,
                        int ldu, float *vt, int ldvt, float *work, int size, int *integers);
int LAPACKE_sgesdd_work(int layout, char job, int m, int n, float *a, int lda, float *s, float *u,
                        int ldu, float *vt, int ldvt, float *work, int size, int *integers)
{
    int (*real)(int, char, int, int, float *, int, float *, float *, int, float *, int, float *,
                int, int *);
    library("LAPACKE_sgesdd_work", &real);
    int info = real(layout, job, m, n, a, lda, s, u, ldu, vt, ldvt, work, size, integers);
    return stubborn && size != -1 ? 1 : info;
}

int LAPACKE_dgesvd_work(int layout, char left, char right, int m, int n, double *a, int lda,
                        double *s, double *u, int ldu, double *vt, int ldvt, double *work,
                        int size);
int LAPACKE_dgesvd_work(int layout, char left, char right, int m, int n, double *a, int lda,
                        double *s, double *u, int ldu, double *vt, int ldvt, double *work, int size)
{
    int (*real)(int, char, char, int, int, double *, int, double *, double *, int, double *, int,
                double *, int);
    library("LAPACKE_dgesvd_work", &real);
    int info = real(layout, left, right, m, n, a, lda, s, u, ldu, vt, ldvt, work, size);
    return stubborn > 1 && size != -1 ? 1 : info;
}

int LAPACKE_dsyevd_work(int layout, char job, char part, int n, double *a, int lda, double *w,
                        double *work, int size, int *integers, int isize);
int LAPACKE_dsyevd_work(int layout, char job, char part, int n, double *a, int lda, double *w,
                        double *work, int size, int *integers, int isize)
{
    int (*real)(int, char, char, int, double *, int, double *, double *, int, int *, int);
    library("LAPACKE_dsyevd_work", &real);
    int info = real(layout, job, part, n, a, lda, w, work, size, integers, isize);
    return stubborn > 1 ? 1 : info;
}

static void test_no_convergence(void)
{
    struct matrix m = filled(DTYPE_F64, 6, 6, 1);
    double sigma[6];
    size_t before = memory_used();
    struct error err = { 0 };
    struct svd s = { 0 };
    stubborn = 2;
    CHECK(!linalg_svd(m.view, &s, &err) && err.code == ERROR_NUMERIC && s.n == 0);
    err = (struct error){ 0 };
    CHECK(!linalg_singular_values(m.view, sigma, &err) && err.code == ERROR_NUMERIC);
    err = (struct error){ 0 };
    CHECK(!linalg_eigen(m.view, sigma, &err) && err.code == ERROR_NUMERIC);
    stubborn = 0;
    CHECK(memory_used() == before);
    matrix_finish(&m);
}

static void test_svd(void)
{
    static const size_t shapes[][2] = {
        { 1, 1 },   { 1, 7 },   { 7, 1 },   { 5, 5 },   { 40, 17 },
        { 17, 40 }, { 64, 64 }, { 200, 3 }, { 3, 200 }, { 33, 65 }
    };
    enum dtype types[] = { DTYPE_F32, DTYPE_F64 };
    for (int t = 0; t < 2; t++) {
        bool plain = true, zero = true, repeated = true, fallback = true, strided = true;
        for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
            struct matrix m = filled(types[t], shapes[i][0], shapes[i][1], (uint32_t)i);
            plain = plain && svd_holds(m.view);
            strided = strided && svd_holds(matrix_transposed(m.view));
            stubborn = 1;
            fallback = fallback && svd_holds(m.view);
            stubborn = 0;
            for (size_t r = 0; r < m.view.rows; r++) /* rank 1, and every sigma but one repeated */
                for (size_t c = 0; c < m.view.cols; c++)
                    matrix_put(m.view, r, c, 3);
            repeated = repeated && svd_holds(m.view);
            memset(m.view.data, 0, m.view.rows * m.view.row_stride * dtype_size(types[t]));
            zero = zero && svd_holds(m.view);
            matrix_finish(&m);
        }
        printf("# %s\n", t ? "f64" : "f32");
        CHECK(plain);
        CHECK(strided);
        CHECK(fallback);
        CHECK(repeated);
        CHECK(zero);
    }
}

static void test_svd_edges(void)
{
    struct error err = { 0 };
    struct svd s = { 0 };
    struct matrix none = filled(DTYPE_F64, 0, 5, 0), m = filled(DTYPE_F64, 6, 4, 0);
    CHECK(linalg_svd(none.view, &s, &err) && s.n == 0 && s.norm == 0 && s.u.view.rows == 0 &&
          s.vt.view.cols == 5);
    svd_finish(&s);
    svd_finish(&s);
    CHECK(linalg_singular_values(none.view, NULL, &err));
    for (int i = 0; i < 24; i++)
        matrix_put(m.view, (size_t)i / 4, (size_t)i % 4,
                   1e-310 * matrix_at(m.view, (size_t)i / 4, (size_t)i % 4));
    CHECK(linalg_svd(m.view, &s, &err) && s.sigma[0] > 0 && s.sigma[0] < 1e-308 &&
          skew(s.u.view) < 1e-12);
    svd_finish(&s);
    matrix_put(m.view, 2, 1, (double)NAN);
    CHECK(!linalg_svd(m.view, &s, &err) && err.code == ERROR_FORMAT && s.n == 0);
    matrix_put(m.view, 2, 1, (double)INFINITY);
    CHECK(!linalg_singular_values(m.view, &(double){ 0 }, &err) && err.code == ERROR_FORMAT);
    /* More scratch than 31 bits address: refused before it is allocated. */
    struct matrix_view huge = { m.view.data, 40000, 40000, 0, 1, DTYPE_F64 };
    CHECK(!linalg_svd(huge, &s, &err) && err.code == ERROR_LIMIT);
    CHECK(!linalg_eigen(huge, &(double){ 0 }, &err) && err.code == ERROR_LIMIT);
    matrix_finish(&none);
    matrix_finish(&m);
}

static void test_eigen(void)
{
    struct error err = { 0 };
    struct matrix m = filled(DTYPE_F64, 60, 30, 5), g = { 0 }, q = { 0 };
    double values[30], worst = 0;
    matrix_init(&g, DTYPE_F64, 30, 30, &err);
    matrix_init(&q, DTYPE_F64, 30, 30, &err);
    CHECK(blas_gram(m.view, g.view, &err));
    matrix_copy(g.view, q.view);
    CHECK(linalg_eigen(q.view, values, &err));
    CHECK(skew(matrix_transposed(q.view)) < 1e-13);
    CHECK(distance(g.view, matrix_transposed(q.view), values, q.view) <
          1e-12 * matrix_norm(g.view));
    for (int i = 1; i < 30; i++)
        worst = fmax(worst, values[i - 1] - values[i]);
    CHECK(worst <= 0);
    CHECK(linalg_eigen(matrix_block(q.view, 0, 0, 0, 0), values, &err));
    CHECK(linalg_eigen((struct matrix_view){ &(double){ -4 }, 1, 1, 1, 1, DTYPE_F64 }, values,
                       &err) &&
          values[0] == -4);
    matrix_finish(&m);
    matrix_finish(&g);
    matrix_finish(&q);
}

static void test_orthonormalize(void)
{
    struct error err = { 0 };
    static const size_t shapes[][2] = { { 1, 1 }, { 9, 1 }, { 50, 50 }, { 130, 70 }, { 5, 0 } };
    for (int t = 0; t < 2; t++) {
        bool orthonormal = true, spans = true;
        for (size_t i = 0; i < 5; i++) {
            struct matrix a = filled((enum dtype)t, shapes[i][0], shapes[i][1], 3), q = a,
                          r = { 0 };
            double near = tolerance[t];
            matrix_init(&q, (enum dtype)t, a.view.rows, a.view.cols, &err);
            matrix_init(&r, (enum dtype)t, a.view.cols, a.view.cols, &err);
            for (size_t k = 0; k < a.view.rows && a.view.cols > 3; k++) /* nearly dependent */
                matrix_put(a.view, k, 2, matrix_at(a.view, k, 1) + 1e-7 * matrix_at(a.view, k, 0));
            matrix_copy(a.view, q.view);
            orthonormal = orthonormal && linalg_orthonormalize(q.view, &err) &&
                          skew(q.view) <= 10 * near;
            blas_gemm(matrix_transposed(q.view), a.view, r.view);
            spans = spans && distance(a.view, q.view, NULL, r.view) <= near * matrix_norm(a.view);
            matrix_finish(&a);
            matrix_finish(&q);
            matrix_finish(&r);
        }
        CHECK(orthonormal);
        CHECK(spans);
    }
}

struct fit {
    struct matrix w, residual;
    size_t rank;
    double normal; /* ||l^T (a - l w)||_F / (||l|| ||a||) */
};

static bool fit(struct matrix_view l, struct matrix_view a, double cutoff, struct fit *f)
{
    struct error err = { 0 };
    struct arena arena = { 0 };
    struct least_squares s = { 0 };
    struct matrix_view qta = { 0 };
    struct matrix n = { 0 };
    bool ok = linalg_least_squares(l, cutoff, &arena, &s, &err) &&
              arena_matrix(&arena, l.dtype, s.rank, a.cols, &qta, &err) &&
              matrix_init(&f->w, l.dtype, l.cols, a.cols, &err) &&
              matrix_init(&f->residual, l.dtype, a.rows, a.cols, &err) &&
              matrix_init(&n, l.dtype, l.cols, a.cols, &err);
    memset(f->w.view.data, 0xff, f->w.view.rows * f->w.view.row_stride * dtype_size(l.dtype));
    blas_gemm(matrix_transposed(s.q), a, qta);
    ok = ok && skew(s.q) <= 10 * tolerance[l.dtype];
    ok = ok && linalg_least_squares_solve(&s, qta, f->w.view, &arena, &err);
    matrix_copy(a, f->residual.view);
    blas_gemm_add(-1, l, f->w.view, f->residual.view);
    blas_gemm(matrix_transposed(l), f->residual.view, n.view);
    f->normal = matrix_norm(n.view) / fmax(matrix_norm(l) * matrix_norm(a), 1e-300);
    f->rank = s.rank;
    matrix_finish(&n);
    arena_finish(&arena);
    return ok;
}

static void fit_finish(struct fit *f)
{
    matrix_finish(&f->w);
    matrix_finish(&f->residual);
    *f = (struct fit){ 0 };
}

static void test_least_squares(void)
{
    static const size_t shapes[][3] = { { 60, 12, 9 }, { 12, 12, 5 }, { 1, 1, 4 }, { 80, 1, 1 } };
    static const double limit[] = { [DTYPE_F32] = 1e-6, [DTYPE_F64] = 1e-12 };
    struct fit f = { 0 };
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < 4; i++) {
            struct matrix l = filled((enum dtype)t, shapes[i][0], shapes[i][1], 1);
            struct matrix a = filled((enum dtype)t, shapes[i][0], shapes[i][2], 2);
            CHECK(fit(l.view, a.view, 1e-12, &f) && f.rank == shapes[i][1] && f.normal <= limit[t]);
            fit_finish(&f);
            matrix_finish(&l);
            matrix_finish(&a);
        }
}

/* Columns 4..7 repeat 0..3, column 8 is zero: five of nine are dead. */
static void test_dead_columns(void)
{
    struct fit f = { 0 }, g = { 0 };
    for (int t = 0; t < 2; t++) {
        struct matrix l = filled((enum dtype)t, 30, 9, 1), a = filled((enum dtype)t, 30, 6, 2);
        for (size_t i = 0; i < 30; i++)
            for (size_t j = 4; j < 9; j++)
                matrix_put(l.view, i, j, j < 8 ? matrix_at(l.view, i, j - 4) : 0);
        CHECK(fit(l.view, a.view, 1e-6, &f) && f.rank == 4);
        CHECK(f.normal <= (t ? 1e-12 : 1e-6));
        size_t zero_rows = 0;
        for (size_t k = 0; k < 9; k++) {
            size_t zeros = 0;
            for (size_t j = 0; j < 6; j++)
                zeros += matrix_at(f.w.view, k, j) == 0;
            zero_rows += zeros == 6;
        }
        CHECK(zero_rows == 5);
        CHECK(matrix_norm(f.w.view) < 10 * matrix_norm(a.view)); /* not 1e11 */
        CHECK(fit(matrix_block(l.view, 0, 0, 30, 4), a.view, 1e-6, &g));
        CHECK_NEAR(matrix_norm(f.residual.view), matrix_norm(g.residual.view), 1e-6);
        fit_finish(&f);
        fit_finish(&g);
        memset(l.view.data, 0, 30 * l.view.row_stride * dtype_size((enum dtype)t));
        CHECK(fit(l.view, a.view, 1e-12, &f) && f.rank == 0 && matrix_norm(f.w.view) == 0);
        fit_finish(&f);
        matrix_finish(&l);
        matrix_finish(&a);
    }
}

/* A wide l reaches every a exactly, with rows of w to spare. */
static void test_wide(void)
{
    struct fit f = { 0 };
    struct matrix l = filled(DTYPE_F64, 8, 20, 1), a = filled(DTYPE_F64, 8, 5, 2);
    CHECK(fit(l.view, a.view, 1e-12, &f) && f.rank == 8);
    CHECK(matrix_norm(f.residual.view) < 1e-13 * matrix_norm(a.view) * 20);
    fit_finish(&f);
    CHECK(fit(matrix_block(l.view, 0, 0, 1, 20), matrix_block(a.view, 0, 0, 1, 5), 1e-12, &f) &&
          f.rank == 1);
    fit_finish(&f);
    matrix_finish(&l);
    matrix_finish(&a);
}

static bool try_svd(struct matrix_view a, struct error *err)
{
    struct svd s = { 0 };
    bool ok = linalg_svd(a, &s, err);
    svd_finish(&s);
    return ok;
}

static bool try_values(struct matrix_view a, struct error *err)
{
    double sigma[64];
    return linalg_singular_values(a, sigma, err);
}

static bool try_orthonormalize(struct matrix_view a, struct error *err)
{
    return linalg_orthonormalize(a, err);
}

static bool try_gram(struct matrix_view a, struct error *err)
{
    struct matrix g = { 0 };
    bool ok = matrix_init(&g, DTYPE_F64, a.cols, a.cols, err) && blas_gram(a, g.view, err);
    double values[64];
    ok = ok && linalg_eigen(g.view, values, err);
    matrix_finish(&g);
    return ok;
}

static bool try_fit(struct matrix_view a, struct error *err)
{
    struct arena arena = { 0 };
    struct least_squares s = { 0 };
    struct matrix_view qta, w;
    bool ok = linalg_least_squares(a, 1e-12, &arena, &s, err) &&
              arena_matrix(&arena, a.dtype, s.rank, 3, &qta, err) &&
              arena_matrix(&arena, a.dtype, a.cols, 3, &w, err) &&
              linalg_least_squares_solve(&s, qta, w, &arena, err);
    arena_finish(&arena);
    return ok;
}

/* Every allocation fails once: ERROR_MEMORY, and nothing stays behind. */
static void test_out_of_memory(void)
{
    static bool (*const calls[])(struct matrix_view a, struct error * err) = {
        try_svd, try_values, try_orthonormalize, try_gram, try_fit,
    };
    struct matrix m[2] = { filled(DTYPE_F32, 24, 10, 1), filled(DTYPE_F64, 24, 10, 1) };
    size_t before = memory_used();
    for (size_t c = 0; c < 5; c++) {
        long failed = 0, strange = 0;
        for (int t = 0; t < 2; t++)
            for (long n = 0; n < 100; n++) {
                struct error err = { 0 };
                memory_fail_after(n);
                bool ok = calls[c](m[t].view, &err);
                memory_fail_after(-1);
                strange += memory_used() != before || (!ok && err.code != ERROR_MEMORY);
                if (ok)
                    break;
                failed++;
            }
        printf("# call %zu: %ld failures\n", c, failed);
        CHECK(failed >= 4 && strange == 0);
    }
    matrix_finish(&m[0]);
    matrix_finish(&m[1]);
    CHECK(memory_used() == 0);
}

static void test_blas(void)
{
    printf("# %s, %d threads\n", blas_name(), blas_threads_now());
    CHECK(strncmp(blas_name(), "OpenBLAS 0.", 11) == 0);
    blas_threads(1);
    CHECK(blas_threads_now() == 1);
    /* A plain array as a column and, transposed, as a row: its strides say 1 twice. */
    double x[] = { 1, 2, 3, 4 }, dot = 0, outer[16];
    struct matrix_view column = { x, 4, 1, 1, 1, DTYPE_F64 }, row = matrix_transposed(column);
    blas_gemm(row, column, (struct matrix_view){ &dot, 1, 1, 1, 1, DTYPE_F64 });
    blas_gemm(column, row, (struct matrix_view){ outer, 4, 4, 4, 1, DTYPE_F64 });
    CHECK(dot == 30 && outer[1] == 2 && outer[4] == 2 && outer[15] == 16);
}

static void fill(struct matrix_view a, double step)
{
    double *x = a.data;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            x[i * a.row_stride + j * a.col_stride] = sin(step * (double)(i * a.cols + j + 1));
}

/* How far a b by one thread is from a b, in any entry. */
static double alone_off(struct matrix_view a, struct matrix_view b)
{
    struct error err;
    struct matrix got = { 0 }, want = { 0 };
    double off = (double)INFINITY;
    if (matrix_init(&got, DTYPE_F64, a.rows, b.cols, &err) &&
        matrix_init(&want, DTYPE_F64, a.rows, b.cols, &err)) {
        fill(got.view, 7); /* no zeros that nobody wrote */
        fill(want.view, 8);
        blas_gemm(a, b, want.view);
        blas_gemm_alone(a, b, got.view);
        off = 0;
        for (size_t i = 0; i < a.rows; i++)
            for (size_t j = 0; j < b.cols; j++)
                off = fmax(off, fabs(matrix_at(got.view, i, j) - matrix_at(want.view, i, j)));
    }
    matrix_finish(&got);
    matrix_finish(&want);
    return off;
}

/* In pieces of 64, whatever is left over at their ends and whichever way the factors lie. */
static void test_alone(void)
{
    static const size_t sizes[][3] = { { 1, 1, 1 },    { 3, 5, 0 },     { 63, 64, 65 },
                                       { 64, 64, 64 }, { 65, 129, 64 }, { 130, 70, 200 } };
    struct error err;
    double worst = 0;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        size_t m = sizes[s][0], n = sizes[s][1], k = sizes[s][2];
        struct matrix a = { 0 }, b = { 0 }, at = { 0 }, bt = { 0 };
        CHECK(matrix_init(&a, DTYPE_F64, m, k, &err) && matrix_init(&b, DTYPE_F64, k, n, &err) &&
              matrix_init(&at, DTYPE_F64, k, m, &err) && matrix_init(&bt, DTYPE_F64, n, k, &err));
        fill(a.view, 1);
        fill(b.view, 3);
        fill(at.view, 4);
        fill(bt.view, 5);
        worst = fmax(worst, alone_off(a.view, b.view));
        worst = fmax(worst, alone_off(matrix_transposed(at.view), matrix_transposed(bt.view)));
        matrix_finish(&a), matrix_finish(&b), matrix_finish(&at), matrix_finish(&bt);
    }
    printf("# a product by one thread alone is off by at most %.1e\n", worst);
    CHECK(worst < 1e-12);
}

int main(void)
{
    test_blas();
    test_alone();
    test_svd();
    test_svd_edges();
    test_no_convergence();
    test_eigen();
    test_orthonormalize();
    test_least_squares();
    test_dead_columns();
    test_wide();
    test_out_of_memory();
    return check_done();
}
