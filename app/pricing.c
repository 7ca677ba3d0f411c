#include "pricing.h"

#include <math.h>
#include <string.h>
#include <time.h>

static const char *const neighbours[] = { "one row is another one", "there is one row more" };

void pricing_print(const struct price_terms *t, const struct price *p, FILE *out)
{
    fprintf(out,
            "  promise    epsilon %g, delta %g; neighbours: %s (%s)\n"
            "             rows of norm at most %g, longer ones are shortened\n",
            t->epsilon, t->delta, neighbours[t->relation], relation_names[t->relation], t->clip);
    fprintf(out, "  noise      s = %.6g off the diagonal, %.6g on it (%s)\n", p->s, p->diagonal,
            mechanism_name(t->mechanism));
    fprintf(out,
            "             the paper's own: %.6g, %.3g times as much, which keeps epsilon %.4g\n",
            p->paper_s, p->paper_ratio, p->paper_epsilon);
    fprintf(
        out,
        "  cost       mu %.6g, zCDP rho %.4g (counted so: %.1f %% more noise; simply %.1f %%)\n",
        p->mu, p->rho, 100 * (p->zcdp_ratio - 1), 100 * (p->zcdp_simple_ratio - 1));
    fprintf(out, "  several    %8s  %9s  %20s  %9s\n", "releases", "mu", "epsilon, same delta",
            "naive sum");
    for (size_t i = 0; i < PRICE_RELEASES; i++)
        fprintf(out, "             %8d  %9.4g  %20.4g  %9.4g\n", p->releases[i].n,
                p->releases[i].mu, p->releases[i].epsilon, p->releases[i].naive_epsilon);
    if (t->epsilon > 10)
        fputs("  note       an epsilon above 10 promises next to nothing\n", out);
    if (t->epsilon > p->paper_limit)
        fprintf(out,
                "  note       the paper's own claim is false above epsilon %.4g at this delta\n",
                p->paper_limit);
}

void pricing_put(struct report *r, const struct price_terms *t, const struct price *p)
{
    report_number(r, "epsilon", t->epsilon);
    report_number(r, "delta", t->delta);
    report_number(r, "mu", p->mu);
    report_number(r, "sigma", p->s);
    report_number(r, "sigma_diagonal", p->diagonal);
    report_number(r, "sensitivity", p->sensitivity);
    report_text(r, "relation", relation_names[t->relation]);
    report_number(r, "clip", t->clip);
    report_text(r, "mechanism", mechanism_name(t->mechanism));
    report_object(r, "paper");
    report_number(r, "sigma", p->paper_s);
    report_number(r, "ratio", p->paper_ratio);
    report_number(r, "epsilon", p->paper_epsilon);
    report_number(r, "holds_to_epsilon", p->paper_limit);
    report_end(r);
    report_object(r, "zcdp");
    report_number(r, "rho", p->rho);
    report_number(r, "ratio", p->zcdp_ratio);
    report_number(r, "simple_ratio", p->zcdp_simple_ratio);
    report_end(r);
    report_array(r, "releases");
    for (size_t i = 0; i < PRICE_RELEASES; i++) {
        report_object(r, NULL);
        report_count(r, "n", (uint64_t)p->releases[i].n);
        report_number(r, "mu", p->releases[i].mu);
        report_number(r, "epsilon", p->releases[i].epsilon);
        report_number(r, "naive_epsilon", p->releases[i].naive_epsilon);
        report_end(r);
    }
    report_end(r);
}

static void print_budget(const struct ledger_account *a, FILE *out)
{
    if (a->budget.epsilon > 0)
        fprintf(out, "  budget     epsilon %g at delta %g; left: epsilon %.4g (mu %.4g)%s\n",
                a->budget.epsilon, a->budget.delta, a->epsilon_left, a->mu_left,
                a->over ? "; OVER" : "");
    else
        fputs("  budget     none was ever named (--budget EPS,DELTA)\n", out);
    if (a->raised_from.epsilon > 0)
        fprintf(out, "             this raises the budget from epsilon %g at delta %g\n",
                a->raised_from.epsilon, a->raised_from.delta);
    if (a->budget.delta > .01)
        fputs("  note       a budget's delta above 0.01 lets one row in a hundred be published\n",
              out);
}

void pricing_account(const char *dataset, const struct ledger_account *before,
                     const struct ledger_account *after, FILE *out)
{
    struct error plain;
    fprintf(out, "  dataset    %s\n", report_plain(dataset, &plain));
    if (before && !before->releases)
        fputs("  spent      nothing: this name is new to the ledger\n", out);
    else if (before)
        fprintf(out, "  spent      mu %.6g in %zu release%s: epsilon %.4g at delta %g\n",
                before->mu, before->releases, before->releases == 1 ? "" : "s", before->epsilon,
                before->delta);
    fprintf(out, "  %s mu %.6g: epsilon %.4g at delta %g (naive sum %.4g at %.4g)\n",
            before ? "with this " : "in all    ", after->mu, after->epsilon, after->delta,
            after->naive_epsilon, after->naive_delta);
    print_budget(after, out);
}

