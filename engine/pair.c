/* Least squares onto a coded factor: Saha, Srivastava, Pilanci 2023, Algorithm 1, steps 3-5.
 * The fit uses the factor as it decodes, so that it repairs part of its rounding.
 * Alternation with the best pair kept: Saha et al. 2024 (CALDERA), LPLRFactorize with H = I. */

#include "pair.h"

#include "blas.h"
#include "fit.h"

#include <assert.h>
#include <math.h>

static const char *const left_names[PAIR_GROUPS] = {
    "left1", "left2",  "left3",  "left4",  "left5",  "left6",  "left7",  "left8",
    "left9", "left10", "left11", "left12", "left13", "left14", "left15", "left16",
};
static const char *const right_names[PAIR_GROUPS] = {
    "right1", "right2",  "right3",  "right4",  "right5",  "right6",  "right7",  "right8",
    "right9", "right10", "right11", "right12", "right13", "right14", "right15", "right16",
};

static size_t groups_of(const struct pair *p)
{
    assert(p->n_groups <= PAIR_GROUPS);
    return p->n_groups ? p->n_groups : 1;
}

/* No two parts of a pair share a draw of the dither. */
static struct coding coding_of(const struct pair *p, bool left, uint32_t round, size_t group)
{
    const struct pair_group *g = p->n_groups ? &p->groups[group] : NULL;
    const struct quantizer *own = !g ? NULL : left ? g->left_quantizer : g->right_quantizer;
    return (struct coding){
        .quantizer = own ? own : p->quantizer,
        .bits = left ? (g ? g->left_bits : p->left_bits) : (g ? g->right_bits : p->right_bits),
        .rounding = p->rounding,
        .clip = p->clip,
        .scales = p->scales,
        .symmetric = coding_symmetric(p->symmetric, p->quantizer),
        .by_column = left,
        .seed = p->seed,
        .stream = left ? STREAM_DITHER_LEFT : STREAM_DITHER_RIGHT,
        .part = round * (uint32_t)groups_of(p) + (uint32_t)group,
    };
}

struct coding pair_left(const struct pair *p, uint32_t round)
{
    return coding_of(p, true, round, 0);
}

struct coding pair_right(const struct pair *p, uint32_t round)
{
    return coding_of(p, false, round, 0);
}

uint64_t pair_bits(const struct pair *p, size_t rows, size_t cols, size_t rank, bool paper)
{
    uint64_t (*count)(const struct coding *, size_t, size_t) = paper ? coding_bits_paper
                                                                     : coding_bits_true;
    uint64_t bits = 0;
    for (size_t g = 0; g < groups_of(p); g++) {
        struct coding left = coding_of(p, true, 0, g), right = coding_of(p, false, 0, g);
        size_t columns = p->n_groups ? p->groups[g].columns : rank;
        bits += count(&left, rows, columns) + count(&right, columns, cols);
    }
    return bits;
}

/* A round fits the right factor; one of several measures the pair, too, and but for the first fits
 * the left factor before. What the fit alone leaves is measured once. */
double pair_flops(size_t rows, size_t cols, size_t rank, int rounds)
{
    double product = 2.0 * (double)rows * (double)cols * (double)rank;
    return product * (rounds > 1 ? 3 * rounds : 2);
}

/* One pair of factors as codes, what it is worth, and the right one before rounding. */
struct iterate {
    struct coded left[PAIR_GROUPS], right[PAIR_GROUPS];
    struct matrix fitted;
    size_t dead;
    double residual;
};

static void iterate_finish(struct iterate *i)
{
    for (size_t g = 0; g < PAIR_GROUPS; g++) {
        coded_finish(&i->left[g]);
        coded_finish(&i->right[g]);
    }
    matrix_finish(&i->fitted);
}

/* Moves the codes into *out, whatever happens; every group is a term. */
static bool add_parts(struct result *out, const struct pair *p, struct iterate *i,
                      struct error *err)
{
    size_t n = groups_of(p), l, r, rank = 0;
    bool ok = true;
    for (size_t g = 0; ok && g < n; g++) {
        rank += i->left[g].cols;
        ok = result_add_coded(out, n == 1 ? "left" : left_names[g], &i->left[g], &l, err) &&
             result_add_coded(out, n == 1 ? "right" : right_names[g], &i->right[g], &r, err) &&
             result_add_term(out, 0, l, r, err);
    }
    out->rank += rank;
    iterate_finish(i);
    return ok;
}

/* A factor as it decodes, where the backend computes. That of several groups is put together in
 * memory, which the processor borrows. */
struct decoded {
    struct matrix memory;
    struct buffer on;
};

static void decoded_finish(struct decoded *d)
{
    backend_release(&d->on);
    matrix_finish(&d->memory);
}

static bool decode(struct job *job, const struct coded *codes, enum dtype dtype, struct buffer *out,
                   struct error *err)
{
    return backend_alloc(job->backend, dtype, codes->rows, codes->cols, out, err) &&
           backend_decode(codes, out, err);
}

