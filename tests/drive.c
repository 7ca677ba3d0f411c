/* The real program in a terminal: libvterm behind a pseudo-terminal reads what it
 * writes. Argument: the program. A shim between the two does what a shell does:
 * gives the program the terminal, waits while it is stopped, takes the terminal
 * back, and says whether it was left as it was found. */

#include "check.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vterm.h>

enum { QUIET_MS = 250, PATIENCE_MS = 20000, LOG = 1 << 22 };

struct news {
    char what; /* 'p': started, 's': stopped, 'x': exited, 'k': killed */
    int value; /* process, signal or status */
    bool modes_kept;
};

struct terminal {
    VTerm *vt;
    VTermScreen *screen;
    int fd, shim; /* the terminal's other side; the socket to the shim */
    pid_t session, program;
    int rows, cols;
    bool alternate, cursor;
    char *log; /* every byte of output */
    size_t n;
};

static char *program;

/* ---- the shim ---- */

static void tell(int to, char what, int value, const struct termios *before)
{
    struct termios now;
    tcgetattr(STDIN_FILENO, &now);
    bool same = now.c_iflag == before->c_iflag && now.c_oflag == before->c_oflag &&
                now.c_cflag == before->c_cflag && now.c_lflag == before->c_lflag &&
                !memcmp(now.c_cc, before->c_cc, sizeof(now.c_cc));
    struct news news = { .what = what, .value = value, .modes_kept = same };
    (void)!write(to, &news, sizeof(news));
}

static pid_t start(char *const *arguments)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    setpgid(0, 0);
    tcsetpgrp(STDIN_FILENO, getpid());
    signal(SIGTTOU, SIG_DFL);
    execv(arguments[0], arguments);
    _exit(99);
}

static void shim(int to, char *const *arguments)
{
    struct termios before;
    tcgetattr(STDIN_FILENO, &before);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    signal(SIGTTOU, SIG_IGN); /* or taking the terminal back would stop the shim */
    pid_t pid = start(arguments);
    setpgid(pid, pid);
    tell(to, 'p', pid, &before);
    for (int status;;) {
        if (waitpid(pid, &status, WUNTRACED) < 0)
            _exit(98);
        tcsetpgrp(STDIN_FILENO, getpgrp());
        if (!WIFSTOPPED(status)) {
            tell(to, WIFEXITED(status) ? 'x' : 'k',
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), &before);
            _exit(0);
        }
        tell(to, 's', WSTOPSIG(status), &before);
        char go;
        if (read(to, &go, 1) != 1)
            _exit(97);
        tcsetpgrp(STDIN_FILENO, pid);
        kill(-pid, SIGCONT);
    }
}

/* ---- the terminal ---- */

static int on_property(VTermProp property, VTermValue *value, void *context)
{
    struct terminal *t = context;
    if (property == VTERM_PROP_ALTSCREEN)
        t->alternate = value->boolean;
    if (property == VTERM_PROP_CURSORVISIBLE)
        t->cursor = value->boolean;
    return 1;
}

static void on_answer(const char *bytes, size_t n, void *context)
{
    const struct terminal *t = context;
    (void)!write(t->fd, bytes, n);
}

