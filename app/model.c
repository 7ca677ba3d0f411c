#include "model.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hold.h"
#include "nested.h"
#include "view.h"

static size_t method_index(const struct method *method)
{
    size_t i = 0;
    while (methods[i] != method)
        i++;
    return i;
}

size_t model_methods(void)
{
    size_t n = 0;
    while (methods[n] && !(methods[n]->flags & METHOD_SANDBOX))
        n++;
    return n;
}

const struct method *model_method(const char *name)
{
    const struct method *found = method_find(name);
    return found && found->flags & METHOD_SANDBOX ? NULL : found;
}

bool model_init(struct model *m, struct error *err)
{
    *m = (struct model){ 0 };
    size_t n = 0;
    while (methods[n])
        n++;
    if (n == 0 || n > MODEL_METHODS)
        return fail(err, ERROR_USAGE, "the workbench has room for 1 to %d methods, not for %zu",
                    MODEL_METHODS, n);
    for (size_t i = 0; i < n; i++)
        param_defaults(&methods[i]->params, false, &m->params[i]);
    m->method = methods[0];
    m->view = views[0];
    m->width = 80;
    m->height = 24;
    m->unicode = true;
    m->numbers = study_unknown;
    m->frame_ms = -1;
    m->pointer_x = m->pointer_y = -1;
    m->wipe_at = 0.5;
    m->focus = PANE_FORM;
    theatre_reset(m);
    worlds_init(m);
    history_forget(m);
    return true;
}

static void forget(struct model *m)
{
    subject_destroy(m->subject);
    shown_destroy(m->shown);
    m->subject = NULL;
    m->shown = NULL;
    heat_forget(m);
    levels_forget(m);
    for (int i = 0; i < SLOT_COUNT; i++)
        slot_clear(&m->slots[i]);
    m->numbers = study_unknown;
    m->asked_holds = m->elbow = m->goal_wanted = m->cross = m->sweeping = false;
    m->zoom = (struct zoom){ 0 };
    m->sweep = (struct sweep){ 0 };
    m->channel = 0;
    runs_forget(m);
    theatre_forget(m);
    m->opened = m->serial;
    opening_drop(m);
}

void model_finish(struct model *m)
{
    forget(m);
    browse_forget(m);
    inspect_forget(m);
    scanning_forget(m);
    grouping_forget(m);
    layer_map_forget(m);
    beside_forget(m);
    worlds_finish(m);
    document_unref(m->document);
    *m = (struct model){ 0 };
}

struct params_any *model_params(struct model *m)
{
    return &m->params[method_index(m->method)];
}

const struct params_any *model_params_const(const struct model *m)
{
    return &m->params[method_index(m->method)];
}

bool model_chosen(const struct model *m)
{
    const struct document *d = m->document;
    return d && (m->entry[0] || d->n == 1 || document_is_picture(d));
}

bool model_shape(const struct model *m, double *rows, double *cols)
{
    const struct document *d = m->document;
    const struct entry *e = NULL;
    *rows = *cols = 0;
    if (m->subject) {
        *rows = (double)m->subject->rows;
        *cols = (double)m->subject->cols;
    } else if (model_chosen(m)) {
        e = m->entry[0] ? document_entry(d, m->entry) : &d->entries[0];
    }
    if (e) {
        *rows = (double)e->rows;
        *cols = (double)e->cols;
    }
    return *rows > 0 && *cols > 0;
}

size_t model_planes(const struct model *m)
{
    return m->subject ? m->subject->planes : 1;
}

/* The numbers of a nested picture at this rank; what was measured at it stays. */
static void derive(struct model *m)
{
    const struct method *method = m->shown ? m->shown->method : NULL;
    struct numbers old = m->numbers;
    if (!m->subject || !method || !m->shown->nested || (method != m->method && old.rank > 0))
        return; /* another method is on its way: what is shown stays */
    m->numbers = nested_numbers(m, method,
                                method == m->method ? model_params(m) : &m->shown->params);
    m->numbers.psnr = old.psnr;
    m->numbers.ssim = old.ssim;
    m->numbers.seconds = old.seconds;
    m->numbers.factors_bytes = old.factors_bytes;
    m->numbers.written_bytes = old.written_bytes;
}

