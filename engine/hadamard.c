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

static void passes_f32(float *x, size_t n, size_t q)
{
    float scale = (float)(1 / sqrt((double)(n / q)));
    for (size_t half = q; half < n; half *= 2)
        for (size_t i = 0; i < n; i += 2 * half)
            for (size_t j = i; j < i + half; j++) {
                float a = x[j], b = x[j + half];
                x[j] = a + b;
                x[j + half] = a - b;
            }
    for (size_t i = 0; i < n; i++)
        x[i] *= scale;
}

static void passes_f64(double *x, size_t n, size_t q)
{
    double scale = 1 / sqrt((double)(n / q));
    for (size_t half = q; half < n; half *= 2)
        for (size_t i = 0; i < n; i += 2 * half)
            for (size_t j = i; j < i + half; j++) {
                double a = x[j], b = x[j + half];
                x[j] = a + b;
                x[j + half] = a - b;
            }
    for (size_t i = 0; i < n; i++)
        x[i] *= scale;
}

void hadamard_passes(struct matrix_view x, size_t q)
{
    assert(q && x.cols && x.cols % q == 0 && (x.cols / q & (x.cols / q - 1)) == 0 &&
           x.col_stride == 1);
    for (size_t i = 0; i < x.rows; i++)
        if (x.dtype == DTYPE_F64)
            passes_f64((double *)x.data + i * x.row_stride, x.cols, q);
        else
            passes_f32((float *)x.data + i * x.row_stride, x.cols, q);
}

void hadamard_rows(struct matrix_view x, uint64_t seed, bool inverse, struct matrix_view out)
{
    assert(x.rows == out.rows && x.cols == out.cols && x.dtype == out.dtype);
    matrix_copy(x, out);
    if (!inverse)
        flip(out, seed);
    hadamard_passes(out, 1);
    if (inverse)
        flip(out, seed);
}
