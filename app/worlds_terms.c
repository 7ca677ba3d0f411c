/* What a release is asked for by, what that costs, and how what was released is looked at. */

#include "worlds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "classical.h"
#include "grammar.h"
#include "model.h"
#include "state.h"

static const struct param term_rows[] = {
    {
        PARAM(struct release_wish, epsilon),
        .title = "Privacy loss epsilon",
        .shorthand = "epsilon",
        .help =
            "How much more likely a result may be because of one person: a factor of exp(epsilon).",
        .logarithmic = true,
        .min = 0.01,
        .max = 100,
        .def = 1,
    },
    {
        PARAM(struct release_wish, delta),
        .title = "Chance delta that more is lost",
        .shorthand = "delta",
        .help = "Far below one over the number of people.",
        .logarithmic = true,
        .min = 1e-12,
        .max = 1e-2,
        .def = 1e-6,
    },
    {
        PARAM(struct release_wish, clip),
        .title = "Norm that rows are shortened to",
        .shorthand = "clip",
        .help = "Chosen without a look at the data: the noise grows with its square.",
        .logarithmic = true,
        .min = 1e-6,
        .max = 1e6,
        .def = 1,
    },
    {
        PARAM(struct release_wish, relation),
        .title = "What one person changes",
        .shorthand = "relation",
        .help =
            "One row becomes another one, or one row is there or not; then their number is secret.",
        .max = RELATIONS - 1,
        .choices = relation_names,
    },
    {
        PARAM(struct release_wish, mechanism),
        .title = "Mechanism",
        .shorthand = "noise",
        .help =
            "The imaginary part of complex noise is free; iid noise is larger off the diagonal.",
        .max = MECHANISMS - 1,
        .choices = mechanism_names,
    },
    {
        PARAM(struct release_wish, rank),
        .title = "Rank",
        .shorthand = "rank k",
        .help = "What the file has beside the whole noisy matrix; any other is free afterwards.",
        .logarithmic = true,
        .min = 1,
        .max = 4096,
        .def = 8,
    },
    {
        PARAM(struct release_wish, views),
        .title = "Views",
        .shorthand = "views",
        .help = "More than one: a path seen coarsely first, all of it for the price of the finest.",
        .unit = "views",
        .min = 1,
        .max = 32,
        .def = 1,
    },
    {
        PARAM(struct release_wish, coarsest),
        .title = "Epsilon of the coarsest view, as a share",
        .shorthand = "coarsest",
        .help = "Where the path begins.",
        .logarithmic = true,
        .min = 0.01,
        .max = 0.99,
        .def = 0.1,
    },
    {
        PARAM(struct release_wish, budget_epsilon),
        .title = "Epsilon of the budget",
        .shorthand = "budget",
        .help = "All releases of this dataset together; 0: what the ledger says.",
        .max = 100,
    },
    {
        PARAM(struct release_wish, budget_delta),
        .title = "Delta of the budget",
        .shorthand = "at delta",
        .help = "At which that epsilon is meant.",
        .logarithmic = true,
        .min = 1e-12,
        .max = 1e-2,
        .def = 1e-6,
    },
};
const struct param_table worlds_terms = { term_rows, sizeof(term_rows) / sizeof(term_rows[0]),
                                          sizeof(struct release_wish) };

static const struct param look_rows[] = {
    {
        PARAM(struct worlds_look, rank),
        .title = "Rank",
        .shorthand = "rank k",
        .help = "How many of the released eigenvalues are kept; as free as all of these.",
        .min = 1,
        .max = 4096,
        .def = 8,
    },
    {
        PARAM(struct worlds_look, view),
        .title = "View",
        .shorthand = "view",
        .help = "Of a gradual release, the coarsest first; all of them are paid for.",
        .min = 1,
        .max = 32,
        .def = 1,
    },
    {
        PARAM(struct worlds_look, shrink),
        .title = "Shrink eigenvalues",
        .shorthand = "shrink",
        .help = "Back to what a spike under this noise was: closest where the tail is near zero.",
        .max = 1,
    },
    {
        PARAM(struct worlds_look, clamp),
        .title = "Clamp eigenvalues",
        .shorthand = "clamp",
        .help = "Those below zero become zero: a covariance has none.",
        .max = 1,
    },
};
const struct param_table worlds_looks = { look_rows, sizeof(look_rows) / sizeof(look_rows[0]),
                                          sizeof(struct worlds_look) };

const struct param_table *worlds_rows(const struct model *m, const void **values)
{
    const struct worlds *w = &m->worlds;
    if (w->world == WORLD_SANDBOX)
        return NULL;
    *values = w->world == WORLD_RELEASE ? (const void *)&w->wish : (const void *)&w->look;
    return w->world == WORLD_RELEASE ? &worlds_terms : &worlds_looks;
}

