#include "theme.h"

#include <stdlib.h>

const char *const scheme_names[] = { "dark", "light", "mono", NULL };

/* Okabe and Ito's colours where a meaning needs one, so that no two inks are told
 * apart by red against green alone. In mono, attributes carry what matters. */
/* clang-format off */
static const struct style styles[INK_COUNT][SCHEME_COUNT] = {
    /*                  dark                light               mono              */
    [INK_TEXT]     = { { -1, 0 },          { -1, 0 },          { -1, 0 }            },
    [INK_DIM]      = { { 245, 0 },         { 243, 0 },         { -1, 0 }            },
    [INK_FRAME]    = { { 240, 0 },         { 248, 0 },         { -1, 0 }            },
    [INK_TITLE]    = { { 252, 0 },         { 236, 0 },         { -1, 0 }            },
    [INK_KEY]      = { { 117, 0 },         { 25, 0 },          { -1, ATTR_BOLD }    },
    [INK_SELECTED] = { { -1, ATTR_REVERSE }, { -1, ATTR_REVERSE }, { -1, ATTR_REVERSE } },
    [INK_CURVE]    = { { 74, 0 },          { 25, 0 },          { -1, 0 }            },
    [INK_BOUND]    = { { 175, 0 },         { 133, 0 },         { -1, 0 }            },
    [INK_MARK]     = { { 214, ATTR_BOLD }, { 166, ATTR_BOLD }, { -1, ATTR_BOLD }    },
    [INK_BAR]      = { { 36, 0 },          { 29, 0 },          { -1, 0 }            },
    [INK_GOOD]     = { { 36, 0 },          { 29, 0 },          { -1, 0 }            },
    [INK_WARNING]  = { { 214, 0 },         { 130, 0 },         { -1, ATTR_BOLD }    },
    [INK_ERROR]    = { { 203, ATTR_BOLD }, { 160, ATTR_BOLD }, { -1, ATTR_BOLD | ATTR_REVERSE } },
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
