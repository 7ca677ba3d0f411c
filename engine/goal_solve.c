/* The search behind a goal. It assumes no order among the settings: steps of powers of two find a
 * first one that meets the goal, bisection its border, and both neighbours are measured. */

#include "goal.h"

#include "budget.h"
#include "coding.h"

#include <math.h>
#include <stdio.h>

enum {
    TRIALS = 192, /* remembered settings of one walk */
    BITS_LEAST = 2,
    BITS_MOST = 8,
};

/* One walk along the axis, the other rows fixed. */
struct walk {
    const struct goal_search *s;
    struct params_any params;
    long low, high; /* of the axis */
    struct goal_trial trials[TRIALS];
    size_t n;
    size_t *tried;
    double expected; /* settings, for the progress */
};

static struct params_any params_at(const struct walk *w, long at)
{
    struct params_any params = w->params;
    param_put(w->s->axis, params.bytes, (double)at);
    return params;
}

static size_t shapes_of(const struct goal_search *s, struct budget_shape out[BUDGET_SHAPES])
{
    budget_shapes(s->shapes, s->planes, s->rows, s->cols, out);
    return s->planes;
}

static uint64_t entries_of(const struct goal_search *s)
{
    struct budget_shape all[BUDGET_SHAPES];
    size_t n = shapes_of(s, all);
    return budget_entries(all, n);
}

static uint64_t bits_at(const struct walk *w, long at)
{
    const struct goal_search *s = w->s;
    struct params_any params = params_at(w, at);
    struct budget_shape all[BUDGET_SHAPES];
    size_t n = shapes_of(s, all);
    return budget_bits(s->method, params.bytes, s->dtype, all, n, false);
}

/* NAN where nothing is known of it: every comparison with it is false. A constant that is added
 * is worth a rank. */
static double optimal_at(const struct walk *w, long at)
{
    struct params_any params = params_at(w, at);
    const struct param *rank = param_find(&w->s->method->params, "rank");
    const struct param *shift = param_find(&w->s->method->params, "normalize");
    if (!rank || !w->s->optimal || (w->s->method->flags & METHOD_DENSE))
        return (double)NAN;
    return w->s->optimal(w->s->context, (size_t)(param_get(rank, params.bytes) +
                                                 (shift ? param_get(shift, params.bytes) : 0)));
}

static bool announce(const struct walk *w, long at, struct error *err)
{
    char stage[GOAL_TEXT + 96], name[64];
    double done = fmin((double)*w->tried / w->expected, 0.98);
    param_flag(w->s->axis->key, name, sizeof(name));
    snprintf(stage, sizeof(stage), "%s: %s %ld", w->s->goal->text, name, at);
    return !w->s->job || job_step(w->s->job, done, stage, err);
}

/* Measures a setting, once. NULL: failed. */
static const struct goal_trial *look(struct walk *w, long at, struct error *err)
{
    for (size_t i = 0; i < w->n; i++)
        if ((long)w->trials[i].at == at)
            return &w->trials[i];
    if (w->n == TRIALS) { /* no walk is that long */
        fail(err, ERROR_NUMERIC, "%s: no answer after %d settings", w->s->goal->text, TRIALS);
        return NULL;
    }
    struct goal_trial t = { .tried = true, .at = (double)at, .params = params_at(w, at) };
    t.numbers = (struct goal_numbers){ .psnr = (double)NAN, .ssim = (double)NAN };
    if (!announce(w, at, err) || !w->s->measure(w->s->context, &t.params, &t.numbers, err))
        return NULL;
    ++*w->tried;
    if (isnan(goal_value(w->s->goal, &t.numbers))) {
        fail(err, ERROR_USAGE,
             "%s: this is not known here; it is of pictures, and SSIM of those "
             "with 11 pixels a side",
             w->s->goal->text);
        return NULL;
    }
    w->trials[w->n] = t;
    return &w->trials[w->n++];
}

/* What is to be made large: the goal's own number, or less error within a size. */
static double merit(const struct goal *g, const struct goal_numbers *n)
{
    if (goal_is_size(g))
        return goal_met(g, n) ? -n->error : -HUGE_VAL;
    return g->kind == GOAL_ERROR ? -n->error : goal_value(g, n);
}

