#include "trial.h"

#include "budget.h"
#include "export.h"
#include "family.h"
#include "likeness.h"
#include "memory.h"
#include "quality.h"
#include "report.h"
#include "simulated.h"
#include "spectrum.h"

#include <math.h>
#include <string.h>

enum { OPTIMAL_SIDE = 2048 }; /* larger matrices get no optimal error: an SVD would take minutes */

size_t trial_shapes(const struct trial *t, struct budget_shape out[SELECTION_MAX])
{
    for (size_t i = 0; i < t->s.n; i++)
        out[i] = (struct budget_shape){ selection_rows(&t->s, i), selection_cols(&t->s, i) };
    return t->s.n;
}

/* Rows of what the method holds at once. */
static size_t rows_at_once(const struct trial *t)
{
    bool many = t->a.method->flags & METHOD_MANY;
    return many && !t->s.stack ? t->s.n * t->s.rows : t->s.rows;
}

/* memory.c keeps the limit exactly later on. */
bool trial_fits(const struct trial *t, struct error *err)
{
    uint64_t most = memory_most();
    uint64_t need = approximate_memory(t->a.method, &t->a.params, t->a.dtype, rows_at_once(t),
                                       t->s.cols);
    if (!most || need <= most)
        return true;
    char want[32], have[32];
    report_bytes(need, want, sizeof(want));
    report_bytes(most, have, sizeof(have));
    return fail(err, ERROR_LIMIT,
                "%s: %s at these settings needs about %s and may use %s; --max-memory changes that",
                t->o->arguments[0], t->a.method->title, want, have);
}

static bool open_group(struct trial *t, struct error *err)
{
    struct group *g = memory_alloc(sizeof(*g), err);
    struct document *d = g ? document_open(t->o->arguments[0], err) : NULL;
    bool ok = d && group_named(d, t->o->group, g, err) && selection_group(d, g, &t->s, err);
    if (ok)
        snprintf(t->a.group, sizeof(t->a.group), "%s", g->name);
    for (size_t i = 0; ok && i < t->s.n; i++)
        t->turned |= t->s.pieces[i].transposed;
    document_unref(d);
    memory_free(g);
    return ok;
}

static bool open_files(struct trial *t, struct error *err)
{
    const struct options *o = t->o;
    size_t n = t->files ? t->files : 1;
    if (o->group && n > 1)
        return fail(err, ERROR_USAGE, "--group takes its matrices of one file, not of %zu", n);
    return o->group
               ? open_group(t, err)
               : selection_open_all(o->arguments, n, (enum planes)o->picture.planes, &t->s, err);
}

/* One that shares a factor wants one width; each matrix wants entries. */
static bool check_shapes(const struct trial *t, struct error *err)
{
    const struct selection *s = &t->s;
    for (size_t i = 0; i < s->n; i++) {
        size_t rows = selection_rows(s, i), cols = selection_cols(s, i);
        if (rows == 0 || cols == 0)
            return fail(err, ERROR_FORMAT, "%s: %zu x %zu: nothing to approximate",
                        s->stack ? s->names[i] : t->o->arguments[0], rows, cols);
        if (t->a.method && (t->a.method->flags & METHOD_MANY) && cols != selection_cols(s, 0))
            return fail(err, ERROR_USAGE,
                        "%s: %s is %zu wide, %s is %zu: what shares a right factor has one width",
                        t->a.method->name, s->names[0], selection_cols(s, 0), s->names[i], cols);
    }
    return true;
}

/* A simulated mechanism works on the covariance of what was named, at the clip and centre of the params;
 * what was known of another one is forgotten. */
static bool simulate(struct trial *t, bool *anew, struct error *err)
{
    struct simulation now;
    struct selection s = { 0 };
    *anew = false;
    if (!t->a.method || !t->a.method->simulated)
        return true;
    t->a.method->simulated(t->a.params.bytes, &now);
    const struct covariance_terms *c = &now.covariance;
    if (t->rows.n && c->ready == t->terms.ready && c->clip == t->terms.clip &&
        c->centre == t->terms.centre)
        return true;
    const struct selection *rows = t->rows.n ? &t->rows : &t->s;
    if (!simulated_selection(rows, t->a.dtype, (enum nonfinite)t->o->common.nonfinite, c, &s, err))
        return false;
    if (t->rows.n)
        selection_finish(&t->s);
    else
        t->rows = t->s;
    t->s = s;
    t->terms = *c;
    *anew = true;
    return true;
}

