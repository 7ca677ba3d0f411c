#include "check.h"
#include "coding_rows.h"
#include "lab.h"
#include "spectrum.h"

/* The laws that hold for every method, asked of each in the registry. */

/* Slack of a comparison, by the precision of the computation. */
static const struct {
    double optimum;  /* how far rounding may take an error below Eckart-Young */
    double measured; /* two ways to measure one error */
} slack[] = { [DTYPE_F32] = { 2e-6, 2e-5 }, [DTYPE_F64] = { 1e-13, 1e-12 } };

static double decaying(size_t i)
{
    return 1.0 / (double)i;
}

enum shape { TALL, WIDE, ROW, COLUMN, CONSTANT, ZERO, RANK_ONE, DUPLICATED, ONE, SHAPES };

static struct matrix make(enum shape shape, enum dtype dtype)
{
    static const size_t sizes[SHAPES][2] = {
        [TALL] = { 23, 17 },     [WIDE] = { 17, 23 },       [ROW] = { 1, 9 },
        [COLUMN] = { 9, 1 },     [CONSTANT] = { 12, 8 },    [ZERO] = { 8, 12 },
        [RANK_ONE] = { 15, 10 }, [DUPLICATED] = { 20, 12 }, [ONE] = { 1, 1 },
    };
    size_t rows = sizes[shape][0], cols = sizes[shape][1];
    if (shape != CONSTANT && shape != ZERO && shape != RANK_ONE && shape != DUPLICATED)
        return lab_spectrum(dtype, rows, cols, 5, decaying);
    struct matrix m = lab_matrix(dtype, rows, cols);
    struct matrix draw = lab_matrix(DTYPE_F64, rows, cols);
    random_fill(SKETCH_GAUSSIAN, 6, STREAM_TEST, 0, 1, draw.view);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double value = shape == CONSTANT ? 0.7
                           : shape == ZERO   ? 0
                           : shape == RANK_ONE
                               ? (double)(i + 1) * ((double)j - 3.5)
                               : matrix_at(draw.view, i, j / 4); /* each column four times */
            matrix_put(m.view, i, j, value);
        }
    matrix_finish(&draw);
    return m;
}

static struct matrix made(const struct method *m, enum shape shape, enum dtype dtype)
{
    struct matrix a = make(shape, dtype);
    lab_suit(m, &a);
    return a;
}

/* Every term is as large as the matrix; the columns of all left factors are the rank. */
static bool parts_agree(const struct result *r, size_t rows, size_t cols)
{
    bool ok = r->n_terms > 0 && r->n_parts > 0;
    size_t rank = 0;
    for (size_t i = 0; i < r->n_terms; i++) {
        const struct term *t = &r->terms[i];
        if (t->matrix != 0 || t->left >= r->n_parts)
            return false;
        const struct part *left = &r->parts[t->left];
        if (t->right == TERM_DENSE) {
            ok = ok && part_rows(left) == rows && part_cols(left) == cols;
            continue;
        }
        if (t->right >= r->n_parts)
            return false;
        const struct part *right = &r->parts[t->right];
        ok = ok && part_rows(left) == rows && part_cols(right) == cols &&
             part_cols(left) == part_rows(right);
        rank += part_cols(left);
    }
    return ok && rank == r->rank;
}

/* ||A - expanded|| / ||A|| in f64, from result_expand: another road than approximate()'s. */
static double expanded_error(const struct result *r, struct matrix_view a)
{
    struct matrix out = lab_matrix(a.dtype, a.rows, a.cols);
    struct matrix rest = lab_matrix(DTYPE_F64, a.rows, a.cols);
    struct error err;
    bool ok = result_expand(r, 0, out.view, &err);
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            matrix_put(rest.view, i, j, matrix_at(a, i, j) - matrix_at(out.view, i, j));
    double norm = matrix_norm(a), residual = ok ? matrix_norm(rest.view) : (double)NAN;
    matrix_finish(&out);
    matrix_finish(&rest);
    return residual == 0 ? 0 : residual / norm;
}

/* The size is what the method says of these params; where the matrix decides it, at most that, and at
 * the rank that it came to exactly that. */
