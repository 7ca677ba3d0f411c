#include "comparison.h"

#include "likeness.h"
#include "memory.h"
#include "progress.h"
#include "registry.h"
#include "seconds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPECTRUM_SIDE = 2048
}; /* larger matrices are searched without their SVD: it takes minutes */

/* The seed and what was typed win over either. */
static bool start(void *context, const struct method *m, bool paper, struct params_any *out,
                  struct error *err)
{
    const struct comparison *c = context;
    struct options o = *c->t.o;
    o.run.paper = paper;
    return options_params(&o, m, out, err);
}

static bool fixed(void *context, const char *key)
{
    const struct comparison *c = context;
    return strcmp(key, "bits_per_entry") != 0 && options_given(c->t.o, key);
}

/* In single precision, from one SVD. */
static bool run_coarsely(struct comparison *c, struct error *err)
{
    struct trial *t = &c->t;
    struct matrix_view views[SELECTION_MAX];
    for (size_t i = 0; i < c->n_coarse; i++)
        views[i] = c->narrow[c->coarse + i].view;
    const struct inputs in = { views, c->n_coarse, c->svds[0].n ? c->svds + c->coarse : NULL };
    approximation_finish(&t->x);
    return approximate(&t->engine.job, t->a.method, &t->a.params, &in, &t->x, err);
}

static bool measure(void *context, const struct method *m, const struct params_any *params,
                    bool coarse, struct compare_numbers *out, struct error *err)
{
    struct comparison *c = context;
    struct trial *t = &c->t;
    double psnr = (double)NAN, ssim = (double)NAN;
    uint64_t bytes = 0;
    t->a.method = m;
    t->a.params = *params;
    bool wanted = !coarse || c->sizes[c->now].unit == COMPARE_BYTES;
    if (!trial_fits(t, err) || !(coarse ? run_coarsely(c, err) : trial_run(t, err)) ||
        (wanted && !trial_size(t, &bytes, err)) ||
        (!coarse && t->s.picture && !likeness_measure(&t->s, t->input, &t->x, &psnr, &ssim, err)))
        return false;
    compare_numbers_of(&t->x, c->spectra[0].sigma ? c->spectra + (coarse ? c->coarse : 0) : NULL,
                       out);
    out->psnr = psnr;
    out->ssim = ssim;
    out->bytes = bytes;
    return true;
}

/* Of the matrices that coarse runs look at. */
static double optimal(void *context, size_t rank)
{
    const struct comparison *c = context;
    double tail = 0, norm = 0;
    for (size_t i = c->coarse; i < c->coarse + c->n_coarse; i++) {
        const struct spectrum *s = &c->spectra[i];
        if (!s->sigma)
            return (double)NAN;
        tail = hypot(tail, spectrum_tail(s, rank < s->n ? rank : s->n) * s->norm);
        norm = hypot(norm, s->norm);
    }
    return norm > 0 ? tail / norm : 0;
}

static bool decompose(struct comparison *c, struct error *err)
{
    struct trial *t = &c->t;
    for (size_t i = 0; i < t->s.n; i++) {
        struct matrix_view a = t->input[i].view;
        size_t n = a.rows < a.cols ? a.rows : a.cols;
        double norm = matrix_norm(a);
        if (!matrix_init(&c->narrow[i], DTYPE_F32, a.rows, a.cols, err))
            return false;
        matrix_copy(a, c->narrow[i].view);
        if (n > SPECTRUM_SIDE || !isfinite(norm) || !isfinite(matrix_norm(c->narrow[i].view)))
            continue;
        if (!job_step(&t->engine.job, 0, "singular vectors", err))
            return false;
        double *sigma = memory_alloc(n * sizeof(double), err);
        c->spectra[i] = (struct spectrum){ sigma, n, a.rows, a.cols, norm };
        if (!sigma || !linalg_singular_values(a, sigma, err) ||
            !linalg_svd(c->narrow[i].view, &c->svds[i], err))
            return false;
    }
    return true;
}

