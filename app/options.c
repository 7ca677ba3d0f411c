#include "options.h"

#include "registry.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Levenshtein's distance, on one row of the table. */
static size_t distance(const char *a, const char *b)
{
    size_t row[65], n = strlen(b);
    if (n >= sizeof(row) / sizeof(row[0]))
        return (size_t)-1;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = step < change ? step : change;
        }
    }
    return row[n];
}

const char *options_nearest(const char *text, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t least = strlen(text) / 3 + 2;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(text, names[i]);
        if (strlen(text) >= 3 && !strncmp(text, names[i], strlen(text)))
            d = 0; /* the beginning of a longer name */
        if (d >= least)
            continue;
        best = names[i];
        least = d;
    }
    return best;
}

bool options_size(const char *flag, const char *text, uint64_t *bytes, struct error *err)
{
    static const char suffixes[] = "KMGT";
    char *end;
    double value = strtod(text, &end);
    const char *suffix = *end ? strchr(suffixes, toupper((unsigned char)*end)) : NULL;
    if (suffix) {
        value *= pow(1024, (double)(suffix - suffixes + 1));
        end++;
    }
    if (end == text || *end || !isdigit((unsigned char)text[0]) || !(value >= 1) || value >= 0x1p63)
        return fail(err, ERROR_USAGE, "--%s: '%s' is not a size like 500M or 2G", flag, text);
    *bytes = (uint64_t)value;
    return true;
}

bool options_given(const struct options *o, const char *key)
{
    char flag[64];
    param_flag(key, flag, sizeof(flag));
    for (size_t i = 0; i < o->n_given; i++)
        if (o->given[i].length == strlen(flag) && !strncmp(o->given[i].name, flag, strlen(flag)))
            return true;
    return false;
}

enum { FLAGS_MOST = 256, FLAG_TEXT = 64 };

struct flag_names {
    char text[FLAGS_MOST][FLAG_TEXT];
    size_t n;
};

static void add_rows(struct flag_names *f, const struct param_table *t)
{
    for (size_t i = 0; i < t->n && f->n < FLAGS_MOST; i++)
        param_flag(t->rows[i].key, f->text[f->n++], FLAG_TEXT);
}

/* Why a word does without a flag that others have; NULL: nothing is known of it. */
static const char *refused(const struct flag_group *const *groups, const char *name)
{
    for (; *groups; groups++)
        for (const char *const *r = (*groups)->refused; r && *r; r += 2)
            if (!strcmp(*r, name))
                return r[1];
    return NULL;
}

/* Says what may have been meant: a flag of this word, of the method, or, while the
 * method is not yet known, of any. */
static bool unknown(const char *word, const struct flag_group *const *groups, bool takes_method,
                    const struct method *m, const char *name, struct error *err)
{
    struct flag_names f = { .n = 0 };
    const char *names[FLAGS_MOST] = { 0 }, *why = refused(groups, name);
    if (why)
        return fail(err, ERROR_USAGE, "%s: no --%s: %s", word, name, why);
    for (; *groups; groups++) {
        for (const struct text_flag *t = (*groups)->texts; t && t->name && f.n < FLAGS_MOST; t++)
            snprintf(f.text[f.n++], FLAG_TEXT, "%s", t->name);
        add_rows(&f, &(*groups)->params);
    }
    if (m)
        add_rows(&f, &m->params);
    for (const struct method *const *any = methods; takes_method && !m && *any; any++)
        add_rows(&f, &(*any)->params);
    for (size_t i = 0; i < f.n; i++)
        names[i] = f.text[i];
    const char *nearest = options_nearest(name, names, f.n);
    const char *gap = m ? " " : "", *method = m ? m->name : "";
    if (nearest)
        return fail(err, ERROR_USAGE, "%s%s%s: no flag --%s; did you mean --%s?", word, gap, method,
                    name, nearest);
    return fail(err, ERROR_USAGE, "%s%s%s: no flag --%s; --help lists them", word, gap, method,
                name);
}

/* Looks the flag up in the groups; *row is the row that decides whether it takes
 * a value, which may be some method's while the method is not yet known. */
static bool find(const struct flag_group *const *groups, bool takes_method, const char *name,
                 struct given *g, const struct param **shape)
{
    *shape = NULL;
    for (; *groups; groups++) {
        g->group = *groups;
        for (const struct text_flag *t = (*groups)->texts; t && t->name; t++)
            if (!strcmp(t->name, name) || (t->letter && !strcmp(t->letter, name))) {
                g->text = t;
                return true;
            }
        g->row = *shape = param_find(&(*groups)->params, name);
        if (g->row)
            return true;
    }
    g->group = NULL;
    for (const struct method *const *m = methods; takes_method && *m && !*shape; m++)
        *shape = param_find(&(*m)->params, name);
    return *shape != NULL;
}

