/* Adding the increments of the matrix itself keeps every frame exact: only rounding is left, and no
 * step size to choose. The overlap comes from eigenvalues alone: for a Hermitian A with top value a_1 and
 * the values m_k of A without its first row and column,
 *     |v_1(1)|^2 = prod_k (a_1 - m_k) / (a_1 - a_(k+1))
 * (Denton, Parke, Tao, Zhang, Bull. AMS 59, 2022). Values interlace, so that every factor is 0..1. */

#include "dyson.h"

#include "linalg.h"
#include "memory.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { FRAME_BITS = 16, PATH_BITS = 15 };

/* No two of (path, field, frame) share a matrix of noise. */
static uint32_t number_of(const struct dyson *x)
{
    uint32_t path = x->path & ((1u << PATH_BITS) - 1), complex = x->field == FIELD_COMPLEX,
             frame = (uint32_t)x->frame & ((1u << FRAME_BITS) - 1);
    return (path << 1 | complex) << FRAME_BITS | frame;
}

bool dyson_init(struct dyson *x, enum field field, const double *start, size_t d, double dt,
                bool overlaps, uint64_t seed, uint32_t path, struct error *err)
{
    assert(d >= 1 && dt >= 0);
    size_t cols = d * (size_t)field;
    *x = (struct dyson){ .field = field,
                         .d = d,
                         .dt = dt,
                         .overlap = (double)NAN,
                         .overlaps = overlaps,
                         .seed = seed,
                         .path = path };
    x->values = memory_alloc(2 * d * sizeof(double), err); /* and as many for LAPACK */
    if (!x->values || !matrix_init(&x->sum, DTYPE_F64, d, cols, err) ||
        !matrix_init(&x->noise, DTYPE_F64, d, cols, err) ||
        !matrix_init(&x->work, DTYPE_F64, d, cols, err)) {
        dyson_finish(x);
        return false;
    }
    memcpy(x->values, start, d * sizeof(double));
    for (size_t i = 0; i < d; i++)
        matrix_put(x->sum.view, i, i, start[i]);
    if (overlaps && (d == 1 || start[0] > start[1]))
        x->overlap = 1;
    return true;
}

void dyson_finish(struct dyson *x)
{
    memory_free(x->values);
    matrix_finish(&x->sum);
    matrix_finish(&x->noise);
    matrix_finish(&x->work);
    *x = (struct dyson){ 0 };
}

/* The eigenvalues, ascending, of a without its first `skip` rows and columns. */
static bool values_of(struct dyson *x, struct matrix_view a, size_t skip, double *values,
                      struct error *err)
{
    size_t n = x->d - skip;
    struct matrix_view work = matrix_block(x->work.view, 0, 0, n, n * (size_t)x->field);
    for (size_t part = 0; part < (size_t)x->field; part++)
        matrix_copy(matrix_block(a, skip, part * x->d + skip, n, n),
                    matrix_block(work, 0, part * n, n, n));
    return x->field == FIELD_REAL ? linalg_eigenvalues(work, values, err)
                                  : linalg_eigenvalues_hermitian(work, values, err);
}

/* top: of the whole; rest: d - 1 others, ascending; minor: d - 1, ascending. */
static double overlap(double top, const double *rest, const double *minor, size_t n)
{
    double product = 1;
    for (size_t i = 0; i < n; i++)
        product *= (top - minor[i]) / (top - rest[i]);
    return product;
}

bool dyson_step(struct dyson *x, struct error *err)
{
    size_t d = x->d;
    struct matrix_view next = x->noise.view;
    double *values = x->values + d, minor_overlap = (double)NAN;
    ensemble_noise(x->field, x->seed, number_of(x), sqrt(2 * x->dt), next);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < next.cols; j++)
            matrix_put(next, i, j, matrix_at(next, i, j) + matrix_at(x->sum.view, i, j));
    if (!values_of(x, next, 0, values, err))
        return false;
    if (x->overlaps && d > 1) {
        double *minor = memory_alloc((d - 1) * sizeof(double), err);
        bool ok = minor && values_of(x, next, 1, minor, err);
        if (ok)
            minor_overlap = overlap(values[d - 1], values, minor, d - 1);
        memory_free(minor);
        if (!ok)
            return false;
    }
    for (size_t i = 0; i < d; i++)
        x->values[i] = values[d - 1 - i];
    x->overlap = x->overlaps && d == 1 ? 1 : minor_overlap;
    struct matrix sum = x->sum;
    x->sum = x->noise;
    x->noise = sum;
    x->frame++;
    x->t = (double)x->frame * x->dt;
    return true;
}
