#include "theatre.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "classical.h"
#include "gaussian_dp.h"
#include "memory.h"
#include "model.h"
#include "view.h"

const char *const theatre_page_names[] = { "gaps",      "spectrum", "errors", "plane",
                                           "histogram", "strip",    NULL };
const char *const theatre_focus_names[] = { "paths", "page", "form", NULL };
const char *const theatre_fields_names[] = { "both", "real", "complex", NULL };

enum {
    SMALL_WIDTH = 60,
    SMALL_HEIGHT = 14,
    TWO_PAGES = 44, /* rows above the form from which one page stands below another */
    THREE_PAGES = 66,
    TWO_COLUMNS = 170
};

void theatre_reset(struct model *m)
{
    struct theatre *t = &m->theatre;
    theatre_rows_begin();
    param_defaults(&theatre_rows, false, &t->set);
    t->field = 0;
    t->focus = THEATRE_FOCUS_PATHS;
    t->page = t->fields = 0;
    t->plain = t->playing = t->given_up = false;
}

void theatre_forget(struct model *m)
{
    struct theatre *t = &m->theatre;
    theatre_matrix_destroy(t->matrix);
    theatre_paths_destroy(t->paths);
    theatre_bands_destroy(t->bands);
    memory_free(t->tally);
    t->matrix = NULL;
    t->paths = NULL;
    t->bands = NULL;
    t->tally = NULL;
    t->tally_draws = 0;
    t->playing = t->given_up = false;
}

/* ---- the form ---- */

const struct param *theatre_row(const struct model *m)
{
    size_t i = m->theatre.field;
    return &theatre_rows.rows[i < theatre_rows.n ? i : 0];
}

bool theatre_speaks(const struct model *m, const struct param *p)
{
    static const char *const of_the_open[] = { "epsilon",  "delta",       "clip",
                                               "relation", "calibration", "data" };
    for (size_t i = 0; i < sizeof(of_the_open) / sizeof(of_the_open[0]); i++)
        if (!strcmp(p->key, of_the_open[i]))
            return !m->theatre.set.scene;
    return true;
}

/* The side of the covariance at hand, or of the one to come; 0: not known. */
static double side(const struct model *m)
{
    const struct theatre *t = &m->theatre;
    const struct dyson_scene *scene = theatre_scene(&t->set);
    double rows, cols;
    if (t->matrix && theatre_same_matrix(&t->matrix->set, &t->set))
        return (double)t->matrix->d;
    if (scene)
        return (double)scene->d;
    return model_shape(m, &rows, &cols) ? cols : 0;
}

double theatre_limit(const struct model *m, const struct param *p)
{
    if (p->offset == offsetof(struct theatre_setting, scene))
        return fmin(p->max, (double)dyson_scene_count());
    if (p->offset == offsetof(struct theatre_setting, rank) && side(m) > 0)
        return fmin(p->max, side(m));
    return p->max;
}

void theatre_put(struct model *m, const struct param *p, double value)
{
    param_put(p, &m->theatre.set, fmin(value, theatre_limit(m, p)));
    if (p->offset == offsetof(struct theatre_setting, t))
        m->theatre.playing = false;
}

void theatre_step(struct model *m, const struct param *p, int direction, bool coarse)
{
    struct theatre_setting next = m->theatre.set;
    if (!theatre_speaks(m, p)) {
        model_say(m, false, "a scene has noise and a matrix of its own - scene=open");
        return;
    }
    param_put(p, &next, fmin(param_get(p, &next), theatre_limit(m, p)));
    param_step(p, &next, direction, coarse);
    theatre_put(m, p, param_get(p, &next));
}

size_t theatre_rank(const struct model *m)
{
    double d = side(m);
    return (size_t)fmin(m->theatre.set.rank, d);
}

/* The mu of the next point, a twelfth of a decade further: by false position, since a curve needs no more, and
 * gdp_mu, which rounds to the safe side, takes a millisecond. */
static double next_mu(double epsilon, double delta, double before)
{
    const double want = log(delta);
    double a = log(before), b = a, fa = gdp_log_delta(epsilon, before) - want, fb = fa;
    for (int i = 0; i < 8 && fb < 0; i++) {
        a = b;
        fa = fb;
        b += 0.25;
        fb = gdp_log_delta(epsilon, exp(b)) - want;
    }
    for (int i = 0; i < 40; i++) { /* every third step halves, so that it ends */
        double x = i % 3 == 2 ? (a + b) / 2 : b - fb * (b - a) / (fb - fa);
        double f = gdp_log_delta(epsilon, exp(x)) - want;
        if (fabs(f) < 1e-4)
            return exp(x);
        *(f < 0 ? &a : &b) = x;
        *(f < 0 ? &fa : &fb) = f;
    }
    return exp(a);
}

