#include "scan_file.h"

#include "memory.h"
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 2, LINE = 32 + 17 * (SCAN_COLUMNS + 1) };

/* FNV-1a, 64 bits (Fowler, Noll, Vo): no secret, only against damage. */
static uint64_t checksum(uint64_t identity, const char *text, size_t n)
{
    uint64_t sum = 14695981039346656037u ^ identity ^ ((uint64_t)VERSION << 32 | SCAN_COLUMNS);
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ (unsigned char)text[i]) * 1099511628211u;
    return sum;
}

static void print_row(const struct scan *s, size_t row, char line[LINE])
{
    size_t n = (size_t)snprintf(line, LINE, "%zu", row);
    for (size_t i = 0; i < SCAN_COLUMNS; i++) {
        uint64_t bits;
        memcpy(&bits, &s->rows[row].values[i], sizeof(bits));
        n += (size_t)snprintf(line + n, LINE - n, " %016" PRIx64, bits);
    }
    uint64_t sum = checksum(s->identity, line, n);
    snprintf(line + n, LINE - n, " %016" PRIx64 "\n", sum);
}

/* Whether such a row can have been written: the checksum is no secret. */
static bool plausible(const double *values, const struct scan_row *blank)
{
    const double most = 0x1p53, answer = values[SCAN_ANSWER];
    for (int i = SCAN_ROWS; i <= SCAN_BYTES; i++)
        if (values[i] != blank->values[i])
            return false;
    for (const struct scan_key *k = scan_keys; k->key; k++) {
        double x = values[k->column];
        if (k->count && !isnan(x) && !(x >= 0 && x <= most && x == floor(x)))
            return false;
    }
    return answer >= 0 && answer <= VERDICT_DEPENDS && answer == floor(answer);
}

/* A line without its end. */
static bool read_row(struct scan *s, const char *line)
{
    size_t length = strlen(line), tail = 17 * (size_t)SCAN_COLUMNS + 17;
    char *end;
    if (length <= tail)
        return false;
    const char *sum = line + length - 17;
    if (strtoull(sum, NULL, 16) != checksum(s->identity, line, length - 17))
        return false;
    unsigned long long row = strtoull(line, &end, 10);
    if (row >= s->n || end != line + length - tail)
        return false;
    double values[SCAN_COLUMNS];
    for (size_t i = 0; i < SCAN_COLUMNS; i++) {
        uint64_t bits = strtoull(end + 1, &end, 16);
        memcpy(&values[i], &bits, sizeof(bits));
    }
    if (!plausible(values, &s->rows[row]))
        return false;
    memcpy(s->rows[row].values, values, sizeof(values));
    s->done += !s->rows[row].done;
    s->kept += !s->rows[row].done;
    s->rows[row].done = true;
    return true;
}

static bool head_fits(const struct scan *s, FILE *f, char line[LINE])
{
    char head[LINE];
    snprintf(head, sizeof(head), "eigenscope scan %d %016" PRIx64 "\n", VERSION, s->identity);
    return fgets(line, LINE, f) && !strcmp(line, head);
}

static void read_rows(struct scan *s, FILE *f)
{
    char line[LINE];
    size_t damaged = 0, most = 4 * s->n + 16; /* two scans at a time add rows twice */
    bool middle = false;                      /* of a line that is too long */
    s->whole = head_fits(s, f, line);
    while (s->whole && most-- && fgets(line, LINE, f)) {
        size_t n = strlen(line);
        bool ends = n && line[n - 1] == '\n';
        if (ends)
            line[n - 1] = 0;
        damaged += middle ? ends : !ends || !read_row(s, line);
        middle = !ends;
    }
    if (damaged)
        snprintf(s->notice, sizeof(s->notice), "%zu rows of an earlier scan were damaged", damaged);
    s->whole = s->whole && !damaged && feof(f);
}

void scan_file_read(struct scan *s)
{
    struct stat status;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    FILE *f = fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
    if (f) {
        read_rows(s, f);
        fclose(f);
    } else if (fd >= 0)
        close(fd);
}

static bool write_anew(struct scan *s, struct error *err)
{
    char line[LINE];
    struct sink *to = sink_create(s->path, true, 0, err);
    if (!to)
        return false;
    snprintf(line, sizeof(line), "eigenscope scan %d %016" PRIx64 "\n", VERSION, s->identity);
    bool ok = sink_write(to, line, strlen(line), err);
    for (size_t i = 0; ok && i < s->n; i++)
        if (s->rows[i].done && !s->rows[i].why[0]) {
            print_row(s, i, line);
            ok = sink_write(to, line, strlen(line), err);
        }
    if (!ok) {
        sink_abandon(to);
        return false;
    }
    return sink_commit(to, err);
}

/* One write, so that two programs at the same file do not mix their lines. */
static bool add(const struct scan *s, size_t row, struct error *err)
{
    char line[LINE];
    print_row(s, row, line);
    int fd = open(s->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : write(fd, line, strlen(line));
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0 || (size_t)n != strlen(line))
        return fail(err, ERROR_WRITE, "%s: %s", s->path, strerror(n < 0 ? why : ENOSPC));
    return true;
}

void scan_file_keep(struct scan *s, size_t i)
{
    struct error why = { 0 };
    if (s->path && !(s->whole ? add(s, i, &why) : write_anew(s, &why))) {
        snprintf(s->notice, sizeof(s->notice), "rows cannot be kept: %.160s", why.text);
        memory_free(s->path);
        s->path = NULL;
    }
    s->whole = true;
}
