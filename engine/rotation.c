/* The row as a 2^a x q matrix X becomes H X C: passes of sums and differences over whole rows of X, then
 * one product with C for many rows at once. DCT-II: Ahmed, Natarajan, Rao 1974; its constant function
 * and its cosines have entries of at most sqrt(2 / q), so that nothing stays in one place. */

#include "rotation.h"

#include "blas.h"
#include "cancel.h"
#include "hadamard.h"
#include "memory.h"
#include "random.h"

#include <assert.h>
#include <math.h>

enum {
    BATCH = 1 << 20,  /* entries that are transformed at once, but at least ... */
    BATCH_ROWS = 256, /* ... so many rows, since a large C is made anew for every batch */
    COSINES = 1 << 21 /* entries of C that are kept at once */
};

bool rotation_signs(uint64_t seed, uint32_t side, size_t n, uint8_t **signs, struct error *err)
{
    uint8_t *bits = memory_alloc((n + 7) / 8, err);
    if (!bits)
        return false;
    for (size_t j = 0; j < n; j += 128) {
        struct philox p = philox_block(seed, (uint32_t)(j / 128), 0, STREAM_SIGNS, side);
        for (size_t i = j; i < n && i < j + 128; i++)
            bits[i / 8] |= (uint8_t)((p.word[i / 32 % 4] >> i % 32 & 1) << i % 8);
    }
    *signs = bits;
    return true;
}

/* Columns of x, which lie side by side, times the signs from number `first` on. */
static void flip(struct matrix_view x, const uint8_t *signs, size_t first)
{
    for (size_t i = 0; i < x.rows; i++) {
        float *single = (float *)x.data + i * x.row_stride;
        double *wide = (double *)x.data + i * x.row_stride;
        for (size_t j = 0; j < x.cols; j++) {
            int sign = 1 - 2 * (signs[(first + j) / 8] >> (first + j) % 8 & 1);
            if (x.dtype == DTYPE_F64)
                wide[j] *= sign;
            else
                single[j] *= (float)sign;
        }
    }
}

/* What one call works in. */
struct room {
    size_t n, q;
    struct matrix x, y;  /* a batch of rows, without gaps: q columns each; its product with C */
    struct matrix basis; /* columns of C, or of its transpose */
    double *wave;        /* wave[t] = sqrt(2 / q) cos(pi t / (2 q)), t < 4 q */
    size_t kept;         /* the first column in basis, so that one panel is made once; q: none */
};

static void room_finish(struct room *r)
{
    matrix_finish(&r->x);
    matrix_finish(&r->y);
    matrix_finish(&r->basis);
    memory_free(r->wave);
}

/* A view without gaps between rows over the same memory, which is as large. */
static struct matrix_view dense(const struct matrix *m, size_t rows, size_t cols)
{
    return (struct matrix_view){ m->view.data, rows, cols, cols, 1, m->view.dtype };
}

static bool room_init(struct room *r, struct matrix_view x, struct error *err)
{
    r->n = r->q = x.cols;
    while (r->q % 2 == 0)
        r->q /= 2;
    size_t batch = BATCH / r->n > BATCH_ROWS ? BATCH / r->n : BATCH_ROWS;
    size_t rows = batch < x.rows ? batch : x.rows, q = r->q;
    size_t width = COSINES / q < 32 ? 32 : COSINES / q;
    width = width < q ? width : q;
    r->kept = q;
    if (q > ROTATION_ODD)
        return fail(err, ERROR_LIMIT,
                    "a side of %zu entries has the odd factor %zu; at most %d can be "
                    "rotated",
                    r->n, q, ROTATION_ODD);
    if (!matrix_init(&r->x, x.dtype, rows, r->n, err))
        return false;
    if (q == 1)
        return true;
    r->wave = memory_alloc(4 * q * sizeof(*r->wave), err);
    if (!r->wave || !matrix_init(&r->y, x.dtype, rows * (r->n / q), width, err) ||
        !matrix_init(&r->basis, x.dtype, q, width, err))
        return false;
    for (size_t t = 0; t < 4 * q; t++) {
        /* by symmetry from the first quarter, so that opposite values are opposite to the bit */
        size_t u = t > 2 * q ? 4 * q - t : t;
        double c = u > q ? -sin(M_PI * (double)(u - q) / (2.0 * (double)q))
                         : cos(M_PI * (double)u / (2.0 * (double)q));
        r->wave[t] = u == q ? 0 : sqrt(2.0 / (double)q) * c;
    }
    return true;
}

