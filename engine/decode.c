#include "decode.h"

#include <stdio.h>
#include <string.h>

#include "limit.h"

/* Memory is taken from the room, front to back, and never given back: there is nobody to ask
 * for more behind the fence, and the process ends with the picture. */
enum { ALIGNMENT = 32, TABLES = 256 << 10 };

static struct {
    uint8_t *at, *end;
} rest;

static void *take(size_t n)
{
    size_t left = (size_t)(rest.end - rest.at);
    if (n > left || left - n < ALIGNMENT)
        return NULL;
    void *p = rest.at;
    rest.at += (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return p;
}

static void *take_again(const void *old, size_t n_old, size_t n)
{
    void *p = take(n);
    if (p && old)
        memcpy(p, old, n_old < n ? n_old : n);
    return p;
}

#define STBI_MALLOC(n)                    take(n)
#define STBI_REALLOC_SIZED(old, n_old, n) take_again(old, n_old, n)
#define STBI_FREE(p)                      ((void)(p))
#define STBI_ASSERT(condition)            ((condition) ? (void)0 : __builtin_trap())
#define STBI_MAX_DIMENSIONS               ((int)LIMIT_PICTURE_SIDE)
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_TGA
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_NO_THREAD_LOCALS
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>

uint64_t decode_room(uint64_t pixels, uint64_t more)
{
    return sizeof(struct decode) + 8 * pixels + more + TABLES;
}

static int decode(const uint8_t *in, size_t n_in, uint8_t *room, size_t n_room)
{
    struct decode *d = (struct decode *)(void *)room;
    int width = 0, height = 0, channels = 0;
    size_t head = (sizeof(*d) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    rest.at = room + head;
    rest.end = room + n_room;
    uint8_t *pixels = stbi_load_from_memory(in, (int)n_in, &width, &height, &channels,
                                            (int)d->want);
    if (!pixels) {
        snprintf(d->reason, sizeof(d->reason), "%s", stbi_failure_reason());
        return DECODE_REFUSED;
    }
    d->width = (uint32_t)width;
    d->height = (uint32_t)height;
    d->channels = (uint32_t)channels;
    d->offset = (uint64_t)(pixels - room);
    return DECODE_OK;
}

const struct confined decode_works[] = { { "decode", decode }, { 0 } };
