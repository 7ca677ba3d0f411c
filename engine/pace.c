#include "pace.h"

#include "backend_front.h"
#include "seconds.h"

#include <math.h>

enum { SIDE = 1024, WIDTH = 256, TINY = 16, MOST = 64 };

struct bench {
    struct backend *b;
    struct matrix large, tiny;
    struct buffer a, x, y; /* y = a x */
    struct buffer s, t;    /* tiny: reading t waits for all that was asked before */
};

static bool wait(struct bench *p, struct error *err)
{
    return backend_gemm(&p->s, false, &p->s, false, &p->t, err) &&
           backend_read(&p->t, p->tiny.view, err);
}

/* The large matrix brought over anew, and used, so that a lazy device has to. */
static bool bring(struct bench *p, double *seconds, struct error *err)
{
    double begin = seconds_now();
    backend_release(&p->a);
    bool ok = backend_load(p->b, p->large.view, &p->a, err) && wait(p, err);
    *seconds = seconds_now() - begin;
    return ok;
}

static bool multiply(struct bench *p, int times, double *seconds, struct error *err)
{
    double begin = seconds_now();
    bool ok = true;
    for (int i = 0; ok && i < times; i++)
        ok = backend_gemm(&p->a, false, &p->x, false, &p->y, err);
    ok = ok && wait(p, err);
    *seconds = seconds_now() - begin;
    return ok;
}

static bool set_up(struct bench *p, enum dtype dtype, struct error *err)
{
    return matrix_init(&p->large, dtype, SIDE, SIDE, err) &&
           matrix_init(&p->tiny, dtype, TINY, TINY, err) &&
           backend_load(p->b, p->large.view, &p->a, err) &&
           backend_alloc(p->b, dtype, SIDE, WIDTH, &p->x, err) &&
           backend_alloc(p->b, dtype, SIDE, WIDTH, &p->y, err) &&
           backend_alloc(p->b, dtype, TINY, TINY, &p->s, err) &&
           backend_alloc(p->b, dtype, TINY, TINY, &p->t, err);
}

/* The first of each builds shaders and wakes threads: not timed. */
static bool take_times(struct bench *p, struct backend_rates *out, struct error *err)
{
    double wait_best = HUGE_VAL, bring_best = HUGE_VAL, seconds = 0;
    int times = 1;
    if (!multiply(p, 1, &seconds, err))
        return false;
    for (int i = 0; i < 3; i++) {
        if (!multiply(p, 0, &seconds, err))
            return false;
        wait_best = fmin(wait_best, seconds);
    }
    for (int i = 0; i < 2; i++) {
        if (!bring(p, &seconds, err))
            return false;
        bring_best = fmin(bring_best, seconds);
    }
    for (;; times *= 4) { /* until the wait is small beside the work */
        if (!multiply(p, times, &seconds, err))
            return false;
        if (seconds > 1e-3 + 8 * wait_best || times >= MOST)
            break;
    }
    double work = 2.0 * SIDE * SIDE * WIDTH * times;
    double bytes = (double)SIDE * SIDE * (double)dtype_size(p->a.dtype);
    out->latency = wait_best;
    out->flops = work / fmax(seconds - wait_best, 1e-9);
    out->bytes = bytes / fmax(bring_best - wait_best, 1e-9);
    return true;
}

bool pace_measure(struct backend *b, enum dtype dtype, struct backend_rates *out)
{
    struct bench p = { .b = b };
    struct error ignored;
    const struct backend *s = b->seat;
    bool gemm = s->ops->gemm && (!s->ops->offers || s->ops->offers(s, OP_GEMM, dtype));
    bool ok = gemm && set_up(&p, dtype, &ignored) && take_times(&p, out, &ignored);
    backend_release_all(b); /* before what was loaded goes away */
    matrix_finish(&p.large);
    matrix_finish(&p.tiny);
    return ok;
}
