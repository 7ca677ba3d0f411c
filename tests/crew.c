/* Work on several threads: each piece once, the first failure ends it, a flag stops it. */

#include "check.h"

#include "crew.h"

#include <string.h>
#include <unistd.h>

enum { PIECES = 1000 };

struct scene {
    atomic_int times[PIECES], done;
    size_t bad; /* this piece fails */
    atomic_bool cancel;
    double last;
    int told;
};

static bool work(void *context, size_t i, struct error *err)
{
    struct scene *s = context;
    usleep(20); /* so that all have a share */
    atomic_fetch_add(&s->times[i], 1);
    if (atomic_fetch_add(&s->done, 1) == 50 && s->bad == PIECES + 1)
        atomic_store(&s->cancel, true);
    return i != s->bad || fail(err, ERROR_NUMERIC, "piece %zu", i);
}

static void told(void *context, double done, const char *stage)
{
    struct scene *s = context;
    s->told += done >= s->last && done <= 1 && !strcmp(stage, "stage");
    s->last = done;
}

static bool run(int threads, size_t bad, struct scene *s, struct error *err)
{
    memset(s, 0, sizeof(*s));
    s->bad = bad;
    const struct crew_work w = { work, s, PIECES, &s->cancel, told, "stage" };
    return crew_run(threads, &w, err);
}

int main(void)
{
    static struct scene s;
    for (int threads = 0; threads <= 8; threads += 4 - (threads > 0)) {
        struct error err = { 0 };
        int wrong = 0;
        CHECK(run(threads, PIECES, &s, &err));
        for (size_t i = 0; i < PIECES; i++)
            wrong += atomic_load(&s.times[i]) != 1;
        printf("# %d threads: %d pieces not once, told %d times\n", threads, wrong, s.told);
        CHECK(wrong == 0);
        CHECK(s.told > 0);
        CHECK(!run(threads, 100, &s, &err) && err.code == ERROR_NUMERIC);
        CHECK(!strcmp(err.text, "piece 100") && atomic_load(&s.done) < PIECES);
        CHECK(!run(threads, PIECES + 1, &s, &err) && err.code == ERROR_CANCELLED);
        CHECK(atomic_load(&s.done) < PIECES);
        for (wrong = 0; wrong < PIECES && atomic_load(&s.times[wrong]) <= 1;)
            wrong++;
        CHECK(wrong == PIECES);
    }
    return check_done();
}
