/* What fills rows up to a multiple of four entries never matters: every operation gives the same
 * bits over zeros and over NaN, and so the same bits twice. Panels are small, so that
 * their borders are crossed. And residuals of what no square holds. */

#include "check.h"
#include "memory.h"
#include "registry.h"
#include "vulkan/vulkan.h"

#include <string.h>

enum { SEED = 91, ROWS = 83, COLS = 45, INNER = 7, WIDEST = 96 };

static struct matrix filled(enum dtype dtype, size_t rows, size_t cols, uint32_t number)
{
    struct error err = { 0 };
    struct matrix m = { 0 };
    matrix_init(&m, dtype, rows, cols, &err);
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, number, 1, m.view);
    return m;
}

/* The entries of m with `padding` behind every row. */
static bool load(struct backend *b, const struct matrix *m, double padding, struct buffer *x,
                 struct error *err)
{
    struct matrix full = { 0 };
    bool ok = backend_load(b, m->view, x, err);
    const struct panels *p = ok ? panels_of(x) : NULL;
    ok = ok && matrix_init(&full, x->dtype, p->rows, p->stride, err);
    for (size_t i = 0; ok && i < p->rows; i++)
        for (size_t j = 0; j < p->stride; j++)
            matrix_put(full.view, i, j, j < p->cols ? matrix_at(m->view, i, j) : padding);
    for (size_t i = 0; ok && i < p->n; i++)
        ok = vulkan_write_rows(
            vulkan_of(x), matrix_block(full.view, i * p->height, 0, panels_rows(p, i), p->stride),
            &p->blocks[i], 0, p->stride, false, err);
    matrix_finish(&full);
    return ok;
}

/* A set of operands, and where results go. */
struct work {
    struct backend *b;
    enum dtype dtype;
    struct buffer a, l, r, batch;
    struct matrix *out;
};

static bool product(struct work *w, bool ta, bool tb, const struct buffer *a,
                    const struct buffer *b, struct error *err)
{
    struct buffer out = { 0 };
    size_t rows = ta ? a->cols : a->rows, cols = tb ? b->rows : b->cols;
    return backend_alloc(w->b, w->dtype, rows, cols, &out, err) &&
           backend_gemm(a, ta, b, tb, &out, err) &&
           matrix_init(w->out, w->dtype, rows, cols, err) && backend_read(&out, w->out->view, err);
}

static bool plain(struct work *w, struct error *err)
{
    return product(w, false, false, &w->l, &w->r, err);
}

static bool left(struct work *w, struct error *err)
{
    return product(w, true, false, &w->a, &w->l, err);
}

static bool right(struct work *w, struct error *err)
{
    return product(w, false, true, &w->a, &w->r, err);
}

static bool both(struct work *w, struct error *err)
{
    return product(w, true, true, &w->r, &w->l, err);
}

static bool gram(struct work *w, struct error *err)
{
    struct buffer out = { 0 };
    return backend_alloc(w->b, DTYPE_F64, COLS, COLS, &out, err) &&
           backend_gram(&w->a, &out, err) && matrix_init(w->out, DTYPE_F64, COLS, COLS, err) &&
           backend_read(&out, w->out->view, err);
}

static bool residual(struct work *w, struct error *err)
{
    struct buffer_product p[] = { { &w->l, &w->r }, { &w->a, NULL } };
    double norms[2];
    bool ok = matrix_init(w->out, DTYPE_F64, 1, 2, err) &&
              backend_residual(&w->a, NULL, 0, &norms[0], err) &&
              backend_residual(&w->a, p, 2, &norms[1], err);
    for (size_t i = 0; ok && i < 2; i++)
        matrix_put(w->out->view, 0, i, norms[i]);
    return ok;
}

static bool subtract(struct work *w, struct error *err)
{
    struct buffer_product p[] = { { &w->l, &w->r }, { &w->a, NULL } };
    struct buffer out = { 0 };
    return backend_alloc(w->b, w->dtype, ROWS, COLS, &out, err) &&
           backend_subtract(&w->a, p, 2, &out, err) &&
           matrix_init(w->out, w->dtype, ROWS, COLS, err) && backend_read(&out, w->out->view, err);
}

static bool reconstruct(struct work *w, size_t rows, size_t cols, struct error *err)
{
    struct buffer_product p[] = { { &w->l, &w->r }, { &w->a, NULL } };
    struct buffer out = { 0 };
    return backend_alloc(w->b, w->dtype, rows, cols, &out, err) &&
           backend_reconstruct(p, 2, &out, err) && matrix_init(w->out, w->dtype, rows, cols, err) &&
           backend_read(&out, w->out->view, err);
}

static bool whole(struct work *w, struct error *err)
{
    return reconstruct(w, ROWS, COLS, err);
}

static bool averaged(struct work *w, struct error *err)
{
    return reconstruct(w, 30, 11, err);
}

