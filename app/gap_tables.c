#include "gap_tables.h"

#include "simulation.h"

#include <math.h>

enum { RUNS = 40, SIDE = 256 };

void gap_put_mark(struct report *r)
{
    report_bool(r, "private", false);
    report_text(r, "note", SIMULATION_MARK);
}

void gap_put_band(struct report *r, const char *key, const struct monte_carlo_band *b)
{
    report_object(r, key);
    report_number(r, "rms", b->rms);
    report_number(r, "rms_error", b->rms_error);
    report_number(r, "mean", b->mean);
    report_number(r, "low", b->low);
    report_number(r, "high", b->high);
    report_end(r);
}

static size_t runs_of(const struct options *o)
{
    return options_given(o, "runs") ? (size_t)o->gaps.runs : RUNS;
}

/* ---- mechanisms ---- */

static void put_table(struct report *r, const struct utility_table *t)
{
    report_object(r, "table");
    report_count(r, "d", t->d);
    report_count(r, "k", t->k);
    report_count(r, "runs", t->runs);
    report_array(r, "gaps");
    for (size_t g = 0; g < UTILITY_GAPS; g++) {
        report_object(r, NULL);
        report_number(r, "paper_gaps", t->gaps[g]);
        for (size_t x = 0; x < PERTURBED_COUNT; x++)
            gap_put_band(r, perturbed_names[x], &t->rms[g][x]);
        report_object(r, "first_order");
        for (size_t x = 0; x < PERTURBED_COUNT; x++)
            report_number(r, perturbed_names[x], t->first_order[g][x]);
        report_end(r);
        report_object(r, "spikes");
        for (size_t x = 0; x < PERTURBED_COUNT; x++)
            report_number(r, perturbed_names[x], t->spikes[g][x]);
        report_end(r);
        report_end(r);
    }
    report_end(r);
    report_end(r);
}

static void print_number(FILE *out, double x)
{
    if (isfinite(x))
        fprintf(out, "  %9.2f", x);
    else
        fprintf(out, "  %9s", "-");
}

static void print_table(FILE *out, const struct utility_table *t)
{
    fprintf(out,
            "||X - M_k||, root mean square of %zu runs; d = %zu, k = %zu equal eigenvalues over "
            "zeros, T = 1\n",
            t->runs, t->d, t->k);
    fprintf(out, "  %-8s", "");
    for (size_t g = 0; g < UTILITY_GAPS; g++)
        fprintf(out, "  gap %gx: drawn         first      spike", t->gaps[g]);
    fprintf(out, "\n");
    for (size_t x = 0; x < PERTURBED_COUNT; x++) {
        fprintf(out, "  %-8s", perturbed_names[x]);
        for (size_t g = 0; g < UTILITY_GAPS; g++) {
            fprintf(out, "  %9.2f +- %4.2f", t->rms[g][x].rms, t->rms[g][x].rms_error);
            print_number(out, t->first_order[g][x]);
            print_number(out, t->spikes[g][x]);
        }
        fprintf(out, "\n");
    }
}

/* ---- exponents ---- */

static void put_exponents(struct report *r, size_t side, size_t runs, const struct utility_slope *s)
{
    report_object(r, "exponents");
    report_count(r, "side", side);
    report_count(r, "runs", runs);
    for (size_t e = 0; e < UTILITY_EXPONENTS; e++) {
        report_object(r, utility_exponent_names[e]);
        report_number(r, "slope", s[e].slope);
        report_number(r, "error", s[e].error);
        report_number(r, "target", s[e].target);
        report_number(r, "width", s[e].width);
        report_bool(r, "pass", s[e].pass);
        report_numbers(r, "x", s[e].x, s[e].n);
        report_numbers(r, "rms", s[e].rms, s[e].n);
        report_end(r);
    }
    report_end(r);
}

static void print_exponents(FILE *out, size_t side, size_t runs, const struct utility_slope *s)
{
    fprintf(out, "||Y - M_k|| grows with the power; %zu runs a point, d up to %zu, gaps of 8 %s\n",
            runs, side, "paper gaps and more");
    for (size_t e = 0; e < UTILITY_EXPONENTS; e++)
        fprintf(out, "  %-11s  %6.3f +- %.3f  of %g, within %.2f: %s\n", utility_exponent_names[e],
                s[e].slope, s[e].error, s[e].target, s[e].width, s[e].pass ? "pass" : "FAIL");
}

/* ---- both ---- */

struct tables {
    struct utility_table table;
    struct utility_slope slopes[UTILITY_EXPONENTS];
};

static bool measure(const struct options *o, struct tables *t, struct error *err)
{
    struct engine e = { 0 };
    struct job_share share = { &e.job, 0, o->gaps.exponents ? 0.2 : 1 };
    bool ok = engine_open(o, &e, err);
    struct job part = job_part(&share);
    if (ok && o->gaps.table)
        ok = utility_table(&part, o->common.seed, runs_of(o), &t->table, err);
    share.from = o->gaps.table ? 0.2 : 0;
    share.to = 1;
    part = job_part(&share);
    if (ok && o->gaps.exponents)
        ok = utility_exponents(&part, o->common.seed, SIDE, runs_of(o), t->slopes, err);
    engine_close(&e);
    return ok;
}

bool gap_tables(struct call *c, struct error *err)
{
    struct tables t = { 0 };
    const struct options *o = &c->o;
    if (runs_of(o) < 2)
        return fail(err, ERROR_USAGE, "gaps: --runs: a table takes 2 at least");
    if (!measure(o, &t, err))
        return false;
    if (!o->common.json) {
        fprintf(c->out, "%s\n", SIMULATION_MARK);
        if (o->gaps.table)
            print_table(c->out, &t.table);
        if (o->gaps.exponents)
            print_exponents(c->out, SIDE, runs_of(o), t.slopes);
        return true;
    }
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    gap_put_mark(r);
    if (o->gaps.table)
        put_table(r, &t.table);
    if (o->gaps.exponents)
        put_exponents(r, SIDE, runs_of(o), t.slopes);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}
