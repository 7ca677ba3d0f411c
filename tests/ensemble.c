/* Noise matrices, eigenvalues of batches, integer Gram matrices and the Hadamard transform:
 * the processor's versions against LAPACK, statistics and plain loops. Seeds are fixed. */

#include "check.h"

#include "ensemble.h"
#include "exact.h"
#include "hadamard.h"
#include "linalg.h"
#include "memory.h"
#include "random.h"

#include <float.h>
#include <string.h>

enum { SEED = 29 };

static struct matrix noise(enum field field, enum dtype dtype, size_t d, size_t n, uint32_t first,
                           double deviation)
{
    struct error err = { 0 };
    struct matrix m = { 0 };
    matrix_init(&m, dtype, n * d, d * (size_t)field, &err);
    ensemble_noise(field, SEED, first, deviation, m.view);
    return m;
}

/* Exactly Hermitian, +0 where a diagonal is imaginary, each matrix a function of its number. */
static void noise_shape(enum field field, enum dtype dtype)
{
    enum { D = 9, N = 6, LESS = 5 };
    struct matrix a = noise(field, dtype, D, N, 10, 1.5), b = noise(field, dtype, LESS, 2, 13, 1.5);
    size_t wrong = 0, differ = 0;
    for (size_t m = 0; m < N; m++)
        for (size_t i = 0; i < D; i++)
            for (size_t j = 0; j <= i; j++) {
                wrong += matrix_at(a.view, m * D + i, j) != matrix_at(a.view, m * D + j, i);
                if (field == FIELD_REAL)
                    continue;
                double below = matrix_at(a.view, m * D + i, D + j),
                       above = matrix_at(a.view, m * D + j, D + i);
                wrong += below != -above || (i == j && (below != 0 || signbit(below)));
            }
    for (size_t m = 0; m < 2; m++)
        for (size_t i = 0; i < LESS; i++)
            for (size_t j = 0; j < LESS * (size_t)field; j++) {
                size_t col = j < LESS ? j : D + j - LESS;
                differ += matrix_at(b.view, m * LESS + i, j) !=
                          matrix_at(a.view, (3 + m) * D + i, col);
            }
    CHECK(wrong == 0);
    CHECK(differ == 0);
    matrix_finish(&a);
    matrix_finish(&b);
}

/* Deviations s off the diagonal, real and imaginary, and sqrt 2 s on it; no two alike. */
static void noise_law(enum field field)
{
    enum { D = 24, N = 400 };
    const double s = 3;
    struct matrix a = noise(field, DTYPE_F32, D, N, 0, s);
    double off[2] = { 0 }, diagonal = 0, cross = 0, mean = 0;
    for (size_t r = 0; r < (size_t)N * D; r++)
        for (size_t i = r % D, j = 0; j <= i; j++) {
            double re = matrix_at(a.view, r, j),
                   im = field == FIELD_COMPLEX ? matrix_at(a.view, r, D + j) : 0;
            mean += re + im;
            if (i == j) {
                diagonal += re * re;
                continue;
            }
            off[0] += re * re;
            off[1] += im * im;
            cross += re * im;
        }
    const double pairs = N * D * (D - 1) / 2.0, n = N * D;
    printf("# variances over s^2: %.4f %.4f diagonal %.4f\n", off[0] / pairs / (s * s),
           off[1] / pairs / (s * s), diagonal / n / (s * s));
    CHECK(fabs(off[0] / pairs / (s * s) - 1) < 5 * sqrt(2 / pairs));
    CHECK(field == FIELD_REAL || fabs(off[1] / pairs / (s * s) - 1) < 5 * sqrt(2 / pairs));
    CHECK(fabs(diagonal / n / (2 * s * s) - 1) < 5 * sqrt(2 / n));
    CHECK(fabs(cross / pairs / (s * s)) < 5 / sqrt(pairs));
    CHECK(fabs(mean / s) < 5 * sqrt(2 * pairs + 2 * n));
    matrix_finish(&a);
}

