/* Bits dealt out to the components of an SVD: reverse water-filling, the classic answer of rate-distortion
 * theory (Cover, Thomas, Elements of Information Theory, 10.3.3), with distortions that are measured. */

#include "allocation.h"
#include "coding_rows.h"
#include "framing.h"
#include "pair.h"
#include "truncation.h"

#include <math.h>

struct params {
    double bits_per_entry;
    int groups, rounding, quantizer, clip, rounds;
    bool symmetric, normalize;
    uint64_t seed;
};

/* clang-format off */
static const struct param rows[] = {
    { PARAM(struct params, bits_per_entry), .title = "Bits per entry", .shorthand = "bits/ent", .unit = "bits",
      .help = "True bits per entry of the matrix, all that expand needs but the file's header: the result takes "
              "as many or fewer.",
      .source = "", .min = 0.01, .max = 32, .def = 1, .paper = 1, .logarithmic = true },
    { PARAM(struct params, groups), .title = "Groups", .shorthand = "groups", .unit = "groups",
      .help = "Components with the same bits are stored together; at most so many groups, as each takes "
              "lines in the file's header.",
      .source = "", .min = 1, .max = PAIR_GROUPS, .def = 4, .paper = 4 },
    ROW_ROUNDING(struct params),
    ROW_SYMMETRIC(struct params),
    ROW_QUANTIZER(struct params),
    ROW_CLIP_OF(struct params, CLIP_SEARCH, CLIP_SEARCH, ""),
    ROW_ROUNDS_OF(struct params, 10, "Saha et al. 2024 (CALDERA), LPLRFactorize"),
    ROW_NORMALIZE(struct params, 0),
    ROW_SEED(struct params),
};
/* clang-format on */

enum {
    BITS = 12, /* of a vector: 1 to this */
    PAIRS = BITS * BITS,
    UNITS = 2 * 64, /* of a group of components: the units of its ranges, coding.h */
};

static struct pair pair_of(const struct params *p)
{
    return (struct pair){ .quantizer = quantizer_at(p->quantizer),
                          .clip = (enum clip)p->clip,
                          .rounding = (enum rounding)p->rounding,
                          .scales = SCALES_VECTOR,
                          .symmetric = p->symmetric,
                          .seed = p->seed };
}

static uint64_t allowed_bits(const struct params *p, size_t n, size_t d)
{
    return (uint64_t)(p->bits_per_entry * (double)n * (double)d);
}

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    (void)dtype;
    (void)paper;
    return allowed_bits(params, n, d);
}

/* One component with so many bits. */
static uint64_t cost_of(const struct pair *pair, size_t n, size_t d, int left, int right)
{
    struct pair_group one = { .columns = 1, .left_bits = left, .right_bits = right };
    struct pair p = *pair;
    p.groups = &one;
    p.n_groups = 1;
    return pair_bits(&p, n, d, 1, false);
}

/* One component with the fewest bits the quantizer has. */
static uint64_t least_cost(const struct pair *pair, size_t n, size_t d)
{
    return cost_of(pair, n, d, pair->quantizer->min_bits, pair->quantizer->min_bits);
}

/* The most components there may be. */
static size_t most_components(const struct params *p, size_t n, size_t d)
{
    struct pair pair = pair_of(p);
    double each = (double)least_cost(&pair, n, d) - UNITS;
    double most = ((double)allowed_bits(p, n, d) - UNITS) / each;
    return most < 1 ? 1 : rank_clamped((int)fmin(most, 1e9), n, d);
}

/* One side of the components: the columns of U or the rows of V^T, of norm 1, and what rounding
 * does to them, by bits and component. */
struct side {
    struct matrix_view vectors; /* n x K, or K x d */
    bool left;
    double *loss; /* BITS x K */
};

/* Of the column u' of L that stands for u: 1 - cos^2(u, u'), what no row of R repairs. Of the row v' of
 * R: ||v' - v||^2. */
