/* What a release does, in which order, and what it leaves behind. This test is linked with a ledger,
 * a source of entropy and a noise of its own: they write down when they were asked, and can refuse. */

#include "check.h"

#include "backend.h"
#include "entropy.h"
#include "exact.h"
#include "gradual.h"
#include "memory.h"
#include "release_noise.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern const struct backend_ops backend_cpu;

/* ---- what stands in ---- */

static struct {
    char order[64]; /* E entropy, G a device's Gram matrix, L ledger, N noise */
    bool no_entropy, no_noise;
    enum error_code refused;                        /* by the ledger */
    enum { RIGHT, FLIPPED, FAILED, LARGER } device; /* how it does */
    atomic_bool cancel;
    bool cancel_in_ledger, cancel_in_device;
    long grams;
    const char *cancel_at; /* a stage */
    double seen[4];        /* how far it was said to be at "rows" and "Gram matrix", at most */
    bool look;             /* for what should not be there: takes a while */
    long rows_seen, sums_seen, rows_at_noise;
    struct ledger_spend spend;
} now;

static long strange; /* calls that no release makes */

static void note(char what)
{
    size_t n = strlen(now.order);
    if (n + 1 < sizeof(now.order) && (!n || now.order[n - 1] != what))
        now.order[n] = what;
}

bool entropy_fill(void *out, size_t n, struct error *err)
{
    static uint64_t state = 88172645463325252u;
    note('E');
    if (now.no_entropy)
        return fail(err, ERROR_READ, "no entropy");
    for (size_t i = 0; i < n; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        ((unsigned char *)out)[i] = (unsigned char)(state >> 32);
    }
    return true;
}

/* ---- where the secrets are ---- */

enum { N = 50, D = 4, STEPS = 32768 };
/* One row on the grid and one of the sums, hidden from the search by a mask. */
static const uint32_t mask = 0x5a5a5a5a;
static uint32_t masked_row[D];
static uint64_t masked_sum;

/* Reads what is mapped, whoever it belongs to. */
#define ANYWHERE __attribute__((no_sanitize("address", "undefined")))
ANYWHERE static bool is_row(const uint32_t *at)
{
    for (size_t j = 0; j < D; j++)
        if ((at[j] ^ mask) != masked_row[j])
            return false;
    return true;
}

ANYWHERE static void search_range(uintptr_t from, uintptr_t until, long *rows, long *sums)
{
    for (uintptr_t at = from; at + 16 <= until; at += 4) {
        *rows += is_row((const uint32_t *)at);
        uint64_t sum = (uint64_t)((const uint32_t *)at)[1] << 32 | *(const uint32_t *)at;
        *sums += (sum ^ ((uint64_t)mask << 32 | mask)) == masked_sum;
    }
}

static void search(long *rows, long *sums)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    *rows = *sums = 0;
    while (now.look && maps && fgets(line, sizeof(line), maps)) {
        uintptr_t from, until;
        char read;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %c", &from, &until, &read) == 3 &&
            read == 'r' && until - from < (uintptr_t)1 << 28 && !strstr(line, "[v"))
            search_range(from, until, rows, sums);
    }
    if (maps)
        fclose(maps);
}

bool ledger_spend(const char *path, const struct ledger_spend *spend, struct ledger_account *after,
                  struct error *err)
{
    note('L');
    strange += strcmp(path, "the ledger") != 0;
    now.spend = *spend;
    search(&now.rows_seen, &now.sums_seen);
    *after = (struct ledger_account){ .releases = 1, .mu = spend->mu };
    atomic_store(&now.cancel, now.cancel_in_ledger);
    return !now.refused || fail(err, now.refused, "the ledger says no");
}

/* None, so that what comes out is what went in. */
bool release_noise(const int64_t *gram, size_t d, const struct release_deviation *s,
                   struct chacha *from, int64_t *out, struct error *err)
{
    long sums;
    (void)from;
    note('N');
    search(&now.rows_at_noise, &sums);
    strange += !(s->off > 0 && s->diagonal >= s->off);
    memmove(out, gram, d * d * sizeof(*out));
    return !now.no_noise || fail(err, ERROR_NUMERIC, "no noise");
}

