#pragma once

#include "document.h"
#include "export.h"

/* Packed factors on disk, FILE.factors.safetensors (the writer is the format
 * `factors`; layout in docs/file-formats.md): codes at their true width, ranges,
 * plain parts, and in __metadata__ all that expand needs and where it came from. */

struct factors {
    struct result *results; /* owned */
    size_t n_results;
    char (*names)[NAME_TEXT]; /* owned; one per matrix */
    size_t n;
    bool picture;
    enum planes planes;
    int depth;
    enum dtype dtype;   /* of the reconstruction */
    struct raster like; /* gamma, profile; no samples */
    struct fact *facts; /* owned, with their text: as they were written */
    size_t n_facts;
    char (*part_names)[32]; /* owned; the results' parts point here */
};

/* Exactly what the writer wrote; anything else is ERROR_FORMAT with the offset. */
bool factors_read(struct source *s, struct factors *out, struct error *err);
void factors_finish(struct factors *f); /* {0} is fine */

/* What `run -o` would have been asked: borrows everything from f. */
struct export_request factors_request(const struct factors *f, bool force);
