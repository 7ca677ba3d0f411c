/* The painter of picture cells: what it sends is read back by a terminal of forty
 * lines and compared with what was to be shown. */

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hole.h"
#include "theme.h"

enum { WIDTH = 90, HEIGHT = 30, CELLS = WIDTH * HEIGHT };

/* What the terminal shows; a blank has its background above and below. */
static struct shown {
    uint32_t top, bottom;
} shown[CELLS];
static bool normal; /* the last colours were reset */
static size_t cursor;
static char bytes[1 << 20];

/* Plays what was written to the file, and empties it. Returns how much it was. */
static size_t play(int file)
{
    off_t n = lseek(file, 0, SEEK_CUR);
    if (n <= 0 || n >= (off_t)sizeof(bytes) || pread(file, bytes, (size_t)n, 0) != n)
        return 0;
    bytes[n] = 0;
    uint32_t color[2] = { 0, 0 };
    for (char *c = bytes; *c;) {
        int a, b, r, g, blue, used = 0;
        if (sscanf(c, "\033[%d;%dH%n", &a, &b, &used) == 2 && used)
            cursor = (size_t)(a - 1) * WIDTH + (size_t)(b - 1);
        else if (sscanf(c, "\033[%d;2;%d;%d;%dm%n", &a, &r, &g, &blue, &used) == 4 && used)
            color[a == 48] = (uint32_t)(r << 16 | g << 8 | blue);
        else if (sscanf(c, "\033[%d;5;%dm%n", &a, &b, &used) == 2 && used)
            color[a == 48] = (uint32_t)b;
        else if (!strncmp(c, "\033[m", 3))
            used = 3;
        else if (sscanf(c, "\033[%dm%n", &a, &used) == 1 && used) /* one of 16 */
            color[a % 30 >= 10] = (uint32_t)(a % 10 + (a >= 90 ? 8 : 0));
        else
            used = *c == ' ' ? 1 : 3;
        normal = !strncmp(c, "\033[m", 3) || (normal && c[used - 1] == 'H');
        if (*c != '\033' && cursor < CELLS) /* a blank, or the upper half block */
            shown[cursor++] = (struct shown){ color[*c == ' '], color[1] };
        c += used;
    }
    (void)!ftruncate(file, 0);
    lseek(file, 0, SEEK_SET);
    return (size_t)n;
}

static void fill(struct grid *g, unsigned seed)
{
    srand(seed);
    for (size_t i = 0; i < CELLS; i++) {
        g->cells[i] = (struct cell){ .rune = ' ', .picture = i % WIDTH > 4 && i / WIDTH > 1 };
        g->cells[i].top = (uint32_t)rand() & 0xFFFFFF;
        g->cells[i].bottom = i % 7 ? (uint32_t)rand() & 0xFFFFFF : g->cells[i].top;
    }
}

static size_t differing(const struct grid *g)
{
    size_t n = 0;
    for (size_t i = 0; i + 1 < CELLS; i++) /* the last cell of a screen is left alone */
        n += g->cells[i].picture &&
             (shown[i].top != g->cells[i].top || shown[i].bottom != g->cells[i].bottom);
    return n;
}

static bool paint(struct hole *h, const struct grid *g, bool moving, int out, int in)
{
    return hole_paint(h, g, TERM_24BIT, true, moving, out, in, HEIGHT - 1, 3);
}

static void test_exact(struct hole *h, struct grid *g, int out)
{
    fill(g, 1);
    CHECK(paint(h, g, false, out, -1));
    CHECK(play(out) > 10000 && differing(g) == 0);
    CHECK(normal && cursor == (HEIGHT - 1) * WIDTH + 3);
    CHECK(paint(h, g, false, out, -1) && play(out) == 0); /* nothing new, not a byte */
    CHECK(paint(h, g, true, out, -1) && !h->rough);
}

static void test_tolerance(struct hole *h, struct grid *g, int out)
{
    for (size_t i = 0; i < CELLS; i++)
        g->cells[i].top ^= 0x010001 & (g->cells[i].top >> 1); /* one up or down, or nothing */
    CHECK(paint(h, g, true, out, -1) && play(out) == 0 && h->rough);
    CHECK(differing(g) > 100);
    CHECK(paint(h, g, false, out, -1) && play(out) > 0 && !h->rough);
    CHECK(differing(g) == 0);
    g->cells[500].top ^= 0x040000; /* four are too many, on the move as well */
    CHECK(paint(h, g, true, out, -1) && play(out) > 0 && differing(g) == 0);
}

