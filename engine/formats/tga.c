/* TGA: header, palette and run lengths are checked here, the pixels are decoded behind the fence
 * (picture.h). The format has no magic: only headers that leave no doubt are recognised.
 * Source: Truevision TGA File Format Specification 2.0. */
#include <inttypes.h>
#include <stdio.h>

#include "bytes.h"
#include "limit.h"
#include "picture.h"

enum { HEADER = 18, PALETTE = 1, COLOUR = 2, GREY = 3, RUNS = 8, FROM_RIGHT = 16 };

struct head {
    unsigned id, type, palette_bits, first, colours, bits, flags;
    uint64_t width, height;
    uint64_t palette, data; /* offsets */
};

static void read_head(const uint8_t *at, struct head *h)
{
    struct bytes b = { at, at + HEADER, false };
    h->id = bytes_u8(&b);
    bytes_u8(&b);
    h->type = bytes_u8(&b);
    h->first = bytes_u16le(&b);
    h->colours = bytes_u16le(&b);
    h->palette_bits = bytes_u8(&b);
    bytes_take(&b, 4);
    h->width = bytes_u16le(&b);
    h->height = bytes_u16le(&b);
    h->bits = bytes_u8(&b);
    h->flags = bytes_u8(&b);
    h->palette = HEADER + h->id;
    h->data = h->palette + (uint64_t)h->colours * ((h->palette_bits + 7) / 8);
}

static bool one_of(unsigned bits, const char *list)
{
    char text[8];
    snprintf(text, sizeof(text), " %u ", bits);
    for (; *list; list++) {
        const char *a = list, *b = text;
        while (*b && *a == *b)
            a++, b++;
        if (!*b)
            return true;
    }
    return false;
}

static bool probe(const unsigned char *head, size_t n)
{
    struct head h;
    if (n < HEADER || head[1] > 1)
        return false;
    read_head(head, &h);
    unsigned kind = h.type & 7, alpha = h.flags & 15;
    if (h.type > (RUNS | GREY) || !h.width || !h.height || h.flags >> 6 ||
        (alpha != 0 && alpha != 1 && alpha != 8))
        return false;
    if (kind == PALETTE)
        return head[1] == 1 && h.colours && one_of(h.palette_bits, " 8 15 16 24 32 ") &&
               one_of(h.bits, " 8 16 ");
    /* without a palette its fields are zero */
    return head[1] == 0 && !h.first && !h.colours && !h.palette_bits &&
           ((kind == COLOUR && one_of(h.bits, " 15 16 24 32 ")) ||
            (kind == GREY && one_of(h.bits, " 8 16 ")));
}

static bool index_ok(const struct document *d, const struct confine *c, const struct head *h,
                     const uint8_t *at, struct error *err)
{
    unsigned index = h->bits == 16 ? at[0] | (unsigned)at[1] << 8 : at[0];
    return (h->type & 7) != PALETTE || index < h->colours ||
           source_fail(d->source, (uint64_t)(at - c->in), err, ERROR_FORMAT,
                       "palette index %u, there are %u colours", index, h->colours);
}

/* Walks over all pixels; *end is where they do. */
static bool pixels_ok(const struct document *d, const struct confine *c, const struct head *h,
                      uint64_t *end, struct error *err)
{
    unsigned size = (h->bits + 7) / 8;
    uint64_t left = h->width * h->height;
    struct bytes b = { c->in, c->in + c->n_in, false };
    bytes_take(&b, h->data);
    while (left && !b.bad) {
        unsigned command = h->type & RUNS ? bytes_u8(&b) : 0;
        uint64_t n = h->type & RUNS ? 1 + (command & 127) : left;
        if (n > left)
            return source_fail(d->source, (uint64_t)(b.at - c->in), err, ERROR_FORMAT,
                               "a run of %" PRIu64 " pixels, there are %" PRIu64 " left", n, left);
        uint64_t stored = command & 128 ? 1 : n;
        const uint8_t *at = bytes_take(&b, stored * size);
        for (uint64_t i = 0; at && i < stored && (h->type & 7) == PALETTE; i++)
            if (!index_ok(d, c, h, at + i * size, err))
                return false;
        left -= n;
    }
    *end = (uint64_t)(b.at - c->in);
    return !b.bad ||
           source_fail(d->source, *end, err, ERROR_FORMAT, "the file ends before its pixels do");
}

/* Channels of the file; alpha only where the header says that it is there. */
static int channels(const struct head *h)
{
    unsigned bits = (h->type & 7) == PALETTE ? h->palette_bits : h->bits;
    bool alpha = (h->flags & 15) == 8;
    if (bits == 32)
        return alpha ? 4 : 3;
    if ((h->type & 7) == GREY)
        return bits == 16 && alpha ? 2 : 1;
    return bits == 8 ? 1 : 3;
}

static bool read_picture(struct document *d, struct confine *c, struct error *err)
{
    struct head h;
    uint64_t end = 0;
    read_head(c->in, &h);
    if (!picture_size_ok(d->source, 12, h.width, h.height, err))
        return false;
    if (h.first)
        return source_fail(d->source, 3, err, ERROR_FORMAT,
                           "palettes that do not begin with colour 0 are not read");
    if (!pixels_ok(d, c, &h, &end, err))
        return false;
    /* the palette, and four bytes a pixel where it gives up alpha */
    struct picture_claim claim = { h.width, h.height, channels(&h), 4 * (uint64_t)h.colours };
    if (!picture_decode(d, c, &claim, err))
        return false;
    if (h.flags & FROM_RIGHT) { /* the decoder does not see it */
        if (!raster_orient(d->raster, 2, err))
            return false;
        d->raster->orientation = 1;
    }
    picture_note(d, end);
    if ((h.type & 7) == PALETTE)
        document_note(d, "palette expanded");
    return picture_add_planes(d, err);
}

static bool index_picture(struct document *d, struct error *err)
{
    return picture_confined(d, read_picture, err);
}

const struct format format_tga = {
    .name = "tga",
    .title = "TGA",
    .summary = "A picture of Truevision's, run-length coded or not; decoded in a confined process.",
    .specification = "Truevision TGA File Format Specification, version 2.0",
    .extensions = (const char *const[]){ ".tga", NULL },
    .probe_size = HEADER,
    .probe = probe,
    .index = index_picture,
    .read = picture_read_plane,
};
