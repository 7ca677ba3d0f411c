/* GGUF beyond its corpus: limits, what is said of bad blocks and of types that are not decoded,
 * the noise of a quantization against the rounding that was done, and a real model that is here
 * in two formats. With `dump FILE`: its matrices in single precision on stdout; with `pack TYPE`:
 * single precision from stdin in blocks of that type on stdout. Both for tests/gguf_peers.py. */
#include "gguf.h"
#include "document.h"
#include "limit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "memory.h"

static void put(unsigned char **at, uint64_t value, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        *(*at)++ = (unsigned char)(value >> 8 * i);
}

static void put_head(unsigned char **at, uint64_t tensors, uint64_t keys)
{
    memcpy(*at, "GGUF", 4);
    *at += 4;
    put(at, 3, 4);
    put(at, tensors, 8);
    put(at, keys, 8);
}

/* Counts that the file could hold, and we would not. */
static void test_limits(void)
{
    size_t size = 24 + 24 * (LIMIT_GGUF_TENSORS + 1), before = memory_used();
    static const struct {
        uint64_t tensors, keys;
        const char *say;
    } cases[] = {
        { LIMIT_GGUF_TENSORS + 1, 0, "65537 tensors are more than 65536" },
        { 0, LIMIT_GGUF_KEYS + 1, "16385 keys are more than 16384" },
    };
    unsigned char *bytes = calloc(1, size);
    for (size_t i = 0; i < 2; i++) {
        unsigned char *at = bytes;
        struct error err = { 0 };
        struct gguf h = { 0 };
        put_head(&at, cases[i].tensors, cases[i].keys);
        struct source *s = source_open_memory("x", bytes, size, &err);
        CHECK(s && !gguf_read(s, &h, &err) && err.code == ERROR_LIMIT &&
              strstr(err.text, cases[i].say));
        source_close(s);
    }
    CHECK(memory_used() == before);
    free(bytes);
}

/* What the corpus' metadata reads as. */
static void test_metadata(const char *corpus)
{
    char path[400];
    struct error err = { 0 };
    struct gguf h = { 0 };
    uint64_t n = 0;
    snprintf(path, sizeof(path), "%s/gguf/metadata.gguf", corpus);
    struct source *s = source_open_file(path, &err);
    CHECK(s && gguf_read(s, &h, &err));
    const struct gguf_pair *name = gguf_pair(&h, "general.architecture"),
                           *tokens = gguf_pair(&h, "tokens"), *t = gguf_pair(&h, "t");
    CHECK(name && name->type == GGUF_TEXT && !strcmp(name->text, "llama"));
    CHECK(tokens && tokens->type == GGUF_ARRAY && !strcmp(tokens->text, "40 items"));
    CHECK(t && !strcmp(t->text, "\xff")); /* a NUL follows */
    CHECK(gguf_count(&h, "a.u16", &n) && n == 1 && !gguf_count(&h, "a.f32", &n) &&
          !gguf_count(&h, "a.bool", &n) && !gguf_count(&h, "missing", &n));
    CHECK(h.version == 3 && h.n == 1 && h.data % h.alignment == 0);
    gguf_finish(&h);
    source_close(s);
}

static void test_types(const char *corpus)
{
    char path[400];
    struct error err = { 0 };
    struct selection s = { 0 };
    size_t named = 0, decoded = 0;
    for (uint32_t id = 0; id <= 255; id++) {
        char want[16];
        snprintf(want, sizeof(want), "type %u", id);
        named += block_type(id) ? strncmp(block_type_name(id), "type", 4) != 0
                                : !strcmp(block_type_name(id), want);
        decoded += block_readable(block_type(id));
    }
    CHECK(named == 256 && decoded == 20 && !block_type_name(256));
    snprintf(path, sizeof(path), "%s/gguf/types.gguf::x", corpus);
    CHECK(!selection_open(path, PLANES_RGB, &s, &err) && err.code == ERROR_FORMAT &&
          strstr(err.text, "x is of type IQ2_XXS, which is listed, not computed"));
    snprintf(path, sizeof(path), "%s/gguf/types.gguf::y", corpus);
    CHECK(!selection_open(path, PLANES_RGB, &s, &err) && strstr(err.text, "type 200, which"));
}

static void test_bad_block(const char *corpus)
{
    char path[400];
    struct error err = { 0 };
    struct selection s = { 0 };
    struct matrix m = { 0 };
    snprintf(path, sizeof(path), "%s/gguf/infinite.gguf", corpus);
    CHECK(selection_open(path, PLANES_RGB, &s, &err));
    CHECK(!selection_read(&s, DTYPE_F32, NONFINITE_REFUSE, &m, &err) && err.code == ERROR_FORMAT &&
          strstr(err.text, "q[2, 0] is ") && strstr(err.text, ", in block 4 of the file's 6"));
    printf("# %s\n", err.text);
    CHECK(selection_read(&s, DTYPE_F32, NONFINITE_ZERO, &m, &err) && matrix_at(m.view, 2, 0) == 0 &&
          matrix_at(m.view, 1, 63) != 0);
    matrix_finish(&m);
    selection_finish(&s);
}

