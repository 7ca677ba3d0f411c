/* LPLR: a sketch of the columns, rounded, becomes the left factor; the least-squares
 * fit onto it, rounded, the right one. The sketch is as wide as the stored rank. */

#include "coding_rows.h"
#include "framing.h"
#include "pair.h"
#include "sketch.h"
#include "theory.h"

#include <math.h>

struct params {
    int rank, left_bits, right_bits, rounding, scales, quantizer, clip, sketch, rounds;
    bool symmetric, normalize;
    uint64_t seed;
};

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct params),
    ROW_LEFT_BITS(struct params, 5, 4),
    ROW_RIGHT_BITS(struct params, 6, 8),
    ROW_ROUNDING(struct params),
    ROW_SCALES(struct params),
    ROW_SYMMETRIC(struct params),
    ROW_QUANTIZER(struct params),
    ROW_CLIP(struct params),
    ROW_SKETCH(struct params, SKETCH_RADEMACHER),
    ROW_ROUNDS(struct params),
    ROW_NORMALIZE(struct params, 0),
    ROW_SEED(struct params),
};
/* clang-format on */

/* Up to this side the singular values for the bound are worth computing. */
enum { BOUND_SIDE = 2048 };

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    const struct params *p = params;
    struct pair pair = PAIR_OF(p);
    (void)dtype;
    return pair_bits(&pair, n, d, rank_clamped(p->rank, n, d), paper) +
           framing_bits(false, p->normalize, n, d, paper);
}

static bool theory(const void *params, const struct spectrum *s, const struct result *r,
                   size_t matrix, const size_t *ranks, size_t n, struct theory *out)
{
    const struct params *p = params;
    if (!theory_lplr(s, r, matrix, ranks, n, out))
        return false;
    theory_claim(theory_doubt(r, matrix, true, p->sketch == SKETCH_GAUSSIAN), r, ranks, n, out);
    return true;
}

/* All singular values of the input: *s borrows them from the caller's SVD or from scratch.
 * A large matrix without an SVD gets none, which theory_lplr answers with none. */
static bool complete_spectrum(struct job *job, const struct inputs *in, struct spectrum *s,
                              struct error *err)
{
    struct matrix_view a = in->matrices[0];
    size_t side = a.rows < a.cols ? a.rows : a.cols;
    *s = (struct spectrum){ .rows = a.rows, .cols = a.cols, .norm = matrix_norm(a) };
    if (in->svds) {
        s->sigma = in->svds[0].sigma;
        s->n = in->svds[0].n;
        return true;
    }
    if (side > BOUND_SIDE)
        return true;
    double *sigma = arena_alloc(job->scratch, side * sizeof(*sigma), err);
    if (!sigma || !job_step(job, 0.95, "bound", err) || !linalg_singular_values(a, sigma, err))
        return false;
    s->sigma = sigma;
    s->n = side;
    return true;
}

/* Where nothing that the theorem assumes fails, and so the spectrum is worth its price. */
static bool set_bound(struct job *job, const struct inputs *in, const struct params *p,
                      struct result *out, struct error *err)
{
    struct measure *m = &out->measures[0];
    struct spectrum s;
    if (theory_doubt(out, 0, true, p->sketch == SKETCH_GAUSSIAN))
        return true;
    if (!complete_spectrum(job, in, &s, err))
        return false;
    if (theory(p, &s, out, 0, &out->rank, 1, &m->theory))
        m->bound = m->theory.error;
    return true;
}

static double flops(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    size_t rank = rank_clamped(p->rank, n, d);
    return 2.0 * (double)n * (double)d * (double)rank + pair_flops(n, d, rank, p->rounds);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct pair pair = PAIR_OF(p);
    struct matrix_view a = in->matrices[0];
    struct buffer ab = { 0 }, y = { 0 };
    return backend_load(job->backend, a, &ab, err) && job_step(job, 0, "sketch", err) &&
           sketch_columns(job, &ab, (enum sketch_kind)p->sketch, p->seed, 0,
                          rank_clamped(p->rank, a.rows, a.cols), &y, err) &&
           pair_fit(job, &pair, &ab, &y, p->rounds, out, err) && set_bound(job, in, p, out, err) &&
           (!p->normalize || framing_normalise(job, a, out, 0, err));
}

const struct method method_lplr = {
    .name = "lplr",
    .title = "LPLR",
    .summary = "A random sketch rounded, then a rounded least-squares fit: no SVD anywhere.",
    .source = "Saha, Srivastava, Pilanci, NeurIPS 2023 (arXiv 2310.11028), Algorithm 1",
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
    .theory = theory,
};
