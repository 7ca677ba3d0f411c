/* Dots are counted from the top left of the data, 2 x 4 to a braille cell and
 * 1 x 2 to an ASCII one. A cell's own rune says which of its dots are set, so that
 * curves may cross without a second buffer. */

#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEFT = PLOT_LABEL_WIDTH + 1, BELOW = 2, STEPS = 8 };

/* 1, 2 or 5 times a power of ten: the greatest not above v, or the least not below. */
static double round_125(double v, bool up)
{
    static const double digits[] = { 1, 2, 5, 10 };
    const double slack = 1 + 1e-9; /* 999.9999999 is 1000 */
    double power = pow(10, floor(log10(v * slack)));
    double best = power;
    for (size_t i = 0; i < 4; i++) {
        if (up && digits[i] * power * slack >= v)
            return digits[i] * power;
        if (!up && digits[i] * power <= v * slack)
            best = digits[i] * power;
    }
    return up ? 10 * power : best;
}

static struct axis linear_axis(double lo, double hi)
{
    struct axis a = { .lo = 0, .hi = 1 };
    double step = round_125(fmax(fabs(lo), fabs(hi)) / 5, true);
    if (isfinite(step) && step > 0) {
        a.lo = lo < 0 ? floor(lo / step) * step : 0;
        a.hi = hi > 0 ? ceil(hi / step * (1 - 1e-9)) * step : 0;
    }
    if (!(a.lo < a.hi))
        a.hi = a.lo + 1;
    return a;
}

struct axis plot_axis(const double *values, size_t n, bool log, double decades, bool *floor)
{
    double least = (double)INFINITY, most = -least;
    struct axis a = { .lo = 0.1, .hi = 1, .log = true };

    *floor = false;
    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            most = fmax(most, values[i]);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            continue;
        if (log && !(values[i] > 0 && values[i] >= most * pow(10, -decades)))
            *floor = true;
        else
            least = fmin(least, values[i]);
    }
    if (!log)
        return linear_axis(isfinite(least) ? least : 0, isfinite(most) ? most : 0);
    if (isfinite(least)) {
        a.lo = round_125(least, false);
        a.hi = round_125(most, true);
        if (!(a.lo < a.hi))
            a.hi = 10 * a.lo;
    }
    return a;
}

double plot_fraction(struct axis a, double value)
{
    if (isnan(value))
        return value;
    if (!a.log)
        return (value - a.lo) / (a.hi - a.lo);
    if (!(value > 0))
        return -(double)INFINITY;
    return log(value / a.lo) / log(a.hi / a.lo);
}

/* "1e+05" -> "1e5", "2e-07" -> "2e-7" */
static void short_exponent(char *text)
{
    char *from = strchr(text, 'e'), *to;
    if (!from)
        return;
    to = ++from;
    if (*from == '-')
        to++;
    if (*from == '-' || *from == '+')
        from++;
    while (*from == '0' && from[1])
        from++;
    memmove(to, from, strlen(from) + 1);
}

/* One style for all labels of an axis, so that its width does not jump. */
void plot_label(struct axis a, double value, char out[PLOT_LABEL])
{
    static const struct {
        double from, unit;
        const char *suffix;
    } si[] = { { 1e12, 1e12, "T" }, { 1e9, 1e9, "G" }, { 1e6, 1e6, "M" }, { 1e4, 1e3, "K" } };
    const char *percent = a.percent ? "%" : "";
    bool powers = a.log && !a.whole && (a.percent ? value < 0.01 : a.lo < 0.001 || a.hi > 9999);

    value = value == 0 ? 0 : value; /* no -0 */
    snprintf(out, PLOT_LABEL, powers ? "%.0e%s" : "%.4g%s", value, percent);
    short_exponent(out);
    for (size_t i = 0; i < 4 && !powers && fabs(value) < 1e15; i++)
        if (fabs(value) >= si[i].from) {
            snprintf(out, PLOT_LABEL, "%.3g%s%s", value / si[i].unit, si[i].suffix, percent);
            return;
        }
}

/* The dot, counted from lo's end, of a fraction in 0..1. */
static int dot_of(double fraction, int n)
{
    double f = fmin(fmax(fraction, 0), 1);
    return n > 1 ? (int)lround(f * (n - 1)) : 0;
}

static bool add_tick(struct axis a, double value, int cells, int dots, struct tick *out, size_t *n)
{
    if (*n == PLOT_TICKS)
        return false;
    out[*n].value = value;
    out[*n].at = dot_of(plot_fraction(a, value), cells * dots) / dots;
    plot_label(a, value, out[*n].label);
    ++*n;
    return true;
}

