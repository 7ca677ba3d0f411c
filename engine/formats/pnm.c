/* Netpbm's pictures, both ways: PBM, PGM, PPM (P1 to P6, plain and raw) and PAM (P7).
 * A PAM whose channels are no colours is no picture: each channel is a matrix. */
#include "document.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "limit.h"
#include "memory.h"
#include "netpbm.h"
#include "picture.h"

static bool too_large(const struct source *f, uint64_t offset, unsigned value, unsigned full,
                      struct error *err)
{
    return source_fail(f, offset, err, ERROR_FORMAT, "a sample of %u, maxval is %u", value, full);
}

/* n samples at an offset, in place, from big-endian; none above `full`. */
static bool take_samples(const struct source *f, uint64_t offset, void *to, size_t n, int depth,
                         unsigned full, struct error *err)
{
    unsigned char *bytes = to;
    uint16_t *wide = to;
    if (!source_read(f, offset, to, n * (size_t)depth / 8, err))
        return false;
    for (size_t i = 0; i < n && depth == 16; i++) {
        wide[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
        if (wide[i] > full)
            return too_large(f, offset + 2 * i, wide[i], full, err);
    }
    for (size_t i = 0; i < n && depth == 8 && full < 255; i++)
        if (bytes[i] > full)
            return too_large(f, offset + i, bytes[i], full, err);
    return true;
}

/* P4: eight pixels a byte, first in the highest bit, 1 is black, rows begin bytes. */
static bool take_bits(const struct source *f, const struct netpbm *s, struct raster *r,
                      struct error *err)
{
    unsigned char *to = r->samples, row[(LIMIT_PICTURE_SIDE + 7) / 8];
    size_t stride = (r->width + 7) / 8;
    for (size_t y = 0; y < r->height; y++, to += r->width) {
        if (!source_read(f, s->data + y * stride, row, stride, err))
            return false;
        for (size_t x = 0; x < r->width; x++)
            to[x] = !(row[x / 8] >> (7 - x % 8) & 1);
    }
    return true;
}

/* Decimal numbers; of a bitmap single digits, with or without white space between them. */
static bool take_numbers(struct netpbm_text *from, const struct netpbm *s, struct raster *r,
                         struct error *err)
{
    size_t n = r->width * r->height * (size_t)r->channels;
    for (size_t i = 0; i < n; i++) {
        uint64_t value = 0, start;
        netpbm_skip_space(from, err);
        start = from->at;
        int c = netpbm_peek(from, err);
        if (s->kind == 1 && netpbm_is_digit(c)) {
            value = (uint64_t)(c - '0');
            netpbm_step(from);
        } else if (!netpbm_read_number(from, &value, err)) {
            return false;
        }
        if (value > r->full)
            return too_large(from->source, start, value > 99999 ? 99999 : (unsigned)value, r->full,
                             err);
        if (r->depth == 16)
            ((uint16_t *)r->samples)[i] = (uint16_t)value;
        else
            ((unsigned char *)r->samples)[i] = (unsigned char)(s->kind == 1 ? !value : value);
    }
    return true;
}

static bool take_plain(const struct source *f, const struct netpbm *s, struct raster *r,
                       struct error *err)
{
    struct netpbm_text from = { .source = f, .at = s->data };
    struct error why = { 0 };
    bool ok = take_numbers(&from, s, r, &why);
    if (ok)
        netpbm_skip_space(&from, &why);
    if (ok && !why.code && from.at < source_size(f))
        ok = source_fail(f, from.at, &why, ERROR_FORMAT, "something follows the picture");
    if (why.code)
        *err = why;
    return ok && !why.code;
}

static bool probe(const unsigned char *head, size_t n)
{
    return n >= 3 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7' &&
           (head[1] == '7' ? head[2] == '\n' : netpbm_is_space(head[2]) || head[2] == '#');
}

/* Raw files may hold one picture behind another; anything else behind it is damage. */
static bool look_behind(struct document *d, const struct netpbm *s, struct error *err)
{
    unsigned char magic[3];
    uint64_t size = 0;
    netpbm_data_size(s, &size);
    uint64_t end = s->data + size, left = source_size(d->source) - end;
    if (!left)
        return true;
    size_t n = left < sizeof(magic) ? (size_t)left : sizeof(magic);
    if (!source_read(d->source, end, magic, n, err))
        return false;
    if (!probe(magic, n))
        return source_fail(d->source, end, err, ERROR_FORMAT,
                           "%" PRIu64 " bytes follow the picture", left);
    document_note(d, "the first of several pictures");
    return true;
}

static bool index_picture(struct document *d, const struct netpbm *s, struct error *err)
{
    struct raster *r = memory_alloc(sizeof(*r), err);
    d->raster = r;
    if (!r || !raster_init(r, s->width, s->height, (int)s->channels,
                           (int)netpbm_sample_bytes(s) * 8, err))
        return false;
    r->full = (unsigned)s->maxval;
    for (r->source_depth = 1; r->full >> r->source_depth;)
        r->source_depth++;
    bool ok = netpbm_is_plain(s) ? take_plain(d->source, s, r, err)
              : s->kind == 4
                  ? take_bits(d->source, s, r, err)
                  : take_samples(d->source, s->data, r->samples, r->width * r->height * s->channels,
                                 r->depth, r->full, err);
    if (s->maxval & (s->maxval + 1))
        document_note(d, "maxval %" PRIu64, s->maxval);
    if (s->assumed)
        document_note(d, "no TUPLTYPE, taken for %s", s->tuple);
    picture_note(d, source_size(d->source));
    return ok && picture_add_planes(d, err);
}

/* Channel `channel`, or all of them checked where `to` has no rows. */
static bool read_channel(const struct source *f, const struct netpbm *s, size_t channel,
                         struct matrix_view to, struct error *err)
{
    size_t n = s->width * s->channels, bytes = (size_t)netpbm_sample_bytes(s);
    unsigned char *row = memory_alloc(n * bytes, err);
    bool ok = row;
    for (size_t y = 0; y < s->height && ok; y++) {
        ok = take_samples(f, s->data + y * n * bytes, row, n, (int)bytes * 8, (unsigned)s->maxval,
                          err);
        for (size_t x = 0; x < s->width && ok && to.rows; x++) {
            size_t i = x * s->channels + channel;
            unsigned value = bytes == 2 ? ((uint16_t *)(void *)row)[i] : row[i];
            matrix_put(to, y, x, value / (double)s->maxval);
        }
    }
    memory_free(row);
    return ok;
}

static bool index_channels(struct document *d, const struct netpbm *s, struct error *err)
{
    uint64_t size = s->width * s->height * netpbm_sample_bytes(s);
    if (!read_channel(d->source, s, 0, (struct matrix_view){ 0 }, err))
        return false;
    for (uint64_t i = 0; i < s->channels; i++) {
        char name[40];
        snprintf(name, sizeof(name), "channel%" PRIu64, i + 1);
        if (!document_add(d, name, s->height, s->width, picture_sample_type((unsigned)s->maxval),
                          s->data + i * netpbm_sample_bytes(s), size, (int)i, err))
            return false;
    }
    document_note(d, "%" PRIu64 " channels%s%s, no picture", s->channels,
                  s->tuple[0] ? " of type " : "", s->tuple);
    return true;
}

static bool index_file(struct document *d, struct error *err)
{
    struct netpbm s;
    return netpbm_read_header(d->source, &s, err) &&
           (s.picture ? index_picture : index_channels)(d, &s, err) &&
           (netpbm_is_plain(&s) || look_behind(d, &s, err));
}

static bool read_matrix(const struct document *d, const struct entry *e, struct matrix_view to,
                        struct error *err)
{
    struct netpbm s;
    if (d->raster)
        return picture_read_plane(d, e, to, err);
    return netpbm_read_header(d->source, &s, err) &&
           read_channel(d->source, &s, (size_t)e->encoding, to, err);
}

static bool put_header(struct sink *to, const struct export *x, const struct raster *r, bool pam,
                       struct error *err)
{
    char line[1200];
    bool ok = true;
    int n = snprintf(line, sizeof(line), "P%c\n", pam ? '7' : r->channels == 3 ? '6' : '5');
    ok = sink_write(to, line, (size_t)n, err);
    for (size_t i = 0; i < x->n_facts && ok; i++) {
        n = snprintf(line, sizeof(line) - 1, "# eigenscope:%s %s", x->facts[i].key,
                     x->facts[i].value);
        size_t length = (size_t)n < sizeof(line) - 1 ? (size_t)n : sizeof(line) - 2;
        line[length++] = '\n';
        ok = sink_write(to, line, length, err);
    }
    n = snprintf(line, sizeof(line),
                 pam ? "WIDTH %zu\nHEIGHT %zu\nDEPTH %d\nMAXVAL %u\nTUPLTYPE %s\nENDHDR\n"
                     : "%zu %zu\n",
                 r->width, r->height, r->channels, r->full, r->channels == 3 ? "RGB" : "GRAYSCALE");
    ok = ok && sink_write(to, line, (size_t)n, err);
    n = snprintf(line, sizeof(line), "%u\n", r->full);
    return ok && (pam || sink_write(to, line, (size_t)n, err));
}

static bool put_rows(struct sink *to, const struct raster *r, struct error *err)
{
    size_t n = r->width * (size_t)r->channels;
    unsigned char *row = memory_alloc(2 * n, err);
    bool ok = row;
    for (size_t y = 0; y < r->height && ok; y++) {
        const unsigned char *bytes = (const unsigned char *)r->samples + y * n;
        const uint16_t *wide = (const uint16_t *)r->samples + y * n;
        for (size_t i = 0; i < n && r->depth == 16; i++) {
            row[2 * i] = (unsigned char)(wide[i] >> 8);
            row[2 * i + 1] = (unsigned char)wide[i];
        }
        ok = sink_write(to, r->depth == 16 ? row : bytes, r->depth == 16 ? 2 * n : n, err);
    }
    memory_free(row);
    return ok;
}

/* A grey picture as a PPM: three equal planes. */
static bool write_picture(const struct export *x, struct sink *to, struct error *err)
{
    struct raster r = { 0 };
    bool ppm = !strcmp(x->ending, ".ppm"), pam = !strcmp(x->ending, ".pam");
    struct matrix_view planes[3] = { x->matrices[0], x->matrices[0], x->matrices[0] };
    for (size_t i = 0; i < x->n && i < 3; i++)
        planes[i] = x->matrices[i];
    bool ok = raster_from_planes(planes, ppm ? 3 : x->n, x->depth, NULL, &r, err) &&
              put_header(to, x, &r, pam, err) && put_rows(to, &r, err);
    raster_finish(&r);
    return ok;
}

/* Channels are rounded to steps of 1 / maxval, evenly spread errors; of a picture the raster tells. */
static bool noise(const struct document *d, const struct entry *e, double *out, struct error *err)
{
    struct netpbm s;
    (void)e;
    if (d->raster)
        return true;
    if (!netpbm_read_header(d->source, &s, err))
        return false;
    *out = 1 / (12 * (double)s.maxval * (double)s.maxval);
    return true;
}

const struct format format_pnm = {
    .name = "pnm",
    .title = "PNM",
    .summary = "A picture of netpbm's, maxval 1 to 65535; other channels of a PAM as matrices.",
    .specification = "netpbm.sourceforge.net/doc: pbm(5), pgm(5), ppm(5), pam(5)",
    .extensions = (const char *const[]){ ".pgm", ".ppm", ".pnm", ".pam", NULL },
    .probe_size = 3,
    .probe = probe,
    .index = index_file,
    .read = read_matrix,
    .noise = noise,
    .write = write_picture,
    .needs_dense = true,
    .needs_picture = true,
    .grey_only = ".pgm",
};
