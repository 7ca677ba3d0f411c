#pragma once

#include "release.h"

/* What of a release the screen needs: plain numbers, all of them paid for. Made by the worker from a
 * release, or from a release file; nothing else makes one, and no release is made from it. Any thread. */

struct gradual;

enum { RELEASED_PATH = 1024 };

/* What a release is asked for by: public facts, typed by hand, none of them from the data. */
struct release_wish {
    double epsilon, delta;
    double clip;   /* rows are shortened to this norm */
    int relation;  /* enum relation */
    int mechanism; /* enum mechanism */
    int rank;
    int views;       /* 1; or so many, the coarsest seen first, for the price of the finest */
    double coarsest; /* the epsilon of that one, as a share of epsilon */
    double budget_epsilon, budget_delta; /* 0: none is named */
    char dataset[NAME_TEXT];             /* the ledger's name for the data; "": none is named yet */
    char ledger[RELEASED_PATH];          /* where it lies */
    char file[RELEASED_PATH];            /* written as soon as it is made; "": it is not */
};

/* One view of a gradual release; of a release in one piece the only one. */
struct released_view {
    double mu, epsilon; /* what this view alone would have cost, and at the release's delta */
    double deviation;   /* s: of one real entry off the diagonal */
    double *values;     /* owned: d eigenvalues of the noisy matrix, descending */
};

/* What was released, looked at otherwise: as free as looking. */
struct release_look {
    char from[RELEASED_PATH]; /* the release file */
    size_t rank;
    bool shrink, clamp;
};

/* As the engine reads it; borrows the dataset's name. */
struct release_terms release_wish_terms(const struct release_wish *w);

struct released {
    size_t d, n; /* n: rows, where they are public, else 0 */
    enum mechanism mechanism;
    enum relation relation;
    double epsilon, delta, mu, clip; /* what was paid: of the finest view */
    size_t rank;                     /* as it was asked for, like the next */
    enum mechanism_form form;
    bool shrink, clamp;
    char dataset[NAME_TEXT];     /* "" where it was read from a file: they do not tell */
    char file[RELEASED_PATH];    /* where it is; "": it was not written */
    char unwritten[ERROR_TEXT];  /* and why not; "": nobody asked for it */
    size_t n_views;              /* the coarsest first */
    struct released_view *views; /* owned */
};

/* NULL: ERROR_MEMORY; of a gradual one what gradual_reveal fails with; of a file what release_read does. */
struct released *released_of(const struct release *r, struct error *err);
struct released *released_gradually(struct gradual *g, struct error *err);
struct released *released_read(const char *path, struct error *err);
/* The release at l->from with y as l says, to `path`; the rest of it is the same. Fails as release_read and
 * release_write do. */
bool released_write(const struct release_look *l, const char *path, bool force, struct error *err);
void released_destroy(struct released *r); /* NULL is fine */
