#include "hold.h"

#include <math.h>
#include <string.h>

#include "budget.h"

const struct param hold_row = {
    PARAM(struct model, budget),
    .title = "Size held",
    .shorthand = "size",
    .unit = "bits per entry",
    .help = "What the whole may take: bits move the rank, and the rank moves bits.",
    .source = "",
    .logarithmic = true,
    .min = 0.02,
    .max = 64,
};

static const struct param *row_of(const struct model *m, const char *key)
{
    return param_find(&m->method->params, key);
}

bool hold_on(const struct model *m)
{
    return m->budget > 0 && row_of(m, "rank");
}

bool hold_links(const struct model *m, const struct param *p)
{
    return hold_on(m) && (p == &hold_row || !strcmp(p->key, "rank") ||
                          !strcmp(p->key, "left_bits") || !strcmp(p->key, "right_bits"));
}

/* Puts the largest rank that fits into *params. */
static bool fit(const struct model *m, double budget, struct params_any *params, struct error *err)
{
    double rows, cols;
    if (!model_shape(m, &rows, &cols))
        return fail(err, ERROR_USAGE, "nothing is open whose size could be held");
    struct budget_shape all[SELECTION_MAX];
    for (size_t i = 0; i < SELECTION_MAX; i++)
        all[i] = (struct budget_shape){ (size_t)rows, (size_t)cols };
    return budget_rank_of(m->method, params->bytes, m->dtype, all, model_planes(m), budget, false,
                          err);
}

static double rank_in(const struct model *m, const struct params_any *params)
{
    const struct param *rank = row_of(m, "rank");
    return fmin(param_get(rank, params), model_limit(m, rank));
}

/* One bit less (direction 1: towards more rank) or more for one of these rows. */
static bool shift(const struct model *m, const struct param *row, int direction,
                  struct params_any *params)
{
    struct error ignored;
    double before = row ? param_get(row, params) : 0, rank = rank_in(m, params);
    if (!row)
        return false;
    param_put(row, params, before - direction);
    return param_get(row, params) != before && fit(m, m->budget, params, &ignored) &&
           direction * (rank_in(m, params) - rank) > 0;
}

static double uneven(const struct param *left, const struct param *right,
                     const struct params_any *params)
{
    return left && right ? fabs(param_get(left, params) - param_get(right, params)) : 0;
}

/* The next setting towards `wanted`; false: there is none. */
static bool next(const struct model *m, double wanted, int direction, struct params_any *params)
{
    const struct param *left = row_of(m, "left_bits"), *right = row_of(m, "right_bits");
    struct params_any by_left = *params, by_right = *params;
    bool can_left = shift(m, left, direction, &by_left);
    bool can_right = shift(m, right, direction, &by_right);
    if (!can_left && !can_right)
        return false;
    double tilt = uneven(left, right, &by_left) - uneven(left, right, &by_right);
    double far = fabs(rank_in(m, &by_left) - wanted) - fabs(rank_in(m, &by_right) - wanted);
    bool take_left = tilt != 0 ? tilt < 0 : far != 0 ? far < 0 : direction > 0;
    *params = can_left && (take_left || !can_right) ? by_left : by_right;
    return true;
}

static bool walk(const struct model *m, double wanted, bool least, struct params_any *params,
                 struct error *err)
{
    double from = rank_in(m, params);
    int direction = wanted > from ? 1 : -1;
    struct params_any former = *params;
    size_t steps = 0;
    while (direction * (wanted - rank_in(m, params)) > 0) {
        former = *params;
        if (!next(m, wanted, direction, params)) {
            *params = former;
            return steps || fail(err, ERROR_USAGE,
                                 "the size is held, and there are no bits to %s for another rank",
                                 direction > 0 ? "take" : "give");
        }
        steps++;
    }
    bool back = steps > (least ? 1u : 0u) &&
                fabs(rank_in(m, &former) - wanted) <= fabs(rank_in(m, params) - wanted);
    if (back)
        *params = former;
    return true;
}

bool hold_move(const struct model *m, const struct param *p, bool least, struct params_any *params,
               struct error *err)
{
    double wanted = rank_in(m, params);
    if (strcmp(p->key, "rank") != 0)
        return fit(m, m->budget, params, err);
    *params = *model_params_const(m);
    return fit(m, m->budget, params, err) && walk(m, wanted, least, params, err);
}

bool hold_budget(struct model *m, double bits_per_entry, struct error *err)
{
    struct params_any params = *model_params(m);
    if (bits_per_entry != 0 && !fit(m, bits_per_entry, &params, err))
        return false;
    m->budget = bits_per_entry;
    if (m->budget == 0) {
        m->field = m->field < m->method->params.n ? m->field : 0;
        return true;
    }
    bool same = param_equal(&m->method->params, &params, model_params(m));
    *model_params(m) = params;
    if (!same)
        model_changed(m);
    return true;
}

/* The least budget that holds what there is; the products that come of it are not below its bits. */
static bool budget_now(const struct model *m, double *out)
{
    double rows, cols;
    struct params_any params = *model_params_const(m);
    if (!row_of(m, "rank") || !model_shape(m, &rows, &cols))
        return false;
    model_clamp(m, &params);
    double bits = (double)budget_bits_of(m->method, params.bytes, m->dtype, (size_t)rows,
                                         (size_t)cols, model_planes(m), false);
    double entries = (double)model_planes(m) * rows * cols;
    *out = bits / entries;
    while (*out * entries < bits)
        *out = nextafter(*out, HUGE_VAL);
    return true;
}

void hold_toggle(struct model *m)
{
    struct error err;
    double now;
    if (m->budget > 0) {
        hold_budget(m, 0, &err);
        model_say(m, false, "the size is free again");
    } else if (!budget_now(m, &now)) {
        model_say(m, true,
                  row_of(m, "rank") ? "nothing is open whose size could be held"
                                    : "%s has no rank to hold a size by",
                  m->method->name);
    } else if (now < hold_row.min || now > hold_row.max) {
        model_say(m, true, "%.4g bits per entry cannot be held: from %g to %g", now, hold_row.min,
                  hold_row.max);
    } else if (!hold_budget(m, now, &err)) {
        model_say(m, true, "%s", err.text);
    } else {
        model_say(m, false, "held at %.4g bits per entry: bits move the rank, the rank moves bits",
                  now);
    }
}

void hold_refit(struct model *m)
{
    struct params_any params = *model_params(m);
    double rows, cols;
    struct error err;
    if (!hold_on(m) || !model_shape(m, &rows, &cols))
        return;
    if (fit(m, m->budget, &params, &err)) {
        *model_params(m) = params;
    } else {
        m->budget = 0;
        model_say(m, true, "%s: the size is free again", err.text);
    }
}
