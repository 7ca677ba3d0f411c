/* Ranks of groups: by a rule for all, or one by hand; and what they come to. */

#include "grouping.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "model.h"

static const double usual_prune =
    0.1; /* the paper's first setting; where it is beyond reach, this keep */
static const double usual_keep = 0.8;

static bool needs_profiles(int rule)
{
    return rule == JOINT_ENERGY || rule == JOINT_BUDGET || rule == JOINT_EDGE;
}

static bool all_known(const struct grouping *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->of[i].counted && !g->of[i].profile.r)
            return false;
    return true;
}

/* Choices of the counted groups, in order; the caller frees. NULL with *n 0: there are none. */
static struct joint_choice *choices(const struct grouping *g, size_t *n, struct error *err)
{
    struct joint_choice *of = g->n ? memory_alloc(g->n * sizeof(*of), err) : NULL;
    *n = 0;
    for (size_t i = 0; of && i < g->n; i++) {
        const struct grouped *x = &g->of[i];
        if (x->counted)
            of[(*n)++] = (struct joint_choice){ x->shape, x->profile.r ? &x->profile : NULL,
                                                x->asked, x->rank };
    }
    return of;
}

/* Groups that are not counted follow with the share that the others keep. */
static void take(struct grouping *g, const struct joint_choice *of)
{
    double keep = g->account.dense ? (double)g->account.left / (double)g->account.dense
                                   : usual_keep;
    for (size_t i = 0, next = 0; i < g->n; i++) {
        struct grouped *x = &g->of[i];
        x->asked = x->counted ? of[next].asked : joint_rank_kept(&x->shape, keep);
        x->rank = x->counted ? of[next].rank : x->asked;
        next += x->counted;
    }
}

/* false: nothing has changed. */
static bool plan(struct grouping *g, enum joint_rule rule, double value, struct error *err)
{
    size_t n;
    struct joint_account account;
    struct joint_choice *of = choices(g, &n, err);
    const struct joint_goal goal = { rule, value, g->whole ? GROUP_MULTIPLE : 1 };
    bool ok = of && joint_plan(&goal, g->model, of, n, &account, err);
    if (ok) {
        g->account = account;
        take(g, of);
    }
    memory_free(of);
    return ok;
}

/* After one rank moved. */
static void count(struct grouping *g)
{
    struct error unused;
    size_t n;
    struct joint_choice *of = choices(g, &n, &unused);
    if (of)
        g->account = joint_account_of(g->model, of, n);
    memory_free(of);
}

/* None was chosen yet. */
static bool no_rank(const struct grouping *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->of[i].rank)
            return false;
    return true;
}

static void settle(struct grouping *g)
{
    g->set = (struct grouping_set){ g->rule, g->set.balance, g->value, g->whole };
}

void grouping_plan(struct model *m)
{
    struct grouping *g = &m->grouping;
    struct error err = { 0 };
    if (!g->n)
        return;
    bool none = no_rank(g), first = g->value == 0 && g->rule == JOINT_PRUNE;
    if (first || (g->rule == JOINT_MANUAL && none)) {
        g->rule = JOINT_PRUNE;
        g->value = usual_prune;
    }
    g->rule_waits = needs_profiles(g->rule) && !all_known(g);
    if (!g->rule_waits && !plan(g, (enum joint_rule)g->rule, g->value, &err)) {
        g->rule = JOINT_KEEP;
        g->value = usual_keep;
        if (!plan(g, JOINT_KEEP, usual_keep, &err) || !first)
            model_say(m, true, "%s", err.text);
    }
    settle(g);
}

bool grouping_rule(struct model *m, enum joint_rule rule, double value, struct error *err)
{
    struct grouping *g = &m->grouping;
    if (!g->n)
        return fail(err, ERROR_USAGE, "there are no groups here");
    bool waits = needs_profiles((int)rule) && !all_known(g);
    if (!waits && !plan(g, rule, value, err))
        return false;
    g->rule = (int)rule;
    g->value = value;
    g->rule_waits = waits;
    settle(g);
    if (waits) {
        g->stopped = false;
        model_say(m, false, "ranks follow as soon as every group was looked at");
    }
    return true;
}

void grouping_rank(struct model *m, double rank)
{
    struct grouping *g = &m->grouping;
    struct grouped *x = grouping_chosen(m);
    if (!x)
        return;
    double step = g->whole ? GROUP_MULTIPLE : 1, most = (double)joint_rank_most(&x->shape);
    rank = g->whole ? fmax(1, floor(rank / step)) * step : floor(rank + 0.5);
    x->rank = x->asked = (size_t)fmin(fmax(rank, 1), most);
    g->rule = JOINT_MANUAL;
    g->rule_waits = false;
    settle(g);
    count(g);
}

