/* What a comparison is held against: JPEG and PNG within so many bytes. */

#include "reference.h"
#include "check.h"
#include "jpeg_reference.h"
#include "lab.h"

static struct selection open_it(const char *name, enum planes planes, enum dtype dtype,
                                struct matrix *out)
{
    struct selection s = { 0 };
    struct error err = { 0 };
    if (!selection_open(name, planes, &s, &err) ||
        !selection_read(&s, dtype, NONFINITE_REFUSE, out, &err))
        printf("Bail out! %s\n", err.text);
    return s;
}

static void close_it(struct selection *s, struct matrix *planes)
{
    for (size_t i = 0; i < SELECTION_MAX; i++)
        matrix_finish(&planes[i]);
    selection_finish(s);
}

/* A picture of slopes and stripes, to be had in any size. */
static struct raster picture(size_t width, size_t height, int channels)
{
    struct raster r = { 0 };
    struct error err = { 0 };
    if (!raster_init(&r, width, height, channels, 8, &err))
        printf("Bail out! %s\n", err.text);
    uint8_t *to = r.samples;
    for (size_t i = 0; i < width * height * (size_t)channels; i++)
        to[i] = (uint8_t)((i * 7 + i / 31 * 13) % 256);
    return r;
}

static void test_fit(void)
{
    int wrong = 0, none = 0, least = 101;
    for (int channels = 1; channels <= 3; channels += 2)
        for (uint64_t bytes = 0; bytes <= 30000; bytes += 613) {
            struct raster r = picture(97, 61, channels), out = { 0 };
            struct jpeg_fit fit, more;
            struct error err = { 0 };
            bool ok = jpeg_reference(&r, bytes, false, &out, &fit, &err);
            if (ok && fit.quality) {
                ok = fit.bytes <= bytes && out.width == 97 && out.height == 61 &&
                     out.channels == channels;
                struct raster same = { 0 };
                /* as large as it says, and the same picture from just that many bytes */
                ok = ok && jpeg_reference(&r, fit.bytes, false, &same, &more, &err) &&
                     more.quality == fit.quality &&
                     !memcmp(same.samples, out.samples, (size_t)(97 * 61 * channels));
                raster_finish(&same);
                least = fit.quality < least ? fit.quality : least;
            } else {
                ok = ok && fit.bytes > bytes && !out.samples;
                none++;
            }
            wrong += !ok;
            raster_finish(&r);
            raster_finish(&out);
        }
    printf("# least quality %d, none fits %d times\n", least, none);
    CHECK(wrong == 0 && none > 2 && least < 20);
}

static double distance(const struct raster *a, const struct raster *b)
{
    const uint8_t *x = a->samples, *y = b->samples;
    double sum = 0;
    for (size_t i = 0; i < a->width * a->height * (size_t)a->channels; i++)
        sum += ((double)x[i] - y[i]) * ((double)x[i] - y[i]);
    return sqrt(sum / (double)(a->width * a->height * (size_t)a->channels));
}

static void test_quality(void)
{
    struct raster r = picture(128, 128, 3), best = { 0 }, worse = { 0 };
    struct jpeg_fit fit, less;
    struct error err = { 0 };
    bool ok = jpeg_reference(&r, 1 << 20, false, &best, &fit, &err) &&
              jpeg_reference(&r, fit.bytes / 3, false, &worse, &less, &err);
    CHECK(ok && fit.quality == 100 && less.quality > 0 && less.quality < 100);
    printf("# quality 100: %.3g of 255 off, quality %d: %.3g\n", distance(&r, &best), less.quality,
           distance(&r, &worse));
    CHECK(distance(&r, &best) < 1 && distance(&r, &worse) > 4 * distance(&r, &best));
    raster_finish(&worse);
    ok = jpeg_reference(&r, 1 << 20, true, &worse, &less, &err);
    CHECK(ok && less.bytes < fit.bytes && distance(&r, &worse) > distance(&r, &best));
    raster_finish(&r);
    raster_finish(&best);
    raster_finish(&worse);
}

