#include "framing.h"

#include "rotation.h"

#include <math.h>

uint64_t framing_bits(bool rotated, bool shifted, size_t rows, size_t cols, bool paper)
{
    if (paper)
        return 0;
    return (rotated ? (uint64_t)rows + cols : 0) + (shifted ? 2 * 64 : 0);
}

/* Rows that are rotated between two looks at the clock. */
enum { STRIP = 1024 };

static bool rotate_rows(struct job *job, struct matrix_view x, const uint8_t *signs,
                        struct error *err)
{
    bool ok = true;
    for (size_t i = 0, n; ok && i < x.rows; i += n) {
        n = x.rows - i < STRIP ? x.rows - i : STRIP;
        ok = job_step(job, 0, "rotating", err) &&
             rotation_apply(matrix_block(x, i, 0, n, x.cols), signs, false, err);
    }
    return ok;
}

bool framing_rotate(struct job *job, struct matrix_view a, uint64_t seed, struct result *r,
                    size_t matrix, struct matrix_view *out, struct error *err)
{
    struct frame *f = &r->frames[matrix];
    f->rotated_rows = f->rotated_cols = true;
    if (!rotation_signs(seed, 0, a.rows, &f->row_signs, err) ||
        !rotation_signs(seed, 1, a.cols, &f->col_signs, err) ||
        !arena_matrix(job->scratch, a.dtype, a.rows, a.cols, out, err))
        return false;
    matrix_copy(a, *out);
    return rotate_rows(job, *out, f->col_signs, err) &&
           rotate_rows(job, matrix_transposed(*out), f->row_signs, err);
}

/* A power of two above all entries of both, so that no square leaves the range. */
static double unit_of(struct matrix_view x, struct matrix_view y)
{
    double largest = 0;
    int exponent;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < x.cols; j++)
            largest = fmax(largest, fmax(fabs(matrix_at(x, i, j)), fabs(matrix_at(y, i, j))));
    frexp(largest, &exponent);
    return ldexp(1, exponent < 1000 ? exponent : 1000);
}

static double mean(struct matrix_view x, double unit)
{
    double sum = 0;
    for (size_t i = 0; i < x.rows; i++) {
        double row = 0;
        for (size_t j = 0; j < x.cols; j++)
            row += matrix_at(x, i, j) / unit;
        sum += row;
    }
    return sum / ((double)x.rows * (double)x.cols);
}

/* sum (x - x0) (y - y0), both over the unit. */
static double product(struct matrix_view x, double x0, struct matrix_view y, double y0, double unit)
{
    double sum = 0;
    for (size_t i = 0; i < x.rows; i++) {
        double row = 0;
        for (size_t j = 0; j < x.cols; j++)
            row += (matrix_at(x, i, j) / unit - x0) * (matrix_at(y, i, j) / unit - y0);
        sum += row;
    }
    return sum;
}

/* sum (x - (scale y + shift))^2 as it is once expanded, over the unit's square. */
static double squares(struct matrix_view x, struct matrix_view y, double scale, double shift,
                      double unit)
{
    double sum = 0;
    for (size_t i = 0; i < x.rows; i++) {
        double row = 0;
        for (size_t j = 0; j < x.cols; j++) {
            double value = scale * matrix_at(y, i, j) + shift;
            double rest = (matrix_at(x, i, j) -
                           (y.dtype == DTYPE_F64 ? value : (double)(float)value)) /
                          unit;
            row += rest * rest;
        }
        sum += row;
    }
    return sum;
}

void framing_fit(struct matrix_view x, struct matrix_view y, double *scale, double *shift)
{
    double unit = unit_of(x, y), x0 = mean(x, unit), y0 = mean(y, unit);
    double spread = product(y, y0, y, y0, unit);
    *scale = spread > 0 ? product(x, x0, y, y0, unit) / spread : 0;
    *shift = (x0 - *scale * y0) * unit;
    if (isfinite(*scale) && isfinite(*shift) &&
        squares(x, y, *scale, *shift, unit) < squares(x, y, 1, 0, unit))
        return;
    *scale = 1;
    *shift = 0;
}

bool framing_normalise(struct job *job, struct matrix_view a, struct result *r, size_t matrix,
                       struct error *err)
{
    struct frame *f = &r->frames[matrix];
    struct matrix_view y;
    if (!job_step(job, 0.97, "normalise and shift", err) ||
        !arena_matrix(job->scratch, a.dtype, a.rows, a.cols, &y, err) ||
        !result_expand(r, matrix, y, err))
        return false;
    framing_fit(a, y, &f->scale, &f->shift);
    f->shifted = true;
    return true;
}
