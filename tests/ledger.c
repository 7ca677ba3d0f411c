/* The ledger: what is written is read, totals and budgets, damage anywhere, crashes and faults at
 * every write (this file's ledger_disk_* stand in for the engine's), several processes at once. */
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cancel.h"
#include "check.h"
#include "ledger_disk.h"
#include "ledger_file.h"
#include "memory.h"
#include "random.h"

static char folder[] = "/tmp/eigenscope-ledger-XXXXXX";
static char path[64];

/* Faults: after so many bytes a write fails, or the process dies; each sync may fail; cutting may. */
static struct {
    bool armed, dies, cannot_cut;
    size_t bytes; /* that are still written */
    int bad_sync; /* number of the sync that fails, or before which it dies; 0: none */
    int syncs;
    ino_t second;   /* what the second one was of */
    char order[64]; /* w and s, as they came */
} fault;

static void disarm(void)
{
    memset(&fault, 0, sizeof(fault));
}

static void note(char what)
{
    size_t n = strlen(fault.order);
    if (n < sizeof(fault.order) - 1)
        fault.order[n] = what;
}

ssize_t ledger_disk_write(int fd, const void *data, size_t n)
{
    note('w');
    if (!fault.armed)
        return write(fd, data, n);
    size_t now = n < fault.bytes ? n : fault.bytes;
    ssize_t done = now ? write(fd, data, now) : 0;
    fault.bytes -= (size_t)done;
    if (fault.dies && !fault.bytes)
        _exit(9);
    if (done > 0)
        return done;
    errno = ENOSPC;
    return -1;
}

int ledger_disk_sync(int fd)
{
    note('s');
    struct stat status;
    if (++fault.syncs == 2 && fstat(fd, &status) == 0)
        fault.second = status.st_ino;
    if (fault.syncs == fault.bad_sync) {
        if (fault.dies)
            _exit(9);
        errno = EIO;
        return -1;
    }
    static int real;
    return real++ > 2 ? 0 : fsync(fd); /* hundreds of them take their time */
}

int ledger_disk_cut(int fd, off_t size)
{
    errno = EIO;
    return fault.cannot_cut ? -1 : ftruncate(fd, size);
}

static struct ledger_spend terms(const char *dataset, double epsilon)
{
    struct ledger_spend s = { .mechanism = MECHANISM_COMPLEX,
                              .relation = RELATION_REPLACE,
                              .clip = 1,
                              .mu = gdp_mu(epsilon, 1e-6),
                              .epsilon = epsilon,
                              .delta = 1e-6,
                              .time = 1795402800 };
    snprintf(s.dataset, sizeof(s.dataset), "%s", dataset);
    return s;
}

static enum error_code spend(const struct ledger_spend *s, struct ledger_account *after)
{
    struct error err = { 0 };
    bool ok = ledger_spend(path, s, after, &err);
    return ok ? ERROR_NONE : err.code;
}

static size_t load(char *out, size_t most)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(out, 1, most, f) : 0;
    if (f)
        fclose(f);
    return n;
}

static void store(const char *text, size_t n)
{
    unlink(path); /* ext4 puts a file on disk that is cut to nothing and written again */
    FILE *f = fopen(path, "wb");
    fwrite(text, 1, n, f);
    fclose(f);
}

/* Lines that are whole; damaged: the line that is not. */
static size_t lines_of(size_t *damaged)
{
    struct ledger l;
    struct error err = { 0 };
    bool ok = ledger_read(path, &l, &err);
    size_t n = ok ? l.n : 0;
    *damaged = ok ? l.damaged : 999;
    ledger_finish(&l);
    return n;
}

static bool same_spend(const struct ledger_spend *a, const struct ledger_spend *b)
{
    return !strcmp(a->dataset, b->dataset) && a->mechanism == b->mechanism &&
           a->relation == b->relation && a->clip == b->clip && a->mu == b->mu &&
           a->epsilon == b->epsilon && a->delta == b->delta &&
           a->budget.epsilon == b->budget.epsilon && a->budget.delta == b->budget.delta &&
           a->time == b->time;
}

