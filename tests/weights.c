/* The weights view's requests for one tensor and the study behind them, without a terminal and without
 * threads: what is asked for and when, what is kept, what a screen shows of it. */

#include "weights.h"

/* ---- one tensor ---- */

/* Not while keys are pressed; once; of the tensor one is on; what was seen is kept. */
static void test_asks(struct model *m)
{
    struct request r, newer;
    CHECK(browse_find(m, "layers.1.low.weight"));
    CHECK(!model_want(m, false, &r) && wants(m, &r));
    CHECK(r.kind == REQUEST_ANATOMY && m->busy);
    CHECK(!strcmp(m->document->entries[r.tensor].name, "layers.1.low.weight"));
    CHECK(!wants(m, &newer)); /* it is out */
    press(m, "j");
    CHECK(wants(m, &newer) && newer.tensor != r.tensor); /* the newest wish */
    run(m, &r);                                          /* it came all the same */
    CHECK(m->busy && !inspect_now(m));
    run(m, &newer);
    CHECK(!m->busy && inspect_now(m) && !wants(m, &r));
    press(m, "k");
    CHECK(inspect_now(m) && !wants(m, &r)); /* it is known */
    const struct anatomy *a = inspect_now(m);
    printf("# r90 %zu, stable rank %.3g: %s\n", a->rank90, a->stable_rank, a->verdict.text);
    CHECK(a->rows == SIDE && a->cols == WIDTH && a->rank90 == 3 && a->statistics.outliers >= 1);
    CHECK(a->statistics.n == SIDE * WIDTH && a->map.rows == SIDE && !a->exact);
    press(m, "x");
    CHECK(wants(m, &r) && r.exact);
    run(m, &r);
    CHECK(inspect_now(m)->exact && inspect_now(m)->rank90 == 3);
    press(m, "x");
    CHECK(!wants(m, &r)); /* better than asked for */
    CHECK(browse_find(m, "norm") && !wants(m, &r) && !inspect_now(m));
    press(m, "g");
    CHECK(browse_folder(m) && !wants(m, &r));
}

/* C-c: not asked for again until one comes back, or x. */
static void test_stopped(struct model *m)
{
    struct request r;
    CHECK(browse_find(m, "layers.2.noise.weight") && wants(m, &r));
    press(m, "C-c");
    CHECK(m->cancel && !m->busy && strstr(m->message, "stopped"));
    m->cancel = false;
    request_finish(&r);
    CHECK(!wants(m, &r) && strstr(inspect_words(m), "stopped"));
    press(m, "k j");
    struct request other;
    CHECK(browse_find(m, "layers.0.noise.weight") && settle(m) <= 1);
    CHECK(browse_find(m, "layers.2.noise.weight") && wants(m, &other));
    press(m, "C-c x");
    m->cancel = false;
    request_finish(&other);
    CHECK(!m->inspect.exact && wants(m, &r) && r.kind == REQUEST_ANATOMY);
    run(m, &r);
    CHECK(inspect_now(m) != NULL);
}

/* In the image view nothing is looked at; what was chosen there stays as it is. */
static void test_beside_a_picture(struct model *m)
{
    struct request r;
    CHECK(browse_find(m, "layers.0.low.weight"));
    press(m, "Enter");
    CHECK(m->view == views[0] && settle(m) > 0 && m->subject && !m->stale);
    const struct subject *subject = m->subject;
    press(m, "2 j");
    while (wants(m, &r)) {
        CHECK(r.kind == REQUEST_ANATOMY);
        run(m, &r);
    }
    CHECK(m->subject == subject && !m->stale);
    press(m, "1 l");
    CHECK(!m->stale && settle(m) > 0);
}

static void test_kept(struct model *m)
{
    press(m, "2");
    size_t before = memory_used();
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 2 * LAYERS; i++) {
            char name[64];
            snprintf(name, sizeof(name), "layers.%d.%s.weight", i / 2, i % 2 ? "low" : "noise");
            browse_find(m, name);
            settle(m);
        }
    int kept = 0, twice = 0;
    for (int i = 0; i < INSPECT_KEPT; i++) {
        kept += m->inspect.kept[i].anatomy != NULL;
        for (int j = 0; j < i; j++)
            twice += m->inspect.kept[i].anatomy && m->inspect.kept[j].anatomy &&
                     m->inspect.kept[i].entry == m->inspect.kept[j].entry;
    }
    printf("# %zu bytes for %d\n", memory_used() - before, kept);
    CHECK(kept == 2 * LAYERS && twice == 0);
}

static void test_no_memory(struct model *m, const char *path)
{
    struct request r;
    CHECK(open_file(m, path) && browse_find(m, "layers.0.low.weight"));
    int failed = 0;
    for (int i = 0; i < 40; i++) {
        if (!wants(m, &r))
            break;
        size_t before = memory_used();
        memory_fail_after(i);
        run(m, &r);
        memory_fail_after(-1);
        failed += !inspect_now(m) && m->message_is_error && memory_used() <= before;
        press(m, "x");
        m->inspect.exact = false;
    }
    printf("# failed %d times\n", failed);
    CHECK(failed > 3 && inspect_now(m));
}

/* A file that was cut short since it was opened: one line, and only once. */
static void test_broken(struct model *m)
{
    char path[128];
    struct request r;
    CHECK(write_model(path, sizeof(path), true) && open_file(m, path));
    CHECK(truncate(path, 3000) == 0 && browse_find(m, "layers.2.low.weight"));
    CHECK(wants(m, &r));
    run(m, &r);
    CHECK(m->message_is_error && !inspect_now(m) && !wants(m, &r));
    printf("# %s\n", inspect_words(m));
    CHECK(strlen(inspect_words(m)) > 20);
    unlink(path);
}

