/* Products, Gram matrices, residuals, Hadamard transforms and reconstructions against loops. */

#include "backends.h"

#include "hadamard.h"
#include "memory.h"

#include <stdlib.h>

static const size_t borders[] = { 1, 2, 3, 7, 8, 31, 33, 63, 64, 65, 127, 129, 255, 257 };
enum { BORDERS = sizeof(borders) / sizeof(borders[0]) };

/* ---- products ---- */

static double product_excess(const struct matrix *a, bool ta, const struct matrix *b, bool tb,
                             struct matrix_view got)
{
    size_t m = got.rows, n = got.cols, inner = ta ? a->view.rows : a->view.cols;
    double *x = plain(a->view, ta), *y = plain(b->view, !tb); /* both along the inner side */
    double eps = epsilon(got.dtype) * tolerances.gemm * sqrt((double)inner), worst = 0;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0, size = 0;
            for (size_t k = 0; k < inner; k++) {
                double p = x[i * inner + k] * y[j * inner + k];
                sum += p;
                size += fabs(p);
            }
            exceed(&worst, fabs(matrix_at(got, i, j) - sum) - eps * size);
        }
    free(x);
    free(y);
    return worst;
}

static double multiply(struct backend *b, enum dtype dtype, size_t m, size_t n, size_t k, bool ta,
                       bool tb)
{
    struct error err = { 0 };
    n = fit(n);
    k = ta && !tb ? k : fit(k);
    m = ta ? fit(m) : m;
    struct matrix x = filled(dtype, ta ? k : m, ta ? m : k, 1),
                  y = filled(dtype, tb ? n : k, tb ? k : n, 2);
    bool ok = true;
    struct buffer a = loaded(b, &x, &ok), c = loaded(b, &y, &ok), out = output(b, dtype, m, n, &ok);
    for (int i = 0; ok && i < 2; i++) /* the second time over what is there */
        ok = fine(backend_gemm(&a, ta, &c, tb, &out, &err), &err);
    struct matrix z = fetched(&out, &ok);
    double worst = ok ? product_excess(&x, ta, &y, tb, z.view) : 1;
    if (worst > 0)
        printf("# %zu x %zu x %zu, transposed %d %d: over by %g\n", m, n, k, ta, tb, worst);
    backend_release(&a);
    backend_release(&c);
    backend_release(&out);
    matrix_finish(&x);
    matrix_finish(&y);
    matrix_finish(&z);
    return worst;
}

static double gemm_borders(struct backend *b, enum dtype dtype)
{
    double worst = 0;
    for (size_t i = 0; i < 2 * BORDERS; i++)
        for (int t = 0; t < 4; t++)
            exceed(&worst, multiply(b, dtype, borders[i % BORDERS], borders[(5 * i + 3) % BORDERS],
                                    borders[(i < BORDERS ? 9 * i + 7 : 3 * i + 1) % BORDERS], t & 1,
                                    t & 2));
    return worst;
}

/* Nothing to do, nothing to sum, long sums, a tall matrix by a narrow one. */
static double gemm_shapes(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][3] = { { 0, 4, 3 },      { 3, 0, 3 },      { 5, 4, 0 },
                                        { 5, 6, 4099 },   { 33, 8, 1500 },  { 2050, 9, 31 },
                                        { 1, 1, 100000 }, { 3, 1100, 1 },   { 257, 257, 5 },
                                        { 70, 16, 1030 }, { 128, 128, 64 }, { 256, 128, 512 } };
    double worst = 0;
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
        for (int t = 0; t < 4; t++)
            exceed(&worst,
                   multiply(b, dtype, shapes[s][0], shapes[s][1], shapes[s][2], t & 1, t & 2));
    return worst;
}

/* ---- Gram matrices ---- */

static double gram_excess(const struct matrix *x, struct matrix_view got)
{
    size_t rows = x->view.rows, cols = x->view.cols;
    double *at = plain(x->view, true), worst = 0;
    for (size_t i = 0; i < cols; i++)
        for (size_t j = 0; j < cols; j++) {
            long double sum = 0; /* 20000 squares in double are off by more than what we test */
            double size = 0;
            for (size_t k = 0; k < rows; k++) {
                double p = at[i * rows + k] * at[j * rows + k];
                sum += (long double)p;
                size += fabs(p);
            }
            double bound = tolerances.gram * sqrt((double)rows) * DBL_EPSILON * size;
            exceed(&worst, fabs((double)((long double)matrix_at(got, i, j) - sum)) - bound);
        }
    free(at);
    return worst;
}

