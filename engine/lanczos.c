/* randUBV: Hallman, "A block bidiagonalization method for fixed-accuracy low-rank
 * matrix approximation", SIAM J. Matrix Anal. Appl. 43 (2022). Orthonormal blocks
 * with A V = U B, both sides orthogonalised in full, twice. B is block bidiagonal up
 * to rounding; its coefficients are taken from the products themselves, so that
 * A V = U B holds to rounding, and ||A - U B_k V^T||_F^2 = ||A||_F^2 - sum of theta_i^2
 * for the k leading Ritz values theta. */

#include "lanczos.h"

#include "blas.h"
#include "memory.h"
#include "panel.h"

#include <float.h>
#include <math.h>

enum { BLOCK = 32 };

struct state {
    struct job *job;
    const struct buffer *a;
    double norm;          /* ||A||_F */
    struct matrix_view u; /* rows x limit: orthonormal columns, n of them so far */
    struct matrix_view v; /* cols x limit */
    struct matrix_view b; /* limit x limit, F64: u^T a v */
    struct matrix_view x; /* max(rows, cols) x BLOCK: the newest product */
    struct matrix_view c; /* limit x BLOCK: coefficients */
    size_t n, limit;
};

static bool start(struct state *s, struct job *job, const struct buffer *a, double norm,
                  size_t rank, struct error *err)
{
    size_t side = a->rows < a->cols ? a->rows : a->cols, longer = a->rows + a->cols - side;
    size_t limit = 4 * rank + (size_t)16 * BLOCK;
    s->job = job;
    s->a = a;
    s->limit = (limit < side / 2 ? limit : side / 2) / BLOCK * BLOCK;
    s->norm = norm;
    return arena_matrix(job->scratch, a->dtype, a->rows, s->limit, &s->u, err) &&
           arena_matrix(job->scratch, a->dtype, a->cols, s->limit, &s->v, err) &&
           arena_matrix(job->scratch, DTYPE_F64, s->limit, s->limit, &s->b, err) &&
           arena_matrix(job->scratch, a->dtype, longer, BLOCK, &s->x, err) &&
           arena_matrix(job->scratch, a->dtype, s->limit, BLOCK, &s->c, err);
}

/* x = op(a) panel, on the backend. */
static bool product(struct state *s, bool transposed, struct matrix_view panel,
                    struct matrix_view x, struct error *err)
{
    struct backend *b = s->job->backend;
    struct buffer in = { 0 }, out = { 0 };
    bool ok = backend_load(b, panel, &in, err) &&
              backend_alloc(b, x.dtype, x.rows, x.cols, &out, err) &&
              backend_gemm(s->a, transposed, &in, false, &out, err) && backend_read(&out, x, err);
    backend_release(&in);
    backend_release(&out);
    return ok;
}

/* The columns of block become orthonormal, on the backend. */
static bool orthonormalize(struct state *s, struct matrix_view block, struct error *err)
{
    struct buffer in = { 0 }, out = { 0 };
    bool ok = backend_load(s->job->backend, block, &in, err) &&
              panel_orthonormalize(s->job->backend, &in, &out, err) &&
              backend_read(&out, block, err);
    backend_release(&in);
    backend_release(&out);
    return ok;
}

/* Appends to the `have` orthonormal columns of `basis` a block that spans what x
 * adds to them. A block that adds nothing is replaced by a random one. */
static bool append(struct state *s, struct matrix_view basis, size_t have, struct matrix_view x,
                   struct error *err)
{
    struct matrix_view old = matrix_block(basis, 0, 0, basis.rows, have);
    struct matrix_view block = matrix_block(basis, 0, have, basis.rows, BLOCK);
    struct matrix_view c = matrix_block(s->c, 0, 0, have, BLOCK);
    double eps = x.dtype == DTYPE_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    matrix_copy(x, block);
    for (int pass = 0; pass < 2; pass++) {
        if (have) {
            blas_gemm(matrix_transposed(old), block, c);
            blas_gemm_add(-1, old, c, block);
        }
        if (pass == 0 && matrix_norm(block) <= 10 * eps * s->norm)
            random_fill(SKETCH_GAUSSIAN, 0, STREAM_LANCZOS, (uint32_t)have + 1, 1, block);
        if (!orthonormalize(s, block, err))
            return false;
    }
    return true;
}

/* The next block of v is in place: x = A v, the next block of u, the next columns of B. */
static bool step(struct state *s, struct error *err)
{
    struct matrix_view panel = matrix_block(s->v, 0, s->n, s->v.rows, BLOCK);
    struct matrix_view x = matrix_block(s->x, 0, 0, s->u.rows, BLOCK);
    if (!product(s, false, panel, x, err) || !append(s, s->u, s->n, x, err))
        return false;
    size_t n = s->n + BLOCK;
    struct matrix_view c = matrix_block(s->c, 0, 0, n, BLOCK);
    blas_gemm(matrix_transposed(matrix_block(s->u, 0, 0, s->u.rows, n)), x, c);
    matrix_copy(c, matrix_block(s->b, 0, s->n, n, BLOCK));
    s->n = n;
    return true;
}

