/* A grid of cells and windows onto it. Everything that draws goes through put(),
 * which clips twice: to the window, and to the grid. */

#include "canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

enum { GRID_MAX = 4096, LINE_MAX = 1024 };

/* Runes that do not take exactly one cell, or that reorder their neighbours: a
 * name from a hostile file must not shift the screen. Sorted. */
static const struct {
    uint32_t first, last;
} not_one_cell[] = {
    { 0x0000, 0x001f },   { 0x007f, 0x009f },   { 0x00ad, 0x00ad },    { 0x0300, 0x036f },
    { 0x0483, 0x0489 },   { 0x0591, 0x05bd },   { 0x0600, 0x0605 },    { 0x0610, 0x061c },
    { 0x064b, 0x065f },   { 0x1100, 0x115f },   { 0x1ab0, 0x1aff },    { 0x1dc0, 0x1dff },
    { 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },    { 0x20d0, 0x20ff },
    { 0x231a, 0x231b },   { 0x2e80, 0x303e },   { 0x3040, 0xa4cf },    { 0xa960, 0xa97f },
    { 0xac00, 0xd7a3 },   { 0xd800, 0xdfff },   { 0xe000, 0xf8ff },    { 0xf900, 0xfaff },
    { 0xfe00, 0xfe6f },   { 0xfeff, 0xff60 },   { 0xffe0, 0xffff },    { 0x16fe0, 0x1b2ff },
    { 0x1f000, 0x1faff }, { 0x20000, 0x3ffff }, { 0xe0000, 0x10ffff },
};

static bool one_cell(uint32_t rune)
{
    for (size_t i = 0; i < sizeof(not_one_cell) / sizeof(not_one_cell[0]); i++)
        if (rune >= not_one_cell[i].first && rune <= not_one_cell[i].last)
            return false;
    return rune <= 0x10ffff;
}

/* Reads one rune and moves on; a byte that starts no valid sequence is '?', alone. */
static uint32_t next_rune(const char **text)
{
    const unsigned char *s = (const unsigned char *)*text;
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 }; /* shorter is overlong */
    int more = s[0] < 0x80 ? 0 : s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : s[0] >= 0xc2 ? 1 : -1;
    uint32_t rune = more <= 0 ? s[0] : s[0] & (0x3fu >> more);
    *text += 1;
    if (more < 0 || s[0] > 0xf4)
        return '?';
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return '?';
        rune = rune << 6 | (s[i] & 0x3fu);
    }
    if (rune < least[more])
        return '?';
    *text += more;
    return one_cell(rune) ? rune : '?';
}

bool grid_init(struct grid *g, int width, int height)
{
    struct error err = { 0 };
    struct cell *cells;

    width = width < 0 ? 0 : width;
    height = height < 0 ? 0 : height;
    if (width > GRID_MAX || height > GRID_MAX)
        return false;
    cells = memory_alloc((size_t)width * (size_t)height * sizeof(*cells), &err);
    if (!cells)
        return false;
    *g = (struct grid){ .width = width, .height = height, .cells = cells };
    canvas_clear(grid_canvas(g, false));
    return true;
}

void grid_finish(struct grid *g)
{
    memory_free(g->cells);
    *g = (struct grid){ 0 };
}

struct canvas grid_canvas(struct grid *g, bool unicode)
{
    struct canvas c = {
        .area = { 0, 0, g->width, g->height },
        .cells = g->cells,
        .stride = g->width,
        .height = g->height,
        .unicode = unicode,
    };
    canvas_clear(c);
    return c;
}

/* The part of [first, first + n) that lies in [0, limit). */
static void clip(int *first, int *n, int limit)
{
    long end = (long)*first + (*n > 0 ? *n : 0);
    *first = *first < 0 ? 0 : *first > limit ? limit : *first;
    end = end > limit ? limit : end;
    *n = end > *first ? (int)(end - *first) : 0;
}

struct canvas canvas_inside(struct canvas c, struct rect r)
{
    clip(&r.x, &r.w, c.area.w);
    clip(&r.y, &r.h, c.area.h);
    c.area = (struct rect){ c.area.x + r.x, c.area.y + r.y, r.w, r.h };
    return c;
}

/* The cell at (x, y) of the window, or NULL: the only way to a cell. */
static struct cell *cell_at(struct canvas c, int x, int y)
{
    if (x < 0 || y < 0 || x >= c.area.w || y >= c.area.h)
        return NULL;
    x += c.area.x;
    y += c.area.y;
    if (x < 0 || y < 0 || x >= c.stride || y >= c.height)
        return NULL;
    return c.cells + (size_t)y * (size_t)c.stride + (size_t)x;
}

static void put(struct canvas c, int x, int y, enum ink ink, int attributes, uint32_t rune)
{
    struct cell *cell = cell_at(c, x, y);
    if (!c.unicode && rune > 0x7e)
        rune = '?';
    if (cell)
        *cell = (struct cell){ .rune = rune,
                               .ink = (uint8_t)ink,
                               .attributes = (uint8_t)attributes,
                               .zone = cell->zone,
                               .zone_index = cell->zone_index };
}

