/* A release, from the rows of what is open. Neither what is kept of the data for the screen nor its errors
 * come into it: rows are read anew, whatever stands in them, and wiped. */

#include "study_inside.h"

#include <stdio.h>
#include <unistd.h>

#include "gradual.h"
#include "release.h"
#include "release_rows.h"
#include "unwritten.h"

/* One matrix; planes of a picture are three. */
static bool read_rows(const struct request *q, struct release_rows *out, struct error *err)
{
    struct selection s = { 0 };
    bool ok = selection_of(q->document, q->entry[0] ? q->entry : NULL, q->planes, &s, err);
    if (ok && s.n != 1)
        ok = fail(err, ERROR_USAGE, "release: one matrix, whose rows are people");
    ok = ok && release_rows_read(&s, out, err);
    selection_finish(&s);
    return ok;
}

/* Before anything is spent for it. */
static bool may_write(const char *path, struct error *err)
{
    if (access(path, F_OK) == 0)
        return fail(err, ERROR_WRITE, "%s: it exists, and a release overwrites nothing", path);
    return release_fits(path, err);
}

/* What was paid for is shown also where it could not be written; then it lies beside the ledger. */
static void put(const struct release *r, const char *path, struct sink *to, struct released *out)
{
    struct error err;
    if (release_commit(r, path, to, &err)) {
        snprintf(out->file, sizeof(out->file), "%s", path);
        return;
    }
    snprintf(out->unwritten, sizeof(out->unwritten), "%s", err.text);
    if (!unwritten_keep(r, out->file, sizeof(out->file)))
        out->file[0] = 0;
}

static struct released *at_once(struct run *r, struct matrix_view rows, struct sink *to,
                                struct error *err)
{
    const struct release_wish *w = &r->request->release;
    const struct release_terms t = release_wish_terms(w);
    struct release made = { 0 };
    struct released *out = NULL;
    if (release_make(&r->job, rows, &t, w->ledger, &made, err) && (out = released_of(&made, err)))
        put(&made, w->file, to, out);
    else
        sink_abandon(to);
    release_finish(&made);
    return out;
}

static struct released *gradually(struct run *r, struct matrix_view rows, struct sink *to,
                                  struct error *err)
{
    const struct release_wish *w = &r->request->release;
    const struct release_terms t = release_wish_terms(w);
    struct gradual made = { 0 };
    struct release finest = { 0 };
    struct released *out = NULL;
    if (gradual_make(&r->job, rows, &t, w->coarsest * w->epsilon, (size_t)w->views, w->ledger,
                     &made, err) &&
        (out = released_gradually(&made, err)) && gradual_reveal(&made, made.n - 1, &finest, err))
        put(&finest, w->file, to, out);
    else
        sink_abandon(to);
    release_finish(&finest);
    gradual_finish(&made);
    return out;
}

bool study_release(struct run *r, struct outcome *o, struct error *err)
{
    const struct release_wish *w = &r->request->release;
    struct release_rows rows = { 0 };
    if (!may_write(w->file, err) || !read_rows(r->request, &rows, err))
        return false;
    struct sink *to = release_create(w->file, (enum mechanism)w->mechanism, rows.view.cols, false,
                                     err);
    if (to)
        o->released = (w->views > 1 ? gradually : at_once)(r, rows.view, to, err);
    release_rows_finish(&rows);
    if (!o->released && err->code == ERROR_CANCELLED) /* it is heard before the spend alone */
        return fail(err, ERROR_CANCELLED, "stopped before anything was spent");
    return o->released != NULL;
}

bool study_look(struct run *r, struct outcome *o, struct error *err)
{
    const struct request *q = r->request;
    (void)o;
    return job_step(&r->job, 0, "looking", err) && released_write(&q->look, q->path, q->force, err);
}
