#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "panes.h"

enum { WORD = 32, SIZE = 14 /* "size 12.3 KB" */, NARROW = 76, WIDE = 110 };

/* A share in percent, always seven characters: "13.20%", "  5e-4%", "      -". */
static void percent(double share, char out[WORD])
{
    double v = 100 * share;
    if (isnan(v))
        snprintf(out, WORD, "%7s", "-");
    else if (v >= 1000)
        snprintf(out, WORD, "%7s", ">999%");
    else if (v == 0 || v >= 0.01)
        snprintf(out, WORD, "%6.2f%%", v);
    else { /* 0.00% would say that nothing is lost */
        int e = (int)floor(log10(v));
        double digit = round(v / pow(10, e));
        e += digit > 9;
        snprintf(out, WORD, "%3.0fe%d%%", digit > 9 ? 1 : digit, e);
    }
}

void pane_bytes(uint64_t bytes, char *out, size_t size)
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
    double v = (double)bytes;
    size_t unit = 0;
    while (v >= 999.5 && unit < 4) {
        v /= 1000;
        unit++;
    }
    if (unit == 0)
        snprintf(out, size, "%.0f %s", v, units[unit]);
    else
        snprintf(out, size, "%.*f %s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, units[unit]);
}

void pane_summary(const struct model *m, char *out, size_t size)
{
    char error[WORD];
    percent(m->numbers.error, error);
    if (m->numbers.rank > 0)
        snprintf(out, size, "k=%zu%s%s", m->numbers.rank, error, m->stale ? " ~" : "");
    else
        snprintf(out, size, "%s%s", error, m->stale ? " ~" : "");
}

/* One number, or "-" as wide. */
static int number(char *out, size_t size, const char *name, int width, int digits, double v,
                  const char *unit)
{
    if (isnan(v))
        return snprintf(out, size, "%s %*s%*s  ", name, width, "-", (int)strlen(unit), "");
    return snprintf(out, size, "%s %*.*f%s  ", name, width, digits, v, unit);
}

static double ratio_below(const struct model *m)
{
    size_t k = m->numbers.rank;
    if (!m->subject || k == 0 || k >= m->subject->n || !(subject_sigma(m->subject, k) > 0))
        return (double)NAN;
    return subject_sigma(m->subject, k - 1) / subject_sigma(m->subject, k);
}

/* How close it is. */
static void closeness(const struct model *m, bool wide, char *out, size_t size)
{
    const struct numbers *now = &m->numbers;
    double psnr = m->quality_stale ? (double)NAN : now->psnr;
    double ssim = m->quality_stale ? (double)NAN : now->ssim;
    char error[WORD], optimum[WORD], bound[WORD];
    size_t n;

    percent(now->error, error);
    percent(now->optimal, optimum);
    percent(now->bound, bound);
    n = (size_t)snprintf(out, size, "rel.err %s  optimum %s  ", error, optimum);
    n += (size_t)number(out + n, size - n, "PSNR", 5, 1, psnr, " dB");
    n += (size_t)number(out + n, size - n, "SSIM", 5, 3, ssim, "");
    n += (size_t)number(out + n, size - n, "sk/sk+1", 5, 3, ratio_below(m), "");
    if (wide && !isnan(now->bound))
        snprintf(out + n, size - n, "bound of the mean %s", bound);
}

/* Bits of one entry of what is open, the yardstick of the ratio: of a sample, or as
 * the file stores it; 32 where it was generated. */
static double source_bits(const struct model *m)
{
    const struct document *d = m->document;
    const struct entry *e = NULL;
    if (d && d->raster)
        return d->raster->depth;
    if (d)
        e = m->entry[0] ? document_entry(d, m->entry) : d->n ? &d->entries[0] : NULL;
    if (!e || e->size == 0 || e->rows == 0 || e->cols == 0)
        return 32;
    return 8 * (double)e->size / (double)e->rows / (double)e->cols;
}

static bool size_measured(const struct model *m)
{
    return !m->quality_stale && m->numbers.factors_bytes > 0;
}

static uint64_t size_bytes(const struct model *m)
{
    return size_measured(m) ? m->numbers.factors_bytes : (m->numbers.bits_true + 7) / 8;
}