/* "10%", "0.1", "24" */
static bool number(const char *text, double *out, struct error *err)
{
    char *end;
    double value = strtod(text, &end);
    bool ok = end != text && isfinite(value) && value >= 0;
    if (ok && *end == '%') {
        value /= 100;
        end++;
    }
    if (!ok || *end)
        return fail(err, ERROR_USAGE, "'%s' is not a number, or a share like 10%%", text);
    *out = value;
    return true;
}

static bool multiple(struct model *m, double value, struct error *err)
{
    struct grouping *g = &m->grouping;
    if (value != 1 && value != GROUP_MULTIPLE)
        return fail(err, ERROR_USAGE, "ranks are multiples of 1 or of %d", GROUP_MULTIPLE);
    g->whole = value > 1;
    if (g->rule == JOINT_MANUAL) {
        for (size_t i = 0; g->whole && i < g->n; i++)
            if (g->of[i].rank >= GROUP_MULTIPLE)
                g->of[i].rank -= g->of[i].rank % GROUP_MULTIPLE;
        settle(g);
        count(g);
        return true;
    }
    grouping_plan(m);
    return true;
}

/* Greedy: what this share of the model leaves of the groups, dealt out. */
static bool greedy(struct model *m, double share, struct error *err)
{
    const struct grouping *g = &m->grouping;
    double dense = (double)g->account.dense, gone = share * (double)g->model;
    if (gone >= dense)
        return fail(err, ERROR_USAGE, "all groups are %.2f %% of the model: %.2f %% cannot go",
                    100 * g->account.ceiling, 100 * share);
    return grouping_rule(m, JOINT_BUDGET, dense - gone, err);
}

bool grouping_words(struct model *m, const char *text, struct error *err)
{
    static const struct {
        const char *word;
        enum joint_rule rule;
    } rules[] = { { "prune", JOINT_PRUNE }, { "keep", JOINT_KEEP }, { "energy", JOINT_ENERGY } };
    char word[16];
    double value = 0;
    size_t n = strcspn(text, " ");
    const char *rest = text + n + strspn(text + n, " ");
    grouping_begin(m);
    snprintf(word, sizeof(word), "%.*s", (int)n, text);
    if (!grouping_chosen(m))
        return fail(err, ERROR_USAGE, "there are no groups here");
    if (!strcmp(word, "edge") && !*rest)
        return grouping_rule(m, JOINT_EDGE, 0, err);
    if (!number(rest, &value, err))
        return false;
    if (!strcmp(word, "rank")) {
        grouping_rank(m, value);
        return true;
    }
    if (!strcmp(word, "multiple"))
        return multiple(m, value, err);
    if (!strcmp(word, "greedy"))
        return greedy(m, value, err);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (!strcmp(word, rules[i].word))
            return grouping_rule(m, rules[i].rule, value, err);
    return fail(err, ERROR_USAGE,
                "ranks: prune, greedy, keep, energy SHARE, edge, rank K or multiple 32, not '%s'",
                word);
}

void grouping_rule_text(const struct grouping *g, char *out, size_t size)
{
    static const struct {
        const char *word;
        bool share; /* the value is told, in percent */
    } rules[] = {
        [JOINT_PRUNE] = { "prune", true },     [JOINT_KEEP] = { "keep", true },
        [JOINT_RANK] = { "one rank", false },  [JOINT_ENERGY] = { "energy", true },
        [JOINT_BUDGET] = { "greedy", false },  [JOINT_EDGE] = { "noise edge", false },
        [JOINT_MANUAL] = { "by hand", false },
    };
    const char *word = rules[g->rule].word;
    if (rules[g->rule].share)
        snprintf(out, size, "%s %.4g %%", word, 100 * g->value);
    else
        snprintf(out, size, "%s", word);
}

double grouped_keep(const struct grouped *g)
{
    return (double)joint_parameters(&g->shape, g->rank) / (double)joint_dense(&g->shape);
}

bool grouped_separate(const struct grouped *g, bool greedy_ranks, size_t ranks[GROUP_MEMBERS])
{
    if (!g->profile.r || !g->rank)
        return false;
    if (greedy_ranks)
        separate_ranks_greedy(&g->profile, joint_parameters(&g->shape, g->rank), ranks);
    else
        separate_ranks_kept(&g->shape, grouped_keep(g), ranks);
    return true;
}

double grouping_error(const struct grouping *g)
{
    double lost = 0, whole = 0;
    for (size_t i = 0; i < g->n; i++) {
        const struct grouped *x = &g->of[i];
        if (!x->counted)
            continue;
        if (!x->profile.r)
            return (double)NAN;
        whole = hypot(whole, x->profile.total);
        lost = hypot(lost, x->rank ? joint_error(&x->profile, x->rank) * x->profile.total : 0);
    }
    return whole > 0 ? lost / whole : (double)NAN;
}

const struct joint_null *grouped_null(const struct grouped *g)
{
    size_t k = g->rank ? g->rank : 1;
    return g->null && k <= g->n_null ? &g->null[k - 1] : NULL;
}
