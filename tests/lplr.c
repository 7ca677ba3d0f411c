#include "budget.h"
#include "check.h"
#include "demo.h"
#include "lab.h"
#include "pair.h"
#include "spectrum.h"
#include "split.h"

/* LPLR: budgets, the split of its error, means over seeds on the phantom of side 256,
 * what happens when a factor loses its rank. All in f64. */

static const struct {
    double naive;       /* exact: rounding of six grey levels */
    double identity[2]; /* of the split of the error, relative to ||A||^2 */
} tolerance = { 1e-6, { [DTYPE_F32] = 1e-5, [DTYPE_F64] = 1e-9 } };

/* The largest rank that fits into bits_per_entry, counted as the paper does. */
static int budget(size_t rows, size_t cols, int left, int right, double bits_per_entry)
{
    const struct method *m = method_find("lplr");
    const struct param *rank = param_find(&m->params, "rank");
    struct params_any params = lab_params(m, true, "");
    char text[64];
    struct error err = { 0 };
    snprintf(text, sizeof(text), "left-bits=%d right-bits=%d", left, right);
    lab_set(m, &params, text, false);
    double allowed = bits_per_entry * (double)rows * (double)cols;
    if (!budget_rank_of(m, params.bytes, DTYPE_F64, &(struct budget_shape){ rows, cols }, 1,
                        bits_per_entry, true, &err))
        return -1;
    double at = param_get(rank, params.bytes);
    double now = (double)m->bits(params.bytes, DTYPE_F64, rows, cols, true);
    param_put(rank, params.bytes, at + 1);
    double more = (double)m->bits(params.bytes, DTYPE_F64, rows, cols, true);
    return now <= allowed && more > allowed ? (int)at : -2;
}

static void budgets(void)
{
    CHECK(budget(1000, 1000, 4, 8, 1) == 83);
    CHECK(budget(1000, 1000, 4, 8, 2) == 166);
    CHECK(budget(1000, 1000, 8, 8, 1) == 62);
    CHECK(budget(1000, 1000, 8, 8, 2) == 125);
    CHECK(budget(1000, 1000, 4, 4, 1) == 125);
    CHECK(budget(1534, 1433, 4, 8, 1) == 124);
    CHECK(budget(4096, 4096, 8, 8, 4) == 1024);
    CHECK(budget(11008, 4096, 8, 8, 4) == 1492);
    CHECK(budget(5000, 576, 8, 8, 1) == 64);
}

/* True bits hold the scales as well; a method without a rank, or no room, is refused. */
static void budget_edges(void)
{
    const struct method *m = method_find("lplr"), *naive = method_find("naive");
    const struct param *rank = param_find(&m->params, "rank");
    struct params_any params = lab_params(m, false,
                                          "left-bits=4 right-bits=8 scales=vector rank=7");
    struct error err = { 0 };
    CHECK(budget_rank_of(m, params.bytes, DTYPE_F32, &(struct budget_shape){ 1000, 1000 }, 1, 1,
                         false, &err));
    /* 12000 bits a rank, 64 of scales, and a unit for each factor */
    CHECK(param_get(rank, params.bytes) == 82);
    CHECK(budget_rank_of(m, params.bytes, DTYPE_F32, &(struct budget_shape){ 30, 20 }, 1, 1e6,
                         false, &err));
    CHECK(param_get(rank, params.bytes) == 20);
    CHECK(!budget_rank_of(m, params.bytes, DTYPE_F32, &(struct budget_shape){ 1000, 1000 }, 1,
                          0.001, false, &err));
    CHECK(err.code == ERROR_USAGE && param_get(rank, params.bytes) == 20);
    struct params_any dense = lab_params(naive, false, "");
    CHECK(!budget_rank_of(naive, dense.bytes, DTYPE_F32, &(struct budget_shape){ 10, 10 }, 1, 1,
                          true, &err));
}

static void naive_exact(struct lab *l, struct matrix_view a)
{
    static const double want[] = { .5327845803, .3124318286, .1338993551, .0286313895 };
    for (int bits = 1; bits <= 4; bits++) {
        char text[16];
        snprintf(text, sizeof(text), "bits=%d", bits);
        CHECK_NEAR(lab_error(l, "naive", true, text, a, NULL), want[bits - 1], tolerance.naive);
    }
}

/* Means over seeds: intervals of four to five standard errors about 100-seed means. */
static void means(struct lab *l, struct matrix_view a)
{
    static const struct {
        const char *text;
        double low, high;
    } want[] = { { "left-bits=4 right-bits=8 rank=21", .395, .422 },
                 { "left-bits=8 right-bits=8 rank=16", .431, .463 } };
    for (size_t i = 0; i < 2; i++) {
        double deviation, mean = lab_mean(l, "lplr", true, want[i].text, a, 1, 40, &deviation);
        printf("# lplr %s: %.4f +- %.4f, wanted in [%.3f, %.3f]\n", want[i].text, mean, deviation,
               want[i].low, want[i].high);
        CHECK(mean >= want[i].low && mean <= want[i].high);
    }
}

