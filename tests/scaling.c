#include "check.h"
#include "lab.h"

/* Laws of every method that compare several runs: the size of the entries does not matter, memory
 * is as told, and every parameter does something. */

static double decaying(size_t i)
{
    return 1.0 / (double)i;
}

static struct matrix tall(enum dtype dtype)
{
    return lab_spectrum(dtype, 23, 17, 5, decaying);
}

static struct params_any with(const struct method *m, const char *more)
{
    struct params_any params = lab_params(m, false, "");
    lab_set(m, &params, "rank=5 rounds=3 bits-per-entry=3", true);
    lab_set(m, &params, more, true);
    return params;
}

/* Errors and bounds are relative: a power of two as factor changes neither, until entries
 * lose digits (below 2^-1022 in double precision, where 2^-1030 leaves them a dozen). */
static void scaled(struct lab *l, const struct method *m)
{
    static const int exponents[][2] = { [DTYPE_F32] = { -100, 100 }, [DTYPE_F64] = { -1030, 990 } };
    static const char *const settings[] = { "rank=7 rounds=3",
                                            "rank=7 rounding=dithered symmetric=on scales=tensor "
                                            "sketch=gaussian rounds=1" };
    for (int type = 0; type < 4; type++) {
        enum dtype dtype = type % 2 ? DTYPE_F64 : DTYPE_F32;
        struct params_any params = with(m, settings[type / 2]);
        struct matrix a = tall(dtype), b = tall(dtype);
        struct approximation plain = lab_run(l, m, &params, a.view, NULL);
        double bound = plain.results[0].measures[0].bound;
        for (int end = 0; end < 2; end++) {
            for (size_t i = 0; i < a.view.rows; i++)
                for (size_t j = 0; j < a.view.cols; j++)
                    matrix_put(b.view, i, j, ldexp(matrix_at(a.view, i, j), exponents[dtype][end]));
            struct approximation other = lab_run(l, m, &params, b.view, NULL);
            CHECK_NEAR(other.error / plain.error, 1, 1e-4);
            if (!isnan(bound))
                CHECK_NEAR(other.results[0].measures[0].bound / bound, 1, 1e-4);
            approximation_finish(&other);
        }
        approximation_finish(&plain);
        matrix_finish(&a);
        matrix_finish(&b);
    }
}

/* Finite entries whose norm is not: refused for what it is. */
static void overflowing(struct lab *l, const struct method *m)
{
    struct matrix a = lab_matrix(DTYPE_F64, 4, 4);
    struct params_any params = with(m, "");
    struct inputs in = { &a.view, 1, NULL };
    struct approximation out = { 0 };
    struct error err = { 0 };
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            matrix_put(a.view, i, j, 1e308);
    CHECK(!approximate(&l->job, m, params.bytes, &in, &out, &err) && err.code == ERROR_FORMAT &&
          strstr(err.text, "norm"));
    matrix_finish(&a);
}

/* Of what approximate_memory tells, the share that a run takes. */
static double share_taken(struct lab *l, const struct method *m, enum dtype dtype, size_t rows,
                          size_t cols, const char *settings)
{
    struct matrix a = lab_matrix(dtype, rows, cols);
    struct params_any params = with(m, settings);
    random_fill(SKETCH_GAUSSIAN, 6, STREAM_TEST, 0, 1, a.view);
    lab_suit(m, &a);
    uint64_t told = approximate_memory(m, params.bytes, dtype, a.view.rows, a.view.cols);
    memory_limit(0);
    struct approximation out = lab_run(l, m, &params, a.view, NULL);
    double share = (double)memory_peak() / (double)told;
    if (!(share <= 1))
        printf("# %s, %s: %zu x %zu %s: %zu bytes at most, %llu told\n", m->name,
               backend_name(l->job.backend), rows, cols, settings, memory_peak(),
               (unsigned long long)told);
    approximation_finish(&out);
    matrix_finish(&a);
    return share;
}

