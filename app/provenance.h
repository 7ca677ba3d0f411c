#pragma once

#include "approximate.h"
#include "document.h"

/* How a result came to be, as facts that exported files carry (docs/file-formats.md):
 * software, command (one canonical command line with every parameter), source,
 * source_bytes, method, relative_error. Text lives in the struct. */
struct provenance {
    char command[1024], source[512], source_bytes[24], relative_error[32], software[32];
    struct fact facts[8];
    size_t n;
};
void provenance_fill(struct provenance *p, const struct selection *s, const struct method *m,
                     const void *params, enum dtype dtype, double relative_error);

/* The canonical command: "eigenscope run lplr FILE --rank 24 ...", quoted for a shell. */
void provenance_command(const struct selection *s, const struct method *m, const void *params,
                        enum dtype dtype, char *out, size_t size);