static bool device_gram(struct backend *b, const int32_t *rows, size_t n, size_t d, int64_t *out,
                        struct error *err)
{
    (void)b;
    note('G');
    now.grams++;
    if (now.cancel_in_device)
        atomic_store(&now.cancel, true);
    exact_gram(rows, n, d, out);
    out[d + 1] ^= now.device == FLIPPED ? 4 : 0;
    out[d] += now.device == LARGER ? ((int64_t)1 << 61) - 1 : 0;
    return now.device != FAILED ||
           fail(err, ERROR_DEVICE, "%zu bytes of %zu rows failed", 4 * n * d, n);
}

static void told(void *context, double done, const char *stage)
{
    (void)context;
    size_t at = !strcmp(stage, "rows") ? 0 : !strcmp(stage, "Gram matrix") ? 1 : 2;
    now.seen[at] = done > now.seen[at] ? done : now.seen[at];
    if (now.cancel_at && !strcmp(stage, now.cancel_at))
        atomic_store(&now.cancel, true);
}

/* ---- the runs ---- */

static struct backend_ops made;
static double data[N * D];

static void start(void)
{
    memset(&now, 0, sizeof(now));
}

static struct matrix_view rows_of(size_t n)
{
    return (struct matrix_view){ data, n, D, D, 1, DTYPE_F64 };
}

static struct release_terms terms(enum mechanism m)
{
    return (struct release_terms){ .mechanism = m,
                                   .relation = RELATION_REPLACE,
                                   .epsilon = 1,
                                   .delta = 1e-6,
                                   .clip = 1,
                                   .rank = 2,
                                   .dataset = "people" };
}

static bool run(struct backend *b, size_t n, const struct release_terms *t, struct release *out,
                struct error *err)
{
    struct arena scratch = { 0 };
    struct job job = { .backend = b, .scratch = &scratch, .cancel = &now.cancel, .progress = told };
    bool ok = release_make(&job, rows_of(n), t, "the ledger", out, err);
    arena_finish(&scratch);
    return ok;
}

static void fill(void)
{
    int32_t grid[N * D];
    int64_t sums[D * D];
    for (size_t i = 0; i < (size_t)N * D; i++) {
        grid[i] = (int32_t)(i * 7919 % 20011) - 10000;
        data[i] = (double)grid[i] / STEPS;
    }
    exact_gram(grid, N, D, sums);
    for (size_t j = 0; j < D; j++)
        masked_row[j] = (uint32_t)grid[7 * D + j] ^ mask;
    masked_sum = (uint64_t)sums[D + 2] ^ ((uint64_t)mask << 32 | mask);
    memset(grid, 0, sizeof(grid));
    memset(sums, 0, sizeof(sums));
    __asm__ volatile("" : : "r"(grid), "r"(sums) : "memory");
}

/* Entry by entry, from the floats and not from what the engine made of them. */
static bool exact(const struct release *r, size_t n)
{
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j < D; j++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++)
                sum += data[k * D + i] * data[k * D + j];
            if (sum != matrix_at(r->draw.noisy.view, i, j))
                return false;
        }
    return true;
}

static bool empty(const struct release *r)
{
    return !r->draw.noisy.view.data && !r->draw.y.view.data && !r->draw.values && !r->d;
}

static void in_order(struct backend *b, struct backend *device)
{
    for (enum mechanism m = 0; m < MECHANISMS; m++) {
        struct release_terms t = terms(m);
        struct release r;
        struct error err;
        long rows, sums;
        start();
        now.look = true;
        CHECK(run(device, N, &t, &r, &err) && exact(&r, N));
        CHECK(!strcmp(now.order, "EGLN"));
        CHECK(r.n == N && r.d == D && r.mu == now.spend.mu && r.account.releases == 1);
        search(&rows, &sums);
        printf("# %s: rows in %ld places and sums in %ld before it was paid, %ld and %ld after\n",
               mechanism_names[m], now.rows_seen, now.sums_seen, rows, sums);
        CHECK(now.rows_seen > 0 && now.sums_seen > 0); /* the search finds them where they are */
        CHECK(now.rows_at_noise == 0 && rows == 0 && sums == 0);
        release_finish(&r);
        start();
        t.relation = RELATION_ADD_REMOVE;
        CHECK(run(b, N - 1, &t, &r, &err) && exact(&r, N - 1) && r.n == 0);
        CHECK(!strcmp(now.order, "ELN"));
        release_finish(&r);
    }
}