static void set_environment(const char *const *extra)
{
    static const char *const gone[] = {
        "NO_COLOR", "TMUX", "LANG", "LC_CTYPE", "LINES", "COLUMNS"
    };
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        unsetenv(gone[i]);
    setenv("TERM", "tmux-256color", 1); /* libvterm 0.1.4 does not know REP, nor does this entry */
    setenv("COLORTERM", "truecolor", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* curses keeps its tables */
    for (; extra && extra[0]; extra += 2) {
        if (extra[1])
            setenv(extra[0], extra[1], 1);
        else
            unsetenv(extra[0]);
    }
}

/* Blocks for at most ms; false: nothing came, or the other side is gone. */
static bool pump(struct terminal *t, int ms)
{
    static char bytes[1 << 16];
    struct pollfd p = { .fd = t->fd, .events = POLLIN };
    if (poll(&p, 1, ms) <= 0)
        return false;
    ssize_t n = read(t->fd, bytes, sizeof(bytes));
    if (n <= 0)
        return false;
    size_t keep = (size_t)n < LOG - t->n ? (size_t)n : LOG - t->n;
    memcpy(t->log + t->n, bytes, keep);
    t->n += keep;
    vterm_input_write(t->vt, bytes, (size_t)n);
    return true;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void wait_quiet(struct terminal *t, int ms)
{
    double end = now_ms() + PATIENCE_MS;
    while (now_ms() < end && pump(t, ms))
        ;
}

static struct news hear(struct terminal *t)
{
    struct news news = { 0 };
    double end = now_ms() + PATIENCE_MS;
    struct pollfd p = { .fd = t->shim, .events = POLLIN };
    while (now_ms() < end && poll(&p, 1, 0) <= 0)
        pump(t, 20);
    if (read(t->shim, &news, sizeof(news)) != sizeof(news))
        news.what = '?';
    while (pump(t, 50)) /* what was written before */
        ;
    return news;
}

static bool open_terminal(struct terminal *t, int cols, int rows, const char *const *environment,
                          char *const *arguments)
{
    static const VTermScreenCallbacks callbacks = { .settermprop = on_property };
    int pair[2];
    *t = (struct terminal){ .rows = rows, .cols = cols, .cursor = true, .log = malloc(LOG) };
    if (!t->log || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
        return false;
    struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
    t->session = forkpty(&t->fd, NULL, NULL, &size);
    if (t->session == 0) {
        close(pair[0]);
        set_environment(environment);
        shim(pair[1], arguments);
    }
    close(pair[1]);
    t->shim = pair[0];
    t->vt = vterm_new(rows, cols);
    vterm_set_utf8(t->vt, 1);
    vterm_output_set_callback(t->vt, on_answer, t);
    t->screen = vterm_obtain_screen(t->vt);
    vterm_screen_set_callbacks(t->screen, &callbacks, t);
    vterm_screen_enable_altscreen(t->screen, 1);
    vterm_screen_reset(t->screen, 1);
    t->program = hear(t).value;
    return t->program > 0;
}

static void close_terminal(struct terminal *t)
{
    int status;
    close(t->shim);
    close(t->fd); /* hangs up whatever is left */
    waitpid(t->session, &status, 0);
    vterm_free(t->vt);
    free(t->log);
}

static void press(struct terminal *t, const char *bytes)
{
    (void)!write(t->fd, bytes, strlen(bytes));
    wait_quiet(t, QUIET_MS);
}

static void resize(struct terminal *t, int cols, int rows)
{
    struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
    vterm_set_size(t->vt, rows, cols);
    ioctl(t->fd, TIOCSWINSZ, &size);
    t->rows = rows;
    t->cols = cols;
    wait_quiet(t, QUIET_MS);
}

static VTermScreenCell cell(const struct terminal *t, int row, int col)
{
    VTermScreenCell c;
    memset(&c, 0, sizeof(c));
    vterm_screen_get_cell(t->screen, (VTermPos){ .row = row, .col = col }, &c);
    return c;
}

/* One row as text; what is not ASCII reads as '#'. */
static void row_text(const struct terminal *t, int row, char *out, size_t size)
{
    size_t n = 0;
    for (int col = 0; col < t->cols && n + 1 < size; col++) {
        uint32_t c = cell(t, row, col).chars[0];
        out[n++] = (char)(c == 0 ? ' ' : c < 127 ? (char)c : '#');
    }
    out[n] = 0;
}

static bool find_text(const struct terminal *t, const char *text)
{
    char line[512];
    for (int row = 0; row < t->rows; row++) {
        row_text(t, row, line, sizeof(line));
        if (strstr(line, text))
            return true;
    }
    return false;
}

static void print_screen(const struct terminal *t)
{
    char line[512];
    for (int row = 0; row < t->rows; row++) {
        row_text(t, row, line, sizeof(line));
        printf("# |%s|\n", line);
    }
}

static bool wait_text(struct terminal *t, const char *text)
{
    double end = now_ms() + PATIENCE_MS;
    while (now_ms() < end && !find_text(t, text))
        pump(t, 50);
    wait_quiet(t, QUIET_MS); /* a match may stand in half a frame */
    bool found = find_text(t, text);
    if (!found) {
        printf("# no '%s' on this screen:\n", text);
        print_screen(t);
    }
    return found;
}

static uint32_t rgb(VTermColor c)
{
    return VTERM_COLOR_IS_RGB(&c) && !VTERM_COLOR_IS_DEFAULT_BG(&c) &&
                   !VTERM_COLOR_IS_DEFAULT_FG(&c)
               ? (uint32_t)c.rgb.red << 16 | (uint32_t)c.rgb.green << 8 | c.rgb.blue
               : 0x1000000;
}

struct picture {
    int cells;     /* with a background in true colour */
    uint64_t hash; /* FNV-1a over them */
};

static struct picture picture(const struct terminal *t)
{
    struct picture p = { .hash = 14695981039346656037u };
    for (int row = 0; row < t->rows; row++)
        for (int col = 0; col < t->cols; col++) {
            VTermScreenCell c = cell(t, row, col);
            if (rgb(c.bg) == 0x1000000)
                continue;
            p.cells++;
            const uint32_t parts[] = { rgb(c.bg), c.chars[0] == 0x2580 ? rgb(c.fg) : rgb(c.bg) };
            for (int i = 0; i < 2; i++)
                p.hash = (p.hash ^ parts[i]) * 1099511628211u;
        }
    return p;
}

/* Whether any SGR in the bytes sets a colour. */
static bool any_color(const char *bytes, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (bytes[i] != 27 || bytes[i + 1] != '[')
            continue;
        size_t at = i + 2;
        while (at < n &&
               (bytes[at] == ';' || bytes[at] == ':' || (bytes[at] >= '0' && bytes[at] <= '9')))
            at++;
        if (at >= n || bytes[at] != 'm')
            continue;
        for (size_t p = i + 2; p < at;) {
            long v = strtol(bytes + p, NULL, 10);
            if ((v >= 30 && v <= 49 && v != 39) || (v >= 90 && v <= 107))
                return true;
            while (p < at && bytes[p] != ';')
                p++;
            p++;
        }
    }
    return false;
}

/* ---- what is asked of it ---- */

static bool begin(struct terminal *t, int cols, int rows, const char *const *environment)
{
    static char document[] = "demo:phantom256";
    char *arguments[] = { program, document, NULL };
    return open_terminal(t, cols, rows, environment, arguments);
}

/* The rank that the picture's title names; -1: none. */
static int rank_shown(const struct terminal *t)
{
    char line[512];
    for (int row = 0; row < t->rows; row++) {
        row_text(t, row, line, sizeof(line));
        const char *k = strstr(line, "k=");
        if (k)
            return atoi(k + 2);
    }
    return -1;
}

static void check_left(struct terminal *t, char what, int value)
{
    struct news news = hear(t);
    bool as_it_should = news.what == what && news.value == value && news.modes_kept;
    if (!as_it_should)
        printf("# %c %d, terminal modes %s\n", news.what, news.value,
               news.modes_kept ? "kept" : "changed");
    CHECK(as_it_should);
    CHECK(!t->alternate && t->cursor);
}

static void test_session(const char *folder)
{
    struct terminal t;
    CHECK(begin(&t, 120, 40, NULL));
    CHECK(wait_text(&t, "k="));
    CHECK(t.alternate && !t.cursor);
    struct picture first = picture(&t);
    int rank = rank_shown(&t);
    CHECK(first.cells > 500);
    CHECK(rank > 0);
    press(&t, "\033OC");
    CHECK(rank_shown(&t) == rank + 1);
    uint64_t next = picture(&t).hash;
    CHECK(next != first.hash);
    press(&t, "\014"); /* at rest nothing is left that is nearly right */
    CHECK(picture(&t).hash == next);
    press(&t, "\033OD");
    CHECK(rank_shown(&t) == rank && picture(&t).hash == first.hash); /* exact again at rest */

    resize(&t, 80, 24);
    CHECK(wait_text(&t, "k="));
    struct picture small = picture(&t);
    CHECK(small.cells > 100 && small.cells < first.cells);
    resize(&t, 120, 40);
    CHECK(picture(&t).cells == first.cells && picture(&t).hash == first.hash);
    press(&t, "\014");
    CHECK(picture(&t).hash == first.hash);

    press(&t, "?");
    CHECK(find_text(&t, "help"));
    CHECK(picture(&t).cells < first.cells);
    press(&t, "\033");
    CHECK(picture(&t).hash == first.hash);
    press(&t, "Z");
    CHECK(find_text(&t, "no key 'Z' here - ? for help"));

    press(&t, "P");
    press(&t, "p");
    CHECK(find_text(&t, "lplr"));
    press(&t, "\033");

    char path[96];
    snprintf(path, sizeof(path), "%s/out.png", folder);
    press(&t, "e");
    press(&t, "\025");
    press(&t, path);
    press(&t, "\r");
    CHECK(wait_text(&t, "wrote out.png"));
    unsigned char head[8] = { 0 };
    FILE *f = fopen(path, "rb");
    CHECK(f && fread(head, 1, 8, f) == 8 && !memcmp(head, "\x89PNG\r\n\x1a\n", 8));
    if (f)
        fclose(f);
    unlink(path);

    wait_quiet(&t, 1000); /* quality numbers are there */
    size_t before = t.n;
    pump(&t, 1000);
    CHECK(t.n == before);
    press(&t, "q");
    check_left(&t, 'x', 0);
    close_terminal(&t);
}

/* What a method that is run for every setting shows, by its name in the command line. */
static void test_method(void)
{
    struct terminal t;
    CHECK(begin(&t, 100, 30, NULL));
    CHECK(wait_text(&t, "k="));
    struct picture before = picture(&t);
    press(&t, "p");
    for (int i = 0; i < 3; i++)
        press(&t, "j");
    press(&t, "\r");
    CHECK(wait_text(&t, "LPLR"));
    CHECK(picture(&t).cells == before.cells && picture(&t).hash != before.hash);
    press(&t, "q");
    check_left(&t, 'x', 0);
    close_terminal(&t);
}

/* Text and colours of every cell but the last two rows: messages and times. */
/* A wipe, a part of the picture and a sweep; what is undone leaves the screen as it was. */
static void test_comparing(void)
{
    struct terminal t;
    CHECK(begin(&t, 120, 40, NULL));
    CHECK(wait_text(&t, "k="));
    struct picture before = picture(&t);
    press(&t, "o");
    uint64_t original = picture(&t).hash;
    press(&t, "oaw");
    CHECK(wait_text(&t, "A: truncated-svd"));
    struct picture wiped = picture(&t);
    CHECK(wiped.cells < before.cells); /* the bar */
    CHECK(wiped.hash != before.hash && wiped.hash != original);
    press(&t, "<");
    CHECK(picture(&t).hash != wiped.hash);
    press(&t, ">");
    CHECK(picture(&t).hash == wiped.hash);
    press(&t, "w");
    CHECK(picture(&t).hash == before.hash);
    press(&t, "ziz1");
    CHECK(wait_text(&t, "1:1") && picture(&t).hash != before.hash);
    press(&t, "zf");
    CHECK(picture(&t).hash == before.hash);

    int rank = rank_shown(&t);
    double start = now_ms();
    (void)!write(t.fd, " ", 1);
    while (now_ms() < start + 1000)
        pump(&t, 10);
    press(&t, " ");
    double rate = (rank_shown(&t) - rank) / (now_ms() - start - QUIET_MS) * 1000;
    printf("# a sweep shows %.1f ranks a second\n", rate);
    CHECK(rate > 7); /* 20 on a machine with nothing else to do */
    rank = rank_shown(&t);
    press(&t, "\033");
    CHECK(rank_shown(&t) == rank && !find_text(&t, "SWEEP"));
    press(&t, "q");
    check_left(&t, 'x', 0);
    close_terminal(&t);
}

static uint64_t screen_hash(const struct terminal *t)
{
    uint64_t hash = picture(t).hash;
    for (int row = 0; row + 2 < t->rows; row++)
        for (int col = 0; col < t->cols; col++) {
            VTermScreenCell c = cell(t, row, col);
            uint32_t rune = c.chars[0] ? c.chars[0] : ' '; /* erased, or a blank was written */
            rune ^= (uint32_t)c.attrs.bold << 24 ^ (uint32_t)c.attrs.reverse << 25;
            hash = (hash ^ rune) * 1099511628211u;
        }
    return hash;
}

/* Whatever was pressed and however the window was pulled: what stands on the screen
 * is what a repaint from nothing puts there. */
static void test_any_keys(void)
{
    static const char *const keys[] = { "l",    "h",    "j", "k", "L", "H", "?",      "p",
                                        "e",    "+",    "-", "g", "G", "=", "\033OA", "\033OB",
                                        "\t",   "r",    "P", "^", "$", "7", "x",      "\033[6~",
                                        "\033", "\033", "i", "Y", "o" };
    enum { KEYS = sizeof(keys) / sizeof(keys[0]), ROUNDS = 3 };
    struct terminal t;
    int wrong = 0;
    CHECK(begin(&t, 100, 30, NULL));
    CHECK(wait_text(&t, "k="));
    srand(20);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 60; i++) {
            const char *key = keys[rand() % KEYS];
            (void)!write(t.fd, key, strlen(key));
            pump(&t, rand() % 8);
        }
        resize(&t, 30 + rand() % 120, 8 + rand() % 40);
        wait_quiet(&t, 500);
        uint64_t before = screen_hash(&t);
        press(&t, "\014");
        wrong += screen_hash(&t) != before;
    }
    CHECK(wrong == 0);
    press(&t, "\033");
    press(&t, "q");
    check_left(&t, 'x', 0);
    close_terminal(&t);
}

