/* With M diagonal the overlaps with its eigenvectors are the squared entries of the noisy ones, and for
 * two symmetric matrices ||A - B||^2 = sum_ij |<a_i, b_j>|^2 (alpha_i - beta_j)^2 over all pairs of eigenvectors:
 * every term is positive, so that small errors of large matrices keep their digits, and one
 * decomposition serves every rank. Only the real part of complex vectors has to be made. */

#include "monte_carlo.h"

#include "blas.h"
#include "linalg.h"
#include "mechanism.h"
#include "memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 4096, REAL = 0, COMPLEX = 1 };
#define BATCH_FLOPS 1e8 /* of one batch, so that a job hears of its end soon */

static size_t side(const struct monte_carlo *m)
{
    return m->p.d;
}

/* What one run leaves: all errors, eigenvalues and overlaps as one row of numbers. */
struct columns {
    size_t errors, values[2], overlap[2], n;
};

static struct columns columns_of(const struct monte_carlo *m)
{
    struct columns c = { 0 };
    c.n = PERTURBED_COUNT * m->n_ranks;
    for (size_t f = 0; f < 2; f++) {
        c.values[f] = c.n;
        c.n += m->values[f] ? side(m) : 0;
        c.overlap[f] = c.n++;
    }
    return c;
}

struct work {
    const struct monte_carlo *m;
    struct columns columns;
    double *samples;            /* [column * runs + run] */
    struct matrix_view batch;   /* complex noise, one matrix below the other */
    struct matrix_view vectors; /* rows; d x 2 d, and d x d of the same memory */
    struct matrix_view left, right, product;
    struct matrix_view minus, half; /* -M for a batch; the left half of an identity */
    double *values, *weights;       /* descending */
};

static void put(struct work *w, size_t column, size_t run, double x)
{
    w->samples[column * w->m->runs + run] = x;
}

/* ---- errors of one run ---- */

/* Vector i in the order of the values, descending: LAPACK's ascend. */
static size_t row_of(const struct work *w, size_t i)
{
    return side(w->m) - 1 - i;
}

static double squared(struct matrix_view vectors, size_t row, size_t j, bool complex)
{
    double re = matrix_at(vectors, row, j);
    double im = complex ? matrix_at(vectors, row, vectors.rows + j) : 0;
    return re * re + im * im;
}

/* ||sum over i < k of weights_i v_i v_i^* - M_k||. */
static double distance(const struct work *w, struct matrix_view vectors, const double *weights,
                       size_t k, bool complex)
{
    size_t d = side(w->m);
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < (i < k ? d : k); j++) {
            double apart = (i < k ? weights[i] : 0) - (j < k ? w->m->p.sigma[j] : 0);
            sum += apart * apart * squared(vectors, row_of(w, i), j, complex);
        }
    return sqrt(sum);
}

/* Of the top vector with the eigenspace of sigma_1. */
static double overlap(const struct work *w, struct matrix_view vectors, bool complex)
{
    const struct perturbation *p = &w->m->p;
    double sum = 0;
    for (size_t j = 0; j < p->d && p->sigma[j] == p->sigma[0]; j++)
        sum += squared(vectors, row_of(w, 0), j, complex);
    return sum;
}

/* w->product = the real part of the top k: a column of left and a row of right for either part. */
static void real_part(struct work *w, size_t k)
{
    size_t d = side(w->m);
    for (size_t i = 0; i < 2 * k; i++) {
        size_t row = row_of(w, i / 2), from = i % 2 * d;
        for (size_t j = 0; j < d; j++) {
            double x = matrix_at(w->vectors, row, from + j);
            matrix_put(w->right, i, j, x);
            matrix_put(w->left, j, i, x * w->values[i / 2]);
        }
    }
    blas_gemm(matrix_block(w->left, 0, 0, d, 2 * k), matrix_block(w->right, 0, 0, 2 * k, d),
              w->product);
}

/* Y and Y_k, which takes the place of the product. */
static bool real_errors(struct work *w, size_t rank, size_t run, struct error *err)
{
    const struct monte_carlo *m = w->m;
    size_t k = m->ranks[rank], d = side(m);
    real_part(w, k);
    for (size_t j = 0; j < k; j++)
        matrix_put(w->product, j, j, matrix_at(w->product, j, j) - m->p.sigma[j]);
    put(w, PERTURBED_Y * m->n_ranks + rank, run, matrix_norm(w->product));
    if (!m->outputs[PERTURBED_Y_K])
        return true;
    for (size_t j = 0; j < k; j++)
        matrix_put(w->product, j, j, matrix_at(w->product, j, j) + m->p.sigma[j]);
    if (!linalg_eigen(w->product, w->weights, err))
        return false;
    for (size_t i = 0; i < d / 2; i++) {
        double low = w->weights[i];
        w->weights[i] = w->weights[d - 1 - i];
        w->weights[d - 1 - i] = low;
    }
    put(w, PERTURBED_Y_K * m->n_ranks + rank, run, distance(w, w->product, w->weights, k, false));
    return true;
}

