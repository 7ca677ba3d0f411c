/* The model and the study behind it, without a terminal and without threads. */

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "memory.h"
#include "model.h"
#include "registry.h"

static const double number_tolerance = 1e-5; /* single precision against a sum of tails */

static struct backend *backend;
static struct study *study;
static int requests, coarse_outcomes;
static size_t coarse_rank;

static void take(void *context, struct outcome *o)
{
    bool coarse = o->ok && !o->final;
    model_accept(context, o);
    if (coarse) {
        coarse_outcomes++;
        coarse_rank = ((struct model *)context)->numbers.rank;
    }
}

/* Answers what the model wants until it wants nothing; returns how often it did. */
static int settle(struct model *m, bool idle)
{
    struct request r;
    int n = 0;
    while (n < 20 && model_want(m, idle, &r)) {
        study_run(study, &r, NULL, NULL, take, m);
        request_finish(&r);
        n++;
    }
    requests += n;
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

static bool refused(struct model *m, const char *line)
{
    struct error err = { 0 };
    return !command_run(m, line, &err) && err.code != ERROR_NONE && err.text[0];
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

/* What approximate() says of the model's settings. */
static bool truth(const struct model *m, struct approximation *a)
{
    struct error err;
    struct arena scratch = { 0 };
    struct selection s = { 0 };
    struct matrix matrices[SELECTION_MAX] = { 0 };
    struct matrix_view inputs[SELECTION_MAX];
    bool ok = selection_of(m->document, NULL, m->planes, &s, &err) &&
              selection_read(&s, m->dtype, m->nonfinite, matrices, &err);
    for (size_t i = 0; i < s.n; i++)
        inputs[i] = matrices[i].view;
    const struct inputs in = { .matrices = inputs, .n = s.n };
    struct job job = { .backend = backend, .scratch = &scratch };
    ok = ok && approximate(&job, m->method, model_params_const(m), &in, a, &err);
    for (size_t i = 0; i < SELECTION_MAX; i++)
        matrix_finish(&matrices[i]);
    arena_finish(&scratch);
    selection_finish(&s);
    return ok;
}

static void test_prefix_sums(struct model *m)
{
    static const char *const ranks[] = { "rank 1", "rank 7", "rank 40", "rank 200" };
    CHECK(command(m, "open demo:photo; method truncated-svd"));
    CHECK(settle(m, false) == 1);
    CHECK(!m->stale && m->shown && m->shown->nested && m->subject && m->subject->exact);
    for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
        CHECK(command(m, ranks[i]));
        CHECK(settle(m, false) == 0); /* a rank move costs no run */
        CHECK(!m->stale);
        struct approximation a = { 0 };
        CHECK(truth(m, &a));
        CHECK_NEAR(m->numbers.error, a.error, number_tolerance);
        CHECK_NEAR(m->numbers.optimal, a.optimal, number_tolerance);
        CHECK(m->numbers.bits_paper == a.bits_paper && m->numbers.bits_true == a.bits_true);
        CHECK(m->numbers.entries == a.entries);
        approximation_finish(&a);
    }
}

/* The picture of any rank at the screen's size is the average of the whole one. */
static void test_picture_is_of_this_rank(struct model *m)
{
    struct error err;
    struct approximation a = { 0 };
    struct matrix whole = { 0 }, small = { 0 }, shown = { 0 };
    CHECK(command(m, "rank 12"));
    CHECK(truth(m, &a));
    const struct preview *p = &m->shown->previews[1];
    bool ok = matrix_init(&whole, DTYPE_F32, m->subject->rows, m->subject->cols, &err) &&
              matrix_init(&small, DTYPE_F32, p->height, p->width, &err) &&
              matrix_init(&shown, DTYPE_F32, p->height, p->width, &err) &&
              result_expand(&a.results[1], 0, whole.view, &err) &&
              preview_resample(whole.view, small.view, &err);
    CHECK(ok);
    preview_render(p, model_rank(m), shown.view);
    double worst = 0;
    for (size_t i = 0; i < p->height; i++)
        for (size_t j = 0; j < p->width; j++)
            worst = fmax(worst, fabs(matrix_at(small.view, i, j) - matrix_at(shown.view, i, j)));
    CHECK_NEAR(worst, 0, 1e-4);
    matrix_finish(&whole);
    matrix_finish(&small);
    matrix_finish(&shown);
    approximation_finish(&a);
}

static void test_quality(struct model *m)
{
    CHECK(command(m, "rank 30"));
    CHECK(m->quality_stale && isnan(m->numbers.psnr));
    CHECK(settle(m, true) == 1);
    CHECK(!m->quality_stale && m->numbers.psnr > 15 && m->numbers.psnr < 60);
    CHECK(m->numbers.ssim > 0.2 && m->numbers.ssim < 1);
    CHECK(m->numbers.factors_bytes * 8 > m->numbers.bits_true);
    CHECK(settle(m, true) == 0);
    struct numbers before = m->numbers;
    model_resize(m, m->width - 7, m->height); /* another size is another picture, nothing else */
    CHECK(m->stale && settle(m, true) == 1 && !m->quality_stale);
    model_resize(m, m->width + 7, m->height);
    CHECK(settle(m, true) == 1 && !memcmp(&m->numbers, &before, sizeof(before)));
    press(m, "l");
    CHECK(m->quality_stale && isnan(m->numbers.psnr) && m->numbers.factors_bytes == 0);

    struct request r; /* an answer that comes after the next key is of another rank */
    CHECK(model_want(m, true, &r) && r.kind == REQUEST_QUALITY);
    press(m, "l");
    study_run(study, &r, NULL, NULL, take, m);
    request_finish(&r);
    CHECK(m->quality_stale && isnan(m->numbers.psnr) && !m->busy);
    CHECK(settle(m, true) == 1);
    CHECK(!m->quality_stale);
}

static void test_methods_that_are_run(struct model *m)
{
    CHECK(command(m, "method lplr; set rank=20 left-bits=6"));
    CHECK(m->stale && m->shown->method != m->method); /* the old picture stays, marked */
    CHECK(settle(m, false) == 1);
    CHECK(!m->stale && m->shown->method == m->method && !m->shown->nested);
    struct approximation a = { 0 };
    CHECK(truth(m, &a));
    CHECK_NEAR(m->numbers.error, a.error, number_tolerance);
    CHECK(m->numbers.optimal < m->numbers.error);
    CHECK(m->numbers.bits_paper == a.bits_paper && m->numbers.bits_true == a.bits_true);
    approximation_finish(&a);

    double error = m->numbers.error, seconds = m->numbers.seconds;
    CHECK(seconds > 0);
    model_resize(m, 100, 31); /* a new picture of the same result: not run again */
    CHECK(m->stale && settle(m, false) == 1);
    CHECK(!m->stale && m->numbers.error == error && m->numbers.seconds == seconds);
    CHECK(settle(m, true) == 1 && m->numbers.seconds == seconds && m->numbers.psnr > 10);

    const struct params_any first = *model_params(m);
    press(m, "r");
    CHECK(m->stale && settle(m, false) == 1);
    CHECK(m->numbers.error != error);
    press(m, "h"); /* of the last few, none is run again */
    CHECK(settle(m, false) == 1 && m->numbers.seconds != seconds);
    *model_params(m) = first;
    model_changed(m);
    CHECK(settle(m, false) == 1);
    CHECK(m->numbers.error == error && m->numbers.seconds == seconds);
    for (size_t i = 0; i < model_methods(); i++) /* once around: every setting is as it was */
        press(m, "P");
    CHECK(m->method == method_find("lplr") && model_rank(m) == 20);
    CHECK(command(m, "method truncated-svd") && settle(m, false) == 1);
}

/* The curve goes through the theory of the result that is shown; where it is proved, through its
 * bound. */
static void test_theory(struct model *m)
{
    CHECK(command(m, "method lplr; rank 20; set rounding=dithered symmetric=on scales=tensor "
                     "sketch=gaussian rounds=1") &&
          settle(m, false) == 1);
    const struct theory_curve *c = &m->shown->theory;
    CHECK(c->n > 30 && c->proved && !c->unproved && isnan(c->error[0]) && c->rank[0] == 1);
    CHECK_NEAR(theory_curve_at(c, 20) / m->numbers.bound, 1, 1e-12);
    CHECK(theory_curve_at(c, 20) > m->numbers.error && isnan(theory_curve_at(c, 99999)));
    size_t apart = 0; /* the parts make up the curve at every rank */
    for (size_t i = 0; i < c->n; i++) {
        double sum = hypot(hypot(c->part[0][i], c->part[1][i]), c->part[2][i]);
        bool same = isnan(c->error[i]) ? isnan(sum) : fabs(sum / c->error[i] - 1) < 1e-12;
        apart += same ? 0 : 1;
    }
    CHECK(apart == 0 && c->own == 20);
    CHECK(command(m, "set rounding=nearest symmetric=off scales=vector sketch=rademacher "
                     "rounds=10; method direct-svd; rank 20") &&
          settle(m, false) == 1);
    c = &m->shown->theory;
    size_t rising = 0;
    for (size_t i = 1; i < c->n; i++)
        rising += c->rank[i] > c->rank[i - 1] ? 1 : 0;
    CHECK(!c->proved && !strcmp(c->unproved, "nearest rounding") && rising == c->n - 1);
    CHECK(theory_curve_at(c, 20) > m->numbers.error);
    CHECK(command(m, "method truncated-svd") && settle(m, false) == 1 && m->shown->theory.n == 0);
}

/* The answer to a truncated SVD comes when another method is chosen already: it is
 * shown with its own numbers, marked. */
static void test_late_answer(struct model *m)
{
    struct request r;
    CHECK(command(m, "method lplr; rank 15") && settle(m, false) == 1);
    CHECK(command(m, "method truncated-svd; rank 33") && model_want(m, false, &r));
    CHECK(command(m, "method lplr; rank 16"));
    study_run(study, &r, NULL, NULL, take, m);
    request_finish(&r);
    CHECK(m->stale && m->shown->nested && m->numbers.rank == 33);
    CHECK_NEAR(m->numbers.error, subject_tail(m->subject, 33), 1e-12);
    double ranks[] = { 1, 33, 33, 400, 999 }, tails[5];
    subject_tails(m->subject, ranks, 5, tails);
    for (size_t i = 0; i < 5; i++)
        CHECK(tails[i] == subject_tail(m->subject, (size_t)ranks[i]));
    CHECK(tails[0] > tails[1] && tails[1] == tails[2] && tails[3] == 0 && tails[4] == 0);
    CHECK(settle(m, false) == 1 && m->numbers.rank == 16);
    CHECK(command(m, "method truncated-svd") && settle(m, false) == 1);
}

static bool progress_falls;
static double progress_last;

static void watch(void *context, double done, const char *stage)
{
    (void)context;
    (void)stage;
    progress_falls |= done < progress_last || done > 1;
    progress_last = done;
}

/* Three planes are one way from 0 to 1, though a method counts each. */
static void test_progress(struct model *m)
{
    struct request r = { 0 };
    CHECK(command(m, "method lplr; rank 9") && settle(m, false) == 1);
    press(m, "r");
    if (!model_want(m, false, &r))
        return;
    study_run(study, &r, NULL, watch, take, m);
    request_finish(&r);
    printf("# progress ends at %.3f\n", progress_last);
    CHECK(!progress_falls && progress_last > 0.9);
}

/* What was overtaken is not lost for ever, and is not asked for twice. */
static void test_requests(struct model *m)
{
    struct request r, again;
    CHECK(command(m, "method lplr; rank 20"));
    CHECK(model_want(m, false, &r) && m->busy);
    CHECK(!model_want(m, true, &again)); /* the same is out */
    press(m, "l");
    CHECK(model_want(m, false, &again) && again.serial > r.serial);
    study_run(study, &r, NULL, NULL, take, m); /* the older one still comes first */
    CHECK(m->stale && m->busy && m->shown->method == m->method);
    study_run(study, &again, NULL, NULL, take, m);
    CHECK(!m->stale && !m->busy);
    request_finish(&r);
    request_finish(&again);

    press(m, "l");
    CHECK(model_want(m, false, &r));
    press(m, "C-c");
    CHECK(m->cancel && !m->busy && strstr(m->message, "cancelled"));
    m->cancel = false;
    request_finish(&r);
    CHECK(!model_want(m, true, &again)); /* until something changes */
    press(m, "l");
    CHECK(settle(m, true) == 2 && !m->stale);
    press(m, "C-c");
    CHECK(!m->quit && m->quit_asked);
    press(m, "j C-c");
    CHECK(!m->quit);
    press(m, "C-c");
    CHECK(m->quit);
    m->quit = m->quit_asked = false;
}

static void test_commands(struct model *m)
{
    static const char *const good[] = {
        "method lplr; rank 24",
        "set left_bits=4 right-bits=8",
        " ; k *2 ; ",
        "k /2",
        "k elbow",
        "rank full",
        "gaps",
        "planes ycbcr",
        "planes rgb",
        "view image",
        "set seed=18446744073709551615",
        "",
    };
    static const char *const bad[] = {
        "nonsense",
        "method",
        "method nothing",
        "set",
        "set rank",
        "set rank=",
        "set rank=1.5",
        "set nothing=3",
        "k *x",
        "k m/0",
        "k 5%",
        "set seed=-1",
        "err>5%",
        "k err<",
        "k",
        "open",
        "open /nowhere/at.all",
        "export x.nothing",
        "planes cmyk",
        "view nothing",
        "gaps 3",
        "help now",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CHECK(command(m, good[i]));
    CHECK(param_get(param_find(&m->method->params, "left-bits"), model_params(m)) == 4);
    struct document *before = m->document;
    bool all = true;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool no = refused(m, bad[i]);
        all &= no;
        if (!no)
            printf("# taken, but should not be: %s\n", bad[i]);
    }
    CHECK(all);
    CHECK(m->document == before && m->method == method_find("lplr"));
    CHECK(command(m, "method truncated-svd") && settle(m, false) == 1);
    CHECK(command(m, "rank 60000") && model_rank(m) == 400);
    CHECK(param_get(param_find(&m->method->params, "rank"), model_params(m)) == 400);
    CHECK(command(m, "k 24; elbow; method lplr; k 24; elbow") && model_rank(m) > 1 &&
          model_rank(m) < 400);
}

static void test_keys_are_unique(const struct model *m)
{
    char key[16];
    int unknown = 0;
    for (const struct action *a = common_actions; a->name; a++) {
        for (const char *at = a->keys; *at; at += strspn(at, " ")) {
            size_t n = strcspn(at, " ");
            snprintf(key, sizeof(key), "%.*s", (int)n, at);
            const struct action *found = action_for_key(m, key);
            bool view_wins = false;
            for (const struct action *v = m->view->actions; v && v->name; v++)
                view_wins |= found == v;
            if (found != a && !view_wins)
                printf("# %s is also %s\n", key, found ? found->name : "nothing");
            unknown += found != a && !view_wins;
            at += n;
        }
        unknown += action_find(m, a->name) == NULL;
    }
    CHECK(unknown == 0);
    CHECK(action_for_key(m, "C-") == NULL && action_for_key(m, "") == NULL);
}

static void test_every_action(struct model *m)
{
    char key[16];
    const struct action *const tables[] = { m->view->actions, common_actions };
    int pressed = 0, wrong = 0;
    for (size_t t = 0; t < 2; t++)
        for (const struct action *a = tables[t]; a && a->name; a++)
            for (const char *at = a->keys; *at; at += strspn(at, " ")) {
                size_t n = strcspn(at, " ");
                snprintf(key, sizeof(key), "%.*s", (int)n, at);
                at += n;
                press(m, key);
                settle(m, true);
                wrong += m->stale || m->message_is_error;
                m->quit = m->cancel = m->redraw = m->suspend = false;
                press(m, "Esc");
                wrong += m->overlay != OVERLAY_NONE;
                pressed++;
            }
    CHECK(pressed > 30);
    CHECK(wrong == 0);
    press(m, "Z");
    CHECK(strstr(m->message, "no key 'Z' here") != NULL);
    press(m, "9");
    CHECK(strstr(m->message, "no key '9' here") != NULL);
    press(m, "z"); /* the first of two */
    CHECK(strstr(m->message, "zi zoom-in   zo zoom-out") && !strcmp(m->prefix, "z"));
    press(m, "~");
    CHECK(strstr(m->message, "no key 'z~' here") && !m->prefix[0]);
    press(m, "z Esc 9");
    CHECK(strstr(m->message, "no key '9' here") != NULL);
}

static void test_typing(struct model *m)
{
    CHECK(command(m, "method truncated-svd; rank 5"));
    m->field = 0;
    press(m, "= 2 4 Enter");
    CHECK(m->overlay == OVERLAY_NONE && model_rank(m) == 24);
    press(m, "Enter 9 9 Esc");
    CHECK(m->overlay == OVERLAY_NONE && model_rank(m) == 24);
    press(m, "= x Enter");
    CHECK(m->overlay == OVERLAY_TYPE && m->message_is_error && model_rank(m) == 24);
    press(m, "C-u 1 3 Left 0 Home 2 Right Delete End Backspace 7 Enter");
    CHECK(m->overlay == OVERLAY_NONE);
    CHECK(model_rank(m) == 217); /* 13, 103, 2103, 213, 21, 217 */
    press(m, "= * 2 Enter");
    CHECK(param_get(model_field(m), model_params(m)) ==
          400); /* and no further than the matrix goes */
    press(m, "h");
    CHECK(model_rank(m) == 399);
    press(m, "^");
    CHECK(model_rank(m) == 1);
    press(m, "G");
    CHECK(model_rank(m) == 400);
    press(m, "p j Enter");
    CHECK(m->method == methods[1]);
    press(m, "p k Enter");
    CHECK(m->method == methods[0]);
    press(m, "? Down Down PgDn");
    CHECK(m->overlay == OVERLAY_HELP && m->overlay_line > 2);
    press(m, "Home");
    CHECK(m->overlay_line == 0);
    press(m, "Esc");
    CHECK(m->overlay == OVERLAY_NONE && !m->quit);
}

static double row(struct model *m, const char *key)
{
    return param_get(param_find(&m->method->params, key), model_params(m));
}

/* Expressions in parameter boxes: names, rounding, clamping with a word, the cursor at the fault. */
static void test_expressions(struct model *m)
{
    static const struct {
        const char *text;
        double rank;
    } rows[] = { { "min(m,n)/8", 50 }, { "n/7", 86 },          { "k*2", 172 },     { "*2", 344 },
                 { "/4", 86 },         { "+3", 89 },           { "-4", 85 },       { "*2+1", 171 },
                 { "full/2", 200 },    { "left-bits+k", 204 }, { "left_bits", 4 }, { "2^5", 32 },
                 { "k-1", 31 },        { "m", 400 },           { "12", 12 } };
    int wrong = 0;
    CHECK(command(m, "open demo:photo; method lplr; set left-bits=4 rank=24"));
    settle(m, false);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), "rank %s", rows[i].text);
        bool ok = command(m, line) && row(m, "rank") == rows[i].rank && !m->message[0];
        wrong += !ok;
        if (!ok)
            printf("# %s: %g '%s'\n", rows[i].text, row(m, "rank"), m->message);
    }
    CHECK(wrong == 0);
    CHECK(command(m, "elbow"));
    double elbow = row(m, "rank");
    CHECK(m->subject->elbow == (size_t)elbow);
    CHECK(command(m, "k 2*elbow-1") && row(m, "rank") == 2 * elbow - 1);
    CHECK(command(m, "k 12K") && row(m, "rank") == 400 && strstr(m->message, "12000 is more than"));
    CHECK(command(m, "k -1000") && row(m, "rank") == 1 && strstr(m->message, "less than 1"));
    CHECK(command(m, "set left-bits=k+4 seed=3*2^5") && row(m, "left-bits") == 5);
    CHECK(row(m, "seed") == 96);
    CHECK(refused(m, "k 3*what") && refused(m, "set seed=0-1") && refused(m, "k left-bits/0"));
    CHECK(row(m, "rank") == 1);

    m->field = 0;
    press(m, "= m i n ( m , 2 0 * x ) Enter");
    CHECK(m->overlay == OVERLAY_TYPE && m->message_is_error && m->line_at == 9);
    CHECK(strstr(m->message, "offset 9") != NULL);
    press(m, "Delete k Enter");
    CHECK(m->overlay == OVERLAY_NONE && row(m, "rank") == 20);
    struct error err;
    struct model empty; /* nothing is open, so that a matrix has no sides */
    CHECK(model_init(&empty, &err));
    CHECK(command(&empty, "method lplr; k 2*3") && row(&empty, "rank") == 6);
    CHECK(refused(&empty, "k m/2") && refused(&empty, "k elbow/2") && refused(&empty, "err<5%"));
    model_finish(&empty);
}