static void test_round_trip(void)
{
    struct ledger_spend all[40];
    struct ledger l;
    struct error err = { 0 };
    struct stat status;
    bool same = true;
    CHECK(ledger_read(path, &l, &err) && l.n == 0 && !l.damaged);
    ledger_finish(&l);
    for (uint32_t i = 0; i < 40; i++) {
        struct philox p = philox_block(3, i, 0, STREAM_TEST, 0);
        all[i] = terms("x", 0.001 + ldexp(p.word[0], -30));
        snprintf(all[i].dataset, NAME_TEXT, "set %u", p.word[1] % 3);
        all[i].mechanism = (enum mechanism)(i % 4);
        all[i].relation = (enum relation)(i / 4 % 2);
        all[i].clip = ldexp(1 + p.word[2], (int)(i % 60) - 60);
        all[i].time = 1 + (int64_t)(p.word[3] >> 1);
        if (i % 3 == 0)
            all[i].budget = (struct ledger_budget){ 1e4, ldexp(1 + p.word[2], -33) };
        disarm();
        same = same && spend(&all[i], NULL) == ERROR_NONE;
    }
    CHECK(same);
    CHECK(ledger_read(path, &l, &err) && l.n == 40 && !l.damaged);
    for (size_t i = 0; i < l.n; i++)
        same = same && same_spend(&l.spends[i], &all[i]);
    CHECK(same);
    ledger_finish(&l);
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
    CHECK(strcmp(fault.order, "wss") == 0); /* the line, then the file, then its folder */
    unlink(path);
    struct ledger_spend s = terms("now", 1);
    s.time = 0;
    CHECK(spend(&s, NULL) == ERROR_NONE && ledger_read(path, &l, &err) && l.n == 1 &&
          l.spends[0].time > 1600000000);
    ledger_finish(&l);
    unlink(path);
}

/* Each name is its own account, whatever is in it. */
static void test_names(void)
{
    char longest[NAME_TEXT], high[NAME_TEXT];
    memset(longest, '%', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = 0;
    memset(high, 0xff, sizeof(high) - 1);
    high[sizeof(high) - 1] = 0;
    const char *names[] = { "patients",    "patients ",  " patients",
                            "patient",     "patients\n", "a b",
                            "a%20b",       "a\nb",       "\n",
                            " ",           "%",          "%00",
                            "%0",          "a%",         "../../etc/passwd",
                            "\x1b[2J\x07", "\xc3\xa4",   "\xc4",
                            "\"'`$(rm)",   "-o",         "eigenscope ledger 1",
                            "a\tb",        "a\rb",       "a\x7f",
                            "A",           "a",          longest,
                            longest + 1,   high };
    size_t n = sizeof(names) / sizeof(names[0]), apart = 0, damage;
    struct ledger_account a;
    for (size_t i = 0; i < n; i++) {
        struct ledger_spend s = terms(names[i], 1);
        apart += spend(&s, &a) == ERROR_NONE && a.releases == 1;
    }
    CHECK(apart == n);
    CHECK(lines_of(&damage) == n && !damage);
    struct ledger l;
    struct error err = { 0 };
    CHECK(ledger_read(path, &l, &err));
    for (size_t i = 0; i < l.n; i++)
        apart -= !strcmp(l.spends[i].dataset, names[i]);
    CHECK(apart == 0);
    ledger_finish(&l);
    static char text[65536];
    size_t bytes = load(text, sizeof(text)), odd = 0;
    for (size_t i = 0; i < bytes; i++)
        odd += text[i] != '\n' && (text[i] < ' ' || text[i] > '~');
    CHECK(odd == 0);
    unlink(path);
}

static void test_nonsense(void)
{
    struct ledger_spend good = terms("x", 1), s;
    size_t refused = 0, asked = 0;
    const double bad[] = { 0, -1, (double)NAN, (double)INFINITY };
    double *fields[] = { &s.clip, &s.mu, &s.epsilon, &s.delta, &s.budget.epsilon, &s.budget.delta };
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 4; j++) {
            s = good;
            s.budget = (struct ledger_budget){ 1, 1e-6 };
            *fields[i] = bad[j];
            asked++;
            refused += spend(&s, NULL) == ERROR_USAGE;
        }
    s = good, s.dataset[0] = 0;
    refused += spend(&s, NULL) == ERROR_USAGE;
    s = good, memset(s.dataset, 'x', sizeof(s.dataset));
    refused += spend(&s, NULL) == ERROR_USAGE;
    s = good, s.mechanism = (enum mechanism)4;
    refused += spend(&s, NULL) == ERROR_USAGE;
    s = good, s.relation = RELATIONS;
    refused += spend(&s, NULL) == ERROR_USAGE;
    s = good, s.time = -5;
    refused += spend(&s, NULL) == ERROR_USAGE;
    CHECK(refused == asked + 5);
    CHECK(access(path, F_OK) != 0);
}

