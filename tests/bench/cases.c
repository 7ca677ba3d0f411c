#include "bench.h"

#include "panel.h"
#include "preview.h"

/* The entries that errors are taken over: every row of a small answer, some of a large one. */
enum { SAMPLE = 8 };

extern const struct quantizer quantizer_uniform;

static bool host(struct bench *b, size_t rows, size_t cols, uint32_t number,
                 struct matrix_view *out, struct error *err)
{
    if (!arena_matrix(&b->arena, DTYPE_F32, rows, cols, out, err))
        return false;
    random_fill(SKETCH_GAUSSIAN, 7, STREAM_TEST, number, 1, *out);
    return true;
}

static bool operands(struct bench *b, size_t rows, size_t cols, size_t x_rows, size_t x_cols,
                     struct error *err)
{
    return host(b, rows, cols, 1, &b->a, err) && host(b, x_rows, x_cols, 2, &b->x, err) &&
           backend_load(b->lab.backend, b->a, &b->ba, err) &&
           backend_load(b->lab.backend, b->x, &b->bx, err);
}

static bool answer(struct bench *b, enum dtype dtype, size_t rows, size_t cols, struct error *err)
{
    return arena_matrix(&b->arena, dtype, rows, cols, &b->y, err) &&
           backend_alloc(b->lab.backend, dtype, rows, cols, &b->by, err);
}

/* ||y - x|| / ||x|| over rows first, first + step, ... of y. */
struct difference {
    double square, norm;
};

static void differ(struct difference *d, double got, double want)
{
    d->square += (got - want) * (got - want);
    d->norm += want * want;
}

static double relative(const struct difference *d)
{
    return d->norm > 0 ? sqrt(d->square / d->norm) : sqrt(d->square);
}

static void compare(struct matrix_view got, struct matrix_view want, struct difference *d)
{
    for (size_t i = 0; i < got.rows; i++)
        for (size_t j = 0; j < got.cols; j++)
            differ(d, matrix_at(got, i, j), matrix_at(want, i, j));
}

/* Some rows of op(a) x in double precision, against y. */
static void compare_product(struct matrix_view a, struct matrix_view x, struct matrix_view y,
                            struct difference *d)
{
    size_t step = y.rows / SAMPLE + 1;
    for (size_t i = 0; i < y.rows; i += step)
        for (size_t j = 0; j < y.cols; j++) {
            double sum = 0;
            for (size_t k = 0; k < a.cols; k++)
                sum += matrix_at(a, i, k) * matrix_at(x, k, j);
            differ(d, matrix_at(y, i, j), sum);
        }
}

static bool read_answer(struct bench *b, struct error *err)
{
    return backend_read(&b->by, b->y, err);
}

static double product_flops(const struct bench_case *c)
{
    return 2 * (double)c->rows * (double)c->cols * (double)c->inner;
}

/* ---- products ---- */

static bool gemm_prepare(struct bench *b, struct error *err)
{
    const struct bench_case *c = b->c;
    b->flops = product_flops(c);
    return operands(b, c->rows, c->inner, c->inner, c->cols, err) &&
           answer(b, DTYPE_F32, c->rows, c->cols, err);
}

static bool gemm_run(struct bench *b, struct error *err)
{
    return backend_gemm(&b->ba, false, &b->bx, false, &b->by, err);
}

static bool gemm_check(struct bench *b, double *error, struct error *err)
{
    struct difference d = { 0 };
    if (!read_answer(b, err))
        return false;
    compare_product(b->a, b->x, b->y, &d);
    *error = relative(&d);
    return true;
}

static const struct bench_kind gemm = { gemm_prepare, NULL, gemm_run, gemm_check, false };

/* ---- a vector through the matrix, or through its factors ---- */

/* A x, or L (R x) with L rows x inner and R inner x cols: Saha et al. 2023, the timing figure of the
 * released code. Dense factors: nothing is decoded on the way. */