static void draw_curve(struct theatre_price *p, bool anew)
{
    const struct theatre_setting *set = &p->set;
    for (int i = 0; i < THEATRE_POINTS; i++) {
        double epsilon = p->epsilon[i] = 0.01 * pow(10, i / 12.0);
        if (anew)
            p->mu_of[i] = i ? next_mu(epsilon, set->delta, p->mu_of[i - 1])
                            : gdp_mu(epsilon, set->delta);
        p->of_tight[i] = gdp_deviation(MECHANISM_REAL, (enum relation)set->relation, set->clip,
                                       p->mu_of[i]);
        p->of_classical[i] = classical_deviation(MECHANISM_REAL, set->clip, epsilon, set->delta);
    }
}

void theatre_follow(struct model *m)
{
    const struct theatre_setting *set = &m->theatre.set;
    struct theatre_price *p = &m->theatre.price;
    const struct theatre_setting was = p->set;
    bool anew = !p->known || was.delta != set->delta;
    if (!anew && was.epsilon == set->epsilon && was.clip == set->clip &&
        was.relation == set->relation)
        return;
    p->set = *set;
    p->known = true;
    p->mu = gdp_mu(set->epsilon, set->delta);
    p->tight = gdp_deviation(MECHANISM_REAL, (enum relation)set->relation, set->clip, p->mu);
    p->classical = classical_deviation(MECHANISM_REAL, set->clip, set->epsilon, set->delta);
    p->classical_epsilon = classical_epsilon(MECHANISM_REAL, (enum relation)set->relation,
                                             set->epsilon, set->delta);
    draw_curve(p, anew);
}

/* ---- what is shown ---- */

size_t theatre_at(const struct model *m)
{
    const struct theatre_paths *p = m->theatre.paths;
    if (!p)
        return 0;
    double frame = round(m->theatre.set.t * (double)p->steps);
    return (size_t)fmin(frame, (double)p->of[0].frames);
}

const double *theatre_values(const struct model *m, int field, size_t *d)
{
    const struct theatre_paths *p = m->theatre.paths;
    *d = p ? p->of[field].d : 0;
    return p ? dyson_path_at(&p->of[field], theatre_at(m)) : NULL;
}

bool theatre_fresh(const struct model *m)
{
    const struct theatre_paths *p = m->theatre.paths;
    return p && theatre_same_noise(&p->set, &m->theatre.set) && p->of[0].frames == p->steps;
}

bool theatre_shows(const struct model *m, int field)
{
    return m->theatre.fields == THEATRE_BOTH || m->theatre.fields == field + 1;
}

const struct monte_carlo_band *theatre_drawn(const struct model *m, enum perturbed x)
{
    const struct theatre_bands *b = m->theatre.bands;
    if (!b || !theatre_same_noise(&b->set, &m->theatre.set))
        return NULL;
    for (size_t i = 0; i < b->n_ranks; i++)
        if (b->ranks[i] == theatre_rank(m))
            return monte_carlo_error(&b->found, x, i);
    return NULL;
}

/* Small, or full: one pane alone. */
struct theatre_layout theatre_layout(bool full, int w, int h, int form_high)
{
    struct theatre_layout l = { .columns = 1, .rows = 1 };
    if (full || w < SMALL_WIDTH || h < SMALL_HEIGHT)
        return l;
    l.form_high = form_high;
    l.side_wide = w < 110 ? w * 37 / 100 : w * 36 / 100;
    l.rows = h - form_high >= THREE_PAGES ? 3 : h - form_high >= TWO_PAGES ? 2 : 1;
    if (w >= TWO_COLUMNS && l.rows > 1) {
        l.columns = 2;
        l.side_wide = w * 52 / 100;
    }
    return l;
}

bool theatre_page_shown(const struct model *m, enum theatre_page page)
{
    struct rect area = view_area(m->width, m->height);
    struct theatre_layout l = theatre_layout(m->full, area.w, area.h, 0);
    int ahead = ((int)page - m->theatre.page + THEATRE_PAGES) % THEATRE_PAGES;
    return ahead < l.columns * l.rows && (l.side_wide || m->theatre.focus == THEATRE_FOCUS_PAGE);
}

/* ---- the worker ---- */

static bool looks(const struct model *m)
{
    const struct theatre *t = &m->theatre;
    bool given_up = t->given_up && theatre_same_noise(&t->given, &t->set);
    return m->view->theatre && worlds_in_sandbox(m) && model_rests(m) && !given_up &&
           side(m) <= THEATRE_D;
}

/* Out already, for what is set. */
static bool is_out(const struct model *m, unsigned what)
{
    const struct theatre *t = &m->theatre;
    return m->busy && m->out == REQUEST_THEATRE && t->out.what == what &&
           theatre_same_noise(&t->out.set, &t->set) && t->out.set.runs == t->set.runs;
}

