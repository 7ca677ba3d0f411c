/* Any bytes as a file of the format READER: what is accepted keeps its promises about where its
 * matrices lie, its names and facts, and reads the same numbers twice. Shards of an index are those of its corpus. */
#include "document.h"
#include "memory.h"
#include "raw.h"
#include "shards.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 64 << 20, ENTRIES_MOST = 1 << 16, READ_MOST = 8, HEAD = 64 };

static void check(bool promise)
{
    if (!promise)
        __builtin_trap();
}

/* Other formats have targets of their own, and some start a process. */
static bool is_mine(const uint8_t *data, size_t size)
{
    const char *name = !strcmp(READER, "index") ? "safetensors" : READER;
    for (size_t i = 0; formats[i]; i++)
        if (formats[i]->probe && formats[i]->probe(data, size < HEAD ? size : HEAD))
            return !strcmp(formats[i]->name, name);
    return false;
}

static void check_entry(const struct document *d, const struct entry *e)
{
    check(e->name && e->name[0] && e->dtype && e->part <= d->n_parts);
    check(e->rows <= LIMIT_DIMENSION && e->cols <= LIMIT_DIMENSION);
    uint64_t size = source_size(document_part(d, e->part));
    check(e->offset <= size && e->size <= size - e->offset);
    if (d->n < 64)
        check(document_entry(d, e->name) == e);
}

static bool read_entry(const struct document *d, const struct entry *e, struct matrix *m)
{
    struct error err = { 0 };
    /* no rows of no columns may be many */
    if (e->rows > ENTRIES_MOST || e->cols > ENTRIES_MOST || e->rows * e->cols > ENTRIES_MOST ||
        !matrix_init(m, DTYPE_F64, e->rows, e->cols, &err))
        return false;
    bool packed = !strcmp(READER, "npz"); /* what is packed is looked at when it is read */
    check(document_read(d, e, m->view, &err) || err.code == ERROR_MEMORY ||
          err.code == ERROR_LIMIT || (packed && err.code == ERROR_FORMAT));
    return !err.code;
}

static bool same(const struct matrix *a, const struct matrix *b)
{
    bool equal = a->view.rows == b->view.rows && a->view.cols == b->view.cols;
    for (size_t i = 0; equal && i < a->view.rows; i++)
        for (size_t j = 0; equal && j < a->view.cols; j++) {
            double x = matrix_at(a->view, i, j), y = matrix_at(b->view, i, j);
            equal = !memcmp(&x, &y, sizeof(x)) || (x != x && y != y);
        }
    return equal;
}

static void check_document(const struct document *d)
{
    for (size_t i = 0; i < d->n_facts; i++)
        check(d->facts[i].key && d->facts[i].value && strlen(d->facts[i].value) <= DOCUMENT_FACT);
    for (size_t i = 0; i < d->n; i++)
        check_entry(d, &d->entries[i]);
    for (size_t i = 0; i < d->n && i < READ_MOST; i++) {
        struct matrix one = { 0 }, other = { 0 };
        if (read_entry(d, &d->entries[i], &one) && read_entry(d, &d->entries[i], &other))
            check(same(&one, &other));
        matrix_finish(&one);
        matrix_finish(&other);
    }
}

/* An index alone: sorted, no name twice, every file one of its folder. */
static void open_index(const struct source *s)
{
    struct error err = { 0 };
    struct shards x = { 0 };
    if (!shards_read(s, &x, &err))
        check(err.code != ERROR_NONE && err.text[0]);
    for (size_t i = 0; i < x.n; i++) {
        check(x.tensors[i].shard < x.n_files);
        check(!i || strcmp(x.tensors[i - 1].name, x.tensors[i].name) < 0);
        check(shards_find(&x, x.tensors[i].name) == &x.tensors[i]);
    }
    for (size_t i = 0; i < x.n_files; i++)
        check(!strchr(x.files[i], '/') && x.files[i][0] != '.' && strlen(x.files[i]) < 256);
    shards_finish(&x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = { 0 };
    if (!is_mine(data, size))
        return 0;
    memory_limit(MEMORY);
    struct source *s = source_open_memory(SHARDS "/bytes", data, size, &err);
    if (s && !strcmp(READER, "index"))
        open_index(s);
    struct document *d = s ? document_open_source(s, &err) : NULL;
    check(d || (err.code != ERROR_NONE && err.text[0]));
    if (d)
        check_document(d);
    document_unref(d);
    check(memory_used() == 0);
    return 0;
}
