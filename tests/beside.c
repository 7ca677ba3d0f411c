/* A second model beside the one that is open: who belongs to whom, how far apart they are, in which order
 * it is asked, and what it looks like. */

#include "golden.h"

#include <math.h>
#include <unistd.h>

#include "actions.h"
#include "memory.h"

enum { ROWS = 16, COLS = 24, TENSORS = 5 };

static struct backend *backend;
static struct study *study;
static char folder[] = "/tmp/eigenscope-beside-XXXXXX";

/* The other model has other names for some, a second shape for one, and lacks one. */
static const struct tensor {
    const char *name, *other;
    size_t other_rows;
} tensors[TENSORS] = {
    { "blk.0.attn_q.weight", "model.layers.0.self_attn.q_proj.weight", ROWS },
    { "blk.0.attn_k.weight", "blk.0.attn_k.weight", ROWS },
    { "blk.0.ffn_up.weight", "blk.0.ffn_up.weight", ROWS + 1 },
    { "blk.0.ffn_down.weight", NULL, 0 },
    { "odd", "odd", ROWS },
};

static double here(size_t t, size_t i, size_t j)
{
    return cos(1.7 * (double)(i * i + t) + 0.9 * (double)(j * j)) + 0.1 * (double)t;
}

/* Of Q a multiple of one row is added, K is as it was, and `odd` has its rows the other way round. */
static double there(size_t t, size_t i, size_t j)
{
    if (t == 0)
        return here(t, i, j) + 0.01 * sin((double)j) * (double)(i + 1);
    return here(t, t == 4 ? ROWS - 1 - i : i, j);
}

static bool write_model(const char *name, bool other, char path[128])
{
    char head[2048] = "{";
    size_t at = 0;
    snprintf(path, 128, "%s/%s.safetensors", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    for (size_t t = 0; t < TENSORS; t++) {
        const char *called = other ? tensors[t].other : tensors[t].name;
        size_t rows = other ? tensors[t].other_rows : ROWS, bytes = rows * COLS * 4;
        size_t n = strlen(head);
        if (!called)
            continue;
        snprintf(head + n, sizeof(head) - n,
                 "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu,%d],\"data_offsets\":[%zu,%zu]}",
                 n > 1 ? "," : "", called, rows, COLS, at, at + bytes);
        at += bytes;
    }
    strcat(head, "}");
    while (strlen(head) % 8)
        strcat(head, " ");
    uint64_t size = strlen(head);
    fwrite(&size, sizeof(size), 1, f);
    fwrite(head, 1, size, f);
    for (size_t t = 0; t < TENSORS; t++)
        for (size_t i = 0;
             (!other || tensors[t].other) && i < (other ? tensors[t].other_rows : ROWS); i++)
            for (size_t j = 0; j < COLS; j++) {
                float v = (float)(other ? there(t, i, j) : here(t, i, j));
                fwrite(&v, sizeof(v), 1, f);
            }
    return fclose(f) == 0;
}

static void take(void *context, struct outcome *o)
{
    model_accept(context, o);
}

static size_t asked, first_entry;
static bool first_spectra;

static void settle(struct model *m)
{
    struct request r;
    atomic_bool cancel = false;
    for (asked = 0; asked < 64 && model_want(m, true, &r);) {
        if (r.kind == REQUEST_BESIDE && asked++ == 0) {
            first_entry = r.beside.entry;
            first_spectra = r.beside.spectra;
        }
        study_run(study, &r, &cancel, NULL, take, m);
        request_finish(&r);
    }
}

static bool command(struct model *m, const char *format, const char *path)
{
    char line[256];
    struct error err;
    snprintf(line, sizeof(line), "%s %s", format, path);
    bool ok = command_run(m, line, &err);
    m->message[0] = 0;
    return ok;
}

static void press(struct model *m, const char *key)
{
    m->message[0] = 0;
    action_press(m, key, key[1] ? 0 : (uint32_t)(unsigned char)key[0]);
}

static size_t entry_of(const struct model *m, const char *name)
{
    return (size_t)(document_entry(m->document, name) - m->document->entries);
}

static const struct beside_row *row_of(const struct model *m, const char *name)
{
    return &m->beside.rows[entry_of(m, name)];
}

static void test_pairs(struct model *m)
{
    CHECK(m->beside.alike == 3 && m->browse.page == BROWSE_PAGE_WITH);
    CHECK(row_of(m, "blk.0.attn_q.weight")->state == BESIDE_NEW); /* by what it is for */
    CHECK(row_of(m, "odd")->state == BESIDE_NEW);                 /* by its name alone */
    CHECK(row_of(m, "blk.0.ffn_up.weight")->state == BESIDE_SHAPE);
    CHECK(row_of(m, "blk.0.ffn_down.weight")->state == BESIDE_NONE);
}

static void test_numbers(struct model *m)
{
    double square = 0, norm = 0, most = 0;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLS; j++) {
            double d = here(0, i, j) - there(0, i, j);
            square += d * d;
            norm += here(0, i, j) * here(0, i, j);
            most = fmax(most, fabs(d));
        }
    browse_find(m, "blk.0.attn_q.weight");
    settle(m);
    const struct beside_row *q = row_of(m, "blk.0.attn_q.weight");
    CHECK(asked == 3 && first_entry == entry_of(m, "blk.0.attn_q.weight") && first_spectra);
    CHECK(q->state == BESIDE_DONE && m->beside.done == 3);
    CHECK_NEAR(q->relative, sqrt(square / norm), 1e-6);
    CHECK_NEAR(q->most, most, 1e-6);
    CHECK(row_of(m, "blk.0.attn_k.weight")->relative == 0);
    CHECK_NEAR(row_of(m, "blk.0.attn_k.weight")->cosine, 1, 1e-12);
    CHECK(m->beside.order[0] == entry_of(m, "odd") &&
          m->beside.order[2] == entry_of(m, "blk.0.attn_k.weight"));

    const struct beside_found *f = m->beside.kept; /* what was added has rank one */
    CHECK(f && f->n == ROWS && f->sigma[2 * ROWS] > 0.1 && f->sigma[2 * ROWS + 1] < 1e-5);
    CHECK_NEAR(f->sigma[2 * ROWS], sqrt(square), 1e-6);
    settle(m);
    CHECK(asked == 0); /* nothing is asked for twice */
    browse_find(m, "odd");
    settle(m);
    CHECK(asked == 1 && m->beside.kept->entry == entry_of(m, "odd"));
    CHECK_NEAR(m->beside.kept->sigma[0], m->beside.kept->sigma[ROWS], 1e-6);
}

