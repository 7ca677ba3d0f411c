/* Any bytes as a document of every format and as packed factors: whatever opens
 * can be read, expanded and written, and nothing stays allocated. What works behind a
 * fence works here without one, so that its faults are seen. */
#include "confine.h"
#include "export.h"
#include "factors.h"
#include "memory.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ENTRIES_MOST = (1 << 20) + 1, MEMORY = 256 << 20 };

static void check(bool promise)
{
    if (!promise)
        __builtin_trap();
}

/* The one hole in Debian's stb_image that we know how to reach (tests/corpus/jpeg/bad_crash.jpg): a
 * Huffman table of more than 256 codes. It stays inside the fence; here it would end the hunt. */
static bool known(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at + 4 < size; at++) {
        if (data[at] != 0xff || data[at + 1] != 0xc4)
            continue;
        size_t table = at + 4;
        while (table + 17 <= size) { /* tables follow tables; where they end does not matter */
            size_t codes = 0;
            for (size_t i = 1; i <= 16; i++)
                codes += data[table + i];
            if (codes > 256)
                return true;
            table += 17 + codes;
        }
    }
    return false;
}

static void open_document(const uint8_t *data, size_t size)
{
    struct error err = { 0 };
    struct source *s = source_open_memory("bytes", data, size, &err);
    struct document *d = s ? document_open_source(s, &err) : NULL;
    check(d || (err.code != ERROR_NONE && err.text[0]));
    for (size_t i = 0; d && i < d->n && i < 8; i++) {
        const struct entry *e = &d->entries[i];
        struct matrix m = { 0 };
        /* no rows of no columns may be many */
        if (e->rows < ENTRIES_MOST && e->cols < ENTRIES_MOST && e->rows * e->cols < ENTRIES_MOST &&
            matrix_init(&m, i % 2 ? DTYPE_F32 : DTYPE_F64, e->rows, e->cols, &err))
            check(document_read(d, e, m.view, &err) || err.code == ERROR_MEMORY ||
                  err.code == ERROR_LIMIT ||
                  (err.code == ERROR_FORMAT && !strcmp(d->format->name, "npz")));
        matrix_finish(&m);
    }
    document_unref(d);
}

/* What was read is written in the same size: the layout has one form only. */
static void open_factors(const uint8_t *data, size_t size)
{
    struct error err = { 0 };
    struct factors f = { 0 };
    struct source *s = source_open_memory("bytes", data, size, &err);
    if (s && factors_read(s, &f, &err)) {
        struct export_request r = factors_request(&f, false);
        uint64_t bytes;
        check(export_factors_size(&r, &bytes, &err) || err.code == ERROR_LIMIT);
        for (size_t i = 0; i < f.n_results; i++)
            for (size_t k = 0; k < f.results[i].n_measures && k < 4; k++) {
                const struct measure *size_of = &f.results[i].measures[k];
                struct matrix m = { 0 };
                if (size_of->rows * size_of->cols < ENTRIES_MOST && size_of->rows < ENTRIES_MOST &&
                    matrix_init(&m, f.dtype, size_of->rows, size_of->cols, &err))
                    check(result_expand(&f.results[i], k, m.view, &err) ||
                          err.code == ERROR_MEMORY || err.code == ERROR_LIMIT);
                matrix_finish(&m);
            }
    }
    factors_finish(&f);
    source_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (known(data, size))
        return 0;
    confine_in_process(true);
    memory_limit(MEMORY);
    open_document(data, size);
    open_factors(data, size);
    check(memory_used() == 0);
    return 0;
}
