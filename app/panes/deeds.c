/* What can be done, as lists: the help, the palette, and the `:` line under it. */

#include <stdio.h>
#include <string.h>

#include "catalogue.h"
#include "panes.h"

enum { KEYS = 13, COMMAND = 24, NARROW = 60, MENU_KEYS = 6 };

/* A row: keys, what it does, the name at the right. */
static void draw_deed(struct canvas c, int y, const struct deed *d, bool chosen, bool name_first)
{
    enum ink ink = chosen ? INK_SELECTED : INK_TEXT;
    char left[96];
    int column = d->command || name_first ? COMMAND : KEYS, end;
    int width = canvas_text_width(d->name), x = c.area.w - 1 - width;
    bool first = d->command || name_first;
    for (int i = 0; chosen && i < c.area.w; i++)
        canvas_text(c, i, y, ink, 0, " ");
    if (chosen)
        canvas_text(c, 0, y, ink, ATTR_BOLD, ">");
    if (first)
        snprintf(left, sizeof(left), "%s%s%s", d->name, *d->arguments ? " " : "", d->arguments);
    else
        snprintf(left, sizeof(left), "%s", d->keys);
    end = 2 + canvas_text(c, 2, y, chosen ? INK_SELECTED : INK_KEY, 0, left);
    end = end + 1 > column ? end + 1 : column;
    end += canvas_text(c, end, y, ink, 0, d->help);
    if (name_first) {
        x = c.area.w - 1 - canvas_text_width(d->keys);
        if (x >= end + 2)
            canvas_text(c, x, y, chosen ? INK_SELECTED : INK_KEY, 0, d->keys);
    } else if (!first && x >= end + 2) {
        canvas_text(c, x, y, chosen ? INK_SELECTED : INK_DIM, 0, d->name);
    }
}

/* The help as lines: headings with a blank line before all but the first. */
struct help {
    struct canvas c;
    size_t first, line;
};

/* The row of the next line, or -1: it is scrolled away. */
static int help_row(struct help *h)
{
    size_t line = h->line++;
    return line >= h->first && line - h->first < (size_t)h->c.area.h ? (int)(line - h->first) : -1;
}

static void help_heading(struct help *h, const char *text)
{
    int y;
    if (h->line > 0)
        help_row(h);
    y = help_row(h);
    if (y >= 0)
        canvas_text(h->c, 1, y, INK_TITLE, ATTR_BOLD, text);
}

/* Draws all lines, or with a canvas of no height counts them; returns the chosen one's number. */
static size_t help_lines(struct help *h, const struct model *m, const struct deed *deeds, size_t n)
{
    size_t chosen = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(deeds[i].group, deeds[i - 1].group) != 0)
            help_heading(h, deeds[i].group);
        if (i == m->overlay_line)
            chosen = h->line;
        int y = help_row(h);
        if (y >= 0 && deeds[i].action)
            canvas_zone(h->c, (struct rect){ 0, y, h->c.area.w, 1 }, ZONE_ACTION,
                        (size_t)action_number(m, deeds[i].action));
        if (y >= 0)
            draw_deed(h->c, y, &deeds[i], i == m->overlay_line, false);
    }
    if (m->mode[0] && !m->line[0]) {
        help_heading(h, "Screen mode");
        if (m->overlay_line >= n)
            chosen = h->line;
        int y = help_row(h);
        if (y >= 0)
            canvas_text(h->c, 2, y, INK_TEXT, 0, m->mode);
    }
    return chosen;
}

