/* Every method at one size, and grids of one method, between the pictures. What was measured is kept
 * for as long as the matrices are: a comparison that was overtaken goes on where it was, because its
 * search asks for the same runs again and has their numbers at once. */

#include "study_inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "approximate.h"
#include "likeness.h"
#include "memory.h"
#include "registry.h"

enum { LOOKS_MOST = 4096 };

void looks_forget(struct looks *l)
{
    memory_free(l->of);
    *l = (struct looks){ 0 };
}

static const struct look *find(const struct looks *l, const struct method *m,
                               const struct params_any *params, bool coarse)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->of[i].method == m && l->of[i].coarse == coarse &&
            param_equal(&m->params, &l->of[i].params, params))
            return &l->of[i];
    return NULL;
}

/* One that finds no room is measured again next time. */
static void keep(struct looks *l, const struct look *look)
{
    struct error unused;
    if (l->n == l->room && l->n < LOOKS_MOST) {
        size_t room = l->room ? 2 * l->room : 64;
        struct look *of = memory_alloc(room * sizeof(*of), &unused);
        if (!of)
            return;
        if (l->n)
            memcpy(of, l->of, l->n * sizeof(*of));
        memory_free(l->of);
        l->of = of;
        l->room = room;
    }
    if (l->n < l->room)
        l->of[l->n++] = *look;
}

/* A comparison on its way. */
struct table {
    struct run *r;
    struct run_list rows;
    struct error trouble; /* of a row that found no memory */
};

static bool measure_anew(const struct run *r, const struct method *m,
                         const struct params_any *params, bool coarse, struct compare_numbers *out,
                         struct error *err)
{
    struct study *s = r->study;
    struct matrix_view views[SELECTION_MAX];
    struct spectrum spectra[SELECTION_MAX];
    for (size_t p = 0; p < s->selection.n; p++) {
        views[p] = s->matrices[p].view;
        spectra[p] = (struct spectrum){ s->svds[p].sigma, s->svds[p].n, s->selection.rows,
                                        s->selection.cols, s->norm[p] };
    }
    const struct inputs in = { .matrices = views, .n = s->selection.n, .svds = s->svds };
    struct job job = r->job;
    struct approximation a = { 0 };
    struct provenance words = { 0 };
    double psnr = (double)NAN, ssim = (double)NAN;
    uint64_t bytes = 0;
    job.progress = NULL; /* the comparison tells how far it is */
    bool ok = approximate(&job, m, params, &in, &a, err);
    if (ok && !coarse) {
        const struct export_request file = study_file(r, &a, m, params, &words);
        ok = export_factors_size(&file, &bytes, err) &&
             (!s->selection.picture ||
              likeness_measure(&s->selection, s->matrices, &a, &psnr, &ssim, err));
    }
    if (ok)
        compare_numbers_of(&a, spectra, out);
    approximation_finish(&a);
    out->psnr = psnr;
    out->ssim = ssim;
    out->bytes = bytes;
    return ok;
}

static bool measure(void *context, const struct method *m, const struct params_any *params,
                    bool coarse, struct compare_numbers *out, struct error *err)
{
    const struct table *t = context;
    struct looks *looks = &t->r->study->looks;
    const struct look *known = find(looks, m, params, coarse);
    if (known) {
        *out = known->numbers;
        return true;
    }
    if (!measure_anew(t->r, m, params, coarse, out, err))
        return false;
    keep(looks, &(struct look){ m, *params, coarse, *out });
    return true;
}

static bool start(void *context, const struct method *m, bool paper, struct params_any *out,
                  struct error *err)
{
    (void)context, (void)err;
    param_defaults(&m->params, paper, out->bytes);
    return true;
}

static double optimal(void *context, size_t rank)
{
    const struct table *t = context;
    return study_optimal(t->r, rank);
}

/* The rows so far; a list that nobody took yet is replaced by this one, which has them all. */
static void emit(struct table *t)
{
    struct outcome o = { .ok = true, .numbers = study_unknown };
    if (run_list_copy(&t->rows, &o.runs, &t->trouble))
        study_emit(t->r, &o);
}

/* Of coarse looks the best of each method stands there until a run of it is done. m NULL: of all. */
static void drop_looks(struct run_list *l, const struct method *m)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->of[i].final || (m && l->of[i].method != m))
            l->of[n++] = l->of[i];
    l->n = n;
}

static const struct run_row *of_method(const struct run_list *l, const struct method *m)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->of[i].method == m)
            return &l->of[i];
    return NULL;
}

static void found(void *context, const struct compare_row *row)
{
    static const enum run_origin origins[] = {
        [COMPARE_FOUND] = RUN_FOUND, [COMPARE_DEFAULT] = RUN_DEFAULT, [COMPARE_SOURCE] = RUN_SOURCE
    };
    struct table *t = context;
    const struct run_row *there = of_method(&t->rows, row->method);
    if (!row->final && there && (there->final || there->numbers.error <= row->numbers.error))
        return;
    drop_looks(&t->rows, row->method);
    const struct run_row new = { .method = row->method,
                                 .params = row->params,
                                 .origin = origins[row->origin],
                                 .final = row->final,
                                 .bits = t->r->request->bits,
                                 .numbers = row->numbers };
    if (run_list_put(&t->rows, &new, &t->trouble))
        emit(t);
}