static void test_signal(int number, char what, int value)
{
    struct terminal t;
    CHECK(begin(&t, 80, 24, NULL));
    CHECK(wait_text(&t, "k="));
    CHECK(t.alternate);
    kill(t.program, number);
    check_left(&t, what, value);
    close_terminal(&t);
}

static void test_suspend(void)
{
    struct terminal t;
    CHECK(begin(&t, 80, 24, NULL));
    CHECK(wait_text(&t, "k="));
    uint64_t hash = picture(&t).hash;
    (void)!write(t.fd, "\032", 1);
    check_left(&t, 's', SIGTSTP);
    (void)!write(t.shim, "g", 1);
    CHECK(wait_text(&t, "k="));
    CHECK(t.alternate && !t.cursor && picture(&t).hash == hash);
    kill(t.program, SIGTSTP); /* from elsewhere, too */
    check_left(&t, 's', SIGTSTP);
    (void)!write(t.shim, "g", 1);
    CHECK(wait_text(&t, "k="));
    CHECK(picture(&t).hash == hash);
    press(&t, "\003");
    press(&t, "\003");
    check_left(&t, 'x', 0);
    close_terminal(&t);
}

static void test_dumb(const char *name)
{
    const char *const environment[] = { "TERM", name, NULL };
    struct terminal t;
    CHECK(begin(&t, 80, 24, environment));
    struct news news = hear(&t);
    CHECK(news.what == 'x' && news.value == 2 && news.modes_kept);
    size_t lines = 0, escapes = 0;
    for (size_t i = 0; i < t.n; i++) {
        lines += t.log[i] == '\n';
        escapes += t.log[i] == 27;
    }
    CHECK(lines == 1 && escapes == 0 && t.n > 20);
    close_terminal(&t);
}

