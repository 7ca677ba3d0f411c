/* PNG both ways; the only door to libpng. libpng reports by longjmp: everything
 * it may leave half done lies in a struct of the caller's, never in a local of
 * the function that called setjmp. Its memory comes from memory.h. */
#include "document.h"

#include <inttypes.h>
#include <png.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "exif.h"
#include "limit.h"
#include "memory.h"
#include "picture.h"

enum { SIGNATURE = 8, IHDR_END = 33, KEYWORD = 79, CHUNKS_MOST = 1000 };
/* deflate cannot pack more than this many bytes into one (zlib's documentation) */
enum { DEFLATE_MOST = 1032 };

struct work {
    png_structp png;
    png_infop info;
    struct error *err; /* what the caller sees; the first failure stays */
    bool failed;
    const struct source *source;
    uint64_t offset; /* in the source, of the next byte to read */
    struct sink *sink;
    struct raster raster; /* being read, or being written */
    char warning[120];    /* libpng's first */
    bool palette;
};

static bool fail_once(struct work *w, enum error_code code, const char *reason)
{
    if (w->failed)
        return false;
    w->failed = true;
    if (w->source)
        return source_fail(w->source, w->offset, w->err, code, "%s", reason);
    return fail(w->err, code, "png: %s", reason);
}

