#pragma once

#include "chacha.h"
#include "release.h"
#include "wipe.h"

/* The inside of release.c and gradual.c: the way from rows to where noise may be drawn. */

struct release_path {
    const struct release_terms *terms;
    struct release_price price;
    struct secret stream; /* a struct chacha */
    struct secret rows;   /* n x d int32_t, on the grid; gone once it is paid */
    struct secret gram;   /* d x d int64_t, their exact Gram matrix */
    void *reserve;        /* what is needed after the payment, had before it and given back then */
    size_t n, d;
};

/* Up to the ledger: terms, guard, generator, rows, Gram matrix, its check. Of what fails nothing is
 * spent, and the sentence is the same for neighbours. */
bool release_path_open(struct release_path *p, struct job *job, struct matrix_view rows,
                       const struct release_terms *t, struct error *err);
/* Asks the job for the last time, and pays: on disk when it returns true. */
bool release_path_pay(struct release_path *p, struct job *job, const char *ledger,
                      struct ledger_account *account, struct error *err);
void release_path_close(struct release_path *p); /* overwrites all of it; {0} is fine */

static inline struct chacha *release_path_stream(struct release_path *p)
{
    return p->stream.data;
}

/* The public facts of what was paid for. */
void release_path_facts(const struct release_path *p, struct release *out);
/* After the payment: fails with what `why` says and that what was paid stays paid. */
bool release_path_lost(const struct error *why, struct error *err);
