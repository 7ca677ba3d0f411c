/* Several matrices with one right factor between them: the truncated SVD of the matrices on top of each
 * other, through the sum of their Gram matrices, so that the stack is never made. One matrix alone is a
 * truncated SVD. */

#include "coding_rows.h"
#include "joint.h"
#include "memory.h"
#include "pair.h"
#include "split_rows.h"
#include "truncation.h"

#include <math.h>

struct params {
    int rank, balance, split, bits, scales, quantizer, clip;
    bool symmetric;
};

#define PAPER_JOINT "Peng et al. 2024 (arXiv 2402.16319)"

/* clang-format off */
static const struct param rows[] = {
    ROW_RANK(struct params),
    { PARAM(struct params, balance), .title = "Balance", .shorthand = "balance", .unit = "",
      .help = "Whether matrices are made alike before they share a factor, by their Frobenius or their "
              "spectral norm, so that a large one does not decide alone.",
      .source = PAPER_JOINT ": not known; none is the stack as it is",
      .min = BALANCE_NONE, .max = BALANCE_SPECTRAL, .def = BALANCE_NONE, .paper = BALANCE_NONE,
      .choices = balance_names },
    { PARAM(struct params, split), .title = "Split of Sigma", .shorthand = "split", .unit = "",
      .help = "Which factor the singular values of the stack go to; both: their root to each. The "
              "product is the same until factors are rounded.",
      .source = PAPER_JOINT ": not known",
      .min = SPLIT_LEFT, .max = SPLIT_BOTH, .def = SPLIT_LEFT, .paper = SPLIT_LEFT,
      .choices = split_names },
    { PARAM(struct params, bits), .title = "Bits of the factors", .shorthand = "B", .unit = "bits",
      .help = "Bits per entry of all factors; 0: plain numbers, as they were computed.",
      .source = PAPER_JOINT ": plain, said to go with quantization",
      .min = 0, .max = CODING_BITS_MAX, .def = 0, .paper = 0 },
    ROW_SCALES(struct params),
    ROW_SYMMETRIC(struct params),
    ROW_QUANTIZER(struct params),
    ROW_CLIP(struct params),
};
/* clang-format on */

static struct pair pair_of(const struct params *p)
{
    return (struct pair){ .quantizer = quantizer_at(p->quantizer),
                          .clip = (enum clip)p->clip,
                          .left_bits = p->bits,
                          .right_bits = p->bits,
                          .rounding = ROUNDING_NEAREST,
                          .scales = (enum scales)p->scales,
                          .symmetric = p->symmetric };
}

/* One factor, r x c. */
static uint64_t factor_bits(const struct params *p, bool left, enum dtype dtype, size_t r, size_t c,
                            bool paper)
{
    struct pair pair = pair_of(p);
    struct coding coding = left ? pair_left(&pair, 0) : pair_right(&pair, 0);
    if (!p->bits)
        return (uint64_t)r * c * dtype_size(dtype) * 8;
    return paper ? coding_bits_paper(&coding, r, c) : coding_bits_true(&coding, r, c);
}

static uint64_t bits_many(const void *params, enum dtype dtype, const size_t *heights, size_t n,
                          size_t cols, bool paper)
{
    const struct params *p = params;
    size_t height = 0;
    for (size_t i = 0; i < n; i++)
        height += heights[i];
    size_t rank = rank_clamped(p->rank, height, cols);
    uint64_t bits = factor_bits(p, false, dtype, rank, cols, paper);
    for (size_t i = 0; i < n; i++)
        bits += factor_bits(p, true, dtype, heights[i], rank, paper);
    return bits;
}

static uint64_t bits(const void *params, enum dtype dtype, size_t n, size_t d, bool paper)
{
    return bits_many(params, dtype, &n, 1, d, paper);
}

static double flops(const void *params, size_t n, size_t d)
{
    const struct params *p = params;
    /* Of one. Several wait for eigenvectors, which no device finds, more than for products. */
    return truncation_flops(n, d, rank_clamped(p->rank, n, d), false);
}

/* What finds the shared factor: Gram matrices, one at a time, and their weighted sum. */
struct shared {
    struct job *job;
    const struct inputs *in;
    const struct params *params;
    struct matrix gram, copy, sum; /* n x n, F64; copy: only where eigenvalues are asked for */
    double *values;                /* n, ascending: eigenvalues */
    double *sigma;                 /* k, descending: of the weighted stack, over `scale` */
    double scale;                  /* a power of two that entries are divided by */
    struct matrix right;           /* k x n, in the precision of the inputs */
    struct matrix left[JOINT_MEMBERS];
};

