#include "view.h"

#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "opening.h"
#include "panes/panes.h"
#include "tabs.h"
#include "view_rows.h" /* VIEWS(_): the list in app/meson.build */

#define DECLARE(name) extern const struct view view_##name;
#define ROW(name)     &view_##name,
VIEWS(DECLARE)
const struct view *const views[] = { VIEWS(ROW) NULL };

enum {
    SHORT = 3,
    SMALL = 60,
    FEW = 100,
    ROOMY = 120,
    KEYS_FEW = 6,
    KEYS_MANY = 12,
    LINE = 512,
    BADGE = 20
};

const struct view *view_find(const char *name)
{
    for (size_t i = 0; views[i]; i++)
        if (strcmp(views[i]->name, name) == 0)
            return views[i];
    return NULL;
}

void action_do(struct model *m, const struct action *a)
{
    if (!action_at_hand(m, a))
        model_say(m, true, "%s: of the sandbox, and this is not it", a->name);
    else if (a->step)
        a->step(m, a->by);
    else
        a->run(m);
}

static bool is_taken(int digit)
{
    for (size_t i = 0; views[i]; i++)
        if (views[i]->number == digit)
            return true;
    return false;
}

int view_digit(const struct view *v)
{
    int digit = 0;
    if (v->number)
        return v->number;
    for (size_t i = 0; views[i]; i++) {
        if (views[i]->number)
            continue;
        do
            digit++;
        while (is_taken(digit));
        if (views[i] == v)
            break;
    }
    return digit;
}

const struct view *view_of_digit(int digit)
{
    for (size_t i = 0; views[i]; i++)
        if (view_digit(views[i]) == digit)
            return views[i];
    return NULL;
}

/* Another view may have another picture size. */
void view_show(struct model *m, const struct view *v)
{
    m->view = v;
    worlds_follow(m);
    model_resize(m, m->width, m->height);
    if (!m->document && v != views[0] && !opening_waits(m))
        model_say(m, false, "%s: open a file or a demo first", v->title);
}

static bool has_tabs(int height)
{
    return height >= 10;
}

struct rect view_area(int width, int height)
{
    int above = has_tabs(height) ? 1 : 0, below = has_tabs(height) ? 2 : 1;
    int h = height - above - below;
    return (struct rect){ 0, above, width > 0 ? width : 0, h > 0 ? h : 0 };
}

/* What may be typed into a row. */
static void range_text(const struct model *m, const struct param *p, char *out, size_t size)
{
    if (p->choices || p->kind == PARAM_BOOL)
        snprintf(out, size, "h l choose");
    else if (p->kind == PARAM_SEED)
        snprintf(out, size, "any whole number");
    else
        snprintf(out, size, "%.6g to %.6g%s%s", p->min, model_limit(m, p), *p->unit ? " " : "",
                 p->unit);
}

/* As much about a row as fits into `width` cells, whole sentences only. */
static void describe(const struct model *m, const struct param *p, int width, char *out,
                     size_t size)
{
    char range[128];
    range_text(m, p, range, sizeof(range));
    if (m->overlay == OVERLAY_TYPE) {
        snprintf(out, size, "%s: %s. Enter sets it, Esc keeps the old value.", p->title, range);
        if (canvas_text_width(out) > width)
            snprintf(out, size, "%s: %s", p->title, range);
        return;
    }
    snprintf(out, size, "%s: %s (%s)", p->title, p->help, range);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "%s", p->help);
    if (canvas_text_width(out) > width)
        snprintf(out, size, "%s: %s", p->title, range);
}

/* What the view says of where one is; "": nothing. */
static void readout(const struct model *m, int width, char *out, size_t size)
{
    if (worlds_away(m))
        worlds_line(m, width, out, size);
    else if (m->document && m->view->line)
        m->view->line(m, width, out, size);
    else
        pane_readout(m, width, out, size);
}

static void draw_message(const struct model *m, struct canvas c)
{
    const struct param *p = model_field(m);
    bool form = (m->focus == PANE_FORM || m->overlay == OVERLAY_TYPE) && !m->view->line;
    char line[LINE];
    readout(m, c.area.w, line, sizeof(line));
    if (!m->message[0] && line[0]) {
        canvas_text(c, 0, 0, INK_TEXT, 0, line);
    } else if (m->message[0]) {
        canvas_sentence(c, 0, 0, m->message_is_error ? INK_ERROR : INK_TEXT, 0, m->message);
    } else if (m->document && p && form) {
        describe(m, p, c.area.w, line, sizeof(line));
        canvas_text(c, 0, 0, INK_DIM, 0, line);
    }
}

