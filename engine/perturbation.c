/* First order: M -> M_k has the derivative, in the eigenbasis of M and for i <= k < j, E_ij times
 * sigma_i / (sigma_i - sigma_j), E_ij itself within the top k and nothing in the tail (the integral of
 * the resolvent about the top k). Entries of E are independent, so that squares add up. */

#include "perturbation.h"

#include <assert.h>
#include <math.h>

const char *const perturbed_names[] = { "real", "shrunk", "y", "y-k", "complex", NULL };

enum field perturbed_field(enum perturbed x)
{
    return x == PERTURBED_REAL || x == PERTURBED_SHRUNK ? FIELD_REAL : FIELD_COMPLEX;
}

double perturbation_variance(enum field field, double deviation)
{
    return (double)field * deviation * deviation;
}

/* ---- errors ---- */

/* The law's S, and what of it comes from pairs whose squared gap is below `near`. */
static double pairs(const struct perturbation *p, size_t k, double near, double *doubtful)
{
    double sum = 0;
    *doubtful = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = k; j < p->d; j++) {
            double gap = p->sigma[i] - p->sigma[j], ratio = p->sigma[i] / gap;
            sum += ratio * ratio;
            if (gap * gap < near)
                *doubtful += ratio * ratio;
        }
    return sum;
}

double perturbation_error(const struct perturbation *p, enum perturbed x, size_t k)
{
    assert(k >= 1 && k <= p->d);
    double unused, s = p->deviation, n = (double)k, sum = pairs(p, k, 0, &unused);
    return x == PERTURBED_COMPLEX ? s * sqrt(2 * (n * n + 2 * sum))
                                  : s * sqrt(n * (n + 1) + 2 * sum);
}

double perturbation_doubt(const struct perturbation *p, enum field field, size_t k)
{
    assert(k >= 1 && k <= p->d);
    double n = (double)k, near = 4 * perturbation_variance(field, p->deviation), doubtful;
    double sum = pairs(p, k, near, &doubtful);
    return isfinite(sum) ? 2 * doubtful / (n * (n + 1) + 2 * sum) : 1;
}

static double next(const struct perturbation *p, size_t k)
{
    return k < p->d ? p->sigma[k] : 0;
}

double perturbation_paper_error(const struct perturbation *p, size_t k)
{
    assert(k >= 1 && k <= p->d);
    double top = p->sigma[k - 1];
    return p->deviation * sqrt(2 * (double)k * (double)p->d) * top / (top - next(p, k));
}

/* The Frobenius norm of E within the top k, squared, and of the whole where k = d. */
static double block(enum field field, double deviation, double k)
{
    double squares = field == FIELD_REAL ? k * (k + 1) : 2 * k * k;
    return deviation * deviation * squares;
}

double perturbation_spike_error(enum perturbed x, double deviation, size_t d, double theta,
                                size_t k)
{
    assert(k >= 1 && k <= d);
    struct perturbation_spike spike = perturbation_spike(perturbed_field(x), deviation, d - k,
                                                         theta);
    double c = spike.overlap, kept = x == PERTURBED_SHRUNK ? theta * c : spike.value;
    double norm = x == PERTURBED_Y ? (1 + c * c) / 2
                                   : 1; /* of the projector's real part, squared */
    double loss = norm * kept * kept + theta * theta - 2 * theta * kept * c;
    enum field within = x == PERTURBED_COMPLEX ? FIELD_COMPLEX : FIELD_REAL;
    return x == PERTURBED_Y_K ? (double)NAN
                              : sqrt((double)k * loss + block(within, deviation, (double)k));
}

double perturbation_whole(enum field field, double deviation, size_t d)
{
    return sqrt(block(field, deviation, (double)d));
}

/* ---- thresholds ---- */

double perturbation_paper_gap(double deviation, size_t d)
{
    return deviation * sqrt(8 * (double)d);
}

double perturbation_outlier(enum field field, double deviation, size_t d)
{
    return sqrt(perturbation_variance(field, deviation) * (double)d);
}

struct perturbation_spike perturbation_spike(enum field field, double deviation, size_t d,
                                             double theta)
{
    double least = perturbation_outlier(field, deviation, d), ratio = least / theta;
    if (!(theta > least))
        return (struct perturbation_spike){ .value = 2 * least };
    return (struct perturbation_spike){ theta + least * ratio, 1 - ratio * ratio };
}

/* ---- eigenvalues ---- */

struct perturbation_band perturbation_eigenvalue(const struct perturbation *p, enum field field,
                                                 size_t i)
{
    assert(i < p->d);
    double sum = 0, v = perturbation_variance(field, p->deviation);
    for (size_t j = 0; j < p->d; j++) {
        if (j != i && p->sigma[j] == p->sigma[i])
            return (struct perturbation_band){ (double)NAN, (double)NAN };
        sum += j == i ? 0 : 1 / (p->sigma[i] - p->sigma[j]);
    }
    return (struct perturbation_band){ p->sigma[i] + v * sum, sqrt(2) * p->deviation };
}

double perturbation_edge(enum field field, double deviation, size_t d)
{
    return 2 * perturbation_outlier(field, deviation, d);
}

/* Mean and deviation of the Tracy-Widom laws: Bornemann, "On the numerical evaluation of
 * distributions in random matrix theory", 2010, table 10. */
struct perturbation_band perturbation_top(enum field field, double deviation, size_t d)
{
    static const struct perturbation_band tracy_widom[] = { { -1.2065, 1.2680 },
                                                            { -1.7711, 0.9018 } };
    const struct perturbation_band *t = &tracy_widom[field == FIELD_COMPLEX];
    double edge = perturbation_edge(field, deviation, d), n = 2 * pow((double)d, 2.0 / 3);
    return (struct perturbation_band){ edge * (1 + t->mean / n), edge * t->deviation / n };
}
