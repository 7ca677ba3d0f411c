#include "setting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aim.h"
#include "expression.h"
#include "hold.h"

static void put(const struct model *m, const struct param *p, void *params, double value)
{
    param_put(p, params, fmin(value, model_limit(m, p)));
}

/* Seeds have 64 bits and no limit of their own; a double would not hold them. */
static void clamp(const struct model *m, const struct param *p, void *params)
{
    if (p->kind != PARAM_SEED && param_get(p, params) > model_limit(m, p))
        put(m, p, params, model_limit(m, p));
}

/* Row p is not what it was; what is linked to it follows. least: some step at least. */
static bool apply(struct model *m, const struct param *p, bool least, struct params_any *params,
                  struct error *err)
{
    const struct param_table one = { p, 1, m->method->params.size };
    if (hold_on(m) && !param_equal(&one, params, model_params(m)) &&
        !hold_move(m, p, least, params, err))
        return false;
    bool same = param_equal(&m->method->params, params, model_params(m));
    *model_params(m) = *params;
    if (!same)
        model_changed(m);
    return true;
}

static void put_budget(struct model *m, double value)
{
    struct error err;
    if (!hold_budget(m, fmin(fmax(value, hold_row.min), hold_row.max), &err))
        model_say(m, true, "%s", err.text);
}

void setting_step(struct model *m, const struct param *p, int direction, bool coarse)
{
    struct params_any params = *model_params(m);
    struct error err;
    if (p == &hold_row) {
        put_budget(m, m->budget * pow(coarse ? 2 : 1.05, direction));
        return;
    }
    clamp(m, p, &params); /* the first step down from beyond the limit is seen, too */
    param_step(p, &params, direction, coarse);
    clamp(m, p, &params);
    if (!apply(m, p, true, &params, &err))
        model_say(m, true, "%s", err.text);
}

void setting_put(struct model *m, const struct param *p, double value)
{
    struct params_any params = *model_params(m);
    struct error err;
    if (p == &hold_row) {
        put_budget(m, value);
        return;
    }
    put(m, p, &params, value);
    if (!apply(m, p, false, &params, &err))
        model_say(m, true, "%s", err.text);
}

static bool is_number(const struct param *p)
{
    return !p->choices && p->kind != PARAM_BOOL;
}

/* m, n, k, elbow, full, and every number of the method by its name. */
static bool name_value(const void *context, const char *at, size_t n, double *out)
{
    const struct model *m = context;
    const struct param *rank = param_find(&m->method->params, "rank");
    char name[64];
    double rows, cols;
    struct error err;
    size_t elbow;
    if (n >= sizeof(name))
        return false;
    memcpy(name, at, n);
    name[n] = 0;
    const struct param *p = param_find(&m->method->params, strcmp(name, "k") ? name : "rank");
    if (p && is_number(p)) {
        *out = param_get(p, model_params_const(m));
        return true;
    }
    if (!strcmp(name, "m") || !strcmp(name, "n")) {
        bool known = model_shape(m, &rows, &cols);
        *out = name[0] == 'm' ? rows : cols;
        return known;
    }
    if (rank && !strcmp(name, "full")) {
        *out = model_limit(m, rank);
        return true;
    }
    if (strcmp(name, "elbow") != 0 || !m->subject || !m->subject->exact ||
        !subject_elbow(m->subject, &elbow, &err))
        return false;
    *out = (double)elbow;
    return true;
}

/* What is no plain number: rounded where the row is of whole numbers, and clamped with a word. */
static bool evaluate(struct model *m, const struct param *p, struct params_any *params,
                     const char *text, struct error *err)
{
    const struct names names = { name_value, m };
    double from = param_get(p, params), value, limit = model_limit(m, p), kept;
    size_t at = 0;
    if (!expression(text, 0, &names, &from, false, &value, &at, err)) {
        if (text == m->line)
            m->line_at = at; /* the cursor goes to the fault */
        return false;
    }
    if (p->kind != PARAM_REAL)
        value = floor(value + 0.5);
    if (p->kind == PARAM_SEED && !(value >= 0 && value <= 0x1p53))
        return fail(err, ERROR_USAGE, "'%.80s': a seed is from 0 to 2^53 there", text);
    kept = p->kind == PARAM_SEED ? value : fmin(fmax(value, p->min), limit);
    if (kept != value)
        model_say(m, false, "%s: %.10g is %s %.10g, which was taken", p->key, value,
                  kept < value ? "more than" : "less than", kept);
    param_put(p, params, kept);
    return true;
}

/* Digits, a point, an exponent; no sign, which would mean "from where it stands". */
static bool is_plain(const struct param *p, const char *text)
{
    char *end;
    if (text[0] == '+' || (text[0] == '-' && p->min >= 0))
        return false;
    strtod(text, &end);
    return !text[0] || (end != text && !*end);
}

bool setting_elbow(struct model *m, struct error *err)
{
    const struct subject *s = m->subject;
    const struct param *rank = param_find(&m->method->params, "rank");
    if (!rank)
        return fail(err, ERROR_USAGE, "%s has no rank", m->method->name);
    if (!model_needs_one(m, "elbow", err))
        return false;
    m->elbow = !s || !s->exact; /* a first sketch has another one */
    if (m->elbow) {
        model_say(m, false, "the elbow is taken once the spectrum is known");
        return true;
    }
    size_t at;
    if (!subject_elbow(s, &at, err))
        return false;
    setting_put(m, rank, (double)at);
    return true;
}

bool setting_bits(struct model *m, const char *text, double *bits, struct error *err)
{
    const struct names names = { name_value, m };
    double from = m->runs.bits > 0 ? m->runs.bits : runs_at_hand(m);
    return expression(text, 0, &names, &from, false, bits, &m->fault, err);
}

/* A plain number, or an expression as for any other row. */
static bool set_budget(struct model *m, const char *text, struct error *err)
{
    const struct names names = { name_value, m };
    double from = m->budget, value;
    size_t at = 0;
    if (!expression(text, 0, &names, &from, false, &value, &at, err)) {
        if (text == m->line)
            m->line_at = at;
        return false;
    }
    if (!(value >= hold_row.min && value <= hold_row.max))
        return fail(err, ERROR_USAGE, "%.6g bits per entry: a size is held from %g to %g", value,
                    hold_row.min, hold_row.max);
    return hold_budget(m, value, err);
}

bool setting_set(struct model *m, const struct param *p, const char *text, struct error *err)
{
    if (is_number(p) && goal_looks(text))
        return aim(m, p, text, err);
    if (p == &hold_row)
        return set_budget(m, text, err);
    if (!strcmp(p->key, "rank") && !strcmp(text, "elbow"))
        return setting_elbow(m, err); /* also while it is not known yet */
    struct params_any params = *model_params(m);
    clamp(m, p, &params);
    bool ok = is_number(p) && !is_plain(p, text) ? evaluate(m, p, &params, text, err)
                                                 : param_set(p, &params, text, err);
    if (!ok)
        return false;
    clamp(m, p, &params);
    return apply(m, p, false, &params, err);
}
