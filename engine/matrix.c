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
    size_t stride = 0, bytes = 0;
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

/* Entries travel in pieces of a row, as doubles: loops over plain arrays are many
 * times faster than a call an entry. A square of pieces keeps both orders in cache. */
enum { PIECE = 64 };

static size_t piece(size_t cols, size_t col)
{
    return cols - col < PIECE ? cols - col : PIECE;
}

static void get(struct matrix_view a, size_t row, size_t col, size_t n, double *x)
{
    const void *p = place(a, row, col);
    if (a.dtype == DTYPE_F64)
        for (size_t j = 0; j < n; j++)
            x[j] = ((const double *)p)[j * a.col_stride];
    else
        for (size_t j = 0; j < n; j++)
            x[j] = (double)((const float *)p)[j * a.col_stride];
}

static void put(struct matrix_view a, size_t row, size_t col, size_t n, const double *x)
{
    void *p = place(a, row, col);
    if (a.dtype == DTYPE_F64)
        for (size_t j = 0; j < n; j++)
            ((double *)p)[j * a.col_stride] = x[j];
    else
        for (size_t j = 0; j < n; j++)
            ((float *)p)[j * a.col_stride] = (float)x[j];
}

static void copy_square(struct matrix_view from, struct matrix_view to, size_t row, size_t col)
{
    double x[PIECE];
    size_t n = piece(from.cols, col), end = row + piece(from.rows, row);
    for (size_t i = row; i < end; i++) {
        get(from, i, col, n, x);
        put(to, i, col, n, x);
    }
}

void matrix_copy(struct matrix_view from, struct matrix_view to)
{
    if (from.dtype == to.dtype && from.col_stride == 1 && to.col_stride == 1) {
        for (size_t i = 0; i < from.rows && from.cols; i++)
            memcpy(place(to, i, 0), place(from, i, 0), from.cols * dtype_size(from.dtype));
        return;
    }
    for (size_t i = 0; i < from.rows; i += PIECE)
        for (size_t j = 0; j < from.cols; j += PIECE)
            copy_square(from, to, i, j);
}

static double largest(struct matrix_view a)
{
    double most = 0, x[PIECE];
    bool nan = false;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j += PIECE) {
            size_t n = piece(a.cols, j);
            get(a, i, j, n, x);
            for (size_t k = 0; k < n; k++) {
                double v = fabs(x[k]);
                nan |= isnan(v);
                most = v > most ? v : most;
            }
        }
    return nan ? (double)NAN : most;
}

/* The sum of (entry / scale)^2 over a row, in four strands, which round less than one. */
static double row_squares(struct matrix_view a, size_t row, double scale)
{
    double strand[4] = { 0 }, x[PIECE];
    for (size_t j = 0; j < a.cols; j += PIECE) {
        size_t n = piece(a.cols, j);
        get(a, row, j, n, x);
        for (; n % 4; n++)
            x[n] = 0;
        for (size_t k = 0; k < n; k += 4)
            for (size_t i = 0; i < 4; i++)
                strand[i] += (x[k + i] / scale) * (x[k + i] / scale);
    }
    return (strand[0] + strand[1]) + (strand[2] + strand[3]);
}

double matrix_norm(struct matrix_view a)
{
    double most = largest(a), sum = 0;
    if (!(most > 0) || isinf(most))
        return most;
    /* A sum per row, then the sum of rows: the error grows with the root of the size. */
    for (size_t i = 0; i < a.rows; i++)
        sum += row_squares(a, i, most);
    return most * sqrt(sum);
}

size_t matrix_nonfinite(struct matrix_view a, size_t *row, size_t *col)
{
    size_t found = 0;
    double x[PIECE];
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j += PIECE) {
            size_t n = piece(a.cols, j);
            get(a, i, j, n, x);
            for (size_t k = 0; k < n; k++)
                if (!isfinite(x[k]) && found++ == 0) {
                    *row = i;
                    *col = j + k;
                }
        }
    return found;
}