void pane_help(const struct model *m, struct canvas c)
{
    struct deed deeds[CATALOGUE_MOST];
    size_t n = catalogue_filtered(m, m->line, deeds), chosen, shown;
    struct help count = { 0 }, h = { 0 };
    char title[MODEL_LINE + 64];
    if (m->line[0])
        snprintf(title, sizeof(title), "help: %s  %zu with %s_", m->view->title, n, m->line);
    else
        snprintf(title, sizeof(title), "help: %s  type to filter, Enter runs it", m->view->title);
    chosen = help_lines(&count, m, deeds, n);
    h.c = pane_box(c, c.area.w < 100 ? PANE_BOX_WIDTH + 2 : 96, (int)count.line + 2, title);
    shown = h.c.area.h > 0 ? (size_t)h.c.area.h : 0;
    h.first = chosen > shown / 2 ? chosen - shown / 2 : 0;
    if (h.first + shown > count.line)
        h.first = count.line > shown ? count.line - shown : 0;
    if (n == 0)
        canvas_text(h.c, 1, 0, INK_DIM, 0, "nothing here has these words; Backspace");
    help_lines(&h, m, deeds, n);
}

/* Where a box of w x h lies in c, its corner beside the cell (x, y) of the screen or before it. */
static struct rect beside(struct canvas c, int x, int y, int w, int h)
{
    struct rect r = { x - c.area.x + 1, y - c.area.y + 1, w, h };
    if (r.x + w > c.area.w)
        r.x = c.area.w - w;
    if (r.y + h > c.area.h)
        r.y = c.area.h - h;
    r.x = r.x > 0 ? r.x : 0;
    r.y = r.y > 0 ? r.y : 0;
    return r;
}

static void draw_menu_line(const struct model *m, struct canvas c, int y, const struct deed *d,
                           bool chosen)
{
    enum ink ink = chosen ? INK_SELECTED : INK_TEXT;
    int keys = (int)strcspn(d->keys, " ");
    for (int i = 0; chosen && i < c.area.w; i++)
        canvas_text(c, i, y, ink, 0, " ");
    canvas_text(c, 0, y, ink, ATTR_BOLD, chosen ? ">" : " ");
    canvas_printf(c, 2, y, chosen ? INK_SELECTED : INK_KEY, 0, "%.*s", keys, d->keys);
    canvas_text(c, MENU_KEYS, y, ink, 0, d->name);
    canvas_zone(c, (struct rect){ 0, y, c.area.w, 1 }, ZONE_ACTION,
                (size_t)action_number(m, d->action));
}

void pane_menu(const struct model *m, struct canvas c)
{
    struct deed deeds[CATALOGUE_MOST];
    size_t n = catalogue_menu(m, m->menu.place, deeds), widest = 0, first = 0;
    for (size_t i = 0; i < n; i++)
        widest = strlen(deeds[i].name) > widest ? strlen(deeds[i].name) : widest;
    bool framed = c.area.h >= 8 && c.area.w >= 24;
    int border = framed ? 2 : 0, wide = (int)widest + MENU_KEYS + 1 + border;
    int high = c.area.h < (int)n + border ? c.area.h : (int)n + border;
    struct rect r = beside(c, m->menu.x, m->menu.y, wide < c.area.w ? wide : c.area.w, high);
    struct canvas in = canvas_inside(c, r);
    canvas_clear(in);
    canvas_zone(in, (struct rect){ 0, 0, r.w, r.h }, ZONE_OVERLAY, 0);
    if (framed)
        in = canvas_frame(in, "menu", true);
    size_t shown = in.area.h > 0 ? (size_t)in.area.h : 0;
    if (m->overlay_line >= shown)
        first = m->overlay_line - shown + 1;
    for (size_t i = first; i < n && i - first < shown; i++)
        draw_menu_line(m, in, (int)(i - first), &deeds[i], i == m->overlay_line);
}

