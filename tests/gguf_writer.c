/* GGUF files written anew: values of every type, what is refused before a byte is written, models of
 * every type copied tensor by tensor, a real one, every allocation that fails. With `copy IN OUT`: such
 * a copy, for tests/gguf_peers.py. */
#include "gguf_writer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "limit.h"
#include "memory.h"

static char folder[] = "/tmp/eigenscope-gguf-XXXXXX";
static char copied[64], again[64]; /* files there */

/* The model in `s` written to a file, header and data. */
static bool copy(const struct source *s, const struct gguf *h, const char *path, struct error *err)
{
    struct gguf_field *fields = gguf_fields_of(s, h, err);
    struct gguf_content c = { fields, h->n_pairs, h->tensors, h->n };
    struct sink *to = fields ? sink_create(path, true, 0, err) : NULL;
    bool ok = to && gguf_write_header(&c, to, err);
    for (size_t i = 0; i < h->n && ok; i++)
        ok = gguf_write_copy(s, &h->tensors[i], to, err) && gguf_write_padding(&c, to, err);
    memory_free(fields);
    if (ok)
        return sink_commit(to, err);
    sink_abandon(to);
    return false;
}

static unsigned char *bytes_of(const struct source *s, uint64_t at, uint64_t n)
{
    struct error err = { 0 };
    unsigned char *out = calloc(1, (size_t)n + 1);
    if (out && !source_read(s, at, out, (size_t)n, &err)) {
        free(out);
        return NULL;
    }
    return out;
}

static bool same_bytes(const struct source *s, uint64_t at, const struct source *t, uint64_t there,
                       uint64_t n)
{
    unsigned char *a = bytes_of(s, at, n), *b = bytes_of(t, there, n);
    bool same = a && b && !memcmp(a, b, (size_t)n);
    free(a);
    free(b);
    return same;
}

/* Of n bytes, whether all are zero. */
static bool zeros(const struct source *s, uint64_t at, uint64_t n)
{
    unsigned char *a = bytes_of(s, at, n);
    bool all = a;
    for (uint64_t i = 0; i < n && all; i++)
        all = !a[i];
    free(a);
    return all;
}

/* Laid out as ggml lays files out: version 3, tensors in order, each padded with zeros. */
static bool canonical(const struct source *s, const struct gguf *h)
{
    uint64_t at = h->data;
    bool ok = h->version == 3 && (!h->n || h->tensors[0].offset == at);
    for (size_t i = 0; i < h->n && ok; i++) {
        const struct gguf_tensor *t = &h->tensors[i];
        uint64_t end = at + t->size, next = (end + h->alignment - 1) / h->alignment * h->alignment;
        ok = t->offset == at && next <= source_size(s) && zeros(s, end, next - end);
        at = next;
    }
    return ok && at == source_size(s);
}

static size_t pairs_that_differ(const struct source *s, const struct gguf *a,
                                const struct source *t, const struct gguf *b)
{
    size_t wrong = a->n_pairs != b->n_pairs;
    for (size_t i = 0; i < a->n_pairs && !wrong; i++) {
        const struct gguf_pair *x = &a->pairs[i], *y = &b->pairs[i];
        wrong += strcmp(x->key, y->key) || x->type != y->type || strcmp(x->text, y->text) ||
                 x->size != y->size || !same_bytes(s, x->value, t, y->value, x->size);
    }
    return wrong;
}

static size_t tensors_that_differ(const struct source *s, const struct gguf *a,
                                  const struct source *t, const struct gguf *b)
{
    size_t wrong = a->n != b->n;
    for (size_t i = 0; i < a->n && !wrong; i++) {
        const struct gguf_tensor *x = &a->tensors[i], *y = &b->tensors[i];
        wrong += strcmp(x->name, y->name) || x->dims != y->dims || x->id != y->id ||
                 x->size > y->size || memcmp(x->shape, y->shape, sizeof(x->shape)) ||
                 !same_bytes(s, x->offset, t, y->offset, x->size);
    }
    return wrong;
}

/* The file and its copy. */
static bool same_copy(const struct source *s, const struct gguf *h, const char *path,
                      struct error *err)
{
    bool ok = copy(s, h, path, err);
    struct source *t = ok ? source_open_file(path, err) : NULL;
    bool same = t && source_size(s) == source_size(t) && same_bytes(s, 0, t, 0, source_size(s));
    source_close(t);
    unlink(path);
    return same;
}

