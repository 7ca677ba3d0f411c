#include "gguf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "gguf_reader.h"
#include "limit.h"
#include "memory.h"

enum { HEAD = 24, TENSOR_LEAST = 24, ALIGNMENT = 32 };

const struct gguf_pair *gguf_pair(const struct gguf *h, const char *key)
{
    for (size_t i = 0; i < h->n_pairs; i++)
        if (!strcmp(h->pairs[i].key, key))
            return &h->pairs[i];
    return NULL;
}

bool gguf_count(const struct gguf *h, const char *key, uint64_t *out)
{
    const struct gguf_pair *p = gguf_pair(h, key);
    bool whole = p && p->type != GGUF_F32 && p->type != GGUF_F64 && p->type != GGUF_TEXT &&
                 p->type != GGUF_ARRAY && p->type != GGUF_BOOL && p->text[0] != '-';
    if (whole)
        *out = strtoull(p->text, NULL, 10);
    return whole;
}

static void read_alignment(struct gguf_reader *r, struct gguf *h)
{
    const struct gguf_pair *p = r->bad ? NULL : gguf_pair(h, "general.alignment");
    h->alignment = ALIGNMENT;
    if (!p)
        return;
    uint64_t n = 0;
    if (p->type != GGUF_U32)
        GGUF_REFUSE(r, p->at, ERROR_FORMAT,
                    "gguf: general.alignment is a value of type %s, not u32",
                    gguf_value_name(p->type));
    else if (!gguf_count(h, p->key, &n) || !n || n & (n - 1))
        GGUF_REFUSE(r, p->at, ERROR_FORMAT, "gguf: an alignment of %" PRIu64 " is no power of two",
                    n);
    else if (n > LIMIT_GGUF_ALIGNMENT)
        GGUF_REFUSE(r, p->at, ERROR_LIMIT,
                    "gguf: an alignment of %" PRIu64 " is more than %" PRIu64, n,
                    LIMIT_GGUF_ALIGNMENT);
    else
        h->alignment = n;
}

/* Whole blocks along the rows; divided first, since bytes times elements may wrap. Zeros do not
 * excuse the rest. */
static void measure(struct gguf_reader *r, struct gguf_tensor *t)
{
    uint64_t cols = t->dims ? t->shape[t->dims - 1] : 1, elements = 1, bytes;
    bool empty = false, fits = true;
    for (size_t i = 0; i < t->dims; i++) {
        empty = empty || !t->shape[i];
        fits = fits && (!t->shape[i] || size_mul(elements, t->shape[i], &elements));
    }
    if (!fits || elements > INT64_MAX) {
        GGUF_REFUSE(r, t->at, ERROR_FORMAT, "gguf: the shape of '%s' is beyond 63 bits", t->name);
        return;
    }
    if (!t->type || !t->type->elements)
        return;
    if (cols % t->type->elements)
        GGUF_REFUSE(r, t->at, ERROR_FORMAT,
                    "gguf: '%s' has rows of %" PRIu64 " elements, blocks of %s hold %u", t->name,
                    cols, t->type_name, t->type->elements);
    else if (!size_mul(elements / t->type->elements, t->type->bytes, &bytes))
        GGUF_REFUSE(r, t->at, ERROR_FORMAT, "gguf: the size of '%s' is beyond 64 bits", t->name);
    else
        t->size = empty ? 0 : bytes;
}

static void read_tensor(struct gguf_reader *r, struct gguf_tensor *t)
{
    t->at = r->at;
    t->name = gguf_plain(r, "tensor name", GGUF_NAME);
    uint64_t at = r->at, dims = gguf_number(r, 4);
    if (!r->bad && dims > GGUF_DIMS)
        GGUF_REFUSE(r, at, ERROR_FORMAT, "gguf: '%s' has %" PRIu64 " dimensions; %d are allowed",
                    t->name, dims, GGUF_DIMS);
    t->dims = r->bad ? 0 : (size_t)dims;
    for (size_t i = 0; i < t->dims; i++)
        t->shape[t->dims - 1 - i] = gguf_number(r, 8);
    at = r->at;
    uint32_t type = (uint32_t)gguf_number(r, 4);
    t->offset = gguf_number(r, 8);
    if (r->bad)
        return;
    t->id = type;
    t->type = block_type(type);
    t->type_name = block_type_name(type);
    if (t->type_name)
        measure(r, t);
    else
        GGUF_REFUSE(r, at, ERROR_FORMAT, "gguf: '%s' is of type %u, which is none", t->name, type);
}

bool gguf_twice(const struct gguf *files, size_t n, const char **name, uint64_t *at,
                struct error *err)
{
    size_t all = 0, put = 0;
    for (size_t i = 0; i < n; i++)
        all += files[i].n;
    struct gguf_label *labels = memory_alloc(all * sizeof(*labels), err);
    if (!labels)
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < files[i].n; k++)
            labels[put++] = (struct gguf_label){ files[i].tensors[k].name, files[i].tensors[k].at };
    const struct gguf_label *twice = gguf_label_twice(labels, all);
    *name = twice ? twice->text : NULL;
    *at = twice ? twice->at : 0;
    memory_free(labels);
    return true;
}

static void read_tensors(struct gguf_reader *r, struct gguf *h, uint64_t n)
{
    const char *name = NULL;
    uint64_t at;
    h->tensors = r->bad ? NULL : memory_alloc((size_t)n * sizeof(*h->tensors), r->err);
    r->bad = r->bad || !h->tensors;
    for (uint64_t i = 0; i < n && !r->bad; i++)
        read_tensor(r, &h->tensors[h->n++]);
    r->bad = r->bad || !gguf_twice(h, 1, &name, &at, r->err);
    if (!r->bad && name)
        GGUF_REFUSE(r, at, ERROR_FORMAT, "gguf: there are two tensors named '%s'", name);
}

