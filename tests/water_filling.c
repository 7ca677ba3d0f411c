#include "check.h"
#include "lab.h"

/* Water-filling keeps to its bits and its groups, whatever is worth most. */

enum { SIDE = 64, BLOCK = 8, SPIKY = 32 };

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

int main(void)
{
    struct lab l;
    lab_open(&l);
    within(&l);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
