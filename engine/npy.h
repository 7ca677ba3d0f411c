#pragma once

#include "limit.h"
#include "raw.h"

/* The header of NumPy's array file (NEP 1, versions 1.0 to 3.0), a Python literal: the scanner knows
 * no more of Python than the format needs, and evaluates nothing. */

struct npy_header {
    uint64_t shape[LIMIT_NPY_DIMENSIONS];
    size_t dims;
    bool fortran, big;
    enum raw_type type;
    const char *code;    /* "f4": static text */
    unsigned version;    /* 1 to 3 */
    uint64_t data, size; /* offset and bytes of the array */
    bool foreign;        /* refused for what it holds: text, objects, ... */
};

/* The array fills the file, `file` bytes long, exactly; s need only have its header. */
bool npy_read_header(const struct source *s, uint64_t file, struct npy_header *out,
                     struct error *err);
/* Up to two dimensions, one of them a row. */
bool npy_is_matrix(const struct npy_header *h, uint64_t *rows, uint64_t *cols);
bool npy_rounds(const struct npy_header *h); /* integers above 2^53 do not stay */

/* Type and order in one number, and the entries by it. */
int npy_encoding(const struct npy_header *h);
bool npy_read_array(const struct source *s, uint64_t offset, int encoding, struct matrix_view to,
                    struct error *err);
