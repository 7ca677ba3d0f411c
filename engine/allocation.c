#include "allocation.h"

#include <math.h>
#include <string.h>

/* The options at hand and what becomes of them. */
struct deal {
    const struct allocation *a;
    bool *on;       /* options */
    size_t *list;   /* those that are on */
    size_t *users;  /* options: components that take it */
    double *regret; /* options: what their users lose without it, in distortion + lambda * bits */
    int *choice;
    struct job *job;
    double done; /* progress */
};

static double distortion(const struct allocation *a, size_t i, int option)
{
    return option < 0 ? a->without[i] : a->distortion[i * a->options + (size_t)option];
}

uint64_t allocation_bits(const struct allocation *a, const int *choice)
{
    uint64_t bits = 0;
    for (size_t o = 0; o < a->options; o++) {
        uint64_t users = 0;
        for (size_t i = 0; i < a->n; i++)
            users += choice[i] == (int)o;
        bits += users * a->cost[o] + (users ? a->overhead : 0);
    }
    return bits;
}

double allocation_left(const struct allocation *a, const int *choice)
{
    double sum = 0;
    for (size_t i = a->n; i-- > 0;)
        sum += distortion(a, i, choice[i]);
    return sum;
}

/* Every component for itself, at a price a bit. */
static void choose(struct deal *d, double lambda)
{
    const struct allocation *a = d->a;
    memset(d->users, 0, a->options * sizeof(*d->users));
    memset(d->regret, 0, a->options * sizeof(*d->regret));
    size_t listed = 0;
    for (size_t o = 0; o < a->options; o++)
        if (d->on[o])
            d->list[listed++] = o;
    for (size_t i = 0; i < a->n; i++) {
        double best = a->without[i], second = (double)INFINITY;
        int option = -1;
        for (size_t k = 0; k < listed; k++) {
            size_t o = d->list[k];
            double price = distortion(a, i, (int)o) + lambda * (double)a->cost[o];
            if (price < best) {
                second = best;
                best = price;
                option = (int)o;
            } else if (price < second) {
                second = price;
            }
        }
        d->choice[i] = option;
        if (option >= 0) {
            d->users[option]++;
            d->regret[option] += second - best;
        }
    }
}

static bool fits(struct deal *d, double lambda)
{
    const struct allocation *a = d->a;
    uint64_t bits = 0;
    choose(d, lambda);
    for (size_t o = 0; o < a->options; o++)
        bits += d->users[o] * a->cost[o] + (d->users[o] ? a->overhead : 0);
    return bits <= a->allowed;
}

/* Whether to go on: every try walks through all components some forty times. */
static bool go_on(const struct deal *d, struct error *err)
{
    return job_step(d->job, d->done, "dealing out bits", err);
}

/* The least price whose choices fit; leaves them. */
static double settle(struct deal *d)
{
    enum { STEPS = 40 };
    double most = 0, least = 0;
    for (size_t i = 0; i < d->a->n; i++)
        most = fmax(most, d->a->without[i]);
    most = fmax(most, 1e-300); /* nobody pays as much for a bit */
    least = most * 1e-30;
    if (fits(d, least))
        return least;
    for (int step = 0; step < STEPS; step++) {
        double middle = sqrt(least) * sqrt(most);
        if (fits(d, middle))
            most = middle;
        else
            least = middle;
    }
    choose(d, most);
    return most;
}

/* Options without users go; then the one whose users lose least, until there are few enough. */
static bool thin(struct deal *d, struct error *err)
{
    const struct allocation *a = d->a;
    while (go_on(d, err)) {
        size_t used = 0, least = 0;
        for (size_t o = 0; o < a->options; o++) {
            d->on[o] = d->on[o] && d->users[o];
            if (!d->on[o])
                continue;
            if (!used++ || d->regret[o] < d->regret[least])
                least = o;
        }
        if (used <= a->groups)
            return true;
        d->on[least] = false;
        settle(d);
    }
    return false;
}

/* Puts the option in `out`'s place that leaves least, should that be less than *left. */
static bool replace(struct deal *d, size_t out, double *left, bool *better, struct error *err)
{
    const struct allocation *a = d->a;
    size_t best = out;
    d->on[out] = false;
    for (size_t in = 0; in < a->options; in++) {
        if (d->on[in] || in == out)
            continue;
        if (!go_on(d, err))
            return false;
        d->on[in] = true;
        settle(d);
        d->on[in] = false;
        double now = allocation_left(a, d->choice);
        if (now < *left * (1 - 1e-9)) { /* not for rounding's sake */
            *left = now;
            best = in;
        }
    }
    d->on[best] = true;
    *better = *better || best != out;
    return true;
}

/* Swaps options in use for others as long as that leaves less: what has many options and may use a few
 * would otherwise keep those that were good in company. */
static bool swap(struct deal *d, struct error *err)
{
    double left = allocation_left(d->a, d->choice);
    for (bool better = true; better;) {
        better = false;
        for (size_t out = 0; out < d->a->options; out++)
            if (d->on[out] && !replace(d, out, &left, &better, err))
                return false;
    }
    settle(d);
    return true;
}

/* One step up with what is left over: the most distortion for a bit. False: nothing fits. */
static bool fill(struct deal *d, uint64_t over)
{
    const struct allocation *a = d->a;
    double best = 0;
    size_t at = 0, used = 0;
    int option = -1;
    for (size_t o = 0; o < a->options; o++)
        used += d->users[o] > 0;
    for (size_t i = 0; i < a->n; i++) {
        uint64_t now = d->choice[i] < 0 ? 0 : a->cost[d->choice[i]];
        for (size_t o = 0; o < a->options; o++) {
            uint64_t more = a->cost[o] - now + (d->users[o] ? 0 : a->overhead);
            if (a->cost[o] <= now || more > over || (!d->users[o] && used == a->groups))
                continue;
            double gain = (distortion(a, i, d->choice[i]) - distortion(a, i, (int)o)) /
                          (double)more;
            if (gain > best) {
                best = gain;
                at = i;
                option = (int)o;
            }
        }
    }
    if (option < 0)
        return false;
    if (d->choice[at] >= 0)
        d->users[d->choice[at]]--;
    d->choice[at] = option;
    d->users[option]++;
    return true;
}

bool allocation_deal(const struct allocation *a, struct job *job, double done, int *choice,
                     struct error *err)
{
    struct deal d = { .a = a, .choice = choice, .job = job, .done = done };
    struct arena *scratch = job->scratch;
    d.on = arena_alloc(scratch, a->options * sizeof(*d.on), err);
    d.list = d.on ? arena_alloc(scratch, a->options * sizeof(*d.list), err) : NULL;
    d.users = d.list ? arena_alloc(scratch, a->options * sizeof(*d.users), err) : NULL;
    d.regret = d.users ? arena_alloc(scratch, a->options * sizeof(*d.regret), err) : NULL;
    if (!d.regret)
        return false;
    for (size_t o = 0; o < a->options; o++)
        d.on[o] = true;
    settle(&d);
    if (!thin(&d, err) || !swap(&d, err))
        return false;
    while (fill(&d, a->allowed - allocation_bits(a, choice)))
        continue;
    return true;
}