/* Error of the settings, by a run of its own. */
static double error_of(struct model *m, const char *line)
{
    struct approximation a = { 0 };
    bool ok = command(m, line) && truth(m, &a);
    double error = ok ? a.error : (double)NAN;
    approximation_finish(&a);
    return error;
}

/* Goals over a nested method cost no run; the answer is what runs say. */
static void test_goals_at_once(struct model *m)
{
    CHECK(command(m, "open demo:photo"));
    CHECK(command(m, "method truncated-svd; k 3"));
    settle(m, true);
    CHECK(command(m, "err<10%") && !m->goal_wanted && settle(m, false) == 0);
    size_t rank = model_rank(m);
    printf("# %s\n", m->message);
    CHECK(strstr(m->message, "err<10%: rank ") == m->message && !m->message_is_error);
    CHECK(!m->stale && m->numbers.error < .1 && m->numbers.rank == rank);
    CHECK(error_of(m, "k -1") >= .1 && error_of(m, "k +1") < .1);
    m->field = 0;
    press(m, "= e n e r g y > 9 9 % Enter");
    CHECK(m->overlay == OVERLAY_NONE && model_rank(m) == rank); /* 1 - 0.1^2 */
    CHECK(command(m, "bits<1.5") && strstr(m->message, "bits<1.5: rank "));
    CHECK((double)m->numbers.bits_true < 1.5 * (double)m->numbers.entries);
    rank = model_rank(m);
    CHECK(command(m, "k +1") && (double)m->numbers.bits_true >= 1.5 * (double)m->numbers.entries);
    CHECK(command(m, "bits<.01") && m->message_is_error && model_rank(m) == rank + 1);
    CHECK(strstr(m->message, "cannot be met") && strstr(m->message, "rank 1 comes nearest"));
}