struct tally {
    size_t files, same, pairs, tensors;
    bool types[256];
};

/* What differs between the file and its copy, nothing of which may: 0. */
static size_t check_copy(const char *path, struct tally *tally)
{
    struct error err = { 0 };
    struct gguf a = { 0 }, b = { 0 };
    struct source *s = source_open_file(path, &err), *t = NULL;
    bool ok = s && gguf_read(s, &a, &err) && copy(s, &a, copied, &err);
    ok = ok && (t = source_open_file(copied, &err)) && gguf_read(t, &b, &err);
    size_t wrong = !ok;
    if (ok) {
        bool same = source_size(s) == source_size(t) && same_bytes(s, 0, t, 0, source_size(s));
        wrong += pairs_that_differ(s, &a, t, &b) + tensors_that_differ(s, &a, t, &b) +
                 !canonical(t, &b) + (canonical(s, &a) && !same) + !same_copy(t, &b, again, &err);
        tally->files++;
        tally->same += same;
        tally->pairs += a.n_pairs;
        tally->tensors += a.n;
        for (size_t i = 0; i < a.n; i++)
            tally->types[a.tensors[i].id] = true;
    }
    if (wrong)
        printf("# %s: %zu differences; %s\n", path, wrong, err.text);
    gguf_finish(&a);
    gguf_finish(&b);
    source_close(s);
    source_close(t);
    unlink(copied);
    return wrong;
}

static void test_corpus(const char *corpus)
{
    static const char *const names[] = {
        "align1",
        "align64",
        "bf16",
        "f16",
        "f32",
        "f64",
        "gaps",
        "i16",
        "i32",
        "i64",
        "i8",
        "q4_0",
        "iq4_nl",
        "iq4_xs",
        "q2_k",
        "q3_k",
        "q4_1",
        "q4_k",
        "metadata",
        "q5_0",
        "order",
        "others",
        "experts",
        "q5_1",
        "q5_k",
        "q6_k",
        "q8_0",
        "tail",
        "types",
        "empty",
        "split-00001-of-00003",
        "split-00002-of-00003",
    };
    enum { NAMES = sizeof(names) / sizeof(*names) };
    char path[400];
    size_t wrong = 0, types = 0;
    struct tally tally = { 0 };
    for (size_t i = 0; i < NAMES; i++) {
        snprintf(path, sizeof(path), "%s/gguf/%s.gguf", corpus, names[i]);
        wrong += check_copy(path, &tally);
    }
    for (size_t i = 0; i < 256; i++)
        types += tally.types[i];
    printf("# %zu files, %zu byte for byte, %zu types, %zu pairs, %zu tensors\n", tally.files,
           tally.same, types, tally.pairs, tally.tensors);
    CHECK(wrong == 0 && tally.files == NAMES);
    CHECK(types >= 20 && tally.same >= 6);
}

static void test_stories(const char *data)
{
    char path[400];
    struct tally tally = { 0 };
    snprintf(path, sizeof(path), "%s/stories260K.gguf", data ? data : "");
    if (!data || access(path, R_OK)) {
        printf("ok %d - a real model # SKIP stories260K is not there\n", ++checks);
        return;
    }
    CHECK(check_copy(path, &tally) == 0 && tally.tensors == 47 && tally.pairs == 29);
    printf("# stories260K: %s\n", tally.same ? "byte for byte" : "laid out anew");
    CHECK(tally.same == 1);
}

static bool write_file(const struct gguf_content *c, struct error *err)
{
    struct sink *to = sink_create(copied, true, 0, err);
    bool ok = to && gguf_write_header(c, to, err);
    for (size_t i = 0; i < c->n && ok; i++)
        for (uint64_t left = c->tensors[i].size; left && ok; left--)
            ok = sink_write(to, "x", 1, err);
    if (ok)
        return sink_commit(to, err);
    sink_abandon(to);
    return false;
}