static bool apply_prepare(struct bench *b, struct error *err)
{
    const struct bench_case *c = b->c;
    size_t rank = c->inner, width = rank ? rank : c->cols;
    struct matrix_view x;
    b->flops = 2 * (rank ? (double)rank * (double)(c->rows + c->cols)
                         : (double)c->rows * (double)c->cols);
    b->bytes = 2 * b->flops;
    if (!host(b, c->cols, 1, 3, &x, err) ||
        !operands(b, c->rows, width, rank ? rank : c->cols, rank ? c->cols : 1, err) ||
        !backend_load(b->lab.backend, x, &b->bv, err) || !answer(b, DTYPE_F32, c->rows, 1, err))
        return false;
    return !rank || backend_alloc(b->lab.backend, DTYPE_F32, rank, 1, &b->bw, err);
}

static bool apply_run(struct bench *b, struct error *err)
{
    return b->c->inner ? backend_gemm(&b->bx, false, &b->bv, false, &b->bw, err) &&
                             backend_gemm(&b->ba, false, &b->bw, false, &b->by, err)
                       : backend_gemm(&b->ba, false, &b->bv, false, &b->by, err);
}

/* The same sums in double precision. */
static bool apply_check(struct bench *b, double *error, struct error *err)
{
    const struct bench_case *c = b->c;
    struct difference d = { 0 };
    struct matrix_view v, through;
    if (!read_answer(b, err) || !arena_matrix(&b->arena, DTYPE_F32, c->cols, 1, &v, err) ||
        !backend_read(&b->bv, v, err))
        return false;
    if (c->inner) {
        if (!arena_matrix(&b->arena, DTYPE_F64, c->inner, 1, &through, err))
            return false;
        for (size_t i = 0; i < c->inner; i++) {
            double sum = 0;
            for (size_t k = 0; k < c->cols; k++)
                sum += matrix_at(b->x, i, k) * matrix_at(v, k, 0);
            matrix_put(through, i, 0, sum);
        }
        v = through;
    }
    compare_product(b->a, v, b->y, &d);
    *error = relative(&d);
    return true;
}

static const struct bench_kind apply = { apply_prepare, NULL, apply_run, apply_check, false };

/* a^T x: the matrix is inner x rows. */
static bool adjoint_prepare(struct bench *b, struct error *err)
{
    const struct bench_case *c = b->c;
    b->flops = product_flops(c);
    return operands(b, c->inner, c->rows, c->inner, c->cols, err) &&
           answer(b, DTYPE_F32, c->rows, c->cols, err);
}

static bool adjoint_run(struct bench *b, struct error *err)
{
    return backend_gemm(&b->ba, true, &b->bx, false, &b->by, err);
}

static bool adjoint_check(struct bench *b, double *error, struct error *err)
{
    struct difference d = { 0 };
    if (!read_answer(b, err))
        return false;
    compare_product(matrix_transposed(b->a), b->x, b->y, &d);
    *error = relative(&d);
    return true;
}

static const struct bench_kind adjoint = { adjoint_prepare, NULL, adjoint_run, adjoint_check,
                                           false };

/* Half of the products are mirrored. */
static bool gram_prepare(struct bench *b, struct error *err)
{
    const struct bench_case *c = b->c;
    b->flops = (double)c->rows * (double)c->cols * (double)(c->cols + 1);
    return host(b, c->rows, c->cols, 1, &b->a, err) &&
           backend_load(b->lab.backend, b->a, &b->ba, err) &&
           answer(b, DTYPE_F64, c->cols, c->cols, err);
}

static bool gram_run(struct bench *b, struct error *err)
{
    return backend_gram(&b->ba, &b->by, err);
}

static bool gram_check(struct bench *b, double *error, struct error *err)
{
    struct difference d = { 0 };
    if (!read_answer(b, err))
        return false;
    compare_product(matrix_transposed(b->a), b->a, b->y, &d);
    *error = relative(&d);
    return true;
}

