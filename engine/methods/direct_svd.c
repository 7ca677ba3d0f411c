/* The truncated SVD with both factors rounded as they are: no fit repairs the left
 * factor's rounding, which is what lplr-svd adds. */

#include "coding_rows.h"
#include "framing.h"
#include "pair.h"
#include "split_rows.h"
#include "theory.h"
#include "truncation.h"

struct params {
    int rank, left_bits, right_bits, rounding, scales, quantizer, clip, split;
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
    ROW_SPLIT(struct params, SPLIT_LEFT, "Algorithm 2: left; the released code: right"),
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
    return truncation_flops(n, d, rank_clamped(p->rank, n, d), false);
}

/* A mean over the dither: no fit, so that the three terms of theory.h are the error's own, orthogonal
 * in the mean. */
static bool theory(const void *params, const struct spectrum *s, const struct result *r,
                   size_t matrix, const size_t *ranks, size_t n, struct theory *out)
{
    const struct params *p = params;
    if (!theory_svd(s, r, matrix, split_share[p->split], ranks, n, out))
        return false;
    theory_claim(theory_doubt(r, matrix, false, true), r, ranks, n, out);
    return true;
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct pair pair = PAIR_OF(p);
    struct matrix_view a = in->matrices[0];
    struct svd s = { 0 };
    struct buffer left = { 0 }, right = { 0 };
    bool ok = truncation(job, in, 0, rank_clamped(p->rank, a.rows, a.cols), false, &s,
                         &out->measures[0].optimal, err);
    if (ok) {
        truncation_scale(s.u.view, s.sigma, split_share[p->split], true);
        truncation_scale(s.vt.view, s.sigma, 1 - split_share[p->split], false);
        ok = backend_load(job->backend, s.u.view, &left, err) &&
             backend_load(job->backend, s.vt.view, &right, err) &&
             pair_store(job, &pair, &left, &right, out, err) &&
             (!p->normalize || framing_normalise(job, a, out, 0, err));
    }
    if (ok) { /* while the leading singular values are at hand */
        const struct spectrum leading = { s.sigma, s.n, a.rows, a.cols, s.norm };
        theory(p, &leading, out, 0, &out->rank, 1, &out->measures[0].theory);
    }
    backend_release(&left);
    backend_release(&right);
    svd_finish(&s);
    return ok;
}

const struct method method_direct_svd = {
    .name = "direct-svd",
    .title = "Direct SVD",
    .summary = "The truncated SVD with both factors rounded.",
    .source = PAPER_LPLR ", Algorithm 2",
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
    .theory = theory,
};
