#include "hole.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "theme.h"

enum { TOLERANCE = 2, CHUNK = 4096, CELL_MOST = 80 /* bytes one cell may take */ };

struct spot {
    uint32_t top, bottom; /* colours, or palette entries */
    bool known;
};

/* What is on its way to the terminal. */
struct writer {
    int out, in;
    enum term_color colors;
    bool unicode;
    char bytes[CHUNK + CELL_MOST + 64];
    size_t n;
    int row, column; /* where the next character lands; -1: unknown */
    uint32_t front, back;
    bool front_known, back_known, began;
    struct hole *hole; /* counts */
};

bool hole_init(struct hole *h, int width, int height)
{
    struct error ignored;
    hole_finish(h);
    struct spot *spots = memory_alloc((size_t)width * (size_t)height * sizeof(*spots), &ignored);
    if (!spots)
        return false;
    *h = (struct hole){ .width = width, .height = height, .spots = spots };
    return true;
}

void hole_finish(struct hole *h)
{
    memory_free(h->spots);
    *h = (struct hole){ 0 };
}

void hole_forget(struct hole *h)
{
    if (h->spots)
        memset(h->spots, 0, (size_t)h->width * (size_t)h->height * sizeof(*h->spots));
    h->next = 0;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void flush(struct writer *w)
{
    double start = now_ms();
    for (size_t at = 0; at < w->n;) {
        ssize_t sent = write(w->out, w->bytes + at, w->n - at);
        if (sent > 0)
            at += (size_t)sent;
        else if (sent < 0 && errno == EAGAIN)
            poll(&(struct pollfd){ .fd = w->out, .events = POLLOUT }, 1, 100);
        else if (sent < 0 && errno != EINTR)
            break; /* the terminal is gone: the signal or the end of input says so */
    }
    w->hole->write_ms += now_ms() - start;
    w->hole->sent += w->n;
    w->n = 0;
}

static bool key_waits(const struct writer *w)
{
    struct pollfd p = { .fd = w->in, .events = POLLIN };
    return w->in >= 0 && poll(&p, 1, 0) > 0;
}

__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(w->bytes + w->n, sizeof(w->bytes) - w->n, format, arguments);
    va_end(arguments);
    w->n += (size_t)n;
}

static void put_color(struct writer *w, int plane, uint32_t color)
{
    if (w->colors == TERM_24BIT)
        put(w, "\033[%d;2;%u;%u;%um", plane, color >> 16 & 255, color >> 8 & 255, color & 255);
    else if (w->colors == TERM_256)
        put(w, "\033[%d;5;%um", plane, color);
    else /* 30 to 37, 40 to 47; the bright ones 90 to 97, 100 to 107 */
        put(w, "\033[%um", (uint32_t)plane - 8 + color + (color < 8 ? 0 : 52));
}

/* Two colours of a cell take a half block; one takes a blank. */
static void put_cell(struct writer *w, int row, int column, const struct spot *s)
{
    if (w->row != row || w->column != column)
        put(w, "\033[%d;%dH", row + 1, column + 1);
    bool blank = !w->unicode || s->top == s->bottom;
    if (!blank && (!w->front_known || w->front != s->top)) {
        put_color(w, 38, s->top);
        w->front = s->top;
        w->front_known = true;
    }
    if (!w->back_known || w->back != s->bottom) {
        put_color(w, 48, s->bottom);
        w->back = s->bottom;
        w->back_known = true;
    }
    put(w, "%s", blank ? " " : "\xe2\x96\x80");
    w->row = row;
    w->column = column + 1;
    w->began = true;
}

static struct spot wanted(const struct writer *w, const struct cell *c, int x, int y)
{
    uint32_t top = c->top, bottom = c->bottom;
    if (!w->unicode) /* the mean of both, channel by channel */
        top = bottom = (top & bottom) + (((top ^ bottom) & 0xFEFEFE) >> 1);
    struct spot s = { .top = theme_pixel(w->colors, top, x, 2 * y), .known = true };
    s.bottom = w->unicode ? theme_pixel(w->colors, bottom, x, 2 * y + 1) : s.top;
    return s;
}

static bool near(uint32_t a, uint32_t b)
{
    for (int shift = 0; shift <= 16; shift += 8)
        if (abs((int)(a >> shift & 255) - (int)(b >> shift & 255)) > TOLERANCE)
            return false;
    return true;
}

/* Whether the cell is to be sent; *rough: it is left a little off. */
static bool differs(const struct writer *w, const struct spot *is, const struct spot *want,
                    bool moving, bool *rough)
{
    if (is->known && is->top == want->top && is->bottom == want->bottom)
        return false;
    if (!is->known || !moving || w->colors != TERM_24BIT)
        return true;
    bool close = near(is->top, want->top) && near(is->bottom, want->bottom);
    *rough |= close;
    return !close;
}

static void finish(struct writer *w, int row, int column)
{
    if (!w->began)
        return;
    put(w, "\033[m\033[%d;%dH", row + 1, column + 1);
    flush(w);
}

bool hole_paint(struct hole *h, const struct grid *g, enum term_color colors, bool unicode,
                bool moving, int out, int in, int row, int column)
{
    struct writer w = {
        .out = out, .in = in, .colors = colors, .unicode = unicode, .row = -1, .hole = h
    };
    size_t n = (size_t)h->width * (size_t)h->height, width = (size_t)h->width;
    h->rough = false;
    for (size_t i = 0; i < n; i++) /* before a key can stop it: curses has drawn over these */
        h->spots[i].known &= g->cells[i].picture;
    for (size_t step = 0; step < n; step++) {
        size_t i = (h->next + step) % n;
        if (!g->cells[i].picture)
            continue;
        struct spot want = wanted(&w, &g->cells[i], (int)(i % width), (int)(i / width));
        if (i == n - 1 || !differs(&w, &h->spots[i], &want, moving, &h->rough))
            continue; /* the last cell of the screen would scroll it */
        put_cell(&w, (int)(i / width), (int)(i % width), &want);
        h->spots[i] = want;
        if (w.n < CHUNK)
            continue;
        flush(&w);
        if (key_waits(&w)) {
            h->next = (i + 1) % n;
            finish(&w, row, column);
            return false;
        }
    }
    h->next = 0;
    finish(&w, row, column);
    return true;
}
