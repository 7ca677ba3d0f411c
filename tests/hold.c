/* Sliders at equal size: after whatever move the rank is the largest that the budget has room for. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "check.h"
#include "hold.h"
#include "reproduce.h"
#include "session.h"

static bool command(struct model *m, const char *line)
{
    struct error err;
    bool ok = command_run(m, line, &err);
    if (!ok)
        printf("# %s: %s\n", line, err.text);
    return ok;
}

static bool refused(struct model *m, const char *line)
{
    struct error err = { 0 };
    return !command_run(m, line, &err) && err.code == ERROR_USAGE && err.text[0];
}

static void press(struct model *m, const char *keys)
{
    char key[16];
    while (*keys) {
        size_t n = strcspn(keys, " ");
        snprintf(key, sizeof(key), "%.*s", (int)n, keys);
        action_press(m, key, key[1] ? 0 : (uint32_t)(unsigned char)key[0]);
        keys += n + strspn(keys + n, " ");
    }
}

static double get(const struct model *m, const char *key)
{
    return param_get(param_find(&m->method->params, key), model_params_const(m));
}

/* Bits per entry of the setting with this rank. */
static double size_at(const struct model *m, double rank)
{
    struct params_any params = *model_params_const(m);
    double rows, cols;
    model_shape(m, &rows, &cols);
    param_put(param_find(&m->method->params, "rank"), &params, rank);
    return (double)m->method->bits(params.bytes, m->dtype, (size_t)rows, (size_t)cols, false) /
           rows / cols;
}

/* Not above the budget, and one component more would be. */
static bool exact(const struct model *m)
{
    const struct param *rank = param_find(&m->method->params, "rank");
    double k = (double)model_rank(m), slack = 1e-12 * m->budget;
    bool below = size_at(m, k) <= m->budget + slack;
    bool full = k >= model_limit(m, rank) || size_at(m, k + 1) > m->budget - slack;
    if (!below || !full)
        printf("# %s: rank %g, %.6f bits per entry, %.6f with one more, budget %.6f\n",
               m->method->name, k, size_at(m, k), size_at(m, k + 1), m->budget);
    return below && full;
}

static void random_move(struct model *m)
{
    static const char *const keys[] = { "l", "h", "L", "H", "j", "k", "+", "-", "j l", "k h" };
    char line[64];
    switch (rand() % 8) {
    case 0: snprintf(line, sizeof(line), "rank %d", 1 + rand() % 300); break;
    case 1: snprintf(line, sizeof(line), "budget %.3f", 0.3 * pow(2, rand() % 300 / 100.0)); break;
    case 2: snprintf(line, sizeof(line), "set left-bits=%d", 1 + rand() % 12); break;
    case 3: snprintf(line, sizeof(line), "set scales=%s", rand() % 2 ? "vector" : "tensor"); break;
    case 4: snprintf(line, sizeof(line), "method %s", rand() % 2 ? "lplr" : "direct-svd"); break;
    default: press(m, keys[rand() % 10]); return;
    }
    struct error err;
    command_run(m, line, &err); /* refused ones change nothing */
}

static void test_random_moves(struct model *m)
{
    enum { MOVES = 1000 };
    int bad = 0, capped = 0, changed = 0;
    srand(7);
    CHECK(command(m, "method lplr; rank 40; budget 1") && hold_on(m));
    for (int i = 0; i < MOVES; i++) {
        struct params_any before = *model_params(m);
        random_move(m);
        bad += !exact(m);
        capped += (double)model_rank(m) >= 256;
        changed += !param_equal(&m->method->params, &before, model_params(m));
    }
    printf("# %d moves, %d of which changed something, %d at full rank\n", MOVES, changed, capped);
    CHECK(bad == 0);
    CHECK(capped < MOVES / 10 && changed > MOVES / 4);
    CHECK(command(m, "reset") && m->budget == 0 && m->field == 0);
}

/* 256 x 256 and both factors alike in size: the walk of bits by hand. */
static void test_walk(struct model *m)
{
    static const double pairs[][2] = { { 5, 5 }, { 4, 5 }, { 4, 4 }, { 3, 4 } };
    bool up = true, back = true;
    double ranks[5];
    CHECK(command(m, "method lplr; set left-bits=5 right-bits=6; budget 1"));
    ranks[0] = get(m, "rank");
    for (size_t i = 0; i < 4; i++) {
        press(m, "+");
        ranks[i + 1] = get(m, "rank");
        up = up && get(m, "left_bits") == pairs[i][0] && get(m, "right_bits") == pairs[i][1] &&
             ranks[i + 1] > ranks[i];
    }
    for (size_t i = 4; i-- > 0;) {
        press(m, "-");
        back = back && get(m, "rank") == ranks[i];
    }
    CHECK(up);
    CHECK(back && get(m, "left_bits") == 5 && get(m, "right_bits") == 6);
    char line[64]; /* typed: the nearer of two, the former where both are as near */
    snprintf(line, sizeof(line), "rank %.0f", ranks[3] - 1);
    CHECK(command(m, line) && get(m, "rank") == ranks[3]);
    CHECK(command(m, "rank 1") && get(m, "rank") < ranks[0] && exact(m));
    CHECK(command(m, "set left-bits=5 right-bits=6") && get(m, "rank") == ranks[0]);
    snprintf(line, sizeof(line), "rank %.0f", ranks[0] + 1);
    CHECK(command(m, line) && get(m, "rank") == ranks[0]); /* another is not nearer */
    CHECK(command(m, "budget *2") && m->budget == 2 && get(m, "rank") > 1.9 * ranks[0]);
    CHECK(command(m, "field budget; show focus=parameters"));
    press(m, "h");
    CHECK(m->budget < 2 && m->budget > 1.9 && exact(m));
    press(m, "= 1 Enter");
    CHECK(m->budget == 1 && get(m, "rank") == ranks[0] && model_field(m) == &hold_row);
    press(m, "s"); /* no row of it any more */
    CHECK(m->budget == 0 && m->field == 0 && !hold_on(m));
}

