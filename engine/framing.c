#include "framing.h"

#include "cancel.h"
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

enum { PIECE = 256 };

/* Of two matrices, entry by entry in units of 1 / over: what framing_fit sums up. */
struct fit {
    double
        over; /* a power of two that brings all entries to at most 1, so that squares do not overflow */
    double largest;               /* before that */
    double x0, y0, cross, spread; /* sums, then means; sum (x - x0) (y - y0), sum (y - y0)^2 */
    double scale, shift;
    double before, after; /* sum (x - y)^2, sum (x - (scale y + shift))^2 as it is once expanded */
    bool single;          /* expanded in single precision */
};

static void take_largest(struct fit *f, const double *x, const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f->largest = fmax(f->largest, fmax(fabs(x[i]), fabs(y[i])));
}

static void take_means(struct fit *f, const double *x, const double *y, size_t n)
{
    double sx = 0, sy = 0;
    for (size_t i = 0; i < n; i++) {
        sx += f->over * x[i];
        sy += f->over * y[i];
    }
    f->x0 += sx;
    f->y0 += sy;
}

static void take_products(struct fit *f, const double *x, const double *y, size_t n)
{
    double cross = 0, spread = 0;
    for (size_t i = 0; i < n; i++) {
        double v = f->over * y[i] - f->y0;
        cross += (f->over * x[i] - f->x0) * v;
        spread += v * v;
    }
    f->cross += cross;
    f->spread += spread;
}

static void take_squares(struct fit *f, const double *x, const double *y, size_t n)
{
    double before = 0, after = 0;
    for (size_t i = 0; i < n; i++) {
        double value = f->scale * y[i] + f->shift;
        double u = f->over * (x[i] - y[i]);
        double v = f->over * (x[i] - (f->single ? (double)(float)value : value));
        before += u * u;
        after += v * v;
    }
    f->before += before;
    f->after += after;
}

/* Both in double precision, a piece of a row at a time. */
static void walk(struct matrix_view x, struct matrix_view y,
                 void (*take)(struct fit *f, const double *x, const double *y, size_t n),
                 struct fit *f)
{
    double u[PIECE], v[PIECE];
    for (size_t i = 0; i < x.rows && !cancel_asked(); i++)
        for (size_t j = 0, n; j < x.cols; j += n) {
            n = x.cols - j < PIECE ? x.cols - j : PIECE;
            matrix_copy(matrix_block(x, i, j, 1, n),
                        (struct matrix_view){ u, 1, n, PIECE, 1, DTYPE_F64 });
            matrix_copy(matrix_block(y, i, j, 1, n),
                        (struct matrix_view){ v, 1, n, PIECE, 1, DTYPE_F64 });
            take(f, u, v, n);
        }
}

void framing_fit(struct matrix_view x, struct matrix_view y, double *scale, double *shift)
{
    struct fit f = { .single = y.dtype == DTYPE_F32 };
    double entries = (double)x.rows * (double)x.cols;
    int exponent;
    walk(x, y, take_largest, &f);
    frexp(f.largest, &exponent);
    f.over = ldexp(1, exponent < -1000 ? 1000 : -exponent);
    walk(x, y, take_means, &f);
    f.x0 /= entries;
    f.y0 /= entries;
    walk(x, y, take_products, &f);
    f.scale = f.spread > 0 ? f.cross / f.spread : 0;
    f.shift = (f.x0 - f.scale * f.y0) / f.over;
    walk(x, y, take_squares, &f);
    bool better = isfinite(f.scale) && isfinite(f.shift) && f.after < f.before;
    *scale = better ? f.scale : 1;
    *shift = better ? f.shift : 0;
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
    return cancel_none(err);
}
