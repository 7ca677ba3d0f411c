#pragma once

#include "cli.h"

/* What --help prints, read off the rows. */
void help_program(FILE *out);
void help_word(FILE *out, const struct word *w,
               const struct method *m); /* m NULL: no method named */

/* "1 to 24 bits", "nearest, dithered", "on, off"; and "4", or "4 (paper: 8)". */
void help_range(const struct param *p, char *out, size_t size);
void help_default(const struct param *p, char *out, size_t size);
