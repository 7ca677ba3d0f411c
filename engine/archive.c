#include "archive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bytes.h"
#include "limit.h"
#include "memory.h"
#include "names.h"

enum {
    END = 22,
    COMMENT = 0xffff,
    LOCATOR = 20,
    END64 = 56,
    CENTRAL = 46,
    LOCAL = 30,
    EXTRA64 = 1,
    WINDOW = 1 << 16,
    RATIO = 1032, /* deflate cannot do better: a match of 258 bytes in two bits */
};
enum { FLAG_ENCRYPTED = 1, FLAG_DESCRIPTOR = 8, FLAG_STRONG = 1 << 6, FLAG_MASKED = 1 << 13 };
static const uint32_t end_mark = 0x06054b50, locator_mark = 0x07064b50, end64_mark = 0x06064b50,
                      central_mark = 0x02014b50, local_mark = 0x04034b50;

/* Where the central directory lies, and how many files it claims. */
struct directory {
    uint64_t files, size, offset;
};

/* What the central and the local header of a file both say. */
struct fields {
    unsigned flags, method;
    uint32_t crc;
    uint64_t packed, size, offset;
    unsigned name, extra, comment, disk;
};

static bool find_end(const struct source *s, uint64_t *at, struct error *err)
{
    uint64_t size = source_size(s), n = size < END + COMMENT ? size : END + COMMENT;
    uint8_t *tail = memory_alloc((size_t)n, err);
    bool found = false;
    if (!tail || !source_read(s, size - n, tail, (size_t)n, err)) {
        memory_free(tail);
        return false;
    }
    for (uint64_t i = n >= END ? n - END + 1 : 0; i-- > 0 && !found;) {
        struct bytes b = { tail + i, tail + n, false }, c = { tail + i + 20, tail + n, false };
        *at = size - n + i;
        found = bytes_u32le(&b) == end_mark && bytes_u16le(&c) == n - i - END;
    }
    memory_free(tail);
    return found || source_fail(s, NO_OFFSET, err, ERROR_FORMAT,
                                "zip: has no directory at its end: it was cut, or more follows it");
}

/* The larger form of the end record; its locator stands right in front of the smaller one. */
static bool read_end64(const struct source *s, uint64_t *end, struct directory *d,
                       struct error *err)
{
    uint8_t raw[END64];
    if (*end < LOCATOR || !source_read(s, *end - LOCATOR, raw, LOCATOR, err))
        return source_fail(s, *end, err, ERROR_FORMAT, "zip: the zip64 directory is missing");
    struct bytes b = { raw, raw + LOCATOR, false };
    uint32_t mark = bytes_u32le(&b), disk = bytes_u32le(&b);
    uint64_t at = bytes_u64le(&b), limit = *end - LOCATOR;
    uint32_t disks = bytes_u32le(&b);
    if (mark != locator_mark || disk || disks > 1 || at > limit || limit - at < END64)
        return source_fail(s, *end, err, ERROR_FORMAT, "zip: the zip64 directory is missing");
    if (!source_read(s, at, raw, END64, err))
        return false;
    b = (struct bytes){ raw, raw + END64, false };
    mark = bytes_u32le(&b);
    uint64_t size = bytes_u64le(&b);
    bytes_u32le(&b); /* versions */
    disk = bytes_u32le(&b);
    uint32_t start = bytes_u32le(&b);
    uint64_t here = bytes_u64le(&b);
    *d = (struct directory){ bytes_u64le(&b), 0, 0 };
    d->size = bytes_u64le(&b);
    d->offset = bytes_u64le(&b);
    *end = at;
    return (mark == end64_mark && size >= END64 - 12 && !disk && !start && here == d->files) ||
           source_fail(s, at, err, ERROR_FORMAT, "zip: the zip64 directory is broken");
}

static bool find_directory(const struct source *s, struct directory *d, struct error *err)
{
    uint8_t raw[END];
    uint64_t end = 0, whole;
    if (!find_end(s, &end, err) || !source_read(s, end, raw, END, err))
        return false;
    struct bytes b = { raw + 4, raw + END, false };
    unsigned disk = bytes_u16le(&b), start = bytes_u16le(&b), here = bytes_u16le(&b);
    d->files = bytes_u16le(&b);
    d->size = bytes_u32le(&b);
    d->offset = bytes_u32le(&b);
    bool large = d->files == UINT16_MAX || d->size == UINT32_MAX || d->offset == UINT32_MAX;
    if (!large && (disk || start || here != d->files))
        return source_fail(s, end, err, ERROR_FORMAT, "zip: is a part of several disks");
    if (large && !read_end64(s, &end, d, err))
        return false;
    if (!size_add(d->offset, d->size, &whole) || whole != end)
        return source_fail(s, end, err, ERROR_FORMAT,
                           "zip: the directory claims %" PRIu64 " bytes at %" PRIu64
                           ", and its end is at %" PRIu64,
                           d->size, d->offset, end);
    if (d->files > d->size / CENTRAL)
        return source_fail(s, end, err, ERROR_FORMAT,
                           "zip: claims %" PRIu64 " files in %" PRIu64 " bytes", d->files, d->size);
    return d->files <= LIMIT_ARCHIVE_FILES ||
           source_fail(s, end, err, ERROR_LIMIT, "zip: %" PRIu64 " files are more than %d",
                       d->files, LIMIT_ARCHIVE_FILES);
}