/* A budget that allows more than the one before it is told of; a smaller one, or a first one, is not. */
static void test_raised(void)
{
    const struct ledger_budget budgets[] = { { 0 },         { 1, 1e-6 }, { 1, 1e-6 }, { 0.9, 1e-6 },
                                             { 0.9, 1e-5 }, { 0 },       { 2, 1e-6 } };
    const double from[] = { 0, 0, 0, 0, 0.9, 0, 0.9 };
    size_t right = 0, n = sizeof(from) / sizeof(*from);
    struct ledger_account a;
    for (size_t i = 0; i < n; i++) {
        struct ledger_spend s = terms("raised", 0.01);
        s.budget = budgets[i];
        right += spend(&s, &a) == ERROR_NONE && a.raised_from.epsilon == from[i];
    }
    CHECK(right == n);
    unlink(path);
}

/* The folder that is synced is the one the file lies in, wherever a link leads. */
static void test_link(void)
{
    char away[80], file[100];
    struct ledger_spend s = terms("link", 1);
    struct stat there;
    snprintf(away, sizeof(away), "%s/away", folder);
    snprintf(file, sizeof(file), "%s/ledger", away);
    CHECK(mkdir(away, 0700) == 0 && symlink("away/ledger", path) == 0);
    disarm();
    CHECK(spend(&s, NULL) == ERROR_NONE && stat(away, &there) == 0);
    CHECK(fault.syncs >= 2 && fault.second == there.st_ino);
    CHECK(unlink(path) == 0 && unlink(file) == 0 && rmdir(away) == 0);
}

static void test_totals(void)
{
    struct ledger_spend s = terms("one", 1);
    struct ledger_account a;
    double mu = s.mu;
    CHECK(spend(&s, &a) == ERROR_NONE && a.mu == mu && a.epsilon <= 1 && a.epsilon > 1 - 1e-9);
    CHECK(spend(&s, &a) == ERROR_NONE && a.releases == 2 && a.relation == RELATION_REPLACE);
    CHECK(a.mu >= M_SQRT2 * mu && a.mu <= M_SQRT2 * mu * (1 + 1e-12));
    CHECK(fabs(a.epsilon - 1.455) < 5e-4 && a.naive_epsilon == 2 && a.naive_delta == 2e-6);
    CHECK(isinf(a.mu_most) && isinf(a.mu_left) && isinf(a.epsilon_left) && !a.over);
    s = terms("other", 3);
    CHECK(spend(&s, &a) == ERROR_NONE && a.releases == 1 && a.mu == s.mu);
    /* adding or removing costs less; beside a replacement it counts as one */
    s = terms("mixed", 1);
    s.relation = RELATION_ADD_REMOVE;
    CHECK(spend(&s, &a) == ERROR_NONE && a.mu == mu && a.relation == RELATION_ADD_REMOVE);
    s.relation = RELATION_REPLACE;
    CHECK(spend(&s, &a) == ERROR_NONE && a.relation == RELATION_REPLACE);
    CHECK(a.mu >= sqrt(3) * mu && a.mu < sqrt(3) * mu * (1 + 1e-12));
    s.mechanism = MECHANISM_FOREIGN, s.relation = RELATION_ADD_REMOVE;
    CHECK(spend(&s, &a) == ERROR_NONE);
    CHECK(a.mu >= sqrt(7) * mu && a.mu < sqrt(7) * mu * (1 + 1e-12));
    unlink(path);
    struct ledger many = { .n = 1000 };
    struct error err = { 0 };
    many.spends = memory_alloc(many.n * sizeof(*many.spends), &err);
    for (size_t i = 0; i < many.n; i++)
        many.spends[i] = terms(i % 2 ? "odd" : "even", 1);
    ledger_account(&many, "odd", NULL, 1e-6, &a);
    CHECK(a.releases == 500 && a.mu >= sqrt(500) * mu && a.mu < sqrt(500) * mu * (1 + 1e-12));
    ledger_account(&many, "neither", NULL, 1e-6, &a);
    CHECK(a.releases == 0 && a.mu == 0 && a.epsilon == 0 && a.delta == 1e-6);
    ledger_finish(&many);
}

