/* The compare view's model and the study behind it, without a terminal and without threads: what
 * is asked for and when, what is run again, rows, slots, grids. */

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "memory.h"
#include "reproduce.h"
#include "session.h"
#include "view.h"

enum { ROWS = 24, COLS = 32, TEXT = 1 << 16 };

static struct backend *backend;
static struct study *study;
static char folder[] = "/tmp/eigenscope-runs-XXXXXX";

/* Outcomes of a comparison; after so many the flag is raised. */
static atomic_bool cancel;
static int outcomes, coarse, cancel_after;
static size_t fewer;           /* outcomes with less rows than the one before */
static size_t last_n, strayed; /* and those after which another row was the chosen one */

static void take(void *context, struct outcome *o)
{
    struct model *m = context;
    if (o->kind == REQUEST_COMPARE && o->ok) {
        outcomes++;
        coarse += !o->final;
        fewer += o->runs.n < last_n;
        last_n = o->runs.n;
        if (outcomes == cancel_after)
            atomic_store(&cancel, true);
    }
    if (m->runs.at == 0 && m->runs.list.n > 2) /* somewhere in the middle one stays */
        m->runs.at = m->runs.list.n / 2;
    const struct run_row *row = runs_chosen(m);
    struct run_row chosen = row ? *row : (struct run_row){ 0 };
    bool stays = row && row->final && m->runs.at;
    model_accept(m, o);
    row = runs_chosen(m);
    strayed += stays && (!row || !run_same(row, &chosen));
}

static void run(struct model *m, struct request *r)
{
    atomic_store(&cancel, false);
    outcomes = coarse = 0;
    last_n = fewer = 0;
    study_run(study, r, &cancel, NULL, take, m);
    request_finish(r);
}

static int settle(struct model *m)
{
    struct request r;
    int n = 0;
    for (; n < 20 && model_want(m, true, &r); n++)
        run(m, &r);
    return n;
}

static bool command(struct model *m, const char *line)
{
    struct error err;
    bool ok = command_run(m, line, &err);
    if (!ok)
        printf("# %s: %s\n", line, err.text);
    return ok;
}

static void press(struct model *m, const char *key)
{
    action_press(m, key, key[1] ? 0 : (uint32_t)(unsigned char)key[0]);
}

/* A picture of a few waves and some noise; small, so that every method is quick. */
static bool write_picture(char *path, size_t size)
{
    snprintf(path, size, "%s/small.pgm", folder);
    FILE *f = fopen(path, "wb");
    unsigned seed = 1;
    if (!f)
        return false;
    fprintf(f, "P5 %d %d 255\n", COLS, ROWS);
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < COLS; x++) {
            seed = 1664525 * seed + 1013904223;
            double wave = sin(x / 7.0) * cos(y / 5.0) + sin((x + 2 * y) / 11.0);
            fputc((int)(128 + 50 * wave + (seed >> 28)), f);
        }
    return fclose(f) == 0;
}

/* Rows that were run in full, with the seconds that each took. */
static size_t final_rows(const struct model *m, struct run_row *out, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < m->runs.list.n; i++)
        if (m->runs.list.of[i].final && m->runs.list.of[i].method && n < most)
            out[n++] = m->runs.list.of[i];
    return n;
}

static const struct run_row *find(const struct model *m, const struct run_row *row)
{
    for (size_t i = 0; i < m->runs.list.n; i++)
        if (run_same(&m->runs.list.of[i], row))
            return &m->runs.list.of[i];
    return NULL;
}

/* Not before one looks, not while keys are pressed, at the size of the sliders. */
static void test_begins(struct model *m, struct request *r)
{
    CHECK(settle(m) > 0 && m->runs.list.n == 0 && !m->runs.begun);
    CHECK(command(m, "method truncated-svd; rank 999") &&
          runs_at_hand(m) == 2); /* not below the file's */
    CHECK(command(m, "method truncated-svd; rank 3") && settle(m) == 1);
    press(m, "5");
    CHECK(m->view == view_find("compare") && !model_want(m, false, r));
    CHECK(model_want(m, true, r) && r->kind == REQUEST_COMPARE && !r->grid && m->busy);
    double bits = (double)m->method->bits(model_params(m), m->dtype, ROWS, COLS, false);
    CHECK_NEAR(r->bits, bits / (ROWS * COLS), 1e-4);
    CHECK(r->bits * ROWS * COLS >= bits && r->bits == m->runs.bits);
}