/* Text over the picture: the cells are the text's, and come back when it goes. */
static void test_covered(struct hole *h, struct grid *g, int out)
{
    for (size_t i = 600; i < 640; i++)
        g->cells[i].picture = false;
    CHECK(paint(h, g, false, out, -1) && play(out) == 0);
    for (size_t i = 600; i < 640; i++) {
        shown[i] = (struct shown){ 0, 0 }; /* as the text left them */
        g->cells[i].picture = i % WIDTH > 4;
    }
    CHECK(paint(h, g, true, out, -1) && play(out) > 0 && differing(g) == 0);
}

/* A key waits all the time: every call sends a part, none is lost. */
static void test_interrupted(struct hole *h, struct grid *g, int out)
{
    int keys[2], rounds = 0;
    bool whole = true;
    CHECK(pipe(keys) == 0 && write(keys[1], "x", 1) == 1);
    fill(g, 2);
    while (rounds < 1000 && !paint(h, g, false, out, keys[0])) {
        size_t n = play(out);
        if (n > 4096 + 256 || n < 1000)
            break;
        whole &= normal; /* also a part ends with colours off and the cursor in its place */
        rounds++;
    }
    play(out);
    CHECK(rounds > 5 && rounds < 1000 && whole);
    CHECK(differing(g) == 0);
    fill(g, 3); /* text over some cells while a key waits, and gone again */
    g->cells[CELLS - 40].picture = false;
    CHECK(!paint(h, g, false, out, keys[0]));
    play(out);
    shown[CELLS - 40] = (struct shown){ 0, 0 };
    g->cells[CELLS - 40].picture = true;
    while (!paint(h, g, false, out, keys[0]))
        play(out);
    play(out);
    CHECK(differing(g) == 0);
    close(keys[0]);
    close(keys[1]);
}

static void test_256(struct hole *h, struct grid *g, int out)
{
    size_t wrong = 0;
    hole_forget(h);
    CHECK(hole_paint(h, g, TERM_256, false, true, out, -1, 0, 0));
    play(out);
    for (size_t i = 0; i + 1 < CELLS; i++) {
        uint32_t a = g->cells[i].top, b = g->cells[i].bottom;
        uint32_t mean = 0;
        for (int shift = 0; shift <= 16; shift += 8)
            mean |= ((a >> shift & 255) + (b >> shift & 255)) / 2 << shift;
        wrong += g->cells[i].picture && shown[i].bottom != (uint32_t)theme_nearest_256(mean);
    }
    CHECK(wrong == 0);
}

static void test_16(struct hole *h, struct grid *g, int out)
{
    size_t wrong = 0, bright = 0;
    hole_forget(h);
    CHECK(hole_paint(h, g, TERM_16, true, true, out, -1, 0, 0));
    CHECK(play(out) == h->sent);
    for (size_t i = 0; i + 1 < CELLS; i++) {
        int x = (int)(i % WIDTH), y = (int)(i / WIDTH);
        uint32_t top = theme_pixel(TERM_16, g->cells[i].top, x, 2 * y);
        uint32_t bottom = theme_pixel(TERM_16, g->cells[i].bottom, x, 2 * y + 1);
        wrong += g->cells[i].picture && (shown[i].top != top || shown[i].bottom != bottom);
        bright += g->cells[i].picture && bottom > 7;
    }
    CHECK(wrong == 0 && bright > 100);
}

int main(void)
{
    struct hole h = { 0 };
    struct grid g = { 0 };
    int out = memfd_create("terminal", 0);
    CHECK(out >= 0 && grid_init(&g, WIDTH, HEIGHT) && hole_init(&h, WIDTH, HEIGHT));
    test_exact(&h, &g, out);
    test_tolerance(&h, &g, out);
    test_covered(&h, &g, out);
    test_interrupted(&h, &g, out);
    test_256(&h, &g, out);
    h.sent = 0;
    test_16(&h, &g, out);
    hole_finish(&h);
    hole_finish(&h);
    grid_finish(&g);
    close(out);
    return check_done();
}
