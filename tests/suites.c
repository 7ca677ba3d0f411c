/* Pictures of others' making, where Debian's packages of them are installed, or unpacked below
 * EIGENSCOPE_DATA: PngSuite (libsixel-examples) against libpng's own pixels, and the bit-depth
 * set of libjxl (libjxl-testdata) against the bytes of its files. */
#include "export.h"

#include <dirent.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "dense.h"
#include "memory.h"

static const char png_suite[] = "/usr/share/doc/libsixel-examples/examples/images/pngsuite";
static const char depths[] = "/usr/share/libjxl-testdata/jxl/flower";
static const double exact = 1e-12; /* a few roundings of a double */

/* Samples of an oracle: interleaved, red, green, blue and alpha or fewer, of a full scale. */
struct oracle {
    size_t width, height, channels;
    uint16_t *samples; /* malloc */
    double full;
};

struct tally {
    size_t good, bad, wrong, wrong_back;
};

static double true_value(const struct oracle *o, size_t y, size_t x, size_t channel)
{
    const uint16_t *pixel = o->samples + (y * o->width + x) * o->channels;
    double value = pixel[channel] / o->full;
    bool alpha = o->channels % 2 == 0;
    double opaque = alpha ? pixel[o->channels - 1] / o->full : 1;
    return channel + 1 == o->channels && alpha ? opaque : value * opaque + 1 - opaque;
}

/* Largest difference between an entry and a channel of the oracle; 9 where shapes differ. */
static double difference(const struct document *d, const char *name, const struct oracle *o,
                         size_t channel)
{
    struct error err;
    struct matrix m = { 0 };
    const struct entry *e = document_entry(d, name);
    double worst = 9;
    if (e && e->rows == o->height && e->cols == o->width &&
        matrix_init(&m, DTYPE_F64, e->rows, e->cols, &err) && document_read(d, e, m.view, &err)) {
        worst = 0;
        for (size_t y = 0; y < o->height; y++)
            for (size_t x = 0; x < o->width; x++)
                worst = fmax(worst, fabs(matrix_at(m.view, y, x) - true_value(o, y, x, channel)));
    }
    matrix_finish(&m);
    return worst;
}

static double all_differences(const struct document *d, const struct oracle *o, bool alpha_too)
{
    static const char *const names[][4] = {
        { "grey" }, { "grey", "a" }, { "r", "g", "b" }, { "r", "g", "b", "a" }
    };
    double worst = 0;
    for (size_t c = 0; c < o->channels; c++)
        if (alpha_too || o->channels % 2 || c + 1 < o->channels)
            worst = fmax(worst, difference(d, names[o->channels - 1][c], o, c));
    return worst;
}

/* Written to `path` and read again, it is what it was, but for rounding to its depth. */
static bool comes_back(struct document *d, const struct oracle *o, const char *path)
{
    struct error err = { 0 };
    struct selection s = { 0 };
    struct matrix m[SELECTION_MAX] = { 0 };
    struct result r[SELECTION_MAX] = { 0 };
    uint64_t bytes;
    bool ok = selection_of(d, NULL, PLANES_RGB, &s, &err) &&
              selection_read(&s, DTYPE_F64, NONFINITE_REFUSE, m, &err);
    for (size_t i = 0; i < s.n && ok; i++)
        make_dense(&r[i], &m[i]);
    struct export_request request = { .results = r,
                                      .n_results = s.n,
                                      .names = (const char(*)[NAME_TEXT])s.names,
                                      .n = s.n,
                                      .picture = true,
                                      .depth = d->raster->depth,
                                      .dtype = DTYPE_F64,
                                      .like = d->raster };
    ok = ok && export_write(&request, path, &bytes, &err);
    struct document *back = ok ? document_open(path, &err) : NULL;
    double step = d->raster->depth == 16 ? 1 / 65535.0 : 1 / 255.0;
    ok = back && all_differences(back, o, false) <= step / 2 + exact;
    if (!ok)
        printf("# %s: %s\n", path, err.text);
    document_unref(back);
    unlink(path);
    for (size_t i = 0; i < s.n; i++) {
        result_finish(&r[i]);
        matrix_finish(&m[i]);
    }
    selection_finish(&s);
    return ok;
}

static void compare(struct tally *t, const char *path, const struct oracle *o, const char *ending)
{
    char out[] = "/tmp/eigenscope-suite-XXXXXX", name[64];
    struct error err = { 0 };
    struct document *d = document_open(path, &err);
    double worst = d ? all_differences(d, o, true) : 9;
    int fd = mkstemp(out);
    t->good++;
    if (worst > exact) {
        t->wrong++;
        printf("# %s: off by %g %s\n", path, worst, d ? "" : err.text);
    }
    snprintf(name, sizeof(name), "%s%s", out, ending);
    t->wrong_back += !d || fd < 0 || !comes_back(d, o, name);
    if (fd >= 0)
        close(fd);
    unlink(out);
    document_unref(d);
}

