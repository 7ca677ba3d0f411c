#pragma once

#include "error.h"

#include <stddef.h>
#include <stdint.h>

/* The one allocator of the engine: counts what is in use, keeps --max-memory,
 * and can be told to fail, so that tests walk every out-of-memory path.
 * Any thread. */

/* `size` bytes (0 is fine), zeroed, 64-byte aligned; the caller frees them with
 * memory_free. NULL: ERROR_LIMIT above --max-memory, ERROR_MEMORY when the
 * system has no more. */
void *memory_alloc(size_t size, struct error *err);
void memory_free(void *p); /* NULL is fine */

/* Copies n bytes of text and a terminating NUL. */
char *memory_text(const char *text, size_t n, struct error *err);

void memory_limit(size_t bytes); /* what may be in use at once; 0: no limit */
size_t memory_most(void);        /* that limit */
size_t memory_machine(void);     /* physical memory of this machine, bytes; 0: not known */
/* Whether so much more may be had: ERROR_LIMIT before work that would end in it. */
bool memory_room(uint64_t bytes, struct error *err);
size_t memory_used(void); /* bytes in use now */
size_t memory_peak(void); /* most bytes in use since memory_limit was last called */

/* Tests: the n-th allocation from now on (0 = the next) fails, once. Negative: none does. */
void memory_fail_after(long n);
