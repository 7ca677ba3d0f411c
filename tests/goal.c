/* Goals: text, verdicts, and the search. Every answer is held against all settings there are. */

#include "goal.h"
#include "check.h"
#include "lab.h"

enum { SETTINGS = 400 };

/* A made-up method: the numbers of every setting are told by a function. */
struct fake {
    double (*error)(long at);
    long overhead; /* bytes of a file beside its parts, of setting `at`: overhead + at % 3 */
    int asked, fail_at;
};

struct fake_params {
    int rank, left_bits, right_bits, rounds;
};

/* clang-format off */
static const struct param fake_rows[] = {
    { PARAM(struct fake_params, rank), .shorthand = "rank", .min = 1, .max = 65536, .def = 8 },
    { PARAM(struct fake_params, left_bits), .shorthand = "B", .min = 1, .max = 24, .def = 4 },
    { PARAM(struct fake_params, right_bits), .shorthand = "B'", .min = 1, .max = 24, .def = 8 },
    { PARAM(struct fake_params, rounds), .shorthand = "rounds", .min = 1, .max = 9, .def = 1 },
};
/* clang-format on */

static uint64_t fake_bits(const void *params, enum dtype dtype, size_t rows, size_t cols,
                          bool paper)
{
    const struct fake_params *p = params;
    (void)dtype;
    (void)paper;
    return (uint64_t)p->rank * (rows * (uint64_t)p->left_bits + cols * (uint64_t)p->right_bits);
}

static const struct method fake = {
    .name = "fake",
    .params = PARAM_TABLE(struct fake_params, fake_rows),
    .bits = fake_bits,
};

static struct goal_numbers fake_numbers(const struct fake *f, const struct fake_params *p)
{
    uint64_t bits = fake_bits(p, DTYPE_F32, SETTINGS, SETTINGS, false);
    double coarse = .4 * exp2(-p->left_bits) + .2 * exp2(-p->right_bits);
    double error = hypot(f->error(p->rank), coarse);
    return (struct goal_numbers){
        .error = error,
        .psnr = -20 * log10(error),
        .ssim = 1 - error,
        .bits = bits,
        .entries = SETTINGS * SETTINGS,
        .bytes = bits / 8 + (uint64_t)f->overhead + (uint64_t)p->rank % 3,
    };
}

static bool fake_measure(void *context, const struct params_any *params, struct goal_numbers *out,
                         struct error *err)
{
    struct fake *f = context;
    struct fake_params p;
    memcpy(&p, params->bytes, sizeof(p));
    if (++f->asked == f->fail_at)
        return fail(err, ERROR_CANCELLED, "stopped");
    *out = fake_numbers(f, &p);
    return true;
}

static double falling(long at)
{
    return 1 / (1 + (double)at);
}

static double u_shaped(long at) /* least at 150 */
{
    return .05 + fabs((double)at - 150) / 500;
}

static double rippled(long at)
{
    return 1 / (1 + (double)at) * (1 + .3 * sin((double)at * 1.7));
}

static double best_error(void *context, size_t rank) /* below the ripples */
{
    (void)context;
    return .7 / (1 + (double)rank);
}

static struct goal_search search_of(struct fake *f, const struct goal *g)
{
    struct goal_search s = { .goal = g,
                             .method = &fake,
                             .axis = &fake_rows[0],
                             .rows = SETTINGS,
                             .cols = SETTINGS,
                             .planes = 1,
                             .measure = fake_measure,
                             .context = f };
    param_defaults(&fake.params, false, s.params.bytes);
    return s;
}

/* Whether the setting meets the goal, by the function itself. */
static bool meets(const struct fake *f, const struct goal *g, long at)
{
    struct fake_params p = { (int)at, 4, 8, 1 };
    struct goal_numbers n = fake_numbers(f, &p);
    return at >= 1 && at <= SETTINGS && goal_met(g, &n);
}

static double error_at(const struct fake *f, long at)
{
    struct fake_params p = { (int)at, 4, 8, 1 };
    return fake_numbers(f, &p).error;
}

