#include "zoom.h"

#include <math.h>

static int within(double v, int most)
{
    return (int)fmin(fmax(1, round(v)), most);
}

void zoom_picture(const struct zoom *z, double rows, double cols, int cells_wide, int cells_high,
                  int *wide, int *high)
{
    double scale = z->scale > 0 ? z->scale : fmin(cells_wide / cols, 2 * cells_high / rows);
    *wide = within(cols * scale, cells_wide);
    *high = 2 * within(rows * scale / 2, cells_high);
}

/* Where a stretch of `length` begins, of `all` entries, around `middle`. */
static double start_of(double middle, double length, double all, double scale)
{
    double at = middle - length / 2, last = all - length;
    if (at > last - 1e-9 * all)
        return last; /* the border is a pixel's, too */
    return fmax(0, fmin(floor(at * scale + 0.5) / scale, last));
}

struct region zoom_region(const struct zoom *z, double rows, double cols, int wide, int high)
{
    struct region r = { 0 };
    if (!(z->scale > 0))
        return r;
    r.rows = fmin(rows, high / z->scale);
    r.cols = fmin(cols, wide / z->scale);
    r.row = start_of(z->row, r.rows, rows, z->scale);
    r.col = start_of(z->col, r.cols, cols, z->scale);
    return r;
}

struct region zoom_whole(struct region r, double rows, double cols)
{
    return r.rows > 0 ? r : (struct region){ .rows = rows, .cols = cols };
}

void zoom_to(struct zoom *z, double scale, double rows, double cols)
{
    if (!(z->scale > 0)) {
        z->row = rows / 2;
        z->col = cols / 2;
    }
    z->scale = fmin(scale, ZOOM_MOST);
}

void zoom_by(struct zoom *z, double by, double fit, double rows, double cols)
{
    double scale = (z->scale > 0 ? z->scale : fit) * by;
    if (by < 1 && scale < fit * (1 + 1e-9)) /* fit is rounded to whole pixels */
        *z = (struct zoom){ 0 };
    else
        zoom_to(z, fmax(scale, fmin(fit, ZOOM_MOST)), rows, cols);
}

static double moved(double start, double length, double by, double all)
{
    double at = fmax(0, fmin(start + by * length, all - length));
    return at + length / 2;
}

void zoom_move(struct zoom *z, struct region shown, double down, double right, double rows,
               double cols)
{
    struct region r = zoom_whole(shown, rows, cols);
    z->row = moved(r.row, r.rows, down, rows);
    z->col = moved(r.col, r.cols, right, cols);
}
