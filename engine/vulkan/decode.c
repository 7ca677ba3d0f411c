/* Codes to entries. */

#include "vulkan/strips.h"

/* `bytes` of the stream; the device gets whole words. */
static bool write_codes(struct vulkan *v, const uint8_t *from, size_t bytes, const struct block *to,
                        struct error *err)
{
    uint32_t last = 0;
    size_t whole = bytes / sizeof(last) * sizeof(last);
    for (size_t i = 0; whole + i < bytes; i++)
        last |= (uint32_t)from[whole + i] << 8 * i;
    return vulkan_write(v, from, to, 0, whole, err) &&
           (bytes == whole || vulkan_write(v, &last, to, whole, sizeof(last), err));
}

static bool write_entries(const struct strips *s, const struct coded *x,
                          const struct coding_table *t, const struct coding_levels *l,
                          struct error *err)
{
    struct block *levels;
    struct codes_push push;
    struct dispatch d = {
        .shader = s->panels->dtype == DTYPE_F64 ? SHADER_decode_f64 : SHADER_decode_f32,
    };
    bool ok = strips_levels(s, l, &levels, err);
    for (struct strip at = { 0 }; ok && strips_next(s, &at);) {
        const uint8_t *from = x->codes + strips_code_bytes(s, at.first);
        ok = strips_dispatch(s, &at, t, levels, &push, &d, err) &&
             write_codes(s->v, from, strips_code_bytes(s, at.rows), d.blocks[1], err) &&
             items_dispatch(s->v, &d, &push.first, push.elements, 256, 40, err);
    }
    return ok;
}

bool vulkan_decode(const struct coded *x, struct buffer *out, struct error *err)
{
    struct strips s;
    struct coding_table t = { 0 };
    struct coding_levels l = { 0 };
    bool ok = strips_init(&s, &x->coding, out, err) && coding_levels_init(&l, &x->coding, err) &&
              coding_table_init(&t, &x->coding, x->rows, x->cols, err);
    if (ok) {
        coding_table_read(x, &t);
        ok = write_entries(&s, x, &t, &l, err);
    }
    coding_table_finish(&t);
    coding_levels_finish(&l);
    return ok;
}
