#include "term.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "hole.h"
#include "sink.h"
#include "term_keys.h"

const char *const term_color_names[] = { "auto", "24bit", "256", "none", NULL };

/* In the hole: a glyph in a pair that no text uses, so that curses never takes it
 * for a blank, nor for text that stands there already. */
enum { SENTINEL = 0x2592, SENTINEL_ASCII = '`', SENTINEL_PAIR = INK_COUNT + 1 };

static struct {
    SCREEN *screen; /* NULL: not open */
    WINDOW *keys;   /* a pad: reading from it never refreshes */
    enum term_color color;
    enum scheme scheme;
    bool unicode, pairs, light;
    char mode[96];
    struct grid last; /* what is on the screen */
    struct hole hole;
    bool fresh;   /* nothing of `last` holds */
    bool pending; /* painting was stopped by a key */
    int signals[2];
    struct termios shell; /* as it was */
} term;

/* For the handlers of fatal signals: written as it is. */
static char restore[256];
static volatile sig_atomic_t restore_size;
static struct termios restore_termios;

static const int told[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT };
static const int fatal[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT };
enum { TOLD = sizeof(told) / sizeof(told[0]), FATAL = sizeof(fatal) / sizeof(fatal[0]) };
static struct sigaction before[TOLD + FATAL];

/* A pipe rather than a mask: whichever thread takes the signal, also one of a
 * library that was started before main, the loop wakes up. */
static void on_told(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    (void)!write(term.signals[1], &byte, 1);
    errno = saved;
}

static void on_fatal(int number)
{
    if (restore_size) {
        (void)!write(STDOUT_FILENO, restore, (size_t)restore_size);
        tcsetattr(STDIN_FILENO, TCSANOW, &restore_termios);
    }
    sink_emergency();
    raise(number); /* SA_RESETHAND: the system's own end */
}

static void catch_signals(void)
{
    static unsigned char stack[1 << 16]; /* an overflow of the stack ends here, too */
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
    struct sigaction quiet = { .sa_handler = on_told, .sa_flags = SA_RESTART };
    struct sigaction last = { .sa_handler = on_fatal,
                              .sa_flags = (int)SA_RESETHAND | SA_NODEFER | SA_ONSTACK };
    for (int i = 0; i < TOLD; i++)
        sigaction(told[i], &quiet, &before[i]);
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &last, &before[TOLD + i]);
}

static void release_signals(void)
{
    for (int i = 0; i < TOLD; i++)
        sigaction(told[i], &before[i], NULL);
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &before[TOLD + i], NULL);
}

/* A capability without its padding, which is for devices of long ago. */
static void add_capability(const char *name)
{
    const char *from = tigetstr(name);
    size_t n = (size_t)restore_size;
    if (!from || from == (const char *)-1) /* NOLINT: terminfo's own "not a string" */
        return;
    while (*from && n + 1 < sizeof(restore)) {
        if (from[0] == '$' && from[1] == '<' && strchr(from, '>'))
            from = strchr(from, '>') + 1;
        else
            restore[n++] = *from++;
    }
    restore_size = (sig_atomic_t)n;
}

