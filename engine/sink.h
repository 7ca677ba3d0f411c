#pragma once

#include "error.h"

#include <stddef.h>
#include <stdint.h>

/* An output that appears whole or not at all: written to a temporary file in the
 * target's folder, synced, renamed. Failure is ERROR_WRITE with the offset. A
 * symlink's target is replaced, not the link; FIFOs and devices are written
 * straight; SIGINT leaves no temporary file when the holder calls sink_abandon. */
struct sink;

/* force: replace an existing file, otherwise that is ERROR_WRITE. size 0: not known. */
struct sink *sink_create(const char *path, bool force, uint64_t size, struct error *err);
struct sink *sink_count(void); /* keeps nothing, counts bytes; NULL only without memory */
bool sink_write(struct sink *s, const void *data, size_t n, struct error *err);
uint64_t sink_written(const struct sink *s);
/* What was written so far is of use alone: on disk, and put in place by sink_emergency. */
bool sink_keep(struct sink *s, struct error *err);
bool sink_commit(struct sink *s, struct error *err); /* frees s, also on failure */
void sink_abandon(struct sink *s);                   /* frees s, leaves nothing; NULL is fine */

/* Removes the temporary files of all open sinks, or puts in place what sink_keep was told of;
 * async-signal-safe, for fatal handlers. */
void sink_emergency(void);