static const struct bench_kind gram = { gram_prepare, NULL, gram_run, gram_check, false };

/* Two passes: a Gram matrix and a product each. */
static bool basis_prepare(struct bench *b, struct error *err)
{
    const struct bench_case *c = b->c;
    b->flops = 6 * (double)c->rows * (double)c->cols * (double)c->cols;
    return host(b, c->rows, c->cols, 1, &b->a, err) &&
           backend_load(b->lab.backend, b->a, &b->ba, err) &&
           arena_matrix(&b->arena, DTYPE_F32, c->rows, c->cols, &b->y, err);
}

static bool basis_begin(struct bench *b, struct error *err)
{
    (void)err;
    backend_release(&b->by);
    return true;
}

static bool basis_run(struct bench *b, struct error *err)
{
    return panel_orthonormalize(b->lab.backend, &b->ba, &b->by, err);
}

/* ||y^T y - I||_F over that of I. */
static bool basis_check(struct bench *b, double *error, struct error *err)
{
    struct matrix_view g;
    struct difference d = { 0 };
    if (!read_answer(b, err) ||
        !arena_matrix(&b->arena, DTYPE_F64, b->y.cols, b->y.cols, &g, err) ||
        !blas_gram(b->y, g, err))
        return false;
    for (size_t i = 0; i < g.rows; i++)
        for (size_t j = 0; j < g.cols; j++)
            differ(&d, matrix_at(g, i, j), i == j);
    *error = relative(&d);
    return true;
}

static const struct bench_kind basis = { basis_prepare, basis_begin, basis_run, basis_check,
                                         false };

/* ---- random numbers, codes ---- */

static enum sketch_kind sketch_of(const char *name)
{
    int kind = 0;
    while (sketch_names[kind] && strcmp(sketch_names[kind], name) != 0)
        kind++;
    return (enum sketch_kind)kind;
}

static bool fill_prepare(struct bench *b, struct error *err)
{
    b->bytes = 4 * (double)b->c->rows * (double)b->c->cols;
    return answer(b, DTYPE_F32, b->c->rows, b->c->cols, err);
}

static bool fill_run(struct bench *b, struct error *err)
{
    return backend_fill(sketch_of(b->c->more), 11, STREAM_TEST, 3, 1, &b->by, err);
}

static bool fill_check(struct bench *b, double *error, struct error *err)
{
    struct matrix_view want;
    struct difference d = { 0 };
    if (!read_answer(b, err) ||
        !arena_matrix(&b->arena, DTYPE_F32, b->y.rows, b->y.cols, &want, err))
        return false;
    random_fill(sketch_of(b->c->more), 11, STREAM_TEST, 3, 1, want);
    compare(b->y, want, &d);
    *error = relative(&d);
    return true;
}

static const struct bench_kind fill = { fill_prepare, NULL, fill_run, fill_check, false };

/* inner is the number of bits. */
static bool code_prepare(struct bench *b, struct error *err)
{
    const struct bench_case *c = b->c;
    double entries = (double)c->rows * (double)c->cols;
    b->coding = (struct coding){ .quantizer = &quantizer_uniform,
                                 .bits = (int)c->inner,
                                 .scales = SCALES_VECTOR };
    b->bytes = entries * (4 + (double)c->inner / 8);
    return host(b, c->rows, c->cols, 1, &b->a, err) &&
           backend_load(b->lab.backend, b->a, &b->ba, err);
}

static bool code_begin(struct bench *b, struct error *err)
{
    (void)err;
    coded_finish(&b->codes);
    return true;
}

static bool code_run(struct bench *b, struct error *err)
{
    return backend_code(&b->coding, &b->ba, &b->codes, err);
}