static const struct gguf_field every[] = {
    { "u8", GGUF_U8, .whole = 255 },
    { "i8", GGUF_I8, .whole = (uint64_t)-128 },
    { "u16", GGUF_U16, .whole = 65535 },
    { "i16", GGUF_I16, .whole = (uint64_t)-32768 },
    { "u32", GGUF_U32, .whole = 4294967295 },
    { "i32", GGUF_I32, .whole = (uint64_t)-2147483647 },
    { "f32", GGUF_F32, .real = -0.1 },
    { "bool", GGUF_BOOL, .whole = 1 },
    { "string", GGUF_TEXT, .text = "\xc3\xa4 b" },
    { "u64", GGUF_U64, .whole = UINT64_MAX },
    { "i64", GGUF_I64, .whole = (uint64_t)-9 },
    { "f64", GGUF_F64, .real = 1e300 },
    { "array", .raw = (const unsigned char *)"\x09\0\0\0\x01\0\0\0\2\0\0\0\0\0\0\0\1\2",
      .raw_size = 18 },
    { "general.alignment", GGUF_U32, .whole = 8 },
};
enum { EVERY = sizeof(every) / sizeof(*every) };

static void test_values(void)
{
    static const char *const texts[EVERY] = {
        "255",         "-128",         "65535",   "-32768",     "4294967295",
        "-2147483647", "-0.100000001", "true",    "\xc3\xa4 b", "18446744073709551615",
        "-9",          "1e+300",       "2 items", "8",
    };
    struct gguf_tensor t = {
        .name = (char[]){ "one" }, .id = 24, .shape = { 3 }, .dims = 1, .size = 3
    };
    struct gguf_content c = { every, EVERY, &t, 1 };
    struct error err = { 0 };
    struct gguf h = { 0 };
    CHECK(write_file(&c, &err));
    struct source *s = source_open_file(copied, &err);
    size_t wrong = !s || !gguf_read(s, &h, &err) || h.n_pairs != EVERY;
    for (size_t i = 0; i < EVERY && !wrong; i++)
        if (strcmp(h.pairs[i].text, texts[i]) ||
            (!every[i].raw && h.pairs[i].type != every[i].type)) {
            printf("# %s reads as %s\n", every[i].key, h.pairs[i].text);
            wrong++;
        }
    CHECK(wrong == 0);
    CHECK(h.alignment == 8 && h.data % 8 == 0 && h.n == 1 && s && source_size(s) == h.data + 3);
    gguf_finish(&h);
    source_close(s);
    unlink(copied);
}

static char long_name[] = "a234567890123456789012345678901234567890123456789012345678901234";
static char long_key[LIMIT_GGUF_KEY + 2];

/* What ggml would not read, or we. */
static const struct {
    struct gguf_field field;
    const char *say;
} bad_fields[] = {
    { { "", GGUF_U8 }, "a key of 0 bytes" },
    { { long_key, GGUF_U8 }, "a key of 1025 bytes" },
    { { "a\n", GGUF_U8 }, "not plain text" },
    { { "a", GGUF_U8, .whole = 256 }, "256 does not fit a value of type u8" },
    { { "a", GGUF_I8, .whole = 128 }, "128 does not fit" },
    { { "a", GGUF_I32, .whole = (uint64_t)INT64_MIN }, "does not fit" },
    { { "a", GGUF_BOOL, .whole = 2 }, "2 does not fit" },
    { { "a", GGUF_ARRAY }, "given by its bytes" },
    { { "a", GGUF_TEXT }, "given by its bytes" },
    { { "a", .raw = (const unsigned char *)"\4\0\0\0", .raw_size = 4 }, "4 bytes are no value" },
    { { "u8", GGUF_U8 }, "the key 'u8' is there twice" },
    { { "general.alignment", GGUF_U32, .whole = 24 }, "no power of two" },
    { { "general.alignment", GGUF_U64, .whole = 32 }, "no power of two" },
    { { "general.alignment", .raw = (const unsigned char *)"\4\0\0\0\x20", .raw_size = 5 },
      "no power of two" },
};
static const struct {
    const char *name;
    struct gguf_tensor tensor;
    const char *say;
} bad_tensors[] = {
    { "", { .size = 4 }, "a tensor name of 0 bytes" },
    { long_name, { .size = 4 }, "a tensor name of 64 bytes" },
    { "\x1b", { .size = 4 }, "not plain text" },
    { "a", { .id = 2, .shape = { 33 }, .dims = 1, .size = 18 }, "blocks of Q4_0 hold 32" },
    { "a", { .shape = { 2, 2 }, .dims = 2, .size = 12 }, "has not 12 bytes" },
    { "a", { .dims = 5 }, "beyond 4 dimensions" },
    { "a", { .shape = { (uint64_t)1 << 62, 2 }, .dims = 2 }, "63 bits" },
    { "a", { .id = 256, .size = 4 }, "type 256, which is none" },
    { "first", { .size = 4 }, "the tensor name 'first' is there twice" },
};
enum {
    FIELDS = sizeof(bad_fields) / sizeof(*bad_fields),
    TENSORS = sizeof(bad_tensors) / sizeof(*bad_tensors),
};