/* Noise number i of the batch and M, decomposed: values descending. */
static bool decompose(struct work *w, struct matrix_view vectors, size_t i, struct error *err)
{
    size_t d = side(w->m);
    matrix_copy(matrix_block(w->batch, i * d, 0, d, vectors.cols), vectors);
    for (size_t j = 0; j < d; j++)
        matrix_put(vectors, j, j, matrix_at(vectors, j, j) + w->m->p.sigma[j]);
    if (!(vectors.cols == d ? linalg_eigen(vectors, w->values, err)
                            : linalg_eigen_hermitian(vectors, w->values, err)))
        return false;
    for (size_t j = 0; j < d / 2; j++) {
        double low = w->values[j];
        w->values[j] = w->values[d - 1 - j];
        w->values[d - 1 - j] = low;
    }
    return true;
}

static void put_values(struct work *w, size_t field, size_t run, struct matrix_view vectors)
{
    for (size_t i = 0; w->m->values[field] && i < side(w->m); i++)
        put(w, w->columns.values[field] + i, run, w->values[i]);
    put(w, w->columns.overlap[field], run, overlap(w, vectors, field == COMPLEX));
}

static bool wanted(const struct monte_carlo *m, enum field field)
{
    bool any = false;
    for (int x = 0; x < PERTURBED_COUNT; x++)
        any |= m->n_ranks && m->outputs[x] && perturbed_field((enum perturbed)x) == field;
    return any;
}

static bool real_run(struct work *w, size_t i, size_t run, struct error *err)
{
    const struct monte_carlo *m = w->m;
    struct matrix_view vectors = matrix_block(w->vectors, 0, 0, side(m), side(m));
    if (!decompose(w, vectors, i, err))
        return false;
    put_values(w, REAL, run, vectors);
    for (size_t j = 0; j < side(m); j++)
        w->weights[j] = mechanism_shrink(FIELD_REAL, m->p.deviation, side(m), w->values[j]);
    for (size_t r = 0; r < m->n_ranks; r++) {
        put(w, PERTURBED_REAL * m->n_ranks + r, run,
            distance(w, vectors, w->values, m->ranks[r], false));
        put(w, PERTURBED_SHRUNK * m->n_ranks + r, run,
            distance(w, vectors, w->weights, m->ranks[r], false));
    }
    return true;
}

static bool complex_run(struct work *w, size_t i, size_t run, struct error *err)
{
    const struct monte_carlo *m = w->m;
    bool real = m->outputs[PERTURBED_Y] || m->outputs[PERTURBED_Y_K];
    if (!decompose(w, w->vectors, i, err))
        return false;
    put_values(w, COMPLEX, run, w->vectors);
    for (size_t r = 0; r < m->n_ranks; r++) {
        put(w, PERTURBED_COMPLEX * m->n_ranks + r, run,
            distance(w, w->vectors, w->values, m->ranks[r], true));
        if (real && !real_errors(w, r, run, err))
            return false;
    }
    return true;
}

/* ---- batches ---- */

static bool step(struct job *job, const struct work *w, size_t run, struct error *err)
{
    return job_step(job, (double)run / (double)w->m->runs, "simulated runs", err);
}

/* Vectors and all, run by run: LAPACK's. */
static bool errors_of(struct job *job, struct work *w, const struct buffer *noise, size_t run,
                      size_t n, struct error *err)
{
    const struct monte_carlo *m = w->m;
    bool ok = backend_read(noise, matrix_block(w->batch, 0, 0, noise->rows, noise->cols), err);
    for (size_t i = 0; ok && i < n; i++) {
        ok = step(job, w, run + i, err);
        if (ok && (wanted(m, FIELD_REAL) || m->values[REAL]))
            ok = real_run(w, i, run + i, err);
        if (ok && (wanted(m, FIELD_COMPLEX) || m->values[COMPLEX]))
            ok = complex_run(w, i, run + i, err);
    }
    return ok;
}

