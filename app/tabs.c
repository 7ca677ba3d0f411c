#include "tabs.h"

#include <stdio.h>
#include <string.h>

enum { SHORT = 3, BADGE = 20, LINE = 512 };

/* "photo.png  600x400x3": the name without its folders. */
static void object(const struct model *m, char *out, size_t size)
{
    const struct document *d = m->document;
    const char *name = d ? strrchr(d->name, '/') : NULL;
    const struct entry *e = d && d->n ? &d->entries[0] : NULL;
    int n;

    out[0] = 0;
    if (!d)
        return;
    if (m->entry[0])
        e = document_entry(d, m->entry);
    n = snprintf(out, size, "%s%s%s", name ? name + 1 : d->name, m->entry[0] ? "::" : "", m->entry);
    if (n < 0 || (size_t)n >= size || worlds_away(m)) /* how many rows there are may be a secret */
        return;
    if (!model_chosen(m))
        snprintf(out + n, size - (size_t)n, "  %zu tensors", d->n + d->n_others);
    else if (d->raster && !m->entry[0])
        snprintf(out + n, size - (size_t)n, "  %zux%zux%d", d->raster->width, d->raster->height,
                 d->raster->channels >= 3 ? 3 : 1);
    else if (e)
        snprintf(out + n, size - (size_t)n, "  %zu row%s x %zu", e->rows, e->rows == 1 ? "" : "s",
                 e->cols);
}

static int tabs_width(void)
{
    int n = 0;
    for (int i = 0; views[i]; i++)
        n += (int)strlen(views[i]->title) + 4;
    return n;
}

/* Where on the first row, whose tabs end there, the badge stands, and its words; w 0: the view has none. It
 * would rather stand on a tab than be left out. */
static struct rect badge_place(const struct model *m, int width, int tabs, char *out, size_t size)
{
    int room = width - tabs - 1 > BADGE ? width - tabs - 1 : BADGE < width ? BADGE : width;
    out[0] = 0;
    if (m->document && m->view->badge)
        m->view->badge(m, room, out, size);
    else if (m->document)
        worlds_badge(m, room, out, size);
    int w = canvas_text_width(out);
    return (struct rect){ width - w, 0, w, 1 };
}

int tabs_draw(const struct model *m, struct canvas c)
{
    char line[LINE];
    int x = canvas_text(c, 0, 0, INK_TITLE, ATTR_BOLD, " es ");
    bool cut = tabs_width() > c.area.w * 11 / 20;
    for (int i = 0; views[i]; i++) {
        bool active = views[i] == m->view;
        int length = cut ? SHORT : (int)strlen(views[i]->title);
        snprintf(line, sizeof(line), "%c%d %.*s%c", active ? '[' : ' ', view_digit(views[i]),
                 length, views[i]->title, active ? ']' : ' ');
        canvas_zone(c, (struct rect){ x, 0, canvas_text_width(line), 1 }, ZONE_TAB, (size_t)i);
        x += canvas_text(c, x, 0, active ? INK_TITLE : INK_DIM, active ? ATTR_BOLD : 0, line);
    }
    return x;
}

void tabs_object(const struct model *m, struct canvas c, int tabs)
{
    char line[LINE];
    struct rect badge = badge_place(m, c.area.w, tabs, line, sizeof(line));
    int right = badge.w ? badge.x - 1 : c.area.w - 1;
    object(m, line, sizeof(line));
    int width = canvas_text_width(line);
    int x = right - width > tabs + 1 ? right - width : tabs + 1;
    if (!badge.w || x + width <= right)
        canvas_text(c, x, 0, INK_DIM, 0, line);
}

void tabs_badge(const struct model *m, struct canvas row, int tabs)
{
    char line[LINE];
    struct rect at = badge_place(m, row.area.w, tabs, line, sizeof(line));
    canvas_text(row, at.x, 0, INK_WARNING, ATTR_BOLD | ATTR_REVERSE, line);
}
