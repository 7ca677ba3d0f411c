#include "check.h"
#include "coding_rows.h"
#include "lab.h"

/* The laws of methods that take several matrices at once, asked of each in the registry. */

static double decaying(size_t i)
{
    return 1.0 / (double)i;
}

static struct params_any small_params(const struct method *m, const char *more)
{
    struct params_any params = lab_params(m, false, "");
    lab_set(m, &params, "rank=5 rounds=3", true);
    lab_set(m, &params, more, true);
    return params;
}

/* ||A - expanded|| / ||A|| in f64, from result_expand: another road than approximate()'s. */
static double expanded_error(const struct result *r, size_t index, struct matrix_view a)
{
    struct matrix out = lab_matrix(a.dtype, a.rows, a.cols);
    struct matrix rest = lab_matrix(DTYPE_F64, a.rows, a.cols);
    struct error err;
    bool ok = result_expand(r, index, out.view, &err);
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            matrix_put(rest.view, i, j, matrix_at(a, i, j) - matrix_at(out.view, i, j));
    double norm = matrix_norm(a), residual = ok ? matrix_norm(rest.view) : (double)NAN;
    matrix_finish(&out);
    matrix_finish(&rest);
    return residual == 0 ? 0 : residual / norm;
}

/* Raises the flag when the `at`-th step has been reported. */
struct trip {
    atomic_bool flag;
    int steps, at;
    bool forward;
    double last;
};

static void count_step(void *context, double done, const char *stage)
{
    struct trip *t = context;
    t->forward = t->forward && stage && done >= 0 && done <= 1 && done >= t->last;
    t->last = done;
    if (++t->steps == t->at)
        atomic_store(&t->flag, true);
}

/* Several matrices taken at once: one result, its size, what each loses, and of all. */
static bool together(struct lab *l, const struct method *m, const char *settings,
                     const struct matrix_view *a, size_t n)
{
    struct params_any params = small_params(m, settings);
    struct inputs in = { a, n, NULL };
    struct approximation out = { 0 };
    struct error err = { 0 };
    size_t heights[8], height = 0;
    uint64_t entries = 0;
    double residual = 0, norm = 0, apart = 0;
    bool ok = approximate(&l->job, m, params.bytes, &in, &out, &err);
    if (!ok)
        printf("# %s\n", err.text);
    const struct result *r = out.results;
    ok = ok && out.n == 1 && r->n_measures == n && r->n_terms == n;
    for (size_t i = 0; ok && i < n; i++) {
        heights[i] = a[i].rows;
        height += a[i].rows;
        entries += (uint64_t)a[i].rows * a[i].cols;
        residual = hypot(residual, r->measures[i].residual);
        norm = hypot(norm, r->measures[i].norm);
        apart = fmax(apart, fabs(r->measures[i].error - expanded_error(r, i, a[i])));
    }
    const struct param *rank = param_find(&m->params, "rank");
    size_t asked = ok ? rank_clamped((int)param_get(rank, params.bytes), height, a->cols) : 0;
    ok = ok && r->rank == asked && out.entries == entries &&
         apart < (a->dtype == DTYPE_F64 ? 1e-12 : 2e-5) &&
         fabs(out.error - residual / norm) < 1e-12 &&
         out.bits_paper == m->bits_many(params.bytes, a->dtype, heights, n, a->cols, true) &&
         out.bits_true == m->bits_many(params.bytes, a->dtype, heights, n, a->cols, false);
    if (!ok)
        printf("# %s %s: error %.9g, apart by %.3g\n", m->name, settings, out.error, apart);
    approximation_finish(&out);
    return ok;
}