static double gram(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][2] = { { 1, 1 },    { 1, 9 },    { 9, 1 },      { 70, 33 },
                                        { 0, 3 },    { 3, 0 },    { 20000, 29 }, { 257, 64 },
                                        { 65, 127 }, { 33, 257 }, { 255, 8 },    { 129, 65 } };
    struct error err = { 0 };
    double worst = 0;
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        size_t rows = shapes[s][0], cols = fit(shapes[s][1]);
        struct matrix x = filled(dtype, rows, cols, 4);
        bool ok = true;
        struct buffer a = loaded(b, &x, &ok), out = output(b, DTYPE_F64, cols, cols, &ok);
        ok = ok && fine(backend_gram(&a, &out, &err), &err);
        struct matrix g = fetched(&out, &ok);
        double excess = ok ? gram_excess(&x, g.view) : 1;
        if (excess > 0)
            printf("# gram of %zu x %zu: over by %g\n", rows, cols, excess);
        exceed(&worst, excess);
        backend_release(&a);
        backend_release(&out);
        matrix_finish(&x);
        matrix_finish(&g);
    }
    return worst;
}

/* ---- residuals ---- */

/* A matrix, two factors and a rest d that takes up all but 1e-5 of a - l r, so that a
 * difference of squares would be far too coarse. */
struct case_residual {
    struct matrix a, l, r, d;
    double norm, sizes; /* of what is left; ||a|| + ||l|| ||r|| */
};

static struct case_residual residual_case(enum dtype dtype, const size_t *shape, double scale)
{
    size_t rows = shape[0], cols = fit(shape[1]), inner = fit(shape[2]);
    struct case_residual c = { .a = filled(dtype, rows, cols, 7),
                               .l = filled(dtype, rows, inner, 8),
                               .r = filled(dtype, inner, cols, 9),
                               .d = filled(dtype, rows, cols, 10) };
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 7, scale, c.a.view);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 8, scale, c.l.view);
    double *l = plain(c.l.view, false), *r = plain(c.r.view, true), sum = 0;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double e = matrix_at(c.a.view, i, j);
            for (size_t k = 0; k < inner; k++)
                e -= l[i * inner + k] * r[j * inner + k];
            matrix_put(c.d.view, i, j, e - 1e-5 * scale * matrix_at(c.d.view, i, j));
            e = (e - matrix_at(c.d.view, i, j)) / scale;
            sum += e * e;
        }
    c.norm = sqrt(sum) * scale;
    c.sizes = matrix_norm(c.a.view) + matrix_norm(c.l.view) * matrix_norm(c.r.view);
    free(l);
    free(r);
    return c;
}

static double residual_excess(struct backend *b, enum dtype dtype, const size_t *shape,
                              double scale)
{
    struct error err = { 0 };
    struct case_residual c = residual_case(dtype, shape, scale);
    bool ok = true;
    double norm = -1, size = matrix_norm(c.a.view), worst = 0;
    struct buffer a = loaded(b, &c.a, &ok), l = loaded(b, &c.l, &ok), r = loaded(b, &c.r, &ok),
                  d = loaded(b, &c.d, &ok);
    struct buffer_product products[] = { { &l, &r }, { &d, NULL } };
    ok = ok && fine(backend_residual(&a, products, 2, &norm, &err), &err);
    exceed(&worst, ok ? fabs(norm - c.norm) / scale -
                            tolerances.residual * epsilon(dtype) * (c.sizes / scale)
                      : 1);
    ok = ok && fine(backend_residual(&a, NULL, 0, &norm, &err), &err);
    exceed(&worst, ok && (size > 0 ? fabs(norm / size - 1) <= 1e-14 : norm == 0) ? 0 : 1);
    ok = ok && fine(backend_residual(&d, &products[1], 1, &norm, &err), &err);
    exceed(&worst, ok && norm == 0 ? 0 : 1);
    if (worst > 0)
        printf("# residual of %zu x %zu scaled by %g: over by %g\n", shape[0], fit(shape[1]), scale,
               worst);
    backend_release_all(b);
    matrix_finish(&c.a);
    matrix_finish(&c.l);
    matrix_finish(&c.r);
    matrix_finish(&c.d);
    return worst;
}

