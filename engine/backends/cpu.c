/* The processor: OpenBLAS and plain loops. The table every other is tested against. */

#include "backend.h"
#include "blas.h"
#include "cancel.h"
#include "exact.h"
#include "hadamard.h"
#include "memory.h"
#include "preview.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { PANEL = 1 << 18 }; /* entries of a residual computed at a time */

struct cpu {
    struct backend base;
    char device[128];
};

/* What buffer::memory points to. */
struct entries {
    struct matrix own; /* empty when borrowed */
    struct matrix_view view;
};

static struct matrix_view view(const struct buffer *x)
{
    return ((const struct entries *)x->memory)->view;
}

static struct matrix_view oriented(const struct buffer *x, bool transposed)
{
    return transposed ? matrix_transposed(view(x)) : view(x);
}

/* "model name : AMD EPYC ..." on x86; elsewhere the kind of machine must do. */
static void find_device(char *text, size_t size)
{
    struct utsname machine;
    snprintf(text, size, "%s processor", uname(&machine) == 0 ? machine.machine : "unknown");
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[256];
    while (f && fgets(line, sizeof(line), f)) {
        char *value = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        if (!value || strlen(value) < 3)
            continue;
        value[strcspn(value, "\n")] = '\0';
        snprintf(text, size, "%s", value + 2);
        break;
    }
    if (f)
        fclose(f);
}

static struct backend *cpu_open(const char *device, struct error *err)
{
    struct cpu *c = memory_alloc(sizeof(*c), err);
    if (!c)
        return NULL;
    find_device(c->device, sizeof(c->device));
    if (device && !backend_device_is(device, 0, c->device)) {
        fail(err, ERROR_USAGE, "no processor is called \"%s\"; there is 0: %s", device, c->device);
        memory_free(c);
        return NULL;
    }
    return &c->base;
}

static bool cpu_survey(void (*tell)(void *context, const struct device_facts *facts), void *context,
                       struct error *err)
{
    (void)err;
    char name[128];
    uint64_t memory = memory_machine();
    find_device(name, sizeof(name));
    tell(context, &(struct device_facts){ .name = name,
                                          .type = "processor",
                                          .driver = blas_name(),
                                          .api = "",
                                          .binding = memory,
                                          .memory = memory,
                                          .f64 = true });
    return true;
}

static void cpu_close(struct backend *b)
{
    memory_free(b);
}

static const char *cpu_device(const struct backend *b)
{
    return ((const struct cpu *)b)->device;
}

static bool cpu_alloc(struct backend *b, struct buffer *x, struct error *err)
{
    (void)b;
    struct entries *e = memory_alloc(sizeof(*e), err);
    if (!e)
        return false;
    if (!matrix_init(&e->own, x->dtype, x->rows, x->cols, err)) {
        memory_free(e);
        return false;
    }
    e->view = e->own.view;
    x->memory = e;
    return true;
}

static void cpu_release(struct buffer *x)
{
    struct entries *e = x->memory;
    matrix_finish(&e->own);
    memory_free(e);
}

static bool cpu_load(struct backend *b, struct matrix_view from, struct buffer *x,
                     struct error *err)
{
    if (from.col_stride != 1) { /* buffers are row-major */
        if (!cpu_alloc(b, x, err))
            return false;
        matrix_copy(from, view(x));
        return true;
    }
    struct entries *e = memory_alloc(sizeof(*e), err);
    if (!e)
        return false;
    e->view = from;
    x->memory = e;
    return true;
}

static bool cpu_read(const struct buffer *x, struct matrix_view to, struct error *err)
{
    (void)err;
    matrix_copy(view(x), to);
    return true;
}

static bool cpu_gemm(const struct buffer *a, bool a_transposed, const struct buffer *b,
                     bool b_transposed, struct buffer *out, struct error *err)
{
    struct matrix_view x = oriented(a, a_transposed), y = oriented(b, b_transposed);
    if (out->dtype != a->dtype)
        return blas_gemm_wide(x, y, view(out), err);
    blas_gemm(x, y, view(out));
    return true;
}

