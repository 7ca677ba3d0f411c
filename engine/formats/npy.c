/* NumPy's array file, both ways. The header is a Python literal; the scanner
 * here knows no more of Python than the format needs, and evaluates nothing. */
#include "document.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "limit.h"
#include "memory.h"
#include "raw.h"

enum { MAGIC = 6, ALIGNMENT = 64, GROWTH = 21, FORTRAN = 1 << 8, BIG = 1 << 9 };

static const struct {
    const char *code; /* behind the byte order */
    enum raw_type type;
} accepted[] = {
    { "f2", RAW_F16 }, { "f4", RAW_F32 }, { "f8", RAW_F64 }, { "i1", RAW_I8 },
    { "i2", RAW_I16 }, { "i4", RAW_I32 }, { "i8", RAW_I64 }, { "u1", RAW_U8 },
    { "u2", RAW_U16 }, { "u4", RAW_U32 }, { "u8", RAW_U64 }, { "b1", RAW_BOOL },
};

/* Types that are refused by name; the first letter decides. */
static const struct {
    char letter;
    const char *reason;
} refused[] = {
    { 'O', "Python objects (pickle), and loading them would run code" },
    { 'V', "raw bytes; if they are bfloat16, export them as float32" },
    { 'U', "text" },
    { 'S', "text" },
    { 'a', "text" },
    { 'M', "dates" },
    { 'm', "time spans" },
    { 'c', "complex numbers" },
    { 'g', "long doubles; export them as float64" },
    { 'f', "floats of an unusual size; export them as float64" },
};

struct header {
    uint64_t shape[LIMIT_NPY_DIMENSIONS];
    size_t dims;
    bool fortran, big;
    size_t type;   /* index into accepted */
    unsigned seen; /* bit i: key i of `keys` */
    uint64_t data; /* offset of the array */
    unsigned version;
};

struct scanner {
    const char *at, *end;
    uint64_t offset; /* in the file, of `end` */
    const struct source *source;
    struct error *err;
};

#define REFUSE(s, ...)                                                                             \
    source_fail((s)->source, (s)->offset - (uint64_t)((s)->end - (s)->at), (s)->err, ERROR_FORMAT, \
                __VA_ARGS__)

static void skip_blanks(struct scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
        s->at++;
}

/* The next thing is c: steps over it. */
static bool next_is(struct scanner *s, char c)
{
    skip_blanks(s);
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool expect(struct scanner *s, char c)
{
    return next_is(s, c) || REFUSE(s, "npy header: '%c' expected", c);
}

static bool scan_string(struct scanner *s, char *out, size_t size)
{
    skip_blanks(s);
    if (s->at == s->end || (*s->at != '\'' && *s->at != '"'))
        return REFUSE(s, "npy header: a string expected");
    char quote = *s->at++;
    size_t n = 0;
    for (; s->at < s->end && *s->at != quote; s->at++) {
        if (*s->at == '\\' || n + 1 == size)
            return REFUSE(s, "npy header: a plain short string expected");
        out[n++] = *s->at;
    }
    out[n] = '\0';
    return expect(s, quote);
}

static bool scan_word(struct scanner *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

static bool scan_type(struct scanner *s, struct header *h)
{
    char text[32];
    skip_blanks(s);
    if (s->at < s->end && (*s->at == '[' || *s->at == '('))
        return REFUSE(s, "npy: holds a structured type; export one field");
    if (!scan_string(s, text, sizeof(text)))
        return false;
    const char *code = text[0] && strchr("<>|=", text[0]) ? text + 1 : text;
    h->big = text[0] == '>';
    for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++)
        if (!strcmp(code, accepted[i].code)) {
            h->type = i;
            if (code == text || (text[0] == '|' && raw_size(accepted[i].type) > 1))
                return REFUSE(s, "npy: type '%s' does not say its byte order", text);
            return true;
        }
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        if (code[0] == refused[i].letter)
            return REFUSE(s, "npy: type '%s' holds %s", text, refused[i].reason);
    return REFUSE(s, "npy: unknown type '%s'", text);
}

static bool scan_order(struct scanner *s, struct header *h)
{
    skip_blanks(s);
    h->fortran = scan_word(s, "True");
    return h->fortran || scan_word(s, "False") || REFUSE(s, "npy header: True or False expected");
}

static bool scan_dimension(struct scanner *s, struct header *h)
{
    uint64_t n = 0;
    const char *first = s->at;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
        if (!size_mul(n, 10, &n) || !size_add(n, (uint64_t)(*s->at - '0'), &n))
            return REFUSE(s, "npy header: a dimension beyond 64 bits");
    if (s->at == first)
        return REFUSE(s, "npy header: a plain dimension expected");
    if (h->version < 3 && s->at < s->end && *s->at == 'L')
        s->at++; /* Python 2 wrote long integers so */
    if (h->dims == LIMIT_NPY_DIMENSIONS)
        return REFUSE(s, "npy: more than %d dimensions", LIMIT_NPY_DIMENSIONS);
    h->shape[h->dims++] = n;
    return true;
}

static bool scan_shape(struct scanner *s, struct header *h)
{
    if (!expect(s, '('))
        return false;
    bool comma = true;
    while (!next_is(s, ')')) {
        if (!comma)
            return REFUSE(s, "npy header: ',' or ')' expected");
        if (!scan_dimension(s, h))
            return false;
        comma = next_is(s, ',');
    }
    return comma || h->dims != 1 || REFUSE(s, "npy header: the shape is not a tuple");
}

static const struct {
    const char *name;
    bool (*scan)(struct scanner *s, struct header *h);
} keys[] = { { "descr", scan_type }, { "fortran_order", scan_order }, { "shape", scan_shape } };
enum { KEYS = sizeof(keys) / sizeof(*keys) };

static bool scan_item(struct scanner *s, struct header *h)
{
    char name[32];
    if (!scan_string(s, name, sizeof(name)))
        return false;
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(name, keys[i].name) != 0)
            continue;
        if (h->seen & 1u << i)
            return REFUSE(s, "npy header: '%s' stands there twice", name);
        h->seen |= 1u << i;
        return expect(s, ':') && keys[i].scan(s, h);
    }
    return REFUSE(s, "npy header: unknown key '%s'", name);
}