static void split_identity(struct lab *lab, const char *name, const char *text,
                           struct matrix_view a)
{
    const struct method *m = method_find(name);
    struct params_any params = lab_params(m, true, text);
    struct approximation out = lab_run(lab, m, &params, a, NULL);
    struct split split = split_of(&out.results[0], a);
    printf("# %s %s f%d: gap %.1e, told %.1e, farthest %.4f of what rounding allows, dead %zu\n",
           name, text, a.dtype == DTYPE_F64 ? 64 : 32, split.gap, split.told, split.farthest,
           out.results[0].dead);
    const struct measure *told = &out.results[0].measures[0];
    double sum = told->fitted * told->fitted + told->right_loss * told->right_loss;
    CHECK(fabs(split.gap) <= tolerance.identity[a.dtype]);
    CHECK(fabs(told->error * told->error - sum) <= tolerance.identity[a.dtype]);
    CHECK(split.told <= tolerance.identity[a.dtype]); /* not only their sum */
    CHECK(out.results[0].dead || split.farthest <= 1 + (a.dtype == DTYPE_F64 ? 1e-6 : 1e-2));
    approximation_finish(&out);
}

static double decaying(size_t i)
{
    return 1 / (double)i;
}

static void identities(struct lab *l)
{
    static const char *const settings[] = {
        "left-bits=4 right-bits=8 rank=15",
        "left-bits=8 right-bits=4 rank=15",
        "left-bits=8 right-bits=8 rank=15 symmetric=on rounding=dithered",
        "left-bits=3 right-bits=5 rank=15 scales=vector",
        "left-bits=4 right-bits=4 rank=15 scales=vector rounds=6",
        "left-bits=2 right-bits=3 rank=15 scales=block",
    };
    for (int type = 0; type < 2; type++) {
        struct matrix a = lab_spectrum(type ? DTYPE_F64 : DTYPE_F32, 60, 50, 3, decaying);
        for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
            split_identity(l, "lplr", settings[i], a.view);
            split_identity(l, "lplr-svd", settings[i], a.view);
        }
        matrix_finish(&a);
    }
}

/* With as many bits on either side, A^T rounded with Sigma on the right is A with Sigma on the left. */
static void transposed(struct lab *l)
{
    static const char text[] = "left-bits=5 right-bits=5 rank=15 symmetric=on scales=vector";
    static const char right[] =
        "left-bits=5 right-bits=5 rank=15 symmetric=on scales=vector split=right";
    struct matrix a = lab_spectrum(DTYPE_F64, 60, 50, 3, decaying);
    struct matrix b = lab_matrix(DTYPE_F64, 50, 60);
    matrix_copy(matrix_transposed(a.view), b.view);
    double one = lab_error(l, "direct-svd", true, text, a.view, NULL);
    double other = lab_error(l, "direct-svd", true, right, b.view, NULL);
    CHECK_NEAR(one / other, 1, 1e-4); /* a code or two may fall the other way */
    matrix_finish(&a);
    matrix_finish(&b);
}

/* Columns of a left factor of one or two bits coincide: they are reported, and the error stays
 * that of a rounding, not of a singular system. */
static void rank_deficient(struct lab *l, struct matrix_view a)
{
    double worst = 0;
    size_t dead = 0;
    const struct method *m = method_find("lplr");
    for (int bits = 1; bits <= 2; bits++)
        for (int seed = 1; seed <= 5; seed++) {
            char text[64];
            snprintf(text, sizeof(text), "left-bits=%d right-bits=8 rank=250 seed=%d", bits, seed);
            struct params_any params = lab_params(m, true, text);
            struct approximation out = lab_run(l, m, &params, a, NULL);
            worst = fmax(worst, out.error);
            dead += out.results[0].dead;
            approximation_finish(&out);
        }
    printf("# rank 250 of 256 at 1 and 2 bits: worst error %.3g, %zu dead columns in 10 runs\n",
           worst, dead);
    CHECK(worst < 1);
    CHECK(dead >= 10); /* at 1 bit dozens a run */
}

/* Two factors, and two rounds, never share a draw of the dither. */
static void draws(void)
{
    const struct pair p = { .quantizer = quantizer_at(0),
                            .seed = 5,
                            .rounding = ROUNDING_DITHERED };
    struct coding left = pair_left(&p, 3), right = pair_right(&p, 3), later = pair_left(&p, 4);
    CHECK(left.stream != right.stream && left.stream == later.stream);
    CHECK(left.part != later.part && left.part == right.part);
    CHECK(left.seed == 5 && right.seed == 5);
}

