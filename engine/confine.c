#include "confine.h"

#include <assert.h>
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "seconds.h"

/* One file in memory: a page for us, the input, the room; each begins on a page. */
struct head {
    uint64_t n_in, n_room;
    uint32_t seconds;
};

enum { SHARED_FD = 3, LATE = 3, PAGE = 64 << 10, ANSWERS = 100, NO_FENCE = 120, NOTHING_TO_DO };
/* Beyond what is mapped when the fence goes up: the stack may grow, libseccomp load. */
enum { SLACK = 24 << 20 };

static const char hidden_word[] = "--confined";
static const char inside[] = "EIGENSCOPE_CONFINED";
static bool served, in_process;

/* ---- inside */

static uint64_t pages(uint64_t n)
{
    return (n + PAGE - 1) / PAGE * PAGE;
}

_Noreturn static void leave(int status)
{
    for (;;) /* exit() would write and free */
        syscall(SYS_exit_group, status);
}

static void limit(__rlimit_resource_t what, rlim_t most)
{
    /* of processor time the first says it with a signal of its own */
    struct rlimit l = { most, what == RLIMIT_CPU ? most + 1 : most };
    if (setrlimit(what, &l))
        leave(NO_FENCE);
}

/* Bytes of address space in use: statm counts pages. */
static rlim_t space_used(void)
{
    char text[64] = "";
    FILE *f = fopen("/proc/self/statm", "re");
    bool read = f && fgets(text, sizeof(text), f);
    if (f)
        fclose(f);
    if (!read)
        leave(NO_FENCE);
    return (rlim_t)strtoull(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* From here on: compute, or exit. Nothing was opened before but the shared memory, whose
 * mapping stays when its descriptor goes. */
static void fence_in(unsigned seconds)
{
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP };
    for (size_t i = 0; i < sizeof(crashes) / sizeof(*crashes); i++)
        signal(crashes[i], SIG_DFL); /* a sanitizer's handlers would ask for more */
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter || seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) ||
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0))
        leave(NO_FENCE);
    limit(RLIMIT_AS, space_used() + SLACK);
    limit(RLIMIT_CPU, seconds);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NPROC, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody waits for it any more */
    prctl(PR_SET_DUMPABLE, 0);
    syscall(SYS_close_range, 0U, ~0U, 0U);
    limit(RLIMIT_NOFILE, 0);
    if (seccomp_load(filter))
        leave(NO_FENCE);
}

/* The memory we were given, its head checked against its size. */
static const struct head *take_memory(uint8_t **all)
{
    struct stat status;
    if (fstat(SHARED_FD, &status) || status.st_size < PAGE)
        leave(NOTHING_TO_DO);
    uint64_t size = (uint64_t)status.st_size;
    *all = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, SHARED_FD, 0);
    if (*all == MAP_FAILED)
        leave(NO_FENCE);
    const struct head *h = (const void *)*all;
    if (h->n_in > size || h->n_room > size || PAGE + pages(h->n_in) + pages(h->n_room) != size ||
        mprotect(*all, PAGE + pages(h->n_in), PROT_READ))
        leave(NOTHING_TO_DO);
    return h;
}

/* Before a call that does not return, AddressSanitizer asks the system for this and that. */
__attribute__((no_sanitize("address"))) void confine_serve(int argc, char **argv,
                                                           const struct confined *works)
{
    served = true;
    if (argc != 3 || strcmp(argv[1], hidden_word) != 0 || !getenv(inside))
        return;
    while (works->name && strcmp(works->name, argv[2]) != 0)
        works++;
    if (!works->name)
        leave(NOTHING_TO_DO);
    uint8_t *all;
    const struct head *h = take_memory(&all);
    uint8_t *in = all + PAGE, *room = in + pages(h->n_in);
    fence_in(h->seconds);
    int answer = works->work(in, h->n_in, room, h->n_room);
    leave(answer >= 0 && answer < ANSWERS ? answer : NOTHING_TO_DO);
}

/* ---- outside */

static bool map(struct confine *c, uint64_t from, size_t n, uint8_t **out, struct error *err)
{
    if (!memory_room(n, err))
        return false;
    if (ftruncate(c->fd, (off_t)(from + pages(n))))
        return fail(err, ERROR_MEMORY, "no shared memory of %zu bytes: %s", n, strerror(errno));
    if (!n)
        return true;
    void *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, (off_t)from);
    if (at == MAP_FAILED)
        return fail(err, ERROR_MEMORY, "no shared memory of %zu bytes: %s", n, strerror(errno));
    *out = at;
    return true;
}

bool confine_open(struct confine *c, size_t n_in, struct error *err)
{
    *c = (struct confine){ .fd = memfd_create("eigenscope", MFD_CLOEXEC) };
    if (c->fd < 0)
        return fail(err, ERROR_MEMORY, "no shared memory: %s", strerror(errno));
    if (!map(c, PAGE, n_in, &c->in, err)) {
        confine_close(c);
        return false;
    }
    c->n_in = n_in;
    return true;
}

