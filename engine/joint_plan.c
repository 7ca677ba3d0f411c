/* One rule over all groups of a model. */

#include "joint_plan.h"

#include "memory.h"
#include "spectrum.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

const char *const joint_rule_names[] = {
    [JOINT_PRUNE] = "prune",   [JOINT_KEEP] = "keep",
    [JOINT_RANK] = "rank",     [JOINT_ENERGY] = "energy",
    [JOINT_BUDGET] = "budget", [JOINT_EDGE] = "edge",
    [JOINT_MANUAL] = "manual", NULL,
};

static uint64_t dense_of(const struct joint_choice *groups, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += joint_dense(&groups[i].shape);
    return sum;
}

/* What is left of a group at a rank: its matrices where factors would be no smaller. */
static uint64_t left_of(const struct joint_shape *s, size_t rank)
{
    uint64_t dense = joint_dense(s), factors = joint_parameters(s, rank);
    return rank && factors < dense ? factors : dense;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

struct joint_account joint_account_of(uint64_t model, const struct joint_choice *groups, size_t n)
{
    struct joint_account a = { .model = model, .dense = dense_of(groups, n) };
    for (size_t i = 0; i < n; i++) {
        a.left += left_of(&groups[i].shape, groups[i].rank);
        a.left_asked += left_of(&groups[i].shape, groups[i].asked);
    }
    a.prune = share(a.dense - a.left, model);
    a.modules = share(a.dense - a.left, a.dense);
    a.prune_asked = share(a.dense - a.left_asked, model);
    a.modules_asked = share(a.dense - a.left_asked, a.dense);
    a.ceiling = share(a.dense, model);
    return a;
}

/* What rank 1 everywhere takes. */
static uint64_t least_of(const struct joint_choice *groups, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += left_of(&groups[i].shape, 1);
    return sum;
}

/* A prune ratio of the model as a keep ratio of its groups. */
static bool keep_of(double prune, uint64_t model, const struct joint_choice *groups, size_t n,
                    double *keep, struct error *err)
{
    uint64_t dense = dense_of(groups, n);
    double ceiling = share(dense, model), most = share(dense - least_of(groups, n), model);
    if (!(prune >= 0 && prune < 1))
        return fail(err, ERROR_USAGE, "a prune ratio lies between 0 and 100 %%, not at %.6g %%",
                    100 * prune);
    if (prune > ceiling)
        return fail(
            err, ERROR_USAGE,
            "%.4g %% of the model cannot go: its groups hold %.4g %% of the parameters, and "
            "nothing else is factored",
            100 * prune, 100 * ceiling);
    if (prune > most)
        return fail(err, ERROR_USAGE,
                    "%.4g %% of the model cannot go: rank 1 in every group takes %.4g %%",
                    100 * prune, 100 * most);
    *keep = dense ? 1 - prune / ceiling : 1;
    return true;
}

static size_t by_energy(double energy, const struct joint_choice *c)
{
    const struct joint_profile *g = c->profile;
    size_t low = 1, high = g->r;
    while (low < high) { /* kept energy never falls with the rank */
        size_t middle = low + (high - low) / 2;
        if (joint_energy(g, middle) >= energy)
            high = middle;
        else
            low = middle + 1;
    }
    return high;
}

static size_t by_edge(double unused, const struct joint_choice *c)
{
    const struct joint_profile *g = c->profile;
    double norm = 0;
    (void)unused;
    for (size_t i = 0; i < g->r; i++)
        norm = hypot(norm, g->sigma[i]);
    const struct spectrum s = { g->sigma, g->r, joint_height(&g->shape), g->shape.n, norm };
    size_t above = spectrum_marchenko_pastur(&s).above;
    return above ? above : 1;
}

/* One more component of one group, or what is left of it at once, as its matrices. */
struct step {
    double gain, density; /* squared singular values, and a parameter of them */
    uint64_t price;
    size_t group, rank; /* the rank it leads to; 0: all of it */
};

static int by_density(const void *a, const void *b)
{
    const struct step *x = a, *y = b;
    if (x->density != y->density)
        return x->density > y->density ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->rank ? x->rank : SIZE_MAX) < (y->rank ? y->rank : SIZE_MAX) ? -1 : 1;
}

