/* One program, many terminals: each must be operable at 80x24, use the colours it has and
 * no others, and be left as it was. Argument: the program. */

#include "check.h"
#include "tty.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *program;

/* Kinds of colours in SGR sequences, as bits. */
enum { NO_COLORS = 0, BASIC = 1, INDEXED = 2, TRUE_COLOR = 4, DEFAULTS = 8 };

static int kind(const int *v, int n)
{
    int found = 0;
    for (int i = 0; i < n; i++) {
        if ((v[i] == 38 || v[i] == 48) && i + 1 < n) {
            bool probe = n - i == 5 && v[i + 2] == 1 && v[i + 3] == 2 && v[i + 4] == 3;
            found |= v[i + 1] == 2 ? (probe ? 0 : TRUE_COLOR) : INDEXED;
            i += v[i + 1] == 2 ? 4 : 2;
        } else if (v[i] == 39 || v[i] == 49) {
            found |= DEFAULTS;
        } else if ((v[i] >= 30 && v[i] <= 47) || (v[i] >= 90 && v[i] <= 107)) {
            found |= BASIC;
        }
    }
    return found;
}

/* What the bytes use, but for the question that is asked at the start. */
static int colors(const char *bytes, size_t n)
{
    int found = 0;
    for (size_t i = 0; i + 2 < n; i++) {
        int v[32] = { 0 }, count = 0;
        size_t at = i + 2;
        if (bytes[i] != 27 || bytes[i + 1] != '[')
            continue;
        for (; at < n && count < 31; at++) {
            if (bytes[at] >= '0' && bytes[at] <= '9')
                v[count] = 10 * v[count] + bytes[at] - '0';
            else if (bytes[at] == ';' || bytes[at] == ':')
                count++;
            else
                break;
        }
        if (at < n && bytes[at] == 'm')
            found |= kind(v, count + 1);
    }
    return found;
}

static size_t high_bytes(const struct terminal *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += (t->log[i] & 0x80) != 0;
    return n;
}

static const struct row {
    const char *name, *argument; /* argument: one more for the program, or NULL */
    const char *environment[8];
    int most; /* the kinds of colours that may be used; one of them must be, if any is */
    int must;
    bool ascii; /* no byte above 127 */
    bool mouse;
} rows[] = {
    { "tmux-256color, it answers", NULL, { "COLORTERM", NULL }, 15, TRUE_COLOR, false, true },
    { "xterm-256color", NULL, { "TERM", "xterm-256color" }, 15, TRUE_COLOR, false, true },
    { "xterm-direct", NULL, { "TERM", "xterm-direct" }, 15, TRUE_COLOR, false, true },
    { "screen-256color",
      NULL,
      { "TERM", "screen-256color", "COLORTERM", NULL },
      BASIC | INDEXED | DEFAULTS,
      INDEXED,
      false,
      true },
    { "linux", NULL, { "TERM", "linux", "COLORTERM", NULL }, BASIC | DEFAULTS, BASIC, false, true },
    { "vt100", NULL, { "TERM", "vt100", "COLORTERM", NULL }, 0, 0, false, false },
    { "vt220", NULL, { "TERM", "vt220", "COLORTERM", NULL }, 0, 0, false, false },
    { "NO_COLOR", NULL, { "NO_COLOR", "1" }, 0, 0, false, true },
    { "NO_COLOR, LC_ALL=C", NULL, { "NO_COLOR", "yes", "LC_ALL", "C" }, 0, 0, true, true },
    { "LC_ALL=C", NULL, { "LC_ALL", "C" }, 15, TRUE_COLOR, true, true },
    { "--ascii", "--ascii", { NULL }, 15, TRUE_COLOR, true, true },
    { "--color=16", "--color=16", { NULL }, BASIC | DEFAULTS, BASIC, false, true },
    { "--color=8", "--color=8", { NULL }, BASIC | DEFAULTS, BASIC, false, true },
    { "--color=256", "--color=256", { NULL }, BASIC | INDEXED | DEFAULTS, INDEXED, false, true },
    { "--color=none", "--color=none", { NULL }, 0, 0, false, true },
};

