/* Least squares onto a coded factor: Saha, Srivastava, Pilanci 2023, Algorithm 1, steps 3-5.
 * The fit uses the factor as it decodes, so that it repairs part of its rounding.
 * Alternation with the best pair kept: Saha et al. 2024 (CALDERA), LPLRFactorize with H = I. */

#include "pair.h"

#include "blas.h"

#include <float.h>
#include <math.h>

static struct coding coding_of(const struct pair *p, bool left, uint32_t round)
{
    return (struct coding){
        .quantizer = p->quantizer,
        .bits = left ? p->left_bits : p->right_bits,
        .rounding = p->rounding,
        .scales = p->scales,
        .symmetric = p->symmetric,
        .by_column = left,
        .seed = p->seed,
        .stream = left ? STREAM_DITHER_LEFT : STREAM_DITHER_RIGHT,
        .part = round,
    };
}

struct coding pair_left(const struct pair *p, uint32_t round)
{
    return coding_of(p, true, round);
}

struct coding pair_right(const struct pair *p, uint32_t round)
{
    return coding_of(p, false, round);
}

uint64_t pair_bits(const struct pair *p, size_t rows, size_t cols, size_t rank, bool paper)
{
    struct coding left = pair_left(p, 0), right = pair_right(p, 0);
    uint64_t (*count)(const struct coding *, size_t, size_t) = paper ? coding_bits_paper
                                                                     : coding_bits_true;
    return count(&left, rows, rank) + count(&right, rank, cols);
}

/* A round fits the right factor; one of several measures the pair, too, and but for the first fits
 * the left factor before. */
double pair_flops(size_t rows, size_t cols, size_t rank, int rounds)
{
    double product = 2.0 * (double)rows * (double)cols * (double)rank;
    return product * (rounds > 1 ? 3 * rounds - 1 : 1);
}

/* Moves both codes into *out, whatever happens. */
static bool add_parts(struct result *out, struct coded *left, struct coded *right, size_t rank,
                      struct error *err)
{
    size_t l, r;
    bool ok = result_add_coded(out, "left", left, &l, err) &&
              result_add_coded(out, "right", right, &r, err) && result_add_term(out, 0, l, r, err);
    coded_finish(right);
    out->rank = rank;
    return ok;
}

bool pair_store(struct job *job, const struct pair *p, const struct buffer *left,
                const struct buffer *right, struct result *out, struct error *err)
{
    struct coding l = pair_left(p, 0), r = pair_right(p, 0);
    struct coded left_codes = { 0 }, right_codes = { 0 };
    bool ok = job_step(job, 0.8, "rounding the left factor", err) &&
              backend_code(&l, left, &left_codes, err) &&
              job_step(job, 0.9, "rounding the right factor", err) &&
              backend_code(&r, right, &right_codes, err);
    if (ok)
        return add_parts(out, &left_codes, &right_codes, left->cols, err);
    coded_finish(&left_codes);
    coded_finish(&right_codes);
    return false;
}

/* One pair of factors as codes, and what it is worth. */
struct iterate {
    struct coded left, right;
    size_t dead;
    double residual;
};

static void iterate_finish(struct iterate *i)
{
    coded_finish(&i->left);
    coded_finish(&i->right);
}

static bool code(struct job *job, const struct coding *c, const struct buffer *from,
                 struct coded *codes, struct buffer *decoded, struct error *err)
{
    return backend_code(c, from, codes, err) &&
           backend_alloc(job->backend, from->dtype, from->rows, from->cols, decoded, err) &&
           backend_decode(codes, decoded, err);
}

/* A column is dead where it is lost in the rounding of the factor's entries, however many there
 * are: columns with ranges of their own may be small and of use. */
static double cutoff_of(enum dtype dtype)
{
    return dtype == DTYPE_F64 ? 1e-12 : 32 * (double)FLT_EPSILON;
}

/* Heavy products are summed in double precision, from factors that are the same bits wherever
 * they were decoded: the condition of the factor magnifies rounding, and a code that it turns over
 * sets all rounds to come on another way. */
