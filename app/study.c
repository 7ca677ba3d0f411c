/* What stays between requests: the matrices, their SVDs, and the last few
 * approximations. Truncated SVDs are nested in rank, so that their picture is made
 * of the whole SVD once, at the screen's resolution, and any rank is a product of
 * leading columns: performance notes in docs/architecture.md. */

#include "study_inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "approximate.h"
#include "brightness.h"
#include "export.h"
#include "kept.h"
#include "likeness.h"
#include "memory.h"
#include "provenance.h"
#include "spectrum.h"
#include "truncation.h"

enum { COARSE_FROM = 700 /* smallest side from which a first sketch comes before the SVD */ };

const struct numbers study_unknown = { .error = (double)NAN,
                                       .optimal = (double)NAN,
                                       .bound = (double)NAN,
                                       .psnr = (double)NAN,
                                       .ssim = (double)NAN };

struct study *study_create(struct backend *backend, struct error *err)
{
    struct study *s = memory_alloc(sizeof(*s), err);
    if (s)
        s->backend = backend;
    return s;
}

static void forget(struct study *s)
{
    kept_forget(&s->kept);
    looks_forget(&s->looks);
    s->n_references = 0;
    for (size_t i = 0; i < SELECTION_MAX; i++) {
        svd_finish(&s->svds[i]);
        matrix_finish(&s->matrices[i]);
    }
    s->n_svds = 0;
    selection_finish(&s->selection);
    s->selection = (struct selection){ 0 };
}

void study_destroy(struct study *s)
{
    if (!s)
        return;
    forget(s);
    scan_close(&s->scan);
    arena_finish(&s->scratch);
    memory_free(s);
}

/* Reads the matrices, unless they are there already. */
static bool look_at(struct run *r, bool *fresh, struct error *err)
{
    struct study *s = r->study;
    const struct request *q = r->request;
    *fresh = s->selection.n == 0 || s->selection.document != q->document ||
             s->planes != q->planes || s->dtype != q->dtype || s->nonfinite != q->nonfinite ||
             strcmp(s->entry, q->entry) != 0;
    if (!*fresh)
        return true;
    struct selection selection = { 0 };
    struct matrix matrices[SELECTION_MAX] = { 0 };
    if (!selection_of(q->document, q->entry[0] ? q->entry : NULL, q->planes, &selection, err))
        return false;
    if (!job_step(&r->job, 0, "reading", err) ||
        !selection_read(&selection, q->dtype, q->nonfinite, matrices, err)) {
        for (size_t p = 0; p < SELECTION_MAX; p++)
            matrix_finish(&matrices[p]);
        selection_finish(&selection);
        return false;
    }
    forget(s);
    s->selection = selection;
    memcpy(s->matrices, matrices, sizeof(matrices));
    memcpy(s->entry, q->entry, sizeof(s->entry));
    s->planes = q->planes;
    s->dtype = q->dtype;
    s->nonfinite = q->nonfinite;
    for (size_t p = 0; p < selection.n; p++)
        s->norm[p] = matrix_norm(matrices[p].view);
    s->brightness = brightness_of(s->matrices, selection.n, selection.picture);
    return true;
}

static size_t short_side(const struct study *s)
{
    return s->selection.rows < s->selection.cols ? s->selection.rows : s->selection.cols;
}

static bool original_at(const struct run *r, size_t plane, struct matrix *out, struct error *err)
{
    const struct request *q = r->request;
    const struct study *s = r->study;
    if (!matrix_init(out, DTYPE_F32, (size_t)q->height, (size_t)q->width, err) ||
        !preview_resample_region(s->matrices[plane].view, q->region, out->view, err))
        return false;
    brightness_of_matrix(s->brightness, out->view);
    return true;
}

struct subject *study_subject(const struct run *r, const struct svd *svds, bool exact,
                              struct error *err)
{
    const struct study *s = r->study;
    struct subject *out = memory_alloc(sizeof(*out), err);
    if (!out)
        return NULL;
    out->rows = s->selection.rows;
    out->cols = s->selection.cols;
    out->planes = s->selection.n;
    out->picture = s->selection.picture;
    out->exact = exact;
    out->region = r->request->region;
    out->brightness = s->brightness;
    out->source_bytes = document_size(s->selection.document);
    snprintf(out->notice, sizeof(out->notice), "%s", s->selection.document->notice);
    out->n = svds[0].n;
    for (size_t p = 1; p < out->planes; p++)
        out->n = svds[p].n < out->n ? svds[p].n : out->n;
    bool ok = true;
    for (size_t p = 0; ok && p < out->planes; p++) {
        out->norm[p] = s->norm[p];
        out->sigma[p] = memory_alloc(out->n * sizeof(double), err);
        ok = out->sigma[p] && original_at(r, p, &out->original[p], err);
        if (ok)
            memcpy(out->sigma[p], svds[p].sigma, out->n * sizeof(double));
    }
    ok = ok && (!exact || subject_elbow(out, &out->elbow, err));
    if (ok)
        return out;
    subject_destroy(out);
    return NULL;
}