/* What must hold of any answer, whatever the function; counts what does not. */
static int wrong_answer(const struct fake *f, const struct goal *g, const struct goal_answer *a)
{
    long at = (long)a->best.at, some = 0;
    bool up = !goal_is_size(g);
    for (long i = 1; i <= SETTINGS; i++)
        some += meets(f, g, i);
    if (!a->best.tried || a->met != meets(f, g, at) || a->tried != (size_t)f->asked)
        return 1;
    if (!a->met)
        return goal_is_size(g) ? at != 1 || some > 0 : a->beside.tried;
    if (up)
        return at > 1 ? meets(f, g, at - 1) || (long)a->beside.at != at - 1 : a->beside.tried;
    if (at < SETTINGS && meets(f, g, at + 1) && error_at(f, at + 1) < error_at(f, at))
        return 1;
    return at < SETTINGS && (long)a->beside.at != at + 1;
}

/* The best answer there is: the least setting that meets a bound on quality, the least error within
 * one on size. */
static bool is_the_best(const struct fake *f, const struct goal *g, const struct goal_answer *a)
{
    for (long i = 1; i <= SETTINGS; i++) {
        bool better = goal_is_size(g) ? error_at(f, i) < error_at(f, (long)a->best.at)
                                      : i < (long)a->best.at;
        if (meets(f, g, i) && (!a->met || better))
            return false;
    }
    return true;
}

static bool parse(const char *text, struct goal *g)
{
    struct error err = { 0 };
    bool ok = goal_parse(text, g, &err);
    if (!ok && (err.code != ERROR_USAGE || !err.text[0]))
        printf("# %s: refused without a word\n", text);
    return ok;
}

static void test_text(void)
{
    static const struct {
        const char *text, *kept;
        enum goal_kind kind;
        double bound;
        bool strict;
    } good[] = {
        { "err<5%", "err<5%", GOAL_ERROR, .05, true },
        { " err <= .05 ", "err<=.05", GOAL_ERROR, .05, false },
        { "psnr>30", "psnr>30", GOAL_PSNR, 30, true },
        { "psnr>-3", "psnr>-3", GOAL_PSNR, -3, true },
        { "ssim>=0.9", "ssim>=0.9", GOAL_SSIM, .9, false },
        { "size<60K", "size<60K", GOAL_SIZE, 60000, true },
        { "size<64Ki", "size<64Ki", GOAL_SIZE, 65536, true },
        { "bits<1.5", "bits<1.5", GOAL_BITS, 1.5, true },
        { "bits<3/2", "bits<3/2", GOAL_BITS, 1.5, true },
        { "energy>95%", "energy>95%", GOAL_ENERGY, .95, true },
    };
    static const char *const bad[] = { "",         "err",     "err<",      "err>5%",  "err<0",
                                       "err<-1",   "psnr<30", "ssim>1",    "size>1",  "size<0",
                                       "energy>2", "err<5%%", "err<m",     "rank<5",  "error<5%",
                                       "errr<5",   "err<1/0", "err<5 % x", "bits<<1", "err=5%" };
    int wrong = 0, taken = 0;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct goal g = { 0 };
        bool ok = goal_looks(good[i].text) && parse(good[i].text, &g) && g.kind == good[i].kind &&
                  fabs(g.bound - good[i].bound) < 1e-12 && g.strict == good[i].strict &&
                  !strcmp(g.text, good[i].kept);
        wrong += !ok;
        if (!ok)
            printf("# %s: %g '%s'\n", good[i].text, g.bound, g.text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct goal g = { 0 };
        bool no = !parse(bad[i], &g);
        taken += !no;
        if (!no)
            printf("# taken: %s\n", bad[i]);
    }
    CHECK(wrong == 0);
    CHECK(taken == 0);
    CHECK(!goal_looks("elbow") && !goal_looks("rank 5") && !goal_looks("bits") && !goal_looks(""));
}

