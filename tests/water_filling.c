#include "check.h"
#include "lab.h"

/* Water-filling keeps to its bits and its groups, whatever is worth most. */

enum { SIDE = 64, BLOCK = 8, SPIKY = 32, GROUP = 2 * 64 /* bits of a group's units, coding.h */ };

/* The largest component by little is two spikes among small entries, which a bit makes as large as the
 * spikes: worse than nothing. Those after it are blocks of equal entries, which a bit serves well. */
static struct matrix uneven(void)
{
    struct matrix a = lab_matrix(DTYPE_F64, SIDE, SIDE);
    double spikes = 2 + (SPIKY - 2) * 0.09;
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j < SIDE; j++) {
            double u = i < 1 ? 1 : i < 2 ? -1 : i % 2 ? 0.3 : -0.3;
            double v = j < 1 ? 1 : j < 2 ? -1 : j % 2 ? 0.3 : -0.3;
            double block = 1 - 0.01 * (double)(i / BLOCK);
            bool one = i >= SPIKY && j >= SPIKY && i / BLOCK == j / BLOCK;
            matrix_put(a.view, i, j,
                       i < SPIKY && j < SPIKY ? 1.02 * u * v / spikes
                       : one                  ? block / BLOCK
                                              : 0);
        }
    return a;
}

/* Of every size and number of groups: never a bit more, never a group more. */
static void within(struct lab *l)
{
    const struct method *m = method_find("water-filling");
    struct matrix a = uneven();
    bool bits = true, groups = true, ran = true, worth = true;
    size_t others = 0;
    for (int i = 0; i < 28; i++)
        for (int most = 1; most <= 16; most += 5) {
            char text[96];
            double allowed = 0.08 + 0.008 * i;
            snprintf(text, sizeof(text), "bits-per-entry=%.3f groups=%d rounds=1 clip=none",
                     allowed, most);
            struct params_any params = lab_params(m, false, text);
            struct inputs in = { .matrices = &a.view, .n = 1 };
            struct approximation out = { 0 };
            struct error err = { 0 };
            if (!approximate(&l->job, m, params.bytes, &in, &out, &err)) {
                ran = ran && err.code == ERROR_USAGE;
                continue;
            }
            bits = bits && (double)out.bits_true <= allowed * SIDE * SIDE;
            groups = groups && out.results[0].n_terms <= (size_t)most;
            worth = worth && (out.results[0].rank == 1 || out.error < 1);
            others += out.results[0].rank == 4; /* of five */
            approximation_finish(&out);
        }
    CHECK(ran && bits && groups);
    CHECK(worth); /* what is worse than nothing is left out, unless it is all there is */
    CHECK(others > 0);
    matrix_finish(&a);
}

/* Two components, of energies 2 and 1. The first is spiky on one side, {1, -1, .3, -.3, ...}, and even on the
 * other; the second is even on both. */
static struct matrix spiky(bool left)
{
    struct matrix a = lab_matrix(DTYPE_F64, SIDE, SIDE);
    double norm = sqrt((2 + (SIDE - 2) * 0.09) * SIDE);
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j < SIDE; j++) {
            double spike = (left ? i : j) < 2 ? 1 : 0.3;
            double first = (i + j) % 2 ? -1 : 1, second = (i / 2 + j / 2) % 2 ? -1 : 1;
            matrix_put(a.view, i, j, sqrt(2) * spike * first / norm + second / SIDE);
        }
    return a;
}

/* Of what two components of one group cost at a bit an entry; the least size there is is one's. */
static double error_of_two(struct lab *l, struct matrix_view a, size_t *rank)
{
    const struct method *m = method_find("water-filling");
    struct inputs in = { .matrices = &a, .n = 1 };
    double error = (double)NAN, allowed = 0.04;
    for (bool two = false; allowed < 1;) {
        char text[96];
        struct approximation out = { 0 };
        struct error err = { 0 };
        snprintf(text, sizeof(text), "bits-per-entry=%.5f rounds=1 clip=none quantizer=uniform",
                 allowed);
        struct params_any params = lab_params(m, false, text);
        if (!approximate(&l->job, m, params.bytes, &in, &out, &err)) {
            allowed += 0.001;
            continue;
        }
        error = out.error;
        *rank = out.results[0].rank;
        allowed = two ? 1 : (2 * (double)out.bits_true - GROUP) / (SIDE * SIDE) + 1e-5;
        two = true;
        approximation_finish(&out);
    }
    return error;
}

/* What a side's rounding costs: a left column that is parallel to its own is as good, as the fit of R makes
 * up for its length; nothing makes up for that of a right row. A bit makes all entries of a spiky vector
 * as large as its spikes, with cos^2 = (2 + 62 .3)^2 / (64 7.58): both components with a spiky column are
 * worth theirs; of a row that takes two, which leaves none for the other component. */
static void sides(struct lab *l)
{
    double cosine = (2 + (SIDE - 2) * 0.3) / sqrt(SIDE * (2 + (SIDE - 2) * 0.09));
    struct matrix left = spiky(true), right = spiky(false);
    size_t by_column = 0, by_row = 0;
    double column = error_of_two(l, left.view, &by_column);
    double row = error_of_two(l, right.view, &by_row);
    printf("# spiky column: rank %zu, %.4f; spiky row: rank %zu, %.4f\n", by_column, column, by_row,
           row);
    CHECK(by_column == 2 && by_row == 1);
    CHECK_NEAR(column, sqrt(2 * (1 - cosine * cosine) / 3), 1e-3); /* ranges are F16 */
    CHECK(row >= sqrt(1. / 3) && row < 0.62);
    matrix_finish(&left);
    matrix_finish(&right);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    within(&l);
    sides(&l);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
