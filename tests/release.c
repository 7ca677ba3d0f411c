/* Releases as they are made, with a ledger on disk, and what is in their files (A9's last part, A10,
 * A12). This test brings its own entropy: the kernel's, or the same again each time, or none. "strict" as
 * first argument: A10's and A12's sizes in full. */

#include "check.h"

#include "document.h"
#include "entropy.h"
#include "exact.h"
#include "gradual.h"
#include "memory.h"
#include "release_draw.h"
#include "rows.h"
#ifdef HAVE_VULKAN
#include "vulkan/vulkan.h"
#endif

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static enum { KERNEL, REPEATED, NONE } source = KERNEL;
static uint64_t repeated;

bool entropy_fill(void *out, size_t n, struct error *err)
{
    for (size_t i = 0; source == REPEATED && i < n; i++)
        ((unsigned char *)out)[i] = (unsigned char)(repeated = repeated * 6364136223846793005u + 1,
                                                    repeated >> 56);
    if (source == KERNEL && getrandom(out, n, 0) != (ssize_t)n)
        source = NONE;
    return source != NONE || fail(err, ERROR_READ, "no random numbers");
}

static char folder[64], ledger[96], file[96], array[96];
static struct backend *processor;

enum { N = 300, D = 24 };
static double data[N * D];

static struct matrix_view rows_of(double *rows, size_t n, size_t d)
{
    return (struct matrix_view){ rows, n, d, d, 1, DTYPE_F64 };
}

static struct release_terms terms(enum mechanism m)
{
    return (struct release_terms){ .mechanism = m,
                                   .relation = RELATION_REPLACE,
                                   .epsilon = 1,
                                   .delta = 1e-6,
                                   .clip = 1,
                                   .rank = 3,
                                   .dataset = "people" };
}

static bool make(struct backend *b, struct matrix_view rows, const struct release_terms *t,
                 struct release *out, struct error *err)
{
    struct arena scratch = { 0 };
    struct job job = { .backend = b, .scratch = &scratch };
    bool ok = release_make(&job, rows, t, ledger, out, err);
    arena_finish(&scratch);
    return ok;
}

static void start_over(void)
{
    source = KERNEL;
    unlink(ledger);
    unlink(file);
    unlink(array);
}

static void fill(void)
{
    for (size_t i = 0; i < (size_t)N * D; i++)
        data[i] = sin((double)(i * i % 1009)) * (i % D < 3 ? 0.5 : 0.1);
}

/* M as the release sees it: of rows on the grid, in its unit. */
static void gram_of(const struct release_terms *t, struct matrix_view out)
{
    static int32_t grid[N * D];
    static int64_t sums[D * D];
    struct row_rule rule = { .clip = t->clip, .bits = RELEASE_BITS, .centre = t->centre };
    rows_quantise(rows_of(data, N, D), &rule, grid);
    exact_gram(grid, N, D, sums);
    for (size_t i = 0; i < (size_t)D * D; i++)
        matrix_put(out, i / D, i % D,
                   ldexp((double)sums[i] * t->clip * t->clip, -2 * RELEASE_BITS));
}

/* ---- the noise of whole releases ---- */

struct spread {
    double off, diagonal, mean;
    long n;
};

static void add_noise(struct spread *x, const struct release *r, struct matrix_view gram)
{
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j <= i; j++) {
            double z = (matrix_at(r->draw.noisy.view, i, j) - matrix_at(gram, i, j)) / r->deviation;
            x->off += i == j ? 0 : z * z;
            x->diagonal += i == j ? z * z : 0;
            x->mean += z;
        }
    x->n++;
}

/* Mean 0, variance 1, and that of the diagonal, each to 5 of its own deviations. */
static bool is_law(struct spread x, double diagonal)
{
    double off = (double)x.n * D * (D - 1) / 2, on = (double)x.n * D;
    return fabs(x.off / off - 1) < 5 * sqrt(2 / off) &&
           fabs(x.diagonal / on / diagonal - 1) < 5 * sqrt(2 / on) &&
           fabs(x.mean) < 5 * sqrt(off + diagonal * on);
}

