/* The range of A is found by its action on a few random vectors; the SVD of the
 * small matrix Q^T A finishes it. Every power iteration is orthonormalised on both sides:
 * without, the columns line up with the first singular vector and are lost to rounding. */

#include "coding_rows.h"
#include "truncation.h"

struct params {
    int rank, oversampling, power, sketch;
    uint64_t seed;
};

#define PAPER "Halko, Martinsson, Tropp 2011"

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct params),
    { PARAM(struct params, oversampling), .title = "Oversampling", .shorthand = "over  p",
      .unit = "columns", .help = "Columns of the sketch beyond the rank.",
      .source = PAPER ", Section 1.3, p", .min = 0, .max = 1024, .def = 10, .paper = 10 },
    { PARAM(struct params, power), .title = "Power iterations", .shorthand = "power q",
      .unit = "passes", .help = "Times that A A^T is applied to the sketch to sharpen it.",
      .source = PAPER ", Algorithm 4.4, q", .min = 0, .max = 20, .def = 2, .paper = 1 },
    ROW_SKETCH(struct params, SKETCH_RADEMACHER),
    ROW_SEED(struct params),
};
/* clang-format on */

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    const struct params *p = params;
    (void)paper; /* plain numbers: there are no scales to count */
    return (uint64_t)rank_clamped(p->rank, n, d) * (n + d) * dtype_size(dtype) * 8;
}

/* *q = an orthonormal basis of op(a) x, x in *q before. */
static bool apply(struct job *job, const struct buffer *a, bool transposed, struct matrix_view *q,
                  struct error *err)
{
    struct buffer x = { 0 }, y = { 0 };
    size_t n = transposed ? a->cols : a->rows;
    bool ok = backend_load(job->backend, *q, &x, err) &&
              backend_alloc(job->backend, a->dtype, n, q->cols, &y, err) &&
              backend_gemm(a, transposed, &x, false, &y, err) &&
              arena_matrix(job->scratch, a->dtype, n, q->cols, q, err) &&
              backend_read(&y, *q, err) && linalg_orthonormalize(*q, err);
    backend_release(&x);
    backend_release(&y);
    return ok;
}

/* Algorithm 4.4: *q, rows x l, spans approximately the leading left singular vectors. */
static bool find_range(struct job *job, const struct buffer *a, const struct params *p, size_t l,
                       struct matrix_view *q, struct error *err)
{
    struct buffer sketch = { 0 };
    double steps = 2 * p->power + 2;
    bool ok = job_step(job, 0, "sketch", err) &&
              backend_alloc(job->backend, a->dtype, a->cols, l, &sketch, err) &&
              backend_fill((enum sketch_kind)p->sketch, p->seed, STREAM_SKETCH, 0, 1, &sketch,
                           err) &&
              arena_matrix(job->scratch, a->dtype, a->cols, l, q, err) &&
              backend_read(&sketch, *q, err) && apply(job, a, false, q, err);
    backend_release(&sketch);
    for (int i = 0; ok && i < p->power; i++)
        ok = job_step(job, (2 * i + 1) / steps, "power iteration", err) &&
             apply(job, a, true, q, err) &&
             job_step(job, (2 * i + 2) / steps, "power iteration", err) &&
             apply(job, a, false, q, err);
    return ok;
}

/* Algorithm 5.1: B = Q^T A = P sigma V^T; left = Q P_k sigma_k, right = V_k^T. */
static bool finish(struct job *job, const struct buffer *a, struct matrix_view q, size_t rank,
                   struct matrix_view left, struct matrix_view right, struct error *err)
{
    struct buffer qb = { 0 }, small = { 0 }, p = { 0 }, product = { 0 };
    struct matrix_view b;
    struct svd s = { 0 };
    bool ok = backend_load(job->backend, q, &qb, err) &&
              backend_alloc(job->backend, a->dtype, q.cols, a->cols, &small, err) &&
              backend_gemm(&qb, true, a, false, &small, err) &&
              arena_matrix(job->scratch, a->dtype, q.cols, a->cols, &b, err) &&
              backend_read(&small, b, err) && job_step(job, 0.9, "small SVD", err) &&
              linalg_svd(b, &s, err) &&
              backend_load(job->backend, matrix_block(s.u.view, 0, 0, q.cols, rank), &p, err) &&
              backend_alloc(job->backend, a->dtype, q.rows, rank, &product, err) &&
              backend_gemm(&qb, false, &p, false, &product, err) &&
              backend_read(&product, left, err);
    if (ok) {
        truncation_scale(left, s.sigma, 1, true);
        matrix_copy(matrix_block(s.vt.view, 0, 0, rank, a->cols), right);
    }
    backend_release(&p);
    svd_finish(&s);
    return ok;
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct matrix_view a = in->matrices[0], q;
    size_t rank = rank_clamped(p->rank, a.rows, a.cols), l_part, r_part;
    size_t l = rank_clamped((int)rank + p->oversampling, a.rows, a.cols);
    struct buffer ab = { 0 };
    struct matrix left = { 0 }, right = { 0 };
    bool ok = backend_load(job->backend, a, &ab, err) && find_range(job, &ab, p, l, &q, err) &&
              job_step(job, 0.8, "projection", err) &&
              matrix_init(&left, a.dtype, a.rows, rank, err) &&
              matrix_init(&right, a.dtype, rank, a.cols, err) &&
              finish(job, &ab, q, rank, left.view, right.view, err) &&
              result_add_plain(out, "left", &left, &l_part, err) &&
              result_add_plain(out, "right", &right, &r_part, err) &&
              result_add_term(out, 0, l_part, r_part, err);
    out->rank = rank;
    matrix_finish(&left);
    matrix_finish(&right);
    return ok;
}

const struct method method_randomized_svd = {
    .name = "randomized-svd",
    .title = "Randomized SVD",
    .summary = "A random sketch finds the range, a small SVD finishes, in full precision.",
    .source = PAPER ", Finding structure with randomness, Algorithms 4.4 and 5.1",
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .run = run,
};