struct shown *study_shown(const struct run *r, const struct svd *svds, struct error *err)
{
    const struct study *s = r->study;
    struct shown *out = memory_alloc(sizeof(*out), err);
    if (!out)
        return NULL;
    out->references = 1;
    out->method = r->request->method;
    out->params = r->request->params;
    out->nested = svds != NULL;
    out->planes = s->selection.n;
    out->space = s->selection.n == 3 ? s->selection.planes : PLANES_RGB;
    out->region = r->request->region;
    size_t height = (size_t)r->request->height, width = (size_t)r->request->width;
    const struct approximation *a = &s->kept.of[0].a;
    bool many = a->n == 1;
    bool ok = true;
    for (size_t p = 0; ok && p < out->planes; p++) {
        ok = svds ? preview_of_svd(&svds[p], out->region, height, width, &out->previews[p], err)
                  : preview_of_result(&a->results[many ? 0 : p], many ? p : 0, out->region, height,
                                      width, &out->previews[p], err);
        ok = ok && brightness_of_preview(s->brightness, &out->previews[p], err);
    }
    if (ok)
        return out;
    shown_destroy(out);
    return NULL;
}

void study_emit(const struct run *r, struct outcome *o)
{
    o->serial = r->request->serial;
    o->kind = r->request->kind;
    o->slot = r->request->slot;
    snprintf(o->path, sizeof(o->path), "%s", r->request->path);
    r->emit(r->context, o);
}

/* The SVD of every plane. One that is done is kept even if the request is
 * overtaken: the next one begins where this one stopped. */
bool study_decompose(struct run *r, struct error *err)
{
    struct study *s = r->study;
    size_t n = s->selection.n;
    if (s->n_svds == n)
        return true;
    if (s->n_svds == 0 && short_side(s) > COARSE_FROM && !coarse_show(r, err))
        return false;
    while (s->n_svds < n) {
        if (!job_step(&r->job, 0.05 + 0.9 * (double)s->n_svds / (double)n, "SVD", err) ||
            !linalg_svd(s->matrices[s->n_svds].view, &s->svds[s->n_svds], err))
            return false;
        s->n_svds++;
    }
    return job_step(&r->job, 0.95, "picture", err);
}

/* A method counts from 0 to 1 for every plane; the user sees one way through all. */
static void on_progress(void *context, double done, const char *stage)
{
    struct run *r = context;
    size_t parts = r->study->n_svds;
    if (done < r->part_done && r->part + 1 < parts)
        r->part++;
    r->part_done = done;
    r->progress(r->context, ((double)r->part + done) / (double)parts, stage);
}

/* Runs the method, unless the last result is the one. */
static bool approximation_of(struct run *r, struct error *err)
{
    struct study *s = r->study;
    const struct request *q = r->request;
    if (kept_find(&s->kept, q->method, &q->params))
        return true;
    struct matrix_view views[SELECTION_MAX];
    for (size_t p = 0; p < s->selection.n; p++)
        views[p] = s->matrices[p].view;
    const struct inputs in = { .matrices = views, .n = s->selection.n, .svds = s->svds };
    struct approximation a = { 0 };
    struct job job = r->job;
    if (r->progress) {
        job.progress = on_progress;
        job.context = r;
    }
    bool ok = approximate(&job, q->method, &q->params, &in, &a, err);
    if (!ok && s->kept.of[0].method && (err->code == ERROR_MEMORY || err->code == ERROR_LIMIT)) {
        kept_forget(&s->kept); /* what they hold may be what is missing */
        approximation_finish(&a);
        a = (struct approximation){ 0 };
        ok = approximate(&job, q->method, &q->params, &in, &a, err);
    }
    if (ok)
        kept_add(&s->kept, q->method, &q->params, &a);
    approximation_finish(&a);
    return ok;
}

static bool picture(struct run *r, struct outcome *o, struct error *err)
{
    struct study *s = r->study;
    bool nested = r->request->method->flags & METHOD_NESTED;
    bool first = s->n_svds < s->selection.n && r->request->kind == REQUEST_PICTURE;
    if (!study_decompose(r, err) || (first && !nested && !coarse_truncation(r, err)) ||
        (!nested && !approximation_of(r, err)))
        return false;
    o->subject = study_subject(r, s->svds, true, err);
    o->shown = o->subject ? study_shown(r, nested ? s->svds : NULL, err) : NULL;
    if (o->shown && !nested) {
        o->numbers = numbers_of(&s->kept.of[0].a);
        theory_curve_of(r->request->method, &r->request->params, s->svds, &s->kept.of[0].a,
                        &o->shown->theory);
    }
    return o->shown != NULL;
}

