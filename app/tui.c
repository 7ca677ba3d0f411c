#include "tui.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "actions.h"
#include "mouse.h"
#include "player.h"
#include "setting.h"
#include "sweep.h"
#include "worker.h"

enum { QUIET_MS = 150 };    /* without a key for so long: exact picture, quality numbers */
enum { SHOW_MS = 100 };     /* shorter work shows no progress: the keys beside it would jump */
enum { PATIENCE_MS = 300 }; /* at the end, for the compute thread */

struct tui {
    struct model *model;
    struct worker *worker;
    struct grid grid;
    bool dirty;     /* the model changed since it was drawn */
    bool unshown;   /* the last frame is not, or not exactly, on the screen */
    bool stopped;   /* a key stopped it half way */
    bool moving;    /* a key was pressed less than QUIET_MS ago */
    double pressed; /* when, ms */
    double asked;   /* when the worker was given something while it had nothing, ms */
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool fit(struct tui *t, struct error *err)
{
    int width, height;
    term_size(&width, &height);
    grid_finish(&t->grid);
    if (!grid_init(&t->grid, width, height))
        return fail(err, ERROR_MEMORY, "out of memory: a screen of %d x %d cells", width, height);
    model_resize(t->model, width, height);
    t->dirty = true;
    return true;
}

static void draw(struct tui *t)
{
    struct model *m = t->model;
    double start = now_ms();
    m->cost.dropped += t->dirty && t->unshown && t->stopped;
    if (t->dirty) {
        view_draw(m, grid_canvas(&t->grid, m->unicode));
        m->cost.render_ms = now_ms() - start;
    }
    t->unshown = t->stopped = !term_show(&t->grid, t->moving);
    struct term_cost cost = term_cost(m->statistics);
    m->cost.text_ms = cost.text_ms;
    m->cost.picture_ms = cost.picture_ms;
    m->cost.write_ms = cost.write_ms;
    m->cost.bytes = cost.bytes;
    if (t->dirty)
        m->frame_ms = now_ms() - start; /* seen in the next frame */
    t->dirty = false;
}

/* A paste is text: it goes where one types, and never into actions. */
static void press(struct model *m, const struct event *e)
{
    if (e->pasted && m->overlay == OVERLAY_NONE)
        model_say(m, false, "pasted text is taken where a line is typed only");
    else if (!e->pasted || e->text)
        action_press(m, e->name, e->text);
}

/* By what is on the screen after the keys before it. */
static void point(struct tui *t, const struct mouse *e)
{
    if (t->dirty && e->kind != MOUSE_DRAG)
        view_draw(t->model, grid_canvas(&t->grid, t->model->unicode));
    mouse_take(t->model, &t->grid, e);
}

static void read_keys(struct tui *t)
{
    struct event e;
    while (term_take(&e)) {
        t->model->now = now_ms() / 1e3;
        if (t->model->player && e.kind == EVENT_KEY) {
            player_end(t->model);
            model_say(t->model, false, "the keys are yours again");
        } else if (e.kind == EVENT_KEY) {
            press(t->model, &e);
        } else {
            point(t, &e.mouse);
        }
        t->dirty = t->moving = true;
        t->pressed = now_ms();
    }
    if (strcmp(t->model->mode, term_mode()) != 0) { /* it answered what it was asked */
        snprintf(t->model->mode, sizeof(t->model->mode), "%s", term_mode());
        t->dirty = true;
    }
}

/* What the model wished for that only this loop can do. */
static void grant(struct tui *t)
{
    struct model *m = t->model;
    if (m->cancel)
        worker_cancel(t->worker);
    if (m->suspend)
        term_suspend();
    if (m->redraw)
        term_redraw();
    if (!term_mouse(!m->mouse_free) && m->mouse_free) {
        m->mouse_free = false;
        model_say(m, false, "this terminal reports no mouse");
        t->dirty = true;
    }
    if (m->copy[0])
        term_copy(m->copy);
    m->cancel = m->suspend = m->redraw = false;
    m->copy[0] = 0;
}

/* false: the file that the program was started with cannot be had. */
static bool hear(struct tui *t, struct error *fatal)
{
    struct model *m = t->model;
    struct outcome o;
    struct error err;
    bool ok = true;
    while (worker_take(t->worker, &o))
        model_accept(m, &o);
    if (m->opening.state == OPENING_ENDED)
        ok = opening_go_on(m, fatal);
    if (m->elbow && m->subject && m->subject->exact && !setting_elbow(m, &err))
        model_say(m, true, "%s", err.text);
    worker_progress(t->worker, &m->progress, m->stage, sizeof(m->stage));
    t->dirty = true;
    return ok;
}

static void ask(struct tui *t)
{
    struct request r;
    bool busy = t->model->busy;
    if (!model_want(t->model, !t->moving, &r))
        return;
    worker_submit(t->worker, &r);
    if (!busy) {
        t->model->quick = t->model->subject != NULL; /* at the start there is nothing beside it */
        t->asked = now_ms();
    }
    t->dirty = true;
}

/* A session that is played presses as a user does. */
static void play(struct tui *t)
{
    struct model *m = t->model;
    if (!m->player || player_left(m->player, m, now_ms()) > 0)
        return;
    player_step(m->player, m, now_ms());
    t->dirty = t->moving = true;
    t->pressed = now_ms();
}

static int timeout(const struct tui *t)
{
    bool quick = t->model->busy && t->model->quick;
    if (t->unshown)
        return 0;
    double left = sweep_wait(t->model, now_ms());
    left = left < 0 ? HUGE_VAL : left;
    double frame = theatre_wait(t->model, now_ms());
    left = frame < 0 ? left : fmin(left, frame);
    if (t->model->player)
        left = fmin(left, player_left(t->model->player, t->model, now_ms()));
    if (!t->moving && !quick && isinf(left))
        return -1;
    if (t->moving)
        left = fmin(left, t->pressed + QUIET_MS - now_ms());
    if (quick)
        left = fmin(left, t->asked + SHOW_MS - now_ms());
    return left > 0 ? (int)left + 1 : 0;
}

/* What changes by itself as time goes by. */
static void look_at_clock(struct tui *t)
{
    if (sweep_tick(t->model, now_ms())) {
        t->dirty = t->moving = true;
        t->pressed = now_ms();
    }
    if (theatre_tick(t->model, now_ms()))
        t->dirty = true;
    if (t->moving && now_ms() >= t->pressed + QUIET_MS) {
        t->moving = false;
        t->unshown = true; /* once more, exactly */
    }
    if (t->model->quick && now_ms() >= t->asked + SHOW_MS) {
        t->model->quick = false;
        t->dirty = true;
    }
}

static bool loop(struct tui *t, struct error *err)
{
    while (!t->model->quit) {
        ask(t);
        if (t->dirty || t->unshown)
            draw(t);
        enum term_event e = term_wait(worker_fd(t->worker), timeout(t));
        if (e == TERM_QUIT)
            break;
        if (e == TERM_RESIZE && !fit(t, err))
            return false;
        if (e == TERM_KEY)
            read_keys(t);
        if (e == TERM_FD && !hear(t, err))
            return false;
        play(t);
        look_at_clock(t);
        grant(t);
    }
    return true;
}

bool tui_run(struct model *m, struct backend *backend, const struct term_options *o,
             struct error *err)
{
    struct tui t = { .model = m };
    t.worker = worker_create(backend, err);
    if (!t.worker)
        return false;
    if (!term_open(o, err)) {
        worker_destroy(t.worker);
        return false;
    }
    m->unicode = term_unicode();
    snprintf(m->mode, sizeof(m->mode), "%s", term_mode());
    m->now = now_ms() / 1e3;
    if (m->recorder)
        recorder_begin(m->recorder, m);
    bool ok = fit(&t, err) && loop(&t, err);
    term_close();
    m->abandoned = !worker_stop(t.worker, PATIENCE_MS); /* in a factorization of seconds */
    if (!m->abandoned)
        worker_destroy(t.worker);
    grid_finish(&t.grid);
    return ok;
}
