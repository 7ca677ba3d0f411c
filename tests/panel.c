#include "panel.h"
#include "check.h"
#include "lab.h"

/* Bases of tall panels against their definition, and who does the work. The contract is that of
 * every backend; double precision is held to the same multiple of its epsilon. */

static const struct {
    double orthogonality; /* ||Q^T Q - I||_2 */
    double span;          /* ||A - Q Q^T A|| / ||A|| */
} tolerance[] = { [DTYPE_F32] = { 1e-6, 1e-6 }, [DTYPE_F64] = { 4e-15, 4e-15 } };

/* Watches what is brought back from a backend; the processor then plays a device. */
static const struct backend_ops *watched;
static size_t most_read;

static bool spying_read(const struct buffer *x, struct matrix_view to, struct error *err)
{
    most_read = x->rows > most_read ? x->rows : most_read;
    return watched->read(x, to, err);
}

static struct matrix in_f64(struct matrix_view a)
{
    struct matrix m = lab_matrix(DTYPE_F64, a.rows, a.cols);
    matrix_copy(a, m.view);
    return m;
}

static double departure(struct matrix_view q)
{
    struct matrix wide = in_f64(q), g = lab_matrix(DTYPE_F64, q.cols, q.cols);
    struct error err = { 0 };
    double *sigma = malloc(q.cols * sizeof(*sigma));
    blas_gemm(matrix_transposed(wide.view), wide.view, g.view);
    for (size_t i = 0; i < q.cols; i++)
        matrix_put(g.view, i, i, matrix_at(g.view, i, i) - 1);
    double worst = linalg_singular_values(g.view, sigma, &err) ? sigma[0] : (double)NAN;
    free(sigma);
    matrix_finish(&g);
    matrix_finish(&wide);
    return worst;
}

static double outside(struct matrix_view a, struct matrix_view q)
{
    struct matrix rest = in_f64(a), basis = in_f64(q), c = lab_matrix(DTYPE_F64, q.cols, a.cols);
    double norm = matrix_norm(a);
    blas_gemm(matrix_transposed(basis.view), rest.view, c.view);
    blas_gemm_add(-1, basis.view, c.view, rest.view);
    double left = norm > 0 ? matrix_norm(rest.view) / norm : 0;
    matrix_finish(&rest);
    matrix_finish(&basis);
    matrix_finish(&c);
    return left;
}

struct worst {
    double orthogonality, span;
};

/* Orthonormalizes a and takes note of how well. */
static void basis(struct backend *b, struct matrix_view a, struct worst *w)
{
    struct matrix q = lab_matrix(a.dtype, a.rows, a.cols);
    struct buffer x = { 0 }, y = { 0 };
    struct error err = { 0 };
    most_read = 0;
    bool ok = backend_load(b, a, &x, &err) && panel_orthonormalize(b, &x, &y, &err);
    size_t read = most_read;
    ok = ok && backend_read(&y, q.view, &err);
    most_read = read;
    w->orthogonality = fmax(w->orthogonality, ok ? departure(q.view) : (double)INFINITY);
    w->span = fmax(w->span, ok ? outside(a, q.view) : (double)INFINITY);
    backend_release(&x);
    backend_release(&y);
    matrix_finish(&q);
}

static void judge(const char *what, enum dtype dtype, const struct worst *w)
{
    printf("# %s, f%d: %.2e from orthonormal, %.2e out of the span\n", what,
           dtype == DTYPE_F64 ? 64 : 32, w->orthogonality, w->span);
    CHECK(w->orthogonality <= tolerance[dtype].orthogonality);
    CHECK(w->span <= tolerance[dtype].span);
}

static double kappa;
static size_t columns;

static double graded(size_t i)
{
    return pow(kappa, -(double)(i - 1) / (double)(columns - 1));
}

/* Up to 1e7 the panel stays where it is; beyond, the result must be as good. */
static void conditions(struct backend *b, enum dtype dtype, size_t rows, size_t cols)
{
    struct worst w = { 0 };
    bool stays = true;
    columns = cols;
    for (kappa = 10; kappa < 2e12; kappa *= 10) {
        struct matrix a = lab_spectrum(dtype, rows, cols, 4, graded);
        basis(b, a.view, &w);
        stays = stays && (kappa > 2e7 || most_read == cols);
        matrix_finish(&a);
    }
    judge("conditions 1e1 to 1e12", dtype, &w);
    CHECK(stays);
}

/* Entry j of row i of matrices that lack columns, or are badly scaled. */
static double repeated(size_t i, size_t j)
{
    return sin((double)(i * (1 + j / 3)));
}

static double nothing(size_t i, size_t j)
{
    (void)i, (void)j;
    return 0;
}

static double one_column(size_t i, size_t j)
{
    return j == 2 ? 1 + (double)i : 0;
}

static double huge(size_t i, size_t j)
{
    return 1e25 * sin((double)(i * (1 + j)));
}

