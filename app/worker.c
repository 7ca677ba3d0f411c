#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"

/* One slot per kind of request is enough: an outcome that nobody took yet is
 * replaced by a newer one of its kind, so that nothing queues. */
enum { KINDS = REQUEST_KINDS };

struct worker {
    pthread_t thread;
    pthread_mutex_t lock; /* guards everything below but cancel */
    pthread_cond_t wake;
    bool quit, waiting, running;
    bool joined; /* the UI thread's alone */
    bool
        muted; /* the running request was cancelled by hand: its pictures and numbers are dropped */
    struct request request; /* when waiting */
    bool ready[KINDS];
    struct outcome outcomes[KINDS]; /* where ready */
    double done;
    char stage[48];
    int pipe[2];
    atomic_bool cancel; /* set under the lock, read between the steps of a job */
    struct study *study;
};

/* A full pipe is readable already: nothing is lost. Called with the lock held. */
static void ring(struct worker *w)
{
    (void)!write(w->pipe[1], "", 1);
}

static void on_progress(void *context, double done, const char *stage)
{
    struct worker *w = context;
    pthread_mutex_lock(&w->lock);
    bool news = (int)(done * 100) != (int)(w->done * 100) || strcmp(w->stage, stage) != 0;
    w->done = done;
    snprintf(w->stage, sizeof(w->stage), "%s", stage);
    if (news)
        ring(w);
    pthread_mutex_unlock(&w->lock);
}

static void on_emit(void *context, struct outcome *o)
{
    struct worker *w = context;
    pthread_mutex_lock(&w->lock);
    /* A file that is there is told, and so is what was paid for. */
    bool told = o->kind == REQUEST_EXPORT || o->kind == REQUEST_RELEASE;
    bool muted = (w->muted && !told) || w->quit;
    if (!muted && w->ready[o->kind]) {
        outcome_follow(o, &w->outcomes[o->kind]);
        w->outcomes[o->kind] = *o;
    } else if (!muted) {
        w->outcomes[o->kind] = *o;
        w->ready[o->kind] = true;
    }
    if (!muted)
        ring(w);
    pthread_mutex_unlock(&w->lock);
    if (muted)
        outcome_finish(o);
}

static void *worker_main(void *argument)
{
    struct worker *w = argument;
    pthread_mutex_lock(&w->lock);
    while (!w->quit) {
        if (!w->waiting) {
            pthread_cond_wait(&w->wake, &w->lock);
            continue;
        }
        struct request request = w->request;
        w->waiting = w->muted = false;
        w->running = true;
        w->done = 0;
        w->stage[0] = 0;
        /* Under the lock: a submission either came before, and is this one, or comes
         * after, and sets the flag again. */
        atomic_store(&w->cancel, false);
        pthread_mutex_unlock(&w->lock);

        study_run(w->study, &request, &w->cancel, on_progress, on_emit, w);
        request_finish(&request);

        pthread_mutex_lock(&w->lock);
        w->running = false;
        ring(w); /* progress is news too when it ends */
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Signals belong to the UI thread; faults of this thread stay open, because a
 * blocked one would end the program without restoring the terminal. */
static bool start(struct worker *w)
{
    sigset_t most, before;
    sigfillset(&most);
    const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        sigdelset(&most, faults[i]);
    pthread_sigmask(SIG_SETMASK, &most, &before);
    bool ok = pthread_create(&w->thread, NULL, worker_main, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static bool open_pipe(int fds[2])
{
    return pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0;
}

struct worker *worker_create(struct backend *backend, struct error *err)
{
    struct worker *w = memory_alloc(sizeof(*w), err);
    if (!w)
        return NULL;
    w->study = study_create(backend, err);
    if (!w->study) {
        memory_free(w);
        return NULL;
    }
    if (!open_pipe(w->pipe)) {
        fail(err, ERROR_MEMORY, "the compute thread could not be set up: %s", strerror(errno));
        goto no_pipe;
    }
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    if (start(w))
        return w;

    fail(err, ERROR_MEMORY, "the compute thread could not be started");
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    close(w->pipe[0]);
    close(w->pipe[1]);
no_pipe:
    study_destroy(w->study);
    memory_free(w);
    return NULL;
}

void worker_submit(struct worker *w, const struct request *request)
{
    pthread_mutex_lock(&w->lock);
    struct request old = w->request;
    bool replaced = w->waiting;
    w->request = *request;
    w->waiting = true;
    atomic_store(&w->cancel, true);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    if (replaced)
        request_finish(&old);
}

/* A release is answered for also where it was not begun. Called with the lock held. */
static void answer_release(struct worker *w, const struct request *r)
{
    struct outcome o = { .serial = r->serial, .kind = r->kind, .final = true };
    fail(&o.error, ERROR_CANCELLED, "stopped before anything was spent");
    w->outcomes[r->kind] = o;
    w->ready[r->kind] = true;
    ring(w);
}

void worker_cancel(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    struct request old = w->request;
    bool dropped = w->waiting;
    w->waiting = false;
    w->muted = true;
    if (dropped && old.kind == REQUEST_RELEASE)
        answer_release(w, &old);
    atomic_store(&w->cancel, true);
    pthread_mutex_unlock(&w->lock);
    if (dropped)
        request_finish(&old);
}

/* Empties the pipe under the lock, so that a wake-up cannot fall between. */
static void drain(struct worker *w)
{
    char bytes[64];
    while (read(w->pipe[0], bytes, sizeof(bytes)) > 0)
        ;
}

bool worker_take(struct worker *w, struct outcome *out)
{
    pthread_mutex_lock(&w->lock);
    int oldest = -1;
    for (int i = 0; i < KINDS; i++)
        if (w->ready[i] && (oldest < 0 || w->outcomes[i].serial < w->outcomes[oldest].serial))
            oldest = i;
    if (oldest >= 0) {
        *out = w->outcomes[oldest];
        w->ready[oldest] = false;
    } else {
        drain(w);
    }
    pthread_mutex_unlock(&w->lock);
    return oldest >= 0;
}

int worker_fd(const struct worker *w)
{
    return w->pipe[0];
}

bool worker_progress(struct worker *w, double *done, char *stage, size_t size)
{
    pthread_mutex_lock(&w->lock);
    bool running = w->running && !w->muted;
    if (running) {
        *done = w->done;
        snprintf(stage, size, "%s", w->stage);
    }
    pthread_mutex_unlock(&w->lock);
    return running;
}

bool worker_stop(struct worker *w, int ms)
{
    pthread_mutex_lock(&w->lock);
    w->quit = true;
    atomic_store(&w->cancel, true);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += (end.tv_nsec + ms % 1000 * 1000000L) / 1000000000L + ms / 1000;
    end.tv_nsec = (end.tv_nsec + ms % 1000 * 1000000L) % 1000000000L;
    w->joined = w->joined || pthread_timedjoin_np(w->thread, NULL, &end) == 0;
    return w->joined;
}

void worker_destroy(struct worker *w)
{
    if (!w)
        return;
    if (!worker_stop(w, 0))
        pthread_join(w->thread, NULL);

    if (w->waiting)
        request_finish(&w->request);
    for (int i = 0; i < KINDS; i++)
        if (w->ready[i])
            outcome_finish(&w->outcomes[i]);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    close(w->pipe[0]);
    close(w->pipe[1]);
    study_destroy(w->study);
    memory_free(w);
}