static void noise(enum mechanism m, double clip, const double *centre)
{
    struct release_terms t = terms(m);
    struct matrix gram = { 0 };
    struct spread x = { 0 };
    struct error err = { 0 };
    bool ok = matrix_init(&gram, DTYPE_F64, D, D, &err);
    double diagonal = m == MECHANISM_IID ? 1 : 2;
    start_over();
    t.clip = clip;
    t.centre = centre;
    gram_of(&t, gram.view);
    for (int i = 0; ok && i < 40; i++) {
        struct release r;
        ok = make(processor, rows_of(data, N, D), &t, &r, &err);
        if (ok)
            add_noise(&x, &r, gram.view);
        release_finish(&r);
    }
    printf("# %s, clip %g: variance %.3f, diagonal %.3f%s\n", mechanism_names[m], clip,
           x.off / ((double)x.n * D * (D - 1) / 2), x.diagonal / ((double)x.n * D),
           ok ? "" : err.text);
    CHECK(ok && is_law(x, diagonal));
    CHECK(!is_law(x, diagonal / 2) && !is_law(x, diagonal * 2)); /* a diagonal of the other law */
    x.off *= 1.15, x.diagonal *= 1.15;
    CHECK(!is_law(x, diagonal)); /* noise that is 7 % too wide */
    matrix_finish(&gram);
}

/* ---- what comes out ---- */

static bool mirrored(struct matrix_view a, double sign)
{
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            if (matrix_at(a, i, j) != sign * matrix_at(a, j, i))
                return false;
    return true;
}

static bool alike(struct matrix_view a, struct matrix_view b)
{
    if (!a.data || !b.data)
        return !a.data && !b.data;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            if (matrix_at(a, i, j) != matrix_at(b, i, j))
                return false;
    return true;
}

static bool same_draw(const struct release_draw *a, const struct release_draw *b)
{
    return alike(a->noisy.view, b->noisy.view) && alike(a->imaginary.view, b->imaginary.view) &&
           alike(a->y.view, b->y.view) && a->rank == b->rank &&
           !memcmp(a->values, b->values, a->noisy.view.rows * sizeof(double));
}

static bool on_lattice(struct matrix_view a, double lattice)
{
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            if (matrix_at(a, i, j) / lattice != rint(matrix_at(a, i, j) / lattice))
                return false;
    return true;
}

static bool same_facts(const struct release *a, const struct release *b)
{
    return a->d == b->d && a->n == b->n && a->mechanism == b->mechanism &&
           a->relation == b->relation && a->form == b->form && a->rank == b->rank &&
           a->shrink == b->shrink && a->clamp == b->clamp && a->bits == b->bits &&
           a->epsilon == b->epsilon && a->delta == b->delta && a->clip == b->clip &&
           a->mu == b->mu && a->deviation == b->deviation && a->lattice == b->lattice &&
           a->view == b->view && !strcmp(a->version, b->version);
}

static size_t rank_of(enum mechanism m, enum mechanism_form form, size_t k)
{
    size_t most = m == MECHANISM_COMPLEX && form == MECHANISM_Y ? 2 * k : k;
    return most < D ? most : D;
}

/* One of each kind, to a file and back. */
static void files(enum mechanism m, enum mechanism_form form, enum relation relation)
{
    struct release_terms t = terms(m);
    struct release r, back;
    struct error err = { 0 };
    start_over();
    t.form = form;
    t.relation = relation;
    t.shrink = relation == RELATION_REPLACE;
    t.clamp = form == MECHANISM_Y_K;
    CHECK(make(processor, rows_of(data, N, D), &t, &r, &err));
    CHECK(r.n == (relation == RELATION_REPLACE ? N : 0) && r.d == D);
    CHECK(mirrored(r.draw.noisy.view, 1) && mirrored(r.draw.y.view, 1) &&
          mirrored(r.draw.imaginary.view, -1));
    CHECK(on_lattice(r.draw.noisy.view, r.lattice) && r.lattice == 0x1p-30);
    CHECK(r.draw.rank == rank_of(m, form, 3));
    bool ok = release_write(&r, file, false, &err) && release_read(file, &back, &err);
    if (!ok)
        printf("# %s\n", err.text);
    CHECK(ok && same_draw(&r.draw, &back.draw) && same_facts(&r, &back) && !*back.dataset);
    release_finish(&back);
    CHECK(!release_write(&r, file, false, &err) && err.code == ERROR_WRITE);
    CHECK(release_write(&r, file, true, &err));
    CHECK(!release_write(&r, "/tmp/x.png", false, &err) && err.code == ERROR_USAGE);
    CHECK(!release_write(&r, "/tmp/x.factors.safetensors", false, &err) && err.code == ERROR_USAGE);
    release_finish(&r);
}

