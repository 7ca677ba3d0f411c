/* Both orders of the two steps. No proof says that the rounds converge, so every Q and L R
 * that stood side by side is measured, and the best are kept. */

#include "remainder.h"

#include "truncation.h"

#include <math.h>

/* Rounds without a better result after which alternation has settled. */
enum { PATIENCE = 3 };

/* Two places each for Q and for the pair, so that the best of them survive the next. */
struct state {
    struct job *job;
    const struct remainder *r;
    const struct inputs *in;
    struct buffer a;
    struct coded dense[2];
    struct result pairs[2];
    int dense_now, dense_best, pair_now, pair_best; /* -1: none */
    double best;                                    /* ||A - Q - L R||_F */
};

/* Beyond these the places of levels matter little, and tables of them grow long. */
enum { BITS_TABULATED = 8 };

static const struct quantizer *with_bits(const struct quantizer *q, int least, int most)
{
    bool fits = least >= q->min_bits && most <= q->max_bits && most <= BITS_TABULATED;
    return fits ? q : quantizer_find("uniform");
}

struct remainder remainder_coded(int bits, struct pair pair)
{
    const struct quantizer *q = with_bits(pair.quantizer, bits, bits);
    int less = pair.left_bits < pair.right_bits ? pair.left_bits : pair.right_bits;
    int more = pair.left_bits + pair.right_bits - less;
    pair.quantizer = with_bits(pair.quantizer, less, more);
    return (struct remainder){ .dense = { .quantizer = q,
                                          .bits = bits,
                                          .rounding = pair.rounding,
                                          .clip = pair.clip,
                                          .scales = pair.scales,
                                          .symmetric = coding_symmetric(pair.symmetric, q),
                                          .seed = pair.seed,
                                          .stream = STREAM_DITHER_DENSE },
                               .pair = pair,
                               .rounds = 1 };
}

uint64_t remainder_bits(const struct remainder *r, size_t rows, size_t cols, bool paper)
{
    uint64_t dense = (paper ? coding_bits_paper : coding_bits_true)(&r->dense, rows, cols);
    return dense + pair_bits(&r->pair, rows, cols, r->rank, paper);
}

/* What rounding leaves has a flat spectrum, which takes block Lanczos a few steps more. */
enum { LANCZOS_MORE = 64 };

/* A round fits the factors, takes them off and, one of several, measures after either step. */
double remainder_flops(const struct remainder *r, size_t rows, size_t cols)
{
    double product = 2.0 * (double)rows * (double)cols * (double)r->rank, rounds = r->rounds;
    bool lanczos = truncation_flops(rows, cols, r->rank, false) > 0;
    double fit = (lanczos ? truncation_flops(rows, cols, r->rank + LANCZOS_MORE, false) : 0) +
                 (r->inner_rounds ? pair_flops(rows, cols, r->rank, r->inner_rounds) : 0);
    return rounds * fit +
           product * ((r->lr_first ? rounds : rounds - 1) + (r->rounds > 1 ? 2 * rounds - 1 : 0));
}

/* The place that does not hold the best. */
static int spare(int best)
{
    return best == 0;
}

static bool decode(struct state *s, const struct coded *codes, struct buffer *out,
                   struct error *err)
{
    return backend_alloc(s->job->backend, s->a.dtype, codes->rows, codes->cols, out, err) &&
           backend_decode(codes, out, err);
}

/* Factors and Q where the backend computes. */
struct decoded {
    struct buffer dense, left, right;
};

static void release(struct decoded *d)
{
    backend_release(&d->dense);
    backend_release(&d->left);
    backend_release(&d->right);
}

static bool decode_pair(struct state *s, struct decoded *d, struct error *err)
{
    const struct result *p = &s->pairs[s->pair_now];
    return decode(s, &p->parts[p->terms[0].left].codes, &d->left, err) &&
           decode(s, &p->parts[p->terms[0].right].codes, &d->right, err);
}

/* *m = A - L R, or A - Q. */
static bool without(struct state *s, bool dense, struct buffer *m, struct error *err)
{
    struct decoded d = { 0 };
    bool ok = backend_alloc(s->job->backend, s->a.dtype, s->a.rows, s->a.cols, m, err) &&
              (dense ? decode(s, &s->dense[s->dense_now], &d.dense, err) : decode_pair(s, &d, err));
    struct buffer_product p = dense ? (struct buffer_product){ &d.dense, NULL }
                                    : (struct buffer_product){ &d.left, &d.right };
    ok = ok && backend_subtract(&s->a, &p, 1, m, err);
    release(&d);
    return ok;
}

static bool dense_step(struct state *s, struct job *job, int round, struct error *err)
{
    struct coding c = s->r->dense;
    struct buffer m = { 0 };
    int to = spare(s->dense_best);
    c.part = (uint32_t)round;
    coded_finish(&s->dense[to]);
    bool ok = job_step(job, 0, "what L R leaves", err);
    if (ok && s->pair_now < 0)
        ok = backend_load(job->backend, s->in->matrices[0], &m, err);
    else if (ok)
        ok = without(s, false, &m, err);
    ok = ok && job_step(job, 0.5, "rounding it", err) && backend_code(&c, &m, &s->dense[to], err);
    backend_release(&m);
    s->dense_now = to;
    return ok;
}

