#include "budget.h"
#include "check.h"
#include "demo.h"
#include "lab.h"
#include "spectrum.h"

/* The phantom in f64: what has a closed form or no seed. */

static const struct {
    double naive;
    double fixture; /* of a number without a seed */
    double vector;  /* one range a vector: ours are f16, rounded outwards, so steps are wider */
    double alternation;
    double digits; /* of singular values given with four of them */
    double tied;   /* of a fixture that ties decide, relative; 2.4 % seen */
} tolerance = { 1e-6, 5e-4, 2e-3, 3e-3, 1e-4, 3e-2 };

static void fingerprints(struct matrix_view a, const struct svd *svd)
{
    struct spectrum s = { svd->sigma, svd->n, a.rows, a.cols, svd->norm };
    CHECK(spectrum_numerical_rank(&s) == 539);
    CHECK_NEAR(svd->norm, 247.188673, 1e-5 / 247);
    static const double sigma[] = { 161.0811, 85.8980, 67.7792, 51.1707 };
    for (int i = 0; i < 4; i++)
        CHECK(fabs(svd->sigma[i] - sigma[i]) <= tolerance.digits);
    CHECK_NEAR(spectrum_tail(&s, 62), .13826, 1e-5);
    CHECK_NEAR(spectrum_tail(&s, 83), .11496, 1e-5);
    CHECK_NEAR(spectrum_tail(&s, 250), .02595, 1e-5);
}

static void naive_exact(struct lab *l, struct matrix_view a)
{
    static const double want[] = { .5322897045, .3121961555, .1337983523, .0285995964 };
    for (int bits = 1; bits <= 4; bits++) {
        char text[16];
        snprintf(text, sizeof(text), "bits=%d", bits);
        CHECK_NEAR(lab_error(l, "naive", true, text, a, NULL), want[bits - 1], tolerance.naive);
    }
}

/* Symmetric range, nearest, one range a factor. No sign of a singular vector should matter,
 * but in the rows and columns outside the head the factors hold nothing but dust of 1e-17,
 * next to a tie between the two levels about zero: whether that is absorbed decides
 * the code. The numbers marked as tied differ from the reference by more than 5e-4 under some
 * of LAPACK's kernels and numbers of threads, whichever signs are taken (its own signs bring 17
 * to 23 of the 24 within 5e-4, ours 15 to 17). They are held to what they are: near the
 * reference, and no further from it than draws of the signs are from each other. */
enum { DRAWS = 6, NUMBERS = 3 }; /* the first draw is the program's own */

struct fixture {
    int left, right, rank;
    double want[NUMBERS]; /* DSVD, Sigma left; DSVD, Sigma right; LSVD */
    bool tied[NUMBERS];
};

static void flip_signs(struct svd *s, uint64_t draw)
{
    struct matrix one = lab_matrix(DTYPE_F64, 1, s->n);
    random_fill(SKETCH_RADEMACHER, draw, STREAM_TEST, 0, 1, one.view);
    for (size_t k = 0; k < s->n; k++) {
        double sign = matrix_at(one.view, 0, k);
        for (size_t i = 0; i < s->u.view.rows; i++)
            matrix_put(s->u.view, i, k, sign * matrix_at(s->u.view, i, k));
        for (size_t j = 0; j < s->vt.view.cols; j++)
            matrix_put(s->vt.view, k, j, sign * matrix_at(s->vt.view, k, j));
    }
    matrix_finish(&one);
}

static void measure(struct lab *l, const struct fixture *f, struct matrix_view a,
                    const struct svd *svd, double got[NUMBERS])
{
    char left[96], right[128];
    snprintf(left, sizeof(left), "left-bits=%d right-bits=%d rank=%d symmetric=on", f->left,
             f->right, f->rank);
    snprintf(right, sizeof(right), "%s split=right", left);
    got[0] = lab_error(l, "direct-svd", true, left, a, svd);
    got[1] = lab_error(l, "direct-svd", true, right, a, svd);
    got[2] = lab_error(l, "lplr-svd", true, left, a, svd);
}

