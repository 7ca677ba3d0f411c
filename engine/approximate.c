#include "approximate.h"

#include "memory.h"
#include "seconds.h"
#include "spectrum.h"

#include <math.h>
#include <string.h>

static size_t smaller_side(struct matrix_view a)
{
    return a.rows < a.cols ? a.rows : a.cols;
}

/* The params with a rank that every matrix has, or that those on top of each other have. */
static struct params_any clamped(const struct method *m, const void *params,
                                 const struct inputs *in)
{
    struct params_any own = { 0 };
    double most = (double)smaller_side(in->matrices[0]), height = 0;
    memcpy(own.bytes, params, m->params.size);
    const struct param *rank = param_find(&m->params, "rank");
    for (size_t i = 0; i < in->n; i++) {
        height += (double)in->matrices[i].rows;
        most = m->flags & METHOD_MANY ? fmin(height, (double)in->matrices[0].cols)
                                      : fmin(most, (double)smaller_side(in->matrices[i]));
    }
    if (rank)
        param_put(rank, own.bytes, fmin(param_get(rank, own.bytes), most));
    return own;
}

/* Norms, before anything runs: they also tell whether the entries can be computed with. */
static bool measure_inputs(const struct inputs *in, struct measure *out, struct error *err)
{
    for (size_t i = 0; i < in->n; i++) {
        struct matrix_view a = in->matrices[i];
        out[i].rows = a.rows;
        out[i].cols = a.cols;
        if (a.rows == 0 || a.cols == 0)
            return fail(err, ERROR_FORMAT, "a %zu x %zu matrix has nothing to approximate", a.rows,
                        a.cols);
        out[i].norm = matrix_norm(a);
        size_t row, col;
        if (!isfinite(out[i].norm))
            return fail(err, ERROR_FORMAT,
                        matrix_nonfinite(a, &row, &col)
                            ? "the matrix has NaN or infinite entries"
                            : "the norm of the matrix is beyond the largest number (1.8e308)");
    }
    return true;
}

/* The matrices, before the method asks for them: they stay until their errors are measured. */
static bool load_inputs(struct backend *b, const struct inputs *in, struct buffer *loaded,
                        struct error *err)
{
    for (size_t i = 0; i < in->n; i++)
        if (!backend_load(b, in->matrices[i], &loaded[i], err))
            return false;
    return true;
}

/* Every part as numbers where the backend computes. */
static bool load_parts(struct backend *b, enum dtype dtype, const struct result *r,
                       struct buffer *parts, struct error *err)
{
    for (size_t i = 0; i < r->n_parts; i++) {
        const struct part *p = &r->parts[i];
        bool ok = p->coded ? backend_alloc(b, dtype, part_rows(p), part_cols(p), &parts[i], err) &&
                                 backend_decode(&p->codes, &parts[i], err)
                           : backend_load(b, p->plain.view, &parts[i], err);
        if (!ok)
            return false;
    }
    return true;
}

static double ratio(double residual, double norm)
{
    return residual == 0 ? 0 : residual / norm;
}

/* What stands within a frame is expanded as `expand` does it. */
static bool load_framed(struct job *job, struct matrix_view a, const struct result *r, size_t index,
                        struct buffer *out, struct error *err)
{
    struct matrix_view expanded;
    return arena_matrix(job->scratch, a.dtype, a.rows, a.cols, &expanded, err) &&
           result_expand(r, index, expanded, err) && backend_load(job->backend, expanded, out, err);
}

/* ||A - what its terms and its frame come to||_F, by subtraction. */
static bool measure_matrix(struct job *job, struct matrix_view a, const struct result *r,
                           size_t index, const struct buffer *parts,
                           struct buffer_product *products, struct error *err)
{
    struct measure *m = &r->measures[index];
    struct buffer whole = { 0 }, framed = { 0 };
    size_t n = 0;
    bool plain = frame_plain(&r->frames[index]);
    if (!plain)
        products[n++] = (struct buffer_product){ &framed, NULL };
    for (size_t i = 0; plain && i < r->n_terms; i++) {
        const struct term *t = &r->terms[i];
        if (t->matrix == index)
            products[n++] = (struct buffer_product){ &parts[t->left], t->right == TERM_DENSE
                                                                          ? NULL
                                                                          : &parts[t->right] };
    }
    bool ok = job_step(job, 1, "measuring", err) &&
              (plain || load_framed(job, a, r, index, &framed, err)) &&
              backend_load(job->backend, a, &whole, err) &&
              backend_residual(&whole, products, n, &m->residual, err);
    backend_release(&whole);
    backend_release(&framed);
    if (!ok)
        return false;
    if (!isfinite(m->residual))
        return fail(err, ERROR_NUMERIC, "the result is not finite: entries are too large for %s",
                    a.dtype == DTYPE_F64 ? "double precision" : "single precision; try f64");
    m->error = ratio(m->residual, m->norm);
    return true;
}

