/* Packed factors: what is written comes back, expands to the same bytes, has the
 * size that was foretold, and every lie in the file is refused. */
#include "factors.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "memory.h"
#include "packed.h"
#include "rotation.h"

enum { ROWS = 13, COLS = 70, RANK = 5, PLANES = 3 };

static char folder[] = "/tmp/eigenscope-factors-XXXXXX";

static double noise(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / 9007199254740992.0 - 0.5;
}

static void add_coded(struct result *r, const char *name, size_t rows, size_t cols,
                      const struct coding *c, size_t *index)
{
    struct matrix m = { 0 };
    struct coded x = { 0 };
    struct error err = { 0 };
    bool ok = matrix_init(&m, DTYPE_F64, rows, cols, &err);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            matrix_put(m.view, i, j, noise());
    ok = ok && coding_encode(c, m.view, &x, &err) && result_add_coded(r, name, &x, index, &err);
    if (!ok)
        printf("# %s\n", err.text);
    matrix_finish(&m);
}

static void add_plain(struct result *r, const char *name, size_t rows, size_t cols,
                      enum dtype dtype, size_t *index)
{
    struct matrix m = { 0 };
    struct error err = { 0 };
    if (!matrix_init(&m, dtype, rows, cols, &err))
        return;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            matrix_put(m.view, i, j, noise());
    result_add_plain(r, name, &m, index, &err);
}

static void begin(struct result *r)
{
    struct error err = { 0 };
    result_init(r, 1, &err);
    r->measures[0].rows = ROWS;
    r->measures[0].cols = COLS;
    r->rank = RANK;
}

static void add_frame(struct frame *f, size_t rows, size_t cols, bool shifted)
{
    struct error err = { 0 };
    f->rotated_rows = rows && rotation_signs(7, 0, rows, &f->row_signs, &err);
    f->rotated_cols = cols && rotation_signs(7, 1, cols, &f->col_signs, &err);
    f->shifted = shifted;
    f->scale = shifted ? 1.25 : 1;
    f->shift = shifted ? -0.375 : 0;
}

/* One plane per kind of term: L R in two codings, plain L R, dense + L R; the first within all
 * there is of a frame, the last with a part of one. */
static void make(struct result r[PLANES])
{
    struct coding column = { .quantizer = quantizer_find("uniform"),
                             .bits = 4,
                             .scales = SCALES_VECTOR,
                             .by_column = true };
    struct coding block = column, tensor = column;
    struct error err = { 0 };
    size_t left = 0, right = 0, dense = 0;
    block.bits = 3;
    block.scales = SCALES_BLOCK;
    block.by_column = false;
    block.symmetric = true;
    tensor.bits = 1;
    tensor.scales = SCALES_TENSOR;
    for (int i = 0; i < PLANES; i++)
        begin(&r[i]);
    add_coded(&r[0], "left", ROWS, RANK, &column, &left);
    add_coded(&r[0], "right", RANK, COLS, &block, &right);
    result_add_term(&r[0], 0, left, right, &err);
    add_plain(&r[1], "left", ROWS, RANK, DTYPE_F64, &left);
    add_plain(&r[1], "right", RANK, COLS, DTYPE_F32, &right);
    result_add_term(&r[1], 0, left, right, &err);
    add_coded(&r[2], "dense", ROWS, COLS, &tensor, &dense);
    add_plain(&r[2], "left", ROWS, 1, DTYPE_F32, &left);
    add_plain(&r[2], "left", 1, COLS, DTYPE_F32, &right);
    result_add_term(&r[2], 0, dense, TERM_DENSE, &err);
    result_add_term(&r[2], 0, left, right, &err);
    add_frame(&r[0].frames[0], ROWS, COLS, true);
    add_frame(&r[2].frames[0], 0, COLS, false);
}

static const char names[PLANES][NAME_TEXT] = { "y", "cb", "cr" };
static const struct fact facts[] = {
    { "software", "eigenscope 0.1.0" },
    { "source", "caf\xc3\xa9 \"\\ .png" },
    { "command", "eigenscope run lplr \x01\xff" },
};

