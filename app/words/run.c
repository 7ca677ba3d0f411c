/* run: one approximation, measured; -o writes it. */
#include "account.h"
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

struct task {
    const struct options *o;
    struct account a;
    struct selection s;
    struct matrix input[SELECTION_MAX], output[SELECTION_MAX]; /* output: pictures only */
    struct engine engine;
    struct approximation x;
    struct provenance provenance;
};

static bool settle_rank(struct task *t, struct error *err)
{
    const struct options *o = t->o;
    const struct param *rank = param_find(&t->a.method->params, "rank");
    if (o->run.bits_per_entry > 0) {
        if (rank && options_given(o, "rank"))
            return fail(err, ERROR_USAGE,
                        "run: --rank and --bits-per-entry both decide the rank; "
                        "give one of them");
        if (!budget_rank(t->a.method, &t->a.params, t->a.dtype, t->s.rows, t->s.cols,
                         o->run.bits_per_entry, o->run.count == 1, err))
            return false;
    }
    size_t most = t->s.rows < t->s.cols ? t->s.rows : t->s.cols;
    if (!rank || param_get(rank, &t->a.params) <= (double)most)
        return true;
    if (options_given(o, "rank"))
        snprintf(t->a.notice, sizeof(t->a.notice),
                 "rank %.0f is more than the matrix has; %zu taken", param_get(rank, &t->a.params),
                 most);
    const int clamped = (int)most; /* not param_put: a matrix without entries has rank 0 */
    memcpy(t->a.params.bytes + rank->offset, &clamped, sizeof(clamped));
    return true;
}

/* Before anything large is allocated. memory.c keeps the limit exactly later on. */
static bool fits(const struct task *t, struct error *err)
{
    uint64_t most = memory_most();
    uint64_t need = approximate_memory(t->a.method, &t->a.params, t->a.dtype, t->s.rows, t->s.cols);
    if (!most || need <= most)
        return true;
    char want[32], have[32];
    report_bytes(need, want, sizeof(want));
    report_bytes(most, have, sizeof(have));
    return fail(err, ERROR_LIMIT,
                "%s: %s at these settings needs about %s and may use %s; --max-memory changes that",
                t->o->arguments[0], t->a.method->title, want, have);
}

static bool prepare(struct task *t, struct error *err)
{
    const struct options *o = t->o;
    if (!selection_open(o->arguments[0], (enum planes)o->picture.planes, &t->s, err))
        return false;
    snprintf(t->a.notice, sizeof(t->a.notice), "%s", t->s.document->notice);
    if (t->s.rows == 0 || t->s.cols == 0)
        return fail(err, ERROR_FORMAT, "%s: %zu x %zu: nothing to approximate", o->arguments[0],
                    t->s.rows, t->s.cols);
    return cli_output_ok(o, t->s.picture, t->s.n, err) && settle_rank(t, err) && fits(t, err) &&
           selection_read(&t->s, t->a.dtype, (enum nonfinite)o->common.nonfinite, t->input, err) &&
           engine_open(o, &t->engine, err);
}

/* The Eckart-Young error where the method left it open, and the numerical rank,
 * which only means something for the entries as they are. */
static bool look_up_optimum(struct task *t, size_t i, struct error *err)
{
    struct measure *m = &t->x.results[i].measures[0];
    struct account_line *line = &t->a.lines[i];
    size_t n = m->rows < m->cols ? m->rows : m->cols;
    bool wanted = t->a.dtype == DTYPE_F64 || (isnan(m->optimal) && line->rank);
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
        if (t->a.dtype == DTYPE_F64)
            line->numerical_rank = (double)spectrum_numerical_rank(&s);
    }
    memory_free(sigma);
    return ok;
}

/* One line per matrix, and their sum. */
static bool fill_line(struct task *t, size_t i, struct error *err)
{
    const struct result *r = &t->x.results[i];
    const struct measure *m = &r->measures[0];
    struct account_line *line = &t->a.lines[i];
    *line = (struct account_line){
        .name = t->s.names[i],
        .rank = param_find(&t->a.method->params, "rank") ? r->rank : 0,
        .dead = r->dead,
        .rounds = r->rounds,
        .error = m->error,
        .bound = m->bound,
        .numerical_rank = nan(""),
        .psnr = nan(""),
        .ssim = nan(""),
        .seconds = r->seconds,
        .bits_paper = result_bits_paper(r),
        .bits_true = result_bits_true(r),
        .entries = (uint64_t)m->rows * m->cols,
        .counts = t->x.each[i],
    };
    if (!look_up_optimum(t, i, err))
        return false;
    line->optimal = m->optimal;
    return true;
}