void model_frame(const struct model *m, int *width, int *height, struct region *region)
{
    double rows, cols;
    *width = *height = 0;
    *region = (struct region){ 0 };
    m->view->picture_size(m, m->width, m->height, width, height);
    if (*width == 0) /* what it would be there: the way back costs nothing */
        views[0]->picture_size(m, m->width, m->height, width, height);
    if (*width > 0 && model_shape(m, &rows, &cols))
        *region = zoom_region(&m->zoom, rows, cols, *width, *height);
}

bool model_same_settings(const struct model *m, const struct method *method,
                         const struct params_any *params)
{
    return method == m->method && ((method->flags & METHOD_NESTED) ||
                                   param_equal(&method->params, params, model_params_const(m)));
}

bool model_same_frame(const struct model *m, size_t w, size_t h, struct region r)
{
    int width, height;
    struct region region;
    model_frame(m, &width, &height, &region);
    return (size_t)width == w && (size_t)height == h && region_equal(region, r);
}

static void judge(struct model *m)
{
    const struct shown *s = m->shown;
    m->stale = model_chosen(m) &&
               !(s && m->subject && m->subject->exact &&
                 model_same_settings(m, s->method, &s->params) &&
                 model_same_frame(m, s->previews[0].width, s->previews[0].height, s->region));
}

void model_looked(struct model *m)
{
    judge(m);
}

static void blank_quality(struct model *m)
{
    m->quality_stale = true;
    m->quality_asked = false;
    m->numbers.psnr = m->numbers.ssim = (double)NAN;
    m->numbers.factors_bytes = 0;
}

/* Settings that moved by hand: the goal is given up, and the search for it. */
static void drop_goal(struct model *m)
{
    if (m->goal_wanted && m->busy && m->out == REQUEST_SOLVE) {
        m->busy = false;
        m->cancel = true;
        model_say(m, false, "%s: given up, the settings changed", m->goal.text);
    }
    m->goal_wanted = false;
}

void model_changed(struct model *m)
{
    drop_goal(m);
    blank_quality(m);
    derive(m);
    judge(m);
    if (!m->busy ||
        m->out == REQUEST_COMPARE) /* what was stopped or failed may be asked for again */
        m->asked_holds = false;
}

/* Of a file of several matrices none is chosen yet: the view that lists them. */
static void show_what_is_open(struct model *m, bool listed)
{
    bool lists = m->document && !model_chosen(m);
    if (lists && !m->view->lists)
        m->view = view_find("weights");
    else if (!lists && listed && m->view->lists)
        m->view = views[0];
}

void model_open(struct model *m, struct document *d, const char *entry)
{
    struct document *old = m->document;
    bool listed = old && !model_chosen(m);
    m->document = document_ref(d);
    if (entry != m->entry) /* the same matrix, read anew */
        snprintf(m->entry, sizeof(m->entry), "%s", entry ? entry : "");
    forget(m);
    if (d != old) {
        inspect_forget(m);
        scanning_forget(m);
        browse_open(m);
        grouping_forget(m);
        layer_map_forget(m);
        beside_forget(m);
        layer_map_begin(m);
    }
    document_unref(old);
    m->export.path[0] = 0;
    show_what_is_open(m, listed);
    hold_refit(m);
    model_changed(m);
    if (d != old)
        worlds_open(m);
}

void model_resize(struct model *m, int width, int height)
{
    m->width = width;
    m->height = height;
    judge(m);
}

void model_set_method(struct model *m, const struct method *method)
{
    const struct param *old = model_field(m);
    m->method = method;
    m->field = 0;
    for (size_t i = 0; old && model_row(m, i); i++)
        if (!strcmp(model_row(m, i)->key, old->key))
            m->field = i;
    hold_refit(m);
    model_changed(m);
}

void model_say(struct model *m, bool error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(m->message, sizeof(m->message), format, arguments);
    va_end(arguments);
    m->message_is_error = error;
}

/* New numbers; what was written last stays true. */
static void take_numbers(struct model *m, const struct numbers *n)
{
    uint64_t written = m->numbers.written_bytes;
    m->numbers = *n;
    m->numbers.written_bytes = written;
}

