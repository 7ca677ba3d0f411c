/* What was written, read and written once more: the same bytes. */
#include "export.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "dense.h"
#include "memory.h"

static char folder[] = "/tmp/eigenscope-saving-XXXXXX";

/* A document's matrices and facts, written as `path`. */
static bool save(struct document *d, const char *path, struct error *err)
{
    struct matrix m[SELECTION_MAX] = { 0 };
    struct result r[SELECTION_MAX] = { 0 };
    char names[SELECTION_MAX][NAME_TEXT];
    uint64_t bytes;
    bool ok = d->n && d->n <= SELECTION_MAX;
    for (size_t i = 0; ok && i < d->n; i++) {
        ok = matrix_init(&m[i], DTYPE_F32, d->entries[i].rows, d->entries[i].cols, err) &&
             document_read(d, &d->entries[i], m[i].view, err);
        if (ok)
            make_dense(&r[i], &m[i]);
        snprintf(names[i], sizeof(names[i]), "%s", d->entries[i].name);
    }
    struct export_request request = { .results = r,
                                      .n_results = d->n,
                                      .names = (const char(*)[NAME_TEXT])names,
                                      .n = d->n,
                                      .dtype = DTYPE_F32,
                                      .facts = d->facts,
                                      .n_facts = d->n_facts };
    ok = ok && export_write(&request, path, &bytes, err);
    for (size_t i = 0; i < SELECTION_MAX; i++) {
        result_finish(&r[i]);
        matrix_finish(&m[i]);
    }
    return ok;
}

static bool same_files(const char *a, const char *b)
{
    FILE *f = fopen(a, "rb"), *g = fopen(b, "rb");
    int x = 0, y = 0;
    size_t n = 0;
    while (f && g && x == y && x != EOF) {
        x = fgetc(f);
        y = fgetc(g);
        n++;
    }
    if (f)
        fclose(f);
    if (g)
        fclose(g);
    return n > 1 && x == y;
}

/* What was read and written, read and written once more: the same bytes. */
static void test_second_save(const char *corpus, const char *name, const char *ending)
{
    char path[400], first[300], second[300];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/%s", corpus, name);
    snprintf(first, sizeof(first), "%s/first%s", folder, ending);
    snprintf(second, sizeof(second), "%s/second%s", folder, ending);
    struct document *d = document_open(path, &err), *e = NULL;
    bool ok = d && save(d, first, &err) && (e = document_open(first, &err)) &&
              save(e, second, &err) && e->n == d->n;
    CHECK(ok && same_files(first, second));
    if (!ok)
        printf("# %s: %s\n", name, err.text);
    document_unref(d);
    document_unref(e);
    unlink(first);
    unlink(second);
}

int main(int argc, char **argv)
{
    if (argc != 2 || !mkdtemp(folder))
        return 2;
    test_second_save(argv[1], "safetensors/several.safetensors", ".safetensors");
    test_second_save(argv[1], "gguf/metadata.gguf", ".safetensors");
    test_second_save(argv[1], "npy/be_f4.npy", ".npy");
    CHECK(rmdir(folder) == 0 && memory_used() == 0);
    return check_done();
}
