#include "panes.h"
#include "sides.h"

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

bool pane_picture_size(const struct model *m, int cells_wide, int cells_high, int *wide, int *high)
{
    double rows, cols;
    *wide = *high = 0;
    if (cells_wide < 1 || cells_high < 1 || !model_shape(m, &rows, &cols))
        return false;
    zoom_picture(&m->zoom, rows, cols, cells_wide, cells_high, wide, high);
    return true;
}

/* What is drawn: one side, or two of them. */
struct scene {
    enum look look;
    struct layer layers[2];
    struct region region; /* never {0} */
    int wide, high, bar;  /* pixels; the bar's column */
};

/* false: nothing is there to show. */
static bool scene_render(const struct model *m, struct scene *s)
{
    struct side sides[2];
    s->look = sides_of(m, sides);
    s->bar = pane_wipe_column(m, s->wide);
    bool first = side_render(m, &sides[0], &s->layers[0]);
    bool second = s->look != LOOK_ONE && side_render(m, &sides[1], &s->layers[1]);
    return s->look == LOOK_WIPE ? first || second : first && (second || s->look == LOOK_ONE);
}

static void scene_finish(struct scene *s)
{
    layer_finish(&s->layers[0]);
    layer_finish(&s->layers[1]);
}

/* As an exported file would be; a difference is of what was not clamped. */
static double shade(const struct scene *s, size_t plane, int x, double row, double col)
{
    int side = s->look == LOOK_WIPE && x > s->bar;
    double v = s->layers[side].n > 0 ? layer_at(&s->layers[side], plane, row, col) : (double)NAN;
    if (s->look == LOOK_DIFFERENCE)
        v = 0.5 + DIFFERENCE_GAIN * (v - layer_at(&s->layers[1], plane, row, col));
    return v > 0 ? (v < 1 ? v : 1) : 0; /* NaN is black */
}

static uint32_t pixel(const struct scene *s, int x, int y)
{
    double row = s->region.row + (y + 0.5) * s->region.rows / s->high;
    double col = s->region.col + (x + 0.5) * s->region.cols / s->wide;
    uint32_t rgb = 0;
    for (size_t i = 0; i < 3; i++)
        rgb = rgb << 8 | (uint32_t)lround(255 * shade(s, i, x, row, col));
    return rgb;
}

/* Pixel for pixel; after a resize or a zoom, until the next answer, the nearest ones. */
static void draw_pixels(const struct scene *s, struct canvas c)
{
    for (int y = 0; y < s->high; y += 2)
        for (int x = 0; x < s->wide; x++)
            canvas_pixels(c, x, y / 2, pixel(s, x, y), pixel(s, x, y + 1));
    for (int y = 0; s->look == LOOK_WIPE && y < s->high / 2; y++)
        canvas_rune(c, s->bar, y, INK_MARK, c.unicode ? 0x2503 : '|');
}

static void draw_cross(const struct model *m, const struct scene *s, struct canvas c)
{
    double x = (m->cross_col - s->region.col) / s->region.cols * s->wide;
    double y = (m->cross_row - s->region.row) / s->region.rows * s->high;
    if (m->cross && x >= 0 && y >= 0)
        canvas_rune(c, (int)x, (int)y / 2, INK_MARK, '+');
}

static void draw_message(const struct model *m, struct canvas c)
{
    const char *text = m->busy ? (m->stage[0] ? m->stage : "computing the first picture")
                               : "no picture yet";
    int x = (c.area.w - canvas_text_width(text)) / 2;
    canvas_text(c, x > 0 ? x : 0, c.area.h / 2, INK_DIM, 0, text);
}

int pane_wipe_column(const struct model *m, int wide)
{
    int at = (int)(m->wipe_at * wide);
    return at < 0 ? 0 : at < wide ? at : wide - 1;
}

/* Where the picture lies in the inside of its pane. */
static struct rect placed(struct canvas inside, int wide, int high)
{
    return (struct rect){ (inside.area.w - wide) / 2, 0, wide, high / 2 };
}

void pane_picture(const struct model *m, struct canvas c)
{
    enum { BORDERS = 8 }; /* frame, blanks, the marks of the focus */
    struct scene s = { 0 };
    char line[256];

    bool heat = m->heat.on && !m->original;
    double rows, cols;
    if (heat)
        pane_heat_title(m, line, sizeof(line));
    else
        sides_title(m, c.area.w - BORDERS, line, sizeof(line));
    struct canvas inside = pane_frame(m, c, PANE_PICTURE, line);
    bool there = pane_picture_size(m, inside.area.w, inside.area.h, &s.wide, &s.high) &&
                 model_shape(m, &rows, &cols);
    struct canvas picture = canvas_inside(inside, placed(inside, s.wide, s.high));
    if (there)
        s.region = zoom_whole(zoom_region(&m->zoom, rows, cols, s.wide, s.high), rows, cols);
    if (there && (heat ? pane_heat_draw(m, s.region, s.wide, s.high, picture, inside)
                       : scene_render(m, &s))) {
        if (!heat)
            draw_pixels(&s, picture);
        draw_cross(m, &s, picture);
        canvas_zone(picture, (struct rect){ 0, 0, picture.area.w, picture.area.h }, ZONE_PICTURE,
                    0);
    } else {
        draw_message(m, inside);
    }
    scene_finish(&s);
}
