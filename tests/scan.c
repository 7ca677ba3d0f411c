/* A model scanned row by row: stopped and taken up again, damaged files, and the order of rows. */
#include "scan.h"

#include "check.h"
#include "memory.h"
#include "random.h"
#include "scan_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEED = 5, MODEL_MOST = 1 << 16, FILE_MOST = 1 << 16 };

static char folder[] = "/tmp/test-scan-XXXXXX";
static char model[64], kept[64];

static const struct {
    const char *name;
    size_t rows, cols;
} tensors[] = {
    { "blk.10.q", 24, 40 }, { "blk.2.q", 33, 20 }, { "blk.2.k", 8, 20 },
    { "head", 50, 16 },     { "blk.02.v", 6, 6 },  { "bad", 9, 7 },
};
enum { TENSORS = sizeof(tensors) / sizeof(tensors[0]), BAD = TENSORS - 1 };

/* Later than before by the clock of files: some ticks. A safetensors file of normal numbers; one of them is not a number in the last matrix. */
static void write_model(uint32_t stream)
{
    char header[2048] = "{";
    size_t at = 1, data = 0;
    for (size_t i = 0; i < TENSORS; i++) {
        size_t size = tensors[i].rows * tensors[i].cols * sizeof(float);
        at += (size_t)snprintf(header + at, sizeof(header) - at,
                               "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu,%zu],\"data_offsets\":"
                               "[%zu,%zu]}",
                               i ? "," : "", tensors[i].name, tensors[i].rows, tensors[i].cols,
                               data, data + size);
        data += size;
    }
    header[at++] = '}';
    float *values = calloc(data / sizeof(float), sizeof(float));
    struct matrix_view all = { values, 1, data / sizeof(float), data, 1, DTYPE_F32 };
    random_fill(SKETCH_GAUSSIAN, SEED, STREAM_TEST, stream, 1, all);
    values[all.cols - 3] = NAN;
    usleep(20000);
    FILE *f = fopen(model, "wb");
    uint64_t n = at;
    fwrite(&n, sizeof(n), 1, f);
    fwrite(header, 1, at, f);
    fwrite(values, 1, data, f);
    fclose(f);
    free(values);
}

