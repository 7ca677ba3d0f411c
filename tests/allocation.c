#include "allocation.h"
#include "check.h"
#include "lab.h"

/* Bits for components, against every choice there is, and on curves with a known answer. */

enum { N = 6, OPTIONS = 4 };

static struct allocation made(double *distortion, double *without, const uint64_t *cost,
                              uint64_t allowed, uint64_t overhead, size_t groups)
{
    return (struct allocation){ .n = N,
                                .options = OPTIONS,
                                .distortion = distortion,
                                .without = without,
                                .cost = cost,
                                .allowed = allowed,
                                .overhead = overhead,
                                .groups = groups };
}

/* Energies that fall, and each option leaves its own share, a little different for each component. */
static void energies(uint64_t seed, double *distortion, double *without)
{
    struct matrix draw = lab_matrix(DTYPE_F64, N, OPTIONS + 1);
    random_fill(SKETCH_GAUSSIAN, seed, STREAM_TEST, 0, 1, draw.view);
    for (size_t i = 0; i < N; i++) {
        without[i] = exp(-(double)i + 0.3 * matrix_at(draw.view, i, OPTIONS));
        for (size_t o = 0; o < OPTIONS; o++)
            distortion[i * OPTIONS + o] = without[i] * exp2(-2 * ((double)o + 1) +
                                                            0.2 * matrix_at(draw.view, i, o));
    }
    matrix_finish(&draw);
}

/* The least distortion of all (OPTIONS + 1)^N choices that fit. */
static double exhaustive(const struct allocation *a)
{
    int choice[N];
    size_t all = 1;
    double least = (double)INFINITY;
    for (size_t i = 0; i < N; i++)
        all *= OPTIONS + 1;
    for (size_t at = 0; at < all; at++) {
        size_t rest = at, used = 0;
        bool users[OPTIONS] = { false };
        for (size_t i = 0; i < N; i++, rest /= OPTIONS + 1) {
            choice[i] = (int)(rest % (OPTIONS + 1)) - 1;
            if (choice[i] >= 0)
                users[choice[i]] = true;
        }
        for (size_t o = 0; o < OPTIONS; o++)
            used += users[o];
        if (used <= a->groups && allocation_bits(a, choice) <= a->allowed)
            least = fmin(least, allocation_left(a, choice));
    }
    return least;
}

/* Never more bits or groups than allowed, and near the best of all choices. */
static void against_all(void)
{
    static const uint64_t cost[OPTIONS] = { 10, 20, 30, 40 };
    double distortion[N * OPTIONS], without[N], worst = 1, product = 1;
    bool keeps = true;
    int runs = 0;
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (uint64_t allowed = 20; allowed <= 240; allowed += 44)
            for (size_t groups = 1; groups <= OPTIONS; groups += 3) {
                struct arena scratch = { 0 };
                struct job job = { .scratch = &scratch };
                struct error err = { 0 };
                int choice[N];
                energies(seed, distortion, without);
                struct allocation a = made(distortion, without, cost, allowed, seed % 2 ? 4 : 15,
                                           groups);
                bool ok = allocation_deal(&a, &job, 0, choice, &err);
                double ratio = allocation_left(&a, choice) / exhaustive(&a);
                size_t used = 0;
                for (int o = 0; o < OPTIONS; o++) {
                    bool any = false;
                    for (size_t i = 0; i < N; i++)
                        any = any || choice[i] == o;
                    used += any;
                }
                keeps = keeps && ok && allocation_bits(&a, choice) <= allowed && used <= groups &&
                        ratio >= 1 - 1e-12;
                worst = fmax(worst, ratio);
                product *= ratio;
                runs++;
                arena_finish(&scratch);
            }
    printf("# %d allocations of 6 components: %.3f times the best of all choices, at worst %.3f\n",
           runs, pow(product, 1.0 / runs), worst);
    CHECK(keeps);
    CHECK(pow(product, 1.0 / runs) < 1.1);
    CHECK(worst < 2);
}

/* Gaussian components: D = sigma^2 4^-b. The water level: every component that has bits is left with the
 * same distortion within a bit's factor of 4, and those without have less to begin with. */