const struct param *worlds_field(const struct model *m)
{
    const void *values;
    const struct param_table *t = worlds_rows(m, &values);
    return t && m->worlds.field < t->n ? &t->rows[m->worlds.field] : NULL;
}

/* A rank ends at the columns, which are public; rows are not asked about. */
double worlds_limit(const struct model *m, const struct param *p)
{
    const struct released *r = m->worlds.released;
    double rows, cols;
    if (p == &look_rows[0] && r)
        return (double)r->d;
    if (p == &look_rows[1] && r)
        return (double)r->n_views;
    if (!strcmp(p->key, "rank") && model_shape(m, &rows, &cols))
        return fmin(cols, p->max);
    return p->max;
}

static void looked(struct worlds *w)
{
    if ((size_t)w->look.view > w->seen)
        w->seen = (size_t)w->look.view;
}

void worlds_put(struct model *m, const struct param *p, double value)
{
    struct worlds *w = &m->worlds;
    value = fmin(value, worlds_limit(m, p));
    if (w->world == WORLD_RELEASE) {
        param_put(p, &w->wish, value);
        worlds_changed(m);
    } else if (w->world == WORLD_EXPLORE) {
        param_put(p, &w->look, value);
        looked(w);
    }
}

/* "4,1e-6" */
static bool set_budget(struct release_wish *w, const char *text, struct error *err)
{
    double epsilon, delta;
    char rest;
    if (sscanf(text, "%lf,%lf%c", &epsilon, &delta, &rest) != 2)
        return fail(err, ERROR_USAGE, "budget: EPSILON,DELTA, as in budget=4,1e-6");
    if (!gdp_check(epsilon, delta, 1, err))
        return false;
    w->budget_epsilon = epsilon;
    w->budget_delta = delta;
    return true;
}

static bool set_text(char *to, size_t size, const char *key, const char *text, struct error *err)
{
    if (strlen(text) >= size)
        return fail(err, ERROR_USAGE, "%s: no longer than %zu bytes", key, size - 1);
    snprintf(to, size, "%s", text);
    return true;
}

/* Of what was released. */
static bool set_look(struct model *m, const char *key, const char *text, struct error *err)
{
    struct worlds_look look = m->worlds.look;
    const struct param *p = param_find(&worlds_looks, key);
    if (!p)
        return fail(err, ERROR_USAGE, "there is no '%s' to set here", key);
    if (!param_set(p, &look, text, err))
        return false;
    worlds_put(m, p, param_get(p, &look));
    return true;
}

static bool set_one(struct model *m, const char *key, const char *text, struct error *err)
{
    struct release_wish *w = &m->worlds.wish;
    const struct param *p = param_find(&worlds_terms, key);
    if (m->worlds.world == WORLD_EXPLORE)
        return set_look(m, key, text, err);
    if (!strcmp(key, "dataset"))
        return set_text(w->dataset, sizeof(w->dataset), key, text, err);
    if (!strcmp(key, "file"))
        return set_text(w->file, sizeof(w->file), key, text, err);
    if (!strcmp(key, "budget"))
        return set_budget(w, text, err);
    if (p)
        return param_set(p, w, text, err);
    return fail(err, ERROR_USAGE, "there is no '%s' to set here", key);
}

/* Bytes of KEY=VALUE. Quotes are gone by now: where the value is a text a word without '=' goes on with it. */
static size_t length_of(const char *from)
{
    size_t length = strcspn(from, " ");
    bool text = !strncmp(from, "dataset=", 8) || !strncmp(from, "file=", 5);
    for (size_t next, n; text; length = next + n) {
        next = length + strspn(from + length, " ");
        n = strcspn(from + next, " ");
        if (n == 0 || memchr(from + next, '=', n))
            break;
    }
    return length;
}

bool worlds_set(struct model *m, const char *arguments, size_t *at, struct error *err)
{
    char key[64], value[RELEASED_PATH + 1];
    for (const char *from = arguments; *(from += strspn(from, " "));) {
        size_t length = length_of(from), n = strcspn(from, "= ");
        *at = (size_t)(from - arguments);
        if (n == 0 || n >= sizeof(key) || from[n] != '=' || length - n > sizeof(value))
            return fail(err, ERROR_USAGE, "'%.*s' is not KEY=VALUE", (int)length, from);
        snprintf(key, sizeof(key), "%.*s", (int)n, from);
        snprintf(value, sizeof(value), "%.*s", (int)(length - n - 1), from + n + 1);
        if (!set_one(m, key, value, err))
            return false;
        from += length;
    }
    worlds_changed(m);
    return true;
}

/* ---- the price ---- */

static struct ledger_spend spend_of(const struct worlds *w)
{
    const struct release_wish *q = &w->wish;
    struct ledger_spend s = { .mechanism = (enum mechanism)q->mechanism,
                              .relation = (enum relation)q->relation,
                              .clip = q->clip,
                              .mu = w->price.is.mu,
                              .epsilon = q->epsilon,
                              .delta = q->delta,
                              .budget = { q->budget_epsilon, q->budget_delta } };
    memcpy(s.dataset, q->dataset, sizeof(s.dataset));
    return s;
}