struct export_request study_file(const struct run *r, const struct approximation *a,
                                 const struct method *m, const struct params_any *params,
                                 struct provenance *p)
{
    const struct study *s = r->study;
    provenance_fill(p, &s->selection, m, params, s->dtype, a->error);
    const struct raster *like = s->selection.document->raster;
    return (struct export_request){
        .results = a->results,
        .n_results = a->n,
        .names = s->selection.names,
        .n = s->selection.n,
        .picture = s->selection.picture,
        .planes = s->selection.planes,
        .depth = like ? like->depth : 8,
        .dtype = s->dtype,
        .like = like,
        .facts = p->facts,
        .n_facts = p->n,
        .force = r->request->force,
    };
}

/* Of the approximation in hand. */
static struct export_request file_of(const struct run *r, struct provenance *p)
{
    const struct kept *k = &r->study->kept;
    return study_file(r, &k->of[0].a, k->of[0].method, &k->of[0].params, p);
}

static bool quality(struct run *r, struct outcome *o, struct error *err)
{
    struct study *s = r->study;
    struct provenance words = { 0 };
    if (!study_decompose(r, err) || !approximation_of(r, err))
        return false;
    o->numbers = numbers_of(&s->kept.of[0].a);
    if (!job_step(&r->job, 0.9, "likeness", err) ||
        (s->selection.picture && !likeness_measure(&s->selection, s->matrices, &s->kept.of[0].a,
                                                   &o->numbers.psnr, &o->numbers.ssim, err)) ||
        !job_step(&r->job, 0.97, "size", err))
        return false;
    const struct export_request file = file_of(r, &words);
    return export_factors_size(&file, &o->numbers.factors_bytes, err);
}

static bool heat(struct run *r, struct outcome *o, struct error *err)
{
    const struct study *s = r->study;
    const struct request *q = r->request;
    if (!study_decompose(r, err) || !approximation_of(r, err) ||
        !job_step(&r->job, 0.9, "where the error is", err))
        return false;
    o->heat = heat_map_of(s->matrices, s->selection.n, &s->kept.of[0].a, q->region,
                          (size_t)q->height, (size_t)q->width, err);
    if (o->heat) {
        o->heat->method = q->method;
        o->heat->params = q->params;
    }
    return o->heat != NULL;
}

static bool levels(struct run *r, struct outcome *o, struct error *err)
{
    const struct study *s = r->study;
    const struct approximation *a = &s->kept.of[0].a;
    if (!study_decompose(r, err) || !approximation_of(r, err))
        return false;
    struct level_map *out = o->levels = memory_alloc(sizeof(*out), err);
    bool many = a->n == 1, ok = out;
    for (size_t p = 0; ok && p < s->selection.n; p++)
        ok = histogram_of(&r->job, s->matrices[p].view, &a->results[many ? 0 : p], many ? p : 0,
                          out->of[p].of, &out->of[p].n, err);
    if (!ok)
        return false;
    out->planes = s->selection.n;
    out->method = r->request->method;
    out->params = r->request->params;
    return true;
}

/* Before anything is read for it. */
static bool names_fit(const struct run *r, struct error *err)
{
    const struct request *q = r->request;
    struct selection s = { 0 };
    bool ok = selection_of(q->document, q->entry[0] ? q->entry : NULL, q->planes, &s, err) &&
              export_names_fit(q->path, (const char(*)[NAME_TEXT])s.names, s.n, err);
    selection_finish(&s);
    return ok;
}

static bool export(struct run *r, struct outcome *o, struct error *err)
{
    struct provenance words = { 0 };
    if (!names_fit(r, err) || !study_decompose(r, err) || !approximation_of(r, err))
        return false;
    o->numbers = numbers_of(&r->study->kept.of[0].a);
    const struct export_request file = file_of(r, &words);
    return job_step(&r->job, 0.9, "writing", err) &&
           export_factors_size(&file, &o->numbers.factors_bytes, err) &&
           export_write(&file, r->request->path, &o->numbers.written_bytes, err);
}

