#pragma once

#include "error.h"

/* Random bytes from the kernel, getrandom(2): the one source of everything a release must not let
 * anyone guess. Waits until the kernel's generator is ready; never falls back on anything. Any thread. */

/* Fills out, or fails with ERROR_READ and out zeroed: then nothing private may be released. */
bool entropy_fill(void *out, size_t n, struct error *err);
