#pragma once

#include "preview.h"

/* Which part of a matrix a picture shows, and how large. Pure arithmetic. */

struct zoom {
    double scale;    /* pixels of the screen along one entry; 0: the whole fits */
    double row, col; /* the place in the middle, in entries; means nothing while the whole fits */
};

enum { ZOOM_MOST = 32 }; /* pixels along one entry */

/* The picture of rows x cols entries in a pane of so many cells (1 x 2 pixels each), in
 * pixels: the whole with its aspect kept, or as much as there is room for. At least 1 x 2. */
void zoom_picture(const struct zoom *z, double rows, double cols, int cells_wide, int cells_high,
                  int *wide, int *high);

/* What a picture of that size shows; {0}: the whole. Lies inside the matrix and begins at a
 * pixel's border, so that at 1:1 a pixel is an entry. */
struct region zoom_region(const struct zoom *z, double rows, double cols, int wide, int high);

/* A region that is not {0}. */
struct region zoom_whole(struct region r, double rows, double cols);

/* The scale times `by`, about the middle; fit: the scale at which the whole fits. Below it the
 * whole is shown. */
void zoom_by(struct zoom *z, double by, double fit, double rows, double cols);
void zoom_to(struct zoom *z, double scale, double rows, double cols);

/* Moves the middle by a share of what is shown; stops at the borders. */
void zoom_move(struct zoom *z, struct region shown, double down, double right, double rows,
               double cols);