/* Other goals are the worker's: the search is out, tells how far it is, and its answer moves the slider. */
static void test_goals_by_the_worker(struct model *m)
{
    struct request r, again;
    CHECK(command(m, "size<60K") && m->goal_wanted && m->message[0]);
    CHECK(settle(m, true) == 2 && !m->goal_wanted && !m->busy); /* the answer, its numbers */
    printf("# %s\n", m->message);
    CHECK(m->numbers.factors_bytes < 60000 && m->numbers.factors_bytes > 40000);
    CHECK(command(m, "k +1") && settle(m, true) == 1 && m->numbers.factors_bytes >= 60000);
    CHECK(command(m, "psnr > 25") && settle(m, true) == 2 && m->numbers.psnr > 25);
    printf("# %s\n", m->message);
    CHECK(strstr(m->message, "psnr>25: rank ") == m->message);
    CHECK(command(m, "k -1") && settle(m, true) == 1 && m->numbers.psnr <= 25);

    CHECK(command(m, "method lplr; set rank=9 left-bits=5 right-bits=6"));
    settle(m, true);
    CHECK(command(m, "err<20%") && settle(m, false) == 2); /* the search, the picture */
    printf("# %s\n", m->message);
    size_t rank = model_rank(m);
    CHECK(!m->stale && m->numbers.error < .2 && m->numbers.rank == rank);
    CHECK(error_of(m, "k -1") >= .2 && row(m, "left-bits") == 5);
    settle(m, true);
    m->field = 1; /* another row than the rank */
    press(m, "= e r r < 2 0 . 5 5 % Enter");
    CHECK(settle(m, false) == 2 && model_rank(m) == rank - 1 && m->numbers.error < .2055);
    CHECK(row(m, "left-bits") > 5 && error_of(m, "set left-bits=-1") >= .2055);
    settle(m, false);
    printf("# %s\n", m->message);

    CHECK(command(m, "err<25%") && model_want(m, false, &r) && r.kind == REQUEST_SOLVE);
    CHECK(m->busy && !model_want(m, true, &again)); /* once */
    progress_last = 0;
    study_run(study, &r, NULL, watch, take, m);
    CHECK(progress_last > .1 && !m->busy && m->numbers.error >= 0);
    request_finish(&r);
    settle(m, true);
}

