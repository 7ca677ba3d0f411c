#pragma once

#include "error.h"

#include <stdatomic.h>
#include <stddef.h>

/* Work of many equal pieces on several threads: for a word of the command line, whose main thread has
 * nothing else to do. The main thread takes pieces as well and tells between them how far it is. */
struct crew_work {
    bool (*piece)(void *context, size_t i, struct error *err); /* any thread; each i once */
    void *context;
    size_t pieces;
    const atomic_bool *cancel;                                       /* NULL: never */
    void (*progress)(void *context, double done, const char *stage); /* main thread; NULL: nobody */
    const char *stage;
};
/* threads 0: one per processor. The first failure ends all; cancel: ERROR_CANCELLED. Where no thread can
 * be had the main one does it all. */
bool crew_run(int threads, const struct crew_work *w, struct error *err);