/* What it costs. Until the packed file has been measured, its header is left out and named. */
static void cost(const struct model *m, bool wide, char *out, size_t size)
{
    const struct numbers *now = &m->numbers;
    bool measured = size_measured(m);
    uint64_t bytes = size_bytes(m);
    double entries = (double)now->entries;
    double ratio = source_bits(m) * entries / 8 / (double)bytes;
    char text[WORD] = "-";
    size_t n;

    if (bytes > 0)
        pane_bytes(bytes, text, sizeof(text));
    n = (size_t)snprintf(out, size, "size %8s %s  ", text, measured ? "as a file" : "+ header ");
    n += (size_t)number(out + n, size - n, "bits/entry", 6, 3,
                        entries > 0 ? (double)now->bits_true / entries : (double)NAN, "");
    n += (size_t)number(out + n, size - n, "ratio", 6, ratio < 10 ? 2 : 1,
                        bytes > 0 && entries > 0 ? ratio : (double)NAN, "x");
    if (wide || now->dead == 0) /* else its place is taken */
        n += (size_t)snprintf(out + n, size - n, "of %.4g-bit%s  ", source_bits(m),
                              wide ? " entries" : "");
    bool run = m->shown && !m->shown->nested; /* else it was cut out of the SVD alone */
    if (wide && run && now->seconds > 0)
        snprintf(out + n, size - n, "%.3g s, SVD at hand", now->seconds);
}

/* The same on a small screen. */
static void brief(const struct model *m, char *first, char *second, size_t size)
{
    char error[WORD], optimum[WORD], text[WORD] = "-";
    percent(m->numbers.error, error);
    percent(m->numbers.optimal, optimum);
    if (size_bytes(m) > 0)
        pane_bytes(size_bytes(m), text, sizeof(text));
    snprintf(first, size, "err %s  best %s", error, optimum);
    snprintf(second, size, "size %8s %s", text, size_measured(m) ? "as a file" : "+ header");
}

static void draw_numbers(const struct model *m, struct canvas c, int lines)
{
    bool wide = c.area.w >= WIDE;
    char text[2][256];
    enum ink ink = m->stale ? INK_DIM : INK_TEXT;

    if (c.area.w < NARROW) {
        brief(m, text[0], text[1], sizeof(text[0]));
    } else {
        closeness(m, wide, text[0], sizeof(text[0]));
        cost(m, wide, text[1], sizeof(text[1]));
    }
    for (int i = 0; i < lines; i++) {
        int y = c.area.h - lines + i;
        if (m->stale)
            canvas_text(c, 0, y, INK_WARNING, 0, "~");
        canvas_text(c, 1, y, ink, i == 0 ? ATTR_BOLD : 0, text[i]);
    }
    if (lines > 1 && m->numbers.dead > 0) {
        char dead[WORD];
        int x;
        snprintf(dead, sizeof(dead), " %zu dead", m->numbers.dead);
        x = c.area.w - 1 - canvas_text_width(dead);
        if (x >= SIZE)
            canvas_text(c, x, c.area.h - 1, INK_WARNING, ATTR_BOLD, dead);
    }
}

void pane_parameters(const struct model *m, struct canvas c)
{
    const struct method *method = m->method;
    char line[256];
    struct canvas inside;
    int lines;

    snprintf(line, sizeof(line), "parameters: %s (%s)", method->title, method->source);
    if (!method->source[0] || canvas_text_width(line) > c.area.w - 8)
        snprintf(line, sizeof(line), "parameters: %s", method->title);
    if (canvas_text_width(line) > c.area.w - 8)
        snprintf(line, sizeof(line), "%s", method->title);
    inside = pane_frame(m, c, PANE_FORM, line);
    lines = inside.area.h >= 4 ? PANE_NUMBER_LINES : inside.area.h >= 2 ? 1 : 0;
    form_draw(m, canvas_inside(inside, (struct rect){ 0, 0, inside.area.w, inside.area.h - lines }),
              m->focus == PANE_FORM);
    draw_numbers(m, inside, lines);
}