/* Columns first .. first + n - 1 of C, C[j][k] = sqrt(2 / q) cos(pi (2 j + 1) k / (2 q)), or of C^T;
 * column 0 of C is constant. */
static void fill_basis(struct room *r, size_t first, size_t n, bool transposed)
{
    if (r->kept == first)
        return;
    r->kept = first;
    double level = sqrt(1.0 / (double)r->q);
    uint64_t turn = 4 * (uint64_t)r->q;
    for (uint64_t i = 0; i < r->q; i++) { /* the angle grows by the same step along a row */
        uint64_t step = (transposed ? 2 * i : 2 * i + 1) % turn;
        uint64_t t = (transposed ? (2 * first + 1) * i : (2 * i + 1) * first) % turn;
        float *single = (float *)r->basis.view.data + i * r->basis.view.row_stride;
        double *wide = (double *)r->basis.view.data + i * r->basis.view.row_stride;
        for (size_t c = 0; c < n; c++) {
            bool constant = (transposed ? i : first + c) == 0;
            double value = constant ? level : r->wave[t];
            if (r->basis.view.dtype == DTYPE_F64)
                wide[c] = value;
            else
                single[c] = (float)value;
            t += step;
            t -= t >= turn ? turn : 0;
        }
    }
}

/* to = rows C, or rows C^T times the signs; rows: as they lie in r->x. */
static void turn(struct room *r, size_t rows, const uint8_t *signs, bool inverse,
                 struct matrix_view to)
{
    size_t q = r->q, lines = rows * (r->n / q), width = r->basis.view.cols;
    for (size_t first = 0; first < q && !cancel_asked(); first += width) {
        size_t w = q - first < width ? q - first : width;
        struct matrix_view y = dense(&r->y, lines, w);
        fill_basis(r, first, w, inverse);
        blas_gemm(dense(&r->x, lines, q), matrix_block(r->basis.view, 0, 0, q, w), y);
        for (size_t h = 0; h < r->n / q; h++) {
            struct matrix_view part = dense(&r->y, rows, w);
            part.data = (char *)y.data + h * w * dtype_size(y.dtype);
            part.row_stride = r->n / q * w;
            if (inverse)
                flip(part, signs, h * q + first);
            matrix_copy(part, matrix_block(to, 0, h * q + first, rows, w));
        }
    }
}

static void batch(struct room *r, struct matrix_view x, const uint8_t *signs, bool inverse)
{
    struct matrix_view work = dense(&r->x, x.rows, r->n);
    matrix_copy(x, work);
    if (!inverse)
        flip(work, signs, 0);
    hadamard_passes(work, r->q);
    if (r->q > 1) {
        turn(r, x.rows, signs, inverse, x);
        return;
    }
    if (inverse)
        flip(work, signs, 0);
    matrix_copy(work, x);
}

bool rotation_apply(struct matrix_view x, const uint8_t *signs, bool inverse, struct error *err)
{
    struct room r = { 0 };
    if (x.rows == 0 || x.cols == 0)
        return true;
    bool ok = room_init(&r, x, err);
    for (size_t i = 0, n; ok && i < x.rows; i += n) {
        n = r.x.view.rows;
        n = n < x.rows - i ? n : x.rows - i;
        batch(&r, matrix_block(x, i, 0, n, x.cols), signs, inverse);
        ok = cancel_none(err);
    }
    room_finish(&r);
    return ok;
}