static int width_of(const struct tick *t)
{
    return (int)strlen(t->label);
}

static bool apart(const struct tick *a, const struct tick *b, bool lying)
{
    return b->at - a->at >= (lying ? (width_of(a) + width_of(b) + 1) / 2 + 2 : 3);
}

/* Enough room between all labels, and none that its column cannot hold. */
static bool ticks_fit(const struct tick *t, size_t n, bool lying)
{
    for (size_t i = 0; i < n; i++) {
        if (!lying && width_of(&t[i]) > PLOT_LABEL_WIDTH)
            return false;
        if (i > 0 && !apart(&t[i - 1], &t[i], lying))
            return false;
    }
    return true;
}

/* Every multiple of step, and lo itself if there is room before the first. */
static bool linear_ticks(struct axis a, double step, int cells, int dots, bool lying,
                         struct tick *out, size_t *n)
{
    double first = ceil(a.lo / step - 1e-9), last = floor(a.hi / step + 1e-9);
    size_t start = 0;

    *n = 0;
    if (!(last - first < PLOT_TICKS - 1))
        return false;
    if (first * step > a.lo + 1e-9 * step)
        start = add_tick(a, a.lo, cells, dots, out, n);
    for (int i = 0; i <= (int)(last - first); i++)
        if (!add_tick(a, (first + i) * step, cells, dots, out, n))
            return false;
    if (start && *n > 1 && !apart(&out[0], &out[1], lying)) {
        if (lying) /* ranks begin at 1: keep it rather than the first multiple */
            memmove(&out[1], &out[2], (*n - 2) * sizeof(*out));
        else
            memmove(&out[0], &out[1], (*n - 1) * sizeof(*out));
        --*n;
    }
    return *n >= 2 && ticks_fit(out, *n, lying);
}

/* Every stride-th decade; stride 0: 1, 2 and 5 of every decade. */
static bool log_ticks(struct axis a, int stride, int cells, int dots, bool lying, struct tick *out,
                      size_t *n)
{
    static const double digits[] = { 1, 2, 5 };
    int first = (int)floor(log10(a.lo) - 1e-9), last = (int)ceil(log10(a.hi) + 1e-9);

    *n = 0;
    if (stride == 0 && log10(a.hi / a.lo) >= 3 - 1e-9)
        return false;
    for (int e = first; e <= last; e++) {
        if (stride > 1 && e % stride != 0)
            continue;
        for (int i = 0; i < (stride == 0 ? 3 : 1); i++) {
            double value = digits[i] * pow(10, e);
            if (value < a.lo * (1 - 1e-9) || value > a.hi * (1 + 1e-9))
                continue;
            if (!add_tick(a, value, cells, dots, out, n))
                return false;
        }
    }
    return *n >= 2 && ticks_fit(out, *n, lying);
}

size_t plot_ticks(struct axis a, int cells, int dots, bool lying, struct tick out[PLOT_TICKS])
{
    static const int strides[] = { 0, 1, 2, 3, 5, 10, 20, 50, 100 };
    size_t n = 0;

    if (cells < 1 || !(a.lo < a.hi))
        return 0;
    if (a.log) {
        for (size_t i = 0; i < sizeof(strides) / sizeof(strides[0]); i++)
            if (log_ticks(a, strides[i], cells, dots, lying, out, &n))
                return n;
    } else {
        double step = round_125((a.hi - a.lo) / PLOT_TICKS, true);
        step = a.whole ? fmax(step, 1) : step;
        for (int i = 0; i < STEPS; i++) {
            if (linear_ticks(a, step, cells, dots, lying, out, &n))
                return n;
            step = round_125(step * 1.5, true);
        }
    }
    n = 0;
    add_tick(a, a.lo, cells, dots, out, &n);
    add_tick(a, a.hi, cells, dots, out, &n);
    return out[0].at < out[1].at && (!lying || ticks_fit(out, 2, true)) ? 2 : 1;
}

static int dots_wide(const struct plot *p)
{
    return p->data.area.w * (p->data.unicode ? 2 : 1);
}

static int dots_per_row(const struct plot *p)
{
    return p->data.unicode ? 4 : 2;
}

static int rows_above_floor(const struct plot *p)
{
    int rows = p->data.area.h - p->floor;
    return rows > 0 ? rows : 0;
}