/* In one line, and before a byte is written. */
static bool refused(const struct gguf_content *c, const char *say)
{
    struct error err = { 0 };
    struct sink *to = sink_count();
    bool ok = to && !gguf_write_header(c, to, &err) && err.code == ERROR_USAGE &&
              strstr(err.text, say) && !strchr(err.text, '\n') && !sink_written(to);
    if (!ok)
        printf("# %s: %s\n", say, err.text);
    sink_abandon(to);
    return ok;
}

static void test_refusals(void)
{
    struct gguf_field fields[2] = { { "u8", GGUF_U8 }, { "b", GGUF_U8 } };
    struct gguf_tensor tensors[2] = { { .name = (char[]){ "first" }, .size = 4 } };
    size_t wrong = 0;
    char name[80];
    memset(long_key, 'k', LIMIT_GGUF_KEY + 1);
    for (size_t i = 0; i < FIELDS; i++) {
        struct gguf_content c = { fields, 2, tensors, 1 };
        fields[1] = bad_fields[i].field;
        wrong += !refused(&c, bad_fields[i].say);
    }
    for (size_t i = 0; i < TENSORS; i++) {
        struct gguf_content c = { fields, 1, tensors, 2 };
        tensors[1] = bad_tensors[i].tensor;
        tensors[1].name = name;
        snprintf(name, sizeof(name), "%s", bad_tensors[i].name);
        wrong += !refused(&c, bad_tensors[i].say);
    }
    CHECK(wrong == 0);
}

/* 63 bytes are a name: with a NUL they are GGUF_NAME. */
static void test_longest(void)
{
    struct error err = { 0 };
    struct sink *to = sink_count();
    long_name[GGUF_NAME - 1] = 0;
    struct gguf_tensor longest = { .name = long_name, .size = 4 };
    CHECK(to && gguf_write_header(&(struct gguf_content){ NULL, 0, &longest, 1 }, to, &err));
    CHECK(to && sink_written(to) == 128); /* 24, and 8 + 63 + 4 + 4 + 8, to a multiple of 32 */
    sink_abandon(to);
}

static void test_memory(const char *corpus)
{
    char path[400];
    struct error err = { 0 };
    struct gguf h = { 0 };
    size_t failed = 0, wrong = 0;
    snprintf(path, sizeof(path), "%s/gguf/metadata.gguf", corpus);
    struct source *s = source_open_file(path, &err);
    CHECK(s && gguf_read(s, &h, &err));
    for (bool done = false; !done && failed < 20;) {
        memory_fail_after((long)failed);
        done = copy(s, &h, copied, &err);
        memory_fail_after(-1);
        failed += !done;
        wrong += (!done && err.code != ERROR_MEMORY) || (!done && access(copied, F_OK) == 0);
    }
    printf("# %zu allocations\n", failed);
    CHECK(failed >= 4 && failed < 20 && wrong == 0);
    unlink(copied);
    gguf_finish(&h);
    source_close(s);
}

static int copy_files(const char *from, const char *to)
{
    struct error err = { 0 };
    struct gguf h = { 0 };
    struct source *s = source_open_file(from, &err);
    bool ok = s && gguf_read(s, &h, &err) && copy(s, &h, to, &err);
    gguf_finish(&h);
    source_close(s);
    if (!ok)
        fprintf(stderr, "%s\n", err.text);
    return !ok;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "copy"))
        return copy_files(argv[2], argv[3]);
    if (argc != 2 || !mkdtemp(folder))
        return 2;
    snprintf(copied, sizeof(copied), "%s/copy.gguf", folder);
    snprintf(again, sizeof(again), "%s/again.gguf", folder);
    test_values();
    test_refusals();
    test_longest();
    test_corpus(argv[1]);
    test_memory(argv[1]);
    test_stories(getenv("EIGENSCOPE_DATA"));
    CHECK(rmdir(folder) == 0 && memory_used() == 0);
    return check_done();
}
