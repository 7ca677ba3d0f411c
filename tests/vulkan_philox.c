/* Philox on the device: Random123's known answers, and the processor's words. */

#include "check.h"
#include "memory.h"
#include "vulkan/items.h"

#include <string.h>

enum { N = 3 + (1 << 12) };

struct draw {
    uint32_t counter[4], key[2], unused[2];
};

/* philox4x32-10 of Random123's kat_vectors. */
static const struct {
    struct draw draw;
    uint32_t word[4];
} known[] = {
    { { { 0, 0, 0, 0 }, { 0, 0 }, { 0 } }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { { { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX }, { UINT32_MAX, UINT32_MAX }, { 0 } },
      { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 }, { 0 } },
      { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};
enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static struct draw draws[N];
static uint32_t words[N][4];

/* The known ones, then counters and keys that are random themselves. */
static void prepare(void)
{
    for (uint32_t i = 0; i < N; i++) {
        struct philox p = philox_block(17, i, 0, STREAM_TEST, 0),
                      q = philox_block(17, i, 1, STREAM_TEST, 0);
        memcpy(draws[i].counter, p.word, sizeof(p.word));
        memcpy(draws[i].key, q.word, sizeof(draws[i].key));
        if (i < KNOWN)
            draws[i] = known[i].draw;
    }
}

static bool ask(struct vulkan *v, struct error *err)
{
    struct block in = { 0 }, out = { 0 };
    uint32_t push[2];
    struct dispatch d = { .shader = SHADER_philox,
                          .blocks = { &in, &out },
                          .push_size = sizeof(push) };
    bool ok = block_init(v, sizeof(draws), sizeof(draws), &in, err) &&
              block_init(v, sizeof(words), sizeof(words), &out, err) &&
              vulkan_write(v, draws, &in, 0, sizeof(draws), err) &&
              items_dispatch(v, &d, push, N, 256, 100, err) &&
              vulkan_read(v, &out, 0, words, sizeof(words), err);
    vulkan_bury(v, &in);
    vulkan_bury(v, &out);
    return ok;
}

int main(void)
{
    struct error err = { 0 };
    vulkan_testing.validate = true;
    struct backend *b = vulkan_open(NULL, &err);
    if (!b) {
        printf("1..0 # SKIP %s\n", err.text);
        return 0;
    }
    prepare();
    bool ok = ask((struct vulkan *)b, &err);
    printf("# %s%s\n", ((struct vulkan *)b)->name, ok ? "" : err.text);
    CHECK(ok);
    size_t wrong = 0;
    for (size_t i = 0; i < KNOWN; i++)
        CHECK(!memcmp(words[i], known[i].word, sizeof(words[i])));
    for (size_t i = KNOWN; i < N; i++) {
        const uint32_t *c = draws[i].counter, *k = draws[i].key;
        struct philox p = philox_block((uint64_t)k[1] << 32 | k[0], c[0], c[1], c[2], c[3]);
        wrong += memcmp(words[i], p.word, sizeof(p.word)) != 0;
    }
    CHECK(wrong == 0);
    vulkan_close(b);
    CHECK(vulkan_testing.messages == 0 && memory_used() == 0);
    return check_done();
}