static bool put_reference(struct table *t, const struct reference *x, struct error *err)
{
    const struct selection *s = &t->r->study->selection;
    struct run_row row = { .origin = RUN_REFERENCE, .final = true, .bits = t->r->request->bits };
    row.numbers = (struct compare_numbers){ .error = x->error,
                                            .tail = (double)NAN,
                                            .left = (double)NAN,
                                            .right = (double)NAN,
                                            .psnr = x->psnr,
                                            .ssim = (double)NAN,
                                            .seconds = (double)NAN,
                                            .bits_paper = 8 * x->bytes,
                                            .bits_true = 8 * x->bytes,
                                            .entries = s->n * s->rows * s->cols,
                                            .bytes = x->bytes };
    snprintf(row.name, sizeof(row.name), "%s", x->name);
    snprintf(row.setting, sizeof(row.setting), "%s", x->setting);
    return !x->there || run_list_put(&t->rows, &row, err);
}

/* What one would use for a picture otherwise, at this size. */
static bool references(struct table *t, struct error *err)
{
    struct study *s = t->r->study;
    double entries = (double)s->selection.n * (double)s->selection.rows * (double)s->selection.cols;
    uint64_t bytes = (uint64_t)(t->r->request->bits * entries / 8);
    struct job job = t->r->job;
    job.progress = NULL;
    if (!s->selection.picture)
        return true;
    if (s->reference_bytes != bytes || !s->n_references) {
        s->n_references = 0;
        if (!job_step(&t->r->job, 0, "PNG and JPEG", err) ||
            !reference_measure(&s->selection, s->matrices, bytes, &job, s->references,
                               &s->n_references, err))
            return false;
        s->reference_bytes = bytes;
    }
    for (size_t i = 0; i < s->n_references; i++)
        if (!put_reference(t, &s->references[i], err))
            return false;
    emit(t);
    return true;
}

static bool one_size(struct table *t, struct error *err)
{
    const struct study *s = t->r->study;
    struct compare_table out = { 0 };
    const struct compare_request q = {
        .methods = methods,
        .size = { COMPARE_TRUE, t->r->request->bits },
        .dtype = s->dtype,
        .rows = s->selection.rows,
        .cols = s->selection.cols,
        .planes = s->selection.n,
        .start = start,
        .job = &t->r->job,
        .measure = measure,
        .optimal = optimal,
        .found = found,
        .context = t,
    };
    bool ok = references(t, err) && compare_run(&q, &out, err);
    drop_looks(&t->rows, NULL); /* of runs that failed */
    compare_finish(&out);
    return ok;
}

/* ---- a grid of one method ---- */

static const double rank_factors[] = { 0.25, 0.5, 1, 2, 4 };
static const double grid_bits[] = { 2, 3, 4, 6, 8 };
enum { FACTORS = sizeof(rank_factors) / sizeof(rank_factors[0]) };
enum { BITS = sizeof(grid_bits) / sizeof(grid_bits[0]) };

/* Ranks, or bits per entry of a method that lays them out itself, about the setting's own. */
static bool put_size(const struct run *r, double factor, struct params_any *params)
{
    const struct selection *s = &r->study->selection;
    const struct method *m = r->request->method;
    const struct param *rank = param_find(&m->params, "rank");
    const struct param *bits = param_find(&m->params, "bits_per_entry");
    double side = (double)(s->rows < s->cols ? s->rows : s->cols);
    if (rank)
        param_put(rank, params, fmax(1, fmin(side, floor(param_get(rank, params) * factor + 0.5))));
    else if (bits)
        param_put(bits, params, param_get(bits, params) * factor);
    return rank || bits;
}

static bool put_bits(const struct method *m, double bits, struct params_any *params)
{
    static const char *const keys[] = { "left_bits", "right_bits", "bits" };
    bool any = false;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct param *row = param_find(&m->params, keys[i]);
        if (row)
            param_put(row, params, bits);
        any |= row != NULL;
    }
    return any;
}

/* A setting that cannot be run has no row. */
static bool grid_row(struct table *t, const struct params_any *params, double done,
                     struct error *err)
{
    const struct method *m = t->r->request->method;
    struct run_row row = { .method = m, .params = *params, .origin = RUN_GRID, .final = true };
    struct error why = { 0 };
    char stage[80];
    snprintf(stage, sizeof(stage), "%s: grid", m->name);
    if (!job_step(&t->r->job, done, stage, err))
        return false;
    if (!measure(t, m, params, false, &row.numbers, &why)) {
        if (why.code != ERROR_CANCELLED && why.code != ERROR_MEMORY)
            return true;
        *err = why;
        return false;
    }
    if (!run_list_put(&t->rows, &row, err))
        return false;
    emit(t);
    return true;
}

static bool grid(struct table *t, struct error *err)
{
    const struct request *q = t->r->request;
    struct params_any p = q->params;
    bool by_size = put_size(t->r, 1, &p), by_bits = put_bits(q->method, grid_bits[0], &p);
    size_t sizes = by_size ? FACTORS : 1, bits = by_bits ? BITS : 1;
    for (size_t i = 0; i < sizes; i++)
        for (size_t j = 0; j < bits; j++) {
            p = q->params;
            put_size(t->r, by_size ? rank_factors[i] : 1, &p);
            if (by_bits)
                put_bits(q->method, grid_bits[j], &p);
            if (!grid_row(t, &p, (double)(i * bits + j) / (double)(sizes * bits), err))
                return false;
        }
    return true;
}

bool study_compare(struct run *r, struct outcome *o, struct error *err)
{
    struct table t = { .r = r };
    bool ok = study_decompose(r, err) && (r->request->grid ? grid(&t, err) : one_size(&t, err));
    if (ok && t.trouble.code != ERROR_NONE) {
        *err = t.trouble;
        ok = false;
    }
    if (ok) {
        o->runs = t.rows;
        t.rows = (struct run_list){ 0 };
    }
    run_list_finish(&t.rows);
    return ok;
}