static bool scan_header(struct scanner *s, struct header *h)
{
    if (!expect(s, '{'))
        return false;
    bool comma = true;
    while (!next_is(s, '}')) {
        if (!comma)
            return REFUSE(s, "npy header: ',' or '}' expected");
        if (!scan_item(s, h))
            return false;
        comma = next_is(s, ',');
    }
    skip_blanks(s);
    if (s->at < s->end)
        return REFUSE(s, "npy header: something follows the '}'");
    for (size_t i = 0; i < KEYS; i++)
        if (!(h->seen & 1u << i))
            return REFUSE(s, "npy header: '%s' is missing", keys[i].name);
    return true;
}

/* The array fills the rest of the file exactly. */
static bool check_size(const struct source *s, const struct header *h, uint64_t *size,
                       struct error *err)
{
    uint64_t bytes = raw_size(accepted[h->type].type), have = source_size(s) - h->data;
    bool empty = false;
    for (size_t i = 0; i < h->dims; i++) {
        empty = empty || !h->shape[i];
        if (h->shape[i] && !size_mul(bytes, h->shape[i], &bytes)) /* zeros do not excuse the rest */
            return source_fail(s, 0, err, ERROR_FORMAT, "npy: the shape is beyond 64 bits");
    }
    *size = empty ? 0 : bytes;
    if (*size > have)
        return source_fail(s, h->data, err, ERROR_FORMAT,
                           "npy: the array wants %" PRIu64 " bytes, the file has %" PRIu64, *size,
                           have);
    if (*size < have)
        return source_fail(s, h->data + *size, err, ERROR_FORMAT,
                           "npy: %" PRIu64 " bytes follow the array", have - *size);
    return true;
}

static bool read_header(const struct source *s, struct header *h, struct error *err)
{
    unsigned char head[12] = { 0 };
    if (!source_read(s, 0, head, 10, err))
        return false;
    h->version = head[MAGIC];
    bool wide = h->version > 1;
    if (!h->version || h->version > 3 || head[MAGIC + 1])
        return source_fail(s, MAGIC, err, ERROR_FORMAT, "npy: version %u.%u is not known",
                           h->version, head[MAGIC + 1]);
    if (wide && !source_read(s, 0, head, 12, err))
        return false;
    struct bytes b = { head + 8, head + 12, false };
    uint64_t n = wide ? bytes_u32le(&b) : bytes_u16le(&b), start = wide ? 12 : 10;
    if (n > source_size(s) - start)
        return source_fail(s, 8, err, ERROR_FORMAT,
                           "npy: the header claims %" PRIu64 " bytes, the file has %" PRIu64, n,
                           source_size(s) - start);
    if (n > LIMIT_NPY_HEADER)
        return source_fail(s, 8, err, ERROR_LIMIT,
                           "npy: a header of %" PRIu64 " bytes is longer than %" PRIu64, n,
                           LIMIT_NPY_HEADER);
    char *text = memory_alloc(n, err);
    if (!text)
        return false;
    h->data = start + n;
    struct scanner scanner = { text, text + n, h->data, s, err };
    bool ok = source_read(s, start, text, n, err) && scan_header(&scanner, h);
    memory_free(text);
    return ok;
}