/* From behind the mark and the versions; the central header has four fields more. */
static struct fields read_fields(struct bytes *b, bool central)
{
    struct fields f = { 0 };
    f.flags = bytes_u16le(b);
    f.method = bytes_u16le(b);
    bytes_u32le(b); /* time and date */
    f.crc = bytes_u32le(b);
    f.packed = bytes_u32le(b);
    f.size = bytes_u32le(b);
    f.name = bytes_u16le(b);
    f.extra = bytes_u16le(b);
    if (central) {
        f.comment = bytes_u16le(b);
        f.disk = bytes_u16le(b);
        bytes_take(b, 6); /* attributes */
        f.offset = bytes_u32le(b);
    }
    return f;
}

/* Sizes that are all ones stand in the zip64 field, in this order. */
static bool widen(struct fields *f, const uint8_t *extra)
{
    struct bytes b = { extra, extra + f->extra, false };
    while (b.at + 4 <= b.end) {
        unsigned id = bytes_u16le(&b), n = bytes_u16le(&b);
        const uint8_t *p = bytes_take(&b, n);
        if (!p)
            return false;
        struct bytes wide = { p, p + n, false };
        if (id != EXTRA64)
            continue;
        uint64_t *const fields[] = { &f->size, &f->packed, &f->offset };
        for (size_t i = 0; i < 3; i++)
            if (*fields[i] == UINT32_MAX)
                *fields[i] = bytes_u64le(&wide);
        return !wide.bad;
    }
    return f->size != UINT32_MAX && f->packed != UINT32_MAX && f->offset != UINT32_MAX;
}

static bool check_fields(const struct source *s, const struct fields *f, const char *name,
                         uint64_t at, struct error *err)
{
    if (f->flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED))
        return source_fail(s, at, err, ERROR_FORMAT, "zip: %s is encrypted", name);
    if (f->method != 0 && f->method != Z_DEFLATED)
        return source_fail(s, at, err, ERROR_FORMAT,
                           "zip: %s is packed by method %u; 0 and 8 are read", name, f->method);
    if (f->disk)
        return source_fail(s, at, err, ERROR_FORMAT, "zip: %s is on another disk", name);
    if (f->method ? f->size / RATIO > f->packed : f->size != f->packed)
        return source_fail(s, at, err, ERROR_FORMAT,
                           "zip: %s claims %" PRIu64 " bytes, packed in %" PRIu64, name, f->size,
                           f->packed);
    return true;
}

/* Labels go to terminals: plain text, or refused. */
static char *read_name(const struct source *s, const uint8_t *bytes, size_t n, uint64_t at,
                       struct error *err)
{
    char clean[4 * LIMIT_NAME + 1], *name = NULL;
    if (n && n <= LIMIT_NAME)
        name = memory_text((const char *)bytes, n, err);
    else
        source_fail(s, at, err, ERROR_FORMAT, "zip: a name of %zu bytes; 1 to %d are allowed", n,
                    LIMIT_NAME);
    if (!name)
        return NULL;
    error_escape(name, clean, sizeof(clean));
    if (strlen(name) == n && !strcmp(name, clean))
        return name;
    source_fail(s, at, err, ERROR_FORMAT, "zip: the name '%s' is not plain text", clean);
    memory_free(name);
    return NULL;
}

/* The next entry of the directory, from which b goes on. */
static bool read_central(const struct source *s, struct bytes *b, uint64_t at, struct archive *a,
                         struct error *err)
{
    uint32_t mark = bytes_u32le(b);
    bytes_u32le(b); /* versions */
    struct fields f = read_fields(b, true);
    const uint8_t *name = bytes_take(b, f.name), *extra = bytes_take(b, f.extra);
    bytes_take(b, f.comment);
    if (b->bad || mark != central_mark)
        return source_fail(s, at, err, ERROR_FORMAT, "zip: the directory is broken");
    struct archive_file *file = &a->files[a->n];
    file->name = read_name(s, name, f.name, at, err);
    a->n += file->name != NULL;
    if (!file->name)
        return false;
    if (!widen(&f, extra))
        return source_fail(s, at, err, ERROR_FORMAT, "zip: the zip64 sizes of %s are broken",
                           file->name);
    file->header = f.offset;
    file->packed = f.packed;
    file->size = f.size;
    file->crc = f.crc;
    file->deflated = f.method != 0;
    return check_fields(s, &f, file->name, at, err);
}

