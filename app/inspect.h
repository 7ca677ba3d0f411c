#pragma once

#include "anatomy.h"

/* What the matrix one is on in the weights view is like: asked for when no key was pressed for a while, the
 * newest wish alone; the last few answers are kept. UI thread only. */

struct model;
struct outcome;
struct request;

/* Larger ones are looked at when it is asked for: browsing takes neither seconds nor memory. */
enum { INSPECT_KEPT = 16, INSPECT_LARGE = 1 << 21 /* entries */ };

struct inspected {
    size_t entry;            /* of the document */
    struct anatomy *anatomy; /* owned; NULL: the place is free */
};

struct inspect {
    struct inspected kept[INSPECT_KEPT]; /* the newest first */
    bool exact;    /* by an SVD in double precision instead of the Gram matrix */
    size_t asked;  /* 1 + the entry of the request that is out, or of the last one; 0: none */
    size_t large;  /* 1 + the large one that x asked for; 0: none */
    size_t left;   /* 1 + the entry that was stopped, or failed: not asked for again; 0: none */
    char why[160]; /* it failed; "": it was stopped */
};

/* Of the matrix one is on; NULL: not known yet, or it is none. */
const struct anatomy *inspect_now(const struct model *m);
const struct anatomy *inspect_of(const struct model *m, size_t entry); /* NULL: not kept */
/* "reading", why there is nothing, or "" where there is something. */
const char *inspect_words(const struct model *m);
void inspect_forget(struct model *m); /* another document */
void inspect_stop(struct model *m);   /* by hand: it is not asked for again until one comes back */
/* x: looks at what was left, or is large; else the other way to a spectrum, and back. */
void inspect_exact(struct model *m);

/* For the model: whether a request is wanted, what it says, its answer, and that it failed. */
bool inspect_wanted(struct model *m);
void inspect_request(struct model *m, struct request *out);
void inspect_accept(struct model *m, struct outcome *o);
void inspect_failed(struct model *m, const struct outcome *o);
