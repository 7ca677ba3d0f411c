#include "variation.h"

#include "memory.h"
#include "options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a range's end, relative: 0:1:+0.1 has eleven values. */
static const double end_slack = 1e-9;

/* A range as it was typed. */
struct range {
    double from, to, step;
    bool factor;
};

static bool wrong(const struct param *row, const char *text, const char *reason, struct error *err)
{
    char flag[64];
    param_flag(row->key, flag, sizeof(flag));
    return fail(err, ERROR_USAGE, "--vary %s: '%.80s' %s", flag, text, reason);
}

/* The row that KEY=... names. */
static bool find_row(struct variation *v, const struct method *m, const char *text, size_t length,
                     const struct param **row, struct error *err)
{
    char key[64], names[64][64];
    const char *shown[64], *nearest;
    snprintf(key, sizeof(key), "%.*s", (int)length, text);
    *row = length < sizeof(key) ? param_find(&m->params, key) : NULL;
    if (*row && variation_has(v, *row))
        return fail(err, ERROR_USAGE, "--vary: %s is varied twice", key);
    if (*row)
        return true;
    size_t n = m->params.n < 64 ? m->params.n : 64;
    for (size_t i = 0; i < n; i++) {
        param_flag(m->params.rows[i].key, names[i], sizeof(names[i]));
        shown[i] = names[i];
    }
    nearest = options_nearest(key, shown, n);
    return fail(err, ERROR_USAGE, "--vary: %s has no flag '%s'%s%s%s", m->name, key,
                nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* One more value, read as the flag would be. */
static bool add_value(struct variation_axis *a, const char *text, struct error *err)
{
    struct params_any scratch = { 0 };
    if (strlen(text) >= VARIATION_TEXT)
        return wrong(a->row, text, "is too long", err);
    if (!param_set(a->row, scratch.bytes, text, err))
        return false;
    if (a->n == VARIATION_MOST)
        return fail(err, ERROR_LIMIT, "--vary: more than %d values", VARIATION_MOST);
    if (!(a->n & (a->n - 1))) { /* room for a power of two of them */
        size_t room = a->n ? 2 * a->n : 1;
        char(*grown)[VARIATION_TEXT] = memory_alloc(room * sizeof(*grown), err);
        if (!grown)
            return false;
        if (a->n)
            memcpy(grown, a->values, a->n * sizeof(*grown));
        memory_free(a->values);
        a->values = grown;
    }
    snprintf(a->values[a->n++], VARIATION_TEXT, "%s", text);
    return true;
}

static bool read_number(const char **at, double *out)
{
    char *end;
    *out = strtod(*at, &end);
    bool ok = end != *at && isfinite(*out);
    *at = end;
    return ok;
}

static bool read_range(const struct param *row, const char *text, struct range *r,
                       struct error *err)
{
    const char *at = text;
    bool ok = read_number(&at, &r->from) && *at++ == ':' && read_number(&at, &r->to) &&
              *at++ == ':';
    r->factor = ok && *at == '*';
    ok = ok && (*at == '+' || *at == '*');
    at += ok;
    ok = ok && read_number(&at, &r->step) && !*at;
    if (!ok || row->choices || row->kind == PARAM_BOOL)
        return wrong(row, text,
                     ok ? "is a range; it takes words"
                        : "is no range like 1:40:+1 (steps) or 1:128:*2 (factors)",
                     err);
    if (r->factor ? r->step <= 1 : r->step <= 0)
        return wrong(row, text, "never arrives: a step must be above 0, a factor above 1", err);
    if (r->to < r->from)
        return wrong(row, text, "ends before it begins", err);
    if (r->factor && r->from <= 0)
        return wrong(row, text, "must begin above 0", err);
    return true;
}

/* From `from` on as far as `to`; whole numbers that factors round to the same one are one. */
static bool add_range(struct variation_axis *a, const char *text, struct error *err)
{
    struct range r = { 0 };
    char word[VARIATION_TEXT], last[VARIATION_TEXT] = "";
    if (!read_range(a->row, text, &r, err))
        return false;
    double count = r.factor ? log(r.to / r.from) / log(r.step) : (r.to - r.from) / r.step;
    count = floor(count * (1 + end_slack) + end_slack) + 1;
    if (count > VARIATION_MOST)
        return fail(err, ERROR_LIMIT, "--vary: '%.80s' has more than %d values", text,
                    VARIATION_MOST);
    for (double i = 0; i < count; i++) {
        double value = r.factor ? r.from * pow(r.step, i) : r.from + i * r.step;
        bool whole = a->row->kind != PARAM_REAL && r.factor;
        snprintf(word, sizeof(word), "%.15g", whole ? rint(value) : fmin(value, r.to));
        if (strcmp(word, last) != 0 && !add_value(a, word, err))
            return false;
        memcpy(last, word, sizeof(last));
    }
    return true;
}

/* "2,4,8", "1:40:+1", "1,2:8:*2". */
static bool add_values(struct variation_axis *a, const char *list, struct error *err)
{
    for (const char *at = list;; at++) {
        char word[128];
        size_t length = strcspn(at, ",");
        if (length >= sizeof(word))
            return wrong(a->row, at, "is too long", err);
        snprintf(word, sizeof(word), "%.*s", (int)length, at);
        if (!(strchr(word, ':') ? add_range : add_value)(a, word, err))
            return false;
        at += length;
        if (!*at)
            return true;
    }
}

bool variation_add(struct variation *v, const struct method *m, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    const struct param *row;
    if (!equals || equals == text)
        return fail(err, ERROR_USAGE, "--vary: '%.80s' is not FLAG=VALUES, as in rank=1:128:*2",
                    text);
    if (v->n == VARIATION_AXES)
        return fail(err, ERROR_USAGE, "--vary: more than %d of them", VARIATION_AXES);
    if (!find_row(v, m, text, (size_t)(equals - text), &row, err))
        return false;
    struct variation_axis *a = &v->axes[v->n++];
    a->row = row;
    if (!add_values(a, equals + 1, err))
        return false;
    v->settings = v->n == 1 ? a->n : v->settings * a->n; /* both at most VARIATION_MOST */
    return v->settings <= VARIATION_MOST ||
           fail(err, ERROR_LIMIT, "--vary: more than %d settings", VARIATION_MOST);
}

void variation_finish(struct variation *v)
{
    for (size_t i = 0; i < v->n; i++)
        memory_free(v->axes[i].values);
    *v = (struct variation){ 0 };
}

void variation_put(const struct variation *v, size_t i, struct params_any *params)
{
    struct error never;
    for (size_t axis = v->n; axis-- > 0; i /= v->axes[axis].n) {
        const struct variation_axis *a = &v->axes[axis];
        param_set(a->row, params->bytes, a->values[i % a->n], &never); /* it was read before */
    }
}

bool variation_has(const struct variation *v, const struct param *row)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->axes[i].row == row)
            return true;
    return false;
}
