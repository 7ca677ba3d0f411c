#include "memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALIGNMENT = 64 };

/* Lies in front of every piece; as large as the alignment. */
struct header {
    _Alignas(ALIGNMENT) size_t size;
};

static atomic_size_t used, peak, limit;
static atomic_long until_failure = -1;

static bool told_to_fail(void)
{
    long n = atomic_load(&until_failure);
    while (n >= 0)
        if (atomic_compare_exchange_weak(&until_failure, &n, n - 1))
            return n == 0;
    return false;
}

static bool refuse(size_t most, struct error *err)
{
    return fail(err, ERROR_LIMIT,
                "this needs more than the %zu bytes of memory it may use; --max-memory changes "
                "that",
                most);
}

static void raise_peak(size_t now)
{
    size_t old = atomic_load(&peak);
    while (now > old && !atomic_compare_exchange_weak(&peak, &old, now))
        ;
}

void *memory_alloc(size_t size, struct error *err)
{
    size_t whole;
    if (__builtin_add_overflow(size, sizeof(struct header) + ALIGNMENT - 1, &whole)) {
        fail(err, ERROR_LIMIT, "%zu bytes are more than this machine can address", size);
        return NULL;
    }
    whole -= whole % ALIGNMENT;
    size_t now = atomic_fetch_add(&used, whole) + whole;
    size_t most = atomic_load(&limit);
    if (most && now > most) {
        atomic_fetch_sub(&used, whole);
        refuse(most, err);
        return NULL;
    }
    struct header *h = told_to_fail() ? NULL : aligned_alloc(ALIGNMENT, whole);
    if (!h) {
        atomic_fetch_sub(&used, whole);
        fail(err, ERROR_MEMORY, "out of memory: %zu bytes more could not be had", size);
        return NULL;
    }
    raise_peak(now);
    memset(h, 0, whole);
    h->size = whole;
    return h + 1;
}

void memory_free(void *p)
{
    if (!p)
        return;
    struct header *h = (struct header *)p - 1;
    atomic_fetch_sub(&used, h->size);
    free(h);
}

char *memory_text(const char *text, size_t n, struct error *err)
{
    char *copy = memory_alloc(n + 1, err);
    if (copy)
        memcpy(copy, text, n);
    return copy;
}

void memory_limit(size_t bytes)
{
    atomic_store(&limit, bytes);
    atomic_store(&peak, atomic_load(&used));
}

size_t memory_most(void)
{
    return atomic_load(&limit);
}

size_t memory_machine(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (size_t)pages * (size_t)page : 0;
}

bool memory_room(uint64_t bytes, struct error *err)
{
    size_t most = atomic_load(&limit), now = atomic_load(&used);
    return !most || (now <= most && bytes <= most - now) || refuse(most, err);
}

size_t memory_used(void)
{
    return atomic_load(&used);
}

size_t memory_peak(void)
{
    return atomic_load(&peak);
}

void memory_fail_after(long n)
{
    atomic_store(&until_failure, n);
}
