/* The scan of a model behind the weights view: rows in the background, overtaken, stopped, kept in a file,
 * sorted by. */

#include "weights.h"

/* In the background: whatever is newer overtakes it, it goes on, and no row is made twice. */
static void test_scan(struct model *m, const char *path)
{
    struct request r, newer;
    size_t done, all;
    CHECK(open_file(m, path) && browse_find(m, "layers.0.noise.weight") && settle(m) > 0);
    CHECK(m->scanning.done == 1); /* what was looked at is a row */
    press(m, "s");
    CHECK(!model_want(m, false, &r) && settle_until_scan(m, &r) && r.n_tensors == 2 * LAYERS);
    run_scan(m, &r, 4); /* the rows that were there, and three more */
    CHECK(outcomes == 4 && m->busy && m->scanning.wanted);
    scanning_count(m, &done, &all);
    CHECK(done >= 3 && done < all && all == 2 * LAYERS);
    CHECK(browse_find(m, "layers.2.low.weight") && !model_want(m, false, &newer));
    CHECK(model_want(m, true, &newer) && newer.kind == REQUEST_ANATOMY);
    run(m, &newer);
    CHECK(!m->busy && model_want(m, true, &r) && r.kind == REQUEST_SCAN);
    run_scan(m, &r, 0);
    printf("# %d outcomes to end it\n", outcomes);
    CHECK(outcomes == 2 + 2 * LAYERS - 3); /* those that were there, each of the others, the end */
    CHECK(!m->scanning.wanted && m->scanning.done == 2 * LAYERS && strstr(m->message, "scanned"));
    CHECK(!model_want(m, true, &r));
    press(m, "s");
    CHECK(strstr(m->message, "known") && !model_want(m, true, &r));

    size_t wrong = 0; /* the same numbers as one by one */
    for (size_t i = 0; i < m->document->n; i++) {
        const struct anatomy *a = inspect_of(m, i);
        const struct scan_row *row = scanning_row(m, i);
        wrong += a && row && row->values[SCAN_RANK_90] != (double)a->rank90;
        wrong += !row || row->values[SCAN_ROWS] != SIDE;
    }
    CHECK(wrong == 0);
}

/* Sorted by what was found out; what is not known, and what is no matrix, comes last. */
static void test_sorted(struct model *m)
{
    const struct browse *b = &m->browse;
    struct error err;
    size_t wrong = 0;
    CHECK(browse_sort(m, "rank90", &err) && b->n_rows == b->n);
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 1; i < b->n_rows; i++) {
            double x = browse_value(m, &b->leaves[b->rows[i - 1].index], SCAN_RANK_90);
            double y = browse_value(m, &b->leaves[b->rows[i].index], SCAN_RANK_90);
            wrong += turn ? x < y : x > y;
            wrong += isnan(x) ? 1 : 0;
        }
        press(m, "O");
    }
    CHECK(wrong == 0);
    int keys = 0;
    for (; b->key && keys < 20; keys++)
        press(m, "o");
    CHECK(keys > 4 && !b->key && b->n_rows != b->n);
}

/* Another study, and the same file opened anew: the rows are there at once, damaged ones are not. */
static void test_kept_rows(struct model *m, const char *path)
{
    struct error err;
    struct request r;
    char file[512];
    study_destroy(study);
    study = study_create(backend, &err);
    CHECK(open_file(m, "demo:phantom") && open_file(m, path) && m->scanning.done == 0);
    press(m, "g");
    CHECK(model_want(m, true, &r) && r.kind == REQUEST_SCAN && r.n_tensors == 0);
    run(m, &r);
    CHECK(m->scanning.done == 2 * LAYERS && !m->scanning.wanted && !model_want(m, true, &r));

    CHECK(state_scan(m->document, false, file, sizeof(file), &err));
    FILE *f = fopen(file, "r+");
    CHECK(f && fseek(f, -200, SEEK_END) == 0);
    fputs("nonsense", f);
    fclose(f);
    study_destroy(study);
    study = study_create(backend, &err);
    CHECK(open_file(m, "demo:phantom") && open_file(m, path));
    press(m, "g");
    settle(m);
    CHECK(m->scanning.done == 2 * LAYERS - 1 && !m->message_is_error);
}

/* The marked ones alone; C-c stops it, s goes on. */
static void test_marked(struct model *m, const char *path)
{
    struct request r;
    char other[160];
    size_t done, all;
    snprintf(other, sizeof(other), "%s.copy", path);
    CHECK(open_file(m, "demo:phantom"));
    FILE *from = fopen(path, "rb"), *to = fopen(other, "wb");
    for (int c; from && to && (c = fgetc(from)) != EOF;)
        fputc(c, to);
    CHECK(from && to && fclose(from) == 0 && fclose(to) == 0 && open_file(m, other));
    CHECK(browse_find(m, "layers.2.noise.weight") && settle(m) > 0 && m->scanning.done == 1);
    press(m, "k k k k k k Space s");
    CHECK(m->browse.marked == 2 && settle_until_scan(m, &r) && r.n_tensors == 2);
    press(m, "C-c");
    CHECK(m->cancel && !m->busy && strstr(m->message, "s goes on"));
    m->cancel = false;
    request_finish(&r);
    CHECK(!model_want(m, true, &r));
    press(m, "s");
    CHECK(model_want(m, true, &r) && r.kind == REQUEST_SCAN && r.n_tensors == 2);
    for (int i = 0; i < 30; i++) { /* no memory: it stops, and what is there stays */
        size_t before = m->scanning.done;
        memory_fail_after(i);
        run_scan(m, &r, 0);
        memory_fail_after(-1);
        if (!m->scanning.stopped)
            break;
        CHECK(m->message_is_error && m->scanning.done >= before);
        press(m, "s");
        if (!settle_until_scan(m, &r))
            break;
    }
    settle(m);
    scanning_count(m, &done, &all);
    CHECK(all == 2 && done == 2 && !m->scanning.wanted);
    unlink(other);
}

/* What nobody took is not lost when newer rows come. */
static void test_followed(void)
{
    struct error err;
    struct scan_row row = { .done = true };
    struct outcome older = { .ok = true, .kind = REQUEST_SCAN }, newer = older;
    size_t wrong = 0;
    for (size_t i = 0; i < 40; i++)
        CHECK(scan_list_add(i < 33 ? &older.scan : &newer.scan, i, &row, &err));
    outcome_follow(&newer, &older);
    for (size_t i = 0; i < newer.scan.n; i++)
        wrong += newer.scan.of[i].at != i;
    CHECK(newer.scan.n == 40 && wrong == 0 && older.scan.n == 0);
    outcome_finish(&newer);
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
    test_scan(&m, path);
    test_sorted(&m);
    test_kept_rows(&m, path);
    test_marked(&m, path);
    test_followed();
    model_finish(&m);
    study_destroy(study);
    backend_close(backend);
    char line[128];
    snprintf(line, sizeof(line), "rm -r %s", folder);
    CHECK(system(line) == 0);
    CHECK(memory_used() == 0);
    return check_done();
}
