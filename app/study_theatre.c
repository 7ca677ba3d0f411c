/* The sandbox's answers: eigenvalues of a covariance under simulated noise, over time and over many draws. */

#include "study_inside.h"

#include <string.h>

#include "covariance.h"
#include "gap_draws.h"
#include "memory.h"
#include "seconds.h"

static const double NEWS = 0.1; /* seconds after which a path that is not yet whole is shown */
static const double MISS = 1;   /* of dyson.h's s: a gap that small is a near miss */

struct play {
    struct run *r;
    const struct theatre_wish *wish;
    struct theatre_found *found;
    double *sigma; /* owned */
    size_t d;
};

/* ---- the matrix ---- */

static bool of_scene(struct play *p, const struct dyson_scene *scene, struct error *err)
{
    p->d = scene->d;
    p->sigma = memory_alloc(p->d * sizeof(double), err);
    for (size_t i = 0; p->sigma && i < p->d; i++)
        p->sigma[i] = scene->start(i);
    return p->sigma != NULL;
}

/* Of several planes the first. */
static bool of_document(struct play *p, struct error *err)
{
    const struct theatre_setting *set = &p->wish->set;
    const struct matrix_view a = p->r->study->matrices[0].view;
    const struct covariance_terms terms = { .ready = set->data, .clip = set->clip };
    struct matrix m = { 0 };
    p->d = a.cols;
    if (p->d > THEATRE_D)
        return fail(err, ERROR_LIMIT, "%zu columns: the theatre looks at up to %d", p->d,
                    THEATRE_D);
    p->sigma = memory_alloc(p->d * sizeof(double), err);
    bool ok = p->sigma && job_step(&p->r->job, 0, "covariance", err) &&
              matrix_init(&m, DTYPE_F64, p->d, p->d, err) &&
              covariance_of(a, &terms, m.view, err) &&
              job_step(&p->r->job, 0.1, "eigenvalues", err) &&
              linalg_eigenvalues(m.view, p->sigma, err);
    matrix_finish(&m);
    for (size_t i = 0; ok && i < p->d / 2; i++) { /* they ascend */
        double x = p->sigma[i];
        p->sigma[i] = p->sigma[p->d - 1 - i];
        p->sigma[p->d - 1 - i] = x;
    }
    return ok;
}

static bool find_matrix(struct play *p, struct error *err)
{
    const struct dyson_scene *scene = theatre_scene(&p->wish->set);
    size_t bytes = p->wish->d * sizeof(double);
    if (p->wish->sigma) {
        p->d = p->wish->d;
        p->sigma = memory_alloc(bytes, err);
        if (p->sigma)
            memcpy(p->sigma, p->wish->sigma, bytes);
        return p->sigma != NULL;
    }
    if (!(scene ? of_scene(p, scene, err) : of_document(p, err)))
        return false;
    struct theatre_matrix *out = p->found->matrix = memory_alloc(sizeof(*out), err);
    double *sigma = out ? memory_alloc(p->d * sizeof(double), err) : NULL;
    if (!sigma)
        return false;
    memcpy(sigma, p->sigma, p->d * sizeof(double));
    *out = (struct theatre_matrix){ p->wish->set, p->d, sigma };
    return true;
}

/* ---- paths ---- */

static bool path_room(struct dyson_path *path, enum field field, size_t d, size_t steps, double dt,
                      bool overlaps, struct error *err)
{
    *path = (struct dyson_path){ .field = field, .d = d, .dt = dt };
    path->values = memory_alloc((steps + 1) * d * sizeof(double), err);
    path->overlap = overlaps ? memory_alloc((steps + 1) * sizeof(double), err) : NULL;
    return path->values && (path->overlap || !overlaps);
}

static void keep_frame(struct dyson_path *path, const struct dyson *x)
{
    memcpy(path->values + x->frame * x->d, x->values, x->d * sizeof(double));
    if (path->overlap)
        path->overlap[x->frame] = x->overlap;
    path->frames = x->frame;
}

static bool copy_path(const struct dyson_path *from, struct dyson_path *to, struct error *err)
{
    size_t frames = from->frames + 1;
    if (!path_room(to, from->field, from->d, from->frames, from->dt, from->overlap, err))
        return false;
    memcpy(to->values, from->values, frames * from->d * sizeof(double));
    if (to->overlap)
        memcpy(to->overlap, from->overlap, frames * sizeof(double));
    to->frames = from->frames;
    return true;
}

/* What there is of the path so far, as an outcome that more follow. */
static bool tell(struct play *p, struct error *err)
{
    const struct theatre_paths *now = p->found->paths;
    struct outcome o = { .ok = true, .numbers = study_unknown };
    struct theatre_paths *copy = NULL;
    o.theatre = memory_alloc(sizeof(*o.theatre), err);
    if (o.theatre)
        copy = o.theatre->paths = memory_alloc(sizeof(*copy), err);
    bool ok = copy != NULL;
    if (ok) {
        o.theatre->what = p->wish->what;
        *copy = (struct theatre_paths){ .set = now->set,
                                        .deviation = now->deviation,
                                        .steps = now->steps };
    }
    for (int i = 0; ok && i < THEATRE_FIELDS; i++)
        ok = copy_path(&now->of[i], &copy->of[i], err);
    if (!ok) {
        outcome_finish(&o);
        return false;
    }
    o.theatre->matrix = p->found->matrix; /* once */
    p->found->matrix = NULL;
    study_emit(p->r, &o);
    return true;
}

