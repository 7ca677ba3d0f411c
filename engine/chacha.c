#include "chacha.h"

#include "entropy.h"

#include <assert.h>
#include <string.h>

enum { WORDS = 16 * CHACHA_BLOCKS, KEY = 8, ROUNDS = 10 };

static inline uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static inline void quarter(uint32_t s[16], int a, int b, int c, int d)
{
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 7);
}

void chacha_block(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3],
                  uint32_t out[16])
{
    uint32_t s[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    uint32_t t[16];
    memcpy(s + 4, key, KEY * sizeof(*key));
    s[12] = counter;
    memcpy(s + 13, nonce, 3 * sizeof(*nonce));
    memcpy(t, s, sizeof(s));
    for (int i = 0; i < ROUNDS; i++) {
        quarter(t, 0, 4, 8, 12), quarter(t, 1, 5, 9, 13);
        quarter(t, 2, 6, 10, 14), quarter(t, 3, 7, 11, 15);
        quarter(t, 0, 5, 10, 15), quarter(t, 1, 6, 11, 12);
        quarter(t, 2, 7, 8, 13), quarter(t, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++)
        out[i] = s[i] + t[i];
    explicit_bzero(s, sizeof(s));
    explicit_bzero(t, sizeof(t));
}

/* The next key first, so that this pool cannot be made again from what stays. */
static void refill(struct chacha *c)
{
    static const uint32_t nonce[3];
    for (uint32_t i = 0; i < CHACHA_BLOCKS; i++)
        chacha_block(c->key, i, nonce, c->pool + (size_t)16 * i);
    memcpy(c->key, c->pool, sizeof(c->key));
    explicit_bzero(c->pool, sizeof(c->key));
    c->used = KEY;
}

bool chacha_rekey(struct chacha *c, struct error *err)
{
    uint32_t fresh[KEY];
    if (!entropy_fill(fresh, sizeof(fresh), err))
        return false;
    for (int i = 0; i < KEY; i++)
        c->key[i] ^= fresh[i];
    explicit_bzero(fresh, sizeof(fresh));
    refill(c);
    return true;
}

bool chacha_start(struct chacha *c, struct error *err)
{
    *c = (struct chacha){ 0 };
    return chacha_rekey(c, err);
}

static uint32_t take(struct chacha *c)
{
    if (c->used == WORDS)
        refill(c);
    uint32_t word = c->pool[c->used];
    c->pool[c->used++] = 0;
    return word;
}

uint64_t chacha_word(struct chacha *c)
{
    assert(c->used); /* started */
    uint64_t low = take(c);
    return low | (uint64_t)take(c) << 32;
}

unsigned chacha_bits(struct chacha *c, unsigned n)
{
    assert(c->used && n <= 32);
    return n ? take(c) >> (32 - n) : 0;
}

/* Of the words, those above the last whole multiple are drawn again. */
uint64_t chacha_below(struct chacha *c, uint64_t most)
{
    assert(most);
    uint64_t spare = (UINT64_MAX % most + 1) % most, word;
    do
        word = chacha_word(c);
    while (word > UINT64_MAX - spare);
    return word % most;
}

void chacha_finish(struct chacha *c)
{
    explicit_bzero(c, sizeof(*c));
}
