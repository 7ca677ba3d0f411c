#pragma once

#include "error.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Whether this thread is to stop what it computes: loops of more than some milliseconds ask, between
 * their pieces, and so do not need to be told which job they are part of. A flag that was set stays
 * so until the job has ended: a loop may leave its work half done and the caller ask after it. */

/* From now on, of this thread; NULL: never. Hands back the flag before. */
const atomic_bool *cancel_watch(const atomic_bool *flag);
bool cancel_asked(void);
/* false: ERROR_CANCELLED. */
bool cancel_none(struct error *err);
