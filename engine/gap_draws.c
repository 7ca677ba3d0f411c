#include "gap_draws.h"

#include "memory.h"
#include "tridiagonal.h"

enum { BATCH_BYTES = 4 << 20, SWEEPS = 10, SPECTRA_A_STEP = 16 };

const char *const gap_source_names[] = { "tridiagonal", "matrix", NULL };

struct draws {
    uint64_t seed;
    uint32_t first;
    size_t n;
    struct gap_statistics *into;
};

static bool by_tridiagonal(struct job *job, void *context, struct error *err)
{
    const struct draws *x = context;
    struct gap_statistics *g = x->into;
    double *values = arena_alloc(job->scratch, g->d * sizeof(*values), err);
    gap_statistics_init(g, g->field, g->d, g->deviation);
    for (size_t i = 0; values && i < x->n; i++) {
        if (i % SPECTRA_A_STEP == 0 && !job_step(job, (double)i / (double)x->n, "spectra", err))
            return false;
        if (!tridiagonal_spectrum(g->field, x->seed, x->first + (uint32_t)i, g->deviation, values,
                                  g->d, err))
            return false;
        gap_statistics_add(g, values);
    }
    return values != NULL;
}

/* Draws from .. from + n - 1; found: n x d, row: d. */
static bool batch(struct job *job, const struct draws *x, size_t from, struct matrix_view found,
                  struct matrix_view row, struct error *err)
{
    struct gap_statistics *g = x->into;
    struct buffer noise = { 0 }, values = { 0 };
    size_t n = found.rows, cols = g->d * (size_t)g->field;
    uint32_t first = x->first + (uint32_t)from;
    bool ok = backend_alloc(job->backend, found.dtype, n * g->d, cols, &noise, err) &&
              backend_alloc(job->backend, found.dtype, n, g->d, &values, err) &&
              backend_noise(g->field, x->seed, first, g->deviation, &noise, err) &&
              backend_eigen(g->field, &noise, &values, err) && backend_read(&values, found, err);
    if (noise.memory)
        backend_release(&noise);
    if (values.memory)
        backend_release(&values);
    for (size_t i = 0; ok && i < n; i++) {
        matrix_copy(matrix_block(found, i, 0, 1, g->d), row);
        gap_statistics_add(g, row.data);
    }
    return ok;
}

/* Single precision: the noise is, and a device has it. */
static bool by_matrix(struct job *job, void *context, struct error *err)
{
    const struct draws *x = context;
    struct gap_statistics *g = x->into;
    struct matrix_view found, row;
    size_t one = g->d * g->d * (size_t)g->field * sizeof(float), most = BATCH_BYTES / one;
    gap_statistics_init(g, g->field, g->d, g->deviation);
    if (!arena_matrix(job->scratch, DTYPE_F32, most, g->d, &found, err) ||
        !arena_matrix(job->scratch, DTYPE_F64, 1, g->d, &row, err))
        return false;
    for (size_t from = 0; from < x->n; from += most) {
        size_t left = x->n - from, n = left < most ? left : most;
        if (!job_step(job, (double)from / (double)x->n, "spectra", err) ||
            !batch(job, x, from, matrix_block(found, 0, 0, n, g->d), row, err))
            return false;
    }
    return true;
}

bool gap_draws_add(struct job *job, enum gap_source source, uint64_t seed, uint32_t first, size_t n,
                   struct gap_statistics *g, struct error *err)
{
    double d = (double)g->d, field = (double)g->field;
    struct backend_work work = { .dtype = DTYPE_F32 };
    if (source == GAP_MATRIX && g->d > EIGEN_MAX)
        return fail(err, ERROR_LIMIT, "eigenvalues of batches are of matrices up to %d x %d",
                    EIGEN_MAX, EIGEN_MAX);
    if (source == GAP_MATRIX)
        work.flops = (double)n * SWEEPS * 6 * d * d * d * field * field;
    struct gap_statistics *more = memory_alloc(sizeof(*more), err);
    struct draws x = { seed, first, n, more };
    if (!more)
        return false;
    *more = (struct gap_statistics){ .field = g->field, .d = g->d, .deviation = g->deviation };
    bool ok = job_run(job, work, source == GAP_MATRIX ? by_matrix : by_tridiagonal, &x, err);
    if (ok)
        gap_statistics_merge(g, more);
    memory_free(more);
    return ok;
}
