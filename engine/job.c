#include "job.h"

#include "cancel.h"

bool job_step(struct job *job, double done, const char *stage, struct error *err)
{
    if (job->cancel && atomic_load_explicit(job->cancel, memory_order_relaxed))
        return fail(err, ERROR_CANCELLED, "interrupted");
    if (job->progress)
        job->progress(job->context, done, stage);
    return true;
}

static void pass_on(void *context, double done, const char *stage)
{
    const struct job_share *s = context;
    s->whole->progress(s->whole->context, s->from + (s->to - s->from) * done, stage);
}

struct job job_part(struct job_share *share)
{
    struct job part = *share->whole;
    if (part.progress) {
        part.progress = pass_on;
        part.context = share;
    }
    return part;
}

static bool attempt_once(struct job *job,
                         bool (*attempt)(struct job *job, void *context, struct error *err),
                         void *context, struct error *err)
{
    const atomic_bool *before = cancel_watch(job->cancel);
    bool ok = attempt(job, context, err);
    cancel_watch(before);
    backend_release_all(job->backend);
    arena_finish(job->scratch);
    return ok;
}

bool job_run(struct job *job, struct backend_work work,
             bool (*attempt)(struct job *job, void *context, struct error *err), void *context,
             struct error *err)
{
    struct error why = { 0 };
    backend_begin(job->backend, work);
    if (attempt_once(job, attempt, context, &why))
        return true;
    if (why.code == ERROR_DEVICE && backend_stand_in(job->backend, &why)) {
        why = (struct error){ 0 };
        if (attempt_once(job, attempt, context, &why))
            return true;
    }
    *err = why;
    return false;
}
