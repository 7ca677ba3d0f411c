#pragma once

#include "scan.h"

/* Rows of a scan on disk: a line of text each, numbers as the bits of a double, a checksum of
 * the line, the model's identity and the columns at its end. A line that does not fit counts for nothing,
 * wherever it comes from: a crash, a full disk, another version, another model. */

/* Marks the rows that the file has as done. What is wrong with it goes to s->notice. */
void scan_file_read(struct scan *s);

/* Row i, behind those that are there. That it cannot be written goes to s->notice, and s->path
 * then away: a scan does not end by it. */
void scan_file_keep(struct scan *s, size_t i);