/* The share of codes that are not the processor's. */
static bool code_check(struct bench *b, double *error, struct error *err)
{
    struct coded want = { 0 };
    size_t n = b->a.rows * b->a.cols, wrong = 0;
    if (!coding_encode(&b->coding, b->a, &want, err))
        return false;
    for (size_t i = 0; i < n; i++)
        wrong += coded_at(&want, i) != coded_at(&b->codes, i);
    coded_finish(&want);
    *error = (double)wrong / (double)n;
    return true;
}

static const struct bench_kind code = { code_prepare, code_begin, code_run, code_check, false };

static bool decode_prepare(struct bench *b, struct error *err)
{
    return code_prepare(b, err) && coding_encode(&b->coding, b->a, &b->codes, err) &&
           answer(b, DTYPE_F32, b->c->rows, b->c->cols, err);
}

static bool decode_run(struct bench *b, struct error *err)
{
    return backend_decode(&b->codes, &b->by, err);
}

static bool decode_check(struct bench *b, double *error, struct error *err)
{
    struct matrix_view want;
    struct difference d = { 0 };
    if (!read_answer(b, err) ||
        !arena_matrix(&b->arena, DTYPE_F32, b->y.rows, b->y.cols, &want, err) ||
        !coding_decode(&b->codes, want, err))
        return false;
    compare(b->y, want, &d);
    *error = relative(&d);
    return true;
}

static const struct bench_kind decode = { decode_prepare, NULL, decode_run, decode_check, false };

/* ---- residual, pictures ---- */

static bool residual_prepare(struct bench *b, struct error *err)
{
    const struct bench_case *c = b->c;
    b->flops = product_flops(c);
    return host(b, c->rows, c->inner, 1, &b->a, err) && host(b, c->inner, c->cols, 2, &b->x, err) &&
           host(b, c->rows, c->cols, 3, &b->y, err) &&
           backend_load(b->lab.backend, b->a, &b->ba, err) &&
           backend_load(b->lab.backend, b->x, &b->bx, err) &&
           backend_load(b->lab.backend, b->y, &b->by, err);
}

static bool residual_run(struct bench *b, struct error *err)
{
    struct buffer_product product = { &b->ba, &b->bx };
    return backend_residual(&b->by, &product, 1, &b->norm, err);
}

/* Against all of it in double precision. */
static bool residual_check(struct bench *b, double *error, struct error *err)
{
    struct matrix_view left, right, rest;
    if (!arena_matrix(&b->arena, DTYPE_F64, b->a.rows, b->a.cols, &left, err) ||
        !arena_matrix(&b->arena, DTYPE_F64, b->x.rows, b->x.cols, &right, err) ||
        !arena_matrix(&b->arena, DTYPE_F64, b->y.rows, b->y.cols, &rest, err))
        return false;
    matrix_copy(b->a, left);
    matrix_copy(b->x, right);
    matrix_copy(b->y, rest);
    blas_gemm_add(-1, left, right, rest);
    double want = matrix_norm(rest);
    *error = fabs(b->norm - want) / want;
    return true;
}

static const struct bench_kind residual = { residual_prepare, NULL, residual_run, residual_check,
                                            false };

/* A product of 1024 x inner and inner x 1024, as rows x cols cells. */
enum { PICTURE = 1024 };

static bool picture_prepare(struct bench *b, struct error *err)
{
    const struct bench_case *c = b->c;
    b->flops = product_flops(c);
    return operands(b, PICTURE, c->inner, c->inner, PICTURE, err) &&
           answer(b, DTYPE_F32, c->rows, c->cols, err);
}

static bool picture_run(struct bench *b, struct error *err)
{
    struct buffer_product product = { &b->ba, &b->bx };
    return backend_reconstruct(&product, 1, &b->by, err);
}

static bool picture_check(struct bench *b, double *error, struct error *err)
{
    struct matrix_view left, right;
    struct difference d = { 0 };
    if (!read_answer(b, err) ||
        !arena_matrix(&b->arena, DTYPE_F32, b->y.rows, b->a.cols, &left, err) ||
        !arena_matrix(&b->arena, DTYPE_F32, b->a.cols, b->y.cols, &right, err) ||
        !preview_resample(b->a, left, err) || !preview_resample(b->x, right, err))
        return false;
    compare_product(left, right, b->y, &d);
    *error = relative(&d);
    return true;
}

