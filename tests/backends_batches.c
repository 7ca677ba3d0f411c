/* Integer Gram matrices, noise and eigenvalues of batches: what a private release and its
 * simulations ask of a device. The references are held to LAPACK by ensemble.c. */

#include "backends.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- integer Gram matrices ---- */

/* Random entries of that many bits and a sign; n x d. */
static int32_t *integers(size_t n, size_t d, int bits)
{
    int32_t *rows = calloc(n * d + 1, sizeof(*rows));
    for (size_t i = 0; i < n * d; i++) {
        uint32_t word = philox_block(SEED, (uint32_t)i, 1, STREAM_TEST, 0).word[1];
        rows[i] = (int32_t)word >> (31 - bits);
    }
    return rows;
}

static double gram_wrong(struct backend *b, const int32_t *rows, size_t n, size_t d)
{
    struct error err = { 0 };
    int64_t *got = calloc(d * d + 1, sizeof(*got));
    memset(got, 0x5a, d * d * sizeof(*got));
    double wrong = !fine(backend_gram_exact(b, rows, n, d, got, &err), &err);
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < d; k++) {
            int64_t sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += (int64_t)rows[i * d + j] * rows[i * d + k];
            wrong += sum != got[j * d + k];
        }
    if (wrong > 0)
        printf("# integer Gram matrix of %zu x %zu: %g wrong\n", n, d, wrong);
    free(got);
    return wrong;
}

static double exact_shapes(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][3] = { { 1, 1, 31 },     { 7, 3, 29 },     { 257, 65, 26 },
                                        { 1000, 17, 26 }, { 64, 129, 20 },  { 6000, 4, 24 },
                                        { 0, 3, 8 },      { 3, 0, 8 },      { 2, 257, 30 },
                                        { 33, 64, 3 },    { 129, 127, 27 }, { 20001, 31, 22 } };
    (void)dtype;
    double wrong = 0;
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        int32_t *rows = integers(shapes[s][0], shapes[s][1], (int)shapes[s][2]);
        wrong += gram_wrong(b, rows, shapes[s][0], shapes[s][1]);
        free(rows);
    }
    return wrong;
}

/* The largest entries and sums there are, carries both ways, and one too many. */
static double exact_ends(struct backend *b, enum dtype dtype)
{
    struct error err = { 0 };
    static const int32_t ends[] = { INT32_MIN, INT32_MAX, 1, INT32_MAX, INT32_MIN, -1 };
    static const int32_t over[] = { 1, INT32_MIN, 2, INT32_MIN };
    int64_t out[4];
    (void)dtype;
    double wrong = gram_wrong(b, ends, 2, 3);
    int32_t carry[300];
    for (int i = 0; i < 150; i++) {
        carry[2 * i] = i % 2 ? 65536 : -65536;
        carry[2 * i + 1] = i % 3 ? 65535 : -1;
    }
    wrong += gram_wrong(b, carry, 150, 2);
    wrong += backend_gram_exact(b, over, 2, 2, out, &err) || err.code != ERROR_LIMIT;
    return wrong;
}

/* ---- noise ---- */

static double noise_wrong(struct backend *b, enum dtype dtype, enum field field, size_t d, size_t n,
                          uint32_t first, double deviation)
{
    struct error err = { 0 };
    const struct backend *s = b->seat;
    bool exact = !s->host || !s->ops->software || s->ops->software(s), ok = true;
    size_t rows = n * d, cols = d * (size_t)field;
    struct matrix want = filled(dtype, rows, cols, 1);
    struct buffer out = output(b, dtype, rows, cols, &ok);
    ensemble_noise(field, SEED, first, deviation, want.view);
    for (int i = 0; ok && i < 2; i++)
        ok = fine(backend_noise(field, SEED, first, deviation, &out, &err), &err);
    struct matrix got = fetched(&out, &ok);
    double worst = ok ? 0 : 1, ulps = (exact ? 0 : tolerances.normals) * (double)FLT_EPSILON;
    for (size_t i = 0; ok && i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double w = matrix_at(want.view, i, j), g = matrix_at(got.view, i, j);
            exceed(&worst, fabs(w - g) - ulps * fabs(w));
            exceed(&worst, w == 0 && signbit(g) != signbit(w)); /* +0 on the diagonal */
        }
    if (worst > 0)
        printf("# %zu of %zu x %zu, field %d: over by %g\n", n, d, d, (int)field, worst);
    backend_release_all(b);
    matrix_finish(&want);
    matrix_finish(&got);
    return worst;
}

