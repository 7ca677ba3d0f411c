/* One suite for every backend in the list, and for one that leaves entries to the
 * processor: results against plain double loops. Seeds are fixed. */

#include "check.h"

#include "backend.h"
#include "memory.h"
#include "registry.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

enum { SEED = 71 };

/* A product's entry may be off by `gemm` sqrt(k) eps (|a| |b|), a Gram matrix' by `gram`
 * times the same with eps of double precision, a residual by `residual` eps (||a|| + ||l|| ||r||); codes may differ by
 * `step` in a share `codes` of the entries, decoded values by `decode` eps of the range. */
static const struct {
    double gemm, gram, residual, codes, decode;
    uint32_t step;
} tolerance = { .gemm = 4, .gram = 1, .residual = 1, .codes = 1e-3, .decode = 2, .step = 1 };

static double epsilon(enum dtype dtype)
{
    return dtype == DTYPE_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
}

static struct matrix filled(enum dtype dtype, size_t rows, size_t cols, uint32_t number)
{
    struct error err = { 0 };
    struct matrix m = { 0 };
    matrix_init(&m, dtype, rows, cols, &err);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, number, 1, m.view);
    return m;
}

static double at(const struct matrix *m, bool transposed, size_t i, size_t j)
{
    return transposed ? matrix_at(m->view, j, i) : matrix_at(m->view, i, j);
}

/* The largest excess of |got - a b| over the tolerance; <= 0 is right. */
static double product_excess(const struct matrix *a, bool ta, const struct matrix *b, bool tb,
                             struct matrix_view got)
{
    size_t inner = ta ? a->view.rows : a->view.cols;
    double eps = epsilon(got.dtype) * tolerance.gemm * sqrt((double)inner), worst = 0;
    for (size_t i = 0; i < got.rows; i++)
        for (size_t j = 0; j < got.cols; j++) {
            double sum = 0, size = 0;
            for (size_t k = 0; k < inner; k++) {
                double p = at(a, ta, i, k) * at(b, tb, k, j);
                sum += p;
                size += fabs(p);
            }
            double e = fabs(matrix_at(got, i, j) - sum) - eps * size;
            worst = !(e <= worst) ? e : worst;
        }
    return worst;
}

static double multiply(struct backend *b, enum dtype dtype, size_t m, size_t n, size_t k, bool ta,
                       bool tb)
{
    struct error err = { 0 };
    struct matrix x = filled(dtype, ta ? k : m, ta ? m : k, 1),
                  y = filled(dtype, tb ? n : k, tb ? k : n, 2);
    struct matrix z = filled(dtype, m, n, 3);
    struct buffer a = { 0 }, c = { 0 }, out = { 0 };
    bool ok = backend_load(b, x.view, &a, &err) && backend_load(b, y.view, &c, &err) &&
              backend_alloc(b, dtype, m, n, &out, &err) &&
              backend_gemm(&a, ta, &c, tb, &out, &err) &&
              backend_gemm(&a, ta, &c, tb, &out, &err) && /* over what is there */
              backend_read(&out, z.view, &err);
    double worst = ok ? product_excess(&x, ta, &y, tb, z.view) : 1;
    backend_release(&a);
    backend_release(&c);
    backend_release(&out);
    matrix_finish(&x);
    matrix_finish(&y);
    matrix_finish(&z);
    return worst;
}

static void test_gemm(struct backend *b, enum dtype dtype)
{
    double worst = 0;
    for (size_t i = 1; i <= 70; i++)
        for (int t = 0; t < 4; t++)
            worst = fmax(worst, multiply(b, dtype, i, 71 - i, i * 37 % 70 + 1, t & 1, t & 2));
    CHECK(worst <= 0);
    CHECK(multiply(b, dtype, 5, 4, 0, false, false) <= 0);
    CHECK(multiply(b, dtype, 0, 4, 3, true, false) <= 0);
    CHECK(multiply(b, dtype, 3, 0, 3, false, true) <= 0);
    CHECK(multiply(b, dtype, 3, 3, 1024, true, true) <= 0);
}

