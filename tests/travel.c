#include "check.h"
#include "lab.h"

/* What travels between processor and device while a method runs, and what it costs: the processor
 * plays the device, and every call is watched. */

enum { ROWS = 1100, COLS = 1040, RANK = 20 };

extern const struct backend_ops backend_cpu;

static struct {
    const void *whole;      /* the matrix, in the processor's memory */
    size_t loads;           /* of it */
    size_t loaded, brought; /* entries of anything else to the device, and of all from it */
    size_t largest;         /* entries of the largest that came */
    double flops;           /* of products with the whole matrix */
} seen;

static bool watch_load(struct backend *b, struct matrix_view from, struct buffer *x,
                       struct error *err)
{
    if (from.data == seen.whole)
        seen.loads++;
    else
        seen.loaded += from.rows * from.cols;
    return backend_cpu.load(b, from, x, err);
}

static bool watch_read(const struct buffer *x, struct matrix_view to, struct error *err)
{
    size_t n = x->rows * x->cols;
    seen.brought += n;
    seen.largest = n > seen.largest ? n : seen.largest;
    return backend_cpu.read(x, to, err);
}

static bool whole(const struct buffer *x)
{
    return x->rows == ROWS && x->cols == COLS;
}

static bool watch_gemm(const struct buffer *a, bool a_transposed, const struct buffer *b,
                       bool b_transposed, struct buffer *out, struct error *err)
{
    double inner = (double)(a_transposed ? a->rows : a->cols);
    if (whole(a) || whole(b))
        seen.flops += 2 * (double)out->rows * (double)out->cols * inner;
    return backend_cpu.gemm(a, a_transposed, b, b_transposed, out, err);
}

static bool watch_residual(const struct buffer *a, const struct buffer_product *products, size_t n,
                           double *norm, struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (products[i].right)
            seen.flops += 2 * (double)a->rows * (double)a->cols * (double)products[i].left->cols;
    return backend_cpu.residual(a, products, n, norm, err);
}

static bool watch_subtract(const struct buffer *a, const struct buffer_product *products, size_t n,
                           struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (products[i].right)
            seen.flops += 2 * (double)a->rows * (double)a->cols * (double)products[i].left->cols;
    return backend_cpu.subtract(a, products, n, out, err);
}

/* Rank 24 and some noise: block Lanczos settles on it. */
static struct matrix made(void)
{
    struct matrix a = lab_matrix(DTYPE_F32, ROWS, COLS);
    struct matrix l = lab_matrix(DTYPE_F32, ROWS, 24), r = lab_matrix(DTYPE_F32, 24, COLS);
    random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, 0, 0.05, a.view);
    random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, 1, 1, l.view);
    random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, 2, 1, r.view);
    blas_gemm_add(1, l.view, r.view, a.view);
    matrix_finish(&l);
    matrix_finish(&r);
    return a;
}

/* One run; whatever approximate() measures in the end is not the method's. */
static void run(struct lab *l, const struct method *m, const char *text, struct matrix_view a)
{
    struct params_any params = lab_params(m, false, "");
    lab_set(m, &params, text, true);
    memset(&seen, 0, sizeof(seen));
    seen.whole = a.data;
    struct approximation out = lab_run(l, m, &params, a, NULL);
    size_t rank = out.results[0].rank, rounds = out.results[0].rounds;
    double whole_product = 2.0 * ROWS * COLS * (double)rank, flops = seen.flops - whole_product;
    const struct param *row = param_find(&m->params, "rounds");
    const struct param *inner = param_find(&m->params, "inner_rounds");
    if (row) /* it may have settled before the last */
        param_put(row, params.bytes, (double)rounds);
    double told = m->flops ? m->flops(params.bytes, ROWS, COLS) : 0;
    double turns = ((double)rounds + 4) * (inner ? 1 + param_get(inner, params.bytes)
                                           : m->flags & METHOD_DENSE ? 2
                                                                     : 1);
    printf("# %s %s: %zu loads, thin panels %zu there and %zu back; %.3g flops, %.3g told\n",
           m->name, text, seen.loads, seen.loaded, seen.brought, flops, told);
    CHECK(seen.loads == 1);
    CHECK(seen.largest <= ROWS * (size_t)(RANK + 32));
    /* each panel a few times at most, for each round, within it, or Lanczos step */
    CHECK((double)seen.brought <= 12 * turns * (ROWS + COLS) * RANK);
    CHECK(told == 0 ? flops == 0 : flops >= 0.25 * told && flops <= 1.01 * told);
    approximation_finish(&out);
}

int main(void)
{
    struct backend_ops watched = backend_cpu;
    struct lab l;
    struct error err = { 0 };
    watched.name = "watched";
    watched.load = watch_load;
    watched.read = watch_read;
    watched.gemm = watch_gemm;
    watched.residual = watch_residual;
    watched.subtract = watch_subtract;
    lab_open(&l);
    struct backend *processor = l.backend;
    l.backend = l.job.backend = backend_start(&watched, NULL, &err);
    if (!l.backend)
        return 1;
    struct matrix a = made();
    for (size_t i = 0; methods[i]; i++) {
        if (methods[i]->flags & METHOD_SANDBOX)
            continue; /* one product, of the processor's; the noise comes back whole */
        run(&l, methods[i], "rank=20 bits-per-entry=0.045", a.view);
        if (param_find(&methods[i]->params, "rounds"))
            run(&l, methods[i], "rank=20 rounds=3 bits-per-entry=0.045", a.view);
        if (param_find(&methods[i]->params, "power"))
            run(&l, methods[i], "rank=20 power=3 oversampling=5", a.view);
    }
    matrix_finish(&a);
    backend_close(processor);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