static bool alloc(struct job *job, size_t rows, size_t cols, struct buffer *out, struct error *err)
{
    return backend_alloc(job->backend, DTYPE_F64, rows, cols, out, err);
}

/* out = the real parts of noise: a product with the left half of an identity, which is exact. */
static bool real_parts(struct job *job, struct matrix_view half, const struct buffer *noise,
                       struct buffer *out, struct error *err)
{
    struct buffer by;
    return backend_load(job->backend, half, &by, err) &&
           backend_gemm(noise, false, &by, false, out, err);
}

/* Values alone of a whole batch, where the job computes. */
static bool values_of(struct job *job, struct work *w, const struct buffer *noise, size_t field,
                      size_t run, struct error *err)
{
    size_t d = side(w->m), n = noise->rows / d, cols = d * (field + 1);
    struct buffer real, minus, sum, values;
    struct matrix_view found = matrix_block(w->batch, 0, 0, n, d);
    bool ok = true;
    if (field == REAL)
        ok = alloc(job, noise->rows, d, &real, err) && real_parts(job, w->half, noise, &real, err);
    struct buffer_product m = { &minus, NULL };
    ok = ok &&
         backend_load(job->backend, matrix_block(w->minus, 0, 0, noise->rows, cols), &minus, err) &&
         alloc(job, noise->rows, cols, &sum, err) && alloc(job, n, d, &values, err) &&
         backend_subtract(field == REAL ? &real : noise, &m, 1, &sum, err) &&
         backend_eigen((enum field)(field + 1), &sum, &values, err) &&
         backend_read(&values, found, err);
    for (size_t i = 0; ok && i < n; i++)
        for (size_t j = 0; j < d; j++)
            put(w, w->columns.values[field] + j, run + i, matrix_at(found, i, j));
    return ok;
}

/* Whether the vectors are of no interest. */
static bool values_alone(const struct monte_carlo *m)
{
    return side(m) <= EIGEN_MAX && !wanted(m, FIELD_REAL) && !wanted(m, FIELD_COMPLEX);
}

static bool run_batch(struct job *job, struct work *w, size_t run, size_t n, struct error *err)
{
    const struct monte_carlo *m = w->m;
    struct buffer noise;
    bool ok = step(job, w, run, err) && alloc(job, n * side(m), 2 * side(m), &noise, err) &&
              backend_noise(FIELD_COMPLEX, m->seed, m->first + (uint32_t)run, m->p.deviation,
                            &noise, err);
    if (!values_alone(m))
        ok = ok && errors_of(job, w, &noise, run, n, err);
    else
        for (size_t field = 0; field < 2; field++)
            ok = ok && (!m->values[field] || values_of(job, w, &noise, field, run, err));
    backend_release_all(job->backend);
    return ok;
}

static size_t batch_size(const struct monte_carlo *m)
{
    double d = (double)side(m), most = BATCH_FLOPS / (40 * d * d * d);
    size_t n = most < 1 ? 1 : most > BATCH ? BATCH : (size_t)most;
    return n < m->runs ? n : m->runs;
}

static bool make_room(struct job *job, struct work *w, struct error *err)
{
    size_t d = side(w->m), rows = batch_size(w->m) * d;
    struct arena *a = job->scratch;
    if (!arena_matrix(a, DTYPE_F64, rows, 2 * d, &w->batch, err) ||
        !arena_matrix(a, DTYPE_F64, d, 2 * d, &w->vectors, err) ||
        !arena_matrix(a, DTYPE_F64, d, d, &w->product, err) ||
        !arena_matrix(a, DTYPE_F64, d, 2 * d, &w->left, err) ||
        !arena_matrix(a, DTYPE_F64, 2 * d, d, &w->right, err) ||
        !(w->values = arena_alloc(a, d * sizeof(double), err)) ||
        !(w->weights = arena_alloc(a, d * sizeof(double), err)))
        return false;
    if (!values_alone(w->m))
        return true;
    if (!arena_matrix(a, DTYPE_F64, rows, 2 * d, &w->minus, err) ||
        !arena_matrix(a, DTYPE_F64, 2 * d, d, &w->half, err))
        return false;
    for (size_t i = 0; i < d; i++)
        matrix_put(w->half, i, i, 1);
    for (size_t r = 0; r < rows; r++)
        matrix_put(w->minus, r, r % d, -w->m->p.sigma[r % d]);
    return true;
}

