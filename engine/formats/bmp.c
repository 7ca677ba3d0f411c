/* BMP: header and sizes are checked here, and what the decoder is known to get wrong is
 * refused; the pixels are decoded behind the fence (picture.h). Source: Microsoft's
 * BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER, BITMAPV5HEADER. */
#include <inttypes.h>

#include "bytes.h"
#include "limit.h"
#include "picture.h"

enum { FILE_HEADER = 14, CORE = 12, INFO = 40, V3 = 56, V4 = 108, V5 = 124, ALPHA_MASK = 66 };
enum { RGB = 0, RLE8 = 1, RLE4 = 2, BITFIELDS = 3, MASKS = 12, COLOURS_MOST = 256 };

struct head {
    uint32_t offset, size, compression, alpha; /* of the pixels, of the header; the alpha mask */
    uint64_t width, height, stride;
    unsigned planes, bits;
    uint64_t colours; /* of the palette */
};

static bool wrong(const struct document *d, struct error *err, const char *reason)
{
    return source_fail(d->source, 0, err, ERROR_FORMAT, "%s", reason);
}

static void read_head(const struct confine *c, struct head *h)
{
    struct bytes b = { c->in, c->in + c->n_in, false };
    bytes_take(&b, 10);
    h->offset = bytes_u32le(&b);
    h->size = bytes_u32le(&b);
    bool core = h->size == CORE;
    uint32_t width = core ? bytes_u16le(&b) : bytes_u32le(&b);
    uint32_t height = core ? bytes_u16le(&b) : bytes_u32le(&b);
    /* rows run down where the height is negative; nobody takes a width that is */
    h->width = width;
    h->height = height > INT32_MAX ? (uint64_t)UINT32_MAX + 1 - height : height;
    h->planes = bytes_u16le(&b);
    h->bits = bytes_u16le(&b);
    h->compression = core ? RGB : bytes_u32le(&b);
    h->stride = (h->width * h->bits + 31) / 32 * 4;
    if (h->compression == BITFIELDS && (h->size == V4 || h->size == V5)) {
        b.at = c->in;
        bytes_take(&b, ALPHA_MASK);
        h->alpha = bytes_u32le(&b);
    }
}

static bool kind_ok(const struct document *d, const struct head *h, struct error *err)
{
    if (h->size != CORE && h->size != INFO && h->size != V3 && h->size != V4 && h->size != V5)
        return wrong(d, err, "a header of a size that is not read (12, 40, 56, 108, 124)");
    if (h->planes != 1)
        return wrong(d, err, "the number of planes must be 1");
    if (h->bits != 1 && h->bits != 4 && h->bits != 8 && h->bits != 16 && h->bits != 24 &&
        h->bits != 32)
        return wrong(d, err, "bits of a pixel must be 1, 4, 8, 16, 24 or 32");
    if (h->compression == RLE8 || h->compression == RLE4)
        return wrong(d, err, "run-length coded BMPs are not read");
    if (h->compression > BITFIELDS)
        return wrong(d, err, "BMPs that wrap another format are not read");
    if (h->compression == BITFIELDS && ((h->bits != 16 && h->bits != 32) || h->size == V3))
        return wrong(d, err, "bit fields of a kind that is not read");
    if (h->size == CORE && h->bits < 24)
        return wrong(d, err, "palettes of three bytes a colour (OS/2) are not read");
    return true;
}

/* The decoder wants the pixels right behind header, masks and palette. */
static bool layout_ok(const struct document *d, struct head *h, struct error *err)
{
    uint64_t start = FILE_HEADER + h->size, end;
    if (h->compression == BITFIELDS && h->size == INFO)
        start += MASKS;
    if (h->bits < 16) {
        h->colours = h->offset < start ? 0 : (h->offset - start) / 4;
        if (!h->colours || h->colours > COLOURS_MOST)
            return source_fail(d->source, 10, err, ERROR_FORMAT,
                               "a palette of %" PRIu64 " colours; 1 to 256 have room", h->colours);
    } else if (h->offset != start) {
        return source_fail(d->source, 10, err, ERROR_FORMAT,
                           "the pixels begin at %" PRIu32 ", the header ends at %" PRIu64,
                           h->offset, start);
    }
    end = h->offset + h->stride * h->height;
    if (end > source_size(d->source))
        return source_fail(
            d->source, h->offset, err, ERROR_FORMAT,
            "the picture wants %" PRIu64 " bytes, the file has %" PRIu64, end - h->offset,
            source_size(d->source) > h->offset ? source_size(d->source) - h->offset : 0);
    return true;
}

/* The decoder takes colours beyond the palette from memory that nobody has set. */
static bool indices_ok(const struct document *d, const struct confine *c, const struct head *h,
                       struct error *err)
{
    const uint8_t *row = c->in + h->offset;
    unsigned bits = h->bits, mask = (1U << bits % 32) - 1;
    if (bits > 8 || h->colours > mask)
        return true;
    for (uint64_t y = 0; y < h->height; y++, row += h->stride)
        for (uint64_t x = 0; x < h->width; x++) {
            unsigned shift = (unsigned)(8 - bits - x * bits % 8);
            unsigned index = row[x * bits / 8] >> shift & mask;
            if (index >= h->colours)
                return source_fail(d->source, (uint64_t)(row - c->in) + x * bits / 8, err,
                                   ERROR_FORMAT, "palette index %u, there are %" PRIu64 " colours",
                                   index, h->colours);
        }
    return true;
}

static bool read_picture(struct document *d, struct confine *c, struct error *err)
{
    struct head h = { 0 };
    read_head(c, &h);
    if (!kind_ok(d, &h, err) || !picture_size_ok(d->source, 18, h.width, h.height, err) ||
        !layout_ok(d, &h, err) || !indices_ok(d, c, &h, err))
        return false;
    struct picture_claim claim = { h.width, h.height, h.alpha ? 4 : 3, 0 };
    if (!picture_decode(d, c, &claim, err))
        return false;
    picture_note(d, h.offset + h.stride * h.height);
    if (h.bits <= 8)
        document_note(d, "palette expanded");
    return picture_add_planes(d, err);
}

static bool index_picture(struct document *d, struct error *err)
{
    return picture_confined(d, read_picture, err);
}

static bool probe(const unsigned char *head, size_t n)
{
    /* the header's size is below 256 */
    return n >= 18 && head[0] == 'B' && head[1] == 'M' && !head[15] && !head[16] && !head[17];
}

const struct format format_bmp = {
    .name = "bmp",
    .title = "BMP",
    .summary = "A picture of Windows', not run-length coded; decoded in a confined process.",
    .specification = "Microsoft, bitmap storage (wingdi.h), versions 1 to 5",
    .extensions = (const char *const[]){ ".bmp", NULL },
    .probe_size = 18,
    .probe = probe,
    .index = index_picture,
    .read = picture_read_plane,
};
