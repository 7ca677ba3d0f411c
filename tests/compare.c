/* Comparisons: what is looked at, what is kept, and why; with made-up methods whose error is known for
 * every setting, and once with all real ones. */

#include "compare.h"
#include "check.h"
#include "lab.h"

enum { SIDE = 200, OVERHEAD = 700 };

struct fake_params {
    int rank, left_bits, right_bits, scales, clip, rounds;
    uint64_t seed;
};
static const char *const fake_scales[] = { "poor", "good", NULL };

/* clang-format off */
static const struct param fake_rows[] = {
    { PARAM(struct fake_params, rank), .min = 1, .max = 65536, .def = 8, .paper = 8 },
    { PARAM(struct fake_params, left_bits), .min = 1, .max = 24, .def = 8, .paper = 4 },
    { PARAM(struct fake_params, right_bits), .min = 1, .max = 24, .def = 8, .paper = 8 },
    { PARAM(struct fake_params, scales), .min = 0, .max = 1, .def = 0, .choices = fake_scales },
    { PARAM(struct fake_params, clip), .min = 0, .max = 1, .def = 0, .choices = fake_scales },
    { PARAM(struct fake_params, rounds), .min = 1, .max = 100, .def = 10, .paper = 1 },
    { PARAM(struct fake_params, seed), .min = 0, .max = 0x1p53, .def = 1, .paper = 1 },
};
/* clang-format on */

static uint64_t fake_bits(const void *params, enum dtype dtype, size_t rows, size_t cols,
                          bool paper)
{
    const struct fake_params *p = params;
    (void)dtype;
    uint64_t scales = paper ? 0 : 64 * (uint64_t)p->scales;
    return (uint64_t)p->rank *
           (rows * (uint64_t)p->left_bits + cols * (uint64_t)p->right_bits + scales);
}

static double fake_tail(size_t rank)
{
    return 1 / (1 + (double)rank);
}

/* Rounding costs the left factor more than the right one; good scales halve it, and so does a good clip,
 * rounds spare some. A constant after the sum does what one column more would. */
static double fake_error(const struct fake_params *p)
{
    double left = .9 * exp2(-p->left_bits), right = .2 * exp2(-p->right_bits);
    double rounding = hypot(left, right) * (1 + .1 / p->rounds);
    rounding *= (p->scales ? .5 : 1) * (p->clip ? .5 : 1);
    return hypot(fake_tail((size_t)p->rank + 1), rounding);
}

static const struct method fake = {
    .name = "fake",
    .params = PARAM_TABLE(struct fake_params, fake_rows),
    .bits = fake_bits,
};

struct whole_params {
    int bits;
};
static const struct param whole_rows[] = {
    { PARAM(struct whole_params, bits), .min = 1, .max = 24, .def = 4, .paper = 4 },
};
static uint64_t whole_bits(const void *params, enum dtype dtype, size_t rows, size_t cols,
                           bool paper)
{
    const struct whole_params *p = params;
    (void)dtype;
    return rows * cols * (uint64_t)p->bits + (paper ? 0 : 64);
}
static const struct method whole = {
    .name = "whole",
    .params = PARAM_TABLE(struct whole_params, whole_rows),
    .bits = whole_bits,
};

