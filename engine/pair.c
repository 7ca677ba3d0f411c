/* Least squares onto a coded factor: Saha, Srivastava, Pilanci 2023, Algorithm 1, steps 3-5.
 * The fit uses the factor as it decodes, so that it repairs part of its rounding.
 * Alternation with the best pair kept: Saha et al. 2024 (CALDERA), LPLRFactorize with H = I. */

#include "pair.h"

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

/* *w = argmin ||f w - op(a)||_F, op(a) = a or its transpose. The product q^T op(a) is
 * the only heavy step, and runs on the backend. A column is dead where it is lost in the
 * rounding of f's entries, however many there are: columns with ranges of their own may be
 * small and of use. */
static bool least_squares(struct job *job, struct matrix_view f, const struct buffer *a,
                          bool transposed, struct arena *scratch, struct matrix_view *w,
                          size_t *dead, struct error *err)
{
    size_t cols = transposed ? a->rows : a->cols;
    double cutoff = f.dtype == DTYPE_F64 ? 1e-12 : 32 * (double)FLT_EPSILON;
    struct least_squares s;
    if (!linalg_least_squares(f, cutoff, scratch, &s, err) ||
        !arena_matrix(scratch, f.dtype, f.cols, cols, w, err))
        return false;
    *dead = s.columns - s.rank;
    if (s.rank == 0)
        return true; /* f is zero, and so is w */
    struct buffer q = { 0 }, product = { 0 };
    struct matrix_view qta;
    bool ok = backend_load(job->backend, s.q, &q, err) &&
              backend_alloc(job->backend, f.dtype, s.rank, cols, &product, err) &&
              backend_gemm(&q, true, a, transposed, &product, err) &&
              arena_matrix(scratch, f.dtype, s.rank, cols, &qta, err) &&
              backend_read(&product, qta, err) &&
              linalg_least_squares_solve(&s, qta, *w, scratch, err);
    backend_release(&q);
    backend_release(&product);
    return ok;
}

/* R = Q'(L^+ A) from the decoded left factor; leaves the decoded R in *right. */
static bool right_step(struct job *job, const struct coding *c, const struct buffer *a,
                       const struct buffer *left, struct iterate *next, struct buffer *right,
                       struct error *err)
{
    struct arena scratch = { 0 };
    struct matrix_view l, w;
    struct buffer fitted = { 0 };
    bool ok = arena_matrix(&scratch, left->dtype, left->rows, left->cols, &l, err) &&
              backend_read(left, l, err) &&
              least_squares(job, l, a, false, &scratch, &w, &next->dead, err) &&
              backend_load(job->backend, w, &fitted, err) &&
              code(job, c, &fitted, &next->right, right, err);
    backend_release(&fitted);
    arena_finish(&scratch);
    return ok;
}

/* L = Q(A R^+) from the decoded right factor: the same fit on the transposes. */
static bool left_step(struct job *job, const struct coding *c, const struct buffer *a,
                      const struct buffer *right, struct iterate *next, struct buffer *left,
                      struct error *err)
{
    struct arena scratch = { 0 };
    struct matrix_view r, tall, w, y;
    struct buffer fitted = { 0 };
    enum dtype dtype = right->dtype;
    size_t dead;
    bool ok = arena_matrix(&scratch, dtype, right->rows, right->cols, &r, err) &&
              arena_matrix(&scratch, dtype, right->cols, right->rows, &tall, err) &&
              backend_read(right, r, err);
    if (ok) {
        matrix_copy(matrix_transposed(r), tall);
        ok = least_squares(job, tall, a, true, &scratch, &w, &dead, err) &&
             arena_matrix(&scratch, dtype, a->rows, right->rows, &y, err);
    }
    if (ok) {
        matrix_copy(matrix_transposed(w), y);
        ok = backend_load(job->backend, y, &fitted, err) &&
             code(job, c, &fitted, &next->left, left, err);
    }
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