static bool size_agrees(const struct method *m, const struct params_any *params,
                        const struct approximation *out, struct matrix_view a)
{
    const struct param *rank = param_find(&m->params, "rank");
    struct params_any at = *params;
    uint64_t most = m->bits(at.bytes, a.dtype, a.rows, a.cols, false);
    size_t asked = rank ? rank_clamped((int)param_get(rank, at.bytes), a.rows, a.cols) : 0;
    if (out->bits_paper == 0 || out->bits_true < out->bits_paper || out->bits_true > most)
        return false;
    if (m->flags & METHOD_SIZED) {
        if (!rank)
            return true;
        if (out->results[0].rank < 1 || out->results[0].rank > asked)
            return false;
        param_put(rank, at.bytes, (double)out->results[0].rank);
    }
    return out->bits_paper == m->bits(at.bytes, a.dtype, a.rows, a.cols, true) &&
           out->bits_true == m->bits(at.bytes, a.dtype, a.rows, a.cols, false);
}

/* Not even one component of a bit an entry, two ranges and two units, is as small as was asked. */
static bool too_small(const struct method *m, const struct params_any *params, size_t rows,
                      size_t cols)
{
    const struct param *own = param_find(&m->params, "bits_per_entry");
    const struct param *symmetric = param_find(&m->params, "symmetric");
    const struct param *normalize = param_find(&m->params, "normalize");
    if (!own || param_find(&m->params, "rank"))
        return false;
    size_t least = rows + cols + (param_get(symmetric, params->bytes) > 0 ? 32 : 64) + 128 +
                   (param_get(normalize, params->bytes) > 0 ? 128 : 0);
    return param_get(own, params->bytes) * (double)rows * (double)cols < (double)least;
}

/* Then it says so, and nothing is left of it. */
static bool refused(struct lab *l, const struct method *m, const struct params_any *params,
                    struct matrix_view a)
{
    struct inputs in = { &a, 1, NULL };
    struct approximation out = { 0 };
    struct error err = { 0 };
    size_t before = memory_used();
    return !approximate(&l->job, m, params->bytes, &in, &out, &err) && err.code == ERROR_USAGE &&
           memory_used() == before;
}

struct laws {
    bool shapes, bits, optimum, measured, kept;
};

/* One run at given params on one matrix, held against the laws of a single run. */
static void ask(struct lab *l, const struct method *m, const struct params_any *params,
                struct matrix_view a, struct laws *laws)
{
    size_t before = memory_used();
    if (too_small(m, params, a.rows, a.cols)) {
        laws->bits = refused(l, m, params, a) && laws->bits;
        return;
    }
    struct svd svd = lab_svd(a);
    struct approximation out = lab_run(l, m, params, a, NULL);
    const struct result *r = &out.results[0];
    struct spectrum s = { svd.sigma, svd.n, a.rows, a.cols, svd.norm };
    double optimum = r->rank ? spectrum_tail(&s, r->rank) : 0, error = out.error;
    double least = r->rank && !(m->flags & METHOD_DENSE)
                       ? spectrum_tail(&s, r->rank + r->frames[0].shifted)
                       : 0;
    double expanded = expanded_error(r, a);
    struct laws now = {
        .shapes = parts_agree(r, a.rows, a.cols) && out.n == 1 && r->n_measures == 1,
        .bits = size_agrees(m, params, &out, a),
        .optimum = isfinite(error) && error >= least - slack[a.dtype].optimum &&
                   (isnan(out.optimal) || fabs(out.optimal - optimum) <= slack[a.dtype].measured),
        .measured = fabs(error - expanded) <= slack[a.dtype].measured * (1 + error),
    };
    approximation_finish(&out);
    svd_finish(&svd);
    now.kept = memory_used() == before;
    if (!now.shapes || !now.bits || !now.optimum || !now.measured || !now.kept)
        printf("# %s, %zu x %zu f%d: error %.9g, expanded %.9g, optimum %.9g\n", m->name, a.rows,
               a.cols, a.dtype == DTYPE_F64 ? 64 : 32, error, expanded, optimum);
    laws->shapes = laws->shapes && now.shapes;
    laws->bits = laws->bits && now.bits;
    laws->optimum = laws->optimum && now.optimum;
    laws->measured = laws->measured && now.measured;
    laws->kept = laws->kept && now.kept;
}