static void test_budget(void)
{
    struct ledger_spend s = terms("b", 1), other = terms("c", 5);
    struct ledger_account a;
    static char before[4096], later[4096];
    s.budget = (struct ledger_budget){ 1, 1e-6 };
    CHECK(spend(&s, &a) == ERROR_NONE && !a.over && a.mu_left == 0);
    size_t n = load(before, sizeof(before));
    CHECK(spend(&s, &a) == ERROR_LIMIT && a.over && a.releases == 2);
    s.epsilon = 1e-3, s.mu = gdp_mu(1e-3, 1e-6);
    s.budget = (struct ledger_budget){ 0 }; /* what stands in the ledger holds */
    CHECK(spend(&s, &a) == ERROR_LIMIT && a.budget.epsilon == 1 && a.budget.delta == 1e-6);
    CHECK(load(later, sizeof(later)) == n && !memcmp(before, later, n));
    CHECK(spend(&other, &a) == ERROR_NONE && isinf(a.mu_most));
    /* a larger one, and all that it leaves */
    s = terms("b", 0.5);
    s.budget = (struct ledger_budget){ 2, 1e-6 };
    CHECK(spend(&s, &a) == ERROR_NONE && a.epsilon_left > 0 && a.epsilon_left < 2);
    s = terms("b", a.epsilon_left * 1.001);
    CHECK(spend(&s, NULL) == ERROR_LIMIT);
    s = terms("b", a.epsilon_left);
    CHECK(spend(&s, &a) == ERROR_NONE && a.releases == 3 && a.epsilon <= 2 && a.epsilon > 2 - 1e-6);
    /* a smaller one than what is spent stops everything */
    s = terms("b", 1e-4);
    s.budget = (struct ledger_budget){ 1.5, 1e-6 };
    CHECK(spend(&s, &a) == ERROR_LIMIT && a.over);
    struct error err = { 0 };
    CHECK(!ledger_spend(path, &s, NULL, &err) && strstr(err.text, "over the budget"));
    printf("# %s\n", err.text);
    unlink(path);
}

/* Every byte of a ledger, every cut, lines in other places. */
static void test_damage(void)
{
    static char text[4096], changed[8192], after[4096];
    struct ledger_spend s = terms("x y", 1);
    size_t ends[4] = { strlen(LEDGER_HEAD) }, seen = 0, refused = 0, right = 0, kept = 0, damage;
    for (int i = 1; i < 4; i++) {
        s.epsilon = i, s.mu = gdp_mu(i, 1e-6);
        spend(&s, NULL);
        ends[i] = load(text, sizeof(text));
    }
    size_t n = ends[3];
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++) {
            memcpy(changed, text, n);
            changed[i] = (char)(changed[i] ^ 1 << bit);
            store(changed, n);
            enum error_code code = spend(&s, NULL);
            seen++;
            refused += code == ERROR_FORMAT;
            kept += load(after, sizeof(after)) == n && !memcmp(after, changed, n);
            size_t line = i < ends[0] ? 999 : i < ends[1] ? 2 : i < ends[2] ? 3 : 4;
            right += lines_of(&damage) + 2 == line ? damage == line : line == 999 && damage == 999;
        }
    CHECK(refused == seen);
    CHECK(kept == seen);
    CHECK(right == seen);
    size_t cuts = 0, whole = 0;
    for (size_t i = 1; i < n; i++) {
        store(text, i);
        bool end = i == ends[0] || i == ends[1] || i == ends[2];
        bool unended = i + 1 == ends[1] || i + 1 == ends[2] ||
                       i + 1 == n; /* it counts all the same */
        size_t lines = lines_of(&damage), paid = i + 1 >= n         ? 3
                                                 : i + 1 >= ends[2] ? 2
                                                                    : i + 1 >= ends[1];
        right += lines == paid;
        enum error_code code = spend(&s, NULL);
        cuts += code == (end || unended ? ERROR_NONE : ERROR_FORMAT);
        whole += (end || unended) && lines_of(&damage) == paid + 1 && !damage;
    }
    CHECK(cuts == n - 1 && whole == 6 && right == seen + n - 1);
    size_t caught = 0, moves = 0;
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) { /* line b comes after line a: only as it was is right */
            size_t at = ends[0], l = ends[a + 1] - ends[a], m = ends[b + 1] - ends[b];
            memcpy(changed, text, at);
            memcpy(changed + at, text + ends[a], l);
            memcpy(changed + at + l, text + ends[b], m);
            store(changed, at + l + m);
            moves++;
            caught += spend(&s, NULL) == (a == 0 && b == 1 ? ERROR_NONE : ERROR_FORMAT);
        }
    CHECK(caught == moves);
    unlink(path);
}