static double residual(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][3] = { { 1, 1, 1 },    { 40, 70, 9 },  { 1500, 190, 3 },
                                        { 5, 0, 2 },    { 0, 5, 2 },    { 257, 129, 65 },
                                        { 33, 257, 7 }, { 129, 63, 1 }, { 65, 64, 64 } };
    double worst = 0;
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
        exceed(&worst, residual_excess(b, dtype, shapes[s], 1));
    return worst;
}

/* Squares that no type holds. */
static double residual_extremes(struct backend *b, enum dtype dtype)
{
    static const double scales[2][4] = { { 1e-25, 1e-12, 1e15, 1e30 },
                                         { 1e-250, 1e-120, 1e150, 1e250 } };
    static const size_t shape[] = { 67, 65, 5 };
    double worst = 0;
    for (int i = 0; i < 4; i++)
        exceed(&worst, residual_excess(b, dtype, shape, scales[dtype == DTYPE_F64][i]));
    return worst;
}

/* ---- the Hadamard transform ---- */

/* Row i of x D H / sqrt n, or x H D / sqrt n, by the definition. */
static void hadamard_row(const double *x, size_t n, bool inverse, double *out)
{
    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++) {
            size_t signs = inverse ? j : k; /* D stands before or behind H */
            struct philox p = philox_block(SEED, (uint32_t)(signs / 128), 0, STREAM_SIGNS, 0);
            bool minus = (p.word[signs % 128 / 32] >> signs % 32 & 1) ^
                         (__builtin_popcountll(j & k) & 1);
            sum += minus ? -x[k] : x[k];
        }
        out[j] = sum / sqrt((double)n);
    }
}

static double hadamard_excess(const struct matrix *x, bool inverse, struct matrix_view got)
{
    size_t n = got.cols;
    double *from = plain(x->view, false), *want = calloc(n, sizeof(*want)), worst = 0;
    for (size_t i = 0; i < got.rows; i++) {
        double bound = tolerances.hadamard * log2(2 * (double)n) * epsilon(got.dtype) *
                       matrix_norm(matrix_block(x->view, i, 0, 1, n));
        hadamard_row(from + i * n, n, inverse, want);
        for (size_t j = 0; j < n; j++)
            exceed(&worst, fabs(matrix_at(got, i, j) - want[j]) - bound);
    }
    free(from);
    free(want);
    return worst;
}

static double hadamard(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][2] = {
        { 1, 1 },  { 3, 2 },   { 7, 4 },    { 65, 8 },   { 33, 64 },
        { 0, 16 }, { 5, 128 }, { 129, 32 }, { 2, 1024 }, { 1, 2048 }
    };
    struct error err = { 0 };
    double worst = 0;
    for (size_t s = 0; s < 2 * sizeof(shapes) / sizeof(shapes[0]); s++) {
        size_t rows = shapes[s / 2][0], cols = fit(shapes[s / 2][1]);
        struct matrix x = filled(dtype, rows, cols, 11);
        bool ok = true;
        struct buffer a = loaded(b, &x, &ok), out = output(b, dtype, rows, cols, &ok);
        ok = ok && fine(backend_hadamard(&a, SEED, s % 2, &out, &err), &err);
        struct matrix y = fetched(&out, &ok);
        double excess = ok ? hadamard_excess(&x, s % 2, y.view) : 1;
        if (excess > 0)
            printf("# %zu x %zu, inverse %d: over by %g\n", rows, cols, (int)(s % 2), excess);
        exceed(&worst, excess);
        backend_release_all(b);
        matrix_finish(&x);
        matrix_finish(&y);
    }
    return worst;
}

/* Rows too wide for the definition, against the processor's, which it has been held to. */
static double hadamard_wide(struct backend *b, enum dtype dtype)
{
    struct error err = { 0 };
    double worst = 0;
    for (size_t s = 0; s < 6; s++) {
        size_t rows = 3, cols = fit((size_t)4096 << s / 2);
        struct matrix x = filled(dtype, rows, cols, 11), want = filled(dtype, rows, cols, 12);
        bool ok = true;
        struct buffer a = loaded(b, &x, &ok), out = output(b, dtype, rows, cols, &ok);
        ok = ok && fine(backend_hadamard(&a, SEED, s % 2, &out, &err), &err);
        struct matrix y = fetched(&out, &ok);
        hadamard_rows(x.view, SEED, s % 2, want.view);
        double eps = 2 * tolerances.hadamard * log2(2 * (double)cols) * epsilon(dtype), size = 0;
        for (size_t i = 0; ok && i < rows * cols; i++) {
            if (i % cols == 0)
                size = matrix_norm(matrix_block(x.view, i / cols, 0, 1, cols));
            exceed(&worst, fabs(matrix_at(y.view, i / cols, i % cols) -
                                matrix_at(want.view, i / cols, i % cols)) -
                               eps * size);
        }
        exceed(&worst, ok ? 0 : 1);
        backend_release_all(b);
        matrix_finish(&x);
        matrix_finish(&want);
        matrix_finish(&y);
    }
    return worst;
}

