#include "gguf_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"
#include "memory.h"

enum { PAIR_LEAST = 13 };

void gguf_refuse(struct gguf_reader *r, bool said)
{
    r->bad = !said;
}

const unsigned char *gguf_take(struct gguf_reader *r, uint64_t n)
{
    uint64_t size = source_size(r->source);
    if (r->bad)
        return NULL;
    if (n > size - r->at) {
        GGUF_REFUSE(r, r->at, ERROR_FORMAT,
                    "gguf: the header wants %" PRIu64 " bytes, has %" PRIu64, n, size - r->at);
        return NULL;
    }
    if (r->at + n > LIMIT_GGUF_HEADER) {
        GGUF_REFUSE(r, r->at, ERROR_LIMIT, "gguf: the header is longer than %" PRIu64 " bytes",
                    LIMIT_GGUF_HEADER);
        return NULL;
    }
    if (r->at < r->from || r->at + n > r->from + r->held) {
        r->held = 0;
        uint64_t most = size - r->at < GGUF_WINDOW ? size - r->at : GGUF_WINDOW;
        if (!source_read(r->source, r->at, r->window, (size_t)most, r->err)) {
            r->bad = true;
            return NULL;
        }
        r->from = r->at;
        r->held = most;
    }
    const unsigned char *p = r->window + (r->at - r->from);
    r->at += n;
    return p;
}

