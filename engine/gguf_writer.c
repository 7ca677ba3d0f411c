#include "gguf_writer.h"

#include <inttypes.h>
#include <string.h>

#include "bytes.h"
#include "gguf_reader.h"
#include "limit.h"
#include "memory.h"

enum { VERSION = 3, ALIGNMENT = 32, TYPE = 4, CHUNK = 1 << 16 };

/* Sizes of whole numbers: what gguf_value_name calls them says the rest. */
static const struct {
    unsigned size;
    bool whole, negative;
} values[] = {
    [GGUF_U8] = { 1, true, false },
    [GGUF_I8] = { 1, true, true },
    [GGUF_U16] = { 2, true, false },
    [GGUF_I16] = { 2, true, true },
    [GGUF_U32] = { 4, true, false },
    [GGUF_I32] = { 4, true, true },
    [GGUF_F32] = { 4, false, true },
    [GGUF_BOOL] = { 1, true, false },
    [GGUF_TEXT] = { 0 },
    [GGUF_ARRAY] = { 0 },
    [GGUF_U64] = { 8, true, false },
    [GGUF_I64] = { 8, true, true },
    [GGUF_F64] = { 8, false, true },
};
enum { VALUES = sizeof(values) / sizeof(*values) };

static bool put(struct sink *to, uint64_t value, unsigned n, struct error *err)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < n; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
    return sink_write(to, bytes, n, err);
}

static bool put_text(struct sink *to, const char *text, struct error *err)
{
    return put(to, strlen(text), 8, err) && sink_write(to, text, strlen(text), err);
}

/* As the reader wants it, and ggml, whose names end in a NUL within GGUF_NAME bytes. */
static bool check_text(const char *what, const char *text, size_t most, struct error *err)
{
    char clean[4 * LIMIT_GGUF_KEY + 1];
    size_t n = strlen(text);
    if (!n || n > most)
        return fail(err, ERROR_USAGE, "gguf: a %s of %zu bytes, '%.80s'; 1 to %zu are allowed",
                    what, n, text, most);
    error_escape(text, clean, sizeof(clean));
    return !strcmp(text, clean) ||
           fail(err, ERROR_USAGE, "gguf: the %s '%s' is not plain text", what, clean);
}

/* `labels` has room for n. */
static bool check_twice(const char *what, struct gguf_label *labels, size_t n, struct error *err)
{
    const struct gguf_label *twice = gguf_label_twice(labels, n);
    return !twice || fail(err, ERROR_USAGE, "gguf: the %s '%s' is there twice", what, twice->text);
}

static bool fits(const struct gguf_field *f)
{
    unsigned bits = 8 * values[f->type].size;
    int64_t value = (int64_t)f->whole;
    if (f->type == GGUF_BOOL)
        return f->whole <= 1;
    if (!values[f->type].whole || bits == 64)
        return true;
    if (!values[f->type].negative)
        return !(f->whole >> bits);
    return value >= -((int64_t)1 << (bits - 1)) && value < (int64_t)1 << (bits - 1);
}

static bool check_field(const struct gguf_field *f, struct error *err)
{
    if (!check_text("key", f->key, LIMIT_GGUF_KEY, err))
        return false;
    if (f->raw)
        return f->raw_size > TYPE ||
               fail(err, ERROR_USAGE, "gguf: %s: %zu bytes are no value", f->key, f->raw_size);
    if ((unsigned)f->type >= VALUES || f->type == GGUF_ARRAY || (f->type == GGUF_TEXT && !f->text))
        return fail(err, ERROR_USAGE, "gguf: %s: a value of this type is given by its bytes",
                    f->key);
    return fits(f) ||
           fail(err, ERROR_USAGE, "gguf: %s: %" PRId64 " does not fit a value of type %s", f->key,
                (int64_t)f->whole, gguf_value_name(f->type));
}

