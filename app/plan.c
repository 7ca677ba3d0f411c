#include "plan.h"

#include "memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t parameters_of(const struct document *d)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < d->n; i++)
        sum += (uint64_t)d->entries[i].rows * d->entries[i].cols;
    for (size_t i = 0; i < d->n_others; i++) {
        uint64_t size = 1;
        for (size_t k = 0; k < d->others[i].dims; k++)
            size *= d->others[i].shape[k];
        sum += size;
    }
    return sum;
}

/* "10%", "0.1": between 0 and 1. */
static bool read_share(const char *flag, const char *text, double *out, struct error *err)
{
    char *end;
    double value = strtod(text, &end);
    bool digit = isdigit((unsigned char)text[0]) || text[0] == '.';
    if (digit && *end == '%' && !end[1]) {
        value /= 100;
        end++;
    }
    if (!digit || *end || !(value >= 0 && value <= 1))
        return fail(err, ERROR_USAGE, "groups: --%s: '%.40s' is not a share like 10%% or 0.1", flag,
                    text);
    *out = value;
    return true;
}

/* "262", or "qk=262,gate_up=386": of a kind, or of the group of that name. */
static bool put_ranks(struct plan *p, const char *text, struct error *err)
{
    const char *at = text;
    size_t length = strcspn(at, ",");
    char word[NAME_TEXT + 16], *end;
    snprintf(word, sizeof(word), "%.*s", (int)(length < sizeof(word) ? length : sizeof(word) - 1),
             at);
    char *equals = strrchr(word, '=');
    long rank = strtol(equals ? equals + 1 : word, &end, 10);
    if (*end || end == (equals ? equals + 1 : word) || rank < 1 || rank > 1 << 30)
        return fail(err, ERROR_USAGE,
                    "groups: --rank: '%.60s' is not a rank like 24 or qk=262,gate_up=386", word);
    if (equals)
        *equals = '\0';
    size_t found = 0;
    const struct group *named = equals ? groups_find(&p->groups, word) : NULL;
    for (size_t i = 0; i < p->groups.n; i++) {
        const struct group *g = &p->groups.list[i];
        if (equals && strcmp(group_kind_names[g->kind], word) != 0 && g != named)
            continue;
        p->choices[i].asked = (size_t)rank;
        found++;
    }
    if (!found)
        return fail(err, ERROR_USAGE, "groups: --rank: no group or kind named %.120s", word);
    return !at[length] || put_ranks(p, at + length + 1, err);
}

/* A rule by its flag. */
static bool by_rank(struct plan *p, const struct options *o, struct error *err)
{
    p->goal.rule = JOINT_MANUAL;
    return put_ranks(p, o->group_rank, err);
}

static bool by_bytes(struct plan *p, const struct options *o, struct error *err)
{
    uint64_t bytes;
    p->goal.rule = JOINT_BUDGET;
    if (!options_size("bytes", o->group_bytes, &bytes, err))
        return false;
    p->goal.value = floor(8 * (double)bytes / o->groups.bits);
    return true;
}

static bool read_rule(struct plan *p, const struct options *o, struct error *err)
{
    static const struct {
        const char *flag;
        size_t offset;
        enum joint_rule rule;
    } shares[] = {
        { "prune", offsetof(struct options, group_prune), JOINT_PRUNE },
        { "keep", offsetof(struct options, group_keep), JOINT_KEEP },
        { "energy", offsetof(struct options, group_energy), JOINT_ENERGY },
    };
    int rules = o->groups.mp + (o->group_rank != NULL) + (o->group_bytes != NULL);
    bool ok = true;
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        const char *text;
        memcpy(&text, (const char *)o + shares[i].offset, sizeof(text));
        rules += text != NULL;
        if (text && ok) {
            p->goal.rule = shares[i].rule;
            ok = read_share(shares[i].flag, text, &p->goal.value, err);
        }
    }
    if (!ok)
        return false;
    if (rules > 1)
        return fail(err, ERROR_USAGE,
                    "groups: --prune, --keep, --rank, --energy, --mp and --bytes "
                    "each decide the ranks; give one of them");
    p->ruled = rules == 1;
    p->goal.multiple = (size_t)o->groups.multiple;
    if (o->groups.mp)
        p->goal.rule = JOINT_EDGE;
    if (o->group_rank)
        return by_rank(p, o, err);
    return !o->group_bytes || by_bytes(p, o, err);
}

static bool find_groups(struct plan *p, const struct options *o, struct error *err)
{
    if (!o->group)
        return family_groups(p->document, &p->groups, err);
    p->groups.list = memory_alloc(sizeof(*p->groups.list), err);
    if (!p->groups.list || !group_named(p->document, o->group, p->groups.list, err))
        return false;
    p->groups.n = 1;
    return true;
}

