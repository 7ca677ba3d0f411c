/* Layers below each other, kinds of matrices beside each other: where a model is of low rank. */

#include "panes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "theme.h"

enum { LAYER_WIDTH = 5, WIDEST = 10, ROOMY = 6 };

struct scale {
    double low, high;
    int digits; /* of the widest number */
};

static void number(double v, bool whole, char *out, size_t size)
{
    if (isnan(v))
        snprintf(out, size, ".");
    else if (whole && v < 1e5)
        snprintf(out, size, "%.0f", v);
    else
        snprintf(out, size, "%.3g", v);
}

/* Of ranks their share of the shorter side as it is; of all else what is there, from least to largest. */
static struct scale scale_of(const struct model *m)
{
    const struct layer_map *map = &m->layers;
    struct scale s = { .digits = 1 };
    bool any = false, side = map_keys[map->key].side;
    for (int y = 0; y < map->layers; y++)
        for (size_t x = 0; x < map->columns; x++) {
            char text[32];
            double share, v = layer_map_value(m, y, x, &share);
            if (isnan(v))
                continue;
            number(v, side, text, sizeof(text));
            int width = canvas_text_width(text);
            s.digits = width > s.digits ? width : s.digits;
            s.low = any ? fmin(s.low, v) : v;
            s.high = any ? fmax(s.high, v) : v;
            any = true;
        }
    return s;
}

/* A swatch, and left of it the number where there is room. */
static void draw_cell(const struct model *m, struct canvas c, int layer, size_t column,
                      struct scale s, bool here)
{
    const struct layer_map *map = &m->layers;
    char text[32];
    double share, v = layer_map_value(m, layer, column, &share);
    bool side = map_keys[map->key].side;
    double level = side ? share : s.high > s.low ? (v - s.low) / (s.high - s.low) : 0.5;
    int swatch = c.area.w >= WIDEST - 1 ? 2 : 1, gap = c.area.w >= ROOMY ? 1 : 0;
    number(v, side, text, sizeof(text));
    int width = canvas_text_width(text), x = c.area.w - swatch - gap - width;
    if (s.digits + swatch + gap <= c.area.w)
        canvas_text(c, x, 0, here ? INK_SELECTED : INK_TEXT, 0, text);
    else
        swatch = c.area.w;
    for (int i = 1; i <= swatch && !isnan(level); i++)
        canvas_pixels(c, c.area.w - i, 0, theme_heat(level), theme_heat(level));
}

static void draw_row(const struct model *m, struct canvas c, int width, int layer, struct scale s)
{
    const struct layer_map *map = &m->layers;
    int at_layer;
    size_t at_column;
    bool inside = layer_map_at(m, &at_layer, &at_column) && at_layer == layer;
    canvas_printf(c, 0, 0, INK_DIM, 0, "%*d", LAYER_WIDTH - 2, map->first + layer);
    for (size_t x = 0; x < map->columns; x++) {
        struct rect r = { LAYER_WIDTH + (int)x * (width + 1), 0, width, 1 };
        size_t cell = (size_t)layer * map->columns + x;
        if (!map->cells[cell].n)
            continue;
        draw_cell(m, canvas_inside(c, r), layer, x, s, inside && at_column == x);
        if (inside && at_column == x)
            canvas_text(c, r.x - 1, 0, INK_KEY, ATTR_BOLD, ">");
        if (cell <= UINT16_MAX)
            canvas_zone(c, r, ZONE_LAYER, cell);
    }
}

static void draw_heads(const struct model *m, struct canvas c, int width)
{
    for (size_t x = 0; x < m->layers.columns; x++) {
        struct rect r = { LAYER_WIDTH + (int)x * (width + 1), 0, width, 1 };
        int room = width >= WIDEST - 1 ? width - 3 : width >= ROOMY ? width - 2 : width;
        canvas_printf(canvas_inside(c, r), 0, 0, INK_DIM, 0, "%*.*s", room, width,
                      module_names[m->layers.column[x]]);
    }
}

static void foot(const struct model *m, struct canvas whole, struct scale s)
{
    char text[96];
    if (map_keys[m->layers.key].side)
        snprintf(text, sizeof(text), " dark: 0, light: the shorter side ");
    else
        snprintf(text, sizeof(text), " dark %.3g to light %.3g ", s.low, s.high);
    if (canvas_text_width(text) <= whole.area.w - 4)
        canvas_text(whole, 2, whole.area.h - 1, INK_DIM, 0, text);
}

void pane_layer_map(const struct model *m, struct canvas c)
{
    const struct layer_map *map = &m->layers;
    int layer = 0;
    size_t column;
    char title[96];
    snprintf(title, sizeof(title), "layers: %s", map_keys[map->key].title);
    if (canvas_text_width(title) > c.area.w - 8)
        snprintf(title, sizeof(title), "layers: %s", map_keys[map->key].name);
    struct canvas inside = pane_browse_frame(m, c, BROWSE_FACTS, title);
    bool framed = inside.area.h < c.area.h;
    if (!map->layers) {
        pane_paragraph(inside, 1, 0, INK_DIM,
                       "No matrices here that say by their names which layer they are of, and what "
                       "for.");
        return;
    }
    int room = (inside.area.w - LAYER_WIDTH - 1) / (int)map->columns - 1;
    int width = room > WIDEST ? WIDEST : room < 1 ? 1 : room;
    struct scale s = scale_of(m);
    draw_heads(m, inside, width);
    layer_map_at(m, &layer, &column);
    int shown = inside.area.h - 1, first = layer > shown / 2 ? layer - shown / 2 : 0;
    if (first + shown > map->layers)
        first = map->layers > shown ? map->layers - shown : 0;
    for (int i = 0; i < shown && first + i < map->layers; i++)
        draw_row(m, canvas_inside(inside, (struct rect){ 0, 1 + i, inside.area.w, 1 }), width,
                 first + i, s);
    if (framed)
        foot(m, c, s);
}