static struct export_request request_for(const struct result *r, const struct raster *like)
{
    return (struct export_request){ .results = r,
                                    .n_results = PLANES,
                                    .names = names,
                                    .n = PLANES,
                                    .picture = true,
                                    .planes = PLANES_YCBCR,
                                    .depth = 8,
                                    .dtype = DTYPE_F32,
                                    .like = like,
                                    .facts = facts,
                                    .n_facts = 3 };
}

static char *path_of(const char *name)
{
    static char path[2][256];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
    return path[turn];
}

static unsigned char *slurp(const char *path, size_t *n)
{
    struct error err = { 0 };
    struct source *s = source_open_file(path, &err);
    *n = s ? (size_t)source_size(s) : 0;
    unsigned char *data = malloc(*n + 1);
    if (!s || !source_read(s, 0, data, *n, &err))
        printf("# %s\n", err.text);
    source_close(s);
    return data;
}

static bool same_files(const char *a, const char *b)
{
    size_t n, m;
    unsigned char *x = slurp(a, &n), *y = slurp(b, &m);
    bool same = n && n == m && !memcmp(x, y, n);
    free(x);
    free(y);
    return same;
}

static bool read_bytes(const void *data, size_t n, struct factors *f, struct error *err)
{
    struct source *s = source_open_memory("bytes", data, n, err);
    bool ok = s && factors_read(s, f, err);
    source_close(s);
    return ok;
}

/* dense files of the results and of the factors read back */
static void check_dense(const struct export_request *run, const struct factors *f)
{
    static const char *const endings[] = { ".png", ".safetensors", ".factors.safetensors" };
    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        char a[300], b[300];
        struct error err = { 0 };
        uint64_t bytes[2] = { 0, 1 };
        struct export_request expand = factors_request(f, true);
        snprintf(a, sizeof(a), "%s/run%s", folder, endings[i]);
        snprintf(b, sizeof(b), "%s/expand%s", folder, endings[i]);
        CHECK(export_write(run, a, &bytes[0], &err));
        CHECK(export_write(&expand, b, &bytes[1], &err));
        CHECK(bytes[0] == bytes[1] && same_files(a, b));
        unlink(a);
        unlink(b);
    }
}

static void test_round_trip(const struct result *r)
{
    unsigned char profile[132] = { [16] = 'R', 'G', 'B', ' ' };
    struct raster like = {
        .gamma = 0.45455, .srgb_intent = -1, .icc = profile, .icc_size = sizeof(profile)
    };
    struct export_request run = request_for(r, &like);
    struct factors f = { 0 };
    struct error err = { 0 };
    uint64_t foretold = 0, bytes = 0;
    size_t n = 0;
    run.force = true;
    CHECK(export_factors_size(&run, &foretold, &err));
    CHECK(export_write(&run, path_of("a.factors.safetensors"), &bytes, &err));
    unsigned char *data = slurp(path_of("a.factors.safetensors"), &n);
    CHECK(n == foretold && n == bytes && n > 0);
    CHECK(read_bytes(data, n, &f, &err));
    CHECK(f.n == PLANES && f.n_results == PLANES && f.picture && f.planes == PLANES_YCBCR);
    CHECK(f.n_facts == 3 && !strcmp(f.facts[1].value, facts[1].value) &&
          !strcmp(f.facts[2].value, "eigenscope run lplr \\x01\\xff"));
    CHECK(f.like.icc_size == sizeof(profile) && !memcmp(f.like.icc, profile, sizeof(profile)));
    uint64_t bits = 0, again = 0;
    for (size_t i = 0; i < PLANES && f.n == PLANES; i++) {
        bits += result_bits_true(&r[i]);
        again += result_bits_true(&f.results[i]);
    }
    CHECK(bits == again && bits > 0);
    check_dense(&run, &f);
    free(data);
    unlink(path_of("a.factors.safetensors"));
    factors_finish(&f);
}