static double vector_loss(struct matrix_view is, struct matrix_view was, bool left)
{
    double both = 0, square = 0, off = 0, whole = 0;
    for (size_t i = 0; i < is.rows; i++)
        for (size_t j = 0; j < is.cols; j++) {
            double x = matrix_at(is, i, j), y = matrix_at(was, i, j);
            both += x * y;
            square += x * x;
            whole += y * y;
            off += (x - y) * (x - y);
        }
    if (!left)
        return off;
    return square > 0 && whole > 0 ? fmax(0, 1 - both * both / (square * whole)) : 1;
}

static bool measure(struct job *job, const struct pair *pair, struct side *s, struct error *err)
{
    size_t height = s->vectors.rows, width = s->vectors.cols, n = s->left ? width : height;
    struct buffer from = { 0 };
    struct matrix_view is;
    s->loss = arena_alloc(job->scratch, BITS * n * sizeof(*s->loss), err);
    bool ok = s->loss && arena_matrix(job->scratch, s->vectors.dtype, height, width, &is, err) &&
              backend_load(job->backend, s->vectors, &from, err);
    for (size_t i = 0; s->loss && i < BITS * n; i++)
        s->loss[i] = 1; /* of bits that the quantizer does not have */
    int most = pair->quantizer->max_bits < BITS ? pair->quantizer->max_bits : BITS;
    for (int b = pair->quantizer->min_bits; ok && b <= most; b++) {
        struct pair p = *pair;
        struct coded codes = { 0 };
        struct buffer decoded = { 0 };
        p.left_bits = p.right_bits = b;
        struct coding c = (s->left ? pair_left : pair_right)(&p, 0);
        ok = job_step(job, (s->left ? 0.1 : 0.15) + 0.004 * b, "measuring what bits do", err) &&
             backend_code(&c, &from, &codes, err) &&
             backend_alloc(job->backend, from.dtype, height, width, &decoded, err) &&
             backend_decode(&codes, &decoded, err) && backend_read(&decoded, is, err);
        for (size_t k = 0; ok && k < n; k++)
            s->loss[(size_t)(b - 1) * n + k] =
                s->left ? vector_loss(matrix_block(is, 0, k, height, 1),
                                      matrix_block(s->vectors, 0, k, height, 1), true)
                        : vector_loss(matrix_block(is, k, 0, 1, width),
                                      matrix_block(s->vectors, k, 0, 1, width), false);
        backend_release(&decoded);
        coded_finish(&codes);
    }
    backend_release(&from);
    return ok;
}

/* What is left of component k, relative to its energy: sigma u v^T by the column u' and the best
 * multiple of v, rounded. */
static double rest_of(const struct side *u, const struct side *v, size_t n, size_t k, int pair)
{
    double left = u->loss[(size_t)(pair / BITS) * n + k],
           right = v->loss[(size_t)(pair % BITS) * n + k];
    return left < 1 && right < 1 ? left + (1 - left) * right : 1;
}

/* Pairs of bits for the components of s, as an option each: left bits - 1 times BITS, plus right - 1. */
static bool deal(struct job *job, const struct params *p, const struct pair *pair, struct svd *s,
                 int *choice, struct error *err)
{
    size_t n = s->u.view.rows, d = s->vt.view.cols;
    struct side u = { s->u.view, true, NULL }, v = { s->vt.view, false, NULL };
    double *rest = arena_alloc(job->scratch, s->n * PAIRS * sizeof(*rest), err);
    double *energy = rest ? arena_alloc(job->scratch, s->n * sizeof(*energy), err) : NULL;
    uint64_t cost[PAIRS];
    if (!energy || !measure(job, pair, &u, err) || !measure(job, pair, &v, err))
        return false;
    for (size_t k = 0; k < s->n; k++) {
        double ratio = s->sigma[0] > 0 ? s->sigma[k] / s->sigma[0] : 0;
        energy[k] = ratio * ratio;
        for (int o = 0; o < PAIRS; o++)
            rest[k * PAIRS + (size_t)o] = energy[k] * rest_of(&u, &v, s->n, k, o);
    }
    for (int o = 0; o < PAIRS; o++)
        cost[o] = cost_of(pair, n, d, 1 + o / BITS, 1 + o % BITS) - UNITS;
    struct allocation a = { .n = s->n,
                            .options = PAIRS,
                            .distortion = rest,
                            .without = energy,
                            .cost = cost,
                            .allowed = allowed_bits(p, n, d) -
                                       framing_bits(false, p->normalize, n, d, false),
                            .overhead = UNITS,
                            .groups = (size_t)p->groups };
    return allocation_deal(&a, job, 0.2, choice, err);
}

