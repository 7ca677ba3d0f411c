#include "document.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "demo.h"
#include "folder.h"
#include "limit.h"
#include "memory.h"
#include "names.h"

enum { HEAD = 64, ENTRIES_FIRST = 8 };

static const struct format *recognise(const unsigned char *head, size_t n)
{
    for (size_t i = 0; formats[i]; i++) {
        assert(formats[i]->probe_size <= HEAD);
        if (formats[i]->probe && formats[i]->probe(head, n))
            return formats[i];
    }
    return NULL;
}

static bool refuse_unknown(const struct source *s, struct error *err)
{
    char names[200] = "";
    if (!source_size(s))
        return source_fail(s, NO_OFFSET, err, ERROR_FORMAT, "the file is empty");
    for (size_t i = 0; formats[i]; i++)
        if (formats[i]->probe) {
            size_t n = strlen(names);
            snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "", formats[i]->name);
        }
    return source_fail(s, 0, err, ERROR_FORMAT, "not a file of a known format (%s)", names);
}

/* NULL: it is of no format that is known. */
static const struct format *format_of(const struct source *s, struct error *err)
{
    unsigned char head[HEAD];
    uint64_t size = source_size(s);
    size_t n = size < HEAD ? (size_t)size : HEAD;
    if (!source_read(s, 0, head, n, err))
        return NULL;
    const struct format *found = recognise(head, n);
    if (!found)
        refuse_unknown(s, err);
    return found;
}

static bool fill(struct document *d, struct error *err)
{
    d->format = format_of(d->source, err);
    if (!d->format || !d->format->index(d, err))
        return false;
    if (d->unlisted)
        document_note(d, "%zu of %zu facts left out", d->unlisted, d->n_facts + d->unlisted);
    return true;
}

struct document *document_open_source(struct source *s, struct error *err)
{
    struct document *d = document_new(source_name(s), err);
    if (!d) {
        source_close(s);
        return NULL;
    }
    d->source = s;
    if (!fill(d, err)) {
        document_unref(d);
        return NULL;
    }
    return d;
}

/* A folder stands for the model in it. */
static struct source *open_source(const char *name, struct error *err)
{
    if (!folder_is(name))
        return source_open_file(name, err);
    char *path = folder_model(name, err);
    struct source *s = path ? source_open_file(path, err) : NULL;
    memory_free(path);
    return s;
}

struct document *document_open_watched(const char *name, const struct watch *w, struct error *err)
{
    if (!strncmp(name, "demo:", 5))
        return demo_open(name + 5, err);
    struct source *s = open_source(name, err);
    if (!s)
        return NULL;
    source_watch(s, w);
    struct document *d = document_open_source(s, err);
    if (d)
        source_watch(d->source, NULL);
    return d;
}

struct document *document_open(const char *name, struct error *err)
{
    return document_open_watched(name, NULL, err);
}

bool document_probe(const char *name, struct error *err)
{
    if (!strncmp(name, "demo:", 5))
        return true;
    struct source *s = open_source(name, err);
    bool known = s && format_of(s, err);
    source_close(s);
    return known;
}

struct document *document_new(const char *name, struct error *err)
{
    struct document *d = memory_alloc(sizeof(*d), err);
    if (!d)
        return NULL;
    atomic_init(&d->references, 1);
    d->name = memory_text(name, strlen(name), err);
    if (!d->name) {
        document_unref(d);
        return NULL;
    }
    return d;
}

struct document *document_ref(struct document *d)
{
    atomic_fetch_add(&d->references, 1);
    return d;
}

void document_unref(struct document *d)
{
    if (!d || atomic_fetch_sub(&d->references, 1) > 1)
        return;
    for (size_t i = 0; i < d->n; i++)
        memory_free(d->entries[i].name);
    memory_free(d->entries);
    for (size_t i = 0; i < d->n_others; i++)
        memory_free(d->others[i].name);
    memory_free(d->others);
    document_free_facts(d->facts, d->n_facts);
    if (d->raster)
        raster_finish(d->raster);
    memory_free(d->raster);
    matrix_finish(&d->generated);
    source_close(d->source);
    for (size_t i = 0; i < d->n_parts; i++)
        source_close(d->parts[i]);
    memory_free(d->parts);
    memory_free(d->name);
    memory_free(d);
}

const struct entry *document_entry(const struct document *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++)
        if (!strcmp(d->entries[i].name, name))
            return &d->entries[i];
    return NULL;
}

bool document_read(const struct document *d, const struct entry *e, struct matrix_view to,
                   struct error *err)
{
    assert(to.rows == e->rows && to.cols == e->cols);
    return d->format->read(d, e, to, err);
}

const char *document_fact(const struct document *d, const char *key)
{
    for (size_t i = 0; i < d->n_facts; i++)
        if (!strcmp(d->facts[i].key, key))
            return d->facts[i].value;
    return NULL;
}

uint64_t document_size(const struct document *d)
{
    uint64_t size = d->source ? source_size(d->source) : 0;
    for (size_t i = 0; i < d->n_parts; i++)
        size += source_size(d->parts[i]);
    return size;
}

const struct source *document_part(const struct document *d, size_t i)
{
    assert(i <= d->n_parts);
    return i ? d->parts[i - 1] : d->source;
}

bool document_unchanged(const struct document *d, struct error *err)
{
    if (!d->source || d->raster)
        return true;
    for (size_t i = 0; i <= d->n_parts; i++)
        if (!source_unchanged(document_part(d, i), err))
            return false;
    return true;
}

