#include "truncation.h"
#include "check.h"
#include "lab.h"
#include "lanczos.h"
#include "spectrum.h"

/* Block Lanczos against matrices whose SVD is known, and the cached SVD against LAPACK's. */

static const struct {
    double error; /* of the truncation, above the optimum: what the stopping rule promises */
    double orthogonality;
} tolerance[] = { [DTYPE_F32] = { 1e-3, 2e-5 }, [DTYPE_F64] = { 1e-3, 1e-12 } };

static double slow(size_t i)
{
    return 1 / sqrt((double)i);
}

static double fast(size_t i)
{
    return exp(-(double)i / 12);
}

static double low_rank(size_t i)
{
    return i <= 10 ? 11 - (double)i : 0;
}

/* Its squares are below the least double. */
static double tiny(size_t i)
{
    return 1e-180 * slow(i);
}

static double flat(size_t i)
{
    return 2 - (double)i / 400;
}

/* ||q^T q - I||, q with orthonormal columns. */
static double departure(struct matrix_view q)
{
    double worst = 0;
    for (size_t i = 0; i < q.cols; i++)
        for (size_t j = 0; j <= i; j++) {
            double dot = 0;
            for (size_t k = 0; k < q.rows; k++)
                dot += matrix_at(q, k, i) * matrix_at(q, k, j);
            worst = fmax(worst, fabs(dot - (i == j)));
        }
    return worst;
}

/* ||A - u sigma v^T|| / ||A||, by subtraction in double precision. */
static double residual(struct matrix_view a, const struct svd *s)
{
    struct matrix rest = lab_matrix(DTYPE_F64, a.rows, a.cols);
    struct matrix u = lab_matrix(DTYPE_F64, a.rows, s->n), vt = lab_matrix(DTYPE_F64, s->n, a.cols);
    matrix_copy(a, rest.view);
    matrix_copy(s->u.view, u.view);
    matrix_copy(s->vt.view, vt.view);
    truncation_scale(u.view, s->sigma, 1, true);
    blas_gemm_add(-1, u.view, vt.view, rest.view);
    double error = matrix_norm(rest.view) / s->norm;
    matrix_finish(&rest);
    matrix_finish(&u);
    matrix_finish(&vt);
    return error;
}

static bool signs_fixed(const struct svd *s)
{
    for (size_t i = 0; i < s->n; i++) {
        double most = 0;
        for (size_t j = 0; j < s->u.view.rows; j++)
            if (fabs(matrix_at(s->u.view, j, i)) > fabs(most))
                most = matrix_at(s->u.view, j, i);
        if (most < 0)
            return false;
    }
    return true;
}

static void against_known(struct lab *l, const char *name, double (*value)(size_t),
                          enum dtype dtype, size_t rows, size_t cols)
{
    enum { RANK = 24 };
    size_t n = rows < cols ? rows : cols, before = memory_used();
    struct matrix a = lab_spectrum(dtype, rows, cols, 8, value);
    double *sigma = malloc(n * sizeof(*sigma));
    for (size_t i = 0; i < n; i++)
        sigma[i] = value(i + 1);
    struct spectrum s = { sigma, n, rows, cols, matrix_norm(a.view) };
    double optimum = spectrum_tail(&s, RANK);
    struct svd found = { 0 };
    struct error err = { 0 };
    bool settled;
    struct buffer loaded = { 0 };
    CHECK(backend_load(l->backend, a.view, &loaded, &err) &&
          lanczos(&l->job, &loaded, s.norm, RANK, &found, &settled, &err) && settled);
    backend_release(&loaded);
    double error = residual(a.view, &found), slack = tolerance[dtype].orthogonality;
    printf("# %s %zu x %zu f%d: error %.8f, optimum %.8f; sigma_1 %.8f (%.8f)\n", name, rows, cols,
           dtype == DTYPE_F64 ? 64 : 32, error, optimum, found.sigma[0], sigma[0]);
    CHECK(error >= optimum - slack && error <= optimum * (1 + tolerance[dtype].error) + slack);
    CHECK(departure(found.u.view) <= slack);
    CHECK(departure(matrix_transposed(found.vt.view)) <= slack);
    CHECK(signs_fixed(&found));
    svd_finish(&found);
    matrix_finish(&a);
    free(sigma);
    arena_finish(&l->scratch);
    backend_release_all(l->backend);
    CHECK(memory_used() == before);
}