/* One setting on the way to a goal, measured as a picture of it would be. */
static bool measure(void *context, const struct params_any *params, struct goal_numbers *out,
                    struct error *err)
{
    const struct run *whole = context;
    struct study *s = whole->study;
    struct request request = *whole->request;
    struct run r = *whole;
    struct provenance words = { 0 };
    request.params = *params;
    r.request = &request;
    r.progress = r.job.progress = NULL; /* the search tells how far it is */
    if (!approximation_of(&r, err))
        return false;
    const struct approximation *a = &s->kept.of[0].a;
    *out = (struct goal_numbers){ a->error, (double)NAN, (double)NAN, a->bits_true, a->entries, 0 };
    if (goal_needs_picture(&request.goal) && s->selection.picture)
        return likeness_measure(&s->selection, s->matrices, a, &out->psnr, &out->ssim, err);
    const struct export_request file = file_of(&r, &words);
    return request.goal.kind != GOAL_SIZE || export_factors_size(&file, &out->bytes, err);
}

/* The file itself; what is kept of another stays. */
static bool open_file(struct run *r, struct outcome *o, struct error *err)
{
    const struct request *q = r->request;
    const struct watch watch = { r->job.cancel, r->progress, r->context };
    if (job_step(&r->job, 0, "reading", err))
        o->document = selection_document(q->path, &watch, o->entry, err);
    return o->document != NULL;
}

double study_optimal(const struct run *r, size_t rank)
{
    const struct study *s = r->study;
    double tail = 0, norm = 0;
    for (size_t p = 0; p < s->selection.n; p++) {
        const struct spectrum spectrum = { s->svds[p].sigma, s->svds[p].n, s->selection.rows,
                                           s->selection.cols, s->norm[p] };
        tail = hypot(tail, spectrum_tail(&spectrum, rank) * s->norm[p]);
        norm = hypot(norm, s->norm[p]);
    }
    return norm > 0 ? tail / norm : 0;
}

static double optimal(void *context, size_t rank)
{
    return study_optimal(context, rank);
}

static bool solve(struct run *r, struct outcome *o, struct error *err)
{
    const struct study *s = r->study;
    const struct goal_search search = {
        .goal = &r->request->goal,
        .method = r->request->method,
        .axis = r->request->axis,
        .params = r->request->params,
        .dtype = s->dtype,
        .rows = s->selection.rows,
        .cols = s->selection.cols,
        .planes = s->selection.n,
        .job = &r->job,
        .measure = measure,
        .optimal = optimal,
        .context = r,
    };
    return study_decompose(r, err) && goal_solve(&search, &o->answer, err);
}

void study_run(struct study *s, const struct request *request, const atomic_bool *cancel,
               void (*progress)(void *context, double done, const char *stage),
               void (*emit_to)(void *context, struct outcome *o), void *context)
{
    static bool (*const kinds[])(struct run *, struct outcome *, struct error *) = {
        [REQUEST_PICTURE] = picture,
        [REQUEST_QUALITY] = quality,
        [REQUEST_EXPORT] = export,
        [REQUEST_SLOT] = picture,
        [REQUEST_SOLVE] = solve,
        [REQUEST_OPEN] = open_file,
        [REQUEST_HEAT] = heat,
        [REQUEST_LEVELS] = levels,
        [REQUEST_COMPARE] = study_compare,
        [REQUEST_ANATOMY] = study_anatomy,
        [REQUEST_SCAN] = study_scan,
        [REQUEST_GROUP] = study_group,
        [REQUEST_THEATRE] = study_theatre,
        [REQUEST_BESIDE] = study_beside,
        [REQUEST_RELEASE] = study_release,
        [REQUEST_LOOK] = study_look,
    };
    static const bool of_a_file[REQUEST_KINDS] = {
        [REQUEST_OPEN] = true, /* no matrix is chosen for these */
        [REQUEST_ANATOMY] = true, [REQUEST_SCAN] = true,    [REQUEST_GROUP] = true,
        [REQUEST_BESIDE] = true,  [REQUEST_RELEASE] = true, [REQUEST_LOOK] = true,
    };
    struct run r = {
        .study = s,
        .request = request,
        .job = { .backend = s->backend,
                 .scratch = &s->scratch,
                 .cancel = cancel,
                 .progress = progress,
                 .context = context },
        .progress = progress,
        .emit = emit_to,
        .context = context,
    };
    struct outcome o = { .final = true, .numbers = study_unknown };
    bool fresh;
    backend_counts_reset(s->backend);
    o.ok = (of_a_file[request->kind] || look_at(&r, &fresh, &o.error)) &&
           kinds[request->kind](&r, &o, &o.error);
    arena_finish(&s->scratch);
    backend_release_all(s->backend);
    snprintf(o.trouble, sizeof(o.trouble), "%s", backend_trouble(s->backend));
    if (!o.ok)
        outcome_finish(&o);
    if (o.ok || o.error.code != ERROR_CANCELLED || request->kind == REQUEST_RELEASE)
        study_emit(&r, &o);
}