/* A search is given up by C-c, by a key that changes the settings, by another file. */
static void test_goals_given_up(struct model *m)
{
    struct request r, again;
    CHECK(command(m, "method lplr; set rank=30 left-bits=5 right-bits=6"));
    settle(m, true);
    CHECK(command(m, "err<20%") && model_want(m, false, &r) && r.kind == REQUEST_SOLVE);
    press(m, "C-c");
    CHECK(m->cancel && !m->busy && !m->goal_wanted && strstr(m->message, "cancelled"));
    CHECK(!model_want(m, false, &again));
    m->cancel = false;
    atomic_bool cancel = true;
    study_run(study, &r, &cancel, NULL, take, m);
    CHECK(model_rank(m) == 30 && strstr(m->message, "cancelled"));

    CHECK(command(m, "err<20%"));
    request_finish(&r);
    CHECK(model_want(m, false, &r) && r.kind == REQUEST_SOLVE);
    CHECK(command(m, "rank 31") && m->cancel && !m->goal_wanted && strstr(m->message, "given up"));
    m->cancel = false;
    study_run(study, &r, NULL, NULL, take, m); /* an answer that nobody waits for */
    CHECK(model_rank(m) == 31);
    request_finish(&r);
    settle(m, true);

    CHECK(command(m, "err<20%") && model_want(m, false, &r));
    model_resize(m, 90, 30); /* a picture overtakes it; the goal stays */
    CHECK(model_want(m, false, &again) && again.kind == REQUEST_PICTURE && m->goal_wanted);
    study_run(study, &again, NULL, NULL, take, m);
    request_finish(&again);
    request_finish(&r);
    CHECK(m->goal_wanted && settle(m, false) == 2 && m->numbers.error < .2);

    CHECK(command(m, "open demo:phantom256; method lplr; set rank=12 left-bits=3 right-bits=3"));
    settle(m, true);
    CHECK(command(m, "err<1%") && settle(m, false) == 1 && model_rank(m) == 12 && !m->stale);
    CHECK(m->message_is_error && strstr(m->message, "cannot be met by lplr"));
    printf("# %s\n", m->message);
    CHECK(command(m, "method naive; err<5%") && settle(m, false) >= 2 && m->numbers.error < .05);
    CHECK(row(m, "bits") > 1 && error_of(m, "set bits=-1") >= .05);
    CHECK(refused(m, "set seed=err<5%") && !m->goal_wanted);
    CHECK(command(m, "err<6%; open demo:photo; method truncated-svd") && !m->goal_wanted);
    CHECK(settle(m, true) > 0);
}

