/* H = tridiag(N(0, 1); chi_(beta (d - i)) / sqrt 2), i = 1..d - 1, has the eigenvalues of a Gaussian matrix with
 * diagonal variance 1; sqrt 2 s times them are those of ensemble.h's. Chi numbers from Gamma ones:
 * Marsaglia, Tsang, ACM TOMS 26 (2000), 363. */

#include "tridiagonal.h"

#include "linalg.h"
#include "memory.h"
#include "random.h"

#include <math.h>

/* Words of Philox, one after the other. */
struct dice {
    uint64_t seed;
    uint32_t field, draw, next;
    struct philox block;
    float pair[2];
    bool spare; /* pair[1] is still to be had */
};

static uint32_t word(struct dice *r)
{
    if (r->next % 4 == 0)
        r->block = philox_block(r->seed, r->next / 4, r->field, STREAM_TRIDIAGONAL, r->draw);
    return r->block.word[r->next++ % 4];
}

static double normal(struct dice *r)
{
    r->spare = !r->spare;
    if (!r->spare)
        return (double)r->pair[1];
    uint32_t a = word(r), b = word(r);
    random_normals(a, b, r->pair);
    return (double)r->pair[0];
}

/* The root of a chi-square number of n >= 1 degrees. */
static double chi(struct dice *r, double n)
{
    if (n < 2)
        return fabs(normal(r));
    double shape = n / 2 - 1. / 3, c = 1 / sqrt(9 * shape);
    for (;;) {
        double x = normal(r), v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        if (log((double)random_unit(word(r))) < x * x / 2 + shape * (1 - v + log(v)))
            return sqrt(2 * shape * v);
    }
}

bool tridiagonal_spectrum(enum field field, uint64_t seed, uint32_t draw, double deviation,
                          double *values, size_t d, struct error *err)
{
    struct dice r = { .seed = seed, .field = (uint32_t)field, .draw = draw };
    double *off = memory_alloc(d * sizeof(*off), err), scale = sqrt(2) * deviation;
    if (!off)
        return false;
    for (size_t i = 0; i < d; i++)
        values[i] = scale * normal(&r);
    for (size_t i = 1; i < d; i++)
        off[i - 1] = scale * chi(&r, (double)field * (double)(d - i)) / sqrt(2);
    bool ok = linalg_eigenvalues_tridiagonal(values, off, d, err);
    memory_free(off);
    for (size_t i = 0; ok && i < d / 2; i++) {
        double low = values[i];
        values[i] = values[d - 1 - i];
        values[d - 1 - i] = low;
    }
    return ok;
}
