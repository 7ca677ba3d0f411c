/* GGUF: weights of language models, plain or quantized, in one file or split into several. Opening
 * reads the header; blocks are decoded when a matrix is. Written are dense matrices in F32. */
#include "gguf_writer.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "document.h"
#include "limit.h"
#include "memory.h"
#include "raw.h"

enum { PROBE = 4, CHUNK = 1 << 18, SUFFIX = 20 }; /* -00001-of-00003.gguf */
enum { KEY = 64, ALL_F32 = 0 };                   /* of general.file_type */
#define OWN "eigenscope."

static bool probe(const unsigned char *head, size_t n)
{
    return n >= PROBE && !memcmp(head, "GGUF", PROBE);
}

struct tally {
    size_t all, shapes, types, stacks; /* stacks: tensors of experts */
    const char *type;                  /* the first that is not decoded */
};

static bool is_matrix(const struct gguf_tensor *t)
{
    return t->dims == 2 && t->shape[0] <= LIMIT_DIMENSION && t->shape[1] <= LIMIT_DIMENSION &&
           (!t->shape[1] || t->shape[0] <= LIMIT_ELEMENTS / t->shape[1]);
}

static bool add_matrix(struct document *d, const struct gguf_tensor *t, const char *name,
                       uint64_t offset, size_t part, struct error *err)
{
    const uint64_t *shape = t->shape + t->dims - 2;
    uint64_t count = t->dims == 3 ? t->shape[0] : 1;
    if (d->n >= LIMIT_TENSORS)
        return source_fail(d->source, t->at, err, ERROR_LIMIT,
                           "gguf: more than %" PRIu64 " matrices", LIMIT_TENSORS);
    if (!document_add(d, name, (size_t)shape[0], (size_t)shape[1], t->type_name, offset,
                      t->size / count, (int)t->id, err))
        return false;
    d->entries[d->n - 1].part = part;
    d->entries[d->n - 1].block = t->type->unpack ? t->type->elements : 0;
    if (t->type->raw)
        document_set_raw(d, (enum raw_type)(t->type->raw - 1));
    return true;
}

/* Mixtures of experts keep a layer's in one tensor, blk.0.ffn_up_exps.weight, slowest first: each
 * is a matrix of its own. */
static bool is_experts(const struct gguf_tensor *t)
{
    struct gguf_tensor one = *t;
    memmove(one.shape, t->shape + 1, 2 * sizeof(*t->shape));
    one.dims = 2;
    return t->dims == 3 && strstr(t->name, "_exps.") && t->size && t->shape[0] <= LIMIT_EXPERTS &&
           is_matrix(&one);
}

static bool add_experts(struct document *d, const struct gguf_tensor *t, size_t part,
                        struct error *err)
{
    char name[GGUF_NAME + 16];
    for (uint64_t e = 0; e < t->shape[0]; e++) {
        snprintf(name, sizeof(name), "%s[%" PRIu64 "]", t->name, e);
        if (!add_matrix(d, t, name, t->offset + e * (t->size / t->shape[0]), part, err))
            return false;
    }
    return true;
}

static bool add_tensor(struct document *d, const struct gguf_tensor *t, size_t part,
                       struct tally *tally, struct error *err)
{
    bool readable = block_readable(t->type);
    tally->all++;
    if (is_matrix(t) && readable)
        return add_matrix(d, t, t->name, t->offset, part, err);
    if (is_experts(t) && readable) {
        tally->stacks++;
        return add_experts(d, t, part, err);
    }
    tally->shapes += readable;
    tally->types += !readable;
    if (!readable && !tally->type)
        tally->type = t->type_name;
    struct other o = { .name = t->name, .dims = t->dims, .dtype = t->type_name, .bytes = t->size };
    memcpy(o.shape, t->shape, sizeof(t->shape));
    return document_add_other(d, &o, err);
}

static void note(struct document *d, const struct tally *t, const struct gguf *files, size_t n)
{
    uint64_t gaps = 0;
    for (size_t i = 0; i < n; i++)
        gaps += files[i].gaps;
    if (n > 1)
        document_note(d, "%zu files read as one", n);
    if (t->shapes)
        document_note(d, "%zu of %zu tensors are not matrices and left out", t->shapes, t->all);
    if (t->types)
        document_note(d, "%zu of %zu are of types that are not decoded (%s%s)", t->types, t->all,
                      t->type, t->types > 1 ? ", ..." : "");
    if (gaps)
        document_note(d, "%" PRIu64 " bytes between or behind tensors ignored", gaps);
}

