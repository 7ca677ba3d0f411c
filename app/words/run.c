/* run: one approximation, measured; -o writes it. */
#include "budget.h"
#include "cli.h"
#include "export.h"
#include "memory.h"
#include "provenance.h"
#include "quality.h"
#include "report.h"
#include "spectrum.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { OPTIMAL_SIDE = 2048 }; /* larger matrices get no optimal error: an SVD would take minutes */

/* The numbers of one matrix, or of all together. NAN where not known. */
struct line {
    const char *name; /* NULL: all together */
    size_t rank, dead, rounds;
    double error, optimal, bound, numerical_rank, psnr, ssim, seconds;
    uint64_t bits_paper, bits_true, entries, bytes; /* bytes 0: there is no such file */
};

struct task {
    struct call *call;
    struct selection s;
    const struct method *method;
    struct params_any params;
    enum dtype dtype;
    struct matrix input[SELECTION_MAX], output[SELECTION_MAX]; /* output: pictures only */
    struct engine engine;
    struct approximation x;
    struct provenance provenance;
    struct line lines[SELECTION_MAX], total;
    uint64_t written;
    char notice[320];
};

static bool settle_rank(struct task *t, struct error *err)
{
    const struct options *o = &t->call->o;
    const struct param *rank = param_find(&t->method->params, "rank");
    if (options_given(o, "bits-per-entry")) {
        if (rank && options_given(o, "rank"))
            return fail(err, ERROR_USAGE,
                        "run: --rank and --bits-per-entry both decide the rank; "
                        "give one of them");
        if (!budget_rank(t->method, &t->params, t->dtype, t->s.rows, t->s.cols,
                         o->run.bits_per_entry, o->run.count == 1, err))
            return false;
    }
    size_t most = t->s.rows < t->s.cols ? t->s.rows : t->s.cols;
    if (!rank || param_get(rank, &t->params) <= (double)most)
        return true;
    if (options_given(o, "rank"))
        snprintf(t->notice, sizeof(t->notice), "rank %.0f is more than the matrix has; %zu taken",
                 param_get(rank, &t->params), most);
    const int clamped = (int)most; /* not param_put: a matrix without entries has rank 0 */
    memcpy(t->params.bytes + rank->offset, &clamped, sizeof(clamped));
    return true;
}

/* Before anything large is allocated. memory.c keeps the limit exactly later on. */
static bool fits(const struct task *t, struct error *err)
{
    const struct options *o = &t->call->o;
    uint64_t most = 0, need = 0;
    if (!o->max_memory)
        return true;
    if (!options_size("max-memory", o->max_memory, &most, err))
        return false;
    need = approximate_memory(t->method, &t->params, t->dtype, t->s.rows, t->s.cols);
    if (need <= most)
        return true;
    char want[32], have[32];
    report_bytes(need, want, sizeof(want));
    report_bytes(most, have, sizeof(have));
    return fail(err, ERROR_LIMIT, "%s: %s at these settings needs about %s; --max-memory allows %s",
                o->arguments[0], t->method->title, want, have);
}

static bool prepare(struct task *t, struct error *err)
{
    const struct options *o = &t->call->o;
    if (!selection_open(o->arguments[0], (enum planes)o->picture.planes, &t->s, err))
        return false;
    snprintf(t->notice, sizeof(t->notice), "%s", t->s.document->notice);
    return cli_output_ok(o, t->s.picture, err) && settle_rank(t, err) && fits(t, err) &&
           selection_read(&t->s, t->dtype, (enum nonfinite)o->common.nonfinite, t->input, err) &&
           engine_open(o, &t->engine, err);
}

/* The Eckart-Young error where the method left it open, and the numerical rank,
 * which only means something for the entries as they are. */
static bool look_up_optimum(struct task *t, size_t i, struct error *err)
{
    struct measure *m = &t->x.results[i].measures[0];
    struct line *line = &t->lines[i];
    size_t n = m->rows < m->cols ? m->rows : m->cols;
    bool wanted = t->dtype == DTYPE_F64 || (isnan(m->optimal) && line->rank);
    if (!wanted || n > OPTIMAL_SIDE || !isfinite(m->norm))
        return true;
    if (!job_step(&t->engine.job, 0.9, "optimal error", err))
        return false;
    double *sigma = memory_alloc(n * sizeof(double), err);
    bool ok = sigma && linalg_singular_values(t->input[i].view, sigma, err);
    if (ok) {
        const struct spectrum s = {
            .sigma = sigma,
            .n = n,
            .rows = m->rows,
            .cols = m->cols,
            .norm = m->norm,
        };
        if (isnan(m->optimal) && line->rank)
            m->optimal = spectrum_tail(&s, line->rank < n ? line->rank : n);
        if (t->dtype == DTYPE_F64)
            line->numerical_rank = (double)spectrum_numerical_rank(&s);
    }
    memory_free(sigma);
    return ok;
}