static void test_refused(struct model *m)
{
    CHECK(command(m, "method truncated-svd; rank 20"));
    press(m, "s");
    CHECK(hold_on(m) && exact(m) && model_rank(m) == 20); /* the size of now holds this rank */
    CHECK(refused(m, "rank 30") && refused(m, "rank 10") && model_rank(m) == 20);
    CHECK(refused(m, "err<5%") && refused(m, "budget 0.001") && refused(m, "budget x") &&
          refused(m, "budget") && refused(m, "budget 100") && hold_on(m));
    press(m, "Space");
    CHECK(!m->sweeping && m->message_is_error);
    CHECK(command(m, "method naive") && !hold_on(m) && m->budget > 0 && refused(m, "budget 1"));
    CHECK(command(m, "method lplr") && hold_on(m) && exact(m));
    CHECK(command(m, "open demo:phantom") && hold_on(m) && exact(m) && model_rank(m) > 64);
    CHECK(command(m, "open demo:phantom256; budget off") && !hold_on(m));
}

/* Undo and redo go through the same states, the budget among them. */
static void test_undo(struct model *m)
{
    enum { STEPS = 30 };
    struct params_any seen[STEPS + 1];
    double budgets[STEPS + 1];
    static const char *const steps[] = { "budget 1.5", "set left-bits=3",  "more",
                                         "budget off", "set right-bits=7", "hold",
                                         "fewer",      "budget 0.7" };
    bool undone = true, redone = true;
    size_t n = 0;
    CHECK(command(m, "reset; method lplr; rank 33"));
    history_forget(m);
    m->now = 0;
    for (size_t i = 0; i <= STEPS; i++, m->now += 10) {
        if (i > 0 && !command(m, steps[(i - 1) % 8]))
            printf("# step %zu\n", i);
        seen[i] = *model_params(m);
        budgets[i] = m->budget;
    }
    n = m->history.n;
    for (size_t i = STEPS; i-- > 0;) { /* steps that changed nothing have no entry */
        if (budgets[i] == budgets[i + 1] && param_equal(&m->method->params, &seen[i], &seen[i + 1]))
            continue;
        press(m, "u");
        undone = undone && m->budget == budgets[i] &&
                 param_equal(&m->method->params, &seen[i], model_params(m));
    }
    CHECK(n > 20 && undone && m->history.at == 0);
    for (size_t i = 0; i < n; i++)
        press(m, "C-r");
    redone = m->budget == budgets[STEPS] &&
             param_equal(&m->method->params, &seen[STEPS], model_params(m));
    CHECK(redone && exact(m));
}

static void test_text(struct model *m)
{
    char line[2048], *text = NULL;
    size_t size = 0;
    struct error err;
    CHECK(command(m, "reset; method lplr; set left-bits=3; budget 0.9; field budget"));
    const struct params_any before = *model_params(m);
    CHECK(reproduce_command(m, line, sizeof(line), &err));
    CHECK(strstr(line, " --bits-per-entry 0.9 ") && !strstr(line, " --rank "));
    FILE *out = open_memstream(&text, &size);
    session_print(m, false, out);
    fclose(out);
    CHECK(command(m, "reset"));
    for (char *rest = text, *at; (at = strsep(&rest, "\n"));)
        if (*at && *at != '#' && strncmp(at, "open ", 5) != 0)
            command(m, at);
    CHECK(m->budget == 0.9 && model_field(m) == &hold_row &&
          param_equal(&m->method->params, &before, model_params(m)));
    free(text);
    CHECK(command(m, "budget off") && reproduce_command(m, line, sizeof(line), &err) &&
          !strstr(line, "bits-per-entry") && strstr(line, " --rank "));
}

int main(void)
{
    struct error err;
    struct model m;
    CHECK(model_init(&m, &err));
    press(&m, "s"); /* nothing is open */
    CHECK(m.message_is_error && m.budget == 0 && refused(&m, "budget 1"));
    CHECK(command(&m, "open demo:phantom256"));
    test_random_moves(&m);
    test_walk(&m);
    test_refused(&m);
    test_undo(&m);
    test_text(&m);
    model_finish(&m);
    return check_done();
}
