/* solve: the cheapest setting that meets a goal, of one method or of all. */
#include "goal.h"
#include "likeness.h"
#include "memory.h"
#include "progress.h"
#include "registry.h"
#include "report.h"
#include "spectrum.h"
#include "trial.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPECTRUM_SIDE = 2048
}; /* larger matrices are searched without what their spectrum excludes */

/* What one method has to say. */
struct reply {
    const struct method *method;
    const struct param *axis;
    struct goal_answer answer;
    struct account a;
    char words[512]; /* the answer in a line; or why there is none */
    bool failed;
};

struct solving {
    struct trial t;
    struct goal goal;
    bool bits;
    struct spectrum spectra[SELECTION_MAX];
    double *sigma[SELECTION_MAX]; /* owned; NULL: not computed */
    struct reply *replies;        /* owned */
    size_t n, now;                /* replies; the method that is searched */
};

static bool measure(void *context, const struct params_any *params, struct goal_numbers *out,
                    struct error *err)
{
    struct solving *s = context;
    struct trial *t = &s->t;
    t->a.params = *params;
    if (!trial_fits(t, err) || !trial_run(t, err))
        return false;
    *out = (struct goal_numbers){ .error = t->x.error,
                                  .psnr = (double)NAN,
                                  .ssim = (double)NAN,
                                  .bits = t->x.bits_true,
                                  .entries = t->x.entries };
    if (goal_needs_picture(&s->goal))
        return likeness_measure(&t->s, t->input, &t->x, &out->psnr, &out->ssim, err);
    return s->goal.kind != GOAL_SIZE || trial_size(t, &out->bytes, err);
}

/* The Eckart-Young error of all planes together; NAN where no spectrum was computed. */
static double optimal(void *context, size_t rank)
{
    const struct solving *s = context;
    double tail = 0, norm = 0;
    for (size_t i = 0; i < s->t.s.n; i++) {
        if (!s->sigma[i])
            return (double)NAN;
        tail = hypot(tail, spectrum_tail(&s->spectra[i], rank) * s->spectra[i].norm);
        norm = hypot(norm, s->spectra[i].norm);
    }
    return norm > 0 ? tail / norm : 0;
}

static bool decompose(struct solving *s, struct error *err)
{
    for (size_t i = 0; i < s->t.s.n; i++) {
        struct matrix_view a = s->t.input[i].view;
        size_t n = a.rows < a.cols ? a.rows : a.cols;
        double norm = matrix_norm(a);
        if (n > SPECTRUM_SIDE || !isfinite(norm)) /* the first run says so */
            return true;
        if (!job_step(&s->t.engine.job, 0, "singular values", err))
            return false;
        s->sigma[i] = memory_alloc(n * sizeof(double), err);
        if (!s->sigma[i] || !linalg_singular_values(a, s->sigma[i], err))
            return false;
        s->spectra[i] = (struct spectrum){ s->sigma[i], n, a.rows, a.cols, norm };
    }
    return true;
}

/* Every method counts from 0 to 1; one sees one way through all. */
static void on_progress(void *context, double done, const char *stage)
{
    const struct solving *s = context;
    char line[160];
    snprintf(line, sizeof(line), "%s: %s", s->replies[s->now].method->name, stage);
    progress_show(NULL, ((double)s->now + done) / (double)s->n, line);
}

/* The search; then once more the setting found, as `run` would tell of it. */
static bool solve_one(struct solving *s, struct reply *r, struct error *err)
{
    struct trial *t = &s->t;
    struct job own = t->engine.job, job = own;
    struct budget_shape shapes[SELECTION_MAX];
    trial_shapes(t, shapes);
    job.progress = on_progress;
    job.context = s;
    struct goal_search search = {
        .goal = &s->goal,
        .method = r->method,
        .axis = r->axis,
        .dtype = t->a.dtype,
        .rows = t->s.rows,
        .cols = t->s.cols,
        .planes = t->s.n,
        .shapes = shapes,
        .bits = s->bits,
        .job = &job,
        .measure = measure,
        .optimal = optimal,
        .context = s,
    };
    t->a.method = r->method;
    if (!options_params(t->o, r->method, &search.params, err))
        return false;
    t->engine.job.progress = NULL; /* the search tells how far it is */
    bool ok = goal_solve(&search, &r->answer, err);
    t->a.params = r->answer.best.params;
    ok = ok && trial_run(t, err) && trial_account(t, err);
    t->engine.job = own;
    if (!ok)
        return false;
    r->a = t->a;
    goal_tell(&s->goal, r->method, r->axis, &r->answer, r->words, sizeof(r->words));
    return true;
}

