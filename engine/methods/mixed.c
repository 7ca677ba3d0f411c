/* Mixed LPLR: alternation where the leading components keep nearly all their digits. */

#include "coding_rows.h"
#include "framing.h"
#include "pair.h"
#include "split_rows.h"
#include "truncation.h"

struct params {
    int rank, left_bits, right_bits, left_kept, right_kept, rounding, scales, quantizer, clip,
        split, rounds;
    bool symmetric, normalize, persist;
    uint64_t seed;
};

#define MIXED_SOURCE "Saha et al. 2024 (CALDERA), the released code's mixed LPLR"
#define ROW_KEPT(field, name, what, cells)                                                      \
    {                                                                                           \
        PARAM(struct params, field), .title = name, .shorthand = cells, .unit = what,           \
                                     .help = "So many leading " what " keep 16 bits an entry.", \
                                     .source = MIXED_SOURCE, .min = 0, .max = 65536, .def = 1,  \
                                     .paper = 4, .within_rank = true                            \
    }

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct params),
    ROW_LEFT_BITS(struct params, 5, 4),
    ROW_RIGHT_BITS(struct params, 5, 4),
    ROW_KEPT(left_kept, "Columns of L kept", "columns", "kept  (L)"),
    ROW_KEPT(right_kept, "Rows of R kept", "rows", "kept  (R)"),
    ROW_ROUNDING(struct params),
    ROW_SCALES(struct params),
    ROW_SYMMETRIC(struct params),
    ROW_QUANTIZER(struct params),
    ROW_CLIP(struct params),
    ROW_SPLIT(struct params, SPLIT_BOTH, "the alternation of CALDERA's code: both"),
    ROW_ROUNDS_OF(struct params, 10, MIXED_SOURCE ": 10"),
    ROW_PERSIST(struct params, MIXED_SOURCE ": all rounds"),
    ROW_NORMALIZE(struct params, 0),
    ROW_SEED(struct params),
};
/* clang-format on */

enum { KEPT_BITS = 16, MOST_GROUPS = 3 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Components in groups: both sides kept, one of them, none. *groups has room for MOST_GROUPS. */
static struct pair pair_of(const struct params *p, size_t rank, struct pair_group *groups)
{
    struct pair pair = PAIR_OF(p);
    pair.persist = p->persist;
    size_t left = least((size_t)p->left_kept, rank), right = least((size_t)p->right_kept, rank);
    size_t ends[MOST_GROUPS] = { least(left, right), left + right - least(left, right), rank };
    size_t first = 0;
    for (int i = 0; i < MOST_GROUPS; i++) {
        if (ends[i] > first)
            groups[pair.n_groups++] = (struct pair_group){
                .columns = ends[i] - first,
                .left_bits = first < left ? KEPT_BITS : p->left_bits,
                .right_bits = first < right ? KEPT_BITS : p->right_bits,
                .left_quantizer = first < left ? quantizer_at(0) : NULL, /* 16 bits: even steps */
                .right_quantizer = first < right ? quantizer_at(0) : NULL,
            };
        first = ends[i];
    }
    pair.groups = groups;
    return pair;
}

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    const struct params *p = params;
    struct pair_group groups[MOST_GROUPS];
    struct pair pair = pair_of(p, rank_clamped(p->rank, n, d), groups);
    (void)dtype;
    return pair_bits(&pair, n, d, 0, paper) + framing_bits(false, p->normalize, n, d, paper);
}

static double flops(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    size_t rank = rank_clamped(p->rank, n, d);
    return truncation_flops(n, d, rank, false) + pair_flops(n, d, rank, p->rounds);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct pair_group groups[MOST_GROUPS];
    struct matrix_view a = in->matrices[0];
    struct svd s = { 0 };
    struct buffer ab = { 0 }, start = { 0 };
    double *tail = &out->measures[0].optimal;
    bool ok = backend_load(job->backend, a, &ab, err) &&
              truncation(job, in, 0, rank_clamped(p->rank, a.rows, a.cols), false, &s, tail, err);
    if (ok) {
        size_t rank = p->rounds > 1 ? truncation_useful(&s, tail) : s.n;
        struct matrix_view u = matrix_block(s.u.view, 0, 0, a.rows, rank);
        struct pair pair = pair_of(p, rank, groups);
        truncation_scale(u, s.sigma, split_share[p->split], true);
        ok = backend_load(job->backend, u, &start, err) &&
             pair_fit(job, &pair, &ab, &start, p->rounds, out, err) &&
             (!p->normalize || framing_normalise(job, a, out, 0, err));
    }
    backend_release(&start);
    backend_release(&ab);
    svd_finish(&s);
    return ok;
}

const struct method method_mixed = {
    .name = "mixed-lplr",
    .title = "Mixed LPLR",
    .summary = "LPLR-SVD with the leading columns and rows kept at 16 bits.",
    .source = MIXED_SOURCE,
    .flags = METHOD_SIZED,
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
};
