#include "check.h"
#include "demo.h"
#include "lab.h"

/* LPLR on the phantom of side 1000, f64: means over seeds, 40 of them, or as many as
 * the first argument says; a second one asks for the whole table of ranks and bits. */

static const struct {
    const char *text;
    double low, high;
} want[] = { { "left-bits=4 right-bits=8 rank=83", .230, .240 },
             { "left-bits=8 right-bits=8 rank=62", .216, .224 },
             { "left-bits=4 right-bits=8 rank=166", .163, .174 } };

/* Side 500, one range a vector, 8 seeds: the mean error falls with the rank and with the
 * bits; with one range a factor of two bits it rises with the rank instead. */
static double mean_at(struct lab *l, struct matrix_view a, const char *scales, int bits, int rank)
{
    char text[96];
    double deviation;
    snprintf(text, sizeof(text), "left-bits=%d right-bits=%d rank=%d scales=%s", bits, bits, rank,
             scales);
    return lab_mean(l, "lplr", true, text, a, 1, 8, &deviation);
}

/* All of the reference's table: minutes, when asked for. */
static void whole_table(struct lab *l)
{
    enum { RANKS = 8, BITS = 6 };
    static const int ranks[RANKS] = { 10, 20, 40, 60, 80, 120, 160, 200 };
    static const int bits[BITS] = { 2, 3, 4, 6, 8, 12 };
    static const double four[RANKS] = { .570, .428, .310, .260, .232, .202, .190, .186 };
    static const double eight[RANKS] = { .558, .404, .268, .198, .152, .088, .049, .031 };
    double got[BITS][RANKS];
    int rises_with_bits = 0, rises_with_rank = 0, far = 0;
    struct matrix a = lab_matrix(DTYPE_F64, 500, 500);
    demo_phantom(a.view);
    for (int i = 0; i < BITS; i++) {
        printf("# %2d bits:", bits[i]);
        for (int j = 0; j < RANKS; j++) {
            double x = got[i][j] = mean_at(l, a.view, "vector", bits[i], ranks[j]);
            const double *table = bits[i] == 4 ? four : bits[i] == 8 ? eight : NULL;
            printf(" %.3f", x);
            rises_with_bits += i && x >= got[i - 1][j];
            rises_with_rank += j && bits[i] >= 4 && x >= got[i][j - 1];
            far += table && fabs(x / table[j] - 1) > .08;
        }
        printf("\n");
    }
    CHECK(rises_with_bits == 0);
    CHECK(rises_with_rank == 0);
    CHECK(far == 0);
    for (int b = 2; b <= 3; b++) {
        double few = mean_at(l, a.view, "tensor", b, 10),
               many = mean_at(l, a.view, "tensor", b, 200);
        printf("# %d bits, one range a factor: %.3f at rank 10, %.3f at rank 200\n", b, few, many);
        CHECK(many > few);
    }
    matrix_finish(&a);
}

static void monotone(struct lab *l)
{
    enum { RANKS = 5, BITS = 3 };
    static const int ranks[RANKS] = { 10, 40, 80, 120, 200 }, bits[BITS] = { 2, 4, 8 };
    static const double reference[BITS][RANKS] = { { (double)NAN, (double)NAN, (double)NAN,
                                                     (double)NAN, (double)NAN },
                                                   { .570, .310, .232, .202, .186 },
                                                   { .558, .268, .152, .088, .031 } };
    double got[BITS][RANKS];
    bool falls = true, near = true;
    struct matrix a = lab_matrix(DTYPE_F64, 500, 500);
    demo_phantom(a.view);
    for (int i = 0; i < BITS; i++)
        for (int j = 0; j < RANKS; j++) {
            got[i][j] = mean_at(l, a.view, "vector", bits[i], ranks[j]);
            printf("# %d bits, rank %d: %.4f, reference %.3f\n", bits[i], ranks[j], got[i][j],
                   reference[i][j]);
            falls = falls && (!i || got[i][j] < got[i - 1][j]) &&
                    (!i || !j || got[i][j] < got[i][j - 1]);
            near = near && (!i || fabs(got[i][j] / reference[i][j] - 1) <= .08);
        }
    CHECK(falls);
    CHECK(near);
    double few = mean_at(l, a.view, "tensor", 2, 10), many = mean_at(l, a.view, "tensor", 2, 200);
    printf("# two bits, one range a factor: %.3f at rank 10, %.3f at rank 200\n", few, many);
    CHECK(many > few);
    matrix_finish(&a);
}