/* By distance, while the page has the focus. */
static void test_moves(struct model *m)
{
    press(m, "Tab");
    press(m, "j");
    CHECK(browse_entry(m) == document_entry(m->document, "blk.0.attn_q.weight"));
    press(m, "G"); /* the tree's own end */
    browse_find(m, "odd");
    press(m, "k");
    CHECK(browse_entry(m) == document_entry(m->document, "odd"));
}

static void test_golden(struct model *m)
{
    snprintf(m->document->name, strlen(m->document->name) + 1, "a.safetensors");
    m->frame_ms = 7;
    browse_find(m, "blk.0.attn_q.weight");
    settle(m);
    golden_check(m, "beside-80x24", 80, 24, true);
    golden_check(m, "beside-120x40", 120, 40, true);
    golden_check(m, "beside-80x24-ascii", 80, 24, false);
    golden_check(m, "beside-40x12", 40, 12, true);
    browse_find(m, "odd");
    settle(m);
    CHECK(strstr(golden_screen(m, 120, 40, true), "rows in another order?") != NULL);
    browse_find(m, "blk.0.ffn_up.weight");
    settle(m);
    CHECK(strstr(golden_screen(m, 120, 40, true), "has another shape") != NULL);
}

/* An answer about a model that is gone is dropped; what is no model leaves all as it is. */
static void test_gone(struct model *m, const char *path)
{
    struct request r;
    atomic_bool cancel = false;
    CHECK(command(m, "with", path));
    browse_find(m, "odd");
    CHECK(model_want(m, true, &r));
    while (r.kind != REQUEST_BESIDE) {
        study_run(study, &r, &cancel, NULL, take, m);
        request_finish(&r);
        CHECK(model_want(m, true, &r));
    }
    CHECK(command(m, "with", path));
    study_run(study, &r, &cancel, NULL, take, m);
    request_finish(&r);
    CHECK(m->beside.done == 0);
    CHECK(!command(m, "with", "/no/such/model.gguf") && m->beside.document);
    CHECK(command(m, "with", "off") && !m->beside.document && m->browse.page == 0);
    press(m, "C");
    CHECK(m->overlay == OVERLAY_LINE && !strcmp(m->line, "with "));
    press(m, "Esc");
}

/* A real model in two formats: Q and K have their rows in another order, all else is the same. */
static void test_real(void)
{
    static struct model m;
    struct error err = { 0 };
    const char *data = getenv("EIGENSCOPE_DATA");
    char name[400];
    snprintf(name, sizeof(name), "%s/stories260K.gguf", data ? data : "");
    struct document *d = data ? document_open(name, &err) : NULL;
    snprintf(name, sizeof(name), "%s/stories260K.safetensors", data ? data : "");
    if (!d || access(name, R_OK) || !model_init(&m, &err)) {
        printf("ok %d - a real model in two formats # SKIP stories260K is not there\n", ++checks);
        return;
    }
    model_open(&m, d, "");
    document_unref(d);
    CHECK(beside_open(&m, name, &err) && m.beside.alike == 36);
    m.browse.page = BROWSE_PAGE_WITH;
    settle(&m);
    size_t same = 0, other = 0;
    for (size_t i = 0; i < m.beside.n; i++) {
        enum module module = family_role(m.document->entries[i].name).module;
        bool moved = module == MODULE_Q || module == MODULE_K;
        same += !moved && m.beside.rows[i].relative == 0;
        other += moved && m.beside.rows[i].relative > 0.5;
    }
    CHECK(same == 26 && other == 10);
    model_finish(&m);
}

int main(void)
{
    static struct model m;
    struct error err = { 0 };
    size_t before = memory_used();
    char mine[128], other[128];
    CHECK(mkdtemp(folder) && write_model("a", false, mine) && write_model("b", true, other));
    backend = backend_open("cpu", NULL, &err);
    study = backend ? study_create(backend, &err) : NULL;
    CHECK(study && model_init(&m, &err));
    struct document *d = study ? document_open(mine, &err) : NULL;
    CHECK(d != NULL);
    if (d) {
        model_open(&m, d, "");
        document_unref(d);
        CHECK(command(&m, "with", other));
        test_pairs(&m);
        test_numbers(&m);
        test_moves(&m);
        test_golden(&m);
        test_gone(&m, other);
        model_finish(&m);
        test_real();
    }
    study_destroy(study);
    backend_close(backend);
    CHECK(memory_used() == before);
    unlink(mine);
    unlink(other);
    rmdir(folder);
    return check_done();
}