/* libpng alone: everything as 16 bits, colour, alpha. */
static bool by_libpng(const char *path, struct oracle *o)
{
    FILE *f = fopen(path, "rb");
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!f || !info)
        return false;
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        fclose(f);
        return false;
    }
    png_init_io(png, f);
    png_read_info(png, info);
    png_set_expand_16(png);
    png_set_swap(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    o->width = png_get_image_width(png, info);
    o->height = png_get_image_height(png, info);
    o->channels = png_get_channels(png, info);
    o->full = 65535;
    o->samples = calloc(o->width * o->height * o->channels, sizeof(*o->samples));
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < o->height; y++)
            png_read_row(png, (png_bytep)(o->samples + y * o->width * o->channels), NULL);
    png_read_end(png, info);
    png_destroy_read_struct(&png, &info, NULL);
    fclose(f);
    return true;
}

static void refuse(struct tally *t, const char *path)
{
    struct error err = { 0 };
    struct document *d = document_open(path, &err);
    t->bad++;
    if (d || (err.code != ERROR_FORMAT && err.code != ERROR_LIMIT) || strchr(err.text, '\n')) {
        t->wrong++;
        printf("# %s: %s\n", path, d ? "was accepted" : err.text);
    }
    document_unref(d);
}

static void walk_folder(struct tally *t, const char *folder, bool corrupt)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[700];
        size_t n = strlen(e->d_name);
        struct oracle o = { 0 };
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.')
            continue;
        if (n > 4 && !strcmp(e->d_name + n - 4, ".png")) {
            if (corrupt)
                refuse(t, path);
            else if (by_libpng(path, &o))
                compare(t, path, &o, ".png");
            free(o.samples);
        } else if (!strchr(e->d_name, '.')) {
            walk_folder(t, path, !strcmp(e->d_name, "corrupted"));
        }
    }
    if (d)
        closedir(d);
}

/* The samples are the last bytes of the file; where they begin follows from their number. */
static bool by_hand(const char *path, size_t channels, unsigned bits, struct oracle *o)
{
    FILE *f = fopen(path, "rb");
    char head[200] = "";
    bool ok = f && fread(head, 1, sizeof(head) - 1, f) > 0;
    const char *width = strstr(head, "WIDTH"), *height = strstr(head, "HEIGHT");
    ok = ok && (width && height ? sscanf(width, "WIDTH %zu", &o->width) == 1 &&
                                      sscanf(height, "HEIGHT %zu", &o->height) == 1
                                : sscanf(head, "P%*c %zu %zu", &o->width, &o->height) == 2);
    size_t n = o->width * o->height * channels, size = bits > 8 ? 2 : 1;
    unsigned char *bytes = malloc(n * size + 1);
    ok = ok && fseek(f, -(long)(n * size), SEEK_END) == 0 && fread(bytes, size, n, f) == n;
    o->channels = channels;
    o->full = exp2(bits) - 1;
    o->samples = calloc(n + 1, sizeof(*o->samples));
    for (size_t i = 0; i < n && ok; i++)
        o->samples[i] = (uint16_t)(size == 2 ? bytes[2 * i] << 8 | bytes[2 * i + 1] : bytes[i]);
    free(bytes);
    if (f)
        fclose(f);
    return ok;
}

/* `folder` below the first of the places where a package may have been unpacked; "" is the system. */
static void find(const char *folder, char *path, size_t size)
{
    const char *const roots[] = { getenv("EIGENSCOPE_DATA"), getenv("EIGENSCOPE_SUITES"), "" };
    for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
        snprintf(path, size, "%s%s", roots[i] ? roots[i] : "", folder);
        if (access(path, R_OK) == 0)
            return;
    }
}

static void test_depths(void)
{
    static const struct {
        const char *name, *ending;
        size_t channels;
    } kinds[] = {
        { "g", ".pgm", 1 }, { "ga", ".pam", 2 }, { "rgb", ".ppm", 3 }, { "rgba", ".pam", 4 }
    };
    struct tally t = { 0 };
    char path[700], folder[600];
    find(depths, folder, sizeof(folder));
    for (size_t k = 0; k < 4; k++)
        for (unsigned bits = 1; bits <= 16; bits++) {
            struct oracle o = { 0 };
            snprintf(path, sizeof(path), "%s/flower_small.%s.depth%u%s", folder, kinds[k].name,
                     bits, kinds[k].ending);
            if (access(path, R_OK) == 0 && by_hand(path, kinds[k].channels, bits, &o))
                compare(&t, path, &o, k == 0 && bits % 2 ? ".pam" : kinds[k].ending);
            free(o.samples);
        }
    if (!t.good) {
        printf("ok %d - the bit-depth set # SKIP libjxl-testdata is not there\n", ++checks);
        return;
    }
    printf("# %zu pictures of 1 to 16 bits\n", t.good);
    CHECK(t.good >= 60);
    CHECK(t.wrong == 0);
    CHECK(t.wrong_back == 0);
}

static void test_png_suite(void)
{
    struct tally t = { 0 };
    char path[600];
    find(png_suite, path, sizeof(path));
    walk_folder(&t, path, false);
    if (!t.good) {
        printf("ok %d - PngSuite # SKIP libsixel-examples is not there\n", ++checks);
        return;
    }
    printf("# PngSuite: %zu valid, %zu corrupt\n", t.good, t.bad);
    CHECK(t.good == 160 && t.bad == 14);
    CHECK(t.wrong == 0);
    CHECK(t.wrong_back == 0);
}

int main(void)
{
    test_png_suite();
    test_depths();
    CHECK(memory_used() == 0);
    return check_done();
}
