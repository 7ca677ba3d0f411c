#include "demo.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "demo_rows.h"
#include "memory.h"
#include "photo_stamp.h" /* changes with the photograph, so that this file is compiled again */

/* assets/photo.png as it is, inside the program. */
__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        ".globl demo_photo_bytes, demo_photo_size\n"
        ".hidden demo_photo_bytes, demo_photo_size\n"
        "demo_photo_bytes: .incbin \"" PHOTO_FILE "\"\n"
        "demo_photo_end: .balign 8\n"
        "demo_photo_size: .long demo_photo_end - demo_photo_bytes\n"
        ".popsection\n");
extern const unsigned char demo_photo_bytes[];
extern const uint32_t demo_photo_size;

const struct demo demos[] = {
    { "phantom", "Shepp-Logan phantom, 1000 x 1000: the test picture of the LPLR paper" },
    { "phantom256", "Shepp-Logan phantom, 256 x 256" },
    { "photo", "a photograph in colour, 600 x 400 (Rachel Michetti, CC0)" },
    { "covariance", "20000 made-up rows of 128: a power-law spectrum" },
    { "gaps", "5000 made-up rows of 12: eigenvalues in clusters" },
    { NULL, NULL },
};

/* Toft 1996, modified contrast. Sums of intensities are left as double precision has
 * them, as in every generator known to us: 1 - .8 - .2 is -5.6e-17, so that the darkest
 * grey is 5.6e-17 nearly everywhere. That dust decides ties of a rounding without a
 * level at zero, and reference errors with it. */
static const struct ellipse {
    double intensity, a, b, x, y, degrees;
} ellipses[] = {
    { 1, .69, .92, 0, 0, 0 },        { -.8, .6624, .874, 0, -.0184, 0 },
    { -.2, .11, .31, .22, 0, -18 },  { -.2, .16, .41, -.22, 0, 18 },
    { .1, .21, .25, 0, .35, 0 },     { .1, .046, .046, 0, .1, 0 },
    { .1, .046, .046, 0, -.1, 0 },   { .1, .046, .023, -.08, -.605, 0 },
    { .1, .023, .023, 0, -.605, 0 }, { .1, .023, .046, .06, -.605, 0 },
};
enum { ELLIPSES = sizeof(ellipses) / sizeof(*ellipses) };

/* Point i of n on [-1, 1]. */
static double place(size_t i, size_t n)
{
    return n > 1 ? -1 + (double)i * (2 / (double)(n - 1)) : -1;
}

static double value_at(const double *cosine, const double *sine, double x, double y)
{
    double sum = 0;
    for (int i = 0; i < ELLIPSES; i++) {
        const struct ellipse *e = &ellipses[i];
        double u = ((x - e->x) * cosine[i] + (y - e->y) * sine[i]) / e->a;
        double v = ((x - e->x) * sine[i] - (y - e->y) * cosine[i]) / e->b;
        if (u * u + v * v <= 1)
            sum += e->intensity;
    }
    return sum;
}

void demo_phantom(struct matrix_view out)
{
    double cosine[ELLIPSES], sine[ELLIPSES];
    size_t n = out.rows;
    double low = 0, high = 0; /* the corners lie outside every ellipse */
    for (int i = 0; i < ELLIPSES; i++) {
        cosine[i] = cos(ellipses[i].degrees * (M_PI / 180));
        sine[i] = sin(ellipses[i].degrees * (M_PI / 180));
    }
    for (size_t row = 0; row < n; row++)
        for (size_t col = 0; col < n; col++) {
            double value = value_at(cosine, sine, place(col, n), place(row, n));
            low = fmin(low, value);
            high = fmax(high, value);
            matrix_put(out, row, col, value);
        }
    for (size_t row = 0; high > low && row < n; row++)
        for (size_t col = 0; col < n; col++)
            matrix_put(out, row, col, (matrix_at(out, row, col) - low) / (high - low));
}

static bool read_generated(const struct document *d, const struct entry *e, struct matrix_view to,
                           struct error *err)
{
    (void)e;
    (void)err;
    matrix_copy(d->generated.view, to);
    return true;
}

static const struct format generated = {
    .name = "demo",
    .title = "Built-in",
    .summary = "A matrix that the program makes itself.",
    .specification = "P. Toft, The Radon Transform, 1996 (modified contrast)",
    .read = read_generated,
};

static struct document *open_phantom(const char *name, size_t n, struct error *err)
{
    struct document *d = document_new(name, err);
    if (!d)
        return NULL;
    d->format = &generated;
    if (!matrix_init(&d->generated, DTYPE_F64, n, n, err) ||
        !document_add(d, "grey", n, n, "f8", 0, 0, 0, err)) {
        document_unref(d);
        return NULL;
    }
    document_set_raw(d, RAW_F64);
    demo_phantom(d->generated.view);
    return d;
}

struct document *demo_open(const char *name, struct error *err)
{
    if (!strcmp(name, "phantom"))
        return open_phantom("demo:phantom", 1000, err);
    if (!strcmp(name, "phantom256"))
        return open_phantom("demo:phantom256", 256, err);
    if (!strcmp(name, "photo")) {
        struct source *s = source_open_memory("demo:photo", demo_photo_bytes, demo_photo_size, err);
        return s ? document_open_source(s, err) : NULL;
    }
    for (const struct rows_demo *r = rows_demos; r->name; r++)
        if (!strcmp(name, r->name))
            return rows_demo_open(r, err);
    char names[200] = "";
    for (const struct demo *d = demos; d->name; d++) {
        size_t n = strlen(names);
        snprintf(names + n, sizeof(names) - n, "%sdemo:%s", n ? ", " : "", d->name);
    }
    fail(err, ERROR_USAGE, "demo:%.60s: there is no such demo; there are: %s", name, names);
    return NULL;
}