/* Progress, or how long the last frame took; "~": a better picture is coming. */
static void late_text(const struct model *m, char *out, size_t size, bool roomy)
{
    const char *late = m->stale && m->document && !worlds_away(m) ? " ~" : "";
    char bar[9] = "--------";
    if (m->busy && !m->quick) {
        for (int i = 0; i < 8 && (i + 1) / 8.0 <= m->progress + 1e-9; i++)
            bar[i] = '#';
        snprintf(out, size, "[%s] %3.0f%% %s%s", bar, 100 * m->progress, m->stage, late);
        return;
    }
    out[0] = 0;
    if (roomy && m->mode[0] && m->frame_ms >= 0)
        snprintf(out, size, "%s  %5.1f ms%s", m->mode, m->frame_ms, late);
    else if (m->frame_ms >= 0)
        snprintf(out, size, "%5.1f ms%s", m->frame_ms, late);
    else
        snprintf(out, size, "%s", *late ? late + 1 : "");
}

/* The first key of the row, and of the row after it if both say the same: "hl value". */
static int footer_keys(const struct action *a, char *out, size_t size)
{
    const struct action *next = a + 1;
    bool pair = next->name && next->footer && !strcmp(a->footer, next->footer);
    return snprintf(out, size, "%.*s%.*s", (int)strcspn(a->keys, " "), a->keys,
                    pair ? (int)strcspn(next->keys, " ") : 0, pair ? next->keys : "");
}

static int footer_width(const struct action *a)
{
    char keys[32];
    return footer_keys(a, keys, sizeof(keys)) + 1 + canvas_text_width(a->footer) + 2;
}

/* Of "hl value" the l is the second's, all else the first's. */
static void footer_zone(const struct model *m, struct canvas c, int x, const struct action *a)
{
    int first = (int)strcspn(a->keys, " "), number = action_number(m, a);
    char keys[32];
    if (number < 0)
        return;
    canvas_zone(c, (struct rect){ x, 0, footer_width(a) - 2, 1 }, ZONE_ACTION, (size_t)number);
    if (footer_keys(a, keys, sizeof(keys)) > first)
        canvas_zone(c, (struct rect){ x + first, 0, 1, 1 }, ZONE_ACTION, (size_t)number + 1);
}

static int draw_footer(const struct model *m, struct canvas c, int x, const struct action *a)
{
    char keys[32];
    int width = footer_keys(a, keys, sizeof(keys));
    footer_zone(m, c, x, a);
    canvas_text(c, x, 0, INK_KEY, 0, keys);
    canvas_text(c, x + width + 1, 0, INK_DIM, 0, a->footer);
    return x + footer_width(a);
}

/* The second of a pair is drawn with the first. */
static bool told_before(const struct action *table, const struct action *a)
{
    return a != table && a[-1].footer && !strcmp(a[-1].footer, a->footer);
}

/* The keys that matter, as many as fit; help always, and last. Without a document
 * only these mean anything. */
static const struct action start_keys[] = {
    { .name = "next", .keys = "j", .footer = "choose" },
    { .name = "previous", .keys = "k", .footer = "choose" },
    { .name = "open", .keys = "Enter", .footer = "open" },
    { .name = "quit", .keys = "q", .footer = "quit" },
    { 0 },
};

/* Pressed now, its first key is this row's; in the first pass, because of what holds only now. */
static bool holds(const struct model *m, const struct action *a, int pass)
{
    char key[32];
    snprintf(key, sizeof(key), "%.*s", (int)strcspn(a->keys, " "), a->keys);
    return (a->when ? pass == 0 : pass == 1) && (!m->document || action_for_key(m, key) == a);
}

/* While the first file is read. */
static const struct action opening_keys[] = {
    { .name = "cancel", .keys = "C-c", .footer = "stop" },
    { .name = "quit", .keys = "q", .footer = "quit" },
    { 0 },
};

/* Where a file is looked through, nothing is set. */
static bool beside_the_point(const struct model *m, const struct action *table,
                             const struct action *a)
{
    return m->document && m->view->lists && table == common_actions &&
           strcmp(a->group, "Program") != 0;
}

