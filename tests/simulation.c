#include "simulation.h"
#include "check.h"
#include "demo.h"
#include "demo_rows.h"
#include "noisy.h"

/* The simulated mechanisms as methods: their order by error, their numbers, Algorithm 1 step by step, and
 * the covariance they stand on. `strict`: the published table at its own size. */

static bool strict;

/* ---- the methods ---- */

struct setting {
    const char *method, *text;
};

/* RMS of ||output - M_k||_F over trials. T = 1: s = clip^2 / mu = sqrt 2. */
static double rms(struct lab *l, const struct setting *s, struct matrix_view m, size_t k,
                  int trials)
{
    double squares = 0, clip = sqrt(sqrt(2) * gdp_mu(1, 1e-6));
    const struct method *method = method_find(s->method);
    struct matrix y = filled(m.rows, m.rows);
    struct error err = { 0 };
    for (int seed = 1; seed <= trials; seed++) {
        char text[200];
        snprintf(text, sizeof(text), "rank=%zu clip=%.17g seed=%d %s", k, clip, seed, s->text);
        struct params_any params = lab_params(method, false, text);
        struct approximation out = lab_run(l, method, &params, m, NULL);
        if (!result_expand(&out.results[0], 0, y.view, &err))
            printf("Bail out! %s\n", err.text);
        double far = distance(y.view, m);
        squares += far * far;
        approximation_finish(&out);
    }
    matrix_finish(&y);
    return sqrt(squares / trials);
}

enum { REAL, SHRUNK, Y, Y_K, SHRUNK_Y, IID, SETTINGS };
static const struct setting settings[] = {
    { "real-gaussian", "" },
    { "real-gaussian", "shrink=on" },
    { "complex-gaussian", "form=y" },
    { "complex-gaussian", "form=y-k" },
    { "complex-gaussian", "form=y shrink=on" },
    { "iid-gaussian", "" },
};

/* Measured before by another program: d = 128, k = 8, or, smaller, d = 64, k = 4. */
static void test_order(struct lab *l)
{
    static const double wanted[2][2][3] = { /* real, shrunk, Y at the gap, and at four times that */
                                            { { 34.5, 31.5, 37.0 }, { 0, 0, 0 } },
                                            { { 67.8, 61.5, 72.6 }, { 63.5, 63.1, 63.8 } }
    };
    size_t d = strict ? 128 : 64, k = strict ? 8 : 4;
    for (int far = 0; far < (strict ? 2 : 1); far++) {
        double top[8], error[SETTINGS], gap = (far ? 16 : 4) * sqrt((double)d);
        for (size_t i = 0; i < k; i++)
            top[i] = gap;
        struct matrix m = covariance_with(top, k, d, 9);
        for (int i = 0; i < SETTINGS; i++)
            error[i] = rms(l, &settings[i], m.view, k, strict ? 40 : 10);
        const double *want = wanted[strict][far];
        printf("# d %zu, k %zu, gap %g: real %.2f, shrunk %.2f, y %.2f, y-k %.2f, y shrunk %.2f, "
               "iid %.2f; measured before %.1f %.1f %.1f\n",
               d, k, gap, error[REAL], error[SHRUNK], error[Y], error[Y_K], error[SHRUNK_Y],
               error[IID], want[0], want[1], want[2]);
        CHECK(error[SHRUNK] < error[REAL] && error[SHRUNK_Y] < error[Y] && error[Y_K] < error[Y]);
        CHECK(error[REAL] <= error[Y] && error[REAL] < error[IID]);
        /* 2 k d numbers a trial, whose squares add up: 5 deviations */
        double slack = 5 / sqrt(2 * 2 * (double)(k * d) * (strict ? 40 : 10)) + 0.005;
        CHECK_NEAR(error[REAL] / want[0], 1, slack);
        CHECK_NEAR(error[SHRUNK] / want[1], 1, slack);
        CHECK_NEAR(error[Y] / want[2], 1, slack);
        matrix_finish(&m);
    }
}

/* --paper is Algorithm 1: its T, the same draw, and the steps by plain loops. */
static void test_paper(struct lab *l)
{
    static const double top[] = { 300, 200, 150, 50 };
    const struct method *method = method_find("complex-gaussian");
    struct params_any params = lab_params(method, true, "rank=3 epsilon=0.5 delta=1e-5 seed=5");
    struct matrix m = covariance_with(top, 4, 14, 3), y = filled(14, 14), v = filled(14, 28);
    struct error err = { 0 };
    double t = 2 * log(1.25 / 1e-5) / 0.25, values[14];
    struct approximation out = lab_run(l, method, &params, m.view, NULL);
    struct matrix x = noisy_of(m.view, FIELD_COMPLEX, sqrt(2 * t), 0);
    matrix_copy(x.view, v.view);
    CHECK(result_expand(&out.results[0], 0, y.view, &err) &&
          linalg_eigen_hermitian(v.view, values, &err));
    struct matrix mhat = sum_of(v.view, values, 14 - 3, 1);
    CHECK(distance(matrix_block(mhat.view, 0, 0, 14, 14), y.view) <= 1e-12 * matrix_norm(y.view));
    CHECK(out.results[0].rank == 6);
    approximation_finish(&out);
    matrix_finish(&m);
    matrix_finish(&y);
    matrix_finish(&v);
    matrix_finish(&x);
    matrix_finish(&mhat);
}