static void test_no_color(void)
{
    static const char *const environment[] = { "NO_COLOR", "1", NULL };
    struct terminal t;
    CHECK(begin(&t, 80, 24, environment));
    CHECK(wait_text(&t, "k="));
    press(&t, "l");
    press(&t, "?");
    press(&t, "\033");
    CHECK(!any_color(t.log, t.n));
    press(&t, "q");
    check_left(&t, 'x', 0);
    close_terminal(&t);
}

static void test_ascii(void)
{
    static const char *const environment[] = { "LC_ALL", "C", "COLORTERM", NULL, NULL };
    struct terminal t;
    CHECK(begin(&t, 80, 24, environment));
    CHECK(wait_text(&t, "k="));
    press(&t, "l");
    size_t high = 0;
    for (size_t i = 0; i < t.n; i++)
        high += (t.log[i] & 0x80) != 0;
    CHECK(high == 0);
    CHECK(any_color(t.log, t.n)); /* 256 of them */
    press(&t, "q");
    check_left(&t, 'x', 0);
    close_terminal(&t);
}

static bool begin_with(struct terminal *t, const char *state, char *flag, char *value)
{
    const char *const environment[] = { "XDG_STATE_HOME", state, NULL };
    char *arguments[] = { program, flag, value, NULL };
    return open_terminal(t, 100, 30, environment, arguments);
}

