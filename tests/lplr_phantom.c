#include "check.h"
#include "demo.h"
#include "lab.h"

/* LPLR on the phantom of side 1000, f64: means over seeds, 40 of them, or as many as
 * the first argument says. */

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
    matrix_finish(&a);
    monotone(&l);
    lab_close(&l);
    return check_done();
}