static void level(void)
{
    enum { MANY = 200, MOST = 12 };
    static double distortion[MANY * MOST], without[MANY];
    uint64_t cost[MOST];
    int choice[MANY];
    struct arena scratch = { 0 };
    struct job job = { .scratch = &scratch };
    struct error err = { 0 };
    for (size_t i = 0; i < MANY; i++) {
        without[i] = pow((double)(i + 1), -2);
        for (size_t o = 0; o < MOST; o++)
            distortion[i * MOST + o] = without[i] * pow(4, -(double)(o + 1));
    }
    for (size_t o = 0; o < MOST; o++)
        cost[o] = 100 * (o + 1);
    struct allocation a = { MANY, MOST, distortion, without, cost, 20000, 0, MOST };
    CHECK(allocation_deal(&a, &job, 0, choice, &err));
    double highest = 0, lowest = 1, out = 0;
    for (size_t i = 0; i < MANY; i++) {
        double left = choice[i] < 0 ? without[i] : distortion[i * MOST + (size_t)choice[i]];
        if (choice[i] < 0) {
            out = fmax(out, left);
            continue;
        }
        highest = fmax(highest, left);
        lowest = fmin(lowest, left);
    }
    printf(
        "# left of those with bits: %.3g to %.3g, of those without at most %.3g; %llu of 20000\n",
        lowest, highest, out, (unsigned long long)allocation_bits(&a, choice));
    CHECK(highest <= 4.2 * lowest && out <= 4.2 * lowest);
    CHECK(allocation_bits(&a, choice) > 20000 - 100);
    arena_finish(&scratch);
}

static void count(void *context, double done, const char *stage)
{
    (void)done;
    (void)stage;
    --*(int *)context;
}

/* One group of equal bits for components that deserve different ones: nearly the best there is, however many
 * options were in company before. It asks between tries whether to go on. */
static void company(void)
{
    enum { MANY = 40, WIDE = 144 };
    static double distortion[MANY * WIDE], without[MANY];
    uint64_t cost[WIDE];
    int choice[MANY], asked = 0;
    double worst = 1;
    struct error err = { 0 };
    struct arena scratch = { 0 };
    struct job job = { .scratch = &scratch, .progress = count, .context = &asked };
    for (size_t i = 0; i < MANY; i++) {
        without[i] = exp2(-(double)i / 2);
        for (size_t o = 0; o < WIDE; o++)
            distortion[i * WIDE + o] = without[i] * fmin(1, pow(4, -(double)(o / 12)) +
                                                                pow(4, -(double)(o % 12)));
    }
    for (size_t o = 0; o < WIDE; o++)
        cost[o] = 50 * (o / 12 + o % 12 + 2);
    for (uint64_t allowed = 1000; allowed <= 9000; allowed += 500) {
        struct allocation a = { MANY, WIDE, distortion, without, cost, allowed, 128, 1 };
        double best = (double)INFINITY;
        for (size_t o = 0; o < WIDE; o++) /* the first components, as energies fall */
            for (size_t n = 1; n <= MANY && n * cost[o] + 128 <= allowed; n++) {
                for (size_t i = 0; i < MANY; i++)
                    choice[i] = i < n ? (int)o : -1;
                best = fmin(best, allocation_left(&a, choice));
            }
        CHECK(allocation_deal(&a, &job, 0, choice, &err) && allocation_bits(&a, choice) <= allowed);
        worst = fmax(worst, allocation_left(&a, choice) / best);
    }
    printf("# one group: at worst %.4f times the best one\n", worst);
    CHECK(worst < 1.001);
    CHECK(asked <= -17 * (WIDE - 1));
    atomic_bool stop = true;
    job.cancel = &stop;
    struct allocation a = { MANY, WIDE, distortion, without, cost, 4000, 128, 1 };
    CHECK(!allocation_deal(&a, &job, 0, choice, &err) && err.code == ERROR_CANCELLED);
    arena_finish(&scratch);
}

/* What is left over goes up a step. One price serves equal components all alike: ten at 10 bits, 15 over, as
 * ten steps up at once are too many. */
static void leftover(void)
{
    enum { EQUAL = 10, TWO = 2 };
    double distortion[EQUAL * TWO], without[EQUAL];
    static const uint64_t cost[TWO] = { 10, 20 };
    int choice[EQUAL], higher = 0, none = 0;
    struct arena scratch = { 0 };
    struct job job = { .scratch = &scratch };
    struct error err = { 0 };
    for (size_t i = 0; i < EQUAL; i++) {
        without[i] = 1;
        distortion[i * TWO] = 0.25;
        distortion[i * TWO + 1] = 0.0625;
    }
    struct allocation a = { EQUAL, TWO, distortion, without, cost, 115, 0, TWO };
    CHECK(allocation_deal(&a, &job, 0, choice, &err));
    for (size_t i = 0; i < EQUAL; i++) {
        higher += choice[i] == 1;
        none += choice[i] < 0;
    }
    CHECK(higher == 1 && none == 0 && allocation_bits(&a, choice) == 110);
    arena_finish(&scratch);
}

int main(void)
{
    company();
    leftover();
    against_all();
    level();
    CHECK(memory_used() == 0);
    return check_done();
}