/* Something was tried. */
static const struct goal_trial *best_of(const struct walk *w)
{
    const struct goal_trial *best = &w->trials[0];
    for (size_t i = 1; i < w->n; i++) {
        const struct goal_trial *t = &w->trials[i];
        double one = merit(w->s->goal, &t->numbers), two = merit(w->s->goal, &best->numbers);
        if (one > two || (one == two && t->at < best->at))
            best = t;
    }
    return best;
}

/* The smallest setting tried that meets the goal; 0: none. */
static long least_met(const struct walk *w)
{
    long least = 0;
    for (size_t i = 0; i < w->n; i++)
        if (goal_met(w->s->goal, &w->trials[i].numbers) &&
            (!least || w->trials[i].at < (double)least))
            least = (long)w->trials[i].at;
    return least;
}

/* The largest setting below `at` that was tried and fails; low - 1: none. */
static long failing_below(const struct walk *w, long at)
{
    long below = w->low - 1;
    for (size_t i = 0; i < w->n; i++)
        if ((long)w->trials[i].at < at && (long)w->trials[i].at > below &&
            !goal_met(w->s->goal, &w->trials[i].numbers))
            below = (long)w->trials[i].at;
    return below;
}

static bool is_monotone(const struct walk *w)
{
    bool up = !goal_is_size(w->s->goal); /* met from one on, not up to one */
    for (size_t i = 0; i < w->n; i++)
        for (size_t j = 0; j < w->n; j++)
            if (w->trials[i].at < w->trials[j].at &&
                goal_met(w->s->goal, &w->trials[i].numbers) == up &&
                goal_met(w->s->goal, &w->trials[j].numbers) != up)
                return false;
    return true;
}

/* Whether the best so far is so far off that its surroundings will not do either: they are looked
 * at more coarsely then. */
static bool is_hopeless(const struct walk *w)
{
    const struct goal *g = w->s->goal;
    const struct goal_numbers *n = &best_of(w)->numbers;
    return (g->kind == GOAL_ERROR && n->error > 2 * g->bound) ||
           (g->kind == GOAL_PSNR && n->psnr < g->bound - 6) ||
           (g->kind == GOAL_ENERGY && n->error * n->error > 4 * (1 - g->bound));
}

/* The next to look at: in the longer of the two parts. */
static long golden(long middle, long low, long high)
{
    bool down = middle - low > high - middle;
    long step = (long)(0.382 * (double)(down ? middle - low : high - middle));
    step = step > 1 ? step : 1;
    return down ? middle - step : middle + step;
}

/* A maximum of the merit between two settings, of which `middle` is better than both (golden
 * section); where there are several, one. */
static bool section(struct walk *w, long low, long middle, long high, struct error *err)
{
    const struct goal *g = w->s->goal;
    long coarse = is_hopeless(w) ? high / 8 : 2;
    while (high - low > (coarse > 2 ? coarse : 2)) {
        long at = golden(middle, low, high);
        const struct goal_trial *a = look(w, at, err), *b = a ? look(w, middle, err) : NULL;
        if (!b)
            return false;
        bool better = merit(g, &a->numbers) > merit(g, &b->numbers);
        if (better == (at < middle))
            high = better ? middle : at;
        else
            low = better ? middle : at;
        middle = better ? at : middle;
    }
    return true;
}

/* About the best setting so far, `high` being the largest looked at: where that is the best, its
 * neighbour decides whether there is anything to look for. */
static bool refine(struct walk *w, long high, struct error *err)
{
    long at = (long)best_of(w)->at;
    if (at == high) {
        if (high > w->low && !look(w, high - 1, err))
            return false;
        at = (long)best_of(w)->at;
        if (at == high)
            return true;
    }
    long from = at / 2 < w->low ? w->low - 1 : at / 2 - 1;
    return section(w, from, at, 2 * at < high ? 2 * at : high, err);
}

/* The first rank that the best of all results could meet the goal with, or one more than there are.
 * The slack is for the rounding of the measured errors. */
