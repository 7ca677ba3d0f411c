#include "bound.h"
#include "check.h"
#include "lab.h"

/* The theorem and its parts, by Monte Carlo in f64 with fixed seeds; runs a cell: 10, or as
 * many as the first argument says (the largest range has a heavy tail: with 40 runs one
 * outlier makes two of the 64 curves 4.3 times the measured square, over the alarm of 4). */

static double decaying(size_t i)
{
    return 1 / (double)i;
}

static double exponential(size_t i)
{
    return exp(-((double)i - 1) / 10);
}

/* A = diag(1/i), 80 x 60, so that V = I, A_k S is the first k rows of A S and G = V_k^T S the
 * first k rows of S. Means of ||A S G^+ V_k^T - A||^2 and ||G^+||^2 against
 * (1 + k/(m-k-1)) tau_k^2 and m k/(m-k-1), which hold exactly in the mean. */
enum { ROWS = 80, COLS = 60, M = 20, K = 8, SKETCHES = 4000 };

static void one_sketch(uint64_t seed, struct matrix_view s, double *error, double *inverse)
{
    random_fill(SKETCH_GAUSSIAN, seed, STREAM_SKETCH, 0, 1 / sqrt((double)M), s);
    struct svd g = lab_svd(matrix_block(s, 0, 0, K, M)); /* G^+ = V sigma^-1 U^T */
    for (size_t i = 0; i < K; i++)
        *inverse += 1 / (g.sigma[i] * g.sigma[i]) / SKETCHES;
    for (size_t i = K; i < COLS;
         i++) { /* row i of A S G^+: sigma_i s_i V sigma^-1, up to a rotation */
        double value = decaying(i + 1), square = 1;
        for (size_t k = 0; k < K; k++) {
            double dot = 0;
            for (size_t j = 0; j < M; j++)
                dot += matrix_at(s, i, j) * matrix_at(g.vt.view, k, j);
            square += dot / g.sigma[k] * dot / g.sigma[k];
        }
        *error += value * value * square / SKETCHES;
    }
    svd_finish(&g);
}

static void range_finder(void)
{
    double error = 0, inverse = 0;
    struct matrix s = lab_matrix(DTYPE_F64, COLS, M);
    for (uint64_t seed = 1; seed <= SKETCHES; seed++)
        one_sketch(seed, s.view, &error, &inverse);
    printf("# %d sketches: error^2 %.5f (.17443), ||G^+||^2 %.4f (14.545)\n", SKETCHES, error,
           inverse);
    CHECK_NEAR(error / .17443, 1, .01);
    CHECK_NEAR(inverse / 14.545, 1, .02);
    matrix_finish(&s);
}

/* With 24 bits only the sketch is left of the error: its mean square keeps the first term. */
static void without_rounding(struct lab *l)
{
    enum { RUNS = 200 };
    struct matrix a = lab_spectrum(DTYPE_F64, ROWS, COLS, 4, decaying);
    double mean = 0, least = (double)INFINITY, tail = 0, norm = matrix_norm(a.view);
    for (size_t i = COLS; i > M - 2; i--)
        tail += decaying(i) * decaying(i);
    for (size_t k = M - 2; k >= 1; k--) {
        least = fmin(least, (1 + (double)k / (double)(M - k - 1)) * tail);
        tail += decaying(k) * decaying(k);
    }
    for (int seed = 1; seed <= RUNS; seed++) {
        char text[96];
        snprintf(text, sizeof(text), "rank=%d left-bits=24 right-bits=24 seed=%d", M, seed);
        double error = norm * lab_error(l, "lplr", true, text, a.view, NULL);
        mean += error * error / RUNS;
    }
    printf("# 24 bits: mean error^2 %.5f, bound %.5f\n", mean, least);
    CHECK(mean <= least && mean > least / 4);
    matrix_finish(&a);
}

/* One cell of the theorem: the mean over runs against the curve with the largest ranges and
 * the mean norm seen. Returns bound^2 / measured^2. */
