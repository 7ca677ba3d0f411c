/* private: a release of a covariance. It shows the price, asks, spends, draws, writes; nothing that it
 * prints or fails with depends on the data but what was paid for. */
#include "cli.h"
#include "dataset.h"
#include "perturbation.h"
#include "pricing.h"
#include "release.h"
#include "release_rows.h"
#include "state.h"
#include "unwritten.h"
#include "wipe.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = RELEASE_SIDE, PATH_MOST = 4096 };

/* What is asked for, where it is written down, and how that stands without it and with it. */
struct deal {
    struct release_terms terms;
    struct price_terms price_terms;
    struct price price;
    double *centre; /* owned */
    char path[PATH_MOST];
    struct ledger_account before, after;
    struct selection selection;
};

static void finish(struct deal *d)
{
    free(d->centre);
    selection_finish(&d->selection);
}

/* "X,X": numbers up to `most`; hands back how many, 0: none or something else. */
static size_t read_numbers(const char *text, double *out, size_t most)
{
    for (size_t n = 0; n < most;) {
        char *end;
        out[n] = strtod(text, &end);
        if (end == text || !(out[n] - out[n] == 0) || (*end && *end != ','))
            return 0;
        n++;
        if (!*end)
            return n;
        text = end + 1;
    }
    return 0;
}

static bool read_budget(const char *text, struct ledger_budget *out, struct error *err)
{
    double x[2];
    if (!text)
        return true;
    if (read_numbers(text, x, 2) != 2 || !gdp_check(x[0], x[1], 1, &(struct error){ 0 }))
        return fail(err, ERROR_USAGE,
                    "private: --budget: '%.60s' is no epsilon and delta like 3,1e-6", text);
    *out = (struct ledger_budget){ x[0], x[1] };
    return true;
}

static bool settle(struct deal *d, const struct options *o, struct error *err)
{
    const struct private_flags *f = &o->private;
    struct release_price price;
    d->terms = (struct release_terms){
        .mechanism = (enum mechanism)f->mechanism,
        .relation = (enum relation)f->relation,
        .epsilon = f->epsilon,
        .delta = f->delta,
        .clip = f->clip,
        .rank = (size_t)f->rank,
        .form = (enum mechanism_form)f->form,
        .shrink = f->shrink,
        .clamp = f->clamp,
        .bits = (unsigned)f->bits,
        .dataset = o->dataset ? o->dataset : "",
    };
    d->price_terms = (struct price_terms){ d->terms.mechanism, d->terms.relation, f->epsilon,
                                           f->delta, f->clip };
    return price_of(&d->price_terms, &d->price, err) &&
           read_budget(o->budget, &d->terms.budget, err) &&
           (f->price || release_price(&d->terms, &price, err));
}