static struct scan open_scan(bool fresh)
{
    struct error err = { 0 };
    struct scan s = { 0 };
    struct document *d = document_open(model, &err);
    if (!d || !scan_open(&s, d, kept, fresh, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    document_unref(d);
    return s;
}

/* Goes on until all is done, or `most` matrices are. */
static size_t run(struct scan *s, size_t most)
{
    struct error err = { 0 };
    struct job job = { 0 };
    size_t n = 0;
    for (size_t i; n < most && (i = scan_next(s)) < s->n; n++)
        if (!scan_one(s, i, &job, &err)) {
            printf("# %s\n", err.text);
            break;
        }
    return n;
}

/* Bit by bit, NANs too. */
static bool same_rows(const struct scan *a, const struct scan *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->rows[i].done != b->rows[i].done ||
            memcmp(a->rows[i].values, b->rows[i].values, sizeof(a->rows[i].values)) != 0)
            return false;
    return a->n == b->n;
}

static void test_row(void)
{
    struct scan s = open_scan(true);
    struct error err = { 0 };
    struct job job = { 0 };
    struct anatomy a;
    const struct anatomy_options o = { .dtype = DTYPE_F32, .rounding = true };
    CHECK(s.n == TENSORS && s.done == 0 && scan_next(&s) == 0 && scan_share(&s) == 0);
    CHECK(s.rows[3].values[SCAN_ROWS] == 50 && s.rows[3].values[SCAN_BYTES] == 50 * 16 * 4);
    CHECK(isnan(s.rows[3].values[SCAN_NORM]));
    CHECK(run(&s, 99) == TENSORS && s.done == s.n && scan_next(&s) == s.n);
    CHECK_NEAR(scan_share(&s), 1, 1e-12);
    const double *v = s.rows[0].values;
    CHECK(anatomy_of(&job, s.document, &s.document->entries[0], &o, &a, &err));
    CHECK(v[SCAN_NORM] == a.spectrum.norm && v[SCAN_SIGMA] == a.spectrum.sigma[0]);
    CHECK(v[SCAN_RANK_90] == (double)a.rank90 && v[SCAN_STABLE_RANK] == a.stable_rank);
    CHECK(v[SCAN_SHARE_90] == (double)a.rank90 / 24 && v[SCAN_GAIN] == a.verdict.gain);
    CHECK(v[SCAN_ANSWER] == VERDICT_QUANTIZE && v[SCAN_KURTOSIS] == a.statistics.kurtosis);
    CHECK(v[SCAN_Q4_RANK] == (double)a.verdict.lines[VERDICT_Q4_0].rank);
    anatomy_finish(&a);
    v = s.rows[BAD].values;
    CHECK(v[SCAN_NONFINITE] == 1 && isnan(v[SCAN_SIGMA]) && !s.rows[BAD].why[0]);
    scan_close(&s);
}

/* Stopped after two, by a row and in the middle of a third; the next one goes on. */
static void test_resume(void)
{
    struct scan whole = open_scan(true);
    run(&whole, 99);
    struct scan s = open_scan(true);
    struct error err = { 0 };
    atomic_bool cancel = true;
    struct job job = { .cancel = &cancel };
    run(&s, 2);
    CHECK(!scan_one(&s, 2, &job, &err) && err.code == ERROR_CANCELLED);
    CHECK(s.done == 2 && !s.rows[2].done);
    scan_close(&s);
    s = open_scan(false);
    CHECK(s.kept == 2 && s.done == 2 && scan_next(&s) == 2 && !*s.notice);
    CHECK(run(&s, 99) == TENSORS - 2 && same_rows(&s, &whole));
    scan_close(&s);
    s = open_scan(false);
    CHECK(s.kept == TENSORS && same_rows(&s, &whole) && run(&s, 99) == 0);
    scan_close(&s);
    s = open_scan(true);
    CHECK(s.kept == 0);
    scan_close(&s);
    scan_close(&whole);
}

static size_t load(char *bytes)
{
    FILE *f = fopen(kept, "rb");
    size_t n = f ? fread(bytes, 1, FILE_MOST, f) : 0;
    if (f)
        fclose(f);
    return n;
}

static void store(const char *bytes, size_t n)
{
    FILE *f = fopen(kept, "wb");
    fwrite(bytes, 1, n, f);
    fclose(f);
}

/* Whether all rows that are there are right, and the scan ends as `whole` did. */
static bool recovers(const struct scan *whole, size_t *lost)
{
    struct scan s = open_scan(false);
    bool right = true;
    for (size_t i = 0; i < s.n; i++)
        right = right && (!s.rows[i].done || !memcmp(s.rows[i].values, whole->rows[i].values,
                                                     sizeof(s.rows[i].values)));
    *lost = s.n - s.kept;
    run(&s, 99);
    right = right && same_rows(&s, whole);
    scan_close(&s);
    s = open_scan(false);
    right = right && s.kept == s.n && !*s.notice;
    scan_close(&s);
    return right;
}

/* Cut anywhere, or with any byte another one: rows are lost, none is wrong. */
static void test_damage(void)
{
    static char bytes[FILE_MOST], bad[FILE_MOST];
    size_t wrong = 0, lost = 0, most = 0, none = 0, tries = 0;
    struct scan whole = open_scan(true);
    run(&whole, 99);
    size_t n = load(bytes);
    for (size_t cut = 0; cut < n; cut += cut < 100 ? 9 : 131) {
        store(bytes, cut);
        wrong += !recovers(&whole, &lost);
    }
    for (size_t at = 0; at < n; at += at < 100 ? 9 : 131, tries++) {
        memcpy(bad, bytes, n);
        bad[at] = (char)(at % 3 ? bad[at] ^ 1 : '\n');
        store(bad, n);
        wrong += !recovers(&whole, &lost);
        most = lost > most ? lost : most;
        none += lost == 0;
    }
    printf("# %zu bytes; %zu bytes changed, one by one: %zu rows lost at most\n", n, tries, most);
    CHECK(wrong == 0 && n > 3000 && most == TENSORS && none == 0);
    memset(bad, 'x', sizeof(bad)); /* a line without an end, behind a good head */
    memcpy(bad, bytes, 42);
    store(bad, sizeof(bad));
    CHECK(recovers(&whole, &lost) && lost == TENSORS);
    memcpy(bad, bytes, n); /* the same rows twice, as two programs at a time write them */
    char *rows = strchr(bytes, '\n') + 1;
    memcpy(bad + n, rows, n - (size_t)(rows - bytes));
    store(bad, 2 * n - (size_t)(rows - bytes));
    CHECK(recovers(&whole, &lost) && lost == 0);
    CHECK(!unlink(kept) && !mkdir(kept, 0700) && recovers(&whole, &lost) == false);
    rmdir(kept);
    scan_close(&whole);
}

static void test_other_models(void)
{
    static char bytes[FILE_MOST], other[FILE_MOST];
    struct scan s = open_scan(true);
    uint64_t identity = s.identity;
    run(&s, 99);
    scan_close(&s);
    size_t lost, n = load(bytes), head = (size_t)(strchr(bytes, '\n') - bytes) + 1;
    write_model(1); /* of the same size and names */
    s = open_scan(false);
    CHECK(s.identity != identity && s.kept == 0);
    run(&s, 99);
    load(other);
    memcpy(bytes, other, head); /* its head before the other one's rows */
    store(bytes, n);
    CHECK(recovers(&s, &lost) && lost == TENSORS);
    scan_close(&s);
    s = open_scan(true);
    run(&s, 2);
    write_model(2); /* while it is looked at */
    struct error err = { 0 };
    struct job job = { 0 };
    CHECK(!scan_one(&s, 3, &job, &err) && err.code == ERROR_READ && s.done == 2);
    scan_close(&s);
    struct document *d = document_open("demo:phantom", &err);
    CHECK(d && scan_identity(d) == 0 && scan_open(&s, d, kept, false, &err) && !s.path);
    CHECK(document_unchanged(d, &err)); /* it has no file that could */
    scan_close(&s);
    document_unref(d);
}

/* Whole lines, and their checksums right, that no scan writes. */
static void test_poison(void)
{
    static const struct {
        enum scan_column column;
        double value;
    } bad[] = {
        { SCAN_ANSWER, 1e6 },
        { SCAN_ANSWER, -1 },
        { SCAN_ANSWER, .5 },
        { SCAN_ANSWER, (double)NAN },
        { SCAN_RANK_90, -1 },
        { SCAN_ZEROS, (double)INFINITY },
        { SCAN_OUTLIERS, 0x1p54 },
        { SCAN_NOISE_ABOVE, 1.5 },
        { SCAN_Q4_RANK, -(double)INFINITY },
        { SCAN_ROWS, 25 },
        { SCAN_BYTES, (double)NAN },
    };
    size_t n = sizeof(bad) / sizeof(bad[0]), refused = 0, told = 0;
    for (size_t i = 0; i < n; i++) {
        struct scan s = open_scan(true);
        run(&s, 2);
        s.rows[0].values[bad[i].column] = bad[i].value;
        s.whole = false;
        scan_file_keep(&s, 1); /* both, anew */
        scan_close(&s);
        s = open_scan(false);
        refused += s.kept == 1 && !s.rows[0].done && s.rows[1].done &&
                   isnan(s.rows[0].values[SCAN_NORM]) && s.rows[0].values[SCAN_ROWS] == 24;
        told += strstr(s.notice, "damaged") != NULL;
        scan_close(&s);
    }
    printf("# %zu of %zu rows refused\n", refused, n);
    CHECK(refused == n && told == n);
}

/* Demos have no file: nothing is kept, and nothing can change. */
static void test_demo(void)
{
    struct error err = { 0 };
    struct job job = { 0 };
    struct scan s;
    struct document *d = document_open("demo:phantom256", &err);
    CHECK(d && scan_open(&s, d, NULL, false, &err) && scan_one(&s, 0, &job, &err));
    CHECK(s.rows[0].done && s.rows[0].values[SCAN_NORM] > 0 && !scan_missing(&s.rows[0]));
    CHECK(anatomy_dtype(&d->entries[0]) == DTYPE_F64);
    scan_close(&s);
    document_unref(d);
}

/* Nowhere to keep rows: told, and it goes on. */
static void test_unkept(void)
{
    struct error err = { 0 };
    struct scan s;
    struct document *d = document_open(model, &err);
    CHECK(scan_open(&s, d, "/nowhere/at/all.scan", false, &err));
    CHECK(run(&s, 99) == TENSORS && s.done == TENSORS && !s.path);
    CHECK(strstr(s.notice, "/nowhere/at/all.scan") != NULL);
    scan_close(&s);
    CHECK(scan_open(&s, d, NULL, false, &err) && run(&s, 1) == 1 && !*s.notice);
    scan_close(&s);
    document_unref(d);
}

static void test_order(void)
{
    static const size_t names[TENSORS] = { 5, 2, 1, 4, 0, 3 };
    size_t order[TENSORS], expected = 0;
    struct scan s = open_scan(true);
    scan_order(s.document, s.rows, NULL, false, order);
    CHECK(
        !memcmp(order, names, sizeof(order))); /* bad, blk.2.k, blk.2.q, blk.02.v, blk.10.q, head */
    scan_order(s.document, s.rows, scan_key("rows"), false, order);
    CHECK(order[0] == 3 && order[1] == 1 && order[5] == 4);
    run(&s, 3);
    scan_order(s.document, s.rows, scan_key("norm"), false, order);
    for (size_t i = 0; i + 1 < 3; i++)
        expected += s.rows[order[i]].values[SCAN_NORM] >= s.rows[order[i + 1]].values[SCAN_NORM];
    CHECK(expected == 2 && order[3] == 3 && order[4] == 4 && order[5] == 5);
    scan_order(s.document, s.rows, scan_key("norm"), true, order);
    CHECK(s.rows[order[0]].values[SCAN_NORM] < s.rows[order[2]].values[SCAN_NORM]);
    CHECK(order[3] == 3 && order[4] == 4 && order[5] == 5); /* what is not known stays last */
    CHECK(!scan_key("name") && !scan_key("nothing"));
    for (const struct scan_key *k = scan_keys; k->key; k++)
        expected += scan_key(k->key) != k || k->column >= SCAN_ANSWER;
    CHECK(expected == 2);
    scan_close(&s);
}

/* Doubles stay doubles. */
static void test_wide(void)
{
    static const char head[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }";
    static const double values[] = { 3e200, 0, 0, 4e200 };
    struct error err = { 0 };
    struct job job = { 0 };
    struct scan s;
    unsigned char bytes[160] = "\x93NUMPY\x01\x00\x76";
    memset(bytes + 10, ' ', 118);
    memcpy(bytes + 10, head, sizeof(head) - 1);
    bytes[127] = '\n';
    memcpy(bytes + 128, values, sizeof(values));
    struct source *source = source_open_memory("wide.npy", bytes, sizeof(bytes), &err);
    struct document *d = document_open_source(source, &err);
    CHECK(d && scan_open(&s, d, kept, false, &err) && !s.path && scan_one(&s, 0, &job, &err));
    CHECK_NEAR(s.rows[0].values[SCAN_SIGMA] / 4e200, 1, 1e-12);
    CHECK_NEAR(s.rows[0].values[SCAN_NORM] / 5e200, 1, 1e-12);
    scan_close(&s);
    document_unref(d);
}

static void test_failures(void)
{
    struct error err = { 0 };
    struct document *d = document_open(model, &err);
    struct scan s;
    struct job job = { 0 };
    for (long i = 0; i < 2; i++) {
        memory_fail_after(i);
        CHECK(!scan_open(&s, d, kept, false, &err) && err.code == ERROR_MEMORY);
        memory_fail_after(-1);
    }
    CHECK(scan_open(&s, d, kept, true, &err));
    memory_fail_after(0);
    CHECK(scan_one(&s, 1, &job, &err) && s.rows[1].done && strstr(s.rows[1].why, "memory"));
    CHECK(s.rows[1].limited && scan_missing(&s.rows[1]) == s.rows[1].why);
    memory_fail_after(-1);
    CHECK(isnan(s.rows[1].values[SCAN_NORM]) && scan_one(&s, 0, &job, &err));
    CHECK(!s.rows[0].limited && scan_one(&s, BAD, &job, &err) && scan_missing(&s.rows[BAD]));
    CHECK(scan_one(&s, 1, &job, &err) && !s.rows[1].limited && !s.rows[1].why[0]);
    scan_close(&s);
    CHECK(scan_open(&s, d, kept, false, &err) && s.kept == 3 && s.rows[0].done);
    scan_close(&s);
    document_unref(d);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 2;
    snprintf(model, sizeof(model), "%s/m.safetensors", folder);
    snprintf(kept, sizeof(kept), "%s/m.scan", folder);
    write_model(0);
    test_row();
    test_resume();
    test_damage();
    test_other_models();
    test_poison();
    test_demo();
    test_unkept();
    test_order();
    test_wide();
    test_failures();
    unlink(model);
    unlink(kept);
    CHECK(rmdir(folder) == 0 && memory_used() == 0);
    return check_done();
}
