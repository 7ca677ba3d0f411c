/* The compute thread against a study that takes its time: the newest request wins,
 * few of the others run, nothing is lost or leaked. */

#include "worker.h"
#include "check.h"

#include <poll.h>
#include <time.h>

#include "memory.h"

/* These take the place of study.c, and so of the engine: under the thread
 * sanitizer every instruction that matters here is instrumented. */
static atomic_int started, finished, cancelled;
static atomic_bool hold; /* a step that cannot be interrupted, and does not end by itself */

struct study {
    int unused;
};

struct study *study_create(struct backend *backend, struct error *err)
{
    (void)backend;
    return memory_alloc(sizeof(struct study), err);
}

void study_destroy(struct study *s)
{
    memory_free(s);
}

static void answer(const struct request *r, bool final, void (*emit)(void *, struct outcome *),
                   void *context)
{
    struct error ignored;
    struct outcome o = { .serial = r->serial, .kind = r->kind, .ok = true, .final = final };
    o.shown = memory_alloc(sizeof(*o.shown), &ignored);
    if (!final) /* only the coarse answer says what it is of */
        o.subject = memory_alloc(sizeof(*o.subject), &ignored);
    o.numbers.rank = (size_t)r->params.bytes[0] + 256 * (size_t)r->params.bytes[1];
    emit(context, &o);
}

void study_run(struct study *s, const struct request *r, const atomic_bool *cancel,
               void (*progress)(void *context, double done, const char *stage),
               void (*emit)(void *context, struct outcome *o), void *context)
{
    (void)s;
    atomic_fetch_add(&started, 1);
    answer(r, false, emit, context);
    for (int i = 0; i < 20; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        if (atomic_load(cancel) && r->kind == REQUEST_PICTURE) { /* the others hear it too late */
            atomic_fetch_add(&cancelled, 1);
            return;
        }
        progress(context, i / 20.0, "step");
    }
    while (atomic_load(&hold))
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    atomic_fetch_add(&finished, 1);
    answer(r, true, emit, context);
}

static struct document document;

static struct request request(uint64_t serial, enum request_kind kind)
{
    atomic_fetch_add(&document.references, 1);
    return (struct request){ .serial = serial,
                             .kind = kind,
                             .document = &document,
                             .params = { { (unsigned char)(serial % 256),
                                           (unsigned char)(serial / 256) } } };
}

/* Takes outcomes until the final one of `serial`. false: it never came. */
static bool wait_for(struct worker *w, uint64_t serial, struct outcome *last, bool *saw_subject)
{
    for (int rounds = 0; rounds < 2000; rounds++) {
        struct pollfd p = { .fd = worker_fd(w), .events = POLLIN };
        poll(&p, 1, 20000);
        struct outcome o;
        while (worker_take(w, &o)) {
            *saw_subject |= o.subject != NULL;
            outcome_finish(&o);
            *last = o;
            if (o.final && o.serial == serial)
                return true;
        }
    }
    return false;
}

/* Only in the pauses, which a busy machine makes longer, may one that is not the last finish. */
static void test_newest_wins(struct worker *w)
{
    enum { PAUSES = 10 };
    for (uint64_t i = 1; i <= 500; i++) {
        struct request r = request(i, REQUEST_PICTURE);
        worker_submit(w, &r);
        if (i % (500 / PAUSES) == 0)
            nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
    }
    struct outcome last = { 0 };
    bool saw_subject = false;
    CHECK(wait_for(w, 500, &last, &saw_subject));
    CHECK(last.numbers.rank == 500);
    CHECK(saw_subject);
    CHECK(atomic_load(&finished) >= 1 && atomic_load(&finished) <= 1 + PAUSES);
    CHECK(atomic_load(&started) <= 60);
    CHECK(atomic_load(&started) == atomic_load(&cancelled) + atomic_load(&finished));
}

/* Nobody took the coarse answer in time: what only it carried comes with the final one. */
static void test_replaced_is_not_lost(struct worker *w)
{
    int before = atomic_load(&finished);
    struct request r = request(500, REQUEST_PICTURE);
    worker_submit(w, &r);
    for (int i = 0; i < 2000 && atomic_load(&finished) == before; i++)
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
    struct outcome o;
    CHECK(worker_take(w, &o));
    CHECK(o.final && o.subject && o.shown);
    outcome_finish(&o);
    CHECK(!worker_take(w, &o));
}

/* Cancels what does not hear it any more, and waits for its end. */
static void cancel_late(struct worker *w, enum request_kind kind)
{
    int before = atomic_load(&finished);
    struct outcome o;
    struct request r = request(502, kind);
    worker_submit(w, &r);
    nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    while (worker_take(w, &o))
        outcome_finish(&o);
    worker_cancel(w);
    for (int i = 0; i < 2000 && atomic_load(&finished) == before; i++)
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

static void test_cancel_is_quiet(struct worker *w)
{
    struct request r = request(501, REQUEST_PICTURE);
    worker_submit(w, &r);
    nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    struct outcome o;
    while (worker_take(w, &o)) /* what came before counts */
        outcome_finish(&o);
    worker_cancel(w);
    int before = atomic_load(&finished);
    nanosleep(&(struct timespec){ .tv_nsec = 60000000 }, NULL);
    bool final = false;
    while (worker_take(w, &o)) {
        final |= o.final;
        outcome_finish(&o);
    }
    CHECK(!final);
    CHECK(atomic_load(&finished) == before);
    double done;
    char stage[48];
    CHECK(!worker_progress(w, &done, stage, sizeof(stage)));

    cancel_late(w, REQUEST_QUALITY);
    CHECK(!worker_take(w, &o)); /* done all the same, but nobody is told */
    cancel_late(w, REQUEST_EXPORT);
    CHECK(worker_take(w, &o) && o.kind == REQUEST_EXPORT && o.final); /* the file is there */
    outcome_finish(&o);
    CHECK(!worker_take(w, &o));

    struct request next = request(503, REQUEST_QUALITY); /* and it goes on */
    worker_submit(w, &next);
    struct outcome last = { 0 };
    bool ignored = false;
    CHECK(wait_for(w, 503, &last, &ignored));
    CHECK(last.kind == REQUEST_QUALITY);
}

/* Nothing of an idle worker makes the loop turn. */
static void test_idle_is_idle(struct worker *w)
{
    nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL);
    struct outcome o;
    while (worker_take(w, &o))
        outcome_finish(&o);
    struct pollfd p = { .fd = worker_fd(w), .events = POLLIN };
    CHECK(poll(&p, 1, 50) == 0);
}

int main(void)
{
    struct error err;
    atomic_store(&document.references, 1);
    struct worker *w = worker_create(NULL, &err);
    CHECK(w != NULL);
    test_newest_wins(w);
    test_replaced_is_not_lost(w);
    test_cancel_is_quiet(w);
    test_idle_is_idle(w);

    struct request running = request(600, REQUEST_EXPORT), waiting = request(601, REQUEST_PICTURE);
    int before = atomic_load(&started);
    atomic_store(&hold, true);
    worker_submit(w, &running);
    while (atomic_load(&started) == before)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    worker_submit(w, &waiting);
    CHECK(!worker_stop(w, 30));
    atomic_store(&hold, false);
    CHECK(worker_stop(w, 5000) && worker_stop(w, 0));
    worker_destroy(w); /* with one waiting */
    CHECK(atomic_load(&document.references) == 1);
    CHECK(memory_used() == 0);
    return check_done();
}
