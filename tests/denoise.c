#include "denoise.h"
#include "check.h"
#include "lab.h"

/* The denoise lab: its rules and its marks against figures of an independent program (256 x 256, rank 8, noise
 * .02), sums over ranks against cuts that were made, thresholds of other shapes, what fails. */

enum { SEEDS = 20, RANK = 8 };

static struct denoise lab_mark(struct lab *l, struct matrix_view w, struct matrix_view core,
                               double mark, uint64_t seed)
{
    struct denoise d;
    struct error err = { 0 };
    if (!denoise_init(&d, &l->job, w, core, mark, seed, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return d;
}

static void make(uint64_t seed, struct matrix *core, struct matrix *noisy)
{
    struct error err = { 0 };
    *core = *noisy = (struct matrix){ 0 };
    if (!denoise_make(&denoise_made, seed, core, noisy, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
}

/* What is seen over all seeds. */
struct seen {
    size_t right[DENOISE_RULES];           /* seeds whose rule said RANK */
    double threshold[DENOISE_RULES];       /* their mean */
    double fall_least, fall_most;          /* error before over after */
    double before_least, before_most;      /* of the weak mark */
    size_t before_usual;                   /* seeds in the range that was measured once */
    double before_mean, before_square;     /* moments in deviations of x^T (W_0 + N) y, from .6 */
    double after_mean, after_most;         /* of it, |response| */
    double strong_least, strong_most;      /* after over before */
    double strong_error, unmarked, theory; /* means of errors at RANK */
};

static void look(struct lab *l, uint64_t seed, struct seen *s)
{
    struct matrix core, noisy;
    make(seed, &core, &noisy);
    struct denoise plain = lab_mark(l, noisy.view, core.view, 0, seed);
    struct denoise weak = lab_mark(l, noisy.view, core.view, .6, seed);
    struct denoise strong = lab_mark(l, noisy.view, core.view, 3, seed);
    struct spectrum sp = denoise_spectrum(&plain);
    for (size_t r = 0; r < DENOISE_RULES; r++) {
        double t = denoise_threshold((enum denoise_rule)r, &sp, denoise_made.noise);
        s->threshold[r] += t / SEEDS;
        s->right[r] += denoise_rank(&sp, t) == RANK;
    }
    double fall = plain.error[plain.n] / plain.error[RANK], after = fabs(weak.after[RANK]),
           strength = strong.after[RANK] / strong.before;
    s->fall_least = fmin(s->fall_least, fall);
    s->fall_most = fmax(s->fall_most, fall);
    s->before_least = fmin(s->before_least, weak.before);
    s->before_most = fmax(s->before_most, weak.before);
    double apart = (weak.before - .6) / hypot(plain.core / 256, denoise_made.noise);
    s->before_usual += weak.before >= .53 && weak.before <= .70;
    s->before_mean += apart / SEEDS;
    s->before_square += apart * apart / SEEDS;
    s->after_mean += after / SEEDS;
    s->after_most = fmax(s->after_most, after);
    s->strong_least = fmin(s->strong_least, strength);
    s->strong_most = fmax(s->strong_most, strength);
    s->strong_error += strong.error[RANK] / SEEDS;
    s->unmarked += plain.error[RANK] / SEEDS;
    s->theory = denoise_made.noise * sqrt(2.0 * 256 * RANK) / plain.core;
    denoise_finish(&plain);
    denoise_finish(&weak);
    denoise_finish(&strong);
    matrix_finish(&core);
    matrix_finish(&noisy);
}

static void figures(struct lab *l)
{
    struct seen s = { .fall_least = 99, .before_least = 99, .strong_least = 99 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        look(l, seed, &s);
    printf("# rank 8 by mp %zu, known %zu, median %zu of %d seeds; thresholds %.3f %.3f %.3f\n",
           s.right[0], s.right[1], s.right[2], SEEDS, s.threshold[0], s.threshold[1],
           s.threshold[2]);
    printf("# error to the core falls %.3f to %.3f times, to %.4f (theory %.4f)\n", s.fall_least,
           s.fall_most, s.unmarked, s.theory);
    printf("# mark .6: response %.3f to %.3f, after %.4f in the mean, %.4f at most\n",
           s.before_least, s.before_most, s.after_mean, s.after_most);
    printf("# mark 3: after / before %.4f to %.4f; error to the core %.4f\n", s.strong_least,
           s.strong_most, s.strong_error);
    CHECK(s.right[DENOISE_MP] >= 19 && s.right[DENOISE_KNOWN] >= 19 &&
          s.right[DENOISE_MEDIAN] >= 19);
    CHECK_NEAR(s.threshold[DENOISE_MP], .640, 1e-9);
    CHECK_NEAR(s.threshold[DENOISE_KNOWN], .739, 5e-4);
    CHECK_NEAR(s.threshold[DENOISE_MEDIAN], .752, 8e-3);
    CHECK(s.fall_least >= 3.80 && s.fall_most <= 4.10);
    CHECK_NEAR(s.unmarked, s.theory, 6e-3);
    CHECK(s.before_usual >= 19); /* a range of draws holds almost all others; their law follows */
    CHECK(fabs(s.before_mean) < 3 / sqrt(SEEDS) && s.before_square > .3 && s.before_square < 2.2);
    CHECK(s.after_mean <= .08 && s.after_most <= .2);
    CHECK(s.strong_least >= .98 && s.strong_most <= 1.01);
    CHECK_NEAR(s.strong_error, .446, 1e-2);
}

/* Against cuts that are made and subtracted. */
static void by_hand(struct lab *l, size_t rows, size_t cols)
{
    struct matrix w = lab_matrix(DTYPE_F64, rows, cols), core = lab_matrix(DTYPE_F64, rows, cols);
    random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, 1, 1, w.view);
    random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, 2, 1, core.view);
    struct denoise d = lab_mark(l, w.view, core.view, 2.5, 9),
                   none = lab_mark(l, w.view, core.view, 0, 9);
    double apart = fabs(d.before - none.before - 2.5); /* x and y are of norm 1 */
    apart = fmax(apart, fabs(d.after[d.n] - d.before));
    /* The marked matrix has gained a rank-one matrix of norm 2.5; its last cut is itself. */
    double inner = none.norm * none.norm + 2 * 2.5 * none.before + 2.5 * 2.5;
    apart = fmax(apart, fabs(d.norm * d.norm - inner) / inner);
    struct svd s = lab_svd(w.view);
    for (size_t k = 0; k <= none.n; k++) {
        double squares = 0;
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < cols; j++) {
                double x = -matrix_at(core.view, i, j);
                for (size_t c = 0; c < k; c++)
                    x += s.sigma[c] * matrix_at(s.u.view, i, c) * matrix_at(s.vt.view, c, j);
                squares += x * x;
            }
        apart = fmax(apart, fabs(none.error[k] - sqrt(squares) / matrix_norm(core.view)));
    }
    printf("# %zu x %zu: %.1e apart\n", rows, cols, apart);
    CHECK(apart < 1e-12);
    denoise_finish(&d);
    denoise_finish(&none);
    svd_finish(&s);
    matrix_finish(&w);
    matrix_finish(&core);
}

/* omega(beta) against the cubic that Gavish and Donoho print for it (good to .02), and noise alone. */
static void shapes(struct lab *l)
{
    static const size_t sides[][2] = { { 200, 200 }, { 60, 200 }, { 200, 100 }, { 20, 300 } };
    double most = 0, bent = 0;
    size_t kept[DENOISE_RULES] = { 0 };
    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        size_t m = sides[i][0], n = sides[i][1], least = m < n ? m : n;
        struct matrix w = lab_matrix(DTYPE_F64, m, n);
        random_fill(SKETCH_GAUSSIAN, 3, STREAM_TEST, (uint32_t)i, .3, w.view);
        struct denoise d = lab_mark(l, w.view, w.view, 0, 1);
        struct spectrum s = denoise_spectrum(&d);
        double b = (double)least / (double)(m > n ? m : n),
               cubic = .56 * b * b * b - .95 * b * b + 1.82 * b + 1.43,
               median = (s.sigma[(least - 1) / 2] + s.sigma[least / 2]) / 2;
        most = fmax(most, fabs(denoise_threshold(DENOISE_MEDIAN, &s, .3) / median - cubic));
        /* s from the spectrum is about s */
        bent = fmax(bent, fabs(denoise_threshold(DENOISE_MP, &s, (double)NAN) /
                                   denoise_threshold(DENOISE_MP, &s, .3) -
                               1));
        for (size_t r = 0; r < DENOISE_RULES; r++)
            kept[r] += denoise_rank(&s, denoise_threshold((enum denoise_rule)r, &s, .3));
        CHECK(isnan(denoise_threshold(DENOISE_KNOWN, &s, (double)NAN)));
        denoise_finish(&d);
        matrix_finish(&w);
    }
    printf("# omega(beta) %.4f from the cubic; s from the spectrum off by %.3f; of noise alone mp "
           "keeps %zu\n",
           most, bent, kept[DENOISE_MP]);
    CHECK(most < .02 && bent < .05);
    CHECK(kept[DENOISE_KNOWN] == 0 && kept[DENOISE_MEDIAN] == 0 && kept[DENOISE_MP] <= 2);
}

/* Marks in noise alone: what their singular value is, and from where on they show. */
static void visible(struct lab *l)
{
    enum { ROWS = 300, COLS = 150 };
    struct matrix w = lab_matrix(DTYPE_F64, ROWS, COLS), zero = lab_matrix(DTYPE_F64, ROWS, COLS);
    double s = .1, least = denoise_visible(ROWS, COLS, s), off = 0, shown[3];
    random_fill(SKETCH_GAUSSIAN, 8, STREAM_TEST, 1, s, w.view);
    for (size_t i = 0; i < 3; i++) { /* of 0.5, 1.5 and 2.5 times the least */
        double a = least * (.5 + (double)i), square = a * a;
        struct denoise d = lab_mark(l, w.view, zero.view, a, 4);
        struct spectrum sp = denoise_spectrum(&d);
        shown[i] = (double)denoise_rank(&sp, 1.03 * denoise_threshold(DENOISE_MP, &sp, s));
        if (i)
            off = fmax(
                off,
                fabs(d.sigma[0] * a / sqrt((square + ROWS * s * s) * (square + COLS * s * s)) - 1));
        printf("# mark %.2f times the least: sigma_1 %.4f, edge %.4f\n", .5 + (double)i, d.sigma[0],
               denoise_threshold(DENOISE_MP, &sp, s));
        denoise_finish(&d);
    }
    CHECK(shown[0] == 0 && shown[1] == 1 && shown[2] == 1);
    CHECK(off < .03);
    matrix_finish(&w);
    matrix_finish(&zero);
}

static void ends(struct lab *l)
{
    struct matrix zero = lab_matrix(DTYPE_F64, 7, 4), empty = lab_matrix(DTYPE_F64, 0, 4);
    struct denoise d = lab_mark(l, zero.view, zero.view, 0, 1);
    struct spectrum s = denoise_spectrum(&d);
    CHECK(d.error[0] == 0 && d.error[4] == 0 && d.before == 0);
    CHECK(denoise_rank(&s, denoise_threshold(DENOISE_MP, &s, .1)) == 0);
    CHECK(denoise_rank(&s, (double)NAN) == 4);
    denoise_finish(&d);
    d = lab_mark(l, zero.view, zero.view, 2, 1);
    CHECK(fabs(d.before - 2) < 1e-12 && fabs(d.after[1] - 2) < 1e-12 && d.error[0] == 0);
    denoise_finish(&d);
    d = lab_mark(l, empty.view, empty.view, 1, 1);
    s = denoise_spectrum(&d);
    CHECK(d.n == 0 && d.after[0] == 0 && isnan(denoise_threshold(DENOISE_MP, &s, 1)));
    denoise_finish(&d);
    matrix_finish(&zero);
    matrix_finish(&empty);
}

/* Every allocation fails once: nothing is left. */
static void failing(struct lab *l)
{
    struct matrix core, noisy;
    make(1, &core, &noisy);
    struct matrix_view w = matrix_block(noisy.view, 0, 0, 20, 12);
    size_t before = memory_used(), failed = 0, left = 0;
    bool done = false;
    for (long n = 0; !done && n < 100; n++) {
        struct denoise d;
        struct matrix a = { 0 }, b = { 0 };
        struct error err = { 0 };
        memory_fail_after(n);
        bool made = denoise_make(&(struct denoise_made){ 12, 1, 2, 1, .1 }, 3, &a, &b, &err);
        done = made && denoise_init(&d, &l->job, w, w, 1, 1, &err);
        memory_fail_after(-1);
        failed += !done && err.code == ERROR_MEMORY;
        if (done)
            denoise_finish(&d);
        matrix_finish(&a);
        matrix_finish(&b);
        left += memory_used() != before;
    }
    printf("# %zu allocations\n", failed);
    CHECK(done && failed > 8 && !left);
    atomic_bool stop = true;
    struct job job = { .cancel = &stop };
    struct denoise d;
    struct error err = { 0 };
    CHECK(!denoise_init(&d, &job, w, w, 1, 1, &err) && err.code == ERROR_CANCELLED && !d.sigma &&
          memory_used() == before);
    matrix_finish(&core);
    matrix_finish(&noisy);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    figures(&l);
    by_hand(&l, 13, 9);
    by_hand(&l, 8, 15);
    shapes(&l);
    visible(&l);
    ends(&l);
    failing(&l);
    lab_close(&l);
    return check_done();
}