/* "0.5,1,2": at most COMPARISON_SIZES of them. */
static bool read_sizes(struct comparison *c, const struct options *o, struct error *err)
{
    bool bytes = o->bytes_list;
    const char *list = bytes ? o->bytes_list : o->bits_list;
    enum compare_unit unit = bytes ? COMPARE_BYTES : o->run.count ? COMPARE_PAPER : COMPARE_TRUE;
    if (!o->bytes_list == !o->bits_list)
        return fail(err, ERROR_USAGE, "compare: at which size? Give --bits-per-entry or --bytes%s",
                    bytes ? ", not both" : "");
    for (const char *at = list;; at++) {
        char word[32], *end;
        uint64_t whole = 0;
        size_t length = strcspn(at, ",");
        if (c->n == COMPARISON_SIZES)
            return fail(err, ERROR_USAGE, "compare: more than %d sizes", COMPARISON_SIZES);
        snprintf(word, sizeof(word), "%.*s", (int)(length < 31 ? length : 31), at);
        double amount = strtod(word, &end);
        if (bytes && !options_size("bytes", word, &whole, err))
            return false;
        if (!bytes && (end == word || *end || !(amount > 0) || amount > 1024))
            return fail(err, ERROR_USAGE,
                        "compare: --bits-per-entry: '%s' is not a number above 0, at most 1024",
                        word);
        c->sizes[c->n++] = (struct compare_size){ unit, bytes ? (double)whole : amount };
        at += length;
        if (!*at)
            return true;
    }
}

static bool add_method(struct comparison *c, const struct method *m, struct error *err)
{
    size_t n = 0;
    while (c->methods[n] && c->methods[n] != m)
        n++;
    if (n == COMPARISON_METHODS)
        return fail(err, ERROR_USAGE, "compare: more than %d methods", COMPARISON_METHODS);
    c->methods[n] = m;
    return true;
}

static bool list_methods(struct comparison *c, const struct options *o, struct error *err)
{
    const unsigned left_out = c->together ? METHOD_SANDBOX : METHOD_MANY | METHOD_SANDBOX;
    const unsigned unasked = c->t.s.stack ? left_out : METHOD_MANY | METHOD_SANDBOX;
    for (size_t i = 0; !o->method_list && methods[i]; i++)
        if (!(methods[i]->flags & unasked) && !add_method(c, methods[i], err))
            return false;
    for (const char *at = o->method_list; at; at = *at ? at + 1 : NULL) {
        char name[64];
        const struct method *m;
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof(name), "%.*s", (int)(length < 63 ? length : 63), at);
        if (!options_method("compare", name, &m, err))
            return false;
        if (m->flags & left_out & METHOD_MANY)
            return fail(err, ERROR_USAGE,
                        "compare: %s shares a factor among matrices of one width; name several, "
                        "or --group",
                        m->name);
        if (m->flags & left_out)
            return fail(err, ERROR_USAGE, "compare: %s cannot be compared by size alone", m->name);
        if (!add_method(c, m, err))
            return false;
        at += length;
    }
    return true;
}

/* Every flag of a method must mean something to one of those compared, and none may be what the size
 * decides. */
static bool flags_ok(const struct comparison *c, const struct options *o, struct error *err)
{
    if (options_given(o, "rank"))
        return fail(err, ERROR_USAGE, "compare: --rank is what the size decides");
    for (size_t i = 0; i < o->n_given; i++) {
        const struct given *g = &o->given[i];
        char name[64];
        bool found = g->row || g->text;
        snprintf(name, sizeof(name), "%.*s", (int)g->length, g->name);
        for (size_t j = 0; !found && c->methods[j]; j++)
            found = param_find(&c->methods[j]->params, name);
        if (!found)
            return fail(err, ERROR_USAGE, "compare: none of these methods has --%s", name);
    }
    struct params_any unused;
    for (size_t j = 0; c->methods[j]; j++)
        if (!options_params(o, c->methods[j], &unused, err))
            return false;
    return true;
}