/* The alignment; false: it is none. */
static bool alignment_of(const struct gguf_content *c, uint64_t *out, struct error *err)
{
    *out = ALIGNMENT;
    for (size_t i = 0; i < c->n_fields; i++) {
        const struct gguf_field *f = &c->fields[i];
        if (strcmp(f->key, "general.alignment"))
            continue;
        struct bytes b = { f->raw, f->raw ? f->raw + f->raw_size : NULL, false };
        uint32_t type = f->raw ? bytes_u32le(&b) : (uint32_t)f->type;
        *out = f->raw ? bytes_u32le(&b) : f->whole;
        if (type != GGUF_U32 || b.bad || !*out || *out & (*out - 1) || *out > LIMIT_GGUF_ALIGNMENT)
            return fail(err, ERROR_USAGE, "gguf: general.alignment is no power of two in a u32");
    }
    return true;
}

static bool check_fields(const struct gguf_content *c, struct error *err)
{
    uint64_t alignment;
    if (c->n_fields > LIMIT_GGUF_KEYS)
        return fail(err, ERROR_LIMIT, "gguf: %zu keys are more than %" PRIu64, c->n_fields,
                    LIMIT_GGUF_KEYS);
    struct gguf_label *labels = memory_alloc(c->n_fields * sizeof(*labels), err);
    bool ok = labels;
    for (size_t i = 0; i < c->n_fields && ok; i++) {
        ok = check_field(&c->fields[i], err);
        labels[i] = (struct gguf_label){ c->fields[i].key, i };
    }
    ok = ok && check_twice("key", labels, c->n_fields, err) && alignment_of(c, &alignment, err);
    memory_free(labels);
    return ok;
}

/* Where the type's size is not known (types that were removed), the caller's is taken. */
static bool check_size(const struct gguf_tensor *t, struct error *err)
{
    const struct block_type *type = block_type(t->id);
    uint64_t elements = 1, bytes = 0;
    bool small = t->dims <= GGUF_DIMS;
    for (size_t i = 0; i < t->dims && small; i++)
        small = size_mul(elements, t->shape[i], &elements);
    if (!small || elements > INT64_MAX)
        return fail(err, ERROR_USAGE, "gguf: the shape of '%s' is beyond %d dimensions or 63 bits",
                    t->name, GGUF_DIMS);
    if (!block_type_name(t->id))
        return fail(err, ERROR_USAGE, "gguf: '%s' is of type %" PRIu32 ", which is none", t->name,
                    t->id);
    if (!type || !type->elements)
        return true;
    uint64_t cols = t->dims ? t->shape[t->dims - 1] : 1;
    if (cols % type->elements)
        return fail(err, ERROR_USAGE,
                    "gguf: '%s' has rows of %" PRIu64 " elements, blocks of %s hold %u", t->name,
                    cols, type->name, type->elements);
    if (!size_mul(elements / type->elements, type->bytes, &bytes) || bytes != t->size)
        return fail(err, ERROR_USAGE, "gguf: '%s' of %s has not %" PRIu64 " bytes", t->name,
                    type->name, t->size);
    return true;
}

static bool check_tensors(const struct gguf_content *c, struct error *err)
{
    if (c->n > LIMIT_GGUF_TENSORS)
        return fail(err, ERROR_LIMIT, "gguf: %zu tensors are more than %" PRIu64, c->n,
                    LIMIT_GGUF_TENSORS);
    struct gguf_label *labels = memory_alloc(c->n * sizeof(*labels), err);
    bool ok = labels;
    for (size_t i = 0; i < c->n && ok; i++) {
        ok = check_text("tensor name", c->tensors[i].name, GGUF_NAME - 1, err) &&
             check_size(&c->tensors[i], err);
        labels[i] = (struct gguf_label){ c->tensors[i].name, i };
    }
    ok = ok && check_twice("tensor name", labels, c->n, err);
    memory_free(labels);
    return ok;
}

