/* Where the error is, as colours of rising lightness, so that characters show it as well. */

#include "panes.h"

#include <math.h>
#include <stdio.h>

#include "heat.h"
#include "sides.h"
#include "theme.h"

enum { RAMP = 12 };

/* From what is on the screen: what is averaged over a pixel loses all but the mean of the error. */
static bool coarse(const struct model *m, struct layer *out)
{
    struct side sides[2];
    struct layer original = { 0 };
    struct side none = { 0 };
    sides_of(m, sides);
    bool ok = side_render(m, &sides[0], out) && side_render(m, &none, &original) &&
              out->n == original.n;
    for (size_t p = 0; ok && p < out->n; p++) {
        struct matrix_view v = out->planes[p].view;
        for (size_t i = 0; i < v.rows; i++)
            for (size_t j = 0; j < v.cols; j++) {
                double row = out->region.row +
                             ((double)i + 0.5) * out->region.rows / (double)v.rows;
                double col = out->region.col +
                             ((double)j + 0.5) * out->region.cols / (double)v.cols;
                matrix_put(v, i, j, fabs(matrix_at(v, i, j) - layer_at(&original, p, row, col)));
            }
    }
    layer_finish(&original);
    return ok;
}

static bool exact(const struct model *m, struct layer *out)
{
    const struct heat_map *h = m->heat.map;
    struct error err;
    double rows, cols;
    size_t only = h->n >= 3 && m->channel > 0 ? (size_t)m->channel - 1 : h->n;
    if (!model_shape(m, &rows, &cols))
        return false;
    out->region = zoom_whole(h->region, rows, cols);
    for (size_t p = 0; p < h->n; p++) {
        if (only < h->n && p != only)
            continue;
        struct matrix_view v = h->rms[p].view;
        struct matrix *to = &out->planes[out->n];
        if (!matrix_init(to, DTYPE_F32, v.rows, v.cols, &err))
            return false;
        matrix_copy(v, to->view);
        out->n++;
    }
    return out->n > 0;
}

/* Over the planes: the root of the mean square. */
static double level(const struct layer *l, double row, double col)
{
    double sum = 0;
    for (size_t p = 0; p < l->n; p++) {
        double v = layer_at(l, p, row, col);
        sum += v * v;
    }
    return sqrt(sum / (double)l->n);
}

/* 1, 2 or 5 times a power of ten that is not below. */
static double round_up(double v)
{
    if (!(v > 0) || !isfinite(v))
        return 1;
    double power = pow(10, floor(log10(v)));
    for (int i = 0; i < 3; i++) {
        static const double digits[] = { 1, 2, 5 };
        if (v <= digits[i] * power * (1 + 1e-9))
            return digits[i] * power;
    }
    return 10 * power;
}

static double place(double start, double length, int i, int n)
{
    return start + (i + 0.5) * length / n;
}

static void legend(struct canvas c, int y, double top)
{
    char most[32];
    int x = canvas_text(c, 0, y, INK_TEXT, 0, "0 ");
    snprintf(most, sizeof(most), " %.3g rms ", top);
    int room = c.area.w - x - canvas_text_width(most) + 1, ramp = room < RAMP ? room : RAMP;
    for (int i = 0; i < ramp; i++) {
        uint32_t rgb = theme_heat((i + 0.5) / ramp);
        canvas_pixels(c, x + i, y, rgb, rgb);
    }
    canvas_text(c, x + (ramp > 0 ? ramp : 0), y, INK_TEXT, 0, most);
}

/* Below the picture where there is a row to spare, else over its foot. */
static void draw(const struct layer *l, struct region r, int wide, int high, double unit,
                 struct canvas picture, struct canvas inside)
{
    double most = 0;
    for (int y = 0; y < high; y++)
        for (int x = 0; x < wide; x++) {
            double v = level(l, place(r.row, r.rows, y, high), place(r.col, r.cols, x, wide));
            most = v > most ? v : most; /* passes over NAN */
        }
    double top = round_up(most * unit) / unit;
    for (int y = 0; y < high; y += 2)
        for (int x = 0; x < wide; x++) {
            double col = place(r.col, r.cols, x, wide);
            double upper = level(l, place(r.row, r.rows, y, high), col) / top;
            double lower = level(l, place(r.row, r.rows, y + 1, high), col) / top;
            canvas_pixels(picture, x, y / 2, theme_heat(upper), theme_heat(lower));
        }
    int below = high / 2 < inside.area.h ? high / 2 : inside.area.h - 1;
    legend(inside, below, top * unit);
}

bool pane_heat_draw(const struct model *m, struct region r, int wide, int high,
                    struct canvas picture, struct canvas inside)
{
    struct layer l = { 0 };
    const struct brightness *b = m->subject ? &m->subject->brightness : NULL;
    bool sharp = heat_exact(m), ok = b && (sharp ? exact(m, &l) : coarse(m, &l));
    if (ok)
        draw(&l, r, wide, high, sharp || !(b->high > b->low) ? 1 : b->high - b->low, picture,
             inside);
    layer_finish(&l);
    return ok;
}

void pane_heat_title(const struct model *m, char *out, size_t size)
{
    const struct method *method = m->shown ? m->shown->method : m->method;
    char rank[32] = "";
    if (m->shown && m->numbers.rank > 0)
        snprintf(rank, sizeof(rank), " k=%zu", m->numbers.rank);
    snprintf(out, size, "error of %s%s%s", method->name, rank, heat_exact(m) ? "" : " ~");
}
