/* Y = Re sum lambda v v^* = sum lambda (Re v Re v^T + Im v Im v^T): the real and the imaginary part of
 * every eigenvector are a column each, so that Y is a product of rank 2 k and needs no complex
 * arithmetic. Left and right carry the root of the weight each, which keeps the product symmetric. */

#include "mechanism.h"

#include "blas.h"
#include "linalg.h"
#include "memory.h"

#include <assert.h>
#include <math.h>

const char *const mechanism_form_names[] = { "y", "y-k", NULL };

double mechanism_shrink(enum field field, double deviation, size_t d, double value)
{
    double v = (field == FIELD_COMPLEX ? 2 : 1) * deviation * deviation, w = v * (double)d;
    double edge = 2 * sqrt(w);
    if (!(value > edge))
        return 0;
    double root = sqrt(value - edge) * sqrt(value + edge); /* theta c */
    double theta = (value + root) / 2, overlap = root / theta;
    return field == FIELD_COMPLEX ? root * 2 / (1 + overlap * overlap) : root;
}

/* The lower triangle on both sides, so that it does not matter which one LAPACK reads. */
static void take(struct matrix_view noisy, struct matrix_view to)
{
    matrix_copy(noisy, to);
    for (size_t i = 0; i < to.rows && to.cols == to.rows; i++)
        for (size_t j = 0; j < i; j++)
            matrix_put(to, j, i, matrix_at(to, i, j));
}

static bool decompose(struct matrix_view a, double *values, struct error *err)
{
    return a.cols == a.rows ? linalg_eigen(a, values, err) : linalg_eigen_hermitian(a, values, err);
}

/* Column j of left and row j of right: the weight with one real vector, entries `from` to from + d
 * of row i. */
static void put_pair(struct mechanism_output *o, size_t j, double weight,
                     struct matrix_view vectors, size_t i, size_t from)
{
    double root = sqrt(fabs(weight));
    for (size_t r = 0; r < o->left.view.rows; r++) {
        double x = root * matrix_at(vectors, i, from + r);
        matrix_put(o->left.view, r, j, weight < 0 ? -x : x);
        matrix_put(o->right.view, j, r, x);
    }
}

static bool make_room(struct mechanism_output *o, size_t d, size_t rank, struct error *err)
{
    matrix_finish(&o->left);
    matrix_finish(&o->right);
    o->rank = rank;
    return matrix_init(&o->left, DTYPE_F64, d, rank, err) &&
           matrix_init(&o->right, DTYPE_F64, rank, d, err);
}

/* The `rank` largest eigenvalues of Y, whose factors these are, in their place. */
static bool cut(struct mechanism_output *o, size_t rank, struct error *err)
{
    struct matrix y = { 0 };
    size_t d = o->left.view.rows;
    double *values = memory_alloc(d * sizeof(*values), err);
    bool ok = values && matrix_init(&y, DTYPE_F64, d, d, err) && mechanism_matrix(o, y.view, err) &&
              linalg_eigen(y.view, values, err) && make_room(o, d, rank, err);
    for (size_t j = 0; ok && j < rank; j++)
        put_pair(o, j, values[d - 1 - j], y.view, d - 1 - j, 0);
    matrix_finish(&y);
    memory_free(values);
    return ok;
}

static double weight_of(const struct mechanism_wish *w, size_t d, double value)
{
    double weight = w->shrink ? mechanism_shrink(w->field, w->deviation, d, value) : value;
    return w->clamp ? fmax(weight, 0) : weight;
}

/* vectors: ascending, as LAPACK leaves them; o->values: descending. */
static bool keep(const struct mechanism_wish *w, struct matrix_view vectors,
                 struct mechanism_output *o, struct error *err)
{
    size_t d = vectors.rows, k = w->rank < d ? w->rank : d, parts = (size_t)w->field;
    if (!make_room(o, d, parts * k, err))
        return false;
    for (size_t i = 0; i < k; i++)
        for (size_t part = 0; part < parts; part++)
            put_pair(o, parts * i + part, weight_of(w, d, o->values[i]), vectors, d - 1 - i,
                     part * d);
    if (w->field == FIELD_REAL)
        return true;
    if (w->form == MECHANISM_Y_K)
        return cut(o, k, err);
    return parts * k <= d || cut(o, d, err);
}

bool mechanism_process(struct matrix_view noisy, const struct mechanism_wish *wish,
                       struct mechanism_output *out, struct error *err)
{
    struct mechanism_output o = { 0 };
    struct matrix vectors = { 0 };
    size_t d = noisy.rows;
    assert(noisy.dtype == DTYPE_F64 && ensemble_side(wish->field, noisy.cols) == d);
    o.values = memory_alloc(d * sizeof(*o.values), err);
    bool ok = o.values && matrix_init(&vectors, DTYPE_F64, d, noisy.cols, err);
    if (ok) {
        take(noisy, vectors.view);
        ok = decompose(vectors.view, o.values, err);
    }
    for (size_t i = 0; ok && i < d / 2; i++) {
        double low = o.values[i];
        o.values[i] = o.values[d - 1 - i];
        o.values[d - 1 - i] = low;
    }
    ok = ok && keep(wish, vectors.view, &o, err);
    matrix_finish(&vectors);
    if (!ok)
        mechanism_finish(&o);
    else
        *out = o;
    return ok;
}

void mechanism_finish(struct mechanism_output *o)
{
    matrix_finish(&o->left);
    matrix_finish(&o->right);
    memory_free(o->values);
    *o = (struct mechanism_output){ 0 };
}

bool mechanism_matrix(const struct mechanism_output *o, struct matrix_view out, struct error *err)
{
    struct matrix product = { 0 };
    size_t d = o->left.view.rows;
    if (!matrix_init(&product, DTYPE_F64, d, d, err))
        return false;
    blas_gemm(o->left.view, o->right.view, product.view);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            matrix_put(out, i, j, matrix_at(product.view, i > j ? i : j, i > j ? j : i));
    matrix_finish(&product);
    return true;
}
