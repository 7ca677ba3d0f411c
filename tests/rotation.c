/* Rotations of every size against a plain dense matrix: orthogonal, undone by their inverse, spread. */
#include "check.h"

#include "blas.h"
#include "hadamard.h"
#include "memory.h"
#include "random.h"
#include "rotation.h"

#include <string.h>
#include <time.h>

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

static double walsh(size_t m, size_t i, size_t j)
{
    return (__builtin_popcountll(i & j) % 2 ? -1 : 1) / sqrt((double)m);
}

static double cosine(size_t q, size_t c, size_t k)
{
    return k ? sqrt(2.0 / (double)q) *
                   cos(acos(-1) * (double)(2 * c + 1) * (double)k / (2.0 * (double)q))
             : sqrt(1.0 / (double)q);
}

/* What P (W 0; 0 I) has there. */
static double first_half(size_t q, size_t m, size_t i, size_t j)
{
    size_t mirror = q - 1 - i, row[] = { i, mirror };
    double sum = 0, weight[] = { i < mirror ? sqrt(0.5) : -sqrt(0.5), sqrt(0.5) };
    if (i == mirror)
        return i < m && j < m ? walsh(m, i, j) : i == j;
    for (int k = 0; k < 2; k++)
        sum += weight[k] * (row[k] < m && j < m ? walsh(m, row[k], j) : row[k] == j);
    return sum;
}

/* And S (I 0; 0 W). */
static double second_half(size_t q, size_t m, size_t i, size_t j)
{
    double sign = (uint64_t)i * i * 0x9E3779B97F4A7C15u >> 63 ? -1 : 1;
    return sign * (i >= q - m && j >= q - m ? walsh(m, i - (q - m), j - (q - m)) : i == j);
}

static struct matrix overlapping(size_t q)
{
    struct matrix a = noise(DTYPE_F64, q, q), b = noise(DTYPE_F64, q, q), c = copy(a.view);
    size_t m = 1;
    while (2 * m <= q)
        m *= 2;
    for (size_t i = 0; i < q; i++)
        for (size_t j = 0; j < q; j++) {
            matrix_put(a.view, i, j, first_half(q, m, i, j));
            matrix_put(b.view, i, j, second_half(q, m, i, j));
        }
    blas_gemm(a.view, b.view, c.view);
    matrix_finish(&a);
    matrix_finish(&b);
    return c;
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
    struct matrix c = q > ROTATION_COSINES ? overlapping(q) : (struct matrix){ 0 };
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double d = c.view.data ? matrix_at(c.view, i % q, j % q) : cosine(q, i % q, j % q);
            matrix_put(m.view, i, j,
                       (signs[i / 8] >> i % 8 & 1 ? -1 : 1) * walsh(n / q, i / q, j / q) * d);
        }
    matrix_finish(&c);
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
    static const size_t defined[] = { 511, 513, 521, 1023, 1046, 1543 };
    static const size_t large[] = { 11008, 16381, 30522, 49999, 65521, 65537 };
    struct worst w = { 0 }, single = { 0 };
    for (size_t n = 1; n <= 600; n++)
        turn(3, n, n <= 70, DTYPE_F64, &w);
    for (size_t i = 0; i < sizeof(defined) / sizeof(defined[0]); i++)
        turn(2, defined[i], true, DTYPE_F64, &w);
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
        turn(2, large[i], false, DTYPE_F64, &w);
    turn(1030, 1030, false, DTYPE_F64, &w); /* two batches */
    for (size_t n = 60; n <= 600; n += n < 70 ? 1 : 53)
        turn(3, n, false, DTYPE_F32, &single);
    turn(2, 65521, false, DTYPE_F32, &single);
    printf("# farthest from the plain matrix %.1e, norms %.1e, way back %.1e; single %.1e, %.1e\n",
           w.plain, w.norm, w.back, single.norm, single.back);
    CHECK(w.plain < 1e-12);
    CHECK(w.norm < 1e-12);
    CHECK(w.back < 1e-12);
    CHECK(single.norm < 1e-6 && single.back < 3e-6);
}

/* Where the unit vectors of a side go. */
static struct matrix images(size_t n, bool inverse)
{
    struct matrix m = noise(DTYPE_F64, n, n);
    uint8_t *signs = NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            matrix_put(m.view, i, j, i == j);
    CHECK(rotation_signs(SEED, 0, n, &signs, &err) && rotation_apply(m.view, signs, inverse, &err));
    memory_free(signs);
    return m;
}

static void orthogonal(void)
{
    static const size_t n[] = { 510, 513, 599, 1023, 1042 };
    double worst = 0;
    for (size_t k = 0; k < sizeof(n) / sizeof(n[0]); k++)
        for (int inverse = 0; inverse < 2; inverse++) {
            struct matrix m = images(n[k], inverse), product = noise(DTYPE_F64, n[k], n[k]);
            blas_gemm(matrix_transposed(m.view), m.view, product.view);
            for (size_t i = 0; i < n[k]; i++)
                for (size_t j = 0; j < n[k]; j++)
                    worst = fmax(worst, fabs(matrix_at(product.view, i, j) - (i == j)));
            matrix_finish(&m);
            matrix_finish(&product);
        }
    CHECK(worst < 1e-13);
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
    static const size_t n[] = { 64, 96, 511, 1022 };
    double worst = 0;
    for (size_t k = 0; k < sizeof(n) / sizeof(n[0]); k++) {
        struct matrix m = images(n[k], false);
        for (size_t i = 0; i < n[k]; i++)
            for (size_t j = 0; j < n[k]; j++)
                worst = fmax(worst, fabs(matrix_at(m.view, i, j)) * sqrt((double)n[k] / 2));
        matrix_finish(&m);
    }
    CHECK(worst > 0.7 && worst <= 1 + 1e-12);
}

