#pragma once

#include "scan.h"

/* The scan of a whole model, or of what is marked, behind the weights view: rows as they come, asked for
 * when nothing else is; whatever is newer comes first, and it goes on afterwards. What an earlier scan has
 * kept is there as soon as the file is open. UI thread only. */

struct model;
struct outcome;
struct request;

struct scanning {
    struct scan_row *
        *rows;           /* owned; one for each entry of the document, NULL: not known; or NULL */
    size_t n, done;      /* entries; rows that are known */
    bool wanted, marked; /* to be scanned: all, or the marked ones */
    bool stopped;        /* by hand, or by a failure, until it is asked for again */
    bool loaded;         /* what was kept was asked for */
    bool load_out;       /* and that is what is out */
    uint64_t serial;     /* of the request that is out */
};

/* The row of an entry; NULL: not known yet. */
const struct scan_row *scanning_row(const struct model *m, size_t entry);

/* Of those that are wanted: how many are known, how many there are. */
void scanning_count(const struct model *m, size_t *done, size_t *all);

void scanning_begin(struct model *m); /* the marked ones, or all; goes on where it was stopped */
void scanning_stop(struct model *m);
void scanning_forget(struct model *m);                                        /* another document */
void scanning_put(struct model *m, size_t entry, const struct scan_row *row); /* copied, if done */
/* What was found out of one tensor alone is a row, too. */
void scanning_take(struct model *m, size_t entry, const struct anatomy *a);

/* For the model: whether a request is wanted, what it says, its answers, and that it failed. */
bool scanning_wanted(struct model *m);
void scanning_request(struct model *m, struct request *out);
void scanning_accept(struct model *m, struct outcome *o);
void scanning_failed(struct model *m, const struct outcome *o);
