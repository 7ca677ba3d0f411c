#pragma once

#include "bench.h"

/* What was measured, as a table on stdout and as JSON ("bench/1", docs/performance.md). */

struct report;

struct report *report_create(void);
void report_device(struct report *r, const struct bench *b, const struct bench_limits *limits);
void report_case(struct report *r, const struct bench *b, const struct bench_limits *limits,
                 const struct bench_times *t, double error);
/* path NULL: no JSON. Frees r. */
bool report_finish(struct report *r, const char *path);