/* text in the header -> text of the same length: each must be refused */
static const struct {
    const char *from, *to;
} lies[] = {
    { "eigenscope_factors\":\"1", "eigenscope_factors\":\"2" },
    { "picture=yes", "picture=yea" },
    { "planes=ycbcr", "planes=ycbcx" },
    { "depth=8", "depth=9" },
    { "dtype=F32 gamma", "dtype=F33 gamma" },
    { "gamma=0", "gamma=x" },
    { "srgb=none", "srgb=4 ne" },
    { "results\":\"3", "results\":\"2" },
    { "results\":\"3", "results\":\"4" },
    { "results\":\"3", "results\":\"0" },
    { "matrices=1", "matrices=2" },
    { "matrices=1", "matrices=0" },
    { "parts=2", "parts=1" },
    { "parts=2", "parts=3" },
    { "terms=1", "terms=0" },
    { "terms=1", "terms=2" },
    { "rank=5", "rank=+" },
    { "rows=13", "rows=14" },
    { "rows=13", "rows=12" },
    { "cols=70", "cols=71" },
    { "name=left", "name=lefs" },
    { "name=left", "name= eft" },
    { "bits=4", "bits=5" },
    { "bits=4", "bits=0" },
    { "quantizer=uniform", "quantizer=unifork" },
    { "rounding=nearest", "rounding=nearesd" },
    { "scales=vector", "scales=vectop" },
    { "scales=block", "scales=tenso" },
    { "symmetric=no", "symmetric=on" },
    { "by_column=yes", "by_column=yet" },
    { "matrix=0 left=0", "matrix=1 left=0" },
    { "left=0 right=1", "left=2 right=1" },
    { "left=0 right=1", "left=1 right=0" },
    { "left=0 right=1", "left=0 right=9" },
    { "dense=0", "dense=1" },
    { "rows=yes cols=yes shifted=yes", "rows=yes cols=yes shifted=not" },
    { "rows=yes cols=yes shifted=yes", "rows=yes  cols=no shifted=yes" },
    { "rows=no cols=yes shifted=no", "rows=no cols=yes shifted=on" },
    { "cols=yes shifted=no\"", "cols=no shifted=no\" " },
    { "y.row_signs", "y.row_signz" },
    { "cr.col_signs", "cb.col_signs" },
    { "y.affine", "y.affins" },
    { "eigenscope_frame_0", "eigenscope_frame_1" },
    { "eigenscope_frame_2", "eigenscope_frame_3" },
    { "\"F16\"", "\"I16\"" },
    { "\"U8\"", "\"I8\"" },
    { "y.left.codes", "y.left.codez" },
    { "cb.left.values", "cb.left.valuez" },
    { "eigenscope_term_0_0", "eigenscope_term_0_1" },
    { "eigenscope_part_0_0", "eigenscope_part_0_2" },
    { "eigenscope_matrix_0", "eigenscope_matrix_9" },
};

static bool refused(const void *data, size_t n, struct error *err)
{
    struct factors f = { 0 };
    bool ok = read_bytes(data, n, &f, err);
    factors_finish(&f);
    return !ok && (err->code == ERROR_FORMAT || err->code == ERROR_LIMIT);
}

static void test_lies(const unsigned char *good, size_t n)
{
    int kept = 0, absent = 0;
    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        unsigned char *bad = malloc(n);
        memcpy(bad, good, n);
        unsigned char *at = memmem(bad, n, lies[i].from, strlen(lies[i].from));
        struct error err = { 0 };
        absent += !at;
        if (at) {
            memcpy(at, lies[i].to, strlen(lies[i].from));
            if (!refused(bad, n, &err)) {
                kept++;
                printf("# not refused: %s (%s)\n", lies[i].to, err.text);
            }
        }
        free(bad);
    }
    CHECK(!kept);
    CHECK(!absent);
}

