/* The fast Walsh-Hadamard transform: log2 n passes of sums and differences, in the type of
 * the entries. The passes run from the nearest pairs to the farthest; a device that wants the
 * same bits keeps that order and scales last. */

#include "hadamard.h"

#include "random.h"

#include <assert.h>
#include <math.h>

/* Multiplies by D. */
static void flip(struct matrix_view a, uint64_t seed)
{
    struct philox p = { 0 };
    for (size_t j = 0; j < a.cols; j++) {
        if (j % 128 == 0)
            p = philox_block(seed, (uint32_t)(j / 128), 0, STREAM_SIGNS, 0);
        if (!(p.word[j / 32 % 4] >> j % 32 & 1))
            continue;
        for (size_t i = 0; i < a.rows; i++)
            matrix_put(a, i, j, -matrix_at(a, i, j));
    }
}

static void transform_f32(float *x, size_t n, float scale)
{
    for (size_t half = 1; half < n; half *= 2)
        for (size_t i = 0; i < n; i += 2 * half)
            for (size_t j = i; j < i + half; j++) {
                float a = x[j], b = x[j + half];
                x[j] = a + b;
                x[j + half] = a - b;
            }
    for (size_t i = 0; i < n; i++)
        x[i] *= scale;
}

static void transform_f64(double *x, size_t n, double scale)
{
    for (size_t half = 1; half < n; half *= 2)
        for (size_t i = 0; i < n; i += 2 * half)
            for (size_t j = i; j < i + half; j++) {
                double a = x[j], b = x[j + half];
                x[j] = a + b;
                x[j + half] = a - b;
            }
    for (size_t i = 0; i < n; i++)
        x[i] *= scale;
}

void hadamard_rows(struct matrix_view x, uint64_t seed, bool inverse, struct matrix_view out)
{
    size_t n = x.cols;
    assert(n && (n & (n - 1)) == 0);
    assert(x.rows == out.rows && n == out.cols && x.dtype == out.dtype && out.col_stride == 1);
    double scale = 1 / sqrt((double)n);
    matrix_copy(x, out);
    if (!inverse)
        flip(out, seed);
    for (size_t i = 0; i < out.rows; i++)
        if (out.dtype == DTYPE_F64)
            transform_f64((double *)out.data + i * out.row_stride, n, scale);
        else
            transform_f32((float *)out.data + i * out.row_stride, n, (float)scale);
    if (inverse)
        flip(out, seed);
}