/* Rows come as they are found. One that is overtaken goes on afterwards, and nothing that was run is
 * run again. */
static void test_overtaken(struct model *m, struct request *r)
{
    static struct run_row before[64];
    struct request newer;
    cancel_after = 60;
    run(m, r);
    cancel_after = 0;
    size_t n = final_rows(m, before, 64);
    printf("# %d outcomes until it was overtaken, %zu rows that are run\n", outcomes, n);
    CHECK(outcomes == coarse && n > 1 && fewer == 0 && m->busy && strayed == 0);

    press(m, "1");
    press(m, "l"); /* a rank that needs no run: what is only measured comes first, too */
    CHECK(!m->stale && !model_want(m, false, &newer));
    CHECK(model_want(m, true, &newer) && newer.kind == REQUEST_QUALITY);
    run(m, &newer);
    CHECK(m->runs.table && !m->busy && model_want(m, true, &newer));
    CHECK(newer.kind == REQUEST_COMPARE);
    request_finish(&newer);
    CHECK(command(m, "method lplr") && model_want(m, false, &newer));
    CHECK(newer.kind == REQUEST_PICTURE && newer.serial > r->serial);
    run(m, &newer);
    CHECK(!m->busy && !m->stale && m->runs.table);
    CHECK(model_want(m, true, &newer) && newer.kind == REQUEST_QUALITY);
    run(m, &newer);
    CHECK(model_want(m, true, r) && r->kind == REQUEST_COMPARE && r->bits == m->runs.bits);
    run(m, r);
    size_t again = 0;
    for (size_t i = 0; i < n; i++) {
        const struct run_row *row = find(m, &before[i]);
        again += !row || row->numbers.seconds != before[i].numbers.seconds;
    }
    CHECK(again == 0);
    CHECK(!m->runs.table && !m->busy && m->runs.list.n > n && !model_want(m, true, r));
}

/* Every row fits, the front is what brute force says, references stand outside it. */
static void test_rows(const struct model *m)
{
    const struct run_list *l = &m->runs.list;
    size_t large = 0, wrong = 0, references = 0, order = 0, rough = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct run_row *x = &l->of[i];
        bool beaten = !x->method;
        for (size_t j = 0; j < l->n; j++) {
            const struct run_row *y = &l->of[j];
            bool less = y->numbers.error < x->numbers.error && run_size(y) <= run_size(x);
            bool smaller = y->numbers.error <= x->numbers.error && run_size(y) < run_size(x);
            beaten |= y->method && (less || smaller);
        }
        wrong += x->front == beaten;
        large += x->method && run_size(x) > m->runs.bits;
        references += !x->method;
        rough += !x->final;
        order += i && l->of[i - 1].numbers.error > x->numbers.error;
    }
    printf("# %zu rows, %zu references: %s\n", l->n, references, m->runs.reason);
    CHECK(large == 0 && wrong == 0 && order == 0 && rough == 0);
    CHECK(references >= 1 && l->n > 8 && strlen(m->runs.reason) > 20);
}

static void test_order(struct model *m)
{
    press(m, "5");
    press(m, "j");
    press(m, "j");
    struct run_row chosen = *runs_chosen(m);
    press(m, "o");
    size_t order = 0;
    for (size_t i = 1; i < m->runs.list.n; i++)
        order += run_size(&m->runs.list.of[i - 1]) > run_size(&m->runs.list.of[i]);
    CHECK(m->runs.by_size && order == 0 && run_same(runs_chosen(m), &chosen));
    press(m, "o");
    press(m, "G");
    CHECK(m->runs.at == m->runs.list.n - 1);
    press(m, "j");
    CHECK(m->runs.at == m->runs.list.n - 1);
    press(m, "g");
    press(m, "k");
    CHECK(m->runs.at == 0);
    size_t n = m->runs.list.n;
    struct run_row gone = *runs_chosen(m);
    press(m, "d");
    CHECK(m->runs.list.n == n - 1 && !find(m, &gone));
    press(m, "1");
    press(m, "D"); /* an error map does not lie over the wipe */
    press(m, "5");
    press(m, "w");
    CHECK(m->wipe && !m->heat.on && m->view == views[0]);
    press(m, "w");
    press(m, "5");
}

