/* The best approximation of a rank, in full precision: the yardstick of all others. */

#include "coding_rows.h"
#include "truncation.h"

struct params {
    int rank;
    bool exact;
};

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct params),
    { PARAM(struct params, exact), .title = "Exact", .shorthand = "exact", .unit = "",
      .help = "Always by LAPACK, never by block Lanczos, which a small rank of a large matrix "
              "gets otherwise.",
      .source = "Hallman 2022 (randUBV), stopped within 0.1 % of its error",
      .min = 0, .max = 1, .def = 0, .paper = 1 },
};
/* clang-format on */

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    const struct params *p = params;
    (void)paper; /* plain numbers: there are no scales to count */
    return (uint64_t)rank_clamped(p->rank, n, d) * (n + d) * dtype_size(dtype) * 8;
}

static double flops(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    return truncation_flops(n, d, rank_clamped(p->rank, n, d), p->exact);
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct matrix_view a = in->matrices[0];
    struct svd s = { 0 };
    size_t left, right;
    bool ok = truncation(job, in, 0, rank_clamped(p->rank, a.rows, a.cols), p->exact, &s,
                         &out->measures[0].optimal, err) &&
              job_step(job, 0.9, "scaling", err);
    if (ok) {
        out->rank = s.n;
        truncation_scale(s.u.view, s.sigma, 1, true);
        ok = result_add_plain(out, "left", &s.u, &left, err) &&
             result_add_plain(out, "right", &s.vt, &right, err) &&
             result_add_term(out, 0, left, right, err);
    }
    svd_finish(&s);
    return ok;
}

const struct method method_truncated_svd = {
    .name = "truncated-svd",
    .title = "Truncated SVD",
    .summary = "The best approximation of a given rank, in full precision.",
    .source = "Eckart, Young 1936, The approximation of one matrix by another of lower rank",
    .flags = METHOD_NESTED,
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .flops = flops,
    .run = run,
};