/* The mean over all rows and sixteenths of (energy there - 1 / 16)^2, as a root, times 16. */
static double unevenness(struct matrix_view m)
{
    double sum = 0;
    size_t width = m.cols / 16;
    for (size_t i = 0; i < m.rows; i++)
        for (size_t b = 0; b < 16; b++) {
            double energy = pow(matrix_norm(matrix_block(m, i, b * width, 1, width)), 2);
            sum += pow(energy * (double)m.cols / (double)width - 1, 2);
        }
    return sqrt(sum / (16 * (double)m.rows));
}

/* Without cosines every entry is as small as in a random rotation, whose n^2 entries reach
 * sqrt(4 log n / n), and both ends of the row get their share. */
static void spread_large(void)
{
    static const size_t n[] = { 513, 557, 767, 813, 1023, 1187, 1534, 2049 };
    double worst = 0, uneven = 0;
    for (size_t k = 0; k < sizeof(n) / sizeof(n[0]); k++)
        for (int inverse = 0; inverse < 2; inverse++) {
            struct matrix m = images(n[k], inverse);
            double largest = 0, here = unevenness(m.view);
            for (size_t i = 0; i < n[k]; i++)
                for (size_t j = 0; j < n[k]; j++)
                    largest = fmax(largest, fabs(matrix_at(m.view, i, j)));
            largest *= sqrt((double)n[k] / log((double)n[k]));
            printf("# %4zu%s: largest entry %.2f sqrt(log n / n), energy of sixteenths +- %.2f\n",
                   n[k], inverse ? ", back" : "", largest, here);
            worst = fmax(worst, largest);
            uneven = fmax(uneven, here);
            matrix_finish(&m);
        }
    CHECK(worst <= 2);
    CHECK(uneven <= 0.4); /* 1.00 without the fold, at 1023 */
}

/* A row alone, among others, and down a column: the same bits. */
static void alone(void)
{
    static const size_t n[] = { 521, 1042, 65537 };
    int differ = 0;
    for (size_t k = 0; k < 2 * sizeof(n) / sizeof(n[0]); k++) {
        enum { ROWS = 18 }; /* two batches of the largest */
        enum dtype dtype = k % 2 ? DTYPE_F64 : DTYPE_F32;
        size_t cols = n[k / 2], bytes = cols * dtype_size(dtype);
        struct matrix x = noise(dtype, ROWS, cols), y = copy(x.view),
                      z = copy(matrix_transposed(x.view));
        uint8_t *signs = NULL;
        bool ok = rotation_signs(SEED, 0, cols, &signs, &err) &&
                  rotation_apply(y.view, signs, k % 4 < 2, &err) &&
                  rotation_apply(matrix_transposed(z.view), signs, k % 4 < 2, &err);
        for (size_t i = 0; i < ROWS; i++) {
            struct matrix_view row = matrix_block(x.view, i, 0, 1, cols);
            ok = ok && rotation_apply(row, signs, k % 4 < 2, &err);
            differ += memcmp(row.data, matrix_block(y.view, i, 0, 1, cols).data, bytes) != 0;
        }
        matrix_copy(matrix_transposed(z.view), y.view);
        for (size_t i = 0; i < ROWS; i++)
            differ += memcmp(matrix_block(x.view, i, 0, 1, cols).data,
                             matrix_block(y.view, i, 0, 1, cols).data, bytes) != 0;
        CHECK(ok);
        memory_free(signs);
        matrix_finish(&x);
        matrix_finish(&y);
        matrix_finish(&z);
    }
    CHECK(differ == 0);
}

/* Every allocation fails once: nothing is left, and the rows are whole or untouched. */
static void memory(size_t n, long least)
{
    uint8_t *signs = NULL;
    struct matrix x = noise(DTYPE_F64, 3, n);
    CHECK(rotation_signs(SEED, 0, n, &signs, &err));
    size_t before = memory_used();
    bool done = false, right = true;
    double norm = matrix_norm(x.view);
    long k = 0;
    for (; !done && k < 50; k++) {
        memory_fail_after(k);
        done = rotation_apply(x.view, signs, false, &err);
        memory_fail_after(-1);
        right = right && memory_used() == before && (done || err.code == ERROR_MEMORY);
    }
    CHECK(done && k > least && right);
    CHECK_NEAR(matrix_norm(x.view), norm, 1e-14);
    memory_free(signs);
    matrix_finish(&x);
}

/* A file of a few kilobytes may ask for a large prime. A matrix of cosines took q^2 numbers and as many
 * operations a row: 5 s and more. */
static void quick(void)
{
    struct matrix x = noise(DTYPE_F32, 16, 65521);
    uint8_t *signs = NULL;
    CHECK(rotation_signs(SEED, 0, 65521, &signs, &err));
    clock_t begin = clock();
    CHECK(rotation_apply(x.view, signs, false, &err));
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    printf("# 16 rows of 65521: %.3f s\n", seconds);
    CHECK(seconds < 1);
    memory_free(signs);
    matrix_finish(&x);
}

int main(void)
{
    quick();
    sizes();
    orthogonal();
    sides();
    powers();
    signs();
    spread();
    spread_large();
    alone();
    memory(12, 3);
    memory(1042, 2);
    CHECK(memory_used() == 0);
    return check_done();
}