/* The price itself, and beside it the paper's noise and what that truly keeps. */
static struct worlds_price price_of(const struct release_wish *q)
{
    struct worlds_price p = { .ok = false };
    const struct release_terms t = release_wish_terms(q);
    struct error err = { 0 };
    p.ok = release_price(&t, &p.is, &err);
    if (!p.ok) {
        snprintf(p.why, sizeof(p.why), "%s", err.text);
        return p;
    }
    p.paper = classical_deviation(t.mechanism, t.clip, t.epsilon, t.delta);
    p.paper_epsilon = classical_epsilon(t.mechanism, t.relation, t.epsilon, t.delta);
    return p;
}

void worlds_changed(struct model *m)
{
    struct worlds *w = &m->worlds;
    w->price = price_of(&w->wish);
    w->there = w->wish.file[0] && access(w->wish.file, F_OK) == 0;
    struct ledger_spend s = spend_of(w);
    ledger_account(&w->ledger, s.dataset, NULL, s.delta, &w->before);
    ledger_account(&w->ledger, s.dataset, w->price.ok ? &s : NULL, s.delta, &w->after);
}

bool worlds_find_ledger(struct release_wish *w, bool make, struct error *err)
{
    return state_path("ledger", make, w->ledger, sizeof(w->ledger), err);
}

void worlds_read_ledger(struct model *m)
{
    struct worlds *w = &m->worlds;
    struct error err;
    ledger_finish(&w->ledger);
    w->ledger = (struct ledger){ 0 };
    w->ledger_why[0] = 0;
    if (!worlds_find_ledger(&w->wish, false, &err) ||
        !ledger_read(w->wish.ledger, &w->ledger, &err))
        snprintf(w->ledger_why, sizeof(w->ledger_why), "%s", err.text);
    worlds_changed(m);
}

static const char *const shared[] = { "epsilon", "delta", "clip", "relation" };
enum { SHARED = sizeof(shared) / sizeof(shared[0]) };

void worlds_carry(struct model *m)
{
    struct worlds *w = &m->worlds;
    for (size_t i = 0; i < SHARED; i++) {
        const struct param *from = param_find(&theatre_rows, shared[i]);
        double now = param_get(from, &m->theatre.set);
        if (now != param_get(from, &w->carried))
            param_put(param_find(&worlds_terms, shared[i]), &w->wish, now);
    }
    w->carried = m->theatre.set;
}

/* The sandbox of a session is read before: what it would carry here is said again. */
static bool is_shared(const struct param *p)
{
    bool found = false;
    for (size_t i = 0; i < SHARED; i++)
        found |= p == param_find(&worlds_terms, shared[i]);
    return found;
}

static void print_rows(const struct param_table *t, const void *values, FILE *out)
{
    for (size_t i = 0; i < t->n; i++) {
        char key[64], value[64];
        if (param_get(&t->rows[i], values) == t->rows[i].def && !is_shared(&t->rows[i]))
            continue;
        param_flag(t->rows[i].key, key, sizeof(key));
        param_format(&t->rows[i], values, value, sizeof(value));
        fprintf(out, " %s=%s", key, value);
    }
}

/* A text that is read back: no '=' behind a blank. */
static void print_text(const char *key, const char *text, FILE *out)
{
    char quoted[2 * RELEASED_PATH];
    const char *blank = strchr(text, ' ');
    if (text[0] && !(blank && strchr(blank, '=')) && grammar_quote(text, quoted, sizeof(quoted)))
        fprintf(out, " %s=%s", key, quoted);
}

const char *worlds_opens(const struct model *m)
{
    const struct released *r = m->worlds.released;
    return worlds_away(m) && worlds_in_explore(m) && r && r->file[0] ? r->file : NULL;
}

void worlds_print(const struct model *m, FILE *out)
{
    const struct worlds *w = &m->worlds;
    if (w->world == WORLD_SANDBOX)
        return;
    if (worlds_opens(m)) {
        fputs("explore", out);
        print_rows(&worlds_looks, &w->look, out);
    } else {
        fputs("release", out);
        print_rows(&worlds_terms, &w->wish, out);
        print_text("dataset", w->wish.dataset, out);
        if (access(w->wish.file, F_OK) != 0)
            print_text("file", w->wish.file, out);
    }
    fputc('\n', out);
}

/* As much as fits, whole sentences only. */
void worlds_line(const struct model *m, int width, char *out, size_t size)
{
    const struct param *p = worlds_field(m);
    out[0] = 0;
    if (!p)
        return;
    snprintf(out, size, "%s: %s", p->title, p->help);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "%s", p->help);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "%s", p->title);
}