uint32_t canvas_rune_at(struct canvas c, int x, int y)
{
    const struct cell *cell = cell_at(c, x, y);
    return cell && !cell->picture ? cell->rune : 0;
}

void canvas_rune(struct canvas c, int x, int y, enum ink ink, uint32_t rune)
{
    put(c, x, y, ink, 0, one_cell(rune) ? rune : '?');
}

void canvas_pixels(struct canvas c, int x, int y, uint32_t top, uint32_t bottom)
{
    struct cell *cell = cell_at(c, x, y);
    if (cell)
        *cell = (struct cell){ .rune = ' ',
                               .picture = true,
                               .zone = cell->zone,
                               .zone_index = cell->zone_index,
                               .top = top,
                               .bottom = bottom };
}

void canvas_zone(struct canvas c, struct rect r, enum zone zone, size_t index)
{
    c = canvas_inside(c, r);
    for (int y = 0; y < c.area.h; y++)
        for (int x = 0; x < c.area.w; x++) {
            struct cell *cell = cell_at(c, x, y);
            if (!cell)
                continue;
            cell->zone = (uint8_t)zone;
            cell->zone_index = (uint16_t)index;
        }
}

void canvas_clear(struct canvas c)
{
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, c.area.h }, ZONE_NONE, 0);
    for (int y = 0; y < c.area.h; y++)
        for (int x = 0; x < c.area.w; x++)
            put(c, x, y, INK_TEXT, 0, ' ');
}

int canvas_text(struct canvas c, int x, int y, enum ink ink, int attributes, const char *utf8)
{
    int taken = 0;
    while (*utf8)
        put(c, x + taken++, y, ink, attributes, next_rune(&utf8));
    return taken;
}

int canvas_sentence(struct canvas c, int x, int y, enum ink ink, int attributes, const char *utf8)
{
    int taken = canvas_text(c, x, y, ink, attributes, utf8);
    if (x + taken > c.area.w && c.area.w > 0)
        canvas_rune(c, c.area.w - 1, y, ink, c.unicode ? 0x2026 : '~');
    return taken;
}

int canvas_printf(struct canvas c, int x, int y, enum ink ink, int attributes, const char *format,
                  ...)
{
    char line[LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    return canvas_text(c, x, y, ink, attributes, line);
}

int canvas_text_width(const char *utf8)
{
    int n = 0;
    for (; *utf8; n++)
        next_rune(&utf8);
    return n;
}

/* horizontal, vertical, then the corners: top left, top right, bottom left, bottom right */
static const uint32_t frame_runes[2][6] = {
    { '-', '|', '+', '+', '+', '+' },
    { 0x2500, 0x2502, 0x250c, 0x2510, 0x2514, 0x2518 },
};

static void frame_lines(struct canvas c)
{
    const uint32_t *rune = frame_runes[c.unicode];
    int right = c.area.w - 1, bottom = c.area.h - 1;
    for (int x = 0; x <= right; x++) {
        canvas_rune(c, x, 0, INK_FRAME, rune[0]);
        canvas_rune(c, x, bottom, INK_FRAME, rune[0]);
    }
    for (int y = 0; y <= bottom; y++) {
        canvas_rune(c, 0, y, INK_FRAME, rune[1]);
        canvas_rune(c, right, y, INK_FRAME, rune[1]);
    }
    canvas_rune(c, 0, 0, INK_FRAME, rune[2]);
    canvas_rune(c, right, 0, INK_FRAME, rune[3]);
    canvas_rune(c, 0, bottom, INK_FRAME, rune[4]);
    canvas_rune(c, right, bottom, INK_FRAME, rune[5]);
}

struct canvas canvas_frame(struct canvas c, const char *title, bool focused)
{
    struct canvas heading = canvas_inside(c, (struct rect){ 2, 0, c.area.w - 4, 1 });
    int attributes = focused ? ATTR_BOLD : 0, x = 1;

    frame_lines(c);
    if (*title && heading.area.w >= 5) {
        int room = heading.area.w - 2 - (focused ? 2 : 0); /* a blank on both sides, the marks */
        struct canvas words;
        int width = canvas_text_width(title);
        width = width > room ? room : width;
        canvas_text(heading, 0, 0, INK_FRAME, 0, " ");
        if (focused)
            canvas_text(heading, x++, 0, INK_KEY, attributes, ">");
        words = canvas_inside(heading, (struct rect){ x, 0, width, 1 });
        canvas_text(words, 0, 0, INK_TITLE, attributes, title);
        x += width;
        if (focused)
            canvas_text(heading, x++, 0, INK_KEY, attributes, "<");
        canvas_text(heading, x, 0, INK_FRAME, 0, " ");
    }
    return canvas_inside(c, (struct rect){ 1, 1, c.area.w - 2, c.area.h - 2 });
}