/* Alternation settles long before a hundred rounds, and says how many it took. */
static void settling(struct lab *l)
{
    struct matrix a = lab_spectrum(DTYPE_F64, 40, 30, 3, decaying);
    const struct method *m = method_find("lplr");
    struct params_any params = lab_params(m, false, "rank=6 rounds=100"), one, few;
    one = lab_params(m, false, "rank=6 rounds=1");
    few = lab_params(m, false, "rank=6 rounds=2");
    struct approximation out = lab_run(l, m, &params, a.view, NULL);
    struct approximation first = lab_run(l, m, &one, a.view, NULL);
    struct approximation second = lab_run(l, m, &few, a.view, NULL);
    printf("# errors %.5f, %.5f, %.5f after 1, 2 and %zu rounds\n", first.error, second.error,
           out.error, out.results[0].rounds);
    CHECK(out.results[0].rounds >= 4 && out.results[0].rounds < 100);
    CHECK(first.results[0].rounds == 1 && second.results[0].rounds == 2);
    CHECK(out.error < second.error && second.error < 0.95 * first.error);
    approximation_finish(&out);
    approximation_finish(&first);
    approximation_finish(&second);
    matrix_finish(&a);
}

static double steep(size_t i)
{
    return pow(10, -(double)i / 3);
}

/* Small columns of a tall matrix are of use in single precision as in double. */
static void tall(struct lab *l)
{
    static const char text[] = "left-bits=12 right-bits=12 rank=12";
    struct matrix a = lab_spectrum(DTYPE_F64, 16000, 12, 3, steep);
    struct matrix b = lab_matrix(DTYPE_F32, 16000, 12);
    matrix_copy(a.view, b.view);
    double one = lab_error(l, "lplr-svd", false, text, a.view, NULL);
    double other = lab_error(l, "lplr-svd", false, text, b.view, NULL);
    printf("# 16000 x 12, falling to 2e-4: error %.3g in double, %.3g in single\n", one, other);
    CHECK_NEAR(other / one, 1, 0.05);
    matrix_finish(&a);
    matrix_finish(&b);
}

static double cliff(size_t i)
{
    return pow(10, 1 - (double)i);
}

/* Alternation leaves out singular values below 1 / 5e6 of the first, and says so. */
static void reduced(struct lab *l)
{
    struct matrix a = lab_spectrum(DTYPE_F64, 40, 30, 3, cliff);
    const struct method *m = method_find("lplr-svd");
    struct params_any all = lab_params(m, false, "rank=20 rounds=1"), few;
    few = lab_params(m, false, "rank=20 rounds=2");
    struct approximation one = lab_run(l, m, &all, a.view, NULL);
    struct approximation two = lab_run(l, m, &few, a.view, NULL);
    const struct measure *x = &one.results[0].measures[0], *y = &two.results[0].measures[0];
    printf("# sigma = 10^-i: rank %zu, optimum %.3g, after alternation %zu, %.3g\n",
           one.results[0].rank, x->optimal, two.results[0].rank, y->optimal);
    CHECK(one.results[0].rank == 20 && two.results[0].rank == 7); /* 1 to 1e-6 */
    CHECK(two.bits_true < one.bits_true);
    CHECK_NEAR(y->optimal, 1e-7, 1e-8);
    CHECK(x->optimal < 1e-15);
    approximation_finish(&one);
    approximation_finish(&two);
    matrix_finish(&a);
}

/* The best pair is kept: on the same draws more rounds never do worse, even where a pair
 * is worse than the one before it. */
static bool never_rises(struct lab *l, const char *name, const char *text, struct matrix_view a,
                        const struct svd *svd)
{
    double before = (double)INFINITY;
    bool falls = true;
    for (int rounds = 1; rounds <= 8; rounds++) {
        char with_rounds[128];
        snprintf(with_rounds, sizeof(with_rounds), "%s rounds=%d", text, rounds);
        double error = lab_error(l, name, true, with_rounds, a, svd);
        printf("# %s %s: %.5f\n", name, with_rounds, error);
        falls = falls && error <= before;
        before = error;
    }
    return falls;
}

static void alternation(struct lab *l, struct matrix_view a, const struct svd *svd)
{
    CHECK(never_rises(l, "lplr", "left-bits=4 right-bits=8 rank=21 scales=vector", a, NULL));
    CHECK(never_rises(l, "lplr-svd", "left-bits=8 right-bits=8 rank=16 scales=vector", a, svd));
    CHECK(never_rises(l, "lplr-svd", "left-bits=3 right-bits=3 rank=32", a, svd));
    CHECK(never_rises(l, "lplr", "left-bits=4 right-bits=4 rank=32 rounding=dithered", a, NULL));
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    struct matrix a = lab_matrix(DTYPE_F64, 256, 256);
    demo_phantom(a.view);
    struct svd svd = lab_svd(a.view);
    struct spectrum s = { svd.sigma, svd.n, 256, 256, svd.norm };
    CHECK_NEAR(svd.norm, 63.040305, 1e-6);
    CHECK(spectrum_numerical_rank(&s) == 138);
    budgets();
    budget_edges();
    naive_exact(&l, a.view);
    means(&l, a.view);
    identities(&l);
    transposed(&l);
    rank_deficient(&l, a.view);
    draws();
    settling(&l);
    reduced(&l);
    tall(&l);
    alternation(&l, a.view, &svd);
    svd_finish(&svd);
    matrix_finish(&a);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
