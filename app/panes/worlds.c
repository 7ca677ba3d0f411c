/* The privacy view beyond its sandbox. */

#include "panes.h"

enum { FRAME_WIDTH = 16, FRAME_HEIGHT = 5, WIDE = 100, HIGH = 30, LEDGER = 5, FACTS = 12 };

struct canvas pane_world_frame(struct canvas c, const char *title)
{
    return c.area.w < FRAME_WIDTH || c.area.h < FRAME_HEIGHT ? c : canvas_frame(c, title, false);
}

/* The price, with the ledger beside it or below it. */
static void draw_release(const struct model *m, struct canvas c)
{
    int w = c.area.w, h = c.area.h;
    if (w >= WIDE) {
        pane_price(m, canvas_inside(c, (struct rect){ 0, 0, w * 3 / 5, h }));
        pane_ledger(m, canvas_inside(c, (struct rect){ w * 3 / 5, 0, w - w * 3 / 5, h }));
    } else if (h >= HIGH) {
        pane_price(m, canvas_inside(c, (struct rect){ 0, 0, w, h - LEDGER - 3 }));
        pane_ledger(m, canvas_inside(c, (struct rect){ 0, h - LEDGER - 3, w, LEDGER + 3 }));
    } else {
        pane_price(m, c);
    }
}

/* The spectrum and its gaps above what follows from them; small, that alone. */
static void draw_explore(const struct model *m, struct canvas c)
{
    int w = c.area.w, h = c.area.h, foot = h >= HIGH ? FACTS : h * 3 / 5, left = w * 3 / 5;
    if (h < 2 * FRAME_HEIGHT || w < 2 * FRAME_WIDTH) {
        pane_released_facts(m, c);
        return;
    }
    pane_released(m, canvas_inside(c, (struct rect){ 0, 0, left, h - foot }));
    pane_released_gaps(m, canvas_inside(c, (struct rect){ left, 0, w - left, h - foot }));
    if (w >= WIDE) {
        pane_released_facts(m, canvas_inside(c, (struct rect){ 0, h - foot, left, foot }));
        pane_ledger(m, canvas_inside(c, (struct rect){ left, h - foot, w - left, foot }));
    } else {
        pane_released_facts(m, canvas_inside(c, (struct rect){ 0, h - foot, w, foot }));
    }
}

void pane_worlds(const struct model *m, struct canvas c)
{
    if (m->worlds.world == WORLD_EXPLORE && m->worlds.released)
        draw_explore(m, c);
    else
        draw_release(m, c);
}