/* Noise of another size for each setting, never one draw at two sizes. */
static void test_numbers(void)
{
    static const struct {
        const char *method, *text;
        double s, diagonal, epsilon;
    } rows[] = {
        { "complex-gaussian", "", 4.22468, 5.97460, 1 },
        { "complex-gaussian", "relation=add-remove", 2.98730, 4.22468, 1 },
        { "complex-gaussian", "calibration=classical", 7.49364, 10.59760, 0.540 },
        { "complex-gaussian", "calibration=classical relation=add-remove", 7.49364, 10.59760,
          0.373 },
        { "real-gaussian", "clip=2", 16.89874, 23.89842, 1 },
        { "iid-gaussian", "relation=add-remove", 4.22468, 4.22468, 1 },
        { "iid-gaussian", "calibration=classical", 5.29880, 5.29880, 1.138 },
    };
    int wrong = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct method *m = method_find(rows[i].method);
        struct params_any params = lab_params(m, false, rows[i].text);
        struct simulation s;
        m->simulated(params.bytes, &s);
        if (fabs(s.s / rows[i].s - 1) > 2e-6 || fabs(s.diagonal / rows[i].diagonal - 1) > 2e-6 ||
            fabs(s.true_epsilon - rows[i].epsilon) > 6e-4) {
            printf("# %s %s: s %.6f, diagonal %.6f, epsilon %.5f\n", rows[i].method, rows[i].text,
                   s.s, s.diagonal, s.true_epsilon);
            wrong++;
        }
    }
    CHECK(wrong == 0);
}

/* At full rank with real noise the output is all of M + E: entry by entry the draw of that seed, on the
 * diagonal as the mechanism has it. */
static void test_entries(struct lab *l)
{
    static const char *const names[] = { "real-gaussian", "iid-gaussian" };
    static const double top[] = { 8, 5 };
    struct matrix m = covariance_with(top, 2, 9, 6), y = filled(9, 9), e = filled(9, 9);
    struct error err = { 0 };
    double worst[2] = { 0 };
    for (int iid = 0; iid < 2; iid++) {
        const struct method *method = method_find(names[iid]);
        struct params_any params = lab_params(method, false, "rank=9 epsilon=2 seed=17");
        struct approximation out = lab_run(l, method, &params, m.view, NULL);
        struct simulation s;
        method->simulated(params.bytes, &s);
        ensemble_noise(FIELD_REAL, 17, 0, s.s, e.view);
        CHECK(result_expand(&out.results[0], 0, y.view, &err));
        for (size_t i = 0; i < 9; i++)
            for (size_t j = 0; j < 9; j++) {
                double noise = matrix_at(e.view, i, j) / (iid && i == j ? sqrt(2) : 1);
                double got = matrix_at(y.view, i, j) - matrix_at(m.view, i, j);
                worst[iid] = fmax(worst[iid], fabs(got - noise) / s.s);
            }
        approximation_finish(&out);
    }
    printf("# real %.2g, iid %.2g of a deviation off\n", worst[0], worst[1]);
    CHECK(worst[0] < 1e-12 && worst[1] < 1e-12);
    matrix_finish(&m);
    matrix_finish(&y);
    matrix_finish(&e);
}

/* Nothing but a symmetric matrix. */
static void test_refusals(struct lab *l)
{
    static const size_t sizes[][2] = { { 6, 4 }, { 4, 6 }, { 5, 5 } };
    for (size_t i = 0; i < 3; i++) {
        struct matrix a = filled(sizes[i][0], sizes[i][1]);
        struct inputs in = { &a.view, 1, NULL };
        struct approximation out = { 0 };
        struct error err = { 0 };
        const struct method *m = method_find("real-gaussian");
        struct params_any params = lab_params(m, false, "");
        random_fill(SKETCH_GAUSSIAN, 2, STREAM_TEST, 0, 1, a.view);
        CHECK(!approximate(&l->job, m, params.bytes, &in, &out, &err) && err.code == ERROR_FORMAT &&
              strstr(err.text, "symmetric"));
        matrix_finish(&a);
    }
}

/* ---- the covariance ---- */

