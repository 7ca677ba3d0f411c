/* What the last frame cost, over the top right corner. */

#include "panes.h"

#include <stdio.h>

enum { WIDTH = 24, HEIGHT = 9 };

static void line(struct canvas c, int y, const char *name, double value, const char *unit)
{
    char text[32] = "-";
    if (value >= 0)
        snprintf(text, sizeof(text), "%.*f%s", *unit ? 1 : 0, value, unit);
    canvas_text(c, 1, y, INK_DIM, 0, name);
    canvas_printf(c, 9, y, INK_TEXT, 0, "%*s", c.area.w - 10, text);
}

void pane_statistics(const struct model *m, struct canvas c)
{
    const struct frame_cost *cost = &m->cost;
    bool timed = m->frame_ms >= 0;
    struct canvas in;
    c = canvas_inside(c, (struct rect){ c.area.w - WIDTH, 0, WIDTH, HEIGHT });
    canvas_clear(c);
    canvas_zone(c, (struct rect){ 0, 0, c.area.w, c.area.h }, ZONE_OVERLAY, 0);
    in = canvas_frame(c, "last frame", false);
    line(in, 0, "compute", m->numbers.seconds > 0 ? 1e3 * m->numbers.seconds : -1, " ms");
    line(in, 1, "render", timed ? cost->render_ms : -1, " ms");
    line(in, 2, "text", timed ? cost->text_ms : -1, " ms");
    line(in, 3, "encode", timed ? cost->picture_ms : -1, " ms");
    line(in, 4, "write", timed ? cost->write_ms : -1, " ms");
    line(in, 5, "bytes", timed && cost->bytes ? (double)cost->bytes : -1, "");
    line(in, 6, "dropped", timed ? (double)cost->dropped : -1, "");
}
