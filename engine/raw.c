#include "raw.h"

#include <string.h>

#include "half.h"
#include "memory.h"
#include "wipe.h"

enum { CHUNK = 1 << 20, WRITE_CHUNK = 1 << 12 };

static double from_f16(uint64_t bits)
{
    return half_to((uint16_t)bits);
}

static double from_f32(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof(value));
    return (double)value;
}

static double from_bf16(uint64_t bits)
{
    return from_f32(bits << 16);
}

static double from_f64(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static double from_i8(uint64_t bits)
{
    return (int8_t)bits;
}

static double from_i16(uint64_t bits)
{
    return (int16_t)bits;
}

static double from_i32(uint64_t bits)
{
    return (int32_t)bits;
}

static double from_i64(uint64_t bits)
{
    return (double)(int64_t)bits;
}

static double from_unsigned(uint64_t bits)
{
    return (double)bits;
}

static double from_bool(uint64_t bits)
{
    return bits != 0;
}

static const struct {
    size_t size;
    double (*value)(uint64_t bits);
} types[] = {
    [RAW_F16] = { 2, from_f16 },      [RAW_BF16] = { 2, from_bf16 },
    [RAW_F32] = { 4, from_f32 },      [RAW_F64] = { 8, from_f64 },
    [RAW_I8] = { 1, from_i8 },        [RAW_I16] = { 2, from_i16 },
    [RAW_I32] = { 4, from_i32 },      [RAW_I64] = { 8, from_i64 },
    [RAW_U8] = { 1, from_unsigned },  [RAW_U16] = { 2, from_unsigned },
    [RAW_U32] = { 4, from_unsigned }, [RAW_U64] = { 8, from_unsigned },
    [RAW_BOOL] = { 1, from_bool },
};

size_t raw_size(enum raw_type type)
{
    return types[type].size;
}

bool raw_is_whole(enum raw_type type)
{
    return type >= RAW_I8;
}

static uint64_t load(const unsigned char *at, size_t size, bool big_endian)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits = bits << 8 | at[big_endian ? i : size - 1 - i];
    return bits;
}

bool raw_read(const struct source *s, uint64_t offset, enum raw_type type, bool big_endian,
              struct matrix_view to, struct error *err)
{
    size_t size = types[type].size, left = to.rows * to.cols, row = 0, col = 0;
    size_t most = CHUNK / size < left ? CHUNK / size : left;
    unsigned char *chunk = memory_alloc(most * size, err);
    if (!chunk)
        return false;
    bool ok = true;
    while (left && ok) {
        size_t n = left < most ? left : most;
        ok = source_read(s, offset, chunk, n * size, err);
        for (size_t i = 0; i < n && ok; i++) {
            matrix_put(to, row, col, types[type].value(load(chunk + i * size, size, big_endian)));
            if (++col == to.cols) {
                col = 0;
                row++;
            }
        }
        left -= n;
        offset += n * size;
    }
    wipe(chunk, most * size); /* it may be what nobody is to find again */
    memory_free(chunk);
    return ok;
}

static uint64_t bits_of(struct matrix_view a, size_t row, size_t col)
{
    double value = matrix_at(a, row, col);
    float single = (float)value;
    uint64_t bits;
    uint32_t low;
    memcpy(&bits, &value, sizeof(bits));
    memcpy(&low, &single, sizeof(low));
    return a.dtype == DTYPE_F64 ? bits : low;
}

bool raw_write(struct matrix_view from, struct sink *to, struct error *err)
{
    unsigned char chunk[WRITE_CHUNK];
    size_t size = dtype_size(from.dtype), held = 0;
    for (size_t row = 0; row < from.rows; row++)
        for (size_t col = 0; col < from.cols; col++) {
            uint64_t bits = bits_of(from, row, col);
            for (size_t i = 0; i < size; i++)
                chunk[held++] = (unsigned char)(bits >> 8 * i);
            if (held == sizeof(chunk)) {
                if (!sink_write(to, chunk, held, err))
                    return false;
                held = 0;
            }
        }
    return sink_write(to, chunk, held, err);
}