enum { ROWS = 64, COLS = 96, BLOCKS = ROWS * COLS / 32 };

/* An even spread in (-1, 1) of what changes slowly in size. */
static double value_of(size_t i)
{
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u;
    x ^= x >> 31;
    x *= 0xbf58476d1ce4e5b9u;
    return ((double)(x >> 11) * 0x1p-53 * 2 - 1) * (1 + (double)(i / 1000));
}

/* Rounds to 16 levels between the extremes of 32 entries: Q4_1, by an exact scale of 2^-k. */
static void round_block(size_t first, unsigned char **at, double *squares)
{
    double low = value_of(first), high = low;
    for (size_t i = first; i < first + 32; i++) {
        low = fmin(low, value_of(i));
        high = fmax(high, value_of(i));
    }
    int e = (int)ceil(log2((high - low) / 15));
    double step = ldexp(1, e), least = floor(low / step) * step; /* both are halves */
    unsigned char codes[32];
    for (size_t i = 0; i < 32; i++) {
        double code = fmin(15, nearbyint((value_of(first + i) - least) / step));
        double off = least + code * step - value_of(first + i);
        codes[i] = (unsigned char)code;
        *squares += off * off;
    }
    uint64_t half_step = (uint64_t)(e + 15) << 10, magnitude = (uint64_t)fabs(least / step);
    int top = 0;
    while (magnitude >> (top + 1))
        top++;
    uint64_t half = magnitude ? (uint64_t)(e + top + 15) << 10 | ((magnitude << 10 >> top) & 1023) |
                                    (least < 0 ? 0x8000u : 0u)
                              : 0;
    put(at, half_step, 2);
    put(at, half, 2);
    for (size_t i = 0; i < 16; i++)
        put(at, (uint64_t)(codes[i] | codes[i + 16] << 4), 1);
}

/* The noise that steps predict is the rounding error that was made, and reading shows it. */
static void test_noise(void)
{
    size_t size = 96 + BLOCKS * 20;
    unsigned char *bytes = calloc(1, size), *at = bytes;
    double squares = 0, read = 0, noise = 0;
    struct error err = { 0 };
    struct matrix m = { 0 };
    put_head(&at, 1, 0);
    put(&at, 1, 8);
    put(&at, 'q', 1);
    put(&at, 2, 4);
    put(&at, COLS, 8);
    put(&at, ROWS, 8);
    put(&at, 3, 4);
    put(&at, 0, 8);
    at = bytes + 96;
    for (size_t i = 0; i < BLOCKS; i++)
        round_block(32 * i, &at, &squares);
    struct source *s = source_open_memory("x", bytes, size, &err);
    struct document *d = s ? document_open_source(s, &err) : NULL;
    CHECK(d && d->n == 1 && matrix_init(&m, DTYPE_F64, ROWS, COLS, &err) &&
          document_read(d, &d->entries[0], m.view, &err) &&
          document_noise(d, &d->entries[0], &noise, &err));
    for (size_t i = 0; i < ROWS * COLS; i++)
        read += pow(matrix_at(m.view, i / COLS, i % COLS) - value_of(i), 2);
    printf("# rms of the rounding %.6g, by steps %.6g\n", sqrt(read / (ROWS * COLS)), sqrt(noise));
    CHECK_NEAR(read / squares, 1, 1e-12);
    CHECK_NEAR(sqrt(noise * ROWS * COLS / squares), 1, 0.03);
    matrix_finish(&m);
    document_unref(d);
    free(bytes);
}

/* The row of a GGUF's Q or K where the other order has row r: heads of hd rows, which are (2, hd/2)
 * there and (hd/2, 2) here. */
static size_t permuted(size_t r, size_t hd)
{
    size_t head = r / hd, half = r % hd / (hd / 2), i = r % (hd / 2);
    return head * hd + 2 * i + half;
}

static size_t differ(struct document *a, const char *name, struct document *b, const char *other,
                     size_t head)
{
    struct error err = { 0 };
    struct matrix x = { 0 }, y = { 0 };
    const struct entry *e = document_entry(a, name), *f = document_entry(b, other);
    size_t wrong = 1;
    if (e && f && e->rows == f->rows && e->cols == f->cols &&
        matrix_init(&x, DTYPE_F64, e->rows, e->cols, &err) &&
        matrix_init(&y, DTYPE_F64, e->rows, e->cols, &err) && document_read(a, e, x.view, &err) &&
        document_read(b, f, y.view, &err)) {
        wrong = 0;
        for (size_t i = 0; i < e->rows; i++)
            for (size_t j = 0; j < e->cols; j++)
                wrong += matrix_at(x.view, head ? permuted(i, head) : i, j) !=
                         matrix_at(y.view, i, j);
    }
    if (wrong)
        printf("# %s and %s: %zu entries differ\n", name, other, wrong);
    matrix_finish(&x);
    matrix_finish(&y);
    return wrong;
}

