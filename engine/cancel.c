#include "cancel.h"

#include <stddef.h>

static _Thread_local const atomic_bool *watched;

const atomic_bool *cancel_watch(const atomic_bool *flag)
{
    const atomic_bool *before = watched;
    watched = flag;
    return before;
}

bool cancel_asked(void)
{
    return watched && atomic_load_explicit(watched, memory_order_relaxed);
}

bool cancel_none(struct error *err)
{
    return !cancel_asked() || fail(err, ERROR_CANCELLED, "interrupted");
}
