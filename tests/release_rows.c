/* Rows read for a release: what stands in the file, nothing of it left in memory afterwards, and errors that are
 * the same whether there is one row more. */
#include "release_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "memory.h"

enum { N = 700, D = 8 };
static volatile size_t seen =
    650; /* the row that is searched for; no compiler is to know it, either */
static char path[] = "/tmp/eigenscope-release-rows-XXXXXX.npy";
static uint64_t masked[D];
static const uint64_t mask = 0x5a5a5a5a5a5a5a5a;

static double entry(size_t i, size_t j)
{
    return 1.0 / (double)(3 + i * D + j);
}

/* `cut` bytes short. */
static void write_file(size_t rows, long cut)
{
    FILE *f = fopen(path, "wb");
    char head[118];
    setvbuf(f, NULL, _IONBF, 0); /* nothing of them is in a buffer of ours */
    int n = snprintf(head, sizeof(head),
                     "{'descr': '<f8', 'fortran_order': False, 'shape': (%zu, %d), }", rows, D);
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, f);
    fprintf(f, "%s%*s\n", head, 117 - n, "");
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < D; j++) {
            double v = entry(i, j);
            fwrite(&v, sizeof(v), 1, f);
        }
    if (ftruncate(fileno(f), 128 + (long)(rows * D * sizeof(double)) - cut))
        printf("# it cannot be cut\n");
    fclose(f);
}

/* Reads what is mapped, whoever it belongs to. */
#define ANYWHERE __attribute__((no_sanitize("address", "undefined")))
ANYWHERE static long search_range(uintptr_t from, uintptr_t until)
{
    long found = 0;
    for (uintptr_t at = from; at + sizeof(masked) <= until; at += sizeof(uint64_t)) {
        size_t j = 0;
        while (j < D && (((const uint64_t *)at)[j] ^ mask) == masked[j])
            j++;
        found += j == D;
    }
    return found;
}

static long search(void)
{
    char line[512];
    long found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof(line), maps)) {
        uintptr_t from, until;
        char read;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %c", &from, &until, &read) == 3 &&
            read == 'r' && until - from < (uintptr_t)1 << 28 && !strstr(line, "[v"))
            found += search_range(from, until);
    }
    if (maps)
        fclose(maps);
    return found;
}

static void test_memory(void)
{
    struct selection s = { 0 };
    struct release_rows rows;
    struct error err;
    size_t right = 0;
    write_file(N, 0);
    for (size_t j = 0; j < D; j++) {
        double v = entry(seen, j);
        memcpy(&masked[j], &v, sizeof(v));
        masked[j] ^= mask;
        v = 0;
        __asm__ volatile("" : : "r"(&v) : "memory");
    }
    CHECK(selection_open(path, PLANES_RGB, &s, &err) && release_rows_read(&s, &rows, &err));
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < D; j++)
            right += matrix_at(rows.view, i, j) == entry(i, j);
    CHECK(right == (size_t)N * D && rows.view.rows == N);
    long before = search();
    release_rows_finish(&rows);
    long after = search();
    printf("# a row is found in %ld places, and in %ld afterwards\n", before, after);
    CHECK(before == 1 && after == 0); /* the search finds it where it is, and there alone */
    selection_finish(&s);
}

/* What is said where allocation i fails, or the file is cut short after it was opened. */
static bool sentence(size_t rows, long i, bool cut, char *text, size_t size)
{
    struct selection s = { 0 };
    struct release_rows r = { 0 };
    struct error err = { 0 };
    write_file(rows, 0);
    bool ok = selection_open(path, PLANES_RGB, &s, &err);
    if (cut)
        write_file(rows, 500);
    memory_fail_after(i);
    ok = ok && release_rows_read(&s, &r, &err);
    memory_fail_after(-1);
    snprintf(text, size, "%d %s", err.code, ok ? "" : err.text);
    release_rows_finish(&r);
    selection_finish(&s);
    return !ok;
}

static void test_neighbours(void)
{
    char one[600], other[600];
    size_t unlike = 0, failed = 0;
    for (long i = 0; i < 2; i++) {
        failed += sentence(N, i, false, one, sizeof(one));
        failed += sentence(N - 1, i, false, other, sizeof(other));
        unlike += strcmp(one, other) != 0 || !strstr(one, "nothing was released");
    }
    printf("# %s\n", one);
    CHECK(failed == 4 && unlike == 0);
    CHECK(sentence(N, -1, true, one, sizeof(one)) &&
          sentence(N - 1, -1, true, other, sizeof(other)));
    CHECK(!strcmp(one, other));
    printf("# %s\n", one);
    memory_limit(memory_used() + 20000);
    CHECK(sentence(N, -1, false, one, sizeof(one)) &&
          sentence(N - 1, -1, false, other, sizeof(other)));
    memory_limit(0);
    CHECK(!strcmp(one, other));
    printf("# %s\n", one);
}

int main(void)
{
    int fd = mkstemps(path, 4);
    size_t before = memory_used();
    if (fd < 0)
        return 1;
    close(fd);
    test_memory();
    test_neighbours();
    CHECK(unlink(path) == 0);
    CHECK(memory_used() == before);
    return check_done();
}
