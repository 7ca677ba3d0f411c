#pragma once

#include "document.h"

/* What the worker is asked about one matrix of a model and its like in another, and what it finds. */

struct beside_wish {
    struct document *other; /* owns one reference while it is out; NULL: nothing is asked */
    size_t entry, partner;  /* of the document that is open, and of the other */
    bool spectra;
};

struct beside_found {
    size_t entry;
    double relative; /* ||A - B||_F / ||A||_F; A of the document that is open */
    double cosine;   /* <A, B> / (||A||_F ||B||_F); NAN where one is zero */
    double most;     /* max |A - B| */
    size_t n;        /* singular values of each; 0: they were not asked for */
    double *sigma;   /* owned; of A, of B, of A - B: n each, descending; by Gram matrices */
};
void beside_found_destroy(struct beside_found *f); /* NULL is fine */