/* What stands in front of the file must say the same; sizes may follow it instead, and are then
 * zero here. `end`: of all files. */
static bool read_local(const struct source *s, struct archive_file *file, uint64_t end,
                       struct error *err)
{
    uint8_t raw[LOCAL], *rest = NULL;
    if (file->header > end || end - file->header < LOCAL)
        return source_fail(s, file->header, err, ERROR_FORMAT, "zip: %s lies behind the files",
                           file->name);
    if (!source_read(s, file->header, raw, LOCAL, err))
        return false;
    struct bytes b = { raw, raw + LOCAL, false };
    uint32_t mark = bytes_u32le(&b);
    bytes_u16le(&b); /* version */
    struct fields f = read_fields(&b, false);
    uint64_t left = end - file->header - LOCAL, skip = (uint64_t)f.name + f.extra;
    bool same = mark == local_mark && skip <= left && file->packed <= left - skip &&
                f.name == strlen(file->name);
    rest = same ? memory_alloc((size_t)skip, err) : NULL;
    if (same && (!rest || !source_read(s, file->header + LOCAL, rest, (size_t)skip, err))) {
        memory_free(rest);
        return false;
    }
    same = same && !memcmp(rest, file->name, f.name) && widen(&f, rest + f.name) &&
           f.method == (file->deflated ? Z_DEFLATED : 0) && !(f.flags & FLAG_ENCRYPTED);
    bool later = f.flags & FLAG_DESCRIPTOR && !f.crc && !f.packed && !f.size;
    same = same &&
           (later || (f.crc == file->crc && f.packed == file->packed && f.size == file->size));
    memory_free(rest);
    file->data = file->header + LOCAL + skip;
    return same || source_fail(s, file->header, err, ERROR_FORMAT,
                               "zip: %s is not where, or what, the directory says", file->name);
}

static int by_header(const void *a, const void *b)
{
    const struct archive_file *x = a, *y = b;
    return (x->header > y->header) - (x->header < y->header);
}

static bool check_names(const struct source *s, const struct archive *a, struct error *err)
{
    const char **names = memory_alloc(a->n * sizeof(*names), err);
    for (size_t i = 0; names && i < a->n; i++)
        names[i] = a->files[i].name;
    if (!names)
        return false;
    const char *twice = names_twice(names, a->n);
    memory_free(names);
    return !twice ||
           source_fail(s, NO_OFFSET, err, ERROR_FORMAT, "zip: there are two files named %s", twice);
}

/* A few bytes that many files share would be a bomb. */
static bool check_files(const struct source *s, struct archive *a, uint64_t end, struct error *err)
{
    qsort(a->files, a->n, sizeof(*a->files), by_header);
    for (size_t i = 0; i < a->n; i++) {
        struct archive_file *f = &a->files[i];
        if (!read_local(s, f, end, err))
            return false;
        if (i + 1 < a->n && f[1].header < f->data + f->packed)
            return source_fail(s, f[1].header, err, ERROR_FORMAT, "zip: %s overlaps %s", f[1].name,
                               f->name);
    }
    return check_names(s, a, err);
}

bool archive_read(const struct source *s, struct archive *out, struct error *err)
{
    struct directory d = { 0 };
    struct archive a = { 0 };
    if (!find_directory(s, &d, err))
        return false;
    if (d.size > LIMIT_ARCHIVE_DIRECTORY)
        return source_fail(s, d.offset, err, ERROR_LIMIT,
                           "zip: a directory of %" PRIu64 " bytes is longer than %" PRIu64, d.size,
                           LIMIT_ARCHIVE_DIRECTORY);
    uint8_t *raw = memory_alloc((size_t)d.size, err);
    a.files = raw ? memory_alloc((size_t)d.files * sizeof(*a.files), err) : NULL;
    bool ok = a.files && source_read(s, d.offset, raw, (size_t)d.size, err);
    struct bytes b = { raw, raw ? raw + d.size : NULL, false };
    for (uint64_t i = 0; i < d.files && ok; i++)
        ok = read_central(s, &b, d.offset + (uint64_t)(b.at - raw), &a, err);
    if (ok && b.at != b.end)
        ok = source_fail(s, d.offset, err, ERROR_FORMAT,
                         "zip: the directory has more in it than its %" PRIu64 " files", d.files);
    ok = ok && check_files(s, &a, d.offset, err);
    memory_free(raw);
    if (ok)
        *out = a;
    else
        archive_finish(&a);
    return ok;
}

