/* First pictures of a large matrix: of its averages, then of its leading triplets. */

#include "study_inside.h"

#include <math.h>

#include "truncation.h"

enum {
    COARSE_RANK = 32,
    GLANCE_FROM = 1 << 21, /* entries from which a smaller picture of it comes first of all */
    GLANCE_SIDE = 256,     /* its longest side */
};

/* First sketches of the planes, r->sketch; for job_run. */
static bool sketch(struct job *job, void *context, struct error *err)
{
    struct run *r = context;
    struct study *s = r->study;
    for (size_t p = 0; p < s->selection.n; p++) {
        const struct inputs in = { .matrices = &s->matrices[p].view, .n = 1 };
        svd_finish(&r->sketch[p]);
        if (!job_step(job, 0.02, "first sketch", err) ||
            !truncation(job, &in, 0, COARSE_RANK, false, &r->sketch[p], NULL, err))
            return false;
    }
    return true;
}

static struct backend_work sketch_work(const struct study *s)
{
    double planes = (double)s->selection.n;
    size_t rows = s->selection.rows, cols = s->selection.cols;
    return (struct backend_work){
        .flops = planes * truncation_flops(rows, cols, COARSE_RANK, false),
        .bytes = planes * (double)rows * (double)cols * (double)dtype_size(s->dtype),
        .dtype = s->dtype,
    };
}

/* Emits r->sketch and lets go of it. Its values times `scale` are those of the matrix. */
static bool emit_sketch(struct run *r, double scale, struct error *err)
{
    struct outcome o = { .ok = true, .numbers = study_unknown };
    size_t planes = r->study->selection.n;
    o.shown = study_shown(r, r->sketch, err);
    for (size_t p = 0; p < planes; p++)
        for (size_t i = 0; i < r->sketch[p].n; i++)
            r->sketch[p].sigma[i] *= scale;
    o.subject = o.shown ? study_subject(r, r->sketch, false, err) : NULL;
    bool ok = o.subject != NULL;
    for (size_t p = 0; p < planes; p++)
        svd_finish(&r->sketch[p]);
    if (ok)
        study_emit(r, &o);
    else
        outcome_finish(&o);
    return ok;
}

bool coarse_truncation(struct run *r, struct error *err)
{
    struct outcome o = { .ok = true, .numbers = study_unknown };
    o.shown = study_shown(r, r->study->svds, err);
    o.subject = o.shown ? study_subject(r, r->study->svds, false, err) : NULL;
    bool ok = o.subject != NULL;
    if (ok)
        study_emit(r, &o);
    else
        outcome_finish(&o);
    return ok;
}

static void keep_leading(struct svd *s, size_t n)
{
    s->n = n;
    s->u.view.cols = n;
    s->vt.view.rows = n;
}

/* A picture within a second, whatever the size: of the matrix averaged to about as many cells
 * as a screen has. With b entries a cell, D A E^T are averages and sqrt(b) D A E^T, with
 * orthonormal rows left and right, has singular values that are never above those of A. */
static bool glance(struct run *r, struct error *err)
{
    const struct study *s = r->study;
    size_t rows = s->selection.rows, cols = s->selection.cols;
    size_t high = rows < GLANCE_SIDE ? rows : GLANCE_SIDE;
    size_t wide = cols < GLANCE_SIDE ? cols : GLANCE_SIDE;
    bool ok = true;
    for (size_t p = 0; ok && p < s->selection.n; p++) {
        struct matrix small = { 0 };
        ok = job_step(&r->job, 0.01, "first glance", err) &&
             matrix_init(&small, DTYPE_F32, high, wide, err) &&
             preview_resample(s->matrices[p].view, small.view, err) &&
             linalg_svd(small.view, &r->sketch[p], err);
        if (ok && r->sketch[p].n > COARSE_RANK)
            keep_leading(&r->sketch[p], COARSE_RANK);
        matrix_finish(&small);
    }
    for (size_t p = 0; !ok && p < s->selection.n; p++)
        svd_finish(&r->sketch[p]);
    return ok && emit_sketch(r, sqrt((double)(rows * cols) / (double)(high * wide)), err);
}

static bool wants_glance(const struct run *r)
{
    const struct selection *s = &r->study->selection;
    return s->rows * s->cols > GLANCE_FROM &&
           region_equal(r->request->region, (struct region){ 0 });
}

bool coarse_show(struct run *r, struct error *err)
{
    struct study *s = r->study;
    if (wants_glance(r) && !glance(r, err))
        return false;
    if (job_run(&r->job, sketch_work(s), sketch, r, err))
        return emit_sketch(r, 1, err);
    for (size_t p = 0; p < s->selection.n; p++)
        svd_finish(&r->sketch[p]);
    return false;
}
