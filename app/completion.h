#pragma once

#include "model.h"

/* What Tab offers on the `:` line: names of commands and actions, then what the
 * command's `arguments` say: methods, views, keys of parameters, their values, files. */

enum { COMPLETIONS_MOST = 64, COMPLETION_TEXT = 256 };

struct completion {
    size_t from; /* the byte of the line that the words stand in place of, up to the cursor */
    size_t n;
    char words[COMPLETIONS_MOST][COMPLETION_TEXT]; /* quoted as the line needs it, sorted */
};

/* Of the word that ends at byte `at`. Reads folders where a file's name is wanted. */
void completion_find(const struct model *m, const char *line, size_t at, struct completion *out);

/* The bytes that all of them begin with. */
size_t completion_common(const struct completion *c);