static void test_strangers(void)
{
    const char *others[] = { "eigenscope ledger 2\n",
                             "eigenscope ledger 11\n",
                             "hello\n",
                             "\n",
                             "{}",
                             "eigenscope ledger 1\r\n",
                             "\x7f\x45LF" };
    struct ledger_spend s = terms("x", 1);
    struct error err = { 0 };
    char have[64];
    size_t n = sizeof(others) / sizeof(others[0]), refused = 0, kept = 0;
    for (size_t i = 0; i < n; i++) {
        store(others[i], strlen(others[i]));
        refused += spend(&s, NULL) == ERROR_FORMAT;
        kept += load(have, sizeof(have)) == strlen(others[i]);
    }
    CHECK(refused == n && kept == n);
    store("", 0); /* an empty file becomes one */
    CHECK(spend(&s, NULL) == ERROR_NONE);
    unlink(path);
    CHECK(mkfifo(path, 0600) == 0 && spend(&s, NULL) == ERROR_READ);
    unlink(path);
    CHECK(mkdir(path, 0700) == 0 && spend(&s, NULL) == ERROR_WRITE);
    rmdir(path);
    CHECK(!ledger_spend("/nowhere/at/all/ledger", &s, NULL, &err) && err.code == ERROR_WRITE);
    /* bytes of no meaning; and lines of them behind a good head */
    static char noise[3000];
    size_t quiet = 0;
    for (uint32_t i = 0; i < 300; i++) {
        size_t length = 20 + i * 9;
        for (size_t j = 0; j < length; j++)
            noise[j] = (char)(philox_block(5, i, (uint32_t)j, STREAM_TEST, 0).word[0] %
                              (i % 2 ? 256 : 96));
        memcpy(noise, LEDGER_HEAD, strlen(LEDGER_HEAD));
        store(noise, length);
        quiet += spend(&s, NULL) == (length > strlen(LEDGER_HEAD) ? ERROR_FORMAT : ERROR_NONE);
    }
    CHECK(quiet == 300);
    unlink(path);
}

/* What a child that dies leaves: 9, and what is in the file. */
static int in_a_child(const struct ledger_spend *s)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct error err = { 0 };
        _exit(ledger_spend(path, s, NULL, &err) ? 0 : 1);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_crashes(void)
{
    static char text[4096];
    struct ledger_spend s = terms("crash", 1);
    size_t length, damage, died = 0, right = 0, tried = 0;
    spend(&s, NULL);
    size_t one = load(text, sizeof(text));
    spend(&s, NULL);
    length = load(text, sizeof(text)) - one;
    for (size_t k = 1; k <= length; k += k < 4 || k + 4 > length ? 1 : 3) {
        store(text, one);
        disarm();
        fault.armed = fault.dies = true;
        fault.bytes = k;
        died += in_a_child(&s) == 9;
        tried++;
        size_t n = lines_of(&damage);
        right += k + 1 < length ? n == 1 && damage == 3 : n == 2 && !damage;
        disarm();
        right += spend(&s, NULL) == (k + 1 < length ? ERROR_FORMAT : ERROR_NONE);
    }
    CHECK(died == tried);
    CHECK(right == 2 * tried);
    for (int i = 1; i <= 2; i++) { /* before the file, before the folder is synced: spent */
        store(text, one);
        disarm();
        fault.dies = true;
        fault.bad_sync = i;
        int status = in_a_child(&s);
        CHECK(status == 9 && lines_of(&damage) == 2 && !damage);
    }
    disarm();
    store(text, one);
    CHECK(in_a_child(&s) == 0 && lines_of(&damage) == 2 && !damage);
    unlink(path);
}

