/* Rotations of every size against a plain dense matrix: orthogonal, undone by their inverse, spread. */
#include "check.h"

#include "blas.h"
#include "hadamard.h"
#include "memory.h"
#include "random.h"
#include "rotation.h"

#include <string.h>

enum { SEED = 5 };

static struct error err;

static struct matrix noise(enum dtype dtype, size_t rows, size_t cols)
{
    struct matrix m = { 0 };
    if (matrix_init(&m, dtype, rows, cols, &err))
        random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 0, 1, m.view);
    return m;
}

static struct matrix copy(struct matrix_view a)
{
    struct matrix m = { 0 };
    if (matrix_init(&m, a.dtype, a.rows, a.cols, &err))
        matrix_copy(a, m.view);
    return m;
}

static double farthest(struct matrix_view a, struct matrix_view b)
{
    double worst = 0;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            worst = fmax(worst, fabs(matrix_at(a, i, j) - matrix_at(b, i, j)));
    return worst;
}

/* D (H (x) C) from the definitions. */
static struct matrix plain(size_t n, const uint8_t *signs)
{
    struct matrix m = { 0 };
    size_t q = n;
    while (q % 2 == 0)
        q /= 2;
    if (!matrix_init(&m, DTYPE_F64, n, n, &err))
        return m;
    double scale = sqrt((double)(n / q));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double h = __builtin_popcountll(i / q & j / q) % 2 ? -1 / scale : 1 / scale;
            size_t c = i % q, k = j % q;
            double d = k ? sqrt(2.0 / (double)q) *
                               cos(acos(-1) * (double)(2 * c + 1) * (double)k / (2.0 * (double)q))
                         : sqrt(1.0 / (double)q);
            matrix_put(m.view, i, j, (signs[i / 8] >> i % 8 & 1 ? -1 : 1) * h * d);
        }
    return m;
}

struct worst {
    double plain, norm, back;
};

static void turn(size_t rows, size_t n, bool dense, enum dtype dtype, struct worst *w)
{
    uint8_t *signs = NULL;
    struct matrix x = noise(dtype, rows, n), y = copy(x.view);
    bool ok = rotation_signs(SEED, 1, n, &signs, &err) &&
              rotation_apply(y.view, signs, false, &err);
    w->norm = fmax(w->norm, ok ? fabs(matrix_norm(y.view) / matrix_norm(x.view) - 1) : 1);
    if (ok && dense) {
        struct matrix m = plain(n, signs), z = noise(dtype, rows, n);
        blas_gemm(x.view, m.view, z.view);
        w->plain = fmax(w->plain, farthest(y.view, z.view));
        matrix_finish(&m);
        matrix_finish(&z);
    }
    ok = ok && rotation_apply(y.view, signs, true, &err);
    w->back = fmax(w->back, ok ? farthest(x.view, y.view) : 1);
    matrix_finish(&x);
    matrix_finish(&y);
    memory_free(signs);
}

static void sizes(void)
{
    static const size_t large[] = { 1000, 1534, 11008 };
    struct worst w = { 0 }, single = { 0 };
    for (size_t n = 1; n <= 70; n++)
        turn(3, n, true, DTYPE_F64, &w);
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
        turn(1, large[i], false, DTYPE_F64, &w);
    turn(1030, 1030, false, DTYPE_F64, &w); /* two batches */
    turn(2, 1543, true, DTYPE_F64, &w);     /* C in two panels */
    for (size_t n = 60; n <= 70; n++)
        turn(3, n, false, DTYPE_F32, &single);
    printf("# farthest from the plain matrix %.1e, norms %.1e, way back %.1e; single %.1e, %.1e\n",
           w.plain, w.norm, w.back, single.norm, single.back);
    CHECK(w.plain < 1e-12);
    CHECK(w.norm < 1e-12);
    CHECK(w.back < 1e-12);
    CHECK(single.norm < 1e-6 && single.back < 3e-6);
}

/* Row by row on the transposed view is the other side, whatever the strides. */
static void sides(void)
{
    enum { ROWS = 12, COLS = 21 };
    uint8_t *signs = NULL;
    struct matrix x = noise(DTYPE_F64, ROWS, COLS), y = copy(x.view),
                  z = noise(DTYPE_F64, ROWS, COLS);
    CHECK(rotation_signs(SEED, 0, ROWS, &signs, &err) &&
          rotation_apply(matrix_transposed(y.view), signs, false, &err));
    struct matrix m = plain(ROWS, signs);
    blas_gemm(matrix_transposed(m.view), x.view, z.view);
    CHECK(farthest(y.view, z.view) < 1e-13);
    matrix_finish(&m);
    matrix_finish(&x);
    matrix_finish(&y);
    matrix_finish(&z);
    memory_free(signs);
}