/* The methods asked for; the goal decides what its axis says, so that no flag may. */
static bool list_methods(struct solving *s, struct error *err)
{
    const struct options *o = s->t.o;
    size_t n = 0;
    while (methods[n])
        n++;
    s->replies = memory_alloc(n * sizeof(*s->replies), err);
    for (size_t i = 0; s->replies && i < n; i++) {
        const struct method *m = methods[i];
        const struct param *axis = goal_axis(m);
        const unsigned unasked = s->t.s.stack ? METHOD_SANDBOX : METHOD_MANY | METHOD_SANDBOX;
        bool wanted = o->method ? m == o->method : axis && !(m->flags & unasked);
        if (!wanted)
            continue;
        if (m->flags & METHOD_SANDBOX)
            return fail(err, ERROR_USAGE,
                        "solve: the error of %s is mostly its noise; sweep shows what each "
                        "setting costs",
                        m->name);
        if (!axis)
            return fail(err, ERROR_USAGE, "solve: %s has neither a rank nor bits to search",
                        m->name);
        if (options_given(o, axis->key))
            return fail(err, ERROR_USAGE, "solve: --%s is what the goal decides", axis->key);
        struct params_any params;
        if (!options_params(o, m, &params, err))
            return false;
        s->replies[s->n].method = m;
        s->replies[s->n++].axis = axis;
    }
    return s->replies != NULL;
}

/* Where all methods are tried, one that cannot be run here does not end the others. */
static bool solve_all(struct solving *s, struct error *err)
{
    struct error last = { 0 };
    size_t failed = 0;
    for (s->now = 0; s->now < s->n; s->now++) {
        struct reply *r = &s->replies[s->now];
        if (solve_one(s, r, &last))
            continue;
        bool own = last.code == ERROR_LIMIT || last.code == ERROR_NUMERIC;
        if (!own || s->n == 1) {
            *err = last;
            return false;
        }
        r->failed = true;
        snprintf(r->words, sizeof(r->words), "%s", last.text);
        failed++;
    }
    if (failed < s->n)
        return true;
    *err = last;
    return false;
}

static uint64_t bytes_of(const struct reply *r)
{
    return r->a.total.bytes;
}

/* Those that meet the goal first, then by size, of equal ones the more exact; what failed last. */
static int by_size(const void *a, const void *b)
{
    const struct reply *x = a, *y = b;
    if (x->failed != y->failed)
        return x->failed ? 1 : -1;
    if (x->answer.met != y->answer.met)
        return x->answer.met ? -1 : 1;
    if (bytes_of(x) == bytes_of(y))
        return x->a.total.error < y->a.total.error ? -1 : x->a.total.error > y->a.total.error;
    return bytes_of(x) < bytes_of(y) ? -1 : 1;
}

/* Of the sorted replies the best: the first, or the one with the least error; of those that miss
 * the goal the nearest. */
static const struct reply *winner_of(const struct solving *s)
{
    const struct reply *best = &s->replies[0];
    bool first = best->answer.met && !goal_is_size(&s->goal);
    for (size_t i = 1; i < s->n && !first; i++)
        if (!s->replies[i].failed && goal_better(&s->goal, &s->replies[i].answer, &best->answer))
            best = &s->replies[i];
    return best;
}

/* Why it is the winner, in a line. */
static void reason(const struct solving *s, const struct reply *winner, char *out, size_t size)
{
    const struct reply *next = NULL;
    size_t met = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct reply *r = &s->replies[i];
        met += !r->failed && r->answer.met;
        if (r != winner && !r->failed && r->answer.met &&
            (!next || goal_better(&s->goal, &r->answer, &next->answer)))
            next = r;
    }
    double than = next ? (double)bytes_of(next) : 0, bytes = (double)bytes_of(winner);
    if (met == 0)
        snprintf(out, size, "no setting meets %s; %s comes nearest", s->goal.text,
                 winner->method->name);
    else if (!next)
        snprintf(out, size, "%s alone meets %s", winner->method->name, s->goal.text);
    else if (goal_is_size(&s->goal))
        snprintf(out, size, "%s has the least error of %zu within %s: %.4g %%, %s %.4g %%",
                 winner->method->name, met, s->goal.text, 100 * winner->a.total.error,
                 next->method->name, 100 * next->a.total.error);
    else if (bytes == than)
        snprintf(out, size, "%s is the most exact of the smallest of %zu that meet %s",
                 winner->method->name, met, s->goal.text);
    else
        snprintf(out, size, "%s is the smallest of %zu that meet %s: %.3g %% less than %s",
                 winner->method->name, met, s->goal.text, 100 * (1 - bytes / than),
                 next->method->name);
}

static void put_reply(struct report *r, const struct reply *x)
{
    if (x->failed) {
        report_text(r, "method", x->method->name);
        report_bool(r, "met", false);
        report_text(r, "error", x->words);
        return;
    }
    account_put(r, &x->a);
    report_bool(r, "met", x->answer.met);
    report_bool(r, "monotone", x->answer.monotone);
    report_count(r, "tried", x->answer.tried);
    report_text(r, "searched", x->axis->key);
    report_text(r, "answer", x->words);
}

