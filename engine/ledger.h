#pragma once

#include "gaussian_dp.h"
#include "limit.h"

#include <stdint.h>

/* What was spent on which data: a text file, a line a spend, added to and never rewritten. The key
 * is the name that a person gave the dataset, never anything computed from the data. Each line
 * carries a checksum of itself and of all before it: against damage, not against forgery. A line that is not
 * whole, wherever it stands, stops all spending until a person has looked at it; so does a file that is no
 * ledger, or a newer one. Any thread, any number of processes. */

/* epsilon 0: none. */
struct ledger_budget {
    double epsilon, delta;
};

struct ledger_spend {
    char dataset[NAME_TEXT]; /* 1 to NAME_TEXT - 1 bytes, any but NUL */
    enum mechanism mechanism;
    enum relation relation;
    double clip;
    double mu;                   /* what is paid; composition is of these alone */
    double epsilon, delta;       /* as they were asked for: for the naive sum, and to be read */
    struct ledger_budget budget; /* that was asked for with it; none: what stands stays */
    int64_t time;                /* seconds since 1970, UTC; ledger_spend fills in a 0 */
};

struct ledger {
    struct ledger_spend *spends; /* owned; in the order of the file */
    size_t n;
    bool unended;   /* the last line has all but its end: it counts, and the next spend ends it */
    size_t damaged; /* number of the first line that is not whole, from 1; 0: none */
    char why[ERROR_TEXT]; /* what is wrong there, one sentence */
};

/* All lines before the first damaged one. A file that is not there is an empty ledger. Fails with
 * ERROR_READ, ERROR_MEMORY, ERROR_LIMIT (LIMIT_LEDGER), ERROR_FORMAT (no ledger, or a newer one).
 * ledger_finish frees, also after a failure; of {0}: nothing. */
bool ledger_read(const char *path, struct ledger *out, struct error *err);
void ledger_finish(struct ledger *l);

/* How things stand for one dataset. Where any release of it is under replacement, all are counted as
 * such: the stricter relation, into which everything can be converted. */
struct ledger_account {
    size_t releases;
    enum relation relation;
    struct ledger_budget budget; /* the last one asked for; epsilon 0: none ever */
    struct ledger_budget
        raised_from;    /* next names one that allows more than this; epsilon 0: not so */
    double delta;       /* at which the epsilons below are told */
    double mu, epsilon; /* spent; 0 without a release */
    double naive_epsilon, naive_delta; /* sums, as basic composition has them */
    double mu_most;                    /* of the budget; infinite without one */
    double mu_left, epsilon_left; /* the largest release that still fits; infinite without one */
    bool over;                    /* mu > mu_most */
};

/* next: counted as if it stood there already; NULL: none. Told at the budget's delta, else at next's,
 * else at `delta`. */
void ledger_account(const struct ledger *l, const char *dataset, const struct ledger_spend *next,
                    double delta, struct ledger_account *out);

/* Writes the spend down, on disk before it returns true: line and folder are synced. Whoever
 * draws noise does so after that, and only then. Holds a lock (flock) from before it reads the file until it
 * is done: of two that both ask for what is left, one gets it. after: the account with it; may be
 * NULL. Nothing is spent where it fails with
 * ERROR_USAGE   numbers or a name that make no sense
 * ERROR_LIMIT   over the budget; *after is filled in as if it were not
 * ERROR_FORMAT  a damaged ledger, by line
 * ERROR_CANCELLED  while it waited for the lock (cancel.h); not later
 * ERROR_READ, ERROR_WRITE, ERROR_MEMORY; but where the disk does not confirm what was written,
 * the spend stands, as the sentence says. */
bool ledger_spend(const char *path, const struct ledger_spend *spend, struct ledger_account *after,
                  struct error *err);

/* Told once, about a second after somebody began to wait for another's lock; NULL: nobody is. Set it before
 * there are threads. */
extern void (*ledger_waits)(const char *path);
