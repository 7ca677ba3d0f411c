/* NumPy's array file, both ways. */
#include "npy.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "document.h"

enum { MAGIC = 6, ALIGNMENT = 64, GROWTH = 21 };

static bool probe(const unsigned char *head, size_t n)
{
    return n >= MAGIC && !memcmp(head, "\x93NUMPY", MAGIC);
}

static bool refuse_dims(const struct source *s, const struct npy_header *h, struct error *err)
{
    char shape[120] = "";
    for (size_t i = 0, n = 0; i < h->dims && n < sizeof(shape); i++)
        n += (size_t)snprintf(shape + n, sizeof(shape) - n, "%s%" PRIu64, i ? " x " : "",
                              h->shape[i]);
    return source_fail(s, NO_OFFSET, err, ERROR_FORMAT,
                       "npy: the array has %zu dimensions (%s), a matrix has two; reshape it first",
                       h->dims, shape);
}

/* "folder/phantom.npy" holds the matrix "phantom". */
static bool add_matrix(struct document *d, size_t rows, size_t cols, const struct npy_header *h,
                       struct error *err)
{
    char name[256], clean[256];
    const char *slash = strrchr(d->name, '/'), *base = slash ? slash + 1 : d->name;
    size_t n = strlen(base);
    if (n > 4 && !strcmp(base + n - 4, ".npy"))
        n -= 4;
    snprintf(name, sizeof(name), "%.*s", (int)(n < 250 ? n : 250), base);
    error_escape(name, clean, sizeof(clean));
    if (!document_add(d, clean, rows, cols, h->code, h->data, h->size, npy_encoding(h), err))
        return false;
    document_set_raw(d, h->type);
    return true;
}

static bool index_array(struct document *d, struct error *err)
{
    struct npy_header h;
    uint64_t rows, cols;
    if (!npy_read_header(d->source, source_size(d->source), &h, err))
        return false;
    if (!npy_is_matrix(&h, &rows, &cols))
        return refuse_dims(d->source, &h, err);
    if (rows > LIMIT_DIMENSION || cols > LIMIT_DIMENSION)
        return source_fail(d->source, NO_OFFSET, err, ERROR_LIMIT,
                           "npy: %" PRIu64 " x %" PRIu64 " is longer than %" PRIu64 " a side", rows,
                           cols, LIMIT_DIMENSION);
    if (h.dims < 2)
        document_note(d, h.dims ? "one dimension read as one row" : "a single number");
    if (npy_rounds(&h))
        document_note(d, "integers above 2^53 are rounded");
    return add_matrix(d, (size_t)rows, (size_t)cols, &h, err);
}

static bool read_array(const struct document *d, const struct entry *e, struct matrix_view to,
                       struct error *err)
{
    return npy_read_array(d->source, e->offset, e->encoding, to, err);
}

/* What a reader must not overlook: a comment of Python's, since the header holds nothing else. */
static const char *mark_of(const struct export *x)
{
    for (size_t i = 0; i < x->n_facts; i++)
        if (!strcmp(x->facts[i].key, "world"))
            return x->facts[i].value;
    return NULL;
}

/* What numpy.save writes: version 1.0, room for the first dimension to grow, data aligned. */
static bool write_array(const struct export *x, struct sink *to, struct error *err)
{
    assert(x->n == 1);
    struct matrix_view a = x->matrices[0];
    char head[8 * ALIGNMENT], rows[24];
    int digits = snprintf(rows, sizeof(rows), "%zu", a.rows);
    int n = snprintf(head, sizeof(head),
                     "%c%s%c%c%c%c{'descr': '<f%zu', 'fortran_order': False, 'shape': (%s, %zu), }",
                     0x93, "NUMPY", 1, 0, 0, 0, dtype_size(a.dtype), rows, a.cols);
    memset(head + n, ' ', sizeof(head) - (size_t)n);
    size_t used = (size_t)n + (size_t)(GROWTH - digits) + 1;
    const char *mark = mark_of(x);
    if (mark)
        used += (size_t)snprintf(head + used - 1, ALIGNMENT, "# %.40s", mark);
    size_t whole = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    head[used - 1] = ' ';
    head[whole - 1] = '\n';
    head[8] = (char)((whole - 10) & 0xff);
    head[9] = (char)((whole - 10) >> 8);
    return sink_write(to, head, whole, err) && raw_write(a, to, err);
}

const struct format format_npy = {
    .name = "npy",
    .title = "NumPy array",
    .summary = "One array of numbers, up to two dimensions.",
    .specification = "NumPy Enhancement Proposal 1, versions 1.0 to 3.0",
    .extensions = (const char *const[]){ ".npy", NULL },
    .probe_size = MAGIC,
    .probe = probe,
    .index = index_array,
    .read = read_array,
    .write = write_array,
    .needs_dense = true,
    .single = true,
};