struct laid_params {
    double bits_per_entry;
};
static const struct param laid_rows[] = {
    { PARAM(struct laid_params, bits_per_entry), .min = 0, .max = 64, .def = 1, .paper = 1 },
};
static uint64_t laid_bits(const void *params, enum dtype dtype, size_t rows, size_t cols,
                          bool paper)
{
    const struct laid_params *p = params;
    (void)dtype;
    (void)paper;
    return (uint64_t)(p->bits_per_entry * (double)(rows * cols));
}
static const struct method laid = {
    .name = "laid-out",
    .params = PARAM_TABLE(struct laid_params, laid_rows),
    .bits = laid_bits,
};
/* Of one rank, a constant added: between the optimum of that rank and of one more. */
struct shifted_params {
    int rank, order;
};
static const struct param shifted_rows[] = {
    { PARAM(struct shifted_params, rank), .min = 1, .max = 65536, .def = 8, .paper = 8 },
    { PARAM(struct shifted_params, order), .min = 0, .max = 1, .choices = fake_scales },
};
static uint64_t shifted_bits(const void *params, enum dtype dtype, size_t rows, size_t cols,
                             bool paper)
{
    const struct shifted_params *p = params;
    (void)dtype, (void)paper;
    return (uint64_t)p->rank * 16 * (rows + cols);
}
static const struct method shifted = {
    .name = "shifted",
    .params = PARAM_TABLE(struct shifted_params, shifted_rows),
    .bits = shifted_bits,
};
static double shifted_error(const struct params_any *params)
{
    struct shifted_params p;
    memcpy(&p, params->bytes, sizeof(p));
    return hypot(fake_tail((size_t)p.rank + 1), p.order ? 0 : .01);
}
static const struct method many = {
    .name = "many",
    .flags = METHOD_MANY,
    .params = PARAM_TABLE(struct whole_params, whole_rows),
    .bits = whole_bits,
};

/* What the callbacks saw. */
struct seen {
    int coarse, full, found, most_rounds, fail_at;
    enum error_code code;
    bool over; /* a setting above the size was run */
    double typed_scales;
    const struct compare_request *r;
};

static bool start(void *context, const struct method *m, bool paper, struct params_any *out,
                  struct error *err)
{
    const struct seen *s = context;
    (void)err;
    param_defaults(&m->params, paper, out->bytes);
    const struct param *scales = param_find(&m->params, "scales");
    if (scales && s->typed_scales >= 0 && !paper)
        param_put(scales, out->bytes, s->typed_scales);
    return true;
}

static bool fixed(void *context, const char *key)
{
    const struct seen *s = context;
    return s->typed_scales >= 0 && !strcmp(key, "scales");
}

static bool measure(void *context, const struct method *m, const struct params_any *params,
                    bool coarse, struct compare_numbers *out, struct error *err)
{
    struct seen *s = context;
    struct fake_params f;
    struct whole_params w;
    struct laid_params l;
    memcpy(&f, params->bytes, sizeof(f));
    memcpy(&w, params->bytes, sizeof(w));
    memcpy(&l, params->bytes, sizeof(l));
    if (coarse && m == &fake && f.rounds > s->most_rounds)
        s->most_rounds = f.rounds;
    if (++*(coarse ? &s->coarse : &s->full) + (coarse ? s->full : s->coarse) == s->fail_at)
        return fail(err, s->code, "made up");
    uint64_t paper = m->bits(params->bytes, DTYPE_F32, SIDE, SIDE, true);
    uint64_t bits = m->bits(params->bytes, DTYPE_F32, SIDE, SIDE, false);
    *out = (struct compare_numbers){
        .error = m == &fake      ? fake_error(&f)
                 : m == &shifted ? shifted_error(params)
                 : m == &whole   ? exp2(-w.bits)
                                 : exp2(-4 * l.bits_per_entry),
        .tail = m == &fake ? fake_tail((size_t)f.rank) : (double)NAN,
        .left = .03,
        .right = .001,
        .rank = m == &fake || m == &shifted ? (size_t)f.rank : 0, /* the first field of both */
        .columns = m == &fake || m == &shifted ? (size_t)f.rank : 0,
        .bits_paper = paper,
        .bits_true = bits,
        .entries = SIDE * SIDE,
        .bytes = bits / 8 + OVERHEAD,
    };
    double most = s->r->size.amount * SIDE * SIDE;
    s->over |= s->r->size.unit == COMPARE_TRUE    ? (double)bits > most
               : s->r->size.unit == COMPARE_PAPER ? (double)paper > most
                                                  : false;
    return true;
}

