#include "picture.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "decode.h"
#include "limit.h"
#include "memory.h"

enum { SECONDS_LEAST = 10, PIXELS_A_SECOND = 4 << 20 };

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

static bool load(const struct source *s, struct confine *c, struct error *err)
{
    *c = (struct confine){ .fd = -1 };
    if (source_size(s) > LIMIT_DECODED_FILE)
        return source_fail(s, NO_OFFSET, err, ERROR_LIMIT,
                           "%" PRIu64 " bytes, a file of this kind may have %" PRIu64,
                           source_size(s), LIMIT_DECODED_FILE);
    return confine_open(c, (size_t)source_size(s), err) && source_read(s, 0, c->in, c->n_in, err);
}

bool picture_confined(struct document *d,
                      bool (*read)(struct document *d, struct confine *c, struct error *err),
                      struct error *err)
{
    struct confine c;
    bool ok = load(d->source, &c, err);
    c.cancel = source_cancel(d->source);
    ok = ok && read(d, &c, err);
    confine_close(&c);
    return ok;
}

/* Whether the answer is the picture that the header claims, all of it inside the room. */
static bool answer_ok(const struct decode *a, const struct confine *c,
                      const struct picture_claim *claim)
{
    uint64_t size = claim->width * claim->height * (uint64_t)claim->channels;
    return a->width == claim->width && a->height == claim->height && a->offset <= c->n_room &&
           size <= c->n_room - a->offset;
}

static bool take_pixels(struct document *d, const struct confine *c,
                        const struct picture_claim *claim, struct error *err)
{
    struct decode a;
    memcpy(&a, c->room, sizeof(a));
    if (!answer_ok(&a, c, claim))
        return source_fail(d->source, NO_OFFSET, err, ERROR_FORMAT,
                           "the decoder's answer is not the picture that the header claims");
    d->raster = memory_alloc(sizeof(*d->raster), err);
    if (!d->raster || !raster_init(d->raster, claim->width, claim->height, claim->channels, 8, err))
        return false;
    memcpy(d->raster->samples, c->room + a.offset,
           claim->width * claim->height * (size_t)claim->channels);
    return true;
}

static bool refused(const struct document *d, const struct confine *c, struct error *err)
{
    char reason[DECODE_REASON];
    const struct decode *a = (const void *)c->room;
    memcpy(reason, a->reason, sizeof(reason));
    reason[DECODE_REASON - 1] = '\0';
    return source_fail(d->source, NO_OFFSET, err, ERROR_FORMAT, "the decoder refuses it: %s",
                       reason);
}

bool picture_decode(struct document *d, struct confine *c, const struct picture_claim *claim,
                    struct error *err)
{
    uint64_t pixels = claim->width * claim->height;
    unsigned seconds = SECONDS_LEAST + (unsigned)(pixels / PIXELS_A_SECOND);
    struct error why;
    int answer = 0;
    assert(claim->channels >= 1 && claim->channels <= 4);
    if (!confine_room(c, (size_t)decode_room(pixels, claim->planes), err))
        return false;
    *(struct decode *)(void *)c->room = (struct decode){ .want = (uint32_t)claim->channels };
    if (!source_step(d->source, 0.5, "decoding", err))
        return false;
    if (!confine_run(c, decode_works, seconds, &answer, &why))
        return source_fail(d->source, NO_OFFSET, err, why.code, "%s", why.text);
    return answer == DECODE_OK ? take_pixels(d, c, claim, err) : refused(d, c, err);
}
