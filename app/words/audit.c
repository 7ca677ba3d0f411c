/* audit: tries to break the promise of `private`, by the code that makes its releases. */
#include "audit.h"

#include "blas.h"
#include "cli.h"
#include "crew.h"
#include "progress.h"
#include "report.h"

#include <math.h>

enum { PIECE = 250 }; /* samples of either side */

/* One pair of neighbours, on its way. */
struct trial {
    struct audit_case pair;
    struct audit_samples samples;
    struct audit_finding found;
    size_t number;
};

static bool draw(void *context, size_t i, struct error *err)
{
    struct trial *t = context;
    size_t first = i * PIECE, left = t->samples.n - first;
    return audit_draw(&t->pair, &t->samples, first, left < PIECE ? left : PIECE, &cli_cancel, err);
}

static void show(void *context, double done, const char *stage)
{
    const struct trial *t = context;
    progress_show(NULL, ((double)t->number + done) / AUDIT_CANARIES, stage);
}

static bool try(struct trial *t, const struct options *o, struct error *err)
{
    const struct release_terms terms = { .mechanism = (enum mechanism)o->audit.mechanism,
                                         .relation = (enum relation)o->audit.relation,
                                         .epsilon = o->audit.epsilon,
                                         .delta = o->audit.delta,
                                         .clip = 1,
                                         .rank = AUDIT_RANK,
                                         .dataset = "audit" };
    size_t n = (size_t)o->audit.samples;
    struct crew_work work = { .piece = draw,
                              .context = t,
                              .pieces = (n + PIECE - 1) / PIECE,
                              .cancel = &cli_cancel,
                              .progress = show,
                              .stage = audit_canary_names[t->number] };
    bool ok = audit_case((enum audit_canary)t->number, &terms, &t->pair, err) &&
              audit_samples_init(&t->samples, n, err) && crew_run(o->common.threads, &work, err);
    if (ok)
        t->found = audit_judge(&t->pair, &t->samples);
    audit_samples_finish(&t->samples);
    return ok;
}

static void put_side(struct report *r, const char *key, struct excess e, double epsilon)
{
    report_object(r, key);
    report_number(r, "delta", e.delta);
    report_number(r, "standard_error", e.error);
    report_number(r, "epsilon_at_least", epsilon);
    report_end(r);
}

static bool print_json(struct call *c, const struct trial *t, enum audit_verdict all,
                       struct error *err)
{
    const struct release_terms *terms = &t->pair.terms;
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_number(r, "epsilon", terms->epsilon);
    report_number(r, "delta", terms->delta);
    report_text(r, "relation", relation_names[terms->relation]);
    report_text(r, "mechanism", mechanism_name(terms->mechanism));
    report_number(r, "mu", t->pair.price.mu);
    report_number(r, "sigma", t->pair.price.deviation);
    report_count(r, "samples", (uint64_t)c->o.audit.samples);
    report_array(r, "canaries");
    for (size_t i = 0; i < AUDIT_CANARIES; i++) {
        const struct audit_finding *f = &t[i].found;
        report_object(r, NULL);
        report_text(r, "name", audit_canary_names[i]);
        report_number(r, "mu_expected", t[i].pair.expected);
        report_number(r, "mu", f->apart.mu);
        report_number(r, "standard_error", f->apart.error);
        put_side(r, "matrix", f->noisy, f->epsilon[0]);
        put_side(r, "output", f->output, f->epsilon[1]);
        report_text(r, "verdict", audit_verdict_names[f->verdict]);
        report_end(r);
    }
    report_end(r);
    report_text(r, "verdict", audit_verdict_names[all]);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

static void print_text(struct call *c, const struct trial *t, enum audit_verdict all)
{
    static const char *const verdicts[] = {
        [AUDIT_KEPT] = "kept: nothing was found, which is no proof",
        [AUDIT_BROKEN] = "BROKEN: less noise than was promised",
        [AUDIT_EXCESS] = "kept, but with more noise than it needs",
    };
    const struct release_terms *terms = &t->pair.terms;
    fprintf(c->out,
            "releases of neighbours, %d of each (%d x %d, rank %d): epsilon %g, delta %g, %s, %s\n"
            "  %-14s  %8s  %17s  %-17s  %-17s  %s\n",
            c->o.audit.samples, AUDIT_SIDE, AUDIT_SIDE, AUDIT_RANK, terms->epsilon, terms->delta,
            relation_names[terms->relation], mechanism_name(terms->mechanism), "neighbours differ",
            "mu", "found", "delta of matrix", "delta of output", "epsilon at least");
    for (size_t i = 0; i < AUDIT_CANARIES; i++) {
        const struct audit_finding *f = &t[i].found;
        fprintf(c->out, "  %-17s  %8.5f  %8.5f +- %.5f  %.5f +- %.5f  %.5f +- %.5f  %.3f, %.3f\n",
                audit_canary_names[i], t[i].pair.expected, f->apart.mu, f->apart.error,
                f->noisy.delta, f->noisy.error, f->output.delta, f->output.error, f->epsilon[0],
                f->epsilon[1]);
    }
    double blind = 0;
    for (size_t i = 0; i < AUDIT_CANARIES; i++)
        blind = fmax(blind, t[i].found.blind);
    fprintf(
        c->out,
        "  the promise is %s\n"
        "  with so many releases noise too small by less than %.0f%% is missed; see --samples\n",
        verdicts[all], 100 * blind);
}

bool audit_word(struct call *c, struct error *err)
{
    struct trial trials[AUDIT_CANARIES] = { 0 };
    enum audit_verdict all = AUDIT_KEPT;
    bool ok = true;
    blas_threads(1); /* matrices of 8 x 8, on threads of our own */
    progress_start(c->o.common.quiet);
    for (size_t i = 0; ok && i < AUDIT_CANARIES; i++) {
        trials[i].number = i;
        ok = try(&trials[i], &c->o, err);
        if (trials[i].found.verdict && all != AUDIT_BROKEN)
            all = trials[i].found.verdict;
    }
    progress_end();
    if (ok && c->o.common.json)
        ok = print_json(c, trials, all, err);
    else if (ok)
        print_text(c, trials, all);
    if (!ok || all == AUDIT_KEPT)
        return ok;
    return cli_flush(c, err) && fail(err, ERROR_DEVICE,
                                     "audit: the promise of `private` is not kept "
                                     "as it is priced: %s",
                                     audit_verdict_names[all]);
}