static double optimal(void *context, size_t rank)
{
    (void)context;
    return fake_tail(rank);
}

static void found(void *context, const struct compare_row *row)
{
    struct seen *s = context;
    s->found += row->final;
}

static const struct method *const fakes[] = { &many, &fake, &whole, &laid, NULL };

static struct compare_request request_of(struct seen *s, enum compare_unit unit, double amount)
{
    static struct job job;
    return (struct compare_request){
        .methods = fakes,
        .size = { unit, amount },
        .rows = SIDE,
        .cols = SIDE,
        .planes = 1,
        .start = start,
        .fixed = fixed,
        .job = &job,
        .measure = measure,
        .optimal = optimal,
        .found = found,
        .context = s,
    };
}

static struct compare_table run(struct compare_request *r, struct seen *s)
{
    struct compare_table t = { 0 };
    struct error err = { 0 };
    s->r = r;
    if (!compare_run(r, &t, &err))
        printf("# failed: %s\n", err.text);
    return t;
}

/* The least error of the made-up method on the whole grid of bits, good scales and clip or poor ones. */
static double least(const struct compare_request *r, int scales, int clip)
{
    double best = 1;
    static const int bits[] = { 1, 2, 3, 4, 5, 6, 8 };
    for (int i = 0; i < 49; i++) {
        struct params_any params = { 0 };
        struct fake_params p = { 1, bits[i / 7], bits[i % 7], scales, clip, 10, 1 };
        struct error err;
        memcpy(params.bytes, &p, sizeof(p));
        if (!compare_fit(r, &fake, 0, &params, &err))
            continue;
        memcpy(&p, params.bytes, sizeof(p));
        best = fmin(best, fake_error(&p));
    }
    return best;
}

static const struct compare_row *row_of(const struct compare_table *t, const struct method *m,
                                        enum compare_origin origin)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].method == m && t->rows[i].origin == origin)
            return &t->rows[i];
    return NULL;
}

static void test_search(void)
{
    int wrong = 0, spared = 0;
    for (double size = .25; size <= 6; size *= 1.4) {
        struct seen s = { .typed_scales = -1 };
        struct compare_request r = request_of(&s, COMPARE_TRUE, size);
        struct compare_table t = run(&r, &s);
        double best = fmin(fmin(least(&r, 0, 0), least(&r, 1, 0)),
                           fmin(least(&r, 0, 1), least(&r, 1, 1)));
        const struct compare_row *row = NULL;
        for (size_t i = 0; i < t.n && !row; i++)
            if (t.rows[i].method == &fake)
                row = &t.rows[i];
        bool ok = row && row->numbers.error <= best * (1 + 1e-9) && !s.over && s.most_rounds == 2 &&
                  s.found == (int)t.n && s.full == (int)t.n &&
                  t.tried == (size_t)(s.full + s.coarse) && s.coarse < 98;
        if (!ok)
            printf("# size %g: %g, least %g; %d coarse, %d full, %zu rows\n", size,
                   row ? row->numbers.error : -1, best, s.coarse, s.full, t.n);
        wrong += !ok;
        spared += (int)t.spared;
        compare_finish(&t);
    }
    CHECK(wrong == 0); /* the grid's best, by fewer runs than it has cells, at full rounds */
    CHECK(spared > 0); /* and some of them were not needed */
}