/* The tensor's first byte in the file. */
static size_t offset_of(const unsigned char *file, size_t n, const char *tensor)
{
    const char *key = "\"data_offsets\":[";
    const unsigned char *at = memmem(file, n, tensor, strlen(tensor));
    at = at ? memmem(at, n - (size_t)(at - file), key, strlen(key)) : NULL;
    size_t header = file[0] | (size_t)file[1] << 8 | (size_t)file[2] << 16;
    return at ? 8 + header + strtoul((const char *)at + strlen(key), NULL, 10) : 0;
}

/* A few bytes of data that no writer would produce. */
static void test_data(const unsigned char *good, size_t n)
{
    static const struct {
        const char *tensor;
        size_t at;
        unsigned char bytes[8];
        size_t n;
    } spots[] = {
        { "cr.dense.range", 0, { 0, 0, 0, 0, 0, 0, 0xf8, 0x7f }, 8 },   /* NaN */
        { "cr.dense.range", 0, { 0, 0, 0, 0, 0, 0, 0xf0, 0x3f }, 8 },   /* low 1 > high */
        { "cr.dense.range", 8, { 0, 0, 0, 0, 0, 0, 0xf0, 0x7f }, 8 },   /* infinity */
        { "y.left.unit", 0, { 0, 0, 0, 0, 0, 0, 0xf0, 0xbf }, 8 },      /* -1 */
        { "y.left.unit", 0, { 0, 0, 0, 0, 0, 0, 0xe0, 0x7f }, 8 },      /* 2^1023 */
        { "y.left.unit", 0, { 0 }, 8 },                                 /* 0 */
        { "y.left.ranges", 0, { 0, 0x7c }, 2 },                         /* infinity */
        { "y.left.ranges", 2, { 0x01, 0x7e }, 2 },                      /* NaN */
        { "y.right.ranges", 0, { 0, 0xbc }, 2 },                        /* R = -1 */
        { "y.left.codes", (ROWS * RANK * 4 + 7) / 8 - 1, { 0xff }, 1 }, /* bits behind */
        { "y.row_signs", ROWS / 8, { 1 << ROWS % 8 }, 1 },              /* likewise */
        { "cr.col_signs", COLS / 8, { 0x80 }, 1 },
        { "y.affine", 0, { 0, 0, 0, 0, 0, 0, 0xf8, 0x7f }, 8 }, /* NaN */
        { "y.affine", 8, { 0, 0, 0, 0, 0, 0, 0xf0, 0xff }, 8 }, /* infinity */
    };
    int kept = 0;
    for (size_t i = 0; i < sizeof(spots) / sizeof(*spots); i++) {
        unsigned char *bad = malloc(n);
        struct error err = { 0 };
        size_t at = offset_of(good, n, spots[i].tensor);
        memcpy(bad, good, n);
        memcpy(bad + at + spots[i].at, spots[i].bytes, spots[i].n);
        if (!at || !refused(bad, n, &err)) {
            kept++;
            printf("# not refused: %s, %zu: %s\n", spots[i].tensor, i, err.text);
        }
        free(bad);
    }
    CHECK(!kept);
}

/* Every prefix is refused; no byte of the header, changed, does harm. */
static void test_bytes(const unsigned char *good, size_t n)
{
    size_t before = memory_used(), kept = 0, header = 8 + (good[0] | (size_t)good[1] << 8);
    struct error err = { 0 };
    for (size_t i = 0; i < n; i++) {
        unsigned char *part = malloc(i ? i : 1);
        memcpy(part, good, i);
        kept += !refused(part, i, &err);
        free(part);
    }
    CHECK(!kept);
    unsigned char *bad = malloc(n);
    memcpy(bad, good, n);
    size_t odd = 0;
    for (size_t i = 0; i < header; i++) {
        struct factors f = { 0 };
        bad[i] ^= 0x11;
        odd += !read_bytes(bad, n, &f, &err) && err.code != ERROR_FORMAT && err.code != ERROR_LIMIT;
        factors_finish(&f);
        bad[i] = good[i];
    }
    free(bad);
    CHECK(!odd);
    CHECK(memory_used() == before);
}

