#pragma once

#include "coding.h"
#include "param.h"
#include "random.h"
#include "registry_rows.h"

/* Parameter rows that several methods share, each written once: ROW_X(type, ...)
 * is one row of the table of a params struct `type` that has the field of that
 * name. The last two arguments, where there are any, are the default and the
 * paper's value. */

/* NOLINTBEGIN(bugprone-macro-parentheses): rows are lists of initialisers */
#define ROWS_COUNT(name) +1
enum { ROWS_QUANTIZERS = 0 QUANTIZERS(ROWS_COUNT) };
#undef ROWS_COUNT
/* ROW_OF_uniform: the number of a quantizer among the choices of a row. */
#define ROWS_NUMBER(name) ROW_OF_##name,
enum { QUANTIZERS(ROWS_NUMBER) };
#undef ROWS_NUMBER

/* A rank as stored: no factorization has more columns than the matrix has rows or columns. */
static inline size_t rank_clamped(int rank, size_t rows, size_t cols)
{
    size_t most = rows < cols ? rows : cols;
    return (size_t)rank < most ? (size_t)rank : most;
}

#define PAPER_LPLR    "Saha, Srivastava, Pilanci 2023"
#define PAPER_CALDERA "Saha, Sagan, Srivastava, Goldsmith, Pilanci 2024 (CALDERA)"

/* clang-format off */
#define ROW_RANK(type)                                                                     \
    { PARAM(type, rank), .title = "Rank", .shorthand = "rank  k", .unit = "columns",       \
      .help = "Columns of the left factor and rows of the right one; at most the "         \
              "smaller side of the matrix.",                                               \
      .source = "Eckart, Young 1936, k; " PAPER_LPLR ", Algorithm 1, m",                   \
      .min = 1, .max = 65536, .def = 64, .paper = 64, .logarithmic = true }

#define ROW_LEFT_BITS(type, best, source_says)                                             \
    { PARAM(type, left_bits), .title = "Bits of the left factor", .shorthand = "B  (L)",   \
      .unit = "bits", .help = "Bits per entry of the left factor.",                        \
      .source = PAPER_LPLR ", Algorithm 1, B",                                             \
      .min = 1, .max = CODING_BITS_MAX, .def = best, .paper = source_says }

#define ROW_RIGHT_BITS(type, best, source_says)                                            \
    { PARAM(type, right_bits), .title = "Bits of the right factor", .shorthand = "B' (R)", \
      .unit = "bits", .help = "Bits per entry of the right factor.",                       \
      .source = PAPER_LPLR ", Algorithm 1, B'",                                            \
      .min = 1, .max = CODING_BITS_MAX, .def = best, .paper = source_says }

#define ROW_DENSE_BITS(type, best, source_says)                                            \
    { PARAM(type, bits), .title = "Bits of Q", .shorthand = "B  (Q)", .unit = "bits",      \
      .help = "Bits per entry of the dense part Q.",                                       \
      .source = PAPER_CALDERA ", B_Q",                                                     \
      .min = 1, .max = CODING_BITS_MAX, .def = best, .paper = source_says }

/* Of Q and of the factors beside it. */
#define ROW_DENSE_QUANTIZER(type, best, source_says, where)                                \
    { PARAM(type, quantizer), .title = "Quantizer", .shorthand = "quantizer", .unit = "",  \
      .help = "Where the levels of Q and of the factors lie within their ranges; uniform " \
              "beyond 8 bits and where it has none of so many or cannot dither.",          \
      .source = where, .min = 0, .max = ROWS_QUANTIZERS - 1, .def = best,                  \
      .paper = source_says, .choices = quantizer_names }

#define ROW_ROUNDING(type)                                                                 \
    { PARAM(type, rounding), .title = "Rounding", .shorthand = "rounding", .unit = "",     \
      .help = "To the nearest level, or dithered: to one of the two neighbours at random " \
              "so that the mean is exact, as the theorem assumes.",                        \
      .source = PAPER_LPLR ": dithered in Section 2, nearest in every experiment",         \
      .min = ROUNDING_NEAREST, .max = ROUNDING_DITHERED, .def = ROUNDING_NEAREST,          \
      .paper = ROUNDING_NEAREST, .choices = rounding_names }

#define ROW_SCALES(type) ROW_SCALES_OF(type, SCALES_TENSOR, PAPER_LPLR ": one range a matrix")
#define ROW_SCALES_OF(type, source_says, where)                                            \
    { PARAM(type, scales), .title = "Scales", .shorthand = "scales", .unit = "",           \
      .help = "One range for the whole matrix, for each column (left) or row (right), or " \
              "for each 64 entries of one.",                                               \
      .source = where,                                                                     \
      .min = SCALES_TENSOR, .max = SCALES_BLOCK, .def = SCALES_VECTOR,                     \
      .paper = source_says, .choices = scales_names }

