/* A shim between the pseudo-terminal and the program does what a shell does: gives the
 * program the terminal, waits while it is stopped, takes the terminal back, and says
 * whether it was left as it was found. */

#include "tty.h"

#include <dirent.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { LOG = 1 << 22, SLICE_MS = 10, ASKS = 50, WORK_MS = 5 };

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

double tty_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int on_property(VTermProp property, VTermValue *value, void *context)
{
    struct terminal *t = context;
    if (property == VTERM_PROP_ALTSCREEN)
        t->alternate = value->boolean;
    if (property == VTERM_PROP_CURSORVISIBLE)
        t->cursor = value->boolean;
    return 1;
}

static enum tty_answers answers;

void tty_answer(enum tty_answers how)
{
    answers = how;
}

static void on_answer(const char *bytes, size_t n, void *context)
{
    struct terminal *t = context;
    if (answers == TTY_SENT)
        (void)!write(t->fd, bytes, n);
    if (answers != TTY_KEPT || t->kept + n > sizeof(t->answers))
        return;
    memcpy(t->answers + t->kept, bytes, n);
    t->kept += n;
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
    setenv("ASAN_OPTIONS", "detect_leaks=1", 1); /* a leak ends it with another status */
    setenv("LSAN_OPTIONS", "print_suppressions=0:suppressions=" LEAKS, 1);
    for (; extra && extra[0]; extra += 2) {
        if (extra[1])
            setenv(extra[0], extra[1], 1);
        else
            unsetenv(extra[0]);
    }
}

/* What a program must not leave switched on. */
static const int modes[TTY_MODES] = { 1049, 1000, 1002, 1003, 1006, 2004, 2026, 1 };

bool tty_mode(const struct terminal *t, int number)
{
    for (int i = 0; i < TTY_MODES; i++)
        if (modes[i] == number)
            return t->on[i];
    return false;
}

static void set_mode(struct terminal *t, int number, bool on)
{
    for (int i = 0; i < TTY_MODES; i++)
        if (modes[i] == number)
            t->on[i] = on;
    if (number == 2026 && !on)
        t->synchronized = tty_now();
}

/* CSI ? n ; n ... h or l, in whatever pieces it comes. */
static void scan_modes(struct terminal *t, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = bytes[i];
        if (c == 27) {
            t->state = 1;
        } else if (t->state == 1) {
            t->state = c == '[' ? 2 : 0;
        } else if (t->state == 2) {
            t->state = c == '?' ? 3 : c >= '0' && c <= '9' ? -1 : 0;
            t->part = c != '1';
            t->number = 0;
            memset(t->wanted, 0, sizeof(t->wanted));
        } else if (t->state == -1) { /* "5;9r"; the whole screen is "1;24r" */
            t->part |= c >= '0' && c <= '9' && !t->semicolon;
            t->semicolon |= c == ';';
            t->scrolls += c == 'r' && t->part;
            if ((c < '0' || c > '9') && c != ';')
                t->state = t->semicolon = 0;
        } else if (t->state >= 3 && c >= '0' && c <= '9') {
            t->number = t->number < 100000 ? 10 * t->number + c - '0' : t->number;
            t->wanted[t->state - 3] = t->number;
        } else if (t->state >= 3 && c == ';' && t->state < TTY_MODES + 2) {
            t->state++;
            t->number = 0;
        } else if (t->state >= 3) {
            for (int k = 0; k <= t->state - 3 && (c == 'h' || c == 'l'); k++)
                set_mode(t, t->wanted[k], c == 'h');
            t->state = 0;
        }
    }
}

static int throttle;

void tty_throttle(int bytes_a_second)
{
    throttle = bytes_a_second;
}

bool tty_pump(struct terminal *t, int ms)
{
    static char bytes[1 << 16];
    struct pollfd p = { .fd = t->fd, .events = POLLIN };
    if (poll(&p, 1, ms) <= 0)
        return false;
    ssize_t n = read(t->fd, bytes, throttle ? 1024 : sizeof(bytes));
    if (throttle)
        usleep((useconds_t)(1024 * 1e6 / throttle));
    if (n <= 0)
        return false;
    size_t keep = (size_t)n < LOG - t->n ? (size_t)n : LOG - t->n;
    memcpy(t->log + t->n, bytes, keep);
    scan_modes(t, bytes, (size_t)n);
    t->total += (size_t)n;
    t->n += keep;
    vterm_input_write(t->vt, bytes, (size_t)n);
    return true;
}

/* The letter of a thread's state, proc(5); it follows the name in brackets. */
static char state_of(pid_t program, const char *thread)
{
    char path[64], line[256] = "";
    snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stat", (int)program, thread);
    FILE *f = fopen(path, "r");
    const char *name_end = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
    if (f)
        fclose(f);
    return name_end && name_end[1] ? name_end[2] : '?';
}

/* Whether the program draws or reads keys, or would if it had a processor. */
static bool draws(const struct terminal *t)
{
    char number[16];
    snprintf(number, sizeof(number), "%d", (int)t->program);
    char state = state_of(t->program, number);
    return state == 'R' || state == 'D';
}

