#pragma once

#include "study.h"

/* Another document, read by the worker while what is open goes on. The newest wish counts. What
 * is to be done with the document once it is there is `then`, which opening_go_on calls. UI
 * thread only. */

struct model;

enum opening_state {
    OPENING_NOT,
    OPENING_WANTED, /* to be asked for */
    OPENING_OUT,    /* a request is out */
    OPENING_ENDED,  /* it is there, or failed: opening_go_on is to be called */
};

struct opening {
    enum opening_state state;
    unsigned long wishes; /* all there were */
    uint64_t serial;      /* of the request that is out */
    char name[PATH_TEXT]; /* FILE[::NAME] */
    struct error error;   /* why it failed, else ERROR_NONE */
    /* Runs once it is there, with what it needs; regardless: also when it failed. NULL: nothing. */
    bool (*then)(struct model *m, const struct opening *o, struct error *err);
    bool regardless;
    bool first;          /* the program was started with it: a failure ends it */
    bool keys_first;     /* as the model's, for `rest` */
    char *rest;          /* owned; commands for `then` */
    const void *context; /* borrowed, for `then` */
};

/* Wishes for it, in place of an earlier wish. Fails as document_probe does; nothing has
 * changed then. */
bool opening_wish(struct model *m, const char *name, struct error *err);

/* Whether a wish is not done with. */
bool opening_waits(const struct model *m);

void opening_drop(struct model *m); /* gives it up, or forgets it when done */
void opening_request(struct model *m, struct request *out); /* what the wish adds to it */
void opening_accept(struct model *m, struct outcome *o);    /* takes the document over */

/* After OPENING_ENDED: false where it failed and there is no way on, or `then` fails and it was
 * the first; what else fails is said in the message line. */
bool opening_go_on(struct model *m, struct error *err);
