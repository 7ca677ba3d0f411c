/* Sizes and lookups; joint_profile.c finds the numbers. */

#include "joint.h"

#include "linalg.h"

#include <assert.h>
#include <math.h>

const char *const balance_names[] = {
    [BALANCE_NONE] = "none",
    [BALANCE_FROBENIUS] = "frobenius",
    [BALANCE_SPECTRAL] = "spectral",
    NULL,
};

size_t joint_height(const struct joint_shape *s)
{
    size_t height = 0;
    for (size_t i = 0; i < s->p; i++)
        height += s->rows[i];
    return height;
}

size_t joint_rank_most(const struct joint_shape *s)
{
    size_t height = joint_height(s);
    return height < s->n ? height : s->n;
}

uint64_t joint_dense(const struct joint_shape *s)
{
    return (uint64_t)s->n * joint_height(s);
}

uint64_t joint_parameters(const struct joint_shape *s, size_t k)
{
    return (uint64_t)k * (s->n + joint_height(s));
}

static double break_even(size_t rows, size_t cols)
{
    return rows + cols ? (double)rows * (double)cols / ((double)rows + (double)cols) : 0;
}

double joint_break_even(const struct joint_shape *s)
{
    return break_even(joint_height(s), s->n);
}

double separate_break_even(const struct joint_shape *s, size_t i)
{
    return break_even(s->rows[i], s->n);
}

/* A share like 4 / 5, as computed, may fall short of the rank that it means by its own rounding. */
static size_t rank_kept(double keep, double even, size_t most)
{
    double k = floor(keep * even * (1 + 0x1p-48));
    return k < (double)most ? (size_t)k : most;
}

size_t joint_rank_kept(const struct joint_shape *s, double keep)
{
    size_t k = rank_kept(keep, joint_break_even(s), joint_rank_most(s));
    return k ? k : 1;
}

void separate_ranks_kept(const struct joint_shape *s, double keep, size_t *ranks)
{
    for (size_t i = 0; i < s->p; i++)
        ranks[i] = rank_kept(keep, separate_break_even(s, i),
                             s->rows[i] < s->n ? s->rows[i] : s->n);
}

static double cut(double squared)
{
    return sqrt(fmin(fmax(squared, 0), 1));
}

/* ||W_i||^2 over that of all. */
static double share(const struct joint_profile *g, size_t i)
{
    double x = g->total > 0 ? g->norm[i] / g->total : 0;
    return x * x;
}

double joint_member_error(const struct joint_profile *g, size_t i, size_t k)
{
    assert(i < g->shape.p);
    return cut(g->left[i * (g->r + 1) + (k < g->r ? k : g->r)]);
}

double joint_error(const struct joint_profile *g, size_t k)
{
    double sum = 0;
    for (size_t i = 0; i < g->shape.p; i++) {
        double e = joint_member_error(g, i, k);
        sum += share(g, i) * e * e;
    }
    return cut(sum);
}

/* Eckart, Young 1936: what k leaves, small ones first. */
static double beyond(const double *sigma, size_t n, size_t k, double norm)
{
    double sum = 0;
    for (size_t j = n; norm > 0 && j-- > k;)
        sum += (sigma[j] / norm) * (sigma[j] / norm);
    return sum;
}

double separate_member_error(const struct joint_profile *g, size_t i, size_t k)
{
    assert(i < g->shape.p);
    return cut(beyond(g->alone + i * g->r, g->r, k, g->norm[i]));
}

double separate_error(const struct joint_profile *g, const size_t *ranks)
{
    double sum = 0;
    for (size_t i = 0; i < g->shape.p; i++)
        sum += share(g, i) * beyond(g->alone + i * g->r, g->r, ranks[i], g->norm[i]);
    return cut(sum);
}

double joint_energy(const struct joint_profile *g, size_t k)
{
    double scale = g->sigma[0], whole = beyond(g->sigma, g->r, 0, scale);
    return whole > 0 ? 1 - beyond(g->sigma, g->r, k, scale) / whole : 1;
}

void separate_ranks_greedy(const struct joint_profile *g, uint64_t parameters, size_t *ranks)
{
    const struct joint_shape *s = &g->shape;
    bool open[JOINT_MEMBERS];
    for (size_t i = 0; i < s->p; i++) {
        ranks[i] = 0;
        open[i] = true;
    }
    for (;;) {
        size_t best = s->p;
        double most = 0;
        for (size_t i = 0; i < s->p; i++) {
            size_t price = s->n + s->rows[i];
            double x = ranks[i] < g->r && g->total > 0 ? g->alone[i * g->r + ranks[i]] / g->total
                                                       : 0;
            if (price > parameters || x == 0)
                open[i] = false;
            if (open[i] && x * x / (double)price > most) {
                most = x * x / (double)price;
                best = i;
            }
        }
        if (best == s->p)
            return;
        ranks[best]++;
        parameters -= s->n + s->rows[best];
    }
}

bool joint_angles(const struct joint_profile *g, size_t i, size_t k, double *cosines,
                  struct error *err)
{
    struct matrix_view whole = g->cross[i].view;
    assert(i < g->shape.p && g->cross[i].view.data && k <= whole.rows && k <= whole.cols);
    if (k && !linalg_singular_values(matrix_block(whole, 0, 0, k, k), cosines, err))
        return false;
    for (size_t j = 0; j < k; j++)
        cosines[j] = fmin(cosines[j], 1);
    return true;
}
