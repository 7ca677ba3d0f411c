#include "overlay.h"
#include "export.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "demo.h"
#include "line.h"
#include "registry.h"
#include "reproduce.h"
#include "setting.h"
#include "typing.h"

enum { HELP_PAGE = 10 };

static void open_over(struct model *m, enum overlay overlay)
{
    m->overlay = overlay;
    m->overlay_line = 0;
    m->line[0] = 0;
    m->line_at = 0;
    m->overwrite = false;
}

void overlay_type(struct model *m)
{
    if (model_field(m))
        open_over(m, OVERLAY_TYPE);
}

void overlay_help(struct model *m)
{
    open_over(m, OVERLAY_HELP);
}

void overlay_close(struct model *m)
{
    open_over(m, OVERLAY_NONE);
}

void overlay_methods(struct model *m)
{
    open_over(m, OVERLAY_METHODS);
    while (methods[m->overlay_line] != m->method)
        m->overlay_line++;
}

void overlay_export(struct model *m)
{
    struct error err;
    if (!theatre_export(m, &err)) {
        model_say(m, true, "%s", err.text);
        return;
    }
    if (!m->document || !m->subject) {
        model_say(m, true, "there is nothing to export yet");
        return;
    }
    open_over(m, OVERLAY_EXPORT);
    reproduce_name(m, m->line, sizeof(m->line));
    m->line_at = strlen(m->line);
}

/* The endings that can be written, in the order of the formats; how many. */
static size_t endings_of(const struct model *m, const char *out[], size_t most)
{
    size_t n = 0;
    for (size_t i = 0; formats[i]; i++) {
        bool fits = formats[i]->write && (!formats[i]->needs_picture || m->subject->picture);
        for (const char *const *e = formats[i]->extensions; fits && *e && n < most; e++)
            out[n++] = *e;
    }
    return n;
}

/* Tab in the export dialog: the same name with the next ending. */
static void next_ending(struct model *m)
{
    const char *endings[32], *now = format_ending(m->line);
    size_t n = endings_of(m, endings, sizeof(endings) / sizeof(endings[0])), next = 0;
    size_t cut = strlen(m->line) - strlen(now);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(endings[i], now))
            next = (i + 1) % n;
    if (n && cut + strlen(endings[next]) < sizeof(m->line))
        memcpy(m->line + cut, endings[next], strlen(endings[next]) + 1);
    m->line_at = strlen(m->line);
    m->overwrite = false;
}

static void write_export(struct model *m)
{
    struct error err;
    if (!export_fits(m->line, m->subject->picture, m->subject->planes, &err)) {
        model_say(m, true, "%s", err.text);
        return;
    }
    if (!m->overwrite && access(m->line, F_OK) == 0) {
        m->overwrite = true;
        model_say(m, false, "it exists: Enter again overwrites it");
        return;
    }
    if (!model_export(m, m->line, m->overwrite, &err)) {
        model_say(m, true, "%s", err.text);
        return;
    }
    overlay_close(m);
    model_say(m, false, "writing");
}

static void press_export(struct model *m, const char *key, uint32_t text)
{
    if (!strcmp(key, "Enter"))
        write_export(m);
    else if (!strcmp(key, "Esc"))
        overlay_close(m);
    else if (!strcmp(key, "Tab"))
        next_ending(m);
    else if (typing_key(m->line, sizeof(m->line), &m->line_at, key, text))
        m->overwrite = false;
}

static void press_type(struct model *m, const char *key, uint32_t text)
{
    struct error err;
    bool enter = !strcmp(key, "Enter");
    if (!strcmp(key, "Esc") || (enter && !m->line[0]))
        overlay_close(m);
    else if (!enter)
        typing_key(m->line, sizeof(m->line), &m->line_at, key, text);
    else if (!setting_set(m, model_field(m), m->line, &err))
        model_say(m, true, "%s", err.text);
    else
        m->overlay = OVERLAY_NONE;
}

static bool is(const char *key, const char *a, const char *b)
{
    return !strcmp(key, a) || !strcmp(key, b);
}

static void press_methods(struct model *m, const char *key, uint32_t text)
{
    (void)text;
    if (is(key, "j", "Down") && m->overlay_line + 1 < model_methods()) {
        m->overlay_line++;
    } else if (is(key, "k", "Up") && m->overlay_line > 0) {
        m->overlay_line--;
    } else if (!strcmp(key, "Enter")) {
        model_set_method(m, methods[m->overlay_line]);
    }
    if (is(key, "Esc", "q") || is(key, "p", "Enter"))
        overlay_close(m);
}

bool overlay_start(struct model *m, const char *key)
{
    struct error err;
    char line[64];
    if (is(key, "j", "Down"))
        m->overlay_line += demos[m->overlay_line + 1].name != NULL;
    else if (is(key, "k", "Up"))
        m->overlay_line -= m->overlay_line > 0;
    else if (strcmp(key, "Enter") != 0)
        return false;
    else {
        snprintf(line, sizeof(line), "open demo:%s", demos[m->overlay_line].name);
        if (!command_run(m, line, &err))
            model_say(m, true, "%s", err.text);
    }
    return true;
}