/* PREFIX-00002-of-00003.gguf: the length of PREFIX, and the number from 1 and count there. */
static bool split_name(const char *name, size_t *prefix, unsigned *number, unsigned *count)
{
    size_t n = strlen(name);
    int used = 0;
    if (n < SUFFIX)
        return false;
    const char *at = name + n - SUFFIX;
    for (int i = 0; i < 5; i++)
        if (!isdigit((unsigned char)at[1 + i]) || !isdigit((unsigned char)at[10 + i]))
            return false;
    *prefix = n - SUFFIX;
    return sscanf(at, "-%5u-of-%5u.gguf%n", number, count, &used) == 2 && used == SUFFIX;
}

static bool check_part(const struct source *s, const struct gguf *h, uint64_t i, uint64_t count,
                       struct error *err)
{
    uint64_t number = 0, of = 0;
    if (!gguf_count(h, "split.no", &number) || !gguf_count(h, "split.count", &of))
        return source_fail(s, NO_OFFSET, err, ERROR_FORMAT,
                           "gguf: has no split.no and split.count; the others have");
    if (number != i || of != count)
        return source_fail(s, NO_OFFSET, err, ERROR_FORMAT,
                           "gguf: says it is part %" PRIu64 " of %" PRIu64 ", its name %" PRIu64
                           " of %" PRIu64,
                           number + 1, of, i + 1, count);
    return true;
}

/* Opens all others of a split document before any is read further. */
static bool open_parts(struct document *d, size_t prefix, size_t own, size_t count,
                       struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct error why = { 0 };
        if (i == own)
            continue;
        char *path = memory_alloc(prefix + SUFFIX + 1, err);
        if (!path)
            return false;
        snprintf(path, prefix + SUFFIX + 1, "%.*s-%05zu-of-%05zu.gguf", (int)prefix, d->name, i + 1,
                 count);
        struct source *s = source_open_file(path, &why);
        memory_free(path);
        if (!s)
            return fail(err, why.code, "part %zu of %zu cannot be read: %s", i + 1, count,
                        why.text);
        if (!document_add_part(d, s, err))
            return false;
    }
    return true;
}

/* Which of the document's files is part i of a split one, when the opened one is `own`. */
static size_t file_of(size_t i, size_t own)
{
    return i == own ? 0 : i < own ? i + 1 : i;
}

static bool check_whole(struct document *d, const struct gguf *files, size_t n, struct error *err)
{
    const char *name;
    uint64_t at, total = 0, told;
    for (size_t i = 0; i < n; i++)
        total += files[i].n;
    if (total > LIMIT_TENSORS)
        return source_fail(d->source, NO_OFFSET, err, ERROR_LIMIT,
                           "gguf: %" PRIu64 " tensors are more than %" PRIu64, total,
                           LIMIT_TENSORS);
    if (n > 1 && gguf_count(&files[0], "split.tensors.count", &told) && told != total)
        return source_fail(d->source, NO_OFFSET, err, ERROR_FORMAT,
                           "gguf: the %zu files have %" PRIu64
                           " tensors, the first claims %" PRIu64,
                           n, total, told);
    if (n > 1 && !gguf_twice(files, n, &name, &at, err))
        return false;
    if (n > 1 && name)
        return source_fail(d->source, NO_OFFSET, err, ERROR_FORMAT,
                           "gguf: two of the %zu files have a tensor named '%s'", n, name);
    return true;
}

/* What the matrix of an expert is called may be the name of another tensor. */
static bool check_expanded(const struct document *d, const struct tally *t, struct error *err)
{
    const char *twice = NULL;
    if (t->stacks && !document_twice(d, &twice, err))
        return false;
    return !twice ||
           source_fail(d->source, NO_OFFSET, err, ERROR_FORMAT,
                       "gguf: '%s' is the name of a tensor and of an expert's matrix", twice);
}

