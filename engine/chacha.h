#pragma once

#include "error.h"

#include <stdint.h>

/* ChaCha20 (Bernstein 2008; RFC 8439) as a generator of random words for a release. The stream has no
 * seed that anybody could give: its key comes from entropy.h. What was handed out cannot be found
 * again from what is left: each refill's first bytes are the next key (fast key erasure), and words are
 * overwritten as they are taken. One thread at a time. */

/* One block, RFC 8439, section 2.3: the state after 20 rounds plus the state before. Pure. */
void chacha_block(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3],
                  uint32_t out[16]);

enum { CHACHA_BLOCKS = 16 };

struct chacha {
    uint32_t key[8];
    uint32_t pool[16 * CHACHA_BLOCKS];
    size_t used; /* words of the pool that are gone */
};

/* Keyed by entropy_fill, and fails as that does. */
bool chacha_start(struct chacha *c, struct error *err);
/* Mixes fresh entropy into the key: what comes after does not follow from what was before. */
bool chacha_rekey(struct chacha *c, struct error *err);
uint64_t chacha_word(struct chacha *c);                 /* 64 uniform bits */
unsigned chacha_bits(struct chacha *c, unsigned n);     /* n <= 32 uniform bits */
uint64_t chacha_below(struct chacha *c, uint64_t most); /* uniform in 0 .. most - 1, most >= 1 */
void chacha_finish(struct chacha *c);                   /* overwrites it; {0} is fine */