static void hold(const struct fixture *f, double got[][NUMBERS], int number)
{
    static const char *const names[] = { "DSVD left", "DSVD right", "LSVD" };
    double low = got[0][number], high = low, want = f->want[number];
    for (int i = 1; i < DRAWS; i++) {
        low = fmin(low, got[i][number]);
        high = fmax(high, got[i][number]);
    }
    printf("# (%d,%d,%d) %s: %.5f, wanted %.5f; other signs %.5f to %.5f%s\n", f->left, f->right,
           f->rank, names[number], got[0][number], want, low, high,
           f->tied[number] ? ": decided by ties" : "");
    double room = high - low; /* another LAPACK's dust moves all draws by as much again */
    if (!f->tied[number]) {
        CHECK(fabs(got[0][number] - want) <= tolerance.fixture);
        return;
    }
    CHECK(fabs(got[0][number] - want) <= tolerance.tied * want);
    CHECK(want >= low - fmax(room, tolerance.fixture) &&
          want <= high + fmax(room, tolerance.fixture));
}

static void sign_free(struct lab *l, const struct fixture *f, size_t n, struct matrix_view a,
                      struct svd *svd)
{
    double got[4][DRAWS][NUMBERS];
    for (int draw = 0; draw < DRAWS; draw++) {
        if (draw)
            flip_signs(svd, (uint64_t)draw);
        for (size_t i = 0; i < n; i++)
            measure(l, &f[i], a, svd, got[i][draw]);
        if (draw)
            flip_signs(svd, (uint64_t)draw); /* and back */
    }
    for (size_t i = 0; i < n; i++)
        for (int number = 0; number < NUMBERS; number++)
            hold(&f[i], got[i], number);
}

static const struct fixture large[] = {
    { 4, 8, 83, { .69029, .29032, .25156 }, { false, false, true } },
    { 8, 4, 83, { .36704, .77939, .35852 }, { false, false, true } },
    { 8, 8, 62, { .14237, .14317, .14190 }, { false } },
    { 4, 4, 125, { 1.29307, 1.10383, .65924 }, { true, true, true } },
};
static const struct fixture small[] = {
    { 4, 8, 21, { .35868, .30053, .31136 }, { false, false, true } },
    { 8, 4, 21, { .31489, .41944, .31481 }, { false } },
    { 8, 8, 16, { .27798, .27811, .27796 }, { false } },
    { 4, 4, 32, { .54351, .53466, .37360 }, { true, true, true } },
};

/* A range for each column of L and row of R. */
static void per_vector(struct lab *l, struct matrix_view a, const struct svd *svd)
{
    static const struct {
        const char *text;
        double lsvd, dsvd;
    } want[] = { { "left-bits=4 right-bits=8 rank=83 scales=vector", .1329, .1393 },
                 { "left-bits=8 right-bits=8 rank=62 scales=vector", .13842, .13842 },
                 { "left-bits=4 right-bits=4 rank=125 scales=vector", .1298, .1393 } };
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        double lsvd = lab_error(l, "lplr-svd", true, want[i].text, a, svd);
        double dsvd = lab_error(l, "direct-svd", true, want[i].text, a, svd);
        printf("# %s: LSVD %.5f (%.5f) DSVD %.5f (%.5f)\n", want[i].text, lsvd, want[i].lsvd, dsvd,
               want[i].dsvd);
        CHECK_NEAR(lsvd, want[i].lsvd, tolerance.vector);
        CHECK_NEAR(dsvd, want[i].dsvd, tolerance.vector);
    }
}

/* Ten rounds of alternation, the best pair kept, one range a vector. */
static void alternation(struct lab *l, struct matrix_view a, const struct svd *svd)
{
    static const char four[] = "left-bits=4 right-bits=4 rank=125 scales=vector rounds=10";
    static const char eight[] = "left-bits=4 right-bits=8 rank=83 scales=vector rounds=10";
    double first = lab_error(l, "lplr-svd", true, four, a, svd);
    double second = lab_error(l, "lplr-svd", true, eight, a, svd);
    printf("# ten rounds: %.5f (.1249), %.5f (.1278)\n", first, second);
    CHECK(fabs(first - .1249) <= tolerance.alternation);
    CHECK(fabs(second - .1278) <= tolerance.alternation);
}

/* What a reproduction must show, whatever the signs: at (4, 8) the sketch beats the rounded
 * SVD, and naive rounding is the worst; at (8, 8) both SVDs beat the sketch. */
static void ordering(struct lab *l, struct matrix_view a, const struct svd *svd)
{
    static const char low[] = "left-bits=4 right-bits=8 rank=83";
    static const char high[] = "left-bits=8 right-bits=8 rank=62";
    double lplr = lab_error(l, "lplr", true, low, a, NULL);
    double dsvd = lab_error(l, "direct-svd", true, low, a, svd);
    double naive = lab_error(l, "naive", true, "bits=1", a, NULL);
    printf("# (4,8,83): LPLR %.4f < DSVD %.4f < NQ %.4f\n", lplr, dsvd, naive);
    CHECK(lplr < dsvd && dsvd < naive);
    lplr = lab_error(l, "lplr", true, high, a, NULL);
    dsvd = lab_error(l, "direct-svd", true, high, a, svd);
    double lsvd = lab_error(l, "lplr-svd", true, high, a, svd);
    printf("# (8,8,62): LSVD %.4f, DSVD %.4f < LPLR %.4f\n", lsvd, dsvd, lplr);
    CHECK(lsvd < lplr && dsvd < lplr);
}

