#include "theme.h"

#include <math.h>
#include <stdlib.h>

const char *const term_color_names[] = { "auto", "24bit", "256", "16", "8", "none", NULL };
const char *const scheme_names[] = { "dark", "light", "mono", NULL };

/* Okabe and Ito's colours where a meaning needs one, so that no two inks are told
 * apart by red against green alone. In mono, attributes carry what matters. */
/* clang-format off */
static const struct style styles[INK_COUNT][SCHEME_COUNT] = {
    /*                  dark                   light                  mono              */
    [INK_TEXT]     = { { -1, 0, -1 },         { -1, 0, -1 },         { -1, 0, -1 }            },
    [INK_DIM]      = { { 245, 0, -1 },        { 243, 0, -1 },        { -1, 0, -1 }            },
    [INK_FRAME]    = { { 240, 0, -1 },        { 248, 0, -1 },        { -1, 0, -1 }            },
    [INK_TITLE]    = { { 252, 0, -1 },        { 236, 0, -1 },        { -1, 0, -1 }            },
    [INK_KEY]      = { { 117, 0, 6 },         { 25, 0, 4 },          { -1, ATTR_BOLD, -1 }    },
    [INK_SELECTED] = { { -1, ATTR_REVERSE, -1 }, { -1, ATTR_REVERSE, -1 }, { -1, ATTR_REVERSE, -1 } },
    [INK_CURVE]    = { { 74, 0, 6 },          { 25, 0, 4 },          { -1, 0, -1 }            },
    [INK_BOUND]    = { { 175, 0, 5 },         { 133, 0, 5 },         { -1, 0, -1 }            },
    [INK_MARK]     = { { 214, ATTR_BOLD, 3 }, { 166, ATTR_BOLD, 1 }, { -1, ATTR_BOLD, -1 }    },
    [INK_BAR]      = { { 36, 0, 2 },          { 29, 0, 2 },          { -1, 0, -1 }            },
    [INK_GOOD]     = { { 36, 0, 2 },          { 29, 0, 2 },          { -1, 0, -1 }            },
    [INK_WARNING]  = { { 214, 0, 3 },         { 130, 0, 1 },         { -1, ATTR_BOLD, -1 }    },
    [INK_ERROR]    = { { 203, ATTR_BOLD, 1 }, { 160, ATTR_BOLD, 1 }, { -1, ATTR_BOLD | ATTR_REVERSE, -1 } },
};
/* clang-format on */

struct style theme_style(enum scheme scheme, enum ink ink)
{
    return styles[ink][scheme];
}

static int square(int a)
{
    return a * a;
}

static int distance(uint32_t rgb, int r, int g, int b)
{
    return square((int)(rgb >> 16 & 255) - r) + square((int)(rgb >> 8 & 255) - g) +
           square((int)(rgb & 255) - b);
}

/* The nearest of the six levels of the cube: 0, 95, 135, 175, 215, 255. */
static int cube_level(uint32_t value)
{
    return value < 48 ? 0 : value < 115 ? 1 : (int)(value - 35) / 40;
}

static int level_value(int level)
{
    return level == 0 ? 0 : 55 + 40 * level;
}

int theme_nearest_256(uint32_t rgb)
{
    int r = cube_level(rgb >> 16 & 255), g = cube_level(rgb >> 8 & 255), b = cube_level(rgb & 255);
    int mean = (int)((rgb >> 16 & 255) + (rgb >> 8 & 255) + (rgb & 255)) / 3;
    int step = mean < 8 ? 0 : mean > 238 ? 23 : (mean - 3) / 10; /* greys 8, 18, ..., 238 */
    int grey = 8 + 10 * step;

    if (distance(rgb, grey, grey, grey) <
        distance(rgb, level_value(r), level_value(g), level_value(b)))
        return 232 + step;
    return 16 + 36 * r + 6 * g + b;
}

/* xterm's own, as in its XTerm-col.ad. */
static const uint32_t basic[16] = { 0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                    0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                    0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff };

uint32_t theme_basic_rgb(int entry)
{
    return basic[entry & 15];
}

static int nearest_basic(int r, int g, int b, int colors)
{
    int best = 0, least = -1;
    for (int i = 0; i < colors; i++) {
        int d = distance(basic[i], r, g, b);
        if (least < 0 || d < least) {
            best = i;
            least = d;
        }
    }
    return best;
}

/* Ordered dither (Bayer 1973): a threshold by place, as wide as the palette is coarse. */
static int dither(uint32_t rgb, int x, int y, int colors)
{
    static const int bayer[4][4] = {
        { 0, 8, 2, 10 }, { 12, 4, 14, 6 }, { 3, 11, 1, 9 }, { 15, 7, 13, 5 }
    };
    int width = colors == 16 ? 110 : 200; /* between neighbours of a channel */
    int shift = (2 * bayer[y & 3][x & 3] - 15) * width / 32;
    return nearest_basic((int)(rgb >> 16 & 255) + shift, (int)(rgb >> 8 & 255) + shift,
                         (int)(rgb & 255) + shift, colors);
}

uint32_t theme_pixel(enum term_color mode, uint32_t rgb, int x, int y)
{
    if (mode == TERM_256)
        return (uint32_t)theme_nearest_256(rgb);
    if (mode == TERM_16 || mode == TERM_8)
        return (uint32_t)dither(rgb, x, y, mode == TERM_16 ? 16 : 8);
    return rgb;
}

/* BT.601 luma in 1/1000 of the 0..255 range. */
static uint32_t luma(uint32_t rgb)
{
    return 299 * (rgb >> 16 & 255) + 587 * (rgb >> 8 & 255) + 114 * (rgb & 255);
}

char theme_ramp(uint32_t top, uint32_t bottom, bool light_background)
{
    static const char ramp[] = " .:-=+*#%@"; /* rising ink */
    uint32_t step = (luma(top) + luma(bottom)) * 10 / (2 * 255000 + 1);
    return ramp[light_background ? 9 - step : step];
}

uint32_t theme_heat(double share)
{
    static const uint32_t stops[] = { 0x00224e, 0x1a386f, 0x434e6c, 0x61656f, 0x7d7c78,
                                      0x9b9476, 0xbcae6c, 0xdec958, 0xfee838 };
    enum { LAST = sizeof(stops) / sizeof(stops[0]) - 1 };
    if (isnan(share))
        return 0;
    double at = fmin(fmax(share, 0), 1) * LAST;
    int i = at < LAST ? (int)at : LAST - 1;
    uint32_t rgb = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
        double a = stops[i] >> shift & 255, b = stops[i + 1] >> shift & 255;
        rgb = rgb << 8 | (uint32_t)lround(a + (b - a) * (at - i));
    }
    return rgb;
}
