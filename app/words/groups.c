/* groups: matrices of a model that share an input, and what one right factor for each set of them
 * saves and costs. */
#include "cli.h"
#include "plan.h"
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { NAME_CELLS = 40 };

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static uint64_t left_of(const struct plan *p, size_t i)
{
    const struct joint_choice *c = &p->choices[i];
    return p->lines[i].factored ? joint_parameters(&c->shape, c->rank) : joint_dense(&c->shape);
}

static uint64_t dense_of(const struct plan *p)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < p->groups.n; i++)
        sum += joint_dense(&p->choices[i].shape);
    return sum;
}

/* Of each kind, and of all: GROUP_KINDS. */
struct summary {
    size_t groups, rank; /* 0: they differ */
    double joint, separate, greedy;
};

static struct summary sum_up(const struct plan *p, enum group_kind kind)
{
    struct summary s = { .joint = plan_together(p, kind, offsetof(struct plan_line, joint)),
                         .separate = plan_together(p, kind, offsetof(struct plan_line, separate)),
                         .greedy = plan_together(p, kind, offsetof(struct plan_line, greedy)) };
    for (size_t i = 0; i < p->groups.n; i++) {
        if (kind != GROUP_KINDS && p->groups.list[i].kind != kind)
            continue;
        size_t rank = p->choices[i].rank;
        s.rank = s.groups && rank != s.rank ? 0 : rank;
        s.groups++;
    }
    return s;
}

/* ---- JSON ---- */

static void put_ranks(struct report *r, const char *key, const size_t *ranks, size_t n)
{
    report_array(r, key);
    for (size_t i = 0; i < n; i++)
        report_count(r, NULL, ranks[i]);
    report_end(r);
}

static void put_known(struct report *r, const char *key, bool known, double value)
{
    report_number(r, key, known ? value : (double)NAN);
}

static void put_members(struct report *r, const struct plan *p, size_t i)
{
    const struct group *g = &p->groups.list[i];
    const struct joint_choice *c = &p->choices[i];
    const struct plan_line *line = &p->lines[i];
    char name[NAME_TEXT];
    report_array(r, "members");
    for (size_t k = 0; k < g->n; k++) {
        member_text(p->document, &g->members[k], name, sizeof(name));
        report_object(r, NULL);
        report_text(r, "name", name);
        report_text(r, "module", module_names[g->members[k].module]);
        report_count(r, "rows", g->members[k].rows);
        report_number(r, "break_even", separate_break_even(&c->shape, k));
        if (line->known) {
            report_number(r, "norm", c->profile->norm[k]);
            report_number(r, "joint_error",
                          line->factored ? joint_member_error(c->profile, k, c->rank) : 0);
            report_number(r, "separate_error",
                          line->factored ? separate_member_error(c->profile, k, line->kept[k]) : 0);
        }
        report_end(r);
    }
    report_end(r);
}

static void put_null(struct report *r, const struct plan_line *line)
{
    if (!line->tested) {
        report_null(r, "null");
        return;
    }
    report_object(r, "null");
    report_count(r, "draws", line->null.draws);
    report_number(r, "mean", line->null.mean);
    report_number(r, "sd", line->null.deviation);
    report_number(r, "z", line->null.z);
    report_bool(r, "shared", line->null.z <= JOINT_NULL_SHARED);
    report_end(r);
}

static void put_rank(struct report *r, const struct plan *p, size_t i)
{
    const struct plan_line *line = &p->lines[i];
    const struct joint_choice *c = &p->choices[i];
    size_t n = line->factored ? c->shape.p : 0;
    report_count(r, "rank", c->rank);
    report_count(r, "asked", c->asked);
    report_bool(r, "factored", line->factored);
    report_count(r, "parameters_left", left_of(p, i));
    put_ranks(r, "separate_ranks", line->kept, n);
    put_ranks(r, "greedy_ranks", line->dealt, line->known ? n : 0);
    put_known(r, "joint_error", line->known, line->joint);
    put_known(r, "separate_error", line->known, line->separate);
    put_known(r, "greedy_error", line->known, line->greedy);
    put_null(r, line);
}

static void put_group(struct report *r, const struct plan *p, size_t i)
{
    const struct group *g = &p->groups.list[i];
    const struct joint_shape *s = &p->choices[i].shape;
    report_object(r, NULL);
    report_text(r, "name", g->name);
    report_text(r, "kind", group_kind_names[g->kind]);
    if (g->layer == LAYER_NONE)
        report_null(r, "layer");
    else
        report_count(r, "layer", (uint64_t)g->layer);
    if (g->expert >= 0)
        report_count(r, "expert", (uint64_t)g->expert);
    else
        report_text(r, "expert", g->expert == EXPERT_SHARED ? "shared" : NULL);
    report_count(r, "rows", joint_height(s));
    report_count(r, "cols", s->n);
    put_members(r, p, i);
    report_count(r, "parameters", joint_dense(s));
    report_number(r, "share", share(joint_dense(s), p->parameters));
    report_number(r, "break_even", joint_break_even(s));
    if (p->ruled)
        put_rank(r, p, i);
    report_end(r);
}