static int draw_keys(const struct model *m, struct canvas c)
{
    const struct action *none_yet = opening_waits(m) ? opening_keys : start_keys;
    const struct action *tables[] = { m->document ? common_actions : none_yet,
                                      m->document ? m->view->actions : NULL };
    if (m->document && m->view->own) { /* where most keys mean something of its own */
        tables[0] = m->view->actions;
        tables[1] = common_actions;
    }
    const struct action *help = action_find(m, "help");
    int room = c.area.w, x = 0, left = c.area.w < FEW ? KEYS_FEW - 1 : KEYS_MANY - 1;

    if (help && help->footer)
        room -= footer_width(help);
    for (int pass = 0; pass < 2; pass++) /* first what holds only now */
        for (size_t t = 0; t < 2; t++)
            for (const struct action *a = tables[t]; a && a->name && left > 0; a++)
                if (a->footer && a != help && !beside_the_point(m, tables[t], a) &&
                    holds(m, a, pass) && !told_before(tables[t], a) &&
                    x + footer_width(a) <= room) {
                    x = draw_footer(m, c, x, a);
                    left--;
                }
    return help && help->footer ? draw_footer(m, c, x, help) : x;
}

/* Where what is shown was computed, operations there and by the processor instead, in
 * at most `width` cells: shorter and shorter, then nothing. Nothing where no device was asked. */
static void place_text(const struct model *m, int width, char *out, size_t size)
{
    static const char *const between[] = { ", by the processor ", ", cpu ", "+", "+" };
    const struct numbers *n = &m->numbers;
    unsigned long there = n->on_device, here = n->by_processor;
    for (size_t i = 0; i < 4; i++) {
        const char *name = n->backend && i < 3 ? n->backend : "";
        if (there && here)
            snprintf(out, size, "%s%s%lu%s%lu", name, *name ? " " : "", there, between[i], here);
        else if (there)
            snprintf(out, size, "%s %lu", n->backend, there);
        else
            snprintf(out, size, "%s %lu", i ? "cpu" : "by the processor instead", here);
        if (n->backend && there + here && canvas_text_width(out) <= width)
            return;
    }
    out[0] = 0;
}

/* The keys, and where it was computed: on a narrow screen only if that pushes out no key. */
static void draw_keys_and_place(const struct model *m, struct canvas c, bool wide)
{
    char place[LINE];
    place_text(m, c.area.w / 3, place, sizeof(place));
    int room = wide ? c.area.w - canvas_text_width(place) : c.area.w;
    int end = draw_keys(m, canvas_inside(c, (struct rect){ 0, 0, room, 1 }));
    if (!wide)
        place_text(m, c.area.w - end + 1, place, sizeof(place)); /* keys end with two blanks */
    canvas_text(c, c.area.w - canvas_text_width(place), 0,
                m->numbers.by_processor ? INK_WARNING : INK_DIM, 0, place);
}

static const struct {
    const char *mode, *keys;
} overlay_words[] = {
    [OVERLAY_NONE] = { "NORMAL", "" },
    [OVERLAY_HELP] = { "HELP", "Up Down choose  Enter run  letters filter  Esc close" },
    [OVERLAY_EXPORT] = { "EXPORT", "Enter write  Tab other ending  Esc cancel" },
    [OVERLAY_METHODS] = { "METHOD", "j k choose  Enter take  Esc keep" },
    [OVERLAY_TYPE] = { "TYPE", "Enter set  Esc keep" },
    [OVERLAY_LINE] = { "COMMAND", "" },
    [OVERLAY_PALETTE] = { "PALETTE", "Up Down choose  Enter run  Esc close" },
    [OVERLAY_MENU] = { "MENU", "j k choose  Enter run  Esc close" },
    [OVERLAY_SHELL] = { "SHELL", "y copy  any key closes" },
    [OVERLAY_FILTER] = { "FILTER", "letters filter  Up Down move  Enter keep  Esc all" },
    [OVERLAY_CONFIRM] = { "RELEASE", "Enter spends  Esc spends nothing" },
    [OVERLAY_LEDGER] = { "LEDGER", "any key closes" },
};

static const char *mode_word(const struct model *m)
{
    bool cross = m->cross && m->focus != PANE_FORM && !m->view->own;
    if (m->overlay != OVERLAY_NONE)
        return overlay_words[m->overlay].mode;
    return m->sweeping     ? "SWEEP"
           : m->mouse_free ? "SELECT"
           : cross         ? "CROSS"
                           : overlay_words[OVERLAY_NONE].mode;
}