/* The highest rank of fewer parameters than the matrices; 0 where even one takes as many. */
static size_t last_rank(const struct joint_shape *s)
{
    size_t last = (size_t)((joint_dense(s) - 1) / (s->n + joint_height(s))),
           most = joint_rank_most(s);
    return last < most ? last : most;
}

static double squared(const struct joint_profile *g, size_t k, double largest)
{
    double x = k <= g->r && largest > 0 ? g->sigma[k - 1] / largest : 0;
    return x * x;
}

/* From rank 1 on. The last step is to the matrices themselves; where it is denser than components
 * before it they are one step with it, so that no step of a group is denser than one before. */
static size_t add_steps(const struct joint_choice *c, size_t group, double largest,
                        struct step *out)
{
    const struct joint_profile *g = c->profile;
    size_t last = last_rank(&c->shape), price = c->shape.n + joint_height(&c->shape), n = 0;
    if (last == 0)
        return 0;
    for (size_t k = 2; k <= last; k++) {
        double gain = squared(g, k, largest);
        out[n++] = (struct step){ gain, gain / (double)price, price, group, k };
    }
    struct step all = { .price = joint_dense(&c->shape) - joint_parameters(&c->shape, last),
                        .group = group };
    for (size_t k = g->r; k > last; k--)
        all.gain += squared(g, k, largest);
    for (; n > 0 && all.gain * (double)out[n - 1].price > out[n - 1].gain * (double)all.price;
         n--) {
        all.gain += out[n - 1].gain;
        all.price += out[n - 1].price;
    }
    all.density = all.gain / (double)all.price;
    out[n++] = all;
    return n;
}

/* The densest steps that fit; a group whose next one does not is done. What is left of the budget. */
static uint64_t take_steps(const struct step *steps, size_t n_steps, uint64_t left,
                           struct joint_choice *groups, bool *done)
{
    for (size_t i = 0; i < n_steps; i++) {
        const struct step *s = &steps[i];
        done[s->group] |= s->price > left || s->gain == 0;
        if (done[s->group])
            continue;
        left -= s->price;
        groups[s->group].asked = s->rank ? s->rank : joint_rank_most(&groups[s->group].shape);
    }
    return left;
}

/* Single components for the rest, of groups whose matrices as a whole were too much. */
static void fill_up(struct joint_choice *groups, size_t n, uint64_t left, double largest)
{
    for (;;) {
        size_t best = n;
        double most = 0;
        for (size_t i = 0; i < n; i++) {
            const struct joint_shape *s = &groups[i].shape;
            size_t price = s->n + joint_height(s), next = groups[i].asked + 1;
            double density = squared(groups[i].profile, next, largest) / (double)price;
            if (next <= last_rank(s) && price <= left && density > most) {
                most = density;
                best = i;
            }
        }
        if (best == n)
            return;
        groups[best].asked++;
        left -= groups[best].shape.n + joint_height(&groups[best].shape);
    }
}

/* Rank 1 everywhere, then by density (Dantzig 1957, for a knapsack). */
static bool deal_out(uint64_t budget, struct joint_choice *groups, size_t n, struct error *err)
{
    size_t room = 0, n_steps = 0;
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        room += last_rank(&groups[i].shape) + 1;
        largest = fmax(largest, groups[i].profile->sigma[0]);
        groups[i].asked = 1;
    }
    struct step *steps = memory_alloc(room * sizeof(*steps), err);
    bool *done = steps ? memory_alloc(n * sizeof(*done), err) : NULL;
    if (done) {
        for (size_t i = 0; i < n; i++)
            n_steps += add_steps(&groups[i], i, largest, steps + n_steps);
        qsort(steps, n_steps, sizeof(*steps), by_density);
        uint64_t left = budget - least_of(groups, n);
        fill_up(groups, n, take_steps(steps, n_steps, left, groups, done), largest);
    }
    bool ok = done != NULL;
    memory_free(done);
    memory_free(steps);
    return ok;
}

