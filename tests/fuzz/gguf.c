/* Any bytes as a GGUF header: what is accepted keeps its promises about where tensors lie; and any
 * bytes as a block of every type. */
#include "gguf.h"
#include "document.h"
#include "memory.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 64 << 20 };

static void check(bool promise)
{
    if (!promise)
        __builtin_trap();
}

static void check_tensor(const struct gguf *h, const struct gguf_tensor *t, size_t size)
{
    check(t->offset >= h->data && t->offset % h->alignment == 0);
    check(t->offset <= size && t->size <= size - t->offset);
    check(t->name && t->name[0] && t->type_name && t->dims <= GGUF_DIMS);
    for (size_t i = 0; i < h->n; i++) {
        const struct gguf_tensor *o = &h->tensors[i];
        check(o == t || !o->size || !t->size || o->offset >= t->offset + t->size ||
              t->offset >= o->offset + o->size);
    }
}

static void decode(const uint8_t *data, size_t size)
{
    float values[BLOCK_ELEMENTS];
    for (uint32_t id = 0; id <= 255; id++) {
        const struct block_type *type = block_type(id);
        if (!type || !type->unpack || type->bytes > size)
            continue;
        block_decode(type, data, values);
        double noise = block_noise(type, data);
        check(type->uneven ? isnan(noise) : !(noise < 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = { 0 };
    struct gguf h = { 0 };
    memory_limit(MEMORY);
    struct source *s = source_open_memory("bytes", data, size, &err);
    if (s && gguf_read(s, &h, &err))
        for (size_t i = 0; i < h.n && i < 64; i++)
            check_tensor(&h, &h.tensors[i], size);
    else
        check(err.code != ERROR_NONE && err.text[0]);
    gguf_finish(&h);
    source_close(s);
    decode(data, size);
    check(memory_used() == 0);
    return 0;
}