/* A sweep may have moved the clip. */
static bool follow(struct trial *t, struct error *err)
{
    bool anew;
    if (!simulate(t, &anew, err))
        return false;
    if (!anew)
        return true;
    matrix_finish(&t->input[0]);
    svd_finish(&t->svds[0]);
    memory_free(t->sigma[0]);
    t->sigma[0] = NULL;
    return selection_read(&t->s, t->a.dtype, (enum nonfinite)t->o->common.nonfinite, t->input, err);
}

void trial_note(struct trial *t)
{
    size_t n = (size_t)snprintf(t->a.notice, sizeof(t->a.notice), "%s", t->s.document->notice);
    if (t->turned && n < sizeof(t->a.notice))
        snprintf(t->a.notice + n, sizeof(t->a.notice) - n,
                 "%smatrices that are stored (in x out) are taken%s (out x in)", n ? "; " : "",
                 t->o->output ? " and written" : "");
}

bool trial_open(struct trial *t, const struct options *o, struct error *err)
{
    t->o = o;
    t->a.options = o;
    t->a.selection = &t->s;
    t->a.dtype = (enum dtype)o->common.precision;
    bool anew;
    if (!open_files(t, err) || !simulate(t, &anew, err))
        return false;
    trial_note(t);
    const struct format *f = o->output ? format_for_output(o->output) : NULL;
    const struct method *m = t->a.method; /* solve tries several, and has none yet */
    if (f && f->needs_picture && m && m->flags & METHOD_SANDBOX)
        return fail(err, ERROR_USAGE,
                    "%s: the result is a covariance, no picture; write .npy or .safetensors",
                    o->output);
    return check_shapes(t, err) &&
           cli_output_ok(o, t->s.picture, (const char(*)[NAME_TEXT])t->s.names, t->s.n, err);
}

bool trial_read(struct trial *t, struct error *err)
{
    return selection_read(&t->s, t->a.dtype, (enum nonfinite)t->o->common.nonfinite, t->input,
                          err) &&
           engine_open(t->o, &t->engine, err);
}

static bool find_sigma(struct trial *t, size_t i, size_t n, struct error *err)
{
    double *sigma = memory_alloc(n * sizeof(double), err);
    if (!sigma || !linalg_singular_values(t->input[i].view, sigma, err)) {
        memory_free(sigma);
        return false;
    }
    t->sigma[i] = sigma;
    return true;
}

bool trial_decompose(struct trial *t, struct error *err)
{
    for (size_t i = 0; i < t->s.n; i++) {
        struct matrix_view a = t->input[i].view;
        if ((a.rows < a.cols ? a.rows : a.cols) > OPTIMAL_SIDE)
            break;
        if (!isfinite(matrix_norm(t->input[i].view))) /* the first run says so */
            return true;
        if (!job_step(&t->engine.job, 0, "singular vectors", err) ||
            !linalg_svd(t->input[i].view, &t->svds[i], err))
            return false;
    }
    bool whole = t->svds[t->s.n - 1].n; /* of some of several no use can be made */
    for (size_t i = 0; !whole && i < t->s.n; i++)
        svd_finish(&t->svds[i]);
    return true;
}

/* What tells of matrix i: with METHOD_MANY one result of all. */
static struct result *result_of(const struct trial *t, size_t i, size_t *within)
{
    bool shared = t->x.n < t->s.n;
    *within = shared ? i : 0;
    return &t->x.results[shared ? 0 : i];
}

/* The Eckart-Young error where the method left it open, and the numerical rank,
 * which only means something for the entries as they are. */
static bool look_up_optimum(struct trial *t, size_t i, struct error *err)
{
    size_t within;
    struct result *r = result_of(t, i, &within);
    struct measure *m = &r->measures[within];
    struct account_line *line = &t->a.lines[i];
    size_t n = m->rows < m->cols ? m->rows : m->cols;
    bool wanted = t->a.dtype == DTYPE_F64 || (isnan(m->optimal) && line->rank);
    if (!wanted || n > OPTIMAL_SIDE || !isfinite(m->norm))
        return true;
    if (!job_step(&t->engine.job, 0.9, "optimal error", err))
        return false;
    if (!t->sigma[i] && !find_sigma(t, i, n, err))
        return false;
    const struct spectrum s = {
        .sigma = t->sigma[i],
        .n = n,
        .rows = m->rows,
        .cols = m->cols,
        .norm = m->norm,
    };
    if (isnan(m->optimal) && line->rank)
        m->optimal = spectrum_tail(&s, line->rank < n ? line->rank : n);
    if (t->a.method->theory && isnan(m->theory.error))
        t->a.method->theory(&t->a.params, &s, r, within, &line->rank, 1, &m->theory);
    if (t->a.dtype == DTYPE_F64)
        line->numerical_rank = (double)spectrum_numerical_rank(&s);
    return true;
}

