#include "simulation.h"

#include <math.h>

const char *const simulation_calibration_names[] = { "tight", "classical", NULL };
const char *const simulation_input_names[] = { "rows", "covariance", NULL };

void simulation_of(enum mechanism m, const struct simulation_params *p, struct simulation *out)
{
    enum relation relation = (enum relation)p->relation;
    bool classical = p->calibration == SIMULATION_CLASSICAL;
    *out = (struct simulation){
        .mechanism = m,
        .relation = relation,
        .calibration = (enum simulation_calibration)p->calibration,
        .epsilon = p->epsilon,
        .delta = p->delta,
        .clip = p->clip,
        .covariance = { .ready = p->input == SIMULATION_COVARIANCE,
                        .clip = p->clip,
                        .centre = p->centre },
    };
    out->mu = classical ? classical_mu(m, relation, p->epsilon, p->delta)
                        : gdp_mu(p->epsilon, p->delta);
    out->s = classical ? classical_deviation(m, p->clip, p->epsilon, p->delta)
                       : gdp_deviation(m, relation, p->clip, out->mu);
    out->diagonal = gdp_diagonal(m) * out->s;
    out->true_epsilon = gdp_epsilon(out->mu, p->delta);
}

double simulation_theorem_gap(const struct simulation *s, size_t d)
{
    return 4 * s->s * sqrt((double)d / 2);
}

static enum field field_of(enum mechanism m)
{
    return m == MECHANISM_COMPLEX ? FIELD_COMPLEX : FIELD_REAL;
}

static struct mechanism_wish wish_of(enum mechanism m, const struct simulation_params *p, double s)
{
    return (struct mechanism_wish){ .field = field_of(m),
                                    .rank = (size_t)p->rank,
                                    .form = (enum mechanism_form)p->form,
                                    .shrink = p->shrink,
                                    .clamp = p->clamp,
                                    .deviation = s };
}

uint64_t simulation_bits(enum mechanism m, const struct simulation_params *p, enum dtype dtype,
                         size_t d)
{
    size_t most = m == MECHANISM_COMPLEX && p->form == MECHANISM_Y ? 2 : 1;
    size_t columns = most * (size_t)p->rank < d ? most * (size_t)p->rank : d;
    return (uint64_t)columns * 2 * d * dtype_size(dtype) * 8;
}

/* The law of all three, but for the diagonal of IID noise, which is what is off it. */
static bool draw(struct job *job, enum mechanism m, const struct simulation *s, uint64_t seed,
                 struct matrix_view noise, struct error *err)
{
    struct buffer drawn = { 0 };
    bool ok = backend_alloc(job->backend, noise.dtype, noise.rows, noise.cols, &drawn, err) &&
              backend_noise(field_of(m), seed, 0, s->s, &drawn, err) &&
              backend_read(&drawn, noise, err);
    backend_release(&drawn);
    for (size_t i = 0; ok && m == MECHANISM_IID && i < noise.rows; i++)
        matrix_put(noise, i, i, matrix_at(noise, i, i) / sqrt(2));
    return ok;
}

/* noisy = a + noise; both wide enough for the imaginary part, which a has none of. */
static void add(struct matrix_view a, struct matrix_view noise, struct matrix_view noisy)
{
    for (size_t i = 0; i < noisy.rows; i++)
        for (size_t j = 0; j < noisy.cols; j++)
            matrix_put(noisy, i, j, matrix_at(noise, i, j) + (j < a.cols ? matrix_at(a, i, j) : 0));
}

/* In the type of what was asked; x is emptied. */
static bool store(struct result *out, const char *name, enum dtype dtype, struct matrix *x,
                  size_t *index, struct error *err)
{
    struct matrix own = *x;
    *x = (struct matrix){ 0 };
    if (dtype != DTYPE_F64) {
        struct matrix wide = own;
        own = (struct matrix){ 0 };
        bool ok = matrix_init(&own, dtype, wide.view.rows, wide.view.cols, err);
        if (ok)
            matrix_copy(wide.view, own.view);
        matrix_finish(&wide);
        if (!ok)
            return false;
    }
    return result_add_plain(out, name, &own, index, err);
}

static bool noisy_matrix(struct job *job, enum mechanism m, struct matrix_view a,
                         const struct simulation *s, uint64_t seed, struct matrix_view *noisy,
                         struct error *err)
{
    struct matrix_view noise;
    size_t d = a.rows, cols = d * (size_t)field_of(m);
    if (!arena_matrix(job->scratch, a.dtype, d, cols, &noise, err) ||
        !arena_matrix(job->scratch, DTYPE_F64, d, cols, noisy, err) ||
        !draw(job, m, s, seed, noise, err))
        return false;
    add(a, noise, *noisy);
    return true;
}

bool simulation_run(struct job *job, enum mechanism m, const struct inputs *in,
                    const struct simulation_params *p, struct result *out, struct error *err)
{
    struct matrix_view a = in->matrices[0], noisy;
    struct mechanism_output y = { 0 };
    struct simulation s;
    size_t left, right;
    if (!covariance_symmetric(a, 0x1p-20))
        return fail(err, ERROR_FORMAT,
                    "a simulated mechanism takes a symmetric matrix, a covariance; this one is "
                    "%zu x %zu%s",
                    a.rows, a.cols, a.rows == a.cols ? " and not symmetric" : "");
    simulation_of(m, p, &s);
    struct mechanism_wish wish = wish_of(m, p, s.s);
    bool ok = job_step(job, 0, "noise", err) && noisy_matrix(job, m, a, &s, p->seed, &noisy, err) &&
              job_step(job, 0.2, "eigenvectors", err) && mechanism_process(noisy, &wish, &y, err) &&
              job_step(job, 0.9, "factors", err);
    out->rank = y.rank;
    ok = ok && store(out, "left", a.dtype, &y.left, &left, err) &&
         store(out, "right", a.dtype, &y.right, &right, err) &&
         result_add_term(out, 0, left, right, err);
    mechanism_finish(&y);
    return ok;
}
