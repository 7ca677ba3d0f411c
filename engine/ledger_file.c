#include "ledger_file.h"

#include "memory.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FIELDS = 11,
    NUMBERS = 6,
    TIME_TEXT = 32,
    NAME_ESCAPED = 3 * NAME_TEXT,
    SHORTEST = 64, /* bytes of a line: its time and checksum alone are 38 */
    LATEST = 100,  /* years from 2000: a clock beyond is wrong, and a line's length known */
};

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static uint64_t checksum(uint64_t sum, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ (unsigned char)text[i]) * 1099511628211u;
    return sum;
}

uint64_t ledger_file_start(void)
{
    return checksum(14695981039346656037u, LEDGER_HEAD, strlen(LEDGER_HEAD));
}

static bool sensible(double x, double least)
{
    return x >= least && x < (double)INFINITY;
}

bool ledger_file_check(const struct ledger_spend *s, struct error *err)
{
    size_t n = strnlen(s->dataset, NAME_TEXT);
    int64_t most = 946684800 + (int64_t)LATEST * 31556952;
    if (n == 0 || n == NAME_TEXT)
        return fail(err, ERROR_USAGE, "a dataset's name has 1 to %d bytes", NAME_TEXT - 1);
    if (s->mechanism > MECHANISM_FOREIGN || s->relation >= RELATIONS)
        return fail(err, ERROR_USAGE, "no such mechanism or relation");
    if (!gdp_check(s->epsilon, s->delta, s->clip, err))
        return false;
    if (!(s->mu > 0) || !sensible(s->mu, 0))
        return fail(err, ERROR_USAGE, "mu is a number above 0, not %g", s->mu);
    if (s->budget.epsilon != 0 || s->budget.delta != 0) {
        struct error why = { 0 };
        if (!gdp_check(s->budget.epsilon, s->budget.delta, 1, &why))
            return fail(err, ERROR_USAGE, "budget: %s", why.text);
    }
    if (s->time < 0 || s->time > most)
        return fail(err, ERROR_USAGE, "the clock is not set: %" PRId64 " seconds since 1970",
                    s->time);
    return true;
}

static bool plain(unsigned char c)
{
    return c < 128 && (isalnum(c) || strchr("-._", c));
}

static void escape(const char *name, char out[NAME_ESCAPED])
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        n += (size_t)snprintf(out + n, NAME_ESCAPED - n, plain(*p) ? "%c" : "%%%02X", *p);
}

/* What escape made; anything else comes out as something that it does not make. */
static bool unescape(const char *text, char out[NAME_TEXT])
{
    size_t n = 0;
    for (const char *p = text; *p; n++) {
        char digits[3] = { 0 };
        if (n == NAME_TEXT - 1)
            return false;
        if (*p == '%') {
            strncpy(digits, p + 1, 2);
            if (strlen(digits) < 2)
                return false;
            out[n] = (char)strtoul(digits, NULL, 16);
            p += 3;
        } else
            out[n] = *p++;
        if (!out[n])
            return false;
    }
    out[n] = 0;
    return n > 0;
}

/* As few digits as read back to the number. */
static size_t print_number(char *out, size_t size, double x)
{
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(out, size, "%.*g ", digits, x);
        if (strtod(out, NULL) == x)
            break;
    }
    return (size_t)n;
}

size_t ledger_file_print(const struct ledger_spend *s, uint64_t *sum, char out[LEDGER_LINE])
{
    const double numbers[NUMBERS] = { s->clip,           s->mu,          s->epsilon, s->delta,
                                      s->budget.epsilon, s->budget.delta };
    char when[TIME_TEXT], name[NAME_ESCAPED];
    time_t seconds = (time_t)s->time;
    struct tm parts;
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    escape(s->dataset, name);
    size_t n = (size_t)snprintf(out, LEDGER_LINE, "%s %s %s %s ", when, name,
                                mechanism_name(s->mechanism), relation_names[s->relation]);
    for (int i = 0; i < NUMBERS; i++)
        n += print_number(out + n, LEDGER_LINE - n, numbers[i]);
    *sum = checksum(*sum, out, n);
    size_t tail = (size_t)snprintf(out + n, LEDGER_LINE - n, "%016" PRIx64 "\n", *sum);
    *sum = checksum(*sum, out + n, tail);
    return n + tail;
}

/* Cuts a line at its blanks. */
static bool split(char *line, char *fields[FIELDS])
{
    int n = 0;
    for (char *at = line; at && n < FIELDS; n++) {
        fields[n] = strsep(&at, " ");
        if (n == FIELDS - 1)
            return !at;
    }
    return false;
}

static bool choice(const char *text, const char *(*name)(int), int n, int *out)
{
    for (*out = 0; *out < n; ++*out)
        if (!strcmp(text, name(*out)))
            return true;
    return false;
}

static const char *name_of_mechanism(int i)
{
    return mechanism_name((enum mechanism)i);
}