static char *read_whole(const char *path, size_t *n)
{
    struct stat s;
    FILE *f = fopen(path, "rb");
    char *text = f && fstat(fileno(f), &s) == 0 ? malloc((size_t)s.st_size + 1) : NULL;
    *n = text ? fread(text, 1, (size_t)s.st_size, f) : 0;
    if (text)
        text[*n] = '\0';
    if (f)
        fclose(f);
    return text;
}

static bool write_text(const char *path, const char *text, size_t n)
{
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(text, 1, n, f) == n;
    return f && fclose(f) == 0 && ok;
}

/* Y alone, as everybody reads it; and no file says whose it is or how many there were. */
static void other_files(void)
{
    struct release_terms t = terms(MECHANISM_COMPLEX);
    struct release r;
    struct error err = { 0 };
    size_t n;
    start_over();
    t.relation = RELATION_ADD_REMOVE;
    t.dataset = "a-name-for-the-ledger";
    CHECK(make(processor, rows_of(data, N, D), &t, &r, &err));
    CHECK(release_write(&r, array, false, &err) && release_write(&r, file, false, &err));
    struct document *d = document_open(array, &err);
    struct matrix m = { 0 };
    CHECK(d && matrix_init(&m, DTYPE_F64, D, D, &err) &&
          document_read(d, d->entries, m.view, &err) && alike(m.view, r.draw.y.view));
    matrix_finish(&m);
    document_unref(d);
    char *text = read_whole(file, &n);
    CHECK(text && n > 8 && !memmem(text, n, "eigenscope.n\"", 13) &&
          !memmem(text, n, "a-name", 6) && memmem(text, n, "\"eigenscope.world\":\"release\"", 28));
    free(text);
    release_finish(&r);
}

/* A file that says other things of itself, or is cut, or lies. */
static void broken_files(void)
{
    static const struct {
        const char *from, *to; /* as long as one another */
    } lies[] = {
        { "\"eigenscope.world\":\"release\"", "\"eigenscope.world\":\"sandbox\"" },
        { "\"eigenscope.release\":\"1\"", "\"eigenscope.release\":\"2\"" },
        { "\"eigenscope.mechanism\":\"real\"", "\"eigenscope.mechanism\":\"rael\"" },
        { "\"eigenscope.d\":\"24\"", "\"eigenscope.d\":\"23\"" },
        { "\"eigenscope.d\":\"24\"", "\"eigenscope.d\":\"-4\"" },
        { "\"eigenscope.rank\":\"3\"", "\"eigenscope.rank\":\"0\"" },
        { "\"eigenscope.n\":\"300\"", "\"eigenscope.n\":\"30x\"" },
        { "\"eigenscope.delta\":", "\"eigenscope.dalte\":" },
        { "\"noisy\":", "\"nosiy\":" },
    };
    struct release_terms t = terms(MECHANISM_REAL);
    struct release r;
    struct error err = { 0 };
    size_t n, before;
    long read = 0, wrong = 0;
    start_over();
    CHECK(make(processor, rows_of(data, N, D), &t, &r, &err) &&
          release_write(&r, file, false, &err));
    release_finish(&r);
    before = memory_used();
    char *text = read_whole(file, &n);
    for (size_t i = 0; text && i < sizeof(lies) / sizeof(*lies); i++) {
        size_t m = strlen(lies[i].from);
        char *at = memmem(text, n, lies[i].from, m);
        CHECK(at && strlen(lies[i].to) == m);
        memcpy(at, lies[i].to, m);
        wrong += !write_text(file, text, n);
        read += release_read(file, &r, &err);
        wrong += err.code != ERROR_FORMAT;
        memcpy(at, lies[i].from, m);
    }
    for (size_t i = 0; text && i < n; i += i < 1500 ? 13 : 997) {
        wrong += !write_text(file, text, i);
        read += release_read(file, &r, &err);
        wrong += err.code != ERROR_FORMAT;
    }
    CHECK(read == 0 && wrong == 0);
    text[n - 3] ^= 1; /* an eigenvalue's: anybody may write such a file; but no NaN */
    text[n - 1] = 0x7f, text[n - 2] = (char)0xf8;
    CHECK(write_text(file, text, n) && !release_read(file, &r, &err) && err.code == ERROR_FORMAT);
    free(text);
    CHECK(memory_used() == before);
}

