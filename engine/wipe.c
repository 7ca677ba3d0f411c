#include "wipe.h"

#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static size_t page_size(void)
{
    long page = sysconf(_SC_PAGESIZE);
    return page > 0 ? (size_t)page : 4096;
}

bool secret_init(struct secret *s, size_t size, struct error *err)
{
    size_t page = page_size(), whole;
    *s = (struct secret){ 0 };
    if (__builtin_add_overflow(size, 2 * page, &whole))
        return fail(err, ERROR_LIMIT, "that is more than this machine can address");
    s->memory = memory_alloc(whole, err);
    if (!s->memory)
        return false;
    uintptr_t begin = (uintptr_t)s->memory;
    s->data = (char *)s->memory + (page - begin % page) % page;
    s->size = size;
    s->pages = (size + page - 1) / page * page;
    s->locked = s->pages && mlock(s->data, s->pages) == 0;
    if (s->pages)
        madvise(s->data, s->pages, MADV_DONTDUMP); /* the dump that wipe_guard forbids, once more */
    return true;
}

void secret_finish(struct secret *s)
{
    if (!s->memory)
        return;
    wipe(s->data, s->size);
    if (s->pages)
        madvise(s->data, s->pages, MADV_DODUMP);
    if (s->locked)
        munlock(s->data, s->pages);
    memory_free(s->memory);
    *s = (struct secret){ 0 };
}

void wipe(void *p, size_t n)
{
    if (n)
        explicit_bzero(p, n);
}

void wipe_view(struct matrix_view a)
{
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            matrix_put(a, i, j, 0);
    __asm__ volatile(""
                     :
                     : "r"(a.data)
                     : "memory"); /* nobody reads them, and yet they are to be written */
}

bool wipe_guard(struct error *err)
{
    const struct rlimit none = { 0, 0 };
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
        return fail(err, ERROR_READ, "core dumps cannot be turned off (%s); nothing was released",
                    strerror(errno));
    return true;
}