static bool wide_product(struct job *job, const struct buffer *f, const struct buffer *a,
                         bool transposed, struct matrix_view out, struct error *err)
{
    struct buffer product = { 0 };
    bool ok = backend_alloc(job->backend, DTYPE_F64, out.rows, out.cols, &product, err) &&
              backend_gemm(f, true, a, transposed, &product, err) &&
              backend_read(&product, out, err);
    backend_release(&product);
    return ok;
}

/* t with t^T f^T f t = I. Its square magnifies the rounding of double precision by the square of
 * f's condition, hence the limit. */
static bool whiten(struct job *job, const struct buffer *f, struct arena *scratch,
                   struct matrix_view *t, bool *independent, struct error *err)
{
    const double limit = 1e-4;
    struct matrix_view g;
    struct buffer gram = { 0 };
    bool ok = arena_matrix(scratch, DTYPE_F64, f->cols, f->cols, t, err) &&
              arena_matrix(scratch, DTYPE_F64, f->cols, f->cols, &g, err) &&
              backend_alloc(job->backend, DTYPE_F64, f->cols, f->cols, &gram, err) &&
              backend_gram(f, &gram, err) && backend_read(&gram, g, err) &&
              linalg_whiten(g, limit, *t, independent, err);
    backend_release(&gram);
    return ok;
}

/* *w = argmin ||f w - op(a)||_F, op(a) = a or its transpose, where f is far from deficient: the
 * normal equations of single-precision factors in double precision, w = t t^T f^T op(a). */
static bool fit_whole(struct job *job, const struct buffer *f, const struct buffer *a,
                      bool transposed, struct arena *scratch, struct matrix_view w,
                      bool *independent, struct error *err)
{
    struct matrix_view t, product, half;
    *independent = false;
    if (f->dtype == DTYPE_F64)
        return true;
    bool ok = whiten(job, f, scratch, &t, independent, err);
    if (!ok || !*independent)
        return ok;
    ok = arena_matrix(scratch, DTYPE_F64, w.rows, w.cols, &product, err) &&
         arena_matrix(scratch, DTYPE_F64, w.rows, w.cols, &half, err) &&
         wide_product(job, f, a, transposed, product, err);
    if (ok) {
        blas_gemm(matrix_transposed(t), product, half);
        blas_gemm(t, half, product);
        matrix_copy(product, w);
    }
    return ok;
}

/* The same for any f: a pivoted factorization on the processor tells which columns are dead. */
static bool fit_deficient(struct job *job, const struct buffer *f, const struct buffer *a,
                          bool transposed, struct arena *scratch, struct matrix_view w,
                          size_t *dead, struct error *err)
{
    struct matrix_view plain, product;
    struct least_squares s;
    if (!arena_matrix(scratch, f->dtype, f->rows, f->cols, &plain, err) ||
        !backend_read(f, plain, err) ||
        !linalg_least_squares(plain, cutoff_of(f->dtype), scratch, &s, err))
        return false;
    *dead = s.columns - s.rank;
    if (s.rank == 0)
        return true; /* f is zero, and so is w */
    struct buffer q = { 0 };
    bool ok = backend_load(job->backend, s.q, &q, err) &&
              arena_matrix(scratch, DTYPE_F64, s.rank, w.cols, &product, err) &&
              wide_product(job, &q, a, transposed, product, err) &&
              linalg_least_squares_solve(&s, product, w, scratch, err);
    backend_release(&q);
    return ok;
}

static bool least_squares(struct job *job, const struct buffer *f, const struct buffer *a,
                          bool transposed, struct arena *scratch, struct matrix_view *w,
                          size_t *dead, struct error *err)
{
    bool independent = true;
    *dead = 0;
    return arena_matrix(scratch, f->dtype, f->cols, transposed ? a->rows : a->cols, w, err) &&
           fit_whole(job, f, a, transposed, scratch, *w, &independent, err) &&
           (independent || fit_deficient(job, f, a, transposed, scratch, *w, dead, err));
}

