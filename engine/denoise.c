#include "denoise.h"

#include "blas.h"
#include "memory.h"
#include "random.h"

#include <math.h>

const struct denoise_made denoise_made = { 256, 8, 4, 1.5, .02 };
const char *const denoise_rule_names[] = { "mp", "known", "median", NULL };

/* Which draw: counters of STREAM_MARK. */
enum { DRAW_LEFT, DRAW_RIGHT, DRAW_NOISE, DRAW_X, DRAW_Y };

bool denoise_make(const struct denoise_made *made, uint64_t seed, struct matrix *core,
                  struct matrix *noisy, struct error *err)
{
    struct matrix u = { 0 }, v = { 0 };
    size_t n = made->n, r = made->rank;
    bool ok = matrix_init(&u, DTYPE_F64, n, r, err) && matrix_init(&v, DTYPE_F64, n, r, err) &&
              matrix_init(core, DTYPE_F64, n, n, err) && matrix_init(noisy, DTYPE_F64, n, n, err);
    if (ok) {
        random_fill(SKETCH_GAUSSIAN, seed, STREAM_MARK, DRAW_LEFT, 1, u.view);
        random_fill(SKETCH_GAUSSIAN, seed, STREAM_MARK, DRAW_RIGHT, 1, v.view);
        random_fill(SKETCH_GAUSSIAN, seed, STREAM_MARK, DRAW_NOISE, made->noise, noisy->view);
    }
    ok = ok && linalg_orthonormalize(u.view, err) && linalg_orthonormalize(v.view, err);
    for (size_t j = 0; ok && j < r; j++) {
        double step = r > 1 ? (made->last - made->first) / (double)(r - 1) : 0;
        for (size_t i = 0; i < n; i++)
            matrix_put(u.view, i, j, matrix_at(u.view, i, j) * (made->first + step * (double)j));
    }
    if (ok) {
        blas_gemm(u.view, matrix_transposed(v.view), core->view);
        blas_gemm_add(1, u.view, matrix_transposed(v.view), noisy->view);
    }
    matrix_finish(&u);
    matrix_finish(&v);
    return ok;
}

/* lambda(beta) sqrt(longer): the threshold of least asymptotic error for noise of deviation 1. */
static double optimal(size_t rows, size_t cols)
{
    double longer = (double)(rows > cols ? rows : cols),
           beta = (double)(rows > cols ? cols : rows) / longer, sum = beta + 1;
    return sqrt((2 * sum + 8 * beta / (sum + sqrt(beta * beta + 14 * beta + 1))) * longer);
}

double denoise_threshold(enum denoise_rule rule, const struct spectrum *s, double noise)
{
    bool estimate = rule == DENOISE_MEDIAN || (rule == DENOISE_MP && isnan(noise));
    if (!s->rows || !s->cols)
        return (double)NAN;
    if (estimate)
        noise = spectrum_marchenko_pastur(s).sigma;
    double edge = sqrt((double)s->rows) + sqrt((double)s->cols);
    return noise * (rule == DENOISE_MP ? edge : optimal(s->rows, s->cols));
}

size_t denoise_rank(const struct spectrum *s, double threshold)
{
    size_t k = 0;
    while (k < s->n && !(s->sigma[k] <= threshold))
        k++;
    return k;
}

double denoise_visible(size_t rows, size_t cols, double noise)
{
    return noise * sqrt(sqrt((double)rows) * sqrt((double)cols));
}

/* A marked matrix under way. */
struct marking {
    struct matrix x, y; /* rows x 1, cols x 1, of norm 1 */
    struct matrix marked;
    struct svd svd;
    struct matrix along; /* U^T core, n x cols */
};

static void marking_finish(struct marking *m)
{
    matrix_finish(&m->x);
    matrix_finish(&m->y);
    matrix_finish(&m->marked);
    svd_finish(&m->svd);
    matrix_finish(&m->along);
}

static bool draw_unit(struct matrix *m, size_t n, uint32_t draw, uint64_t seed, struct error *err)
{
    if (!matrix_init(m, DTYPE_F64, n, 1, err))
        return false;
    random_fill(SKETCH_GAUSSIAN, seed, STREAM_MARK, draw, 1, m->view);
    double norm = matrix_norm(m->view);
    for (size_t i = 0; norm > 0 && i < n; i++)
        matrix_put(m->view, i, 0, matrix_at(m->view, i, 0) / norm);
    return true;
}