static bool is_png(const char *path)
{
    unsigned char head[8] = { 0 };
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    size_t n = fread(head, 1, sizeof(head), f);
    fclose(f);
    return n == 8 && !memcmp(head, "\x89PNG\r\n\x1a\n", 8);
}

static void test_export(struct model *m)
{
    char folder[] = "/tmp/eigenscope-test-XXXXXX", path[64], line[128];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/a.png", folder);
    CHECK(command(m, "method truncated-svd; rank 24; export"));
    CHECK(m->overlay == OVERLAY_EXPORT && !strcmp(m->line, "photo-truncated-svd-k24.png"));
    press(m, "Tab");
    CHECK(!strcmp(m->line, "photo-truncated-svd-k24.factors.safetensors"));
    press(m, "C-u x Enter");
    CHECK(m->overlay == OVERLAY_EXPORT && m->message_is_error);
    press(m, "C-u");
    for (const char *c = path; *c; c++)
        action_press(m, (char[2]){ *c, 0 }, (uint32_t)(unsigned char)*c);
    press(m, "Enter");
    CHECK(m->overlay == OVERLAY_NONE && settle(m, false) >= 1);
    CHECK(is_png(path) && strstr(m->message, "wrote a.png") && !m->message_is_error);
    CHECK(m->numbers.written_bytes > 1000);

    CHECK(command(m, "export"));
    snprintf(m->line, sizeof(m->line), "%s", path);
    press(m, "Enter");
    CHECK(m->overlay == OVERLAY_EXPORT && m->overwrite);
    press(m, "Enter");
    CHECK(m->overlay == OVERLAY_NONE && settle(m, false) >= 1 && !m->message_is_error);
    snprintf(line, sizeof(line), "export %s", path);
    CHECK(command(m, line) && settle(m, false) >= 1 && m->message_is_error); /* exists */
    unlink(path);
    snprintf(path, sizeof(path), "%s/a.factors.safetensors", folder);
    snprintf(line, sizeof(line), "export %s", path);
    CHECK(command(m, line) && settle(m, true) >= 1 && !m->message_is_error);
    CHECK(m->numbers.written_bytes == m->numbers.factors_bytes);

    struct request r; /* one q does not lose a file that is on its way */
    unlink(path);
    CHECK(command(m, line) && model_want(m, false, &r) && r.kind == REQUEST_EXPORT);
    press(m, "q");
    CHECK(!m->quit && m->message_is_error);
    press(m, "j q");
    CHECK(!m->quit);
    press(m, "q");
    CHECK(m->quit);
    m->quit = m->quit_asked = false;
    study_run(study, &r, NULL, NULL, take, m);
    request_finish(&r);
    CHECK(!m->message_is_error && unlink(path) == 0);
    press(m, "q");
    CHECK(m->quit);
    m->quit = false;
    rmdir(folder);
}

