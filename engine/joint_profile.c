/* Gram matrices G_i = W_i^T W_i, their eigenvectors, and those of the weighted sum: the right singular
 * vectors V of the stack. What member i keeps at rank k is sum_{j < k} v_j^T G_i v_j, so that one pass over the
 * vectors answers for every rank. */

#include "joint.h"

#include "blas.h"
#include "linalg.h"
#include "memory.h"

#include <assert.h>
#include <math.h>

/* What lives while a profile is made: n x n, F64. */
struct work {
    struct joint_profile *g;
    struct matrix gram[JOINT_MEMBERS]; /* of members times 2^-exponent */
    struct matrix vectors, first; /* rows: eigenvectors, ascending; `first` those of member 0 */
    double *values;               /* n */
    double scale;                 /* 2^exponent: squares of it stay within double precision */
};

static void work_finish(struct work *w)
{
    for (size_t i = 0; i < JOINT_MEMBERS; i++)
        matrix_finish(&w->gram[i]);
    matrix_finish(&w->vectors);
    matrix_finish(&w->first);
    memory_free(w->values);
}

static bool check(struct joint_profile *g, const struct matrix_view *members, size_t p,
                  struct error *err)
{
    if (p == 0 || p > JOINT_MEMBERS)
        return fail(err, ERROR_USAGE, "a group has 1 to %d matrices, not %zu", JOINT_MEMBERS, p);
    for (size_t i = 0; i < p; i++) {
        struct matrix_view a = members[i];
        size_t row, col;
        if (a.cols != members[0].cols)
            return fail(err, ERROR_USAGE, "matrices of %zu and %zu columns share no right factor",
                        members[0].cols, a.cols);
        if (a.rows == 0 || a.cols == 0)
            return fail(err, ERROR_FORMAT, "a %zu x %zu matrix has nothing to approximate", a.rows,
                        a.cols);
        g->shape.rows[i] = a.rows;
        g->norm[i] = matrix_norm(a);
        g->total = hypot(g->total, g->norm[i]);
        if (!isfinite(g->norm[i]) || !isfinite(g->total))
            return fail(err, ERROR_FORMAT,
                        matrix_nonfinite(a, &row, &col)
                            ? "the matrix has NaN or infinite entries"
                            : "the norm of the matrix is beyond the largest number (1.8e308)");
    }
    g->shape.n = members[0].cols;
    g->shape.p = p;
    g->r = joint_rank_most(&g->shape);
    return true;
}

static bool allocate(struct joint_profile *g, struct work *w, unsigned flags, struct error *err)
{
    size_t n = g->shape.n, p = g->shape.p;
    bool ok = (g->sigma = memory_alloc(g->r * sizeof(double), err)) &&
              (g->left = memory_alloc(p * (g->r + 1) * sizeof(double), err)) &&
              (g->alone = memory_alloc(p * g->r * sizeof(double), err)) &&
              (w->values = memory_alloc(n * sizeof(double), err)) &&
              matrix_init(&w->vectors, DTYPE_F64, n, n, err);
    if (ok && flags & JOINT_ANGLES)
        ok = (g->overlap = memory_alloc(p * (g->r + 1) * sizeof(double), err)) &&
             matrix_init(&w->first, DTYPE_F64, n, n, err);
    return ok && (!(flags & JOINT_VECTORS) || matrix_init(&g->vt, DTYPE_F64, g->r, n, err));
}

/* Entries whose squares leave double precision are scaled by a power of two, in a copy. */
static bool gram(struct work *w, struct matrix_view a, size_t i, struct error *err)
{
    struct matrix copy = { 0 };
    bool ok = matrix_init(&w->gram[i], DTYPE_F64, a.cols, a.cols, err);
    if (ok && w->scale != 1) {
        ok = matrix_init(&copy, DTYPE_F64, a.rows, a.cols, err);
        for (size_t row = 0; ok && row < a.rows; row++)
            for (size_t col = 0; col < a.cols; col++)
                matrix_put(copy.view, row, col, matrix_at(a, row, col) / w->scale);
        a = copy.view;
    }
    ok = ok && blas_gram(a, w->gram[i].view, err);
    matrix_finish(&copy);
    return ok;
}

/* Row j of vectors that lie ascending, counted from the largest. */
static const double *vector(const struct matrix *rows, size_t j)
{
    const struct matrix_view v = rows->view;
    return (const double *)v.data + (v.rows - 1 - j) * v.row_stride;
}

