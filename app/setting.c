#include "setting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "spectrum.h"

static void put(const struct model *m, const struct param *p, void *params, double value)
{
    param_put(p, params, fmin(value, model_limit(m, p)));
}

/* Seeds have 64 bits and no limit of their own; a double would not hold them. */
static void clamp(const struct model *m, const struct param *p, void *params)
{
    if (p->kind != PARAM_SEED && param_get(p, params) > model_limit(m, p))
        put(m, p, params, model_limit(m, p));
}

static void apply(struct model *m, const struct params_any *params)
{
    bool same = param_equal(&m->method->params, params, model_params(m));
    *model_params(m) = *params;
    if (!same)
        model_changed(m);
}

void setting_step(struct model *m, const struct param *p, int direction, bool coarse)
{
    struct params_any params = *model_params(m);
    clamp(m, p, &params); /* the first step down from beyond the limit is seen, too */
    param_step(p, &params, direction, coarse);
    clamp(m, p, &params);
    apply(m, &params);
}

void setting_put(struct model *m, const struct param *p, double value)
{
    struct params_any params = *model_params(m);
    put(m, p, &params, value);
    apply(m, &params);
}

static bool scaled(struct model *m, const struct param *p, const char *text, struct error *err)
{
    char *end;
    double by = strtod(text + 1, &end);
    if (end == text + 1 || *end || !(by > 0) || !isfinite(by))
        return fail(err, ERROR_USAGE, "'%s': a number above 0 comes after %c", text, text[0]);
    double value = param_get(p, model_params(m));
    value = text[0] == '*' ? value * by : value / by;
    setting_put(m, p, p->kind == PARAM_INT ? floor(value + 0.5) : value);
    return true;
}

bool setting_elbow(struct model *m, struct error *err)
{
    const struct subject *s = m->subject;
    const struct param *rank = param_find(&m->method->params, "rank");
    if (!rank)
        return fail(err, ERROR_USAGE, "%s has no rank", m->method->name);
    if (!m->document)
        return fail(err, ERROR_USAGE, "nothing is open, so there is no spectrum");
    m->elbow = !s || !s->exact; /* a first sketch has another one */
    if (m->elbow) {
        model_say(m, false, "the elbow is taken once the spectrum is known");
        return true;
    }
    double *sigma = memory_alloc(s->n * sizeof(*sigma), err), norm = 0;
    if (!sigma)
        return false;
    for (size_t i = 0; i < s->n; i++)
        sigma[i] = subject_sigma(s, i);
    for (size_t p = 0; p < s->planes; p++)
        norm = hypot(norm, s->norm[p]);
    const struct spectrum spectrum = {
        .sigma = sigma, .n = s->n, .rows = s->rows, .cols = s->cols, .norm = norm
    };
    setting_put(m, rank, (double)spectrum_elbow(&spectrum));
    memory_free(sigma);
    return true;
}

bool setting_set(struct model *m, const struct param *p, const char *text, struct error *err)
{
    bool rank = !strcmp(p->key, "rank"), number = !p->choices && p->kind != PARAM_BOOL;
    if (rank && !strcmp(text, "elbow"))
        return setting_elbow(m, err);
    if (rank && !strcmp(text, "full")) {
        setting_put(m, p, model_limit(m, p));
        return true;
    }
    if (number && p->kind != PARAM_SEED && (text[0] == '*' || text[0] == '/'))
        return scaled(m, p, text, err);
    struct params_any params = *model_params(m);
    if (!param_set(p, &params, text, err))
        return false;
    clamp(m, p, &params);
    apply(m, &params);
    return true;
}