/* The last row says how pictures are drawn, where there is such a row. */
static void press_help(struct model *m, const char *key, uint32_t text)
{
    struct deed deeds[CATALOGUE_MOST];
    size_t n = catalogue_filtered(m, m->line, deeds), *at = &m->overlay_line;
    size_t last = m->mode[0] && !m->line[0] ? n : n - (n > 0);
    if (!strcmp(key, "Down"))
        *at += 1;
    else if (!strcmp(key, "Up"))
        *at -= *at > 0;
    else if (!strcmp(key, "PgDn"))
        *at += HELP_PAGE;
    else if (!strcmp(key, "PgUp"))
        *at -= *at < HELP_PAGE ? *at : HELP_PAGE;
    else if (!strcmp(key, "End"))
        *at = last;
    else if (!strcmp(key, "Enter") && *at < n)
        line_run(m, &deeds[*at]);
    else if (is(key, "Esc", "F1") || (!strcmp(key, "?") && !m->line[0]))
        overlay_close(m);
    else if (!strcmp(key, "Home") || typing_key(m->line, sizeof(m->line), &m->line_at, key, text))
        *at = 0;
    if (m->overlay == OVERLAY_HELP && *at > last)
        *at = last;
}

const struct action *overlay_menu_choice(const struct model *m, const char *key)
{
    struct deed deeds[CATALOGUE_MOST];
    size_t n = catalogue_menu(m, m->menu.place, deeds);
    return !strcmp(key, "Enter") && m->overlay_line < n ? deeds[m->overlay_line].action : NULL;
}

static void press_menu(struct model *m, const char *key, uint32_t text)
{
    struct deed deeds[CATALOGUE_MOST];
    size_t n = catalogue_menu(m, m->menu.place, deeds), *at = &m->overlay_line;
    (void)text;
    if (is(key, "j", "Down"))
        *at += *at + 1 < n;
    else if (is(key, "k", "Up"))
        *at -= *at > 0;
    else if (is(key, "Home", "End"))
        *at = key[0] == 'H' ? 0 : n - (n > 0);
    const struct action *chosen = overlay_menu_choice(m, key);
    if (is(key, "Esc", "q") || !strcmp(key, "Enter"))
        overlay_close(m);
    if (chosen)
        action_do(m, chosen);
}

void overlay_menu(struct model *m, enum menu_place place, int x, int y)
{
    open_over(m, OVERLAY_MENU);
    m->menu = (struct menu){ place, x, y };
}

static void press_shell(struct model *m, const char *key, uint32_t text)
{
    (void)text;
    overlay_close(m);
    if (!strcmp(key, "y"))
        overlay_copy(m);
}

void overlay_shell(struct model *m)
{
    if (m->document)
        open_over(m, OVERLAY_SHELL);
    else
        model_say(m, true, "nothing is open");
}

void overlay_copy(struct model *m)
{
    struct error err;
    if (reproduce_command(m, m->copy, sizeof(m->copy), &err)) {
        bool more = !m->view->command && (m->wipe || m->difference || m->original);
        model_say(m, false, "copied%s: %.200s", more ? ", for the sliders' setting alone" : "",
                  m->copy);
        return;
    }
    m->copy[0] = 0;
    model_say(m, true, "%s", err.text);
}

void overlay_filter(struct model *m)
{
    open_over(m, OVERLAY_FILTER);
    snprintf(m->line, sizeof(m->line), "%s", m->browse.filter);
    m->line_at = strlen(m->line);
}

/* The list follows every letter. */
static void press_filter(struct model *m, const char *key, uint32_t text)
{
    struct browse *b = &m->browse;
    if (!strcmp(key, "Enter")) {
        m->overlay = OVERLAY_NONE;
    } else if (is(key, "Up", "Down")) {
        browse_move(m, !strcmp(key, "Up") ? -1 : 1);
    } else if (!strcmp(key, "Esc") || (!strcmp(key, "Backspace") && !m->line[0])) {
        b->filter[0] = 0;
        overlay_close(m);
        browse_update(m);
    } else if (typing_key(m->line, sizeof(b->filter), &m->line_at, key, text)) {
        memcpy(b->filter, m->line, sizeof(b->filter));
        browse_update(m);
    }
}

void overlay_confirm(struct model *m)
{
    struct error err;
    if (worlds_ready(m, &err))
        open_over(m, OVERLAY_CONFIRM);
    else
        model_say(m, true, "%s", err.text);
}

/* What is wrong closes it, so that nothing is spent by a second Enter, and so does a letter that no hand typed:
 * else a script could leave it filled for somebody's next Enter. */
static void press_confirm(struct model *m, const char *key, uint32_t text)
{
    struct error err;
    char typed[MODEL_LINE];
    if (!worlds_by_hand(m, &err)) {
        overlay_close(m);
        model_say(m, true, "%s", err.text);
    } else if (is(key, "Esc", "Enter")) {
        memcpy(typed, m->line, sizeof(typed));
        overlay_close(m);
        if (!strcmp(key, "Esc"))
            model_say(m, false, "nothing was spent");
        else if (!worlds_confirm(m, typed, &err))
            model_say(m, true, "%s", err.text);
    } else {
        typing_key(m->line, sizeof(m->line), &m->line_at, key, text);
    }
}

void overlay_ledger(struct model *m)
{
    worlds_read_ledger(m);
    open_over(m, OVERLAY_LEDGER);
}

static void press_ledger(struct model *m, const char *key, uint32_t text)
{
    (void)key, (void)text;
    overlay_close(m);
}

void overlay_press(struct model *m, const char *key, uint32_t text)
{
    static void (*const press[])(struct model *, const char *, uint32_t) = {
        [OVERLAY_HELP] = press_help,       [OVERLAY_EXPORT] = press_export,
        [OVERLAY_METHODS] = press_methods, [OVERLAY_TYPE] = press_type,
        [OVERLAY_LINE] = line_press,       [OVERLAY_PALETTE] = line_press_palette,
        [OVERLAY_SHELL] = press_shell,     [OVERLAY_MENU] = press_menu,
        [OVERLAY_FILTER] = press_filter,   [OVERLAY_CONFIRM] = press_confirm,
        [OVERLAY_LEDGER] = press_ledger,
    };
    press[m->overlay](m, key, text);
}
