/* LPLR with the best range instead of a random one: Q(U Sigma), then least squares. */

#include "coding_rows.h"
#include "framing.h"
#include "pair.h"
#include "theory.h"
#include "truncation.h"

struct params {
    int rank, left_bits, right_bits, rounding, scales, quantizer, rounds;
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
    ROW_ROUNDS(struct params),
    ROW_NORMALIZE(struct params),
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
    (void)params;
    if (!theory_svd(s, r, matrix, 1, ranks, n, out))
        return false;
    theory_claim(theory_doubt(r, matrix, false, true), out, n);
    return true;
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct pair pair = PAIR_OF(p);
    struct matrix_view a = in->matrices[0];
    struct svd s = { 0 };
    struct buffer ab = { 0 }, start = { 0 };
    bool ok = backend_load(job->backend, a, &ab, err) && /* once, for both */
              truncation(job, in, 0, rank_clamped(p->rank, a.rows, a.cols), false, &s,
                         &out->measures[0].optimal, err);
    if (ok) {
        truncation_scale(s.u.view, s.sigma, 1, true);
        ok = backend_load(job->backend, s.u.view, &start, err) &&
             pair_fit(job, &pair, &ab, &start, p->rounds, out, err) &&
             (!p->normalize || framing_normalise(job, a, out, 0, err));
    }
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
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
    .theory = theory,
};
