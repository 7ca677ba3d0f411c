#include "picture.h"

#include <inttypes.h>

bool picture_size_ok(const struct source *s, uint64_t offset, uint64_t width, uint64_t height,
                     struct error *err)
{
    if (!width || !height)
        return source_fail(s, offset, err, ERROR_FORMAT,
                           "a picture of %" PRIu64 " x %" PRIu64 " pixels", width, height);
    if (width > LIMIT_PICTURE_SIDE || height > LIMIT_PICTURE_SIDE ||
        width * height > LIMIT_PICTURE_PIXELS)
        return source_fail(s, offset, err, ERROR_LIMIT,
                           "a picture of %" PRIu64 " x %" PRIu64 " pixels is larger than %" PRIu64
                           " a side or %" PRIu64 " in all",
                           width, height, LIMIT_PICTURE_SIDE, LIMIT_PICTURE_PIXELS);
    return true;
}

const char *picture_sample_type(unsigned full)
{
    static const char *const whole[] = {
        "u1 / 1",     "u2 / 3",      "u3 / 7",      "u4 / 15",     "u5 / 31",    "u6 / 63",
        "u7 / 127",   "u8 / 255",    "u9 / 511",    "u10 / 1023",  "u11 / 2047", "u12 / 4095",
        "u13 / 8191", "u14 / 16383", "u15 / 32767", "u16 / 65535",
    };
    for (size_t bits = 1; bits <= sizeof(whole) / sizeof(*whole); bits++)
        if (full == (1U << bits) - 1)
            return whole[bits - 1];
    return full > 255 ? "u16 / maxval" : "u8 / maxval";
}

bool picture_add_planes(struct document *d, struct error *err)
{
    static const struct {
        const char *name;
        char plane;
    } planes[] = { { "grey", 'y' }, { "r", 'r' }, { "g", 'g' }, { "b", 'b' }, { "a", 'a' } };
    const struct raster *r = d->raster;
    const char *dtype = picture_sample_type(r->full);
    for (size_t i = 0; i < sizeof(planes) / sizeof(*planes); i++) {
        char plane = planes[i].plane;
        bool there = plane == 'y' || (plane == 'a' ? r->channels % 2 == 0 : r->channels >= 3);
        if (there && !document_add(d, planes[i].name, r->height, r->width, dtype, 0, 0, plane, err))
            return false;
    }
    return true;
}

void picture_note(struct document *d, uint64_t end)
{
    const struct raster *r = d->raster;
    if (r->channels % 2 == 0)
        document_note(d, "alpha composited on white");
    if (r->orientation != 1)
        document_note(d, "EXIF orientation %d applied", r->orientation);
    if (r->icc)
        document_note(d, "colour profile carried, not applied");
    else if (r->gamma > 0 || r->srgb_intent >= 0)
        document_note(d, "gamma carried, not applied");
    if (end < source_size(d->source))
        document_note(d, "%" PRIu64 " bytes after the picture ignored",
                      source_size(d->source) - end);
}

bool picture_read_plane(const struct document *d, const struct entry *e, struct matrix_view to,
                        struct error *err)
{
    (void)err;
    raster_plane(d->raster, (char)e->encoding, to);
    return true;
}