static double cell(struct lab *l, struct matrix_view a, const struct svd *svd, int m, int left,
                   int right, int runs)
{
    const struct method *lplr = method_find("lplr");
    struct spectrum s = { svd->sigma, svd->n, a.rows, a.cols, svd->norm };
    struct bound_lplr b = { a.rows, a.cols, (size_t)m, left, right, 0, 0, 0 };
    struct matrix z = lab_matrix(DTYPE_F64, a.rows, (size_t)m);
    double squares = 0, norms = 0;
    for (int seed = 1; seed <= runs; seed++) {
        char text[128];
        struct error err;
        double range, step;
        snprintf(text, sizeof(text),
                 "rank=%d left-bits=%d right-bits=%d rounding=dithered symmetric=on seed=%d", m,
                 left, right, seed);
        struct params_any params = lab_params(lplr, true, text);
        struct approximation out = lab_run(l, lplr, &params, a, svd);
        const struct result *r = &out.results[0];
        squares += out.error * out.error / runs;
        coding_extent(&r->parts[0].codes, &range, &step);
        b.left_range = fmax(b.left_range, range);
        coding_extent(&r->parts[1].codes, &range, &step);
        b.right_range = fmax(b.right_range, range);
        if (part_decode(&r->parts[0], z.view, &err))
            norms += matrix_norm(z.view) * matrix_norm(z.view) / runs;
        approximation_finish(&out);
    }
    matrix_finish(&z);
    b.left_norm = sqrt(norms);
    double curve = bound_lplr(&b, &s);
    printf("# m=%d (%d,%d): measured %.4f, curve %.4f, squared ratio %.2f\n", m, left, right,
           sqrt(squares), curve, curve * curve / squares);
    return curve * curve / squares;
}

static void theorem(struct lab *l, int runs)
{
    static const int bits[] = { 2, 4, 8, 12 };
    double (*const spectra[])(size_t) = { decaying, exponential };
    double least = (double)INFINITY, most = 0;
    for (size_t i = 0; i < 2; i++) {
        struct matrix a = lab_spectrum(DTYPE_F64, 300, 200, 9, spectra[i]);
        struct svd svd = lab_svd(a.view);
        for (int m = 20; m <= 60; m += 40)
            for (int j = 0; j < 16; j++) {
                double ratio = cell(l, a.view, &svd, m, bits[j / 4], bits[j % 4], runs);
                least = fmin(least, ratio);
                most = fmax(most, ratio);
            }
        svd_finish(&svd);
        matrix_finish(&a);
    }
    printf("# 64 cells of %d runs: squared ratio from %.2f to %.2f\n", runs, least, most);
    CHECK(least >= 1.5);
    CHECK(most <= 4);
}

/* The curve by hand: sigma = 2, 1 and m = 3, so that k = 1 is the only term. */
static void by_hand(void)
{
    static const double sigma[] = { 2, 1 };
    struct spectrum s = { sigma, 2, 5, 2, sqrt(5) };
    struct bound_lplr b = { .n = 5,
                            .d = 2,
                            .m = 3,
                            .left_bits = 1,
                            .right_bits = 2,
                            .left_range = 0.5,
                            .right_range = 3,
                            .left_norm = 2 };
    /* (1 + 1) 1 + 5 (.5/1)^2 3 + 2 (3/3)^2 4 */
    CHECK_NEAR(bound_lplr(&b, &s), sqrt((2 + 3.75 + 8) / 5), 1e-14);
    struct theory t = { 0 };
    CHECK(bound_lplr_parts(&b, &s, &t) && fabs(t.tail - sqrt(2. / 5)) < 1e-14 &&
          fabs(t.left - sqrt(3.75 / 5)) < 1e-14 && fabs(t.right - sqrt(8. / 5)) < 1e-14);
    b.m = 4; /* k = m - 2 is the best where nothing follows it */
    b.left_range = 0.1;
    CHECK_NEAR(bound_lplr(&b, &s), sqrt((5 * 0.01 * 4 * 2 + 8) / 5), 1e-14);
    b.m = 2;
    CHECK(isnan(bound_lplr(&b, &s)));
    b.m = 3;
    s.n = 1;
    CHECK(isnan(bound_lplr(&b, &s)));
}

/* Methods with an SVD: the mean square of the error over seeds against the mean of theory^2 as each
 * result says it, dithered. Returns the ratio. */