static struct params_any small_params(const struct method *m, bool paper, const char *more)
{
    struct params_any params = lab_params(m, paper, "");
    lab_set(m, &params, "rank=5 rounds=3 inner-rounds=3 bits-per-entry=8", true);
    lab_set(m, &params, more, true);
    return params;
}

/* Every shape, both precisions, our settings and the paper's, ranks that fit and that do not. */
static void single_runs(struct lab *l, const struct method *m)
{
    static const char *const settings[] = { "rank=1",
                                            "rank=5",
                                            "rank=8",
                                            "rank=60000",
                                            "rounding=dithered",
                                            "scales=block symmetric=on",
                                            "left-bits=1 right-bits=1 bits=1 scales=tensor",
                                            "left-bits=2 right-bits=2 bits=2 sketch=sparse",
                                            "sketch=hadamard",
                                            "sketch=rademacher",
                                            "sketch=popcount split=both",
                                            "clip=spread symmetric=on scales=tensor",
                                            "clip=search scales=block",
                                            "quantizer=normal-float rounding=dithered",
                                            "quantizer=lloyd-max clip=search scales=tensor",
                                            "quantizer=e8p left-bits=2 right-bits=4 bits=2",
                                            "quantizer=e8p left-bits=3 right-bits=3 bits=3 "
                                            "scales=block clip=search",
                                            "quantizer=e8p left-bits=4 right-bits=2 bits=4 "
                                            "scales=tensor clip=none",
                                            "left-bits=24 right-bits=24 bits=24 split=right",
                                            "hadamard=on",
                                            "hadamard=on normalize=on left-bits=2 bits=2" };
    static const char *const simulated[] = { "rank=1",
                                             "rank=60000",
                                             "rank=8 form=y-k",
                                             "rank=9 form=y shrink=on",
                                             "rank=8 clamp=on epsilon=0.1",
                                             "calibration=tight relation=add-remove clip=0.1" };
    bool noisy = m->flags & METHOD_SANDBOX;
    size_t n = noisy ? sizeof(simulated) / sizeof(simulated[0])
                     : sizeof(settings) / sizeof(settings[0]);
    struct laws laws = { true, true, true, true, true };
    for (int shape = 0; shape < SHAPES; shape++)
        for (int type = 0; type < 2; type++) {
            if (noisy && shape == ZERO)
                continue; /* beside noise no error is relative to nothing */
            struct matrix a = made(m, (enum shape)shape, type ? DTYPE_F64 : DTYPE_F32);
            for (size_t i = 0; i < n; i++)
                for (int paper = 0; paper < 2; paper++) {
                    struct params_any params = small_params(m, paper,
                                                            noisy ? simulated[i] : settings[i]);
                    ask(l, m, &params, a.view, &laws);
                }
            matrix_finish(&a);
        }
    printf("# %s: laws of one run\n", m->name);
    CHECK(laws.shapes);
    CHECK(laws.bits);
    CHECK(laws.optimum);
    CHECK(laws.measured);
    CHECK(laws.kept);
}

static void every_parameter(struct lab *l, const struct method *m)
{
    struct laws laws = { true, true, true, true, true };
    struct matrix a = made(m, TALL, DTYPE_F32);
    for (size_t i = 0; i < m->params.n; i++)
        for (int end = 0; end < 2; end++) {
            const struct param *p = &m->params.rows[i];
            /* as many bits as every quantizer has */
            bool few = !strcmp(p->key, "quantizer");
            struct params_any params = small_params(m, false,
                                                    few ? "left-bits=4 right-bits=4 bits=4" : "");
            param_put(p, params.bytes, end ? p->max : p->min);
            ask(l, m, &params, a.view, &laws);
        }
    CHECK(laws.shapes && laws.bits && laws.optimum && laws.measured && laws.kept);
    matrix_finish(&a);
}

