#include "ledger.h"

#include "cancel.h"
#include "ledger_disk.h"
#include "ledger_file.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void ledger_finish(struct ledger *l)
{
    memory_free(l->spends);
    *l = (struct ledger){ 0 };
}

void (*ledger_waits)(const char *path);

/* Waits, says so after a second, and hears while it waits that it is not wanted any more. */
static bool lock(int fd, int how, const char *path, struct error *err)
{
    const struct timespec moment = { .tv_nsec = 2000000 };
    for (int i = 1; flock(fd, how | LOCK_NB) < 0; i++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(err, ERROR_WRITE, "%s cannot be locked: %s", path, strerror(errno));
        if (!cancel_none(err))
            return false;
        if (i == 500 && ledger_waits)
            ledger_waits(path);
        nanosleep(&moment, NULL);
    }
    return true;
}

bool ledger_read(const char *path, struct ledger *out, struct error *err)
{
    uint64_t sum;
    size_t size;
    *out = (struct ledger){ 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || fail(err, ERROR_READ, "%s: %s", path, strerror(errno));
    bool ok = ledger_file_load(path, fd, out, &sum, &size, err);
    if (ok && out->damaged) { /* or someone is in the midst of a line */
        ledger_finish(out);
        ok = lock(fd, LOCK_SH, path, err) && ledger_file_load(path, fd, out, &sum, &size, err);
    }
    close(fd);
    return ok;
}

/* Adds one mu to a list that is folded when it is full: composition is associative. */
struct sum {
    double mu[256];
    size_t n;
};

static void add(struct sum *s, double mu)
{
    if (s->n == sizeof(s->mu) / sizeof(s->mu[0])) {
        s->mu[0] = gdp_compose(s->mu, s->n);
        s->n = 1;
    }
    s->mu[s->n++] = mu;
}

/* Spend i of that dataset, the one to come last; NULL: none, or another's. */
static const struct ledger_spend *spend_at(const struct ledger *l, const char *dataset,
                                           const struct ledger_spend *next, size_t i)
{
    const struct ledger_spend *s = i < l->n ? &l->spends[i] : next;
    return s && !strcmp(s->dataset, dataset) ? s : NULL;
}

/* The mu of a budget; without one nothing is raised. */
static double allows(const struct ledger_budget *b)
{
    return b->epsilon > 0 ? gdp_mu(b->epsilon, b->delta) : (double)INFINITY;
}

void ledger_account(const struct ledger *l, const char *dataset, const struct ledger_spend *next,
                    double delta, struct ledger_account *out)
{
    struct sum sum = { .n = 0 };
    const struct ledger_spend *s;
    *out = (struct ledger_account){ .relation = RELATION_ADD_REMOVE,
                                    .delta = next ? next->delta : delta };
    for (size_t i = 0; i <= l->n; i++)
        if ((s = spend_at(l, dataset, next, i))) {
            if (s->relation == RELATION_REPLACE)
                out->relation = RELATION_REPLACE;
            if (s->budget.epsilon > 0) {
                if (s == next && allows(&s->budget) > allows(&out->budget))
                    out->raised_from = out->budget;
                out->budget = s->budget;
            }
        }
    for (size_t i = 0; i <= l->n; i++)
        if ((s = spend_at(l, dataset, next, i))) {
            add(&sum, gdp_convert(s->mechanism, s->mu, s->relation, out->relation));
            out->naive_epsilon += s->epsilon;
            out->naive_delta += s->delta;
            out->releases++;
        }
    bool limited = out->budget.epsilon > 0;
    out->delta = limited ? out->budget.delta : out->delta;
    out->mu = gdp_compose(sum.mu, sum.n);
    out->epsilon = gdp_epsilon(out->mu, out->delta);
    out->mu_most = allows(&out->budget);
    out->over = out->mu > out->mu_most;
    out->mu_left = gdp_left(out->mu_most, out->mu);
    /* gdp_epsilon rounds up, and what is left must fit */
    out->epsilon_left = gdp_epsilon(out->mu_left, out->delta) * (limited ? 1 - 1e-9 : 1);
}

/* Opens and locks what lies at the path then: while one waits for the lock it may be moved away. */
static int open_locked(const char *path, struct error *err)
{
    struct stat here, there;
    for (int i = 0; i < 100; i++) {
        int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
        if (fd < 0) {
            fail(err, ERROR_WRITE, "%s: %s", path, strerror(errno));
            return -1;
        }
        if (!lock(fd, LOCK_EX, path, err)) {
            close(fd);
            return -1;
        }
        if (!fstat(fd, &here) && !stat(path, &there) && here.st_ino == there.st_ino &&
            here.st_dev == there.st_dev)
            return fd;
        close(fd);
    }
    fail(err, ERROR_WRITE, "%s is moved away again and again", path);
    return -1;
}

/* The folder that holds the path's last part, and, where the file is new, all above it: a name
 * is on disk when its folder is. Those above may be nobody's business. */
static bool sync_folders(const char *path, bool all)
{
    char folder[PATH_MAX];
    bool first = true;
    if (!realpath(path, folder)) /* links lead elsewhere */
        return false;
    for (bool more = true; more && (first || all); first = false) {
        char *slash = strrchr(folder, '/');
        more = slash && slash != folder;
        if (slash)
            slash[slash == folder] = 0;
        int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool synced = fd >= 0 && (ledger_disk_sync(fd) == 0 || errno == EINVAL);
        if (fd >= 0)
            close(fd);
        if (first && !synced)
            return false;
    }
    return true;
}

/* All of it, or nothing. */
static bool append(const char *path, int fd, size_t size, const char *text, size_t n,
                   struct error *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t written = ledger_disk_write(fd, text + done, n - done);
        int why = written < 0 ? errno : ENOSPC;
        if (written > 0)
            done += (size_t)written;
        else if (why != EINTR) {
            bool cut = ledger_disk_cut(fd, (off_t)size) == 0;
            return fail(err, ERROR_WRITE, "%s: %s; nothing was spent%s", path, strerror(why),
                        cut ? "" : ", but a part of a line stays");
        }
    }
    return true;
}

