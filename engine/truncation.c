/* The exact road is one call to LAPACK; a cached SVD is cut; lanczos.c is the third. */

#include "truncation.h"

#include "lanczos.h"
#include "memory.h"
#include "spectrum.h"

#include <math.h>

/* A smaller tail drowns in the rounding of single-precision singular values. */
static const double single_tail = 1e-4;

/* Where block Lanczos beats LAPACK. */
enum { LANCZOS_SIDE = 1000, LANCZOS_SHARE = 8 };

static bool by_lanczos(size_t rows, size_t cols, size_t rank, bool exact)
{
    size_t side = rows < cols ? rows : cols;
    return !exact && side > LANCZOS_SIDE && rank <= side / LANCZOS_SHARE;
}

/* Two products a step, and about four steps of 32 columns more than hold the rank. */
double truncation_flops(size_t rows, size_t cols, size_t rank, bool exact)
{
    return by_lanczos(rows, cols, rank, exact)
               ? 4.0 * (double)rows * (double)cols * (double)(rank + 128)
               : 0;
}

static struct spectrum spectrum_of(const struct svd *s, struct matrix_view a)
{
    return (struct spectrum){ s->sigma, s->n, a.rows, a.cols, s->norm };
}

/* The leading `rank` triplets of s, in a's precision. */
static bool leading(const struct svd *s, struct matrix_view a, size_t rank, struct svd *out,
                    struct error *err)
{
    struct svd copy = { .n = rank, .norm = s->norm };
    bool ok = matrix_init(&copy.u, a.dtype, a.rows, rank, err) &&
              matrix_init(&copy.vt, a.dtype, rank, a.cols, err) &&
              (copy.sigma = memory_alloc(rank * sizeof(double), err));
    if (!ok) {
        svd_finish(&copy);
        return false;
    }
    matrix_copy(matrix_block(s->u.view, 0, 0, a.rows, rank), copy.u.view);
    matrix_copy(matrix_block(s->vt.view, 0, 0, rank, a.cols), copy.vt.view);
    for (size_t i = 0; i < rank; i++)
        copy.sigma[i] = s->sigma[i];
    *out = copy;
    return true;
}

static bool by_lapack(struct matrix_view a, size_t rank, struct svd *out, double *tail,
                      struct error *err)
{
    struct svd all = { 0 };
    if (!linalg_svd(a, &all, err))
        return false;
    struct spectrum s = spectrum_of(&all, a);
    *tail = spectrum_tail(&s, rank);
    if (a.dtype == DTYPE_F32 && *tail > 0 && *tail < single_tail)
        *tail = (double)NAN;
    bool ok = leading(&all, a, rank, out, err);
    svd_finish(&all);
    return ok;
}

bool truncation(struct job *job, const struct inputs *in, size_t index, size_t rank, bool exact,
                struct svd *out, double *tail, struct error *err)
{
    struct matrix_view a = in->matrices[index];
    double unwanted = 0;
    tail = tail ? tail : &unwanted;
    *tail = (double)NAN;
    if (!job_step(job, 0, "singular vectors", err))
        return false;
    if (in->svds) {
        struct spectrum s = spectrum_of(&in->svds[index], a);
        *tail = spectrum_tail(&s, rank);
        return leading(&in->svds[index], a, rank, out, err);
    }
    if (by_lanczos(a.rows, a.cols, rank, exact)) {
        struct buffer loaded = { 0 };
        bool settled = false, ok = backend_load(job->backend, a, &loaded, err) &&
                                   lanczos(job, &loaded, matrix_norm(a), rank, out, &settled, err);
        backend_release(&loaded);
        if (!ok || settled)
            return ok;
    }
    return by_lapack(a, rank, out, tail, err);
}

bool truncation_buffer(struct job *job, const struct buffer *a, size_t rank, struct svd *out,
                       struct error *err)
{
    struct matrix whole = { 0 };
    double norm = 0, tail;
    bool settled = false, ok = job_step(job, 0, "singular vectors", err);
    if (ok && by_lanczos(a->rows, a->cols, rank, false))
        ok = backend_residual(a, NULL, 0, &norm, err) &&
             lanczos(job, a, norm, rank, out, &settled, err);
    if (!ok || settled)
        return ok;
    ok = matrix_init(&whole, a->dtype, a->rows, a->cols, err) && backend_read(a, whole.view, err) &&
         by_lapack(whole.view, rank, out, &tail, err);
    matrix_finish(&whole);
    return ok;
}

void truncation_scale(struct matrix_view f, const double *sigma, double power, bool columns)
{
    struct matrix_view v = columns ? matrix_transposed(f) : f;
    for (size_t i = 0; i < v.rows; i++) {
        double factor = pow(sigma[i], power);
        for (size_t j = 0; j < v.cols; j++)
            matrix_put(v, i, j, matrix_at(v, i, j) * factor);
    }
}

size_t truncation_useful(const struct svd *s, double *tail)
{
    static const double widest = 5e6;
    size_t n = s->n;
    for (; n > 1 && !(s->sigma[n - 1] * widest > s->sigma[0]); n--)
        if (s->norm > 0)
            *tail = hypot(*tail, s->sigma[n - 1] / s->norm);
    return n;
}