/* The keys that a session needs; whether each did what it does. */
static bool operate(struct terminal *t)
{
    bool works = tty_wait(t, "k=");
    int rank = tty_rank(t);
    tty_press(t, "l");
    works &= tty_rank(t) == rank + 1;
    tty_press(t, "?");
    works &= tty_find(t, "help");
    tty_press(t, "\033");
    works &= !tty_find(t, "help: ") && !tty_find(t, "no key");
    if (!works)
        tty_print(t);
    return works;
}

/* Whether terminfo has it: else the program says so and ends. */
static bool known(struct terminal *t)
{
    for (double until = tty_now() + TTY_PATIENCE_MS; tty_now() < until;) {
        if (tty_find(t, "k=") || tty_news(t))
            break;
        tty_pump(t, 20);
    }
    while (tty_pump(t, 50)) /* what was written before it ended */
        ;
    return !tty_find(t, "is not in this machine's terminfo");
}

static void test_row(const struct row *r)
{
    static char document[] = "demo:phantom256";
    char argument[32];
    struct terminal t;
    snprintf(argument, sizeof(argument), "%s", r->argument ? r->argument : "");
    char *arguments[] = { program, document, r->argument ? argument : NULL, NULL };
    const char *environment[10] = { 0 };
    for (int i = 0; i < 8 && r->environment[i]; i += 2) {
        environment[i] = r->environment[i];
        environment[i + 1] = r->environment[i + 1];
    }
    printf("# %s\n", r->name);
    CHECK(tty_open(&t, 80, 24, environment, arguments));
    if (!known(&t)) {
        printf("ok %d - %s # SKIP it is not in this machine's terminfo\n", ++checks, r->name);
        tty_close(&t);
        return;
    }
    CHECK(operate(&t));
    CHECK(tty_mode(&t, 1006) == r->mouse);
    int used = colors(t.log, t.n);
    bool fits = !(used & ~r->most) && (!r->must || used & r->must);
    if (!fits)
        printf("# colours used: %d\n", used);
    CHECK(fits);
    CHECK(!r->ascii || high_bytes(&t) == 0);
    tty_press(&t, "q");
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
}

enum { PIECE_MS = 150, ANSWERS_MS = 1800, ATTEMPTS = 10 };

/* A byte at a time. false: this process had to wait so long in between that the program has every
 * right to take an escape for the key. */
static bool answer_late(struct terminal *t, double opened)
{
    bool in_time = true;
    for (size_t i = 0; i < t->kept; i++) {
        double from = tty_now();
        (void)!write(t->fd, &t->answers[i], 1);
        while (tty_pump(t, 3))
            ;
        in_time &= tty_now() < from + PIECE_MS && tty_now() < opened + ANSWERS_MS;
    }
    return in_time;
}

/* A terminal that never answers keeps waiting no one; one that answers late, a byte at a
 * time, gets its colours then, and no key is taken for pressed. false: it was too late. */
static bool test_answers(enum tty_answers how)
{
    static const char *const environment[] = { "COLORTERM", NULL, NULL };
    static char document[] = "demo:phantom256";
    char *arguments[] = { program, document, NULL };
    struct terminal t;
    double opened = tty_now();
    tty_answer(how);
    CHECK(tty_open(&t, 130, 40, environment, arguments));
    CHECK(tty_wait(&t, "k="));
    tty_answer(TTY_SENT);
    CHECK(tty_wait(&t, "256 colours (TERM)") && !(colors(t.log, t.n) & TRUE_COLOR));
    int rank = tty_rank(&t);
    bool in_time = answer_late(&t, opened);
    tty_press(&t, "l");
    if (in_time)
        CHECK(tty_rank(&t) == rank + 1 && !tty_find(&t, "no key"));
    if (how == TTY_KEPT && in_time) {
        CHECK(t.kept > 10);
        CHECK(tty_find(&t, "24-bit (it answered)") && colors(t.log, t.n) & TRUE_COLOR);
    }
    if (in_time)
        tty_press(&t, "q");
    else
        kill(t.program, SIGTERM);
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
    return in_time;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    program = argv[1];
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        test_row(&rows[i]);
    CHECK(test_answers(TTY_NONE)); /* nothing to be late with */
    int attempts = 1;
    while (!test_answers(TTY_KEPT) && attempts < ATTEMPTS)
        attempts++;
    printf("# late answers in attempt %d of %d\n", attempts, ATTEMPTS);
    return check_done();
}
