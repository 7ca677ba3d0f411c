#pragma once

#include "ledger.h"

/* A ledger as text:
 *
 *   eigenscope ledger 1
 *   TIME DATASET MECHANISM RELATION CLIP MU EPSILON DELTA BUDGET-EPSILON BUDGET-DELTA SUM
 *
 * Whatever is not a letter, a digit or one of -._ in a dataset's name is %XX there; numbers have as
 * few digits as read back to them, budgets are 0 where none was asked for. SUM is a checksum of all
 * bytes of the file before it, so that no line can change, go or come between others unseen. There
 * is one way to write a spend: what does not read back to its very bytes is damaged. */

enum { LEDGER_LINE = 1200 }; /* bytes, with the NUL */

#define LEDGER_HEAD "eigenscope ledger 1\n"
uint64_t ledger_file_start(void); /* the checksum of that line */

/* ERROR_USAGE where a spend makes no sense. */
bool ledger_file_check(const struct ledger_spend *s, struct error *err);
/* Prints a line with its newline and takes *sum on to its end; returns its length. */
size_t ledger_file_print(const struct ledger_spend *s, uint64_t *sum, char out[LEDGER_LINE]);

/* n bytes of a file -> *out, as ledger_read; path is for the sentence. sum: up to the end of the last
 * whole line. */
bool ledger_file_parse(const char *path, const char *text, size_t n, struct ledger *out,
                       uint64_t *sum, struct error *err);
/* All that fd holds, as ledger_file_parse; *size: how many bytes. */
bool ledger_file_load(const char *path, int fd, struct ledger *out, uint64_t *sum, size_t *size,
                      struct error *err);
