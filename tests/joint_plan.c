#include "joint_plan.h"
#include "check.h"
#include "lab.h"

/* Ranks of all groups of a model: accounting from sizes alone, and rules that read singular values. */

enum { GROUPS_MAX = 64 };
static struct joint_choice groups[GROUPS_MAX];

struct sizes {
    uint64_t parameters;
    size_t layers, n, q, k, hidden;
};
static const struct sizes llama = { 6738415616, 32, 4096, 4096, 4096, 11008 },
                          smollm = { 134515008, 30, 576, 576, 192, 1536 },
                          stories = { 260032, 5, 64, 64, 32, 172 };

/* QK and gate + up of every layer. */
static size_t lay_out(const struct sizes *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->layers; i++) {
        groups[n++] = (struct joint_choice){ .shape = { s->n, 2, { s->q, s->k } } };
        groups[n++] = (struct joint_choice){ .shape = { s->n, 2, { s->hidden, s->hidden } } };
    }
    return n;
}

static bool ranks_are(size_t n, size_t qk, size_t gate_up)
{
    bool ok = true;
    for (size_t i = 0; i < n; i += 2)
        ok = ok && groups[i].rank == qk && groups[i + 1].rank == gate_up;
    return ok;
}

/* Published sizes at a prune ratio: the ranks, what it comes to, what no rank reaches. */
static void uniform(void)
{
    static const struct {
        const struct sizes *of;
        double prune, realised;
        size_t qk, gate_up, separate[4];
    } rows[] = {
        { &llama, .1, .10015, 2265, 2865, { 0 } },
        { &llama, .2, .20001, 1801, 2278, { 1350, 1350, 1969, 1969 } },
        { &smollm, .1, (double)NAN, 262, 386, { 0 } },
        { &smollm, .2, (double)NAN, 195, 288, { 171, 85, 249, 249 } },
        { &stories, .1, (double)NAN, 31, 43, { 0 } },
        { &stories, .2, (double)NAN, 24, 34, { 20, 13, 29, 29 } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = lay_out(rows[i].of), ranks[4];
        struct joint_goal goal = { .rule = JOINT_PRUNE, .value = rows[i].prune };
        struct joint_account a;
        struct error err = { 0 };
        CHECK(joint_plan(&goal, rows[i].of->parameters, groups, n, &a, &err));
        CHECK(ranks_are(n, rows[i].qk, rows[i].gate_up));
        printf("# prune %.0f %%: %.5f of the model, %.5f of the groups\n", 100 * rows[i].prune,
               a.prune, a.modules);
        CHECK(a.prune >= rows[i].prune && a.prune == a.prune_asked);
        if (!isnan(rows[i].realised))
            CHECK(fabs(a.prune - rows[i].realised) < 1e-5);
        separate_ranks_kept(&groups[0].shape, 1 - rows[i].prune / a.ceiling, ranks);
        separate_ranks_kept(&groups[1].shape, 1 - rows[i].prune / a.ceiling, ranks + 2);
        for (size_t j = 0; rows[i].separate[0] && j < 4; j++)
            if (ranks[j] != rows[i].separate[j])
                CHECK(ranks[j] == rows[i].separate[j]);
    }
}

static void shares(void)
{
    struct joint_shape qk = { 4096, 2, { 4096, 4096 } }, gate_up = { 4096, 2, { 11008, 11008 } };
    CHECK(fabs(joint_break_even(&qk) - 2730.67) < .005);
    CHECK(fabs(joint_break_even(&gate_up) - 3453.49) < .005);
    CHECK(fabs(separate_break_even(&qk, 0) - 2048) < .005);
    CHECK(fabs(separate_break_even(&gate_up, 1) - 2985.2) < .05);
    size_t n = lay_out(&llama);
    struct joint_account a = joint_account_of(llama.parameters, groups, n);
    CHECK(fabs(a.ceiling - .5876) < 5e-5 && a.prune == 0 && a.left == a.dense);
    n = lay_out(&smollm);
    a = joint_account_of(smollm.parameters, groups, n);
    CHECK(fabs(a.ceiling - .4933) < 5e-5);
}

static bool refused(const struct joint_goal *goal, uint64_t model, size_t n, const char *because)
{
    struct joint_account a;
    struct error err = { 0 };
    bool ok = !joint_plan(goal, model, groups, n, &a, &err) && err.code == ERROR_USAGE &&
              strstr(err.text, because);
    printf("# %s\n", err.text);
    return ok;
}

static void refusals(void)
{
    size_t n = lay_out(&llama);
    uint64_t model = llama.parameters;
    CHECK(refused(&(struct joint_goal){ JOINT_PRUNE, .5877, 0 }, model, n, "58.76 %"));
    CHECK(refused(&(struct joint_goal){ JOINT_PRUNE, .8, 0 }, model, n, "58.76 %"));
    CHECK(refused(&(struct joint_goal){ JOINT_PRUNE, .5875, 0 }, model, n, "rank 1"));
    CHECK(refused(&(struct joint_goal){ JOINT_PRUNE, 1, 0 }, model, n, "100 %"));
    CHECK(refused(&(struct joint_goal){ JOINT_PRUNE, -.1, 0 }, model, n, "100 %"));
    CHECK(refused(&(struct joint_goal){ JOINT_PRUNE, (double)NAN, 0 }, model, n, "100 %"));
    CHECK(refused(&(struct joint_goal){ JOINT_KEEP, 0, 0 }, model, n, "share"));
    CHECK(refused(&(struct joint_goal){ JOINT_RANK, 0, 0 }, model, n, "at least 1"));
    CHECK(refused(&(struct joint_goal){ JOINT_ENERGY, .9, 0 }, model, n, "singular values"));
    CHECK(refused(&(struct joint_goal){ JOINT_PRUNE, .1, 0 }, 1000, n, "more than"));
}

/* Ranks that blocks can hold, beside those that were asked for; factors that would be larger. */
static void rounded(void)
{
    size_t n = lay_out(&stories);
    struct joint_goal goal = { JOINT_PRUNE, .1, 32 };
    struct joint_account a;
    struct error err = { 0 };
    CHECK(joint_plan(&goal, stories.parameters, groups, n, &a, &err));
    CHECK(ranks_are(n, 32, 32) && groups[0].asked == 31 && groups[1].asked == 43);
    CHECK(a.prune != a.prune_asked && a.left != a.left_asked);
    goal = (struct joint_goal){ JOINT_RANK, 39, 0 }; /* QK: 38.4 breaks even */
    CHECK(joint_plan(&goal, stories.parameters, groups, n, &a, &err));
    CHECK(ranks_are(n, 0, 39));
    uint64_t left = 5 * ((uint64_t)64 * 96 + (uint64_t)39 * (64 + 344));
    CHECK(a.left == left && a.dense == 5 * 64 * (96 + 344));
    CHECK_NEAR(a.prune, (double)(a.dense - left) / 260032, 1e-15);
    for (size_t i = 0; i < n; i++)
        groups[i].asked = i + 1;
    goal = (struct joint_goal){ .rule = JOINT_MANUAL };
    CHECK(joint_plan(&goal, stories.parameters, groups, n, &a, &err) && groups[6].rank == 7);
}

enum { MADE = 3 };
static struct joint_profile made[MADE];

/* A low rank in noise, noise alone, and a fast decay; of unlike sizes. */
static void make_profiles(struct lab *l)
{
    static const size_t shape[MADE][3] = { { 48, 40, 20 }, { 24, 16, 16 }, { 32, 60, 50 } };
    struct error err = { 0 };
    for (size_t g = 0; g < MADE; g++) {
        size_t n = shape[g][0], rows = shape[g][1] + shape[g][2];
        struct matrix m = lab_matrix(DTYPE_F64, rows, n), low = lab_matrix(DTYPE_F64, rows, 4),
                      high = lab_matrix(DTYPE_F64, 4, n);
        random_fill(SKETCH_GAUSSIAN, 3, STREAM_TEST, (uint32_t)g, g == 2 ? .02 : .2, m.view);
        random_fill(SKETCH_GAUSSIAN, 4, STREAM_TEST, (uint32_t)g, 1, low.view);
        random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, (uint32_t)g, 1, high.view);
        if (g != 1)
            blas_gemm_add(g == 2 ? 2 : 1, low.view, high.view, m.view);
        struct matrix_view parts[] = { matrix_block(m.view, 0, 0, shape[g][1], n),
                                       matrix_block(m.view, shape[g][1], 0, shape[g][2], n) };
        if (!joint_profile_init(&made[g], &l->job, parts, 2, BALANCE_NONE, 0, &err))
            printf("Bail out! %s\n", err.text);
        groups[g] = (struct joint_choice){ .shape = made[g].shape, .profile = &made[g] };
        matrix_finish(&m);
        matrix_finish(&low);
        matrix_finish(&high);
    }
}