static void test_gram(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][2] = { { 1, 1 }, { 1, 9 }, { 9, 1 },      { 70, 33 },
                                        { 0, 3 }, { 3, 0 }, { 20000, 29 }, { 257, 64 } };
    struct error err = { 0 };
    double worst = 0;
    for (size_t s = 0; s < 8; s++) {
        size_t rows = shapes[s][0], cols = shapes[s][1];
        struct matrix x = filled(dtype, rows, cols, 4), g = filled(DTYPE_F64, cols, cols, 5);
        struct buffer a = { 0 }, out = { 0 };
        bool ok = backend_load(b, x.view, &a, &err) &&
                  backend_alloc(b, DTYPE_F64, cols, cols, &out, &err) &&
                  backend_gram(&a, &out, &err) && backend_read(&out, g.view, &err);
        for (size_t i = 0; i < cols; i++)
            for (size_t j = 0; j < cols; j++) {
                long double sum = 0; /* 20000 squares in double are off by more than what we test */
                double size = 0;
                for (size_t k = 0; k < rows; k++) {
                    double p = matrix_at(x.view, k, i) * matrix_at(x.view, k, j);
                    sum += (long double)p;
                    size += fabs(p);
                }
                double bound = tolerance.gram * sqrt((double)rows) * DBL_EPSILON * size;
                double e = fabs((double)((long double)matrix_at(g.view, i, j) - sum)) - bound;
                worst = !(e <= worst) ? e : worst;
            }
        worst = ok ? worst : 1;
        if (worst > 0)
            printf("# gram of %zu x %zu: over the tolerance by %g\n", rows, cols, worst);
        backend_release(&a);
        backend_release(&out);
        matrix_finish(&x);
        matrix_finish(&g);
    }
    CHECK(worst <= 0);
}

/* Random numbers are the same bits everywhere. */
static void test_fill(struct backend *b, enum dtype dtype)
{
    struct error err = { 0 };
    struct matrix want = filled(dtype, 33, 21, 0), got = filled(dtype, 33, 21, 1);
    struct buffer out = { 0 };
    size_t differ = 0;
    bool ok = backend_alloc(b, dtype, 33, 21, &out, &err);
    for (int kind = 0; sketch_names[kind]; kind++) {
        random_fill((enum sketch_kind)kind, SEED, STREAM_SKETCH, 9, .25, want.view);
        ok = ok && backend_fill((enum sketch_kind)kind, SEED, STREAM_SKETCH, 9, .25, &out, &err) &&
             backend_read(&out, got.view, &err);
        for (size_t i = 0; i < 33; i++)
            for (size_t j = 0; j < 21; j++)
                differ += matrix_at(want.view, i, j) != matrix_at(got.view, i, j);
    }
    CHECK(ok && differ == 0);
    backend_release(&out);
    matrix_finish(&want);
    matrix_finish(&got);
}

/* Codes of the device decode on the device, and are those of coding.h but for ties. */
static void code_once(struct backend *b, struct matrix_view x, const struct coding *c,
                      double *share, double *worst)
{
    struct error err = { 0 };
    struct buffer a = { 0 }, out = { 0 };
    struct coded want = { 0 }, got = { 0 };
    struct matrix plain = filled(x.dtype, x.rows, x.cols, 1),
                  back = filled(x.dtype, x.rows, x.cols, 2);
    bool ok = backend_load(b, x, &a, &err) && backend_code(c, &a, &got, &err) &&
              coding_encode(c, x, &want, &err) && coding_decode(&got, plain.view, &err) &&
              backend_alloc(b, x.dtype, x.rows, x.cols, &out, &err) &&
              backend_decode(&got, &out, &err) && backend_read(&out, back.view, &err);
    double range = 0, step, n = 0;
    if (ok)
        coding_extent(&got, &range, &step);
    for (size_t i = 0; ok && i < x.rows * x.cols; i++) {
        uint32_t p = coded_at(&want, i), q = coded_at(&got, i);
        n += p != q;
        ok = (p > q ? p - q : q - p) <= tolerance.step;
        double e = fabs(matrix_at(plain.view, i / x.cols, i % x.cols) -
                        matrix_at(back.view, i / x.cols, i % x.cols));
        *worst = fmax(*worst, e - tolerance.decode * epsilon(x.dtype) * range);
    }
    *share = ok ? fmax(*share, n / (double)(x.rows * x.cols)) : 1;
    coded_finish(&want);
    coded_finish(&got);
    backend_release(&a);
    backend_release(&out);
    matrix_finish(&plain);
    matrix_finish(&back);
}

static void test_code(struct backend *b, enum dtype dtype)
{
    extern const struct quantizer quantizer_uniform;
    static const int bits[] = { 1, 4, 8, 24 };
    struct matrix x = filled(dtype, 67, 131, 6);
    double share = 0, worst = 0;
    for (int kind = 0; kind < 96; kind++) {
        struct coding c = { &quantizer_uniform,
                            bits[kind % 4],
                            (enum rounding)(kind / 4 % 2),
                            (enum scales)(kind / 8 % 3),
                            kind / 24 % 2,
                            kind / 48 % 2,
                            SEED,
                            STREAM_TEST,
                            3 };
        code_once(b, x.view, &c, &share, &worst);
    }
    printf("# %g of the codes differ\n", share);
    CHECK(share <= (strcmp(backend_name(b), "vulkan") == 0 ? tolerance.codes : 0));
    CHECK(worst <= 0);
    matrix_finish(&x);
}

