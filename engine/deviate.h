#pragma once

#include "chacha.h"

/* A number uniform in (0, 1) whose digits are drawn when somebody asks (von Neumann 1951; Karney 2016,
 * "Sampling exactly from the normal distribution", ACM TOMS 42, arXiv 1303.6257, section 4): comparisons
 * of two and its place on a grid are decided exactly, by integers alone. Two that are equal, or one on
 * a border, would need all digits, which has probability 0.
 *
 * A digit has 64 bits, and there is room for eight: two deviates alike in 512 bits are no chance but
 * a broken generator. That is told (deviate.broken), and whoever sees it hands nothing out. */

enum { DEVIATE_DIGITS = 8 };

struct deviate {
    size_t n;                       /* digits drawn; the first counts most */
    uint64_t digit[DEVIATE_DIGITS]; /* the number is the sum of digit[i] 2^(-64 (i + 1)) */
};

/* Draws digits of both until they differ. */
bool deviate_less(struct deviate *a, struct deviate *b, struct chacha *from, bool *broken);
bool deviate_below_half(struct deviate *a, struct chacha *from, bool *broken);
/* The integer next to scale times the number. scale < 2^63. */
uint64_t deviate_nearest(struct deviate *a, uint64_t scale, struct chacha *from, bool *broken);