/* ---- reconstructions ---- */

/* The share of source cell k of n in target cell i of h. */
static double overlap(size_t i, size_t h, size_t k, size_t n)
{
    double step = (double)n / (double)h, from = fmax((double)i * step, (double)k);
    return fmax(0, fmin((double)(i + 1) * step, (double)(k + 1)) - from) / step;
}

/* x averaged along its rows into h of them; magnitudes if so asked. */
static double *averaged(const double *x, size_t rows, size_t cols, size_t h, bool magnitudes)
{
    double *out = calloc(h * cols + 1, sizeof(*out));
    for (size_t i = 0; i < h; i++)
        for (size_t k = 0; k < rows; k++)
            for (size_t j = 0; j < cols && overlap(i, h, k, rows) > 0; j++) {
                double e = x[k * cols + j];
                out[i * cols + j] += overlap(i, h, k, rows) * (magnitudes ? fabs(e) : e);
            }
    return out;
}

/* sum += l r, averaged to h x w; r NULL: l alone. All in double precision. */
static void add_term(const struct matrix *l, const struct matrix *r, size_t h, size_t w,
                     bool magnitudes, double *sum)
{
    size_t rows = l->view.rows, inner = l->view.cols, cols = r ? r->view.cols : inner;
    double *x = plain(l->view, false), *left = averaged(x, rows, inner, h, magnitudes);
    double *y = r ? plain(r->view, true) : NULL;
    double *right = r ? averaged(y, cols, inner, w, magnitudes) : NULL;
    for (size_t i = 0; i < h; i++)
        for (size_t j = 0; j < w; j++)
            for (size_t k = 0; k < inner; k++)
                sum[i * w + j] += left[i * inner + k] *
                                  (r ? right[j * inner + k] : overlap(j, w, k, cols));
    free(x);
    free(y);
    free(left);
    free(right);
}

static double reconstruct_excess(struct backend *b, enum dtype dtype, const size_t *shape)
{
    struct error err = { 0 };
    size_t rows = shape[0], cols = fit(shape[1]), h = shape[2], w = fit(shape[3]);
    size_t inner[] = { fit(shape[4]), 3 };
    struct matrix m[] = { filled(dtype, rows, inner[0], 1), filled(dtype, inner[0], cols, 2),
                          filled(dtype, rows, inner[1], 3), filled(dtype, inner[1], cols, 4),
                          filled(dtype, rows, cols, 5) };
    bool ok = true, small = h != rows || w != cols;
    struct buffer x[5], out = output(b, dtype, h, w, &ok);
    double *want = calloc(h * w + 1, sizeof(*want)), *size = calloc(h * w + 1, sizeof(*size));
    for (size_t i = 0; i < 5; i++)
        x[i] = loaded(b, &m[i], &ok);
    for (size_t i = 0; i < 5; i += 2) {
        add_term(&m[i], i < 4 ? &m[i + 1] : NULL, h, w, false, want);
        add_term(&m[i], i < 4 ? &m[i + 1] : NULL, h, w, true, size);
    }
    struct buffer_product products[] = { { &x[0], &x[1] }, { &x[2], &x[3] }, { &x[4], NULL } };
    for (int i = 0; ok && i < 2; i++) /* the second time over what is there */
        ok = fine(backend_reconstruct(products, 3, &out, &err), &err);
    struct matrix got = fetched(&out, &ok);
    double worst = ok ? 0 : 1;
    double cells = small ? (double)(rows / (h ? h : 1) + cols / (w ? w : 1)) : 0;
    double eps = tolerances.reconstruct * sqrt((double)inner[0] + 6 + cells) *
                 (small ? (double)FLT_EPSILON : epsilon(dtype));
    for (size_t i = 0; ok && i < h * w; i++)
        exceed(&worst, fabs(matrix_at(got.view, i / w, i % w) - want[i]) - eps * size[i]);
    if (worst > 0)
        printf("# %zu x %zu to %zu x %zu: over by %g\n", rows, cols, h, w, worst);
    free(want);
    free(size);
    for (size_t i = 0; i < 5; i++)
        matrix_finish(&m[i]);
    matrix_finish(&got);
    backend_release_all(b);
    return worst;
}