/* ||a - l r - d||, with a panel border inside, and far too small for the difference of
 * squares: d takes up all but 1e-5 of a - l r. */
static void test_residual(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][3] = { { 1, 1, 1 }, { 40, 70, 9 }, { 1500, 190, 3 }, { 5, 0, 2 } };
    struct error err = { 0 };
    double worst = 0;
    for (size_t s = 0; s < 4; s++) {
        size_t rows = shapes[s][0], cols = shapes[s][1], inner = shapes[s][2];
        struct matrix a = filled(dtype, rows, cols, 7), l = filled(dtype, rows, inner, 8),
                      r = filled(dtype, inner, cols, 9), d = filled(dtype, rows, cols, 10);
        double sum = 0, norm = -1, size = matrix_norm(a.view),
               other = matrix_norm(l.view) * matrix_norm(r.view);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < cols; j++) {
                double e = matrix_at(a.view, i, j), noise = 1e-5 * matrix_at(d.view, i, j);
                for (size_t k = 0; k < inner; k++)
                    e -= matrix_at(l.view, i, k) * matrix_at(r.view, k, j);
                matrix_put(d.view, i, j, e - noise);
                e -= matrix_at(d.view, i, j);
                sum += e * e;
            }
        struct buffer ba = { 0 }, bl = { 0 }, br = { 0 }, bd = { 0 };
        struct buffer_product products[] = { { &bl, &br }, { &bd, NULL } };
        bool ok = backend_load(b, a.view, &ba, &err) && backend_load(b, l.view, &bl, &err) &&
                  backend_load(b, r.view, &br, &err) && backend_load(b, d.view, &bd, &err) &&
                  backend_residual(&ba, products, 2, &norm, &err);
        double e = fabs(norm - sqrt(sum)) - tolerance.residual * epsilon(dtype) * (size + other);
        worst = ok && e <= worst ? worst : fmax(e, worst);
        ok = ok && backend_residual(&ba, NULL, 0, &norm, &err) && fabs(norm - size) <= 1e-14 * size;
        worst = ok ? worst : 1;
        backend_release_all(b);
        matrix_finish(&a);
        matrix_finish(&l);
        matrix_finish(&r);
        matrix_finish(&d);
    }
    CHECK(worst <= 0);
}

/* A view with rows side by side in memory loads and reads like any other. */
static void test_load(struct backend *b, enum dtype dtype)
{
    struct error err = { 0 };
    struct matrix x = filled(dtype, 9, 5, 1), y = filled(dtype, 5, 9, 2),
                  z = filled(dtype, 3, 2, 2);
    struct buffer a = { 0 }, c = { 0 };
    bool ok = backend_load(b, matrix_transposed(x.view), &a, &err) &&
              backend_read(&a, y.view, &err);
    ok = ok && backend_load(b, matrix_block(x.view, 4, 2, 3, 2), &c, &err) &&
         backend_read(&c, z.view, &err);
    size_t wrong = 0;
    for (size_t i = 0; i < 45; i++)
        wrong += matrix_at(x.view, i / 5, i % 5) != matrix_at(y.view, i % 5, i / 5);
    for (size_t i = 0; i < 6; i++)
        wrong += matrix_at(x.view, 4 + i / 2, 2 + i % 2) != matrix_at(z.view, i / 2, i % 2);
    CHECK(ok && wrong == 0);
    backend_release(&a);
    backend_release(&a); /* {0} is fine */
    CHECK(backend_alloc(b, dtype, 3, 2, &a, &err) && backend_read(&a, z.view, &err) &&
          matrix_norm(z.view) == 0);
    backend_release_all(b);
    matrix_finish(&x);
    matrix_finish(&y);
    matrix_finish(&z);
}