uint64_t document_bytes(const struct entry *e)
{
    return e->size && e->bits ? (uint64_t)e->rows * e->cols * e->bits / 8 : e->size;
}

bool document_noise(const struct document *d, const struct entry *e, double *out, struct error *err)
{
    *out = nan("");
    return !d->format || !d->format->noise || d->format->noise(d, e, out, err);
}

bool document_is_picture(const struct document *d)
{
    return d->raster || (d->generated.view.data && !d->derived);
}

/* Room for one more after n of `size` bytes, doubling. */
static void *grow(void *old, size_t n, size_t size, struct error *err)
{
    bool full = n == 0 || (n >= ENTRIES_FIRST && !(n & (n - 1)));
    if (!full)
        return old;
    void *room = memory_alloc((n ? 2 * n : ENTRIES_FIRST) * size, err);
    if (!room)
        return NULL;
    if (n)
        memcpy(room, old, n * size);
    memory_free(old);
    return room;
}

bool document_add(struct document *d, const char *name, size_t rows, size_t cols, const char *dtype,
                  uint64_t offset, uint64_t size, int encoding, struct error *err)
{
    if (rows > LIMIT_DIMENSION || cols > LIMIT_DIMENSION || (cols && rows > LIMIT_ELEMENTS / cols))
        return fail(err, ERROR_LIMIT, "%s: %s: a matrix of %zu x %zu is larger than %llu entries",
                    d->name, name, rows, cols, (unsigned long long)LIMIT_ELEMENTS);
    struct entry *entries = grow(d->entries, d->n, sizeof(*entries), err);
    if (!entries)
        return false;
    d->entries = entries;
    char *copy = memory_text(name, strlen(name), err);
    if (!copy)
        return false;
    d->entries[d->n++] = (struct entry){ .name = copy,
                                         .rows = rows,
                                         .cols = cols,
                                         .dtype = dtype,
                                         .offset = offset,
                                         .size = size,
                                         .encoding = encoding };
    return true;
}

void document_set_raw(struct document *d, enum raw_type type)
{
    assert(d->n);
    d->entries[d->n - 1].bits = 8 * (unsigned)raw_size(type);
    d->entries[d->n - 1].whole = raw_is_whole(type);
}

bool document_add_other(struct document *d, const struct other *o, struct error *err)
{
    struct other *others = grow(d->others, d->n_others, sizeof(*others), err);
    if (!others)
        return false;
    d->others = others;
    char *name = memory_text(o->name, strlen(o->name), err);
    if (!name)
        return false;
    others[d->n_others] = *o;
    others[d->n_others++].name = name;
    return true;
}

bool document_twice(const struct document *d, const char **name, struct error *err)
{
    size_t n = 0;
    const char **names = memory_alloc((d->n + d->n_others) * sizeof(*names), err);
    if (!names)
        return false;
    for (size_t i = 0; i < d->n; i++)
        names[n++] = d->entries[i].name;
    for (size_t i = 0; i < d->n_others; i++)
        names[n++] = d->others[i].name;
    *name = names_twice(names, n);
    memory_free(names);
    return true;
}

static char *plain_text(const char *text, struct error *err)
{
    char clean[DOCUMENT_FACT + 1];
    error_escape(text, clean, sizeof(clean));
    return memory_text(clean, strlen(clean), err);
}

bool document_add_fact(struct document *d, const char *key, const char *value, struct error *err)
{
    if (d->n_facts == LIMIT_FACTS) {
        d->unlisted++;
        return true;
    }
    struct fact *facts = grow(d->facts, d->n_facts, sizeof(*facts), err);
    if (!facts)
        return false;
    d->facts = facts;
    struct fact *f = &facts[d->n_facts++];
    f->key = plain_text(key, err);
    f->value = f->key ? plain_text(value, err) : NULL;
    return f->value;
}

static void free_text(const char *text)
{
    union {
        const char *text;
        void *memory;
    } owned = { text }; /* facts point to const; these are ours */
    memory_free(owned.memory);
}

void document_free_facts(struct fact *facts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free_text(facts[i].key);
        free_text(facts[i].value);
    }
    memory_free(facts);
}

bool document_add_part(struct document *d, struct source *s, struct error *err)
{
    struct source **parts = grow(d->parts, d->n_parts, sizeof(*parts), err);
    if (!parts) {
        source_close(s);
        return false;
    }
    d->parts = parts;
    d->parts[d->n_parts++] = s;
    return true;
}

void document_note(struct document *d, const char *format, ...)
{
    size_t n = strlen(d->notice);
    char raw[sizeof(d->notice)]; /* libpng quotes names from the file */
    va_list args;
    if (n && n + 2 < sizeof(d->notice)) {
        memcpy(d->notice + n, "; ", 3);
        n += 2;
    }
    va_start(args, format);
    vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    error_escape(raw, d->notice + n, sizeof(d->notice) - n);
}

static const struct format *find_writer(const char *path, const char **ending)
{
    const struct format *best = NULL;
    size_t length = strlen(path), longest = 0;
    for (size_t i = 0; formats[i]; i++)
        for (const char *const *e = formats[i]->extensions; formats[i]->write && e && *e; e++) {
            size_t n = strlen(*e);
            if (n > longest && n < length && !strcasecmp(path + length - n, *e)) {
                best = formats[i];
                longest = n;
                *ending = *e;
            }
        }
    return best;
}

const struct format *format_for_output(const char *path)
{
    const char *ending;
    return find_writer(path, &ending);
}

const char *format_ending(const char *path)
{
    const char *ending = "";
    find_writer(path, &ending);
    return ending;
}