/* A large matrix: a sketch first, the whole spectrum later; the numbers of both. */
static void test_coarse_first(struct model *m)
{
    coarse_outcomes = 0;
    CHECK(command(m, "open demo:phantom; method truncated-svd; rank 200"));
    CHECK(m->subject == NULL && m->stale && isnan(m->numbers.error));
    CHECK(model_limit(m, param_find(&m->method->params, "rank")) == 1000);
    CHECK(settle(m, false) == 1);
    CHECK(coarse_outcomes == 1 &&
          coarse_rank == 32); /* what was sketched, not what was asked for */
    CHECK(m->numbers.rank == 200);
    CHECK(m->subject->exact && m->subject->n == 1000 && !m->stale);
    CHECK_NEAR(m->subject->norm[0], 247.188673, 1e-6);

    struct request r;
    CHECK(command(m, "open demo:phantom; rank 100") && model_want(m, false, &r));
    request_finish(&r);
    press(m, "C-c");
    m->cancel = false;
    CHECK(settle(m, true) == 0 && m->stale);
    press(m, "+"); /* a rank move alone, and yet there is no spectrum to take it from */
    CHECK(settle(m, false) == 1 && !m->stale && m->numbers.rank == 101);
}

/* Before the first run of a method there is the truncation; of one that has no rank, a picture
 * whose numbers nobody knows. */
