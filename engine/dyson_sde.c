/* Newton's method on the backward step, in the ordered cone. Over the weight w = 2 beta dt the function is a
 * quadratic and a sum of -log of gaps, which is self-concordant (Nesterov, Nemirovskii 1994): once the
 * decrement over w is below 1/4 whole steps stay inside and converge quadratically; before that a step
 * ends short of the border and must lower the function. */

#include "dyson_sde.h"

#include "matrix.h"
#include "memory.h"
#include "random.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { NEWTON_MAX = 200, HALVINGS = 60 };

/* Parts of the scratch: d each, the Hessian d x d. */
struct parts {
    double *y, *gradient, *step, *trial, *next, *hessian;
};

static struct parts parts_of(const struct dyson_sde *s)
{
    double *at = s->scratch;
    size_t d = s->d;
    return (struct parts){ at, at + d, at + 2 * d, at + 3 * d, at + 4 * d, at + 5 * d };
}

bool dyson_sde_init(struct dyson_sde *s, double beta, const double *start, size_t d,
                    struct error *err)
{
    size_t stride, bytes;
    assert(d >= 1 && beta > 0);
    *s = (struct dyson_sde){ .d = d, .beta = beta };
    bool ok = matrix_layout(DTYPE_F64, d + 5, d, &stride, &bytes, err);
    s->x = ok ? memory_alloc(d * sizeof(double), err) : NULL;
    s->scratch = s->x ? memory_alloc((d + 5) * d * sizeof(double), err) : NULL;
    if (!s->scratch) {
        dyson_sde_finish(s);
        return false;
    }
    memcpy(s->x, start, d * sizeof(double));
    return true;
}

void dyson_sde_finish(struct dyson_sde *s)
{
    memory_free(s->x);
    memory_free(s->scratch);
    *s = (struct dyson_sde){ 0 };
}

static double potential(const double *x, const double *y, size_t d, double w)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++) {
        sum += (x[i] - y[i]) * (x[i] - y[i]) / 2;
        for (size_t j = i + 1; j < d; j++)
            sum -= w * log(x[i] - x[j]);
    }
    return sum;
}

static void differentiate(const double *x, size_t d, double w, const struct parts *p)
{
    memset(p->hessian, 0, d * d * sizeof(double));
    for (size_t i = 0; i < d; i++) {
        p->gradient[i] = x[i] - p->y[i];
        p->hessian[i * d + i] = 1;
    }
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < i; j++) {
            double inverse = 1 / (x[j] - x[i]), square = w * inverse * inverse;
            p->gradient[i] += w * inverse;
            p->gradient[j] -= w * inverse;
            p->hessian[i * d + i] += square;
            p->hessian[j * d + j] += square;
            p->hessian[i * d + j] = -square;
        }
}

/* hessian step = -gradient by Cholesky, in place; false: rounding made it indefinite. */
static bool solve(size_t d, const struct parts *p)
{
    double *h = p->hessian, *x = p->step;
    for (size_t j = 0; j < d; j++) {
        for (size_t k = 0; k < j; k++)
            h[j * d + j] -= h[j * d + k] * h[j * d + k];
        if (!(h[j * d + j] > 0))
            return false;
        h[j * d + j] = sqrt(h[j * d + j]);
        for (size_t i = j + 1; i < d; i++) {
            for (size_t k = 0; k < j; k++)
                h[i * d + j] -= h[i * d + k] * h[j * d + k];
            h[i * d + j] /= h[j * d + j];
        }
    }
    for (size_t i = 0; i < d; i++) {
        x[i] = -p->gradient[i];
        for (size_t k = 0; k < i; k++)
            x[i] -= h[i * d + k] * x[k];
        x[i] /= h[i * d + i];
    }
    for (size_t i = d; i-- > 0;) {
        for (size_t k = i + 1; k < d; k++)
            x[i] -= h[k * d + i] * x[k];
        x[i] /= h[i * d + i];
    }
    return true;
}

/* How far along the step neighbours stay apart, nine tenths of it; at most 1. */
static double longest(const double *x, const double *step, size_t d)
{
    double most = 1;
    for (size_t i = 0; i + 1 < d; i++) {
        double closing = step[i + 1] - step[i], gap = x[i] - x[i + 1];
        if (closing > 0 && .9 * gap < most * closing)
            most = .9 * gap / closing;
    }
    return most;
}

/* x += the step, or a part of it that lowers the potential (Armijo). slope: gradient by step, < 0. */
static bool advance(double *x, size_t d, double w, double slope, bool whole, const struct parts *p)
{
    double length = whole ? 1 : longest(x, p->step, d), before = potential(x, p->y, d, w);
    for (int i = 0; i < HALVINGS; i++, length /= 2) {
        for (size_t k = 0; k < d; k++)
            p->trial[k] = x[k] + length * p->step[k];
        if (whole || potential(p->trial, p->y, d, w) <= before + 1e-4 * length * slope) {
            memcpy(x, p->trial, d * sizeof(double));
            return true;
        }
    }
    return false;
}

/* x inside the cone -> the least point, as far as rounding lets it be found: a decrement that is small and
 * falls no more is that of the last digits of x. */
static bool settle(double *x, size_t d, double w, const struct parts *p)
{
    double before = (double)INFINITY;
    for (int i = 0; i < NEWTON_MAX; i++) {
        differentiate(x, d, w, p);
        if (!solve(d, p))
            return false;
        double slope = 0;
        for (size_t k = 0; k < d; k++)
            slope += p->gradient[k] * p->step[k];
        double decrement = -slope / w;
        if (!advance(x, d, w, slope, decrement < 1. / 16, p))
            return false;
        if (decrement < 1e-10 || (decrement < 1e-4 && decrement > before / 4))
            return true; /* and that step has squared it */
        before = decrement;
    }
    return false;
}

/* Equal values have no way apart by Newton's method: set them apart by what one step does. */
static void spread(const double *from, size_t d, double by, double *x)
{
    bool strict = true;
    for (size_t i = 0; i + 1 < d; i++)
        strict = strict && from[i] > from[i + 1];
    for (size_t i = 0; i < d; i++)
        x[i] = from[i] - (strict ? 0 : by * (double)i);
}

bool dyson_sde_step(struct dyson_sde *s, double dt, const double *xi, struct error *err)
{
    assert(dt > 0);
    struct parts p = parts_of(s);
    double w = 2 * s->beta * dt;
    for (size_t i = 0; i < s->d; i++)
        p.y[i] = s->x[i] + 2 * sqrt(dt) * xi[i];
    spread(s->x, s->d, sqrt(w), p.next);
    if (!settle(p.next, s->d, w, &p))
        return fail(err, ERROR_NUMERIC,
                    "the eigenvalue equation: a step of %g did not converge with %zu particles", dt,
                    s->d);
    memcpy(s->x, p.next, s->d * sizeof(double));
    s->t += dt;
    return true;
}

void dyson_sde_noise(uint64_t seed, uint32_t path, uint32_t step, double *xi, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        struct philox block = philox_block(seed, (uint32_t)(i / 4), step, STREAM_DYSON, path);
        float normal[4];
        random_normals(block.word[0], block.word[1], normal);
        random_normals(block.word[2], block.word[3], normal + 2);
        for (size_t k = 0; k < 4 && i + k < n; k++)
            xi[i + k] = (double)normal[k];
    }
}
