#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What went wrong: the code for the program, the sentence for the person.
 *
 * A function that can fail returns bool (or a pointer, NULL = failed) and takes
 * `struct error *err` last. Whoever detects a fault writes the sentence; whoever
 * passes it on adds nothing. On success *err is not touched. Any thread. */

enum error_code {
    ERROR_NONE,
    ERROR_USAGE,     /* a flag, parameter or session line that makes no sense */
    ERROR_READ,      /* the system would not open or read an input */
    ERROR_FORMAT,    /* an input breaks the rules of its format */
    ERROR_WRITE,     /* the system would not create or write an output */
    ERROR_LIMIT,     /* well formed, but larger than limit.h or --max-memory allows */
    ERROR_MEMORY,    /* an allocation failed */
    ERROR_DEVICE,    /* a compute device said no */
    ERROR_NUMERIC,   /* no convergence, or a NaN where a number should be */
    ERROR_CANCELLED, /* a newer request overtook this one, or the user stopped it */
};

enum { ERROR_TEXT = 480 };

struct error {
    enum error_code code;
    char text[ERROR_TEXT];
};

#define PRINTF_LIKE(text, rest) __attribute__((format(printf, text, rest)))

/* Fills *err and returns false, so that a check is one line: return fail(...).
 * Control bytes and invalid UTF-8 in the sentence come out as \xNN, so that a
 * name from a hostile file never reaches the terminal raw. */
bool fail(struct error *err, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* What fail() does to its sentence; text that is clean already stays as it is. */
void error_escape(const char *raw, char *out, size_t size);

/* The program's exit status for a code (0, 1, 2, 3, 4, 5 or 130). */
int error_exit(enum error_code code);
