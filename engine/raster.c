#include "raster.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "limit.h"
#include "memory.h"

const char *const planes_names[] = { "rgb", "ycbcr", NULL };

static size_t sample_size(const struct raster *r)
{
    return r->depth == 16 ? 2 : 1;
}

bool raster_init(struct raster *r, size_t width, size_t height, int channels, int depth,
                 struct error *err)
{
    assert(channels >= 1 && channels <= 4 && (depth == 8 || depth == 16));
    if (!width || !height || width > LIMIT_PICTURE_SIDE || height > LIMIT_PICTURE_SIDE)
        return fail(err, ERROR_LIMIT, "a picture of %zu x %zu pixels; sides may be 1 to %llu",
                    width, height, (unsigned long long)LIMIT_PICTURE_SIDE);
    if (width * height > LIMIT_PICTURE_PIXELS) /* at most 2^32 */
        return fail(err, ERROR_LIMIT, "a picture of %zu x %zu pixels; at most %llu in all", width,
                    height, (unsigned long long)LIMIT_PICTURE_PIXELS);
    struct raster made = { .width = width,
                           .height = height,
                           .channels = channels,
                           .depth = depth,
                           .source_depth = depth,
                           .full = depth == 16 ? 65535 : 255,
                           .srgb_intent = -1,
                           .orientation = 1 };
    made.samples = memory_alloc(width * height * (size_t)channels * sample_size(&made), err);
    if (!made.samples)
        return false;
    *r = made;
    return true;
}

void raster_finish(struct raster *r)
{
    memory_free(r->samples);
    memory_free(r->icc);
    *r = (struct raster){ 0 };
}

/* Where pixel (y, x) of the turned picture comes from: EXIF 2.32, tag 0x0112. */
static size_t turned_from(const struct raster *r, int orientation, size_t y, size_t x)
{
    size_t right = r->width - 1, bottom = r->height - 1, w = r->width;
    switch (orientation) {
    case 2: return y * w + right - x;
    case 3: return (bottom - y) * w + right - x;
    case 4: return (bottom - y) * w + x;
    case 5: return x * w + y;
    case 6: return (bottom - x) * w + y;
    case 7: return (bottom - x) * w + right - y;
    case 8: return x * w + right - y;
    default: return y * w + x;
    }
}

bool raster_orient(struct raster *r, int orientation, struct error *err)
{
    assert(orientation >= 1 && orientation <= 8);
    r->orientation = orientation;
    if (orientation == 1)
        return true;
    size_t pixel = (size_t)r->channels * sample_size(r);
    char *turned = memory_alloc(r->width * r->height * pixel, err);
    if (!turned)
        return false;
    size_t width = orientation > 4 ? r->height : r->width;
    size_t height = orientation > 4 ? r->width : r->height;
    const char *old = r->samples;
    char *to = turned;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++, to += pixel)
            memcpy(to, old + turned_from(r, orientation, y, x) * pixel, pixel);
    memory_free(r->samples);
    r->samples = turned;
    r->width = width;
    r->height = height;
    return true;
}

double raster_step(const struct raster *r)
{
    bool expanded = r->full == (r->depth == 16 ? 65535 : 255); /* maybe from fewer bits */
    return 1 / (expanded ? exp2(r->source_depth) - 1 : (double)r->full);
}

/* Sample number i as a fraction of full scale. */
static double sample(const struct raster *r, size_t i)
{
    return r->depth == 16 ? ((const uint16_t *)r->samples)[i] / (double)r->full
                          : ((const uint8_t *)r->samples)[i] / (double)r->full;
}

/* A plane's value in the pixel whose first sample is number i. */
static double pixel_value(const struct raster *r, char plane, size_t i)
{
    bool colour = r->channels >= 3;
    if (plane == 'y' && colour) /* BT.601 */
        return 0.299 * sample(r, i) + 0.587 * sample(r, i + 1) + 0.114 * sample(r, i + 2);
    return sample(r, !colour || plane == 'r' ? i : plane == 'g' ? i + 1 : i + 2);
}

