#include "quantizer.h"

/* The ends of 1 << bits equal steps that round standard normal numbers best, from bits = 1 on: the
 * least mean squared error by golden section; beyond 9 bits with step^2 / 12 within the ends. */
static double spread(int bits)
{
    static const double ends[] = { .798,  1.494, 2.051, 2.514, 2.916, 3.278, 3.611, 3.922,
                                   4.215, 4.494, 4.759, 5.013, 5.257, 5.492, 5.719, 5.938,
                                   6.151, 6.357, 6.558, 6.754, 6.944, 7.131, 7.312, 7.49 };
    return ends[bits - 1];
}

/* Equal steps over the whole range, both ends included: the engine computes the
 * levels where it needs them, so that 24 bits need no table. */
const struct quantizer quantizer_uniform = {
    .name = "uniform",
    .title = "Uniform",
    .summary = "equal steps between the ends of the range",
    .source = "Saha, Srivastava, Pilanci, Matrix Compression via Randomized Low Rank and Low "
              "Precision Factorization, NeurIPS 2023",
    .min_bits = 1,
    .max_bits = 24,
    .spread = spread,
};