static long first_possible(const struct walk *w)
{
    const struct goal *g = w->s->goal;
    long low = w->low, high = w->high + 1;
    if (g->kind != GOAL_ERROR && g->kind != GOAL_ENERGY)
        return low;
    while (low < high) {
        long middle = low + (high - low) / 2;
        struct goal_numbers n = { .error = optimal_at(w, middle) * (1 - 1e-3) - 1e-6 };
        if (goal_met(g, &n) || isnan(n.error) || n.error < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Doubles from `from` until the goal is met; else looks about the best. */
static bool climb(struct walk *w, long from, struct error *err)
{
    for (long at = from;; at = at < w->high / 2 ? 2 * at : w->high) {
        const struct goal_trial *t = look(w, at, err);
        if (!t)
            return false;
        if (goal_met(w->s->goal, &t->numbers))
            return true;
        if (at == w->high)
            return refine(w, w->high, err);
    }
}

static bool bisect(struct walk *w, long below, long above, struct error *err)
{
    while (above - below > 1) {
        long middle = below + (above - below) / 2;
        const struct goal_trial *t = look(w, middle, err);
        if (!t)
            return false;
        if (goal_met(w->s->goal, &t->numbers))
            above = middle;
        else
            below = middle;
    }
    return true;
}

/* The neighbours of the border; a cheaper one that meets the goal moves it. */
static bool settle(struct walk *w, struct error *err)
{
    for (;;) {
        long at = least_met(w);
        for (long beside = at - 2; beside <= at + 1; beside++)
            if (beside >= w->low && beside <= w->high && !look(w, beside, err))
                return false;
        long least = least_met(w);
        if (least == at)
            return true;
        if (!bisect(w, failing_below(w, least), least, err))
            return false;
    }
}

static bool solve_quality(struct walk *w, struct goal_answer *out, struct error *err)
{
    long first = first_possible(w), from = first < w->high ? first : w->high;
    if (!climb(w, from, err))
        return false;
    long met = least_met(w);
    if (met) {
        long below = failing_below(w, met);
        below = below < w->low && from <= met ? from - 1 : below;
        if (!bisect(w, below, met, err) || !settle(w, err))
            return false;
        met = least_met(w);
    }
    const struct goal_trial *best = met ? look(w, met, err) : best_of(w);
    if (!best)
        return false;
    out->met = met > 0;
    out->best = *best;
    for (size_t i = 0; met && i < w->n; i++)
        if ((long)w->trials[i].at == met - 1)
            out->beside = w->trials[i];
    return true;
}

/* The largest setting up to `high` whose size, with so much beside its parts, is within the bound;
 * low - 1: none. */
static long largest_within(const struct walk *w, long high, double extra_bits)
{
    long low = w->low - 1;
    const struct goal *g = w->s->goal;
    while (low < high) {
        long middle = low + (high - low + 1) / 2;
        double bits = (double)bits_at(w, middle) + extra_bits;
        struct goal_numbers n = { .bits = (uint64_t)bits,
                                  .entries = entries_of(w->s),
                                  .bytes = (uint64_t)(bits / 8) };
        if (goal_met(g, &n))
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* Down from what the parts alone would allow to what the whole file fits; then up again, should
 * the guess of what lies beside them have been too careful. *at: low - 1 where nothing fits. */
static bool fit(struct walk *w, long *at, struct error *err)
{
    const struct goal *g = w->s->goal;
    long cap = *at;
    for (;;) {
        const struct goal_trial *t = look(w, *at < w->low ? w->low : *at, err);
        if (!t)
            return false;
        if (goal_met(g, &t->numbers))
            break;
        if (*at <= w->low) {
            *at = w->low - 1;
            return true;
        }
        double extra = g->kind == GOAL_SIZE ? 8 * (double)t->numbers.bytes - (double)t->numbers.bits
                                            : 0;
        *at = largest_within(w, *at - 1, extra);
    }
    if (*at < w->low)
        *at = w->low;
    for (; *at < cap; ++*at) {
        const struct goal_trial *t = look(w, *at + 1, err);
        if (!t)
            return false;
        if (!goal_met(g, &t->numbers))
            break;
    }
    return true;
}

/* The least error up to the largest setting that fits. */
static bool least_error(struct walk *w, long fits, struct error *err)
{
    if (w->s->method->flags & METHOD_NESTED)
        return true;
    for (long at = fits / 2; at >= w->low; at /= 2) {
        if (optimal_at(w, at) >= best_of(w)->numbers.error)
            break; /* nor can any smaller one be better */
        if (!look(w, at, err))
            return false;
    }
    return refine(w, fits, err);
}

static bool solve_size(struct walk *w, struct goal_answer *out, struct error *err)
{
    long at = largest_within(w, w->high, 0);
    if (!fit(w, &at, err))
        return false;
    out->met = at >= w->low;
    if (!out->met) { /* the smallest comes nearest */
        const struct goal_trial *t = look(w, w->low, err);
        if (t)
            out->best = *t;
        return t != NULL;
    }
    if (!least_error(w, at, err))
        return false;
    out->best = *best_of(w);
    if ((long)out->best.at < w->high) {
        const struct goal_trial *t = look(w, (long)out->best.at + 1, err);
        if (!t)
            return false;
        out->beside = *t;
    }
    return true;
}

static double limit_of(const struct goal_search *s)
{
    struct budget_shape all[BUDGET_SHAPES];
    size_t n = shapes_of(s, all);
    double side = (double)budget_most(s->method, all, n);
    bool rank = s->axis == param_find(&s->method->params, "rank");
    return rank ? fmin(s->axis->max, side) : s->axis->max;
}

/* One walk; `than`, when it meets the goal, is to be beaten: settings that cannot are left out. */
static bool solve_walk(const struct goal_search *s, const struct params_any *params,
                       const struct goal_answer *than, struct goal_answer *out, double share,
                       struct error *err)
{
    struct walk w = { .s = s, .params = *params, .tried = &out->tried };
    bool size = goal_is_size(s->goal);
    *out = (struct goal_answer){ .monotone = true, .tried = than->tried };
    w.low = (long)fmax(s->axis->min, 1);
    w.high = (long)limit_of(s);
    w.expected = (12 + 2 * log2((double)w.high)) / share;
    if (than->met && !size) {
        while (w.high >= w.low && bits_at(&w, w.high) >= than->best.numbers.bits)
            w.high--;
        if (first_possible(&w) > w.high)
            return true;
    }
    long cap = size ? largest_within(&w, w.high, 0) : w.high;
    if (than->met && (cap < w.low || (size && optimal_at(&w, cap) >= than->best.numbers.error)))
        return true;
    if (!(size ? solve_size : solve_quality)(&w, out, err))
        return false;
    out->monotone = is_monotone(&w);
    return true;
}

bool goal_better(const struct goal *g, const struct goal_answer *a, const struct goal_answer *b)
{
    if (!a->best.tried || !b->best.tried || a->met != b->met)
        return a->best.tried && (a->met || !b->best.tried);
    const struct goal_numbers *x = &a->best.numbers, *y = &b->best.numbers;
    if (!a->met && goal_is_size(g))
        return goal_value(g, x) < goal_value(g, y);
    if (a->met && !goal_is_size(g) && x->bits != y->bits)
        return x->bits < y->bits;
    return merit(g, x) > merit(g, y);
}

/* One more walk, from which the better answer is kept. */
static bool walk_too(const struct goal_search *s, const struct params_any *params, double share,
                     struct goal_answer *best, struct error *err)
{
    struct goal_answer one;
    if (!solve_walk(s, params, best, &one, share, err))
        return false;
    size_t tried = one.tried;
    if (goal_better(s->goal, &one, best))
        *best = one;
    best->tried = tried;
    return true;
}

/* The bits of factors that are looked at: of those that the quantizer has. */
static void bits_between(const struct goal_search *s, int *least, int *most)
{
    const struct param *row = param_find(&s->method->params, "quantizer");
    *least = BITS_LEAST;
    *most = BITS_MOST;
    if (!row || row->choices != quantizer_names)
        return;
    const struct quantizer *q = quantizer_at((int)param_get(row, s->params.bytes));
    *least = q->min_bits > *least ? q->min_bits : *least;
    *most = q->max_bits < *most ? q->max_bits : *most;
}

bool goal_solve(const struct goal_search *s, struct goal_answer *out, struct error *err)
{
    const struct param *left = param_find(&s->method->params, "left_bits");
    const struct param *right = param_find(&s->method->params, "right_bits");
    struct goal_answer best = { .monotone = true };
    struct params_any first = s->params;
    bool bits = s->bits && left && right && s->axis != left && s->axis != right;
    int least, most;
    bits_between(s, &least, &most);
    int side = most - least + 1;
    double share = bits ? 1.0 / (side * side + 1) : 1;
    if (bits && param_get(left, first.bytes) > most)
        param_put(left, first.bytes, most);
    if (bits && param_get(right, first.bytes) > most)
        param_put(right, first.bytes, most);
    if (!walk_too(s, &first, share, &best, err)) /* a first answer, which spares most others */
        return false;
    for (int i = 0; bits && i < side * side; i++) {
        struct params_any params = first;
        param_put(left, params.bytes, least + i / side);
        param_put(right, params.bytes, least + i % side);
        if (!param_equal(&s->method->params, &params, &first) &&
            !walk_too(s, &params, share, &best, err))
            return false;
    }
    *out = best;
    return true;
}
