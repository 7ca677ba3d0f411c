#pragma once

#include "error.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* A file on disk or bytes in memory, read by offset. Never mapped: a file that
 * shrinks under a mapping would kill the program. Reading is thread-safe. */
struct source;

struct source *source_open_file(const char *path,
                                struct error *err); /* ERROR_READ; refuses directories */
struct source *source_open_memory(const char *name, const void *data, size_t size,
                                  struct error *err); /* borrowed; demos, tests, fuzzing */
/* Who waits for a file to be read: hears how far it is (0 to 1), and may stop it. */
struct watch {
    const atomic_bool *cancel;                                       /* NULL: never */
    void (*progress)(void *context, double done, const char *stage); /* NULL: nobody */
    void *context;
};
/* From now on of every source_read; w is borrowed until it is taken away again by NULL. Not
 * while another thread reads. */
void source_watch(struct source *s, const struct watch *w);
const atomic_bool *source_cancel(const struct source *s); /* of its watch; NULL: none */
/* Tells how far it is; ERROR_CANCELLED where that is wished. */
bool source_step(const struct source *s, double done, const char *stage, struct error *err);

void source_close(struct source *s); /* NULL is fine */
const char *source_name(const struct source *s);
uint64_t source_size(const struct source *s);
bool source_on_disk(const struct source *s); /* a file, which others lie beside */

/* Which file it is, and of when; false: bytes in memory, which nothing tells apart. */
struct source_stamp {
    uint64_t device, inode, size;
    int64_t seconds, nanoseconds; /* of its last change */
};
bool source_stamp(const struct source *s, struct source_stamp *out);

/* Exactly n bytes, or ERROR_READ / ERROR_FORMAT ("NAME: offset N: wants .. bytes, has .."). */
bool source_read(const struct source *s, uint64_t offset, void *to, size_t n, struct error *err);

/* ERROR_READ if the file's size or time changed since it was opened. */
bool source_unchanged(const struct source *s, struct error *err);

/* fail() with "NAME: offset N: " in front; NO_OFFSET leaves the offset out. A long
 * path keeps its end, so that the reason is never cut off. */
#define NO_OFFSET UINT64_MAX
bool source_fail(const struct source *s, uint64_t offset, struct error *err, enum error_code code,
                 const char *format, ...) PRINTF_LIKE(5, 6);