static void test_rows(void)
{
    struct seen s = { .typed_scales = -1 };
    struct compare_request r = request_of(&s, COMPARE_TRUE, 2);
    struct compare_table t = run(&r, &s);
    bool sorted = t.n > 1, twice = false;
    for (size_t i = 0; i + 1 < t.n; i++) {
        sorted &= t.rows[i].numbers.error <= t.rows[i + 1].numbers.error;
        for (size_t j = i + 1; j < t.n; j++)
            twice |= t.rows[i].method == t.rows[j].method &&
                     param_equal(&t.rows[i].method->params, &t.rows[i].params, &t.rows[j].params);
    }
    CHECK(sorted && !twice);
    CHECK(!row_of(&t, &many, COMPARE_FOUND) && !row_of(&t, &many, COMPARE_SOURCE));
    const struct compare_row *source = row_of(&t, &fake, COMPARE_SOURCE);
    CHECK(source && param_get(&fake_rows[1], source->params.bytes) == 4 &&
          param_get(&fake_rows[5], source->params.bytes) == 1);
    const struct compare_row *w = row_of(&t, &whole, COMPARE_SOURCE);
    CHECK(w &&
          param_get(&whole_rows[0], w->params.bytes) == 1); /* 2 bits and a range are too much */
    const struct compare_row *l = row_of(&t, &laid, COMPARE_SOURCE);
    CHECK(l && param_get(&laid_rows[0], l->params.bytes) == 2);
    char text[128];
    compare_setting(&fake, &source->params, false, text, sizeof(text));
    CHECK(!strcmp(text, "rank 33, 4+8 bits, rounds 1"));
    printf("# %s\n", text);
    compare_finish(&t);
}

/* What a search says of a method, and that the defaults were run, is the same whoever stands beside it. */
static void test_neighbours(void)
{
    static const struct method *const orders[][4] = { { &fake, NULL },
                                                      { &fake, &laid, &whole, NULL },
                                                      { &laid, &whole, &fake, NULL } };
    struct compare_table t[3];
    int wrong = 0;
    for (int i = 0; i < 3; i++) {
        struct seen s = { .typed_scales = -1 };
        struct compare_request r = request_of(&s, COMPARE_TRUE, 3.4);
        struct params_any usual = { 0 };
        struct error err;
        r.methods = orders[i];
        t[i] = run(&r, &s);
        param_defaults(&fake.params, false, usual.bytes);
        bool there = false, full = true;
        for (size_t j = 0; compare_fit(&r, &fake, 0, &usual, &err) && j < t[i].n; j++) {
            const struct compare_row *row = &t[i].rows[j];
            there |= row->method == &fake && row->origin == COMPARE_DEFAULT &&
                     param_equal(&fake.params, &usual, &row->params);
            full &= row->method != &fake || row->origin == COMPARE_SOURCE ||
                    param_get(&fake_rows[5], row->params.bytes) == 10;
        }
        const struct compare_row *one = row_of(&t[0], &fake, COMPARE_FOUND),
                                 *now = row_of(&t[i], &fake, COMPARE_FOUND);
        wrong += !there || !full || !one || !now ||
                 !param_equal(&fake.params, &one->params, &now->params);
    }
    CHECK(wrong == 0);
    for (int i = 0; i < 3; i++)
        compare_finish(&t[i]);
}

/* The optimum of its own rank does not rule out a setting that adds a constant. */
static void test_shifted(void)
{
    static const struct method *const one[] = { &shifted, NULL };
    struct seen s = { .typed_scales = -1 };
    struct compare_request r = request_of(&s, COMPARE_TRUE, 1);
    r.methods = one;
    struct compare_table t = run(&r, &s);
    CHECK(t.n && param_get(&shifted_rows[1], t.rows[0].params.bytes) == 1);
    compare_finish(&t);
}

static void test_typed(void)
{
    struct seen s = { .typed_scales = 0 };
    struct compare_request r = request_of(&s, COMPARE_TRUE, 2);
    struct compare_table t = run(&r, &s);
    bool kept = t.n > 0;
    for (size_t i = 0; i < t.n; i++)
        kept &= t.rows[i].method != &fake || param_get(&fake_rows[3], t.rows[i].params.bytes) == 0;
    CHECK(kept);
    compare_finish(&t);
}