static void test_first_run(struct model *m)
{
    coarse_outcomes = 0;
    CHECK(command(m, "open demo:phantom256; method lplr; rank 20") && settle(m, false) == 1);
    CHECK(coarse_outcomes == 1 && coarse_rank == 20 && !m->stale && !m->shown->nested);
    CHECK(command(m, "open demo:phantom256; method naive") && settle(m, false) == 1);
    CHECK(coarse_outcomes == 2 && coarse_rank == 0 && !m->stale && m->subject->exact);
    CHECK(command(m, "set bits=7") && settle(m, false) == 1 && coarse_outcomes == 2);
}

/* A wrong file changes nothing but the message; outcomes of what is gone are dropped. */
static void test_documents(struct model *m)
{
    struct request old;
    CHECK(command(m, "method lplr; rank 10; open demo:phantom256"));
    CHECK(model_want(m, false, &old));
    CHECK(command(m, "open demo:photo"));
    study_run(study, &old, NULL, NULL, take, m);
    request_finish(&old);
    CHECK(m->subject == NULL && m->shown == NULL);
    CHECK(settle(m, false) == 1 && m->subject && m->subject->planes == 3);
    CHECK(command(m, "planes ycbcr") && settle(m, false) == 1);
    CHECK(m->shown->space == PLANES_YCBCR && !m->stale);
    CHECK(command(m, "planes rgb; open demo:photo::g") && settle(m, true) == 2);
    CHECK(m->subject->planes == 1 && !m->message_is_error);
}

/* In double precision the phantom's last singular values are dust, in single they are noise. */
static void test_precision(struct model *m)
{
    double last[2];
    CHECK(command(m, "open demo:phantom256; method truncated-svd; rank 130"));
    for (int i = 0; i < 2; i++) {
        m->dtype = i ? DTYPE_F64 : DTYPE_F32;
        model_changed(m);
        m->stale = true;
        m->asked_holds = false;
        CHECK(settle(m, false) == 1 && m->subject->n == 256);
        last[i] = subject_sigma(m->subject, 200) / subject_sigma(m->subject, 0);
        struct approximation a = { 0 };
        CHECK(truth(m, &a));
        CHECK(m->numbers.bits_true == a.bits_true);
        approximation_finish(&a);
    }
    m->dtype = DTYPE_F32;
    printf("# sigma_201 / sigma_1 of phantom256: f32 %.1e, f64 %.1e\n", last[0], last[1]);
    CHECK(last[0] > 1e-10 && last[1] < 1e-14);
}

