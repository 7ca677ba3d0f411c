/* Writing that appears whole or not at all. The bytes go to a temporary file
 * beside the target; sync, close and rename put it in place. Its name is drawn
 * here rather than by mkostemp, so that it stands in the table of emergency
 * removals before the file exists and no signal can find a gap between the two. */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

enum { BUFFER = 64 << 10, WRITE_MOST = 1 << 30, SLOTS = 8, NAME_SHOWN = 160 };

struct sink {
    char *path;            /* as the user gave it, for messages */
    char target[PATH_MAX]; /* what is replaced: links followed */
    int fd;                /* -1: only counting */
    int slot;              /* of the temporary file; -1: written straight */
    bool force, reserved, failed;
    mode_t mode;      /* of the file that is replaced; 0: there was none */
    uint64_t written; /* bytes accepted, held ones included */
    size_t held;
    unsigned char *buffer;
};

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_NAMED, SLOT_KEPT };
static struct {
    atomic_int state;
    bool force;
    char temporary[PATH_MAX], target[PATH_MAX]; /* target: of a kept one */
} slots[SLOTS];

void sink_emergency(void)
{
    for (int i = 0; i < SLOTS; i++) {
        int state = atomic_load(&slots[i].state);
        if (state == SLOT_KEPT && renameat2(AT_FDCWD, slots[i].temporary, AT_FDCWD, slots[i].target,
                                            slots[i].force ? 0 : RENAME_NOREPLACE) == 0)
            continue;
        if (state == SLOT_KEPT || state == SLOT_NAMED)
            unlink(slots[i].temporary);
    }
}

static bool refuse(const struct sink *s, struct error *err, const char *reason)
{
    size_t n = strlen(s->path);
    const char *name = n > NAME_SHOWN ? s->path + n - NAME_SHOWN : s->path;
    return fail(err, ERROR_WRITE, "%s%s: %s", name == s->path ? "" : "...", name, reason);
}

static bool refuse_write(struct sink *s, uint64_t offset, int code, struct error *err)
{
    char reason[160];
    snprintf(reason, sizeof(reason), "offset %" PRIu64 ": write failed: %s", offset,
             strerror(code));
    s->failed = true;
    return refuse(s, err, reason);
}

/* Devices, pipes and this process's own descriptors cannot be replaced, only written into. */
static bool is_stream(const char *path, const struct stat *status)
{
    static const char *const streams[] = { "/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/" };
    for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++)
        if (!strncmp(path, streams[i], strlen(streams[i])))
            return true;
    return !S_ISREG(status->st_mode);
}