static void test_verdicts(void)
{
    const struct goal_numbers n = {
        .error = .3, .psnr = 30, .ssim = .9, .bits = 12, .entries = 8, .bytes = 100
    };
    static const char *const met[] = { "err<31%",  "err<=0.3",  "psnr>29.9",
                                       "psnr>=30", "ssim>.89",  "size<=100",
                                       "bits<1.6", "bits<=1.5", "energy>90.9%" };
    static const char *const not_met[] = { "err<29%",  "err<0.3",  "psnr>30",
                                           "psnr>31",  "ssim>0.9", "size<100",
                                           "bits<1.5", "bits<1",   "energy>91.1%" };
    int wrong = 0;
    for (size_t i = 0; i < sizeof(met) / sizeof(met[0]); i++) {
        struct goal g, h;
        wrong += !parse(met[i], &g) || !goal_met(&g, &n);
        wrong += !parse(not_met[i], &h) || goal_met(&h, &n);
    }
    CHECK(wrong == 0);
}

/* Where quality rises with the setting, the answer is the best there is. */
static void test_monotone(void)
{
    static const char *const goals[] = { "err<30%",    "err<12%",   "err<50%",  "err<3%",
                                         "err<2.5%",   "err<1%",    "psnr>20",  "psnr>31",
                                         "psnr>60",    "ssim>.9",   "size<60K", "size<2100",
                                         "size<600",   "size<599",  "bits<1.5", "bits<.03",
                                         "bits<.0299", "bits<1e6",  "size<1M",  "energy>99%",
                                         "err<100%",   "energy>5%", "err<=2.6%" };
    int wrong = 0, met = 0;
    size_t most = 0;
    for (size_t i = 0; i < 2 * sizeof(goals) / sizeof(goals[0]); i++) {
        struct fake f = { .error = falling, .overhead = i & 1 ? 7000 : 0 };
        struct goal g;
        struct goal_answer a = { 0 };
        struct error err = { 0 };
        bool ok = parse(goals[i / 2], &g);
        struct goal_search s = search_of(&f, &g);
        s.optimal = i & 1 ? best_error : NULL;
        ok = ok && goal_solve(&s, &a, &err) && !wrong_answer(&f, &g, &a) && is_the_best(&f, &g, &a);
        ok = ok && (!a.met || a.monotone);
        if (!ok)
            printf("# %s: %s at %.0f after %zu\n", goals[i / 2], a.met ? "met" : "not met",
                   a.best.at, a.tried);
        wrong += !ok;
        met += a.met;
        most = a.tried > most ? a.tried : most;
    }
    printf("# %d goals met, at most %zu settings of %d tried\n", met, most, SETTINGS);
    CHECK(wrong == 0);
    CHECK(met > 20 && met < 40 && most <= 26);
}

/* Where it does not, the answer still meets the goal, its neighbour does not, and it is either the
 * best or says that it may not be. */
static void test_not_monotone(void)
{
    double (*const shapes[])(long) = { u_shaped, rippled };
    int wrong = 0, silent = 0, second = 0, unmet = 0;
    for (int i = 0; i < 400; i++) {
        struct fake f = { .error = shapes[i & 1], .overhead = 300 };
        char text[32];
        struct goal g;
        struct goal_answer a = { 0 };
        struct error err = { 0 };
        if (i & 2)
            snprintf(text, sizeof(text), "size<%d", 1500 + 430 * (i / 4));
        else
            snprintf(text, sizeof(text), "err<%.2f%%", 2.6 + .5 * (i / 4));
        bool ok = parse(text, &g);
        struct goal_search s = search_of(&f, &g);
        ok = ok && goal_solve(&s, &a, &err) && !wrong_answer(&f, &g, &a);
        bool best = is_the_best(&f, &g, &a);
        if (!ok)
            printf("# %d %s: %s at %.0f\n", i & 1, text, a.met ? "met" : "not met", a.best.at);
        wrong += !ok;
        unmet += !a.met;
        second += a.met && !best;
        silent += f.error == u_shaped && !best; /* one valley is always found */
    }
    printf("# of 400 goals %d unmet, %d answers were not the very best\n", unmet, second);
    CHECK(wrong == 0);
    CHECK(silent == 0);
    CHECK(unmet > 0 && second < 60);

    struct fake f = { .error = rippled };
    struct goal g;
    struct goal_answer a = { 0 };
    struct error err = { 0 };
    int told = 0;
    for (int i = 0; i < 100; i++) { /* among the ripples some answer sees that there are any */
        char text[32], line[300];
        snprintf(text, sizeof(text), "err<%.2f%%", 2.6 + .2 * i);
        struct goal_search s = search_of(&f, &g);
        if (!parse(text, &g) || !goal_solve(&s, &a, &err))
            break;
        goal_tell(&g, &fake, &fake_rows[0], &a, line, sizeof(line));
        told += !a.monotone && strstr(line, "not monotone") != NULL;
    }
    printf("# %d of 100 answers say that it is not monotone\n", told);
    CHECK(told > 10);
}

