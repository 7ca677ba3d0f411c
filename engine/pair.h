#pragma once

#include "method.h"

/* Two coded factors, A ~ L R: what direct-svd, lplr and lplr-svd share. */

/* How both factors are coded. The left one takes its ranges by column, the right
 * one by row, so that a range belongs to one summand of the product. */
struct pair {
    const struct quantizer *quantizer;
    int left_bits, right_bits;
    enum rounding rounding;
    enum scales scales;
    bool symmetric;
    uint64_t seed; /* of the dither */
};

/* The pair that a params struct describes. */
/* clang-format off */
#define PAIR_OF(params)                                                                    \
    ((struct pair){ quantizer_at((params)->quantizer), (params)->left_bits,                \
                    (params)->right_bits, (enum rounding)(params)->rounding,               \
                    (enum scales)(params)->scales, (params)->symmetric, (params)->seed })
/* clang-format on */

struct coding pair_left(const struct pair *p, uint32_t round);
struct coding pair_right(const struct pair *p, uint32_t round);
uint64_t pair_bits(const struct pair *p, size_t rows, size_t cols, size_t rank, bool paper);

/* Floating-point operations of pair_fit's products with the whole matrix, if it takes all rounds. */
double pair_flops(size_t rows, size_t cols, size_t rank, int rounds);

/* Codes both factors as they are into the parts "left" and "right" of *out. */
bool pair_store(struct job *job, const struct pair *p, const struct buffer *left,
                const struct buffer *right, struct result *out, struct error *err);

/* L = Q(start), R = Q'(argmin_W ||L W - A||_F) with L as it decodes; then, up to
 * `rounds` rounds in all, L = Q(argmin_Y ||Y R - A||_F) and R again. The pair with
 * the least ||A - L R||_F becomes the parts "left" and "right" of *out. Takes
 * `start` (A's rows x rank) and releases it. Rank-deficient factors are fine: columns without
 * use get a zero row and are counted in out->dead. */
bool pair_fit(struct job *job, const struct pair *p, const struct buffer *a, struct buffer *start,
              int rounds, struct result *out, struct error *err);
