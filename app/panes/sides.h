#pragma once

#include "model.h"

/* What the picture pane compares: an approximation, a slot, the original; in words,
 * as pixels, and at one place. Pure functions of the model. */

struct side {
    char letter;                 /* 'A', 'B'; 0: what is shown now, or the original */
    const struct method *method; /* NULL: the original */
    const struct shown *shown;   /* NULL: the original, or not computed yet */
    const struct numbers *numbers;
    bool late; /* the picture is not yet what it says */
};

enum look { LOOK_ONE, LOOK_WIPE, LOOK_DIFFERENCE };

/* What is looked at, and its sides: left and right, or minuend and subtrahend; of
 * LOOK_ONE only the first means anything. */
enum look sides_of(const struct model *m, struct side out[2]);

/* A difference is shown times this, about mid-grey. */
enum { DIFFERENCE_GAIN = 8 };

/* Planes at the resolution of what was computed: 3 as red, green, blue, or 1 as grey. */
struct layer {
    struct matrix planes[3];
    size_t n;
    struct region region; /* never {0} */
};
bool side_render(const struct model *m, const struct side *s, struct layer *out);
void layer_finish(struct layer *l); /* {0} is fine */
/* The value at a place of the matrix, in entries; NAN where it was not computed. */
double layer_at(const struct layer *l, size_t plane, double row, double col);

/* A heading of at most `width` cells, shorter and shorter. */
void sides_title(const struct model *m, int width, char *out, size_t size);

/* "A lplr 0.31 0.40 0.52" at a place, in the matrix's own units. */
void side_values(const struct model *m, const struct side *s, double row, double col, char *out,
                 size_t size);
