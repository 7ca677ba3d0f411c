/* Dense tensors, both ways. Read: every two-dimensional tensor of a plain type, of one file or of
 * all that an index names. */
#include "safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "configuration.h"
#include "folder.h"
#include "limit.h"
#include "memory.h"
#include "raw.h"
#include "shards.h"

enum { PROBE = 64, LEAST = 9 };

static const struct {
    const char *dtype;
    enum raw_type type;
} plain[] = {
    { "F32", RAW_F32 },   { "F16", RAW_F16 }, { "BF16", RAW_BF16 }, { "F64", RAW_F64 },
    { "I8", RAW_I8 },     { "I16", RAW_I16 }, { "I32", RAW_I32 },   { "I64", RAW_I64 },
    { "U8", RAW_U8 },     { "U16", RAW_U16 }, { "U32", RAW_U32 },   { "U64", RAW_U64 },
    { "BOOL", RAW_BOOL },
};
enum { PLAIN = sizeof(plain) / sizeof(*plain) };

/* There is no magic number: a length that could be one, then the start of JSON. */
static bool is_file(const unsigned char *head, size_t n)
{
    return n >= LEAST && !head[4] && !head[5] && !head[6] && !head[7] &&
           (head[8] == '{' || head[8] == ' ' || head[8] == '\n' || head[8] == '\t');
}

/* Text of JSON with a key in it, which only an index should be. */
static bool is_index(const unsigned char *head, size_t n)
{
    size_t at = 0;
    while (at < n && strchr(" \n\t\r", head[at]) && head[at])
        at++;
    return at < n && head[at] == '{' && memchr(head, '"', n) && !memchr(head, 0, n);
}

static bool probe(const unsigned char *head, size_t n)
{
    return is_file(head, n) || is_index(head, n);
}

static size_t plain_type(const struct tensor *t)
{
    for (size_t i = 0; i < PLAIN; i++)
        if (!strcmp(t->dtype, plain[i].dtype))
            return i;
    return PLAIN;
}

static bool add_other(struct document *d, const struct tensor *t, struct error *err)
{
    struct other o = { .name = t->name, .dims = t->dims, .dtype = t->dtype, .bytes = t->size };
    _Static_assert(sizeof(o.shape) == sizeof(t->shape), "room for every dimension");
    memcpy(o.shape, t->shape, sizeof(o.shape));
    return document_add_other(d, &o, err);
}

static bool add_tensor(struct document *d, const struct tensor *t, size_t part, struct error *err)
{
    size_t type = plain_type(t);
    if (type == PLAIN || t->dims != 2 || t->shape[0] > LIMIT_DIMENSION ||
        t->shape[1] > LIMIT_DIMENSION)
        return add_other(d, t, err);
    if (!document_add(d, t->name, (size_t)t->shape[0], (size_t)t->shape[1], plain[type].dtype,
                      t->offset, t->size, (int)type, err))
        return false;
    d->entries[d->n - 1].part = part;
    document_set_raw(d, plain[type].type);
    return true;
}

/* The name is let go at once: of 100,000 tensors there need not be two copies. */
static bool move_tensor(struct document *d, struct tensor *t, size_t part, struct error *err)
{
    bool ok = add_tensor(d, t, part, err);
    memory_free(t->name);
    t->name = NULL;
    return ok;
}

/* Under another key where config.json's own facts could be meant. */
static bool add_metadata(struct document *d, const struct fact *f, struct error *err)
{
    static const char own[] = "__metadata__.";
    bool meant = !strncmp(f->key, CONFIGURATION_PREFIX, strlen(CONFIGURATION_PREFIX)) ||
                 !strncmp(f->key, own, strlen(own));
    const char *of = meant ? own : "";
    size_t size = strlen(of) + strlen(f->key) + 1;
    char *key = memory_alloc(size, err);
    if (!key)
        return false;
    snprintf(key, size, "%s%s", of, f->key);
    bool ok = document_add_fact(d, key, f->value, err);
    memory_free(key);
    return ok;
}

/* config.json first: LIMIT_FACTS of them are kept, and fused tensors are cut by its counts. */
static bool add_facts(struct document *d, const struct safetensors *h, struct error *err)
{
    if (!configuration_read(d, err))
        return false;
    for (size_t i = 0; i < h->n_metadata; i++)
        if (!add_metadata(d, &h->metadata[i], err))
            return false;
    return true;
}

static bool index_file(struct document *d, struct error *err)
{
    struct safetensors h = { 0 };
    bool ok = safetensors_read(d->source, &h, err);
    if (ok && safetensors_metadata(&h, "eigenscope_factors"))
        ok = source_fail(d->source, NO_OFFSET, err, ERROR_FORMAT,
                         "holds packed factors; 'eigenscope expand FILE -o OUT' makes the matrices "
                         "of them");
    for (size_t i = 0; i < h.n && ok; i++)
        ok = move_tensor(d, &h.tensors[i], 0, err);
    ok = ok && add_facts(d, &h, err);
    safetensors_finish(&h);
    return ok;
}

/* What all shards together came to. */
struct tally {
    uint64_t bytes;
    size_t unmapped, links;
};

/* All are opened before any is read. A link may lead out of the folder, as those of download
 * caches do, but not unsaid. */
