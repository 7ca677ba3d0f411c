#include "crew.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { THREADS = 64 };

struct crew {
    const struct crew_work *work;
    atomic_size_t next, done;
    atomic_bool failed;
    pthread_mutex_t lock;
    struct error error; /* of the first that failed; under the lock */
};

static bool take(struct crew *c)
{
    const struct crew_work *w = c->work;
    struct error err = { 0 };
    if (atomic_load(&c->failed))
        return false;
    size_t i = atomic_fetch_add(&c->next, 1);
    if (i >= w->pieces)
        return false;
    bool ok = (!w->cancel || !atomic_load(w->cancel) ||
               fail(&err, ERROR_CANCELLED, "interrupted")) &&
              w->piece(w->context, i, &err);
    if (!ok) {
        pthread_mutex_lock(&c->lock);
        if (!atomic_exchange(&c->failed, true))
            c->error = err;
        pthread_mutex_unlock(&c->lock);
    }
    atomic_fetch_add(&c->done, 1);
    return ok;
}

static void *help(void *context)
{
    while (take(context))
        ;
    return NULL;
}

/* Signals are the main thread's. */
static size_t hire(struct crew *c, size_t n, pthread_t *helpers)
{
    sigset_t all, before;
    size_t hired = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (hired < n && !pthread_create(&helpers[hired], NULL, help, c))
        hired++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return hired;
}

bool crew_run(int threads, const struct crew_work *w, struct error *err)
{
    struct crew c = { .work = w, .lock = PTHREAD_MUTEX_INITIALIZER };
    pthread_t helpers[THREADS];
    long n = threads > 0 ? threads : sysconf(_SC_NPROCESSORS_ONLN);
    size_t hired = hire(&c, n < 1 ? 0 : n > THREADS ? THREADS : (size_t)n - 1, helpers);
    while (take(&c))
        if (w->progress)
            w->progress(w->context, (double)atomic_load(&c.done) / (double)w->pieces, w->stage);
    for (size_t i = 0; i < hired; i++)
        pthread_join(helpers[i], NULL);
    pthread_mutex_destroy(&c.lock);
    if (atomic_load(&c.failed))
        *err = c.error;
    return !atomic_load(&c.failed);
}