enum { HEAD = 8, LAYERS = 5 };

static void test_stories(const char *data)
{
    static const struct {
        const char *ours, *theirs;
        size_t head;
    } parts[] = {
        { "attn_q", "self_attn.q_proj", HEAD }, { "attn_k", "self_attn.k_proj", HEAD },
        { "attn_v", "self_attn.v_proj", 0 },    { "attn_output", "self_attn.o_proj", 0 },
        { "ffn_gate", "mlp.gate_proj", 0 },     { "ffn_up", "mlp.up_proj", 0 },
        { "ffn_down", "mlp.down_proj", 0 },
    };
    char path[400], ours[80], theirs[80];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/stories260K.gguf", data);
    struct document *a = document_open(path, &err);
    snprintf(path, sizeof(path), "%s/stories260K.safetensors", data);
    struct document *b = document_open(path, &err);
    CHECK(a && b && a->n == b->n && a->n_others == b->n_others);
    size_t wrong = !a || !b;
    for (int i = 0; a && b && i < LAYERS; i++)
        for (size_t k = 0; k < sizeof(parts) / sizeof(*parts); k++) {
            snprintf(ours, sizeof(ours), "blk.%d.%s.weight", i, parts[k].ours);
            snprintf(theirs, sizeof(theirs), "model.layers.%d.%s.weight", i, parts[k].theirs);
            wrong += differ(a, ours, b, theirs, parts[k].head);
        }
    CHECK(wrong == 0);
    CHECK(a && b && !differ(a, "token_embd.weight", b, "model.embed_tokens.weight", 0));
    document_unref(a);
    document_unref(b);
}

static int dump(const char *path)
{
    struct error err = { 0 };
    struct document *d = document_open(path, &err);
    bool ok = d;
    for (size_t i = 0; ok && i < d->n; i++) {
        struct matrix m = { 0 };
        const struct entry *e = &d->entries[i];
        ok = matrix_init(&m, DTYPE_F32, e->rows, e->cols, &err) &&
             document_read(d, e, m.view, &err);
        for (size_t row = 0; ok && row < e->rows; row++)
            fwrite((float *)m.view.data + row * m.view.row_stride, sizeof(float), e->cols, stdout);
        matrix_finish(&m);
    }
    document_unref(d);
    if (!ok)
        fprintf(stderr, "%s\n", err.text);
    return !ok;
}

static int pack(const char *name)
{
    const struct block_type *type = block_named(name);
    float x[BLOCK_ELEMENTS];
    uint8_t bytes[BLOCK_ELEMENTS];
    if (!type || !type->pack)
        return 1;
    while (fread(x, sizeof(*x), type->elements, stdin) == type->elements) {
        block_encode(type, x, bytes);
        if (fwrite(bytes, 1, type->bytes, stdout) != type->bytes)
            return 1;
    }
    return fflush(stdout) != 0;
}

/* What is no number, or beyond half precision, ends in codes within their bits and no number. */
static void test_wild_blocks(void)
{
    static const char *const names[] = { "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0" };
    static const float wild[] = { NAN, INFINITY, -INFINITY, 1e30f, 1e-44f };
    for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
        const struct block_type *type = block_named(names[n]);
        size_t wrong = 0;
        for (size_t w = 0; w < sizeof(wild) / sizeof(*wild); w++) {
            float x[32] = { 1, -2, wild[w] }, y[32];
            uint8_t bytes[34];
            block_encode(type, x, bytes);
            block_decode(type, bytes, y);
            bool tame = isfinite(wild[w]) && wild[w] < 1;
            for (size_t i = 0; i < 32; i++)
                wrong += tame && !(fabsf(y[i] - x[i]) < 0.3f);
            wrong += !tame && isfinite(wild[w]) &&
                     isfinite(y[2]); /* 1e30 is lost, and not in silence */
        }
        CHECK(wrong == 0);
    }
    CHECK(!block_named("Q4_K")->pack && !block_named("Q3"));
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "pack"))
        return pack(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "dump"))
        return dump(argv[2]);
    if (argc != 2)
        return 2;
    const char *data = getenv("EIGENSCOPE_DATA");
    char path[400];
    struct error err = { 0 };
    test_limits();
    test_metadata(argv[1]);
    test_types(argv[1]);
    test_bad_block(argv[1]);
    test_noise();
    test_wild_blocks();
    snprintf(path, sizeof(path), "%s/stories260K.gguf", data ? data : "");
    if (data && document_probe(path, &err))
        test_stories(data);
    else
        printf("ok %d - a real model in two formats # SKIP stories260K is not there\n", ++checks);
    CHECK(memory_used() == 0);
    return check_done();
}