/* With the validation layer, where there is one. */
static struct backend *open_vulkan(void)
{
    struct error err;
    struct backend *b = NULL;
#ifdef HAVE_VULKAN
    vulkan_testing.validate = true;
    b = backend_open("vulkan", NULL, &err);
    vulkan_testing.validate = b != NULL;
#endif
    return b ? b : backend_open("vulkan", NULL, &err);
}

static unsigned long complaints(void)
{
#ifdef HAVE_VULKAN
    return (unsigned long)vulkan_testing.messages;
#else
    return 0;
#endif
}

/* With the same entropy again the same release, bit for bit: of a device, of rows in another order, of
 * single precision; so that nothing but rows and entropy is in it. */
static void repeatable(void)
{
    static double turned[N * D], rounded[N * D];
    static float narrow[N * D];
    struct release_terms t = terms(MECHANISM_COMPLEX);
    struct release r[4] = { 0 };
    struct error err = { 0 };
    struct backend *vulkan = open_vulkan();
    for (size_t i = 0; i < N; i++)
        memcpy(turned + (i * 7 + 5) % N * D, data + i * D, D * sizeof(*data));
    for (size_t i = 0; i < (size_t)N * D; i++)
        rounded[i] = (double)(narrow[i] = (float)data[i]);
    struct matrix_view rows[] = { rows_of(data, N, D),
                                  rows_of(turned, N, D),
                                  rows_of(rounded, N, D),
                                  { narrow, N, D, D, 1, DTYPE_F32 } };
    start_over();
    source = REPEATED;
    for (int i = 0; i < 4; i++) {
        repeated = 1;
        CHECK(make(processor, rows[i], &t, &r[i], &err));
    }
    CHECK(same_draw(&r[0].draw, &r[1].draw) && same_draw(&r[2].draw, &r[3].draw));
    CHECK(!same_draw(&r[0].draw, &r[2].draw));
    release_finish(&r[3]);
    repeated = 1;
    if (vulkan) {
        CHECK(make(vulkan, rows[0], &t, &r[3], &err) && same_draw(&r[0].draw, &r[3].draw));
        CHECK(backend_counts(vulkan).device[OP_GRAM_EXACT] == 1);
        CHECK(backend_counts(vulkan).device[OP_NOISE] == 0 && complaints() == 0);
    } else
        printf("ok %d - no Vulkan device # SKIP\n", ++checks);
    for (int i = 0; i < 4; i++)
        release_finish(&r[i]);
    backend_close(vulkan);
    source = KERNEL;
}

/* ---- A12 ---- */

/* (s2 M1 - s1 M2) / (s2 - s1) is M where both have the same noise at two scales. */
static bool reused(void)
{
    struct release_terms t = terms(MECHANISM_REAL);
    struct release a, b;
    struct matrix gram = { 0 };
    struct error err = { 0 };
    double sum = 0;
    repeated = 1;
    CHECK(make(processor, rows_of(data, N, D), &t, &a, &err));
    t.epsilon = 2;
    repeated = 1;
    CHECK(make(processor, rows_of(data, N, D), &t, &b, &err));
    CHECK(matrix_init(&gram, DTYPE_F64, D, D, &err));
    gram_of(&t, gram.view);
    double s = a.deviation, smaller = b.deviation;
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j < D; j++) {
            double m = (s * matrix_at(b.draw.noisy.view, i, j) -
                        smaller * matrix_at(a.draw.noisy.view, i, j)) /
                       (s - smaller);
            sum += pow(m - matrix_at(gram.view, i, j), 2);
        }
    double rms = sqrt(sum) / D;
    printf("# two releases, s %.3f and %.3f: what they give away is off by %.3g in RMS\n", s,
           smaller, rms);
    release_finish(&a);
    release_finish(&b);
    matrix_finish(&gram);
    return rms < s;
}

static void no_reuse(void)
{
    start_over();
    CHECK(!reused());
    start_over();
    source = REPEATED; /* two releases from one stream: what must never be */
    CHECK(reused());
    source = KERNEL;
}