/* What all groups lose, squared. */
static double loss(const size_t *ranks)
{
    double sum = 0;
    for (size_t g = 0; g < MADE; g++) {
        double e = ranks[g] ? joint_error(&made[g], ranks[g]) * made[g].total : 0;
        sum += e * e;
    }
    return sum;
}

static uint64_t price(const size_t *ranks)
{
    uint64_t sum = 0;
    for (size_t g = 0; g < MADE; g++)
        sum += ranks[g] ? joint_parameters(&made[g].shape, ranks[g]) : joint_dense(&made[g].shape);
    return sum;
}

/* The least loss within a budget, of all ranks there are. */
static double best_of_all(uint64_t budget)
{
    size_t r[MADE];
    double best = HUGE_VAL;
    for (r[0] = 0; r[0] < 27; r[0]++)
        for (r[1] = 0; r[1] < 14; r[1]++)
            for (r[2] = 0; r[2] < 25; r[2]++)
                if (price(r) <= budget)
                    best = fmin(best, loss(r));
    return best;
}

static void budgets(void)
{
    uint64_t model = 20000, dense = 0;
    bool within = true;
    double apart = 0, mean = 0;
    int n = 0;
    struct joint_account a;
    struct error err = { 0 };
    CHECK(refused(&(struct joint_goal){ JOINT_BUDGET, 305, 0 }, model, MADE, "306"));
    for (size_t g = 0; g < MADE; g++)
        dense += joint_dense(&made[g].shape);
    for (uint64_t value = 306; value < 9000; value += 131, n++) {
        struct joint_goal goal = { JOINT_BUDGET, (double)value, 0 };
        size_t ranks[MADE];
        double whole = 0;
        within = within && joint_plan(&goal, model, groups, MADE, &a, &err);
        for (size_t g = 0; g < MADE; g++) {
            ranks[g] = groups[g].rank;
            whole += made[g].total * made[g].total;
        }
        double off = sqrt(loss(ranks) / whole) - sqrt(best_of_all(value) / whole);
        within = within && a.left <= value && a.left == price(ranks);
        apart = fmax(apart, off);
        mean += off;
    }
    mean /= n;
    printf("# %d budgets: errors at most %.3g above the best of all ranks, %.3g on average\n", n,
           apart, mean);
    CHECK(within && apart < .011 && mean < 6e-4);
    struct joint_goal all = { JOINT_BUDGET, (double)dense, 0 };
    CHECK(joint_plan(&all, model, groups, MADE, &a, &err) && a.left == dense && !groups[0].rank);
}

