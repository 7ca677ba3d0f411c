#include "progress.h"

#include "seconds.h"

#include <stdio.h>
#include <unistd.h>

static bool enabled, shown;
static double last;

void progress_start(bool quiet)
{
    enabled = !quiet && isatty(STDERR_FILENO);
    last = seconds_now(); /* what takes less than a fifth of a second shows nothing */
}

void progress_show(void *unused, double done, const char *stage)
{
    (void)unused;
    if (!enabled || seconds_now() - last < 0.2)
        return;
    last = seconds_now();
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
