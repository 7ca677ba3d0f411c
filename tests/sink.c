/* Outputs appear whole or not at all, and nothing temporary is ever left. */
#include "sink.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "memory.h"

static char folder[] = "/tmp/eigenscope-sink-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", folder, name);
    return paths[turn];
}

static int files_in_folder(void)
{
    DIR *d = opendir(folder);
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    if (d)
        closedir(d);
    return n;
}

static bool holds(const char *path, const char *text)
{
    char have[64] = "";
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(have, 1, sizeof(have) - 1, f) : 0;
    if (f)
        fclose(f);
    return f && n == strlen(text) && !strcmp(have, text);
}

static bool put(const char *path, bool force, uint64_t size, const char *text, struct error *err)
{
    struct sink *s = sink_create(path, force, size, err);
    if (!s)
        return false;
    if (!sink_write(s, text, strlen(text), err)) {
        sink_abandon(s);
        return false;
    }
    return sink_commit(s, err);
}

static void test_replace(void)
{
    struct error err = { 0 };
    struct stat status;
    mode_t mask = umask(027);
    CHECK(put(path_of("a"), false, 0, "one", &err) && holds(path_of("a"), "one"));
    CHECK(stat(path_of("a"), &status) == 0 && (status.st_mode & 0777) == 0640);
    umask(mask);
    CHECK(!put(path_of("a"), false, 0, "two", &err) && err.code == ERROR_WRITE);
    CHECK(strstr(err.text, "exists already; --force") && holds(path_of("a"), "one"));
    chmod(path_of("a"), 0604);
    CHECK(put(path_of("a"), true, 100000, "two", &err) && holds(path_of("a"), "two"));
    CHECK(stat(path_of("a"), &status) == 0 && (status.st_mode & 0777) == 0604);
    struct sink *s = sink_create(path_of("a"), true, 0, &err);
    CHECK(s && sink_write(s, "three", 5, &err) && files_in_folder() == 2);
    sink_abandon(s);
    CHECK(files_in_folder() == 1 && holds(path_of("a"), "two"));
    unlink(path_of("a"));
}

/* Another program makes the file while we write: it is not lost. */
static void test_race(void)
{
    struct error err = { 0 };
    struct sink *s = sink_create(path_of("a"), false, 0, &err);
    FILE *f = fopen(path_of("a"), "wb");
    CHECK(s && f && fputs("theirs", f) >= 0 && fclose(f) == 0);
    CHECK(sink_write(s, "ours", 4, &err) && !sink_commit(s, &err) && err.code == ERROR_WRITE);
    CHECK(files_in_folder() == 1 && holds(path_of("a"), "theirs"));
    unlink(path_of("a"));
}

static void test_links(void)
{
    struct error err = { 0 };
    struct stat status;
    CHECK(put(path_of("real"), false, 0, "one", &err));
    CHECK(symlink("real", path_of("link")) == 0 && symlink("nothing", path_of("loose")) == 0);
    CHECK(put(path_of("link"), true, 0, "two", &err) && holds(path_of("real"), "two"));
    CHECK(lstat(path_of("link"), &status) == 0 && S_ISLNK(status.st_mode));
    CHECK(!put(path_of("loose"), true, 0, "x", &err) && strstr(err.text, "link to nothing"));
    CHECK(files_in_folder() == 3);
    unlink(path_of("real"));
    unlink(path_of("link"));
    unlink(path_of("loose"));
}

static void test_refusals(void)
{
    struct error err = { 0 };
    CHECK(!put(folder, true, 0, "x", &err) && strstr(err.text, "is a directory"));
    CHECK(!put("", true, 0, "x", &err) && err.code == ERROR_WRITE);
    CHECK(!put(path_of("no/such"), true, 0, "x", &err) && err.code == ERROR_WRITE);
    CHECK(!put(path_of("slash/"), true, 0, "x", &err) && err.code == ERROR_WRITE);
    CHECK(files_in_folder() == 0);
    if (geteuid() != 0) {
        printf("# skipped: only root can become another user\n");
        return;
    }
    CHECK(seteuid(65534) == 0);
    CHECK(!put(path_of("mine"), false, 0, "x", &err) && err.code == ERROR_WRITE &&
          strstr(err.text, "Permission denied"));
    CHECK(seteuid(0) == 0);
}

static void test_full(void)
{
    struct error err = { 0 };
    CHECK(!put("/dev/full", false, 0, "x", &err) && err.code == ERROR_WRITE);
    CHECK(!strcmp(err.text, "/dev/full: offset 0: write failed: No space left on device"));
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 1000;
    static char much[200000];
    memset(much, 'x', sizeof(much) - 1);
    CHECK(put(path_of("a"), false, 0, "old", &err));
    setrlimit(RLIMIT_FSIZE, &small);
    bool wrote = put(path_of("a"), true, 0, much, &err);
    bool reserved = put(path_of("a"), true, 5000, "x", &err);
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK(!wrote && !reserved && err.code == ERROR_WRITE && strstr(err.text, "too large"));
    CHECK(files_in_folder() == 1 && holds(path_of("a"), "old"));
    unlink(path_of("a"));
}