bool plan_open(struct plan *p, const struct options *o, struct error *err)
{
    p->document = document_open(o->arguments[0], err);
    if (!p->document || !find_groups(p, o, err))
        return false;
    size_t n = p->groups.n;
    p->parameters = parameters_of(p->document);
    p->choices = memory_alloc((n + 1) * sizeof(*p->choices), err);
    p->profiles = p->choices ? memory_alloc((n + 1) * sizeof(*p->profiles), err) : NULL;
    p->lines = p->profiles ? memory_alloc((n + 1) * sizeof(*p->lines), err) : NULL;
    for (size_t i = 0; p->lines && i < n; i++) {
        const struct group *g = &p->groups.list[i];
        struct joint_shape *s = &p->choices[i].shape;
        s->n = g->cols;
        s->p = g->n;
        for (size_t k = 0; k < g->n; k++)
            s->rows[k] = g->members[k].rows;
    }
    return p->lines && read_rule(p, o, err);
}

static bool measure(struct plan *p, size_t i, const struct options *o, struct job *job,
                    struct error *err)
{
    struct selection s = { 0 };
    struct matrix m[SELECTION_MAX] = { 0 };
    struct matrix_view views[SELECTION_MAX];
    bool ok = selection_group(p->document, &p->groups.list[i], &s, err) &&
              selection_read(&s, (enum dtype)o->common.precision,
                             (enum nonfinite)o->common.nonfinite, m, err);
    for (size_t k = 0; k < s.n; k++)
        views[k] = m[k].view;
    ok = ok && joint_profile_init(&p->profiles[i], job, views, s.n, (enum balance)o->groups.balance,
                                  0, err);
    for (size_t k = 0; k < SELECTION_MAX; k++)
        matrix_finish(&m[k]);
    selection_finish(&s);
    if (ok) {
        p->choices[i].profile = &p->profiles[i];
        p->lines[i].known = true;
    }
    return ok;
}

/* From..to of the whole, for what counts from 0 to 1 itself. */
static struct job part_of(struct job_share *share, struct job *job, size_t i, size_t n)
{
    *share = (struct job_share){ job, (double)i / (double)n, (double)(i + 1) / (double)n };
    return job_part(share);
}

bool plan_measure(struct plan *p, const struct options *o, struct job *job, struct error *err)
{
    for (size_t i = 0; i < p->groups.n; i++) {
        struct job_share share;
        struct job part = part_of(&share, job, i, p->groups.n);
        if (!job_step(&part, 0, p->groups.list[i].name, err) || !measure(p, i, o, &part, err))
            return false;
    }
    return true;
}

static void errors_of(const struct joint_choice *c, struct plan_line *line)
{
    uint64_t dense = joint_dense(&c->shape), left = joint_parameters(&c->shape, c->rank);
    line->factored = c->rank && left < dense;
    if (!line->factored)
        return;
    separate_ranks_kept(&c->shape, (double)left / (double)dense, line->kept);
    if (!line->known)
        return;
    separate_ranks_greedy(c->profile, left, line->dealt);
    line->joint = joint_error(c->profile, c->rank);
    line->separate = separate_error(c->profile, line->kept);
    line->greedy = separate_error(c->profile, line->dealt);
}

bool plan_settle(struct plan *p, struct error *err)
{
    if (!joint_plan(&p->goal, p->parameters, p->choices, p->groups.n, &p->account, err))
        return false;
    for (size_t i = 0; i < p->groups.n; i++)
        errors_of(&p->choices[i], &p->lines[i]);
    return true;
}

bool plan_test(struct plan *p, size_t draws, uint64_t seed, struct job *job, struct error *err)
{
    for (size_t i = 0; i < p->groups.n; i++) {
        struct plan_line *line = &p->lines[i];
        struct job_share share;
        struct job part = part_of(&share, job, i, p->groups.n);
        if (!line->factored || !line->known || p->groups.list[i].n < 2)
            continue;
        if (!job_step(&part, 0, p->groups.list[i].name, err) ||
            !joint_null(&part, &p->profiles[i], &p->choices[i].rank, 1, draws, seed, &line->null,
                        err))
            return false;
        line->tested = true;
    }
    return true;
}

double plan_together(const struct plan *p, enum group_kind kind, size_t field)
{
    double sum = 0, whole = 0;
    for (size_t i = 0; i < p->groups.n; i++) {
        double error;
        if (kind != GROUP_KINDS && p->groups.list[i].kind != kind)
            continue;
        if (!p->lines[i].known)
            return (double)NAN;
        memcpy(&error, (const char *)&p->lines[i] + field, sizeof(error));
        sum = hypot(sum, error * p->profiles[i].total);
        whole = hypot(whole, p->profiles[i].total);
    }
    return whole > 0 ? sum / whole : 0;
}

void plan_close(struct plan *p)
{
    for (size_t i = 0; p->profiles && i < p->groups.n; i++)
        joint_profile_finish(&p->profiles[i]);
    memory_free(p->profiles);
    memory_free(p->choices);
    memory_free(p->lines);
    groups_finish(&p->groups);
    document_unref(p->document);
    *p = (struct plan){ 0 };
}