static const char *name_of_relation(int i)
{
    return relation_names[i];
}

/* A line without its newline, loosely; whether it was written so is seen when it is printed again. */
static bool read_spend(char *line, struct ledger_spend *s)
{
    char *fields[FIELDS];
    struct tm when = { 0 };
    struct error ignored = { 0 };
    int mechanism, relation;
    if (!split(line, fields) || !strptime(fields[0], "%Y-%m-%dT%H:%M:%SZ", &when) ||
        !unescape(fields[1], s->dataset) ||
        !choice(fields[2], name_of_mechanism, MECHANISM_FOREIGN + 1, &mechanism) ||
        !choice(fields[3], name_of_relation, RELATIONS, &relation))
        return false;
    s->time = timegm(&when);
    s->mechanism = (enum mechanism)mechanism;
    s->relation = (enum relation)relation;
    double *numbers[NUMBERS] = { &s->clip,           &s->mu,          &s->epsilon, &s->delta,
                                 &s->budget.epsilon, &s->budget.delta };
    for (int i = 0; i < NUMBERS; i++)
        *numbers[i] = strtod(fields[FIELDS - 1 - NUMBERS + i], NULL);
    return ledger_file_check(s, &ignored);
}

/* One line of n bytes without its newline, against the sum of all before. */
static bool whole(const char *line, size_t n, uint64_t *sum, struct ledger_spend *s)
{
    char copy[LEDGER_LINE], again[LEDGER_LINE];
    uint64_t next = *sum;
    if (n >= LEDGER_LINE - 1)
        return false;
    memcpy(copy, line, n);
    copy[n] = 0;
    if (!read_spend(copy, s))
        return false;
    if (ledger_file_print(s, &next, again) != n + 1 || memcmp(again, line, n) != 0)
        return false;
    *sum = next;
    return true;
}

static void damaged(struct ledger *l, size_t line, const char *why)
{
    l->damaged = line;
    snprintf(l->why, sizeof(l->why), "%s", why);
}

static bool is_head(const char *path, const char *text, size_t n, struct ledger *out,
                    struct error *err)
{
    static const char kind[] = "eigenscope ledger ";
    size_t head = strlen(LEDGER_HEAD), most = n < head ? n : head;
    if (n >= head && !memcmp(text, LEDGER_HEAD, head))
        return true;
    if (!memcmp(text, LEDGER_HEAD, most)) { /* it ends within its first line */
        damaged(out, 1, "ends before it is whole");
        return true;
    }
    if (n >= strlen(kind) && !memcmp(text, kind, strlen(kind)))
        return fail(err, ERROR_FORMAT, "%s: a ledger of another version than 1", path);
    return fail(err, ERROR_FORMAT, "%s: no ledger: its first line is not \"%.19s\"", path,
                LEDGER_HEAD);
}

bool ledger_file_parse(const char *path, const char *text, size_t n, struct ledger *out,
                       uint64_t *sum, struct error *err)
{
    size_t at = strlen(LEDGER_HEAD);
    *out = (struct ledger){ 0 };
    *sum = ledger_file_start();
    if (n == 0)
        return true;
    if (!is_head(path, text, n, out, err) || out->damaged)
        return out->damaged != 0;
    out->spends = memory_alloc((n / SHORTEST + 1) * sizeof(*out->spends), err);
    if (!out->spends)
        return false;
    while (at < n && !out->damaged) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t length = (end ? (size_t)(end - text) : n) - at;
        if (whole(text + at, length, sum, &out->spends[out->n])) {
            out->n++;
            out->unended = !end;
        } else
            damaged(out, out->n + 2, end ? "is not as it was written" : "ends before it is whole");
        at += length + 1;
    }
    return true;
}

bool ledger_file_load(const char *path, int fd, struct ledger *out, uint64_t *sum, size_t *size,
                      struct error *err)
{
    struct stat status;
    *out = (struct ledger){ 0 };
    if (fstat(fd, &status))
        return fail(err, ERROR_READ, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fail(err, ERROR_READ, "%s: not a file", path);
    if ((uint64_t)status.st_size > LIMIT_LEDGER)
        return fail(err, ERROR_LIMIT, "%s: a ledger of more than %d MiB", path,
                    (int)(LIMIT_LEDGER >> 20));
    size_t n = 0, most = (size_t)status.st_size;
    char *text = memory_alloc(most + 1, err);
    bool ok = text;
    while (ok && n < most) {
        ssize_t got = pread(fd, text + n, most - n, (off_t)n);
        ok = got > 0 || (got < 0 && errno == EINTR) ||
             fail(err, ERROR_READ, "%s: %s", path,
                  got ? strerror(errno) : "it shrank while it was read");
        n += got > 0 ? (size_t)got : 0;
    }
    *size = n;
    ok = ok && ledger_file_parse(path, text, n, out, sum, err);
    memory_free(text);
    return ok;
}
