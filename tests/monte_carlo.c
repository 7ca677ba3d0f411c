/* Simulated runs against the mechanisms themselves, and their eigenvalues against the laws of
 * perturbation.h and bulk.h; on the processor and on a Vulkan device. `strict`: samples of full size. Seeds are fixed; bounds are five
 * standard errors of the samples beside what a law itself is off by. */

#include "bulk.h"
#include "draws.h"
#include "mechanism.h"

/* ---- one run against the mechanism ---- */

static double plain_distance(const struct mechanism_output *o, size_t d, size_t k)
{
    struct error err;
    struct matrix y = lab_matrix(DTYPE_F64, d, d);
    if (!mechanism_matrix(o, y.view, &err))
        printf("Bail out! %s\n", err.text);
    for (size_t i = 0; i < k; i++)
        matrix_put(y.view, i, i, matrix_at(y.view, i, i) - sigma[i]);
    double out = matrix_norm(y.view);
    matrix_finish(&y);
    return out;
}

/* The noise of run `number`, made as the mechanism would have it. */
static double mechanism_error(const struct monte_carlo *m, uint32_t number, enum perturbed x,
                              double *values)
{
    struct error err;
    size_t d = m->p.d, k = m->ranks[0];
    struct matrix e = lab_matrix(DTYPE_F64, d, 2 * d);
    struct mechanism_output o;
    ensemble_noise(FIELD_COMPLEX, m->seed, number, m->p.deviation, e.view);
    for (size_t i = 0; i < d; i++)
        matrix_put(e.view, i, i, matrix_at(e.view, i, i) + sigma[i]);
    struct mechanism_wish wish = {
        .field = perturbed_field(x),
        .rank = k,
        .form = x == PERTURBED_Y_K ? MECHANISM_Y_K : MECHANISM_Y,
        .shrink = x == PERTURBED_SHRUNK,
        .deviation = m->p.deviation,
    };
    size_t cols = d * (size_t)wish.field;
    if (!mechanism_process(matrix_block(e.view, 0, 0, d, cols), &wish, &o, &err))
        printf("Bail out! %s\n", err.text);
    memcpy(values, o.values, d * sizeof(*values));
    double out = plain_distance(&o, d, k);
    mechanism_finish(&o);
    matrix_finish(&e);
    return out;
}

/* Every output but the complex one, which the mechanism does not hand out, entry by entry. */
static void against_mechanism(struct lab *l)
{
    enum { D = 12, K = 3, FIRST = 7, RUNS = 4 };
    struct monte_carlo m = equal(D, K, 0.7, RUNS);
    double worst[2] = { 0 }, values[D];
    sigma[1] -= 5;
    sigma[2] -= 9;
    sigma[5] = 1;
    sigma[4] = 2;
    sigma[3] = 3;
    m.first = FIRST;
    m.values[0] = m.values[1] = true;
    struct monte_carlo_found f = runs_of(l, &m);
    for (int x = 0; x < PERTURBED_COUNT; x++) {
        double squares = 0, mean[D] = { 0 };
        for (uint32_t run = 0; run < RUNS; run++) {
            double error = mechanism_error(&m, FIRST + run, (enum perturbed)x, values);
            squares += error * error / RUNS;
            for (size_t i = 0; i < D; i++)
                mean[i] += values[i] / RUNS;
        }
        for (size_t i = 0; i < D; i++)
            worst[1] = fmax(
                worst[1], fabs(f.values[perturbed_field((enum perturbed)x) - 1][i].mean - mean[i]));
        if (x != PERTURBED_COMPLEX)
            worst[0] = fmax(worst[0], fabs(rms(&f, (enum perturbed)x) / sqrt(squares) - 1));
    }
    printf("# against the mechanism: errors off by %.2g, eigenvalues by %.2g\n", worst[0],
           worst[1]);
    CHECK(worst[0] < 1e-12);
    CHECK(worst[1] < 1e-11);
    monte_carlo_finish(&f);
}

/* ||Z - B||^2 = ||Re Z - B||^2 + ||Im Z||^2: the complex error against another way to it, by k = d,
 * where it is the noise itself. */