uint64_t gguf_number(struct gguf_reader *r, unsigned n)
{
    const unsigned char *p = gguf_take(r, n);
    uint64_t v = 0;
    for (unsigned i = 0; p && i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static void skip(struct gguf_reader *r, uint64_t n, const char *what)
{
    uint64_t left = source_size(r->source) - r->at;
    if (r->bad)
        return;
    if (n > left)
        GGUF_REFUSE(r, r->at, ERROR_FORMAT, "gguf: %s of %" PRIu64 " bytes, the file has %" PRIu64,
                    what, n, left);
    else
        r->at += n;
}

char *gguf_plain(struct gguf_reader *r, const char *what, uint64_t most)
{
    uint64_t at = r->at, n = gguf_number(r, 8), left = source_size(r->source) - r->at;
    if (r->bad)
        return NULL;
    if (n > left)
        GGUF_REFUSE(r, at, ERROR_FORMAT, "gguf: a %s of %" PRIu64 " bytes, the file has %" PRIu64,
                    what, n, left);
    else if (!n || n > most)
        GGUF_REFUSE(r, at, ERROR_FORMAT,
                    "gguf: a %s of %" PRIu64 " bytes; 1 to %" PRIu64 " are allowed", what, n, most);
    const unsigned char *p = r->bad ? NULL : gguf_take(r, n);
    char *text = p ? memory_text((const char *)p, (size_t)n, r->err) : NULL;
    char clean[4 * LIMIT_GGUF_KEY + 1];
    r->bad = r->bad || !text;
    if (r->bad)
        return NULL;
    error_escape(text, clean, sizeof(clean));
    if (strlen(text) == n && !strcmp(text, clean))
        return text;
    GGUF_REFUSE(r, at, ERROR_FORMAT, "gguf: the %s '%s' is not plain text", what, clean);
    memory_free(text);
    return NULL;
}

static const struct {
    unsigned size;
    const char *name;
} values[] = {
    [GGUF_U8] = { 1, "u8" },       [GGUF_I8] = { 1, "i8" },     [GGUF_U16] = { 2, "u16" },
    [GGUF_I16] = { 2, "i16" },     [GGUF_U32] = { 4, "u32" },   [GGUF_I32] = { 4, "i32" },
    [GGUF_F32] = { 4, "f32" },     [GGUF_BOOL] = { 1, "bool" }, [GGUF_TEXT] = { 8, "string" },
    [GGUF_ARRAY] = { 0, "array" }, [GGUF_U64] = { 8, "u64" },   [GGUF_I64] = { 8, "i64" },
    [GGUF_F64] = { 8, "f64" },
};
enum { VALUES = sizeof(values) / sizeof(*values) };

const char *gguf_value_name(enum gguf_value type)
{
    return values[type].name;
}

static void number_text(enum gguf_value type, uint64_t bits, char *to, size_t size)
{
    unsigned unused = 64 - 8 * values[type].size;
    uint32_t low = (uint32_t)bits;
    float single;
    double real;
    memcpy(&single, &low, sizeof(single));
    memcpy(&real, &bits, sizeof(real));
    if (type == GGUF_F32 || type == GGUF_F64)
        snprintf(to, size, "%.9g", type == GGUF_F32 ? (double)single : real);
    else if (type == GGUF_I8 || type == GGUF_I16 || type == GGUF_I32 || type == GGUF_I64)
        snprintf(to, size, "%" PRId64, (int64_t)(bits << unused) >> unused);
    else if (type == GGUF_BOOL)
        snprintf(to, size, "%s", bits ? "true" : "false");
    else
        snprintf(to, size, "%" PRIu64, bits);
}

static uint64_t boolean(struct gguf_reader *r)
{
    uint64_t at = r->at, v = gguf_number(r, 1);
    if (v > 1)
        GGUF_REFUSE(r, at, ERROR_FORMAT, "gguf: a bool of %" PRIu64 "; 0 and 1 are allowed", v);
    return v;
}

/* Walks over the items; the count is held against what is left before. */
static void skip_array(struct gguf_reader *r, const char *key, char *to, size_t size)
{
    uint64_t at = r->at, type = gguf_number(r, 4), n = gguf_number(r, 8),
             left = source_size(r->source) - r->at;
    if (r->bad)
        return;
    if (type >= VALUES || type == GGUF_ARRAY)
        GGUF_REFUSE(r, at, ERROR_FORMAT, "gguf: %s: an array of %s", key,
                    type == GGUF_ARRAY ? "arrays is not allowed" : "a type that is not known");
    else if (n > left / values[type].size)
        GGUF_REFUSE(r, at, ERROR_FORMAT,
                    "gguf: %s: an array of %" PRIu64 " items, the file has %" PRIu64 " bytes", key,
                    n, left);
    else if (type == GGUF_TEXT)
        for (uint64_t i = 0; i < n && !r->bad; i++)
            skip(r, gguf_number(r, 8), "a string");
    else if (type == GGUF_BOOL)
        for (uint64_t i = 0; i < n && !r->bad; i++)
            boolean(r);
    else
        skip(r, n * values[type].size, "an array");
    snprintf(to, size, "%" PRIu64 " items", n);
}

static char *read_value(struct gguf_reader *r, enum gguf_value type, const char *key)
{
    char short_text[64] = "";
    if (type == GGUF_TEXT) {
        uint64_t n = gguf_number(r, 8), left = source_size(r->source) - r->at;
        uint64_t kept = n < GGUF_TEXT_KEPT ? n : GGUF_TEXT_KEPT;
        const unsigned char *p = r->bad || n > left ? NULL : gguf_take(r, kept);
        char *text = p ? memory_text((const char *)p, (size_t)kept, r->err) : NULL;
        r->bad = r->bad || (p && !text);
        skip(r, p ? n - kept : n, "a string");
        return text;
    }
    if (type == GGUF_ARRAY)
        skip_array(r, key, short_text, sizeof(short_text));
    else
        number_text(type, type == GGUF_BOOL ? boolean(r) : gguf_number(r, values[type].size),
                    short_text, sizeof(short_text));
    char *text = r->bad ? NULL : memory_text(short_text, strlen(short_text), r->err);
    r->bad = r->bad || !text;
    return text;
}

static void read_pair(struct gguf_reader *r, struct gguf_pair *p)
{
    p->at = r->at;
    p->key = gguf_plain(r, "key", LIMIT_GGUF_KEY);
    uint64_t at = r->at, type = gguf_number(r, 4);
    if (!r->bad && type >= VALUES)
        GGUF_REFUSE(r, at, ERROR_FORMAT, "gguf: %s: a value of type %" PRIu64 " is not known",
                    p->key, type);
    if (r->bad)
        return;
    p->type = (enum gguf_value)type;
    p->text = read_value(r, p->type, p->key);
    p->value = at;
    p->size = r->at - at;
}

static int by_text(const void *a, const void *b)
{
    const struct gguf_label *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

const struct gguf_label *gguf_label_twice(struct gguf_label *labels, size_t n)
{
    qsort(labels, n, sizeof(*labels), by_text);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(labels[i - 1].text, labels[i].text))
            return &labels[i];
    return NULL;
}

static void check_keys(struct gguf_reader *r, const struct gguf *h)
{
    struct gguf_label *labels = memory_alloc(h->n_pairs * sizeof(*labels), r->err);
    r->bad = r->bad || !labels;
    for (size_t i = 0; i < h->n_pairs && !r->bad; i++)
        labels[i] = (struct gguf_label){ h->pairs[i].key, h->pairs[i].at };
    const struct gguf_label *twice = r->bad ? NULL : gguf_label_twice(labels, h->n_pairs);
    if (twice)
        GGUF_REFUSE(r, twice->at, ERROR_FORMAT, "gguf: the key '%s' stands there twice",
                    twice->text);
    memory_free(labels);
}

void gguf_read_pairs(struct gguf_reader *r, struct gguf *h, uint64_t n)
{
    uint64_t left = source_size(r->source) - r->at;
    if (r->bad)
        return;
    if (n > left / PAIR_LEAST)
        GGUF_REFUSE(r, 16, ERROR_FORMAT,
                    "gguf: claims %" PRIu64 " keys, the file has %" PRIu64 " bytes", n,
                    source_size(r->source));
    else if (n > LIMIT_GGUF_KEYS)
        GGUF_REFUSE(r, 16, ERROR_LIMIT, "gguf: %" PRIu64 " keys are more than %" PRIu64, n,
                    LIMIT_GGUF_KEYS);
    h->pairs = r->bad ? NULL : memory_alloc((size_t)n * sizeof(*h->pairs), r->err);
    r->bad = r->bad || !h->pairs;
    for (uint64_t i = 0; i < n && !r->bad; i++)
        read_pair(r, &h->pairs[h->n_pairs++]);
    if (!r->bad)
        check_keys(r, h);
}
