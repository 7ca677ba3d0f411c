/* The entries of the matrix one is on: how many of which size, and where the large ones are. */

#include "panes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "theme.h"

enum { RAMP = 12 };

/* ---- histogram ---- */

static double column(const struct anatomy_histogram *h, int x, int width)
{
    size_t from = (size_t)x * h->bins / (size_t)width,
           to = (size_t)(x + 1) * h->bins / (size_t)width;
    double n = 0, bins = to > from ? (double)(to - from) : 1;
    for (size_t i = from; i < from + (size_t)bins && i < h->bins; i++)
        n += (double)h->count[i];
    return n / bins; /* of columns of different numbers of bins, the mean */
}

static double height(const struct model *m, double n, double most)
{
    return m->browse.log_count ? log1p(n) / log1p(most) : n / most;
}

static void draw_bars(const struct model *m, const struct anatomy_histogram *h, struct canvas c)
{
    int steps = c.unicode ? 8 : 2;
    double most = 1;
    for (int x = 0; x < c.area.w; x++)
        most = fmax(most, column(h, x, c.area.w));
    for (int x = 0; x < c.area.w; x++) {
        double share = height(m, column(h, x, c.area.w), most);
        int filled = (int)ceil(share * c.area.h * steps - 1e-9);
        for (int y = c.area.h - 1; y >= 0 && filled > 0; y--, filled -= steps) {
            uint32_t part = c.unicode     ? 0x2580 + (uint32_t)(filled < 8 ? filled : 8)
                            : filled >= 2 ? ':'
                                          : '.';
            canvas_rune(c, x, y, INK_BAR, part);
        }
    }
}

/* The ends, and zero where it lies between them. */
static void draw_axis(const struct anatomy_histogram *h, struct canvas c)
{
    char low[32], high[32];
    snprintf(low, sizeof(low), "%.3g", h->low);
    snprintf(high, sizeof(high), "%.3g", h->high);
    int left = canvas_text_width(low), right = c.area.w - canvas_text_width(high);
    canvas_text(c, 0, 0, INK_DIM, 0, low);
    canvas_text(c, right, 0, INK_DIM, 0, high);
    int zero = (int)(-h->low / (h->high - h->low) * c.area.w);
    if (h->low < 0 && h->high > 0 && zero > left && zero < right - 1)
        canvas_text(c, zero, 0, INK_DIM, 0, "0");
}

static void draw_histogram(const struct model *m, const struct anatomy *a, struct canvas c)
{
    const struct anatomy_histogram *h = &a->histogram;
    if (h->bins < 2 || !(h->high > h->low)) {
        canvas_printf(c, 1, 0, INK_TEXT, 0, "every entry is %.4g", h->low);
        return;
    }
    int axis = c.area.h > 2;
    draw_bars(m, h, canvas_inside(c, (struct rect){ 0, 0, c.area.w, c.area.h - axis }));
    if (axis)
        draw_axis(h, canvas_inside(c, (struct rect){ 0, c.area.h - 1, c.area.w, 1 }));
}

void pane_anatomy_histogram(const struct model *m, struct canvas c)
{
    const struct anatomy *a = inspect_now(m);
    char title[64];
    size_t n = (size_t)snprintf(title, sizeof(title), "entries%s",
                                m->browse.log_count ? " (log)" : "");
    if (a && a->statistics.outliers)
        snprintf(title + n, sizeof(title) - n, ", %" PRIu64 " beyond %d sd", a->statistics.outliers,
                 ANATOMY_OUTLIER);
    struct canvas in = pane_browse_frame(m, c, BROWSE_HISTOGRAM, title);
    if (a)
        draw_histogram(m, a, canvas_inside(in, (struct rect){ 1, 0, in.area.w - 2, in.area.h }));
    else
        pane_paragraph(in, 1, 0, INK_DIM, inspect_words(m));
}

/* ---- heat map ---- */

/* Of the cells of the map that a pixel covers: the mean of means, or the greatest. */
static double pixel(const struct anatomy_map *map, bool peaks, size_t x, size_t y, size_t wide,
                    size_t high)
{
    size_t top = y * map->rows / high, bottom = (y + 1) * map->rows / high;
    size_t left = x * map->cols / wide, right = (x + 1) * map->cols / wide;
    double sum = 0, most = 0, n = 0;
    bottom = bottom > top ? bottom : top + 1;
    right = right > left ? right : left + 1;
    for (size_t i = top; i < bottom; i++)
        for (size_t j = left; j < right; j++, n++) {
            sum += (double)map->mean[i * map->cols + j];
            most = fmax(most, (double)map->most[i * map->cols + j]);
        }
    return peaks ? most : sum / n;
}

/* 1, 2 or 5 times a power of ten that is not below. */
static double round_up(double v)
{
    static const double digits[] = { 1, 2, 5 };
    if (!(v > 0) || !isfinite(v))
        return 1;
    double power = pow(10, floor(log10(v)));
    for (int i = 0; i < 3; i++)
        if (v <= digits[i] * power * (1 + 1e-9))
            return digits[i] * power;
    return 10 * power;
}

static void draw_scale(struct canvas c, int y, double top)
{
    char most[32];
    int x = 1 + canvas_text(c, 1, y, INK_DIM, 0, "0 ");
    snprintf(most, sizeof(most), " %.3g", top);
    int room = c.area.w - x - canvas_text_width(most) - 1, ramp = room < RAMP ? room : RAMP;
    for (int i = 0; i < ramp; i++) {
        uint32_t rgb = theme_heat((i + 0.5) / ramp);
        canvas_pixels(c, x + i, y, rgb, rgb);
    }
    canvas_text(c, x + (ramp > 0 ? ramp : 0), y, INK_DIM, 0, most);
}

static void draw_map(const struct model *m, const struct anatomy *a, struct canvas c)
{
    const struct anatomy_map *map = &a->map;
    int wide, high;
    double most = 0;
    if (!map->rows || !map->cols || c.area.h < 2 || c.area.w < 4)
        return;
    wide = (int)fmin(c.area.w, (double)map->cols);
    high = (int)fmin(2 * (c.area.h - 1), (double)(map->rows + 1) / 2 * 2);
    high = high / 2 * 2;
    for (int y = 0; y < high; y++)
        for (int x = 0; x < wide; x++)
            most = fmax(most, pixel(map, m->browse.peaks, (size_t)x, (size_t)y, (size_t)wide,
                                    (size_t)high));
    double top = round_up(most);
    for (int y = 0; y + 1 < high; y += 2)
        for (int x = 0; x < wide; x++) {
            double upper = pixel(map, m->browse.peaks, (size_t)x, (size_t)y, (size_t)wide,
                                 (size_t)high);
            double lower = pixel(map, m->browse.peaks, (size_t)x, (size_t)y + 1, (size_t)wide,
                                 (size_t)high);
            canvas_pixels(c, x, y / 2, theme_heat(upper / top), theme_heat(lower / top));
        }
    draw_scale(c, high / 2, top);
}

void pane_anatomy_map(const struct model *m, struct canvas c)
{
    const struct anatomy *a = inspect_now(m);
    struct canvas in = pane_browse_frame(m, c, BROWSE_HEAT,
                                         m->browse.peaks ? "greatest |x| of each block"
                                                         : "mean |x| of each block");
    if (a)
        draw_map(m, a, in);
    else
        pane_paragraph(in, 1, 0, INK_DIM, inspect_words(m));
}