static bool index_files(struct document *d, struct gguf *files, size_t own, size_t n,
                        struct error *err)
{
    struct tally tally = { 0 };
    for (size_t i = 0; i < n; i++) {
        const struct source *s = document_part(d, file_of(i, own));
        if (i != own && (!gguf_read(s, &files[i], err) || !check_part(s, &files[i], i, n, err)))
            return false;
    }
    if (!check_whole(d, files, n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < files[i].n; k++)
            if (!add_tensor(d, &files[i].tensors[k], file_of(i, own), &tally, err))
                return false;
    if (!check_expanded(d, &tally, err))
        return false;
    note(d, &tally, files, n);
    for (size_t i = 0; i < files[0].n_pairs;
         i++) /* the other parts of a split file repeat little */
        if (!document_add_fact(d, files[0].pairs[i].key, files[0].pairs[i].text, err))
            return false;
    return true;
}

static bool index_split(struct document *d, const struct gguf *h, uint64_t count, struct error *err)
{
    unsigned number = 0, of = 0;
    size_t prefix = 0;
    if (count > LIMIT_GGUF_FILES)
        return source_fail(d->source, NO_OFFSET, err, ERROR_LIMIT,
                           "gguf: is split into %" PRIu64 " files, more than %d", count,
                           LIMIT_GGUF_FILES);
    if (!split_name(d->name, &prefix, &number, &of) || !number)
        return source_fail(d->source, NO_OFFSET, err, ERROR_FORMAT,
                           "gguf: one of %" PRIu64 " files, whose name does not end as "
                           "-00001-of-%05" PRIu64 ".gguf does; the others cannot be found",
                           count, count);
    if (!check_part(d->source, h, number - 1, of, err) ||
        !open_parts(d, prefix, number - 1, of, err))
        return false;
    struct gguf *files = memory_alloc(of * sizeof(*files), err);
    if (!files)
        return false;
    files[number - 1] = *h;
    bool ok = index_files(d, files, number - 1, of, err);
    for (size_t i = 0; i < of; i++)
        if (i != number - 1)
            gguf_finish(&files[i]);
    memory_free(files);
    return ok;
}

static bool index_tensors(struct document *d, struct error *err)
{
    struct gguf h = { 0 };
    uint64_t count = 0;
    if (!gguf_read(d->source, &h, err))
        return false;
    bool split = gguf_count(&h, "split.count", &count) && count > 1;
    bool ok = split ? index_split(d, &h, count, err) : index_files(d, &h, 0, 1, err);
    gguf_finish(&h);
    return ok;
}

/* Hands each block of an entry to `use`, with the place of its first element in row-major order. */
static bool each_block(const struct document *d, const struct entry *e, void *context,
                       void (*use)(const struct block_type *type, const uint8_t *bytes,
                                   size_t first, void *context),
                       struct error *err)
{
    const struct block_type *type = block_type((uint32_t)e->encoding);
    size_t left = e->rows * e->cols / type->elements, most = CHUNK / type->bytes, first = 0;
    uint8_t *chunk = memory_alloc((most < left ? most : left) * type->bytes, err);
    uint64_t at = e->offset;
    bool ok = chunk;
    while (ok && left) {
        size_t n = left < most ? left : most;
        ok = source_read(document_part(d, e->part), at, chunk, n * type->bytes, err);
        for (size_t i = 0; i < n && ok; i++, first += type->elements)
            use(type, chunk + i * type->bytes, first, context);
        left -= n;
        at += n * type->bytes;
    }
    memory_free(chunk);
    return ok;
}

/* Blocks do not cross rows. */
static void put_block(const struct block_type *type, const uint8_t *bytes, size_t first,
                      void *context)
{
    const struct matrix_view *to = context;
    float values[BLOCK_ELEMENTS];
    size_t row = first / to->cols, col = first % to->cols;
    block_decode(type, bytes, values);
    for (size_t i = 0; i < type->elements; i++)
        matrix_put(*to, row, col + i, (double)values[i]);
}

static bool read_tensor(const struct document *d, const struct entry *e, struct matrix_view to,
                        struct error *err)
{
    const struct block_type *type = block_type((uint32_t)e->encoding);
    if (type->raw)
        return raw_read(document_part(d, e->part), e->offset, (enum raw_type)(type->raw - 1), false,
                        to, err);
    return each_block(d, e, &to, put_block, err);
}

struct noise {
    double sum;
    size_t blocks;
};

static void add_noise(const struct block_type *type, const uint8_t *bytes, size_t first,
                      void *context)
{
    struct noise *n = context;
    (void)first;
    n->sum += block_noise(type, bytes);
    n->blocks++;
}

static bool noise_of(const struct document *d, const struct entry *e, double *out,
                     struct error *err)
{
    struct noise n = { 0 };
    if (!e->block)
        return true;
    if (!each_block(d, e, &n, add_noise, err))
        return false;
    *out = n.blocks ? n.sum / (double)n.blocks : nan("");
    return true;
}

/* In single precision, whatever the reconstruction is in. */
static bool write_single(struct matrix_view a, struct sink *to, struct error *err)
{
    struct matrix row = { 0 };
    if (a.dtype == DTYPE_F32)
        return raw_write(a, to, err);
    bool ok = matrix_init(&row, DTYPE_F32, 1, a.cols, err);
    for (size_t i = 0; i < a.rows && ok; i++) {
        matrix_copy(matrix_block(a, i, 0, 1, a.cols), row.view);
        ok = raw_write(row.view, to, err);
    }
    matrix_finish(&row);
    return ok;
}

/* Facts have their own prefix, so that no reader takes them for the model's; the architecture alone
 * goes where every reader looks for it. `keys` has room for one each. */
static size_t fill_fields(const struct export *x, char (*keys)[KEY], struct gguf_field *out)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n_facts; i++) {
        bool general = !strcmp(x->facts[i].key, "architecture");
        snprintf(keys[i], KEY, "%s%s", general ? "general." : OWN, x->facts[i].key);
        out[n++] = (struct gguf_field){ .key = keys[i],
                                        .type = GGUF_TEXT,
                                        .text = x->facts[i].value };
    }
    out[n++] = (struct gguf_field){ .key = "general.file_type",
                                    .type = GGUF_U32,
                                    .whole = ALL_F32 };
    return n;
}

