/* The closed share: L(z) = mean log(omega - sigma_i) + w g(omega)^2 / 2 with z = omega + w g(omega) has
 * dL/dz = g, so that it is the mean of log(z - x) over the free sum, whose imaginary part on the real
 * axis is pi times the share above. */

#include "bulk.h"

#include <assert.h>
#include <math.h>

#define PI 3.14159265358979323846

/* Sums at omega = u + i y: the mean of 1 / |omega - sigma|^2, of that squared, of
 * (u - sigma) / |omega - sigma|^2. */
struct sums {
    double inverse, square, real;
};

static struct sums sums_at(const struct bulk *b, double u, double q)
{
    struct sums s = { 0 };
    for (size_t i = 0; i < b->d; i++) {
        double t = u - b->sigma[i], r = 1 / (t * t + q);
        s.inverse += r;
        s.square += r * r;
        s.real += t * r;
    }
    double n = (double)b->d;
    return (struct sums){ s.inverse / n, s.square / n, s.real / n };
}

/* y^2. The harmonic mean of (u - sigma)^2 + q is concave in q, so that Newton's steps to where it is w
 * never pass it; where one term alone would be w it is no more than w. */
static double height(const struct bulk *b, double u)
{
    double least = (double)INFINITY;
    for (size_t i = 0; i < b->d; i++)
        least = fmin(least, (u - b->sigma[i]) * (u - b->sigma[i]));
    if (least > b->w)
        return 0;
    double q = fmax(0, b->w / (double)b->d - least);
    if (least + q == 0)
        return 0; /* w so small that its square root is nothing beside sigma */
    for (int i = 0; i < 100; i++) {
        struct sums s = sums_at(b, u, q);
        double step = (b->w * s.inverse - 1) * s.inverse / s.square;
        if (!(step > 0x1p-52 * q))
            break;
        q += step;
    }
    return q;
}

static double place(const struct bulk *b, double u)
{
    return u + b->w * sums_at(b, u, height(b, u)).real;
}

static double share_at(const struct bulk *b, double u)
{
    double y = sqrt(height(b, u)), angle = 0;
    struct sums s = sums_at(b, u, y * y);
    for (size_t i = 0; i < b->d; i++)
        angle += atan2(y, u - b->sigma[i]);
    double above = angle / (double)b->d - b->w * s.real * y * s.inverse;
    return fmin(1, fmax(0, 1 - above / PI));
}

/* Where f, which ascends, passes `level` between low and high: false position, halving the
 * remembered value of a side that stays (Dowell, Jarratt 1971), and bisection every third step. */
static double root(double (*f)(const struct bulk *, double), const struct bulk *b, double level,
                   double low, double high)
{
    double below = f(b, low) - level, above = f(b, high) - level;
    int side = 0;
    for (int i = 0; i < 200; i++) {
        double middle = low + (high - low) / 2, at = middle;
        if (i % 3 != 2 && above > below)
            at = low - below * (high - low) / (above - below);
        if (!(at > low && at < high))
            at = middle;
        if (!(at > low && at < high) || high - low <= 0x1p-50 * fmax(fabs(low), fabs(high)))
            break;
        double value = f(b, at) - level;
        if (value < 0) {
            low = at;
            below = value;
            above /= side < 0 ? 2 : 1;
        } else {
            high = at;
            above = value;
            below /= side > 0 ? 2 : 1;
        }
        side = value < 0 ? -1 : 1;
    }
    return low + (high - low) / 2;
}

/* |x(u) - u| <= sqrt w, as the mean square of 1 / |omega - sigma| is at most 1 / w. */
static double parameter(const struct bulk *b, double x)
{
    assert(b->d >= 1 && b->w > 0);
    return root(place, b, x, x - sqrt(b->w), x + sqrt(b->w));
}

double bulk_density(const struct bulk *b, double x)
{
    return sqrt(height(b, parameter(b, x))) / (PI * b->w);
}

double bulk_share(const struct bulk *b, double x)
{
    return share_at(b, parameter(b, x));
}

static void ends(const struct bulk *b, double *least, double *most)
{
    *least = (double)INFINITY;
    *most = -(double)INFINITY;
    for (size_t i = 0; i < b->d; i++) {
        *least = fmin(*least, b->sigma[i]);
        *most = fmax(*most, b->sigma[i]);
    }
}

double bulk_quantile(const struct bulk *b, double share)
{
    double least, most, reach = sqrt(b->w);
    ends(b, &least, &most);
    return place(b, root(share_at, b, share, least - reach, most + reach));
}

/* Of u outside sigma: how far w mean 1 / (u - sigma)^2 is from 1, ascending. */
static double left_of_all(const struct bulk *b, double u)
{
    return b->w * sums_at(b, u, 0).inverse;
}

static double right_of_all(const struct bulk *b, double u)
{
    return -b->w * sums_at(b, u, 0).inverse;
}

/* The bracket ends where one term alone is w: beyond it there is nothing to look for. */
double bulk_lower(const struct bulk *b)
{
    double least, most;
    ends(b, &least, &most);
    return place(b, root(left_of_all, b, 1, least - sqrt(b->w), least - sqrt(b->w / (double)b->d)));
}

double bulk_upper(const struct bulk *b)
{
    double least, most;
    ends(b, &least, &most);
    return place(b, root(right_of_all, b, -1, most + sqrt(b->w / (double)b->d), most + sqrt(b->w)));
}

void bulk_scree(const struct bulk *b, double *out)
{
    for (size_t i = 0; i < b->d; i++)
        out[i] = bulk_quantile(b, 1 - ((double)i + 0.5) / (double)b->d);
}
