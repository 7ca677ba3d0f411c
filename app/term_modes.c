#include "term_modes.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "term_signals.h"

void term_modes_say(const char *bytes)
{
    (void)!write(STDOUT_FILENO, bytes, strlen(bytes));
}

/* A capability without its padding, which is for devices of long ago. */
static size_t add_capability(const char *name, char *out, size_t size, size_t n)
{
    const char *from = tigetstr(name);
    if (!from || from == (const char *)-1) /* NOLINT: terminfo's own "not a string" */
        return n;
    while (*from && n + 1 < size) {
        if (from[0] == '$' && from[1] == '<' && strchr(from, '>'))
            from = strchr(from, '>') + 1;
        else
            out[n++] = *from++;
    }
    out[n] = 0;
    return n;
}

static const char mouse_on[] = "\033[?1000h\033[?1002h\033[?1006h";
static const char mouse_off[] = "\033[?1006l\033[?1002l\033[?1000l";
static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";

void term_modes_restore(bool mice, bool synchronized, const struct termios *shell)
{
    static const char *const names[] = { "sgr0", "rmkx", "cnorm", "rmcup" };
    char bytes[512];
    size_t n = (size_t)snprintf(bytes, sizeof(bytes), "%s%s%s", synchronized ? "\033[?2026l" : "",
                                mice ? mouse_off : "", mice ? paste_off : "");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        n = add_capability(names[i], bytes, sizeof(bytes), n);
    term_signals_restore(bytes, n, shell);
}

/* What curses is not asked to switch: keys that say what they are, mouse, paste. */
void term_modes_enter(bool mice, bool mouse)
{
    char bytes[64];
    if (add_capability("smkx", bytes, sizeof(bytes), 0))
        term_modes_say(bytes);
    if (mice)
        term_modes_say(paste_on);
    if (mice && mouse)
        term_modes_say(mouse_on);
}

void term_modes_leave(bool mice)
{
    char bytes[64];
    if (mice)
        term_modes_say(mouse_off), term_modes_say(paste_off);
    if (add_capability("rmkx", bytes, sizeof(bytes), 0))
        term_modes_say(bytes);
}

void term_modes_mouse(bool on)
{
    term_modes_say(on ? mouse_on : mouse_off);
}