static bool tell_price(struct call *c, const struct deal *d, struct error *err)
{
    if (!c->o.common.json) {
        fputs("a release of a covariance, whatever the data\n", c->out);
        pricing_print(&d->price_terms, &d->price, c->out);
        return true;
    }
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    pricing_put(r, &d->price_terms, &d->price);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

static bool tell_ledger(struct call *c, struct error *err)
{
    char path[PATH_MOST];
    struct ledger l = { 0 };
    struct error plain;
    bool ok = state_path("ledger", false, path, sizeof(path), err) && ledger_read(path, &l, err);
    struct report *r = ok && c->o.common.json ? report_create() : NULL;
    if (ok && r) {
        report_text(r, "path", path);
        pricing_put_ledger(r, &l, c->o.dataset);
        ok = report_print(r, c->out, err);
    } else if (ok && c->o.common.json) {
        ok = fail(err, ERROR_MEMORY, "out of memory");
    } else if (ok) {
        fprintf(c->out, "%s: %zu release%s\n", report_plain(path, &plain), l.n,
                l.n == 1 ? "" : "s");
        pricing_ledger(&l, c->o.dataset, c->out);
    }
    report_destroy(r);
    ledger_finish(&l);
    return ok;
}

/* One number for all columns, or one for each. */
static bool read_centre(struct deal *d, const char *text, struct error *err)
{
    size_t cols = d->selection.cols;
    if (!text)
        return true;
    d->centre = calloc(cols + 1, sizeof(double));
    if (!d->centre)
        return fail(err, ERROR_MEMORY, "out of memory");
    size_t n = read_numbers(text, d->centre, cols);
    if (n != 1 && n != cols)
        return fail(err, ERROR_USAGE,
                    "private: --centre: one number, or %zu with commas between them", cols);
    for (size_t i = n; i < cols; i++)
        d->centre[i] = d->centre[0];
    d->terms.centre = d->centre;
    return true;
}

/* The file's shape and the output's place: nothing of its entries. */
static bool look(struct deal *d, const struct options *o, struct error *err)
{
    struct selection *s = &d->selection;
    struct error why = { 0 };
    if (!o->n)
        return fail(err, ERROR_USAGE, "private: which FILE? (--price tells what a release costs)");
    if (!o->dataset || !*o->dataset || strlen(o->dataset) >= NAME_TEXT)
        return fail(err, ERROR_USAGE,
                    "private: --dataset NAME, up to %d bytes: the ledger's name for these people",
                    NAME_TEXT - 1);
    if (!dataset_check(o->dataset, err))
        return false;
    if (!selection_open(o->arguments[0], PLANES_RGB, s, &why))
        return why.code == ERROR_READ || why.code == ERROR_USAGE
                   ? fail(err, why.code, "%s", why.text)
                   : release_rows_refuse(&why, err);
    if (s->n != 1)
        return fail(err, ERROR_USAGE, "private: takes one matrix, a row a person; %.120s has %zu",
                    o->arguments[0], s->n);
    const char *world = document_fact(s->document, "eigenscope.world");
    if (world && !strcmp(world, "release"))
        return fail(err, ERROR_USAGE,
                    "private: %.120s is a release already: what is made of it is free; which are "
                    "the rows of people?",
                    o->arguments[0]);
    if (options_given(o, "rank") && d->terms.rank > s->cols)
        return fail(err, ERROR_USAGE, "private: --rank %zu: there are %zu columns", d->terms.rank,
                    s->cols);
    if (s->cols > COLUMNS)
        return fail(err, ERROR_LIMIT, "%zu columns, at most %d", s->cols, COLUMNS);
    return (!o->output || release_fits(o->output, err)) &&
           cli_output_ok(o, false, (const char(*)[NAME_TEXT])s->names, 1, err) &&
           read_centre(d, o->centre, err);
}

/* Whether it fits, as far as can be seen without the ledger's lock; release_make looks again. */
static bool reckon(struct deal *d, struct error *err)
{
    struct ledger l = { 0 };
    struct ledger_spend spend = { .mechanism = d->terms.mechanism,
                                  .relation = d->terms.relation,
                                  .clip = d->terms.clip,
                                  .mu = d->price.mu,
                                  .epsilon = d->terms.epsilon,
                                  .delta = d->terms.delta,
                                  .budget = d->terms.budget };
    snprintf(spend.dataset, sizeof(spend.dataset), "%s", d->terms.dataset);
    bool ok = state_path("ledger", false, d->path, sizeof(d->path), err) &&
              ledger_read(d->path, &l, err) &&
              (!l.damaged ||
               fail(err, ERROR_FORMAT, "%s: line %zu: %s", d->path, l.damaged, l.why));
    if (ok) {
        ledger_account(&l, d->terms.dataset, NULL, d->terms.delta, &d->before);
        ledger_account(&l, d->terms.dataset, &spend, d->terms.delta, &d->after);
    }
    ledger_finish(&l);
    const struct ledger_account *a = &d->after;
    if (!ok || !a->over)
        return ok;
    return fail(err, ERROR_LIMIT,
                "over the budget: with this release epsilon %.5g would be spent, %.5g are allowed "
                "and %.5g are spent at delta %g. Nothing was spent",
                a->epsilon, a->budget.epsilon, gdp_epsilon(d->before.mu, a->delta), a->delta);
}

/* Nobody who is there sees that more is allowed from now on. */
static bool may_raise(const struct deal *d, const struct options *o, struct error *err)
{
    const struct ledger_account *a = &d->after;
    if (!o->private.yes || o->private.raise_budget || !(a->raised_from.epsilon > 0))
        return true;
    return fail(err, ERROR_USAGE,
                "private: that raises the budget from epsilon %g at delta %g to %g at %g; with "
                "--yes it takes --raise-budget",
                a->raised_from.epsilon, a->raised_from.delta, a->budget.epsilon, a->budget.delta);
}

/* Another program holds the ledger. */
static void waiting(const char *path)
{
    struct error plain;
    cli_note("waiting for %s, which another program has locked", report_plain(path, &plain));
}

static void tell_deal(const struct deal *d, const struct options *o, FILE *out)
{
    struct error plain;
    fprintf(out, "a private release of %s: %zu columns, a row a person\n",
            report_plain(o->arguments[0], &plain), d->selection.cols);
    pricing_print(&d->price_terms, &d->price, out);
    /* under the other relation the number of rows is nobody's business */
    if (d->terms.relation == RELATION_REPLACE && d->terms.delta * (double)d->selection.rows >= 1)
        fputs("  note       delta is not below one over the number of rows: that much publishes "
              "rows\n",
              out);
    pricing_account(d->terms.dataset, &d->before, &d->after, out);
    fprintf(out, "  ledger     %s\n", report_plain(d->path, &plain));
    if (!o->output)
        fputs("  output     none: only eigenvalues will be told (-o keeps the matrix)\n", out);
}

/* A word, typed: a key pressed by accident spends nothing. */
static bool agreed(const struct deal *d, const struct options *o, struct error *err)
{
    char answer[32] = "";
    if (o->private.yes)
        return true;
    if (!isatty(STDIN_FILENO))
        return fail(err, ERROR_USAGE,
                    "private: it asks before it spends, and nobody is there; --yes spends");
    tell_deal(d, o, stderr);
    fputs("Type \"spend\" to spend this: ", stderr);
    if (fgets(answer, sizeof(answer), stdin) && !strcmp(answer, "spend\n"))
        return true;
    return fail(err, ERROR_CANCELLED, "private: nothing was spent");
}

/* What was paid for is not lost with its place: then it lies beside the ledger. */
static bool keep(const struct release *r, const char *path, struct sink *to, struct error *err)
{
    char other[PATH_MOST];
    struct error why, plain;
    if (release_commit(r, path, to, &why))
        return true;
    if (unwritten_keep(r, other, sizeof(other)))
        cli_note("what was paid for lies in %s", report_plain(other, &plain));
    return fail(err, why.code, "%s; what was paid stays paid", why.text);
}

/* From here to the end of the release a signal ends it before the spend or not at all. The output has its
 * room before. written: false where that failed nevertheless, and *err says how. */
static bool release(struct deal *d, const struct options *o, struct release *out, bool *written,
                    struct error *err)
{
    struct engine e = { 0 };
    struct release_rows rows = { 0 };
    struct sink *to = NULL;
    bool ok = engine_open(o, &e, err) && release_rows_read(&d->selection, &rows, err);
    cli_hold(true);
    ok = ok && state_path("ledger", true, d->path, sizeof(d->path), err) &&
         (!o->output || (to = release_create(o->output, d->terms.mechanism, d->selection.cols,
                                             o->common.force, err)));
    bool made = ok && release_make(&e.job, rows.view, &d->terms, d->path, out, err);
    release_rows_finish(&rows);
    if (!made)
        sink_abandon(to);
    *written = made && (!to || keep(out, o->output, to, err));
    if (made)
        atomic_store(&cli_cancel, false); /* it came too late */
    cli_hold(false);
    engine_close(&e);
    return made;
}

static bool print_json(struct call *c, const struct release *x, struct error *err)
{
    const struct ledger_account *a = &x->account;
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_object(r, "released");
    report_numbers(r, "eigenvalues", x->draw.values, x->d);
    report_count(r, "rank", x->draw.rank);
    report_end(r);
    report_number(r, "epsilon", x->epsilon);
    report_number(r, "delta", x->delta);
    report_number(r, "mu", x->mu);
    report_number(r, "sigma", x->deviation);
    report_text(r, "relation", relation_names[x->relation]);
    report_number(r, "clip", x->clip);
    report_text(r, "mechanism", mechanism_name(x->mechanism));
    report_text(r, "dataset", x->dataset);
    report_object(r, "ledger");
    const double numbers[2][3] = { { x->epsilon, x->delta, x->mu },
                                   { a->epsilon, a->delta, a->mu } };
    for (int i = 0; i < 2; i++) {
        report_object(r, i ? "total" : "spent");
        report_number(r, "epsilon", numbers[i][0]);
        report_number(r, "delta", numbers[i][1]);
        report_number(r, "mu", numbers[i][2]);
        report_end(r);
    }
    if (a->budget.epsilon > 0) {
        report_object(r, "budget");
        report_number(r, "epsilon", a->budget.epsilon);
        report_number(r, "delta", a->budget.delta);
        if (a->raised_from.epsilon > 0) {
            report_object(r, "raised_from");
            report_number(r, "epsilon", a->raised_from.epsilon);
            report_number(r, "delta", a->raised_from.delta);
            report_end(r);
        }
        report_end(r);
    } else {
        report_null(r, "budget");
    }
    report_end(r);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

/* Of what was released alone: how many eigenvalues noise would not have (its semicircle's edge). */
static void tell_edge(const struct release *x, FILE *out)
{
    enum field field = x->mechanism == MECHANISM_COMPLEX ? FIELD_COMPLEX : FIELD_REAL;
    double edge = perturbation_edge(field, x->deviation, x->d);
    size_t above = 0;
    while (above < x->d && x->draw.values[above] > edge)
        above++;
    fprintf(out, "  noise      reaches to %.5g: %zu eigenvalue%s above it%s\n", edge, above,
            above == 1 ? " is" : "s are", above < x->rank ? ", fewer than the rank" : "");
}

static void print_text(struct call *c, const struct deal *d, const struct release *x, bool written)
{
    enum { SHOWN = 8 };
    struct error plain;
    if (c->o.private.yes)
        tell_deal(d, &c->o, c->out);
    fprintf(c->out, "released: %zu x %zu of rank %zu; noisy eigenvalues", x->d, x->d, x->draw.rank);
    for (size_t i = 0; i < x->d && i < SHOWN; i++)
        fprintf(c->out, " %.5g", x->draw.values[i]);
    fprintf(c->out, "%s\n", x->d > SHOWN ? " ..." : "");
    tell_edge(x, c->out);
    pricing_account(x->dataset, NULL, &x->account, c->out);
    if (c->o.output && written)
        fprintf(c->out, "  wrote      %s\n", report_plain(c->o.output, &plain));
}

bool private_word(struct call *c, struct error *err)
{
    struct deal d = { 0 };
    struct release x = { 0 };
    if (c->o.private.ledger)
        return tell_ledger(c, err);
    bool ok = settle(&d, &c->o, err) && (c->o.private.price || wipe_guard(err));
    if (ok && c->o.private.price)
        return tell_price(c, &d, err);
    bool written = false;
    ledger_waits = waiting;
    ok = ok && look(&d, &c->o, err) && reckon(&d, err) && may_raise(&d, &c->o, err) &&
         agreed(&d, &c->o, err) && release(&d, &c->o, &x, &written, err);
    if (ok && c->o.common.json)
        ok = print_json(c, &x, written ? err : &(struct error){ 0 });
    else if (ok)
        print_text(c, &d, &x, written);
    if (ok && !written) /* what was paid for is told all the same */
        cli_flush(c, &(struct error){ 0 });
    release_finish(&x);
    finish(&d);
    return ok && written;
}
