#pragma once

#include "method.h"

/* Two coded factors, A ~ L R: what direct-svd, lplr and lplr-svd share. */

/* Columns of the left factor, and rows of the right one, with bits of their own. */
struct pair_group {
    size_t columns; /* at least 1: a component without bits is not there */
    int left_bits, right_bits;
    const struct quantizer *left_quantizer, *right_quantizer; /* NULL: the pair's */
};
enum { PAIR_GROUPS = 16 }; /* at most */

/* How both factors are coded. The left one takes its ranges by column, the right
 * one by row, so that a range belongs to one summand of the product. */
struct pair {
    const struct quantizer *quantizer;
    enum clip clip;
    /* Groups of components in order; their columns sum up to the rank. n_groups = 0: all alike,
     * with the bits below. Each group is two parts and a term of the result. */
    const struct pair_group *groups;
    size_t n_groups;
    int left_bits, right_bits;
    enum rounding rounding;
    enum scales scales;
    bool symmetric;
    bool persist;  /* pair_fit takes all rounds; else it stops when a few bring nothing */
    uint64_t seed; /* of the dither */
};

/* The pair that a params struct describes. */
/* clang-format off */
#define PAIR_OF(params)                                                                    \
    ((struct pair){ .quantizer = quantizer_at((params)->quantizer),                        \
                    .clip = (enum clip)(params)->clip,                                     \
                    .left_bits = (params)->left_bits,                                      \
                    .right_bits = (params)->right_bits,                                    \
                    .rounding = (enum rounding)(params)->rounding,                         \
                    .scales = (enum scales)(params)->scales,                               \
                    .symmetric = (params)->symmetric,                                      \
                    .seed = (params)->seed })
/* clang-format on */

/* The coding of a factor, of its first group where there are several; `round` is that of the dither. */
struct coding pair_left(const struct pair *p, uint32_t round);
struct coding pair_right(const struct pair *p, uint32_t round);
/* `rank` counts where there are no groups. */
uint64_t pair_bits(const struct pair *p, size_t rows, size_t cols, size_t rank, bool paper);

/* Floating-point operations of pair_fit's products with the whole matrix, if it takes all rounds. */
double pair_flops(size_t rows, size_t cols, size_t rank, int rounds);

/* Codes both factors as they are into the parts "left" and "right" of *out; of several groups "left1",
 * "right1", "left2" and so on, a term each. */
bool pair_store(struct job *job, const struct pair *p, const struct buffer *left,
                const struct buffer *right, struct result *out, struct error *err);

/* L = Q(start), R = Q'(argmin_W ||L W - A||_F) with L as it decodes, one fit over all groups; then, up
 * to `rounds` rounds in all, L = Q(argmin_Y ||Y R - A||_F) and R again. The pair with
 * the least ||A - L R||_F becomes the parts of *out, as pair_store names them. Takes
 * `start` (A's rows x rank) and releases it. Rank-deficient factors are fine: columns without
 * use get a zero row and are counted in out->dead. Parts, rank and dead columns add to what *out holds. Fills out->measures[0].fitted and .right_loss,
 * relative to its norm. */
bool pair_fit(struct job *job, const struct pair *p, const struct buffer *a, struct buffer *start,
              int rounds, struct result *out, struct error *err);
