/* Hermitian matrices of the noise views, by LAPACK (zheevd: Cuppen's divide and conquer). linalg.c has
 * everything real. */

#include "linalg.h"

#include "memory.h"

#include <assert.h>
#include <lapacke.h>
#include <math.h>
#include <stdint.h>

enum { BLOCK = 64 }; /* columns LAPACK works on at a time, at most */

/* Into LAPACK's order: parts next to each other, columns one after the other, the lower triangle. */
static void interleave(struct matrix_view a, double *out)
{
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j <= i; j++) {
            out[2 * (j * a.rows + i)] = matrix_at(a, i, j);
            out[2 * (j * a.rows + i) + 1] = i == j ? 0 : matrix_at(a, i, a.rows + j);
        }
}

static void take_apart(const double *vectors, struct matrix_view a)
{
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.rows; j++) {
            matrix_put(a, i, j, vectors[2 * (i * a.rows + j)]);
            matrix_put(a, i, a.rows + j, vectors[2 * (i * a.rows + j) + 1]);
        }
}

/* Everything LAPACK works on in one piece of memory: the matrix, two pairs workspaces in one, a
 * real one, whole numbers. Own sizes, as in eigen. */
static bool eigen_hermitian(struct matrix_view a, bool vectors, double *values, struct error *err)
{
    assert(a.cols == 2 * a.rows && a.dtype == DTYPE_F64);
    uint64_t n = a.rows, pairs = vectors ? 2 * n + n * n : (1 + BLOCK) * n,
             real = vectors ? 1 + 5 * n + 2 * n * n : n, whole = vectors ? 3 + 5 * n : 1;
    if (n == 0)
        return true;
    if (2 * (n * n + pairs) + real > INT32_MAX)
        return fail(err, ERROR_LIMIT,
                    "the eigenvalues of a Hermitian %zu x %zu matrix take more scratch than LAPACK "
                    "can address",
                    a.rows, a.rows);
    if (!isfinite(matrix_norm(a)))
        return fail(err, ERROR_FORMAT,
                    "the matrix has an entry that is NaN, infinite or too large to factorize");
    double *matrix = memory_alloc((size_t)(2 * (n * n + pairs) + real) * sizeof(double), err);
    lapack_int *integers = matrix ? memory_alloc((size_t)whole * sizeof(lapack_int), err) : NULL;
    lapack_int info = 0;
    if (integers) {
        double *work = matrix + 2 * n * n;
        interleave(a, matrix);
        info = LAPACKE_zheevd_work(LAPACK_COL_MAJOR, vectors ? 'V' : 'N', 'L', (lapack_int)n,
                                   (void *)matrix, (lapack_int)n, values, (void *)work,
                                   (lapack_int)pairs, work + 2 * pairs, (lapack_int)real, integers,
                                   (lapack_int)whole);
        if (!info && vectors)
            take_apart(matrix, a);
    }
    bool ok = integers != NULL;
    memory_free(matrix);
    memory_free(integers);
    if (ok && info)
        return fail(err, ERROR_NUMERIC, "the eigenvalue decomposition did not converge");
    return ok;
}

bool linalg_eigen_hermitian(struct matrix_view a, double *values, struct error *err)
{
    return eigen_hermitian(a, true, values, err);
}

bool linalg_eigenvalues_hermitian(struct matrix_view a, double *values, struct error *err)
{
    return eigen_hermitian(a, false, values, err);
}
