#include "quantizer.h"

/* The levels above zero as parts of the outermost one, in 2^-16 of it; 2^(bits - 1) of them start at
 * number 2^(bits - 1) - 1. Fixed points of "each level is the mean of what is nearest to it" for
 * the normal density, by Newton's method on that (tridiagonal) system; tests/quantizers.c
 * solves it again. Tabulated, because files hold codes alone. */
static const int table[] = {
    65536, 19646, 65536, 7464,  23024, 40928, 65536, 3079,  9307,  15751, 22600, 30128, 38806,
    49621, 65536, 1324,  3981,  6660,  9380,  12158, 15016, 17979, 21079, 24356, 27863, 31680,
    35921, 40775, 46583, 54088, 65536, 585,   1755,  2928,  4106,  5290,  6481,  7683,  8897,
    10126, 11371, 12636, 13924, 15237, 16579, 17954, 19368, 20825, 22331, 23895, 25525, 27233,
    29032, 30939, 32977, 35176, 37577, 40241, 43257, 46775, 51066, 56720, 65536, 263,   790,
    1317,  1844,  2372,  2901,  3431,  3962,  4495,  5030,  5567,  6105,  6647,  7191,  7737,
    8287,  8841,  9398,  9959,  10525, 11095, 11670, 12250, 12836, 13428, 14027, 14632, 15245,
    15866, 16495, 17133, 17781, 18439, 19109, 19790, 20484, 21192, 21914, 22652, 23408, 24182,
    24976, 25793, 26634, 27501, 28397, 29325, 30290, 31294, 32343, 33443, 34601, 35826, 37129,
    38524, 40029, 41669, 43478, 45504, 47822, 50555, 53925, 58423, 65536, 120,   361,   601,
    842,   1083,  1323,  1564,  1805,  2046,  2288,  2529,  2771,  3013,  3256,  3499,  3742,
    3985,  4229,  4473,  4718,  4963,  5209,  5455,  5702,  5949,  6197,  6445,  6695,  6944,
    7195,  7446,  7698,  7951,  8205,  8460,  8715,  8972,  9229,  9487,  9747,  10007, 10269,
    10532, 10796, 11061, 11328, 11596, 11865, 12136, 12408, 12682, 12957, 13234, 13513, 13793,
    14075, 14359, 14645, 14933, 15223, 15515, 15809, 16105, 16404, 16706, 17009, 17316, 17625,
    17937, 18251, 18569, 18890, 19214, 19542, 19873, 20207, 20546, 20888, 21234, 21585, 21940,
    22299, 22664, 23033, 23408, 23788, 24174, 24566, 24964, 25369, 25781, 26200, 26627, 27062,
    27505, 27958, 28420, 28892, 29376, 29871, 30378, 30898, 31433, 31982, 32549, 33132, 33735,
    34359, 35006, 35677, 36377, 37106, 37870, 38672, 39517, 40412, 41362, 42379, 43473, 44660,
    45961, 47404, 49030, 50902, 53124, 55885, 59600, 65536,
};

static void codebook(int bits, double *levels)
{
    int half = 1 << (bits - 1);
    for (int j = 0; j < half; j++) {
        double level = table[half - 1 + j] * 0x1p-16;
        levels[half + j] = level;
        levels[half - 1 - j] = -level;
    }
}

/* The outermost level, in standard deviations. */
static double spread(int bits)
{
    static const double ends[] = { 0.797885, 1.510418, 2.151946, 2.732590,
                                   3.260732, 3.744101, 4.189694, 4.603536 };
    return ends[bits - 1];
}

const struct quantizer quantizer_lloyd_max = {
    .name = "lloyd-max",
    .title = "Lloyd-Max",
    .summary = "the least mean squared error of normal numbers; the largest are clipped",
    .source = "Max, Quantizing for Minimum Distortion, IRE Transactions on Information Theory "
              "1960; Lloyd, Least Squares Quantization in PCM, 1957",
    .min_bits = 1,
    .max_bits = 8,
    .codebook = codebook,
    .spread = spread,
    .spreads = true,
    .symmetric = true,
};
