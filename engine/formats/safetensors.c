/* Dense tensors, both ways. Read: every two-dimensional tensor of a plain type. */
#include "safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "limit.h"
#include "memory.h"
#include "raw.h"

enum { PROBE = 9 };

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
static bool probe(const unsigned char *head, size_t n)
{
    return n >= PROBE && !head[4] && !head[5] && !head[6] && !head[7] &&
           (head[8] == '{' || head[8] == ' ' || head[8] == '\n' || head[8] == '\t');
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

static bool add_tensors(struct document *d, const struct safetensors *h, struct error *err)
{
    for (size_t i = 0; i < h->n; i++) {
        const struct tensor *t = &h->tensors[i];
        size_t type = plain_type(t);
        if (type == PLAIN || t->dims != 2 || t->shape[0] > LIMIT_DIMENSION ||
            t->shape[1] > LIMIT_DIMENSION) {
            if (!add_other(d, t, err))
                return false;
            continue;
        }
        if (!document_add(d, t->name, (size_t)t->shape[0], (size_t)t->shape[1], plain[type].dtype,
                          t->offset, t->size, (int)type, err))
            return false;
    }
    if (d->n_others)
        document_note(d, "%zu of %zu tensors are not matrices and left out", d->n_others, h->n);
    return true;
}

static bool index_tensors(struct document *d, struct error *err)
{
    struct safetensors h = { 0 };
    bool ok = safetensors_read(d->source, &h, err);
    if (ok && safetensors_metadata(&h, "eigenscope_factors"))
        ok = source_fail(d->source, NO_OFFSET, err, ERROR_FORMAT,
                         "holds packed factors; 'eigenscope expand FILE -o OUT' makes the matrices "
                         "of them");
    ok = ok && add_tensors(d, &h, err);
    for (size_t i = 0; i < h.n_metadata && ok; i++)
        ok = document_add_fact(d, h.metadata[i].key, h.metadata[i].value, err);
    safetensors_finish(&h);
    return ok;
}

static bool read_tensor(const struct document *d, const struct entry *e, struct matrix_view to,
                        struct error *err)
{
    return raw_read(d->source, e->offset, plain[e->encoding].type, false, to, err);
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
    .summary = "Tensors of a network; those with two dimensions are matrices.",
    .specification = "safetensors, github.com/huggingface/safetensors",
    .extensions = (const char *const[]){ ".safetensors", NULL },
    .probe_size = PROBE,
    .probe = probe,
    .index = index_tensors,
    .read = read_tensor,
    .write = write_tensors,
    .needs_dense = true,
};