/* ---- screens ---- */

static char got[TEXT], want[TEXT];

static void screen(struct model *m, int width, int height, bool unicode)
{
    struct grid g = { 0 };
    FILE *out = fmemopen(got, sizeof(got), "w");
    CHECK(out && grid_init(&g, width, height));
    model_resize(m, width, height);
    m->unicode = unicode;
    view_draw(m, grid_canvas(&g, unicode));
    frame_print(&g, TERM_MONO, SCHEME_DARK, unicode, out);
    grid_finish(&g);
    fclose(out);
}

static void golden(struct model *m, const char *name, int width, int height, bool unicode)
{
    char path[256];
    size_t n = 0;
    screen(m, width, height, unicode);
    snprintf(path, sizeof(path), SCREENS "/%s.txt", name);
    if (getenv("UPDATE_SCREENS")) {
        FILE *out = fopen(path, "w");
        if (out) {
            fputs(got, out);
            fclose(out);
        }
    }
    FILE *f = fopen(path, "r");
    if (f) {
        n = fread(want, 1, sizeof(want) - 1, f);
        fclose(f);
    }
    want[n] = 0;
    bool same = n > 0 && !strcmp(got, want);
    if (!same)
        printf("# %s differs; it is now:\n%s", path, got);
    CHECK(same);
}

/* The file's name must not be that of a folder made up anew each time. */
static void test_screens(struct model *m)
{
    CHECK(chdir(folder) == 0 && open_file(m, "model.safetensors"));
    CHECK(browse_find(m, "layers.1.low.weight"));
    m->message[0] = 0;
    golden(m, "weights-none-80x24", 80, 24, true);
    settle(m);
    golden(m, "weights-80x24", 80, 24, true);
    golden(m, "weights-80x24-ascii", 80, 24, false);
    golden(m, "weights-120x40", 120, 40, true);
    golden(m, "weights-200x60", 200, 60, true);
    golden(m, "weights-40x12", 40, 12, true);
    golden(m, "weights-20x5", 20, 5, false);
    press(m, "Tab Tab");
    golden(m, "weights-histogram-80x24", 80, 24, true);
    press(m, "Tab f");
    golden(m, "weights-map-80x24-ascii", 80, 24, false);
    press(m, "f Tab Tab f");
    golden(m, "weights-facts-80x24", 80, 24, true);
    press(m, "f Tab i");
    golden(m, "weights-about-80x24", 80, 24, true);
    press(m, "i / l o w");
    golden(m, "weights-filter-80x24", 80, 24, true);
    press(m, "Esc g Space");
    golden(m, "weights-folder-80x24", 80, 24, true);
    press(m, "Space s");
    struct request r;
    CHECK(settle_until_scan(m, &r));
    run_scan(m, &r, 4);
    m->message[0] = 0;
    golden(m, "weights-scan-80x24", 80, 24, true);
    press(m, "C-c o o");
    m->message[0] = 0;
    golden(m, "weights-sorted-120x40", 120, 40, true);
    m->cancel = false;
    press(m, "o o o o o o o");
}

/* Whatever the size and the pane: nothing beside the screen, ASCII where that is all there is, and the row
 * one is on can be seen where the tree can. */
static void test_every_size(struct model *m)
{
    size_t lost = 0, wide = 0, drawn = 0;
    CHECK(browse_find(m, "layers.1.low.weight"));
    settle(m);
    for (int w = 1; w <= 160; w += 3)
        for (int h = 1; h <= 50; h += 2, drawn++) {
            m->browse.page = (size_t)(w + h) % 2;
            m->browse.focus = (enum browse_pane)((w * 7 + h) % BROWSE_PANES);
            m->browse.beside = m->browse.focus ? m->browse.focus : BROWSE_HEAT;
            m->full = w % 5 == 0;
            screen(m, w, h, drawn % 2);
            for (const char *s = got; drawn % 2 == 0 && *s; s++)
                wide += (unsigned char)*s > 0x7e;
            lost += m->browse.focus == BROWSE_TREE && w > 16 && h > 4 && !strstr(got, ">   low") &&
                    !strstr(got, ">   ..");
        }
    printf("# %zu screens\n", drawn);
    CHECK(lost == 0 && wide == 0);
}

int main(void)
{
    struct error err;
    struct model m;
    char path[128];
    backend = backend_open("cpu", NULL, &err);
    study = study_create(backend, &err);
    CHECK(backend && study && model_init(&m, &err));
    CHECK(mkdtemp(folder) && setenv("XDG_STATE_HOME", folder, 1) == 0); /* scans of these files */
    CHECK(write_model(path, sizeof(path), false) && open_file(&m, path));
    CHECK(m.view == view_find("weights"));
    test_asks(&m);
    test_stopped(&m);
    test_beside_a_picture(&m);
    test_kept(&m);
    test_no_memory(&m, path);
    test_broken(&m);
    test_screens(&m);
    test_every_size(&m);
    model_finish(&m);
    study_destroy(study);
    backend_close(backend);
    char line[128];
    snprintf(line, sizeof(line), "rm -r %s", folder);
    CHECK(system(line) == 0);
    CHECK(memory_used() == 0);
    return check_done();
}
