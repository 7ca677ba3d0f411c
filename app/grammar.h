#pragma once

#include "error.h"

/* How a line of commands is read: the `:` line, -x, session files. Commands end at
 * ';' or the line's end, words at blanks; between double quotes everything but a
 * backslash is itself, and a backslash makes the next character ordinary anywhere.
 * '#' at the start of a word begins a comment to the end of the line. Pure functions. */

enum { GRAMMAR_TEXT = 1536 };

/* One command without its quotes: a name, and what comes after it with the blanks
 * around it cut off. origin[i]: where byte i of `text` stood in the line. */
struct grammar_command {
    char text[GRAMMAR_TEXT];
    unsigned short origin[GRAMMAR_TEXT];
    const char *name, *arguments; /* in text */
};

/* Reads the command at line[*from], which may be empty, and moves *from behind it; at
 * the end line[*from] is 0. Fails with ERROR_USAGE, *at the byte that is wrong. */
bool grammar_next(const char *line, size_t *from, struct grammar_command *out, size_t *at,
                  struct error *err);

/* The word that ends at byte `at` of the line: where it starts, its text without
 * quotes, the name of its command ("" for the first word itself). false: too long. */
struct grammar_word {
    size_t start;
    char text[GRAMMAR_TEXT], name[64];
};
bool grammar_word(const char *line, size_t at, struct grammar_word *out);

/* A word that reads back as this text; false: no room, or it holds control characters. */
bool grammar_quote(const char *text, char *out, size_t size);
