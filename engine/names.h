#pragma once

#include <stddef.h>

/* Sorts the n texts by their bytes; the first that stands there twice, NULL: none does. */
const char *names_twice(const char **names, size_t n);