/* A power of two is the transform that devices have, to the bit. */
static void powers(void)
{
    enum { N = 256 };
    uint8_t *signs = NULL;
    int differ = 0;
    for (int type = 0; type < 2; type++) {
        struct matrix x = noise((enum dtype)type, 4, N), y = copy(x.view), z = copy(x.view);
        CHECK(rotation_signs(SEED, 0, N, &signs, &err) &&
              rotation_apply(y.view, signs, false, &err));
        hadamard_rows(x.view, SEED, false, z.view);
        differ += memcmp(y.view.data, z.view.data, 4 * N * dtype_size((enum dtype)type)) != 0;
        matrix_finish(&x);
        matrix_finish(&y);
        matrix_finish(&z);
        memory_free(signs);
    }
    CHECK(differ == 0);
}

/* Half of the signs are -1, either side has its own, and nothing stands behind the last. */
static void signs(void)
{
    enum { N = 4001 };
    uint8_t *a = NULL, *b = NULL, *c = NULL;
    size_t ones = 0, alike = 0;
    CHECK(rotation_signs(SEED, 0, N, &a, &err) && rotation_signs(SEED, 1, N, &b, &err) &&
          rotation_signs(SEED, 0, N - 1000, &c, &err));
    for (size_t i = 0; i < N; i++) {
        ones += a[i / 8] >> i % 8 & 1;
        alike += (a[i / 8] >> i % 8 & 1) == (b[i / 8] >> i % 8 & 1);
    }
    printf("# %zu of %d, %zu alike on both sides\n", ones, N, alike);
    CHECK(fabs((double)ones - N / 2.0) < 4 * sqrt(N / 4.0));
    CHECK(fabs((double)alike - N / 2.0) < 4 * sqrt(N / 4.0));
    CHECK(a[N / 8] >> N % 8 == 0);
    CHECK(!memcmp(a, c, (N - 1000) / 8));
    memory_free(a);
    memory_free(b);
    memory_free(c);
}

/* One entry spreads over its whole row: no other is larger than sqrt(2 / n). */
static void spread(void)
{
    static const size_t n[] = { 64, 96, 767, 1534 };
    double worst = 0;
    for (size_t k = 0; k < sizeof(n) / sizeof(n[0]); k++)
        for (size_t at = 0; at < n[k]; at += 37) {
            uint8_t *signs = NULL;
            struct matrix x = { 0 };
            bool ok = matrix_init(&x, DTYPE_F64, 1, n[k], &err) &&
                      rotation_signs(SEED, 0, n[k], &signs, &err);
            matrix_put(x.view, 0, at, 1);
            ok = ok && rotation_apply(x.view, signs, false, &err);
            for (size_t j = 0; ok && j < n[k]; j++)
                worst = fmax(worst, fabs(matrix_at(x.view, 0, j)) * sqrt((double)n[k] / 2));
            memory_free(signs);
            matrix_finish(&x);
        }
    CHECK(worst > 0.7 && worst <= 1 + 1e-12);
}

/* Every allocation fails once: nothing is left, and the rows are whole or untouched. */
static void memory(void)
{
    uint8_t *signs = NULL;
    struct matrix x = noise(DTYPE_F64, 3, 12);
    CHECK(rotation_signs(SEED, 0, 12, &signs, &err));
    size_t before = memory_used();
    bool done = false, right = true;
    double norm = matrix_norm(x.view);
    long n = 0;
    for (; !done && n < 50; n++) {
        memory_fail_after(n);
        done = rotation_apply(x.view, signs, false, &err);
        memory_fail_after(-1);
        right = right && memory_used() == before && (done || err.code == ERROR_MEMORY);
    }
    CHECK(done && n > 3 && right);
    CHECK_NEAR(matrix_norm(x.view), norm, 1e-14);
    memory_free(signs);
    matrix_finish(&x);
}

/* A row of a large prime would take minutes for a file of a few kilobytes. */
static void limits(void)
{
    struct matrix x = noise(DTYPE_F32, 1, 65537);
    uint8_t *signs = NULL;
    CHECK(rotation_signs(SEED, 0, 65537, &signs, &err));
    CHECK(!rotation_apply(x.view, signs, false, &err) && err.code == ERROR_LIMIT);
    memory_free(signs);
    matrix_finish(&x);
}

int main(void)
{
    limits();
    sizes();
    sides();
    powers();
    signs();
    spread();
    memory();
    CHECK(memory_used() == 0);
    return check_done();
}