#define ROW_SYMMETRIC(type)                                                                \
    ROW_SYMMETRIC_OF(type, 0,                                                              \
                     PAPER_LPLR ": symmetric in the analysis, least to largest in experiments")
#define ROW_SYMMETRIC_OF(type, source_says, where)                                         \
    { PARAM(type, symmetric), .title = "Symmetric range", .shorthand = "symmetric",        \
      .unit = "",                                                                          \
      .help = "Levels span -R to R, R the largest magnitude, instead of the least to the " \
              "largest entry.",                                                            \
      .source = where, .min = 0, .max = 1, .def = 0, .paper = source_says }

#define ROW_QUANTIZER(type)                                                                \
    { PARAM(type, quantizer), .title = "Quantizer", .shorthand = "quantizer", .unit = "",  \
      .help = "Where the levels lie within the range.",                                    \
      .source = PAPER_LPLR ": uniform",                                                    \
      .min = 0, .max = ROWS_QUANTIZERS - 1, .def = 0, .paper = 0,                          \
      .choices = quantizer_names }

#define ROW_CLIP(type) ROW_CLIP_OF(type, CLIP_AUTO, CLIP_NONE, PAPER_LPLR ": none")
#define ROW_CLIP_OF(type, best, source_says, where)                                        \
    { PARAM(type, clip), .title = "Clipping", .shorthand = "clip", .unit = "",             \
      .help = "How wide ranges are: all entries (none), what suits normal numbers of the " \
              "same deviation (spread), the least squared error of a few widths (search), " \
              "or what the quantizer is made for (auto).",                                 \
      .source = where,                                                                     \
      .min = CLIP_AUTO, .max = CLIP_SEARCH, .def = best, .paper = source_says,             \
      .choices = clip_names }

#define ROW_SKETCH(type, best)                                                             \
    { PARAM(type, sketch), .title = "Sketch", .shorthand = "sketch", .unit = "",           \
      .help = "What the random matrix that the columns are mixed by is made of.",          \
      .source = PAPER_LPLR ", Algorithm 1, S: Gaussian",                                   \
      .min = SKETCH_GAUSSIAN, .max = SKETCH_POPCOUNT, .def = best,                         \
      .paper = SKETCH_GAUSSIAN, .choices = sketch_names }

#define ROW_ROUNDS(type)                                                                   \
    ROW_ROUNDS_OF(type, 1, "1 is " PAPER_LPLR "; alternation: Saha et al. 2024 (CALDERA), LPLRFactorize")
#define ROW_ROUNDS_OF(type, source_says, where)                                            \
    { PARAM(type, rounds), .title = "Rounds", .shorthand = "rounds", .unit = "rounds",     \
      .help = "Times that each factor is fitted to the other and rounded again; the best " \
              "pair is kept.",                                                             \
      .source = where,                                                                     \
      .min = 1, .max = 100, .def = 10, .paper = source_says, .logarithmic = true }

#define ROW_PERSIST(type, where)                                                           \
    { PARAM(type, persist), .title = "Persist", .shorthand = "persist", .unit = "",        \
      .help = "Takes all rounds, rather than to stop after three that brought nothing.",   \
      .source = where, .min = 0, .max = 1, .def = 0, .paper = 1 }

#define ROW_HADAMARD(type, best, source_says)                                              \
    { PARAM(type, hadamard), .title = "Hadamard transform", .shorthand = "hadamard",       \
      .unit = "",                                                                          \
      .help = "Rotates both sides by randomised Hadamard transforms before anything is "   \
              "rounded, which spreads outliers; a bit a row and a column more.",           \
      .source = "Tseng et al. 2024 (QuIP#); Saha et al. 2024 (CALDERA), preprocessing",    \
      .min = 0, .max = 1, .def = best, .paper = source_says }

#define ROW_NORMALIZE(type, best)                                                          \
    { PARAM(type, normalize), .title = "Normalise and shift", .shorthand = "normalise",    \
      .unit = "",                                                                          \
      .help = "Scales the result by one number and adds another, those of least error; "   \
              "128 bits.",                                                                 \
      .source = PAPER_LPLR ", released code: on in the image notebook, off elsewhere",     \
      .min = 0, .max = 1, .def = best, .paper = 0 }

#define ROW_SEED(type)                                                                     \
    { PARAM(type, seed), .title = "Seed", .shorthand = "seed", .unit = "",                 \
      .help = "Every random choice follows from it: the same seed gives the same bytes.",  \
      .source = "", .min = 0, .max = 0x1p53, .def = 1, .paper = 1 }
/* clang-format on */
/* NOLINTEND(bugprone-macro-parentheses) */
