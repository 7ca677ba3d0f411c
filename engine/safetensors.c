/* The safetensors container: eight bytes of length, a JSON header, the tensors end to end. The
 * header is read as a stream, so that one of 100,000 tensors needs little more than its tensors;
 * jansson writes it, with memory from memory.h. */
#include "safetensors.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "limit.h"
#include "memory.h"
#include "names.h"
#include "pull.h"

enum { LENGTH = 8, PAD = 8 };

static const struct {
    const char *name;
    unsigned bits;
} dtypes[] = {
    { "BOOL", 8 },    { "U8", 8 },      { "I8", 8 },          { "F8_E5M2", 8 },
    { "F8_E4M3", 8 }, { "F8_E8M0", 8 }, { "F8_E4M3FNUZ", 8 }, { "F8_E5M2FNUZ", 8 },
    { "I16", 16 },    { "U16", 16 },    { "F16", 16 },        { "BF16", 16 },
    { "I32", 32 },    { "U32", 32 },    { "F32", 32 },        { "C64", 64 },
    { "F64", 64 },    { "I64", 64 },    { "U64", 64 },        { "F4", 4 },
    { "F6_E2M3", 6 }, { "F6_E3M2", 6 },
};

/* Why jansson got no memory, ERROR_NONE if it always did. It does not always say so
 * itself: a character whose buffer could not grow is dropped in silence. */
static _Thread_local struct error shortage;

static void *json_memory(size_t size)
{
    return memory_alloc(size, &shortage);
}

static bool memory_sufficed(struct error *err)
{
    return !shortage.code || fail(err, shortage.code, "%s", shortage.text);
}

/* Before main: jansson asks for its allocator once, and no thread may run then. */
__attribute__((constructor)) static void use_our_memory(void)
{
    json_set_alloc_funcs(json_memory, memory_free);
}

/* What is being read. */
struct reader {
    const struct source *source;
    struct error *err;
    struct pull json;
    char at[LIMIT_NAME + 1]; /* the entry's name, cut, for messages */
};

/* Where the header is no JSON, that is what was said. */
#define REFUSE_AS(r, code, ...) \
    ((r)->json.bad ? false : source_fail((r)->source, (r)->json.at, (r)->err, code, __VA_ARGS__))
#define REFUSE(r, ...) REFUSE_AS(r, ERROR_FORMAT, __VA_ARGS__)

static bool read_dtype(struct reader *r, struct tensor *t)
{
    char name[48];
    size_t n;
    if (!pull_text(&r->json, name, sizeof(name), &n))
        return REFUSE(r, "%s: 'dtype' is not a string", r->at);
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(*dtypes); i++)
        if (!strcmp(name, dtypes[i].name)) {
            t->dtype = dtypes[i].name;
            return true;
        }
    return REFUSE(r, "%s: unknown dtype '%.40s'", r->at, name);
}

static bool read_shape(struct reader *r, struct tensor *t)
{
    if (!pull_array(&r->json))
        return REFUSE(r, "%s: 'shape' is not an array", r->at);
    while (pull_item(&r->json)) {
        if (t->dims == TENSOR_DIMS)
            return REFUSE_AS(r, ERROR_LIMIT, "%s: more than %d dimensions", r->at, TENSOR_DIMS);
        if (!pull_count(&r->json, &t->shape[t->dims++]))
            return REFUSE(r, "%s: a dimension is not a whole number", r->at);
    }
    return !r->json.bad;
}

static bool read_offsets(struct reader *r, struct tensor *t)
{
    uint64_t ends[2] = { 0 };
    size_t n = 0;
    bool ok = pull_array(&r->json);
    while (ok && pull_item(&r->json)) {
        ok = n < 2 && pull_count(&r->json, &ends[n]);
        n++;
    }
    if (!ok || r->json.bad || n != 2 || ends[0] > ends[1])
        return REFUSE(r, "%s: 'data_offsets' is not a pair of ascending whole numbers", r->at);
    t->offset = ends[0]; /* moved by the header's length once all are sorted */
    t->size = ends[1] - ends[0];
    return true;
}

/* end - begin == product of the shape * bits / 8, without wrapping, zeros or not. */
static bool check_size(struct reader *r, const struct tensor *t)
{
    uint64_t all = 8;
    bool empty = false;
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(*dtypes); i++)
        all = t->dtype == dtypes[i].name ? dtypes[i].bits : all;
    for (size_t i = 0; i < t->dims; i++) {
        empty = empty || !t->shape[i];
        if (t->shape[i] && !size_mul(all, t->shape[i], &all))
            return REFUSE(r, "%s: the shape is beyond 64 bits", r->at);
    }
    all = empty ? 0 : all;
    if (all % 8 || all / 8 != t->size)
        return REFUSE(r, "%s: the shape wants %" PRIu64 " bytes, the offsets span %" PRIu64, r->at,
                      all / 8, t->size);
    return true;
}

static const struct {
    const char *key;
    bool (*read)(struct reader *r, struct tensor *t);
} parts[] = { { "dtype", read_dtype }, { "shape", read_shape }, { "data_offsets", read_offsets } };
enum { PARTS = sizeof(parts) / sizeof(*parts) };

