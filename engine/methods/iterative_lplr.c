/* Iterative LPLR: the rank in several passes, each a sketch and a fit of what those before left. */

#include "coding_rows.h"
#include "framing.h"
#include "pair.h"
#include "sketch.h"

struct params {
    int rank, passes, left_bits, right_bits, rounding, scales, quantizer, clip, sketch, rounds;
    bool symmetric, normalize;
    uint64_t seed;
};

enum { PASSES = 64 };

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct params),
    { PARAM(struct params, passes), .title = "Passes", .shorthand = "passes", .unit = "passes",
      .help = "The rank is taken in so many parts, each from what the parts before left over.",
      .source = PAPER_LPLR ", the released iterative_lplr (which calls a function that is not there)",
      .min = 1, .max = PASSES, .def = 2, .paper = 4, .logarithmic = true },
    ROW_LEFT_BITS(struct params, 5, 8),
    ROW_RIGHT_BITS(struct params, 6, 8),
    ROW_ROUNDING(struct params),
    ROW_SCALES(struct params),
    ROW_SYMMETRIC(struct params),
    ROW_QUANTIZER(struct params),
    ROW_CLIP(struct params),
    ROW_SKETCH(struct params, SKETCH_RADEMACHER),
    ROW_ROUNDS(struct params),
    { PARAM(struct params, normalize), .title = "Normalise and shift", .shorthand = "normalise",
      .unit = "",
      .help = "Scales the result by one number and adds another, those of least error; 128 bits.",
      .source = PAPER_LPLR ", the released iterative_lplr: always",
      .min = 0, .max = 1, .def = 1, .paper = 1 },
    ROW_SEED(struct params),
};
/* clang-format on */

/* Columns of pass i: the rank in parts as equal as can be, none of them empty. */
static size_t share(const struct params *p, size_t rank, size_t i)
{
    size_t passes = (size_t)p->passes < rank ? (size_t)p->passes : rank;
    return i < passes ? rank / passes + (i < rank % passes) : 0;
}

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    const struct params *p = params;
    struct pair pair = PAIR_OF(p);
    size_t rank = rank_clamped(p->rank, n, d);
    uint64_t sum = framing_bits(false, p->normalize, n, d, paper);
    (void)dtype;
    for (size_t i = 0; share(p, rank, i); i++)
        sum += pair_bits(&pair, n, d, share(p, rank, i), paper);
    return sum;
}

/* A sketch, a fit and, but for the first pass, a subtraction for every column. */
static double flops(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    size_t rank = rank_clamped(p->rank, n, d);
    double product = 2.0 * (double)n * (double)d;
    return product * (double)rank + pair_flops(n, d, rank, p->rounds);
}

/* *rest = rest - the last term of *out. */
static bool subtract(struct job *job, struct buffer *rest, const struct result *out,
                     struct error *err)
{
    const struct term *t = &out->terms[out->n_terms - 1];
    const struct part *parts[] = { &out->parts[t->left], &out->parts[t->right] };
    struct buffer factors[2] = { { 0 } }, fresh = { 0 };
    struct buffer_product product = { &factors[0], &factors[1] };
    bool ok = backend_alloc(job->backend, rest->dtype, rest->rows, rest->cols, &fresh, err);
    for (int i = 0; ok && i < 2; i++)
        ok = backend_alloc(job->backend, rest->dtype, part_rows(parts[i]), part_cols(parts[i]),
                           &factors[i], err) &&
             backend_decode(&parts[i]->codes, &factors[i], err);
    ok = ok && backend_subtract(rest, &product, 1, &fresh, err);
    backend_release(&factors[0]);
    backend_release(&factors[1]);
    backend_release(rest);
    *rest = fresh;
    return ok;
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct pair pair = PAIR_OF(p);
    struct matrix_view a = in->matrices[0];
    struct buffer rest = { 0 }, y = { 0 };
    size_t rank = rank_clamped(p->rank, a.rows, a.cols), taken = 0;
    bool ok = backend_load(job->backend, a, &rest, err);
    for (size_t i = 0; ok && share(p, rank, i); i++) {
        size_t m = share(p, rank, i);
        struct job_share span = { job, (double)taken / (double)rank,
                                  (double)(taken + m) / (double)rank };
        struct job pass = job_part(&span);
        pair.seed = p->seed + i * 0x9e3779b97f4a7c15u; /* passes do not share their dither */
        ok = job_step(&pass, 0, "sketch", err) && (!i || subtract(job, &rest, out, err)) &&
             sketch_columns(&pass, &rest, (enum sketch_kind)p->sketch, p->seed, (uint32_t)i, m, &y,
                            err) &&
             pair_fit(&pass, &pair, &rest, &y, p->rounds, out, err);
        taken += m;
    }
    backend_release(&y);
    backend_release(&rest);
    return ok && (!p->normalize || framing_normalise(job, a, out, 0, err));
}

const struct method method_iterative_lplr = {
    .name = "iterative-lplr",
    .title = "Iterative LPLR",
    .summary =
        "LPLR in passes, each of what the passes before left over, then the best scale and shift.",
    .source = PAPER_LPLR ", the released code's iterative_lplr, which never ran; this one does",
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
};