static void put_summary(struct report *r, const struct summary *s)
{
    report_count(r, "groups", s->groups);
    if (s->rank)
        report_count(r, "rank", s->rank);
    else
        report_null(r, "rank");
    report_number(r, "joint_error", s->joint);
    report_number(r, "separate_error", s->separate);
    report_number(r, "greedy_error", s->greedy);
}

/* Of the model and of the groups alone: published ratios do not always say which. */
static void put_rule(struct report *r, const struct plan *p)
{
    const struct joint_account *a = &p->account;
    if (!p->ruled) {
        report_null(r, "rule");
        return;
    }
    report_object(r, "rule");
    report_text(r, "name", joint_rule_names[p->goal.rule]);
    report_number(r, "value", p->goal.value);
    report_count(r, "multiple", p->goal.multiple);
    report_end(r);
    report_object(r, "pruned");
    report_number(r, "model", a->prune);
    report_number(r, "modules", a->modules);
    report_number(r, "model_asked", a->prune_asked);
    report_number(r, "modules_asked", a->modules_asked);
    report_end(r);
    report_count(r, "parameters_left", a->left);
    report_array(r, "kinds");
    for (int kind = 0; kind < GROUP_KINDS; kind++) {
        struct summary s = sum_up(p, (enum group_kind)kind);
        if (!s.groups)
            continue;
        report_object(r, NULL);
        report_text(r, "kind", group_kind_names[kind]);
        put_summary(r, &s);
        report_end(r);
    }
    report_end(r);
    struct summary all = sum_up(p, GROUP_KINDS);
    report_object(r, "total");
    put_summary(r, &all);
    report_end(r);
}

static bool print_json(struct call *c, const struct plan *p, struct error *err)
{
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_text(r, "version", EIGENSCOPE_VERSION);
    report_text(r, "file", p->document->name);
    report_text(r, "format", p->document->format ? p->document->format->name : "demo");
    report_count(r, "model_parameters", p->parameters);
    report_count(r, "parameters", dense_of(p));
    report_number(r, "ceiling", share(dense_of(p), p->parameters));
    put_rule(r, p);
    report_array(r, "groups");
    for (size_t i = 0; i < p->groups.n; i++)
        put_group(r, p, i);
    report_end(r);
    report_text(r, "notice", *p->groups.notice ? p->groups.notice : NULL);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

/* ---- text ---- */

/* "576+192 x 576" */
static void shape_text(const struct joint_shape *s, char *out, size_t size)
{
    size_t at = 0;
    for (size_t k = 0; k < s->p && at < size; k++)
        at += (size_t)snprintf(out + at, size - at, "%s%zu", k ? "+" : "", s->rows[k]);
    if (at < size)
        snprintf(out + at, size - at, " x %zu", s->n);
}

static void ranks_text(const size_t *ranks, size_t n, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t k = 0; k < n && at < size; k++)
        at += (size_t)snprintf(out + at, size - at, "%s%zu", k ? "/" : "", ranks[k]);
}

static void print_sizes(FILE *out, const struct plan *p, size_t i)
{
    const struct joint_shape *s = &p->choices[i].shape;
    fprintf(out, "  %10" PRIu64 "  %6.3f %%  %8.1f  (", joint_dense(s),
            100 * share(joint_dense(s), p->parameters), joint_break_even(s));
    for (size_t k = 0; k < s->p; k++)
        fprintf(out, "%s%.1f", k ? ", " : "", separate_break_even(s, k));
    fputs(" alone)\n", out);
}

static void print_errors(FILE *out, const struct plan *p, size_t i)
{
    const struct plan_line *line = &p->lines[i];
    const struct joint_choice *c = &p->choices[i];
    char kept[64], dealt[64];
    if (!line->factored) {
        fputs("       -  as it is\n", out);
        return;
    }
    ranks_text(line->kept, c->shape.p, kept, sizeof(kept));
    ranks_text(line->dealt, c->shape.p, dealt, sizeof(dealt));
    fprintf(out, "  %6zu  %6.2f %%", c->rank, 100 * share(left_of(p, i), joint_dense(&c->shape)));
    if (!line->known) {
        fprintf(out, "  %s\n", kept);
        return;
    }
    fprintf(out, "  %6.2f %%  %6.2f %%  %-10s  %6.2f %%  %-*s", 100 * line->joint,
            100 * line->separate, kept, 100 * line->greedy, line->tested ? 10 : 0, dealt);
    if (line->tested)
        fprintf(out, "  %6.1f%s", line->null.z, line->null.z <= JOINT_NULL_SHARED ? "" : " ~");
    fputc('\n', out);
}