static void shared_finish(struct shared *s)
{
    matrix_finish(&s->gram);
    matrix_finish(&s->copy);
    matrix_finish(&s->sum);
    memory_free(s->values);
    memory_free(s->sigma);
    matrix_finish(&s->right);
    for (size_t i = 0; i < JOINT_MEMBERS; i++)
        matrix_finish(&s->left[i]);
}

static bool check(const struct inputs *in, struct error *err)
{
    if (in->n > JOINT_MEMBERS)
        return fail(err, ERROR_USAGE, "joint-rank takes at most %d matrices, not %zu",
                    JOINT_MEMBERS, in->n);
    for (size_t i = 1; i < in->n; i++)
        if (in->matrices[i].cols != in->matrices[0].cols)
            return fail(err, ERROR_USAGE,
                        "matrices of %zu and %zu columns share no right factor: joint-rank stacks "
                        "rows of equal length",
                        in->matrices[0].cols, in->matrices[i].cols);
    return true;
}

/* Squares of entries near the ends of double precision leave it. */
static double scale_of(const struct inputs *in, const struct result *r)
{
    double most = 0;
    for (size_t i = 0; i < in->n; i++)
        most = fmax(most, r->measures[i].norm);
    bool far = most > 0x1p400 || (most > 0 && most < 0x1p-400);
    return far ? ldexp(1, ilogb(most)) : 1;
}

/* W^T W of matrix i over `scale`. */
static bool gram_of(struct shared *s, size_t i, struct error *err)
{
    struct matrix_view a = s->in->matrices[i];
    struct buffer whole = { 0 }, gram = { 0 };
    struct matrix scaled = { 0 };
    bool ok = s->scale == 1 || matrix_init(&scaled, a.dtype, a.rows, a.cols, err);
    for (size_t r = 0; ok && s->scale != 1 && r < a.rows; r++)
        for (size_t c = 0; c < a.cols; c++)
            matrix_put(scaled.view, r, c, matrix_at(a, r, c) / s->scale);
    ok = ok && backend_load(s->job->backend, s->scale == 1 ? a : scaled.view, &whole, err) &&
         backend_alloc(s->job->backend, DTYPE_F64, a.cols, a.cols, &gram, err) &&
         backend_gram(&whole, &gram, err) && backend_read(&gram, s->gram.view, err);
    backend_release(&gram);
    backend_release(&whole);
    matrix_finish(&scaled);
    return ok;
}

/* The squared size that the member of this Gram matrix is divided by. */
static bool size_of(struct shared *s, double *squared, struct error *err)
{
    struct matrix_view gram = s->gram.view;
    *squared = s->params->balance == BALANCE_NONE ? 1 : 0;
    if (s->params->balance == BALANCE_SPECTRAL) {
        if (!s->copy.view.data && !matrix_init(&s->copy, DTYPE_F64, gram.rows, gram.cols, err))
            return false;
        matrix_copy(gram, s->copy.view);
        if (!linalg_eigenvalues(s->copy.view, s->values, err))
            return false;
        *squared = s->values[gram.rows - 1];
    }
    for (size_t j = 0; s->params->balance == BALANCE_FROBENIUS && j < gram.rows; j++)
        *squared += matrix_at(gram, j, j);
    if (!(*squared > 0))
        *squared = 1; /* a matrix of zeros */
    return true;
}

static bool add_gram(struct shared *s, size_t i, struct error *err)
{
    double squared;
    if (!gram_of(s, i, err) || !size_of(s, &squared, err))
        return false;
    for (size_t r = 0; r < s->sum.view.rows; r++)
        for (size_t c = 0; c < s->sum.view.cols; c++)
            matrix_put(s->sum.view, r, c,
                       matrix_at(s->sum.view, r, c) + matrix_at(s->gram.view, r, c) / squared);
    return true;
}

/* Of each vector the largest entry is positive. */
static void fix_signs(struct matrix_view v)
{
    for (size_t k = 0; k < v.rows; k++) {
        double most = 0;
        for (size_t c = 0; c < v.cols; c++)
            if (fabs(matrix_at(v, k, c)) > fabs(most))
                most = matrix_at(v, k, c);
        for (size_t c = 0; most < 0 && c < v.cols; c++)
            matrix_put(v, k, c, -matrix_at(v, k, c));
    }
}

/* The leading eigenvectors as rows, largest first. */
static void take_right(struct shared *s)
{
    struct matrix_view to = s->right.view, from = s->sum.view;
    for (size_t k = 0; k < to.rows; k++) {
        size_t row = from.rows - 1 - k;
        matrix_copy(matrix_block(from, row, 0, 1, to.cols), matrix_block(to, k, 0, 1, to.cols));
        s->sigma[k] = sqrt(fmax(s->values[row], 0));
    }
}