bool confine_room(struct confine *c, size_t n_room, struct error *err)
{
    assert(!c->room);
    if (!map(c, PAGE + pages(c->n_in), n_room, &c->room, err))
        return false;
    c->n_room = n_room;
    return true;
}

void confine_close(struct confine *c)
{
    if (c->in)
        munmap(c->in, c->n_in);
    if (c->room)
        munmap(c->room, c->n_room);
    if (c->fd >= 0)
        close(c->fd);
    *c = (struct confine){ .fd = -1 };
}

/* posix_spawn, not fork: the new process runs none of our locks, threads or memory, and
 * whatever a decoder could be made to read there, it is not ours. */
static bool start(const struct confine *c, const struct confined *work, pid_t *pid,
                  struct error *err)
{
    char word[sizeof(hidden_word)], name[40], mark[32], path[4096],
        threads[] = "OPENBLAS_NUM_THREADS=1";
    char *arguments[] = { word, word, name, NULL };
    char *environment[] = { mark, threads, NULL, NULL };
    const char *libraries = getenv("LD_LIBRARY_PATH");
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t all, none;
    memcpy(word, hidden_word, sizeof(word));
    snprintf(name, sizeof(name), "%s", work->name);
    snprintf(mark, sizeof(mark), "%s=1", inside);
    if (libraries &&
        (size_t)snprintf(path, sizeof(path), "LD_LIBRARY_PATH=%s", libraries) < sizeof(path))
        environment[2] = path;
    sigfillset(&all);
    sigemptyset(&none);
    if (posix_spawn_file_actions_init(&files))
        return fail(err, ERROR_MEMORY, "out of memory");
    if (posix_spawnattr_init(&how)) {
        posix_spawn_file_actions_destroy(&files);
        return fail(err, ERROR_MEMORY, "out of memory");
    }
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setsigmask(&how, &none);
    int wrong = posix_spawn_file_actions_adddup2(&files, c->fd, SHARED_FD);
    for (int fd = 0; fd < SHARED_FD && !wrong; fd++)
        wrong = posix_spawn_file_actions_addclose(&files, fd);
    if (!wrong)
        wrong = posix_spawn(pid, "/proc/self/exe", &files, &how, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    return !wrong || fail(err, ERROR_READ, "no process to decode it in: %s", strerror(wrong));
}

static bool cancelled(const struct confine *c)
{
    return c->cancel && atomic_load(c->cancel);
}

/* False: it had to be killed. */
static bool wait_for(const struct confine *c, pid_t pid, double until, int *status)
{
    struct timespec pause = { .tv_nsec = 200000 };
    for (;;) {
        pid_t ended = waitpid(pid, status, WNOHANG);
        if (ended == pid)
            return true;
        if (ended < 0 && errno != EINTR) { /* SIGCHLD is ignored here: it left no status */
            *status = NO_FENCE << 8;
            return true;
        }
        if (seconds_now() > until || cancelled(c))
            break;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < 5000000)
            pause.tv_nsec *= 2;
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    return false;
}

/* How it ended, in words. */
static bool judge(int status, bool in_time, unsigned seconds, int *answer, struct error *err)
{
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (in_time && !number && WEXITSTATUS(status) < ANSWERS) {
        *answer = WEXITSTATUS(status);
        return true;
    }
    if (in_time && !number)
        return fail(err, ERROR_READ, "the decoder could not be confined on this system");
    if (number == SIGXCPU)
        return fail(err, ERROR_FORMAT,
                    "the decoder was stopped: it took more than %u s of processor time", seconds);
    if (!in_time || number == SIGKILL)
        return fail(err, ERROR_FORMAT,
                    "the decoder was stopped: it did not end in %u s, or memory ran out",
                    LATE * seconds);
    if (number == SIGSYS)
        return fail(err, ERROR_FORMAT,
                    "the decoder was stopped: it asked the system for what it may not have");
    return fail(err, ERROR_FORMAT, "the decoder crashed (%s)", strsignal(number));
}

bool confine_run(struct confine *c, const struct confined *work, unsigned seconds, int *answer,
                 struct error *err)
{
    assert(c->fd >= 0 && seconds > 0);
    if (in_process) {
        *answer = work->work(c->in, c->n_in, c->room, c->n_room);
        return true;
    }
    if (!served || getenv(inside))
        return fail(err, ERROR_READ, "this program cannot start a decoder");
    struct head *h = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
    if (h == MAP_FAILED)
        return fail(err, ERROR_MEMORY, "no shared memory: %s", strerror(errno));
    *h = (struct head){ .n_in = c->n_in, .n_room = c->n_room, .seconds = seconds };
    munmap(h, PAGE);
    pid_t pid = -1;
    int status = 0;
    if (!start(c, work, &pid, err))
        return false;
    bool in_time = wait_for(c, pid, seconds_now() + LATE * seconds, &status);
    if (!in_time && cancelled(c))
        return fail(err, ERROR_CANCELLED, "interrupted");
    return judge(status, in_time, seconds, answer, err);
}

void confine_in_process(bool on)
{
    in_process = on;
}
