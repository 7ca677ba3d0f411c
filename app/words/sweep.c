/* sweep: one row per setting, as soon as it is measured. */
#include "csv.h"
#include "progress.h"
#include "report.h"
#include "simulated.h"
#include "sink.h"
#include "trial.h"
#include "variation.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct sweeping {
    struct call *call;
    struct trial t;
    struct variation v;
    struct sink *sink; /* owned; NULL: standard output */
    size_t now, failed;
    struct error last; /* why the last failed setting did */
};

static void put_number(FILE *out, double value)
{
    fputc(',', out);
    csv_number(out, value);
}

static void put_header(FILE *out, const struct method *m)
{
    fputs("method,file", out);
    for (size_t i = 0; i < m->params.n; i++)
        fprintf(out, ",%s", m->params.rows[i].key);
    fputs(",relative_error,optimal_error,bound,bits_paper,bits_true,bits_per_entry_paper,"
          "bits_per_entry_true,bytes,seconds,psnr_db,ssim,error",
          out);
    fputs(m->simulated ? ",distance,gap,private\r\n" : "\r\n", out);
}

static void put_end(FILE *out, const struct account *a, bool done)
{
    if (a->method->simulated) {
        put_number(out, done ? a->simulated.distance : nan(""));
        put_number(out, done ? a->simulated.gap : nan(""));
        fputs("," SIMULATION_MARK, out);
    }
    fputs("\r\n", out);
}

static void put_row(FILE *out, const struct account *a, const struct error *why)
{
    const struct account_line *x = &a->total;
    csv_text(out, a->method->name);
    fputc(',', out);
    csv_text(out, a->options->arguments[0]);
    for (size_t i = 0; i < a->method->params.n; i++) {
        char value[64];
        param_format(&a->method->params.rows[i], a->params.bytes, value, sizeof(value));
        fprintf(out, ",%s", value);
    }
    if (why) {
        fputs(",,,,,,,,,,,,", out);
        csv_text(out, why->text);
        put_end(out, a, false);
        return;
    }
    put_number(out, x->error);
    put_number(out, x->optimal);
    put_number(out, x->bound);
    fprintf(out, ",%" PRIu64 ",%" PRIu64, x->bits_paper, x->bits_true);
    put_number(out, (double)x->bits_paper / (double)x->entries);
    put_number(out, (double)x->bits_true / (double)x->entries);
    fprintf(out, ",%" PRIu64, x->bytes);
    put_number(out, x->seconds);
    put_number(out, x->psnr);
    put_number(out, x->ssim);
    fputc(',', out);
    put_end(out, a, true);
}

/* The object that `run --json` prints; of a setting that failed its params and why. */
static bool put_object(FILE *out, const struct account *a, const struct error *why,
                       struct error *err)
{
    if (!why)
        return account_json(a, out, err);
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    report_text(r, "version", EIGENSCOPE_VERSION);
    report_text(r, "method", a->method->name);
    report_text(r, "file", a->options->arguments[0]);
    simulated_put(r, a, false);
    account_params(r, a->method, &a->params);
    report_text(r, "error", why->text);
    bool ok = report_print(r, out, err);
    report_destroy(r);
    return ok;
}

/* What was printed goes where it can be read, now. */
static bool hand_on(struct sweeping *s, struct error *err)
{
    if (!s->sink)
        return cli_flush(s->call, err);
    char *text;
    size_t n;
    if (!cli_take(s->call, &text, &n, err))
        return false;
    return sink_write(s->sink, text, n, err) && sink_keep(s->sink, err);
}

static bool print_row(struct sweeping *s, const struct error *why, struct error *err)
{
    FILE *out = s->call->out;
    if (s->call->o.common.json && !put_object(out, &s->t.a, why, err))
        return false;
    if (!s->call->o.common.json)
        put_row(out, &s->t.a, why);
    progress_end();
    return hand_on(s, err);
}

static void on_progress(void *context, double done, const char *stage)
{
    const struct sweeping *s = context;
    progress_show(NULL, ((double)s->now + done) / (double)s->v.settings, stage);
}

static bool measure(struct trial *t, const struct params_any *params, bool rank_is_set,
                    struct error *err)
{
    t->a.params = *params;
    trial_note(t);
    return trial_settle(t, rank_is_set, err) && trial_fits(t, err) && trial_run(t, err) &&
           trial_account(t, err);
}

/* One setting. That it cannot be run is a row, too. */
static bool run_setting(struct sweeping *s, struct error *err)
{
    const struct options *o = &s->call->o;
    const struct param *rank = param_find(&o->method->params, "rank");
    struct params_any params = o->params;
    struct error why = { 0 };
    variation_put(&s->v, s->now, &params);
    if (measure(&s->t, &params, rank && variation_has(&s->v, rank), &why))
        return print_row(s, NULL, err);
    if (why.code == ERROR_CANCELLED) {
        *err = why;
        return false;
    }
    s->failed++;
    s->last = why;
    return print_row(s, &why, err);
}

static bool run_all(struct sweeping *s, struct error *err)
{
    struct job *job = &s->t.engine.job;
    job->progress = on_progress;
    job->context = s;
    if (!s->call->o.common.json)
        put_header(s->call->out, s->call->o.method);
    for (s->now = 0; s->now < s->v.settings; s->now++)
        if (!run_setting(s, err))
            return false;
    if (s->failed < s->v.settings)
        return true;
    *err = s->last;
    return false;
}

/* Every --vary there is; what it moves no other flag may set. */
static bool read_axes(struct sweeping *s, const struct options *o, struct error *err)
{
    for (size_t i = 0; i < o->n_given; i++)
        if (o->given[i].text && !strcmp(o->given[i].text->name, "vary") &&
            !variation_add(&s->v, o->method, o->given[i].value, err))
            return false;
    if (!s->v.n)
        return fail(err, ERROR_USAGE,
                    "sweep: what is varied? Give --vary FLAG=VALUES, as in --vary "
                    "rank=1:128:*2");
    for (size_t i = 0; i < s->v.n; i++) {
        const char *key = s->v.axes[i].row->key;
        bool size = !strcmp(key, "rank") && o->run.bits_per_entry > 0;
        if (options_given(o, key) && strcmp(key, "seed") != 0)
            return fail(err, ERROR_USAGE, "sweep: --%s is varied; give it once", key);
        if (size)
            return fail(err, ERROR_USAGE,
                        "sweep: --vary rank and --bits-per-entry both decide the rank");
    }
    return true;
}

bool sweep_word(struct call *c, struct error *err)
{
    struct sweeping s = { .call = c };
    struct options plain = c->o;
    plain.output = NULL; /* rows are written there, not a result */
    s.t.a.method = c->o.method;
    bool ok = read_axes(&s, &c->o, err) && trial_open(&s.t, &plain, err);
    ok = ok &&
         (!c->o.output || (s.sink = sink_create(c->o.output, c->o.common.force, 0, err)) != NULL);
    ok = ok && trial_read(&s.t, err) && trial_decompose(&s.t, err) && run_all(&s, err);
    bool keep = ok || (err->code == ERROR_CANCELLED && s.now > 0);
    struct error unused;
    if (s.sink && keep)
        ok = sink_commit(s.sink, ok ? err : &unused) && ok;
    else
        sink_abandon(s.sink);
    variation_finish(&s.v);
    trial_close(&s.t);
    return ok;
}