static bool cpu_gram(const struct buffer *a, struct buffer *out, struct error *err)
{
    return blas_gram(view(a), view(out), err);
}

static bool cpu_fill(enum sketch_kind kind, uint64_t seed, enum stream stream, uint32_t matrix,
                     double scale, struct buffer *out, struct error *err)
{
    (void)err;
    random_fill(kind, seed, stream, matrix, scale, view(out));
    return true;
}

static bool cpu_code(const struct coding *c, const struct buffer *a, struct coded *out,
                     struct error *err)
{
    return coding_encode(c, view(a), out, err);
}

static bool cpu_decode(const struct coded *x, struct buffer *out, struct error *err)
{
    return coding_decode(x, view(out), err);
}

/* to += sign b, sign 1 or -1 */
static void add(int sign, struct matrix_view b, struct matrix_view to)
{
    for (size_t i = 0; i < to.rows; i++)
        if (to.dtype == DTYPE_F64) {
            double *p = (double *)to.data + i * to.row_stride;
            const double *q = (const double *)b.data + i * b.row_stride;
            for (size_t j = 0; j < to.cols; j++)
                p[j] += sign * q[j];
        } else {
            float *p = (float *)to.data + i * to.row_stride;
            const float *q = (const float *)b.data + i * b.row_stride;
            for (size_t j = 0; j < to.cols; j++)
                p[j] += (float)sign * q[j];
        }
}

/* Rows first .. first + d.rows of a minus those of the products, into d. */
static void subtract_rows(const struct buffer *a, const struct buffer_product *products, size_t n,
                          size_t first, struct matrix_view d)
{
    matrix_copy(matrix_block(view(a), first, 0, d.rows, d.cols), d);
    for (size_t i = 0; i < n; i++) {
        const struct buffer *left = products[i].left, *right = products[i].right;
        struct matrix_view rows = matrix_block(view(left), first, 0, d.rows, left->cols);
        if (right)
            blas_gemm_add(-1, rows, view(right), d);
        else
            add(-1, rows, d);
    }
}

static bool cpu_residual(const struct buffer *a, const struct buffer_product *products, size_t n,
                         double *norm, struct error *err)
{
    struct matrix panel = { 0 };
    size_t height = PANEL / (a->cols ? a->cols : 1) + 1;
    if (height > a->rows)
        height = a->rows;
    double sum = 0;
    bool ok = matrix_init(&panel, a->dtype, height, a->cols, err);
    for (size_t i = 0; ok && i < a->rows; i += height) {
        size_t rows = a->rows - i < height ? a->rows - i : height;
        struct matrix_view d = matrix_block(panel.view, 0, 0, rows, a->cols);
        subtract_rows(a, products, n, i, d);
        sum = hypot(sum, matrix_norm(d)); /* squares of large or tiny entries leave the range */
        ok = cancel_none(err);
    }
    *norm = sum;
    matrix_finish(&panel);
    return ok;
}

/* d -= l r in single precision, the product in double: an entry is rounded once, so that it does
 * not depend on the order of sums, which codes of what is left would. */
static bool take_wide(struct matrix_view l, struct matrix_view r, struct matrix_view d,
                      struct error *err)
{
    struct matrix panel = { 0 };
    size_t height = PANEL / (d.cols ? d.cols : 1) + 1;
    height = height < d.rows ? height : d.rows;
    bool ok = matrix_init(&panel, DTYPE_F64, height, d.cols, err);
    for (size_t i = 0, n; ok && i < d.rows; i += n) {
        n = d.rows - i < height ? d.rows - i : height;
        struct matrix_view p = matrix_block(panel.view, 0, 0, n, d.cols);
        ok = blas_gemm_wide(matrix_block(l, i, 0, n, l.cols), r, p, err);
        for (size_t row = 0; ok && row < n; row++) {
            float *to = (float *)d.data + (i + row) * d.row_stride;
            const double *from = (const double *)p.data + row * p.row_stride;
            for (size_t j = 0; j < d.cols; j++)
                to[j] = (float)((double)to[j] - from[j]);
        }
    }
    matrix_finish(&panel);
    return ok;
}

