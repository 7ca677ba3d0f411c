#include "job.h"

bool job_step(struct job *job, double done, const char *stage, struct error *err)
{
    if (job->cancel && atomic_load_explicit(job->cancel, memory_order_relaxed))
        return fail(err, ERROR_CANCELLED, "cancelled");
    if (job->progress)
        job->progress(job->context, done, stage);
    return true;
}