/* Whoever says no, nothing after him happens, and nothing is handed out. */
static void refused(struct backend *b)
{
    struct release_terms t = terms(MECHANISM_REAL);
    struct release r;
    struct error err;
    long rows, sums;
    start();
    now.no_entropy = true;
    CHECK(!run(b, N, &t, &r, &err) && err.code == ERROR_READ && empty(&r));
    CHECK(!strcmp(now.order, "E"));
    start();
    now.look = true;
    now.refused = ERROR_LIMIT;
    CHECK(!run(b, N, &t, &r, &err) && err.code == ERROR_LIMIT && empty(&r));
    CHECK(!strcmp(now.order, "EL") && r.account.releases == 1);
    search(&rows, &sums);
    CHECK(rows == 0 && sums == 0);
    start();
    now.look = true;
    now.no_noise = true;
    CHECK(!run(b, N, &t, &r, &err) && err.code == ERROR_NUMERIC && empty(&r));
    CHECK(!strcmp(now.order, "ELN") && strstr(err.text, "what was paid stays paid"));
    search(&rows, &sums);
    CHECK(rows == 0 && sums == 0);
}

/* A device that fails, or errs by one bit, or by what a smaller prime would not see. */
static void devices(struct backend *device)
{
    struct release_terms t = terms(MECHANISM_REAL);
    for (unsigned how = FLIPPED; how <= LARGER; how++) {
        struct release r = { 0 };
        struct error err = { 0 };
        start();
        now.device = how;
        backend_counts_reset(device);
        CHECK(run(device, N, &t, &r, &err) && exact(&r, N));
        CHECK(!strcmp(now.order, "EGLN"));
        printf("# %s\n", backend_trouble(device));
        CHECK(backend_counts(device).fallback[OP_GRAM_EXACT] == 1 && *backend_trouble(device));
        CHECK(!strstr(backend_trouble(device), "rows") && !strstr(backend_trouble(device), "50"));
        release_finish(&r);
    }
}

static void cancelled(struct backend *device)
{
    static const char *const stages[] = { "rows", "Gram matrix", "check", "ledger", "noise" };
    struct release_terms t = terms(MECHANISM_COMPLEX);
    for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++) {
        struct release r;
        struct error err = { 0 };
        start();
        now.cancel_at = stages[i];
        bool ok = run(device, N, &t, &r, &err), paid = strchr(now.order, 'L');
        CHECK(ok == paid && (ok || (err.code == ERROR_CANCELLED && empty(&r))));
        CHECK(!ok || exact(&r, N));
        CHECK(paid == (i >= 3)); /* the job is asked for the last time as the ledger is announced */
        release_finish(&r);
    }
    struct release r;
    struct error err = { 0 };
    start();
    now.cancel_in_ledger = true;
    CHECK(run(device, N, &t, &r, &err) && exact(&r, N) && r.draw.rank == 4);
    release_finish(&r);
}

/* More rows than are worked on at a time: sums of the parts, and stopped between two of them. */
static void in_stretches(struct backend *device)
{
    enum { MANY = 9000, WIDE = 250 };
    struct release_terms t = terms(MECHANISM_REAL);
    struct matrix many = { 0 };
    struct arena scratch = { 0 };
    struct job job = {
        .backend = device, .scratch = &scratch, .cancel = &now.cancel, .progress = told
    };
    struct release r = { 0 };
    struct error err = { 0 };
    start();
    CHECK(matrix_init(&many, DTYPE_F32, MANY, WIDE, &err));
    for (size_t i = 0; i < MANY; i++)
        matrix_put(many.view, i, i % WIDE, i % 2 ? 0.5 : -0.25);
    backend_counts_reset(device);
    CHECK(release_make(&job, many.view, &t, "the ledger", &r, &err));
    CHECK(backend_counts(device).device[OP_GRAM_EXACT] == 3);
    CHECK(now.seen[1] > 0.2);
    CHECK(matrix_at(r.draw.noisy.view, 1, 1) == 9 && matrix_at(r.draw.noisy.view, 2, 2) == 2.25 &&
          matrix_at(r.draw.noisy.view, 1, 2) == 0);
    release_finish(&r);
    start(); /* where the number of rows is secret, what is said of progress tells nothing of it */
    t.relation = RELATION_ADD_REMOVE;
    CHECK(release_make(&job, many.view, &t, "the ledger", &r, &err));
    CHECK(now.grams == 3 && now.seen[0] == 0 && now.seen[1] == 0.2);
    release_finish(&r);
    start();
    now.cancel_in_device = true;
    CHECK(!release_make(&job, many.view, &t, "the ledger", &r, &err) &&
          err.code == ERROR_CANCELLED);
    CHECK(!strcmp(now.order, "EG") && now.grams == 1);
    matrix_finish(&many);
    arena_finish(&scratch);
}