static bool cpu_subtract(const struct buffer *a, const struct buffer_product *products, size_t n,
                         struct buffer *out, struct error *err)
{
    struct matrix_view d = view(out);
    bool ok = true;
    if (out->dtype == DTYPE_F64) {
        subtract_rows(a, products, n, 0, d);
        return true;
    }
    matrix_copy(view(a), d);
    for (size_t i = 0; ok && i < n; i++)
        if (products[i].right && products[i].left->cols)
            ok = take_wide(view(products[i].left), view(products[i].right), d, err);
        else if (!products[i].right)
            add(-1, view(products[i].left), d);
    return ok;
}

static bool cpu_hadamard(const struct buffer *x, uint64_t seed, bool inverse, struct buffer *out,
                         struct error *err)
{
    (void)err;
    hadamard_rows(view(x), seed, inverse, view(out));
    return true;
}

static bool same_shape(struct matrix_view a, size_t rows, size_t cols)
{
    return a.rows == rows && a.cols == cols;
}

/* *to = a, averaged into rows x cols where that is not its shape. */
static bool shrink(struct matrix_view a, size_t rows, size_t cols, struct matrix *store,
                   struct matrix_view *to, struct error *err)
{
    *to = a;
    if (same_shape(a, rows, cols))
        return true;
    if (!matrix_init(store, a.dtype, rows, cols, err))
        return false;
    *to = store->view;
    return preview_resample(a, store->view, err);
}

static bool add_product(const struct buffer_product *p, struct matrix_view out, struct error *err)
{
    struct matrix store[2] = { 0 };
    struct matrix_view left, right;
    size_t inner = p->right ? p->left->cols : out.cols;
    bool ok = shrink(view(p->left), out.rows, inner, &store[0], &left, err) &&
              (!p->right || shrink(view(p->right), inner, out.cols, &store[1], &right, err));
    if (ok && p->right)
        blas_gemm_add(1, left, right, out);
    else if (ok)
        add(1, left, out);
    matrix_finish(&store[0]);
    matrix_finish(&store[1]);
    return ok;
}

static bool cpu_reconstruct(const struct buffer_product *products, size_t n, struct buffer *out,
                            struct error *err)
{
    struct matrix_view to = view(out);
    for (size_t i = 0; i < to.rows; i++)
        memset((char *)to.data + i * to.row_stride * dtype_size(to.dtype), 0,
               to.cols * dtype_size(to.dtype));
    for (size_t i = 0; i < n; i++)
        if (!add_product(&products[i], to, err))
            return false;
    return true;
}

static bool cpu_gram_exact(struct backend *b, const int32_t *rows, size_t n, size_t d, int64_t *out,
                           struct error *err)
{
    (void)b, (void)err;
    exact_gram(rows, n, d, out);
    return true;
}

static bool cpu_noise(enum field field, uint64_t seed, uint32_t first, double deviation,
                      struct buffer *out, struct error *err)
{
    (void)err;
    ensemble_noise(field, seed, first, deviation, view(out));
    return true;
}

static bool cpu_eigen(enum field field, const struct buffer *x, struct buffer *out,
                      struct error *err)
{
    (void)err;
    ensemble_eigen(field, view(x), view(out));
    return true;
}

const struct backend_ops backend_cpu = {
    .name = "cpu",
    .summary = "the processor, through OpenBLAS",
    .open = cpu_open,
    .close = cpu_close,
    .device = cpu_device,
    .survey = cpu_survey,
    .alloc = cpu_alloc,
    .release = cpu_release,
    .load = cpu_load,
    .read = cpu_read,
    .gemm = cpu_gemm,
    .gram = cpu_gram,
    .fill = cpu_fill,
    .code = cpu_code,
    .decode = cpu_decode,
    .residual = cpu_residual,
    .subtract = cpu_subtract,
    .hadamard = cpu_hadamard,
    .reconstruct = cpu_reconstruct,
    .gram_exact = cpu_gram_exact,
    .noise = cpu_noise,
    .eigen = cpu_eigen,
};
