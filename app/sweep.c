#include "sweep.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hold.h"
#include "setting.h"

/* Unless asked for others, steps grow with the rank, as what one more changes becomes less:
 * by one up to twice this, then by this part of it. 213 steps to 400, 347 to 3000. A tick that
 * comes so late or less does not delay the next. */
enum { PART = 64, LATE_MS = 2 };

void sweep_toggle(struct model *m)
{
    if (!param_find(&m->method->params, "rank")) {
        model_say(m, true, "%s has no rank", m->method->name);
        return;
    }
    if (hold_on(m)) {
        model_say(m, true, "the size is held, and so is the rank - s lets go of it");
        return;
    }
    m->sweeping = !m->sweeping && model_chosen(m);
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

/* The rank after `at`. */
static double next(const struct sweep *s, double at, double least, double most)
{
    double from = s->to > 0 ? fmin(fmax(s->from, least), most) : least;
    double to = s->to > 0 ? fmin(s->to, most) : most;
    double by = s->factor > 0 ? ceil(at * s->factor) - at
                : s->step > 0 ? s->step
                              : floor(at / PART);
    if (at >= to || at < from)
        return from;
    return fmin(at + fmax(by, 1), to);
}

bool sweep_tick(struct model *m, double now)
{
    const struct param *rank = param_find(&m->method->params, "rank");
    double pace = m->method->flags & METHOD_NESTED ? SWEEP_MS : 0;
    double wait = m->sweep.fps > 0 ? 1e3 / m->sweep.fps : pace;
    if (!ready(m) || !rank || now < m->sweep_next)
        return false;
    setting_put(m, rank, next(&m->sweep, (double)model_rank(m), rank->min, model_limit(m, rank)));
    double due = now - m->sweep_next <= LATE_MS ? m->sweep_next : now;
    m->sweep_next = wait > 0 ? due + wait : now;
    return true;
}

/* A number and nothing after it, at most to `most`. */
static bool number(const char **at, double least, double most, double *out)
{
    char *end;
    *out = strtod(*at, &end);
    if (end == *at || !(*out >= least && *out <= most) || (*end && *end != ' '))
        return false;
    *at = end;
    return true;
}

/* "1..128": strtod would take the point. */
static bool range(const char **at, struct sweep *s)
{
    char *end;
    long from = strtol(*at, &end, 10), to;
    if (end == *at || strncmp(end, "..", 2) != 0)
        return false;
    const char *second = end + 2;
    to = strtol(second, &end, 10);
    if (end == second || (*end && *end != ' ') || from < 1 || to <= from || to > INT_MAX)
        return false;
    s->from = (double)from;
    s->to = (double)to;
    *at = end;
    return true;
}

static bool word(const char **at, const char *name)
{
    size_t n = strlen(name);
    if (strncmp(*at, name, n) != 0 || ((*at)[n] && (*at)[n] != ' '))
        return false;
    *at += n;
    *at += strspn(*at, " ");
    return true;
}

static bool part(const char **at, struct sweep *s)
{
    if (word(at, "step")) {
        bool times = **at == '*';
        *at += times;
        return number(at, times ? 1 + 1e-6 : 1, 1e6, times ? &s->factor : &s->step);
    }
    return word(at, "fps") ? number(at, 0.1, 1000, &s->fps) : range(at, s);
}

bool sweep_begin(struct model *m, const char *arguments, size_t *at, struct error *err)
{
    struct sweep s = { 0 };
    const char *text = arguments;
    if (!param_find(&m->method->params, "rank"))
        return fail(err, ERROR_USAGE, "%s has no rank", m->method->name);
    if (!model_needs_one(m, "sweep", err))
        return false;
    if (!word(&text, "k"))
        word(&text, "rank");
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        *at = (size_t)(text - arguments);
        if (!part(&text, &s))
            return fail(err, ERROR_USAGE,
                        "sweep: FROM..TO of two ranks, step N or step *N, fps N come after it");
    }
    m->sweep = s;
    m->sweeping = true;
    m->sweep_next = 0;
    return true;
}
