#pragma once

#include "approximate.h"
#include "document.h"

/* How a result came to be, as facts that exported files carry (docs/file-formats.md):
 * software, command (one canonical command line with every parameter), source,
 * source_bytes, method, relative_error; transposed: names, with commas, of matrices that lie the
 * other way in the source, where there are any; architecture: of a model, where the source tells it;
 * world: of what a simulated mechanism made, that it is no release.
 * Text lives in the struct. */
struct provenance {
    char command[2048], source[512], source_bytes[24], relative_error[32], software[32],
        architecture[64];
    char transposed[SELECTION_MAX * NAME_TEXT];
    struct fact facts[9];
    size_t n;
};
void provenance_fill(struct provenance *p, const struct selection *s, const struct method *m,
                     const void *params, enum dtype dtype, double relative_error);

/* The canonical command: "eigenscope run lplr FILE --rank 24 ...", quoted for a shell. */
void provenance_command(const struct selection *s, const struct method *m, const void *params,
                        enum dtype dtype, char *out, size_t size);

/* The same for a terminal: the file's name byte for byte, `more` after the flags. false:
 * it does not fit, and nothing in `out` is to be used. */
bool provenance_shell(const struct selection *s, const struct method *m, const void *params,
                      enum dtype dtype, const char *more, char *out, size_t size);

/* Every method at one size: "eigenscope compare FILE ...", likewise. */
bool provenance_compare(const struct selection *s, enum dtype dtype, const char *more, char *out,
                        size_t size);

/* One word of a shell, in single quotes where it needs them; "" if there is no room. */
void provenance_quote(const char *text, char *out, size_t size);
