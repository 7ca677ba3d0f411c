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
    lab_close(&l);
    return check_done();
}
