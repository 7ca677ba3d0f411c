#pragma once

#include "study.h"

/* The compute thread. One request waits, one runs; a new request replaces the
 * waiting one and cancels the running one. Outcomes are taken in order; a coarse
 * one is dropped when a newer waits. Nothing queues up behind a slider. The
 * words of the command line have threads of their own (crew.h). */

struct worker;

struct worker *worker_create(struct backend *backend, struct error *err); /* borrows the backend */
void worker_destroy(struct worker *w); /* cancels, waits, frees; NULL is fine */
/* Cancels and waits for at most ms; nothing may be submitted any more. false: it is
 * still in a step that cannot be interrupted, and may be for seconds. */
bool worker_stop(struct worker *w, int ms);

void worker_submit(struct worker *w, const struct request *request); /* takes over its reference */
void worker_cancel(struct worker *w); /* the running one and the waiting one */
bool worker_take(struct worker *w,
                 struct outcome *out); /* false: nothing new; the caller finishes *out */
int worker_fd(const struct worker *w); /* readable when worker_take or worker_progress has news */
/* What the running job last said; false when nothing runs. */
bool worker_progress(struct worker *w, double *done, char *stage, size_t size);