static bool measure_result(struct job *job, const struct inputs *in, struct result *r,
                           struct error *err)
{
    struct buffer *parts = arena_alloc(job->scratch, r->n_parts * sizeof(*parts), err);
    struct buffer_product *products = parts ? arena_alloc(job->scratch,
                                                          (r->n_terms + 1) * sizeof(*products), err)
                                            : NULL;
    bool plain = false;
    for (size_t i = 0; i < r->n_measures; i++)
        plain = plain || frame_plain(&r->frames[i]);
    if (!products || (plain && !load_parts(job->backend, in->matrices[0].dtype, r, parts, err)))
        return false;
    for (size_t i = 0; i < in->n; i++) {
        if (!measure_matrix(job, in->matrices[i], r, i, parts, products, err))
            return false;
        if (in->svds && r->rank) {
            const struct svd *svd = &in->svds[i];
            struct spectrum s = { svd->sigma, svd->n, in->matrices[i].rows, in->matrices[i].cols,
                                  svd->norm };
            r->measures[i].optimal = spectrum_tail(&s, r->rank < svd->n ? r->rank : svd->n);
        }
    }
    return true;
}

/* One run of a method, and what it fills. */
struct task {
    const struct method *method;
    const void *params;
    const struct inputs *in;
    struct result *result;
};

/* Where the caller brought the spectrum and the method did not tell itself. */
static void note_theory(const struct task *t, const void *params)
{
    struct result *r = t->result;
    for (size_t i = 0; t->in->svds && t->method->theory && i < t->in->n; i++) {
        const struct svd *svd = &t->in->svds[i];
        const struct spectrum s = { svd->sigma, svd->n, r->measures[i].rows, r->measures[i].cols,
                                    svd->norm };
        if (isnan(r->measures[i].theory.error))
            t->method->theory(params, &s, r, i, &r->rank, 1, &r->measures[i].theory);
    }
}

/* What is loaded leaves room for `loaded`, the inputs, alone on the way to measuring. */
static bool run_method(struct job *job, const struct task *t, const void *params,
                       struct buffer *loaded, struct error *err)
{
    double begin = seconds_now();
    bool ok = load_inputs(job->backend, t->in, loaded, err) &&
              t->method->run(job, t->in, params, t->result, err);
    t->result->seconds = seconds_now() - begin;
    if (ok)
        backend_release_rest(job->backend, loaded, t->in->n);
    arena_finish(job->scratch);
    return ok;
}

static bool attempt(struct job *job, void *context, struct error *err)
{
    const struct task *t = context;
    struct params_any own = clamped(t->method, t->params, t->in);
    result_finish(t->result);
    struct buffer *loaded = memory_alloc(t->in->n * sizeof(*loaded), err);
    bool ok = loaded && result_init(t->result, t->in->n, err) &&
              measure_inputs(t->in, t->result->measures, err) &&
              run_method(job, t, own.bytes, loaded, err) &&
              measure_result(job, t->in, t->result, err);
    if (ok)
        note_theory(t, own.bytes);
    memory_free(loaded);
    return ok;
}

/* The method's products, the residual's, and the way there. */
static struct backend_work work_of(const struct task *t)
{
    struct params_any own = clamped(t->method, t->params, t->in);
    const struct param *rank = param_find(&t->method->params, "rank");
    struct backend_work w = { .dtype = t->in->matrices[0].dtype };
    for (size_t i = 0; i < t->in->n; i++) {
        double rows = (double)t->in->matrices[i].rows, cols = (double)t->in->matrices[i].cols;
        w.bytes += rows * cols * (double)dtype_size(w.dtype);
        if (t->method->flops)
            w.flops += t->method->flops(own.bytes, t->in->matrices[i].rows,
                                        t->in->matrices[i].cols) +
                       2 * rows * cols * (rank ? param_get(rank, own.bytes) : 1);
    }
    return w;
}