/* Moments of the steps of a path, as noise over s^2 2t = s^2 of the mechanism. */
struct path {
    double first, step, both, n, diagonal, on;
};

static void add_path(struct path *p, const struct gradual *g, struct matrix_view gram)
{
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j <= i; j++) {
            double fine = matrix_at(g->noisy[1].view, i, j) - matrix_at(gram, i, j);
            double coarse = matrix_at(g->noisy[0].view, i, j) - matrix_at(gram, i, j);
            double s = g->deviation[1], t = sqrt(pow(g->deviation[0], 2) - s * s);
            double x = fine / s, y = (coarse - fine) / t;
            if (i == j) {
                p->diagonal += pow(coarse / g->deviation[0], 2), p->on++;
                continue;
            }
            p->first += x * x, p->step += y * y, p->both += x * y, p->n++;
        }
}

static void gradually(long values)
{
    struct release_terms t = terms(MECHANISM_REAL);
    struct arena scratch = { 0 };
    struct job job = { .backend = processor, .scratch = &scratch };
    struct matrix gram = { 0 };
    struct path p = { 0 };
    struct error err = { 0 };
    bool ok = matrix_init(&gram, DTYPE_F64, D, D, &err);
    gram_of(&t, gram.view);
    while (ok && p.n < (double)values) {
        struct gradual g;
        start_over(); /* a ledger of thousands of lines is slow to read */
        ok = gradual_make(&job, rows_of(data, N, D), &t, 0.5, 2, ledger, &g, &err);
        if (ok)
            add_path(&p, &g, gram.view);
        ok = ok && g.facts.account.releases == 1 && g.facts.account.mu == gdp_mu(1, 1e-6);
        gradual_finish(&g);
    }
    double five = 5 / sqrt(p.n), correlation = p.both / sqrt(p.first * p.step);
    printf(
        "# %.0f steps of a path: variances %.4f and %.4f, correlation %.5f, coarse diagonal %.3f\n",
        p.n, p.first / p.n, p.step / p.n, correlation, p.diagonal / p.on);
    CHECK(ok && fabs(p.first / p.n - 1) < five * sqrt(2) &&
          fabs(p.step / p.n - 1) < five * sqrt(2));
    CHECK(fabs(correlation) < five && fabs(p.diagonal / p.on / 2 - 1) < 5 * sqrt(2 / p.on));
    matrix_finish(&gram);
    arena_finish(&scratch);
}

/* Coarse to fine; the file of a view says what was paid and what it shows. */
static void reveal(void)
{
    struct release_terms t = terms(MECHANISM_COMPLEX);
    struct arena scratch = { 0 };
    struct job job = { .backend = processor, .scratch = &scratch };
    struct gradual g;
    struct release r, back;
    struct error err = { 0 };
    long wrong = 0;
    start_over();
    CHECK(gradual_make(&job, rows_of(data, N, D), &t, 0.1, 7, ledger, &g, &err));
    CHECK(g.n == 7 && g.seen == 0 && g.facts.mu == g.mu[6] && g.epsilon[6] == 1);
    CHECK(fabs(g.epsilon[0] - 0.1) < 1e-6 && g.deviation[6] == g.facts.deviation);
    for (size_t i = 0; i < 7; i++) {
        CHECK(gradual_reveal(&g, i, &r, &err) && g.seen == i + 1);
        wrong += i && !(g.mu[i] > g.mu[i - 1] && g.deviation[i] < g.deviation[i - 1]);
        wrong += i && fabs(log(g.deviation[i - 1] / g.deviation[i]) * 6 /
                               log(g.deviation[0] / g.deviation[6]) -
                           1) > 1e-6;
        wrong += r.view != g.mu[i] || r.mu != g.facts.mu || r.deviation != g.deviation[i];
        wrong += r.draw.rank != 6 || !mirrored(r.draw.imaginary.view, -1);
        if (i == 2) {
            CHECK(release_write(&r, file, false, &err) && release_read(file, &back, &err));
            CHECK(same_draw(&r.draw, &back.draw) && same_facts(&r, &back) && back.view < back.mu);
            release_finish(&back);
        }
        release_finish(&r);
    }
    CHECK(wrong == 0);
    CHECK(gradual_reveal(&g, 0, &r, &err) && g.seen == 7);
    release_finish(&r);
    gradual_finish(&g);
    CHECK(!gradual_make(&job, rows_of(data, N, D), &t, 1, 7, ledger, &g, &err) &&
          err.code == ERROR_USAGE);
    CHECK(!gradual_make(&job, rows_of(data, N, D), &t, 0.1, 1, ledger, &g, &err) &&
          err.code == ERROR_USAGE);
    arena_finish(&scratch);
}