/* What is said where allocation number i fails; false: none did. */
static bool sentence(struct backend *b, size_t n, long i, char text[2 * ERROR_TEXT])
{
    struct release_terms t = terms(MECHANISM_COMPLEX);
    struct release r;
    struct error err = { 0 };
    t.relation = RELATION_ADD_REMOVE;
    start();
    memory_fail_after(i);
    bool ok = run(b, n, &t, &r, &err);
    memory_fail_after(-1);
    release_finish(&r);
    bool paid = strchr(now.order, 'L');
    snprintf(text, 2 * ERROR_TEXT, "%d %d %s", err.code, paid, err.text);
    strange += !ok && (err.code != ERROR_MEMORY || paid != !!strstr(err.text, "stays paid"));
    return !ok;
}

static void without_memory(struct backend *b)
{
    size_t before = memory_used();
    long i = 0, unlike = 0, paid = 0;
    for (bool more = true; more && i < 200; i++) {
        char one[2 * ERROR_TEXT], other[2 * ERROR_TEXT];
        more = sentence(b, N, i, one);
        sentence(b, N - 1, i, other);
        unlike += strcmp(one, other) != 0;
        paid += more && strstr(one, "stays paid");
        if (i == 2)
            printf("# %s\n", one);
    }
    printf("# %ld allocations failed, %ld after the payment; %ld sentences tell neighbours apart\n",
           i - 1, paid, unlike);
    CHECK(i > 5 && i < 200 && unlike == 0);
    CHECK(memory_used() == before);
}

/* With less and less memory it is refused before the payment, or it is whole. */
static void scarce(struct backend *b)
{
    enum { WIDE = 60 };
    struct matrix many = { 0 };
    struct error err = { 0 };
    long refusals = 0, whole = 0, lost = 0;
    CHECK(matrix_init(&many, DTYPE_F64, 20, WIDE, &err));
    for (size_t limit = memory_used() + 4096; whole < 3; limit += 4096) {
        struct release_terms t = terms(MECHANISM_COMPLEX);
        struct arena scratch = { 0 };
        struct job job = { .backend = b, .scratch = &scratch };
        struct release r;
        t.rank = WIDE; /* no rank takes more */
        t.form = MECHANISM_Y_K;
        start();
        memory_limit(limit);
        bool ok = release_make(&job, many.view, &t, "the ledger", &r, &err);
        memory_limit(0);
        whole += ok;
        refusals += !ok && !strchr(now.order, 'L');
        lost += !ok && strchr(now.order, 'L');
        release_finish(&r);
        arena_finish(&scratch);
    }
    printf("# %ld limits of memory: refused, %ld of them after the payment\n", refusals, lost);
    CHECK(refusals > 20 && lost == 0);
    matrix_finish(&many);
}

/* The path of a gradual release is paid once, for the finest view. */
static void gradually(struct backend *b)
{
    struct release_terms t = terms(MECHANISM_COMPLEX);
    struct arena scratch = { 0 };
    struct job job = { .backend = b, .scratch = &scratch };
    struct gradual g;
    struct error err;
    start();
    CHECK(gradual_make(&job, rows_of(N), &t, 0.25, 3, "the ledger", &g, &err));
    CHECK(!strcmp(now.order, "ELN") && now.spend.mu == g.mu[2] && now.spend.epsilon == 1);
    gradual_finish(&g);
    start();
    now.refused = ERROR_LIMIT;
    CHECK(!gradual_make(&job, rows_of(N), &t, 0.25, 3, "the ledger", &g, &err) && g.n == 0);
    CHECK(!strcmp(now.order, "EL") && g.facts.account.releases == 1);
    gradual_finish(&g);
    arena_finish(&scratch);
}

int main(void)
{
    struct error err = { 0 };
    made = backend_cpu;
    made.name = "made-up";
    made.gram_exact = device_gram;
    struct backend *b = backend_open("cpu", NULL, &err), *device = backend_start(&made, NULL, &err);
    fill();
    in_order(b, device);
    refused(b);
    devices(device);
    cancelled(device);
    in_stretches(device);
    without_memory(b);
    scarce(b);
    gradually(b);
    CHECK(strange == 0);
    backend_close(device);
    backend_close(b);
    return check_done();
}