/* One line per matrix, and their sum. */
static bool fill_line(struct trial *t, size_t i, struct error *err)
{
    size_t within;
    const struct result *r = result_of(t, i, &within);
    const struct measure *m = &r->measures[within];
    struct account_line *line = &t->a.lines[i];
    bool shared = r->n_measures > 1, shifted = r->frames[within].shifted;
    *line = (struct account_line){
        .name = t->s.names[i],
        .rows = m->rows,
        .cols = m->cols,
        .rank = r->rank,
        .dead = r->dead,
        .rounds = r->rounds,
        .error = m->error,
        .bound = m->bound,
        .fitted = shifted ? nan("") : m->fitted,
        .right_loss = shifted ? nan("") : m->right_loss,
        .numerical_rank = nan(""),
        .psnr = nan(""),
        .ssim = nan(""),
        .seconds = shared ? nan("") : r->seconds,
        .bits_paper = result_bits_of(r, within, true),
        .bits_true = result_bits_of(r, within, false),
        .entries = (uint64_t)m->rows * m->cols,
        .counts = t->x.each[shared ? 0 : i],
    };
    if (!look_up_optimum(t, i, err))
        return false;
    line->optimal = m->optimal;
    line->theory = m->theory;
    return true;
}

/* sqrt(sum x_i^2 ||A_i||^2 / sum ||A_i||^2): errors relative to all matrices together. */
static double together(const struct trial *t, size_t field)
{
    double sum = 0, norms = 0;
    for (size_t i = 0; i < t->s.n; i++) {
        size_t within;
        double norm = result_of(t, i, &within)->measures[within].norm, error;
        memcpy(&error, (const char *)&t->a.lines[i] + field, sizeof(error));
        sum = hypot(sum, error * norm);
        norms = hypot(norms, norm);
    }
    return sum == 0 ? 0 : sum / norms;
}

static void fill_total(struct trial *t)
{
    struct account_line *total = &t->a.total;
    *total = t->a.lines[0];
    total->error = t->x.error;
    total->seconds = t->x.seconds;
    total->bits_paper = t->x.bits_paper;
    total->bits_true = t->x.bits_true;
    total->rows = t->s.rows;
    total->cols = t->s.cols;
    total->entries = t->x.entries;
    total->counts = t->x.counts;
    if (t->s.n == 1)
        return;
    total->name = NULL;
    if (t->x.n == 1) {
        total->shared_paper = result_bits_shared(&t->x.results[0], true);
        total->shared_true = result_bits_shared(&t->x.results[0], false);
    }
    total->theory = (struct theory){ .error = nan("") };
    total->numerical_rank = nan("");
    total->optimal = together(t, offsetof(struct account_line, optimal));
    total->bound = together(t, offsetof(struct account_line, bound));
    total->fitted = together(t, offsetof(struct account_line, fitted));
    total->right_loss = together(t, offsetof(struct account_line, right_loss));
    for (size_t i = 1; i < t->s.n; i++) {
        const struct account_line *line = &t->a.lines[i];
        total->dead += line->dead;
        total->rank = line->rank > total->rank ? line->rank : total->rank;
        total->rounds = line->rounds > total->rounds ? line->rounds : total->rounds;
    }
}

/* What counts components of a result cannot count more than there are: the run takes the rank. Only what
 * was asked for is worth a word. */
static void note_within(struct trial *t, int rank)
{
    const struct param_table *rows = &t->a.method->params;
    for (size_t i = 0; i < rows->n; i++) {
        const struct param *row = &rows->rows[i];
        double value = param_get(row, &t->a.params);
        size_t n = strlen(t->a.notice);
        char flag[64];
        param_flag(row->key, flag, sizeof(flag));
        if (row->within_rank && options_given(t->o, row->key) && value > rank)
            snprintf(t->a.notice + n, sizeof(t->a.notice) - n,
                     "%s%s %.0f is more than the rank; %d taken", n ? "; " : "", flag, value, rank);
    }
}

/* The row bits_per_entry of a method that deals out bits counts true ones, whatever --count says. */
static void note_count(struct trial *t)
{
    size_t n = strlen(t->a.notice);
    if (t->o->run.count == 1 && param_find(&t->a.method->params, "bits_per_entry"))
        snprintf(
            t->a.notice + n, sizeof(t->a.notice) - n,
            "%s%s deals out true bits: --count paper changes what is reported, not what it takes",
            n ? "; " : "", t->a.method->name);
}