/* Group g's columns (left) or rows of a factor; *first: of the next. */
static struct matrix_view block_of(const struct pair *p, bool left, size_t g,
                                   struct matrix_view whole, size_t *first)
{
    size_t at = *first, n = p->groups[g].columns;
    *first += n;
    return left ? matrix_block(whole, 0, at, whole.rows, n)
                : matrix_block(whole, at, 0, n, whole.cols);
}

static bool code_block(struct job *job, const struct coding *c, struct matrix_view block,
                       struct coded *codes, struct error *err)
{
    struct buffer from = { 0 };
    bool ok = backend_load(job->backend, block, &from, err) && backend_code(c, &from, codes, err);
    backend_release(&from);
    return ok;
}

static bool decode_block(struct job *job, const struct coded *codes, struct matrix_view block,
                         struct error *err)
{
    struct buffer to = { 0 };
    bool ok = decode(job, codes, block.dtype, &to, err) && backend_read(&to, block, err);
    backend_release(&to);
    return ok;
}

/* The groups of a factor together, from their codes. */
static bool decode_groups(struct job *job, const struct pair *p, bool left,
                          const struct coded *codes, enum dtype dtype, struct decoded *out,
                          struct error *err)
{
    size_t rows = 0, cols = 0, first = 0;
    if (!p->n_groups)
        return decode(job, codes, dtype, &out->on, err);
    for (size_t g = 0; g < p->n_groups; g++) {
        rows = left ? codes[g].rows : rows + codes[g].rows;
        cols = left ? cols + codes[g].cols : codes[g].cols;
    }
    bool ok = matrix_init(&out->memory, dtype, rows, cols, err);
    for (size_t g = 0; ok && g < p->n_groups; g++) {
        struct matrix_view block = block_of(p, left, g, out->memory.view, &first);
        ok = decode_block(job, &codes[g], block, err);
    }
    return ok && backend_load(job->backend, out->memory.view, &out->on, err);
}

/* Codes a factor, each group on its own. */
static bool code(struct job *job, const struct pair *p, bool left, uint32_t round,
                 const struct buffer *from, struct coded *codes, struct error *err)
{
    struct coding c = coding_of(p, left, round, 0);
    struct matrix whole = { 0 };
    size_t first = 0;
    if (!p->n_groups)
        return backend_code(&c, from, codes, err);
    bool ok = matrix_init(&whole, from->dtype, from->rows, from->cols, err) &&
              backend_read(from, whole.view, err);
    for (size_t g = 0; ok && g < p->n_groups; g++) {
        struct matrix_view block = block_of(p, left, g, whole.view, &first);
        c = coding_of(p, left, round, g);
        ok = code_block(job, &c, block, &codes[g], err);
    }
    matrix_finish(&whole);
    return ok;
}

bool pair_store(struct job *job, const struct pair *p, const struct buffer *left,
                const struct buffer *right, struct result *out, struct error *err)
{
    struct iterate i = { 0 };
    bool ok = job_step(job, 0.8, "rounding the left factor", err) &&
              code(job, p, true, 0, left, i.left, err) &&
              job_step(job, 0.9, "rounding the right factor", err) &&
              code(job, p, false, 0, right, i.right, err);
    if (ok)
        return add_parts(out, p, &i, err);
    iterate_finish(&i);
    return false;
}

static bool code_decode(struct job *job, const struct pair *p, bool left, uint32_t round,
                        const struct buffer *from, struct coded *codes, struct decoded *out,
                        struct error *err)
{
    return code(job, p, left, round, from, codes, err) &&
           decode_groups(job, p, left, codes, from->dtype, out, err);
}