/* The components in groups of equal bits, U Sigma in that order; *n_groups 0: none was worth its bits. */
static bool gather(struct job *job, struct svd *s, const int *choice, struct pair_group *groups,
                   size_t *n_groups, struct matrix_view *start, struct error *err)
{
    size_t rank = 0, at = 0;
    for (size_t k = 0; k < s->n; k++)
        rank += choice[k] >= 0;
    if (!arena_matrix(job->scratch, s->u.view.dtype, s->u.view.rows, rank, start, err))
        return false;
    *n_groups = 0;
    for (int o = PAIRS - 1; o >= 0; o--) {
        struct pair_group g = { .left_bits = 1 + o / BITS, .right_bits = 1 + o % BITS };
        for (size_t k = 0; k < s->n; k++) {
            if (choice[k] != o)
                continue;
            struct matrix_view column = matrix_block(s->u.view, 0, k, s->u.view.rows, 1);
            truncation_scale(column, &s->sigma[k], 1, true);
            matrix_copy(column, matrix_block(*start, 0, at++, s->u.view.rows, 1));
            g.columns++;
        }
        if (g.columns)
            groups[(*n_groups)++] = g;
    }
    return true;
}

/* Room for one component, at a bit an entry. */
static bool has_room(const struct params *p, size_t n, size_t d, struct error *err)
{
    struct pair pair = pair_of(p);
    uint64_t least = least_cost(&pair, n, d) + framing_bits(false, p->normalize, n, d, false);
    return allowed_bits(p, n, d) >= least ||
           fail(err, ERROR_USAGE,
                "water-filling of a %zu x %zu matrix takes at least %.4g bits per entry, more than "
                "%.4g",
                n, d, (double)least / ((double)n * (double)d), p->bits_per_entry);
}

/* Of zeros nothing is worth a bit, but a result has a component. */
static void take_one(const struct pair *pair, size_t n, int *choice)
{
    bool any = false;
    for (size_t k = 0; k < n; k++)
        any = any || choice[k] >= 0;
    if (!any)
        choice[0] = (pair->quantizer->min_bits - 1) * (BITS + 1);
}

static double flops(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    /* as many as half of those that there would be at the fewest bits, seldom more */
    size_t most = most_components(p, n, d), some = (most + 1) / 2;
    return truncation_flops(n, d, most, false) + pair_flops(n, d, some, p->rounds);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct matrix_view a = in->matrices[0], start;
    struct pair pair = pair_of(p);
    struct pair_group groups[PAIR_GROUPS];
    struct svd s = { 0 };
    struct buffer ab = { 0 }, left = { 0 };
    int *choice = NULL;
    bool ok = has_room(p, a.rows, a.cols, err) && backend_load(job->backend, a, &ab, err) &&
              truncation(job, in, 0, most_components(p, a.rows, a.cols), false, &s, NULL, err) &&
              (choice = arena_alloc(job->scratch, s.n * sizeof(*choice), err)) &&
              deal(job, p, &pair, &s, choice, err);
    if (ok)
        take_one(&pair, s.n, choice);
    pair.groups = groups;
    ok = ok && gather(job, &s, choice, groups, &pair.n_groups, &start, err) &&
         backend_load(job->backend, start, &left, err) &&
         pair_fit(job, &pair, &ab, &left, p->rounds, out, err) &&
         (!p->normalize || framing_normalise(job, a, out, 0, err));
    backend_release(&left);
    backend_release(&ab);
    svd_finish(&s);
    return ok;
}

const struct method method_water_filling = {
    .name = "water-filling",
    .title = "Water-filling",
    .summary = "The truncated SVD with bits dealt out component by component, then a rounded "
               "least-squares fit.",
    .source = "Reverse water-filling (Cover, Thomas, 10.3.3) by Lagrange multipliers (Shoham, "
              "Gersho 1988)",
    .flags = METHOD_SIZED | METHOD_OURS,
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
};
