#pragma once

#include "error.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Work on bytes from outside by code that is not fit for them (Linux: posix_spawn, seccomp).
 *
 * A new process of this same program, which shares with us nothing but one piece of memory,
 * takes the bytes, works, leaves its answer there and ends. It cannot do anything else: it has
 * no file descriptors, and the only system call left to it is to exit. Whatever becomes of
 * it, the caller goes on. Any thread may run one; several at once are fine. */

/* What may be done behind the fence. `in` cannot be written, `room` holds what the caller put
 * there; the return value, 0 to 99, goes to confine_run. */
struct confined {
    const char *name;
    int (*work)(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room);
};

/* The first thing main() does: where the process was started to do one of these works (a table
 * ended by {0}), does it and never returns. A program that leaves it out can run none. */
void confine_serve(int argc, char **argv, const struct confined *works);

/* The shared memory. The answer in `room` is as hostile as the input: check all of it. */
struct confine {
    uint8_t *in, *room;
    size_t n_in, n_room; /* bytes */
    int fd;              /* of the memory; -1 when closed */
    const atomic_bool
        *cancel; /* borrowed; set: the process is ended. NULL: never. After confine_open */
};

/* ERROR_LIMIT (--max-memory) or ERROR_MEMORY. Pages count only once they are touched. */
bool confine_open(struct confine *c, size_t n_in, struct error *err);
bool confine_room(struct confine *c, size_t n_room,
                  struct error *err);  /* once, after confine_open */
void confine_close(struct confine *c); /* {.fd = -1} and a closed one are fine */

/* Waits for it, `seconds` of processor time and three times as many of the clock at most.
 * False: it crashed, ran too long or asked for what it must not (ERROR_FORMAT: the input did
 * that), or it could not be started here (ERROR_READ); the sentence names no file. Or it was
 * cancelled: ERROR_CANCELLED. */
bool confine_run(struct confine *c, const struct confined *work, unsigned seconds, int *answer,
                 struct error *err);

/* For tests and fuzzing: from now on the work is done in this process, without any fence. */
void confine_in_process(bool on);
