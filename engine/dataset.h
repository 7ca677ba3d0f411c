#pragma once

#include "error.h"

/* The ledger knows a dataset by the bytes of its name: two names that look the same would be two budgets.
 * ERROR_USAGE unless it is 1 to NAME_TEXT - 1 bytes of UTF-8 that can be seen, single spaces between words among
 * them. Pure. */
bool dataset_check(const char *name, struct error *err);