static bool open_stream(struct sink *s, struct error *err)
{
    signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error line, not the end */
    s->fd = open(s->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return s->fd >= 0 || refuse(s, err, strerror(errno));
}

static bool resolve_existing(struct sink *s, const struct stat *status, struct error *err)
{
    if (!s->force)
        return refuse(s, err, "exists already; --force overwrites it");
    if (!realpath(s->path, s->target) || access(s->target, W_OK) < 0)
        return refuse(s, err, strerror(errno));
    s->mode = status->st_mode & 07777;
    return true;
}

static bool resolve_new(struct sink *s, struct error *err)
{
    struct stat link;
    size_t n = strlen(s->path);
    if (errno != ENOENT)
        return refuse(s, err, strerror(errno));
    if (!n)
        return refuse(s, err, "an output needs a name");
    if (lstat(s->path, &link) == 0)
        return refuse(s, err, "is a symbolic link to nothing");
    if (s->path[n - 1] == '/')
        return refuse(s, err, "no such directory");
    if (n >= sizeof(s->target))
        return refuse(s, err, strerror(ENAMETOOLONG));
    memcpy(s->target, s->path, n + 1);
    return true;
}

/* FOLDER/.eigenscope-XXXXXXXXXX into the slot. */
static bool draw_name(struct sink *s, struct error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    const char *slash = strrchr(s->target, '/');
    int folder = slash ? (int)(slash - s->target) + 1 : 0;
    unsigned char random[10];
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return refuse(s, err, strerror(errno));
    char tail[sizeof(random) + 1] = "";
    for (size_t i = 0; i < sizeof(random); i++)
        tail[i] = letters[random[i] % 32];
    char *name = slots[s->slot].temporary;
    int n = snprintf(name, PATH_MAX, "%.*s.eigenscope-%s", folder, s->target, tail);
    if (n >= PATH_MAX)
        return refuse(s, err, strerror(ENAMETOOLONG));
    atomic_store(&slots[s->slot].state, SLOT_NAMED);
    return true;
}

static bool take_slot(struct sink *s, struct error *err)
{
    for (int i = 0; i < SLOTS; i++) {
        int expected = SLOT_FREE;
        if (atomic_compare_exchange_strong(&slots[i].state, &expected, SLOT_TAKEN)) {
            s->slot = i;
            return true;
        }
    }
    return refuse(s, err, "too many outputs are open at once");
}

static void release_slot(struct sink *s)
{
    if (s->slot >= 0)
        atomic_store(&slots[s->slot].state, SLOT_FREE);
    s->slot = -1;
}

/* Room for the whole file before hours of work, where the file system can say. */
static bool reserve(struct sink *s, uint64_t size, struct error *err)
{
    int code = size ? posix_fallocate(s->fd, 0, (off_t)size) : 0;
    if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        return refuse_write(s, 0, code, err);
    s->reserved = size && !code;
    return true;
}

static bool open_temporary(struct sink *s, uint64_t size, struct error *err)
{
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is an error line, not the end */
    if (!take_slot(s, err) || !draw_name(s, err))
        return false;
    const char *name = slots[s->slot].temporary;
    s->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (s->fd < 0) {
        release_slot(s); /* nothing of ours to remove */
        return refuse(s, err, strerror(errno));
    }
    return reserve(s, size, err);
}

static bool open_target(struct sink *s, uint64_t size, struct error *err)
{
    struct stat status;
    if (stat(s->path, &status) < 0)
        return resolve_new(s, err) && open_temporary(s, size, err);
    if (S_ISDIR(status.st_mode))
        return refuse(s, err, "is a directory");
    if (is_stream(s->path, &status))
        return open_stream(s, err);
    return resolve_existing(s, &status, err) && open_temporary(s, size, err);
}

struct sink *sink_create(const char *path, bool force, uint64_t size, struct error *err)
{
    struct sink *s = memory_alloc(sizeof(*s), err);
    if (!s)
        return NULL;
    s->fd = s->slot = -1;
    s->force = force;
    s->path = memory_text(path, strlen(path), err);
    s->buffer = s->path ? memory_alloc(BUFFER, err) : NULL;
    if (!s->buffer || !open_target(s, size, err)) {
        sink_abandon(s);
        return NULL;
    }
    return s;
}

struct sink *sink_count(void)
{
    struct error ignored;
    struct sink *s = memory_alloc(sizeof(*s), &ignored);
    if (s)
        s->fd = s->slot = -1;
    return s;
}

static bool write_all(struct sink *s, uint64_t offset, const unsigned char *data, size_t n,
                      struct error *err)
{
    while (n) {
        ssize_t done = write(s->fd, data, n < WRITE_MOST ? n : WRITE_MOST);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return refuse_write(s, offset, done ? errno : ENOSPC, err);
        data += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return true;
}

static bool flush(struct sink *s, struct error *err)
{
    size_t held = s->held;
    s->held = 0;
    return write_all(s, s->written - held, s->buffer, held, err);
}

bool sink_write(struct sink *s, const void *data, size_t n, struct error *err)
{
    if (s->fd < 0) {
        s->written += n;
        return true;
    }
    if (s->failed)
        return refuse(s, err, "an earlier write failed");
    if (n > BUFFER - s->held && !flush(s, err))
        return false;
    if (n > BUFFER) {
        if (!write_all(s, s->written, data, n, err))
            return false;
    } else if (n) {
        memcpy(s->buffer + s->held, data, n);
        s->held += n;
    }
    s->written += n;
    return true;
}

bool sink_keep(struct sink *s, struct error *err)
{
    if (s->slot < 0) /* it goes where it is to go at once */
        return s->fd < 0 || flush(s, err);
    if (!flush(s, err))
        return false;
    if (s->mode && fchmod(s->fd, s->mode) < 0)
        return refuse_write(s, s->written, errno, err);
    memcpy(slots[s->slot].target, s->target, sizeof(s->target));
    slots[s->slot].force = s->force;
    atomic_store(&slots[s->slot].state, SLOT_KEPT);
    return true;
}

uint64_t sink_written(const struct sink *s)
{
    return s->written;
}

/* Closes; a disk that is full or gone may say so only now. */
static bool finish_file(struct sink *s, struct error *err)
{
    bool file = s->slot >= 0;
    int code = 0;
    if ((file && s->reserved && ftruncate(s->fd, (off_t)s->written) < 0) ||
        (file && s->mode && fchmod(s->fd, s->mode) < 0) || (file && fsync(s->fd) < 0))
        code = errno;
    if (close(s->fd) < 0 && !code)
        code = errno;
    s->fd = -1;
    return code ? refuse_write(s, s->written, code, err) : true;
}

static bool put_in_place(struct sink *s, struct error *err)
{
    const char *temporary = slots[s->slot].temporary;
    int done = -1;
    if (!s->force) {
        done = renameat2(AT_FDCWD, temporary, AT_FDCWD, s->target, RENAME_NOREPLACE);
        if (done < 0 && errno != EINVAL && errno != ENOSYS)
            return refuse(s, err, strerror(errno));
    }
    if (done < 0 && rename(temporary, s->target) < 0)
        return refuse(s, err, strerror(errno));
    release_slot(s);
    char *slash = strrchr(s->target, '/');
    if (slash)
        slash[slash == s->target] = '\0'; /* "/x" lies in "/" */
    int folder = open(slash ? s->target : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = folder < 0 || fsync(folder) == 0 || errno == EINVAL;
    if (folder >= 0)
        close(folder);
    return synced || refuse(s, err, "is written, but its folder could not be synced");
}

bool sink_commit(struct sink *s, struct error *err)
{
    bool ok = true;
    if (s->failed)
        ok = refuse(s, err, "an earlier write failed");
    else if (s->fd >= 0)
        ok = flush(s, err) && finish_file(s, err) && (s->slot < 0 || put_in_place(s, err));
    sink_abandon(s);
    return ok;
}

void sink_abandon(struct sink *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    if (s->slot >= 0 && atomic_load(&slots[s->slot].state) != SLOT_TAKEN)
        unlink(slots[s->slot].temporary);
    release_slot(s);
    memory_free(s->path);
    memory_free(s->buffer);
    memory_free(s);
}