/* Cancelled at every step and out of memory at every allocation: one error, nothing left. */
static void together_fails(struct lab *l, const struct method *m, const struct matrix_view *a,
                           size_t n, const char *settings)
{
    struct params_any params = small_params(m, settings);
    struct inputs in = { a, n, NULL };
    struct approximation out = { 0 };
    size_t before = memory_used();
    bool right = true, done = false;
    int steps = 0;
    for (long k = 0; !done && k < 5000; k++) {
        struct error err = { 0 };
        memory_fail_after(k);
        done = approximate(&l->job, m, params.bytes, &in, &out, &err);
        memory_fail_after(-1);
        approximation_finish(&out);
        right = right && (done || err.code == ERROR_MEMORY) && memory_used() == before;
    }
    CHECK(done && right);
    for (done = false; !done && steps < 100; steps++) {
        struct trip t = { .at = steps, .forward = true };
        struct error err = { 0 };
        l->job.progress = count_step;
        l->job.context = &t;
        l->job.cancel = &t.flag;
        atomic_store(&t.flag, steps == 0);
        done = approximate(&l->job, m, params.bytes, &in, &out, &err);
        approximation_finish(&out);
        right = right && t.forward && (done || err.code == ERROR_CANCELLED) &&
                memory_used() == before;
    }
    l->job = (struct job){ .backend = l->backend, .scratch = &l->scratch };
    CHECK(done && right && steps > 5);
}

/* Members higher than wide together, with zeros, a single row and less rank than all have; wider than
 * high; alone. */
static void laws(struct lab *l, const struct method *m)
{
    static const char *const settings[] = { "rank=1",
                                            "rank=5",
                                            "rank=60000",
                                            "rank=20 balance=frobenius split=both",
                                            "rank=7 balance=spectral split=right",
                                            "bits=4 left-bits=4 right-bits=4",
                                            "bits=3 scales=block symmetric=on split=both",
                                            "bits=2 scales=tensor quantizer=e8p" };
    for (int type = 0; type < 2; type++) {
        enum dtype dtype = type ? DTYPE_F64 : DTYPE_F32;
        struct matrix a = lab_spectrum(dtype, 29, 23, 5, decaying),
                      b = lab_spectrum(dtype, 17, 23, 5, decaying), c = lab_matrix(dtype, 3, 23),
                      d = lab_spectrum(dtype, 1, 23, 6, decaying),
                      e = lab_spectrum(dtype, 4, 23, 7, decaying);
        const struct matrix_view high[] = { a.view, b.view, c.view, d.view },
                                 wide[] = { d.view, c.view, e.view },
                                 unlike[] = { a.view, matrix_block(b.view, 0, 0, 5, 22) },
                                 none[] = { c.view, c.view };
        bool ok = true;
        for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
            ok = together(l, m, settings[i], high, 4) && together(l, m, settings[i], wide, 3) &&
                 together(l, m, settings[i], high, 1) && ok;
        CHECK(ok);
        together_fails(l, m, high, 4, "balance=spectral bits=4");
        together_fails(l, m, wide, 3, "balance=spectral");
        struct params_any params = small_params(m, "");
        struct inputs in = { unlike, 2, NULL };
        struct approximation out = { 0 };
        struct error err = { 0 };
        CHECK(!approximate(&l->job, m, params.bytes, &in, &out, &err) && err.code == ERROR_USAGE);
        in.matrices = none;
        CHECK(approximate(&l->job, m, params.bytes, &in, &out, &err) && out.error == 0);
        approximation_finish(&out);
        matrix_finish(&a);
        matrix_finish(&b);
        matrix_finish(&c);
        matrix_finish(&d);
        matrix_finish(&e);
    }
}

