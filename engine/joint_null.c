/* A stack whose members are turned against each other at random, as its Gram matrix alone: the member of
 * the largest smaller side stands still in the basis of its own singular vectors, and every other
 * one is D^(1/2) Q^T, Q orthonormal columns of a Gaussian matrix's QR (Haar but for signs, which
 * cancel: Mezzadri 2007). */

#include "joint_null.h"

#include "blas.h"
#include "linalg.h"
#include "memory.h"

#include <math.h>

struct drawing {
    const struct joint_profile *g;
    uint64_t seed;
    double largest; /* weighted singular value; all are over it */
    double whole;   /* sum of their squares */
    size_t still;
    struct matrix gram, term; /* n x n */
    struct matrix turned;     /* n x r of a member */
    double *values;           /* n */
    double *errors;           /* draws x n_ranks */
};

static double squared(const struct drawing *d, size_t i, size_t j)
{
    double x = d->g->weight[i] * d->g->alone[i * d->g->r + j] / d->largest;
    return x * x;
}

static size_t smaller_side(const struct joint_profile *g, size_t i)
{
    return g->shape.rows[i] < g->shape.n ? g->shape.rows[i] : g->shape.n;
}

static bool prepare(struct drawing *d, size_t cells, struct error *err)
{
    const struct joint_profile *g = d->g;
    size_t n = g->shape.n;
    for (size_t i = 0; i < g->shape.p; i++) {
        d->largest = fmax(d->largest, g->weight[i] * g->alone[i * g->r]);
        if (smaller_side(g, i) > smaller_side(g, d->still))
            d->still = i;
    }
    for (size_t i = 0; d->largest > 0 && i < g->shape.p; i++)
        for (size_t j = g->r; j-- > 0;)
            d->whole += squared(d, i, j);
    return matrix_init(&d->gram, DTYPE_F64, n, n, err) &&
           matrix_init(&d->term, DTYPE_F64, n, n, err) &&
           (d->values = memory_alloc(n * sizeof(double), err)) &&
           (d->errors = memory_alloc(cells * sizeof(double), err));
}

static void drawing_finish(struct drawing *d)
{
    matrix_finish(&d->gram);
    matrix_finish(&d->term);
    matrix_finish(&d->turned);
    memory_free(d->values);
    memory_free(d->errors);
}

/* gram += Q D Q^T of member i. */
static bool add_turned(struct drawing *d, size_t i, uint32_t draw, struct error *err)
{
    size_t n = d->g->shape.n, r = smaller_side(d->g, i);
    bool ok = matrix_init(&d->turned, DTYPE_F64, n, r, err);
    if (ok)
        random_fill(SKETCH_GAUSSIAN, d->seed, STREAM_ROTATION, draw * JOINT_MEMBERS + (uint32_t)i,
                    1, d->turned.view);
    ok = ok && linalg_orthonormalize(d->turned.view, err);
    for (size_t j = 0; ok && j < r; j++) {
        double root = sqrt(squared(d, i, j));
        for (size_t row = 0; row < n; row++)
            matrix_put(d->turned.view, row, j, root * matrix_at(d->turned.view, row, j));
    }
    ok = ok && blas_gram(matrix_transposed(d->turned.view), d->term.view, err);
    for (size_t row = 0; ok && row < n; row++)
        for (size_t col = 0; col < n; col++)
            matrix_put(d->gram.view, row, col,
                       matrix_at(d->gram.view, row, col) + matrix_at(d->term.view, row, col));
    matrix_finish(&d->turned);
    return ok;
}

static bool draw_one(struct drawing *d, uint32_t draw, struct error *err)
{
    size_t n = d->g->shape.n;
    for (size_t row = 0; row < n; row++)
        for (size_t col = 0; col < n; col++)
            matrix_put(d->gram.view, row, col,
                       row == col && row < d->g->r ? squared(d, d->still, row) : 0);
    for (size_t i = 0; i < d->g->shape.p; i++)
        if (i != d->still && !add_turned(d, i, draw, err))
            return false;
    return linalg_eigenvalues(d->gram.view, d->values, err);
}

/* What the smallest values, ascending, leave beyond rank k. */
static double error_at(const struct drawing *d, size_t k)
{
    double sum = 0;
    for (size_t j = d->g->shape.n - d->g->r; j + k < d->g->shape.n; j++)
        sum += fmax(d->values[j], 0);
    return sqrt(sum / d->whole);
}

/* Of column `at` of the errors. */
static void summarize(const struct drawing *d, size_t at, size_t n, size_t draws,
                      struct joint_null *out)
{
    double squares = 0;
    out->least = HUGE_VAL;
    for (size_t i = 0; i < draws; i++) {
        double e = d->errors[i * n + at];
        out->mean += e / (double)draws;
        out->least = fmin(out->least, e);
        out->most = fmax(out->most, e);
    }
    for (size_t i = 0; i < draws; i++) {
        double apart = d->errors[i * n + at] - out->mean;
        squares += apart * apart;
    }
    out->deviation = draws > 1 ? sqrt(squares / (double)(draws - 1)) : (double)NAN;
    bool spread = out->deviation > 1e-9 * out->mean; /* less is rounding */
    out->z = spread ? (out->error - out->mean) / out->deviation : (double)NAN;
}

static bool check(const struct joint_profile *g, size_t draws, struct error *err)
{
    if (g->shape.p < 2)
        return fail(err, ERROR_USAGE, "a matrix alone shares nothing: the null test takes two");
    if (!(g->total > 0))
        return fail(err, ERROR_NUMERIC, "matrices of zeros have no structure to share");
    if (draws < 2 || draws > 1 << 20)
        return fail(err, ERROR_USAGE, "the null test takes 2 to %d draws, not %zu", 1 << 20, draws);
    return true;
}

bool joint_null(struct job *job, const struct joint_profile *g, const size_t *ranks, size_t n,
                size_t draws, uint64_t seed, struct joint_null *out, struct error *err)
{
    struct drawing d = { .g = g, .seed = seed };
    bool ok = check(g, draws, err) && prepare(&d, draws * n, err);
    for (size_t i = 0; ok && i < draws; i++) {
        ok = job_step(job, (double)i / (double)draws, "random rotations", err) &&
             draw_one(&d, (uint32_t)i, err);
        for (size_t j = 0; ok && j < n; j++)
            d.errors[i * n + j] = error_at(&d, ranks[j]);
    }
    for (size_t j = 0; ok && j < n; j++) {
        out[j] = (struct joint_null){ .rank = ranks[j],
                                      .draws = draws,
                                      .error = sqrt(fmax(1 - joint_energy(g, ranks[j]), 0)) };
        summarize(&d, j, n, draws, &out[j]);
    }
    drawing_finish(&d);
    return ok;
}