/* 12 x 9 doubles from 1 to 108, as a .npy file. */
static struct document *small_matrix(double first, struct error *err)
{
    static unsigned char bytes[128 + 12 * 9 * 8];
    char header[118];
    snprintf(header, sizeof(header),
             "{'descr': '<f8', 'fortran_order': False, 'shape': (12, 9), }");
    memcpy(bytes, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(bytes + 10, ' ', 118);
    memcpy(bytes + 10, header, strlen(header));
    bytes[127] = '\n';
    for (int i = 0; i < 12 * 9; i++) {
        double x = i ? i + 1 + 5 * sin(i) : first;
        memcpy(bytes + 128 + 8 * i, &x, sizeof(x));
    }
    struct source *s = source_open_memory("small.npy", bytes, sizeof(bytes), err);
    return s ? document_open_source(s, err) : NULL;
}

/* NaN is refused in one sentence, and the program goes on; or read as zero, when so told. */
static void test_nonfinite(struct model *m)
{
    struct error err;
    for (int i = 0; i < 2; i++) {
        struct document *d = small_matrix((double)NAN, &err);
        CHECK(d != NULL);
        model_say(m, false, "%s", "");
        m->nonfinite = i ? NONFINITE_ZERO : NONFINITE_REFUSE;
        model_open(m, d, "");
        document_unref(d);
        CHECK(settle(m, false) == 1);
        CHECK(m->message_is_error == !i && (m->subject != NULL) == i);
    }
    m->nonfinite = NONFINITE_REFUSE;
}

/* Every allocation fails once: an outcome says so, and nothing leaks. */
static bool reads_fail;

static const struct backend_ops *frail_host(void)
{
    size_t i = 0;
    while (strcmp(backends[i]->name, "cpu") != 0)
        i++;
    return backends[i];
}

static bool frail_read(const struct buffer *x, struct matrix_view to, struct error *err)
{
    return reads_fail ? fail(err, ERROR_DEVICE, "the cable is out")
                      : frail_host()->read(x, to, err);
}

/* On a device; and where the device fails, the processor's picture and a sentence. */
static void test_device(struct model *m)
{
    struct backend_ops frail = *frail_host();
    struct error err = { 0 };
    struct backend *device;
    struct study *usual = study;
    frail.name = "frail";
    frail.read = frail_read;
    device = backend_start(&frail, NULL, &err);
    study = study_create(device, &err);
    CHECK(device && study && command(m, "open demo:phantom256; method lplr; rank 10"));
    CHECK(settle(m, false) == 1 && !m->stale && !strcmp(m->numbers.backend, "frail"));
    CHECK(m->numbers.on_device > 3 && m->numbers.by_processor == 0);
    double error = m->numbers.error;
    model_say(m, false, "%s", "");
    reads_fail = true;
    CHECK(command(m, "rank 11") && settle(m, false) == 1 && !m->stale);
    CHECK(m->numbers.error < error && !strcmp(m->numbers.backend, "cpu"));
    CHECK(m->numbers.on_device == 0 && m->numbers.by_processor > 3);
    CHECK(strstr(m->message, "the cable is out") && !m->message_is_error);
    reads_fail = false;
    model_say(m, false, "%s", "");
    CHECK(command(m, "rank 10") && settle(m, false) == 1 && m->numbers.error == error);
    CHECK(m->numbers.on_device > 3 && m->numbers.by_processor == 0 && !m->message[0]);
    CHECK(command(m, "method truncated-svd; rank 3") && settle(m, true) == 2);
    CHECK(m->numbers.on_device > 0 && command(m, "rank 4") && !m->numbers.backend);
    study_destroy(study);
    backend_close(device);
    study = usual;
}

static void test_out_of_memory(void)
{
    struct error err;
    int failed = 0, odd = 0;
    size_t before = memory_used();
    for (long n = 0; n < 2000; n++) {
        struct model m;
        odd += !model_init(&m, &err);
        struct document *d = small_matrix(1, &err);
        model_open(&m, d, "");
        document_unref(d);
        model_set_method(&m, method_find(n % 2 ? "lplr" : "truncated-svd"));
        struct study *s = study_create(backend, &err);
        struct request r;
        bool wanted = model_want(&m, false, &r);
        memory_fail_after(n / 2);
        study_run(s, &r, NULL, NULL, take, &m);
        memory_fail_after(-1);
        bool whole = !m.stale;
        odd += !wanted || (!whole && !m.message_is_error);
        failed += !whole;
        request_finish(&r);
        study_destroy(s);
        model_finish(&m);
        odd += memory_used() != before;
        if (whole && n % 2)
            break;
    }
    CHECK(failed > 20);
    CHECK(odd == 0);
}

int main(void)
{
    struct error err;
    struct model m;
    backend = backend_open("cpu", NULL, &err);
    study = study_create(backend, &err);
    CHECK(backend && study && model_init(&m, &err));
    CHECK(settle(&m, true) == 0); /* no document, nothing to do */
    press(&m, "l g e r M C-c Esc");
    m.method = methods[0];
    m.quit_asked = false;

    test_prefix_sums(&m);
    test_picture_is_of_this_rank(&m);
    test_quality(&m);
    test_methods_that_are_run(&m);
    test_theory(&m);
    test_late_answer(&m);
    test_progress(&m);
    test_requests(&m);
    test_commands(&m);
    test_keys_are_unique(&m);
    test_typing(&m);
    test_expressions(&m);
    test_goals_at_once(&m);
    test_goals_by_the_worker(&m);
    test_goals_given_up(&m);
    model_resize(&m, 100, 31);
    test_export(&m);
    test_coarse_first(&m);
    test_first_run(&m);
    test_documents(&m);
    test_precision(&m);
    test_nonfinite(&m);
    test_device(&m);
    CHECK(command(&m, "open demo:phantom256; method lplr; rank 10") && settle(&m, true) == 2);
    test_every_action(&m);
    model_finish(&m);
    study_destroy(study);
    test_out_of_memory();
    backend_close(backend);
    CHECK(memory_used() == 0);
    return check_done();
}