/* A small screen has no room for the mode and the time: the result, the progress, some keys. */
static void draw_short_status(const struct model *m, struct canvas c)
{
    char line[LINE];
    int x;
    readout(m, m->view->line ? c.area.w / 2 : c.area.w, line,
            sizeof(line)); /* there may be no line for messages */
    if (!line[0])
        pane_summary(m, line, sizeof(line));
    x = 2 + canvas_text(c, 0, 0, INK_TEXT, ATTR_BOLD, line);
    if (m->busy && !m->quick)
        x += 2 + canvas_printf(c, x, 0, INK_WARNING, 0, "%.0f%%", 100 * m->progress);
    draw_keys(m, canvas_inside(c, (struct rect){ x, 0, c.area.w - x, 1 }));
}

static void draw_status(const struct model *m, struct canvas c)
{
    char line[LINE];
    struct canvas keys;
    int x, width;

    if (c.area.w < SMALL && m->overlay == OVERLAY_NONE && m->document && !m->await) {
        draw_short_status(m, c);
        return;
    }
    late_text(m, line, sizeof(line), c.area.w >= ROOMY);
    if (c.area.w < SMALL &&
        canvas_text_width(line) > c.area.w / 2) /* the mode and its keys come first */
        snprintf(line, sizeof(line), "%3.0f%%", 100 * m->progress);
    width = canvas_text_width(line);
    x = 2 + canvas_text(c, 0, 0, INK_TITLE, ATTR_BOLD, mode_word(m));
    int blank = *line == ' ' ? 0 : 1; /* between the keys and the time */
    keys = canvas_inside(c, (struct rect){ x, 0, c.area.w - x - width - blank, 1 });
    if (m->await) {
        canvas_text(keys, 0, 0, INK_KEY, 0, m->awaited);
    } else if (m->overlay == OVERLAY_NONE) {
        draw_keys_and_place(m, keys, c.area.w >= FEW);
    } else {
        canvas_text(keys, 0, 0, INK_DIM, 0, overlay_words[m->overlay].keys);
    }
    canvas_text(c, c.area.w - width, 0, m->busy && !m->quick ? INK_WARNING : INK_DIM, 0, line);
}

static void (*const overlays[])(const struct model *, struct canvas) = {
    [OVERLAY_NONE] = NULL,
    [OVERLAY_HELP] = pane_help,
    [OVERLAY_EXPORT] = pane_export,
    [OVERLAY_METHODS] = pane_methods,
    [OVERLAY_TYPE] = NULL, /* drawn by the form, in the row itself */
    [OVERLAY_LINE] = NULL,
    [OVERLAY_PALETTE] = pane_palette,
    [OVERLAY_SHELL] = pane_shell,
    [OVERLAY_MENU] = pane_menu,
    [OVERLAY_FILTER] = NULL, /* drawn by the tree */
    [OVERLAY_CONFIRM] = pane_confirm,
    [OVERLAY_LEDGER] = pane_ledger_box,
};

static void draw_none_chosen(const struct model *m, struct canvas c)
{
    char line[LINE];
    snprintf(line, sizeof(line),
             "%s holds %zu matrices: %d lists them, Enter there opens one here.", m->document->name,
             m->document->n, view_digit(view_find("weights")));
    pane_paragraph(c, 1, 1, INK_DIM, line);
}

void view_draw(const struct model *m, struct canvas c)
{
    int w = c.area.w, h = c.area.h;
    struct canvas middle = canvas_inside(c, view_area(w, h));
    struct canvas first = canvas_inside(c, (struct rect){ 0, 0, w, 1 });
    int tabs = 0;

    canvas_clear(c);
    if (w < 1 || h < 1)
        return;
    if (m->document && !model_chosen(m) && !m->view->lists && !worlds_away(m))
        draw_none_chosen(m, middle);
    else if (m->document || opening_waits(m))
        m->view->draw(m, middle);
    else
        pane_start(m, middle);
    if (has_tabs(h)) {
        tabs = tabs_draw(m, first);
        tabs_object(m, first, tabs);
        draw_message(m, canvas_inside(c, (struct rect){ 0, h - 2, w, 1 }));
    }
    struct canvas last = canvas_inside(c, (struct rect){ 0, h - 1, w, 1 });
    if (!has_tabs(h) && m->message[0]) /* there is one row for both; a key brings the other back */
        draw_message(m, last);
    else
        draw_status(m, last);
    if (overlays[m->overlay])
        overlays[m->overlay](m, middle);
    if (m->statistics)
        pane_statistics(m, middle);
    if (m->overlay == OVERLAY_LINE || m->overlay == OVERLAY_PALETTE)
        pane_line(m, c);
    tabs_badge(m, first, tabs);
}
