#pragma once

#include "canvas.h"

#include <stddef.h>

/* Curves with honest axes, in cells: braille dots (2 x 4 a cell), or in ASCII two
 * levels a row, `.` low, `'` high, `:` both. A tick stands on the very cell in
 * which its value would be drawn. Pure functions; nothing is kept. */

struct axis {
    double lo, hi; /* lo < hi; both positive when log */
    bool log;
    bool percent; /* values are percents: labels say so */
    bool whole;   /* values are counts: no tick between two of them */
};

enum { PLOT_TICKS = 24, PLOT_LABEL = 16, PLOT_LABEL_WIDTH = 5 };

struct tick {
    double value;
    int at; /* cell, counted from lo's end */
    char label[PLOT_LABEL];
};

/* The smallest axis with round ends that holds the n values (NANs are skipped); on
 * a log axis the positive ones, and no more than `decades` decades below the
 * largest: *floor says that some value lies lower, zero or negative and belongs on
 * the floor row. A linear axis starts at 0 unless a value is negative. */
struct axis plot_axis(const double *values, size_t n, bool log, double decades, bool *floor);

/* Where a value lies between lo (0) and hi (1); not clamped. -INFINITY: below a log axis. */
double plot_fraction(struct axis a, double value);

/* Multiples of 1, 2 or 5 times a power of ten; log: decades, and 2 and 5 where fewer
 * than three decades show. As many as fit in `cells` with `dots` dots each:
 * two free rows between labels when upright, two blanks when lying. If none fit, the ends. */
size_t plot_ticks(struct axis a, int cells, int dots, bool lying, struct tick out[PLOT_TICKS]);

/* "1e5", "12.8K", "0.1%": what a tick of this axis says. */
void plot_label(struct axis a, double value, char out[PLOT_LABEL]);

struct plot {
    struct canvas data; /* inside the axes */
    struct axis x, y;
    bool floor; /* the last row holds what lies below a log axis */
};

/* Draws the axes into c. Too small for axes: the data take it all. */
struct plot plot_begin(struct canvas c, struct axis x, struct axis y, bool floor);

void plot_vertical(const struct plot *p, double x, enum ink ink);

/* Samples y[i] at x[i], or at 1, 2, ... when x is NULL; joined, so that every
 * column of dots shows the least to the greatest of its samples. A NAN breaks the line. */
void plot_curve(const struct plot *p, const double *x, const double *y, size_t n, enum ink ink);

/* The same with gaps: what is not proved. */
void plot_dashed(const struct plot *p, const double *x, const double *y, size_t n, enum ink ink);

/* A small letter at a point; '^' on the first row where the value is above the axis,
 * '*' where another letter stands already. */
void plot_point(const struct plot *p, double x, double y, enum ink ink, char mark);

/* The same over whatever stands there. */
void plot_mark(const struct plot *p, double x, double y, enum ink ink, char mark);

/* Where x are ranks: tells the pointer so. */
void plot_ranks(const struct plot *p);

/* The inverse of plot_fraction. */
double plot_value(struct axis a, double fraction);

/* The cell of the data that x falls into. */
int plot_column(const struct plot *p, double x);
