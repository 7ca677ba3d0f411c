/* Keys, mouse events and sizes from a seed through the real program: it never crashes,
 * what stands on the screen is what a repaint from nothing puts there, and the terminal
 * is left as it was. Arguments: the program, how many events, the seed. */

#include "check.h"
#include "tty.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS = 1000, EVERY = 50, SEED = 20 };

static char *program, *document;
static int starts, checks_made, wrong, ended_badly, scrolls;

static unsigned long state;

/* xorshift64: the same everywhere. */
static int pick(int n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int)(state % (unsigned long)n);
}

static bool begin(struct terminal *t)
{
    static char picture[] = "demo:phantom256";
    char *arguments[] = { program, document ? document : picture, NULL };
    starts++;
    return tty_open(t, 100, 30, NULL, arguments) && tty_wait(t, document ? "tensors" : "k=");
}

/* Everything but what ends or suspends it: q, C-c, C-z. */
static void any_key(char *out, size_t size)
{
    static const char *const others[] = {
        "\033[A", "\033OB",  "\033OC", "\033[D",    "\033[5~",
        "\t",     "\033[6~", "\033[Z", "\r",        "\033[H",
        "\033",   "\033",    "\033OP", "\033[1;5C", "\177",
        "\014",   "\022",    "\020",   "\xc3\xa9",  "\033[200~ab\033[201~"
    };
    enum { OTHERS = sizeof(others) / sizeof(others[0]) };
    char c;
    if (pick(3) == 0) {
        snprintf(out, size, "%s", others[pick(OTHERS)]);
        return;
    }
    while ((c = (char)(' ' + pick(95))) == 'q')
        ;
    snprintf(out, size, "%c", c);
}

static void any_mouse(const struct terminal *t, char *out, size_t size)
{
    static const int buttons[] = { 0, 0, 0, 32, 32, 2, 64, 65, 68 };
    snprintf(out, size, "\033[<%d;%d;%d%c", buttons[pick(9)], 1 + pick(t->cols), 1 + pick(t->rows),
             pick(3) ? 'M' : 'm');
}

/* A click may quit or suspend, as its keys would: goes on from there. */
static void carry_on(struct terminal *t)
{
    while (tty_news(t)) {
        struct news news = tty_hear(t);
        if (news.what == 's') {
            ended_badly += !news.modes_kept || t->alternate;
            (void)!write(t->shim, "g", 1);
            continue;
        }
        bool clean = news.what == 'x' && news.value == 0 && news.modes_kept && !t->alternate &&
                     t->cursor;
        if (!clean)
            printf("# ended: %c %d\n", news.what, news.value);
        ended_badly += !clean;
        scrolls += t->scrolls;
        tty_close(t);
        if (!begin(t))
            exit(1);
    }
}

static void wait_ms(struct terminal *t, int ms)
{
    for (double until = tty_now() + ms; tty_now() < until;)
        tty_pump(t, 20);
}

enum { PATIENCE = 6 };

/* Until nothing is written and nothing computed. A sweep runs by itself until a key; a second
 * one, Space, would start it again. A comparison takes long, and is stopped. */
static void settle(struct terminal *t)
{
    for (int i = 0; i < 20; i++) {
        size_t before = t->total;
        bool computes = false;
        for (int looks = 0; looks < 15; computes |= tty_works(t), looks++)
            wait_ms(t, 20);
        if (t->total == before && !computes)
            return;
        if (i > 0 && t->total != before)
            tty_send(t, "\033");
        if (i == PATIENCE)
            tty_send(t, "\003");
        wait_ms(t, 400);
    }
}

static char (*copy_rows(const struct terminal *t))[512]
{
    char(*rows)[512] = malloc((size_t)t->rows * sizeof(*rows));
    for (int row = 0; rows && row < t->rows; row++)
        tty_row(t, row, rows[row], sizeof(*rows));
    return rows;
}

/* Rows as they were and as they are, where letters differ: colours may, too. */
static void explain(const struct terminal *t, char (*before)[512])
{
    char after[512];
    for (int row = 0; before && row < t->rows; row++) {
        tty_row(t, row, after, sizeof(after));
        if (strcmp(before[row], after) != 0)
            printf("# %d was |%s|\n# %d is  |%s|\n", row, before[row], row, after);
    }
}

static void compare(struct terminal *t, int event)
{
    settle(t);
    carry_on(t);
    char(*rows)[512] = copy_rows(t);
    uint64_t before = tty_hash(t);
    tty_press(t, "\014");
    tty_quiet(t, 300);
    checks_made++;
    if (tty_hash(t) != before) {
        wrong++;
        printf("# after event %d, %dx%d, a repaint differs:\n", event, t->cols, t->rows);
        explain(t, rows);
        tty_print(t);
    }
    free(rows);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/eigenscope-monkey-XXXXXX", bytes[64];
    int events = argc > 2 ? atoi(argv[2]) : EVENTS;
    struct terminal t;
    document = argc > 4 ? realpath(argv[4], NULL) : NULL; /* else a picture */
    if (argc < 2 || !mkdtemp(folder) || !(program = realpath(argv[1], NULL)) || chdir(folder))
        return 2;
    state = argc > 3 ? strtoul(argv[3], NULL, 10) : SEED;
    signal(SIGPIPE, SIG_IGN);
    CHECK(begin(&t));
    for (int i = 1; i <= events; i++) {
        int what = pick(100);
        if (what < 3) {
            tty_pull(&t, 20 + pick(231), 5 + pick(76));
        } else {
            if (what < 30)
                any_mouse(&t, bytes, sizeof(bytes));
            else
                any_key(bytes, sizeof(bytes));
            tty_send(&t, bytes);
        }
        tty_pump(&t, pick(6));
        carry_on(&t);
        if (i % EVERY == 0 || i == events)
            compare(&t, i);
    }
    scrolls += t.scrolls;
    printf("# %d events, %d comparisons, %d differ, %d starts\n", events, checks_made, wrong,
           starts);
    CHECK(wrong == 0);
    CHECK(scrolls == 0); /* they would take the picture with them */
    CHECK(ended_badly == 0);
    kill(t.program, SIGTERM);
    CHECK(tty_left(&t, 'x', 0));
    tty_close(&t);
    free(program);
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK(chdir("/") == 0 && system(command) == 0);
    return check_done();
}
