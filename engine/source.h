#pragma once

#include "error.h"

#include <stddef.h>
#include <stdint.h>

/* A file on disk or bytes in memory, read by offset. Never mapped: a file that
 * shrinks under a mapping would kill the program. Reading is thread-safe. */
struct source;

struct source *source_open_file(const char *path,
                                struct error *err); /* ERROR_READ; refuses directories */
struct source *source_open_memory(const char *name, const void *data, size_t size,
                                  struct error *err); /* borrowed; demos, tests, fuzzing */
void source_close(struct source *s);                  /* NULL is fine */
const char *source_name(const struct source *s);
uint64_t source_size(const struct source *s);

/* Exactly n bytes, or ERROR_READ / ERROR_FORMAT ("NAME: offset N: wants .. bytes, has .."). */
bool source_read(const struct source *s, uint64_t offset, void *to, size_t n, struct error *err);

/* ERROR_READ if the file's size or time changed since it was opened. */
bool source_unchanged(const struct source *s, struct error *err);

/* fail() with "NAME: offset N: " in front; NO_OFFSET leaves the offset out. A long
 * path keeps its end, so that the reason is never cut off. */
#define NO_OFFSET UINT64_MAX
bool source_fail(const struct source *s, uint64_t offset, struct error *err, enum error_code code,
                 const char *format, ...) PRINTF_LIKE(5, 6);