void raster_plane(const struct raster *r, char plane, struct matrix_view out)
{
    assert(out.rows == r->height && out.cols == r->width);
    size_t channels = (size_t)r->channels, i = 0;
    bool alpha = channels % 2 == 0;
    for (size_t y = 0; y < r->height; y++)
        for (size_t x = 0; x < r->width; x++, i += channels) {
            double opaque = alpha ? sample(r, i + channels - 1) : 1;
            double value = plane == 'a' ? opaque : pixel_value(r, plane, i);
            if (alpha && plane != 'a')
                value = value * opaque + (1 - opaque); /* over white */
            matrix_put(out, y, x, value);
        }
}

/* JFIF 1.02: Y = .299 R + .587 G + .114 B, Cb = (B - Y) / 1.772 + 1/2, Cr = (R - Y) / 1.402 + 1/2. */
void raster_to_ycbcr(struct matrix_view planes[3])
{
    for (size_t y = 0; y < planes[0].rows; y++)
        for (size_t x = 0; x < planes[0].cols; x++) {
            double r = matrix_at(planes[0], y, x), g = matrix_at(planes[1], y, x);
            double b = matrix_at(planes[2], y, x), luma = 0.299 * r + 0.587 * g + 0.114 * b;
            matrix_put(planes[0], y, x, luma);
            matrix_put(planes[1], y, x, (b - luma) / 1.772 + 0.5);
            matrix_put(planes[2], y, x, (r - luma) / 1.402 + 0.5);
        }
}

void raster_from_ycbcr(struct matrix_view planes[3])
{
    for (size_t y = 0; y < planes[0].rows; y++)
        for (size_t x = 0; x < planes[0].cols; x++) {
            double luma = matrix_at(planes[0], y, x);
            double r = luma + 1.402 * (matrix_at(planes[2], y, x) - 0.5);
            double b = luma + 1.772 * (matrix_at(planes[1], y, x) - 0.5);
            matrix_put(planes[0], y, x, r);
            matrix_put(planes[1], y, x, (luma - 0.299 * r - 0.114 * b) / 0.587);
            matrix_put(planes[2], y, x, b);
        }
}

/* A grey picture cannot carry a colour profile, nor the other way round: the
 * colour space stands in bytes 16 to 19 of a profile (ICC.1, 7.2.6). */
static bool profile_fits(const struct raster *like, size_t channels)
{
    return like->icc_size >= 128 && !memcmp(like->icc + 16, channels == 1 ? "GRAY" : "RGB ", 4);
}

static bool carry(const struct raster *like, struct raster *to, struct error *err)
{
    to->gamma = like->gamma;
    to->srgb_intent = like->srgb_intent;
    if (!profile_fits(like, (size_t)to->channels))
        return true;
    to->icc = memory_alloc(like->icc_size, err);
    if (!to->icc)
        return false;
    memcpy(to->icc, like->icc, like->icc_size);
    to->icc_size = like->icc_size;
    return true;
}

static void fill(const struct matrix_view *planes, struct raster *r)
{
    double full = r->depth == 16 ? 65535 : 255;
    size_t channels = (size_t)r->channels, i = 0;
    for (size_t y = 0; y < r->height; y++)
        for (size_t x = 0; x < r->width; x++)
            for (size_t c = 0; c < channels; c++, i++) {
                double value = matrix_at(planes[c], y, x);
                /* written so that NaN becomes 0 */
                value = value > 0 ? value < 1 ? value * full + 0.5 : full : 0;
                if (r->depth == 16)
                    ((uint16_t *)r->samples)[i] = (uint16_t)value;
                else
                    ((uint8_t *)r->samples)[i] = (uint8_t)value;
            }
}

bool raster_from_planes(const struct matrix_view *planes, size_t n, int depth,
                        const struct raster *like, struct raster *out, struct error *err)
{
    assert(n == 1 || n == 3);
    struct raster r = { 0 };
    if (!raster_init(&r, planes[0].cols, planes[0].rows, (int)n, depth, err))
        return false;
    if (like && !carry(like, &r, err)) {
        raster_finish(&r);
        return false;
    }
    fill(planes, &r);
    *out = r;
    return true;
}