/* The factors of the truncated SVD with a root of Sigma each, rounded, or refined by
 * alternating fits from there. */
static bool fit_pair(struct state *s, struct job *job, const struct buffer *m, int round,
                     const struct svd *svd, struct result *out, struct error *err)
{
    struct pair pair = s->r->pair;
    struct buffer left = { 0 }, right = { 0 };
    pair.seed += 0x9e3779b97f4a7c15u * (unsigned)round; /* rounds share no draw of the dither */
    truncation_scale(svd->u.view, svd->sigma, 0.5, true);
    truncation_scale(svd->vt.view, svd->sigma, 0.5, false);
    bool ok = backend_load(job->backend, svd->u.view, &left, err);
    if (ok && s->r->inner_rounds)
        ok = pair_fit(job, &pair, m, &left, s->r->inner_rounds, out, err);
    else
        ok = ok && backend_load(job->backend, svd->vt.view, &right, err) &&
             pair_store(job, &pair, &left, &right, out, err);
    backend_release(&left);
    backend_release(&right);
    return ok;
}

static bool pair_step(struct state *s, struct job *job, int round, double *optimal,
                      struct error *err)
{
    struct arena scratch = { 0 };
    struct job_share first = { job, 0, 0.5 }, second = { job, 0.5, 1 };
    struct job svd_job = job_part(&first), fit_job = job_part(&second);
    struct buffer m = { 0 };
    struct svd svd = { 0 };
    int to = spare(s->pair_best);
    svd_job.scratch = fit_job.scratch = &scratch;
    result_finish(&s->pairs[to]);
    bool ok = result_init(&s->pairs[to], 1, err);
    if (ok && s->dense_now < 0)
        ok = truncation(&svd_job, s->in, 0, s->r->rank, false, &svd, optimal, err) &&
             backend_load(job->backend, s->in->matrices[0], &m, err);
    else if (ok)
        ok = without(s, true, &m, err) && truncation_buffer(&svd_job, &m, s->r->rank, &svd, err);
    arena_finish(&scratch);
    ok = ok && fit_pair(s, &fit_job, &m, round, &svd, &s->pairs[to], err);
    arena_finish(&scratch);
    backend_release(&m);
    svd_finish(&svd);
    s->pair_now = to;
    return ok;
}

/* Keeps Q and the pair where there are both and they are better than what was. */
static bool judge(struct state *s, bool *better, struct error *err)
{
    struct decoded d = { 0 };
    double residual = 0;
    if (s->dense_now < 0 || s->pair_now < 0)
        return true;
    bool ok = s->r->rounds == 1 ||
              (decode(s, &s->dense[s->dense_now], &d.dense, err) && decode_pair(s, &d, err));
    if (ok && s->r->rounds > 1) {
        struct buffer_product p[] = { { &d.dense, NULL }, { &d.left, &d.right } };
        ok = backend_residual(&s->a, p, 2, &residual, err);
    }
    release(&d);
    if (ok && (s->dense_best < 0 || residual < s->best)) {
        *better = true;
        s->best = residual;
        s->dense_best = s->dense_now;
        s->pair_best = s->pair_now;
    }
    return ok;
}

static bool run_round(struct state *s, int round, struct result *out, bool *better,
                      struct error *err)
{
    bool ok = true;
    for (int half = 0; ok && half < 2; half++) {
        double at = 2 * round + half, steps = 2 * s->r->rounds;
        struct job_share share = { s->job, at / steps, (at + 1) / steps };
        struct job job = job_part(&share);
        ok = ((half == 0) == s->r->lr_first
                  ? pair_step(s, &job, round, &out->measures[0].optimal, err)
                  : dense_step(s, &job, round, err)) &&
             judge(s, better, err);
    }
    return ok;
}

static bool store(struct state *s, struct result *out, struct error *err)
{
    struct result *p = &s->pairs[s->pair_best];
    struct term t = p->terms[0];
    size_t dense, left, right;
    out->rank = p->rank;
    out->dead = p->dead;
    return result_add_coded(out, "dense", &s->dense[s->dense_best], &dense, err) &&
           result_add_coded(out, "left", &p->parts[t.left].codes, &left, err) &&
           result_add_coded(out, "right", &p->parts[t.right].codes, &right, err) &&
           result_add_term(out, 0, dense, TERM_DENSE, err) &&
           result_add_term(out, 0, left, right, err);
}

bool remainder_fit(struct job *job, const struct remainder *r, const struct inputs *in,
                   struct result *out, struct error *err)
{
    struct state s = { .job = job,
                       .r = r,
                       .in = in,
                       .dense_now = -1,
                       .dense_best = -1,
                       .pair_now = -1,
                       .pair_best = -1 };
    bool ok = backend_load(job->backend, in->matrices[0], &s.a, err);
    int round = 0, since = 0;
    for (; ok && round < r->rounds && since < PATIENCE; round++) {
        bool better = false;
        ok = run_round(&s, round, out, &better, err);
        since = better ? 0 : since + 1;
    }
    out->rounds = (size_t)round;
    ok = ok && store(&s, out, err);
    backend_release(&s.a);
    for (int i = 0; i < 2; i++) {
        coded_finish(&s.dense[i]);
        result_finish(&s.pairs[i]);
    }
    return ok;
}