/* With the bits searched, too: nothing in 49 x 400 settings is cheaper, and few are tried. */
static void test_bits(void)
{
    static const char *const goals[] = { "err<5%", "err<1.2%", "psnr>30", "size<9K", "bits<.2" };
    for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); i++) {
        struct fake f = { .error = falling, .overhead = 100 };
        struct goal g;
        struct goal_answer a = { 0 };
        struct error err = { 0 };
        CHECK(parse(goals[i], &g));
        struct goal_search s = search_of(&f, &g);
        s.bits = true;
        s.optimal = best_error;
        CHECK(goal_solve(&s, &a, &err) && a.met && goal_met(&g, &a.best.numbers));
        int cheaper = 0;
        for (int at = 1; at <= SETTINGS; at++)
            for (int b = 0; b < 49; b++) {
                struct fake_params p = { at, 2 + b / 7, 2 + b % 7, 1 };
                struct goal_numbers n = fake_numbers(&f, &p);
                bool better = goal_is_size(&g) ? n.error < a.best.numbers.error
                                               : n.bits < a.best.numbers.bits;
                cheaper += goal_met(&g, &n) && better;
            }
        printf("# %s: %zu of 19600 settings tried\n", g.text, a.tried);
        CHECK(cheaper == 0 && a.tried < 500);
    }
}

/* Other axes, and what ends a search. */
static void test_ends(void)
{
    struct fake f = { .error = falling };
    struct goal g;
    struct goal_answer a = { 0 };
    struct error err = { 0 };
    CHECK(parse("err<4.5%", &g));
    struct goal_search s = search_of(&f, &g);
    s.axis = &fake_rows[1];
    param_put(&fake_rows[0], s.params.bytes, 25);
    CHECK(goal_solve(&s, &a, &err) && a.met && a.best.at == 5 && a.beside.at == 4);
    CHECK(param_get(&fake_rows[0], a.best.params.bytes) == 25);
    s.axis = &fake_rows[3]; /* no size, no error depends on it: the smallest */
    CHECK(goal_solve(&s, &a, &err) && !a.met && a.best.at == 1);

    s.axis = &fake_rows[0];
    int stopped = 0;
    for (int i = 1; i < 6; i++) {
        f = (struct fake){ .error = falling, .fail_at = i };
        err = (struct error){ 0 };
        stopped += !goal_solve(&s, &a, &err) && err.code == ERROR_CANCELLED;
    }
    CHECK(stopped == 5);
    atomic_bool cancel = true;
    struct job job = { .cancel = &cancel };
    f = (struct fake){ .error = falling };
    s.job = &job;
    CHECK(!goal_solve(&s, &a, &err) && err.code == ERROR_CANCELLED && f.asked == 0);
    CHECK(goal_axis(&fake) == &fake_rows[0] && goal_axis(method_find("naive")) &&
          !strcmp(goal_axis(method_find("naive"))->key, "bits"));
}

/* Real results. */
struct bench {
    struct lab lab;
    const struct method *method;
    struct matrix a;
    int asked;
};

static bool measure(void *context, const struct params_any *params, struct goal_numbers *out,
                    struct error *err)
{
    struct bench *b = context;
    struct approximation x = { 0 };
    const struct inputs in = { .matrices = &b->a.view, .n = 1 };
    b->asked++;
    if (!approximate(&b->lab.job, b->method, params->bytes, &in, &x, err))
        return false;
    out->error = x.error;
    out->bits = x.bits_true;
    out->entries = x.entries;
    out->bytes = x.bits_true / 8 + 500;
    approximation_finish(&x);
    return true;
}

static double decay(size_t i)
{
    return 1 / (double)i;
}