static int by_offset(const void *a, const void *b)
{
    const struct gguf_tensor *const *x = a, *const *y = b;
    if ((*x)->offset != (*y)->offset)
        return (*x)->offset < (*y)->offset ? -1 : 1;
    return ((*x)->size > (*y)->size) - ((*x)->size < (*y)->size); /* empty ones first */
}

static uint64_t padded(uint64_t at, uint64_t alignment)
{
    return (at + alignment - 1) & ~(alignment - 1); /* of offsets in a file: no overflow */
}

/* Where its data is in the file; sums are checked, the last tensor's padding may be missing. */
static void place(struct gguf_reader *r, const struct gguf *h, struct gguf_tensor *t)
{
    uint64_t size = source_size(r->source), end;
    if (t->offset & (h->alignment - 1))
        GGUF_REFUSE(r, t->at, ERROR_FORMAT,
                    "gguf: '%s' lies at %" PRIu64 " of the data, which is not aligned to %" PRIu64,
                    t->name, t->offset, h->alignment);
    else if (!size_add(t->offset, h->data, &t->offset) || !size_add(t->offset, t->size, &end) ||
             end > size)
        GGUF_REFUSE(r, t->at, ERROR_FORMAT,
                    "gguf: '%s' wants %" PRIu64 " bytes at %" PRIu64 ", the file has %" PRIu64,
                    t->name, t->size, t->offset, size);
}

/* One after the other without an overlap. */
static void lay_out(struct gguf_reader *r, struct gguf *h, struct gguf_tensor **sorted)
{
    uint64_t size = source_size(r->source), end = h->data;
    for (size_t i = 0; i < h->n && !r->bad; i++) {
        struct gguf_tensor *t = sorted[i];
        bool unknown = !t->type || !t->type->elements;
        if (t->offset < end && (t->size || unknown))
            GGUF_REFUSE(r, t->at, ERROR_FORMAT,
                        "gguf: '%s' lies at %" PRIu64 ", inside of the one before", t->name,
                        t->offset);
        else if (t->offset > padded(end, h->alignment))
            h->gaps += t->offset - padded(end, h->alignment);
        if (unknown)
            t->size = (i + 1 < h->n ? sorted[i + 1]->offset : size) - t->offset;
        if (t->offset + t->size > end)
            end = t->offset + t->size;
    }
    if (padded(end, h->alignment) < size)
        h->gaps += size - padded(end, h->alignment);
}

static void place_tensors(struct gguf_reader *r, struct gguf *h)
{
    h->data = padded(r->at, h->alignment);
    for (size_t i = 0; i < h->n && !r->bad; i++)
        place(r, h, &h->tensors[i]);
    struct gguf_tensor **sorted = r->bad ? NULL : memory_alloc(h->n * sizeof(*sorted), r->err);
    r->bad = r->bad || !sorted;
    for (size_t i = 0; i < h->n && !r->bad; i++)
        sorted[i] = &h->tensors[i];
    if (!r->bad) {
        qsort(sorted, h->n, sizeof(*sorted), by_offset);
        lay_out(r, h, sorted);
    }
    memory_free(sorted);
}

static bool known_version(struct gguf_reader *r, struct gguf *h)
{
    gguf_take(r, 4); /* the magic number, which probe saw */
    h->version = (unsigned)gguf_number(r, 4);
    if (r->bad)
        return false;
    if (h->version == 2 || h->version == 3)
        return true;
    if (h->version && !(h->version & 0xffff))
        GGUF_REFUSE(r, 4, ERROR_FORMAT,
                    "gguf: the file is big-endian; only little-endian ones are read");
    else
        GGUF_REFUSE(r, 4, ERROR_FORMAT, "gguf: version %u is not read; 2 and 3 are", h->version);
    return false;
}

static bool read_header(struct gguf_reader *r, struct gguf *h)
{
    if (!known_version(r, h))
        return false;
    uint64_t tensors = gguf_number(r, 8), pairs = gguf_number(r, 8), size = source_size(r->source);
    if (!r->bad && tensors > (size - HEAD) / TENSOR_LEAST)
        GGUF_REFUSE(r, 8, ERROR_FORMAT,
                    "gguf: claims %" PRIu64 " tensors, the file has %" PRIu64 " bytes", tensors,
                    size);
    else if (!r->bad && tensors > LIMIT_GGUF_TENSORS)
        GGUF_REFUSE(r, 8, ERROR_LIMIT, "gguf: %" PRIu64 " tensors are more than %" PRIu64, tensors,
                    LIMIT_GGUF_TENSORS);
    gguf_read_pairs(r, h, pairs);
    read_alignment(r, h);
    read_tensors(r, h, tensors);
    if (!r->bad)
        place_tensors(r, h);
    return !r->bad;
}

bool gguf_read(const struct source *s, struct gguf *out, struct error *err)
{
    struct gguf h = { 0 };
    struct gguf_reader r = { .source = s, .err = err, .window = memory_alloc(GGUF_WINDOW, err) };
    bool ok = r.window && read_header(&r, &h);
    memory_free(r.window);
    if (ok)
        *out = h;
    else
        gguf_finish(&h);
    return ok;
}

void gguf_finish(struct gguf *h)
{
    for (size_t i = 0; i < h->n_pairs; i++) {
        memory_free(h->pairs[i].key);
        memory_free(h->pairs[i].text);
    }
    for (size_t i = 0; i < h->n; i++)
        memory_free(h->tensors[i].name);
    memory_free(h->pairs);
    memory_free(h->tensors);
    *h = (struct gguf){ 0 };
}