/* horizontal, vertical, corner, tick on the left, tick below, vertical mark */
static const uint32_t axis_runes[2][6] = {
    { '-', '|', '+', '+', '+', '!' },
    { 0x2500, 0x2502, 0x2514, 0x2524, 0x2534, 0x254e },
};

static void draw_upright(struct canvas c, const struct plot *p)
{
    const uint32_t *rune = axis_runes[c.unicode];
    int rows = rows_above_floor(p);
    struct tick ticks[PLOT_TICKS];
    size_t n = plot_ticks(p->y, rows, dots_per_row(p), false, ticks);

    for (int y = 0; y < p->data.area.h; y++)
        canvas_rune(c, LEFT - 1, y, INK_FRAME, rune[1]);
    for (size_t i = 0; i < n; i++) {
        int y = rows - 1 - ticks[i].at;
        canvas_printf(c, 0, y, INK_DIM, 0, "%*.*s", PLOT_LABEL_WIDTH, PLOT_LABEL_WIDTH,
                      ticks[i].label);
        canvas_rune(c, LEFT - 1, y, INK_FRAME, rune[3]);
    }
    if (p->floor) {
        struct axis plain = p->y;
        char label[PLOT_LABEL];
        plot_label(plain, p->y.lo, label);
        plain.percent = false; /* where its column is too narrow for the unit */
        if (strlen(label) >= PLOT_LABEL_WIDTH)
            plot_label(plain, p->y.lo, label);
        canvas_printf(c, 0, rows, INK_DIM, 0, "%*s<%s", PLOT_LABEL_WIDTH - 1 - (int)strlen(label),
                      "", label);
        canvas_rune(c, LEFT - 1, rows, INK_FRAME, rune[3]);
    }
}

static void draw_lying(struct canvas c, const struct plot *p)
{
    const uint32_t *rune = axis_runes[c.unicode];
    int width = p->data.area.w, y = p->data.area.h;
    struct tick ticks[PLOT_TICKS];
    size_t n = plot_ticks(p->x, width, p->data.unicode ? 2 : 1, true, ticks);

    canvas_rune(c, LEFT - 1, y, INK_FRAME, rune[2]);
    for (int x = 0; x < width; x++)
        canvas_rune(c, LEFT + x, y, INK_FRAME, rune[0]);
    for (size_t i = 0; i < n; i++) {
        int label = width_of(&ticks[i]);
        int x = LEFT + ticks[i].at - (label - 1) / 2;
        if (x + label > c.area.w - 1) /* a blank before the frame */
            x = c.area.w - 1 - label;
        canvas_rune(c, LEFT + ticks[i].at, y, INK_FRAME, rune[4]);
        canvas_text(c, x, y + 1, INK_DIM, 0, ticks[i].label);
    }
}

struct plot plot_begin(struct canvas c, struct axis x, struct axis y, bool floor)
{
    struct plot p = { .data = c, .x = x, .y = y, .floor = floor && c.area.h > 1 };
    if (c.area.w < LEFT + 8 || c.area.h < BELOW + 3)
        return p;
    p.data = canvas_inside(c, (struct rect){ LEFT, 0, c.area.w - LEFT - 1, c.area.h - BELOW });
    draw_upright(c, &p);
    draw_lying(c, &p);
    return p;
}

void plot_ranks(const struct plot *p)
{
    canvas_zone(p->data, (struct rect){ 0, 0, p->data.area.w, p->data.area.h }, ZONE_RANK, 0);
}

double plot_value(struct axis a, double fraction)
{
    return a.log ? a.lo * pow(a.hi / a.lo, fraction) : a.lo + fraction * (a.hi - a.lo);
}

static void set_dot(const struct plot *p, int x, int y, enum ink ink)
{
    static const uint8_t braille[4][2] = { { 1, 8 }, { 2, 16 }, { 4, 32 }, { 64, 128 } };
    int per_row = dots_per_row(p), column = p->data.unicode ? x / 2 : x, row = y / per_row;
    uint32_t old = canvas_rune_at(p->data, column, row), rune;

    if (p->data.unicode) {
        rune = (old >= 0x2800 && old <= 0x28ff ? old : 0x2800) | braille[y % 4][x % 2];
    } else {
        rune = y % 2 ? '.' : '\'';
        if (old == ':' || ((old == '.' || old == '\'') && old != rune))
            rune = ':';
    }
    canvas_rune(p->data, column, row, ink, rune);
}

/* Dots along a line so far; of a dashed one every other few are left out. */
struct pen {
    enum ink ink;
    bool dashed;
    int walked;
};