/* One run of the method, measured, with nothing left on the backend or in the arena. */
static bool run_one(struct job *job, const struct method *m, const void *params,
                    const struct inputs *in, struct result *r, struct error *err)
{
    struct task t = { m, params, in, r };
    return job_run(job, work_of(&t), attempt, &t, err);
}

static void add_up(struct approximation *a)
{
    double residual = 0, norm = 0, optimal = 0;
    for (size_t i = 0; i < a->n; i++) {
        const struct result *r = &a->results[i];
        a->bits_paper += result_bits_paper(r);
        a->bits_true += result_bits_true(r);
        a->seconds += r->seconds;
        for (size_t j = 0; j < r->n_measures; j++) {
            const struct measure *m = &r->measures[j];
            a->entries += (uint64_t)m->rows * m->cols;
            residual = hypot(residual, m->residual);
            optimal = hypot(optimal, m->optimal * m->norm);
            norm = hypot(norm, m->norm);
        }
    }
    a->error = ratio(residual, norm);
    a->optimal = isnan(optimal) ? optimal : ratio(optimal, norm);
}

static struct backend_counts counts_since(const struct backend *b,
                                          const struct backend_counts *before)
{
    struct backend_counts n = backend_counts(b);
    for (int op = 0; op < OP_COUNT; op++) {
        n.device[op] -= before->device[op];
        n.fallback[op] -= before->fallback[op];
    }
    return n;
}

bool approximate(struct job *job, const struct method *m, const void *params,
                 const struct inputs *in, struct approximation *out, struct error *err)
{
    bool many = m->flags & METHOD_MANY;
    struct approximation a = { .n = many ? 1 : in->n };
    a.results = memory_alloc(a.n * sizeof(*a.results), err);
    a.each = a.results ? memory_alloc(a.n * sizeof(*a.each), err) : NULL;
    bool ok = a.each;
    backend_counts_reset(job->backend);
    for (size_t i = 0; ok && i < a.n; i++) {
        struct inputs one = { in->matrices + i, 1, in->svds ? in->svds + i : NULL };
        struct backend_counts before = backend_counts(job->backend);
        ok = run_one(job, m, params, many ? in : &one, &a.results[i], err);
        a.each[i] = counts_since(job->backend, &before);
    }
    if (!ok) {
        approximation_finish(&a);
        return false;
    }
    a.counts = backend_counts(job->backend);
    a.backend = backend_name(job->backend);
    add_up(&a);
    *out = a;
    return true;
}

void approximation_finish(struct approximation *a)
{
    for (size_t i = 0; a->results && i < a->n; i++)
        result_finish(&a->results[i]);
    memory_free(a->results);
    memory_free(a->each);
    *a = (struct approximation){ 0 };
}

/* The matrix, a copy of it, a panel of the residual, the result, a thin SVD with its
 * workspace (the dearest thing a method asks for), a dozen panels as wide as the rank; what a dense
 * part leaves, twice; Gram matrices and the workspace of their eigenvectors, Hermitian ones beside
 * noise; and a tenth for the rest. A
 * frame: the matrix rotated, or the result expanded within it. */
uint64_t approximate_memory(const struct method *m, const void *params, enum dtype dtype,
                            size_t rows, size_t cols)
{
    static const char *const framed[] = { "hadamard", "normalize" };
    const struct param *row = param_find(&m->params, "rank");
    double n = (double)rows, d = (double)cols, side = fmin(n, d), size = (double)dtype_size(dtype);
    double rank = row ? fmin(param_get(row, params), side) : m->flags & METHOD_SIZED ? side : 0;
    double bytes = (2 * n * d + fmin(n * d, 0x1p18)) * size +
                   (double)m->bits(params, dtype, rows, cols, false) / 8;
    if (rank > 0)
        bytes += ((n + d) * side + 4 * side * side) * size + 12 * (n + d) * rank * size;
    for (size_t i = 0; i < sizeof(framed) / sizeof(framed[0]); i++) {
        const struct param *p = param_find(&m->params, framed[i]);
        if (p && param_get(p, params) != 0)
            bytes += (n * d + fmin(n * d, 0x1p20) + 256 * fmax(n, d)) * size;
    }
    if (m->flags & METHOD_DENSE)
        bytes += 2 * n * d * size;
    if (m->flags & METHOD_MANY)
        bytes += 5 * side * side * 8;
    if (m->flags & METHOD_SANDBOX)
        bytes += 16 * side * side * 8;
    bytes *= 1.1;
    return bytes < 0x1p63 ? (uint64_t)bytes : UINT64_MAX;
}
