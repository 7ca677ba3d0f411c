#pragma once

#include "check.h"
#include "tty.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the tests of speed share. Arguments: the program, and `strict` for the whole list
 * with the figures it is held to (sh tests/run latency); else some of it, three times
 * looser, and by what else the machine does. Every check prints what it measured. */

static char *program;
static bool strict;

static inline bool figures_of(int argc, char **argv)
{
    if (argc < 2)
        return false;
    program = argv[1];
    strict = argc > 2 && !strcmp(argv[2], "strict");
    signal(SIGPIPE, SIG_IGN);
    return true;
}

static inline double limit(double figure)
{
    return strict ? figure : 3 * figure;
}

/* Of something that took so long: what is judged. */
static inline double fair(double got, double figure)
{
    return strict ? got : tty_fair(got, limit(figure));
}

static inline void judge(const char *what, double got, double figure, const char *unit)
{
    printf("# %s: %.1f %s, at most %.0f\n", what, got, unit, limit(figure));
    CHECK(got <= limit(figure));
}

static inline bool begin(struct terminal *t, const char *document, int cols, int rows)
{
    char name[32];
    snprintf(name, sizeof(name), "%s", document ? document : "");
    char *arguments[] = { program, document ? name : NULL, NULL };
    return tty_open(t, cols, rows, NULL, arguments);
}

static inline void end(struct terminal *t)
{
    kill(t->program, SIGTERM);
    CHECK(tty_left(t, 'x', 0));
    tty_close(t);
}

static inline void spend(struct terminal *t, double ms)
{
    for (double until = tty_now() + ms; tty_now() < until;)
        tty_pump(t, 5);
}

static inline int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double percentile(double *v, int n, int percent)
{
    qsort(v, (size_t)n, sizeof(*v), ascending);
    return v[(n - 1) * percent / 100];
}

/* Whether the last row comes to have a bar of progress, "] 34% "; of that stage, unless NULL. */
static inline bool at_work(struct terminal *t, const char *stage)
{
    char line[512];
    bool found = false;
    for (double until = tty_now() + TTY_PATIENCE_MS; tty_now() < until && !found; tty_pump(t, 5)) {
        tty_row(t, t->rows - 1, line, sizeof(line));
        const char *bar = strchr(line, ']');
        found = bar && strstr(bar, "% ") && (!stage || strstr(bar, stage));
    }
    return found;
}

enum { WIDE = 3000, HIGH = 2000 }; /* of a picture whose exact spectrum takes seconds */

/* Nothing in it has a low rank. */
static inline bool write_noise(const char *path)
{
    static unsigned char row[WIDE];
    FILE *f = fopen(path, "wb");
    bool ok = f && fprintf(f, "P5\n%d %d\n255\n", WIDE, HIGH) > 0;
    srand(3);
    for (int i = 0; ok && i < HIGH; i++) {
        for (int j = 0; j < WIDE; j++)
            row[j] = (unsigned char)(rand() >> 8);
        ok = fwrite(row, 1, WIDE, f) == WIDE;
    }
    return f && fclose(f) == 0 && ok;
}
