#include "param.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *field(const struct param *p, void *params)
{
    return (char *)params + p->offset;
}

static const void *field_const(const struct param *p, const void *params)
{
    return (const char *)params + p->offset;
}

/* '-' and '_' are one character on the command line. */
static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
            return false;
    return *a == *b;
}

const struct param *param_find(const struct param_table *t, const char *key)
{
    for (size_t i = 0; i < t->n; i++)
        if (same_name(t->rows[i].key, key))
            return &t->rows[i];
    return NULL;
}

static void store(const struct param *p, void *params, double value)
{
    switch (p->kind) {
    case PARAM_INT: *(int *)field(p, params) = (int)value; break;
    case PARAM_REAL: *(double *)field(p, params) = value; break;
    case PARAM_BOOL: *(bool *)field(p, params) = value != 0; break;
    case PARAM_SEED: *(uint64_t *)field(p, params) = (uint64_t)value; break;
    }
}

void param_defaults(const struct param_table *t, bool paper, void *params)
{
    memset(params, 0, t->size);
    for (size_t i = 0; i < t->n; i++)
        store(&t->rows[i], params, paper ? t->rows[i].paper : t->rows[i].def);
}

void param_flag(const char *key, char *out, size_t size)
{
    snprintf(out, size, "%s", key);
    for (char *c = out; *c; c++)
        if (*c == '_')
            *c = '-';
}

static bool set_choice(const struct param *p, void *params, const char *text, struct error *err)
{
    char names[200] = "", flag[64], name[64];
    param_flag(p->key, flag, sizeof(flag));
    for (int i = 0; p->choices[i]; i++) {
        if (same_name(p->choices[i], text)) {
            store(p, params, i);
            return true;
        }
        param_flag(p->choices[i], name, sizeof(name));
        size_t at = strlen(names);
        snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "", name);
    }
    return fail(err, ERROR_USAGE, "--%s: '%s' is none of %s", flag, text, names);
}

static bool set_seed(const struct param *p, void *params, const char *text, struct error *err)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno)
        return fail(err, ERROR_USAGE, "--%s: '%s' is not a whole number from 0 to 2^64 - 1", p->key,
                    text);
    *(uint64_t *)field(p, params) = value;
    return true;
}

static bool set_bool(const struct param *p, void *params, const char *text, struct error *err)
{
    static const char *const yes[] = { "1", "on", "true", "yes" };
    static const char *const no[] = { "0", "off", "false", "no" };
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        bool on = strcmp(text, yes[i]) == 0;
        if (!on && strcmp(text, no[i]) != 0)
            continue;
        store(p, params, on);
        return true;
    }
    char flag[64];
    param_flag(p->key, flag, sizeof(flag));
    return fail(err, ERROR_USAGE, "--%s: '%s' is neither on nor off", flag, text);
}

bool param_set(const struct param *p, void *params, const char *text, struct error *err)
{
    if (p->choices)
        return set_choice(p, params, text, err);
    if (p->kind == PARAM_SEED)
        return set_seed(p, params, text, err);
    if (p->kind == PARAM_BOOL)
        return set_bool(p, params, text, err);

    char *end, flag[64];
    param_flag(p->key, flag, sizeof(flag));
    errno = 0;
    double value = strtod(text, &end); /* the program never calls setlocale(LC_NUMERIC) */
    if (end == text || *end || (text[0] == '0' && (text[1] | 32) == 'x') || !isfinite(value))
        return fail(err, ERROR_USAGE, "--%s: '%s' is not a number", flag, text);
    if (p->kind == PARAM_INT && value != floor(value))
        return fail(err, ERROR_USAGE, "--%s: %s is not a whole number", flag, text);
    if (value < p->min || value > p->max)
        return fail(err, ERROR_USAGE, "--%s: %s is outside %.10g to %.10g", flag, text, p->min,
                    p->max);
    store(p, params, value);
    return true;
}

void param_format(const struct param *p, const void *params, char *out, size_t size)
{
    const void *at = field_const(p, params);
    switch (p->kind) {
    case PARAM_INT:
        if (p->choices)
            param_flag(p->choices[*(const int *)at], out, size);
        else
            snprintf(out, size, "%d", *(const int *)at);
        break;
    case PARAM_REAL:
        snprintf(out, size, "%.15g", *(const double *)at);
        if (strtod(out, NULL) !=
            *(const double *)at) /* 15 digits look better, 17 are always enough */
            snprintf(out, size, "%.17g", *(const double *)at);
        break;
    case PARAM_BOOL: snprintf(out, size, "%s", *(const bool *)at ? "on" : "off"); break;
    case PARAM_SEED: snprintf(out, size, "%" PRIu64, *(const uint64_t *)at); break;
    }
}

double param_get(const struct param *p, const void *params)
{
    const void *at = field_const(p, params);
    switch (p->kind) {
    case PARAM_INT: return *(const int *)at;
    case PARAM_REAL: return *(const double *)at;
    case PARAM_BOOL: return *(const bool *)at;
    case PARAM_SEED: return (double)*(const uint64_t *)at;
    }
    return 0;
}

void param_put(const struct param *p, void *params, double value)
{
    store(p, params, fmin(fmax(value, p->min), p->max));
}

void param_step(const struct param *p, void *params, int direction, bool coarse)
{
    double value = param_get(p, params);
    if (p->kind == PARAM_SEED) { /* in integers: a double would lose the low bits */
        uint64_t *seed = field(p, params);
        uint64_t step = coarse ? 10 : 1;
        *seed = direction > 0 ? *seed + step : *seed - (*seed < step ? *seed : step);
        return;
    }
    if (p->kind == PARAM_BOOL || p->choices) {
        param_put(p, params, value + direction);
        return;
    }
    double step = p->kind == PARAM_REAL ? (p->max - p->min) / 100 : 1;
    if (p->logarithmic && coarse)
        step = fmax(direction > 0 ? value : value / 2, step); /* times two, half */
    else if (p->logarithmic && p->kind == PARAM_REAL)
        step = value * 0.05;
    else if (coarse)
        step *= 10;
    value += direction * step;
    param_put(p, params, p->kind == PARAM_INT ? floor(value + 0.5) : value);
}

bool param_equal(const struct param_table *t, const void *a, const void *b)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct param *p = &t->rows[i];
        bool same = p->kind == PARAM_SEED ? *(const uint64_t *)field_const(p, a) ==
                                                *(const uint64_t *)field_const(p, b)
                                          : param_get(p, a) == param_get(p, b);
        if (!same)
            return false;
    }
    return true;
}