/* What a session keeps comes back as it was; what was recorded is played to the same end. */
static void test_remembering(const char *folder)
{
    static const char script[] = "# eigenscope session 1\nopen demo:phantom256\nmethod lplr; k 19\n"
                                 "wait\nincrease\nwait 0.1\npress :\npress k\npress Space\n"
                                 "press 2\npress 5\npress Enter\nwait\nundo\nwait\nquit\n";
    char path[96], document[] = "demo:phantom256", restore[] = "-r", replay[] = "--replay=";
    char flag[128];
    struct terminal t;
    CHECK(begin_with(&t, folder, document, NULL));
    CHECK(wait_text(&t, "k="));
    press(&t, ":set rank=x\r");
    CHECK(find_text(&t, "'x'") && find_text(&t, ":set rank=x"));
    press(&t, "\033:method lplr; k 21; show focus=spectrum gaps=on\r");
    CHECK(wait_text(&t, "LPLR  k=21") && find_text(&t, ">"));
    press(&t, "y");
    CHECK(memmem(t.log, t.n, "\033]52;c;ZWlnZW5zY29wZSBydW4gbHBsci", 33) != NULL);
    press(&t, "\020sdl");
    press(&t, "\033");
    uint64_t before = screen_hash(&t);
    press(&t, "q");
    check_left(&t, 'x', 0);
    close_terminal(&t);

    CHECK(begin_with(&t, folder, restore, NULL));
    CHECK(wait_text(&t, "LPLR  k=21"));
    wait_quiet(&t, 500);
    CHECK(screen_hash(&t) == before);
    press(&t, "ll");
    press(&t, "u");
    CHECK(wait_text(&t, "k=21"));
    press(&t, "q");
    check_left(&t, 'x', 0);
    close_terminal(&t);

    snprintf(path, sizeof(path), "%s/play.session", folder);
    FILE *f = fopen(path, "w");
    CHECK(f && fputs(script, f) >= 0 && fclose(f) == 0);
    snprintf(flag, sizeof(flag), "%s%s", replay, path);
    CHECK(begin_with(&t, folder, flag, NULL));
    check_left(&t, 'x', 0); /* it quits by itself */
    close_terminal(&t);
    CHECK(begin_with(&t, folder, restore, NULL));
    CHECK(wait_text(&t, "LPLR  k=20")); /* 19, one more, 25, undone */
    press(&t, "q");
    check_left(&t, 'x', 0);
    close_terminal(&t);
    unlink(path);
    snprintf(path, sizeof(path), "%s/eigenscope/last.session", folder);
    CHECK(unlink(path) == 0);
    snprintf(path, sizeof(path), "%s/eigenscope", folder);
    CHECK(rmdir(path) == 0);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/eigenscope-drive-XXXXXX";
    if (argc < 2 || !mkdtemp(folder))
        return 2;
    program = argv[1];
    signal(SIGPIPE, SIG_IGN);
    test_session(folder);
    test_method();
    test_comparing();
    test_any_keys();
    test_remembering(folder);
    test_signal(SIGTERM, 'x', 0);
    test_signal(SIGHUP, 'x', 0);
    test_signal(SIGSEGV, 'k', SIGSEGV);
    test_signal(SIGQUIT, 'k', SIGQUIT);
    test_suspend();
    test_dumb("dumb");
    test_dumb("");
    test_dumb("nonsense-terminal");
    test_no_color();
    test_ascii();
    rmdir(folder);
    return check_done();
}