void archive_finish(struct archive *a)
{
    for (size_t i = 0; i < a->n; i++)
        memory_free(a->files[i].name);
    memory_free(a->files);
    *a = (struct archive){ 0 };
}

static voidpf zlib_memory(voidpf context, uInt n, uInt size)
{
    return memory_alloc((size_t)n * size, context);
}

static void zlib_release(voidpf context, voidpf p)
{
    (void)context;
    memory_free(p);
}

static bool refuse_packed(const struct source *s, const struct archive_file *f, struct error *err)
{
    return source_fail(s, f->data, err, ERROR_FORMAT,
                       "zip: %s does not unpack to the %" PRIu64 " bytes it claims", f->name,
                       f->size);
}

/* A file while it is unpacked. */
struct stream {
    const struct source *source;
    const struct archive_file *file;
    z_stream z;
    uint8_t *window;
    uint64_t read; /* bytes of the packed ones */
};

static bool refill(struct stream *u, struct error *err)
{
    uint64_t left = u->file->packed - u->read, n = left < WINDOW ? left : WINDOW;
    if (u->z.avail_in || !n)
        return true;
    if (!source_read(u->source, u->file->data + u->read, u->window, (size_t)n, err))
        return false;
    u->z.next_in = u->window;
    u->z.avail_in = (uInt)n;
    u->read += n;
    return true;
}

/* Until `to` is full. */
static bool inflate_to(struct stream *u, uint8_t *to, size_t n, int *status, struct error *err)
{
    size_t put = 0;
    *status = Z_OK;
    while (*status == Z_OK && put < n) {
        size_t room = n - put < 1u << 30 ? n - put : 1u << 30;
        if (!refill(u, err))
            return false;
        u->z.next_out = to + put;
        u->z.avail_out = (uInt)room;
        *status = inflate(&u->z, Z_NO_FLUSH);
        put += room - u->z.avail_out;
    }
    if (*status == Z_MEM_ERROR)
        return false; /* zlib_memory has said why */
    return put == n || refuse_packed(u->source, u->file, err);
}

/* The stream ends with the last byte, and with it the packed ones. */
static bool check_end(struct stream *u, int status, struct error *err)
{
    uint8_t beyond = 0; /* one byte more would be too many */
    bool more = false;
    while (status == Z_OK && !more) {
        if (!refill(u, err))
            return false;
        u->z.next_out = &beyond;
        u->z.avail_out = 1;
        status = inflate(&u->z, Z_NO_FLUSH);
        more = !u->z.avail_out;
    }
    if (status == Z_MEM_ERROR)
        return false;
    return (status == Z_STREAM_END && !more && !u->z.avail_in && u->read == u->file->packed) ||
           refuse_packed(u->source, u->file, err);
}

static bool check_crc(const struct source *s, const struct archive_file *f, uLong crc,
                      struct error *err)
{
    return crc == f->crc ||
           source_fail(s, f->data, err, ERROR_FORMAT, "zip: the checksum of %s is wrong", f->name);
}

static bool unpack(struct stream *u, void *to, size_t n, struct error *err)
{
    int status;
    return inflate_to(u, to, n, &status, err) && (n < u->file->size || check_end(u, status, err));
}

bool archive_unpack(const struct source *s, const struct archive_file *f, void *to, size_t n,
                    struct error *err)
{
    struct stream u = { .source = s, .file = f };
    bool ok;
    if (!f->deflated) {
        ok = source_read(s, f->data, to, n, err);
    } else {
        u.z = (z_stream){ .zalloc = zlib_memory, .zfree = zlib_release, .opaque = err };
        u.window = memory_alloc(WINDOW, err);
        if (!u.window || inflateInit2(&u.z, -MAX_WBITS) != Z_OK) {
            memory_free(u.window);
            return false; /* zlib_memory has said why */
        }
        ok = unpack(&u, to, n, err);
        inflateEnd(&u.z);
        memory_free(u.window);
    }
    return ok && (n < f->size || check_crc(s, f, crc32_z(0, to, n), err));
}

bool archive_check(const struct source *s, const struct archive_file *f, struct error *err)
{
    uint8_t *window = memory_alloc(WINDOW, err);
    uLong crc = crc32_z(0, NULL, 0);
    bool ok = window && !f->deflated;
    for (uint64_t at = 0; at < f->packed && ok;) {
        uint64_t n = f->packed - at < WINDOW ? f->packed - at : WINDOW;
        ok = source_read(s, f->data + at, window, (size_t)n, err);
        crc = ok ? crc32_z(crc, window, (size_t)n) : crc;
        at += n;
    }
    memory_free(window);
    return ok && check_crc(s, f, crc, err);
}