static double dot(const double *x, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/* The r largest values' roots, descending, over `scale` put back. */
static void roots(const struct work *w, size_t r, size_t useful, double *sigma)
{
    size_t n = w->g->shape.n;
    for (size_t j = 0; j < r; j++)
        sigma[j] = j < useful ? sqrt(fmax(w->values[n - 1 - j], 0)) * w->scale : 0;
}

static size_t smaller_side(const struct joint_profile *g, size_t i)
{
    return g->shape.rows[i] < g->shape.n ? g->shape.rows[i] : g->shape.n;
}

/* The leading vectors, largest first. */
static void descending(const struct matrix *rows, struct matrix_view to)
{
    for (size_t j = 0; j < to.rows; j++) {
        struct matrix_view from = matrix_block(rows->view, rows->view.rows - 1 - j, 0, 1, to.cols);
        matrix_copy(from, matrix_block(to, j, 0, 1, to.cols));
    }
}

/* V_0^T V_i, and the sums of its squares over leading squares. */
static bool cross(struct work *w, size_t i, struct error *err)
{
    struct joint_profile *g = w->g;
    size_t n = g->shape.n, first = smaller_side(g, 0), own = smaller_side(g, i);
    struct matrix v = { 0 };
    double *overlap = g->overlap + i * (g->r + 1), sum = 0;
    bool ok = matrix_init(&v, DTYPE_F64, own, n, err) &&
              matrix_init(&g->cross[i], DTYPE_F64, first, own, err);
    if (ok) {
        descending(&w->vectors, v.view);
        blas_gemm(matrix_block(w->first.view, 0, 0, first, n), matrix_transposed(v.view),
                  g->cross[i].view);
    }
    overlap[0] = (double)NAN;
    for (size_t k = 1; ok && k <= g->r; k++) {
        bool there = k <= first && k <= own;
        for (size_t j = 0; there && j < k; j++) {
            double down = matrix_at(g->cross[i].view, j, k - 1),
                   across = j + 1 < k ? matrix_at(g->cross[i].view, k - 1, j) : 0;
            sum += down * down + across * across;
        }
        overlap[k] = there ? sum / (double)k : (double)NAN;
    }
    matrix_finish(&v);
    return ok;
}

/* Member i by itself: its singular values, its weight, its angles to the first. */
static bool member(struct work *w, size_t i, unsigned flags, struct error *err)
{
    struct joint_profile *g = w->g;
    double *alone = g->alone + i * g->r;
    matrix_copy(w->gram[i].view, w->vectors.view);
    if (!(flags & JOINT_ANGLES ? linalg_eigen : linalg_eigenvalues)(w->vectors.view, w->values,
                                                                    err))
        return false;
    roots(w, g->r, smaller_side(g, i), alone);
    double size = g->balance == BALANCE_FROBENIUS  ? g->norm[i]
                  : g->balance == BALANCE_SPECTRAL ? alone[0]
                                                   : 1;
    g->weight[i] = size > 0 ? 1 / size : 1;
    if (!(flags & JOINT_ANGLES))
        return true;
    if (i == 0)
        descending(&w->vectors, w->first.view);
    return cross(w, i, err);
}

/* The sum of the Gram matrices, each by its weight squared, relative to the largest: into `vectors`. */
static double weighted_sum(struct work *w)
{
    struct joint_profile *g = w->g;
    double largest = 0;
    size_t n = g->shape.n;
    for (size_t i = 0; i < g->shape.p; i++)
        largest = fmax(largest, g->weight[i]);
    for (size_t row = 0; row < n; row++)
        for (size_t col = 0; col < n; col++) {
            double sum = 0;
            for (size_t i = 0; i < g->shape.p; i++) {
                double x = g->weight[i] / largest;
                sum += x * x * matrix_at(w->gram[i].view, row, col);
            }
            matrix_put(w->vectors.view, row, col, sum);
        }
    return largest;
}

/* What member i leaves at every rank, from the last one down: small ones first. */
static bool energies(struct work *w, size_t i, struct error *err)
{
    struct joint_profile *g = w->g;
    double *left = g->left + i * (g->r + 1), norm = g->norm[i] / w->scale;
    struct matrix product = { 0 };
    if (!matrix_init(&product, DTYPE_F64, g->shape.n, g->shape.n, err))
        return false;
    blas_gemm(w->vectors.view, w->gram[i].view, product.view);
    for (size_t k = g->r; k-- > 0;) {
        double energy = dot(vector(&product, k), vector(&w->vectors, k), g->shape.n);
        left[k] = left[k + 1] + (norm > 0 ? fmax(energy, 0) / (norm * norm) : 0);
    }
    matrix_finish(&product);
    return true;
}

static bool stack(struct work *w, struct job *job, unsigned flags, struct error *err)
{
    struct joint_profile *g = w->g;
    size_t p = g->shape.p;
    double largest = weighted_sum(w);
    if (!job_step(job, (double)(p + 1) / (double)(2 * p + 2), "the stack", err) ||
        !linalg_eigen(w->vectors.view, w->values, err))
        return false;
    roots(w, g->r, g->r, g->sigma);
    for (size_t j = 0; j < g->r; j++)
        g->sigma[j] *= largest;
    if (flags & JOINT_VECTORS)
        descending(&w->vectors, g->vt.view);
    for (size_t i = 0; i < p; i++)
        if (!job_step(job, (double)(p + 2 + i) / (double)(2 * p + 2), "errors", err) ||
            !energies(w, i, err))
            return false;
    return true;
}

static bool make(struct work *w, struct job *job, const struct matrix_view *members, unsigned flags,
                 struct error *err)
{
    size_t p = w->g->shape.p;
    for (size_t i = 0; i < p; i++)
        if (!job_step(job, (double)i / (double)(2 * p + 2), "Gram matrices", err) ||
            !gram(w, members[i], i, err) || !member(w, i, flags, err))
            return false;
    return stack(w, job, flags, err);
}

bool joint_profile_init(struct joint_profile *g, struct job *job, const struct matrix_view *members,
                        size_t p, enum balance balance, unsigned flags, struct error *err)
{
    static const double large = 0x1p400, small = 0x1p-400;
    struct work w = { .g = g, .scale = 1 };
    *g = (struct joint_profile){ .balance = balance };
    bool ok = check(g, members, p, err) && allocate(g, &w, flags, err);
    if (ok && g->total > 0 && !(g->total > small && g->total < large))
        w.scale = ldexp(1, ilogb(g->total));
    ok = ok && make(&w, job, members, flags, err);
    work_finish(&w);
    if (!ok)
        joint_profile_finish(g);
    return ok;
}

void joint_profile_finish(struct joint_profile *g)
{
    memory_free(g->sigma);
    memory_free(g->left);
    memory_free(g->alone);
    memory_free(g->overlap);
    matrix_finish(&g->vt);
    for (size_t i = 0; i < JOINT_MEMBERS; i++)
        matrix_finish(&g->cross[i]);
    *g = (struct joint_profile){ 0 };
}
