#pragma once

#include "document.h"

/* Writes results in the format that the path's ending names: dense ones are
 * reconstructed first. The facts go into the file (PNG tEXt, __metadata__) so
 * that `expand` of the factors gives the same bytes. */
struct export_request {
    const struct result *results;
    size_t n_results;
    const char (*names)[NAME_TEXT];
    size_t n; /* matrices */
    bool picture;
    enum planes planes;
    int depth;
    enum dtype dtype;
    const struct raster *like;
    const struct fact *facts;
    size_t n_facts;
    bool force;
};

/* Whether the format of the path's ending can hold that; else ERROR_USAGE. Asked
 * before the work that would be in vain. */
bool export_fits(const char *path, bool picture, size_t matrices, struct error *err);
/* Whether it has room for these names; else ERROR_USAGE. Asked likewise, of an ending that fits. */
bool export_names_fit(const char *path, const char (*names)[NAME_TEXT], size_t n,
                      struct error *err);

/* *bytes: the size of what was written. Fails with ERROR_USAGE (no format has
 * that ending, or it cannot hold this), ERROR_WRITE, ERROR_LIMIT, ERROR_MEMORY. */
bool export_write(const struct export_request *r, const char *path, uint64_t *bytes,
                  struct error *err);

/* The exact size of the packed factors file of this request, without writing it. */
bool export_factors_size(const struct export_request *r, uint64_t *bytes, struct error *err);