static bool out_of_order(bool done, const struct error *err)
{
    bool wrong = !done && err->code != ERROR_MEMORY;
    if (wrong)
        printf("# not out of memory, but: %s\n", err->text);
    return wrong;
}

/* Each allocation fails once, writing and reading. */
static void test_memory(const struct export_request *r, const unsigned char *good, size_t n)
{
    size_t before = memory_used();
    long reads = 0, writes = 0;
    int wrong = 0;
    for (bool done = false; !done && reads < 5000; reads++) {
        struct factors f = { 0 };
        struct error err = { 0 };
        memory_fail_after(reads);
        done = read_bytes(good, n, &f, &err);
        wrong += out_of_order(done, &err);
        factors_finish(&f);
    }
    for (bool done = false; !done && writes < 5000; writes++) {
        struct error err = { 0 };
        uint64_t bytes;
        memory_fail_after(writes);
        done = export_write(r, path_of("b.png"), &bytes, &err);
        wrong += out_of_order(done, &err);
    }
    memory_fail_after(-1);
    unlink(path_of("b.png"));
    printf("# %ld allocations to read, %ld to write\n", reads, writes);
    CHECK(reads > 20 && reads < 5000 && writes > 20 && writes < 5000 && !wrong);
    CHECK(memory_used() == before);
}

/* What no writer would say of a quantizer. */
static void test_part_lines(void)
{
    static const struct {
        const char *coding;
        bool good;
    } lines[] = {
        { "bits=2 quantizer=e8p rounding=nearest scales=tensor symmetric=yes", true },
        { "bits=2 quantizer=e8p rounding=nearest scales=tensor symmetric=no", false },
        { "bits=2 quantizer=e8p rounding=dithered scales=tensor symmetric=yes", false },
        { "bits=5 quantizer=e8p rounding=nearest scales=tensor symmetric=yes", false },
        { "bits=8 quantizer=lloyd-max rounding=dithered scales=block symmetric=yes", true },
        { "bits=9 quantizer=lloyd-max rounding=dithered scales=block symmetric=yes", false },
        { "bits=4 quantizer=normal-float rounding=nearest scales=block symmetric=no", false },
        { "bits=4 quantizer=normal_float rounding=nearest scales=block symmetric=yes", false },
    };
    int wrong = 0;
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        char text[PACKED_LINE], name[PACKED_PART_NAME];
        struct part p;
        snprintf(text, sizeof(text), "name=left rows=9 cols=3 %s by_column=no", lines[i].coding);
        wrong += packed_parse_part(text, name, &p) != lines[i].good;
    }
    CHECK(wrong == 0);
}