/* R = Q'(L^+ A) from the decoded left factor; leaves the decoded R in *right. */
static bool right_step(struct job *job, const struct coding *c, const struct buffer *a,
                       const struct buffer *left, struct iterate *next, struct buffer *right,
                       struct error *err)
{
    struct arena scratch = { 0 };
    struct matrix_view w;
    struct buffer fitted = { 0 };
    bool ok = least_squares(job, left, a, false, &scratch, &w, &next->dead, err) &&
              backend_load(job->backend, w, &fitted, err) &&
              code(job, c, &fitted, &next->right, right, err);
    backend_release(&fitted);
    arena_finish(&scratch);
    return ok;
}

/* The transpose of x, copied by way of the processor. */
static bool turn(struct backend *b, const struct buffer *x, struct arena *scratch,
                 struct buffer *out, struct error *err)
{
    struct matrix_view whole, turned;
    if (!arena_matrix(scratch, x->dtype, x->rows, x->cols, &whole, err) ||
        !arena_matrix(scratch, x->dtype, x->cols, x->rows, &turned, err) ||
        !backend_read(x, whole, err))
        return false;
    matrix_copy(matrix_transposed(whole), turned);
    return backend_load(b, turned, out, err);
}

/* L = Q(A R^+) from the decoded right factor: the same fit on the transposes. */
static bool left_step(struct job *job, const struct coding *c, const struct buffer *a,
                      const struct buffer *right, struct iterate *next, struct buffer *left,
                      struct error *err)
{
    struct arena scratch = { 0 };
    struct matrix_view w, y;
    struct buffer tall = { 0 }, fitted = { 0 };
    size_t dead;
    bool ok = turn(job->backend, right, &scratch, &tall, err) &&
              least_squares(job, &tall, a, true, &scratch, &w, &dead, err) &&
              arena_matrix(&scratch, right->dtype, a->rows, right->rows, &y, err);
    if (ok) {
        matrix_copy(matrix_transposed(w), y);
        ok = backend_load(job->backend, y, &fitted, err) &&
             code(job, c, &fitted, &next->left, left, err);
    }
    backend_release(&tall);
    backend_release(&fitted);
    arena_finish(&scratch);
    return ok;
}

/* One round: *right holds the decoded right factor of the round before (the first
 * has none and codes `start`), and then that of this one. */
static bool run_round(struct job *job, const struct pair *p, const struct buffer *a,
                      struct buffer *start, int round, int rounds, struct iterate *next,
                      struct buffer *right, struct error *err)
{
    struct coding l = pair_left(p, (uint32_t)round), r = pair_right(p, (uint32_t)round);
    struct buffer left = { 0 }, fresh = { 0 };
    double done = 0.2 + 0.8 * round / rounds, step = 0.8 / rounds;
    bool ok = job_step(job, done, "rounding the left factor", err) &&
              (round == 0 ? code(job, &l, start, &next->left, &left, err)
                          : left_step(job, &l, a, right, next, &left, err)) &&
              job_step(job, done + step / 2, "fitting the right factor", err) &&
              right_step(job, &r, a, &left, next, &fresh, err);
    if (ok && rounds > 1) {
        struct buffer_product product = { &left, &fresh };
        ok = backend_residual(a, &product, 1, &next->residual, err);
    }
    backend_release(start);
    backend_release(right);
    backend_release(&left);
    *right = fresh;
    return ok;
}

/* Rounds without a better pair after which alternation has settled. */
enum { PATIENCE = 3 };

bool pair_fit(struct job *job, const struct pair *p, const struct buffer *a, struct buffer *start,
              int rounds, struct result *out, struct error *err)
{
    struct iterate best = { 0 };
    struct buffer right = { 0 };
    size_t rank = start->cols;
    int round = 0, since = 0;
    bool ok = true;
    for (; ok && round < rounds && since < PATIENCE; round++, since++) {
        struct iterate next = { 0 };
        ok = run_round(job, p, a, start, round, rounds, &next, &right, err);
        if (ok && (round == 0 || next.residual < best.residual)) {
            iterate_finish(&best);
            best = next;
            since = -1;
        } else {
            iterate_finish(&next);
        }
    }
    backend_release(&right);
    out->dead = best.dead;
    out->rounds = (size_t)round;
    if (ok)
        return add_parts(out, &best.left, &best.right, rank, err);
    iterate_finish(&best);
    return false;
}