static bool write_content(const struct export *x, const struct gguf_content *c, struct sink *to,
                          struct error *err)
{
    bool ok = gguf_write_header(c, to, err);
    for (size_t i = 0; i < x->n && ok; i++)
        ok = write_single(x->matrices[i], to, err) && gguf_write_padding(c, to, err);
    return ok;
}

static bool write_tensors(const struct export *x, struct sink *to, struct error *err)
{
    struct gguf_tensor *tensors = memory_alloc(x->n * sizeof(*tensors), err);
    struct gguf_field *fields = tensors ? memory_alloc((x->n_facts + 1) * sizeof(*fields), err)
                                        : NULL;
    char(*keys)[KEY] = fields ? memory_alloc(x->n_facts * sizeof(*keys), err) : NULL;
    bool ok = keys;
    for (size_t i = 0; i < x->n && ok; i++) {
        struct matrix_view a = x->matrices[i];
        tensors[i] = (struct gguf_tensor){ .shape = { a.rows, a.cols },
                                           .dims = 2,
                                           .size = (uint64_t)a.rows * a.cols * sizeof(float) };
        tensors[i].name = memory_text(x->names[i], strlen(x->names[i]), err);
        ok = tensors[i].name;
    }
    if (ok) {
        struct gguf_content c = { fields, fill_fields(x, keys, fields), tensors, x->n };
        ok = write_content(x, &c, to, err);
    }
    for (size_t i = 0; tensors && i < x->n; i++)
        memory_free(tensors[i].name);
    memory_free(tensors);
    memory_free(fields);
    memory_free(keys);
    return ok;
}

const struct format format_gguf = {
    .name = "gguf",
    .title = "GGUF",
    .summary = "Weights of a language model, plain or quantized, in one file or several.",
    .specification = "GGUF versions 2 and 3, github.com/ggml-org/ggml",
    .extensions = (const char *const[]){ ".gguf", NULL },
    .probe_size = PROBE,
    .probe = probe,
    .index = index_tensors,
    .read = read_tensor,
    .noise = noise_of,
    .gguf_keys = true,
    .write = write_tensors,
    .needs_dense = true,
    .name_most = GGUF_NAME - 1,
};
