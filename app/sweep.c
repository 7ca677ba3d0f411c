#include "sweep.h"

#include <math.h>

#include "setting.h"

/* A whole way is at most so many steps. A tick that comes so late or less does not delay the next. */
enum { STEPS = 400, LATE_MS = 2 };

void sweep_toggle(struct model *m)
{
    if (!param_find(&m->method->params, "rank")) {
        model_say(m, true, "%s has no rank", m->method->name);
        return;
    }
    m->sweeping = !m->sweeping && m->document;
    m->sweep_next = 0;
}

/* What is shown is what was asked for last, so that no picture is skipped. */
static bool ready(const struct model *m)
{
    return m->sweeping && m->subject && !m->stale;
}

double sweep_wait(const struct model *m, double now)
{
    return ready(m) ? fmax(0, m->sweep_next - now) : -1;
}

bool sweep_tick(struct model *m, double now)
{
    const struct param *rank = param_find(&m->method->params, "rank");
    if (!ready(m) || !rank || now < m->sweep_next)
        return false;
    double limit = model_limit(m, rank), at = (double)model_rank(m);
    double step = ceil(limit / STEPS);
    setting_put(m, rank, at >= limit ? rank->min : fmin(at + step, limit));
    double due = now - m->sweep_next <= LATE_MS ? m->sweep_next : now;
    m->sweep_next = m->method->flags & METHOD_NESTED ? due + SWEEP_MS : now;
    return true;
}