/* One result for two matrices that share their right factor, one range [-R, R] each. */
static void test_shared(const char *quantizer, int bits, bool by_column)
{
    struct coding c = { .quantizer = quantizer_find(quantizer),
                        .bits = bits,
                        .scales = SCALES_TENSOR,
                        .symmetric = true,
                        .by_column = by_column };
    struct result r = { 0 };
    struct factors f = { 0 };
    struct error err = { 0 };
    size_t left[2] = { 0 }, right = 0, n = 0;
    uint64_t bytes = 0;
    CHECK(result_init(&r, 2, &err));
    for (int i = 0; i < 2; i++) {
        r.measures[i].rows = ROWS + (size_t)i;
        r.measures[i].cols = COLS;
        add_coded(&r, "left", ROWS + (size_t)i, RANK, &c, &left[i]);
    }
    c.by_column = false;
    add_coded(&r, "right", RANK, COLS, &c, &right);
    for (size_t i = 0; i < 2; i++)
        result_add_term(&r, i, left[i], right, &err);
    add_frame(&r.frames[1], ROWS + 1, 0, true);
    struct export_request run = { .results = &r,
                                  .n_results = 1,
                                  .names = (const char[2][NAME_TEXT]){ "query", "key" },
                                  .n = 2,
                                  .depth = 8,
                                  .dtype = DTYPE_F64,
                                  .force = true };
    CHECK(export_write(&run, path_of("s.factors.safetensors"), &bytes, &err));
    unsigned char *data = slurp(path_of("s.factors.safetensors"), &n);
    CHECK(memmem(data, n, "\"all.left#1.codes\"", 18) != NULL);
    CHECK(bytes == n);
    CHECK(memmem(data, n, "\"key.row_signs\"", 15) && !memmem(data, n, "\"query.row_signs\"", 17));
    CHECK(read_bytes(data, n, &f, &err) && f.n == 2 && f.n_results == 1);
    CHECK(f.n == 2 && frame_plain(&f.results[0].frames[0]) &&
          f.results[0].frames[1].shift == r.frames[1].shift);
    struct export_request expand = factors_request(&f, true);
    uint64_t dense[2] = { 0, 1 };
    CHECK(export_write(&run, path_of("s1.safetensors"), &dense[0], &err));
    CHECK(export_write(&expand, path_of("s2.safetensors"), &dense[1], &err));
    CHECK(dense[0] == dense[1] && same_files(path_of("s1.safetensors"), path_of("s2.safetensors")));
    static const char *const made[] = { "s.factors.safetensors", "s1.safetensors",
                                        "s2.safetensors" };
    for (int i = 0; i < 3; i++)
        unlink(path_of(made[i]));
    run.names = (const char[2][NAME_TEXT]){ "same", "same" };
    CHECK(!export_write(&run, path_of("s3.safetensors"), &bytes, &err) && err.code == ERROR_USAGE &&
          strstr(err.text, "same name"));
    free(data);
    factors_finish(&f);
    result_finish(&r);
}

static void test_refusals(const struct result *r)
{
    struct export_request run = request_for(r, NULL);
    struct error err = { 0 };
    uint64_t bytes = 0;
    CHECK(!export_write(&run, path_of("a.jpg"), &bytes, &err) && err.code == ERROR_USAGE &&
          strstr(err.text, ".png, .factors.safetensors, .npy, "));
    CHECK(!export_write(&run, path_of("a.npy"), &bytes, &err) && err.code == ERROR_USAGE);
    run.picture = false;
    CHECK(!export_write(&run, path_of("a.png"), &bytes, &err) && err.code == ERROR_USAGE);
    CHECK(export_write(&run, path_of("a.factors.safetensors"), &bytes, &err));
    CHECK(!document_open(path_of("a.factors.safetensors"), &err) &&
          strstr(err.text, "eigenscope expand"));
    CHECK(!export_write(&run, path_of("a.factors.safetensors"), &bytes, &err) &&
          err.code == ERROR_WRITE);
    unlink(path_of("a.factors.safetensors"));
}

int main(void)
{
    struct result r[PLANES] = { 0 };
    struct error err = { 0 };
    uint64_t bytes = 0;
    size_t n = 0;
    if (!mkdtemp(folder))
        return 1;
    make(r);
    test_round_trip(r);
    test_refusals(r);
    test_shared("uniform", 7, false);
    test_shared("lloyd-max", 3, true);
    test_shared("e8p", 3, true);
    test_shared("e8p", 2, false);
    test_part_lines();
    struct export_request run = request_for(r, NULL);
    run.force = true;
    CHECK(export_write(&run, path_of("c.factors.safetensors"), &bytes, &err));
    unsigned char *good = slurp(path_of("c.factors.safetensors"), &n);
    test_lies(good, n);
    test_data(good, n);
    test_bytes(good, n);
    test_memory(&run, good, n);
    free(good);
    unlink(path_of("c.factors.safetensors"));
    for (int i = 0; i < PLANES; i++)
        result_finish(&r[i]);
    CHECK(rmdir(folder) == 0); /* nothing temporary is left */
    CHECK(memory_used() == 0);
    return check_done();
}
