#pragma once

#include <stdio.h>

/* Cells of CSV as RFC 4180 has it; commas and line ends are the caller's. */

void csv_text(FILE *out, const char *text); /* quoted where it must be; control bytes as \xNN */
/* The fewest digits that read back as the same double; nothing for a NAN. */
void csv_number(FILE *out, double value);