static double noise(struct backend *b, enum dtype dtype)
{
    static const size_t sides[] = { 1, 2, 3, 7, 8, 31, 33, 64, 65, 129, 257 };
    double worst = 0;
    for (size_t s = 0; s < sizeof(sides) / sizeof(sides[0]); s++) {
        size_t most = fit(sides[s]), half = widest / 2 < most ? widest / 2 : most;
        exceed(&worst, noise_wrong(b, dtype, FIELD_REAL, most, 1 + s % 3, 5, 1.5));
        exceed(&worst, noise_wrong(b, dtype, FIELD_COMPLEX, half, 3 - s % 3, UINT32_MAX - 9, .3));
    }
    exceed(&worst, noise_wrong(b, dtype, FIELD_REAL, 3, 1001, 0, 1e-3));
    exceed(&worst, noise_wrong(b, dtype, FIELD_COMPLEX, 5, 403, 1, 1e6));
    exceed(&worst, noise_wrong(b, dtype, FIELD_COMPLEX, 5, 0, 1, 1));
    return worst;
}

/* ---- eigenvalues ---- */

static double eigen_excess(struct backend *b, enum field field, const struct matrix *x, size_t d)
{
    struct error err = { 0 };
    size_t n = d ? x->view.rows / d : 0;
    struct matrix want = filled(DTYPE_F64, n, d, 1);
    bool ok = true;
    struct buffer from = loaded(b, x, &ok), out = output(b, x->view.dtype, n, d, &ok);
    ensemble_eigen(field, x->view, want.view);
    ok = ok && fine(backend_eigen(field, &from, &out, &err), &err);
    struct matrix got = fetched(&out, &ok);
    double worst = ok ? 0 : 1;
    for (size_t m = 0; ok && m < n; m++) {
        double bound = tolerances.eigen * epsilon(x->view.dtype) *
                       matrix_norm(matrix_block(want.view, m, 0, 1, d));
        for (size_t i = 0; i < d; i++) {
            double g = matrix_at(got.view, m, i), w = matrix_at(want.view, m, i);
            exceed(&worst, fabs(g - w) - bound);
            exceed(&worst, i > 0 && g > matrix_at(got.view, m, i - 1)); /* descending */
        }
    }
    if (worst > 0)
        printf("# eigenvalues of %zu of %zu x %zu, field %d: over by %g\n", n, d, d, (int)field,
               worst);
    matrix_finish(&want);
    matrix_finish(&got);
    backend_release_all(b);
    return worst;
}

static double eigen(struct backend *b, enum dtype dtype)
{
    static const size_t sides[] = { 1, 2, 3, 7, 8, 31, 33, 63, 64, 5 };
    static const double deviations[] = { 1, 1e-20, 1e20 };
    double worst = 0;
    for (size_t s = 0; s < 2 * sizeof(sides) / sizeof(sides[0]); s++) {
        enum field field = s % 2 ? FIELD_COMPLEX : FIELD_REAL;
        size_t most = widest / (size_t)field, d = sides[s / 2] < most ? sides[s / 2] : most;
        size_t n = sides[s / 2] == 5 ? 130 : 1 + s % 3;
        struct matrix x = filled(dtype, n * d, d * (size_t)field, 1);
        ensemble_noise(field, SEED, (uint32_t)s, deviations[s % 3], x.view);
        for (size_t i = 0; i < n * d; i++) /* only the lower triangle is read */
            for (size_t j = i % d + 1; j < d; j++)
                matrix_put(x.view, i, j, 77e20);
        exceed(&worst, eigen_excess(b, field, &x, d));
        matrix_finish(&x);
    }
    return worst;
}

/* Zero, the unit matrix, graded values, a rank of one, close pairs under little noise. */
static double eigen_special(struct backend *b, enum dtype dtype)
{
    enum { N = 5 };
    double worst = 0;
    for (int f = 1; f <= 2; f++) {
        size_t most = widest / (size_t)f, d = most < 40 ? most : 40;
        struct matrix x = filled(dtype, N * d, d * (size_t)f, 1);
        ensemble_noise((enum field)f, SEED, 9, 1e-4, x.view);
        for (size_t r = 0; r < N * d; r++)
            for (size_t i = r % d, j = 0; j < x.view.cols; j++) {
                double e = matrix_at(x.view, r, j), one = i == j;
                const double made[N] = { 0, one, one * pow(4, -(double)i), j < d,
                                         e + one * (double)(i / 4) };
                matrix_put(x.view, r, j, made[r / d]);
            }
        exceed(&worst, eigen_excess(b, (enum field)f, &x, d));
        matrix_finish(&x);
    }
    return worst;
}

const struct trial trials_batches[] = {
    { OP_GRAM_EXACT, "integer Gram matrices", exact_shapes, true },
    { OP_GRAM_EXACT, "integers at the end of their range", exact_ends, true },
    { OP_NOISE, "noise", noise, false },
    { OP_EIGEN, "eigenvalues", eigen, false },
    { OP_EIGEN, "eigenvalues of special matrices", eigen_special, false },
    { 0 },
};
