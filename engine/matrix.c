#include "matrix.h"

#include "bytes.h"
#include "limit.h"
#include "memory.h"

#include <math.h>
#include <string.h>

bool matrix_layout(enum dtype dtype, size_t rows, size_t cols, size_t *stride, size_t *bytes,
                   struct error *err)
{
    uint64_t entries;
    if (rows > LIMIT_DIMENSION || cols > LIMIT_DIMENSION || !size_mul(rows, cols, &entries) ||
        entries > LIMIT_ELEMENTS)
        return fail(err, ERROR_LIMIT, "a %zu x %zu matrix is over the limit of %llu entries", rows,
                    cols, (unsigned long long)LIMIT_ELEMENTS);
    size_t pad = 64 / dtype_size(dtype);
    *stride = (cols + pad - 1) / pad * pad;
    if (*stride == 0)
        *stride = pad;
    *bytes = rows * *stride * dtype_size(dtype);
    return true;
}

bool matrix_init(struct matrix *m, enum dtype dtype, size_t rows, size_t cols, struct error *err)
{
    size_t stride, bytes;
    if (!matrix_layout(dtype, rows, cols, &stride, &bytes, err))
        return false;
    void *data = memory_alloc(bytes, err);
    if (!data)
        return false;
    m->view = (struct matrix_view){ data, rows, cols, stride, 1, dtype };
    return true;
}

void matrix_finish(struct matrix *m)
{
    memory_free(m->view.data);
    *m = (struct matrix){ 0 };
}

static void *place(struct matrix_view a, size_t row, size_t col)
{
    return (char *)a.data + (row * a.row_stride + col * a.col_stride) * dtype_size(a.dtype);
}

struct matrix_view matrix_block(struct matrix_view a, size_t row, size_t col, size_t rows,
                                size_t cols)
{
    a.data = place(a, row, col);
    a.rows = rows;
    a.cols = cols;
    return a;
}

struct matrix_view matrix_transposed(struct matrix_view a)
{
    return (struct matrix_view){ a.data, a.cols, a.rows, a.col_stride, a.row_stride, a.dtype };
}

double matrix_at(struct matrix_view a, size_t row, size_t col)
{
    const void *p = place(a, row, col);
    return a.dtype == DTYPE_F64 ? *(const double *)p : (double)*(const float *)p;
}

void matrix_put(struct matrix_view a, size_t row, size_t col, double value)
{
    void *p = place(a, row, col);
    if (a.dtype == DTYPE_F64)
        *(double *)p = value;
    else
        *(float *)p = (float)value;
}

void matrix_copy(struct matrix_view from, struct matrix_view to)
{
    bool alike = from.dtype == to.dtype && from.col_stride == 1 && to.col_stride == 1;
    for (size_t i = 0; i < from.rows; i++) {
        if (alike && from.cols) {
            memcpy(place(to, i, 0), place(from, i, 0), from.cols * dtype_size(from.dtype));
            continue;
        }
        for (size_t j = 0; j < from.cols; j++)
            matrix_put(to, i, j, matrix_at(from, i, j));
    }
}

static double largest(struct matrix_view a)
{
    double most = 0;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++) {
            double v = fabs(matrix_at(a, i, j));
            if (!(v <= most))
                most = v; /* a NaN sticks: nothing compares with it */
            if (isnan(most))
                return most;
        }
    return most;
}

double matrix_norm(struct matrix_view a)
{
    double most = largest(a);
    if (!(most > 0) || isinf(most))
        return most;
    double sum = 0;
    for (size_t i = 0; i < a.rows; i++) {
        double row =
            0; /* a sum per row, then the sum of rows: error grows with the root of the size */
        for (size_t j = 0; j < a.cols; j++) {
            double v = matrix_at(a, i, j) / most;
            row += v * v;
        }
        sum += row;
    }
    return most * sqrt(sum);
}

size_t matrix_nonfinite(struct matrix_view a, size_t *row, size_t *col)
{
    size_t n = 0;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            if (!isfinite(matrix_at(a, i, j)) && n++ == 0) {
                *row = i;
                *col = j;
            }
    return n;
}