static bool approximate_all(struct task *t, struct error *err)
{
    struct matrix_view views[SELECTION_MAX];
    for (size_t i = 0; i < t->s.n; i++)
        views[i] = t->input[i].view;
    const struct inputs in = { .matrices = views, .n = t->s.n };
    if (!approximate(&t->engine.job, t->method, &t->params, &in, &t->x, err))
        return false;
    bool ranked = param_find(&t->method->params, "rank") != NULL;
    double tails = 0, norms = 0, bounds = 0;
    for (size_t i = 0; i < t->s.n; i++) {
        const struct result *r = &t->x.results[i];
        const struct measure *m = &r->measures[0];
        struct line *line = &t->lines[i];
        *line = (struct line){
            .name = t->s.names[i],
            .rank = ranked ? r->rank : 0,
            .dead = r->dead,
            .rounds = r->rounds,
            .error = m->error,
            .bound = m->bound,
            .numerical_rank = NAN,
            .psnr = NAN,
            .ssim = NAN,
            .seconds = r->seconds,
            .bits_paper = result_bits_paper(r),
            .bits_true = result_bits_true(r),
            .entries = (uint64_t)m->rows * m->cols,
        };
        if (!look_up_optimum(t, i, err))
            return false;
        line->optimal = m->optimal;
        tails += m->optimal * m->norm * m->optimal * m->norm;
        bounds += m->bound * m->norm * m->bound * m->norm;
        norms += m->norm * m->norm;
        t->total.rank = line->rank > t->total.rank ? line->rank : t->total.rank;
        t->total.dead += r->dead;
        t->total.rounds = r->rounds > t->total.rounds ? r->rounds : t->total.rounds;
    }
    double shared = t->s.n == 1 ? t->lines[0].numerical_rank : (double)NAN;
    t->total = (struct line){
        .name = t->s.n == 1 ? t->s.names[0] : NULL,
        .rank = t->total.rank,
        .dead = t->total.dead,
        .rounds = t->total.rounds,
        .error = t->x.error,
        .optimal = t->s.n == 1 ? t->lines[0].optimal
                   : norms > 0 ? sqrt(tails / norms)
                               : tails,
        .bound = t->s.n == 1 ? t->lines[0].bound
                 : norms > 0 ? sqrt(bounds / norms)
                             : bounds,
        .numerical_rank = shared,
        .psnr = NAN,
        .ssim = NAN,
        .seconds = t->x.seconds,
        .bits_paper = t->x.bits_paper,
        .bits_true = t->x.bits_true,
        .entries = t->x.entries,
    };
    return true;
}

/* Pictures: PSNR and SSIM against what was read, in the colours one sees. */
static bool compare_pictures(struct task *t, struct error *err)
{
    struct matrix_view a[SELECTION_MAX], b[SELECTION_MAX];
    if (!t->s.picture)
        return true;
    for (size_t i = 0; i < t->s.n; i++) {
        if (!matrix_init(&t->output[i], t->dtype, t->s.rows, t->s.cols, err) ||
            !result_expand(&t->x.results[i], 0, t->output[i].view, err))
            return false;
        a[i] = t->input[i].view;
        b[i] = t->output[i].view;
    }
    if (t->s.n == 3 && t->s.planes == PLANES_YCBCR) {
        raster_from_ycbcr(a);
        raster_from_ycbcr(b);
    } else {
        for (size_t i = 0; i < t->s.n; i++) {
            t->lines[i].psnr = quality_psnr(&a[i], &b[i], 1);
            if (!quality_ssim(&a[i], &b[i], 1, &t->lines[i].ssim, err))
                return false;
        }
    }
    t->total.psnr = quality_psnr(a, b, t->s.n);
    return quality_ssim(a, b, t->s.n, &t->total.ssim, err);
}

static bool store(struct task *t, struct error *err)
{
    const struct options *o = &t->call->o;
    const struct raster *raster = t->s.document->raster;
    provenance_fill(&t->provenance, &t->s, t->method, &t->params, t->dtype, t->total.error);
    const struct export_request request = {
        .results = t->x.results,
        .n_results = t->x.n,
        .names = (const char(*)[64])t->s.names,
        .n = t->s.n,
        .picture = t->s.picture,
        .planes = t->s.planes,
        .depth = raster ? raster->depth : 8,
        .dtype = t->dtype,
        .like = raster,
        .facts = t->provenance.facts,
        .n_facts = t->provenance.n,
        .force = o->common.force,
    };
    if (!export_factors_size(&request, &t->total.bytes, err))
        return false;
    if (t->s.n == 1)
        t->lines[0].bytes = t->total.bytes;
    if (!o->output)
        return true;
    return job_step(&t->engine.job, 0.95, "writing", err) &&
           export_write(&request, o->output, &t->written, err);
}