/* What row r adds to entry (i, j): centre 0.25, clip 1.5. */
static long double term(struct matrix_view a, size_t r, size_t i, size_t j)
{
    long double norm = 0, x = 0, y = 0;
    for (size_t c = 0; c < a.cols; c++) {
        long double entry = (long double)matrix_at(a, r, c) - 0.25L;
        norm += entry * entry;
        x = c == i ? entry : x;
        y = c == j ? entry : y;
    }
    long double scale = norm > 1.5L * 1.5L ? 1.5L * 1.5L / norm : 1;
    return isfinite(norm) ? x * y * scale : 0;
}

static void test_covariance(void)
{
    struct covariance_terms terms = { false, 1.5, 0.25 };
    struct matrix a = filled(1500, 6), m = filled(6, 6);
    struct error err = { 0 };
    double worst = 0;
    random_fill(SKETCH_GAUSSIAN, 4, STREAM_TEST, 0, 0.7, a.view);
    matrix_put(a.view, 700, 3, (double)NAN);
    matrix_put(a.view, 701, 0, (double)INFINITY);
    matrix_put(a.view, 702, 2, 1e300);
    CHECK(covariance_of(a.view, &terms, m.view, &err) && symmetric_bits(m.view));
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 6; j++) {
            long double sum = 0;
            for (size_t r = 0; r < 1500; r++)
                sum += term(a.view, r, i, j);
            worst = fmax(worst, fabs(matrix_at(m.view, i, j) - (double)sum));
        }
    printf("# entries off by %.2g\n", worst);
    CHECK(worst < 1e-11);
    matrix_finish(&a);
    matrix_finish(&m);
}

/* One that is ready is taken as it is, unless it cannot be one. */
static void test_ready(void)
{
    struct covariance_terms terms = { .ready = true, .clip = 1 };
    double entries[] = { 4, 1, 1 + 1e-8, 3 };
    struct matrix_view a = { entries, 2, 2, 2, 1, DTYPE_F64 },
                       wide = { entries, 1, 2, 2, 1, DTYPE_F64 };
    struct matrix m = filled(2, 2), n = filled(2, 2);
    struct error err = { 0 };
    CHECK(covariance_of(a, &terms, m.view, &err) && matrix_at(m.view, 0, 0) == 4 &&
          matrix_at(m.view, 0, 1) == matrix_at(m.view, 1, 0));
    entries[2] = 1.1;
    CHECK(!covariance_of(a, &terms, m.view, &err) && err.code == ERROR_FORMAT);
    CHECK(!covariance_of(wide, &terms, m.view, &err) && err.code == ERROR_FORMAT);
    matrix_finish(&m);
    matrix_finish(&n);
}

/* A built-in source as it is read. */
static struct matrix rows_of(const char *name)
{
    struct error err = { 0 };
    struct document *d = demo_open(name, &err);
    struct matrix a = { 0 };
    if (!d || !matrix_init(&a, DTYPE_F64, d->entries[0].rows, d->entries[0].cols, &err) ||
        !document_read(d, &d->entries[0], a.view, &err))
        printf("Bail out! %s\n", err.text);
    CHECK(d && !document_is_picture(d));
    document_unref(d);
    return a;
}

/* Rows longer than 1, and the eigenvalues of A^T A with rows clipped to 1, descending. */
static size_t demo_values(const char *name, double *values, size_t d)
{
    struct matrix a = rows_of(name), m = filled(d, d);
    struct covariance_terms terms = { .clip = 1 };
    struct error err = { 0 };
    size_t longer = 0;
    for (size_t i = 0; i < a.view.rows; i++)
        longer += matrix_norm(matrix_block(a.view, i, 0, 1, d)) > 1;
    if (!covariance_of(a.view, &terms, m.view, &err) || !linalg_eigenvalues(m.view, values, &err))
        printf("Bail out! %s\n", err.text);
    qsort(values, d, sizeof(*values), ascending);
    for (size_t i = 0; i < d / 2; i++) {
        double low = values[i];
        values[i] = values[d - 1 - i];
        values[d - 1 - i] = low;
    }
    matrix_finish(&a);
    matrix_finish(&m);
    return longer;
}

static void test_demos(void)
{
    double gaps[12], power[128], worst = 0;
    CHECK(demo_values("gaps", gaps, 12) == 0);
    for (size_t i = 0; i < 12; i++)
        worst = fmax(worst, fabs(gaps[i] / rows_demo_gaps[i] - 1));
    CHECK(worst < 1e-11);
    size_t longer = demo_values("covariance", power, 128);
    double slope = log(power[0] / power[63]) / log(64);
    printf("# demo:covariance: %zu of 20000 rows beyond 1; %.4g to %.4g, slope %.3f\n", longer,
           power[0], power[127], slope);
    CHECK(longer > 200 && longer < 4000 && fabs(slope - 1) < 0.15);
}

int main(int argc, char **argv)
{
    struct lab l;
    strict = argc > 1 && !strcmp(argv[1], "strict");
    lab_open(&l);
    test_order(&l);
    test_paper(&l);
    test_entries(&l);
    test_numbers();
    test_refusals(&l);
    test_covariance();
    test_ready();
    test_demos();
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
