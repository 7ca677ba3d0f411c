/* lplr's theory curve: the split of the error (normal equations), the dither's
 * variance Delta^2/4 an entry, and the Gaussian range finder of Halko, Martinsson,
 * Tropp 2011, Theorem 10.5, whose mean over G is (1 + k/(m-k-1)) tau_k^2. */

#include "bound.h"

#include <math.h>

/* (sigma_i / norm)^2, so that no square leaves the range. */
static double portion(const struct spectrum *s, size_t i)
{
    double r = s->sigma[i] / s->norm;
    return r * r;
}

bool bound_lplr_parts(const struct bound_lplr *b, const struct spectrum *s, struct theory *out)
{
    size_t complete = b->n < b->d ? b->n : b->d;
    if (b->m < 3 || s->n != complete)
        return false;
    out->error = out->tail = out->left = out->right = 0;
    if (!(s->norm > 0))
        return true;
    double m = (double)b->m, n = (double)b->n, d = (double)b->d;
    double left_step = b->left_range / s->norm / (ldexp(1, b->left_bits) - 1);
    double right_step = b->right_range / (ldexp(1, b->right_bits) - 1);
    size_t top = b->m - 2 < s->n ? b->m - 2 : s->n;

    double tail = 0; /* tau_k^2 / ||A||^2, summed from its smallest term */
    for (size_t i = s->n; i > top; i--)
        tail += portion(s, i - 1);
    double least = (double)INFINITY;
    for (size_t i = top; i >= 1; i--) {
        double k = (double)i;
        double missed = (1 + k / (m - k - 1)) * tail;
        double rounded = n * left_step * left_step * m * k / (m - k - 1);
        if (missed + rounded < least) {
            least = missed + rounded;
            out->tail = sqrt(missed);
            out->left = sqrt(rounded);
        }
        tail += portion(s, i - 1);
    }
    double z = b->left_norm / s->norm;
    out->right = sqrt(d) * right_step * z;
    out->error = sqrt(least + d * right_step * right_step * z * z);
    return true;
}

double bound_lplr(const struct bound_lplr *b, const struct spectrum *s)
{
    struct theory t;
    return bound_lplr_parts(b, s, &t) ? t.error : (double)NAN;
}
