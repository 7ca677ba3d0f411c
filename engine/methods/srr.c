/* Some ranks are taken off before the matrix is rounded, so that no bits of Q go to what they hold
 * well; the others are for what rounding leaves. */

#include "coding_rows.h"
#include "framing.h"
#include "quarter_circle.h"
#include "remainder_method.h"
#include "truncation.h"

#include <math.h>

#define PAPER "Preserve then quantize, 2026 (SRR)"

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct remainder_params),
    { PARAM(struct remainder_params, before), .title = "Ranks before Q", .shorthand = "before K",
      .unit = "columns",
      .help = "Ranks that are taken off before Q is rounded, at most the rank; -1: as many as "
              "make tau_K^2 T(rank - K) least, T the quarter-circle law.",
      .source = PAPER ", k; the rule is ours", .min = -1, .max = 65536, .def = -1, .paper = -1,
      .within_rank = true },
    { PARAM(struct remainder_params, joint), .title = "Joint fit", .shorthand = "joint", .unit = "",
      .help = "Fits all ranks to A - Q in the end, which is never worse before the factors are rounded; "
              "else those taken before stay as they are beside those taken after.",
      .source = "Eckart, Young 1936; " PAPER ": side by side", .min = 0, .max = 1, .def = 1,
      .paper = 0 },
    ROW_DENSE_BITS(struct remainder_params, 2, 2),
    ROW_LEFT_BITS(struct remainder_params, 16, 16),
    ROW_RIGHT_BITS(struct remainder_params, 16, 16),
    ROW_ROUNDING(struct remainder_params),
    ROW_SCALES_OF(struct remainder_params, SCALES_VECTOR, PAPER ": any"),
    ROW_SYMMETRIC(struct remainder_params),
    ROW_DENSE_QUANTIZER(struct remainder_params, ROW_OF_lloyd_max, ROW_OF_lloyd_max,
                        PAPER ": any"),
    ROW_CLIP_OF(struct remainder_params, CLIP_AUTO, CLIP_AUTO, PAPER ": any"),
    ROW_HADAMARD(struct remainder_params, 1, 0),
    ROW_SEED(struct remainder_params),
};
/* clang-format on */

/* One fit before and one after, and twice what the first ranks hold taken off. */
static double flops(const void *params, size_t n, size_t d)
{
    struct remainder r = remainder_method_of(params, n, d);
    return 2 * remainder_flops(&r, n, d) + 4.0 * (double)n * (double)d * (double)r.rank;
}

/* The K with the least tau_K^2 T(rank - K): Q's error is in proportion to what it is given, and
 * like noise, of which the other ranks leave T. */
static size_t split(const struct svd *s, size_t n, size_t d)
{
    size_t best = 0;
    double rest = 1, least = quarter_circle_tail(n, d, s->n);
    for (size_t k = 1; k <= s->n && s->norm > 0; k++) {
        double portion = s->sigma[k - 1] / s->norm;
        rest = fmax(0, rest - portion * portion);
        double left = rest * quarter_circle_tail(n, d, s->n - k);
        if (left < least) {
            least = left;
            best = k;
        }
    }
    return best;
}

/* Where a run stands. The first factors are kept for the second where they stay. */
struct state {
    struct job *job;
    const struct remainder_params *p;
    struct remainder r;
    struct buffer a, m, left, right; /* m: what is to be rounded or fitted */
    struct svd first, second;
    size_t before;
};

static bool take_before(struct state *s, const struct inputs *in, struct result *out,
                        struct error *err)
{
    struct backend *b = s->job->backend;
    struct matrix_view a = in->matrices[0];
    struct job_share share = { s->job, 0, 0.4 };
    struct job job = job_part(&share);
    if (!truncation(&job, in, 0, s->r.rank, false, &s->first, &out->measures[0].optimal, err))
        return false;
    s->before = s->p->before < 0 ? split(&s->first, a.rows, a.cols)
                                 : rank_clamped(s->p->before, s->r.rank, s->r.rank);
    truncation_scale(s->first.u.view, s->first.sigma, 0.5, true);
    truncation_scale(s->first.vt.view, s->first.sigma, 0.5, false);
    if (s->before == 0)
        return true;
    return backend_load(b, matrix_block(s->first.u.view, 0, 0, a.rows, s->before), &s->left, err) &&
           backend_load(b, matrix_block(s->first.vt.view, 0, 0, s->before, a.cols), &s->right, err);
}