/* LAPACK's values of a Hermitian matrix: each is twice among those of [re -im; im re]. */
static void reference(enum field field, struct matrix_view x, double *values)
{
    struct error err = { 0 };
    struct matrix real = { 0 };
    size_t d = x.rows, n = d * (size_t)field;
    double twice[2 * EIGEN_MAX];
    matrix_init(&real, DTYPE_F64, n, n, &err);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            matrix_put(real.view, i, j, matrix_at(x, i, j));
            if (field == FIELD_REAL)
                continue;
            double im = matrix_at(x, i, d + j);
            matrix_put(real.view, d + i, d + j, matrix_at(x, i, j));
            matrix_put(real.view, i, d + j, -im);
            matrix_put(real.view, d + i, j, im);
        }
    CHECK(linalg_eigen(real.view, twice, &err));
    for (size_t i = 0; i < d; i++)
        values[i] = twice[n - 1 - i * (size_t)field];
    matrix_finish(&real);
}

static double eigen_error(enum field field, struct matrix_view x, size_t d)
{
    struct error err = { 0 };
    struct matrix values = { 0 };
    double want[EIGEN_MAX], worst = 0;
    matrix_init(&values, DTYPE_F64, x.rows / d, d, &err);
    ensemble_eigen(field, x, values.view);
    for (size_t m = 0; m < values.view.rows; m++) {
        struct matrix_view one = matrix_block(x, m * d, 0, d, x.cols);
        double norm = matrix_norm(one);
        reference(field, one, want);
        for (size_t i = 0; i < d; i++)
            worst = fmax(worst,
                         fabs(matrix_at(values.view, m, i) - want[i]) / (norm > 0 ? norm : 1));
    }
    matrix_finish(&values);
    return worst;
}

static void eigen(enum field field)
{
    static const size_t sides[] = { 1, 2, 3, 4, 7, 8, 31, 32, 33, 63, 64 };
    static const double scales[] = { 1, 1e-300, 1e300 };
    double worst = 0;
    for (size_t s = 0; s < sizeof(sides) / sizeof(sides[0]); s++) {
        struct matrix a = noise(field, DTYPE_F64, sides[s], 2, (uint32_t)s, scales[s % 3]);
        worst = fmax(worst, eigen_error(field, a.view, sides[s]));
        matrix_finish(&a);
    }
    printf("# against LAPACK: %.2g of the norm\n", worst);
    CHECK(worst < 16 * DBL_EPSILON);
}

/* Zero, equal values, graded ones, many zeros, noise far below a spectrum with gaps. */
static void eigen_special(enum field field)
{
    enum { D = 40, N = 5 };
    struct matrix a = noise(field, DTYPE_F64, D, N, 77, 1e-9);
    for (size_t m = 0; m < N; m++)
        for (size_t i = 0; i < D; i++)
            for (size_t j = 0; j < a.view.cols; j++) {
                double x = matrix_at(a.view, m * D + i, j);
                const double made[N] = { 0, i == j, i == j ? pow(10, -(double)i) : 0, j < D ? 1 : 0,
                                         x + (i == j ? (double)(i / 4) : 0) };
                matrix_put(a.view, m * D + i, j, made[m]);
            }
    double worst = eigen_error(field, a.view, D);
    CHECK(worst < 16 * DBL_EPSILON);
    matrix_put(a.view, 3 * D + 5, 2, (double)NAN);
    struct error err = { 0 };
    struct matrix values = { 0 };
    matrix_init(&values, DTYPE_F64, N, D, &err);
    ensemble_eigen(field, a.view, values.view);
    CHECK(isnan(matrix_at(values.view, 3, 0)) && isnan(matrix_at(values.view, 3, D - 1)));
    CHECK(matrix_at(values.view, 2, 0) == 1 && matrix_at(values.view, 1, 7) == 1);
    matrix_finish(&a);
    matrix_finish(&values);
}