static double svd_cell(struct lab *l, const char *name, const char *text, struct matrix_view a,
                       const struct svd *svd)
{
    enum { RUNS = 10 };
    const struct method *m = method_find(name);
    double squares = 0, theory = 0;
    bool proved = true;
    for (int seed = 1; seed <= RUNS; seed++) {
        char words[32];
        snprintf(words, sizeof(words), "seed=%d rounds=1", seed);
        struct params_any params = lab_params(m, false, "rounding=dithered");
        lab_set(m, &params, text, false);
        lab_set(m, &params, words, true);
        struct approximation out = lab_run(l, m, &params, a, svd);
        const struct theory *t = &out.results[0].measures[0].theory;
        squares += out.error * out.error;
        theory += t->error * t->error;
        proved &= t->proved && !t->unproved &&
                  fabs(hypot(hypot(t->tail, t->left), t->right) - t->error) < 1e-12;
        approximation_finish(&out);
    }
    CHECK(proved);
    return theory / squares;
}

static void of_svds(struct lab *l)
{
    static const char *const settings[] = { "left-bits=3 right-bits=3 scales=tensor symmetric=on",
                                            "left-bits=4 right-bits=8",
                                            "left-bits=8 right-bits=4 scales=block",
                                            "left-bits=2 right-bits=6 scales=tensor" };
    static const char *const ways[][2] = { { "lplr-svd", "" },
                                           { "direct-svd", "split=left" },
                                           { "direct-svd", "split=right" },
                                           { "direct-svd", "split=both" } };
    struct matrix a = lab_spectrum(DTYPE_F64, 120, 90, 5, decaying);
    struct svd svd = lab_svd(a.view);
    double least = (double)INFINITY, most = 0; /* most: where nothing is fitted, all is told but the
                                                 * dither's mean, at most 1/4 and on average 1/6 */
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            char text[128];
            snprintf(text, sizeof(text), "rank=20 %s %s", ways[i][1], settings[j]);
            double ratio = svd_cell(l, ways[i][0], text, a.view, &svd);
            least = fmin(least, ratio);
            most = i ? fmax(most, ratio) : most;
            printf("# %s %s: squared ratio %.2f\n", ways[i][0], text, ratio);
        }
    CHECK(least >= 1);
    CHECK(most <= 1.6);
    svd_finish(&svd);
    matrix_finish(&a);
}

/* From one result's ranges to other ranks: what results of those ranks say themselves. */
static void carried(struct lab *l, const char *name, const char *text, double within)
{
    static const size_t ranks[] = { 10, 20, 30, 40, 60, 80 };
    enum { RANKS = sizeof(ranks) / sizeof(ranks[0]) };
    const struct method *m = method_find(name);
    struct matrix a = lab_spectrum(DTYPE_F64, 120, 90, 5, decaying);
    struct svd svd = lab_svd(a.view);
    const struct spectrum s = { svd.sigma, svd.n, 120, 90, svd.norm };
    struct theory curve[RANKS];
    double worst = 1;
    for (int i = -1; i < RANKS; i++) {
        struct params_any params = lab_params(m, false, text);
        param_put(param_find(&m->params, "rank"), params.bytes, i < 0 ? 30 : (double)ranks[i]);
        struct approximation out = lab_run(l, m, &params, a.view, &svd);
        const struct theory *own = &out.results[0].measures[0].theory;
        if (i < 0)
            CHECK(m->theory(&params, &s, out.results, 0, ranks, RANKS, curve));
        else
            printf("# %s rank %zu: measured %.4f, its own %.4f, carried %.4f\n", name, ranks[i],
                   out.error, own->error, curve[i].error);
        if (i >= 0)
            worst = fmax(worst, fmax(own->error / curve[i].error, curve[i].error / own->error));
        approximation_finish(&out);
    }
    CHECK(worst <= within);
    svd_finish(&svd);
    matrix_finish(&a);
}

int main(int argc, char **argv)
{
    struct lab l;
    lab_open(&l);
    by_hand();
    range_finder();
    without_rounding(&l);
    of_svds(&l);
    carried(&l, "direct-svd", "rounding=dithered", 1.1);
    carried(&l, "lplr-svd", "rounds=1", 1.1);
    carried(&l, "lplr", "rounds=1 scales=tensor symmetric=on rounding=dithered sketch=gaussian",
            1.5);
    carried(&l, "lplr", "rounds=1", 1.3);
    theorem(&l, argc > 1 ? atoi(argv[1]) : 10);
    lab_close(&l);
    return check_done();
}