static void test_backend(const struct backend_ops *ops)
{
    struct error err = { 0 };
    size_t before = memory_used();
    struct backend *b = backend_start(ops, NULL, &err);
    if (!b) {
        printf("# %s: %s\n", ops->name, err.text);
        CHECK(err.code == ERROR_DEVICE && strcmp(ops->name, "cpu") != 0); /* no such device here */
        return;
    }
    printf("# %s: %s\n", backend_name(b), backend_device(b));
    for (int t = 0; t < 2; t++) {
        test_gemm(b, (enum dtype)t);
        test_gram(b, (enum dtype)t);
        test_fill(b, (enum dtype)t);
        test_code(b, (enum dtype)t);
        test_residual(b, (enum dtype)t);
        test_load(b, (enum dtype)t);
    }
    struct backend_counts n = backend_counts(b);
    const bool offered[OP_COUNT] = { ops->gemm, ops->gram,   ops->fill,
                                     ops->code, ops->decode, ops->residual };
    for (int op = 0; op <= OP_RESIDUAL; op++) {
        bool counts = strcmp(ops->name, "cpu") != 0;
        printf("# %s: %lu on the device, %lu by the processor\n", backend_op_names[op],
               n.device[op], n.fallback[op]);
        CHECK((n.device[op] > 0) == (counts && offered[op]));
        CHECK((n.fallback[op] > 0) == (counts && !offered[op]));
    }
    backend_counts_reset(b);
    n = backend_counts(b);
    CHECK(n.fallback[OP_GEMM] == 0 && n.device[OP_GRAM] == 0);
    backend_close(b);
    CHECK(memory_used() == before);
}

/* A little of everything, for the allocation that fails. */
static bool use(const struct backend_ops *ops, struct matrix_view x, struct error *err)
{
    extern const struct quantizer quantizer_uniform;
    struct coding c = { .quantizer = &quantizer_uniform, .bits = 3, .scales = SCALES_VECTOR };
    struct coded k = { 0 };
    struct buffer a = { 0 }, g = { 0 }, s = { 0 }, y = { 0 }, spare = { 0 };
    double norm;
    struct backend *b = backend_start(ops, NULL, err);
    bool ok = b && backend_load(b, x, &a, err) &&
              backend_alloc(b, DTYPE_F64, x.cols, x.cols, &g, err) && backend_gram(&a, &g, err) &&
              backend_alloc(b, x.dtype, x.cols, 3, &s, err) &&
              backend_fill(SKETCH_SPARSE, 1, STREAM_TEST, 0, 1, &s, err) &&
              backend_alloc(b, x.dtype, x.rows, 3, &y, err) &&
              backend_gemm(&a, false, &s, false, &y, err) && backend_code(&c, &y, &k, err) &&
              backend_decode(&k, &y, err) &&
              backend_residual(&y, &(struct buffer_product){ &y, NULL }, 1, &norm, err);
    for (int i = 0; ok && i < 20; i++) /* more buffers than the list has room for at first */
        ok = backend_alloc(b, DTYPE_F32, 1, 1, &spare, err);
    ok = ok && norm == 0;
    coded_finish(&k);
    backend_close(b);
    return ok;
}

static void test_out_of_memory(const struct backend_ops *ops)
{
    struct matrix x = filled(DTYPE_F32, 12, 7, 1);
    size_t before = memory_used();
    long failed = 0, strange = 0;
    for (bool ok = false; !ok && failed < 500; failed += !ok) {
        struct error err = { 0 };
        memory_fail_after(failed);
        ok = use(ops, x.view, &err);
        memory_fail_after(-1);
        strange += memory_used() != before || (!ok && err.code != ERROR_MEMORY);
    }
    printf("# %s: %ld allocations failed\n", ops->name, failed);
    CHECK(failed > 20 && failed < 500 && strange == 0);
    matrix_finish(&x);
}

static void test_open(void)
{
    struct error err = { 0 };
    struct backend *b = backend_open("auto", NULL, &err);
    CHECK(b && strcmp(backend_name(b), "cpu") == 0 && backend_device(b)[0] != '\0');
    backend_close(b);
    CHECK(!backend_open("abacus", NULL, &err) && err.code == ERROR_USAGE &&
          strstr(err.text, "cpu"));
    CHECK(!backend_open("cpu", "no such processor", &err) && err.code == ERROR_USAGE);
    b = backend_open("cpu", "0", &err);
    CHECK(b != NULL);
    backend_close(b);
    backend_close(NULL);
}

int main(void)
{
    struct backend_ops partial = *backends[0], none;
    printf("# seed %d\n", SEED);
    for (size_t i = 0; backends[i]; i++)
        if (strcmp(backends[i]->name, "cpu") == 0)
            partial = *backends[i];
    none = partial;
    partial.name = "partial";
    partial.gram = NULL;
    partial.code = NULL;
    partial.residual = NULL;
    none.name = "none";
    none.gemm = NULL;
    none.gram = NULL;
    none.fill = NULL;
    none.code = NULL;
    none.decode = NULL;
    none.residual = NULL;
    test_open();
    for (size_t i = 0; backends[i]; i++) {
        test_backend(backends[i]);
        test_out_of_memory(backends[i]);
    }
    test_backend(&partial);
    test_backend(&none);
    test_out_of_memory(&none);
    return check_done();
}
