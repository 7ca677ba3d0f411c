#pragma once

#include "document.h"
#include "wipe.h"

/* Rows on their way from a file into a release: in memory that nobody finds again, and with errors that say
 * the same for neighbours. */
struct release_rows {
    struct secret memory;
    struct matrix_view view; /* n x d, F64, whatever stands in them */
};

/* Of a selection of one matrix. Fails with the code of what went wrong and a sentence that tells no size,
 * place or count. */
bool release_rows_read(const struct selection *s, struct release_rows *out, struct error *err);
void release_rows_finish(struct release_rows *r); /* overwrites them; {0} is fine */

/* Fails with why->code and such a sentence. */
bool release_rows_refuse(const struct error *why, struct error *err);
