#pragma once

#include "matrix.h"

#include <stdint.h>

/* Memory for what nobody may find again: whole pages of its own, kept out of swap where the
 * system lets us (mlock) and out of core dumps, zeroed before it is given back. */
struct secret {
    void *data;   /* zeroed at first, on a page's border; NULL where there is none */
    size_t size;  /* as asked for */
    void *memory; /* what data lies in */
    size_t pages; /* bytes of whole pages from data on */
    bool locked;
};
/* Fails as memory_alloc does. That pages cannot be locked is no failure: the kernel grants an ordinary
 * user few of them. */
bool secret_init(struct secret *s, size_t size, struct error *err);
void secret_finish(struct secret *s); /* {0} and a finished one are fine */

void wipe(void *p, size_t n);         /* zeros that no compiler leaves out; NULL with 0 is fine */
void wipe_view(struct matrix_view a); /* every entry of it, and nothing between its rows */

/* From now on this process leaves no core dump and no other one of this user may look into it: for good, as
 * what was read in stays in memory after a release. ERROR_READ where the system refuses. */
bool wipe_guard(struct error *err);