/* Every method, goals of every kind a matrix can have: the answer against all ranks there are. */
static void test_methods(void)
{
    static const char *const goals[] = { "err<50%", "err<20%", "energy>90%", "bits<3",
                                         "size<2200" };
    enum { ROWS = 40, COLS = 56 };
    struct bench b = { .a = lab_spectrum(DTYPE_F32, ROWS, COLS, 3, decay) };
    int wrong = 0, answers = 0, second = 0;
    lab_open(&b.lab);
    for (size_t i = 0; methods[i]; i++)
        for (size_t j = 0; j < sizeof(goals) / sizeof(goals[0]); j++) {
            struct goal g;
            struct error err = { 0 };
            struct goal_answer a = { 0 };
            b.method = methods[i];
            struct goal_search s = { .goal = &g,
                                     .method = methods[i],
                                     .axis = goal_axis(methods[i]),
                                     .rows = ROWS,
                                     .cols = COLS,
                                     .planes = 1,
                                     .measure = measure,
                                     .context = &b };
            param_defaults(&methods[i]->params, false, s.params.bytes);
            if (!s.axis || (methods[i]->flags & (METHOD_MANY | METHOD_SANDBOX)) ||
                !parse(goals[j], &g))
                continue;
            bool ok = goal_solve(&s, &a, &err), best = true;
            int last = !strcmp(s.axis->key, "rank") ? ROWS : (int)s.axis->max;
            for (int at = 1; ok && at <= last; at++) {
                struct params_any params = s.params;
                struct goal_numbers n = { 0 };
                param_put(s.axis, params.bytes, at);
                ok = measure(&b, &params, &n, &err);
                bool met = goal_met(&g, &n);
                if (at == (int)a.best.at)
                    ok = ok && met == a.met && n.error == a.best.numbers.error &&
                         n.bits == a.best.numbers.bits;
                if (!goal_is_size(&g) && at + 1 == (int)a.best.at && a.met)
                    ok = ok && !met;
                if (met && (!a.met || (goal_is_size(&g) ? n.error < a.best.numbers.error
                                                        : n.bits < a.best.numbers.bits)))
                    best = false;
            }
            if (!ok || !best)
                printf("# %s %s: %s at %.0f of %d, error %g%s\n", methods[i]->name, g.text,
                       a.met ? "met" : "not met", a.best.at, last, a.best.numbers.error,
                       best ? "" : ", not the best there is");
            wrong += !ok;
            second += !best;
            answers += a.met;
        }
    printf("# %d goals met by the methods there are, %d not in the best way\n", answers, second);
    CHECK(wrong == 0);
    CHECK(answers >= 15 && second <= 2);
    matrix_finish(&b.a);
    lab_close(&b.lab);
    CHECK(memory_used() == 0);
}

/* Bits are searched among those that the quantizer has. */
static void test_few_bits(void)
{
    struct bench b = { .a = lab_spectrum(DTYPE_F32, 24, 32, 3, decay),
                       .method = method_find("direct-svd") };
    struct goal g;
    struct error err = { 0 };
    struct goal_answer a = { 0 };
    lab_open(&b.lab);
    CHECK(parse("err<30%", &g));
    struct goal_search s = { .goal = &g,
                             .method = b.method,
                             .axis = goal_axis(b.method),
                             .rows = 24,
                             .cols = 32,
                             .planes = 1,
                             .bits = true,
                             .measure = measure,
                             .context = &b,
                             .params = lab_params(b.method, false, "quantizer=e8p") };
    CHECK(goal_solve(&s, &a, &err) && a.met && a.best.numbers.error < .3);
    const struct param *left = param_find(&b.method->params, "left_bits");
    CHECK(a.met && param_get(left, a.best.params.bytes) >= 2 &&
          param_get(left, a.best.params.bytes) <= 4);
    matrix_finish(&b.a);
    lab_close(&b.lab);
    CHECK(memory_used() == 0);
}

int main(void)
{
    test_few_bits();
    test_text();
    test_verdicts();
    test_monotone();
    test_not_monotone();
    test_bits();
    test_ends();
    test_methods();
    return check_done();
}