/* Makes it the wish that goes out, unless it is out. */
static bool wish(struct model *m, unsigned what)
{
    struct theatre *t = &m->theatre;
    if (is_out(m, what))
        return false;
    t->out = (struct theatre_wish){ .what = what, .set = t->set, .first = t->tally_draws };
    return true;
}

bool theatre_wanted(struct model *m)
{
    if (m->view->theatre)
        theatre_follow(m);
    return looks(m) && !theatre_fresh(m) && wish(m, THEATRE_PATHS);
}

static bool lacks_bands(const struct model *m)
{
    const struct theatre *t = &m->theatre;
    bool shown = theatre_page_shown(m, THEATRE_PAGE_SPECTRUM) ||
                 theatre_page_shown(m, THEATRE_PAGE_ERRORS) ||
                 theatre_page_shown(m, THEATRE_PAGE_PLANE);
    return shown && !t->plain &&
           !(t->bands && theatre_same_noise(&t->bands->set, &t->set) &&
             t->bands->set.runs == t->set.runs);
}

static bool lacks_draws(const struct model *m)
{
    const struct theatre *t = &m->theatre;
    return theatre_page_shown(m, THEATRE_PAGE_HISTOGRAM) &&
           !(t->tally && t->tally_seed == t->set.seed && t->tally_draws >= THEATRE_GAP_MOST);
}

/* What is out is let go on. */
bool theatre_wanted_later(struct model *m)
{
    struct theatre *t = &m->theatre;
    if (!looks(m) || !theatre_fresh(m) ||
        (m->busy && m->out == REQUEST_THEATRE && theatre_same_noise(&t->out.set, &t->set)))
        return false;
    if (lacks_bands(m))
        return wish(m, THEATRE_BANDS);
    if (!lacks_draws(m))
        return false;
    if (t->tally_seed != t->set.seed)
        t->tally_draws = 0;
    return wish(m, THEATRE_TALLY);
}

/* What is known of the matrix goes with it; without memory for that it is found again. */
void theatre_request(struct model *m, struct request *out)
{
    const struct theatre *t = &m->theatre;
    const struct theatre_matrix *x = t->matrix;
    struct error unused;
    out->theatre = t->out;
    if (!x || !theatre_same_matrix(&x->set, &t->set) || t->out.what == THEATRE_TALLY)
        return;
    out->theatre.sigma = memory_alloc(x->d * sizeof(double), &unused);
    out->theatre.d = x->d;
    if (out->theatre.sigma)
        memcpy(out->theatre.sigma, x->sigma, x->d * sizeof(double));
}

static void take_tally(struct theatre *t, const struct theatre_tally *x)
{
    struct error unused;
    bool goes_on = t->tally && t->tally_seed == x->seed && t->tally_draws == x->first;
    if (x->seed != t->set.seed || (!goes_on && x->first))
        return;
    if (!t->tally)
        t->tally = memory_alloc(sizeof(x->of), &unused);
    for (int i = 0; t->tally && i < THEATRE_FIELDS; i++)
        if (goes_on)
            gap_statistics_merge(&t->tally[i], &x->of[i]);
        else
            t->tally[i] = x->of[i];
    t->tally_seed = x->seed;
    t->tally_draws = x->first + (uint32_t)x->of[0].spectra;
}

/* What is no longer asked for is dropped. */
void theatre_accept(struct model *m, struct outcome *o)
{
    struct theatre *t = &m->theatre;
    struct theatre_found *f = o->theatre;
    if (!f)
        return;
    if (f->matrix && theatre_same_matrix(&f->matrix->set, &t->set)) {
        theatre_matrix_destroy(t->matrix);
        t->matrix = f->matrix;
        f->matrix = NULL;
    }
    if (f->paths && theatre_same_noise(&f->paths->set, &t->set)) {
        theatre_paths_destroy(t->paths);
        t->paths = f->paths;
        f->paths = NULL;
    }
    if (f->bands && theatre_same_noise(&f->bands->set, &t->set)) {
        theatre_bands_destroy(t->bands);
        t->bands = f->bands;
        f->bands = NULL;
    }
    if (f->tally)
        take_tally(t, f->tally);
}

bool theatre_export(const struct model *m, struct error *err)
{
    if (!m->view->theatre || worlds_away(m))
        return true;
    return fail(
        err, ERROR_USAGE,
        "nothing of the sandbox is exported; `eigenscope run complex-gaussian FILE -o y.npy` "
        "writes one simulated output, marked");
}

static void give_up(struct theatre *t)
{
    t->given_up = true;
    t->given = t->set;
    t->playing = false;
}

void theatre_failed(struct model *m, const struct error *why)
{
    snprintf(m->theatre.why, sizeof(m->theatre.why), "%.150s", why->text);
    give_up(&m->theatre);
}

void theatre_stop(struct model *m)
{
    m->theatre.why[0] = 0;
    give_up(&m->theatre);
}
