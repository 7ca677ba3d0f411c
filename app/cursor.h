#pragma once

#include <stddef.h>

/* The place in a list of n rows after `by` steps, which end at its first and last row. */
size_t cursor_moved(size_t at, size_t n, int by);