/* ---- A10 ---- */

/* How many released diagonal entries have bits below the lattice, for M = 0 or 1. */
static long below_lattice(int32_t entry, long draws)
{
    struct release_terms t = terms(MECHANISM_REAL);
    struct release_price p;
    struct chacha c;
    struct error err = { 0 };
    struct matrix m = { 0 };
    long n = !release_price(&t, &p, &err) || !chacha_start(&c, &err) ||
             !matrix_init(&m, DTYPE_F64, 1, 1, &err);
    for (long i = 0; !n && i < draws; i++) {
        int64_t sum;
        n += !release_try_noisy(&entry, 1, 1, &p, &c, &sum, &err);
        release_draw_put(&sum, p.lattice, m.view);
        n += !on_lattice(m.view, p.lattice);
    }
    chacha_finish(&c);
    matrix_finish(&m);
    return n;
}

/* What adding floating-point noise shows of M: with 0 under it, bits that 1 + x never has. */
static long naive(double entry, long draws)
{
    struct chacha c;
    struct error err;
    long n = 0;
    for (long i = chacha_start(&c, &err) ? 0 : draws; i < draws; i++) {
        double u = (double)(chacha_word(&c) >> 11) * 0x1p-53,
               v = (double)(chacha_word(&c) >> 11) * 0x1p-53;
        double x = entry + 4.22 * sqrt(-2 * log(u + 0x1p-54)) * cos(6.283185307179586 * v);
        n += x / 0x1p-53 != rint(x / 0x1p-53);
    }
    chacha_finish(&c);
    return n;
}

static void lattice(long draws)
{
    long zero = below_lattice(0, draws), one = below_lattice(1 << RELEASE_BITS, draws);
    long leak = naive(0, draws), none = naive(1, draws);
    printf("# %ld releases of 0 and of 1: %ld and %ld below the lattice; with floats %.2f%% and "
           "%.2f%%\n",
           draws, zero, one, 100.0 * (double)leak / (double)draws,
           100.0 * (double)none / (double)draws);
    CHECK(zero == 0 && one == 0);
    CHECK(leak > draws / 50 && none < draws / 1000); /* the test sees the leak where there is one */
}

/* ---- the ledger ---- */

static void paid(void)
{
    struct release_terms t = terms(MECHANISM_REAL);
    struct release r;
    struct ledger l = { 0 };
    struct error err = { 0 };
    double mu = gdp_mu(1, 1e-6);
    start_over();
    t.budget = (struct ledger_budget){ 1.5, 1e-6 };
    CHECK(make(processor, rows_of(data, N, D), &t, &r, &err) && r.account.mu == mu && r.mu == mu);
    release_finish(&r);
    CHECK(make(processor, rows_of(data, N, D), &t, &r, &err));
    CHECK_NEAR(r.account.mu / mu, sqrt(2), 1e-12);
    release_finish(&r);
    CHECK(!make(processor, rows_of(data, N, D), &t, &r, &err) && err.code == ERROR_LIMIT);
    printf("# %s\n", err.text);
    CHECK(!r.draw.noisy.view.data && r.account.over);
    t.dataset = "others";
    CHECK(make(processor, rows_of(data, N, D), &t, &r, &err) && r.account.releases == 1);
    release_finish(&r);
    CHECK(ledger_read(ledger, &l, &err) && l.n == 3 && !l.damaged);
    ledger_finish(&l);
}