/* What --max-memory is held against before a run is what the run then takes, or more. */
static void estimated(struct lab *l, const struct method *m)
{
    static const size_t shapes[][2] = {
        { 300, 200 }, { 200, 300 }, { 2000, 30 }, { 30, 2000 }, { 1030, 1010 }
    };
    static const char *const settings[] = { "rank=1 rounds=2",
                                            "rank=20 rounds=2 hadamard=on normalize=on",
                                            "rank=20 rounds=2", "rank=65536 rounds=2" };
    double most = 0;
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        if (m->flags & METHOD_SANDBOX && shapes[s][1] > 300)
            continue; /* all eigenvectors of a Hermitian matrix: half a minute */
        for (int rank = 0; rank < (shapes[s][0] < 1000 || shapes[s][1] < 1000 ? 4 : 2); rank++)
            for (int type = 0; type < 2; type++)
                most = fmax(most, share_taken(l, m, (enum dtype)type, shapes[s][0], shapes[s][1],
                                              settings[rank]));
    }
    printf("# %s: %.2f of what is told, at most\n", m->name, most);
    CHECK(most <= 1);
}

/* Whether the error, or how many rounds it took, changes when a row is moved, by three at most. */
static bool matters(struct lab *l, const struct method *m, const struct param *p,
                    const char *settings, struct matrix_view a)
{
    /* the least of sizes is too small for any component */
    size_t rounds = 0;
    double first = 0, least = strcmp(p->key, "bits_per_entry") ? p->min : p->def;
    double one = p->kind == PARAM_REAL ? fmin(1, (p->max - least) / 4) : 1;
    bool changed = false;
    for (int step = 0; step < 4 && least + one * step <= p->max && !changed; step++) {
        struct params_any params = with(m, settings);
        param_put(p, params.bytes, least + one * step);
        const struct matrix_view parts[] = { matrix_block(a, 0, 0, 9, a.cols),
                                             matrix_block(a, 9, 0, a.rows - 9, a.cols) };
        const struct inputs two = { parts, 2, NULL }, whole = { &a, 1, NULL };
        struct approximation out = { 0 };
        struct error err = { 0 };
        if (!approximate(&l->job, m, params.bytes, m->flags & METHOD_MANY ? &two : &whole, &out,
                         &err)) {
            printf("Bail out! %s: %s\n", m->name, err.text);
            exit(1);
        }
        first = step ? first : out.error;
        rounds = step ? rounds : out.results[0].rounds;
        changed = out.error != first || out.results[0].rounds != rounds;
        approximation_finish(&out);
    }
    return changed;
}

/* A row that is moved changes the result of one of these at least: none is dropped on its way. */
static void every_parameter_matters(struct lab *l, const struct method *m)
{
    static const char *const settings[] = {
        "rounding=dithered", "",       "quantizer=uniform", "bits-per-entry=8", "bits=4",
        "rounds=30",         "rank=17"
    };
    struct matrix a = tall(DTYPE_F64);
    lab_suit(m, &a);
    bool all = true;
    for (size_t i = 0; i < m->params.n; i++) {
        const struct param *p = &m->params.rows[i];
        /* "exact" picks a road to the same result */
        bool one = p->min == p->max || !strcmp(p->key, "exact");
        /* of the covariance, which the method gets ready */
        one = one || !strcmp(p->key, "centre") || !strcmp(p->key, "input");
        for (size_t k = 0; k < sizeof(settings) / sizeof(settings[0]); k++)
            one = one || matters(l, m, p, settings[k], a.view);
        if (!one)
            printf("# %s: --%s changes nothing\n", m->name, p->key);
        all = all && one;
    }
    CHECK(all);
    matrix_finish(&a);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    for (size_t i = 0; methods[i]; i++) {
        printf("# %s\n", methods[i]->name);
        if (!(methods[i]->flags & METHOD_SANDBOX)) /* whose noise has a size of its own */
            scaled(&l, methods[i]);
        overflowing(&l, methods[i]);
        estimated(&l, methods[i]);
        every_parameter_matters(&l, methods[i]);
    }
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