static const struct bench_kind picture = { picture_prepare, NULL, picture_run, picture_check,
                                           false };

/* ---- transfers ---- */

static bool transfer_prepare(struct bench *b, struct error *err)
{
    const struct bench_case *c = b->c;
    b->bytes = 4 * (double)c->rows * (double)c->cols;
    return host(b, c->rows, c->cols, 1, &b->a, err) &&
           arena_matrix(&b->arena, DTYPE_F32, c->rows, c->cols, &b->y, err) &&
           backend_load(b->lab.backend, b->a, &b->ba, err);
}

static bool upload_begin(struct bench *b, struct error *err)
{
    backend_release(&b->ba);
    return bench_wait(b->lab.backend, err);
}

static bool upload_run(struct bench *b, struct error *err)
{
    return backend_load(b->lab.backend, b->a, &b->ba, err);
}

static bool download_run(struct bench *b, struct error *err)
{
    return backend_read(&b->ba, b->y, err);
}

static bool transfer_check(struct bench *b, double *error, struct error *err)
{
    struct difference d = { 0 };
    if (!backend_read(&b->ba, b->y, err))
        return false;
    compare(b->y, b->a, &d);
    *error = relative(&d);
    return true;
}

static const struct bench_kind upload = { transfer_prepare, upload_begin, upload_run,
                                          transfer_check, true };
static const struct bench_kind download = { transfer_prepare, NULL, download_run, transfer_check,
                                            true };

/* ---- methods ---- */

/* A slowly decaying spectrum over noise: singular values about i^-0.7 down to 0.01. */
static bool method_prepare(struct bench *b, struct error *err)
{
    enum { TERMS = 256 };
    struct matrix_view l, r;
    if (!host(b, b->c->rows, b->c->cols, 1, &b->a, err) ||
        !host(b, b->c->rows, TERMS, 2, &l, err) || !host(b, TERMS, b->c->cols, 3, &r, err))
        return false;
    for (size_t i = 0; i < b->a.rows; i++)
        for (size_t j = 0; j < b->a.cols; j++)
            matrix_put(b->a, i, j, 0.01 * matrix_at(b->a, i, j));
    for (size_t i = 0; i < TERMS; i++)
        for (size_t j = 0; j < r.cols; j++)
            matrix_put(r, i, j, pow((double)(i + 1), -0.7) * matrix_at(r, i, j));
    blas_gemm_add(1, l, r, b->a);
    return true;
}

/* The engine's own clock: the matrix brought over and the method, without the measuring. */
static bool method_run(struct bench *b, struct error *err)
{
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(b->c->name, "/"), b->c->name);
    const struct method *m = method_find(name);
    struct params_any params = lab_params(m, false, b->c->more ? b->c->more : "");
    lab_set(m, &params, "rank=64", false);
    struct inputs in = { &b->a, 1, NULL };
    struct approximation out = { 0 };
    if (!approximate(&b->lab.job, m, params.bytes, &in, &out, err))
        return false;
    b->flops = m->flops ? m->flops(params.bytes, b->a.rows, b->a.cols) : 0;
    b->seconds = out.seconds;
    b->error = out.error;
    approximation_finish(&out);
    return true;
}

static const struct bench_kind method = { method_prepare, NULL, method_run, NULL, false };