static void whole(struct lab *l)
{
    enum { D = 20, RUNS = 300 };
    struct monte_carlo m = equal(D, 4, 1, RUNS);
    m.ranks[0] = D;
    struct monte_carlo_found f = runs_of(l, &m);
    double real = perturbation_whole(FIELD_REAL, m.p.deviation, D),
           complex = perturbation_whole(FIELD_COMPLEX, m.p.deviation, D);
    printf("# all kept: %.4f of %.4f real, %.4f of %.4f complex\n", rms(&f, PERTURBED_REAL), real,
           rms(&f, PERTURBED_COMPLEX), complex);
    CHECK(fabs(rms(&f, PERTURBED_REAL) / real - 1) < unsure(&f, PERTURBED_REAL));
    CHECK(fabs(rms(&f, PERTURBED_COMPLEX) / complex - 1) < unsure(&f, PERTURBED_COMPLEX));
    CHECK(fabs(rms(&f, PERTURBED_Y) / rms(&f, PERTURBED_REAL) - 1) < 1e-12);
    monte_carlo_finish(&f);
}

/* ---- eigenvalues ---- */

static void inflation(struct lab *l)
{
    enum { D = 8 };
    static const double own[D] = { 900, 700, 520, 400, 300, 190, 90, 0 };
    struct monte_carlo m = { .p = { own, D, 6 }, .seed = 6, .runs = strict ? 100000 : 8000 };
    m.values[0] = m.values[1] = true;
    struct monte_carlo_found f = runs_of(l, &m);
    for (int field = 0; field < 2; field++) {
        double worst = 0, spread = 0, shift = 0;
        for (size_t i = 0; i < D; i++) {
            struct perturbation_band b = perturbation_eigenvalue(&m.p, (enum field)(field + 1), i);
            const struct monte_carlo_band *g = &f.values[field][i];
            worst = fmax(worst, fabs(g->mean - b.mean) / g->error);
            shift = fmax(shift, fabs(own[i] - b.mean) / g->error);
            spread = fmax(spread, fabs(g->deviation / b.deviation - 1));
            CHECK(g->low < g->mean && g->mean < g->high);
        }
        printf(
            "# eigenvalues %d: mean off by %.1f standard errors (unshifted by %.1f), deviation by "
            "%.3f\n",
            field + 1, worst, shift, spread);
        CHECK(worst < 6); /* the next order is a few hundredths of a deviation */
        CHECK(shift > 9); /* a law without the shift would not pass */
        CHECK(spread < 0.01 + 5 * sqrt(0.5 / (double)m.runs));
    }
    monte_carlo_finish(&f);
}

/* All noisy eigenvalues of a falling spectrum against the free sum; the largest of noise alone. */
static void spectra(struct lab *l)
{
    enum { D = 40 };
    struct monte_carlo m = { .p = { sigma, D, 1 }, .seed = 8, .runs = strict ? 20000 : 400 };
    for (size_t i = 0; i < D; i++)
        sigma[i] = 0;
    m.values[0] = m.values[1] = true;
    struct monte_carlo_found f = runs_of(l, &m);
    for (int field = 0; field < 2; field++) {
        struct perturbation_band b = perturbation_top((enum field)(field + 1), 1, D);
        const struct monte_carlo_band *g = &f.values[field][0];
        printf("# largest of noise %d: %.4f +- %.4f (%.4f), deviation %.3f (%.3f)\n", field + 1,
               g->mean, g->error, b.mean, g->deviation, b.deviation);
        CHECK(fabs(g->mean - b.mean) < 0.01 * b.mean + 5 * g->error);
        CHECK(fabs(g->deviation / b.deviation - 1) < 0.08 + 5 * sqrt(0.5 / (double)m.runs));
        CHECK(fabs(perturbation_edge((enum field)(field + 1), 1, D) - g->mean) >
              0.02 * b.mean); /* the edge alone would not do */
    }
    monte_carlo_finish(&f);
    for (size_t i = 0; i < D; i++)
        sigma[i] = 60 * exp(-(double)i / 7);
    f = runs_of(l, &m);
    for (int field = 0; field < 2; field++) {
        struct bulk b = { sigma, D, perturbation_variance((enum field)(field + 1), 1) * D },
                    half = { sigma, D, b.w / 2 };
        double scree[D], plain[D], worst = 0, wrong = 0;
        bulk_scree(&b, scree);
        bulk_scree(&half, plain);
        for (size_t i = 0; i < D; i++) {
            worst = fmax(worst, fabs(f.values[field][i].mean - scree[i]));
            wrong = fmax(wrong, fabs(f.values[field][i].mean - plain[i]));
        }
        printf("# sorted eigenvalues %d against the free sum: off by %.3f of %.1f\n", field + 1,
               worst, scree[0]);
        CHECK(worst < 0.35 * (double)(field + 1));
        CHECK(wrong > 0.35 * (double)(field + 1));
    }
    monte_carlo_finish(&f);
}

