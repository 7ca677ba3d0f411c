/* Pictures in memory: turning, planes, colour, and back to samples. */
#include "raster.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "memory.h"

static bool make(struct raster *r, size_t width, size_t height, int channels, int depth)
{
    struct error err = { 0 };
    return raster_init(r, width, height, channels, depth, &err);
}

/* ABC over DEF as a file holds it, and as EXIF's eight orientations show it. */
static void test_orientation(void)
{
    static const char *const shown[] = { "ABCDEF", "CBAFED", "FEDCBA", "DEFABC",
                                         "ADBECF", "DAEBFC", "FCEBDA", "CFBEAD" };
    int wrong = 0;
    for (int i = 0; i < 8; i++) {
        struct raster r = { 0 };
        struct error err = { 0 };
        if (!make(&r, 3, 2, 1, 8))
            break;
        memcpy(r.samples, "ABCDEF", 6);
        bool ok = raster_orient(&r, i + 1, &err) && !memcmp(r.samples, shown[i], 6) &&
                  r.width == (i < 4 ? 3u : 2u) && r.height == (i < 4 ? 2u : 3u) &&
                  r.orientation == i + 1;
        wrong += !ok;
        raster_finish(&r);
    }
    CHECK(!wrong);
    struct raster wide = { 0 };
    struct error err = { 0 };
    CHECK(make(&wide, 2, 1, 4, 16));
    for (uint16_t i = 0; i < 8; i++)
        ((uint16_t *)wide.samples)[i] = i;
    CHECK(raster_orient(&wide, 2, &err) && ((uint16_t *)wide.samples)[0] == 4 &&
          ((uint16_t *)wide.samples)[7] == 3);
    raster_finish(&wide);
}

static double plane_at(const struct raster *r, char plane, size_t col)
{
    struct matrix m = { 0 };
    struct error err = { 0 };
    if (!matrix_init(&m, DTYPE_F64, r->height, r->width, &err))
        return -1;
    raster_plane(r, plane, m.view);
    double value = matrix_at(m.view, 0, col);
    matrix_finish(&m);
    return value;
}

static void test_planes(void)
{
    static const unsigned char rgba[] = { 255, 0, 51, 102, 10, 20, 30, 255 };
    static const unsigned char grey_alpha[] = { 0, 51, 200, 0 };
    struct raster r = { 0 };
    CHECK(make(&r, 2, 1, 4, 8));
    memcpy(r.samples, rgba, sizeof(rgba));
    /* 102 / 255 = 0.4 opaque over white */
    CHECK_NEAR(plane_at(&r, 'r', 0), 1, 1e-15);
    CHECK_NEAR(plane_at(&r, 'g', 0), 0.6, 1e-15);
    CHECK_NEAR(plane_at(&r, 'b', 0), 0.2 * 0.4 + 0.6, 1e-15);
    CHECK_NEAR(plane_at(&r, 'a', 0), 0.4, 1e-15);
    CHECK_NEAR(plane_at(&r, 'y', 1), (0.299 * 10 + 0.587 * 20 + 0.114 * 30) / 255, 1e-15);
    raster_finish(&r);
    CHECK(make(&r, 2, 1, 2, 8));
    memcpy(r.samples, grey_alpha, sizeof(grey_alpha));
    CHECK_NEAR(plane_at(&r, 'y', 0), 0.8, 1e-15);
    CHECK_NEAR(plane_at(&r, 'r', 1), 1, 1e-15); /* wholly transparent is white */
    raster_finish(&r);
}

/* Every sample value survives planes in single and in double precision. */
static void test_identity(enum dtype dtype, int depth)
{
    size_t n = (size_t)1 << depth;
    struct raster r = { 0 }, back = { 0 };
    struct matrix m = { 0 };
    struct error err = { 0 };
    CHECK(make(&r, 256, n / 256, 1, depth) && matrix_init(&m, dtype, n / 256, 256, &err));
    for (size_t i = 0; i < n; i++)
        if (depth == 16)
            ((uint16_t *)r.samples)[i] = (uint16_t)i;
        else
            ((uint8_t *)r.samples)[i] = (uint8_t)i;
    raster_plane(&r, 'y', m.view);
    CHECK(raster_from_planes(&m.view, 1, depth, NULL, &back, &err) &&
          !memcmp(back.samples, r.samples, n * (depth == 16 ? 2 : 1)));
    matrix_finish(&m);
    raster_finish(&r);
    raster_finish(&back);
}

static void test_clamping(void)
{
    double values[] = { -3, 0.5 / 255 - 1e-9, 0.5 / 255 + 1e-9, 7, (double)NAN };
    struct matrix_view view = { values, 1, 5, 5, 1, DTYPE_F64 };
    struct raster r = { 0 };
    struct error err = { 0 };
    CHECK(raster_from_planes(&view, 1, 8, NULL, &r, &err));
    CHECK(!memcmp(r.samples, "\0\0\1\377\0", 5));
    raster_finish(&r);
}

/* JFIF's primaries, and there and back. */
static void test_ycbcr(void)
{
    double r[] = { 1, 0, 0, 1, 0.25 }, g[] = { 0, 1, 0, 1, 0.5 }, b[] = { 0, 0, 1, 1, 0.75 };
    struct matrix_view planes[] = { { r, 1, 5, 5, 1, DTYPE_F64 },
                                    { g, 1, 5, 5, 1, DTYPE_F64 },
                                    { b, 1, 5, 5, 1, DTYPE_F64 } };
    raster_to_ycbcr(planes);
    CHECK_NEAR(r[0], 0.299, 1e-15);
    CHECK_NEAR(b[0], 1, 1e-15);             /* Cr of red */
    CHECK_NEAR(g[2], 1, 1e-15);             /* Cb of blue */
    CHECK_NEAR(g[1], 0.5 - 0.331264, 1e-6); /* as JFIF prints it */
    CHECK_NEAR(g[3], 0.5, 1e-15);
    raster_from_ycbcr(planes);
    CHECK_NEAR(r[4], 0.25, 1e-15);
    CHECK_NEAR(g[4], 0.5, 1e-15);
    CHECK_NEAR(b[4], 0.75, 1e-15);
}

static void test_limits(void)
{
    struct raster r = { 0 };
    struct error err = { 0 };
    CHECK(!raster_init(&r, 65537, 1, 1, 8, &err) && err.code == ERROR_LIMIT);
    CHECK(!raster_init(&r, 65536, 65536, 4, 16, &err) && err.code == ERROR_LIMIT);
    CHECK(!raster_init(&r, 0, 5, 1, 8, &err) && err.code == ERROR_LIMIT);
    CHECK(!r.samples && memory_used() == 0);
}

int main(void)
{
    test_orientation();
    test_planes();
    test_identity(DTYPE_F32, 8);
    test_identity(DTYPE_F64, 8);
    test_identity(DTYPE_F32, 16);
    test_identity(DTYPE_F64, 16);
    test_clamping();
    test_ycbcr();
    test_limits();
    return check_done();
}
