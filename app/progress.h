#pragma once

#include <stdbool.h>

/* Progress of a job, one line on stderr that rewrites itself; only on a terminal
 * and unless `quiet`. Main thread. */
void progress_start(bool quiet);
void progress_show(void *unused, double done, const char *stage); /* struct job's progress */
void progress_end(void);                                          /* removes the line */
