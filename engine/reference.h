#pragma once

#include "document.h"
#include "job.h"

/* What one would use for a picture if low rank were no choice, at the same size. */

enum { REFERENCES = 4 };

struct reference {
    const char *name; /* "JPEG", "PNG": static text */
    char setting[64]; /* "quality 37, colours halved" */
    bool there;       /* false: no file of that kind is so small; `bytes` is of the smallest seen */
    uint64_t bytes;   /* of the whole file */
    double error;     /* relative, of the planes that are compared */
    double psnr;      /* dB, of the picture in its colours */
};

/* out[0]: the picture itself as PNG; out[1], out[2]: a JPEG of at most `bytes`, colours at full and at
 * half resolution (a grey one: out[1] alone); then a PNG of fewer levels within them. planes: as
 * selected, 1 or 3 of them, in s->planes. Fails with ERROR_MEMORY, ERROR_LIMIT, ERROR_CANCELLED. */
bool reference_measure(const struct selection *s, const struct matrix *planes, uint64_t bytes,
                       struct job *job, struct reference out[REFERENCES], size_t *n,
                       struct error *err);
