/* The compute thread against a study that takes its time: the newest request wins,
 * few of the others run, nothing is lost or leaked. */

#include "worker.h"
#include "check.h"

#include <poll.h>
#include <time.h>

#include "memory.h"

/* These take the place of study.c, and so of the engine: under the thread
 * sanitizer every instruction that matters here is instrumented. */
static atomic_int started, finished, cancelled, told; /* told: answers that were handed over */
static atomic_bool hold; /* it does not end by itself, and is a step that cannot be interrupted
                            unless it is a picture's */

enum { STEPS = 20, PATIENCE_MS = 20000 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

/* Until a count is there, however busy the machine. */
static bool reaches(const atomic_int *count, int value)
{
    for (double until = now_ms() + PATIENCE_MS; atomic_load(count) < value && now_ms() < until;)
        sleep_ms(1);
    return atomic_load(count) >= value;
}

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
    atomic_fetch_add(&told, 1);
}

void study_run(struct study *s, const struct request *r, const atomic_bool *cancel,
               void (*progress)(void *context, double done, const char *stage),
               void (*emit)(void *context, struct outcome *o), void *context)
{
    (void)s;
    atomic_fetch_add(&started, 1);
    answer(r, false, emit, context);
    for (int i = 0; i < STEPS || atomic_load(&hold); i++) {
        sleep_ms(1);
        if (atomic_load(cancel) && r->kind == REQUEST_PICTURE) { /* the others hear it too late */
            atomic_fetch_add(&cancelled, 1);
            return;
        }
        progress(context, fmin(1, (double)i / STEPS), "step");
    }
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

/* One that is not the last may finish only where a busy machine lets the next come so late that it
 * had the time. Each takes the thread a step at least. */
static void test_newest_wins(struct worker *w)
{
    enum { PAUSES = 10, REQUESTS = 500 };
    int gaps = 0;
    double start = now_ms(), before = start;
    for (uint64_t i = 1; i <= REQUESTS; i++) {
        double from = now_ms();
        struct request r = request(i, REQUEST_PICTURE);
        worker_submit(w, &r);
        gaps += now_ms() > before + 0.75 * STEPS;
        before = from;
        if (i % (REQUESTS / PAUSES) == 0)
            sleep_ms(3);
    }
    double took = now_ms() - start;
    struct outcome last = { 0 };
    bool saw_subject = false;
    CHECK(wait_for(w, REQUESTS, &last, &saw_subject));
    CHECK(last.numbers.rank == REQUESTS);
    CHECK(saw_subject);
    printf("# %.0f ms with %d gaps: %d began, %d ended\n", took, gaps, atomic_load(&started),
           atomic_load(&finished));
    CHECK(atomic_load(&finished) >= 1 && atomic_load(&finished) <= 1 + gaps);
    CHECK(atomic_load(&started) <= fmax(60, took + PAUSES));
    CHECK(atomic_load(&started) == atomic_load(&cancelled) + atomic_load(&finished));
}

/* Whether all that began has ended and said so. */
static bool is_over(void)
{
    return reaches(&told, atomic_load(&started) + atomic_load(&finished));
}

/* Nobody took the coarse answer in time: what only it carried comes with the final one. */
static void test_replaced_is_not_lost(struct worker *w)
{
    CHECK(is_over());
    int before = atomic_load(&told);
    struct request r = request(500, REQUEST_PICTURE);
    worker_submit(w, &r);
    CHECK(reaches(&told, before + 2));
    struct outcome o;
    CHECK(worker_take(w, &o));
    CHECK(o.final && o.subject && o.shown);
    outcome_finish(&o);
    CHECK(!worker_take(w, &o));
}

static void take_all(struct worker *w, bool *final)
{
    struct outcome o;
    while (worker_take(w, &o)) {
        *final |= o.final;
        outcome_finish(&o);
    }
}

/* One that runs and cannot end yet; what it told before was taken. */
static void start_held(struct worker *w, uint64_t serial, enum request_kind kind)
{
    CHECK(is_over());
    int before = atomic_load(&told);
    bool final = false;
    atomic_store(&hold, true);
    struct request r = request(serial, kind);
    worker_submit(w, &r);
    CHECK(reaches(&told, before + 1));
    take_all(w, &final);
    CHECK(!final);
}

/* Cancels what does not hear it any more, and waits for its end. */
static void cancel_late(struct worker *w, enum request_kind kind)
{
    start_held(w, 502, kind);
    int before = atomic_load(&told);
    worker_cancel(w);
    atomic_store(&hold, false);
    CHECK(reaches(&told, before + 1));
}

static void test_cancel_is_quiet(struct worker *w)
{
    struct outcome o;
    bool final = false, ignored = false;
    double done;
    char stage[48];
    start_held(w, 501, REQUEST_PICTURE);
    int before = atomic_load(&finished), heard = atomic_load(&cancelled);
    worker_cancel(w);
    CHECK(reaches(&cancelled, heard + 1));
    atomic_store(&hold, false);
    for (double until = now_ms() + PATIENCE_MS; now_ms() < until;) {
        if (!worker_progress(w, &done, stage, sizeof(stage)))
            break;
        sleep_ms(1);
    }
    CHECK(!worker_progress(w, &done, stage, sizeof(stage)));
    take_all(w, &final);
    CHECK(!final);
    CHECK(atomic_load(&finished) == before);

    cancel_late(w, REQUEST_QUALITY);
    CHECK(!worker_take(w, &o)); /* done all the same, but nobody is told */
    cancel_late(w, REQUEST_EXPORT);
    CHECK(worker_take(w, &o) && o.kind == REQUEST_EXPORT && o.final); /* the file is there */
    outcome_finish(&o);
    CHECK(!worker_take(w, &o));

    struct request next = request(503, REQUEST_QUALITY); /* and it goes on */
    worker_submit(w, &next);
    struct outcome last = { 0 };
    CHECK(wait_for(w, 503, &last, &ignored));
    CHECK(last.kind == REQUEST_QUALITY);
}

/* What was paid for is told also after C-c, and what had not begun is answered for. */
static void test_release_is_answered(struct worker *w)
{
    struct outcome o;
    cancel_late(w, REQUEST_RELEASE);
    CHECK(worker_take(w, &o) && o.kind == REQUEST_RELEASE && o.ok && o.final);
    outcome_finish(&o);
    CHECK(!worker_take(w, &o));

    start_held(w, 504, REQUEST_QUALITY);
    int before = atomic_load(&told);
    struct request next = request(505, REQUEST_RELEASE);
    worker_submit(w, &next);
    worker_cancel(w);
    CHECK(worker_take(w, &o) && o.kind == REQUEST_RELEASE && o.serial == 505 && !o.ok && o.final);
    CHECK(o.error.code == ERROR_CANCELLED);
    outcome_finish(&o);
    atomic_store(&hold, false);
    CHECK(reaches(&told, before + 1) && !worker_take(w, &o));
}

/* Nothing of an idle worker makes the loop turn. */
static void test_idle_is_idle(struct worker *w)
{
    sleep_ms(30);
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
    test_release_is_answered(w);
    test_idle_is_idle(w);

    struct request running = request(600, REQUEST_EXPORT), waiting = request(601, REQUEST_PICTURE);
    int before = atomic_load(&started);
    atomic_store(&hold, true);
    worker_submit(w, &running);
    CHECK(reaches(&started, before + 1));
    worker_submit(w, &waiting);
    CHECK(!worker_stop(w, 30));
    atomic_store(&hold, false);
    CHECK(worker_stop(w, PATIENCE_MS) && worker_stop(w, 0));
    worker_destroy(w); /* with one waiting */
    CHECK(atomic_load(&document.references) == 1);
    CHECK(memory_used() == 0);
    return check_done();
}
