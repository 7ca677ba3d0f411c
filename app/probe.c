#include "probe.h"

#include <stdio.h>
#include <string.h>

static bool starts(const char *text, const char *with)
{
    return text && !strncmp(text, with, strlen(with));
}

static bool ends(const char *text, const char *with)
{
    size_t n = text ? strlen(text) : 0, m = strlen(with);
    return n >= m && !strcmp(text + n - m, with);
}

static bool either(const char *text, const char *a, const char *b)
{
    return text && (!strcmp(text, a) || !strcmp(text, b));
}

static bool unwanted(const struct probe *p)
{
    return p->no_color && *p->no_color;
}

/* By name and number alone. */
static enum term_color by_terminfo(const struct probe *p)
{
    if (p->rgb || ends(p->term, "-direct"))
        return TERM_24BIT;
    if (p->colors >= 256 || ends(p->term, "-256color"))
        return TERM_256;
    return p->colors >= 16 ? TERM_16 : p->colors >= 8 ? TERM_8 : TERM_MONO;
}

enum term_color probe_decide(const struct probe *p, char *why, size_t size)
{
    bool tmux = p->tmux || starts(p->version, "tmux");
    const struct {
        bool holds;
        enum term_color color;
        const char *why;
    } rows[] = {
        { p->asked != TERM_AUTO, p->asked, "--color" },
        { unwanted(p), TERM_MONO, "NO_COLOR" },
        { p->answered != TERM_AUTO, p->answered, *p->version ? p->version : "it answered" },
        { either(p->colorterm, "truecolor", "24bit"), TERM_24BIT, "COLORTERM" },
        { tmux, TERM_24BIT, "tmux" }, /* takes 24 bits and reduces them itself */
        { true, by_terminfo(p), "TERM" },
    };
    size_t i = 0;
    while (!rows[i].holds)
        i++;
    snprintf(why, size, "%s", rows[i].why);
    return rows[i].color;
}

/* The colour of blanks is set to one that only 24 bits can hold, asked for, and reset;
 * then the name, and last what every terminal answers. */
static const char questions[] = "\033[48;2;1;2;3m\033P$qm\033\\\033[m\033[>0q\033[c";

const char *probe_questions(const struct probe *p)
{
    /* These know no DCS, or hand it on to another terminal (GNU screen), and would show it. */
    static const char *const mute[] = { "linux", "vt", "ansi", "cygwin", "sun", "wy", "screen" };
    if (p->asked != TERM_AUTO || unwanted(p) || p->colors < 8)
        return NULL;
    for (size_t i = 0; i < sizeof(mute) / sizeof(mute[0]); i++)
        if (starts(p->term, mute[i]) && !p->tmux)
            return NULL;
    return questions;
}

/* "48:2::1:2:3m", "48;2;1;2;3m", "0;48:2:1:2:3m": kept as it was set. */
static enum term_color read_color(const char *text)
{
    const char *at = strstr(text, "48");
    if (!at || (at > text && at[-1] != ';'))
        return TERM_AUTO; /* says nothing about it */
    at += 2;
    if (either(at, ":2::1:2:3m", ":2:1:2:3m") || either(at, ";2;1;2;3m", ":2:0:1:2:3m"))
        return TERM_24BIT;
    return starts(at, ":5:") || starts(at, ";5;") ? TERM_256 : TERM_AUTO;
}

bool probe_hear(struct probe *p, const struct event *e)
{
    if (e->kind == EVENT_COLOR)
        p->answered = read_color(e->answer);
    else if (e->kind == EVENT_VERSION)
        snprintf(p->version, sizeof(p->version), "%.31s", e->answer);
    else if (e->kind == EVENT_FENCE)
        p->done = true;
    else
        return false;
    return true;
}
