#include "term.h"

#include <assert.h>
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "hole.h"
#include "probe.h"
#include "term_input.h"
#include "term_modes.h"
#include "term_signals.h"

/* In the hole: a glyph in a pair that no text uses, so that curses never takes it
 * for a blank, nor for text that stands there already. */
enum { SENTINEL = 0x2592, SENTINEL_ASCII = '`', SENTINEL_PAIR = INK_COUNT + 1 };

/* Nothing else takes a pair, and what a picture is coloured with never does: curses would keep
 * each, up to 57,600 of 256 colours. */
static_assert(SENTINEL_PAIR < 64, "every terminal with colours has so many pairs");

static struct {
    SCREEN *screen; /* NULL: not open */
    enum term_color color;
    enum scheme scheme;
    bool unicode, pairs, light, mice;
    char mode[96];
    const char *why_ascii;
    struct probe probe;
    bool mouse;       /* the mouse is ours */
    struct grid last; /* what is on the screen */
    struct hole hole;
    struct term_cost cost;
    bool measured;
    bool fresh;           /* nothing of `last` holds */
    bool pending;         /* painting was stopped by a key */
    struct termios shell; /* as it was */
} term;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What was written by this thread since it began: curses does not say. 0: unknown. */
static size_t written(void)
{
    static const char key[] = "wchar: ";
    char line[64];
    size_t n = 0;
    FILE *f = fopen("/proc/thread-self/io", "r");
    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, key, sizeof(key) - 1)) {
            n = (size_t)strtoull(line + sizeof(key) - 1, NULL, 10);
            break;
        }
    if (f)
        fclose(f);
    return n;
}

bool term_mouse(bool on)
{
    if (term.mice && on != term.mouse)
        term_modes_mouse(on);
    term.mouse = on;
    return term.mice;
}

static bool has_string(const char *name)
{
    const char *s = tigetstr(name);
    return s && s != (const char *)-1; /* NOLINT: terminfo's own "not a string" */
}

static void look_around(enum term_color asked)
{
    term.probe = (struct probe){
        .asked = asked,
        .no_color = getenv("NO_COLOR"),
        .colorterm = getenv("COLORTERM"),
        .term = getenv("TERM"),
        .tmux = getenv("TMUX") != NULL,
        .rgb = tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || tigetflag("Tc") > 0,
        .colors = tigetnum("colors"),
    };
    term.mice = has_string("kmous");
    term.mouse = true;
}

/* The mode by what is known now, in words. */
static void decide(void)
{
    static const char *const colors[] = {
        [TERM_AUTO] = "",         [TERM_24BIT] = "24-bit", [TERM_256] = "256 colours",
        [TERM_16] = "16 colours", [TERM_8] = "8 colours",  [TERM_MONO] = "no colour"
    };
    char why[40];
    term.color = probe_decide(&term.probe, why, sizeof(why));
    const char *glyphs = term.color == TERM_MONO ? "characters"
                         : term.unicode          ? "half blocks"
                                                 : "blanks";
    snprintf(term.mode, sizeof(term.mode), "%s, %s (%s)%s%s", glyphs, colors[term.color], why,
             term.unicode ? "" : ", ASCII: ", term.unicode ? "" : term.why_ascii);
}

static void init_colors(void)
{
    bool few = term.color == TERM_16 || term.color == TERM_8;
    if (term.color == TERM_MONO || !has_colors() || start_color() == ERR)
        return;
    use_default_colors();
    for (int ink = 0; ink < INK_COUNT; ink++) {
        struct style s = theme_style(term.scheme, (enum ink)ink);
        init_extended_pair(ink + 1, few || COLORS < 256 ? s.basic : s.index, -1);
    }
    init_extended_pair(SENTINEL_PAIR, -1, -1);
    term.pairs = true;
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
    if (has_string("cup"))
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
    leaveok(stdscr, FALSE);
    idlok(stdscr, FALSE); /* shifting lines or characters would shift the picture */
    idcok(stdscr, FALSE);
    curs_set(0);
    term_modes_enter(term.mice, term.mouse);
}