static void test_sizes(void)
{
    struct seen s = { .typed_scales = -1 };
    struct compare_request paper = request_of(&s, COMPARE_PAPER, 2);
    struct compare_table t = run(&paper, &s);
    const struct compare_row *w = row_of(&t, &whole, COMPARE_SOURCE);
    CHECK(w && param_get(&whole_rows[0], w->params.bytes) == 2 && !s.over);
    compare_finish(&t);

    struct compare_request bytes = request_of(&s, COMPARE_BYTES, 9000);
    t = run(&bytes, &s);
    uint64_t most = 0;
    for (size_t i = 0; i < t.n; i++)
        if (t.rows[i].method == &fake && t.rows[i].numbers.bytes > most)
            most = t.rows[i].numbers.bytes;
    printf("# at most 9000 bytes: %u\n", (unsigned)most);
    CHECK(most <= 9000 && most > 8700); /* a column takes at most 16 bits a row and a column: 300 */
    compare_finish(&t);

    struct compare_request little = request_of(&s, COMPARE_BYTES, 20);
    t = run(&little, &s);
    char why[256];
    compare_reason(&t, why, sizeof(why));
    bool told = t.n_omissions > 0;
    for (size_t i = 0; i < t.n_omissions; i++)
        told &= *t.omissions[i].why != '\0';
    CHECK(t.n == 0 && told && !strcmp(why, "no method fits this size"));
    compare_finish(&t);
}

/* Where nothing fits the one that takes least is named: here the first, with a bit and 2. */
static void test_cheapest(void)
{
    static const struct method *const two[] = { &fake, &whole, NULL };
    struct seen s = { .typed_scales = -1 };
    struct compare_request r = request_of(&s, COMPARE_TRUE, .001);
    r.methods = two;
    struct compare_table t = run(&r, &s);
    const struct compare_omission *o = compare_cheapest(&t);
    CHECK(t.n == 0 && t.n_omissions > 1 && t.omissions[t.n_omissions - 1].method == &whole);
    CHECK(o && o->method == &fake && fabs(o->takes - .02) < 1e-12);
    printf("# %s\n", o ? o->why : "");
    compare_finish(&t);
}

static void test_failures(void)
{
    int wrong = 0, omitted = 0;
    for (int n = 1; n < 60; n++) {
        struct seen s = { .typed_scales = -1, .fail_at = n, .code = ERROR_NUMERIC };
        struct compare_request r = request_of(&s, COMPARE_TRUE, 2);
        struct compare_table t = { 0 };
        struct error err = { 0 };
        s.r = &r;
        bool ok = compare_run(&r, &t, &err), told = s.coarse + s.full < n;
        for (size_t i = 0; i < t.n_omissions; i++)
            told |= !strcmp(t.omissions[i].why, "made up");
        omitted += s.coarse + s.full >= n;
        wrong += !ok || !told;
        compare_finish(&t);

        s = (struct seen){ .typed_scales = -1, .fail_at = n, .code = ERROR_CANCELLED, .r = &r };
        ok = compare_run(&r, &t, &err);
        wrong += s.coarse + s.full >= n ? ok || err.code != ERROR_CANCELLED : !ok;
        compare_finish(&t);
    }
    CHECK(wrong == 0 && omitted > 20);

    atomic_bool stop = true;
    struct job job = { .cancel = &stop };
    struct seen s = { .typed_scales = -1 };
    struct compare_request r = request_of(&s, COMPARE_TRUE, 2);
    struct compare_table t = { 0 };
    struct error err = { 0 };
    r.job = &job;
    s.r = &r;
    CHECK(!compare_run(&r, &t, &err) && err.code == ERROR_CANCELLED && s.coarse + s.full == 0);
    compare_finish(&t);
}