static bool put_field(const struct gguf_field *f, struct sink *to, struct error *err)
{
    if (!put_text(to, f->key, err))
        return false;
    if (f->raw)
        return sink_write(to, f->raw, f->raw_size, err);
    if (!put(to, f->type, TYPE, err))
        return false;
    if (f->type == GGUF_TEXT)
        return put_text(to, f->text, err);
    float single = (float)f->real;
    uint64_t bits = f->whole;
    uint32_t low;
    if (f->type == GGUF_F32) {
        memcpy(&low, &single, sizeof(low));
        bits = low;
    } else if (f->type == GGUF_F64)
        memcpy(&bits, &f->real, sizeof(bits));
    return put(to, bits, values[f->type].size, err);
}

static bool put_tensor(const struct gguf_tensor *t, uint64_t offset, struct sink *to,
                       struct error *err)
{
    if (!put_text(to, t->name, err) || !put(to, t->dims, 4, err))
        return false;
    for (size_t i = t->dims; i-- > 0;)
        if (!put(to, t->shape[i], 8, err))
            return false;
    return put(to, t->id, TYPE, err) && put(to, offset, 8, err);
}

bool gguf_write_header(const struct gguf_content *c, struct sink *to, struct error *err)
{
    uint64_t alignment, offset = 0;
    if (!check_fields(c, err) || !check_tensors(c, err) || !alignment_of(c, &alignment, err))
        return false;
    bool ok = sink_write(to, "GGUF", 4, err) && put(to, VERSION, 4, err) && put(to, c->n, 8, err) &&
              put(to, c->n_fields, 8, err);
    for (size_t i = 0; i < c->n_fields && ok; i++)
        ok = put_field(&c->fields[i], to, err);
    for (size_t i = 0; i < c->n && ok; i++) {
        ok = put_tensor(&c->tensors[i], offset, to, err);
        if (ok && (!size_add(offset, c->tensors[i].size, &offset) ||
                   !size_add(offset, (alignment - offset % alignment) % alignment, &offset)))
            return fail(err, ERROR_LIMIT, "gguf: the tensors are beyond 64 bits");
    }
    return ok && gguf_write_padding(c, to, err);
}

bool gguf_write_padding(const struct gguf_content *c, struct sink *to, struct error *err)
{
    static const unsigned char zeros[256];
    uint64_t alignment;
    if (!alignment_of(c, &alignment, err))
        return false;
    uint64_t left = (alignment - sink_written(to) % alignment) % alignment;
    while (left) {
        size_t n = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);
        if (!sink_write(to, zeros, n, err))
            return false;
        left -= n;
    }
    return true;
}

struct gguf_field *gguf_fields_of(const struct source *s, const struct gguf *h, struct error *err)
{
    size_t head = h->n_pairs * sizeof(struct gguf_field), size = head;
    for (size_t i = 0; i < h->n_pairs; i++)
        size += (size_t)h->pairs[i].size; /* all within LIMIT_GGUF_HEADER */
    struct gguf_field *fields = memory_alloc(size, err);
    unsigned char *at = fields ? (unsigned char *)fields + head : NULL;
    bool ok = fields;
    for (size_t i = 0; i < h->n_pairs && ok; i++) {
        const struct gguf_pair *p = &h->pairs[i];
        fields[i] = (struct gguf_field){ .key = p->key, .raw = at, .raw_size = (size_t)p->size };
        ok = source_read(s, p->value, at, (size_t)p->size, err);
        at += p->size;
    }
    if (ok)
        return fields;
    memory_free(fields);
    return NULL;
}

bool gguf_write_copy(const struct source *s, const struct gguf_tensor *t, struct sink *to,
                     struct error *err)
{
    unsigned char *chunk = memory_alloc(t->size < CHUNK ? (size_t)t->size : CHUNK, err);
    uint64_t done = 0;
    bool ok = chunk;
    while (ok && done < t->size) {
        size_t n = t->size - done < CHUNK ? (size_t)(t->size - done) : CHUNK;
        ok = source_read(s, t->offset + done, chunk, n, err) && sink_write(to, chunk, n, err);
        done += n;
    }
    memory_free(chunk);
    return ok;
}
