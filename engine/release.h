#pragma once

#include "job.h"
#include "ledger.h"
#include "mechanism.h"
#include "sink.h"
#include "source.h"

/* A private release of M = A^T A, one row of A a person: the exact Gram matrix of rows on an integer
 * grid plus exactly rounded Gaussian noise from a cryptographic generator, under a ledger. A release
 * is made here or read from a release file, and nowhere else; it has no seed, and what the sandbox
 * makes is of other types. See docs/privacy.md for what is promised to whom. */

enum {
    RELEASE_SIDE = 8192, /* columns, at most */
    RELEASE_BITS = 15,   /* of the grid, where nobody says: a step is C / 2^15 */
    RELEASE_BITS_LEAST = 4,
    RELEASE_BITS_MOST = 16, /* so that no sum of 2^30 rows leaves 63 bits */
};

/* What is asked for. Public facts alone: none of them may be computed from the data. */
struct release_terms {
    /* COMPLEX: as REAL, and an imaginary part that costs nothing: Algorithm 1 of Mangoubi, Vishnoi
     * 2023, with the noise that (epsilon, delta) needs */
    enum mechanism mechanism;
    enum relation relation;
    double epsilon, delta;
    double clip;          /* C: rows are shortened to that norm, 1e-100 to 1e100 */
    const double *centre; /* subtracted from every row, as many as there are columns; NULL: none */
    size_t rank;          /* k, at least 1; beyond the side the side */
    enum mechanism_form form;
    bool shrink, clamp;
    unsigned bits;               /* b of the grid; 0: RELEASE_BITS */
    const char *dataset;         /* the ledger's name for these people: 1 to NAME_TEXT - 1 bytes */
    struct ledger_budget budget; /* epsilon 0: what stands in the ledger */
};

/* What it costs and how much noise that is; no data is needed to know it. */
struct release_price {
    double mu;        /* what the ledger is charged: gdp_mu of the terms */
    double deviation; /* s: of one off-diagonal real entry, in the unit of M */
    double diagonal;  /* of one diagonal entry, likewise */
    double lattice;   /* the step of the released entries: C^2 / 4^b */
    uint64_t grid_deviation, grid_diagonal; /* the same two in steps, exactly what is drawn */
};
/* ERROR_USAGE: terms that make no sense. ERROR_LIMIT: more noise than 2^50 steps. Pure. */
bool release_price(const struct release_terms *t, struct release_price *out, struct error *err);

/* A noisy matrix and what follows from it for free. All F64, owned. */
struct release_draw {
    struct matrix noisy; /* d x d, symmetric, multiples of the lattice: it carries the guarantee */
    struct matrix imaginary; /* d x d, antisymmetric; complex alone, else {0} */
    struct matrix y;         /* d x d, what was asked for: top k, real part, shrunk, clamped */
    double *values;          /* d, of noisy + i imaginary, descending */
    size_t rank;             /* of y: up to 2 k where complex and MECHANISM_Y */
};
void release_draw_finish(struct release_draw *w); /* {0} is fine */

/* What was paid for. All that is in it may be published. */
struct release {
    struct release_draw draw;
    size_t d, n; /* n: rows, told under replacement alone, else 0 */
    enum mechanism mechanism;
    enum relation relation;
    enum mechanism_form form;
    size_t rank; /* k, as asked for */
    bool shrink, clamp;
    bool centred; /* a public centre was taken off the rows */
    unsigned bits;
    double epsilon, delta, clip; /* as they were asked for, and paid for */
    double mu;                   /* what was paid */
    double deviation, lattice;   /* s, and the step of draw.noisy, both in M's unit */
    double view; /* mu of this matrix alone: less than mu in a coarse view (gradual.h) */
    char dataset[NAME_TEXT];       /* in no file: "" where it was read from one */
    char version[32];              /* of the program that made it */
    struct ledger_account account; /* of the dataset, after it; zero if read from a file */
};

/* Rows (n x d, F32 or F64) -> a release, in this order: integers, their Gram matrix on the job's
 * backend, checked; ledger_spend (`ledger` is its path), synced; noise, on the processor; all else. A device that fails
 * or errs leaves the Gram matrix to the processor before anything is spent. The job's flag
 * stops it with nothing spent, or is not looked at any more. job->scratch is empty before and
 * after. Everything that noise has not been added to is overwritten before this returns, but not `rows`,
 * the caller's. From the first call on the process leaves no core dump.
 * No error says anything that differs between neighbours: ERROR_USAGE, ERROR_LIMIT (over budget: nothing
 * was drawn; out->account then says how the dataset would stand), ERROR_READ (no random numbers, or the
 * ledger), ERROR_FORMAT, ERROR_WRITE (the ledger), ERROR_MEMORY, ERROR_CANCELLED. What fails after
 * the spend, which is memory or LAPACK, says that it stands. */
bool release_make(struct job *job, struct matrix_view rows, const struct release_terms *t,
                  const char *ledger, struct release *out, struct error *err);
void release_finish(struct release *r); /* {0} and a finished one are fine */

/* .safetensors: the noisy matrix, y, the eigenvalues, and the facts in __metadata__ under
 * "eigenscope.*", world=release. .npy: y alone. Whole or not at all. ERROR_USAGE: another ending. */
bool release_fits(const char *path, struct error *err); /* asked before anything is spent */
bool release_write(const struct release *r, const char *path, bool force, struct error *err);
/* The same in two steps, so that a disk that is full says so before anything is spent: the first takes
 * the room for a release of d columns, the second fills it and frees `to`, also on failure. In between
 * sink_abandon gives it back. */
struct sink *release_create(const char *path, enum mechanism m, size_t d, bool force,
                            struct error *err);
bool release_commit(const struct release *r, const char *path, struct sink *to, struct error *err);
/* A .safetensors of release_write alone: what says anything else of its world is ERROR_FORMAT. */
bool release_read(const char *path, struct release *out, struct error *err);
bool release_read_source(const struct source *s, struct release *out, struct error *err);