/* Asked before the first frame, which does not wait for what comes back. */
static void ask(void)
{
    const char *questions = probe_questions(&term.probe);
    if (!questions)
        return;
    term_modes_say(questions);
    term_input_await(true);
}

bool term_open(const struct term_options *o, struct error *err)
{
    if (!check(err))
        return false;
    setlocale(LC_CTYPE, "");
    bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
    tcgetattr(STDIN_FILENO, &term.shell);
    if (!term_signals_open())
        return fail(err, ERROR_MEMORY, "the terminal could not be set up: %s", strerror(errno));
    if (!start_curses(err)) {
        term_signals_close();
        return false;
    }
    look_around(o->color);
    term.unicode = utf8 && !o->ascii;
    term_input_open(utf8);
    term.why_ascii = o->ascii ? "--ascii" : "the locale is not UTF-8";
    decide();
    term.scheme = term.color == TERM_MONO ? SCHEME_MONO : o->scheme;
    term.light = o->scheme == SCHEME_LIGHT;
    term_modes_restore(term.mice, term.color != TERM_MONO, &term.shell);
    term_signals_catch();
    set_modes();
    init_colors();
    ask();
    term.fresh = true;
    return true;
}

void term_close(void)
{
    if (!term.screen)
        return;
    term_modes_leave(term.mice);
    endwin();
    tcsetattr(STDIN_FILENO, TCSANOW, &term.shell);
    term_signals_restore(NULL, 0, NULL);
    term_signals_release();
    delscreen(term.screen);
    grid_finish(&term.last);
    hole_finish(&term.hole);
    term_signals_close();
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

static bool row_changed(const struct grid *g, int y)
{
    size_t first = (size_t)y * (size_t)g->width;
    for (size_t i = first; i < first + (size_t)g->width; i++)
        if (!same(&g->cells[i], &term.last.cells[i]))
            return true;
    return false;
}

static bool changed(const struct grid *g)
{
    for (int y = 0; y < g->height; y++)
        if (term.fresh || row_changed(g, y))
            return true;
    return false;
}

static void send_text(void)
{
    wnoutrefresh(stdscr);
    doupdate();
}

/* Hands curses the cells of a row that changed. Picture cells that stay picture cells are no
 * news to curses, unless they are drawn as characters. What changed on both sides of some goes
 * out in two parts: in one, curses writes a short run between two changes once more rather
 * than move the cursor over it, and the sentinel over the picture. */
static void put_row(const struct grid *g, int y)
{
    bool any = false;
    for (int x = 0; x < g->width; x++) {
        size_t i = (size_t)y * (size_t)g->width + (size_t)x;
        const struct cell *is = &g->cells[i], *was = &term.last.cells[i];
        bool stays = is->picture && was->picture && term.color != TERM_MONO;
        bool news = term.fresh || (!stays && !same(is, was));
        if (news)
            put_cell(is, x, y);
        else if (stays && any)
            send_text();
        any = news || (any && !stays);
    }
    if (any && !term.fresh)
        send_text();
}

/* Row by row: doupdate looks for lines that moved and scrolls them, idlok or not, and the
 * picture with them. Where one line at a time is new, none can have moved. */
static void put_text(const struct grid *g)
{
    leaveok(stdscr, TRUE);
    for (int y = 0; y < g->height; y++)
        put_row(g, y);
    leaveok(stdscr, FALSE);
    if (term.fresh)
        clearok(curscr, TRUE);
    move(g->height - 1, 0);
    wnoutrefresh(stdscr);
    doupdate();
}

static void synchronize(bool on)
{
    if (term.color != TERM_MONO)
        term_modes_say(on ? "\033[?2026h" : "\033[?2026l");
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

/* Text by curses, then the picture by the hole; false: a key stopped it. */
static bool paint(const struct grid *g, bool moving)
{
    double start = now_ms();
    size_t n = term.measured ? written() : 0;
    synchronize(true);
    if (term.fresh)
        hole_forget(&term.hole);
    put_text(g);
    term.fresh = false;
    term.cost.text_ms = now_ms() - start;
    memcpy(term.last.cells, g->cells, sizeof(*g->cells) * (size_t)g->width * (size_t)g->height);
    start = now_ms();
    term.hole.write_ms = 0;
    bool done = term.color == TERM_MONO ||
                hole_paint(&term.hole, g, term.color, term.unicode, moving, STDOUT_FILENO,
                           STDIN_FILENO, g->height - 1, 0);
    synchronize(false);
    term.cost.write_ms = term.hole.write_ms;
    term.cost.picture_ms = now_ms() - start - term.hole.write_ms;
    if (term.measured)
        term.cost.bytes = written() - n;
    return done;
}

bool term_show(const struct grid *g, bool moving)
{
    int width, height;
    term_size(&width, &height);
    if (g->width != width || g->height != height || !remember(g))
        return true; /* a resize is on its way, and draws anew */
    if (!changed(g) && !term.pending && (moving || !term.hole.rough))
        return true;
    bool done = paint(g, moving);
    term.pending = !done;
    return done;
}

struct term_cost term_cost(bool measure)
{
    term.measured = measure;
    return term.cost;
}

void term_suspend(void)
{
    term_modes_leave(term.mice);
    endwin();
    tcsetattr(STDIN_FILENO, TCSANOW, &term.shell);
    term_signals_release();
    kill(0, SIGTSTP);  /* the whole job, as the terminal would */
    poll(NULL, 0, 10); /* another thread may have taken it: it stops this one in here */
    term_signals_catch();
    reset_prog_mode();
    refresh();
    term_modes_enter(term.mice, term.mouse);
    term.fresh = true;
    term_signals_raise(SIGWINCH); /* the size may be another one by now */
}

static void resize(void)
{
    struct winsize now;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) == 0 && now.ws_row > 0 && now.ws_col > 0)
        resize_term(now.ws_row, now.ws_col);
    term.fresh = true;
}