static void by_values(void)
{
    struct joint_account a;
    struct error err = { 0 };
    bool least = true;
    for (double share = .1; share < 1; share += .1) {
        struct joint_goal goal = { JOINT_ENERGY, share, 0 };
        CHECK(joint_plan(&goal, 20000, groups, MADE, &a, &err));
        for (size_t g = 0; g < MADE; g++) {
            size_t k = groups[g].asked;
            double at = joint_error(&made[g], k), below = joint_error(&made[g], k - 1);
            least = least && 1 - at * at >= share - 1e-12 && 1 - below * below < share;
        }
    }
    CHECK(least);
    struct joint_goal edge = { JOINT_EDGE, 0, 0 };
    CHECK(joint_plan(&edge, 20000, groups, MADE, &a, &err));
    printf("# above the edge: %zu, %zu, %zu\n", groups[0].asked, groups[1].asked, groups[2].asked);
    CHECK(groups[0].asked == 4 && groups[1].asked <= 2 && groups[2].asked == 4);
}

static void no_memory(void)
{
    struct joint_goal goal = { JOINT_BUDGET, 4000, 0 };
    size_t before = memory_used();
    bool done = false, right = true;
    for (long k = 0; !done && k < 10; k++) {
        struct joint_account a;
        struct error err = { 0 };
        memory_fail_after(k);
        done = joint_plan(&goal, 20000, groups, MADE, &a, &err);
        memory_fail_after(-1);
        right = right && (done || err.code == ERROR_MEMORY) && memory_used() == before;
    }
    CHECK(done && right);
}

/* Parameters of separate factorizations, ranks[i] each. */
static uint64_t parameters_of(const struct joint_shape *s, const size_t *ranks)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->p; i++)
        sum += (uint64_t)ranks[i] * (s->n + s->rows[i]);
    return sum;
}

/* Separate ranks take no more than their share, however small it is; a joint rank is at least 1. */
static void kept(void)
{
    static const struct joint_shape shapes[] = { { 12, 2, { 20, 7 } },
                                                 { 64, 3, { 64, 8, 1 } },
                                                 { 3, 2, { 1, 1 } } };
    double over = 0;
    size_t none = 0, joint = 0;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        for (size_t k = 0; k <= 100; k++) {
            size_t ranks[JOINT_MEMBERS];
            separate_ranks_kept(&shapes[i], (double)k / 100, ranks);
            over = fmax(over, (double)parameters_of(&shapes[i], ranks) -
                                  (double)k / 100 * (double)joint_dense(&shapes[i]));
            none += !ranks[0];
            joint += joint_rank_kept(&shapes[i], (double)k / 100) > 0;
        }
    printf("# separate ranks: at most %g parameters over their share\n", over);
    CHECK(over < 1e-9);
    CHECK(none > 10 && joint == 303);
}

int main(void)
{
    struct lab l;
    lab_open(&l);
    uniform();
    shares();
    kept();
    refusals();
    rounded();
    make_profiles(&l);
    budgets();
    by_values();
    no_memory();
    for (size_t g = 0; g < MADE; g++)
        joint_profile_finish(&made[g]);
    lab_close(&l);
    CHECK(memory_used() == 0);
    return check_done();
}
