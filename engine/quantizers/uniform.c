#include "quantizer.h"

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
};