static void overlaps(struct lab *l)
{
    size_t d = strict ? 400 : 120, runs = strict ? 60 : 20;
    static const struct {
        double theta, real, complex;
    } laws[] = { { 4, 0.875, 0.75 }, { 1.7, 0.308, 0 } };
    for (size_t i = 0; i < 2; i++) {
        struct monte_carlo m = equal(d, 1, 0, runs);
        sigma[0] = laws[i].theta * sqrt((double)d);
        struct monte_carlo_found f = runs_of(l, &m);
        struct perturbation_spike real = perturbation_spike(FIELD_REAL, m.p.deviation, d, sigma[0]),
                                  complex = perturbation_spike(FIELD_COMPLEX, m.p.deviation, d,
                                                               sigma[0]);
        printf("# theta %.1f: overlap %.3f +- %.3f (%.3f) real, %.3f +- %.3f (%.3f) complex\n",
               laws[i].theta, f.overlap[0].mean, f.overlap[0].error, real.overlap,
               f.overlap[1].mean, f.overlap[1].error, complex.overlap);
        CHECK(fabs(real.overlap - laws[i].real) < 1e-3 &&
              fabs(complex.overlap - laws[i].complex) < 1e-3);
        CHECK(fabs(f.overlap[0].mean - real.overlap) < 0.02 + 5 * f.overlap[0].error);
        CHECK(fabs(f.overlap[1].mean - complex.overlap) < 0.1 + 5 * f.overlap[1].error);
        CHECK(f.overlap[0].mean > f.overlap[1].mean + 0.05);
        monte_carlo_finish(&f);
    }
}

/* ---- the work itself ---- */

/* Values alone go another way than with errors; a run depends on its number alone. */
static void same_runs(struct lab *l)
{
    enum { D = 9, RUNS = 5 };
    struct monte_carlo m = equal(D, 2, 1, RUNS), alone = m, one = m;
    double worst = 0, apart = 0, sum = 0;
    m.values[0] = m.values[1] = alone.values[0] = alone.values[1] = true;
    alone.n_ranks = 0;
    struct monte_carlo_found f = runs_of(l, &m), g = runs_of(l, &alone);
    for (int field = 0; field < 2; field++)
        for (size_t i = 0; i < D; i++)
            worst = fmax(worst, fabs(f.values[field][i].mean - g.values[field][i].mean));
    one.runs = 1;
    for (uint32_t run = 0; run < RUNS; run++) {
        one.first = run;
        struct monte_carlo_found h = runs_of(l, &one);
        sum += monte_carlo_error(&h, PERTURBED_Y, 0)->mean / RUNS;
        CHECK(isnan(monte_carlo_error(&h, PERTURBED_Y, 0)->deviation));
        monte_carlo_finish(&h);
    }
    apart = fabs(sum / monte_carlo_error(&f, PERTURBED_Y, 0)->mean - 1);
    printf("# values by Jacobi and LAPACK: %.2g; runs one by one: %.2g\n", worst, apart);
    CHECK(worst < 1e-11);
    CHECK(apart < 1e-13);
    monte_carlo_finish(&f);
    monte_carlo_finish(&g);
}

static void cancelled(struct lab *l)
{
    atomic_bool stop = true;
    struct monte_carlo m = equal(10, 2, 1, 3);
    struct monte_carlo_found f = { 0 };
    struct error err = { 0 };
    struct job job = l->job;
    job.cancel = &stop;
    CHECK(!monte_carlo_run(&job, &m, &f, &err) && err.code == ERROR_CANCELLED && !f.errors);
}