static void date(int64_t seconds, char *out, size_t size)
{
    time_t at = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&at, &tm) || !strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(out, size, "-");
}

/* Whether spend i is the first of its dataset, and of the one that is asked for. */
static bool first(const struct ledger *l, size_t i, const char *dataset)
{
    const char *name = l->spends[i].dataset;
    for (size_t j = 0; j < i; j++)
        if (!strcmp(l->spends[j].dataset, name))
            return false;
    return !dataset || !strcmp(dataset, name);
}

/* Of the dataset of spend i, from there on. */
static struct ledger_account account(const struct ledger *l, size_t i)
{
    struct ledger_account a;
    double delta = l->spends[i].delta;
    for (size_t j = i; j < l->n; j++)
        if (!strcmp(l->spends[j].dataset, l->spends[i].dataset))
            delta = l->spends[j].delta;
    ledger_account(l, l->spends[i].dataset, NULL, delta, &a);
    return a;
}

void pricing_ledger(const struct ledger *l, const char *dataset, FILE *out)
{
    for (size_t i = 0; i < l->n; i++) {
        struct error plain;
        if (!first(l, i, dataset))
            continue;
        fprintf(out, "%s\n", report_plain(l->spends[i].dataset, &plain));
        for (size_t j = i; j < l->n; j++) {
            const struct ledger_spend *s = &l->spends[j];
            char when[32];
            if (strcmp(s->dataset, l->spends[i].dataset) != 0)
                continue;
            date(s->time, when, sizeof(when));
            fprintf(out, "  %-20s  %-8s %-10s  clip %-8.4g  mu %-9.6g  epsilon %g, delta %g\n",
                    when, mechanism_name(s->mechanism), relation_names[s->relation], s->clip, s->mu,
                    s->epsilon, s->delta);
        }
        struct ledger_account a = account(l, i);
        fprintf(
            out, "  in all     mu %.6g: epsilon %.4g at delta %g (naive sum %.4g at %.4g), %s\n",
            a.mu, a.epsilon, a.delta, a.naive_epsilon, a.naive_delta, relation_names[a.relation]);
        print_budget(&a, out);
    }
    if (l->damaged)
        fprintf(out, "line %zu is damaged, and nothing can be spent: %s\n", l->damaged, l->why);
}

static void put_spend(struct report *r, const struct ledger_spend *s)
{
    char when[32];
    date(s->time, when, sizeof(when));
    report_object(r, NULL);
    report_text(r, "time", when);
    report_text(r, "mechanism", mechanism_name(s->mechanism));
    report_text(r, "relation", relation_names[s->relation]);
    report_number(r, "clip", s->clip);
    report_number(r, "mu", s->mu);
    report_number(r, "epsilon", s->epsilon);
    report_number(r, "delta", s->delta);
    report_end(r);
}

static void put_account(struct report *r, const struct ledger_account *a)
{
    report_count(r, "count", a->releases);
    report_text(r, "relation", relation_names[a->relation]);
    report_number(r, "mu", a->mu);
    report_number(r, "epsilon", a->epsilon);
    report_number(r, "delta", a->delta);
    report_number(r, "naive_epsilon", a->naive_epsilon);
    report_number(r, "naive_delta", a->naive_delta);
    if (!(a->budget.epsilon > 0)) {
        report_null(r, "budget");
        return;
    }
    report_object(r, "budget");
    report_number(r, "epsilon", a->budget.epsilon);
    report_number(r, "delta", a->budget.delta);
    report_number(r, "epsilon_left", a->epsilon_left);
    report_number(r, "mu_left", a->mu_left);
    report_end(r);
}

void pricing_put_ledger(struct report *r, const struct ledger *l, const char *dataset)
{
    report_array(r, "datasets");
    for (size_t i = 0; i < l->n; i++) {
        if (!first(l, i, dataset))
            continue;
        struct ledger_account a = account(l, i);
        report_object(r, NULL);
        report_text(r, "dataset", l->spends[i].dataset);
        put_account(r, &a);
        report_array(r, "spends");
        for (size_t j = i; j < l->n; j++)
            if (!strcmp(l->spends[j].dataset, l->spends[i].dataset))
                put_spend(r, &l->spends[j]);
        report_end(r);
        report_end(r);
    }
    report_end(r);
    if (l->damaged)
        report_count(r, "damaged_line", l->damaged);
    else
        report_null(r, "damaged_line");
}