/* C-c leaves the rows; Space goes on; another size adds its own. */
static void test_stopped(struct model *m, struct request *r)
{
    double bits = m->runs.bits;
    size_t n = m->runs.list.n;
    press(m, "L");
    CHECK_NEAR(m->runs.bits, 2 * bits, 1e-12);
    CHECK(model_want(m, true, r) && r->bits == m->runs.bits);
    press(m, "C-c");
    CHECK(m->cancel && !m->busy && m->runs.stopped && strstr(m->message, "stopped"));
    m->cancel = false;
    request_finish(r);
    CHECK(!model_want(m, true, r) && m->runs.list.n == n);
    press(m, "C-c"); /* nothing runs: as everywhere */
    CHECK(m->quit_asked && !m->quit);
    press(m, "Space");
    CHECK(model_want(m, true, r) && r->kind == REQUEST_COMPARE);
    press(m, "L"); /* while it is out: the size before is given up */
    CHECK(m->cancel && !m->busy);
    m->cancel = false;
    struct request newer;
    CHECK(model_want(m, true, &newer) && newer.bits == m->runs.bits && newer.serial > r->serial);
    run(m, r); /* its last answer comes all the same, and ends nothing */
    CHECK(m->runs.table && m->busy && m->runs.list.n > n);
    run(m, &newer);
    CHECK(!m->runs.table && !m->busy);
    CHECK_NEAR(m->runs.bits, 4 * bits, 1e-12);
    size_t sizes[2] = { 0 };
    for (size_t i = 0; i < m->runs.list.n; i++) {
        sizes[0] += m->runs.list.of[i].bits < 1.5 * bits;
        sizes[1] += m->runs.list.of[i].bits > 3 * bits;
    }
    CHECK(sizes[0] > 0 && sizes[1] > 8);
}

static void choose(struct model *m, const char *method, size_t skip)
{
    for (size_t i = 0; i < m->runs.list.n; i++) {
        const struct run_row *row = &m->runs.list.of[i];
        if (row->method && !strcmp(row->method->name, method) && skip-- == 0)
            m->runs.at = i;
    }
}

/* Rows into the slots, and the wipe that shows them. */
static void test_slots(struct model *m, struct request *r)
{
    choose(m, "lplr-svd", 0);
    struct run_row a = *runs_chosen(m);
    press(m, "a");
    choose(m, "truncated-svd", 0);
    struct run_row b = *runs_chosen(m);
    press(m, "b");
    CHECK(m->slots[SLOT_A].method == a.method && m->slots[SLOT_B].method == b.method);
    CHECK(param_equal(&a.method->params, &m->slots[SLOT_A].params, &a.params));
    press(m, "w");
    CHECK(m->view == view_find("image") && m->wipe && !m->difference);
    int slots = 0;
    while (model_want(m, false, r)) {
        slots += r->kind == REQUEST_SLOT;
        run(m, r);
    }
    CHECK(slots == 2 && m->slots[SLOT_A].shown && m->slots[SLOT_B].shown);
    CHECK_NEAR(m->slots[SLOT_A].numbers.error, a.numbers.error, 1e-5);
    press(m, "w");
    press(m, "5");
    for (size_t i = 0; i < m->runs.list.n; i++)
        if (!m->runs.list.of[i].method)
            m->runs.at = i;
    press(m, "a"); /* of a reference there is no setting */
    CHECK(m->message_is_error && m->slots[SLOT_A].method == a.method);
}

/* Enter, and back with undo; a held size gives way where it has to. */
static void test_taken(struct model *m)
{
    const struct method *method = m->method;
    const struct params_any params = *model_params(m);
    choose(m, "direct-svd", 0);
    struct run_row row = *runs_chosen(m);
    press(m, "Enter");
    CHECK(m->view == view_find("image") && m->method == row.method && m->stale);
    CHECK(param_equal(&row.method->params, model_params(m), &row.params));
    press(m, "u");
    CHECK(m->method == method && param_equal(&method->params, model_params(m), &params));

    CHECK(command(m, "budget 1.9"));
    press(m, "5");
    choose(m, "direct-svd", 0);
    row = *runs_chosen(m);
    press(m, "Enter");
    CHECK(param_equal(&row.method->params, model_params(m), &row.params));
    CHECK(m->budget == 0 && strstr(m->message, "no longer held"));
    CHECK(settle(m) > 0 && !m->stale);
    CHECK_NEAR(m->numbers.error, row.numbers.error, 1e-5);
}