static bool probe(const unsigned char *head, size_t n)
{
    return n >= MAGIC && !memcmp(head, "\x93NUMPY", MAGIC);
}

static bool refuse_dims(const struct source *s, const struct header *h, struct error *err)
{
    char shape[120] = "";
    for (size_t i = 0, n = 0; i < h->dims && n < sizeof(shape); i++)
        n += (size_t)snprintf(shape + n, sizeof(shape) - n, "%s%" PRIu64, i ? " x " : "",
                              h->shape[i]);
    return source_fail(s, NO_OFFSET, err, ERROR_FORMAT,
                       "npy: the array has %zu dimensions (%s), a matrix has two; reshape it first",
                       h->dims, shape);
}

/* "folder/phantom.npy" holds the matrix "phantom". */
static bool add_matrix(struct document *d, size_t rows, size_t cols, const struct header *h,
                       uint64_t size, struct error *err)
{
    char name[256], clean[256];
    const char *slash = strrchr(d->name, '/'), *base = slash ? slash + 1 : d->name;
    size_t n = strlen(base);
    if (n > 4 && !strcmp(base + n - 4, ".npy"))
        n -= 4;
    snprintf(name, sizeof(name), "%.*s", (int)(n < 250 ? n : 250), base);
    error_escape(name, clean, sizeof(clean));
    int encoding = (int)h->type | (h->fortran ? FORTRAN : 0) | (h->big ? BIG : 0);
    return document_add(d, clean, rows, cols, accepted[h->type].code, h->data, size, encoding, err);
}

static bool index_array(struct document *d, struct error *err)
{
    struct header h = { 0 };
    uint64_t size = 0;
    if (!read_header(d->source, &h, err) || !check_size(d->source, &h, &size, err))
        return false;
    if (h.dims > 2)
        return refuse_dims(d->source, &h, err);
    uint64_t cols = h.dims ? h.shape[h.dims - 1] : 1, rows = h.dims == 2 ? h.shape[0] : 1;
    if (rows > LIMIT_DIMENSION || cols > LIMIT_DIMENSION)
        return source_fail(d->source, NO_OFFSET, err, ERROR_LIMIT,
                           "npy: %" PRIu64 " x %" PRIu64 " is longer than %" PRIu64 " a side", rows,
                           cols, LIMIT_DIMENSION);
    if (h.dims < 2)
        document_note(d, h.dims ? "one dimension read as one row" : "a single number");
    if (!strcmp(accepted[h.type].code + 1, "8") && accepted[h.type].code[0] != 'f')
        document_note(d, "integers above 2^53 are rounded");
    return add_matrix(d, (size_t)rows, (size_t)cols, &h, size, err);
}

static bool read_array(const struct document *d, const struct entry *e, struct matrix_view to,
                       struct error *err)
{
    /* Fortran order is the transpose in C order */
    return raw_read(d->source, e->offset, accepted[e->encoding & 0xff].type, e->encoding & BIG,
                    e->encoding & FORTRAN ? matrix_transposed(to) : to, err);
}

/* What numpy.save writes: version 1.0, room for the first dimension to grow, data aligned. */
static bool write_array(const struct export *x, struct sink *to, struct error *err)
{
    assert(x->n == 1);
    struct matrix_view a = x->matrices[0];
    char head[4 * ALIGNMENT], rows[24];
    int digits = snprintf(rows, sizeof(rows), "%zu", a.rows);
    int n = snprintf(head, sizeof(head),
                     "%c%s%c%c%c%c{'descr': '<f%zu', 'fortran_order': False, 'shape': (%s, %zu), }",
                     0x93, "NUMPY", 1, 0, 0, 0, dtype_size(a.dtype), rows, a.cols);
    size_t used = (size_t)n + (size_t)(GROWTH - digits) + 1;
    size_t whole = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(head + n, ' ', whole - (size_t)n);
    head[whole - 1] = '\n';
    head[8] = (char)((whole - 10) & 0xff);
    head[9] = (char)((whole - 10) >> 8);
    return sink_write(to, head, whole, err) && raw_write(a, to, err);
}

const struct format format_npy = {
    .name = "npy",
    .title = "NumPy array",
    .summary = "One array of numbers, up to two dimensions.",
    .specification = "NumPy Enhancement Proposal 1, versions 1.0 to 3.0",
    .extensions = (const char *const[]){ ".npy", NULL },
    .probe_size = MAGIC,
    .probe = probe,
    .index = index_array,
    .read = read_array,
    .write = write_array,
    .needs_dense = true,
    .single = true,
};
