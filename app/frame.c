#include "frame.h"

#include <string.h>

static void put_rune(uint32_t rune, FILE *out)
{
    char bytes[4];
    size_t n = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = n; i-- > 1; rune >>= 6)
        bytes[i] = (char)(0x80 | (rune & 0x3f));
    bytes[0] = (char)(lead[n] | rune);
    fwrite(bytes, 1, n, out);
}

/* Everything that a cell's look depends on, as one SGR sequence from scratch: a
 * frame is read back cell by cell, so that no state outlives its line. */
struct look {
    char text[64];
};

static struct look text_look(const struct cell *cell, enum term_color color, enum scheme scheme)
{
    struct style s = theme_style(scheme, (enum ink)cell->ink);
    int attributes = s.attributes | cell->attributes;
    bool few = color == TERM_16 || color == TERM_8;
    char ink[24] = "";
    struct look l;
    if (few && s.basic >= 0)
        snprintf(ink, sizeof(ink), ";%d", 30 + s.basic);
    else if (!few && s.index >= 0)
        snprintf(ink, sizeof(ink), ";38;5;%d", s.index);
    snprintf(l.text, sizeof(l.text), "\033[0%s%s%sm", attributes & ATTR_BOLD ? ";1" : "",
             attributes & ATTR_REVERSE ? ";7" : "", ink);
    return l;
}

static uint32_t average(uint32_t a, uint32_t b)
{
    return (a & b) + (((a ^ b) & 0xfefefe) >> 1);
}

static struct look picture_look(const struct cell *cell, enum term_color color, bool unicode, int x,
                                int y)
{
    uint32_t top = unicode ? cell->top : average(cell->top, cell->bottom);
    uint32_t bottom = unicode ? cell->bottom : top;
    struct look l;
    top = theme_pixel(color, top, x, 2 * y);
    bottom = unicode ? theme_pixel(color, bottom, x, 2 * y + 1) : top;
    if (color == TERM_16 || color == TERM_8)
        snprintf(l.text, sizeof(l.text), "\033[0;%u;%um", top + (top < 8 ? 30 : 82),
                 bottom + (bottom < 8 ? 40 : 92));
    else if (color == TERM_256)
        snprintf(l.text, sizeof(l.text), "\033[0;38;5;%u;48;5;%um", top, bottom);
    else
        snprintf(l.text, sizeof(l.text), "\033[0;38;2;%u;%u;%u;48;2;%u;%u;%um", top >> 16 & 255,
                 top >> 8 & 255, top & 255, bottom >> 16 & 255, bottom >> 8 & 255, bottom & 255);
    return l;
}

static void print_plain(const struct cell *row, int width, bool light, bool unicode, FILE *out)
{
    while (width > 0 && !row[width - 1].picture && row[width - 1].rune == ' ')
        width--;
    for (int x = 0; x < width; x++) {
        const struct cell *cell = &row[x];
        uint32_t rune = cell->picture ? (uint32_t)theme_ramp(cell->top, cell->bottom, light)
                                      : cell->rune;
        put_rune(rune > 0x7e && !unicode ? '?' : rune, out);
    }
}

static void print_colored(const struct grid *g, int y, enum term_color color, enum scheme scheme,
                          bool unicode, FILE *out)
{
    const struct cell *row = g->cells + (size_t)y * (size_t)g->width;
    struct look before = { "" };
    for (int x = 0; x < g->width; x++) {
        const struct cell *cell = &row[x];
        struct look l = cell->picture ? picture_look(cell, color, unicode, x, y)
                                      : text_look(cell, color, scheme);
        uint32_t rune = cell->picture ? (unicode ? 0x2580 : ' ') : cell->rune;
        if (strcmp(l.text, before.text) != 0)
            fputs(l.text, out);
        put_rune(rune > 0x7e && !unicode ? '?' : rune, out);
        before = l;
    }
    fputs("\033[0m", out);
}

void frame_print(const struct grid *g, enum term_color color, enum scheme scheme, bool unicode,
                 FILE *out)
{
    for (int y = 0; y < g->height; y++) {
        const struct cell *row = g->cells + (size_t)y * (size_t)g->width;
        if (color != TERM_AUTO && color != TERM_MONO)
            print_colored(g, y, color, scheme, unicode, out);
        else
            print_plain(row, g->width, scheme == SCHEME_LIGHT, unicode, out);
        putc('\n', out);
    }
}