static void test_grid(struct model *m, struct request *r)
{
    CHECK(command(m, "method lplr; set rank=6 left-bits=4; view compare") && settle(m) > 0);
    press(m, "S");
    CHECK(model_want(m, true, r) && r->grid && r->method == m->method);
    struct request newer;
    CHECK(command(m, "rank 7") && model_want(m, false, &newer)); /* a slider comes first */
    CHECK(newer.kind == REQUEST_PICTURE);
    request_finish(r);
    run(m, &newer);
    while (model_want(m, true, r))
        run(m, r);
    const struct param *rank = param_find(&m->method->params, "rank");
    size_t n = 0, ranks = 0, other = 0;
    for (size_t i = 0; i < m->runs.list.n; i++) {
        const struct run_row *row = &m->runs.list.of[i];
        n += row->origin == RUN_GRID;
        ranks += row->origin == RUN_GRID && param_get(rank, &row->params) == 24;
        other += row->origin == RUN_GRID && row->method != m->method;
    }
    printf("# a grid of %zu rows\n", n);
    CHECK(n == 25 && ranks == 5 && other == 0 && !m->runs.grid && !m->runs.table);
}

/* The command, and the session, say the size. */
static void test_words(struct model *m)
{
    static char text[TEXT];
    char bits[64];
    struct error err;
    CHECK(command(m, "compare 0.75") && m->view == view_find("compare"));
    CHECK(reproduce_command(m, text, sizeof(text), &err));
    printf("# %s\n", text);
    CHECK(!strncmp(text, "eigenscope compare ", 19) && strstr(text, " --bits-per-entry 0.75"));
    CHECK(command(m, "compare *2"));
    CHECK_NEAR(m->runs.bits, 1.5, 1e-12);
    FILE *out = fmemopen(text, sizeof(text), "w");
    session_print(m, false, out);
    fclose(out);
    snprintf(bits, sizeof(bits), " runs.bits=%g", m->runs.bits);
    CHECK(strstr(text, "\nview compare\n") && strstr(text, bits));
    static const char *const bad[] = { "compare 0", "compare -2", "compare 65", "compare x" };
    size_t accepted = 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        accepted += command_run(m, bad[i], &err);
    CHECK(accepted == 0 && m->runs.bits == 1.5);

    struct request r; /* what a session says counts as if it had been typed */
    CHECK(command(m, "show runs.bits=0.5") && model_want(m, true, &r));
    CHECK(r.kind == REQUEST_COMPARE && r.bits == 0.5);
    request_finish(&r);
    press(m, "C-c");
    m->cancel = false;
    CHECK(command(m, "compare 0.5"));
}

/* Without memory a list keeps what it had. */
static void test_no_memory(struct model *m, struct request *r)
{
    CHECK(model_want(m, true, r));
    size_t before = memory_used(), n = m->runs.list.n;
    memory_fail_after(0);
    run(m, r);
    memory_fail_after(-1);
    CHECK(m->message_is_error && m->runs.stopped && !m->busy && m->runs.list.n >= n);
    CHECK(memory_used() <= before && !model_want(m, true, r));
}

static void test_another_document(struct model *m)
{
    CHECK(command(m, "open demo:phantom256"));
    CHECK(m->runs.list.n == 0 && !m->runs.begun && m->runs.bits == 0 && !runs_chosen(m));
    press(m, "a");
    CHECK(m->message_is_error);
    press(m, "d");
    press(m, "Enter");
    CHECK(m->view == view_find("compare"));
}

int main(void)
{
    struct error err;
    struct model m;
    struct request r = { 0 };
    char path[128], line[192];
    backend = backend_open("cpu", NULL, &err);
    study = study_create(backend, &err);
    CHECK(backend && study && model_init(&m, &err));
    CHECK(mkdtemp(folder) && write_picture(path, sizeof(path)));
    snprintf(line, sizeof(line), "open %s", path);
    CHECK(command(&m, line));
    test_begins(&m, &r);
    test_overtaken(&m, &r);
    test_rows(&m);
    test_order(&m);
    test_stopped(&m, &r);
    test_slots(&m, &r);
    test_taken(&m);
    test_grid(&m, &r);
    test_words(&m);
    test_no_memory(&m, &r);
    test_another_document(&m);
    CHECK(strayed == 0);
    model_finish(&m);
    study_destroy(study);
    backend_close(backend);
    unlink(path);
    rmdir(folder);
    CHECK(memory_used() == 0);
    return check_done();
}