static bool ask_budget(double value, struct joint_choice *groups, size_t n, struct error *err)
{
    uint64_t least = least_of(groups, n);
    if (!(value >= (double)least))
        return fail(err, ERROR_USAGE,
                    "%.0f parameters are too few: rank 1 in every group takes %.0f", value,
                    (double)least);
    return deal_out(value < 0x1p62 ? (uint64_t)value : UINT64_MAX / 2, groups, n, err);
}

static size_t by_keep(double keep, const struct joint_choice *c)
{
    return joint_rank_kept(&c->shape, keep);
}

static size_t by_rank(double rank, const struct joint_choice *c)
{
    size_t most = joint_rank_most(&c->shape);
    return rank < (double)most ? (size_t)rank : most;
}

/* The ranks that stand there: typed, or dealt out before. */
static size_t as_asked(double unused, const struct joint_choice *c)
{
    (void)unused;
    return by_rank((double)c->asked, c);
}

static const struct rule {
    size_t (*ask)(double value, const struct joint_choice *c);
    bool profiles;
    double above, most; /* the value: above < value <= most */
} rules[] = {
    [JOINT_PRUNE] = { by_keep, false, -HUGE_VAL, HUGE_VAL }, /* keep_of says what it may be */
    [JOINT_KEEP] = { by_keep, false, 0, 1 },
    [JOINT_RANK] = { by_rank, false, 0.5, HUGE_VAL },
    [JOINT_ENERGY] = { by_energy, true, 0, 1 },
    [JOINT_BUDGET] = { as_asked, true, -HUGE_VAL, HUGE_VAL }, /* deal_out likewise */
    [JOINT_EDGE] = { by_edge, true, -HUGE_VAL, HUGE_VAL },
    [JOINT_MANUAL] = { as_asked, false, -HUGE_VAL, HUGE_VAL },
};

static bool check(const struct joint_goal *goal, const struct joint_choice *groups, size_t n,
                  struct error *err)
{
    const struct rule *r = &rules[goal->rule];
    const char *name = joint_rule_names[goal->rule];
    for (size_t i = 0; r->profiles && i < n; i++)
        if (!groups[i].profile)
            return fail(err, ERROR_USAGE, "the rule %s needs the singular values of every group",
                        name);
    if (!isfinite(r->above) || (goal->value > r->above && goal->value <= r->most))
        return true;
    return isfinite(r->most)
               ? fail(err, ERROR_USAGE, "the share for %s is above 0 and at most 1, not %.6g", name,
                      goal->value)
               : fail(err, ERROR_USAGE, "a rank is at least 1, not %.6g", goal->value);
}

static size_t rounded(const struct joint_shape *s, size_t asked, size_t multiple)
{
    size_t rank = asked;
    if (multiple > 1) {
        rank = asked / multiple * multiple;
        rank = rank ? rank : multiple;
    }
    return rank <= joint_rank_most(s) && joint_parameters(s, rank) < joint_dense(s) ? rank : 0;
}

bool joint_plan(const struct joint_goal *goal, uint64_t model, struct joint_choice *groups,
                size_t n, struct joint_account *out, struct error *err)
{
    double keep = goal->value;
    uint64_t dense = dense_of(groups, n);
    if (dense > model)
        return fail(err, ERROR_USAGE, "the groups hold %.0f parameters, more than the model's %.0f",
                    (double)dense, (double)model);
    bool ok = check(goal, groups, n, err) &&
              (goal->rule != JOINT_PRUNE || keep_of(goal->value, model, groups, n, &keep, err)) &&
              (goal->rule != JOINT_BUDGET || ask_budget(goal->value, groups, n, err));
    for (size_t i = 0; ok && i < n; i++) {
        groups[i].asked = rules[goal->rule].ask(keep, &groups[i]);
        groups[i].rank = groups[i].asked
                             ? rounded(&groups[i].shape, groups[i].asked, goal->multiple)
                             : 0;
    }
    if (ok)
        *out = joint_account_of(model, groups, n);
    return ok;
}