static void test_memory(void)
{
    size_t before = memory_used();
    int failed = 0, wrong = 0;
    for (long n = 0; n < 40; n++) {
        struct seen s = { .typed_scales = -1 };
        struct compare_request r = request_of(&s, COMPARE_TRUE, 2);
        struct compare_table t = { 0 };
        struct error err = { 0 };
        s.r = &r;
        memory_fail_after(n);
        if (!compare_run(&r, &t, &err)) {
            failed++;
            wrong += err.code != ERROR_MEMORY;
        }
        memory_fail_after(-1);
        compare_finish(&t);
        wrong += memory_used() != before;
    }
    CHECK(failed > 5 && wrong == 0);
}

static void test_front(void)
{
    const double size[] = { 1, 2, 2, 3, 3, 1, 4 }, error[] = { .5, .4, .3, .3, .2, .5, .25 };
    const bool want[] = { true, false, true, false, true, true, false };
    bool front[7];
    compare_front(size, error, 7, front);
    CHECK(!memcmp(front, want, sizeof(front)));
}

static void reason_of(double tail, double left, double right, size_t columns, const char *want)
{
    struct compare_row rows[] = {
        { .method = &fake,
          .numbers = { .error = .1,
                       .tail = tail,
                       .left = left,
                       .right = right,
                       .columns = columns } },
        { .method = &fake, .numbers = { .error = .11 } },
        { .method = &whole, .numbers = { .error = .2 } },
    };
    struct compare_table t = { .rows = rows, .n = 3 };
    char text[320];
    compare_reason(&t, text, sizeof(text));
    bool ok = strstr(text, want) && strstr(text, "fake has 50 % less error than whole; ");
    if (!ok)
        printf("# %s\n", text);
    CHECK(ok);
}

static void test_reason(void)
{
    reason_of(.095, .02, .01, 83, "rank 83 is 9.5 %, rounding of L costs 2 %, of R 1 %: more rank");
    reason_of(.02, .09, .01, 83, "more bits would help");
    reason_of(.07, .07, .01, 83, "in balance");
    reason_of(.06, (double)NAN, (double)NAN, 83, "rank 83 is 6 %, rounding costs 8 %: rank and");
    reason_of((double)NAN, (double)NAN, .03, 83, "rounding of R costs 3 %, the rest");
    reason_of((double)NAN, (double)NAN, (double)NAN, 0, "all of its error is rounding");
    reason_of((double)NAN, (double)NAN, (double)NAN, 83, "not known");
}

/* The real methods: what a row says is what a run at its setting gives. */
struct real {
    struct lab lab;
    struct matrix a;
    struct svd svd;
};

static bool real_start(void *context, const struct method *m, bool paper, struct params_any *out,
                       struct error *err)
{
    (void)context;
    (void)err;
    param_defaults(&m->params, paper, out->bytes);
    return true;
}

static bool real_measure(void *context, const struct method *m, const struct params_any *params,
                         bool coarse, struct compare_numbers *out, struct error *err)
{
    struct real *x = context;
    struct approximation a = { 0 };
    struct inputs in = { &x->a.view, 1, coarse ? &x->svd : NULL };
    if (!approximate(&x->lab.job, m, params->bytes, &in, &a, err))
        return false;
    compare_numbers_of(&a, NULL, out);
    approximation_finish(&a);
    return true;
}

static double real_optimal(void *context, size_t rank)
{
    const struct real *x = context;
    struct spectrum s = { x->svd.sigma, x->svd.n, x->a.view.rows, x->a.view.cols, x->svd.norm };
    return spectrum_tail(&s, rank < s.n ? rank : s.n);
}

static double slow(size_t i)
{
    return 1 / (double)i;
}

