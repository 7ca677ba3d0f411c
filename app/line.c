#include "line.h"

#include <stdio.h>
#include <string.h>

#include "completion.h"
#include "overlay.h"
#include "typing.h"

enum { PAGE = 8 };

static bool is(const char *key, const char *a, const char *b)
{
    return !strcmp(key, a) || !strcmp(key, b);
}

static void put_line(struct model *m, const char *text)
{
    if (text != m->line)
        snprintf(m->line, sizeof(m->line), "%s", text);
    m->line_at = strlen(m->line);
}

static void open_as(struct model *m, enum overlay overlay, const char *text)
{
    overlay_close(m);
    m->overlay = overlay;
    put_line(m, text);
    m->typed_at = m->typed_n;
    m->tab_stem[0] = 0;
    m->faulty = false;
}

void line_open(struct model *m)
{
    open_as(m, OVERLAY_LINE, "");
}

void line_open_with(struct model *m, const char *text)
{
    open_as(m, OVERLAY_LINE, text);
}

void line_palette(struct model *m)
{
    open_as(m, OVERLAY_PALETTE, "");
}

/* Each line once, the newest last. */
static void remember(struct model *m, const char *line)
{
    size_t kept = 0;
    if (!line[strspn(line, " ")])
        return;
    for (size_t i = 0; i < m->typed_n; i++)
        if (strcmp(m->typed[i], line) != 0) {
            if (kept != i)
                memcpy(m->typed[kept], m->typed[i], sizeof(m->typed[0]));
            kept++;
        }
    if (kept == MODEL_TYPED) {
        memmove(m->typed[0], m->typed[1], (MODEL_TYPED - 1) * sizeof(m->typed[0]));
        kept--;
    }
    snprintf(m->typed[kept], sizeof(m->typed[0]), "%s", line);
    m->typed_n = kept + 1;
}

static void enter(struct model *m)
{
    char line[MODEL_LINE];
    size_t at = 0;
    struct error err;
    memcpy(line, m->line, sizeof(line));
    remember(m, line);
    overlay_close(m);
    if (command_run_at(m, line, &at, &err))
        return;
    open_as(m, OVERLAY_LINE, line);
    m->await = NULL;
    m->line_at = at < strlen(line) ? at : strlen(line);
    m->fault = m->line_at;
    m->faulty = true;
    model_say(m, true, "%s", err.text);
}

/* Up and Down; below the newest line is what was being typed. */
static void recall(struct model *m, bool up)
{
    if (up ? m->typed_at == 0 : m->typed_at >= m->typed_n)
        return;
    if (m->typed_at == m->typed_n)
        memcpy(m->draft, m->line, sizeof(m->draft));
    m->typed_at += up ? (size_t)-1 : 1;
    put_line(m, m->typed_at == m->typed_n ? m->draft : m->typed[m->typed_at]);
}

/* Puts n bytes in place of those from `from` to the cursor; false: no room. */
static bool replace(struct model *m, size_t from, const char *text, size_t n)
{
    char line[MODEL_LINE];
    int length = snprintf(line, sizeof(line), "%.*s%.*s%s", (int)from, m->line, (int)n, text,
                          m->line + m->line_at);
    if (length < 0 || (size_t)length >= sizeof(line))
        return false;
    memcpy(m->line, line, sizeof(line));
    m->line_at = from + n;
    return true;
}

/* The only one there is, with a blank behind it unless more of the word may follow. */
static void take_one(struct model *m, const struct completion *c)
{
    size_t n = strlen(c->words[0]);
    char last = (char)(n ? c->words[0][n - 1] : ' ');
    if (replace(m, c->from, c->words[0], n) && last != '=' && last != '/' && !m->line[m->line_at])
        replace(m, m->line_at, " ", 1);
}

/* One after the other in place of what was typed, and their names below. */
static void turn(struct model *m, const struct completion *c)
{
    size_t at = m->tab_at++ % c->n, used;
    if (!replace(m, c->from, c->words[at], strlen(c->words[at])))
        return;
    used = (size_t)snprintf(m->message, sizeof(m->message), "%zu of %zu:", at + 1, c->n);
    for (size_t i = at; i < c->n && used + strlen(c->words[i]) + 2 < sizeof(m->message); i++)
        used += (size_t)snprintf(m->message + used, sizeof(m->message) - used, "  %s", c->words[i]);
}

static void complete(struct model *m)
{
    struct completion c = { .n = 0 };
    bool turning = m->tab_stem[0] != 0;
    if (turning) {
        memcpy(m->line, m->tab_stem, sizeof(m->line));
        m->line_at = m->tab_n;
    }
    completion_find(m, m->line, m->line_at, &c);
    size_t common = completion_common(&c), typed = m->line_at - c.from;
    while (c.n > 1 && common > 0 && c.words[0][common - 1] == '\\')
        common--;
    if (c.n == 0) {
        model_say(m, false, "nothing known begins like this");
    } else if (c.n == 1) {
        take_one(m, &c);
    } else if (common > typed && !turning) {
        replace(m, c.from, c.words[0], common);
    } else {
        if (!turning) {
            memcpy(m->tab_stem, m->line, sizeof(m->tab_stem));
            m->tab_n = m->line_at;
            m->tab_at = 0;
        }
        turn(m, &c);
    }
}

static bool blank(const char *line)
{
    return !line[strspn(line, " ")];
}

void line_press(struct model *m, const char *key, uint32_t text)
{
    m->faulty = false;
    if (strcmp(key, "Tab") != 0)
        m->tab_stem[0] = 0;
    if (!strcmp(key, "Enter"))
        enter(m);
    else if (!strcmp(key, "Esc") || (!strcmp(key, "Backspace") && !m->line[0]))
        overlay_close(m);
    else if (is(key, "Up", "Down"))
        recall(m, !strcmp(key, "Up"));
    else if (!strcmp(key, "C-p") || (!strcmp(key, "Tab") && blank(m->line)))
        m->overlay = OVERLAY_PALETTE;
    else if (!strcmp(key, "Tab"))
        complete(m);
    else
        typing_key(m->line, sizeof(m->line), &m->line_at, key, text);
}

void line_run(struct model *m, const struct deed *d)
{
    char line[MODEL_LINE];
    overlay_close(m);
    snprintf(line, sizeof(line), "%s%s", d->name, *d->arguments ? " " : "");
    if (*d->arguments) {
        line_open_with(m, line);
        return;
    }
    put_line(m, line);
    enter(m);
}

void line_press_palette(struct model *m, const char *key, uint32_t text)
{
    struct deed deeds[CATALOGUE_MOST];
    size_t n = catalogue_ranked(m, m->line, deeds), *at = &m->overlay_line;
    if (!strcmp(key, "Enter") && n == 0)
        enter(m);
    else if (!strcmp(key, "Enter"))
        line_run(m, &deeds[*at]);
    else if (is(key, "Esc", "C-p"))
        overlay_close(m);
    else if (is(key, "Down", "Tab"))
        *at += *at + 1 < n;
    else if (is(key, "Up", "S-Tab"))
        *at -= *at > 0;
    else if (!strcmp(key, "PgDn"))
        *at = *at + PAGE < n ? *at + PAGE : n - (n > 0);
    else if (!strcmp(key, "PgUp"))
        *at -= *at < PAGE ? *at : PAGE;
    else if (typing_key(m->line, sizeof(m->line), &m->line_at, key, text))
        *at = 0;
}