/* *m = A without Q, if it is there, and without the first factors. */
static bool take_off(struct state *s, const struct buffer *dense, bool first, struct error *err)
{
    struct buffer_product p[2];
    size_t n = 0;
    if (dense)
        p[n++] = (struct buffer_product){ dense, NULL };
    if (first && s->before)
        p[n++] = (struct buffer_product){ &s->left, &s->right };
    return backend_subtract(&s->a, p, n, &s->m, err);
}

static bool round_dense(struct state *s, struct buffer *decoded, struct result *out,
                        struct error *err)
{
    struct coded codes = { 0 };
    size_t dense;
    bool ok = job_step(s->job, 0.45, "rounding the rest", err) && take_off(s, NULL, true, err) &&
              backend_code(&s->r.dense, &s->m, &codes, err) &&
              backend_alloc(s->job->backend, s->a.dtype, s->a.rows, s->a.cols, decoded, err) &&
              backend_decode(&codes, decoded, err) &&
              result_add_coded(out, "dense", &codes, &dense, err) &&
              result_add_term(out, 0, dense, TERM_DENSE, err);
    coded_finish(&codes);
    return ok;
}

/* The factors of what is left, beside the first ones where those stay, rounded. */
static bool take_after(struct state *s, struct result *out, struct error *err)
{
    struct backend *b = s->job->backend;
    struct job_share share = { s->job, 0.5, 0.8 };
    struct job job = job_part(&share);
    size_t kept = s->p->joint ? 0 : s->before, rank = s->r.rank, rest = rank - kept;
    struct matrix_view u = s->first.u.view, vt = s->first.vt.view;
    struct buffer left = { 0 }, right = { 0 };
    if (rest) {
        if (!truncation_buffer(&job, &s->m, rest, &s->second, err))
            return false;
        truncation_scale(s->second.u.view, s->second.sigma, 0.5, true);
        truncation_scale(s->second.vt.view, s->second.sigma, 0.5, false);
        backend_release(&s->left); /* it may be a view of what is now written over */
        backend_release(&s->right);
        matrix_copy(s->second.u.view, matrix_block(u, 0, kept, u.rows, rest));
        matrix_copy(s->second.vt.view, matrix_block(vt, kept, 0, rest, vt.cols));
    }
    bool ok = backend_load(b, u, &left, err) && backend_load(b, vt, &right, err) &&
              pair_store(s->job, &s->r.pair, &left, &right, out, err);
    backend_release(&left);
    backend_release(&right);
    return ok;
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    struct matrix_view a = in->matrices[0];
    struct inputs own = *in;
    struct state s = { .job = job, .p = params, .r = remainder_method_of(params, a.rows, a.cols) };
    struct buffer dense = { 0 };
    bool ok = true;
    if (s.r.rotate) {
        ok = framing_rotate(job, in->matrices[0], s.r.pair.seed, out, 0, &a, err);
        own = (struct inputs){ .matrices = &a, .n = 1 };
    }
    ok = ok && backend_load(job->backend, a, &s.a, err) && take_before(&s, &own, out, err) &&
         backend_alloc(job->backend, a.dtype, a.rows, a.cols, &s.m, err) &&
         round_dense(&s, &dense, out, err) && take_off(&s, &dense, !s.p->joint, err);
    backend_release(&dense);
    ok = ok && take_after(&s, out, err);
    struct buffer *const held[] = { &s.a, &s.m, &s.left, &s.right };
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        backend_release(held[i]);
    svd_finish(&s.first);
    svd_finish(&s.second);
    return ok;
}

const struct method method_srr = {
    .name = "srr",
    .title = "SRR",
    .summary = "Some ranks before the matrix is rounded, the others of what rounding leaves.",
    .source = PAPER ", unweighted; its 16-bit factors are fp16, ours codes of the same size",
    .flags = METHOD_DENSE,
    .params = PARAM_TABLE(struct remainder_params, rows),
    .bits = remainder_method_bits,
    .flops = flops,
    .run = run,
};
