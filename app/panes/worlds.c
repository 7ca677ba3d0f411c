/* The privacy view beyond its sandbox. */

#include "panes.h"

void pane_worlds(const struct model *m, struct canvas c)
{
    char badge[96];
    worlds_badge(m, c.area.w, badge, sizeof(badge));
    canvas_text(c, 0, 0, INK_TITLE, ATTR_BOLD, badge);
}