static void prepare_restore(void)
{
    static const char sync_off[] = "\033[?2026l";
    static const char *const names[] = { "sgr0", "rmkx", "cnorm", "rmcup" };
    restore_size = 0;
    restore_termios = term.shell;
    if (term.color != TERM_MONO) {
        memcpy(restore, sync_off, sizeof(sync_off) - 1);
        restore_size = sizeof(sync_off) - 1;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        add_capability(names[i]);
}

static bool environment(const char *name, const char *a, const char *b)
{
    const char *value = getenv(name);
    return value && (!strcmp(value, a) || !strcmp(value, b));
}

/* In this order: what was asked for, what the user wants everywhere, what the
 * terminal says of itself. */
static enum term_color decide(enum term_color asked, const char **why)
{
    const char *no_color = getenv("NO_COLOR");
    *why = "--color";
    if (asked != TERM_AUTO)
        return asked;
    *why = "NO_COLOR";
    if (no_color && *no_color)
        return TERM_MONO;
    *why = "COLORTERM";
    if (environment("COLORTERM", "truecolor", "24bit"))
        return TERM_24BIT;
    *why = "tmux"; /* takes 24 bits and reduces them itself */
    if (getenv("TMUX"))
        return TERM_24BIT;
    *why = "terminfo";
    if (tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || tigetflag("Tc") > 0)
        return TERM_24BIT;
    return tigetnum("colors") >= 256 ? TERM_256 : TERM_MONO;
}

static void say_mode(const char *why, const char *why_ascii)
{
    const char *glyphs = term.color == TERM_MONO ? "characters"
                         : term.unicode          ? "half blocks"
                                                 : "blanks";
    static const char *const colors[] = { [TERM_AUTO] = "",
                                          [TERM_24BIT] = "24-bit",
                                          [TERM_256] = "256 colours",
                                          [TERM_MONO] = "no colour" };
    snprintf(term.mode, sizeof(term.mode), "%s, %s (%s)%s%s", glyphs, colors[term.color], why,
             term.unicode ? "" : ", ASCII: ", term.unicode ? "" : why_ascii);
}

static void init_colors(void)
{
    if (term.color == TERM_MONO || !has_colors() || start_color() == ERR)
        return;
    use_default_colors();
    for (int ink = 0; ink < INK_COUNT; ink++) {
        int index = theme_style(term.scheme, (enum ink)ink).index;
        init_extended_pair(ink + 1, index < COLORS ? index : -1, -1);
    }
    init_extended_pair(SENTINEL_PAIR, -1, -1);
    term.pairs = true;
}

/* The keypad is switched on by the first reading, not by keypad(). */
static void prime_keys(void)
{
    wint_t c;
    int kind = wget_wch(term.keys, &c);
    if (kind == OK)
        unget_wch((wchar_t)c);
    else if (kind == KEY_CODE_YES)
        ungetch((int)c);
}

static bool check(struct error *err)
{
    const char *name = getenv("TERM");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return fail(
            err, ERROR_USAGE,
            "the workbench needs a terminal; \"eigenscope run\" and \"eigenscope frame\" do not");
    if (!name || !*name || !strcmp(name, "dumb") || !strcmp(name, "unknown"))
        return fail(err, ERROR_USAGE,
                    "TERM is '%s': the workbench cannot place its cursor there; "
                    "\"eigenscope run\" and \"eigenscope frame\" work without",
                    name ? name : "");
    return true;
}

static bool start_curses(struct error *err)
{
    term.screen = newterm(NULL, stdout, stdin);
    if (!term.screen)
        return fail(err, ERROR_USAGE,
                    "the terminal '%s' is not in this machine's terminfo; "
                    "TERM=xterm-256color suits most of today's",
                    getenv("TERM"));
    const char *place = tigetstr("cup");
    if (place && place != (const char *)-1) /* NOLINT: terminfo's own "not a string" */
        return true;
    delscreen(term.screen);
    term.screen = NULL;
    return fail(err, ERROR_USAGE, "the terminal '%s' cannot place its cursor", getenv("TERM"));
}

static void set_modes(void)
{
    raw();
    noecho();
    nonl();
    typeahead(-1);
    set_escdelay(25);
    leaveok(stdscr, FALSE);
    idlok(stdscr, FALSE); /* shifting lines or characters would shift the picture */
    idcok(stdscr, FALSE);
    curs_set(0);
    nodelay(term.keys, TRUE);
    keypad(term.keys, TRUE);
    prime_keys();
}

bool term_open(const struct term_options *o, struct error *err)
{
    if (!check(err))
        return false;
    setlocale(LC_CTYPE, "");
    bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
    tcgetattr(STDIN_FILENO, &term.shell);
    if (pipe2(term.signals, O_NONBLOCK | O_CLOEXEC))
        return fail(err, ERROR_MEMORY, "the terminal could not be set up: %s", strerror(errno));
    if (!start_curses(err)) {
        close(term.signals[0]);
        close(term.signals[1]);
        return false;
    }
    const char *why;
    term.color = decide(o->color, &why);
    term.scheme = term.color == TERM_MONO ? SCHEME_MONO : o->scheme;
    term.light = o->scheme == SCHEME_LIGHT;
    term.unicode = utf8 && !o->ascii;
    say_mode(why, o->ascii ? "--ascii" : "the locale is not UTF-8");
    prepare_restore();
    catch_signals();
    term.keys = newpad(1, 1);
    set_modes();
    init_colors();
    term.fresh = true;
    return true;
}

void term_close(void)
{
    if (!term.screen)
        return;
    endwin();
    tcsetattr(STDIN_FILENO, TCSANOW, &term.shell);
    restore_size = 0;
    release_signals();
    delwin(term.keys);
    delscreen(term.screen);
    grid_finish(&term.last);
    hole_finish(&term.hole);
    close(term.signals[0]);
    close(term.signals[1]);
    memset(&term, 0, sizeof(term));
}

void term_size(int *width, int *height)
{
    *width = getmaxx(stdscr);
    *height = getmaxy(stdscr);
}

bool term_unicode(void)
{
    return term.unicode;
}

const char *term_mode(void)
{
    return term.mode;
}

void term_redraw(void)
{
    term.fresh = true;
}

static void put_cell(const struct cell *c, int x, int y)
{
    wchar_t text[2] = { (wchar_t)(c->rune ? c->rune : ' '), 0 };
    struct style style = theme_style(term.scheme, (enum ink)c->ink);
    int attributes = style.attributes | c->attributes, pair = term.pairs ? c->ink + 1 : 0;
    if (c->picture && term.color == TERM_MONO) {
        text[0] = (wchar_t)theme_ramp(c->top, c->bottom, term.light);
    } else if (c->picture) {
        text[0] = term.unicode ? SENTINEL : SENTINEL_ASCII;
        pair = term.pairs ? SENTINEL_PAIR : 0;
        attributes = 0;
    }
    if (!term.unicode && text[0] > '~')
        text[0] = '?';
    attr_t bits = (attributes & ATTR_BOLD ? A_BOLD : 0) |
                  (attributes & ATTR_REVERSE ? A_REVERSE : 0);
    cchar_t out;
    setcchar(&out, text, bits, 0, &pair);
    mvadd_wch(y, x, &out);
}

static bool same(const struct cell *a, const struct cell *b)
{
    if (a->picture != b->picture)
        return false;
    bool colors = a->top == b->top && a->bottom == b->bottom;
    return a->picture ? colors
                      : a->rune == b->rune && a->ink == b->ink && a->attributes == b->attributes;
}

/* Hands curses the cells that changed; false: none did. Picture cells that stay
 * picture cells are no news to curses, unless they are drawn as characters. */
static bool put_text(const struct grid *g)
{
    bool any = false;
    for (int y = 0; y < g->height; y++)
        for (int x = 0; x < g->width; x++) {
            size_t i = (size_t)y * (size_t)g->width + (size_t)x;
            if (!term.fresh && same(&g->cells[i], &term.last.cells[i]))
                continue;
            any = true;
            if (term.fresh || !g->cells[i].picture || !term.last.cells[i].picture ||
                term.color == TERM_MONO)
                put_cell(&g->cells[i], x, y);
        }
    return any;
}

static void synchronize(bool on)
{
    if (term.color != TERM_MONO)
        (void)!write(STDOUT_FILENO, on ? "\033[?2026h" : "\033[?2026l", 8);
}

/* Memory for a screen of this size; false: there is none, and nothing is shown. */
static bool remember(const struct grid *g)
{
    if (term.last.width == g->width && term.last.height == g->height)
        return true;
    grid_finish(&term.last);
    term.fresh = true;
    return grid_init(&term.last, g->width, g->height) && hole_init(&term.hole, g->width, g->height);
}

bool term_show(const struct grid *g, bool moving)
{
    int width, height;
    term_size(&width, &height);
    if (g->width != width || g->height != height || !remember(g))
        return true; /* a resize is on its way, and draws anew */
    bool changed = put_text(g);
    if (!changed && !term.pending && (moving || !term.hole.rough))
        return true;
    synchronize(true);
    if (term.fresh) {
        clearok(curscr, TRUE);
        hole_forget(&term.hole);
        term.fresh = false;
    }
    move(height - 1, 0);
    wnoutrefresh(stdscr);
    doupdate();
    memcpy(term.last.cells, g->cells, sizeof(*g->cells) * (size_t)width * (size_t)height);
    bool done = term.color == TERM_MONO ||
                hole_paint(&term.hole, g, term.color == TERM_256 ? HOLE_256 : HOLE_24BIT,
                           term.unicode, moving, STDOUT_FILENO, STDIN_FILENO, height - 1, 0);
    synchronize(false);
    term.pending = !done;
    return done;
}

void term_suspend(void)
{
    endwin();
    tcsetattr(STDIN_FILENO, TCSANOW, &term.shell);
    release_signals();
    kill(0, SIGTSTP);  /* the whole job, as the terminal would */
    poll(NULL, 0, 10); /* another thread may have taken it: it stops this one in here */
    catch_signals();
    reset_prog_mode();
    refresh();
    prime_keys();
    term.fresh = true;
    on_told(SIGWINCH); /* the size may be another one by now */
}

static void resize(void)
{
    struct winsize now;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) == 0 && now.ws_row > 0 && now.ws_col > 0)
        resize_term(now.ws_row, now.ws_col);
    term.fresh = true;
}

