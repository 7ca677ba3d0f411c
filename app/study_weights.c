/* Tensors of a file that none is chosen of: one looked at, or all of them. What is kept of a chosen one
 * stays. */

#include "study_inside.h"

#include <stdio.h>

#include "anatomy.h"
#include "memory.h"
#include "state.h"

enum { MAP_ROWS = 128, MAP_COLS = 256 }; /* as many pixels as a pane may have */

bool study_anatomy(struct run *r, struct outcome *o, struct error *err)
{
    const struct request *q = r->request;
    const struct entry *e = &q->document->entries[q->tensor];
    const struct anatomy_options options = {
        .dtype = q->dtype == DTYPE_F64 ? DTYPE_F64 : anatomy_dtype(e),
        .exact = q->exact,
        .rounding = true,
        .map_rows = MAP_ROWS,
        .map_cols = MAP_COLS,
    };
    o->tensor = q->tensor;
    o->anatomy = memory_alloc(sizeof(*o->anatomy), err);
    return o->anatomy && anatomy_of(&r->job, q->document, e, &options, o->anatomy, err);
}

/* Of the document that is asked about; where rows cannot be kept it does without. */
static bool open_scan(struct run *r, struct error *err)
{
    struct scan *s = &r->study->scan;
    struct document *d = r->request->document;
    struct error unkept;
    char path[PATH_TEXT];
    bool writes = r->request->n_tensors > 0; /* who only looks makes no folders */
    bool kept = state_scan(d, writes, path, sizeof(path), &unkept) && path[0];
    if (s->document == d)
        return true;
    scan_close(s);
    return scan_open(s, d, kept ? path : NULL, false, err);
}

static void emit_rows(struct run *r, struct scan_list *rows)
{
    struct outcome o = { .ok = true, .numbers = study_unknown, .scan = *rows };
    *rows = (struct scan_list){ 0 };
    study_emit(r, &o);
}

static bool emit_known(struct run *r, struct error *err)
{
    const struct scan *s = &r->study->scan;
    struct scan_list rows = { 0 };
    for (size_t i = 0; i < s->n; i++)
        if (s->rows[i].done && !scan_list_add(&rows, i, &s->rows[i], err)) {
            scan_list_finish(&rows);
            return false;
        }
    emit_rows(r, &rows);
    return true;
}

/* "scan 61/211", and the share of the work, by what the matrices cost. */
static void tell(const struct run *r, size_t done)
{
    char stage[48];
    snprintf(stage, sizeof(stage), "scan %zu/%zu", done, r->request->n_tensors);
    if (r->progress)
        r->progress(r->context, scan_share(&r->study->scan), stage);
}

bool study_scan(struct run *r, struct outcome *o, struct error *err)
{
    const struct request *q = r->request;
    (void)o;
    if (!open_scan(r, err) || !emit_known(r, err))
        return false;
    struct scan *s = &r->study->scan;
    struct job job = r->job;
    job.progress = NULL; /* one matrix says nothing of all */
    for (size_t i = 0; i < q->n_tensors; i++) {
        struct scan_list row = { 0 };
        size_t at = q->tensors[i];
        tell(r, i);
        if (s->rows[at].done)
            continue;
        if (!scan_one(s, at, &job, err) || !scan_list_add(&row, at, &s->rows[at], err))
            return false;
        emit_rows(r, &row);
    }
    return true;
}