/* Reads the flag at argv[*at] and, where it takes one, its value. */
static bool take(const char *word, const struct flag_group *const *groups, bool takes_method,
                 int argc, char **argv, int *at, struct options *o, struct error *err)
{
    const char *argument = argv[*at] + 1;
    bool is_long = *argument == '-';
    argument += is_long;
    struct given g = { .name = argument, .length = is_long ? strcspn(argument, "=") : 1 };
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)g.length, argument);
    const struct param *shape;
    if (!find(groups, takes_method, name, &g, &shape) || (!is_long && !g.text))
        return is_long
                   ? unknown(word, groups, takes_method, NULL, name, err)
                   : fail(err, ERROR_USAGE, "%s: no flag -%s; `eigenscope %s --help` lists them",
                          word, argument, word);
    if (g.text && !is_long) {
        g.name = g.text->name;
        g.length = strlen(g.name);
    }
    const char *next = *at + 1 < argc ? argv[*at + 1] : NULL;
    bool is_switch = shape && shape->kind == PARAM_BOOL;
    if (is_long && argument[strlen(name)] == '=')
        g.value = argument + strlen(name) + 1;
    else if (!is_long && argument[1])
        g.value = argument + 1;
    else if (is_switch && !(next && (!strcmp(next, "on") || !strcmp(next, "off"))))
        g.value = "on";
    else if (g.text && g.text->optional && (!next || next[0] == '-'))
        g.value = "";
    else if (!next)
        return fail(err, ERROR_USAGE, "%s: %s needs a value", word, argv[*at]);
    else
        g.value = argv[++*at];
    if (o->n_given == OPTIONS_FLAGS)
        return fail(err, ERROR_USAGE, "%s: more than %d flags", word, OPTIONS_FLAGS);
    o->given[o->n_given++] = g;
    return true;
}

bool options_method(const char *word, const char *name, const struct method **out,
                    struct error *err)
{
    const char *names[64];
    char shown[64][64];
    size_t n = 0;
    *out = name ? method_find(name) : NULL;
    if (*out)
        return true;
    char list[256] = "";
    for (size_t i = 0; methods[i] && n < 64; i++) {
        param_flag(methods[i]->name, shown[n], sizeof(shown[n]));
        names[n] = shown[n];
        size_t at = strlen(list);
        snprintf(list + at, sizeof(list) - at, "%s%s", n++ ? ", " : "", shown[i]);
    }
    if (!name)
        return fail(err, ERROR_USAGE, "%s: which method? There are %s", word, list);
    const char *nearest = options_nearest(name, names, n);
    if (nearest)
        return fail(err, ERROR_USAGE, "%s: no method '%s'; did you mean %s?", word, name, nearest);
    return fail(err, ERROR_USAGE, "%s: no method '%s'; there are %s", word, name, list);
}

bool options_params(const struct options *o, const struct method *m, struct params_any *out,
                    struct error *err)
{
    char name[64];
    param_defaults(&m->params, o->run.paper, out->bytes);
    for (size_t i = 0; i < o->n_given; i++) {
        const struct given *g = &o->given[i];
        snprintf(name, sizeof(name), "%.*s", (int)g->length, g->name);
        const struct param *row = g->row || g->text ? NULL : param_find(&m->params, name);
        if (row && !param_set(row, out->bytes, g->value, err))
            return false;
    }
    const struct param *seed = param_find(&m->params, "seed");
    if (seed && seed->kind == PARAM_SEED) /* --seed is every word's, and the method's */
        memcpy(out->bytes + seed->offset, &o->common.seed, sizeof(o->common.seed));
    return true;
}

/* The method, where the word takes one there: its first argument, or --method. */
static bool settle_method(const char *word, enum method_place place, struct options *o,
                          struct error *err)
{
    if (place == METHOD_AS_FLAG) {
        for (size_t i = 0; i < o->n_given; i++)
            if (o->given[i].text && !strcmp(o->given[i].text->name, "method") &&
                !options_method(word, o->given[i].value, &o->method, err))
                return false;
        return true;
    }
    if (place == METHOD_NOWHERE || (o->help && !o->n))
        return true;
    if (!options_method(word, o->arguments[0], &o->method, err))
        return false;
    memmove(o->arguments, o->arguments + 1, --o->n * sizeof(o->arguments[0]));
    o->arguments[o->n] = NULL;
    return true;
}

/* Defaults first, then what was typed, so that explicit flags win over --paper. */
static bool apply(const char *word, const struct flag_group *const *groups, struct options *o,
                  struct error *err)
{
    for (size_t i = 0; i < o->n_given; i++)
        if (o->given[i].row && o->given[i].group->offset == offsetof(struct options, run) &&
            !strcmp(o->given[i].row->key, "paper") &&
            !param_set(o->given[i].row, &o->run, o->given[i].value, err))
            goto failed;
    bool paper = o->run.paper;
    for (size_t i = 0; groups[i]; i++)
        if (groups[i]->params.n)
            param_defaults(&groups[i]->params, paper, (char *)o + groups[i]->offset);
    for (size_t i = 0; i < o->n_given; i++) {
        const struct given *g = &o->given[i];
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)g->length, g->name);
        if (g->text) {
            memcpy((char *)o + g->text->offset, &g->value, sizeof(g->value));
            continue;
        }
        if (!g->row && o->method && !param_find(&o->method->params, name))
            return unknown(word, groups, true, o->method, name, err);
        if (g->row && !param_set(g->row, (char *)o + g->group->offset, g->value, err))
            goto failed;
    }
    if (!o->method || options_params(o, o->method, &o->params, err))
        return true;
failed:
    return fail(err, err->code, "%s: %s", word, err->text);
}

bool options_parse(const char *word, const struct flag_group *const *groups,
                   enum method_place place, int argc, char **argv, struct options *out,
                   struct error *err)
{
    bool takes_method = place != METHOD_NOWHERE;
    *out = (struct options){ 0 };
    bool ended = false;
    for (int i = 0; i < argc; i++) {
        if (ended || argv[i][0] != '-' || !argv[i][1]) {
            if (out->n + 1 >= OPTIONS_ARGUMENTS)
                return fail(err, ERROR_USAGE, "%s: too many arguments", word);
            out->arguments[out->n++] = argv[i];
        } else if (!strcmp(argv[i], "--")) {
            ended = true;
        } else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            out->help = true;
        } else if (!take(word, groups, takes_method, argc, argv, &i, out, err)) {
            return false;
        }
    }
    if (!settle_method(word, place, out, err))
        return false;
    return out->help || apply(word, groups, out, err);
}