static enum term_event take_signals(void)
{
    struct told told = term_signals_take();
    if (told.quit)
        return TERM_QUIT;
    if (told.stop)
        term_suspend();
    if (!told.stop && !told.woken)
        return TERM_NONE;
    reset_prog_mode(); /* after SIGSTOP, the shell's modes are set */
    resize();
    return TERM_RESIZE;
}

enum term_event term_wait(int fd, int timeout_ms)
{
    struct pollfd p[] = { { .fd = term_signals_fd(), .events = POLLIN },
                          { .fd = STDIN_FILENO, .events = POLLIN },
                          { .fd = fd, .events = POLLIN } };
    int left = term_input_patience();
    if (left >= 0 && (timeout_ms < 0 || left < timeout_ms))
        timeout_ms = left;
    if (term_input_gone())
        return TERM_QUIT;
    if (poll(p, 3, timeout_ms) < 0)
        p[1].revents = p[2].revents = 0; /* interrupted: the pipe says why */
    enum term_event told_now = take_signals();
    if (told_now != TERM_NONE)
        return told_now;
    if (p[1].revents & (POLLHUP | POLLERR | POLLNVAL))
        return TERM_QUIT;
    if (p[1].revents || term_input_patience() == 0)
        return TERM_KEY;
    return p[2].revents ? TERM_FD : TERM_NONE;
}

/* The terminal says more of itself than the environment did. */
static void learn(const struct event *e)
{
    enum term_color before = term.color;
    if (!probe_hear(&term.probe, e))
        return;
    term_input_await(!term.probe.done);
    decide();
    if (term.color == before)
        return;
    hole_forget(&term.hole);
    term.pending = true;
}

bool term_take(struct event *e)
{
    while (term_input_next(e)) {
        if (e->kind == EVENT_KEY || e->kind == EVENT_MOUSE)
            return true;
        learn(e);
    }
    return false;
}