/* A wait that is made of looks: where this process had no processor, the other had none either. */
static void wait_quiet(struct terminal *t, int ms, bool (*busy)(const struct terminal *))
{
    int slice = ms < SLICE_MS ? ms : SLICE_MS;
    double end = tty_now() + TTY_PATIENCE_MS;
    for (int left = ms / slice; left > 0 && tty_now() < end; left--) {
        double from = tty_now();
        if (tty_pump(t, slice) || busy(t))
            left = ms / slice + 1;
        else if (tty_now() < from + 1) /* the other side is gone: it does not wait */
            usleep((useconds_t)slice * 1000);
    }
}

void tty_quiet(struct terminal *t, int ms)
{
    wait_quiet(t, ms, draws);
}

bool tty_works(const struct terminal *t)
{
    return draws(t) || tty_computes(t);
}

void tty_rest(struct terminal *t, int ms)
{
    wait_quiet(t, ms, tty_works);
}

struct news tty_hear(struct terminal *t)
{
    struct news news = { 0 };
    double end = tty_now() + TTY_PATIENCE_MS;
    struct pollfd p = { .fd = t->shim, .events = POLLIN };
    while (tty_now() < end && poll(&p, 1, 0) <= 0)
        tty_pump(t, 20);
    if (read(t->shim, &news, sizeof(news)) != sizeof(news))
        news.what = '?';
    while (tty_pump(t, 50)) /* what was written before */
        ;
    return news;
}

bool tty_open(struct terminal *t, int cols, int rows, const char *const *environment,
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
    struct pollfd p = { .fd = t->shim, .events = POLLIN };
    struct news news = { 0 };
    if (poll(&p, 1, TTY_PATIENCE_MS) > 0 && read(t->shim, &news, sizeof(news)) == sizeof(news))
        t->program = news.value;
    return t->program > 0;
}

void tty_close(struct terminal *t)
{
    int status;
    close(t->shim);
    close(t->fd); /* hangs up whatever is left */
    waitpid(t->session, &status, 0);
    vterm_free(t->vt);
    free(t->log);
}

void tty_send(struct terminal *t, const char *bytes)
{
    (void)!write(t->fd, bytes, strlen(bytes));
}

void tty_press(struct terminal *t, const char *bytes)
{
    tty_send(t, bytes);
    tty_quiet(t, QUIET_MS);
}

void tty_pull(struct terminal *t, int cols, int rows)
{
    struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
    vterm_set_size(t->vt, rows, cols);
    ioctl(t->fd, TIOCSWINSZ, &size);
    t->rows = rows;
    t->cols = cols;
}

void tty_resize(struct terminal *t, int cols, int rows)
{
    tty_pull(t, cols, rows);
    tty_quiet(t, QUIET_MS);
}

bool tty_news(const struct terminal *t)
{
    struct pollfd p = { .fd = t->shim, .events = POLLIN };
    return poll(&p, 1, 0) > 0;
}

/* What a sanitizer had to say. */
static void print_report(const struct terminal *t)
{
    const char *at = memmem(t->log, t->n, "==ERROR", 7);
    size_t n = at ? (size_t)(t->log + t->n - at) : 0;
    for (size_t i = 0; i < n && i < 3000; i++) {
        if (at[i] != '\r')
            putchar(at[i]);
        if (at[i] == '\n')
            printf("# ");
    }
    if (n > 0)
        putchar('\n');
}

bool tty_left(struct terminal *t, char what, int value)
{
    struct news news = tty_hear(t);
    bool ended = news.what == what && news.value == value && news.modes_kept;
    bool screen = !t->alternate && t->cursor;
    if (!ended || !screen)
        printf("# %c %d, terminal modes %s, screen %s\n", news.what, news.value,
               news.modes_kept ? "kept" : "changed", screen ? "restored" : "not restored");
    if (!ended)
        print_report(t);
    for (int i = 0; i < TTY_MODES; i++) {
        if (t->on[i])
            printf("# mode %d was left on\n", modes[i]);
        screen &= !t->on[i];
    }
    return ended && screen;
}

VTermScreenCell tty_cell(const struct terminal *t, int row, int col)
{
    VTermScreenCell c;
    memset(&c, 0, sizeof(c));
    vterm_screen_get_cell(t->screen, (VTermPos){ .row = row, .col = col }, &c);
    return c;
}

/* One row as text; what is not ASCII reads as '#'. */
void tty_row(const struct terminal *t, int row, char *out, size_t size)
{
    size_t n = 0;
    for (int col = 0; col < t->cols && n + 1 < size; col++) {
        uint32_t c = tty_cell(t, row, col).chars[0];
        out[n++] = (char)(c == 0 ? ' ' : c < 127 ? (char)c : '#');
    }
    out[n] = 0;
}

bool tty_find(const struct terminal *t, const char *text)
{
    char line[512];
    for (int row = 0; row < t->rows; row++) {
        tty_row(t, row, line, sizeof(line));
        if (strstr(line, text))
            return true;
    }
    return false;
}

