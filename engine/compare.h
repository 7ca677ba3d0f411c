#pragma once

#include "approximate.h"
#include "budget.h"

/* Every method at one size: which settings are worth running there, and what came of them. A run is
 * asked of the caller, who measures it; nothing is taken from a formula but the size, which
 * method->bits knows exactly. Knows no method by name: rows that it finds in a method's table are what it
 * moves (left_bits, right_bits, bits; quantizer, scales, clip, split, ...), `rank` or, of a method that
 * lays its bits out itself, `bits_per_entry` is what it fits to the size. Any thread. */

enum compare_unit {
    COMPARE_TRUE,  /* true bits an entry, the header of the file apart */
    COMPARE_PAPER, /* bits an entry as papers count: codes alone */
    COMPARE_BYTES, /* bytes of the packed factors file of all planes */
};
struct compare_size {
    enum compare_unit unit;
    double amount; /* at most */
};

/* What one run gave, over all planes. NAN, or 0 for whole numbers, where not known. */
struct compare_numbers {
    double error;
    /* Parts of the error where all of it is known: error^2 = tail^2 + left^2 + right^2. What the rank
     * leaves out, what rounding costs in the left and in the right factor. */
    double tail, left, right;
    double psnr, ssim, seconds;
    size_t rank;    /* as stored; 0: no factorization */
    size_t columns; /* of all products together; 0: something dense stands beside them */
    uint64_t bits_paper, bits_true, entries, bytes;
};
/* All of it but bytes, psnr and ssim. spectra: complete ones, one per matrix, for the tail; NULL: what
 * the method itself knows of it. */
void compare_numbers_of(const struct approximation *a, const struct spectrum *spectra,
                        struct compare_numbers *out);

enum compare_origin {
    COMPARE_FOUND,   /* the search's */
    COMPARE_DEFAULT, /* the method's defaults at this size */
    COMPARE_SOURCE,  /* what its source describes, at this size: --paper */
};

struct compare_row {
    const struct method *method;
    struct params_any params;
    enum compare_origin origin;
    bool final; /* at its full setting; else a coarse look */
    struct compare_numbers numbers;
    bool front; /* no other row has less error at no more size: set by compare_front */
};

/* A setting that has no row, and why. */
struct compare_omission {
    const struct method *method;
    struct params_any params;
    char why[160];
    double
        takes; /* bits an entry, at its least rank; INFINITY: not known, or it failed otherwise */
};

struct compare_request {
    const struct method *const *methods; /* NULL-terminated; those that take many matrices (unless
                                            `together`) or simulate a private release are passed over */
    struct compare_size size;
    enum dtype dtype;
    size_t rows, cols, planes;
    /* Of each matrix where they differ, `planes` of them; NULL: all are rows x cols. */
    const struct budget_shape *shapes;
    bool together; /* methods that take all at once are compared as well: of one width */
    /* Settings each method starts from: NULL, its defaults. Rows that the user typed stay as they are
     * (`fixed`; NULL: none is). */
    bool (*start)(void *context, const struct method *m, bool paper, struct params_any *out,
                  struct error *err);
    bool (*fixed)(void *context, const char *key);
    struct job *job; /* progress and cancel between runs */
    /* One run. coarse: single precision, one plane and a cached SVD will do, always the same
     * ones; only the error matters (and bytes where the size is in bytes); else everything, as `run` would measure it. */
    bool (*measure)(void *context, const struct method *m, const struct params_any *params,
                    bool coarse, struct compare_numbers *out, struct error *err);
    /* The Eckart-Young error of a rank, of what coarse runs look at; NULL or NAN: unknown. Spares runs that cannot win. */
    double (*optimal)(void *context, size_t rank);
    /* A run is done; NULL: nobody looks. */
    void (*found)(void *context, const struct compare_row *row);
    void *context;
    size_t keep; /* settings of each method that are run in full; 0: 2 */
};

struct compare_table {
    struct compare_row *rows; /* final ones, by error; owned */
    size_t n;
    struct compare_omission *omissions; /* owned */
    size_t n_omissions;
    size_t tried;  /* runs, coarse ones too */
    size_t spared; /* settings that were not run: they cannot be the best */
};

/* Fills *out, which the caller finishes, also on failure. That nothing fits is a table without rows.
 * Fails with ERROR_CANCELLED, ERROR_MEMORY, or as start does; a run that fails otherwise is an
 * omission. */
bool compare_run(const struct compare_request *r, struct compare_table *out, struct error *err);
/* Of settings that do not fit, the one that takes least; the last one where none is known. NULL: none. */
const struct compare_omission *compare_cheapest(const struct compare_table *t);
void compare_finish(struct compare_table *t); /* {0} and a finished one are fine */

/* Sets the size of *params: the largest rank that fits, the row bits_per_entry, or nothing where a method
 * has neither. overhead: bits of a file beside its parts. Fails with ERROR_USAGE: it does not fit. */
bool compare_fit(const struct compare_request *r, const struct method *m, double overhead,
                 struct params_any *params, struct error *err);

/* front[i]: no other point has less error at no more size, or less size at no more error. */
void compare_front(const double *size, const double *error, size_t n, bool *front);

/* "rank 83, 4+8 bits, scales tensor": what decides the size, then the rows that are not at their
 * default, the seed apart; brief: the size alone. */
void compare_setting(const struct method *m, const struct params_any *params, bool brief, char *out,
                     size_t size);

/* Why the first row is first, in a line: its parts of the error, and whom it beats. */
void compare_reason(const struct compare_table *t, char *out, size_t size);
