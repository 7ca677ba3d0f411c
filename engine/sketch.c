/* Saha, Srivastava, Pilanci 2023, Algorithm 1, steps 1 and 2. */

#include "sketch.h"

#include <math.h>

/* *y = x, summed in double precision, rounded to single: on pictures of few levels its entries
 * lie on ties between codes, which the last digits of a sum, and so its order, would decide. */
static bool rounded(struct job *job, const struct buffer *x, enum dtype dtype, struct buffer *y,
                    struct error *err)
{
    struct matrix_view wide, narrow;
    if (!arena_matrix(job->scratch, DTYPE_F64, x->rows, x->cols, &wide, err) ||
        !arena_matrix(job->scratch, dtype, x->rows, x->cols, &narrow, err) ||
        !backend_read(x, wide, err))
        return false;
    matrix_copy(wide, narrow);
    return backend_load(job->backend, narrow, y, err);
}

bool sketch_columns(struct job *job, const struct buffer *a, enum sketch_kind kind, uint64_t seed,
                    uint32_t matrix, size_t m, struct buffer *y, struct error *err)
{
    struct buffer s = { 0 }, wide = { 0 };
    bool ok = backend_alloc(job->backend, a->dtype, a->cols, m, &s, err) &&
              backend_fill(kind, seed, STREAM_SKETCH, matrix, 1 / sqrt((double)m), &s, err) &&
              backend_alloc(job->backend, DTYPE_F64, a->rows, m, &wide, err) &&
              backend_gemm(a, false, &s, false, &wide, err) &&
              rounded(job, &wide, a->dtype, y, err);
    backend_release(&s);
    backend_release(&wide);
    return ok;
}
