#pragma once

#include "error.h"

#include <stddef.h>

/* Entries are single or double precision. Readers convert whatever a file
 * holds once; the engine computes in these two. */
enum dtype { DTYPE_F32, DTYPE_F64 };

static inline size_t dtype_size(enum dtype dtype)
{
    return dtype == DTYPE_F64 ? sizeof(double) : sizeof(float);
}

/* A window onto entries that someone else owns. Passed by value. Strides are
 * in elements, so that a transpose swaps them and a block moves the pointer. */
struct matrix_view {
    void *data;
    size_t rows, cols;
    size_t row_stride, col_stride;
    enum dtype dtype;
};

/* Entries of our own: row-major (col_stride 1), each row padded to 64 bytes. */
struct matrix {
    struct matrix_view view;
};

/* The row stride (elements) and the bytes of a padded row-major matrix; fails with
 * ERROR_LIMIT where limit.h or the address space ends. */
bool matrix_layout(enum dtype dtype, size_t rows, size_t cols, size_t *stride, size_t *bytes,
                   struct error *err);

/* Zeroed entries. rows or cols may be 0. Fails with ERROR_LIMIT or ERROR_MEMORY. */
bool matrix_init(struct matrix *m, enum dtype dtype, size_t rows, size_t cols, struct error *err);
void matrix_finish(struct matrix *m); /* {0} and a finished matrix are fine */

struct matrix_view matrix_block(struct matrix_view a, size_t row, size_t col, size_t rows,
                                size_t cols);
struct matrix_view matrix_transposed(struct matrix_view a);

double matrix_at(struct matrix_view a, size_t row, size_t col);
void matrix_put(struct matrix_view a, size_t row, size_t col, double value);

/* Copies entry by entry, converting the type; same shape, no overlap. */
void matrix_copy(struct matrix_view from, struct matrix_view to);

/* The Frobenius norm, accumulated in double precision and scaled by the largest
 * entry first, so that 1e300 and 1e-310 survive. NAN if an entry is NaN. */
double matrix_norm(struct matrix_view a);

/* How many entries are NaN or infinite; *row and *col name the first. */
size_t matrix_nonfinite(struct matrix_view a, size_t *row, size_t *col);