static bool print_json(struct call *c, const struct solving *s, const struct reply *winner,
                       struct error *err)
{
    char why[320];
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    reason(s, winner, why, sizeof(why));
    put_reply(r, winner);
    report_text(r, "goal", s->goal.text);
    report_number(r, "bound", s->goal.bound);
    report_text(r, "reason", why);
    report_array(r, "answers");
    for (size_t i = 0; i < s->n; i++) {
        report_object(r, NULL);
        put_reply(r, &s->replies[i]);
        report_end(r);
    }
    report_end(r);
    bool ok = report_print(r, c->out, err);
    report_destroy(r);
    return ok;
}

static void print_reply(FILE *out, const struct solving *s, const struct reply *r, bool best)
{
    char name[64], setting[64], key[64];
    param_flag(r->method->name, name, sizeof(name));
    param_flag(r->axis->key, key, sizeof(key));
    snprintf(setting, sizeof(setting), "%.24s %d", key, (int)r->answer.best.at);
    if (r->failed) {
        fprintf(out, "! %-16s %s\n", name, r->words);
        return;
    }
    const struct param *left = s->bits ? param_find(&r->method->params, "left_bits") : NULL;
    const struct param *right = s->bits ? param_find(&r->method->params, "right_bits") : NULL;
    if (left && right)
        snprintf(setting + strlen(setting), sizeof(setting) - strlen(setting), ", %.0f+%.0f bits",
                 param_get(left, r->answer.best.params.bytes),
                 param_get(right, r->answer.best.params.bytes));
    const struct account_line *x = &r->a.total;
    fprintf(out, "%c %-16s %-18s %10" PRIu64 " %8.4f %8.4f %%",
            best            ? '*'
            : r->answer.met ? ' '
                            : '-',
            name, setting, x->bytes, (double)x->bits_true / (double)x->entries, 100 * x->error);
    if (s->t.s.picture)
        fprintf(out, " %6.2f dB", x->psnr);
    fputs(r->answer.met ? "\n" : "  misses the goal\n", out);
}

static void print_text(FILE *out, const struct solving *s, const struct reply *winner)
{
    const struct trial *t = &s->t;
    struct error plain;
    char why[320];
    fprintf(out, "%s of %s, %zu x %zu%s, %s\n", s->goal.text,
            report_plain(*t->a.group ? t->a.group : t->o->arguments[0], &plain), t->s.rows,
            t->s.cols,
            t->s.stack   ? ", several matrices"
            : t->s.n > 1 ? ", plane by plane"
                         : "",
            t->a.dtype == DTYPE_F64 ? "f64" : "f32");
    fprintf(out, "  %-16s %-18s %10s %8s %10s%s\n", "method", "setting", "bytes", "bits/ent",
            "error", t->s.picture ? "      PSNR" : "");
    for (size_t i = 0; i < s->n; i++)
        print_reply(out, s, &s->replies[i], &s->replies[i] == winner && winner->answer.met);
    if (s->n > 1) {
        reason(s, winner, why, sizeof(why));
        fprintf(out, "%s\n", why);
    }
    fprintf(out, "%s\n", winner->words);
    if (t->o->output && winner->a.written)
        fprintf(out, "wrote %s: %" PRIu64 " bytes\n", report_plain(t->o->output, &plain),
                winner->a.written);
}

/* The winner's result, once more: only one is kept. */
static bool store(struct solving *s, struct reply *winner, struct error *err)
{
    struct trial *t = &s->t;
    if (!t->o->output)
        return true;
    if (!winner->answer.met)
        return fail(err, ERROR_WRITE, "%s: not written: %.300s", t->o->output, winner->words);
    t->a = winner->a;
    if (!trial_run(t, err) || !trial_store(t, err))
        return false;
    winner->a.written = t->a.written;
    return true;
}

static bool prepare(struct solving *s, const struct options *o, struct error *err)
{
    s->bits = o->search != NULL;
    if (s->bits && strcmp(o->search, "bits") != 0)
        return fail(err, ERROR_USAGE, "solve: --search: only bits can be, not '%s'", o->search);
    if (!goal_parse(o->arguments[1], &s->goal, err))
        return fail(err, err->code, "solve: %s", err->text);
    if (!trial_open(&s->t, o, err) || !list_methods(s, err))
        return false;
    if (goal_needs_picture(&s->goal) && !s->t.s.picture)
        return fail(err, ERROR_USAGE, "solve: %s: %s is no picture", s->goal.text, o->arguments[0]);
    return trial_read(&s->t, err) && decompose(s, err);
}

bool solve_word(struct call *c, struct error *err)
{
    struct solving s = { 0 };
    bool ok = prepare(&s, &c->o, err) && solve_all(&s, err);
    if (ok) {
        qsort(s.replies, s.n, sizeof(*s.replies), by_size);
        struct reply *winner = &s.replies[winner_of(&s) - s.replies];
        ok = store(&s, winner, err);
        if (ok && c->o.common.json)
            ok = print_json(c, &s, winner, err);
        else if (ok)
            print_text(c->out, &s, winner);
    }
    for (size_t i = 0; i < SELECTION_MAX; i++)
        memory_free(s.sigma[i]);
    memory_free(s.replies);
    trial_close(&s.t);
    return ok;
}