static size_t part_of(const char *key)
{
    size_t i = 0;
    while (i < PARTS && strcmp(key, parts[i].key) != 0)
        i++;
    return i;
}

static bool read_tensor(struct reader *r, struct tensor *t)
{
    char key[16];
    size_t n;
    unsigned seen = 0;
    bool ok = pull_object(&r->json);
    while (ok && pull_key(&r->json, key, sizeof(key), &n)) {
        size_t i = part_of(key);
        ok = i < PARTS && !(seen & 1u << i);
        if (ok && !parts[i].read(r, t))
            return false;
        seen |= 1u << i;
    }
    if (!ok || r->json.bad || seen != (1u << PARTS) - 1)
        return REFUSE(r, "%s: is not an object of 'dtype', 'shape' and 'data_offsets'", r->at);
    return check_size(r, t);
}

static bool check_twice(struct reader *r, const char **names, size_t n)
{
    const char *twice = names_twice(names, n);
    return !twice || REFUSE(r, "header: the key '%s' stands there twice", twice);
}

static bool read_metadata(struct reader *r, struct safetensors *h)
{
    size_t n, length;
    if (h->metadata)
        return REFUSE(r, "'__metadata__' stands there twice");
    if (!pull_size(&r->json, &n) || !pull_object(&r->json))
        return REFUSE(r, "'__metadata__' is not an object");
    h->metadata = memory_alloc(n * sizeof(*h->metadata), r->err);
    const char **keys = memory_alloc(n * sizeof(*keys), r->err);
    bool ok = h->metadata && keys;
    while (ok && pull_key(&r->json, r->at, sizeof(r->at), &length)) {
        if (length > LIMIT_NAME) {
            ok = REFUSE_AS(r, ERROR_LIMIT, "'__metadata__': a key of %zu bytes is longer than %d",
                           length, LIMIT_NAME);
            break;
        }
        struct fact *f = &h->metadata[h->n_metadata];
        bool text = pull_next(&r->json) == PULL_TEXT;
        f->key = memory_text(r->at, strlen(r->at), r->err);
        f->value = f->key && text ? pull_text_whole(&r->json) : NULL;
        ok = f->value ||
             (f->key && !text && REFUSE(r, "'__metadata__': '%.60s' is not a string", r->at));
        keys[h->n_metadata++] = f->key;
    }
    ok = ok && !r->json.bad && check_twice(r, keys, h->n_metadata);
    memory_free(keys);
    return ok;
}