/* What is refused costs nothing, and reads the same whatever the rows are. */
static void refused(void)
{
    static double wild[N * D];
    struct release_terms t = terms(MECHANISM_COMPLEX);
    struct release_price p;
    struct error a = { 0 }, b = { 0 };
    struct release r;
    for (size_t i = 0; i < (size_t)N * D; i++)
        wild[i] = i % 3 ? 1e300 * (double)i : (double)NAN;
    start_over();
    source = NONE;
    CHECK(!make(processor, rows_of(data, N, D), &t, &r, &a) && a.code == ERROR_READ);
    CHECK(!make(processor, rows_of(wild, N, D), &t, &r, &b) && !strcmp(a.text, b.text));
    CHECK(access(ledger, F_OK) != 0);
    source = KERNEL;
    CHECK(make(processor, rows_of(wild, N, D), &t, &r, &a)); /* and says nothing of it */
    release_finish(&r);
    CHECK(make(processor, rows_of(wild, 0, D), &t, &r, &a) && r.n == 0);
    CHECK(release_write(&r, file, false, &a));
    release_finish(&r);
    CHECK(release_read(file, &r, &a) && r.n == 0 && r.d == D);
    release_finish(&r);
    start_over();
    struct release_terms bad[] = { t, t, t, t, t, t, t, t };
    bad[0].epsilon = 0, bad[1].delta = 1, bad[2].clip = -1, bad[3].rank = 0;
    bad[4].bits = 17, bad[5].dataset = "", bad[6].clip = 1e101, bad[7].epsilon = (double)NAN;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        CHECK(!make(processor, rows_of(data, N, D), &bad[i], &r, &a) && a.code == ERROR_USAGE);
    t.epsilon = t.delta = 1e-12;
    CHECK(!release_price(&t, &p, &a) && a.code == ERROR_LIMIT);
    CHECK(access(ledger, F_OK) != 0);
}

/* The whole numbers that are drawn keep mu, and are the least that do. */
static void prices(void)
{
    long wrong = 0;
    for (enum mechanism m = 0; m < MECHANISMS; m++)
        for (enum relation relation = 0; relation < RELATIONS; relation++)
            for (unsigned bits = RELEASE_BITS_LEAST; bits <= RELEASE_BITS_MOST; bits++) {
                struct release_terms t = terms(m);
                struct release_price p;
                struct error err;
                t.relation = relation, t.bits = bits, t.epsilon = 0.1 * bits, t.clip = 3;
                wrong += !release_price(&t, &p, &err);
                double s = (double)p.grid_deviation, on = (double)p.grid_diagonal;
                double root = m == MECHANISM_IID ? 1 : sqrt(2), scale = ldexp(1, 2 * (int)bits);
                wrong += gdp_mu_of_deviation(m, relation, 1, s / scale) > p.mu * (1 + 1e-12);
                wrong += gdp_mu_of_deviation(m, relation, 1, (s - 1.01) / scale) <= p.mu;
                wrong += !(on >= root * s * (1 - 1e-15) && on < root * s + 1.01);
                wrong += p.deviation != s * p.lattice || p.lattice != 9 / scale;
            }
    CHECK(wrong == 0);
}

int main(int argc, char **argv)
{
    bool strict = argc > 1 && !strcmp(argv[1], "strict");
    static const double centre[D] = { 0.1, -0.05, 0.02 };
    struct error err = { 0 };
    struct rlimit cores;
    const char *shared = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* syncs in no time */
    snprintf(folder, sizeof(folder), "%s/eigenscope-release-XXXXXX", shared);
    if (!mkdtemp(folder))
        return 1;
    snprintf(ledger, sizeof(ledger), "%s/ledger", folder);
    snprintf(file, sizeof(file), "%s/r.safetensors", folder);
    snprintf(array, sizeof(array), "%s/y.npy", folder);
    processor = backend_open("cpu", NULL, &err);
    fill();
    CHECK(prctl(PR_GET_DUMPABLE) == 1);
    prices();
    noise(MECHANISM_COMPLEX, 1, NULL);
    noise(MECHANISM_REAL, 0.3, centre);
    noise(MECHANISM_IID, 1, NULL);
    for (enum mechanism m = 0; m < MECHANISMS; m++)
        files(m, m == MECHANISM_REAL ? MECHANISM_Y : MECHANISM_Y_K, (enum relation)(m % RELATIONS));
    files(MECHANISM_COMPLEX, MECHANISM_Y, RELATION_ADD_REMOVE);
    other_files();
    broken_files();
    repeatable();
    no_reuse();
    gradually(strict ? 200000 : 20000);
    reveal();
    lattice(strict ? 1000000 : 100000);
    paid();
    refused();
    CHECK(prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &cores) == 0 &&
          cores.rlim_max == 0);
    start_over();
    rmdir(folder);
    backend_close(processor);
    return check_done();
}
