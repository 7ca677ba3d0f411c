/* run: one approximation, measured; -o writes it. */
#include "trial.h"

bool run_word(struct call *c, struct error *err)
{
    struct trial t = { .a = { .method = c->o.method, .params = c->o.params }, .files = c->o.n };
    bool ok = trial_open(&t, &c->o, err) && trial_settle(&t, options_given(t.o, "rank"), err) &&
              trial_fits(&t, err) && trial_read(&t, err) && trial_run(&t, err) &&
              trial_account(&t, err) && trial_store(&t, err);
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
