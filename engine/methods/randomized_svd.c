/* The range of A is found by its action on a few random vectors; the SVD of the
 * small matrix Q^T A finishes it. Every power iteration is orthonormalised on both sides:
 * without, the columns line up with the first singular vector and are lost to rounding. */

#include "coding_rows.h"
#include "panel.h"
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

/* *q = an orthonormal basis of op(a) *q. */
static bool apply(struct backend *b, const struct buffer *a, bool transposed, struct buffer *q,
                  struct error *err)
{
    struct buffer y = { 0 };
    bool ok = backend_alloc(b, a->dtype, transposed ? a->cols : a->rows, q->cols, &y, err) &&
              backend_gemm(a, transposed, q, false, &y, err);
    backend_release(q);
    ok = ok && panel_orthonormalize(b, &y, q, err);
    backend_release(&y);
    return ok;
}

/* Algorithm 4.4: *q, rows x l, spans approximately the leading left singular vectors. */
static bool find_range(struct job *job, const struct buffer *a, const struct params *p, size_t l,
                       struct buffer *q, struct error *err)
{
    double steps = 2 * p->power + 2;
    bool ok = job_step(job, 0, "sketch", err) &&
              backend_alloc(job->backend, a->dtype, a->cols, l, q, err) &&
              backend_fill((enum sketch_kind)p->sketch, p->seed, STREAM_SKETCH, 0, 1, q, err) &&
              apply(job->backend, a, false, q, err);
    for (int i = 1; ok && i <= 2 * p->power; i++)
        ok = job_step(job, i / steps, "power iteration", err) &&
             apply(job->backend, a, i % 2 == 1, q, err);
    return ok;
}

/* Algorithm 5.1 with a second panel, A^T Q = V C^T, so that only the small C comes to the processor:
 * the SVD of Q^T A = C V^T is that of C = P sigma W^T with V W for its right vectors. */
static bool project(struct job *job, const struct buffer *a, const struct buffer *q,
                    struct buffer *v, struct svd *out, struct error *err)
{
    struct buffer z = { 0 }, c = { 0 };
    struct matrix_view small;
    bool ok = backend_alloc(job->backend, a->dtype, a->cols, q->cols, &z, err) &&
              backend_gemm(a, true, q, false, &z, err) &&
              panel_orthonormalize(job->backend, &z, v, err) &&
              backend_alloc(job->backend, a->dtype, q->cols, q->cols, &c, err) &&
              backend_gemm(&z, true, v, false, &c, err) &&
              arena_matrix(job->scratch, a->dtype, q->cols, q->cols, &small, err) &&
              backend_read(&c, small, err) && job_step(job, 0.9, "small SVD", err) &&
              linalg_svd(small, out, err);
    backend_release(&z);
    backend_release(&c);
    return ok;
}

/* *to = op(panel) times the leading part of the small factor, in the same order as `to`. */
static bool expand(struct backend *b, const struct buffer *panel, struct matrix_view factor,
                   bool transposed, struct matrix_view to, struct error *err)
{
    struct buffer f = { 0 }, out = { 0 };
    bool ok = backend_load(b, factor, &f, err) &&
              backend_alloc(b, panel->dtype, to.rows, to.cols, &out, err) &&
              (transposed ? backend_gemm(&f, false, panel, true, &out, err)
                          : backend_gemm(panel, false, &f, false, &out, err)) &&
              backend_read(&out, to, err);
    backend_release(&f);
    backend_release(&out);
    return ok;
}

/* left = Q P_k sigma_k, right = (V W_k)^T. */
static bool factors(struct job *job, const struct buffer *a, const struct buffer *q,
                    struct matrix_view left, struct matrix_view right, struct error *err)
{
    struct buffer v = { 0 };
    struct svd s = { 0 };
    size_t l = q->cols, rank = left.cols;
    bool ok = job_step(job, 0.8, "projection", err) && project(job, a, q, &v, &s, err) &&
              expand(job->backend, q, matrix_block(s.u.view, 0, 0, l, rank), false, left, err) &&
              expand(job->backend, &v, matrix_block(s.vt.view, 0, 0, rank, l), true, right, err);
    if (ok)
        truncation_scale(left, s.sigma, 1, true);
    backend_release(&v);
    svd_finish(&s);
    return ok;
}

static double flops(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    size_t l = rank_clamped(p->rank + p->oversampling, n, d);
    return 2.0 * (double)n * (double)d * (double)l * (2 * p->power + 2);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct matrix_view a = in->matrices[0];
    size_t rank = rank_clamped(p->rank, a.rows, a.cols), l_part, r_part;
    size_t l = rank_clamped((int)rank + p->oversampling, a.rows, a.cols);
    struct buffer ab = { 0 }, q = { 0 };
    struct matrix left = { 0 }, right = { 0 };
    bool ok = backend_load(job->backend, a, &ab, err) && find_range(job, &ab, p, l, &q, err) &&
              matrix_init(&left, a.dtype, a.rows, rank, err) &&
              matrix_init(&right, a.dtype, rank, a.cols, err) &&
              factors(job, &ab, &q, left.view, right.view, err) &&
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
    .flops = flops,
    .run = run,
};