static double tiny(size_t i, size_t j)
{
    return 1e-25 * sin((double)(i * (1 + j)));
}

static double unequal(size_t i, size_t j)
{
    return pow(10, 4 * (double)(j % 12) - 20) * sin((double)(i * (1 + j)));
}

static void deficient(struct backend *b, enum dtype dtype)
{
    static const struct {
        const char *name;
        double (*entry)(size_t i, size_t j);
    } kinds[] = { { "columns three times each", repeated },
                  { "zero", nothing },
                  { "one column", one_column },
                  { "entries of 1e25", huge },
                  { "entries of 1e-25", tiny },
                  { "columns of 1e-20 to 1e24", unequal } };
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        struct worst w = { 0 };
        struct matrix a = lab_matrix(dtype, 101, 24);
        for (size_t i = 0; i < 101; i++)
            for (size_t j = 0; j < 24; j++)
                matrix_put(a.view, i, j, kinds[k].entry(i, j));
        basis(b, a.view, &w);
        judge(kinds[k].name, dtype, &w);
        matrix_finish(&a);
    }
}

static void edges(struct backend *b, enum dtype dtype)
{
    static const size_t shapes[][2] = { { 1, 1 }, { 5, 1 }, { 24, 24 }, { 3, 0 }, { 0, 0 } };
    struct worst w = { 0 };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct matrix a = lab_matrix(dtype, shapes[i][0], shapes[i][1]);
        random_fill(SKETCH_GAUSSIAN, 9, STREAM_TEST, 0, 1, a.view);
        if (shapes[i][1])
            basis(b, a.view, &w);
        struct buffer x = { 0 }, q = { 0 };
        struct error err = { 0 };
        CHECK(backend_load(b, a.view, &x, &err) && panel_orthonormalize(b, &x, &q, &err) &&
              q.rows == x.rows && q.cols == x.cols);
        backend_release_all(b);
        matrix_finish(&a);
    }
    judge("small ones", dtype, &w);
    struct matrix a = lab_matrix(dtype, 9, 3);
    struct buffer x = { 0 }, q = { 0 };
    struct error err = { 0 };
    matrix_put(a.view, 4, 1, (double)NAN);
    CHECK(backend_load(b, a.view, &x, &err) && !panel_orthonormalize(b, &x, &q, &err) &&
          err.code == ERROR_FORMAT && !q.memory);
    backend_release_all(b);
    matrix_finish(&a);
}

/* Every allocation of both roads fails once. */
static void failing(struct backend *b)
{
    long failed = 0, strange = 0;
    for (int lacking = 0; lacking < 2; lacking++) {
        struct matrix a = lab_matrix(DTYPE_F32, 30, 4);
        for (size_t i = 0; i < 120; i++)
            matrix_put(a.view, i / 4, i % 4, repeated(i / 4, lacking ? 0 : 3 * (i % 4)));
        size_t before = memory_used();
        bool done = false;
        for (long n = 0; !done && n < 1000; n++) {
            struct buffer x = { 0 }, q = { 0 };
            struct error err = { 0 };
            memory_fail_after(n);
            done = backend_load(b, a.view, &x, &err) && panel_orthonormalize(b, &x, &q, &err);
            memory_fail_after(-1);
            failed += !done;
            strange += !done && err.code != ERROR_MEMORY;
            backend_release(&x);
            backend_release(&q);
            strange += memory_used() != before || b->n_live;
        }
        strange += !done;
        matrix_finish(&a);
    }
    printf("# %ld allocations failed\n", failed);
    CHECK(failed > 20 && strange == 0);
}

static void ask(const struct backend_ops *ops)
{
    struct backend_ops spying = *ops;
    struct error err = { 0 };
    spying.read = spying_read;
    watched = ops;
    struct backend *b = backend_start(&spying, NULL, &err);
    if (!b) {
        printf("# %s: %s\n", ops->name, err.text);
        CHECK(err.code == ERROR_DEVICE && strcmp(ops->name, "cpu") != 0); /* no such device here */
        return;
    }
    printf("# %s: %s\n", ops->name, backend_device(b));
    for (int t = 0; t < 2; t++) {
        enum dtype dtype = (enum dtype)t;
        if (ops->offers && !ops->offers(b, OP_GRAM, dtype))
            continue;
        conditions(b, dtype, 400, 24);
        deficient(b, dtype);
        edges(b, dtype);
    }
    if (strcmp(ops->name, "cpu") == 0)
        conditions(b, DTYPE_F32, 4096, 74);
    struct backend_counts n = backend_counts(b);
    CHECK(n.device[OP_GRAM] && n.device[OP_GEMM] && !n.fallback[OP_GRAM] && !n.fallback[OP_GEMM]);
    backend_close(b);
}

int main(void)
{
    struct lab l;
    for (size_t i = 0; backends[i]; i++)
        ask(backends[i]);
    lab_open(&l);
    failing(l.backend);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
