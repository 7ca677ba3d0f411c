/* The row as a 2^a x q matrix X becomes H X C: passes of sums and differences over whole rows of X, then
 * C. Where q is small, one product with C for many rows at once. DCT-II: Ahmed, Natarajan, Rao 1974; its
 * constant function and its cosines have entries of at most sqrt(2 / q), so that nothing stays in one
 * place. Where q is large, C is made of passes as well: two Hadamard transforms that overlap, so that
 * q^2 never counts (at q = 511 cosines cost 14 ns an entry, passes 4). */

#include "rotation.h"

#include "blas.h"
#include "cancel.h"
#include "hadamard.h"
#include "memory.h"
#include "random.h"

#include <math.h>

enum {
    BATCH = 1 << 20, /* entries that are transformed at once, but at least ... */
    BATCH_ROWS = 16  /* ... so many rows, which in a transposed view share a cache line */
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

/* x times the signs, column by column; col_stride 1. */
static void flip(struct matrix_view x, const uint8_t *signs)
{
    for (size_t i = 0; i < x.rows; i++) {
        float *single = (float *)x.data + i * x.row_stride;
        double *wide = (double *)x.data + i * x.row_stride;
        for (size_t j = 0; j < x.cols; j++) {
            int sign = 1 - 2 * (signs[j / 8] >> j % 8 & 1);
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
    struct matrix basis; /* C */
    uint8_t *between;    /* q signs */
};

static void room_finish(struct room *r)
{
    matrix_finish(&r->x);
    matrix_finish(&r->y);
    matrix_finish(&r->basis);
    memory_free(r->between);
}

/* A view without gaps between rows over the same memory, which is as large. */
static struct matrix_view dense(const struct matrix *m, size_t rows, size_t cols)
{
    return (struct matrix_view){ m->view.data, rows, cols, cols, 1, m->view.dtype };
}

/* C[j][k] = sqrt(2 / q) cos(pi (2 j + 1) k / (2 q)), its column 0 constant. */
static bool cosines(struct room *r, struct error *err)
{
    uint64_t q = r->q, turn = 4 * q;
    double *wave = memory_alloc(turn * sizeof(*wave), err);
    if (!wave || !matrix_init(&r->basis, r->x.view.dtype, q, q, err)) {
        memory_free(wave);
        return false;
    }
    for (uint64_t t = 0; t < turn; t++) {
        /* by symmetry from the first quarter, so that opposite values are opposite to the bit */
        uint64_t u = t > 2 * q ? turn - t : t;
        double c = u > q ? -sin(M_PI * (double)(u - q) / (2.0 * (double)q))
                         : cos(M_PI * (double)u / (2.0 * (double)q));
        wave[t] = u == q ? 0 : sqrt(2.0 / (double)q) * c;
    }
    double level = sqrt(1.0 / (double)q);
    for (uint64_t j = 0; j < q; j++)
        for (uint64_t k = 0; k < q; k++)
            matrix_put(r->basis.view, j, k, k ? wave[(2 * j + 1) * k % turn] : level);
    memory_free(wave);
    return true;
}

/* The signs between the two transforms: half-turns of k^2 times the golden ratio. Without them, or with
 * signs that are a Walsh function, the second would undo where they overlap what the first did. */
static bool squares(struct room *r, struct error *err)
{
    r->between = memory_alloc((r->q + 7) / 8, err);
    for (uint64_t k = 0; r->between && k < r->q; k++)
        r->between[k / 8] |= (uint8_t)((k * k * 0x9E3779B97F4A7C15u >> 63) << k % 8);
    return r->between;
}

static bool room_init(struct room *r, struct matrix_view x, struct error *err)
{
    r->n = r->q = x.cols;
    while (r->q % 2 == 0)
        r->q /= 2;
    size_t batch = BATCH / r->n > BATCH_ROWS ? BATCH / r->n : BATCH_ROWS;
    size_t rows = batch < x.rows ? batch : x.rows, q = r->q;
    if (!matrix_init(&r->x, x.dtype, rows, r->n, err))
        return false;
    if (q == 1)
        return true;
    if (q > ROTATION_COSINES)
        return squares(r, err);
    return matrix_init(&r->y, x.dtype, rows * (r->n / q), q, err) && cosines(r, err);
}

/* Every entry and the one as far from the other end: their sum and difference over sqrt(2). */
static void fold(struct matrix_view x)
{
    size_t n = x.cols;
    for (size_t i = 0; i < x.rows; i++) {
        float *single = (float *)x.data + i * x.row_stride;
        double *wide = (double *)x.data + i * x.row_stride;
        for (size_t j = 0; x.dtype == DTYPE_F32 && j < n / 2; j++) {
            float a = single[j], b = single[n - 1 - j];
            single[j] = (a + b) * (float)M_SQRT1_2;
            single[n - 1 - j] = (a - b) * (float)M_SQRT1_2;
        }
        for (size_t j = 0; x.dtype == DTYPE_F64 && j < n / 2; j++) {
            double a = wide[j], b = wide[n - 1 - j];
            wide[j] = (a + b) * M_SQRT1_2;
            wide[n - 1 - j] = (a - b) * M_SQRT1_2;
        }
    }
}

/* lines = lines C for a large q. Without the fold a line whose entries stand near its end would be spread
 * over little more than its second half. All four steps are symmetric. */
static void overlap(const struct room *r, struct matrix_view lines, bool inverse)
{
    size_t m = 1;
    while (2 * m <= r->q)
        m *= 2;
    for (size_t i = 0; i < lines.rows && !cancel_asked(); i++) {
        struct matrix_view line = matrix_block(lines, i, 0, 1, r->q);
        struct matrix_view ends[] = { matrix_block(line, 0, 0, 1, m),
                                      matrix_block(line, 0, r->q - m, 1, m) };
        if (!inverse)
            fold(line);
        hadamard_passes(ends[inverse], 1);
        flip(line, r->between);
        hadamard_passes(ends[!inverse], 1);
        if (inverse)
            fold(line);
    }
}

static void batch(struct room *r, struct matrix_view x, const uint8_t *signs, bool inverse)
{
    struct matrix_view work = dense(&r->x, x.rows, r->n);
    struct matrix_view lines = dense(&r->x, x.rows * (r->n / r->q), r->q);
    matrix_copy(x, work);
    if (!inverse)
        flip(work, signs);
    hadamard_passes(work, r->q);
    if (r->between)
        overlap(r, lines, inverse);
    else if (r->q > 1) {
        struct matrix_view c = r->basis.view;
        blas_gemm(lines, inverse ? matrix_transposed(c) : c, dense(&r->y, lines.rows, r->q));
        work = dense(&r->y, x.rows, r->n);
    }
    if (inverse)
        flip(work, signs);
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
