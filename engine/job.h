#pragma once

#include "arena.h"

#include <stdatomic.h>

struct backend;

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
 * steps between calls short. */
bool job_step(struct job *job, double done, const char *stage, struct error *err);
