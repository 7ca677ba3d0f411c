#include "quantizer.h"

#include <math.h>

/* Of a probability of at least a half, by Newton's method. */
static double quantile(double p)
{
    double x = 0;
    for (int i = 0; i < 30; i++) {
        double density = 0.5 * M_SQRT1_2 * M_2_SQRTPI * exp(-x * x / 2);
        x += (p - 0.5 * erfc(-x * M_SQRT1_2)) / density;
    }
    return x;
}

/* M = 2^(bits - 1) probabilities evenly from delta to one half, and M + 1 from there to 1 - delta;
 * zero stands once. Files hold codes alone: the levels lie on a grid that is coarse beside what
 * two mathematical libraries differ by. */
static void codebook(int bits, double *levels)
{
    const double end = 1 - 0.5 * (1. / 30 + 1. / 32), most = quantile(end);
    int half = 1 << (bits - 1);
    for (int j = 0; j <= half; j++) {
        double above = quantile(0.5 + (end - 0.5) * j / half);
        levels[half - 1 + j] = round(ldexp(above / most, 24)) * 0x1p-24;
    }
    for (int j = 1; j < half; j++) {
        double below = quantile(0.5 + (end - 0.5) * j / (half - 1));
        levels[half - 1 - j] = -round(ldexp(below / most, 24)) * 0x1p-24;
    }
}

/* Ends that round standard normal numbers best; found like those of the uniform levels, by golden
 * section. */
static double spread(int bits)
{
    static const double ends[] = { 1.372, 2.197, 2.863, 3.241, 3.559, 3.858, 4.143, 4.418,
                                   4.682, 4.936, 5.181, 5.418, 5.646, 5.867, 6.081 };
    return ends[bits - 2];
}

const struct quantizer quantizer_normal_float = {
    .name = "normal-float",
    .title = "NormalFloat",
    .summary = "levels as dense as normal numbers, zero among them, up to the largest entry",
    .source = "Dettmers, Pagnoni, Holtzman, Zettlemoyer, QLoRA: Efficient Finetuning of Quantized "
              "LLMs, NeurIPS 2023",
    .min_bits = 2,
    .max_bits = 16,
    .codebook = codebook,
    .spread = spread,
    .symmetric = true,
};
