/* What was spent, and on which data. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "panes.h"

enum { LINE = 400, DATED = 60 };

static void draw_spend(struct canvas c, int y, const struct ledger_spend *s, bool named)
{
    char when[24] = "", line[LINE];
    time_t t = (time_t)s->time;
    struct tm utc;
    if (gmtime_r(&t, &utc))
        strftime(when, sizeof(when), c.area.w < DATED ? "%d %b" : "%Y-%m-%d %H:%M", &utc);
    int room = named ? c.area.w / 3 : 0; /* what is cut is the end, and never the name alone */
    snprintf(line, sizeof(line), "%s  %.*s%s%smu %-8.4g (%.3g, %.2g) %s %s", when, room, s->dataset,
             named && strlen(s->dataset) > (size_t)room ? "..." : "", named ? "  " : "", s->mu,
             s->epsilon, s->delta, mechanism_name(s->mechanism), relation_names[s->relation]);
    canvas_sentence(c, 1, y, INK_TEXT, 0, line);
}

/* The newest last, as many as there is room for. */
static void draw_spends(const struct model *m, struct canvas c, int y, const char *dataset)
{
    const struct ledger *l = &m->worlds.ledger;
    size_t n = 0, skip, room = c.area.h > y ? (size_t)(c.area.h - y) : 0;
    for (size_t i = 0; i < l->n; i++)
        n += !dataset || !strcmp(l->spends[i].dataset, dataset);
    skip = n > room ? n - room : 0;
    for (size_t i = 0; i < l->n; i++)
        if (!dataset || !strcmp(l->spends[i].dataset, dataset)) {
            if (skip > 0)
                skip--;
            else
                draw_spend(c, y++, &l->spends[i], !dataset);
        }
    if (n == 0)
        canvas_text(c, 1, y, INK_DIM, 0, "nothing was spent yet");
}

static bool draw_trouble(const struct model *m, struct canvas c)
{
    const struct worlds *w = &m->worlds;
    if (!w->ledger_why[0] && !w->ledger.damaged)
        return false;
    pane_paragraph(c, 1, 0, INK_ERROR, w->ledger_why[0] ? w->ledger_why : w->ledger.why);
    return true;
}

/* A release that was read from a file does not know of what it is: all that was spent, whatever on. */
void pane_ledger(const struct model *m, struct canvas c)
{
    const struct worlds *w = &m->worlds;
    bool released = w->world == WORLD_EXPLORE && w->released;
    const char *dataset = released ? w->released->dataset : w->wish.dataset;
    char title[96];
    int y = 0;
    snprintf(title, sizeof(title), dataset[0] ? "ledger of %.60s" : "ledger", dataset);
    struct canvas in = pane_world_frame(c, title);
    if (draw_trouble(m, in))
        return;
    if (released && !dataset[0])
        y = pane_paragraph(in, 1, 0, INK_DIM, "its dataset is not in the file");
    if (y == 0 || w->ledger.n > 0)
        draw_spends(m, in, y, dataset[0] ? dataset : NULL);
}

void pane_ledger_box(const struct model *m, struct canvas c)
{
    struct canvas in = pane_box(c, PANE_BOX_WIDTH, (int)m->worlds.ledger.n + 6, "ledger");
    if (draw_trouble(m, in))
        return;
    int y = pane_paragraph(in, 1, 0, INK_DIM, m->worlds.wish.ledger);
    draw_spends(m, in, y, NULL);
}