/* sqrt(sum x_i^2 ||A_i||^2 / sum ||A_i||^2): errors relative to all matrices together. */
static double together(const struct task *t, size_t field)
{
    double sum = 0, norms = 0;
    for (size_t i = 0; i < t->s.n; i++) {
        double norm = t->x.results[i].measures[0].norm, error;
        memcpy(&error, (const char *)&t->a.lines[i] + field, sizeof(error));
        sum = hypot(sum, error * norm);
        norms = hypot(norms, norm);
    }
    return sum == 0 ? 0 : sum / norms;
}

static void fill_total(struct task *t)
{
    struct account_line *total = &t->a.total;
    *total = t->a.lines[0];
    total->error = t->x.error;
    total->seconds = t->x.seconds;
    total->bits_paper = t->x.bits_paper;
    total->bits_true = t->x.bits_true;
    total->entries = t->x.entries;
    total->counts = t->x.counts;
    if (t->s.n == 1)
        return;
    total->name = NULL;
    total->numerical_rank = nan("");
    total->optimal = together(t, offsetof(struct account_line, optimal));
    total->bound = together(t, offsetof(struct account_line, bound));
    for (size_t i = 1; i < t->s.n; i++) {
        const struct account_line *line = &t->a.lines[i];
        total->dead += line->dead;
        total->rank = line->rank > total->rank ? line->rank : total->rank;
        total->rounds = line->rounds > total->rounds ? line->rounds : total->rounds;
    }
}

static bool approximate_all(struct task *t, struct error *err)
{
    struct matrix_view views[SELECTION_MAX];
    for (size_t i = 0; i < t->s.n; i++)
        views[i] = t->input[i].view;
    const struct inputs in = { .matrices = views, .n = t->s.n };
    if (!approximate(&t->engine.job, t->a.method, &t->a.params, &in, &t->x, err))
        return false;
    t->a.backend = backend_name(t->engine.backend); /* auto decided on the way */
    t->a.device = backend_device(t->engine.backend);
    t->a.trouble = backend_trouble(t->engine.backend);
    for (size_t i = 0; i < t->s.n; i++)
        if (!fill_line(t, i, err))
            return false;
    fill_total(t);
    return true;
}

/* Pictures: PSNR and SSIM against what was read, in the colours one sees. */
static bool compare_pictures(struct task *t, struct error *err)
{
    struct matrix_view a[SELECTION_MAX], b[SELECTION_MAX];
    if (!t->s.picture)
        return true;
    for (size_t i = 0; i < t->s.n; i++) {
        if (!matrix_init(&t->output[i], t->a.dtype, t->s.rows, t->s.cols, err) ||
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
            t->a.lines[i].psnr = quality_psnr(&a[i], &b[i], 1);
            if (!quality_ssim(&a[i], &b[i], 1, &t->a.lines[i].ssim, err))
                return false;
        }
    }
    t->a.total.psnr = quality_psnr(a, b, t->s.n);
    return quality_ssim(a, b, t->s.n, &t->a.total.ssim, err);
}

static bool store(struct task *t, struct error *err)
{
    const struct options *o = t->o;
    const struct raster *raster = t->s.document->raster;
    provenance_fill(&t->provenance, &t->s, t->a.method, &t->a.params, t->a.dtype, t->a.total.error);
    const struct export_request request = {
        .results = t->x.results,
        .n_results = t->x.n,
        .names = (const char(*)[NAME_TEXT])t->s.names,
        .n = t->s.n,
        .picture = t->s.picture,
        .planes = t->s.planes,
        .depth = raster ? raster->depth : 8,
        .dtype = t->a.dtype,
        .like = raster,
        .facts = t->provenance.facts,
        .n_facts = t->provenance.n,
        .force = o->common.force,
    };
    if (!export_factors_size(&request, &t->a.total.bytes, err))
        return false;
    if (t->s.n == 1)
        t->a.lines[0].bytes = t->a.total.bytes;
    if (!o->output)
        return true;
    return job_step(&t->engine.job, 0.95, "writing", err) &&
           export_write(&request, o->output, &t->a.written, err);
}

bool run_word(struct call *c, struct error *err)
{
    struct task t = {
        .o = &c->o,
        .a = {
            .options = &c->o,
            .method = c->o.method,
            .params = c->o.params,
            .dtype = (enum dtype)c->o.common.precision,
        },
    };
    t.a.selection = &t.s;
    bool ok = prepare(&t, err) && approximate_all(&t, err) && compare_pictures(&t, err) &&
              store(&t, err);
    if (ok && c->o.common.json)
        ok = account_json(&t.a, c->out, err);
    else if (ok)
        account_print(&t.a, c->out);
    if (ok && !c->o.common.json && *backend_trouble(t.engine.backend))
        cli_note("note: the processor stood in for the device: %s",
                 backend_trouble(t.engine.backend));
    for (size_t i = 0; i < SELECTION_MAX; i++) {
        matrix_finish(&t.input[i]);
        matrix_finish(&t.output[i]);
    }
    approximation_finish(&t.x);
    engine_close(&t.engine);
    selection_finish(&t.s);
    return ok;
}