static bool by_gram(struct shared *s, struct error *err)
{
    size_t n = s->right.view.cols;
    bool ok = matrix_init(&s->sum, DTYPE_F64, n, n, err) &&
              matrix_init(&s->gram, DTYPE_F64, n, n, err) &&
              (s->values = memory_alloc(n * sizeof(double), err));
    for (size_t i = 0; ok && i < s->in->n; i++)
        ok = job_step(s->job, 0.4 * (double)i / (double)s->in->n, "Gram matrices", err) &&
             add_gram(s, i, err);
    matrix_finish(&s->gram);
    matrix_finish(&s->copy);
    if (!ok || !job_step(s->job, 0.4, "singular vectors", err) ||
        !linalg_eigen(s->sum.view, s->values, err))
        return false;
    take_right(s);
    matrix_finish(&s->sum);
    return true;
}

/* What a member is multiplied by, from itself. */
static bool weigh(struct shared *s, struct matrix_view a, double norm, double *weight,
                  struct error *err)
{
    size_t side = a.rows < a.cols ? a.rows : a.cols;
    double size = s->params->balance == BALANCE_FROBENIUS ? norm : 0, *sigma = NULL;
    if (s->params->balance == BALANCE_SPECTRAL) {
        sigma = memory_alloc(side * sizeof(double), err);
        if (!sigma || !linalg_singular_values(a, sigma, err)) {
            memory_free(sigma);
            return false;
        }
        size = sigma[0];
        memory_free(sigma);
    }
    *weight = 1 / (size > 0 ? size : s->scale);
    return true;
}

/* The stack itself, which is wider than high: its Gram matrix would be larger. */
static bool by_stack(struct shared *s, size_t height, const struct result *r, struct error *err)
{
    struct matrix_view first = s->in->matrices[0];
    struct matrix stack = { 0 };
    struct svd svd = { 0 };
    bool ok = matrix_init(&stack, first.dtype, height, first.cols, err);
    for (size_t i = 0, at = 0; ok && i < s->in->n; at += s->in->matrices[i].rows, i++) {
        struct matrix_view a = s->in->matrices[i];
        double weight = 0;
        ok = job_step(s->job, 0.4 * (double)i / (double)s->in->n, "the stack", err) &&
             weigh(s, a, r->measures[i].norm, &weight, err);
        for (size_t row = 0; ok && row < a.rows; row++)
            for (size_t c = 0; c < a.cols; c++)
                matrix_put(stack.view, at + row, c, matrix_at(a, row, c) * weight);
    }
    ok = ok && job_step(s->job, 0.4, "singular vectors", err) && linalg_svd(stack.view, &svd, err);
    if (ok) {
        size_t rank = s->right.view.rows;
        matrix_copy(matrix_block(svd.vt.view, 0, 0, rank, first.cols), s->right.view);
        for (size_t k = 0; k < rank; k++)
            s->sigma[k] = svd.sigma[k];
    }
    svd_finish(&svd);
    matrix_finish(&stack);
    return ok;
}

static bool find_right(struct shared *s, size_t rank, const struct result *r, struct error *err)
{
    struct matrix_view first = s->in->matrices[0];
    size_t height = 0;
    for (size_t i = 0; i < s->in->n; i++)
        height += s->in->matrices[i].rows;
    bool ok = matrix_init(&s->right, first.dtype, rank, first.cols, err) &&
              (s->sigma = memory_alloc(rank * sizeof(double), err)) &&
              (height < first.cols ? by_stack(s, height, r, err) : by_gram(s, err));
    if (ok)
        fix_signs(s->right.view);
    return ok;
}

/* A_i = W_i B^T, of a B with orthonormal rows. */
static bool find_left(struct shared *s, struct error *err)
{
    struct backend *b = s->job->backend;
    struct buffer right = { 0 };
    bool ok = backend_load(b, s->right.view, &right, err);
    for (size_t i = 0; ok && i < s->in->n; i++) {
        struct matrix_view a = s->in->matrices[i];
        struct buffer whole = { 0 }, left = { 0 };
        ok = job_step(s->job, 0.8 + 0.1 * (double)i / (double)s->in->n, "left factors", err) &&
             matrix_init(&s->left[i], a.dtype, a.rows, s->right.view.rows, err) &&
             backend_load(b, a, &whole, err) &&
             backend_alloc(b, a.dtype, a.rows, s->right.view.rows, &left, err) &&
             backend_gemm(&whole, false, &right, true, &left, err) &&
             backend_read(&left, s->left[i].view, err);
        backend_release(&left);
        backend_release(&whole);
    }
    backend_release(&right);
    return ok;
}