static bool mark(struct marking *m, struct matrix_view w, double a, uint64_t seed,
                 struct error *err)
{
    if (!draw_unit(&m->x, w.rows, DRAW_X, seed, err) ||
        !draw_unit(&m->y, w.cols, DRAW_Y, seed, err) ||
        !matrix_init(&m->marked, DTYPE_F64, w.rows, w.cols, err))
        return false;
    matrix_copy(w, m->marked.view);
    blas_gemm_add(a, m->x.view, matrix_transposed(m->y.view), m->marked.view);
    return true;
}

/* x^T w y */
static double between(const struct marking *m, struct matrix_view w)
{
    double sum = 0;
    for (size_t i = 0; i < w.rows; i++) {
        double row = 0;
        for (size_t j = 0; j < w.cols; j++)
            row += matrix_at(w, i, j) * matrix_at(m->y.view, j, 0);
        sum += row * matrix_at(m->x.view, i, 0);
    }
    return sum;
}

/* T_k = sum of sigma_i u_i v_i^T: x^T T_k y, and
 * ||T_k - C||^2 = ||C||^2 + sum sigma_i^2 - 2 sigma_i u_i^T C v_i. */
static void sum_up(struct denoise *d, const struct marking *m)
{
    const struct svd *s = &m->svd;
    double scale = d->core > 0 ? d->core : 1, apart = d->core > 0 ? 1 : 0;
    d->error[0] = apart;
    for (size_t k = 0; k < d->n; k++) {
        double x = 0, y = 0, inner = 0, sigma = s->sigma[k];
        for (size_t i = 0; i < d->rows; i++)
            x += matrix_at(s->u.view, i, k) * matrix_at(m->x.view, i, 0);
        for (size_t j = 0; j < d->cols; j++) {
            double v = matrix_at(s->vt.view, k, j);
            y += v * matrix_at(m->y.view, j, 0);
            inner += v * matrix_at(m->along.view, k, j);
        }
        apart += sigma / scale * ((sigma - 2 * inner) / scale);
        d->sigma[k] = sigma;
        d->after[k + 1] = d->after[k] + sigma * x * y;
        d->error[k + 1] = sqrt(fmax(apart, 0));
    }
}

static bool look(struct denoise *d, struct job *job, struct marking *m, struct matrix_view core,
                 struct error *err)
{
    d->norm = matrix_norm(m->marked.view);
    d->core = matrix_norm(core);
    d->before = between(m, m->marked.view);
    if (!job_step(job, 0, "singular values", err) || !linalg_svd(m->marked.view, &m->svd, err) ||
        !job_step(job, .9, "every rank", err) ||
        !matrix_init(&m->along, DTYPE_F64, d->n, d->cols, err) ||
        !(d->sigma = memory_alloc(d->n * sizeof(double), err)) ||
        !(d->after = memory_alloc((d->n + 1) * sizeof(double), err)) ||
        !(d->error = memory_alloc((d->n + 1) * sizeof(double), err)))
        return false;
    blas_gemm(matrix_transposed(m->svd.u.view), core, m->along.view);
    sum_up(d, m);
    return true;
}

bool denoise_init(struct denoise *d, struct job *job, struct matrix_view w, struct matrix_view core,
                  double a, uint64_t seed, struct error *err)
{
    struct marking m = { 0 };
    *d = (struct denoise){
        .rows = w.rows, .cols = w.cols, .n = w.rows < w.cols ? w.rows : w.cols, .mark = a
    };
    bool ok = mark(&m, w, a, seed, err) && look(d, job, &m, core, err);
    marking_finish(&m);
    if (!ok)
        denoise_finish(d);
    return ok;
}

void denoise_finish(struct denoise *d)
{
    memory_free(d->sigma);
    memory_free(d->after);
    memory_free(d->error);
    *d = (struct denoise){ 0 };
}

struct spectrum denoise_spectrum(const struct denoise *d)
{
    return (struct spectrum){ d->sigma, d->n, d->rows, d->cols, d->norm };
}