static void no_memory(struct lab *l)
{
    struct monte_carlo m = equal(7, 2, 1, 2);
    m.values[0] = m.values[1] = true;
    long n = 0, wrong = 0;
    for (size_t errors = 0; errors < 2; errors++, m.n_ranks = 0)
        for (bool ok = false; !ok && n < 2000; n++) {
            struct monte_carlo_found f = { 0 };
            struct error err = { 0 };
            size_t before = memory_used();
            memory_fail_after(n);
            ok = monte_carlo_run(&l->job, &m, &f, &err);
            memory_fail_after(-1);
            wrong += !ok && (err.code != ERROR_MEMORY || f.errors || memory_used() != before);
            monte_carlo_finish(&f);
            n = ok ? -1 : n;
            if (ok)
                break;
        }
    CHECK(wrong == 0);
}

static bool lost(enum field field, uint64_t seed, uint32_t first, double deviation,
                 struct buffer *out, struct error *err)
{
    (void)field, (void)seed, (void)first, (void)deviation, (void)out;
    return fail(err, ERROR_DEVICE, "the device was lost");
}

/* A device that fails is the processor's work, and its numbers. */
static void device_lost(struct lab *l)
{
    extern const struct backend_ops backend_cpu;
    struct backend_ops broken = backend_cpu;
    struct error err = { 0 };
    struct lab device = { 0 };
    broken.name = "broken";
    broken.noise = lost;
    device.backend = backend_start(&broken, NULL, &err);
    device.job = (struct job){ .backend = device.backend, .scratch = &device.scratch };
    struct monte_carlo m = equal(10, 2, 1, 4);
    m.values[1] = true;
    struct monte_carlo_found f = runs_of(l, &m), g = runs_of(&device, &m);
    CHECK(rms(&f, PERTURBED_Y) == rms(&g, PERTURBED_Y));
    CHECK(f.values[1][0].mean == g.values[1][0].mean);
    CHECK(!strcmp(backend_trouble(device.backend), "the device was lost"));
    monte_carlo_finish(&f);
    monte_carlo_finish(&g);
    lab_close(&device);
}

/* The device's noise and values are the processor's to rounding, and it did the work. */
static void on_device(struct lab *l)
{
    struct error err = { 0 };
    struct lab device = *l;
    device.scratch = (struct arena){ 0 };
    device.backend = backend_open("vulkan", NULL, &err);
    if (!device.backend) {
        printf("ok %d - Monte Carlo on a device # SKIP %s\n", ++checks, err.text);
        return;
    }
    device.job = (struct job){ .backend = device.backend, .scratch = &device.scratch };
    struct monte_carlo m = equal(16, 3, 1, 40), alone = m;
    double worst = 0;
    alone.n_ranks = 0;
    alone.values[0] = alone.values[1] = true;
    struct monte_carlo_found f = runs_of(l, &m), g = runs_of(&device, &m),
                             values = runs_of(l, &alone);
    struct backend_counts first = backend_counts(device.backend);
    struct monte_carlo_found far = runs_of(&device, &alone);
    struct backend_counts n = backend_counts(device.backend);
    for (int x = 0; x < PERTURBED_COUNT; x++)
        worst = fmax(worst, fabs(rms(&f, (enum perturbed)x) / rms(&g, (enum perturbed)x) - 1));
    for (int field = 0; field < 2; field++)
        for (size_t i = 0; i < 16; i++)
            worst = fmax(worst,
                         fabs(values.values[field][i].mean - far.values[field][i].mean) / sigma[0]);
    bool wide = device.backend->ops->offers(device.backend, OP_EIGEN, DTYPE_F64);
    printf("# %s: off by %.2g\n", backend_device(device.backend), worst);
    CHECK(worst < (wide ? 1e-9 : 1e-4));
    CHECK(!wide || (first.device[OP_NOISE] && n.device[OP_EIGEN] && n.device[OP_SUBTRACT] &&
                    !n.fallback[OP_EIGEN] && !n.fallback[OP_NOISE]));
    monte_carlo_finish(&f);
    monte_carlo_finish(&g);
    monte_carlo_finish(&values);
    monte_carlo_finish(&far);
    lab_close(&device);
}

int main(int argc, char **argv)
{
    struct lab l;
    strict = argc > 1 && !strcmp(argv[1], "strict");
    lab_open(&l);
    against_mechanism(&l);
    whole(&l);
    same_runs(&l);
    cancelled(&l);
    no_memory(&l);
    inflation(&l);
    spectra(&l);
    overlaps(&l);
    device_lost(&l);
    on_device(&l);
    lab_close(&l);
    return check_done();
}