static void print_head(FILE *out, const struct plan *p, int widest)
{
    bool tested = false;
    for (size_t i = 0; i < p->groups.n; i++)
        tested |= p->lines[i].tested;
    fprintf(out, "  %-*s  %17s", widest, "group", "shape");
    if (!p->ruled)
        fputs("  parameters  of model  break-even rank\n", out);
    else if (!p->lines[0].known)
        fputs("    rank      kept  separate ranks\n", out);
    else
        fprintf(out, "    rank      kept     joint  separate  at ranks      greedy  at ranks%s\n",
                tested ? "         z" : "");
}

static void print_summary(FILE *out, const char *name, const struct summary *s)
{
    if (isfinite(s->joint))
        fprintf(out, "%zu %s: joint %.2f %%, separate %.2f %%, greedy %.2f %%\n", s->groups, name,
                100 * s->joint, 100 * s->separate, 100 * s->greedy);
}

static void print_account(FILE *out, const struct plan *p)
{
    const struct joint_account *a = &p->account;
    fprintf(out, "%.4g %% of the model pruned, %.4g %% of these matrices", 100 * a->prune,
            100 * a->modules);
    if (p->goal.multiple > 1)
        fprintf(out, " (%.4g %% and %.4g %% before ranks were rounded to multiples of %zu)",
                100 * a->prune_asked, 100 * a->modules_asked, p->goal.multiple);
    fputc('\n', out);
    size_t kinds = 0;
    for (int kind = 0; kind < GROUP_KINDS; kind++) {
        struct summary s = sum_up(p, (enum group_kind)kind);
        kinds += s.groups > 0;
        if (s.groups)
            print_summary(out, group_kind_names[kind], &s);
    }
    struct summary all = sum_up(p, GROUP_KINDS);
    if (kinds > 1)
        print_summary(out, "groups together", &all);
}

static void print_text(FILE *out, const struct plan *p)
{
    struct error plain;
    char shape[80];
    int widest = 5;
    bool unshared = false;
    fprintf(out, "%s: ", report_plain(p->document->name, &plain));
    fprintf(out, "%zu group%s, %" PRIu64 " of %" PRIu64 " parameters (%.2f %%)\n", p->groups.n,
            p->groups.n == 1 ? "" : "s", dense_of(p), p->parameters,
            100 * share(dense_of(p), p->parameters));
    for (size_t i = 0; i < p->groups.n; i++) {
        int n = (int)strlen(p->groups.list[i].name);
        widest = n > widest && n <= NAME_CELLS ? n : widest;
        unshared |= p->lines[i].tested && !(p->lines[i].null.z <= JOINT_NULL_SHARED);
    }
    if (p->groups.n)
        print_head(out, p, widest);
    for (size_t i = 0; i < p->groups.n; i++) {
        shape_text(&p->choices[i].shape, shape, sizeof(shape));
        fprintf(out, "  %-*s  %17s", widest, report_plain(p->groups.list[i].name, &plain), shape);
        (p->ruled ? print_errors : print_sizes)(out, p, i);
    }
    if (p->ruled)
        print_account(out, p);
    if (unshared)
        fputs("~ no shared structure: random rotations do as well (z above -3)\n", out);
    if (*p->groups.notice)
        fprintf(out, "note: %s\n", p->groups.notice);
}

/* Only a rule by what is in the matrices, and errors, need their entries. */
static bool compute(struct plan *p, const struct options *o, struct error *err)
{
    struct engine engine = { 0 };
    bool sizes = o->groups.sizes;
    if (!p->ruled && (o->groups.null || sizes))
        return fail(err, ERROR_USAGE,
                    "groups: --%s wants ranks: give --prune, --keep, --rank, --energy, --mp or "
                    "--bytes",
                    sizes ? "sizes" : "null");
    if (sizes && o->groups.null)
        return fail(err, ERROR_USAGE, "groups: --null reads the entries, which --sizes rules out");
    if (!p->ruled)
        return true;
    if (!p->groups.n)
        return fail(err, ERROR_USAGE,
                    "groups: %s: no tensor's name tells of a group; --group NAME,NAME makes one",
                    p->document->name);
    if (sizes)
        return plan_settle(p, err);
    bool ok = engine_open(o, &engine, err);
    struct job_share share = { &engine.job, 0, o->groups.null ? 0.5 : 1 };
    struct job_share rest = { &engine.job, 0.5, 1 };
    struct job first = job_part(&share), second = job_part(&rest);
    ok = ok && plan_measure(p, o, &first, err) && plan_settle(p, err) &&
         (!o->groups.null || plan_test(p, (size_t)o->groups.null, o->common.seed, &second, err));
    engine_close(&engine);
    return ok;
}

bool groups_word(struct call *c, struct error *err)
{
    struct plan p = { 0 };
    bool ok = plan_open(&p, &c->o, err) && compute(&p, &c->o, err);
    if (ok && c->o.common.json)
        ok = print_json(c, &p, err);
    else if (ok)
        print_text(c->out, &p);
    plan_close(&p);
    return ok;
}
