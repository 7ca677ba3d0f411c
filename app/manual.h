#pragma once

#include <stdio.h>

/* The man page in scdoc's language, off the same rows as the reference pages. */
void manual_print(FILE *out);