/* ---- what the runs come to ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1), part = at - floor(at);
    size_t i = (size_t)at;
    return part > 0 ? sorted[i] + part * (sorted[i + 1] - sorted[i]) : sorted[i];
}

/* The mean of x^power, and the deviation of that of one run. */
static double moment(const double *x, size_t n, int power, double *deviation)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += power == 1 ? x[i] : x[i] * x[i];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double apart = (power == 1 ? x[i] : x[i] * x[i]) - mean;
        squares += apart * apart;
    }
    *deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : (double)NAN;
    return mean;
}

static struct monte_carlo_band band(double *x, size_t n)
{
    struct monte_carlo_band b;
    double spread, root = sqrt((double)n), squares = moment(x, n, 2, &spread);
    b.rms = sqrt(squares);
    b.rms_error = b.rms > 0 ? spread / (2 * b.rms * root) : 0;
    b.mean = moment(x, n, 1, &b.deviation);
    b.error = b.deviation / root;
    qsort(x, n, sizeof(*x), ascending);
    b.low = quantile(x, n, 0.05);
    b.high = quantile(x, n, 0.95);
    return b;
}

static void no_bands(struct monte_carlo_band *b, size_t n)
{
    double none = (double)NAN;
    for (size_t i = 0; i < n; i++)
        b[i] = (struct monte_carlo_band){ none, none, none, none, none, none, none };
}

static bool summarize(const struct work *w, struct monte_carlo_found *f, struct error *err)
{
    const struct monte_carlo *m = w->m;
    size_t n = PERTURBED_COUNT * m->n_ranks, runs = m->runs;
    f->errors = memory_alloc(n * sizeof(*f->errors), err);
    if (!f->errors)
        return false;
    no_bands(f->errors, n);
    for (size_t i = 0; i < n; i++)
        if (m->outputs[i / m->n_ranks])
            f->errors[i] = band(w->samples + i * runs, runs);
    for (size_t field = 0; field < 2; field++) {
        no_bands(&f->overlap[field], 1);
        if (wanted(m, (enum field)(field + 1)))
            f->overlap[field] = band(w->samples + w->columns.overlap[field] * runs, runs);
        if (!m->values[field])
            continue;
        f->values[field] = memory_alloc(side(m) * sizeof(*f->values[0]), err);
        if (!f->values[field])
            return false;
        for (size_t i = 0; i < side(m); i++)
            f->values[field][i] = band(w->samples + (w->columns.values[field] + i) * runs, runs);
    }
    return true;
}

/* What job_run tries. */
struct attempt {
    const struct monte_carlo *m;
    struct monte_carlo_found found;
};

static bool attempt(struct job *job, void *context, struct error *err)
{
    struct attempt *a = context;
    const struct monte_carlo *m = a->m;
    struct work w = { .m = m, .columns = columns_of(m) };
    size_t batch = batch_size(m);
    monte_carlo_finish(&a->found);
    a->found = (struct monte_carlo_found){ .runs = m->runs, .d = m->p.d, .n_ranks = m->n_ranks };
    bool ok = make_room(job, &w, err);
    w.samples = ok ? memory_alloc(w.columns.n * m->runs * sizeof(double), err) : NULL;
    ok = w.samples != NULL;
    for (size_t run = 0; ok && run < m->runs; run += batch)
        ok = run_batch(job, &w, run, run + batch > m->runs ? m->runs - run : batch, err);
    ok = ok && summarize(&w, &a->found, err);
    memory_free(w.samples);
    return ok;
}

bool monte_carlo_run(struct job *job, const struct monte_carlo *m, struct monte_carlo_found *out,
                     struct error *err)
{
    struct attempt a = { .m = m };
    double d = (double)side(m), runs = (double)m->runs;
    struct backend_work work = { .flops = values_alone(m) ? 40 * d * d * d * runs : 0,
                                 .bytes = 16 * d * d * runs,
                                 .dtype = DTYPE_F64 };
    assert(m->runs >= 1 && m->p.d >= 1 && m->n_ranks <= MONTE_CARLO_RANKS);
    bool ok = job_run(job, work, attempt, &a, err);
    if (!ok)
        monte_carlo_finish(&a.found);
    else
        *out = a.found;
    return ok;
}

void monte_carlo_finish(struct monte_carlo_found *f)
{
    memory_free(f->errors);
    for (size_t field = 0; field < 2; field++)
        memory_free(f->values[field]);
    *f = (struct monte_carlo_found){ 0 };
}

const struct monte_carlo_band *monte_carlo_error(const struct monte_carlo_found *f,
                                                 enum perturbed x, size_t i)
{
    return &f->errors[(size_t)x * f->n_ranks + i];
}