/* The part of A^T u that v does not hold yet: the next block of v, and in `rest`
 * (BLOCK x BLOCK, F64) its coefficients. */
static bool reach(struct state *s, struct matrix_view rest, struct error *err)
{
    struct matrix_view panel = matrix_block(s->u, 0, s->n - BLOCK, s->u.rows, BLOCK);
    struct matrix_view x = matrix_block(s->x, 0, 0, s->v.rows, BLOCK);
    if (!product(s, true, panel, x, err) || !append(s, s->v, s->n, x, err))
        return false;
    struct matrix_view c = matrix_block(s->c, 0, 0, BLOCK, BLOCK);
    blas_gemm(matrix_transposed(matrix_block(s->v, 0, s->n, s->v.rows, BLOCK)), x, c);
    matrix_copy(c, rest);
    return true;
}

/* For a Ritz triplet with left vector u = U p: A^T u = theta v + V_next rest p_last, so that
 * projecting on these u alone would leave ||A||^2 - sum (theta^2 + ||rest p_last||^2):
 * what one more half step can win. Relative to ||A||, so that no square leaves the range. */
static bool settled(const struct state *s, const struct svd *ritz, size_t rank,
                    struct matrix_view rest)
{
    double energy = 0, gain = 0, eps = s->u.dtype == DTYPE_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    if (!(s->norm > 0))
        return true;
    for (size_t i = 0; i < rank; i++) {
        double theta = ritz->sigma[i] / s->norm;
        energy += theta * theta;
        for (size_t j = 0; j < BLOCK; j++) {
            double r = 0;
            for (size_t k = 0; k < BLOCK; k++)
                r += matrix_at(rest, j, k) / s->norm * matrix_at(ritz->u.view, s->n - BLOCK + k, i);
            gain += r * r;
        }
    }
    double left = 1 - energy;
    return gain <= 2e-4 * left || left <= 8 * eps;
}

/* Ritz vectors: U P and Q^T V^T for B = P theta Q^T. */
static bool finish(const struct state *s, const struct svd *ritz, size_t rank, struct svd *out,
                   struct error *err)
{
    struct arena *scratch = s->job->scratch;
    enum dtype dtype = s->u.dtype;
    struct svd found = { .n = rank, .norm = s->norm };
    struct matrix_view p, q;
    bool ok = arena_matrix(scratch, dtype, s->n, rank, &p, err) &&
              arena_matrix(scratch, dtype, rank, s->n, &q, err) &&
              matrix_init(&found.u, dtype, s->u.rows, rank, err) &&
              matrix_init(&found.vt, dtype, rank, s->v.rows, err) &&
              (found.sigma = memory_alloc(rank * sizeof(double), err));
    if (!ok) {
        svd_finish(&found);
        return false;
    }
    matrix_copy(matrix_block(ritz->u.view, 0, 0, s->n, rank), p);
    matrix_copy(matrix_block(ritz->vt.view, 0, 0, rank, s->n), q);
    blas_gemm(matrix_block(s->u, 0, 0, s->u.rows, s->n), p, found.u.view);
    blas_gemm(q, matrix_transposed(matrix_block(s->v, 0, 0, s->v.rows, s->n)), found.vt.view);
    for (size_t i = 0; i < rank; i++)
        found.sigma[i] = ritz->sigma[i];
    svd_fix_signs(&found);
    *out = found;
    return true;
}

bool lanczos(struct job *job, const struct buffer *a, double norm, size_t rank, struct svd *out,
             bool *done, struct error *err)
{
    struct state s = { 0 };
    struct matrix_view rest, x;
    *done = false;
    if (!start(&s, job, a, norm, rank, err) ||
        !arena_matrix(job->scratch, DTYPE_F64, BLOCK, BLOCK, &rest, err))
        return false;
    x = matrix_block(s.x, 0, 0, a->cols, BLOCK);
    random_fill(SKETCH_GAUSSIAN, 0, STREAM_LANCZOS, 0, 1, x);
    bool ok = append(&s, s.v, 0, x, err);
    while (ok && !*done && s.n + (size_t)2 * BLOCK <= s.limit) {
        double part = (double)s.n / (double)(rank + (size_t)4 * BLOCK);
        ok = job_step(job, part < 0.75 ? part : 0.75, "Lanczos steps", err) && step(&s, err) &&
             reach(&s, rest, err);
        if (!ok || s.n < rank)
            continue;
        struct svd ritz = { 0 };
        ok = linalg_svd(matrix_block(s.b, 0, 0, s.n, s.n), &ritz, err);
        *done = ok && settled(&s, &ritz, rank, rest);
        if (*done)
            ok = finish(&s, &ritz, rank, out, err);
        svd_finish(&ritz);
    }
    return ok;
}
