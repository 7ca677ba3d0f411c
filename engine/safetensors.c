/* The safetensors container: eight bytes of length, a JSON header, the tensors
 * end to end. jansson parses; what the format demands beyond JSON is checked
 * here. Its memory comes from memory.h. */
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

enum { LENGTH = 8, PAD = 8, CHUNK_FIRST = 4 << 10, CHUNK_MOST = 1 << 20 };

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

/* While a header is parsed, jansson's many small pieces come from chunks that
 * are freed together: a quarter of the memory, and much faster. */
struct chunk {
    struct chunk *next;
    _Alignas(max_align_t) unsigned char bytes[];
};
struct pool {
    struct chunk *newest;
    size_t used, size; /* of the newest */
};
static _Thread_local struct pool *pool; /* NULL: pieces come one by one */

static void *pool_alloc(struct pool *p, size_t size)
{
    const size_t unit = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + unit - 1) / unit * unit;
    if (size > p->size - p->used) {
        size_t next = p->size ? 2 * p->size : CHUNK_FIRST;
        next = next < CHUNK_MOST ? next : CHUNK_MOST;
        next = next > size ? next : size;
        struct chunk *c = memory_alloc(sizeof(*c) + next, &shortage);
        if (!c)
            return NULL;
        c->next = p->newest;
        *p = (struct pool){ c, 0, next };
    }
    p->used += size;
    return p->newest->bytes + p->used - size;
}

static void pool_finish(struct pool *p)
{
    for (struct chunk *c = p->newest, *next; c; c = next) {
        next = c->next;
        memory_free(c);
    }
}

static void *json_memory(size_t size)
{
    return pool ? pool_alloc(pool, size) : memory_alloc(size, &shortage);
}

static void json_release(void *p)
{
    if (!pool)
        memory_free(p);
}

static bool memory_sufficed(struct error *err)
{
    return !shortage.code || fail(err, shortage.code, "%s", shortage.text);
}

/* Before main: jansson asks for its allocator once, and no thread may run then. */
__attribute__((constructor)) static void use_our_memory(void)
{
    json_set_alloc_funcs(json_memory, json_release);
}

/* What is being read; `at` is the entry's name, for messages. */
struct reader {
    const struct source *source;
    struct error *err;
    const char *at;
};

#define REFUSE(r, ...) source_fail((r)->source, LENGTH, (r)->err, ERROR_FORMAT, __VA_ARGS__)

static bool read_dtype(const struct reader *r, const json_t *value, struct tensor *t,
                       unsigned *bits)
{
    const char *name = json_string_value(value);
    if (!name)
        return REFUSE(r, "%s: 'dtype' is not a string", r->at);
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(*dtypes); i++)
        if (!strcmp(name, dtypes[i].name)) {
            t->dtype = dtypes[i].name;
            *bits = dtypes[i].bits;
            return true;
        }
    return REFUSE(r, "%s: unknown dtype '%.40s'", r->at, name);
}

