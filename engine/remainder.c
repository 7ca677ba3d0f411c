/* Both orders of the two steps. No proof says that the rounds converge, so every Q and L R
 * that stood side by side is measured, and the best are kept. */

#include "remainder.h"

#include "downdate.h"
#include "framing.h"
#include "truncation.h"

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

uint64_t remainder_bits(const struct remainder *r, size_t rows, size_t cols, bool paper)
{
    uint64_t dense = (paper ? coding_bits_paper : coding_bits_true)(&r->dense, rows, cols);
    return dense + pair_bits(&r->pair, rows, cols, r->rank, paper) +
           framing_bits(r->rotate, false, rows, cols, paper);
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

/* Q of m by way of the processor, its error where the last pair can take it. */
static bool code_downdated(struct state *s, struct job *job, const struct coding *c,
                           const struct buffer *m, struct coded *out, struct error *err)
{
    const struct result *p = &s->pairs[s->pair_now];
    const struct coded *right = &p->parts[p->terms[0].right].codes;
    struct matrix whole = { 0 }, r = { 0 };
    bool ok = matrix_init(&whole, m->dtype, m->rows, m->cols, err) &&
              backend_read(m, whole.view, err) &&
              matrix_init(&r, DTYPE_F64, right->rows, right->cols, err) &&
              coding_decode(right, r.view, err) &&
              downdate_encode(job, c, whole.view, r.view, out, err);
    matrix_finish(&whole);
    matrix_finish(&r);
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
    bool downdate = s->r->downdate && s->pair_now >= 0 && c.quantizer->group == 0;
    ok = ok && job_step(job, 0.5, "rounding it", err) &&
         (downdate ? code_downdated(s, job, &c, &m, &s->dense[to], err)
                   : backend_code(&c, &m, &s->dense[to], err));
    backend_release(&m);
    s->dense_now = to;
    return ok;
}

static struct pair pair_of(const struct state *s, int round)
{
    struct pair pair = s->r->pair;
    pair.seed += 0x9e3779b97f4a7c15u * (unsigned)round; /* rounds share no draw of the dither */
    return pair;
}

/* The factors of the truncated SVD with a root of Sigma each, rounded, or refined by
 * alternating fits from there. */
static bool from_vectors(struct state *s, struct job *job, const struct buffer *m, int round,
                         struct svd *svd, struct result *out, struct error *err)
{
    struct pair pair = pair_of(s, round);
    struct buffer left = { 0 }, right = { 0 };
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

/* A pair for m = A - Q, or A where there is no Q yet. */
static bool make_pair(struct state *s, struct job *job, const struct buffer *m, int round,
                      double *optimal, struct result *out, struct error *err)
{
    struct arena scratch = { 0 };
    struct job_share first = { job, 0, 0.5 }, second = { job, 0.5, 1 };
    struct job svd_job = job_part(&first), fit_job = job_part(&second);
    struct svd svd = { 0 };
    svd_job.scratch = fit_job.scratch = &scratch;
    bool ok = s->dense_now < 0
                  ? truncation(&svd_job, s->in, 0, s->r->rank, false, &svd, optimal, err)
                  : truncation_buffer(&svd_job, m, s->r->rank, &svd, err);
    arena_finish(&scratch);
    ok = ok && from_vectors(s, &fit_job, m, round, &svd, out, err);
    arena_finish(&scratch);
    svd_finish(&svd);
    return ok;
}

/* The last pair, refined for what the new Q leaves. */
static bool refine_pair(struct state *s, struct job *job, const struct buffer *m, int round,
                        struct buffer *left, struct result *out, struct error *err)
{
    struct pair pair = pair_of(s, round);
    struct arena scratch = { 0 };
    struct job own = *job;
    own.scratch = &scratch;
    bool ok = pair_fit(&own, &pair, m, left, s->r->inner_rounds, out, err);
    arena_finish(&scratch);
    return ok;
}

static bool pair_step(struct state *s, struct job *job, int round, double *optimal,
                      struct error *err)
{
    struct buffer m = { 0 }, left = { 0 };
    int to = spare(s->pair_best);
    bool refine = s->pair_now >= 0 && s->r->inner_rounds && !s->r->restart;
    if (refine) {
        const struct result *p = &s->pairs[s->pair_now];
        if (!decode(s, &p->parts[p->terms[0].left].codes, &left, err))
            return false;
    }
    result_finish(&s->pairs[to]);
    bool ok = result_init(&s->pairs[to], 1, err) &&
              (s->dense_now < 0 ? backend_load(job->backend, s->in->matrices[0], &m, err)
                                : without(s, true, &m, err)) &&
              (refine ? refine_pair(s, job, &m, round, &left, &s->pairs[to], err)
                      : make_pair(s, job, &m, round, optimal, &s->pairs[to], err));
    backend_release(&left);
    backend_release(&m);
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

/* The matrix, rotated if so wished: *own and *rotated are where it then lies. */
static bool load(struct state *s, struct inputs *own, struct matrix_view *rotated,
                 struct result *out, struct error *err)
{
    if (s->r->rotate) {
        if (!framing_rotate(s->job, s->in->matrices[0], s->r->pair.seed, out, 0, rotated, err))
            return false;
        *own = (struct inputs){ .matrices = rotated, .n = 1 };
        s->in = own;
    }
    return backend_load(s->job->backend, s->in->matrices[0], &s->a, err);
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
    struct inputs own;
    struct matrix_view rotated;
    bool ok = load(&s, &own, &rotated, out, err);
    int round = 0, since = 0;
    for (; ok && round < r->rounds && (r->persist || since < PATIENCE); round++) {
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
