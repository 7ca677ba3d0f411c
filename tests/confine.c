/* The fence: what works behind it, and what each way of breaking out comes to. */
#include "confine.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static int add(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n_in; i++)
        sum += in[i];
    for (size_t i = 0; i < n_room; i++)
        room[i] = (uint8_t)(sum + i);
    return 42;
}

static int segfault(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)in;
    (void)room;
    return *(volatile int *)(uintptr_t)(n_in + n_room + 16);
}

/* (AddressSanitizer has calls of its own before a trap.) */
__attribute__((no_sanitize("address"))) static int trap(const uint8_t *in, size_t n_in,
                                                        uint8_t *room, size_t n_room)
{
    (void)in;
    (void)n_in;
    (void)room;
    if (n_room)
        __builtin_trap();
    return 0;
}

static int write_input(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)n_in;
    (void)n_room;
    room[-1] = in[0]; /* the last byte of what holds the input */
    return 0;
}

static int loop(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)in;
    (void)n_in;
    (void)n_room;
    volatile uint8_t *at = room;
    do
        *at = 1;
    while (*at);
    return 0;
}

static int allocate(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)in;
    (void)n_in;
    (void)room;
    size_t size = n_room;
    while (mmap(NULL, size += n_room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        ;
    return 0;
}

static int deeper(volatile char *above, int depth)
{
    volatile char here[4096];
    here[0] = (char)(above ? above[0] + 1 : 0);
    return depth ? deeper(here, depth - 1) + here[0] : here[0];
}

static int recurse(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)in;
    (void)n_in;
    (void)room;
    (void)n_room;
    return deeper(NULL, 1 << 30) & 63;
}

static int open_file(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)n_in;
    (void)room;
    (void)n_room;
    return open((const char *)in, O_WRONLY | O_CREAT, 0600) >= 0;
}

static int write_out(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)room;
    (void)n_room;
    ssize_t done = 0;
    for (int fd = 0; fd < 64; fd++)
        done += write(fd, in, n_in);
    return done > 0;
}

static int connect_out(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)in;
    (void)n_in;
    (void)room;
    (void)n_room;
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static int start_another(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)in;
    (void)n_in;
    (void)room;
    (void)n_room;
    return fork() >= 0;
}

static int signal_parent(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)in;
    (void)n_in;
    (void)room;
    (void)n_room;
    return kill(getppid(), SIGKILL) == 0;
}

static int answer_oddly(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    (void)in;
    (void)n_in;
    (void)room;
    (void)n_room;
    return 100000;
}

static const struct confined works[] = {
    { "add", add },
    { "segfault", segfault },
    { "trap", trap },
    { "write_input", write_input },
    { "loop", loop },
    { "allocate", allocate },
    { "recurse", recurse },
    { "open_file", open_file },
    { "write_out", write_out },
    { "connect_out", connect_out },
    { "start_another", start_another },
    { "signal_parent", signal_parent },
    { "answer_oddly", answer_oddly },
    { 0 },
};

static const struct confined *find(const char *name)
{
    const struct confined *w = works;
    while (strcmp(w->name, name) != 0)
        w++;
    return w;
}

static void test_works(void)
{
    struct error err = { 0 };
    struct confine c = { .fd = -1 };
    int answer = 0;
    size_t n = 300001, room = 100003, wrong = 0;
    confine_close(&c);
    bool ok = confine_open(&c, n, &err) && confine_room(&c, room, &err);
    CHECK(ok);
    if (!ok)
        return;
    memset(c.in, 3, n);
    CHECK(confine_run(&c, find("add"), 10, &answer, &err) && answer == 42);
    if (err.code)
        printf("# %s\n", err.text);
    for (size_t i = 0; i < room; i++)
        wrong += c.room[i] != (uint8_t)(3 * n + i);
    CHECK(wrong == 0);
    confine_close(&c);
    CHECK(confine_open(&c, 0, &err) && confine_room(&c, 8, &err) &&
          confine_run(&c, find("add"), 10, &answer, &err) && c.room[7] == 7);
    confine_close(&c);
}

/* It fails with this sentence, in `most` seconds, and leaves no process behind. */
static void breaks(const char *name, const char *sentence, double most)
{
    static char target[] = "/tmp/eigenscope-confine-made";
    struct error err = { 0 };
    struct confine c;
    int answer = 0;
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    bool ok = confine_open(&c, sizeof(target), &err) && confine_room(&c, 1 << 20, &err);
    if (ok)
        memcpy(c.in, target, sizeof(target));
    ok = ok && confine_run(&c, find(name), 1, &answer, &err);
    clock_gettime(CLOCK_MONOTONIC, &b);
    double seconds = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
    printf("# %s: %.2f s: %s\n", name, seconds, ok ? "went through" : err.text);
    CHECK(!ok && strstr(err.text, sentence) && seconds < most);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && access(target, F_OK) != 0);
    confine_close(&c);
}

/* Of two limits the one of processor time comes first, but where others use all of the processors. */
static void test_loop(void)
{
    bool stopped = true, by_time = false;
    for (int i = 0; i < 3 && stopped && !by_time; i++) {
        struct error err = { 0 };
        struct confine c;
        int answer = 0;
        stopped = confine_open(&c, 1, &err) && confine_room(&c, 1, &err) &&
                  !confine_run(&c, find("loop"), 1, &answer, &err) &&
                  strstr(err.text, "the decoder was stopped: it ");
        by_time = strstr(err.text, "it took more than 1 s of processor time");
        printf("# loop: %s\n", err.text);
        confine_close(&c);
    }
    CHECK(stopped);
    if (!by_time)
        printf("# never by its processor time: the machine is too busy to tell\n");
}

static void test_fences(void)
{
    breaks("segfault", "the decoder crashed (Segmentation fault)", 5);
    breaks("trap", "the decoder crashed", 5);
    breaks("write_input", "the decoder crashed (Segmentation fault)", 5);
    breaks("recurse", "the decoder crashed (Segmentation fault)", 5);
    test_loop();
    static const char *const forbidden[] = { "allocate",    "open_file",     "write_out",
                                             "connect_out", "start_another", "signal_parent" };
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++)
        breaks(forbidden[i], "it asked the system for what it may not have", 5);
    breaks("answer_oddly", "could not be confined", 5);
}

/* Descriptors that others left open do not reach it, and none of ours stay behind. */
static void test_descriptors(void)
{
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC), answer;
    struct error err = { 0 };
    struct confine c;
    close(before);
    CHECK(confine_open(&c, 1, &err) && confine_room(&c, 1, &err) &&
          confine_run(&c, find("add"), 10, &answer, &err));
    confine_close(&c);
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK(before == after);
    close(after);
}

static void test_in_process(void)
{
    struct error err = { 0 };
    struct confine c;
    int answer = 0;
    confine_in_process(true);
    CHECK(confine_open(&c, 5, &err) && confine_room(&c, 5, &err) &&
          confine_run(&c, find("add"), 1, &answer, &err) && answer == 42 && c.room[4] == 4);
    confine_in_process(false);
    confine_close(&c);
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct confine c;
    int answer;
    /* before it is served: no process is started that would run all this again */
    CHECK(confine_open(&c, 1, &err) && confine_room(&c, 1, &err) &&
          !confine_run(&c, works, 1, &answer, &err) && err.code == ERROR_READ);
    confine_close(&c);
    confine_serve(argc, argv, works);
    test_works();
    test_fences();
    test_descriptors();
    test_in_process();
    return check_done();
}