bool trial_settle(struct trial *t, bool rank_is_set, struct error *err)
{
    const struct options *o = t->o;
    const struct param *rank = param_find(&t->a.method->params, "rank");
    struct budget_shape shapes[SELECTION_MAX];
    size_t n = trial_shapes(t, shapes);
    if (o->run.bits_per_entry > 0) {
        if (rank && rank_is_set)
            return fail(err, ERROR_USAGE,
                        "--rank and --bits-per-entry both decide the rank; "
                        "give one of them");
        if (!budget_rank_of(t->a.method, &t->a.params, t->a.dtype, shapes, n, o->run.bits_per_entry,
                            o->run.count == 1, err))
            return false;
    }
    size_t most = budget_most(t->a.method, shapes, n);
    note_count(t);
    if (!rank)
        return true;
    if (rank_is_set && param_get(rank, &t->a.params) > (double)most)
        snprintf(t->a.notice, sizeof(t->a.notice), "rank %.0f is more than %s; %zu taken",
                 param_get(rank, &t->a.params), n > 1 ? "the matrices have" : "the matrix has",
                 most);
    /* not param_put: a matrix without entries has rank 0 */
    const int taken = (int)fmin(param_get(rank, &t->a.params), (double)most);
    memcpy(t->a.params.bytes + rank->offset, &taken, sizeof(taken));
    note_within(t, taken);
    return true;
}

bool trial_run(struct trial *t, struct error *err)
{
    struct matrix_view views[SELECTION_MAX];
    if (!follow(t, err))
        return false;
    for (size_t i = 0; i < t->s.n; i++)
        views[i] = t->input[i].view;
    const struct inputs in = { views, t->s.n, t->svds[0].n ? t->svds : NULL };
    approximation_finish(&t->x);
    return approximate(&t->engine.job, t->a.method, &t->a.params, &in, &t->x, err);
}

/* Pictures: PSNR and SSIM against what was read, in the colours one sees. */
static bool compare_pictures(struct trial *t, struct error *err)
{
    struct account_line *total = &t->a.total;
    if (!t->s.picture)
        return true;
    bool ok = likeness_measure(&t->s, t->input, &t->x, &total->psnr, &total->ssim, err);
    for (size_t i = 0; ok && i < t->s.n && !(t->s.n == 3 && t->s.planes == PLANES_YCBCR); i++) {
        struct matrix output = { 0 };
        size_t within;
        const struct result *r = result_of(t, i, &within);
        ok = matrix_init(&output, t->a.dtype, t->s.rows, t->s.cols, err) &&
             result_expand(r, within, output.view, err) &&
             quality_ssim(&t->input[i].view, &output.view, 1, &t->a.lines[i].ssim, err);
        if (ok)
            t->a.lines[i].psnr = quality_psnr(&t->input[i].view, &output.view, 1);
        matrix_finish(&output);
    }
    return ok;
}

static struct export_request file_of(struct trial *t)
{
    const struct raster *raster = t->s.document->raster;
    provenance_fill(&t->provenance, &t->s, t->a.method, &t->a.params, t->a.dtype, t->x.error);
    return (struct export_request){
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
        .force = t->o->common.force,
    };
}

bool trial_size(struct trial *t, uint64_t *bytes, struct error *err)
{
    const struct export_request request = file_of(t);
    return export_factors_size(&request, bytes, err);
}

bool trial_account(struct trial *t, struct error *err)
{
    t->a.backend = backend_name(t->engine.backend); /* auto decided on the way */
    t->a.device = backend_device(t->engine.backend);
    t->a.trouble = backend_trouble(t->engine.backend);
    for (size_t i = 0; i < t->s.n; i++)
        if (!fill_line(t, i, err))
            return false;
    fill_total(t);
    if (!simulated_measure(&t->a, t->input[0].view, &t->x.results[0], err))
        return false;
    if (!compare_pictures(t, err) || !trial_size(t, &t->a.total.bytes, err))
        return false;
    if (t->s.n == 1) {
        t->a.lines[0].bytes = t->a.total.bytes;
        t->a.lines[0].psnr = t->a.total.psnr;
        t->a.lines[0].ssim = t->a.total.ssim;
    }
    return true;
}

bool trial_store(struct trial *t, struct error *err)
{
    const struct export_request request = file_of(t);
    if (!t->o->output)
        return true;
    return job_step(&t->engine.job, 0.95, "writing", err) &&
           export_write(&request, t->o->output, &t->a.written, err);
}

void trial_close(struct trial *t)
{
    for (size_t i = 0; i < SELECTION_MAX; i++) {
        matrix_finish(&t->input[i]);
        svd_finish(&t->svds[i]);
        memory_free(t->sigma[i]);
    }
    approximation_finish(&t->x);
    engine_close(&t->engine);
    selection_finish(&t->s);
    selection_finish(&t->rows);
}
