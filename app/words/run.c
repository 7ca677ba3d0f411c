/* run: one approximation, measured; -o writes it. */
#include "budget.h"
#include "trial.h"

#include <string.h>

static bool settle_rank(struct trial *t, struct error *err)
{
    const struct options *o = t->o;
    const struct param *rank = param_find(&t->a.method->params, "rank");
    if (o->run.bits_per_entry > 0) {
        if (rank && options_given(o, "rank"))
            return fail(err, ERROR_USAGE,
                        "run: --rank and --bits-per-entry both decide the rank; "
                        "give one of them");
        if (!budget_rank(t->a.method, &t->a.params, t->a.dtype, t->s.rows, t->s.cols,
                         o->run.bits_per_entry, o->run.count == 1, err))
            return false;
    }
    size_t most = t->s.rows < t->s.cols ? t->s.rows : t->s.cols;
    if (!rank || param_get(rank, &t->a.params) <= (double)most)
        return true;
    if (options_given(o, "rank"))
        snprintf(t->a.notice, sizeof(t->a.notice),
                 "rank %.0f is more than the matrix has; %zu taken", param_get(rank, &t->a.params),
                 most);
    const int clamped = (int)most; /* not param_put: a matrix without entries has rank 0 */
    memcpy(t->a.params.bytes + rank->offset, &clamped, sizeof(clamped));
    return true;
}

bool run_word(struct call *c, struct error *err)
{
    struct trial t = { .a = { .method = c->o.method, .params = c->o.params } };
    bool ok = trial_open(&t, &c->o, err) && settle_rank(&t, err) && trial_fits(&t, err) &&
              trial_read(&t, err) && trial_run(&t, err) && trial_account(&t, err) &&
              trial_store(&t, err);
    if (ok && c->o.common.json)
        ok = account_json(&t.a, c->out, err);
    else if (ok)
        account_print(&t.a, c->out);
    if (ok && !c->o.common.json && *backend_trouble(t.engine.backend))
        cli_note("note: the processor stood in for the device: %s",
                 backend_trouble(t.engine.backend));
    trial_close(&t);
    return ok;
}