static void draw_dot(const struct plot *p, int x, int y, struct pen *pen)
{
    int dash = p->data.unicode ? 5 : 3;
    if (!pen->dashed || pen->walked % (2 * dash) < dash)
        set_dot(p, x, y, pen->ink);
    pen->walked++;
}

/* Bresenham; the first dot is there already. */
static void set_line(const struct plot *p, int x0, int y0, int x1, int y1, struct pen *pen)
{
    int dx = x1 > x0 ? x1 - x0 : x0 - x1, dy = y1 > y0 ? y0 - y1 : y1 - y0; /* dy <= 0 */
    int step_x = x0 < x1 ? 1 : -1, step_y = y0 < y1 ? 1 : -1, error = dx + dy;
    for (;;) {
        int twice = 2 * error;
        if (x0 == x1 && y0 == y1)
            return;
        if (twice >= dy) {
            error += dy;
            x0 += step_x;
        }
        if (twice <= dx) {
            error += dx;
            y0 += step_y;
        }
        draw_dot(p, x0, y0, pen);
    }
}

/* Rows of dots above the floor; *low: the value belongs on the floor. */
static int dot_row(const struct plot *p, double value, bool *low)
{
    int n = rows_above_floor(p) * dots_per_row(p);
    double f = plot_fraction(p->y, value);
    *low = p->floor && f < 0;
    return *low ? n + dots_per_row(p) / 2 : n - 1 - dot_of(f, n);
}

static void draw_curve(const struct plot *p, const double *x, const double *y, size_t n,
                       struct pen pen)
{
    bool joined = false, was_low = false;
    int last_x = 0, last_y = 0;

    if (p->data.area.w < 1 || p->data.area.h < 1)
        return;
    for (size_t i = 0; i < n; i++) {
        double f = plot_fraction(p->x, x ? x[i] : (double)i + 1);
        bool low;
        int dx, dy;
        if (!(f >= -1e-9 && f <= 1 + 1e-9) || isnan(y[i])) {
            joined = false;
            continue;
        }
        dx = dot_of(f, dots_wide(p));
        dy = dot_row(p, y[i], &low);
        if (joined && low == was_low)
            set_line(p, last_x, last_y, dx, dy, &pen);
        else
            draw_dot(p, dx, dy, &pen);
        last_x = dx;
        last_y = dy;
        was_low = low;
        joined = true;
    }
}

void plot_curve(const struct plot *p, const double *x, const double *y, size_t n, enum ink ink)
{
    draw_curve(p, x, y, n, (struct pen){ .ink = ink });
}

void plot_dashed(const struct plot *p, const double *x, const double *y, size_t n, enum ink ink)
{
    draw_curve(p, x, y, n, (struct pen){ .ink = ink, .dashed = true });
}

int plot_column(const struct plot *p, double x)
{
    return dot_of(plot_fraction(p->x, x), dots_wide(p)) / (p->data.unicode ? 2 : 1);
}

void plot_vertical(const struct plot *p, double x, enum ink ink)
{
    double f = plot_fraction(p->x, x);
    if (!(f >= 0 && f <= 1 + 1e-9))
        return;
    for (int y = 0; y < p->data.area.h; y++)
        canvas_rune(p->data, plot_column(p, x), y, ink, axis_runes[p->data.unicode][5]);
}

static void put_point(const struct plot *p, double x, double y, enum ink ink, char mark, bool over)
{
    double f = plot_fraction(p->x, x);
    uint32_t old;
    bool low;
    int row;
    if (!(f >= 0 && f <= 1 + 1e-9) || isnan(y))
        return;
    row = dot_row(p, y, &low) / dots_per_row(p);
    if (plot_fraction(p->y, y) > 1 + 1e-9)
        mark = '^';
    else if (!low && plot_fraction(p->y, y) < -1e-9)
        mark = 'v';
    old = canvas_rune_at(p->data, plot_column(p, x), row);
    if (!over && ((old >= 'a' && old <= 'z') || (old >= 'A' && old <= 'Z')))
        mark = '*';
    canvas_rune(p->data, plot_column(p, x), row, ink, (uint32_t)mark);
}

void plot_point(const struct plot *p, double x, double y, enum ink ink, char mark)
{
    put_point(p, x, y, ink, mark, false);
}

void plot_mark(const struct plot *p, double x, double y, enum ink ink, char mark)
{
    put_point(p, x, y, ink, mark, true);
}