static bool same_part(const struct part *a, const struct part *b)
{
    if (a->coded != b->coded)
        return false;
    if (!a->coded) {
        const struct matrix_view x = a->plain.view, y = b->plain.view;
        return x.rows == y.rows && x.row_stride == y.row_stride &&
               !memcmp(x.data, y.data, x.rows * x.row_stride * dtype_size(x.dtype));
    }
    const struct coded *x = &a->codes, *y = &b->codes;
    size_t n = coding_codes_size(&x->coding, x->rows, x->cols);
    size_t ranges = coding_ranges(&x->coding, x->rows, x->cols) * (x->coding.symmetric ? 1 : 2);
    return n == coding_codes_size(&y->coding, y->rows, y->cols) && !memcmp(x->codes, y->codes, n) &&
           !memcmp(x->range, y->range, sizeof(x->range)) && x->unit == y->unit &&
           (!x->ranges || !memcmp(x->ranges, y->ranges, ranges * sizeof(*x->ranges)));
}

static bool same_bytes(const struct approximation *a, const struct approximation *b)
{
    const struct result *x = &a->results[0], *y = &b->results[0];
    bool same = x->n_parts == y->n_parts && a->error == b->error;
    for (size_t i = 0; same && i < x->n_parts; i++)
        same = same_part(&x->parts[i], &y->parts[i]);
    return same;
}

/* The same seed gives the same bytes; another one does, too, only where nothing is random. */
static void seeds(struct lab *l, const struct method *m)
{
    struct matrix a = made(m, TALL, DTYPE_F32);
    struct params_any params = small_params(m, false, "rounding=dithered seed=11");
    struct params_any other = small_params(m, false, "rounding=dithered seed=12");
    struct approximation first = lab_run(l, m, &params, a.view, NULL);
    struct approximation again = lab_run(l, m, &params, a.view, NULL);
    struct approximation third = lab_run(l, m, &other, a.view, NULL);
    CHECK(same_bytes(&first, &again));
    CHECK(same_bytes(&first, &third) == !param_find(&m->params, "seed"));
    approximation_finish(&first);
    approximation_finish(&again);
    approximation_finish(&third);
    matrix_finish(&a);
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

static void cancelling(struct lab *l, const struct method *m)
{
    struct matrix a = made(m, TALL, DTYPE_F64);
    struct params_any params = small_params(m, false, "");
    struct inputs in = { &a.view, 1, NULL };
    struct trip t = { .at = -1, .forward = true };
    l->job.progress = count_step;
    l->job.context = &t;
    l->job.cancel = &t.flag;
    struct approximation out = lab_run(l, m, &params, a.view, NULL);
    approximation_finish(&out);
    int steps = t.steps, cancelled = 0;
    bool forward = t.forward;
    size_t before = memory_used();
    for (int k = 0; k < steps; k++) {
        struct error err = { 0 };
        t = (struct trip){ .at = k, .forward = true };
        atomic_store(&t.flag, k == 0);
        bool ok = approximate(&l->job, m, params.bytes, &in, &out, &err);
        cancelled += !ok && err.code == ERROR_CANCELLED && memory_used() == before;
        if (ok)
            approximation_finish(&out);
    }
    l->job = (struct job){ .backend = l->backend, .scratch = &l->scratch };
    printf("# %s: cancelled at each of %d steps\n", m->name, steps);
    CHECK(steps >= 3);
    CHECK(forward);
    CHECK(cancelled == steps);
    matrix_finish(&a);
}

static void failing(struct lab *l, const struct method *m)
{
    struct matrix a = made(m, WIDE, DTYPE_F32);
    struct params_any params = small_params(m, false, "");
    struct inputs in = { &a.view, 1, NULL };
    size_t before = memory_used();
    bool done = false, right = true;
    long n = 0;
    for (; !done && n < 5000; n++) {
        struct approximation out = { 0 };
        struct error err = { 0 };
        memory_fail_after(n);
        done = approximate(&l->job, m, params.bytes, &in, &out, &err);
        memory_fail_after(-1);
        right = right && (done || err.code == ERROR_MEMORY);
        approximation_finish(&out);
        right = right && memory_used() == before;
    }
    printf("# %s: %ld allocations, each failed once\n", m->name, n - 1);
    CHECK(done && n > 3);
    CHECK(right);
    matrix_finish(&a);
}

static void clamping(struct lab *l, const struct method *m)
{
    if (!param_find(&m->params, "rank"))
        return;
    struct matrix a = made(m, TALL, DTYPE_F64);
    struct params_any params = small_params(m, false, "rank=18 left-bits=24 right-bits=24");
    struct approximation out = lab_run(l, m, &params, a.view, NULL);
    CHECK(out.results[0].rank == 17);
    /* at full rank only the rounding is left, or all of the noise */
    CHECK(m->flags & METHOD_SANDBOX ? out.error > 0.1 : out.error < 1e-5);
    approximation_finish(&out);
    matrix_finish(&a);
}

static void hostile(struct lab *l, const struct method *m)
{
    static const double bad[] = { (double)NAN, (double)INFINITY };
    struct matrix a = made(m, TALL, DTYPE_F32);
    struct params_any params = small_params(m, false, "");
    struct inputs in = { &a.view, 1, NULL };
    size_t before = memory_used();
    for (size_t i = 0; i < 2; i++) {
        struct approximation out = { 0 };
        struct error err = { 0 };
        matrix_put(a.view, 3, 4, bad[i]);
        CHECK(!approximate(&l->job, m, params.bytes, &in, &out, &err) && err.code == ERROR_FORMAT &&
              memory_used() == before);
    }
    matrix_finish(&a);
}

/* Single precision against double: the errors, not the codes, whose ties may fall differently; with one
 * range, since that of a vector is rounded to half precision, up or down by a last digit. */
static void precisions(struct lab *l, const struct method *m)
{
    struct matrix a = made(m, TALL, DTYPE_F32), b = made(m, TALL, DTYPE_F64);
    struct params_any params = small_params(m, true,
                                            "left-bits=8 right-bits=8 bits=8 scales=tensor");
    struct approximation single = lab_run(l, m, &params, a.view, NULL);
    struct approximation whole = lab_run(l, m, &params, b.view, NULL);
    CHECK_NEAR(single.error / whole.error, 1, 1e-3);
    approximation_finish(&single);
    approximation_finish(&whole);
    matrix_finish(&a);
    matrix_finish(&b);
}

/* Where a bound is given, the mean square error over seeds keeps it. */
static int bounded(struct lab *l, const struct method *m)
{
    enum { SEEDS = 40 };
    struct matrix a = made(m, TALL, DTYPE_F64);
    double squares = 0, bound = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
        struct params_any params = small_params(
            m, true,
            "rank=9 rounding=dithered symmetric=on scales=tensor sketch=gaussian rounds=1");
        const struct param *row = param_find(&m->params, "seed");
        if (row)
            param_put(row, params.bytes, seed);
        struct approximation out = lab_run(l, m, &params, a.view, NULL);
        squares += out.error * out.error / SEEDS;
        bound = fmax(bound, out.results[0].measures[0].bound); /* fmax passes over NAN */
        approximation_finish(&out);
    }
    matrix_finish(&a);
    if (!(bound > 0))
        return 0;
    printf("# %s: root mean square error %.4f, bound %.4f\n", m->name, sqrt(squares), bound);
    CHECK(sqrt(squares) <= bound);
    return 1;
}

