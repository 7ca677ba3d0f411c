/* JPEG: the structure of the file is read here, from the first marker to the last; the pixels
 * are decoded behind the fence (picture.h). Source: ITU-T T.81, annex B. */
#include <inttypes.h>
#include <string.h>

#include "bytes.h"
#include "exif.h"
#include "limit.h"
#include "memory.h"
#include "picture.h"

enum { SOF0 = 0xc0, SOF2 = 0xc2, DHT = 0xc4, JPG = 0xc8, DAC = 0xcc, SOF15 = 0xcf, RST0 = 0xd0 };
enum {
    RST7 = 0xd7,
    SOI = 0xd8,
    EOI = 0xd9,
    SOS = 0xda,
    DQT = 0xdb,
    APP1 = 0xe1,
    APP2 = 0xe2,
    TEM = 0x01
};
enum { COMPONENTS = 4, PIECES = 256 };

struct walk {
    const struct source *source;
    const uint8_t *start;
    struct bytes b; /* what is left of the file */
    struct picture_claim claim;
    unsigned components, scans;
    bool quantizers, codes; /* tables were there */
    int orientation;
    struct {
        const uint8_t *at;
        size_t n;
    } icc[PIECES]; /* [1] to [icc_count] */
    unsigned icc_count;
};

static bool wrong(const struct walk *w, struct error *err, const char *reason)
{
    return source_fail(w->source, (uint64_t)(w->b.at - w->start), err, ERROR_FORMAT, "%s", reason);
}

static bool ends(const struct walk *w, struct error *err)
{
    return wrong(w, err, "the file ends too early");
}

/* Bytes for planes of whole minimum coded units, and for coefficients where they are kept until
 * the last scan; each unit takes a bit of the file at least. */
static bool claim_planes(struct walk *w, const uint8_t *factors, bool progressive,
                         struct error *err)
{
    unsigned wide = 1, high = 1;
    for (unsigned i = 0; i < w->components; i++) {
        unsigned h = factors[i] >> 4, v = factors[i] & 15;
        if (h < 1 || h > 4 || v < 1 || v > 4)
            return wrong(w, err, "a sampling factor is not 1 to 4");
        wide = h > wide ? h : wide;
        high = v > high ? v : high;
    }
    uint64_t block_width = 8 * (uint64_t)wide, block_height = 8 * (uint64_t)high;
    uint64_t across = (w->claim.width + block_width - 1) / block_width;
    uint64_t down = (w->claim.height + block_height - 1) / block_height;
    if (across * down / 8 > source_size(w->source))
        return source_fail(w->source, (uint64_t)(w->b.at - w->start), err, ERROR_FORMAT,
                           "claims %" PRIu64 " x %" PRIu64 " pixels, more than %" PRIu64
                           " bytes of file can hold",
                           w->claim.width, w->claim.height, source_size(w->source));
    for (unsigned i = 0; i < w->components; i++) {
        uint64_t blocks = across * down * (factors[i] >> 4) * (factors[i] & 15);
        w->claim.planes += blocks * 64 * (progressive ? 3 : 1) + w->claim.width + 256;
    }
    return true;
}

/* T.81, B.2.2. Twelve bits, other numbers of components and lines counted later (DNL) are left out. */
static bool read_frame(struct walk *w, struct bytes s, unsigned marker, struct error *err)
{
    uint8_t factors[COMPONENTS] = { 0 };
    if (marker != SOF0 && marker != SOF0 + 1 && marker != SOF2)
        return wrong(w, err, "lossless, hierarchical and arithmetic JPEGs are not read");
    if (w->components)
        return wrong(w, err, "a second frame");
    unsigned bits = bytes_u8(&s);
    w->claim.height = bytes_u16be(&s);
    w->claim.width = bytes_u16be(&s);
    unsigned n = bytes_u8(&s);
    if (n != 1 && n != 3 && n != COMPONENTS)
        return wrong(w, err, "components must be 1, 3 or 4");
    w->components = n;
    for (unsigned i = 0; i < n; i++) {
        bytes_u8(&s);
        factors[i] = bytes_u8(&s);
        bytes_u8(&s);
    }
    if (s.bad || s.at != s.end)
        return wrong(w, err, "a frame header of the wrong length");
    if (bits != 8)
        return wrong(w, err, "samples of other than 8 bits are not read");
    w->claim.channels = n == 1 ? 1 : 3;
    return picture_size_ok(w->source, (uint64_t)(w->b.at - w->start), w->claim.width,
                           w->claim.height, err) &&
           claim_planes(w, factors, marker == SOF2, err);
}

/* ICC.1, B.4: a profile in numbered pieces. */
static void take_profile(struct walk *w, struct bytes s)
{
    const uint8_t *name = bytes_take(&s, 12);
    unsigned number = bytes_u8(&s), count = bytes_u8(&s);
    if (s.bad || memcmp(name, "ICC_PROFILE", 12) != 0 || !number || number > count)
        return;
    w->icc_count = count;
    w->icc[number].at = s.at;
    w->icc[number].n = (size_t)(s.end - s.at);
}