static void test_real(void)
{
    struct real x = { .a = lab_spectrum(DTYPE_F64, 72, 60, 3, slow) };
    lab_open(&x.lab);
    x.svd = lab_svd(x.a.view);
    struct compare_request r = { .methods = methods,
                                 .size = { COMPARE_TRUE, 2 },
                                 .dtype = DTYPE_F64,
                                 .rows = 72,
                                 .cols = 60,
                                 .planes = 1,
                                 .start = real_start,
                                 .job = &x.lab.job,
                                 .measure = real_measure,
                                 .optimal = real_optimal,
                                 .context = &x };
    struct compare_table t = { 0 };
    struct error err = { 0 };
    bool ok = compare_run(&r, &t, &err);
    int wrong = 0;
    for (size_t i = 0; i < t.n; i++) {
        const struct compare_row *row = &t.rows[i];
        struct approximation a = lab_run(&x.lab, row->method, &row->params, x.a.view, NULL);
        wrong += row->origin == COMPARE_SOURCE && row->method->flags & METHOD_OURS;
        bool same = a.error == row->numbers.error && a.bits_true == row->numbers.bits_true &&
                    a.bits_true <= 2 * 72 * 60;
        if (!same)
            printf("# %s: %g, now %g\n", row->method->name, row->numbers.error, a.error);
        wrong += !same;
        approximation_finish(&a);
    }
    for (size_t i = 0; i < t.n_omissions; i++)
        wrong += !*t.omissions[i].why;
    char why[320];
    compare_reason(&t, why, sizeof(why));
    printf("# %zu rows, %zu runs, %zu spared: %s\n", t.n, t.tried, t.spared, why);
    CHECK(ok && t.n >= 6 && wrong == 0);
    compare_finish(&t);
    svd_finish(&x.svd);
    matrix_finish(&x.a);
    lab_close(&x.lab);
}

/* A few columns far above the others: what is best for Q is not near the defaults. Held against
 * settings that were found by hand. */
static void test_outliers(void)
{
    enum { SIDES = 96 };
    static const struct {
        const char *method, *text;
    } by_hand[] = {
        { "loftq", "bits=3 left-bits=5 right-bits=5 clip=search" },
        { "lqer", "bits=3 left-bits=4 right-bits=4 hadamard=on quantizer=e8p" },
    };
    struct real x = { .a = lab_matrix(DTYPE_F64, SIDES, SIDES) };
    lab_open(&x.lab);
    random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, 1, 1, x.a.view);
    for (size_t i = 0; i < SIDES; i++)
        for (size_t j = 3; j < SIDES; j += 37)
            matrix_put(x.a.view, i, j, 20 * matrix_at(x.a.view, i, j));
    x.svd = lab_svd(x.a.view);
    for (size_t i = 0; i < sizeof(by_hand) / sizeof(by_hand[0]); i++) {
        const struct method *const one[] = { method_find(by_hand[i].method), NULL };
        struct compare_request r = { .methods = one,
                                     .size = { COMPARE_TRUE, 3.6 },
                                     .dtype = DTYPE_F64,
                                     .rows = SIDES,
                                     .cols = SIDES,
                                     .planes = 1,
                                     .start = real_start,
                                     .job = &x.lab.job,
                                     .measure = real_measure,
                                     .context = &x };
        struct compare_table t = { 0 };
        struct error err = { 0 };
        struct params_any hand = lab_params(one[0], false, by_hand[i].text);
        bool ok = compare_run(&r, &t, &err) && compare_fit(&r, one[0], 0, &hand, &err);
        struct approximation a = lab_run(&x.lab, one[0], &hand, x.a.view, NULL);
        printf("# %s: %g found, %g by hand, %zu runs\n", one[0]->name,
               t.n ? t.rows[0].numbers.error : 1, a.error, t.tried);
        CHECK(ok && t.n && t.rows[0].numbers.error <= 1.1 * a.error);
        approximation_finish(&a);
        compare_finish(&t);
    }
    svd_finish(&x.svd);
    matrix_finish(&x.a);
    lab_close(&x.lab);
}

int main(void)
{
    test_front();
    test_search();
    test_rows();
    test_neighbours();
    test_shifted();
    test_typed();
    test_sizes();
    test_cheapest();
    test_failures();
    test_memory();
    test_reason();
    test_real();
    test_outliers();
    return check_done();
}
