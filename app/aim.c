#include "aim.h"

#include "hold.h"

#include <math.h>
#include <string.h>

/* Numbers of a truncation: the error is the tail of the spectrum, the size is counted. */
static bool by_prefix_sums(void *context, const struct params_any *params, struct goal_numbers *out,
                           struct error *err)
{
    const struct model *m = context;
    const struct subject *s = m->subject;
    const struct param *rank = param_find(&m->method->params, "rank");
    (void)err;
    *out = (struct goal_numbers){
        .error = subject_tail(s, (size_t)param_get(rank, params->bytes)),
        .psnr = (double)NAN,
        .ssim = (double)NAN,
        .bits = s->planes * m->method->bits(params->bytes, m->dtype, s->rows, s->cols, false),
        .entries = s->planes * s->rows * s->cols,
    };
    return true;
}

static bool at_once(struct model *m, const struct param *axis, const struct goal *g,
                    struct error *err)
{
    const struct subject *s = m->subject;
    const struct goal_search search = { .goal = g,
                                        .method = m->method,
                                        .axis = axis,
                                        .params = *model_params(m),
                                        .dtype = m->dtype,
                                        .rows = s->rows,
                                        .cols = s->cols,
                                        .planes = s->planes,
                                        .measure = by_prefix_sums,
                                        .context = m };
    struct goal_answer a = { 0 };
    char line[MODEL_LINE];
    if (!goal_solve(&search, &a, err))
        return false;
    goal_tell(g, m->method, axis, &a, line, sizeof(line));
    if (a.met && !param_equal(&m->method->params, &a.best.params, model_params(m))) {
        *model_params(m) = a.best.params;
        model_changed(m);
    }
    model_say(m, !a.met, "%s", line);
    return true;
}

bool aim(struct model *m, const struct param *axis, const char *text, struct error *err)
{
    struct goal g;
    const struct subject *s = m->subject;
    if (!goal_parse(text, &g, err))
        return false;
    if (!axis)
        return fail(err, ERROR_USAGE, "%s: %s has neither a rank nor bits to move", g.text,
                    m->method->name);
    if (axis->kind != PARAM_INT || axis->choices)
        return fail(err, ERROR_USAGE, "%s: a goal moves whole numbers, not %s", g.text, axis->key);
    if (!model_needs_one(m, g.text, err))
        return false;
    if (hold_on(m))
        return fail(err, ERROR_USAGE, "%s: the size is held - s lets go of it", g.text);
    if (s && !s->picture && goal_needs_picture(&g))
        return fail(err, ERROR_USAGE, "%s: this is of pictures, and no picture is open", g.text);
    bool known = g.kind == GOAL_ERROR || g.kind == GOAL_ENERGY || g.kind == GOAL_BITS;
    m->elbow = false; /* the last wish counts */
    if (s && s->exact && known && (m->method->flags & METHOD_NESTED) && !strcmp(axis->key, "rank"))
        return at_once(m, axis, &g, err);
    m->goal = g;
    m->goal_axis = axis;
    m->goal_wanted = true;
    if (m->busy && m->out == REQUEST_SOLVE) { /* another goal than the one that is out */
        m->busy = false;
        m->cancel = true;
    }
    model_say(m, false, "%s: looking for the cheapest setting - C-c stops", g.text);
    return true;
}
