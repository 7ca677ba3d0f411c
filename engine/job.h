#pragma once

#include "arena.h"
#include "backend.h"

#include <stdatomic.h>

/* What a running computation may reach: where to compute, scratch memory that
 * goes away whole when the job ends however it ends, and whether to go on. */
struct job {
    struct backend *backend;
    struct arena *scratch;
    const atomic_bool *cancel;                                       /* NULL: never */
    void (*progress)(void *context, double done, const char *stage); /* NULL: nobody asks */
    void *context;
};

/* Between two steps: reports progress (0..1), and fails with ERROR_CANCELLED once
 * a newer request waits. One call to LAPACK cannot be interrupted; keep the
 * steps between calls short. Products, codes and rotations ask within a step (cancel.h): job_run
 * has them watch the job's flag. */
bool job_step(struct job *job, double done, const char *stage, struct error *err);

/* A part of a job: what it reports as 0..1 is from..to of the whole. It shares everything
 * else, and *share has to outlive it. */
struct job_share {
    struct job *whole;
    double from, to;
};
struct job job_part(struct job_share *share);

/* Runs `attempt` where the work belongs; when the device fails it (ERROR_DEVICE), once more on
 * the processor: it undoes first whatever an earlier attempt left in its context. No backend buffer
 * and no scratch is left behind. */
bool job_run(struct job *job, struct backend_work work,
             bool (*attempt)(struct job *job, void *context, struct error *err), void *context,
             struct error *err);