/* One true bit per entry, scales included: the better settings beside the paper's. */
static void one_bit(struct lab *l, struct matrix_view a, const struct svd *svd)
{
    static const int bits[][2] = { { 4, 4 }, { 4, 8 }, { 5, 5 }, { 6, 6 }, { 8, 8 } };
    const struct method *m = method_find("lplr-svd");
    const struct param *rank = param_find(&m->params, "rank");
    double best = (double)INFINITY, ours = (double)INFINITY;
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        char text[96];
        struct error err = { 0 };
        snprintf(text, sizeof(text), "left-bits=%d right-bits=%d scales=vector", bits[i][0],
                 bits[i][1]);
        struct params_any params = lab_params(m, false, text);
        CHECK(budget_rank_of(m, params.bytes, a.dtype, &(struct budget_shape){ a.rows, a.cols }, 1,
                             1, false, &err));
        struct approximation out = lab_run(l, m, &params, a, svd);
        printf("# lplr-svd %s rank=%g: %.5f at %.4f true bits per entry, %zu rounds\n", text,
               param_get(rank, params.bytes), out.error, (double)out.bits_true / 1e6,
               out.results[0].rounds);
        best = fmin(best, out.error);
        if (bits[i][0] == 5)
            ours = out.error;
        approximation_finish(&out);
    }
    CHECK(best <= .14);
    CHECK(ours == best); /* the default bits are the best ones */
}

/* Bits dealt out by component: the reference reaches .1015 and .049 with a refit, by its own count. */
static void water_filling(struct lab *l, struct matrix_view a, const struct svd *svd)
{
    static const struct {
        double bits, most;
    } want[] = { { 1, .105 }, { 2, .052 } };
    const struct method *m = method_find("water-filling");
    for (size_t i = 0; i < 2; i++) {
        struct params_any params = lab_params(m, false, "rounds=2");
        struct error err = { 0 };
        CHECK(budget_rank_of(m, params.bytes, a.dtype, &(struct budget_shape){ a.rows, a.cols }, 1,
                             want[i].bits, false, &err));
        struct approximation out = lab_run(l, m, &params, a, svd);
        double bits = (double)out.bits_true / (double)out.entries;
        printf("# water-filling, 2 rounds: %.5f at %.4f true bits per entry, rank %zu\n", out.error,
               bits, out.results[0].rank);
        CHECK(out.error <= want[i].most);
        CHECK(bits <= want[i].bits && bits > 0.99 * want[i].bits);
        approximation_finish(&out);
    }
}

static void side_256(struct lab *l)
{
    static const char four[] = "left-bits=4 right-bits=4 rank=32 scales=vector";
    static const char eight[] = "left-bits=8 right-bits=8 rank=16 scales=vector";
    struct matrix a = lab_matrix(DTYPE_F64, 256, 256);
    demo_phantom(a.view);
    struct svd svd = lab_svd(a.view);
    sign_free(l, small, 4, a.view, &svd);
    CHECK_NEAR(lab_error(l, "lplr-svd", true, four, a.view, &svd), .1958, tolerance.vector);
    CHECK_NEAR(lab_error(l, "direct-svd", true, four, a.view, &svd), .1992, tolerance.vector);
    CHECK_NEAR(lab_error(l, "lplr-svd", true, eight, a.view, &svd), .2774, tolerance.vector);
    svd_finish(&svd);
    matrix_finish(&a);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    side_256(&l);
    struct matrix a = lab_matrix(DTYPE_F64, 1000, 1000);
    demo_phantom(a.view);
    struct svd svd = lab_svd(a.view);
    fingerprints(a.view, &svd);
    naive_exact(&l, a.view);
    sign_free(&l, large, 4, a.view, &svd);
    per_vector(&l, a.view, &svd);
    alternation(&l, a.view, &svd);
    ordering(&l, a.view, &svd);
    one_bit(&l, a.view, &svd);
    water_filling(&l, a.view, &svd);
    svd_finish(&svd);
    matrix_finish(&a);
    lab_close(&l);
    return check_done();
}
