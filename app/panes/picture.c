#include "panes.h"

#include <math.h>
#include <stdio.h>

enum { FRAME_WIDTH = 16, FRAME_HEIGHT = 5 };

struct rect pane_inside(int width, int height)
{
    if (width < FRAME_WIDTH || height < FRAME_HEIGHT)
        return (struct rect){ 0, 0, width, height };
    return (struct rect){ 1, 1, width - 2, height - 2 };
}

struct canvas pane_frame(const struct model *m, struct canvas c, enum pane_id pane,
                         const char *title)
{
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, c.area.h }, ZONE_PANE, pane);
    if (c.area.w < FRAME_WIDTH || c.area.h < FRAME_HEIGHT)
        return c;
    return canvas_frame(c, title, m->focus == pane);
}

/* Rows and columns of what is open, known before the first outcome. */
static bool shape(const struct model *m, double *rows, double *cols)
{
    const struct document *d = m->document;
    const struct entry *e;
    if (m->subject) {
        *rows = (double)m->subject->rows;
        *cols = (double)m->subject->cols;
        return *rows > 0 && *cols > 0;
    }
    if (!d || d->n == 0)
        return false;
    e = m->entry[0] ? document_entry(d, m->entry) : &d->entries[0];
    *rows = e ? (double)e->rows : 0;
    *cols = e ? (double)e->cols : 0;
    return *rows > 0 && *cols > 0;
}

bool pane_picture_size(const struct model *m, int cells_wide, int cells_high, int *wide, int *high)
{
    double rows, cols, scale;
    *wide = *high = 0;
    if (cells_wide < 1 || cells_high < 1 || !shape(m, &rows, &cols))
        return false;
    scale = fmin(cells_wide / cols, 2 * cells_high / rows);
    *wide = (int)fmin(fmax(1, round(cols * scale)), cells_wide);
    *high = 2 * (int)fmin(fmax(1, round(rows * scale / 2)), cells_high);
    return true;
}

/* The planes at the resolution of what was computed; 1 or 3 of them. */
struct planes_shown {
    struct matrix planes[3];
    size_t n;
};

static void planes_finish(struct planes_shown *s)
{
    for (size_t i = 0; i < 3; i++)
        matrix_finish(&s->planes[i]);
}

/* The rank that the title and the numbers speak of: the slider's, unless another
 * method is still on its way. */
static size_t shown_rank(const struct model *m)
{
    return m->shown->nested ? m->numbers.rank : SIZE_MAX;
}

static bool render_plane(const struct model *m, size_t i, struct matrix *out, struct error *err)
{
    const struct preview *p = m->shown ? &m->shown->previews[i] : NULL;
    struct matrix_view original = m->subject ? m->subject->original[i].view
                                             : (struct matrix_view){ 0 };
    if (m->original || !p) {
        if (!original.data || !matrix_init(out, DTYPE_F32, original.rows, original.cols, err))
            return false;
        matrix_copy(original, out->view);
        return true;
    }
    if (!matrix_init(out, DTYPE_F32, p->height, p->width, err))
        return false;
    preview_render(p, shown_rank(m) < p->rank ? shown_rank(m) : p->rank, out->view);
    return true;
}

/* false: nothing is there to show. */
static bool render(const struct model *m, struct planes_shown *out)
{
    struct error err = { 0 };
    enum planes space = m->shown ? m->shown->space : m->planes;
    size_t n = m->original || !m->shown ? (m->subject ? m->subject->planes : 0) : m->shown->planes;

    out->n = n >= 3 ? 3 : n > 0 ? 1 : 0;
    for (size_t i = 0; i < out->n; i++)
        if (!render_plane(m, i, &out->planes[i], &err))
            return false;
    for (size_t i = 1; i < out->n;
         i++) /* of one answer, so alike; nothing is read outside if not */
        if (out->planes[i].view.rows != out->planes[0].view.rows ||
            out->planes[i].view.cols != out->planes[0].view.cols)
            return false;
    if (out->n == 3 && space == PLANES_YCBCR)
        raster_from_ycbcr((struct matrix_view[3]){ out->planes[0].view, out->planes[1].view,
                                                   out->planes[2].view });
    return out->n > 0 && out->planes[0].view.rows > 0 && out->planes[0].view.cols > 0;
}

static uint32_t pixel(const struct planes_shown *s, size_t row, size_t col)
{
    uint32_t rgb = 0;
    for (size_t i = 0; i < 3; i++) {
        double v = matrix_at(s->planes[s->n == 3 ? i : 0].view, row, col);
        v = v > 0 ? (v < 1 ? v : 1) : 0; /* as an exported file would be; NaN is black */
        rgb = rgb << 8 | (uint32_t)lround(255 * v);
    }
    return rgb;
}

/* Usually pixel for pixel; after a resize, until the next answer, the nearest ones. */
static void draw_pixels(const struct planes_shown *s, struct canvas c, int wide, int high)
{
    size_t rows = s->planes[0].view.rows, cols = s->planes[0].view.cols;
    int left = (c.area.w - wide) / 2;
    for (int y = 0; y < high; y += 2)
        for (int x = 0; x < wide; x++) {
            size_t col = (size_t)x * cols / (size_t)wide;
            size_t top = (size_t)y * rows / (size_t)high;
            size_t bottom = (size_t)(y + 1) * rows / (size_t)high;
            canvas_pixels(c, left + x, y / 2, pixel(s, top, col), pixel(s, bottom, col));
        }
}

static void title(const struct model *m, char *out, size_t size)
{
    const char *late = m->stale ? " ~" : "";
    const struct method *method = m->shown ? m->shown->method : m->method;
    if (m->original)
        snprintf(out, size, "original");
    else if (m->shown && m->numbers.rank > 0)
        snprintf(out, size, "%s  k=%zu%s", method->title, m->numbers.rank, late);
    else
        snprintf(out, size, "%s%s", method->title, late);
}

static void draw_message(const struct model *m, struct canvas c)
{
    const char *text = m->busy ? (m->stage[0] ? m->stage : "computing the first picture")
                               : "no picture yet";
    int x = (c.area.w - canvas_text_width(text)) / 2;
    canvas_text(c, x > 0 ? x : 0, c.area.h / 2, INK_DIM, 0, text);
}

void pane_picture(const struct model *m, struct canvas c)
{
    struct planes_shown s = { 0 };
    struct canvas inside;
    char line[128];
    int wide, high;

    title(m, line, sizeof(line));
    inside = pane_frame(m, c, PANE_PICTURE, line);
    if (pane_picture_size(m, inside.area.w, inside.area.h, &wide, &high) && render(m, &s))
        draw_pixels(&s, inside, wide, high);
    else
        draw_message(m, inside);
    planes_finish(&s);
}
