/* Several arrays of NumPy in a zip archive. Read only. An array's size must be what its header says
 * before more than that header is unpacked, so that no archive is larger than it looks. */
#include "archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "document.h"
#include "memory.h"
#include "npy.h"

enum { PROBE = 4, ENDING = 4 /* ".npy" */ };

static bool probe(const unsigned char *head, size_t n)
{
    return n >= PROBE && (!memcmp(head, "PK\3\4", PROBE) || !memcmp(head, "PK\5\6", PROBE));
}

struct tally {
    size_t rows, rounded, foreign, all;
};

/* "weights.npy" holds the matrix "weights". */
static bool is_array(const struct archive_file *f, char name[LIMIT_NAME + 1])
{
    size_t n = strlen(f->name);
    bool array = n > ENDING && !strcmp(f->name + n - ENDING, ".npy");
    snprintf(name, LIMIT_NAME + 1, "%.*s", (int)(array ? n - ENDING : n), f->name);
    return array;
}

/* Unpacks what can be a header, and no more; h->foreign: of a kind that is listed, not read. */
static bool read_header(const struct source *s, const struct archive_file *f, struct npy_header *h,
                        struct error *err)
{
    const uint64_t most = 12 + LIMIT_NPY_HEADER;
    size_t n = (size_t)(f->size < most ? f->size : most);
    char name[2 * LIMIT_NAME];
    void *head = memory_alloc(n, err);
    bool ok = head && archive_unpack(s, f, head, n, err);
    snprintf(name, sizeof(name), "%s: %s", source_name(s), f->name);
    struct source *inside = ok ? source_open_memory(name, head, n, err) : NULL;
    ok = inside && npy_read_header(inside, f->size, h, err);
    source_close(inside);
    memory_free(head);
    return ok;
}

static bool add_other(struct document *d, const struct archive_file *f, const char *name,
                      const struct npy_header *h, struct error *err)
{
    struct other o = { .dtype = h ? h->code : "no numbers", .bytes = h ? h->size : f->packed };
    char copy[LIMIT_NAME + 1];
    memcpy(copy, name, strlen(name) + 1);
    o.name = copy;
    o.dims = h && h->dims <= OTHER_DIMS ? h->dims : 1;
    o.shape[0] = f->size;
    for (size_t i = 0; h && h->dims <= OTHER_DIMS && i < h->dims; i++)
        o.shape[i] = h->shape[i];
    return document_add_other(d, &o, err);
}

static bool add_file(struct document *d, const struct archive_file *f, struct tally *t,
                     struct error *err)
{
    struct npy_header h = { 0 };
    struct error why = { 0 };
    char name[LIMIT_NAME + 1];
    uint64_t rows, cols;
    bool array = is_array(f, name), ok = array && read_header(d->source, f, &h, &why);
    t->all++;
    t->foreign += !array || (!ok && h.foreign);
    if (!array || (!ok && h.foreign))
        return add_other(d, f, name, NULL, err);
    if (!ok)
        return fail(err, why.code, "%s", why.text);
    if (!npy_is_matrix(&h, &rows, &cols) || rows > LIMIT_DIMENSION || cols > LIMIT_DIMENSION)
        return add_other(d, f, name, &h, err);
    t->rows += h.dims < 2;
    t->rounded += npy_rounds(&h);
    /* what is stored is read where it lies, and its checksum with it; the place finds the file */
    if (!document_add(d, name, (size_t)rows, (size_t)cols, h.code,
                      f->deflated ? f->data : f->data + h.data, f->deflated ? f->packed : h.size,
                      npy_encoding(&h), err))
        return false;
    document_set_raw(d, h.type);
    return true;
}

static bool index_arrays(struct document *d, struct error *err)
{
    struct archive a = { 0 };
    struct tally t = { 0 };
    bool ok = archive_read(d->source, &a, err);
    for (size_t i = 0; i < a.n && ok; i++)
        ok = add_file(d, &a.files[i], &t, err);
    archive_finish(&a);
    if (t.rows)
        document_note(d, "%zu of %zu arrays have no two dimensions and are read as one row", t.rows,
                      t.all);
    if (t.rounded)
        document_note(d, "integers above 2^53 are rounded");
    if (d->n_others)
        document_note(d, "%zu of %zu are not matrices and left out", d->n_others, t.all);
    return ok;
}

static bool read_unpacked(const struct document *d, const struct archive_file *f,
                          const struct entry *e, struct matrix_view to, struct error *err)
{
    uint8_t *all = memory_alloc((size_t)f->size, err);
    bool ok = all && archive_unpack(d->source, f, all, (size_t)f->size, err);
    struct source *inside = ok ? source_open_memory(f->name, all, (size_t)f->size, err) : NULL;
    struct npy_header h;
    ok = inside && npy_read_header(inside, f->size, &h, err) &&
         npy_read_array(inside, h.data, e->encoding, to, err);
    source_close(inside);
    memory_free(all);
    return ok;
}

static bool read_file(const struct document *d, const struct archive_file *f, const struct entry *e,
                      struct matrix_view to, struct error *err)
{
    if (f->deflated)
        return read_unpacked(d, f, e, to, err);
    return archive_check(d->source, f, err) &&
           npy_read_array(d->source, e->offset, e->encoding, to, err);
}

/* Looks the file up again: an entry has its place alone. */
static bool read_array(const struct document *d, const struct entry *e, struct matrix_view to,
                       struct error *err)
{
    struct archive a = { 0 };
    if (!archive_read(d->source, &a, err))
        return false;
    size_t i = 0;
    while (i < a.n &&
           (e->offset < a.files[i].data || e->offset - a.files[i].data > a.files[i].packed))
        i++;
    bool ok = i < a.n ? read_file(d, &a.files[i], e, to, err)
                      : source_fail(d->source, e->offset, err, ERROR_READ,
                                    "the file changed while being read");
    archive_finish(&a);
    return ok;
}

const struct format format_npz = {
    .name = "npz",
    .title = "NumPy arrays",
    .summary =
        "Several arrays of numbers, packed or not; those of up to two dimensions are matrices.",
    .specification = "numpy.savez: NumPy Enhancement Proposal 1 in zip, PKWARE APPNOTE.TXT",
    .extensions = (const char *const[]){ ".npz", NULL },
    .probe_size = PROBE,
    .probe = probe,
    .index = index_arrays,
    .read = read_array,
};