static bool open_shards(struct document *d, const struct shards *x, struct tally *tally,
                        struct error *err)
{
    for (size_t i = 0; i < x->n_files; i++) {
        struct error why = { 0 };
        char *path = folder_beside(d->name, x->files[i], err);
        if (!path)
            return false;
        struct source *s = source_open_file(path, &why);
        tally->links += s && folder_left(path);
        memory_free(path);
        if (!s)
            return fail(err, why.code, "shard %zu of %zu cannot be read: %s", i + 1, x->n_files,
                        why.text);
        if (!document_add_part(d, s, err))
            return false;
    }
    return true;
}

static bool add_shard(struct document *d, const struct shards *x, size_t shard, struct tally *tally,
                      struct error *err)
{
    struct safetensors h = { 0 };
    const struct source *s = document_part(d, shard + 1);
    bool ok = safetensors_read(s, &h, err) && (shard || add_facts(d, &h, err));
    for (size_t i = 0; i < h.n && ok; i++) {
        struct shard_tensor *told = shards_find(x, h.tensors[i].name);
        if (told && told->shard != shard)
            ok = source_fail(s, NO_OFFSET, err, ERROR_FORMAT, "holds %s, which the index has in %s",
                             h.tensors[i].name, x->files[told->shard]);
        if (told)
            told->found = true;
        tally->unmapped += !told;
        tally->bytes += h.tensors[i].size;
        ok = ok && move_tensor(d, &h.tensors[i], shard + 1, err);
    }
    safetensors_finish(&h);
    return ok;
}

/* A tensor that the index does not have may still be in two shards. */
static bool check_twice(const struct document *d, struct error *err)
{
    const char *twice;
    return document_twice(d, &twice, err) &&
           (!twice || source_fail(d->source, NO_OFFSET, err, ERROR_FORMAT,
                                  "index: %s is in two shards", twice));
}

static bool check_found(const struct document *d, const struct shards *x, struct error *err)
{
    for (size_t i = 0; i < x->n; i++)
        if (!x->tensors[i].found)
            return source_fail(d->source, NO_OFFSET, err, ERROR_FORMAT, "index: %s is not in %s",
                               x->tensors[i].name, x->files[x->tensors[i].shard]);
    return true;
}

static bool index_shards(struct document *d, struct error *err)
{
    struct shards x = { 0 };
    struct tally tally = { 0 };
    bool ok = shards_read(d->source, &x, err) && open_shards(d, &x, &tally, err);
    for (size_t i = 0; i < x.n_files && ok; i++)
        ok = add_shard(d, &x, i, &tally, err);
    ok = ok && check_found(d, &x, err) && (!tally.unmapped || check_twice(d, err));
    if (x.n_files > 1)
        document_note(d, "%zu files read as one", x.n_files);
    if (tally.unmapped)
        document_note(d, "%zu tensors are not in the index", tally.unmapped);
    if (x.total_size && x.total_size != tally.bytes)
        document_note(d, "the index claims %" PRIu64 " bytes, there are %" PRIu64, x.total_size,
                      tally.bytes);
    if (tally.links)
        document_note(d, "%zu files are links to other folders", tally.links);
    shards_finish(&x);
    return ok;
}

static bool index_tensors(struct document *d, struct error *err)
{
    unsigned char head[LEAST] = { 0 };
    size_t n = source_size(d->source) < LEAST ? (size_t)source_size(d->source) : LEAST;
    if (!source_read(d->source, 0, head, n, err) ||
        !(is_file(head, n) ? index_file(d, err) : index_shards(d, err)))
        return false;
    if (d->n_others)
        document_note(d, "%zu of %zu tensors are not matrices and left out", d->n_others,
                      d->n + d->n_others);
    return true;
}

static bool read_tensor(const struct document *d, const struct entry *e, struct matrix_view to,
                        struct error *err)
{
    return raw_read(document_part(d, e->part), e->offset, plain[e->encoding].type, false, to, err);
}

static bool write_tensors(const struct export *x, struct sink *to, struct error *err)
{
    struct tensor *tensors = memory_alloc(x->n * sizeof(*tensors), err);
    if (!tensors)
        return false;
    bool ok = true;
    for (size_t i = 0; i < x->n && ok; i++) {
        struct matrix_view a = x->matrices[i];
        tensors[i] = (struct tensor){ .dtype = a.dtype == DTYPE_F64 ? "F64" : "F32",
                                      .shape = { a.rows, a.cols },
                                      .dims = 2,
                                      .size = (uint64_t)a.rows * a.cols * dtype_size(a.dtype) };
        tensors[i].name = memory_text(x->names[i], strlen(x->names[i]), err);
        ok = tensors[i].name != NULL;
    }
    ok = ok && safetensors_write_header(tensors, x->n, x->facts, x->n_facts, to, err);
    for (size_t i = 0; i < x->n; i++) {
        ok = ok && raw_write(x->matrices[i], to, err);
        memory_free(tensors[i].name);
    }
    memory_free(tensors);
    return ok;
}

const struct format format_safetensors = {
    .name = "safetensors",
    .title = "safetensors",
    .summary = "Tensors of a network, in one file or in all that an index names; those with two "
               "dimensions are matrices.",
    .specification = "safetensors, github.com/huggingface/safetensors",
    .extensions = (const char *const[]){ ".safetensors", NULL },
    .probe_size = PROBE,
    .probe = probe,
    .index = index_tensors,
    .read = read_tensor,
    .write = write_tensors,
    .needs_dense = true,
};