static void take_exif(struct walk *w, struct bytes s)
{
    const uint8_t *name = bytes_take(&s, 6);
    if (name && !memcmp(name, "Exif\0", 6) && !w->orientation)
        w->orientation = exif_orientation(s.at, (size_t)(s.end - s.at));
}

/* Entropy-coded data up to the next marker that is none of its own. */
static bool skip_scan(struct walk *w, struct error *err)
{
    if (!w->components)
        return wrong(w, err, "a scan before the frame header");
    if (!w->quantizers || !w->codes)
        return wrong(w, err, "a scan before its tables");
    w->scans++;
    for (;;) {
        const uint8_t *at = memchr(w->b.at, 0xff, (size_t)(w->b.end - w->b.at));
        if (!at || w->b.end - at < 2)
            return ends(w, err);
        if (at[1] != 0 && at[1] != 0xff && (at[1] < RST0 || at[1] > RST7)) {
            w->b.at = at;
            return true;
        }
        w->b.at = at + (at[1] == 0xff ? 1 : 2);
    }
}

static bool read_segment(struct walk *w, unsigned marker, struct error *err)
{
    uint16_t length = bytes_u16be(&w->b);
    const uint8_t *at = length >= 2 ? bytes_take(&w->b, length - 2U) : NULL;
    if (w->b.bad)
        return ends(w, err);
    if (!at)
        return wrong(w, err, "a segment shorter than its length");
    struct bytes s = { at, w->b.at, false };
    bool frame = marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG &&
                 marker != DAC;
    if (frame)
        return read_frame(w, s, marker, err);
    if (marker == APP1)
        take_exif(w, s);
    if (marker == APP2)
        take_profile(w, s);
    w->quantizers |= marker == DQT;
    w->codes |= marker == DHT;
    return marker != SOS || skip_scan(w, err);
}

/* From the first marker to the last. */
static bool read_all(struct walk *w, struct error *err)
{
    bytes_u16be(&w->b); /* probe has seen it */
    for (;;) {
        unsigned marker = bytes_u8(&w->b);
        if (!w->b.bad && marker != 0xff) {
            w->b.at--;
            return wrong(w, err, "a marker expected");
        }
        while (marker == 0xff && !w->b.bad)
            marker = bytes_u8(&w->b);
        if (w->b.bad)
            return ends(w, err);
        if (marker == EOI)
            break;
        if (marker == SOI || marker == 0)
            return wrong(w, err, "an invalid marker");
        if (marker != TEM && (marker < RST0 || marker > RST7) && !read_segment(w, marker, err))
            return false;
    }
    return w->scans || wrong(w, err, "holds no picture");
}

/* All pieces, or none. */
static bool join_profile(const struct walk *w, struct raster *r, struct error *err)
{
    size_t n = 0;
    for (unsigned i = 1; i <= w->icc_count; i++) {
        if (!w->icc[i].at)
            return true;
        n += w->icc[i].n;
    }
    if (!n || n > LIMIT_PNG_CHUNK)
        return true;
    r->icc = memory_alloc(n, err);
    if (!r->icc)
        return false;
    for (unsigned i = 1; i <= w->icc_count; i++) {
        memcpy(r->icc + r->icc_size, w->icc[i].at, w->icc[i].n);
        r->icc_size += w->icc[i].n;
    }
    return true;
}

static bool read_picture(struct document *d, struct confine *c, struct error *err)
{
    struct walk w = { .source = d->source, .start = c->in, .b = { c->in, c->in + c->n_in, false } };
    if (!read_all(&w, err) || !picture_decode(d, c, &w.claim, err) ||
        !join_profile(&w, d->raster, err) ||
        (w.orientation > 1 && !raster_orient(d->raster, w.orientation, err)))
        return false;
    picture_note(d, (uint64_t)(w.b.at - w.start));
    if (w.components == COMPONENTS)
        document_note(d, "four inks turned into RGB without a profile");
    return picture_add_planes(d, err);
}

static bool index_picture(struct document *d, struct error *err)
{
    return picture_confined(d, read_picture, err);
}

static bool probe(const unsigned char *head, size_t n)
{
    return n >= 3 && head[0] == 0xff && head[1] == SOI && head[2] == 0xff;
}

const struct format format_jpeg = {
    .name = "jpeg",
    .title = "JPEG",
    .summary = "A photograph, baseline or progressive; decoded in a confined process.",
    .specification = "ITU-T T.81; Exif 2.32",
    .extensions = (const char *const[]){ ".jpg", ".jpeg", NULL },
    .probe_size = 3,
    .probe = probe,
    .index = index_picture,
    .read = picture_read_plane,
};