bool comparison_open(struct comparison *c, const struct options *o, struct error *err)
{
    c->t.files = o->n;
    if (!read_sizes(c, o, err) || !trial_open(&c->t, o, err))
        return false;
    size_t n = trial_shapes(&c->t, c->shapes);
    c->together = n > 1;
    for (size_t i = 1; i < n; i++)
        c->together &= c->shapes[i].cols == c->shapes[0].cols;
    return list_methods(c, o, err) && flags_ok(c, o, err) && trial_read(&c->t, err) &&
           decompose(c, err);
}

void comparison_close(struct comparison *c)
{
    for (size_t i = 0; i < SELECTION_MAX; i++) {
        matrix_finish(&c->narrow[i]);
        svd_finish(&c->svds[i]);
        memory_free((void *)(uintptr_t)c->spectra[i].sigma);
    }
    trial_close(&c->t);
}

uint64_t comparison_bytes(const struct comparison *c, size_t i)
{
    double entries = 0;
    for (size_t k = 0; k < c->t.s.n; k++)
        entries += (double)c->shapes[k].rows * (double)c->shapes[k].cols;
    return (uint64_t)(c->sizes[i].unit == COMPARE_BYTES ? c->sizes[i].amount
                                                        : c->sizes[i].amount * entries / 8);
}

/* The plane with most in it will tell which setting is good; but all of them how large the file is, and
 * matrices of their own shapes each something else. */
static void choose_planes(struct comparison *c)
{
    double most = -1;
    c->coarse = 0;
    c->n_coarse = c->t.s.n;
    bool all = c->sizes[c->now].unit == COMPARE_BYTES || c->t.s.stack;
    for (size_t i = 0; c->methods[i]; i++)
        all |= c->methods[i]->flags & METHOD_MANY;
    for (size_t i = 0; !all && i < c->t.s.n; i++) {
        double norm = matrix_norm(c->narrow[i].view);
        if (norm > most) {
            most = norm;
            c->coarse = i;
        }
        c->n_coarse = 1;
    }
}

/* Every table counts from 0 to 1; one sees one way through all. */
static void on_progress(void *context, double done, const char *stage)
{
    const struct comparison *c = context;
    progress_show(NULL, ((double)c->now + done) / (double)c->n, stage);
}

bool comparison_run(struct comparison *c, size_t i, struct comparison_table *out, struct error *err)
{
    struct trial *t = &c->t;
    struct job own = t->engine.job, job = own;
    double begin = seconds_now();
    *out = (struct comparison_table){ 0 };
    c->now = i;
    choose_planes(c);
    job.progress = on_progress;
    job.context = c;
    const struct compare_request r = {
        .methods = c->methods,
        .size = c->sizes[i],
        .dtype = t->a.dtype,
        .rows = t->s.rows,
        .cols = t->s.cols,
        .planes = t->s.n,
        .shapes = c->shapes,
        .together = c->together,
        .start = start,
        .fixed = fixed,
        .job = &job,
        .measure = measure,
        .optimal = optimal,
        .context = c,
    };
    t->engine.job.progress = NULL; /* the comparison tells how far it is */
    bool ok = compare_run(&r, &out->table, err) &&
              (!t->s.picture || reference_measure(&t->s, t->input, comparison_bytes(c, i), &job,
                                                  out->references, &out->n_references, err));
    t->engine.job = own;
    out->seconds = seconds_now() - begin;
    return ok;
}

void comparison_command(const struct comparison *c, const struct compare_row *row, char *out,
                        size_t size)
{
    const struct trial *t = &c->t;
    char more[256];
    int nonfinite = t->o->common.nonfinite;
    size_t n = (size_t)snprintf(more, sizeof(more), "%s%s", nonfinite ? " --nonfinite " : "",
                                nonfinite ? nonfinite_names[nonfinite] : "");
    cli_engine_flags(t->o, more + n, sizeof(more) - n);
    if (!provenance_shell(&t->s, row->method, &row->params, t->a.dtype, more, out, size))
        out[0] = '\0';
}
