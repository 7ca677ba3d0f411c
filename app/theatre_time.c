/* Time in the theatre: playing, stepping, and the way to the next near miss. */

#include "theatre.h"

#include <math.h>

#include "model.h"
#include "view.h"

enum { LATE_MS = 1000 }; /* whoever was away so long goes on where he left */

static void go(struct model *m, size_t frame)
{
    const struct theatre_paths *p = m->theatre.paths;
    size_t last = p ? p->of[0].frames : 0;
    if (p && p->steps)
        m->theatre.set.t = (double)(frame < last ? frame : last) / (double)p->steps;
}

/* From the end it begins anew. What was given up is asked for again. */
void theatre_play(struct model *m)
{
    struct theatre *t = &m->theatre;
    t->given_up = false;
    if (!t->paths) {
        model_say(m, false, "there is nothing to play yet");
        return;
    }
    t->playing = !t->playing;
    t->next = 0;
    if (t->playing && theatre_at(m) >= t->paths->steps)
        go(m, 0);
}

void theatre_move(struct model *m, int frames)
{
    size_t at = theatre_at(m);
    m->theatre.playing = false;
    go(m, frames >= 0 ? at + (size_t)frames : at > (size_t)-frames ? at - (size_t)-frames : 0);
}

/* Out of sight it waits. */
static bool runs(const struct model *m)
{
    return m->theatre.playing && m->theatre.paths && m->view->theatre && worlds_in_sandbox(m);
}

bool theatre_tick(struct model *m, double now)
{
    struct theatre *t = &m->theatre;
    const double period = 1e3 / THEATRE_FPS;
    if (!runs(m) || now < t->next)
        return false;
    if (now - t->next > LATE_MS)
        t->next = 0;
    size_t frames = t->next > 0 ? 1 + (size_t)((now - t->next) / period)
                                : 1; /* late ones are skipped */
    t->next = t->next > 0 ? t->next + (double)frames * period : now + period;
    go(m, theatre_at(m) + frames);
    if (theatre_at(m) >= t->paths->of[0].frames)
        t->playing = t->paths->of[0].frames < t->paths->steps; /* the rest is on its way */
    return true;
}

double theatre_wait(const struct model *m, double now)
{
    return runs(m) ? fmax(0, m->theatre.next - now) : -1;
}

/* The nearest of all fields shown, behind or before `at`. NULL: none. */
static const struct dyson_miss *nearest(const struct model *m, size_t at, bool forward, int *field)
{
    const struct theatre_paths *p = m->theatre.paths;
    const struct dyson_miss *best = NULL;
    for (int i = 0; p && i < THEATRE_FIELDS; i++)
        for (size_t k = 0; theatre_shows(m, i) && k < p->misses[i]; k++) {
            const struct dyson_miss *x = &p->miss[i][k];
            bool there = forward ? x->frame > at : x->frame < at;
            if (there && (!best || (forward ? x->frame < best->frame : x->frame > best->frame))) {
                best = x;
                *field = i;
            }
        }
    return best;
}

void theatre_miss(struct model *m, bool forward)
{
    int field = 0;
    const struct dyson_miss *x = nearest(m, theatre_at(m), forward, &field);
    m->theatre.playing = false;
    if (!x) {
        model_say(m, false, "no %s near miss: %c goes %s", forward ? "later" : "earlier",
                  forward ? ',' : '.', forward ? "back" : "on");
        return;
    }
    go(m, x->frame);
    model_say(m, false, "%s: %zu and %zu miss each other by %.3g, %.2f in the unit of Lemma 4",
              field ? "complex" : "real", x->i + 1, x->i + 2, x->gap, x->s);
}
