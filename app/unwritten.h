#pragma once

#include "release.h"

/* What was paid for and could not be written where it was to go. Any thread. */

/* Writes it beside the ledger, under a name that is not taken yet: `path` is where. False: nowhere. */
bool unwritten_keep(const struct release *r, char *path, size_t size);
