#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A grid of character cells. Views draw here and nowhere else, so that a test
 * reads a screen without a terminal, and `eigenscope frame` prints one. Drawing
 * outside the area is clipped. UI thread only. */

enum ink {
    INK_TEXT,
    INK_DIM,
    INK_FRAME,
    INK_TITLE,
    INK_KEY,
    INK_SELECTED,
    INK_CURVE,
    INK_BOUND,
    INK_MARK,
    INK_BAR,
    INK_GOOD,
    INK_WARNING,
    INK_ERROR,
    INK_COUNT
};

enum attribute { ATTR_BOLD = 1, ATTR_REVERSE = 2 };

/* What the pointer finds in a cell; drawing over it keeps it, clearing takes it away. */
enum zone {
    ZONE_NONE,
    ZONE_TAB,    /* index: the view */
    ZONE_PANE,   /* enum pane_id */
    ZONE_FIELD,  /* a row of the method's table */
    ZONE_BAR,    /* of that row: its least to its greatest value, left to right */
    ZONE_CHOICE, /* ZONE_CHOICES times the row, and which of its words */
    ZONE_RANK,   /* inside a plot's axes, whose x are ranks */
    ZONE_LINE,   /* a line of the list on top */
    ZONE_ACTION, /* action_number() */
    ZONE_OVERLAY,
    ZONE_PICTURE,      /* the pixels in the picture pane */
    ZONE_RUN,          /* a row of the compare view */
    ZONE_TENSOR,       /* a row of the weights view's tree: the low 16 bits of its number */
    ZONE_BROWSE,       /* enum browse_pane */
    ZONE_GROUP,        /* a row of the groups view */
    ZONE_LAYER,        /* a cell of the weights view's map of layers */
    ZONE_GROUP_RANK,   /* from rank 1 to the chosen group's largest */
    ZONE_THEATRE,      /* a row of the privacy view's form */
    ZONE_THEATRE_BAR,  /* of that row: its least to its greatest value */
    ZONE_THEATRE_PANE, /* enum theatre_focus */
    ZONE_THEATRE_TIME  /* from t = 0 to the end */
};
enum { ZONE_CHOICES = 256 };

/* A character in an ink; or, when `picture` is set, two pixels one above the
 * other in true colour (0xRRGGBB). */
struct cell {
    uint32_t rune;
    uint8_t ink, attributes;
    bool picture;
    uint8_t zone; /* enum zone, and its index */
    uint16_t zone_index;
    uint32_t top, bottom;
};

struct rect {
    int x, y, w, h;
};

/* Where a view may draw. Passed by value; never owns. */
struct canvas {
    struct rect area; /* in cells of the grid */
    struct cell *cells;
    int stride;   /* of the grid */
    int height;   /* of the grid */
    bool unicode; /* false: draw ASCII only (frames, bars, plots) */
};

/* Owns the cells of a whole screen. */
struct grid {
    int width, height;
    struct cell *cells;
};
bool grid_init(struct grid *g, int width, int height); /* false: no memory; blank cells */
void grid_finish(struct grid *g);
struct canvas grid_canvas(struct grid *g, bool unicode); /* blanks the grid */

struct canvas canvas_inside(struct canvas c, struct rect r); /* r relative to c's area; clipped */

/* Returns the number of cells the text took. Control bytes print as '?'; wide
 * runes as '?'. */
int canvas_text(struct canvas c, int x, int y, enum ink ink, int attributes, const char *utf8);
/* One that may be longer than the canvas is wide: then the last cell says that there is more. */
int canvas_sentence(struct canvas c, int x, int y, enum ink ink, int attributes, const char *utf8);
int canvas_printf(struct canvas c, int x, int y, enum ink ink, int attributes, const char *format,
                  ...) __attribute__((format(printf, 6, 7)));
void canvas_rune(struct canvas c, int x, int y, enum ink ink, uint32_t rune);
uint32_t canvas_rune_at(struct canvas c, int x, int y); /* 0 outside and in picture cells */
void canvas_pixels(struct canvas c, int x, int y, uint32_t top,
                   uint32_t bottom); /* a picture cell */
void canvas_clear(struct canvas c);
void canvas_zone(struct canvas c, struct rect r, enum zone zone, size_t index); /* r as above */

/* A frame with a title, >title< and bold when focused; returns its inside. */
struct canvas canvas_frame(struct canvas c, const char *title, bool focused);

int canvas_text_width(const char *utf8); /* cells */