void tty_print(const struct terminal *t)
{
    char line[512];
    for (int row = 0; row < t->rows; row++) {
        tty_row(t, row, line, sizeof(line));
        printf("# |%s|\n", line);
    }
}

bool tty_wait(struct terminal *t, const char *text)
{
    double end = tty_now() + TTY_PATIENCE_MS;
    while (tty_now() < end && !tty_find(t, text))
        tty_pump(t, 50);
    tty_quiet(t, QUIET_MS); /* a match may stand in half a frame */
    bool found = tty_find(t, text);
    if (!found) {
        printf("# no '%s' on this screen:\n", text);
        tty_print(t);
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

struct picture tty_picture(const struct terminal *t)
{
    struct picture p = { .hash = 14695981039346656037u };
    for (int row = 0; row < t->rows; row++)
        for (int col = 0; col < t->cols; col++) {
            VTermScreenCell c = tty_cell(t, row, col);
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
bool tty_any_color(const char *bytes, size_t n)
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
            if ((v >= 30 && v <= 49) || (v >= 90 && v <= 107))
                return true;
            while (p < at && bytes[p] != ';')
                p++;
            p++;
        }
    }
    return false;
}

enum { COSTS_WIDE = 24, COSTS_HIGH = 9 };

/* The first row of the costs of the last frame; far below: they are not shown. */
static int costs_row(const struct terminal *t)
{
    char line[512];
    for (int row = 0; row < 2; row++) {
        tty_row(t, row, line, sizeof(line));
        if (strstr(line, " last frame "))
            return row;
    }
    return 1000;
}

uint64_t tty_hash(const struct terminal *t)
{
    uint64_t hash = tty_picture(t).hash;
    int costs = costs_row(t);
    for (int row = 0; row + 2 < t->rows; row++)
        for (int col = 0; col < t->cols; col++) {
            if (col >= t->cols - COSTS_WIDE && row >= costs && row < costs + COSTS_HIGH)
                continue;
            VTermScreenCell c = tty_cell(t, row, col);
            uint32_t rune = c.chars[0] ? c.chars[0] : ' '; /* erased, or a blank was written */
            rune ^= (uint32_t)c.attrs.bold << 24 ^ (uint32_t)c.attrs.reverse << 25;
            hash = (hash ^ rune) * 1099511628211u;
        }
    return hash;
}

int tty_form_rank(const struct terminal *t)
{
    char line[512];
    for (int row = t->rows / 2; row < t->rows; row++) {
        tty_row(t, row, line, sizeof(line));
        const char *box = strstr(line, "rank  k   [");
        if (box)
            return atoi(strchr(box, '[') + 1);
    }
    return -1;
}

bool tty_computes(const struct terminal *t)
{
    char path[64];
    bool found = false;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)t->program);
    DIR *threads = opendir(path);
    for (struct dirent *d; threads && !found && (d = readdir(threads));)
        if (d->d_name[0] != '.' && atoi(d->d_name) != t->program)
            found = state_of(t->program, d->d_name) == 'R';
    if (threads)
        closedir(threads);
    return found;
}

size_t tty_memory(const struct terminal *t)
{
    char path[64], line[256];
    size_t kb = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)t->program);
    FILE *f = fopen(path, "r");
    while (f && kb == 0 && fgets(line, sizeof(line), f))
        if (!strncmp(line, "VmRSS:", 6))
            kb = strtoul(line + 6, NULL, 10);
    if (f)
        fclose(f);
    return kb << 10;
}

static double processor_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Answers each byte after 5 ms of processor time, until the other side is closed. */
static void work_for(int from)
{
    char byte;
    while (read(from, &byte, 1) == 1) {
        for (double until = processor_ms() + WORK_MS; processor_ms() < until;)
            ;
        (void)!write(from, &byte, 1);
    }
    _exit(0);
}

double tty_slowness(void)
{
    int pair[2];
    double slowest = WORK_MS;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
        return 1;
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        work_for(pair[1]);
    }
    close(pair[1]);
    for (int i = 0; i < ASKS && pid > 0; i++) {
        char byte = 0;
        double from = tty_now();
        if (write(pair[0], &byte, 1) != 1 || read(pair[0], &byte, 1) != 1)
            break;
        double took = tty_now() - from;
        slowest = took > slowest ? took : slowest;
        usleep(20000);
    }
    close(pair[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return slowest / WORK_MS;
}

double tty_fair(double got, double limit)
{
    if (got <= limit)
        return got;
    double slowness = tty_slowness();
    printf("# %.1f is above %.1f; 5 ms of processor time take up to %.1f here: it counts as %.1f\n",
           got, limit, slowness * WORK_MS, got / slowness);
    return got / slowness;
}

/* The rank that the picture's title names; -1: none. */
int tty_rank(const struct terminal *t)
{
    char line[512];
    for (int row = 0; row < t->rows; row++) {
        tty_row(t, row, line, sizeof(line));
        const char *k = strstr(line, "k=");
        if (k)
            return atoi(k + 2);
    }
    return -1;
}
