#pragma once

#include "coding.h"

/* What a method hands back: a list of terms, each a matrix or a product of two,
 * whose parts are plain numbers or packed codes. Rounded dense (one term, one
 * part), L R (one term, two parts), Q + L R (two terms), one right factor shared
 * by several matrices (one part in several terms) all fit. */

struct part {
    const char *name; /* "left", "right", "dense": static text, the prefix in a factors file */
    bool coded;
    struct matrix plain; /* owned, when not coded */
    struct coded codes;  /* owned, when coded */
};

/* What stands around the sum of an input's terms: A ~ scale * (H_n^T (sum) H_d) + shift. H_n and
 * H_d are randomised Hadamard transforms of the two sides (rotation.h); a side that is not rotated has
 * no signs. Size: a bit a sign; scale and shift 64 bits each where `shifted`. */
struct frame {
    bool rotated_rows, rotated_cols;
    uint8_t *row_signs, *col_signs; /* owned; a bit each, least significant first; NULL: none */
    bool shifted;                   /* normalise-and-shift, of the released LPLR code */
    double scale, shift;            /* 1 and 0 where not shifted */
};
bool frame_plain(const struct frame *f); /* nothing stands around the sum */

struct term {
    size_t matrix; /* index of the input it approximates */
    size_t left;   /* index of a part */
    size_t right;  /* likewise; TERM_DENSE: the term is the left part alone */
};
#define TERM_DENSE ((size_t)-1)

/* What theory says a result's error is near, or below: its parts, relative to ||A||_F; the error is the
 * root of the sum of their squares. NAN where there is none. */
struct theory {
    double
        tail; /* what the rank leaves out (for Q + L R: what the corrector leaves of Q's error) */
    double left, right; /* from rounding either factor */
    double error;
    bool proved;          /* a bound on the mean over seeds; else a heuristic, drawn dashed */
    const char *unproved; /* the first assumption that fails, static text; NULL where proved */
};

/* One approximated input, as measured afterwards. Errors are relative to ||A||_F
 * (0 / 0 is 0). NAN where unknown or where nothing is proved. */
struct measure {
    size_t rows, cols;
    double norm;     /* ||A||_F */
    double residual; /* ||A - sum of terms||_F, by subtraction */
    double error;    /* residual / norm */
    double optimal;  /* Eckart-Young error at this rank; a shift is worth one rank more */
    double bound;    /* on the mean over seeds, as the source proves it */
    /* Of L R, relative: error^2 = fitted^2 + right_loss^2 where R rounds the least-squares fit to L
     * (Saha et al. 2023, normal equations), before any shift; fitted^2 = optimal^2 + left_loss^2. */
    double fitted;        /* ||A - L W||_F, W before rounding; NAN where nothing was fitted */
    double right_loss;    /* ||L (R - W)||_F, likewise */
    struct theory theory; /* as method.theory tells where the spectrum was at hand */
};

struct result {
    struct part *parts;
    size_t n_parts;
    struct term *terms;
    size_t n_terms;
    struct frame *frames;     /* one per input */
    struct measure *measures; /* one per input */
    size_t n_measures;
    size_t rank;    /* stored columns of the left factor; 0: not a factorization */
    size_t dead;    /* columns of the left factor without use (their right rows are 0) */
    size_t rounds;  /* of alternation really run; 1 for one-shot methods */
    double seconds; /* of the method, without measuring */
};

/* Gives a result room for n inputs of the shapes in `rows`, `cols`; call first. */
bool result_init(struct result *r, size_t n, struct error *err);
void result_finish(struct result *r); /* {0} and a finished one are fine */

/* Move a part in; the result owns it even on failure. The index goes into *index. */
bool result_add_plain(struct result *r, const char *name, struct matrix *m, size_t *index,
                      struct error *err);
bool result_add_coded(struct result *r, const char *name, struct coded *c, size_t *index,
                      struct error *err);
bool result_add_term(struct result *r, size_t matrix, size_t left, size_t right, struct error *err);

size_t part_rows(const struct part *p);
size_t part_cols(const struct part *p);
/* Plain parts count their dtype's 32 or 64 bits an entry, both ways; frames count in the true size
 * alone, as the released code counts none of them. */
uint64_t result_bits_paper(const struct result *r);
uint64_t result_bits_true(const struct result *r);
/* What a single input takes: its own parts and frame, and of parts that it shares with other inputs a
 * portion by its rows. Over all inputs they add up to the result's bits. */
uint64_t result_bits_of(const struct result *r, size_t matrix, bool paper);
/* Of parts that more than one input uses. */
uint64_t result_bits_shared(const struct result *r, bool paper);
/* The part as numbers, decoded if need be; out has its shape. */
bool part_decode(const struct part *p, struct matrix_view out, struct error *err);

/* out = the sum of the terms of input `matrix` within its frame, in out's precision; out has
 * col_stride 1. Depends on the parts and the frame alone, so that a file read back expands to the same
 * bits. */
bool result_expand(const struct result *r, size_t matrix, struct matrix_view out,
                   struct error *err);