static void put_params(struct report *r, const struct task *t)
{
    report_object(r, "params");
    for (size_t i = 0; i < t->method->params.n; i++) {
        const struct param *p = &t->method->params.rows[i];
        char text[64];
        param_format(p, &t->params, text, sizeof(text));
        uint64_t seed = 0;
        if (p->kind == PARAM_SEED)
            memcpy(&seed, t->params.bytes + p->offset, sizeof(seed));
        if (p->choices)
            report_text(r, p->key, text);
        else if (p->kind == PARAM_BOOL)
            report_bool(r, p->key, param_get(p, &t->params) != 0);
        else if (p->kind == PARAM_SEED)
            report_count(r, p->key, seed);
        else if (p->kind == PARAM_INT)
            report_count(r, p->key, (uint64_t)param_get(p, &t->params));
        else
            report_number(r, p->key, param_get(p, &t->params));
    }
    report_end(r);
}

static void put_counts(struct report *r, const char *key, const unsigned long *counts)
{
    report_object(r, key);
    for (size_t i = 0; i < OP_COUNT; i++)
        if (counts[i])
            report_count(r, backend_op_names[i], counts[i]);
    report_end(r);
}

static void png_sentence(const struct task *t, char *out, size_t size)
{
    char source[32], png[32], factors[32];
    report_bytes(document_size(t->s.document), source, sizeof(source));
    report_bytes(t->written, png, sizeof(png));
    report_bytes(t->total.bytes, factors, sizeof(factors));
    snprintf(out, size,
             "The PNG shows the picture, the factors file is the compression: source %s, "
             "this PNG %s, factors %s.",
             document_size(t->s.document) ? source : "generated", png, factors);
}

static void put_output(struct report *r, const struct task *t)
{
    const char *path = t->call->o.output;
    if (!path) {
        report_null(r, "output");
        return;
    }
    const struct format *format = format_for_output(path);
    report_object(r, "output");
    report_text(r, "path", path);
    report_text(r, "format", format->name);
    report_count(r, "bytes", t->written);
    if (format->needs_picture) {
        char sentence[240];
        png_sentence(t, sentence, sizeof(sentence));
        if (document_size(t->s.document))
            report_count(r, "source_bytes", document_size(t->s.document));
        else
            report_null(r, "source_bytes");
        report_count(r, "png_bytes", t->written);
        report_count(r, "factors_bytes", t->total.bytes);
        report_text(r, "sentence", sentence);
    }
    report_end(r);
}

static void put_line(struct report *r, const struct task *t, const struct line *x)
{
    double entries = (double)x->entries;
    report_text(r, "matrix", x->name);
    report_count(r, "rows", t->s.rows);
    report_count(r, "cols", t->s.cols);
    put_params(r, t);
    if (x->rank)
        report_count(r, "rank", x->rank);
    else
        report_null(r, "rank");
    report_number(r, "relative_error", x->error);
    report_number(r, "optimal_error", x->optimal);
    if (isfinite(x->numerical_rank))
        report_count(r, "numerical_rank", (uint64_t)x->numerical_rank);
    else
        report_null(r, "numerical_rank");
    report_number(r, "bound", x->bound);
    report_number(r, "psnr_db", x->psnr);
    report_number(r, "ssim", x->ssim);
    report_object(r, "bits");
    report_count(r, "paper", x->bits_paper);
    report_count(r, "true", x->bits_true);
    report_end(r);
    report_object(r, "bits_per_entry");
    report_number(r, "paper", (double)x->bits_paper / entries);
    report_number(r, "true", (double)x->bits_true / entries);
    report_end(r);
    if (x->bytes)
        report_count(r, "bytes", x->bytes);
    else
        report_null(r, "bytes");
    report_count(r, "dead_columns", x->dead);
    report_count(r, "rounds", x->rounds);
    report_number(r, "seconds", x->seconds);
}

/* What is the same for every matrix of the run. */
static void put_head(struct report *r, const struct task *t)
{
    report_text(r, "version", EIGENSCOPE_VERSION);
    report_text(r, "method", t->method->name);
    report_text(r, "file", t->call->o.arguments[0]);
}