static bool walk(struct play *p, struct dyson walkers[THEATRE_FIELDS], struct error *err)
{
    struct theatre_paths *paths = p->found->paths;
    double last = seconds_now();
    for (size_t frame = 1; frame <= paths->steps; frame++) {
        if (!job_step(&p->r->job, 0.1 + 0.9 * (double)frame / (double)paths->steps, "paths", err))
            return false;
        for (int i = 0; i < THEATRE_FIELDS; i++) {
            if (!dyson_step(&walkers[i], err))
                return false;
            keep_frame(&paths->of[i], &walkers[i]);
        }
        if (seconds_now() - last > NEWS) {
            if (!tell(p, err))
                return false;
            last = seconds_now();
        }
    }
    return true;
}

static bool find_paths(struct play *p, struct error *err)
{
    const struct theatre_setting *set = &p->wish->set;
    const struct dyson_scene *scene = theatre_scene(set);
    struct theatre_paths *paths = p->found->paths = memory_alloc(sizeof(*paths), err);
    struct dyson walkers[THEATRE_FIELDS] = { 0 };
    size_t d = p->d < THEATRE_SIDE ? p->d : THEATRE_SIDE;
    bool overlaps = scene && scene->look == DYSON_OVERLAP, ok = paths;
    if (!paths)
        return false;
    *paths = (struct theatre_paths){ .set = *set,
                                     .deviation = theatre_deviation(set),
                                     .steps = scene ? scene->frames : THEATRE_STEPS };
    double dt = paths->deviation * paths->deviation / 2 / (double)paths->steps;
    for (int i = 0; ok && i < THEATRE_FIELDS; i++) {
        enum field field = theatre_field_of(i);
        ok = path_room(&paths->of[i], field, d, paths->steps, dt, overlaps, err) &&
             dyson_init(&walkers[i], field, p->sigma, d, dt, overlaps, theatre_seed(set), 0, err);
        if (ok)
            keep_frame(&paths->of[i], &walkers[i]);
    }
    ok = ok && walk(p, walkers, err);
    for (int i = 0; i < THEATRE_FIELDS; i++) {
        dyson_finish(&walkers[i]);
        if (ok)
            paths->misses[i] = dyson_near_misses(&paths->of[i], MISS, paths->miss[i],
                                                 THEATRE_MISSES);
    }
    return ok;
}

/* ---- many draws ---- */

/* All of them, or so many over the whole range, closer where they are small. */
static size_t choose_ranks(size_t d, size_t out[MONTE_CARLO_RANKS])
{
    size_t n = 0;
    for (size_t k = 1; k <= d && n < MONTE_CARLO_RANKS;
         k += 1 + (d > MONTE_CARLO_RANKS ? k / 12 : 0))
        out[n++] = k;
    return n;
}

struct draws {
    struct play *p;
    struct monte_carlo m;
};

static bool attempt_bands(struct job *job, void *context, struct error *err)
{
    struct draws *x = context;
    return monte_carlo_run(job, &x->m, &x->p->found->bands->found, err);
}

static bool find_bands(struct play *p, struct error *err)
{
    const struct theatre_setting *set = &p->wish->set;
    struct theatre_bands *bands = p->found->bands = memory_alloc(sizeof(*bands), err);
    struct draws x = { .p = p };
    if (!bands)
        return false;
    bands->set = *set;
    x.m = (struct monte_carlo){
        .p = { p->sigma, p->d, theatre_deviation(set) },
        .seed = theatre_seed(set),
        .runs = (size_t)set->runs,
        .outputs = { [PERTURBED_REAL] = true, [PERTURBED_SHRUNK] = true, [PERTURBED_Y] = true },
        .values = { true, true }
    };
    bands->n_ranks = x.m.n_ranks = choose_ranks(p->d, x.m.ranks);
    memcpy(bands->ranks, x.m.ranks, sizeof(bands->ranks));
    const struct backend_work work = {
        .flops = 20.0 * (double)set->runs * (double)(p->d * p->d * p->d), .dtype = DTYPE_F64
    };
    return job_run(&p->r->job, work, attempt_bands, &x, err);
}

static bool find_tally(struct play *p, struct error *err)
{
    struct theatre_tally *out = p->found->tally = memory_alloc(sizeof(*out), err);
    if (!out)
        return false;
    out->seed = p->wish->set.seed;
    out->first = p->wish->first;
    for (int i = 0; i < THEATRE_FIELDS; i++) {
        struct job_share share = { .whole = &p->r->job, .from = 0.5 * i, .to = 0.5 + 0.5 * i };
        struct job part = job_part(&share);
        gap_statistics_init(&out->of[i], theatre_field_of(i), THEATRE_GAP_SIDE, 1);
        if (!gap_draws_add(&part, GAP_TRIDIAGONAL, out->seed, out->first, THEATRE_GAP_DRAWS,
                           &out->of[i], err))
            return false;
    }
    return true;
}

bool study_theatre(struct run *r, struct outcome *o, struct error *err)
{
    struct play p = { .r = r, .wish = &r->request->theatre };
    p.found = o->theatre = memory_alloc(sizeof(*o->theatre), err);
    if (!p.found)
        return false;
    p.found->what = p.wish->what;
    bool ok = p.wish->what == THEATRE_TALLY || find_matrix(&p, err);
    if (ok && p.wish->what == THEATRE_PATHS)
        ok = find_paths(&p, err);
    if (ok && p.wish->what == THEATRE_BANDS)
        ok = find_bands(&p, err);
    if (ok && p.wish->what == THEATRE_TALLY)
        ok = find_tally(&p, err);
    memory_free(p.sigma);
    return ok;
}