/* Without the assumptions no bound is claimed. */
static void unbounded(struct lab *l, const struct method *m)
{
    static const char *const broken[] = { "rounding=nearest",
                                          "symmetric=off",
                                          "scales=vector",
                                          "sketch=rademacher",
                                          "rounds=2",
                                          "clip=spread",
                                          "clip=search",
                                          "quantizer=lloyd-max",
                                          "quantizer=normal-float" };
    struct matrix a = made(m, TALL, DTYPE_F64);
    bool none = true;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct params_any params = small_params(
            m, true,
            "rank=9 rounding=dithered symmetric=on scales=tensor sketch=gaussian rounds=1");
        lab_set(m, &params, broken[i], true);
        struct approximation out = lab_run(l, m, &params, a.view, NULL);
        none = none && isnan(out.results[0].measures[0].bound);
        approximation_finish(&out);
    }
    CHECK(none);
    matrix_finish(&a);
}

/* Several matrices one by one: measured each and together. */
static void several(struct lab *l, const struct method *m)
{
    struct matrix a = made(m, TALL, DTYPE_F64), b = made(m, RANK_ONE, DTYPE_F64);
    struct matrix_view both[] = { a.view, b.view };
    struct params_any params = small_params(m, false, "");
    struct inputs in = { both, 2, NULL };
    struct approximation out = { 0 };
    struct error err = { 0 };
    if (m->flags & METHOD_MANY) { /* methods_many.c */
        matrix_finish(&a);
        matrix_finish(&b);
        return;
    }
    CHECK(approximate(&l->job, m, params.bytes, &in, &out, &err) && out.n == 2);
    double r0 = out.results[0].measures[0].residual, r1 = out.results[1].measures[0].residual;
    double n0 = matrix_norm(a.view), n1 = matrix_norm(b.view);
    CHECK_NEAR(out.error, sqrt((r0 * r0 + r1 * r1) / (n0 * n0 + n1 * n1)), 1e-12);
    CHECK(out.entries == a.view.rows * a.view.cols + b.view.rows * b.view.cols);
    approximation_finish(&out);
    matrix_finish(&a);
    matrix_finish(&b);
}