static bool read_count(const json_t *value, uint64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static bool read_shape(const struct reader *r, const json_t *value, struct tensor *t)
{
    if (!json_is_array(value))
        return REFUSE(r, "%s: 'shape' is not an array", r->at);
    t->dims = json_array_size(value);
    if (t->dims > TENSOR_DIMS)
        return source_fail(r->source, LENGTH, r->err, ERROR_LIMIT,
                           "%s: %zu dimensions are more than %d", r->at, t->dims, TENSOR_DIMS);
    for (size_t i = 0; i < t->dims; i++)
        if (!read_count(json_array_get(value, i), &t->shape[i]))
            return REFUSE(r, "%s: a dimension is not a whole number", r->at);
    return true;
}

/* end - begin == product of the shape * bits / 8, without wrapping, zeros or not. */
static bool check_size(const struct reader *r, const struct tensor *t, unsigned bits)
{
    uint64_t all = bits;
    bool empty = false;
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

static bool read_tensor(const struct reader *r, const json_t *value, struct tensor *t)
{
    uint64_t begin, end;
    unsigned bits = 8;
    if (!json_is_object(value) || json_object_size(value) != 3)
        return REFUSE(r, "%s: is not an object of 'dtype', 'shape' and 'data_offsets'", r->at);
    const json_t *offsets = json_object_get(value, "data_offsets");
    if (json_array_size(offsets) != 2 || !read_count(json_array_get(offsets, 0), &begin) ||
        !read_count(json_array_get(offsets, 1), &end) || begin > end)
        return REFUSE(r, "%s: 'data_offsets' is not a pair of ascending whole numbers", r->at);
    t->offset = begin; /* moved by the header's length once all are sorted */
    t->size = end - begin;
    return read_dtype(r, json_object_get(value, "dtype"), t, &bits) &&
           read_shape(r, json_object_get(value, "shape"), t) && check_size(r, t, bits);
}

static char *copy_text(const char *text, struct error *err)
{
    return memory_text(text, strlen(text), err);
}

static bool read_metadata(const struct reader *r, json_t *value, struct safetensors *h)
{
    const char *key;
    json_t *text;
    if (!json_is_object(value))
        return REFUSE(r, "'__metadata__' is not an object");
    h->metadata = memory_alloc(json_object_size(value) * sizeof(*h->metadata), r->err);
    if (!h->metadata)
        return false;
    json_object_foreach(value, key, text)
    {
        struct fact *f = &h->metadata[h->n_metadata];
        if (!json_is_string(text))
            return REFUSE(r, "'__metadata__': '%.60s' is not a string", key);
        f->key = copy_text(key, r->err);
        f->value = f->key ? copy_text(json_string_value(text), r->err) : NULL;
        h->n_metadata++;
        if (!f->value)
            return false;
    }
    return true;
}

/* Names go to terminals and file names: nothing that fail() would have to escape. */
static bool check_name(const struct reader *r)
{
    size_t n = strlen(r->at);
    if (n > LIMIT_NAME)
        return source_fail(r->source, LENGTH, r->err, ERROR_LIMIT,
                           "a name of %zu bytes is longer than %d", n, LIMIT_NAME);
    for (const char *c = r->at; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return REFUSE(r, "%s: a control character in a name", r->at);
    return n ? true : REFUSE(r, "a tensor without a name");
}

static bool read_entries(struct reader *r, json_t *root, struct safetensors *h)
{
    json_t *value;
    if (!json_is_object(root))
        return REFUSE(r, "the header is not a JSON object");
    if (json_object_size(root) > LIMIT_TENSORS)
        return source_fail(r->source, LENGTH, r->err, ERROR_LIMIT,
                           "%zu tensors are more than %" PRIu64, json_object_size(root),
                           LIMIT_TENSORS);
    h->tensors = memory_alloc(json_object_size(root) * sizeof(*h->tensors), r->err);
    if (!h->tensors)
        return false;
    json_object_foreach(root, r->at, value)
    {
        if (!strcmp(r->at, "__metadata__")) {
            if (!read_metadata(r, value, h))
                return false;
            continue;
        }
        struct tensor *t = &h->tensors[h->n];
        if (!check_name(r) || !read_tensor(r, value, t))
            return false;
        t->name = copy_text(r->at, r->err);
        if (!t->name)
            return false;
        h->n++;
    }
    return true;
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

static bool parse(struct reader *r, const char *text, size_t n, struct safetensors *h)
{
    json_error_t fault;
    shortage.code = ERROR_NONE;
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &fault);
    if (!memory_sufficed(r->err))
        return false;
    if (!root) {
        uint64_t at = LENGTH + (fault.position > 0 ? (uint64_t)fault.position : 0);
        return source_fail(r->source, at, r->err, ERROR_FORMAT, "header: %s", fault.text);
    }
    return read_entries(r, root, h) && check_layout(r, LENGTH + n, h);
}

/* The tree goes with the pool. */
static bool parse_pooled(struct reader *r, const char *text, size_t n, struct safetensors *h)
{
    struct pool pieces = { 0 };
    pool = &pieces;
    bool ok = parse(r, text, n, h);
    pool = NULL;
    pool_finish(&pieces);
    return ok;
}

bool safetensors_read(const struct source *s, struct safetensors *out, struct error *err)
{
    unsigned char head[LENGTH];
    struct safetensors h = { 0 };
    struct reader r = { s, err, NULL };
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
    char *text = memory_alloc(n, err);
    bool ok = text && source_read(s, LENGTH, text, n, err) && parse_pooled(&r, text, n, &h);
    memory_free(text);
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
