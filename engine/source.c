#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

struct source {
    char *name;
    int fd; /* -1: bytes in memory */
    const unsigned char *memory;
    uint64_t size;
    struct timespec changed;
    uint64_t device, inode;
    const struct watch *watch; /* borrowed; NULL: nobody waits */
};

enum { NAME_SHOWN = 160, READ_MOST = 1 << 30 };

bool source_fail(const struct source *s, uint64_t offset, struct error *err, enum error_code code,
                 const char *format, ...)
{
    char reason[ERROR_TEXT], where[40] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    if (offset != NO_OFFSET)
        snprintf(where, sizeof(where), "offset %" PRIu64 ": ", offset);
    size_t n = strlen(s->name);
    const char *name = n > NAME_SHOWN ? s->name + n - NAME_SHOWN : s->name;
    return fail(err, code, "%s%s: %s%s", name == s->name ? "" : "...", name, where, reason);
}

static struct source *create(const char *name, struct error *err)
{
    struct source *s = memory_alloc(sizeof(*s), err);
    if (!s)
        return NULL;
    s->fd = -1;
    s->name = memory_text(name, strlen(name), err);
    if (!s->name) {
        memory_free(s);
        return NULL;
    }
    return s;
}

static bool open_regular(struct source *s, struct error *err)
{
    /* not blocking, so that a pipe is refused instead of waited for */
    s->fd = open(s->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;
    if (s->fd < 0 || fstat(s->fd, &status) < 0)
        return source_fail(s, NO_OFFSET, err, ERROR_READ, "%s", strerror(errno));
    if (S_ISDIR(status.st_mode))
        return source_fail(s, NO_OFFSET, err, ERROR_READ, "is a directory");
    if (!S_ISREG(status.st_mode))
        return source_fail(s, NO_OFFSET, err, ERROR_READ,
                           "is a pipe or a device; only plain files can be read");
    s->size = (uint64_t)status.st_size;
    s->changed = status.st_mtim;
    s->device = (uint64_t)status.st_dev;
    s->inode = (uint64_t)status.st_ino;
    return true;
}

struct source *source_open_file(const char *path, struct error *err)
{
    struct source *s = create(path, err);
    if (s && !open_regular(s, err)) {
        source_close(s);
        return NULL;
    }
    return s;
}

struct source *source_open_memory(const char *name, const void *data, size_t size,
                                  struct error *err)
{
    struct source *s = create(name, err);
    if (s) {
        s->memory = data;
        s->size = size;
    }
    return s;
}

void source_close(struct source *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    memory_free(s->name);
    memory_free(s);
}

const char *source_name(const struct source *s)
{
    return s->name;
}

uint64_t source_size(const struct source *s)
{
    return s->size;
}

bool source_stamp(const struct source *s, struct source_stamp *out)
{
    *out = (struct source_stamp){ s->device, s->inode, s->size, (int64_t)s->changed.tv_sec,
                                  (int64_t)s->changed.tv_nsec };
    return s->fd >= 0;
}

bool source_on_disk(const struct source *s)
{
    return s->fd >= 0;
}

void source_watch(struct source *s, const struct watch *w)
{
    s->watch = w;
}

const atomic_bool *source_cancel(const struct source *s)
{
    return s->watch ? s->watch->cancel : NULL;
}

bool source_step(const struct source *s, double done, const char *stage, struct error *err)
{
    const struct watch *w = s->watch;
    if (!w)
        return true;
    if (w->cancel && atomic_load(w->cancel))
        return fail(err, ERROR_CANCELLED, "interrupted");
    if (w->progress)
        w->progress(w->context, done, stage);
    return true;
}

bool source_read(const struct source *s, uint64_t offset, void *to, size_t n, struct error *err)
{
    uint64_t left = offset < s->size ? s->size - offset : 0;
    if (n > left)
        return source_fail(s, offset, err, ERROR_FORMAT, "wants %zu bytes, has %" PRIu64, n, left);
    if (!source_step(s, s->size ? (double)offset / (double)s->size : 0, "reading", err))
        return false;
    if (s->fd < 0) {
        if (n)
            memcpy(to, s->memory + offset, n);
        return true;
    }
    for (size_t done = 0; done < n;) {
        size_t want = n - done < READ_MOST ? n - done : READ_MOST;
        ssize_t got = pread(s->fd, (char *)to + done, want, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return source_fail(s, offset + done, err, ERROR_READ, "%s",
                               got ? strerror(errno) : "the file became shorter while being read");
        done += (size_t)got;
    }
    return true;
}

bool source_unchanged(const struct source *s, struct error *err)
{
    if (s->fd < 0)
        return true;
    struct stat now;
    if (fstat(s->fd, &now) < 0)
        return source_fail(s, NO_OFFSET, err, ERROR_READ, "%s", strerror(errno));
    if ((uint64_t)now.st_size != s->size || now.st_mtim.tv_sec != s->changed.tv_sec ||
        now.st_mtim.tv_nsec != s->changed.tv_nsec)
        return source_fail(s, NO_OFFSET, err, ERROR_READ, "the file changed while being read");
    return true;
}