/* a - l r - d, entry by entry; the second time over what is there. */
static double subtract_excess(struct backend *b, enum dtype dtype, const size_t *shape)
{
    struct error err = { 0 };
    size_t rows = shape[0], cols = fit(shape[1]), inner = fit(shape[2]);
    struct matrix m[] = { filled(dtype, rows, cols, 1), filled(dtype, rows, inner, 2),
                          filled(dtype, inner, cols, 3), filled(dtype, rows, cols, 4) };
    bool ok = true;
    struct buffer x[4], out = output(b, dtype, rows, cols, &ok);
    double *sum = calloc(rows * cols + 1, sizeof(*sum)),
           *size = calloc(rows * cols + 1, sizeof(*size));
    for (size_t i = 0; i < 4; i++)
        x[i] = loaded(b, &m[i], &ok);
    for (size_t i = 1; i < 4; i += 2) {
        add_term(&m[i], i < 3 ? &m[i + 1] : NULL, rows, cols, false, sum);
        add_term(&m[i], i < 3 ? &m[i + 1] : NULL, rows, cols, true, size);
    }
    struct buffer_product products[] = { { &x[1], &x[2] }, { &x[3], NULL } };
    for (int i = 0; ok && i < 2; i++)
        ok = fine(backend_subtract(&x[0], products, 2, &out, &err), &err);
    struct matrix got = fetched(&out, &ok);
    double worst = ok ? 0 : 1;
    double eps = tolerances.reconstruct * sqrt((double)inner + 2) * epsilon(dtype);
    for (size_t i = 0; ok && i < rows * cols; i++) {
        double a = matrix_at(m[0].view, i / cols, i % cols);
        exceed(&worst, fabs(matrix_at(got.view, i / cols, i % cols) - (a - sum[i])) -
                           eps * (fabs(a) + size[i]));
    }
    if (worst > 0)
        printf("# %zu x %zu, inner %zu: over by %g\n", rows, cols, inner, worst);
    free(sum);
    free(size);
    for (size_t i = 0; i < 4; i++)
        matrix_finish(&m[i]);
    matrix_finish(&got);
    backend_release_all(b);
    return worst;
}

static double subtract(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][3] = { { 1, 1, 1 },   { 65, 63, 7 }, { 129, 257, 31 },
                                        { 257, 8, 5 }, { 0, 3, 2 },   { 31, 33, 0 } };
    double worst = 0;
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
        exceed(&worst, subtract_excess(b, dtype, shapes[s]));
    return worst;
}

static double reconstruct_full(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][5] = { { 1, 1, 1, 1, 1 },          { 65, 63, 65, 63, 7 },
                                        { 129, 257, 129, 257, 31 }, { 257, 8, 257, 8, 64 },
                                        { 0, 3, 0, 3, 2 },          { 31, 33, 31, 33, 0 } };
    double worst = 0;
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
        exceed(&worst, reconstruct_excess(b, dtype, shapes[s]));
    return worst;
}

static double reconstruct_small(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][5] = { { 65, 63, 1, 1, 7 },    { 129, 64, 43, 33, 31 },
                                        { 257, 8, 256, 8, 64 }, { 33, 31, 33, 2, 5 },
                                        { 255, 33, 7, 33, 3 },  { 300, 50, 24, 40, 6 } };
    double worst = 0;
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
        exceed(&worst, reconstruct_excess(b, dtype, shapes[s]));
    return worst;
}

const struct trial trials_products[] = {
    { OP_GEMM, "products at tile borders", gemm_borders, false },
    { OP_GEMM, "products of odd shapes", gemm_shapes, false },
    { OP_GRAM, "Gram matrices", gram, false },
    { OP_RESIDUAL, "residuals", residual, false },
    { OP_RESIDUAL, "residuals out of range", residual_extremes, false },
    { OP_SUBTRACT, "remainders", subtract, false },
    { OP_HADAMARD, "Hadamard transforms", hadamard, false },
    { OP_HADAMARD, "wide Hadamard transforms", hadamard_wide, false },
    { OP_RECONSTRUCT, "reconstructions", reconstruct_full, false },
    { OP_RECONSTRUCT, "reconstructions averaged", reconstruct_small, false },
    { 0 },
};
