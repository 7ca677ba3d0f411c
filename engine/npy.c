#include "npy.h"

#include <inttypes.h>
#include <string.h>

#include "bytes.h"
#include "memory.h"

enum { MAGIC = 6, FORTRAN = 1 << 8, BIG = 1 << 9 };

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

struct scanner {
    const char *at, *end;
    uint64_t offset; /* in the file, of `end` */
    const struct source *source;
    struct error *err;
    unsigned seen; /* bit i: key i of `keys` */
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

static bool scan_type(struct scanner *s, struct npy_header *h)
{
    char text[32];
    skip_blanks(s);
    h->foreign = s->at < s->end && (*s->at == '[' || *s->at == '(');
    if (h->foreign)
        return REFUSE(s, "npy: holds a structured type; export one field");
    if (!scan_string(s, text, sizeof(text)))
        return false;
    const char *code = text[0] && strchr("<>|=", text[0]) ? text + 1 : text;
    h->big = text[0] == '>';
    for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++)
        if (!strcmp(code, accepted[i].code)) {
            h->type = accepted[i].type;
            h->code = accepted[i].code;
            if (code == text || (text[0] == '|' && raw_size(h->type) > 1))
                return REFUSE(s, "npy: type '%s' does not say its byte order", text);
            return true;
        }
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        if (code[0] == refused[i].letter) {
            h->foreign = true;
            return REFUSE(s, "npy: type '%s' holds %s", text, refused[i].reason);
        }
    return REFUSE(s, "npy: unknown type '%s'", text);
}

static bool scan_order(struct scanner *s, struct npy_header *h)
{
    skip_blanks(s);
    h->fortran = scan_word(s, "True");
    return h->fortran || scan_word(s, "False") || REFUSE(s, "npy header: True or False expected");
}

static bool scan_dimension(struct scanner *s, struct npy_header *h)
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

static bool scan_shape(struct scanner *s, struct npy_header *h)
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
    bool (*scan)(struct scanner *s, struct npy_header *h);
} keys[] = { { "descr", scan_type }, { "fortran_order", scan_order }, { "shape", scan_shape } };
enum { KEYS = sizeof(keys) / sizeof(*keys) };

static bool scan_item(struct scanner *s, struct npy_header *h)
{
    char name[32];
    if (!scan_string(s, name, sizeof(name)))
        return false;
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(name, keys[i].name) != 0)
            continue;
        if (s->seen & 1u << i)
            return REFUSE(s, "npy header: '%s' stands there twice", name);
        s->seen |= 1u << i;
        return expect(s, ':') && keys[i].scan(s, h);
    }
    return REFUSE(s, "npy header: unknown key '%s'", name);
}

static bool scan_header(struct scanner *s, struct npy_header *h)
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
    if (s->at < s->end && *s->at == '#')
        while (s->at < s->end && *s->at != '\n') /* a comment of Python's: ours mark simulations */
            s->at++;
    skip_blanks(s);
    if (s->at < s->end)
        return REFUSE(s, "npy header: something follows the '}'");
    for (size_t i = 0; i < KEYS; i++)
        if (!(s->seen & 1u << i))
            return REFUSE(s, "npy header: '%s' is missing", keys[i].name);
    return true;
}

/* The array fills the rest of the file exactly. */
static bool check_size(const struct source *s, uint64_t file, struct npy_header *h,
                       struct error *err)
{
    uint64_t bytes = raw_size(h->type), have = file - h->data;
    bool empty = false;
    for (size_t i = 0; i < h->dims; i++) {
        empty = empty || !h->shape[i];
        if (h->shape[i] && !size_mul(bytes, h->shape[i], &bytes)) /* zeros do not excuse the rest */
            return source_fail(s, 0, err, ERROR_FORMAT, "npy: the shape is beyond 64 bits");
    }
    h->size = empty ? 0 : bytes;
    if (h->size > have)
        return source_fail(s, h->data, err, ERROR_FORMAT,
                           "npy: the array wants %" PRIu64 " bytes, the file has %" PRIu64, h->size,
                           have);
    if (h->size < have)
        return source_fail(s, h->data + h->size, err, ERROR_FORMAT,
                           "npy: %" PRIu64 " bytes follow the array", have - h->size);
    return true;
}

/* Where the header's text lies; its length may claim 4 GiB. */
static bool find_text(const struct source *s, uint64_t file, struct npy_header *h, uint64_t *start,
                      uint64_t *n, struct error *err)
{
    unsigned char head[12] = { 0 };
    if (!source_read(s, 0, head, 10, err))
        return false;
    h->version = head[MAGIC];
    bool wide = h->version > 1;
    if (memcmp(head, "\x93NUMPY", MAGIC) != 0)
        return source_fail(s, 0, err, ERROR_FORMAT, "npy: does not begin as an array does");
    if (!h->version || h->version > 3 || head[MAGIC + 1])
        return source_fail(s, MAGIC, err, ERROR_FORMAT, "npy: version %u.%u is not known",
                           h->version, head[MAGIC + 1]);
    if (wide && !source_read(s, 0, head, 12, err))
        return false;
    struct bytes b = { head + 8, head + 12, false };
    *n = wide ? bytes_u32le(&b) : bytes_u16le(&b);
    *start = wide ? 12 : 10;
    if (*n > file - *start)
        return source_fail(s, 8, err, ERROR_FORMAT,
                           "npy: the header claims %" PRIu64 " bytes, the file has %" PRIu64, *n,
                           file - *start);
    return *n <= LIMIT_NPY_HEADER ||
           source_fail(s, 8, err, ERROR_LIMIT,
                       "npy: a header of %" PRIu64 " bytes is longer than %" PRIu64, *n,
                       LIMIT_NPY_HEADER);
}

bool npy_read_header(const struct source *s, uint64_t file, struct npy_header *out,
                     struct error *err)
{
    uint64_t start = 0, n = 0;
    *out = (struct npy_header){ 0 };
    if (!find_text(s, file, out, &start, &n, err))
        return false;
    char *text = memory_alloc(n, err);
    if (!text)
        return false;
    out->data = start + n;
    struct scanner scanner = { text, text + n, out->data, s, err, 0 };
    bool ok = source_read(s, start, text, n, err) && scan_header(&scanner, out) &&
              check_size(s, file, out, err);
    memory_free(text);
    return ok;
}

bool npy_is_matrix(const struct npy_header *h, uint64_t *rows, uint64_t *cols)
{
    *cols = h->dims ? h->shape[h->dims - 1] : 1;
    *rows = h->dims == 2 ? h->shape[0] : 1;
    return h->dims <= 2;
}

bool npy_rounds(const struct npy_header *h)
{
    return h->type == RAW_I64 || h->type == RAW_U64;
}

int npy_encoding(const struct npy_header *h)
{
    return (int)h->type | (h->fortran ? FORTRAN : 0) | (h->big ? BIG : 0);
}

bool npy_read_array(const struct source *s, uint64_t offset, int encoding, struct matrix_view to,
                    struct error *err)
{
    /* Fortran order is the transpose in C order */
    return raw_read(s, offset, (enum raw_type)(encoding & 0xff), encoding & BIG,
                    encoding & FORTRAN ? matrix_transposed(to) : to, err);
}