/* Names go to terminals and file names: nothing that fail() would have to escape. */
static bool check_name(struct reader *r, size_t length)
{
    if (length > LIMIT_NAME)
        return REFUSE_AS(r, ERROR_LIMIT, "a name of %zu bytes is longer than %d", length,
                         LIMIT_NAME);
    for (const char *c = r->at; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return REFUSE(r, "%s: a control character in a name", r->at);
    return length ? true : REFUSE(r, "a tensor without a name");
}

static bool read_entry(struct reader *r, size_t length, struct safetensors *h)
{
    if (!strcmp(r->at, "__metadata__"))
        return read_metadata(r, h);
    struct tensor *t = &h->tensors[h->n];
    if (!check_name(r, length) || !read_tensor(r, t))
        return false;
    t->name = memory_text(r->at, length, r->err);
    h->n += t->name != NULL;
    return t->name;
}

static bool check_names(struct reader *r, const struct safetensors *h)
{
    const char **names = memory_alloc(h->n * sizeof(*names), r->err);
    for (size_t i = 0; names && i < h->n; i++)
        names[i] = h->tensors[i].name;
    bool ok = names && check_twice(r, names, h->n);
    memory_free(names);
    return ok;
}

static bool read_entries(struct reader *r, struct safetensors *h)
{
    size_t n, length;
    if (pull_next(&r->json) != PULL_OBJECT || !pull_size(&r->json, &n) || !pull_object(&r->json))
        return REFUSE(r, "the header is not a JSON object");
    if (n > LIMIT_TENSORS)
        return REFUSE_AS(r, ERROR_LIMIT, "%zu tensors are more than %" PRIu64, n, LIMIT_TENSORS);
    h->tensors = memory_alloc(n * sizeof(*h->tensors), r->err);
    if (!h->tensors)
        return false;
    while (pull_key(&r->json, r->at, sizeof(r->at), &length))
        if (!read_entry(r, length, h))
            return false;
    return !r->json.bad && pull_end(&r->json) && check_names(r, h);
}

static int by_offset(const void *a, const void *b)
{
    const struct tensor *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if (x->size != y->size) /* empty ones first: they begin where the next does */
        return x->size < y->size ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* End to end, from the header's end to the file's. */
static bool check_layout(const struct reader *r, uint64_t start, struct safetensors *h)
{
    uint64_t end = 0, have = source_size(r->source) - start;
    if (h->n)
        qsort(h->tensors, h->n, sizeof(*h->tensors), by_offset);
    for (size_t i = 0; i < h->n; i++) {
        struct tensor *t = &h->tensors[i];
        if (t->offset != end)
            return source_fail(r->source, start + end, r->err, ERROR_FORMAT,
                               "%s: begins at %" PRIu64 " of the data, but %" PRIu64
                               " is where the one before ends",
                               t->name, t->offset, end);
        if (t->size > have - end)
            return source_fail(r->source, start + end, r->err, ERROR_FORMAT,
                               "%s: wants %" PRIu64 " bytes, the file has %" PRIu64, t->name,
                               t->size, have - end);
        end += t->size;
        t->offset += start;
    }
    if (end != have)
        return source_fail(r->source, start + end, r->err, ERROR_FORMAT,
                           "%" PRIu64 " bytes follow the last tensor", have - end);
    return true;
}

bool safetensors_read(const struct source *s, struct safetensors *out, struct error *err)
{
    unsigned char head[LENGTH];
    struct safetensors h = { 0 };
    struct reader r = { .source = s, .err = err };
    if (!source_read(s, 0, head, LENGTH, err))
        return false;
    struct bytes b = { head, head + LENGTH, false };
    uint64_t n = bytes_u64le(&b);
    if (n > source_size(s) - LENGTH)
        return source_fail(s, 0, err, ERROR_FORMAT,
                           "the header claims %" PRIu64 " bytes, the file has %" PRIu64, n,
                           source_size(s) - LENGTH);
    if (n > LIMIT_JSON_HEADER)
        return source_fail(s, 0, err, ERROR_LIMIT,
                           "a header of %" PRIu64 " bytes is longer than %" PRIu64, n,
                           LIMIT_JSON_HEADER);
    bool ok = pull_open(&r.json, s, LENGTH, LENGTH + n, "header", err) && read_entries(&r, &h) &&
              check_layout(&r, LENGTH + n, &h);
    pull_close(&r.json);
    if (ok)
        *out = h;
    else
        safetensors_finish(&h);
    return ok;
}

void safetensors_finish(struct safetensors *h)
{
    for (size_t i = 0; i < h->n; i++)
        memory_free(h->tensors[i].name);
    document_free_facts(h->metadata, h->n_metadata);
    memory_free(h->tensors);
    *h = (struct safetensors){ 0 };
}

const struct tensor *safetensors_find(const struct safetensors *h, const char *name)
{
    for (size_t i = 0; i < h->n; i++)
        if (!strcmp(h->tensors[i].name, name))
            return &h->tensors[i];
    return NULL;
}

const char *safetensors_metadata(const struct safetensors *h, const char *key)
{
    for (size_t i = 0; i < h->n_metadata; i++)
        if (!strcmp(h->metadata[i].key, key))
            return h->metadata[i].value;
    return NULL;
}

static json_t *tensor_json(const struct tensor *t, uint64_t begin)
{
    uint64_t end = begin + t->size;
    json_t *shape = json_array();
    bool ok = shape != NULL;
    for (size_t i = 0; i < t->dims && ok; i++)
        ok = !json_array_append_new(shape, json_integer((json_int_t)t->shape[i]));
    json_t *whole = ok ? json_pack("{s:s, s:O, s:[I, I]}", "dtype", t->dtype, "shape", shape,
                                   "data_offsets", (json_int_t)begin, (json_int_t)end)
                       : NULL;
    json_decref(shape);
    return whole;
}

static bool set_facts(json_t *root, const struct fact *facts, size_t n)
{
    json_t *object = json_object();
    bool ok = object != NULL;
    for (size_t i = 0; i < n && ok; i++)
        ok = !json_object_set_new(object, facts[i].key, json_string(facts[i].value));
    ok = ok && !json_object_set(root, "__metadata__", object);
    json_decref(object);
    return ok;
}

static bool set_tensors(json_t *root, const struct tensor *tensors, size_t n)
{
    uint64_t begin = 0;
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        ok = !json_object_set_new(root, tensors[i].name, tensor_json(&tensors[i], begin));
        begin += tensors[i].size;
    }
    return ok;
}

bool safetensors_write_header(const struct tensor *tensors, size_t n, const struct fact *metadata,
                              size_t n_metadata, struct sink *to, struct error *err)
{
    static const char blanks[PAD + 1] = "        ";
    shortage.code = ERROR_NONE;
    json_t *root = json_object();
    bool built = root && (!n_metadata || set_facts(root, metadata, n_metadata)) &&
                 set_tensors(root, tensors, n);
    size_t entries = json_object_size(root);
    char *text = built ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (!memory_sufficed(err)) {
        memory_free(text);
        return false;
    }
    assert(text); /* all text is UTF-8: whoever fills an export has seen to that */
    if (entries != n + (n_metadata ? 1 : 0)) {
        memory_free(text);
        return fail(err, ERROR_USAGE, "two matrices have the same name");
    }
    size_t length = strlen(text), pad = (PAD - length % PAD) % PAD;
    unsigned char head[LENGTH];
    for (size_t i = 0; i < LENGTH; i++)
        head[i] = (unsigned char)((uint64_t)(length + pad) >> 8 * i);
    bool ok = sink_write(to, head, LENGTH, err) && sink_write(to, text, length, err) &&
              sink_write(to, blanks, pad, err);
    memory_free(text);
    return ok;
}
