/* The only door to libjpeg(-turbo), which decodes here what it has just written itself, and nothing
 * else. It reports by longjmp: everything that may be left half done lies in a struct of the
 * caller's. Source of quality and tables: ITU-T T.81, annex K. */
#include "jpeg_reference.h"

#include "memory.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

enum { SPILL = 4096 };

struct work {
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr to;
    jmp_buf back;
    struct jpeg_compress_struct encoder;
    struct jpeg_decompress_struct decoder;
    const struct raster *from;
    struct raster *into;
    int quality;
    bool halved;
    uint8_t *file; /* room for `room` bytes, borrowed */
    size_t room;
    uint8_t spill[SPILL]; /* what is beyond is counted, not kept */
    uint64_t written;
    struct error *err;
};

static struct work *work_of(j_common_ptr jpeg)
{
    return jpeg->client_data;
}

static void on_error(j_common_ptr jpeg)
{
    char text[JMSG_LENGTH_MAX];
    struct work *w = work_of(jpeg);
    jpeg->err->format_message(jpeg, text);
    fail(w->err, ERROR_NUMERIC, "libjpeg: %s", text);
    longjmp(w->back, 1);
}

static void on_message(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void begin(j_compress_ptr jpeg)
{
    struct work *w = work_of((j_common_ptr)jpeg);
    w->written = 0;
    w->to.next_output_byte = w->room ? w->file : w->spill;
    w->to.free_in_buffer = w->room ? w->room : SPILL;
}

/* The buffer is full, whatever free_in_buffer says (libjpeg.txt). */
static boolean spill(j_compress_ptr jpeg)
{
    struct work *w = work_of((j_common_ptr)jpeg);
    w->written += w->written || !w->room ? SPILL : w->room;
    w->to.next_output_byte = w->spill;
    w->to.free_in_buffer = SPILL;
    return TRUE;
}

static void finish(j_compress_ptr jpeg)
{
    struct work *w = work_of((j_common_ptr)jpeg);
    w->written += (w->written || !w->room ? SPILL : w->room) - w->to.free_in_buffer;
}

static void start(struct work *w)
{
    jpeg_std_error(&w->errors);
    w->errors.error_exit = on_error;
    w->errors.output_message = on_message;
    w->to.init_destination = begin;
    w->to.empty_output_buffer = spill;
    w->to.term_destination = finish;
}

static void compress(struct work *w)
{
    struct jpeg_compress_struct *jpeg = &w->encoder;
    const struct raster *r = w->from;
    jpeg_create_compress(jpeg);
    jpeg->dest = &w->to;
    jpeg->image_width = (JDIMENSION)r->width;
    jpeg->image_height = (JDIMENSION)r->height;
    jpeg->input_components = r->channels;
    jpeg->in_color_space = r->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, w->quality, TRUE);
    jpeg->optimize_coding = TRUE;
    jpeg_simple_progression(jpeg);
    if (r->channels == 3)
        jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = w->halved ? 2 : 1;
    jpeg_start_compress(jpeg, TRUE);
    size_t stride = r->width * (size_t)r->channels;
    for (size_t y = 0; y < r->height; y++) {
        JSAMPROW row = (JSAMPROW)r->samples + y * stride;
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
}

static void decompress(struct work *w)
{
    struct jpeg_decompress_struct *jpeg = &w->decoder;
    jpeg_create_decompress(jpeg);
    jpeg_mem_src(jpeg, w->file, (unsigned long)w->written);
    jpeg_read_header(jpeg, TRUE);
    jpeg_start_decompress(jpeg);
    size_t stride = w->into->width * (size_t)w->into->channels;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = (JSAMPROW)w->into->samples + jpeg->output_scanline * stride;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
}

static bool guarded(struct work *w, void (*act)(struct work *w), struct error *err)
{
    w->err = err;
    if (setjmp(w->back))
        return false;
    act(w);
    return true;
}

/* w->written: how many bytes the file has; those that fit into w->file are there. */
static bool encode(struct work *w, int quality, struct error *err)
{
    w->encoder = (struct jpeg_compress_struct){ .err = &w->errors, .client_data = w };
    w->quality = quality;
    bool ok = guarded(w, compress, err);
    jpeg_destroy_compress(&w->encoder);
    return ok;
}

static bool decode(struct work *w, struct raster *out, struct error *err)
{
    w->decoder = (struct jpeg_decompress_struct){ .err = &w->errors, .client_data = w };
    w->into = out;
    bool ok = guarded(w, decompress, err);
    jpeg_destroy_decompress(&w->decoder);
    return ok;
}

/* Sizes grow with the quality but for a byte here and there. */
static bool bisect(struct work *w, uint64_t bytes, struct jpeg_fit *fit, struct error *err)
{
    int low = 0, high = 100;
    *fit = (struct jpeg_fit){ 0 };
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (!encode(w, middle, err))
            return false;
        if (w->written <= bytes)
            low = middle;
        else
            high = middle - 1;
        fit->bytes = w->written;
    }
    fit->quality = low;
    if (low && !encode(w, low, err))
        return false;
    fit->bytes = w->written;
    return true;
}

bool jpeg_reference(const struct raster *r, uint64_t bytes, bool halved, struct raster *out,
                    struct jpeg_fit *fit, struct error *err)
{
    if (r->width > JPEG_MAX_DIMENSION || r->height > JPEG_MAX_DIMENSION)
        return fail(err, ERROR_LIMIT, "a JPEG has at most %ld pixels a side",
                    (long)JPEG_MAX_DIMENSION);
    uint64_t most = 4096 + 8 * (uint64_t)r->width * r->height * (uint64_t)r->channels;
    struct work *w = memory_alloc(sizeof(*w), err);
    bool ok = w;
    if (ok) {
        start(w);
        w->from = r;
        w->halved = halved;
        w->room = (size_t)(bytes < most ? bytes : most);
        w->file = memory_alloc(w->room, err);
    }
    ok = ok && w->file && bisect(w, bytes, fit, err) &&
         (!fit->quality ||
          (raster_init(out, r->width, r->height, r->channels, 8, err) && decode(w, out, err)));
    if (w)
        memory_free(w->file);
    memory_free(w);
    return ok;
}