static void on_error(png_structp png, png_const_charp text)
{
    struct work *w = png_get_error_ptr(png);
    fail_once(w, w->source ? ERROR_FORMAT : ERROR_WRITE, text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    struct work *w = png_get_error_ptr(png);
    if (!w->warning[0])
        snprintf(w->warning, sizeof(w->warning), "%s", text);
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t size)
{
    struct work *w = png_get_mem_ptr(png);
    struct error err;
    void *p = memory_alloc(size, &err);
    if (!p)
        fail_once(w, err.code, err.text);
    return p;
}

static void on_free(png_structp png, png_voidp p)
{
    (void)png;
    memory_free(p);
}

static void on_read(png_structp png, png_bytep to, size_t n)
{
    struct work *w = png_get_io_ptr(png);
    struct error *err = w->err;
    if (!source_read(w->source, w->offset, to, n, err)) {
        w->failed = true;
        png_longjmp(png, 1);
    }
    w->offset += n;
}

static void on_write(png_structp png, png_bytep data, size_t n)
{
    struct work *w = png_get_io_ptr(png);
    if (!sink_write(w->sink, data, n, w->err)) {
        w->failed = true;
        png_longjmp(png, 1);
    }
}

static void on_flush(png_structp png)
{
    (void)png;
}

static bool probe(const unsigned char *head, size_t n)
{
    return n >= SIGNATURE && !png_sig_cmp(head, 0, SIGNATURE);
}

/* Size and plausibility from the header alone, before libpng allocates anything. */
static bool check_header(const struct source *s, struct error *err)
{
    static const unsigned char samples[] = { 1, 0, 3, 1, 2, 0, 4 }; /* by colour type */
    unsigned char head[IHDR_END];
    if (!source_read(s, 0, head, sizeof(head), err))
        return false;
    struct bytes b = { head + SIGNATURE, head + sizeof(head), false };
    if (bytes_u32be(&b) != 13 || memcmp(bytes_take(&b, 4), "IHDR", 4) != 0)
        return source_fail(s, SIGNATURE, err, ERROR_FORMAT, "IHDR: must come first");
    uint64_t width = bytes_u32be(&b), height = bytes_u32be(&b);
    unsigned depth = bytes_u8(&b), colour = bytes_u8(&b);
    if (!width || !height || width > INT32_MAX || height > INT32_MAX || depth > 16 || colour > 6)
        return source_fail(s, SIGNATURE, err, ERROR_FORMAT, "IHDR: invalid size or type");
    if (!picture_size_ok(s, SIGNATURE, width, height, err))
        return false;
    uint64_t bytes = width * height * depth * samples[colour] / 8;
    if (bytes / DEFLATE_MOST > source_size(s))
        return source_fail(s, SIGNATURE, err, ERROR_FORMAT,
                           "claims %" PRIu64 " bytes of pixels, more than %" PRIu64
                           " bytes of file can hold",
                           bytes, source_size(s));
    return true;
}

static void set_up_reading(struct work *w)
{
    png_set_read_fn(w->png, w, on_read);
    png_set_user_limits(w->png, LIMIT_PICTURE_SIDE, LIMIT_PICTURE_SIDE);
    png_set_chunk_malloc_max(w->png, LIMIT_PNG_CHUNK);
    png_set_chunk_cache_max(w->png, CHUNKS_MOST);
    /* an ancillary chunk with a bad checksum is damage too, not something to skip */
    png_set_crc_action(w->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(w->png, w->info);
    png_byte colour = png_get_color_type(w->png, w->info);
    w->palette = colour == PNG_COLOR_TYPE_PALETTE;
    w->raster.source_depth = w->palette ? 8 : png_get_bit_depth(w->png, w->info);
    if (w->palette) /* libpng would show black for an index beyond the palette */
        png_set_packing(w->png);
    else
        png_set_expand(w->png); /* 1, 2, 4 bits to 8, tRNS to alpha */
    const uint16_t one = 1;
    if (*(const unsigned char *)&one)
        png_set_swap(w->png);
}

static void read_pixels(struct work *w)
{
    int passes = png_set_interlace_handling(w->png);
    png_read_update_info(w->png, w->info);
    struct raster *r = &w->raster;
    int source_depth = r->source_depth;
    if (!raster_init(r, png_get_image_width(w->png, w->info), png_get_image_height(w->png, w->info),
                     png_get_channels(w->png, w->info), png_get_bit_depth(w->png, w->info),
                     w->err)) {
        w->failed = true;
        png_longjmp(w->png, 1);
    }
    r->source_depth = source_depth;
    size_t stride = png_get_rowbytes(w->png, w->info);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < r->height; y++)
            png_read_row(w->png, (png_bytep)r->samples + y * stride, NULL);
    png_read_end(w->png, w->info);
}

/* Indices to colours; a palette with tRNS has alpha. */
static void expand_palette(struct work *w)
{
    png_colorp colours = NULL;
    png_bytep alpha = NULL;
    int n = 0, n_alpha = 0;
    struct raster indices = w->raster, *r = &w->raster;
    png_get_PLTE(w->png, w->info, &colours, &n);
    bool transparent = png_get_tRNS(w->png, w->info, &alpha, &n_alpha, NULL);
    const unsigned char *from = indices.samples;
    for (size_t i = 0; i < indices.width * indices.height; i++)
        if (from[i] >= n) {
            char reason[60];
            snprintf(reason, sizeof(reason), "palette index %d, there are %d colours", from[i], n);
            png_error(w->png, reason);
        }
    int channels = transparent ? 4 : 3;
    struct raster whole = { 0 };
    if (!raster_init(&whole, indices.width, indices.height, channels, 8, w->err)) {
        w->failed = true;
        png_longjmp(w->png, 1);
    }
    unsigned char *to = whole.samples;
    for (size_t i = 0; i < indices.width * indices.height; i++, to += channels) {
        to[0] = colours[from[i]].red;
        to[1] = colours[from[i]].green;
        to[2] = colours[from[i]].blue;
        if (transparent)
            to[3] = from[i] < n_alpha ? alpha[from[i]] : 255;
    }
    raster_finish(&indices);
    *r = whole;
}

static void read_colour(struct work *w)
{
    struct raster *r = &w->raster;
    png_charp name;
    png_bytep profile;
    png_uint_32 size;
    int compression;
    if (!png_get_gAMA(w->png, w->info, &r->gamma))
        r->gamma = 0;
    if (!png_get_sRGB(w->png, w->info, &r->srgb_intent))
        r->srgb_intent = -1;
    if (!png_get_iCCP(w->png, w->info, &name, &compression, &profile, &size))
        return;
    r->icc = memory_alloc(size, w->err);
    if (!r->icc) {
        w->failed = true;
        png_longjmp(w->png, 1);
    }
    memcpy(r->icc, profile, size);
    r->icc_size = size;
}

static void orient(struct work *w)
{
    png_bytep exif;
    png_uint_32 n;
    if (!png_get_eXIf_1(w->png, w->info, &n, &exif))
        return;
    if (!raster_orient(&w->raster, exif_orientation(exif, n), w->err)) {
        w->failed = true;
        png_longjmp(w->png, 1);
    }
}

static bool decode(struct work *w)
{
    w->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, w, on_error, on_warning, w, on_alloc,
                                      on_free);
    if (!w->png)
        return fail_once(w, ERROR_MEMORY, "libpng would not start");
    if (setjmp(png_jmpbuf(w->png)))
        return false;
    w->info = png_create_info_struct(w->png);
    if (!w->info)
        return fail_once(w, ERROR_MEMORY, "libpng would not start");
    set_up_reading(w);
    read_pixels(w);
    if (w->palette)
        expand_palette(w);
    read_colour(w);
    orient(w);
    return true;
}