static bool write_down(const char *path, int fd, size_t size, bool unended, uint64_t sum,
                       const struct ledger_spend *s, struct error *err)
{
    char text[sizeof(LEDGER_HEAD) + LEDGER_LINE];
    size_t head = (size_t)sprintf(text, "%s", !size ? LEDGER_HEAD : unended ? "\n" : "");
    size_t n = head + ledger_file_print(s, &sum, text + head);
    if (!append(path, fd, size, text, n, err))
        return false;
    if (ledger_disk_sync(fd) || !sync_folders(path, !size))
        return fail(err, ERROR_WRITE,
                    "%s: %s; whether the spend is on disk is not known: it counts", path,
                    strerror(errno));
    return true;
}

static bool within(const struct ledger *l, const struct ledger_spend *s,
                   struct ledger_account *after, struct error *err)
{
    struct ledger_account before, now;
    ledger_account(l, s->dataset, NULL, s->delta, &before);
    ledger_account(l, s->dataset, s, s->delta, &now);
    if (after)
        *after = now;
    if (!now.over)
        return true;
    return fail(
        err, ERROR_LIMIT,
        "over the budget: with this release epsilon %.5g would be spent, %.5g are allowed and %.5g "
        "are spent at delta %g; dataset %s",
        now.epsilon, now.budget.epsilon, gdp_epsilon(before.mu, now.delta), now.delta, s->dataset);
}

bool ledger_spend(const char *path, const struct ledger_spend *spend, struct ledger_account *after,
                  struct error *err)
{
    struct ledger_spend s = *spend;
    struct ledger l = { 0 };
    uint64_t sum;
    size_t size;
    s.time = s.time ? s.time : (int64_t)time(NULL);
    if (!ledger_file_check(&s, err))
        return false;
    int fd = open_locked(path, err);
    bool ok = fd >= 0 && ledger_file_load(path, fd, &l, &sum, &size, err);
    if (ok && l.damaged)
        ok = fail(err, ERROR_FORMAT, "%s: line %zu %s; nothing is spent before someone mends it",
                  path, l.damaged, l.why);
    ok = ok && within(&l, &s, after, err) && write_down(path, fd, size, l.unended, sum, &s, err);
    ledger_finish(&l);
    if (fd >= 0)
        close(fd);
    return ok;
}