static void test_pipe(void)
{
    struct error err = { 0 };
    char have[16] = "";
    CHECK(mkfifo(path_of("pipe"), 0600) == 0);
    int fd = open(path_of("pipe"), O_RDONLY | O_NONBLOCK);
    CHECK(fd >= 0 && put(path_of("pipe"), false, 0, "through", &err));
    CHECK(read(fd, have, sizeof(have)) == 7 && !strcmp(have, "through"));
    struct sink *s = sink_create(path_of("pipe"), false, 0, &err);
    close(fd);
    CHECK(s && sink_write(s, "x", 1, &err) && !sink_commit(s, &err) && err.code == ERROR_WRITE);
    unlink(path_of("pipe"));
}

/* Small and large pieces in order, across the buffer's end. */
static void test_order(void)
{
    struct error err = { 0 };
    enum { N = 300000 };
    unsigned char *data = malloc(N), *back = malloc(N);
    for (size_t i = 0; i < N; i++)
        data[i] = (unsigned char)(i * i >> 7);
    struct sink *s = sink_create(path_of("a"), false, N, &err);
    bool ok = s != NULL;
    for (size_t at = 0, n = 1; ok && at < N; at += n, n = n * 3 % 99991 + 1) {
        n = n < N - at ? n : N - at;
        ok = sink_write(s, data + at, n, &err) && sink_written(s) == at + n;
    }
    CHECK(ok && sink_commit(s, &err));
    FILE *f = fopen(path_of("a"), "rb");
    CHECK(f && fread(back, 1, N, f) == N && fgetc(f) == EOF && !memcmp(data, back, N));
    if (f)
        fclose(f);
    free(data);
    free(back);
    unlink(path_of("a"));
}

static void test_emergency(void)
{
    struct error err = { 0 };
    struct sink *many[12];
    int open = 0;
    for (int i = 0; i < 12; i++) {
        char name[8];
        snprintf(name, sizeof(name), "%d", i);
        many[i] = sink_create(path_of(name), false, 0, &err);
        open += many[i] != NULL;
    }
    CHECK(open == 8 && strstr(err.text, "too many outputs"));
    CHECK(files_in_folder() == 8);
    sink_emergency();
    CHECK(files_in_folder() == 0);
    for (int i = 0; i < 12; i++)
        sink_abandon(many[i]);
    struct sink *count = sink_count();
    CHECK(count && sink_write(count, "12345", 5, &err) && sink_written(count) == 5);
    CHECK(sink_commit(count, &err));
}

/* Rows that are whole are not lost with the one that is not; a file that came meanwhile stays. */
static void test_kept(void)
{
    struct error err = { 0 };
    char text[16] = "";
    for (int appeared = 0; appeared < 2; appeared++) {
        struct sink *s = sink_create(path_of("rows"), false, 0, &err);
        CHECK(s && sink_write(s, "one\n", 4, &err) && sink_keep(s, &err));
        CHECK(sink_write(s, "tw", 2, &err));
        FILE *f = appeared ? fopen(path_of("rows"), "w") : NULL;
        CHECK(!appeared || (f && fputs("other", f) >= 0 && fclose(f) == 0));
        sink_emergency();
        sink_abandon(s);
        f = fopen(path_of("rows"), "r");
        CHECK(f && fgets(text, sizeof(text), f) && files_in_folder() == 1);
        CHECK(!strcmp(text, appeared ? "other" : "one\n"));
        if (f)
            fclose(f);
        unlink(path_of("rows"));
    }
    struct sink *s = sink_create(path_of("rows"), false, 0, &err);
    CHECK(s && sink_write(s, "one\n", 4, &err) && sink_keep(s, &err));
    sink_abandon(s); /* kept for the worst alone */
    CHECK(files_in_folder() == 0);
}

static void test_memory(void)
{
    struct error err = { 0 };
    long n = 0;
    int wrong = 0;
    for (bool done = false; !done && n < 50; n++) {
        memory_fail_after(n);
        done = put(path_of("a"), true, 0, "x", &err);
        wrong += !done && (err.code != ERROR_MEMORY || files_in_folder() != 0);
    }
    memory_fail_after(-1);
    CHECK(n > 1 && n < 50 && !wrong);
    CHECK(memory_used() == 0);
    unlink(path_of("a"));
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    test_replace();
    test_race();
    test_links();
    test_refusals();
    test_full();
    test_pipe();
    test_order();
    test_emergency();
    test_kept();
    test_memory();
    CHECK(rmdir(folder) == 0);
    return check_done();
}