static void put_tail(struct report *r, const struct task *t)
{
    report_text(r, "backend", backend_name(t->engine.backend));
    report_text(r, "device", backend_device(t->engine.backend));
    put_counts(r, "dispatches", t->x.counts.device);
    put_counts(r, "fallbacks", t->x.counts.fallback);
    report_text(r, "precision", t->dtype == DTYPE_F64 ? "f64" : "f32");
    report_text(r, "notice", *t->notice ? t->notice : NULL);
    put_output(r, t);
}

static bool print_json(const struct task *t, struct error *err)
{
    struct report *r = report_create();
    if (!r)
        return fail(err, ERROR_MEMORY, "out of memory");
    put_head(r, t);
    put_line(r, t, &t->total);
    put_tail(r, t);
    if (t->s.n > 1) {
        report_text(r, "planes", t->s.picture ? planes_names[t->s.planes] : NULL);
        report_array(r, "matrices");
        for (size_t i = 0; i < t->s.n; i++) {
            report_object(r, NULL);
            put_head(r, t);
            put_line(r, t, &t->lines[i]);
            put_tail(r, t);
            report_end(r);
        }
        report_end(r);
        report_object(r, "total");
        put_line(r, t, &t->total);
        report_end(r);
    }
    bool ok = report_print(r, t->call->out, err);
    report_destroy(r);
    return ok;
}

static void print_line(FILE *out, const struct line *x)
{
    double entries = (double)x->entries;
    struct error plain;
    if (x->name)
        fprintf(out, "  %s\n", report_plain(x->name, &plain));
    if (x->rank)
        fprintf(out, "  rank             %zu%s", x->rank, x->dead ? "" : "\n");
    if (x->rank && x->dead)
        fprintf(out, ", of which %zu columns carry nothing\n", x->dead);
    fprintf(out, "  relative error   %.6g", x->error);
    if (isfinite(x->optimal))
        fprintf(out, ", optimal at this rank %.6g", x->optimal);
    if (isfinite(x->bound))
        fprintf(out, ", bound on the mean %.6g", x->bound);
    fputc('\n', out);
    if (!isnan(x->psnr))
        fprintf(out, "  PSNR             %.2f dB", x->psnr);
    if (!isnan(x->psnr) && isfinite(x->ssim))
        fprintf(out, ", SSIM %.4f", x->ssim);
    if (!isnan(x->psnr))
        fputc('\n', out);
    fprintf(out, "  bits per entry   %.4f; %.4f as papers count\n", (double)x->bits_true / entries,
            (double)x->bits_paper / entries);
}

static void print_text(const struct task *t)
{
    FILE *out = t->call->out;
    struct error plain;
    char size[32], sentence[240];
    fprintf(out, "%s of %s, %zu x %zu%s, %s on %s: %s\n", t->method->title,
            report_plain(t->call->o.arguments[0], &plain), t->s.rows, t->s.cols,
            t->s.n > 1 ? ", plane by plane" : "", t->dtype == DTYPE_F64 ? "f64" : "f32",
            backend_name(t->engine.backend), backend_device(t->engine.backend));
    if (t->s.n > 1)
        for (size_t i = 0; i < t->s.n; i++)
            print_line(out, &t->lines[i]);
    if (t->s.n > 1)
        fprintf(out, "  all together\n");
    struct line total = t->total;
    total.name = NULL;
    print_line(out, &total);
    report_bytes(t->total.bytes, size, sizeof(size));
    fprintf(out, "  factors file     %s (%" PRIu64 " bytes)\n", size, t->total.bytes);
    fprintf(out, "  time             %.3g s\n", t->total.seconds);
    if (*t->notice)
        fprintf(out, "  note             %s\n", t->notice);
    if (!t->call->o.output)
        return;
    report_bytes(t->written, size, sizeof(size));
    fprintf(out, "  wrote            %s, %s\n", report_plain(t->call->o.output, &plain), size);
    if (format_for_output(t->call->o.output)->needs_picture) {
        png_sentence(t, sentence, sizeof(sentence));
        fprintf(out, "                   %s\n", sentence);
    }
}

bool run_word(struct call *c, struct error *err)
{
    struct task t = {
        .call = c,
        .method = c->o.method,
        .params = c->o.params,
        .dtype = (enum dtype)c->o.common.precision,
    };
    bool ok = prepare(&t, err) && approximate_all(&t, err) && compare_pictures(&t, err) &&
              store(&t, err);
    if (ok && c->o.common.json)
        ok = print_json(&t, err);
    else if (ok)
        print_text(&t);
    for (size_t i = 0; i < SELECTION_MAX; i++) {
        matrix_finish(&t.input[i]);
        matrix_finish(&t.output[i]);
    }
    approximation_finish(&t.x);
    engine_close(&t.engine);
    selection_finish(&t.s);
    return ok;
}