void pane_palette(const struct model *m, struct canvas c)
{
    struct deed deeds[CATALOGUE_MOST];
    size_t n = catalogue_ranked(m, m->line, deeds), first = 0, shown;
    char title[64];
    int width = c.area.w < 96 ? c.area.w : 96,
        height = c.area.h < (int)n + 2 ? c.area.h : (int)n + 2;
    if (height > 16)
        height = 16;
    if (height < 3)
        height = c.area.h < 3 ? c.area.h : 3;
    snprintf(title, sizeof(title), "all that can be done: %zu", n);
    struct canvas low = canvas_inside(c, (struct rect){ 0, c.area.h - height, c.area.w, height });
    struct canvas in = pane_box(low, width, height, title);
    shown = in.area.h > 0 ? (size_t)in.area.h : 0;
    if (shown && m->overlay_line >= shown)
        first = m->overlay_line - shown + 1;
    if (n == 0)
        canvas_text(in, 1, 0, INK_DIM, 0, "nothing has these letters; Enter runs the line itself");
    for (size_t i = first; i < n && i - first < shown; i++) {
        canvas_zone(in, (struct rect){ 0, (int)(i - first), in.area.w, 1 }, ZONE_LINE, i);
        draw_deed(in, (int)(i - first), &deeds[i], i == m->overlay_line, true);
    }
}

/* What the command that is being typed wants. */
static void hint(const struct model *m, char *out, size_t size)
{
    struct deed deeds[CATALOGUE_MOST];
    size_t n = catalogue_list(m, deeds), length = strcspn(m->line, " ;");
    snprintf(out, size, "Tab completes  Up earlier lines  Tab alone lists all  Esc closes");
    for (size_t i = n; i-- > 0 && length;)
        if (strlen(deeds[i].name) == length && !strncmp(deeds[i].name, m->line, length)) {
            snprintf(out, size, "%s%s%s: %s", deeds[i].name, *deeds[i].arguments ? " " : "",
                     deeds[i].arguments, deeds[i].help);
            return;
        }
}

static int width_to(const char *line, size_t at)
{
    char before[MODEL_LINE];
    snprintf(before, sizeof(before), "%.*s", (int)(at < MODEL_LINE ? at : 0), line);
    return canvas_text_width(before);
}

/* The caret under the fault, and the reason on the side that has room for it. */
static void draw_fault(const struct model *m, struct canvas c, int x)
{
    int width = canvas_text_width(m->message);
    bool right = c.area.w - x - 2 >= width || x - 1 < width;
    canvas_sentence(c, right ? x + 2 : x - 1 - width, 0, INK_ERROR, 0, m->message);
    canvas_text(c, x, 0, INK_ERROR, ATTR_BOLD, "^");
}

void pane_line(const struct model *m, struct canvas c)
{
    int w = c.area.w, y = c.area.h > 1 ? c.area.h - 2 : 0;
    struct canvas line = canvas_inside(c, (struct rect){ 0, y, w, 1 });
    struct canvas status = canvas_inside(c, (struct rect){ 0, y + 1, w, 1 });
    int cursor = 1 + width_to(m->line, m->line_at), shift = cursor < w ? 0 : cursor - w + 1;
    char text[MODEL_LINE];

    canvas_clear(line);
    canvas_text(line, 1 - shift, 0, INK_TEXT, 0, m->line);
    canvas_text(line, 0, 0, INK_KEY, ATTR_BOLD, shift ? "<" : ":");
    canvas_text(line, cursor - shift, 0, INK_KEY, ATTR_BOLD, "_");
    if (m->line[m->line_at]) {
        char here[8];
        size_t n = 1;
        while (n < 4 && ((unsigned char)m->line[m->line_at + n] & 0xC0) == 0x80)
            n++;
        snprintf(here, sizeof(here), "%.*s", (int)n, m->line + m->line_at);
        canvas_text(line, cursor - shift, 0, INK_SELECTED, ATTR_BOLD, here);
    }
    if (c.area.h < 2 || m->overlay != OVERLAY_LINE)
        return;
    canvas_clear(status);
    if (m->faulty) {
        draw_fault(m, status, 1 - shift + width_to(m->line, m->fault));
        return;
    }
    snprintf(text, sizeof(text), "%s", m->message);
    if (!m->message[0])
        hint(m, text, sizeof(text));
    int x = w < NARROW ? 0 : 2 + canvas_text(status, 0, 0, INK_TITLE, ATTR_BOLD, "COMMAND");
    canvas_sentence(status, x, 0, INK_DIM, 0, text);
}