/* clang-format off */
const struct bench_case bench_cases[] = {
    { "gemm/512", &gemm, 512, 512, 512, NULL, false },
    { "gemm/1024", &gemm, 1024, 1024, 1024, NULL, false },
    { "gemm/4096", &gemm, 4096, 4096, 4096, NULL, true },
    { "sketch/1024x1024/l74", &gemm, 1024, 74, 1024, NULL, false },
    { "sketch/4096x11008/l80", &gemm, 4096, 80, 11008, NULL, true },
    { "adjoint/1024x1024/l74", &adjoint, 1024, 74, 1024, NULL, false },
    { "adjoint/4096x11008/l80", &adjoint, 11008, 80, 4096, NULL, true },
    { "apply/2000x2000", &apply, 2000, 2000, 0, NULL, false },
    { "apply/2000x2000/m250", &apply, 2000, 2000, 250, NULL, false },
    { "apply/2000x2000/m500", &apply, 2000, 2000, 500, NULL, false },
    { "apply/2000x2000/m1000", &apply, 2000, 2000, 1000, NULL, false },
    { "apply/5000x5000", &apply, 5000, 5000, 0, NULL, true },
    { "apply/5000x5000/m100", &apply, 5000, 5000, 100, NULL, true },
    { "apply/5000x5000/m500", &apply, 5000, 5000, 500, NULL, true },
    { "apply/5000x5000/m750", &apply, 5000, 5000, 750, NULL, true },
    { "apply/5000x5000/m1000", &apply, 5000, 5000, 1000, NULL, true },
    { "apply/5000x5000/m1250", &apply, 5000, 5000, 1250, NULL, true },
    { "apply/5000x5000/m1500", &apply, 5000, 5000, 1500, NULL, true },
    { "apply/5000x5000/m1750", &apply, 5000, 5000, 1750, NULL, true },
    { "apply/5000x5000/m2000", &apply, 5000, 5000, 2000, NULL, true },
    { "apply/5000x5000/m2500", &apply, 5000, 5000, 2500, NULL, true },
    { "gram/4096x74", &gram, 4096, 74, 0, NULL, false },
    { "gram/11008x74", &gram, 11008, 74, 0, NULL, true },
    { "basis/4096x74", &basis, 4096, 74, 0, NULL, false },
    { "basis/11008x74", &basis, 11008, 74, 0, NULL, true },
    { "fill/gaussian/4096x80", &fill, 4096, 80, 0, "gaussian", false },
    { "fill/rademacher/4096x80", &fill, 4096, 80, 0, "rademacher", false },
    { "code/1024x1024/8bit", &code, 1024, 1024, 8, NULL, false },
    { "code/1024x1024/4bit", &code, 1024, 1024, 4, NULL, false },
    { "decode/1024x1024/8bit", &decode, 1024, 1024, 8, NULL, false },
    { "decode/1024x1024/4bit", &decode, 1024, 1024, 4, NULL, false },
    { "residual/1024x1024/k64", &residual, 1024, 1024, 64, NULL, false },
    { "residual/4096x11008/k64", &residual, 4096, 11008, 64, NULL, true },
    { "reconstruct/1024x1024/k64", &picture, 1024, 1024, 64, NULL, false },
    { "reconstruct/240x400/k64", &picture, 240, 400, 64, NULL, false },
    { "upload/1024x1024", &upload, 1024, 1024, 0, NULL, false },
    { "download/1024x1024", &download, 1024, 1024, 0, NULL, false },
    { "upload/4096x11008", &upload, 4096, 11008, 0, NULL, true },
    { "download/4096x11008", &download, 4096, 11008, 0, NULL, true },
    { "truncated-svd/1024x1024/k64", &method, 1024, 1024, 0, NULL, false },
    { "randomized-svd/1024x1024/k64", &method, 1024, 1024, 0, NULL, false },
    { "lplr/1024x1024/k64", &method, 1024, 1024, 0, "rounds=1", false },
    { "truncated-svd/4096x11008/k64", &method, 4096, 11008, 0, NULL, true },
    { "randomized-svd/4096x11008/k64", &method, 4096, 11008, 0, NULL, true },
    { "lplr/4096x11008/k64", &method, 4096, 11008, 0, "rounds=1", true },
    { NULL, NULL, 0, 0, 0, NULL, false },
};
/* clang-format on */
