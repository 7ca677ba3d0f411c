#pragma once

#include "beside_found.h"

/* A second model beside the one that is open: which of its matrices belong together, and how far apart they
 * are. By name, else by what family.h says that they are for, so that a model is found in another format. UI
 * thread only. */

struct model;
struct outcome;
struct request;

enum beside_state {
    BESIDE_NEW,   /* there is one; nothing was found yet */
    BESIDE_NONE,  /* the other model has none like it */
    BESIDE_SHAPE, /* it has one of another shape */
    BESIDE_DONE,
    BESIDE_FAILED
};

struct beside_row {
    enum beside_state state;
    uint32_t partner; /* in the other document */
    double relative, cosine, most;
};

struct beside {
    struct document *document; /* owned reference; NULL: there is none */
    struct beside_row *rows;   /* owned; one for each entry of the document that is open */
    uint32_t *order;           /* owned; those that are done, the farthest apart first */
    size_t n, done, alike;     /* entries; in `order`; those that have a partner of their shape */
    struct beside_found *kept; /* owned; with spectra, of one entry; NULL */
    size_t asked;              /* entry of the request that is out, or was last */
    uint64_t serial;           /* of that request */
    bool stopped;              /* by hand, until one asks again */
    char why[160];             /* of the last failure */
};

/* FILE, or nothing any more where it is "off". Fails as document_open. */
bool beside_open(struct model *m, const char *path, struct error *err);
void beside_forget(struct model *m);
void beside_go_on(struct model *m);
void beside_stop(struct model *m);

/* Of the matrix one is on; NULL: none is. */
const struct beside_row *beside_here(const struct model *m);
/* The tree goes on so many rows in `order`. */
void beside_move(struct model *m, int by);

/* For the model: whether a request is wanted, what it says, its answer, and that it failed. */
bool beside_wanted(struct model *m);
void beside_request(struct model *m, struct request *out);
void beside_accept(struct model *m, struct outcome *o);
void beside_failed(struct model *m, const struct outcome *o);
