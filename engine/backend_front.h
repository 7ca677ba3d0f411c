#pragma once

#include "backend.h"

/* What backend.c (devices, buffers) and operations.c share; nobody else includes this. */

/* A buffer not yet released. What came back from the processor may still be read
 * where it lies, so it stays as long as the buffer. */
struct backend_live {
    struct buffer x;
    struct matrix host;
    struct matrix_view view; /* what was loaded */
    bool loaded;             /* by the caller: never written to */
    size_t users;
};

struct backend_live *backend_find(const struct buffer *x); /* NULL: not a live buffer */
void backend_let_go(struct backend_live *l);