static void test_refusals(void)
{
    struct raster wide = picture(65501, 1, 1), out = { 0 };
    struct jpeg_fit fit;
    struct error err = { 0 };
    CHECK(!jpeg_reference(&wide, 1 << 20, false, &out, &fit, &err) && err.code == ERROR_LIMIT);
    raster_finish(&wide);

    struct raster odd = picture(8, 8,
                                1); /* what libjpeg itself refuses comes back as its sentence */
    odd.channels = 7;
    err = (struct error){ 0 };
    CHECK(!jpeg_reference(&odd, 1 << 20, false, &out, &fit, &err) && err.code == ERROR_NUMERIC &&
          strstr(err.text, "libjpeg: "));
    raster_finish(&odd);
}

static void test_demo(const char *name, enum planes space, enum dtype dtype, size_t want)
{
    struct matrix planes[SELECTION_MAX] = { 0 };
    struct selection s = open_it(name, space, dtype, planes);
    struct reference out[REFERENCES];
    struct job job = { 0 };
    struct error err = { 0 };
    size_t n = 0;
    uint64_t bytes = s.n * s.rows * s.cols / 4; /* two bits a sample */
    bool ok = reference_measure(&s, planes, bytes, &job, out, &n, &err) && n == want;
    for (size_t i = 0; ok && i < n; i++) {
        printf("# %s %s: %s, %u bytes, %.4g, %.4g dB\n", name, out[i].name, out[i].setting,
               (unsigned)out[i].bytes, out[i].error, out[i].psnr);
        ok = i == 0 || !out[i].there || (out[i].bytes <= bytes && out[i].error < .5);
    }
    bool grey = !strcmp(name, "demo:phantom256"); /* tenths are between the 256 levels */
    CHECK(ok && out[1].there && out[1].error < .1 && out[1].psnr > 20);
    CHECK(grey ? out[0].error > 0 && out[0].error < .01 : out[0].error < 1e-6);
    close_it(&s, planes);
}

static void test_small(void)
{
    struct matrix planes[SELECTION_MAX] = { 0 };
    struct selection s = open_it("demo:photo", PLANES_RGB, DTYPE_F32, planes);
    struct reference out[REFERENCES];
    struct job job = { 0 };
    struct error err = { 0 };
    size_t n = 0;
    bool ok = reference_measure(&s, planes, 300, &job, out, &n, &err);
    CHECK(ok && n == 4 && !out[1].there && !out[2].there && !out[3].there && out[1].bytes > 300 &&
          out[3].bytes > 300);

    atomic_bool stop = true;
    job.cancel = &stop;
    CHECK(!reference_measure(&s, planes, 300, &job, out, &n, &err) && err.code == ERROR_CANCELLED);
    close_it(&s, planes);
}

static void test_memory(void)
{
    struct matrix planes[SELECTION_MAX] = { 0 };
    struct selection s = open_it("demo:phantom256", PLANES_RGB, DTYPE_F32, planes);
    struct job job = { 0 };
    size_t before = memory_used();
    int failed = 0, wrong = 0;
    for (long at = 0; at < 40; at++) {
        struct reference out[REFERENCES];
        struct error err = { 0 };
        size_t n;
        memory_fail_after(at);
        if (!reference_measure(&s, planes, 8000, &job, out, &n, &err)) {
            failed++;
            wrong += err.code != ERROR_MEMORY;
        }
        memory_fail_after(-1);
        wrong += memory_used() != before;
    }
    CHECK(failed > 5 && wrong == 0);
    close_it(&s, planes);
}

int main(void)
{
    test_fit();
    test_quality();
    test_refusals();
    test_demo("demo:phantom256", PLANES_RGB, DTYPE_F64, 3);
    test_demo("demo:photo", PLANES_RGB, DTYPE_F32, 4);
    test_demo("demo:photo", PLANES_YCBCR, DTYPE_F64, 4);
    test_small();
    test_memory();
    return check_done();
}