static void accept_picture(struct model *m, struct outcome *o)
{
    if (o->subject) {
        if (!m->subject && o->subject->notice[0])
            model_say(m, false, "%s", o->subject->notice);
        subject_destroy(m->subject);
        m->subject = o->subject;
        o->subject = NULL;
    }
    if (o->shown) {
        shown_destroy(m->shown);
        m->shown = o->shown;
        o->shown = NULL;
        if (m->quality_stale) {
            take_numbers(m, &o->numbers);
            blank_quality(m);
            derive(m);
        } /* else it is the same setting, of another size or region: its numbers are known */
        slots_follow(m);
    }
    judge(m);
}

static void accept_quality(struct model *m, struct outcome *o)
{
    if (!m->quality_asked || o->serial != m->serial) /* of settings that are gone */
        return;
    take_numbers(m, &o->numbers);
    m->quality_stale = false;
}

static void accept_export(struct model *m, struct outcome *o)
{
    const char *name = strrchr(o->path, '/');
    model_say(m, false, "wrote %.120s: %llu bytes (packed factors: %llu, source: %llu)",
              name ? name + 1 : o->path, (unsigned long long)o->numbers.written_bytes,
              (unsigned long long)o->numbers.factors_bytes,
              (unsigned long long)(m->subject ? m->subject->source_bytes : 0));
    m->numbers.written_bytes = o->numbers.written_bytes;
}

/* The slider walks there; where the goal cannot be met it stays, and one reads how near it comes. */
static void accept_answer(struct model *m, struct outcome *o)
{
    char line[MODEL_LINE];
    if (!m->goal_wanted || o->serial != m->serial)
        return;
    m->goal_wanted = false;
    goal_tell(&m->goal, m->method, m->goal_axis, &o->answer, line, sizeof(line));
    if (o->answer.met) {
        *model_params(m) = o->answer.best.params;
        model_changed(m);
    }
    model_say(m, !o->answer.met, "%s", line);
}

static void (*const accept[REQUEST_KINDS])(struct model *m, struct outcome *o) = {
    [REQUEST_PICTURE] = accept_picture, [REQUEST_QUALITY] = accept_quality,
    [REQUEST_EXPORT] = accept_export,   [REQUEST_SLOT] = slots_accept,
    [REQUEST_SOLVE] = accept_answer,    [REQUEST_HEAT] = heat_accept,
    [REQUEST_LEVELS] = levels_accept,   [REQUEST_OPEN] = opening_accept,
    [REQUEST_COMPARE] = runs_accept,    [REQUEST_ANATOMY] = inspect_accept,
    [REQUEST_SCAN] = scanning_accept,   [REQUEST_GROUP] = grouping_accept,
    [REQUEST_BESIDE] = beside_accept,   [REQUEST_RELEASE] = worlds_accept,
    [REQUEST_LOOK] = worlds_written,    [REQUEST_THEATRE] = theatre_accept,
};

static void accept_failure(struct model *m, const struct outcome *o)
{
    m->goal_wanted &= o->kind != REQUEST_SOLVE;
    if (o->kind == REQUEST_COMPARE)
        runs_failed(m);
    if (o->kind == REQUEST_ANATOMY)
        inspect_failed(m, o);
    if (o->kind == REQUEST_SCAN)
        scanning_failed(m, o);
    if (o->kind == REQUEST_GROUP)
        grouping_failed(m, &o->error);
    if (o->kind == REQUEST_BESIDE)
        beside_failed(m, o);
    if (o->kind == REQUEST_RELEASE)
        worlds_failed(m, o);
    if (o->kind == REQUEST_THEATRE)
        theatre_failed(m, &o->error);
    model_say(m, true, "%s", o->error.text);
}

void model_accept(struct model *m, struct outcome *o)
{
    if (o->serial == m->serial && o->final)
        m->busy = false;
    bool gone = o->serial <= m->opened && o->kind != REQUEST_EXPORT && o->kind != REQUEST_RELEASE;
    if (o->ok && !gone && o->trouble[0])
        model_say(m, false, "the processor stood in for the device: %s", o->trouble);
    if (o->kind == REQUEST_OPEN || (o->ok && !gone))
        accept[o->kind](m, o);
    else if (!gone) /* else it is of a document that is gone */
        accept_failure(m, o);
    outcome_finish(o);
}