/* A share of the stack's singular values goes over to B; those of no account count as little. */
static void split(struct shared *s)
{
    double over = 1 - split_share[s->params->split], largest = s->sigma[0];
    for (size_t k = 0; k < s->right.view.rows; k++)
        s->sigma[k] = largest > 0 ? fmax(s->sigma[k], 1e-7 * largest) : 1;
    truncation_scale(s->right.view, s->sigma, over, false);
    for (size_t i = 0; i < s->in->n; i++)
        truncation_scale(s->left[i].view, s->sigma, -over, true);
}

static const char *const left_names[JOINT_MEMBERS] = { "left1", "left2", "left3", "left4",
                                                       "left5", "left6", "left7", "left8" };

/* Moves a factor into the result, as it is or as codes. */
static bool store(struct shared *s, bool left, const char *name, struct matrix *m,
                  struct result *out, size_t *index, struct error *err)
{
    struct pair pair = pair_of(s->params);
    struct coding coding = left ? pair_left(&pair, 0) : pair_right(&pair, 0);
    struct buffer from = { 0 };
    struct coded codes = { 0 };
    if (!s->params->bits)
        return result_add_plain(out, name, m, index, err);
    bool ok = backend_load(s->job->backend, m->view, &from, err) &&
              backend_code(&coding, &from, &codes, err);
    backend_release(&from);
    if (!ok) {
        coded_finish(&codes);
        return false;
    }
    return result_add_coded(out, name, &codes, index, err);
}

static bool store_all(struct shared *s, struct result *out, struct error *err)
{
    size_t n = s->in->n, left = 0, right = 0;
    out->rank = s->right.view.rows;
    out->rounds = 1;
    bool ok = job_step(s->job, 0.95, "rounding", err) &&
              store(s, false, "right", &s->right, out, &right, err);
    for (size_t i = 0; ok && i < n; i++)
        ok = store(s, true, n == 1 ? "left" : left_names[i], &s->left[i], out, &left, err) &&
             result_add_term(out, i, left, right, err);
    return ok;
}

/* One matrix: its own SVD, whose sigma no Gram matrix has rounded. */
static bool alone(struct shared *s, size_t rank, double *optimal, struct error *err)
{
    struct svd svd = { 0 };
    double share = split_share[s->params->split];
    bool ok = truncation(s->job, s->in, 0, rank, false, &svd, optimal, err) &&
              job_step(s->job, 0.9, "scaling", err);
    if (ok) {
        truncation_scale(svd.u.view, svd.sigma, share, true);
        truncation_scale(svd.vt.view, svd.sigma, 1 - share, false);
        s->left[0] = svd.u;
        s->right = svd.vt;
        svd.u = svd.vt = (struct matrix){ 0 };
    }
    svd_finish(&svd);
    return ok;
}

static bool together(struct shared *s, size_t rank, const struct result *r, struct error *err)
{
    if (!find_right(s, rank, r, err) || !find_left(s, err))
        return false;
    if (s->params->split != SPLIT_LEFT)
        split(s);
    return true;
}

static bool run(struct job *job, const struct inputs *in, const void *params, struct result *out,
                struct error *err)
{
    const struct params *p = params;
    struct shared s = { .job = job, .in = in, .params = p, .scale = scale_of(in, out) };
    size_t height = 0;
    for (size_t i = 0; i < in->n; i++)
        height += in->matrices[i].rows;
    size_t rank = rank_clamped(p->rank, height, in->matrices[0].cols);
    bool ok = check(in, err) &&
              (in->n == 1 ? alone(&s, rank, &out->measures[0].optimal, err)
                          : together(&s, rank, out, err)) &&
              store_all(&s, out, err);
    shared_finish(&s);
    return ok;
}

const struct method method_joint_rank = {
    .name = "joint-rank",
    .title = "Joint rank-k",
    .summary = "Matrices that are fed by the same input, with one right factor between them.",
    .source = PAPER_JOINT ", Data-free Weight Compress and Denoise for Large Language Models; the "
                          "pairs as summaries tell of them, the algebra as Eckart and Young's: its "
                          "body could not be read",
    .flags = METHOD_MANY,
    .params = PARAM_TABLE(struct params, rows),
    .bits = bits,
    .bits_many = bits_many,
    .flops = flops,
    .run = run,
};
