/* The matrix itself, rounded: what every factorization has to beat at the same size. */

#include "coding_rows.h"
#include "framing.h"
#include "method.h"

struct params {
    int bits, rounding, scales, quantizer, clip;
    bool symmetric, hadamard, normalize;
    uint64_t seed;
};

/* clang-format off */
static const struct param rows[] = {
    { PARAM(struct params, bits), .title = "Bits", .shorthand = "B", .unit = "bits",
      .help = "Bits per entry of the matrix.",
      .source = PAPER_LPLR ", naive quantization, B_nq",
      .min = 1, .max = CODING_BITS_MAX, .def = 4, .paper = 4 },
    ROW_ROUNDING(struct params),
    ROW_SCALES(struct params),
    ROW_QUANTIZER(struct params),
    ROW_CLIP(struct params),
    ROW_SYMMETRIC(struct params),
    ROW_HADAMARD(struct params, 0, 0),
    ROW_NORMALIZE(struct params, 1),
    ROW_SEED(struct params),
};
/* clang-format on */

static struct coding coding_of(const struct params *p)
{
    const struct quantizer *q = quantizer_at(p->quantizer);
    return (struct coding){
        .quantizer = q,
        .bits = p->bits,
        .rounding = (enum rounding)p->rounding,
        .clip = (enum clip)p->clip,
        .scales = (enum scales)p->scales,
        .symmetric = coding_symmetric(p->symmetric, q),
        .seed = p->seed,
        .stream = STREAM_DITHER_LEFT,
    };
}

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    const struct params *p = params;
    struct coding c = coding_of(p);
    (void)dtype;
    return (paper ? coding_bits_paper : coding_bits_true)(&c, n, d) +
           framing_bits(p->hadamard, p->normalize, n, d, paper);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct coding c = coding_of(p);
    struct matrix_view given = in->matrices[0], rounded = given;
    struct buffer a = { 0 };
    struct coded codes = { 0 };
    size_t dense;
    bool ok = job_step(job, 0, "loading", err) &&
              (!p->hadamard || framing_rotate(job, given, p->seed, out, 0, &rounded, err)) &&
              backend_load(job->backend, rounded, &a, err) && job_step(job, 0.2, "rounding", err) &&
              backend_code(&c, &a, &codes, err) &&
              result_add_coded(out, "dense", &codes, &dense, err) &&
              result_add_term(out, 0, dense, TERM_DENSE, err) &&
              (!p->normalize || framing_normalise(job, given, out, 0, err));
    coded_finish(&codes);
    return ok;
}

const struct method method_naive = {
    .name = "naive",
    .title = "Naive quantization",
    .summary = "Rounds the matrix itself, entry by entry.",
    .source = PAPER_LPLR ", the baseline NQ",
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .run = run,
};
