/* The order is the promise: integers, their sums and the check; the ledger, on disk; noise; all else. */

#include "release_draw.h"
#include "release_noise.h"
#include "release_path.h"

#include "cancel.h"

void release_finish(struct release *r)
{
    release_draw_finish(&r->draw);
    *r = (struct release){ 0 };
}

/* From here on nobody is asked: what was paid for is handed out. */
static bool draw(struct release_path *p, struct job *job, struct release *out, struct error *err)
{
    const atomic_bool *before = cancel_watch(NULL);
    struct release_deviation steps = { p->price.grid_deviation, p->price.grid_diagonal };
    struct error why = { 0 };
    if (job->progress)
        job->progress(job->context, 0.7, "noise");
    bool ok = release_noise(p->gram.data, p->d, &steps, release_path_stream(p), p->gram.data, &why);
    ok = ok && release_draw_make(p->terms, &p->price, p->gram.data, release_path_stream(p),
                                 &out->draw, &why);
    cancel_watch(before);
    return ok || release_path_lost(&why, err);
}

bool release_make(struct job *job, struct matrix_view rows, const struct release_terms *t,
                  const char *ledger, struct release *out, struct error *err)
{
    struct release_path p = { 0 };
    *out = (struct release){ 0 };
    bool ok = release_path_open(&p, job, rows, t, err) &&
              release_draw_init(&out->draw, t->mechanism, p.d, err) &&
              release_path_pay(&p, job, ledger, &out->account, err) && draw(&p, job, out, err);
    if (ok)
        release_path_facts(&p, out);
    else
        release_draw_finish(&out->draw);
    release_path_close(&p);
    return ok;
}