/* A power of two as factor changes no error, where squares leave the range of the type too. */
static void scaled(struct lab *l, const struct method *m)
{
    static const int exponents[][2] = { [DTYPE_F32] = { -100, 100 }, [DTYPE_F64] = { -900, 900 } };
    static const size_t heights[][2] = { { 20, 11 }, { 5, 7 } };
    double worst = 0;
    for (int i = 0; i < 12; i++) {
        static const char *const settings[] = { "rank=4", "rank=4 balance=frobenius bits=6",
                                                "rank=4 balance=spectral split=both bits=6" };
        enum dtype dtype = i % 2 ? DTYPE_F64 : DTYPE_F32;
        struct params_any params = small_params(m, settings[i / 4]);
        struct matrix a[2], b[2];
        double errors[3];
        for (int end = -1; end < 2; end++) {
            struct matrix_view views[2];
            for (size_t j = 0; j < 2; j++) {
                a[j] = lab_spectrum(dtype, heights[i / 2 % 2][j], 17, 8 + j, decaying);
                b[j] = lab_matrix(dtype, a[j].view.rows, 17);
                for (size_t r = 0; r < a[j].view.rows; r++)
                    for (size_t c = 0; c < 17; c++)
                        matrix_put(
                            b[j].view, r, c,
                            ldexp(matrix_at(a[j].view, r, c), end < 0 ? 0 : exponents[dtype][end]));
                views[j] = b[j].view;
            }
            struct inputs in = { views, 2, NULL };
            struct approximation out = { 0 };
            struct error err = { 0 };
            bool ok = approximate(&l->job, m, params.bytes, &in, &out, &err);
            errors[end + 1] = ok ? out.error : (double)NAN;
            approximation_finish(&out);
            for (size_t j = 0; j < 2; j++) {
                matrix_finish(&a[j]);
                matrix_finish(&b[j]);
            }
        }
        worst = fmax(worst, fmax(fabs(errors[1] / errors[0] - 1), fabs(errors[2] / errors[0] - 1)));
        worst = isnan(errors[1] + errors[2]) ? HUGE_VAL : worst;
    }
    printf("# %s: scaled, errors apart by %.2g\n", m->name, worst);
    CHECK(worst < 1e-4);
}

/* Memory for several is what is told of the matrices on top of each other, or less. */
static void estimated(struct lab *l, const struct method *m)
{
    static const size_t shapes[][2] = { { 100, 200 }, { 500, 100 }, { 30, 700 } };
    static const char *const settings[] = { "rank=20", "rank=65536 balance=spectral",
                                            "rank=20 balance=spectral bits=4 split=both" };
    double most = 0;
    for (size_t i = 0; i < 3 * 3 * 2; i++) {
        size_t rows = shapes[i % 3][0], cols = shapes[i % 3][1];
        struct params_any params = small_params(m, settings[i / 3 % 3]);
        enum dtype dtype = i / 9 ? DTYPE_F64 : DTYPE_F32;
        struct matrix a = lab_matrix(dtype, 3 * rows, cols);
        random_fill(SKETCH_GAUSSIAN, 9, STREAM_TEST, 0, 1, a.view);
        struct matrix_view views[3];
        for (size_t j = 0; j < 3; j++)
            views[j] = matrix_block(a.view, j * rows, 0, rows, cols);
        struct inputs in = { views, 3, NULL };
        struct approximation out = { 0 };
        struct error err = { 0 };
        memory_limit(0);
        CHECK(approximate(&l->job, m, params.bytes, &in, &out, &err));
        double share = (double)memory_peak() /
                       (double)approximate_memory(m, params.bytes, dtype, 3 * rows, cols);
        if (share > 1)
            printf("# 3 of %zu x %zu f%d, %s: %.2f of what is told\n", rows, cols, dtype ? 64 : 32,
                   settings[i / 3 % 3], share);
        most = fmax(most, share);
        approximation_finish(&out);
        matrix_finish(&a);
    }
    printf("# %s: %.2f of what is told, at most\n", m->name, most);
    CHECK(most <= 1);
}

int main(void)
{
    struct lab l;
    size_t n = 0;
    lab_open(&l);
    for (size_t i = 0; methods[i]; i++) {
        CHECK(!(methods[i]->flags & METHOD_MANY) == !methods[i]->bits_many);
        if (!(methods[i]->flags & METHOD_MANY))
            continue;
        laws(&l, methods[i]);
        scaled(&l, methods[i]);
        estimated(&l, methods[i]);
        n++;
    }
    CHECK(n >= 1);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