static void test_faults(void)
{
    static char text[4096], have[4096];
    struct ledger_spend s = terms("fault", 1);
    size_t damage, failed = 0, kept = 0, tried = 0;
    for (int first = 1; first >= 0; first--) { /* the head with the line, or a line alone */
        size_t one = first ? 0 : load(text, sizeof(text));
        for (size_t k = 0; k < 80; k += 7) {
            disarm();
            fault.armed = true;
            fault.bytes = k;
            tried++;
            failed += spend(&s, NULL) == ERROR_WRITE;
            kept += load(have, sizeof(have)) == one && !memcmp(have, text, one);
        }
        disarm();
        spend(&s, NULL);
    }
    CHECK(failed == tried && kept == tried);
    CHECK(lines_of(&damage) == 2 && !damage);
    for (int i = 1; i <= 2; i++) { /* the disk does not confirm: no success, and it counts */
        disarm();
        fault.bad_sync = i;
        CHECK(spend(&s, NULL) == ERROR_WRITE && lines_of(&damage) == 2 + (size_t)i && !damage);
    }
    disarm();
    fault.armed = fault.cannot_cut = true;
    fault.bytes = 30;
    CHECK(spend(&s, NULL) == ERROR_WRITE && lines_of(&damage) == 4 && damage == 6);
    disarm();
    struct error err = { 0 };
    CHECK(!ledger_spend(path, &s, NULL, &err) &&
          strstr(err.text, "line 6 ends before it is whole"));
    printf("# %s\n", err.text);
    unlink(path);
    /* memory: nothing is spent */
    spend(&s, NULL);
    size_t one = load(text, sizeof(text)), quiet = 0;
    for (long i = 0; i < 2; i++) {
        memory_fail_after(i);
        quiet += spend(&s, NULL) == ERROR_MEMORY && load(have, sizeof(have)) == one;
    }
    memory_fail_after(-1);
    CHECK(quiet == 2);
    unlink(path);
}

/* Of n processes that start at once, so many may spend. */
static int race(int n, const struct ledger_spend *s)
{
    int gate[2], won = 0;
    pid_t children[16];
    char go;
    if (pipe(gate))
        return -1;
    fflush(stdout);
    for (int i = 0; i < n; i++)
        if ((children[i] = fork()) == 0) {
            struct error err = { 0 };
            close(gate[1]);
            (void)!read(gate[0], &go, 1); /* until all ends of the other side are closed */
            bool ok = ledger_spend(path, s, NULL, &err);
            _exit(ok ? 0 : err.code == ERROR_LIMIT ? 1 : 2);
        }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < n; i++) {
        int status;
        waitpid(children[i], &status, 0);
        won += WEXITSTATUS(status) == 0;
        won -= WEXITSTATUS(status) == 2 ? 100 : 0;
    }
    return won;
}

static void test_races(void)
{
    struct ledger_spend s = terms("race", 1);
    size_t damage;
    int right = 0;
    s.budget = (struct ledger_budget){ gdp_epsilon(s.mu * sqrt(3.5), 1e-6), 1e-6 };
    for (int i = 0; i < 12; i++) {
        int won = race(8, &s);
        right += won == 3 && lines_of(&damage) == 3 && !damage;
        unlink(path);
    }
    CHECK(right == 12);
}

/* A ledger that is moved away while one waits for it: the spend is in the one that lies there then. */
static int waits;
static void waited(const char *of)
{
    waits += !strcmp(of, path);
}

static void test_moved(void)
{
    struct ledger_spend s = terms("moved", 1);
    char away[80];
    size_t damage;
    int status;
    snprintf(away, sizeof(away), "%s-away", path);
    spend(&s, NULL);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(flock(fd, LOCK_EX) == 0);
    /* one that reads does not wait; one that is not wanted any more does not, either */
    atomic_bool stop = true;
    const atomic_bool *before = cancel_watch(&stop);
    CHECK(lines_of(&damage) == 1 && !damage);
    CHECK(spend(&s, NULL) == ERROR_CANCELLED && lines_of(&damage) == 1);
    cancel_watch(before);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct error err = { 0 };
        close(fd);
        ledger_waits = waited;
        _exit(!ledger_spend(path, &s, NULL, &err) || waits != 1);
    }
    usleep(1500000);
    CHECK(waitpid(child, &status, WNOHANG) == 0); /* it waits */
    rename(path, away);
    store("", 0); /* another one's */
    close(fd);
    waitpid(child, &status, 0);
    CHECK(status == 0 && lines_of(&damage) == 1 && !damage);
    unlink(away);
    unlink(path);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof(path), "%s/ledger", folder);
    test_round_trip();
    test_names();
    test_nonsense();
    test_totals();
    test_raised();
    test_link();
    test_budget();
    test_damage();
    test_strangers();
    test_crashes();
    test_faults();
    test_races();
    test_moved();
    CHECK(rmdir(folder) == 0);
    return check_done();
}