/* The error after the best scale and shift, that is of the regression of A on its approximation. */
static double shifted_error(const struct result *r, struct matrix_view a)
{
    struct matrix y = lab_matrix(DTYPE_F64, a.rows, a.cols);
    struct error err;
    double x1 = 0, y1 = 0, xx = 0, yy = 0, xy = 0, n = (double)(a.rows * a.cols),
           norm = matrix_norm(a);
    if (!result_expand(r, 0, y.view, &err))
        return (double)NAN;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++) {
            double p = matrix_at(a, i, j), q = matrix_at(y.view, i, j);
            x1 += p, y1 += q, xx += p * p, yy += q * q, xy += p * q;
        }
    matrix_finish(&y);
    xx -= x1 * x1 / n, yy -= y1 * y1 / n, xy -= x1 * y1 / n;
    return sqrt(xx - xy * xy / yy) / norm;
}

/* The released lplr_svd: U Sigma times a square Gaussian, and normalise-and-shift. The reference has 8
 * seeds of another generator: means within three of its standard errors and of ours. */
static void released(struct lab *l, struct matrix_view a)
{
    enum { SEEDS = 8 };
    static const struct {
        const char *text;
        double mean, deviation;
    } reference[] = { { "left-bits=4 right-bits=8 rank=83", .221, .005 },
                      { "left-bits=8 right-bits=4 rank=83", .630, .064 },
                      { "left-bits=8 right-bits=8 rank=62", .160, .003 },
                      { "left-bits=4 right-bits=4 rank=125", .283, .038 },
                      { "left-bits=4 right-bits=8 rank=166", .162, .005 },
                      { "left-bits=8 right-bits=4 rank=166", .523, .038 },
                      { "left-bits=8 right-bits=8 rank=125", .105, .001 } };
    const struct method *m = method_find("lplr-svd");
    struct svd svd = lab_svd(a);
    for (size_t i = 0; i < sizeof(reference) / sizeof(reference[0]); i++) {
        double sum = 0, plain = 0, squares = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            char text[96];
            snprintf(text, sizeof(text), "%s mix=gaussian seed=%d", reference[i].text, seed);
            struct params_any params = lab_params(m, true, text);
            struct approximation out = lab_run(l, m, &params, a, &svd);
            double error = shifted_error(&out.results[0], a);
            plain += out.error / SEEDS;
            sum += error / SEEDS;
            squares += error * error / SEEDS;
            approximation_finish(&out);
        }
        double deviation = sqrt(fmax(0, squares - sum * sum));
        double room = 3 * hypot(deviation, reference[i].deviation) / sqrt(SEEDS) + .0005;
        printf("# lplr-svd mixed, %s: %.4f +- %.4f, reference %.3f +- %.3f; unshifted %.4f\n",
               reference[i].text, sum, deviation, reference[i].mean, reference[i].deviation, plain);
        CHECK(fabs(sum - reference[i].mean) <= room);
        CHECK(sum <= plain);
    }
    svd_finish(&svd);
}

int main(int argc, char **argv)
{
    struct lab l;
    int seeds = argc > 1 ? atoi(argv[1]) : 40;
    lab_open(&l);
    struct matrix a = lab_matrix(DTYPE_F64, 1000, 1000);
    demo_phantom(a.view);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        double deviation,
            mean = lab_mean(&l, "lplr", true, want[i].text, a.view, 1, seeds, &deviation);
        printf("# lplr %s: mean of %d seeds %.5f +- %.5f, wanted in [%.3f, %.3f]\n", want[i].text,
               seeds, mean, deviation, want[i].low, want[i].high);
        CHECK(mean >= want[i].low && mean <= want[i].high);
    }
    released(&l, a.view);
    matrix_finish(&a);
    if (argc > 2)
        whole_table(&l);
    else
        monotone(&l);
    lab_close(&l);
    return check_done();
}