/* With as many bits on either side a matrix and its transpose lose the same. */
static void turned(struct lab *l)
{
    static const char *const ways[][2] = {
        { "naive", "bits=3 scales=tensor normalize=off" },
        { "direct-svd", "rank=7 left-bits=4 right-bits=4 split=both scales=vector normalize=off" },
        { "direct-svd", "rank=7 left-bits=4 right-bits=4 split=both scales=tensor symmetric=on" },
    };
    struct matrix a = lab_matrix(DTYPE_F64, 23, 17), turned = lab_matrix(DTYPE_F64, 17, 23);
    double worst = 0;
    random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, 0, 1, a.view);
    matrix_copy(matrix_transposed(a.view), turned.view);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        double one = lab_error(l, ways[i][0], false, ways[i][1], a.view, NULL),
               two = lab_error(l, ways[i][0], false, ways[i][1], turned.view, NULL);
        worst = fmax(worst, fabs(one / two - 1));
    }
    printf("# a matrix and its transpose: errors apart by %.2g of themselves\n", worst);
    CHECK(worst < 1e-6);
    matrix_finish(&a);
    matrix_finish(&turned);
}

/* Where a source runs all its rounds, so does --paper, though a few in a row bring nothing. */
static void persisting(struct lab *l)
{
    static const struct {
        const char *method, *text;
        size_t rounds;
    } all[] = {
        { "mixed-lplr", "rank=3 left-bits=1 right-bits=1 rounds=30", 30 },
        { "loftq", "rank=3 rounds=30", 30 },
        { "caldera", "rank=3 quantizer=uniform inner-rounds=1 rounds=30", 30 },
    };
    struct matrix a = lab_spectrum(DTYPE_F64, 24, 20, 7, decaying);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const struct method *m = method_find(all[i].method);
        size_t rounds[2];
        double error[2];
        for (int persist = 0; persist < 2; persist++) {
            struct params_any params = lab_params(m, true, all[i].text);
            if (!persist)
                lab_set(m, &params, "persist=off", false);
            struct approximation out = lab_run(l, m, &params, a.view, NULL);
            rounds[persist] = out.results[0].rounds;
            error[persist] = out.error;
            approximation_finish(&out);
        }
        printf("# %s: %zu rounds, %g; all %zu, %g\n", m->name, rounds[0], error[0], rounds[1],
               error[1]);
        CHECK(rounds[0] < all[i].rounds && rounds[1] == all[i].rounds && error[1] <= error[0]);
    }
    matrix_finish(&a);
}

int main(void)
{
    struct lab l;
    int bounds = 0;
    lab_open(&l);
    turned(&l);
    persisting(&l);
    for (size_t i = 0; methods[i]; i++) {
        single_runs(&l, methods[i]);
        every_parameter(&l, methods[i]);
        seeds(&l, methods[i]);
        cancelling(&l, methods[i]);
        failing(&l, methods[i]);
        clamping(&l, methods[i]);
        hostile(&l, methods[i]);
        precisions(&l, methods[i]);
        several(&l, methods[i]);
        int has = bounded(&l, methods[i]);
        if (has)
            unbounded(&l, methods[i]);
        bounds += has;
    }
    CHECK(bounds >= 1);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
