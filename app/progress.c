#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static bool enabled, shown;
static double last;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_start(bool quiet)
{
    enabled = !quiet && isatty(STDERR_FILENO);
    last = now(); /* what takes less than a fifth of a second shows nothing */
}

void progress_show(void *unused, double done, const char *stage)
{
    (void)unused;
    if (!enabled || now() - last < 0.2)
        return;
    last = now();
    shown = true;
    fprintf(stderr, "\r\033[K%3.0f %% %s", 100 * done, stage);
    fflush(stderr);
}

void progress_end(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = false;
}