/* What the handlers told, all of it at once. */
static enum term_event take_signals(void)
{
    unsigned char bytes[64];
    ssize_t n;
    bool quit = false, stop = false, woken = false;
    while ((n = read(term.signals[0], bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < n; i++) {
            stop |= bytes[i] == SIGTSTP;
            woken |= bytes[i] == SIGWINCH || bytes[i] == SIGCONT;
            quit |= bytes[i] == SIGTERM || bytes[i] == SIGHUP || bytes[i] == SIGINT;
        }
    if (quit)
        return TERM_QUIT;
    if (stop)
        term_suspend();
    if (!stop && !woken)
        return TERM_NONE;
    reset_prog_mode(); /* after SIGSTOP, the shell's modes are set */
    resize();
    return TERM_RESIZE;
}

enum term_event term_wait(int fd, int timeout_ms)
{
    struct pollfd p[] = { { .fd = term.signals[0], .events = POLLIN },
                          { .fd = STDIN_FILENO, .events = POLLIN },
                          { .fd = fd, .events = POLLIN } };
    if (poll(p, 3, timeout_ms) < 0)
        p[1].revents = p[2].revents = 0; /* interrupted: the pipe says why */
    enum term_event told_now = take_signals();
    if (told_now != TERM_NONE)
        return told_now;
    if (p[1].revents & (POLLHUP | POLLERR | POLLNVAL))
        return TERM_QUIT;
    if (p[1].revents)
        return TERM_KEY;
    return p[2].revents ? TERM_FD : TERM_NONE;
}

bool term_key(char *name, int size, uint32_t *text)
{
    wint_t c;
    for (int kind; (kind = wget_wch(term.keys, &c)) != ERR;)
        if (term_keys_name(kind == KEY_CODE_YES, (uint32_t)c, name, size, text))
            return true;
    return false;
}
