#include "shards.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"
#include "memory.h"
#include "pull.h"

enum { FILE_NAME = 256 };

struct reader {
    const struct source *source;
    struct error *err;
    struct pull json;
    char tensor[LIMIT_NAME + 1], file[FILE_NAME];
    size_t shard; /* of the tensor before: the next is likely there, too */
    bool mapped;
};

/* Where the text is no JSON, that is what was said. */
#define REFUSE_AS(r, code, ...) \
    ((r)->json.bad ? false : source_fail((r)->source, (r)->json.at, (r)->err, code, __VA_ARGS__))
#define REFUSE(r, ...) REFUSE_AS(r, ERROR_FORMAT, __VA_ARGS__)

/* A file in the index's own folder, which a name with a path may lead out of. */
static bool check_file(struct reader *r, size_t length)
{
    static const char ending[] = ".safetensors";
    const size_t n = sizeof(ending) - 1;
    char clean[4 * FILE_NAME];
    if (length >= FILE_NAME)
        return REFUSE(r, "index: a file name of %zu bytes is longer than %d", length,
                      FILE_NAME - 1);
    if (strchr(r->file, '/') || r->file[0] == '.')
        return REFUSE(r, "index: '%s' is not the name of a file in its own folder", r->file);
    error_escape(r->file, clean, sizeof(clean));
    if (length <= n || strcmp(r->file + length - n, ending) != 0 || strcmp(clean, r->file) != 0)
        return REFUSE(r, "index: '%s' is not the name of a safetensors file", r->file);
    return true;
}

static bool find_file(struct reader *r, struct shards *x)
{
    if (r->shard < x->n_files && !strcmp(x->files[r->shard], r->file))
        return true;
    for (r->shard = 0; r->shard < x->n_files; r->shard++)
        if (!strcmp(x->files[r->shard], r->file))
            return true;
    if (x->n_files == LIMIT_SHARDS)
        return REFUSE_AS(r, ERROR_LIMIT, "index: more than %d files", LIMIT_SHARDS);
    x->files[x->n_files] = memory_text(r->file, strlen(r->file), r->err);
    x->n_files += x->files[r->shard] != NULL;
    return x->files[r->shard];
}

static bool read_tensor(struct reader *r, size_t length, struct shards *x)
{
    size_t n;
    if (length > LIMIT_NAME)
        return REFUSE_AS(r, ERROR_LIMIT, "index: a name of %zu bytes is longer than %d", length,
                         LIMIT_NAME);
    if (!pull_text(&r->json, r->file, sizeof(r->file), &n))
        return REFUSE(r, "index: the file of %s is not a string", r->tensor);
    if (!check_file(r, n) || !find_file(r, x))
        return false;
    char *name = memory_text(r->tensor, length, r->err);
    if (name)
        x->tensors[x->n++] = (struct shard_tensor){ .name = name, .shard = r->shard };
    return name;
}

static bool read_map(struct reader *r, struct shards *x)
{
    size_t n, length;
    if (r->mapped)
        return REFUSE(r, "index: 'weight_map' stands there twice");
    r->mapped = true;
    if (pull_next(&r->json) != PULL_OBJECT || !pull_size(&r->json, &n) || !pull_object(&r->json))
        return REFUSE(r, "index: 'weight_map' is not an object");
    if (n > LIMIT_TENSORS)
        return REFUSE_AS(r, ERROR_LIMIT, "index: %zu tensors are more than %" PRIu64, n,
                         LIMIT_TENSORS);
    x->tensors = memory_alloc(n * sizeof(*x->tensors), r->err);
    x->files = memory_alloc(LIMIT_SHARDS * sizeof(*x->files), r->err);
    if (!x->tensors || !x->files)
        return false;
    while (pull_key(&r->json, r->tensor, sizeof(r->tensor), &length))
        if (!read_tensor(r, length, x))
            return false;
    return !r->json.bad;
}

/* Only its total_size is of use, and only where it is a whole number. */
static bool read_metadata(struct reader *r, struct shards *x)
{
    char key[16];
    size_t n;
    if (!pull_object(&r->json))
        return !r->json.bad && pull_skip(&r->json);
    while (pull_key(&r->json, key, sizeof(key), &n)) {
        bool size = !strcmp(key, "total_size") && pull_next(&r->json) == PULL_NUMBER;
        if (size ? !pull_count(&r->json, &x->total_size) && r->json.bad : !pull_skip(&r->json))
            return false;
    }
    return !r->json.bad;
}

static int by_name(const void *a, const void *b)
{
    const struct shard_tensor *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static bool check_twice(struct reader *r, struct shards *x)
{
    qsort(x->tensors, x->n, sizeof(*x->tensors), by_name);
    for (size_t i = 1; i < x->n; i++)
        if (!strcmp(x->tensors[i - 1].name, x->tensors[i].name))
            return REFUSE(r, "index: the key '%s' stands there twice", x->tensors[i].name);
    return true;
}

static bool read_index(struct reader *r, struct shards *x)
{
    char key[16];
    size_t n;
    if (!pull_object(&r->json))
        return REFUSE(r, "index: is not a JSON object");
    while (pull_key(&r->json, key, sizeof(key), &n))
        if (!(!strcmp(key, "weight_map") ? read_map(r, x)
              : !strcmp(key, "metadata") ? read_metadata(r, x)
                                         : pull_skip(&r->json)))
            return false;
    if (r->json.bad || !pull_end(&r->json))
        return false;
    if (!x->n)
        return REFUSE(r, "index: %s",
                      r->mapped ? "maps no tensor"
                                : "JSON, but without a 'weight_map': no index of "
                                  "safetensors files");
    return check_twice(r, x);
}

bool shards_read(const struct source *s, struct shards *out, struct error *err)
{
    struct shards x = { 0 };
    struct reader r = { .source = s, .err = err };
    if (source_size(s) > LIMIT_JSON_HEADER)
        return source_fail(s, NO_OFFSET, err, ERROR_LIMIT,
                           "index: %" PRIu64 " bytes are more than %" PRIu64, source_size(s),
                           LIMIT_JSON_HEADER);
    bool ok = pull_open(&r.json, s, 0, source_size(s), "index", err) && read_index(&r, &x);
    pull_close(&r.json);
    if (ok)
        *out = x;
    else
        shards_finish(&x);
    return ok;
}

void shards_finish(struct shards *x)
{
    for (size_t i = 0; i < x->n_files; i++)
        memory_free(x->files[i]);
    for (size_t i = 0; i < x->n; i++)
        memory_free(x->tensors[i].name);
    memory_free(x->files);
    memory_free(x->tensors);
    *x = (struct shards){ 0 };
}

struct shard_tensor *shards_find(const struct shards *x, const char *tensor)
{
    size_t low = 0, high = x->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(x->tensors[middle].name, tensor);
        if (!order)
            return &x->tensors[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