/* The Eckart-Young error of a single-precision matrix is right or left open, never rounding. */
static void single_tails(struct lab *l)
{
    struct matrix a = lab_spectrum(DTYPE_F32, 60, 50, 8, low_rank);
    struct inputs in = { &a.view, 1, NULL };
    struct svd found = { 0 };
    struct error err = { 0 };
    double tail;
    CHECK(truncation(&l->job, &in, 0, 8, true, &found, &tail, &err));
    CHECK_NEAR(tail, sqrt((2 * 2 + 1) / 385.), 1e-6);
    svd_finish(&found);
    CHECK(truncation(&l->job, &in, 0, 10, true, &found, &tail, &err) && isnan(tail));
    svd_finish(&found);
    matrix_finish(&a);
}

/* Halko, Martinsson, Tropp 2011: the mean square over sketches without power iterations is
 * within (1 + k/(p-1)) of the optimum (Theorem 10.5); columns and passes more bring it closer. */
static void range_finder(struct lab *l)
{
    static const char *const settings[] = { "rank=10 oversampling=0 power=0 sketch=gaussian",
                                            "rank=10 oversampling=6 power=0 sketch=gaussian",
                                            "rank=10 oversampling=6 power=1 sketch=gaussian",
                                            "rank=10 oversampling=6 power=4 sketch=gaussian" };
    enum { SETTINGS = 4, SEEDS = 20 };
    struct matrix a = lab_spectrum(DTYPE_F64, 90, 70, 8, slow);
    struct svd svd = lab_svd(a.view);
    struct spectrum s = { svd.sigma, svd.n, 90, 70, svd.norm };
    double optimum = spectrum_tail(&s, 10), square[SETTINGS] = { 0 }, deviation;
    for (size_t i = 0; i < SETTINGS; i++) {
        double mean = lab_mean(l, "randomized-svd", false, settings[i], a.view, 1, SEEDS,
                               &deviation);
        square[i] = mean * mean + deviation * deviation;
        printf("# %s: %.5f of the optimum\n", settings[i], sqrt(square[i]) / optimum);
        CHECK(i == 0 || square[i] < square[i - 1]);
    }
    CHECK(square[1] <= (1 + 10 / (6. - 1)) * optimum * optimum);
    CHECK(square[3] <= 1.001 * optimum * optimum);
    svd_finish(&svd);
    matrix_finish(&a);
}

/* The cached SVD, LAPACK's own and its leading part agree. */
static void cached(struct lab *l)
{
    struct matrix a = lab_spectrum(DTYPE_F64, 40, 30, 8, slow);
    struct svd all = lab_svd(a.view), from_cache = { 0 }, exact = { 0 };
    struct inputs in = { &a.view, 1, NULL }, with = { &a.view, 1, &all };
    struct error err = { 0 };
    double tail, tail_cached;
    CHECK(truncation(&l->job, &in, 0, 7, true, &exact, &tail, &err));
    CHECK(truncation(&l->job, &with, 0, 7, false, &from_cache, &tail_cached, &err));
    CHECK(exact.n == 7 && from_cache.n == 7 && tail == tail_cached);
    CHECK(!memcmp(exact.sigma, from_cache.sigma, 7 * sizeof(double)));
    CHECK_NEAR(residual(a.view, &exact), tail, 1e-12);
    CHECK_NEAR(residual(a.view, &from_cache), tail, 1e-12);
    truncation_scale(exact.u.view, exact.sigma, 1, true);
    truncation_scale(from_cache.vt.view, exact.sigma, 1, false);
    CHECK_NEAR(matrix_norm(exact.u.view), matrix_norm(from_cache.vt.view), 1e-12);
    svd_finish(&exact);
    svd_finish(&from_cache);
    svd_finish(&all);
    matrix_finish(&a);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    for (int type = 0; type < 2; type++) {
        enum dtype dtype = type ? DTYPE_F64 : DTYPE_F32;
        against_known(&l, "slow", slow, dtype, 500, 400);
        against_known(&l, "fast", fast, dtype, 400, 500);
        against_known(&l, "low rank", low_rank, dtype, 420, 400);
    }
    against_known(&l, "tiny", tiny, DTYPE_F64, 500, 400);
    against_known(&l, "flat", flat, DTYPE_F32, 500, 400);
    cached(&l);
    single_tails(&l);
    range_finder(&l);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
