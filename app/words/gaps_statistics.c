/* gaps --statistics: what the gaps between eigenvalues of noise are like, measured. */
#include "cli.h"
#include "gap_draws.h"
#include "memory.h"
#include "report.h"
#include "spacing.h"

#include <math.h>

static const char *const field_names[] = { [FIELD_REAL] = "real", [FIELD_COMPLEX] = "complex" };

/* One field's draws. */
struct table {
    struct gap_statistics *g;
    unsigned long on_device;
};

static bool draw(struct engine *e, struct job *job, const struct options *o, enum field field,
                 struct table *out, struct error *err)
{
    const struct statistics_flags *f = &o->statistics;
    out->g = memory_alloc(sizeof(*out->g), err);
    if (!out->g)
        return false;
    gap_statistics_init(out->g, field, (size_t)f->side, sqrt(2)); /* T = 1 */
    backend_counts_reset(e->backend);
    bool ok = gap_draws_add(job, (enum gap_source)f->source, o->common.seed, 0, (size_t)f->draws,
                            out->g, err);
    out->on_device = backend_counts(e->backend).device[OP_EIGEN];
    return ok;
}

/* The distribution of spacings over their mean, with its law for small ones and the surmise. */
static void put_shares(struct report *r, const struct gap_statistics *g)
{
    report_array(r, "spacings_below");
    for (double step = 1. / 32; step < 4; step *= 2)
        for (double x = step; x < 2 * step && x <= 2; x += step / 2) {
            report_object(r, NULL);
            report_number(r, "spacing", x);
            report_number(r, "share", gap_statistics_share(g, x));
            report_number(r, "law", spacing_small(g->field, x));
            report_number(r, "surmise", spacing_surmise(g->field, x));
            report_end(r);
        }
    report_end(r);
}

static void put(struct report *r, const struct options *o, const struct table *t)
{
    report_object(r, NULL);
    report_text(r, "field", field_names[t->g->field]);
    report_count(r, "side", t->g->d);
    report_count(r, "draws", t->g->spectra);
    report_text(r, "source", gap_source_names[o->statistics.source]);
    report_count(r, "spacings", t->g->spacings);
    report_count(r, "dispatches", t->on_device);
    report_array(r, "readings");
    for (int i = 0; i < GAP_READINGS; i++) {
        struct gap_reading x = gap_statistics_read(t->g, (enum gap_reading_kind)i);
        report_object(r, NULL);
        report_text(r, "name", x.name);
        report_number(r, "value", x.value);
        report_number(r, "error", x.error);
        report_number(r, "target", x.target);
        report_number(r, "low", x.low);
        report_number(r, "high", x.high);
        report_text(r, "mark", gap_mark_names[x.mark]);
        report_text(r, "source", x.source);
        report_end(r);
    }
    report_end(r);
    put_shares(r, t->g);
    report_end(r);
}

static bool print_json(struct call *c, const struct table *t, size_t n, struct error *err)
{
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_bool(r, "private", false);
    report_text(r, "note", "simulated, not private");
    report_count(r, "seed", c->o.common.seed);
    report_array(r, "statistics");
    for (size_t i = 0; i < n; i++)
        put(r, &c->o, &t[i]);
    report_end(r);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

/* A number, or what stands for one that there is not. */
static void cell(FILE *out, int width, double value, const char *none)
{
    if (isnan(value))
        fprintf(out, " %*s", width, none);
    else
        fprintf(out, " %*.4f", width, value);
}

static void print_text(FILE *out, const struct options *o, const struct table *t)
{
    const struct gap_statistics *g = t->g;
    fprintf(out, "%s noise: %llu spectra of side %zu, %s; simulated, not private\n",
            field_names[g->field], (unsigned long long)g->spectra, g->d,
            gap_source_names[o->statistics.source]);
    fprintf(out, "  %-30s %9s %7s %9s %17s  mark\n", "", "measured", "+-", "target", "passes");
    for (int i = 0; i < GAP_READINGS; i++) {
        struct gap_reading x = gap_statistics_read(g, (enum gap_reading_kind)i);
        fprintf(out, "  %-30s", x.name);
        cell(out, 9, x.value, "-");
        cell(out, 7, x.error, "-");
        cell(out, 9, x.target, "-");
        cell(out, 7, x.low, "");
        fputs(isnan(x.low) && isnan(x.high) ? "   " : " ..", out);
        cell(out, 6, x.high, "");
        fprintf(out, "  %s\n", gap_mark_names[x.mark]);
    }
}

bool gaps_statistics_word(struct call *c, struct error *err)
{
    struct engine e = { 0 };
    struct table t[2] = { 0 };
    int asked = c->o.statistics.field;
    size_t n = 0, fields = asked ? 1 : 2;
    struct job_share share = { &e.job, 0, 0 };
    if (!c->o.statistics.statistics)
        return fail(err, ERROR_USAGE, "gaps: nothing is asked for: --statistics");
    bool ok = engine_open(&c->o, &e, err);
    for (int f = FIELD_REAL; ok && f <= FIELD_COMPLEX; f++) {
        if (asked && asked != f)
            continue;
        share.from = share.to;
        share.to = (double)(n + 1) / (double)fields;
        struct job part = job_part(&share);
        ok = draw(&e, &part, &c->o, (enum field)f, &t[n++], err);
    }
    engine_close(&e);
    if (ok && c->o.common.json)
        ok = print_json(c, t, n, err);
    for (size_t i = 0; ok && !c->o.common.json && i < n; i++)
        print_text(c->out, &c->o, &t[i]);
    memory_free(t[0].g);
    memory_free(t[1].g);
    return ok;
}