static bool index_picture(struct document *d, struct error *err)
{
    struct work w = { .source = d->source, .err = err };
    if (!check_header(d->source, err))
        return false;
    d->raster = memory_alloc(sizeof(*d->raster), err);
    bool ok = d->raster && decode(&w);
    png_destroy_read_struct(&w.png, &w.info, NULL);
    if (!ok) {
        raster_finish(&w.raster);
        return false;
    }
    *d->raster = w.raster;
    picture_note(d, w.offset);
    if (w.palette)
        document_note(d, "palette expanded");
    if (w.warning[0])
        document_note(d, "libpng: %s", w.warning);
    return picture_add_planes(d, err);
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

/* One text chunk; iTXt where Latin-1 might not do. Written at once, so that texts may be locals. */
static void set_text(struct work *w, const char *keyword, const char *text)
{
    char key[KEYWORD + 1], value[1200];
    snprintf(key, sizeof(key), "%s", keyword);
    snprintf(value, sizeof(value), "%s", text);
    png_text chunk = { .compression = is_ascii(value) ? PNG_TEXT_COMPRESSION_NONE
                                                      : PNG_ITXT_COMPRESSION_NONE,
                       .key = key,
                       .text = value,
                       .text_length = strlen(value) };
    png_set_text(w->png, w->info, &chunk, 1);
}

static const char *fact(const struct export *x, const char *key)
{
    for (size_t i = 0; i < x->n_facts; i++)
        if (!strcmp(x->facts[i].key, key))
            return x->facts[i].value;
    return NULL;
}

/* PNG's own keywords for whoever looks with other programs, then every fact. */
static void set_texts(struct work *w, const struct export *x, uint64_t size)
{
    char text[1200];
    const char *software = fact(x, "software"), *source = fact(x, "source");
    const char *factors = fact(x, "factors_bytes"), *source_bytes = fact(x, "source_bytes");
    set_text(w, "Software", software ? software : "eigenscope");
    if (source && factors) {
        snprintf(text, sizeof(text),
                 "Reconstruction of %s (%s bytes) from packed factors of %s bytes. The factors are "
                 "the compression; this picture only shows it.",
                 source, source_bytes ? source_bytes : "unknown", factors);
        set_text(w, "Comment", text);
    }
    for (size_t i = 0; i < x->n_facts; i++) {
        snprintf(text, sizeof(text), "eigenscope:%s", x->facts[i].key);
        set_text(w, text, x->facts[i].value);
    }
    /* of fixed width, so that stating the size does not change it */
    snprintf(text, sizeof(text), "%012" PRIu64, size);
    set_text(w, "eigenscope:png_bytes", text);
}

static void set_colour(struct work *w)
{
    const struct raster *r = &w->raster;
    if (r->gamma > 0)
        png_set_gAMA(w->png, w->info, r->gamma);
    if (r->icc)
        png_set_iCCP(w->png, w->info, "profile", PNG_COMPRESSION_TYPE_BASE, r->icc,
                     (png_uint_32)r->icc_size);
    else if (r->srgb_intent >= 0)
        png_set_sRGB(w->png, w->info, r->srgb_intent);
}

static void write_all(struct work *w, const struct export *x, uint64_t size)
{
    struct raster *r = &w->raster;
    png_set_write_fn(w->png, w, on_write, on_flush);
    png_set_compression_level(w->png, 6);
    png_set_filter(w->png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
    png_set_benign_errors(w->png, 1); /* a profile that libpng dislikes is left out */
    png_set_IHDR(w->png, w->info, (png_uint_32)r->width, (png_uint_32)r->height, r->depth,
                 r->channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
    set_colour(w);
    set_texts(w, x, size);
    png_write_info(w->png, w->info);
    const uint16_t one = 1;
    if (*(const unsigned char *)&one && r->depth == 16)
        png_set_swap(w->png);
    size_t stride = r->width * (size_t)r->channels * (size_t)r->depth / 8;
    for (size_t y = 0; y < r->height; y++)
        png_write_row(w->png, (png_const_bytep)r->samples + y * stride);
    png_write_end(w->png, NULL);
}

static bool encode(struct work *w, const struct export *x, uint64_t size)
{
    w->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, w, on_error, on_warning, w, on_alloc,
                                       on_free);
    if (!w->png)
        return fail_once(w, ERROR_MEMORY, "libpng would not start");
    if (setjmp(png_jmpbuf(w->png)))
        return false;
    w->info = png_create_info_struct(w->png);
    if (!w->info)
        return fail_once(w, ERROR_MEMORY, "libpng would not start");
    write_all(w, x, size);
    return true;
}

static bool encode_to(struct sink *to, const struct raster *r, const struct export *x,
                      uint64_t size, struct error *err)
{
    struct work w = { .sink = to, .err = err, .raster = *r };
    bool ok = encode(&w, x, size);
    png_destroy_write_struct(&w.png, &w.info);
    return ok;
}

static bool write_picture(const struct export *x, struct sink *to, struct error *err)
{
    struct raster r = { 0 };
    struct sink *count = sink_count();
    bool ok = count && raster_from_planes(x->matrices, x->n, x->depth, x->like, &r, err);
    if (!count)
        fail(err, ERROR_MEMORY, "png: out of memory");
    /* twice: the file states its own size */
    ok = ok && encode_to(count, &r, x, 0, err) && encode_to(to, &r, x, sink_written(count), err);
    raster_finish(&r);
    sink_abandon(count);
    return ok;
}

const struct format format_png = {
    .name = "png",
    .title = "PNG",
    .summary = "A picture, 1 to 16 bits a sample; its planes in [0, 1].",
    .specification = "ISO/IEC 15948, W3C PNG (Third Edition)",
    .extensions = (const char *const[]){ ".png", NULL },
    .probe_size = SIGNATURE,
    .probe = probe,
    .index = index_picture,
    .read = picture_read_plane,
    .write = write_picture,
    .needs_dense = true,
    .needs_picture = true,
};
