#pragma once

#include "budget.h"
#include "method.h"

/* A goal instead of a value: err<5%, psnr>30, ssim>0.9, size<60K, bits<1.5, energy>95%; and the
 * cheapest setting of a method that meets it. What a setting gives is asked of the caller, who
 * measures it; nothing is taken from a formula but the size, which method->bits knows exactly. Any
 * thread. */

enum goal_kind {
    GOAL_ERROR,  /* relative error at most */
    GOAL_PSNR,   /* dB at least; pictures only, as GOAL_SSIM */
    GOAL_SSIM,   /* mean structural similarity at least */
    GOAL_SIZE,   /* bytes of the packed factors file at most */
    GOAL_BITS,   /* true bits an entry at most */
    GOAL_ENERGY, /* share of ||A||_F^2 at least: 1 - error^2 */
    GOAL_KINDS,
};

enum { GOAL_TEXT = 48 };

struct goal {
    enum goal_kind kind;
    bool strict; /* < or >, not <= or >= */
    double bound;
    char text[GOAL_TEXT]; /* as it was typed, without blanks */
};

/* Whether a line is meant as a goal: it begins with a goal's name and a comparison. */
bool goal_looks(const char *text);

/* The bound is an expression (expression.h) with percent. Fails with ERROR_USAGE. */
bool goal_parse(const char *text, struct goal *out, struct error *err);

bool goal_is_size(const struct goal *g);       /* a bound on the size: the best error within it */
bool goal_needs_picture(const struct goal *g); /* psnr or ssim */

/* What one setting gives, over all planes; NAN, or 0 for bytes, where nobody asked. */
struct goal_numbers {
    double error, psnr, ssim;
    uint64_t bits, entries, bytes;
};
double goal_value(const struct goal *g, const struct goal_numbers *n); /* in the bound's unit */
bool goal_met(const struct goal *g, const struct goal_numbers *n);
/* "error 4.98 %", "PSNR 31.2 dB", "size 59.8 KB". */
void goal_words(const struct goal *g, const struct goal_numbers *n, char *out, size_t size);

struct goal_trial {
    bool tried;
    double at; /* on the axis */
    struct params_any params;
    struct goal_numbers numbers;
};

/* One search. The axis is a whole-number row of the method, in general the rank; all other rows
 * stay as they are in params, but with `bits` left_bits and right_bits go from 2 to 8. */
struct goal_search {
    const struct goal *goal;
    const struct method *method;
    const struct param *axis;
    struct params_any params;
    enum dtype dtype;
    size_t rows, cols, planes;
    /* Of each matrix where they differ, `planes` of them; NULL: all are rows x cols. */
    const struct budget_shape *shapes;
    bool bits;
    struct job *job; /* progress and cancel between settings */
    /* error always; psnr and ssim, or bytes, where the goal is about them. Measured on a result. */
    bool (*measure)(void *context, const struct params_any *params, struct goal_numbers *out,
                    struct error *err);
    /* The Eckart-Young error of a rank, which no result of that rank stays below; NULL or NAN:
     * unknown. Spares settings that cannot meet the goal; decides nothing. */
    double (*optimal)(void *context, size_t rank);
    void *context;
};

struct goal_answer {
    bool met;
    /* Along the axis the settings that were tried meet the goal from one on, or up to one: else a
     * better one may lie where none was tried. */
    bool monotone;
    size_t tried;           /* settings measured */
    struct goal_trial best; /* meets the goal; or, met being false, comes nearest */
    /* One step from it on the axis: to the cheaper side, where the goal is not met any more; for a
     * bound on the size to the larger side, where it is not met or the error is no less. Not tried
     * where the axis ends there. */
    struct goal_trial beside;
};

/* The row that a goal moves where nothing else is said: the rank; of a method without one, its
 * bits. NULL: neither. */
const struct param *goal_axis(const struct method *m);

/* Cheapest is the smallest true size where the goal is about quality, and the least error where it
 * is about size. That no setting meets it is an answer, not a failure. Fails with ERROR_USAGE (a goal
 * on pictures of no picture), ERROR_CANCELLED, or as measure does. */
bool goal_solve(const struct goal_search *s, struct goal_answer *out, struct error *err);

/* Whether a is the better answer of two to one goal; one that tried nothing is none. */
bool goal_better(const struct goal *g, const struct goal_answer *a, const struct goal_answer *b);

/* One line: "err<5%: rank 57, error 4.98 %; rank 56 has 5.03 %", or why not and how near. */
void goal_tell(const struct goal *g, const struct method *m, const struct param *axis,
               const struct goal_answer *a, char *out, size_t size);