static bool code(struct work *w, struct error *err)
{
    extern const struct quantizer quantizer_uniform;
    struct coded x = { 0 };
    bool ok = matrix_init(w->out, DTYPE_F64, ROWS, COLS, err);
    for (int s = 0; ok && s < 3; s++) {
        struct coding c = { .quantizer = &quantizer_uniform, .bits = 9, .scales = (enum scales)s };
        ok = backend_code(&c, &w->a, &x, err);
        for (size_t i = 0; ok && i < ROWS * COLS; i++)
            matrix_put(w->out->view, i / COLS, i % COLS,
                       matrix_at(w->out->view, i / COLS, i % COLS) * 512 + coded_at(&x, i));
        coded_finish(&x);
    }
    return ok;
}

static bool eigen(struct work *w, struct error *err)
{
    struct buffer out = { 0 };
    return backend_alloc(w->b, w->dtype, 3, 5, &out, err) &&
           backend_eigen(FIELD_REAL, &w->batch, &out, err) &&
           matrix_init(w->out, w->dtype, 3, 5, err) && backend_read(&out, w->out->view, err);
}

static const struct {
    const char *name;
    bool (*run)(struct work *w, struct error *err);
} operations[] = {
    { "l r", plain },         { "a^T l", left },        { "a r^T", right },
    { "r^T l^T", both },      { "gram", gram },         { "residual", residual },
    { "subtract", subtract }, { "reconstruct", whole }, { "averaged", averaged },
    { "code", code },         { "eigen", eigen },
};

static bool once(struct backend *b, enum dtype dtype, double padding, size_t op, struct matrix *out)
{
    struct error err = { 0 };
    struct matrix a = filled(dtype, ROWS, COLS, 1), l = filled(dtype, ROWS, INNER, 2),
                  r = filled(dtype, INNER, COLS, 3), batch = filled(dtype, 15, 5, 4);
    struct work w = { .b = b, .dtype = dtype, .out = out };
    bool ok = load(b, &a, padding, &w.a, &err) && load(b, &l, padding, &w.l, &err) &&
              load(b, &r, padding, &w.r, &err) && load(b, &batch, padding, &w.batch, &err) &&
              operations[op].run(&w, &err);
    if (!ok)
        printf("# %s: %s\n", operations[op].name, err.text);
    backend_release_all(b);
    matrix_finish(&a);
    matrix_finish(&l);
    matrix_finish(&r);
    matrix_finish(&batch);
    return ok;
}

static void test_padding(struct backend *b, enum dtype dtype)
{
    size_t wrong = 0;
    for (size_t op = 0; op < sizeof(operations) / sizeof(operations[0]); op++) {
        struct matrix zeros = { 0 }, nans = { 0 };
        size_t differ = 0;
        bool ok = once(b, dtype, 0, op, &zeros) && once(b, dtype, (double)NAN, op, &nans);
        for (size_t i = 0; ok && i < zeros.view.rows; i++)
            for (size_t j = 0; j < zeros.view.cols; j++)
                differ += !(matrix_at(zeros.view, i, j) == matrix_at(nans.view, i, j));
        if (!ok || differ)
            printf("# %s: %zu entries depend on the padding\n", operations[op].name, differ);
        wrong += !ok || differ;
        matrix_finish(&zeros);
        matrix_finish(&nans);
    }
    CHECK(wrong == 0);
}

/* Entries near the ends of a type's range, and NaN. */
static void test_ends(struct backend *b, enum dtype dtype)
{
    static const double scales[2][4] = { { 1e37, 1e-36, 1e-42, 0 }, { 1e300, 1e-300, 1e-310, 0 } };
    struct error err = { 0 };
    double worst = 0, norm;
    for (int i = 0; i < 4; i++) {
        struct matrix a = filled(dtype, ROWS, COLS, 1);
        random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, 1, scales[dtype][i], a.view);
        struct buffer x = { 0 };
        double want = matrix_norm(a.view);
        bool ok = backend_load(b, a.view, &x, &err) && backend_residual(&x, NULL, 0, &norm, &err);
        double e = ok ? fabs(norm - want) / (want > 0 ? want : 1) : 1;
        worst = e <= worst ? worst : e;
        matrix_put(a.view, 3, 40, (double)NAN);
        backend_release(&x);
        ok = ok && backend_load(b, a.view, &x, &err) &&
             backend_residual(&x, NULL, 0, &norm, &err) && isnan(norm);
        worst = ok ? worst : 1;
        backend_release_all(b);
        matrix_finish(&a);
    }
    printf("# residuals off by %g of themselves\n", worst);
    CHECK(worst <= 1e-12);
}

int main(void)
{
    extern const struct backend_ops backend_vulkan;
    struct error err = { 0 };
    vulkan_testing.validate = true;
    for (int t = 0; t < 2; t++) {
        vulkan_testing.binding = VULKAN_PANEL_ROWS * WIDEST * dtype_size((enum dtype)t);
        struct backend *b = backend_start(&backend_vulkan, NULL, &err);
        if (!b) {
            printf("1..0 # SKIP no Vulkan device, or no validation layer\n");
            return 0;
        }
        printf("# %s\n", backend_device(b));
        test_padding(b, (enum dtype)t);
        test_ends(b, (enum dtype)t);
        backend_close(b);
    }
    CHECK(vulkan_testing.messages == 0);
    CHECK(memory_used() == 0);
    return check_done();
}
