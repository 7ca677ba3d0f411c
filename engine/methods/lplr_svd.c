/* LPLR with the best range instead of a random one: Q(U Sigma), then least squares. */

#include "blas.h"
#include "coding_rows.h"
#include "framing.h"
#include "pair.h"
#include "split_rows.h"
#include "theory.h"
#include "truncation.h"

#include <math.h>

enum mix { MIX_NONE, MIX_GAUSSIAN };
static const char *const mix_names[] = { "none", "gaussian", NULL };

struct params {
    int rank, left_bits, right_bits, rounding, scales, quantizer, clip, split, mix, rounds;
    bool symmetric, normalize;
    uint64_t seed;
};

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct params),
    ROW_LEFT_BITS(struct params, 5, 4),
    ROW_RIGHT_BITS(struct params, 5, 8),
    ROW_ROUNDING(struct params),
    ROW_SCALES(struct params),
    ROW_SYMMETRIC(struct params),
    ROW_QUANTIZER(struct params),
    ROW_CLIP(struct params),
    ROW_SPLIT(struct params, SPLIT_LEFT,
              "Algorithm 3: left; the alternation of CALDERA's code: both"),
    { PARAM(struct params, mix), .title = "Mix of the columns", .shorthand = "mix", .unit = "",
      .help = "What the start of the left factor is multiplied by before rounding: a square "
              "Gaussian matrix spreads its range over all columns, and may spoil the fit.",
      .source = PAPER_LPLR ", Algorithm 3: none; the released code: gaussian",
      .min = MIX_NONE, .max = MIX_GAUSSIAN, .def = MIX_NONE, .paper = MIX_NONE,
      .choices = mix_names },
    ROW_ROUNDS(struct params),
    ROW_NORMALIZE(struct params, 0),
    ROW_SEED(struct params),
};
/* clang-format on */

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    const struct params *p = params;
    struct pair pair = PAIR_OF(p);
    (void)dtype;
    return pair_bits(&pair, n, d, rank_clamped(p->rank, n, d), paper) +
           framing_bits(false, p->normalize, n, d, paper);
}

static double flops(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    size_t rank = rank_clamped(p->rank, n, d);
    return truncation_flops(n, d, rank, false) + pair_flops(n, d, rank, p->rounds);
}

/* A mean over the dither, for any matrix and ranges: (a), (b) of the split of lplr's error, and for the
 * left factor the exact sum in theory.h instead of the sketch's. */
static bool theory(const void *params, const struct spectrum *s, const struct result *r,
                   size_t matrix, const size_t *ranks, size_t n, struct theory *out)
{
    const struct params *p = params;
    if (p->mix != MIX_NONE || !theory_svd(s, r, matrix, split_share[p->split], ranks, n, out))
        return false; /* a mix makes of the columns what the sum does not know */
    theory_claim(theory_doubt(r, matrix, false, true), r, ranks, n, out);
    return true;
}

/* out = u G, G square and Gaussian of variance 1 / columns, summed in double precision. */
static bool mixed(struct job *job, struct matrix_view u, uint64_t seed, struct matrix_view *out,
                  struct error *err)
{
    struct matrix_view wide, g, product;
    if (!arena_matrix(job->scratch, DTYPE_F64, u.rows, u.cols, &wide, err) ||
        !arena_matrix(job->scratch, DTYPE_F64, u.cols, u.cols, &g, err) ||
        !arena_matrix(job->scratch, DTYPE_F64, u.rows, u.cols, &product, err) ||
        !arena_matrix(job->scratch, u.dtype, u.rows, u.cols, out, err))
        return false;
    matrix_copy(u, wide);
    random_fill(SKETCH_GAUSSIAN, seed, STREAM_SKETCH, 0, 1 / sqrt((double)u.cols), g);
    blas_gemm(wide, g, product);
    matrix_copy(product, *out);
    return true;
}

/* What is rounded first: the useful columns of U times a power of Sigma, mixed or not. */
static bool start_of(struct job *job, const struct params *p, struct svd *s, double *tail,
                     struct buffer *start, struct error *err)
{
    size_t rank = p->rounds > 1 ? truncation_useful(s, tail) : s->n;
    struct matrix_view u = matrix_block(s->u.view, 0, 0, s->u.view.rows, rank);
    truncation_scale(u, s->sigma, split_share[p->split], true);
    return (p->mix == MIX_NONE || mixed(job, u, p->seed, &u, err)) &&
           backend_load(job->backend, u, start, err);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct pair pair = PAIR_OF(p);
    struct matrix_view a = in->matrices[0];
    struct svd s = { 0 };
    struct buffer ab = { 0 }, start = { 0 };
    double *tail = &out->measures[0].optimal;
    bool ok = backend_load(job->backend, a, &ab, err) && /* once, for both */
              truncation(job, in, 0, rank_clamped(p->rank, a.rows, a.cols), false, &s, tail, err) &&
              start_of(job, p, &s, tail, &start, err) &&
              pair_fit(job, &pair, &ab, &start, p->rounds, out, err) &&
              (!p->normalize || framing_normalise(job, a, out, 0, err));
    if (ok) { /* while the leading singular values are at hand */
        const struct spectrum leading = { s.sigma, s.n, a.rows, a.cols, s.norm };
        theory(p, &leading, out, 0, &out->rank, 1, &out->measures[0].theory);
    }
    backend_release(&start);
    backend_release(&ab);
    svd_finish(&s);
    return ok;
}

const struct method method_lplr_svd = {
    .name = "lplr-svd",
    .title = "LPLR-SVD",
    .summary = "The leading left singular vectors rounded, then a rounded least-squares fit.",
    .source = PAPER_LPLR ", Algorithm 3",
    .flags = METHOD_SIZED,
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
    .theory = theory,
};