/* R = Q'(L^+ A) from the decoded left factor; leaves the decoded R in *right. */
static bool right_step(struct job *job, const struct pair *p, int round, const struct buffer *a,
                       const struct buffer *left, struct iterate *next, struct decoded *right,
                       struct error *err)
{
    struct arena scratch = { 0 };
    struct matrix_view w;
    struct buffer fitted = { 0 };
    bool ok = fit(job, left, a, false, &scratch, &w, &next->dead, err) &&
              matrix_init(&next->fitted, w.dtype, w.rows, w.cols, err);
    if (ok) {
        matrix_copy(w, next->fitted.view);
        ok = backend_load(job->backend, w, &fitted, err) &&
             code_decode(job, p, false, (uint32_t)round, &fitted, next->right, right, err);
    }
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
static bool left_step(struct job *job, const struct pair *p, int round, const struct buffer *a,
                      const struct buffer *right, struct iterate *next, struct decoded *left,
                      struct error *err)
{
    struct arena scratch = { 0 };
    struct matrix_view w, y;
    struct buffer tall = { 0 }, fitted = { 0 };
    size_t dead;
    bool ok = turn(job->backend, right, &scratch, &tall, err) &&
              fit(job, &tall, a, true, &scratch, &w, &dead, err) &&
              arena_matrix(&scratch, right->dtype, a->rows, right->rows, &y, err);
    if (ok) {
        matrix_copy(matrix_transposed(w), y);
        ok = backend_load(job->backend, y, &fitted, err) &&
             code_decode(job, p, true, (uint32_t)round, &fitted, next->left, left, err);
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
                      struct decoded *right, struct error *err)
{
    struct decoded left = { 0 }, fresh = { 0 };
    double done = 0.2 + 0.7 * round / rounds, step = 0.7 / rounds;
    bool ok = job_step(job, done, "rounding the left factor", err) &&
              (round == 0 ? code_decode(job, p, true, 0, start, next->left, &left, err)
                          : left_step(job, p, round, a, &right->on, next, &left, err)) &&
              job_step(job, done + step / 2, "fitting the right factor", err) &&
              right_step(job, p, round, a, &left.on, next, &fresh, err);
    if (ok && rounds > 1) {
        struct buffer_product product = { &left.on, &fresh.on };
        ok = backend_residual(a, &product, 1, &next->residual, err);
    }
    backend_release(start);
    decoded_finish(right);
    decoded_finish(&left);
    *right = fresh;
    return ok;
}

/* The groups of a factor in memory, in double precision. */
static bool read_groups(const struct pair *p, bool left, const struct coded *codes,
                        struct matrix_view out, struct error *err)
{
    size_t first = 0;
    bool ok = p->n_groups || coding_decode(codes, out, err);
    for (size_t g = 0; ok && g < p->n_groups; g++)
        ok = coding_decode(&codes[g], block_of(p, left, g, out, &first), err);
    return ok;
}

/* Divides by a power of two near the norm, so that squares neither vanish nor leave the range. */
static int settle(struct matrix_view a)
{
    int exponent;
    frexp(matrix_norm(a), &exponent);
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            matrix_put(a, i, j, ldexp(matrix_at(a, i, j), -exponent));
    return exponent;
}

/* ||L (R - W)||_F of an iterate, from the columns d of R - W: the sum of d^T (L^T L) d. */
static bool right_loss(const struct pair *p, const struct iterate *i, size_t rows,
                       struct arena *scratch, double *loss, struct error *err)
{
    struct matrix_view w = i->fitted.view, l, d, g, product;
    if (!arena_matrix(scratch, DTYPE_F64, rows, w.rows, &l, err) ||
        !arena_matrix(scratch, DTYPE_F64, w.rows, w.cols, &d, err) ||
        !arena_matrix(scratch, DTYPE_F64, w.rows, w.cols, &product, err) ||
        !arena_matrix(scratch, DTYPE_F64, w.rows, w.rows, &g, err) ||
        !read_groups(p, true, i->left, l, err) || !read_groups(p, false, i->right, d, err))
        return false;
    for (size_t k = 0; k < d.rows; k++)
        for (size_t j = 0; j < d.cols; j++)
            matrix_put(d, k, j, matrix_at(d, k, j) - matrix_at(w, k, j));
    int exponent = settle(l) + settle(d);
    double sum = 0;
    if (!blas_gram(l, g, err))
        return false;
    blas_gemm(g, d, product);
    for (size_t k = 0; k < d.rows; k++)
        for (size_t j = 0; j < d.cols; j++)
            sum += matrix_at(d, k, j) * matrix_at(product, k, j);
    *loss = ldexp(sqrt(fmax(0, sum)), exponent);
    return true;
}

/* What each half of the kept pair costs, relative to the whole input. */
static bool measure_losses(struct job *job, const struct pair *p, const struct buffer *a,
                           const struct iterate *best, struct measure *m, struct error *err)
{
    struct arena scratch = { 0 };
    struct decoded left = { 0 };
    struct buffer w = { 0 };
    struct buffer_product product = { &left.on, &w };
    double fitted = 0, loss = 0;
    bool ok = job_step(job, 0.92, "measuring the factors", err) &&
              decode_groups(job, p, true, best->left, a->dtype, &left, err) &&
              backend_load(job->backend, best->fitted.view, &w, err) &&
              backend_residual(a, &product, 1, &fitted, err) &&
              right_loss(p, best, a->rows, &scratch, &loss, err);
    if (ok) {
        m->fitted = fitted == 0 ? 0 : fitted / m->norm;
        m->right_loss = loss == 0 ? 0 : loss / m->norm;
    }
    backend_release(&w);
    decoded_finish(&left);
    arena_finish(&scratch);
    return ok;
}

/* Rounds without a better pair after which alternation has settled. */
enum { PATIENCE = 3 };

bool pair_fit(struct job *job, const struct pair *p, const struct buffer *a, struct buffer *start,
              int rounds, struct result *out, struct error *err)
{
    struct iterate best = { 0 };
    struct decoded right = { 0 };
    int round = 0, since = 0;
    bool ok = true;
    for (; ok && round < rounds && (p->persist || since < PATIENCE); round++, since++) {
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
    decoded_finish(&right);
    out->dead += best.dead;
    out->rounds = (size_t)round;
    if (ok && measure_losses(job, p, a, &best, &out->measures[0], err))
        return add_parts(out, p, &best, err);
    iterate_finish(&best);
    return false;
}