static void exact(void)
{
    enum { N = 300, D = 130 };
    struct error err = { 0 };
    int32_t *rows = memory_alloc(N * D * sizeof(*rows), &err);
    int64_t *got = memory_alloc(D * D * sizeof(*got), &err);
    size_t wrong = 0;
    for (uint32_t i = 0; i < N * D; i++)
        rows[i] = (int32_t)philox_block(SEED, i, 0, STREAM_TEST, 0).word[0] >> 5;
    CHECK(exact_fits(rows, N, D, &err));
    exact_gram(rows, N, D, got);
    for (size_t j = 0; j < D; j++)
        for (size_t k = 0; k < D; k++) {
            int64_t sum = 0;
            for (size_t i = 0; i < N; i++)
                sum += (int64_t)rows[i * D + j] * rows[i * D + k];
            wrong += sum != got[j * D + k];
        }
    CHECK(wrong == 0);
    const int32_t ends[] = { INT32_MIN, INT32_MAX, INT32_MAX, INT32_MIN },
                  one[] = { INT32_MAX, 1, INT32_MAX, 1 };
    CHECK(exact_fits(ends, 1, 2, &err) && exact_fits(one, 2, 2, &err));
    CHECK(exact_fits(ends, 2, 2, &err)); /* 2^62 + (2^31 - 1)^2 */
    exact_gram(ends, 2, 2, got);
    CHECK(got[0] == INT64_MAX - (((int64_t)1 << 32) - 2) && got[1] == got[2]);
    const int32_t over[] = { 1, INT32_MIN, 2, INT32_MIN };
    CHECK(!exact_fits(over, 2, 2, &err) && err.code == ERROR_LIMIT && strstr(err.text, "column 2"));
    CHECK(exact_fits(over, 0, 2, &err) && exact_fits(over, 2, 0, &err));
    exact_gram(over, 0, 2, got);
    CHECK(got[0] == 0 && got[3] == 0);
    memory_free(rows);
    memory_free(got);
}

/* Against the definition; the inverse undoes it; a norm stays. */
static void hadamard(void)
{
    struct error err = { 0 };
    double worst = 0, undone = 0, norms = 0;
    for (size_t n = 1; n <= 512; n *= 2) {
        struct matrix x = { 0 }, y = { 0 }, z = { 0 };
        matrix_init(&x, DTYPE_F64, 3, n, &err);
        matrix_init(&y, DTYPE_F64, 3, n, &err);
        matrix_init(&z, DTYPE_F64, 3, n, &err);
        random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 0, 1, x.view);
        hadamard_rows(x.view, SEED, false, y.view);
        hadamard_rows(y.view, SEED, true, z.view);
        norms = fmax(norms, fabs(matrix_norm(y.view) / matrix_norm(x.view) - 1));
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                for (size_t k = 0; k < n; k++) {
                    uint32_t word = philox_block(SEED, (uint32_t)k / 128, 0, STREAM_SIGNS, 0)
                                        .word[k % 128 / 32];
                    bool minus = (word >> k % 32 & 1) ^ (__builtin_popcountll(j & k) & 1);
                    sum += (minus ? -1 : 1) * matrix_at(x.view, i, k);
                }
                worst = fmax(worst, fabs(sum / sqrt((double)n) - matrix_at(y.view, i, j)));
                undone = fmax(undone, fabs(matrix_at(z.view, i, j) - matrix_at(x.view, i, j)));
            }
        matrix_finish(&x);
        matrix_finish(&y);
        matrix_finish(&z);
    }
    CHECK(worst < 1e-13);
    CHECK(undone < 1e-14);
    CHECK(norms < 1e-14);
}

int main(void)
{
    static const enum field fields[] = { FIELD_REAL, FIELD_COMPLEX };
    printf("# seed %d\n", SEED);
    for (int i = 0; i < 2; i++) {
        noise_shape(fields[i], DTYPE_F32);
        noise_shape(fields[i], DTYPE_F64);
        noise_law(fields[i]);
        eigen(fields[i]);
        eigen_special(fields[i]);
    }
    exact();
    hadamard();
    CHECK(memory_used() == 0);
    return check_done();
}
