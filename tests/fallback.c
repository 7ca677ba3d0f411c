/* A device that fails: made of the processor's entries and a countdown. Whatever call fails,
 * once or for good, every job ends with the processor's own bits, counted, and nothing is
 * lost on the way. And where "auto" computes. */

#include "check.h"
#include "lab.h"
#include "pace.h"
#include "truncation.h"

#include <stdint.h>

enum { ROWS = 40, COLS = 30, LARGE = 1010, MOST = 2000 };
static const char *const settings = "rank=5 rounds=2 power=1 seed=3";

/* The one device, and what happens to it. */
static struct {
    long calls, fail_at; /* the number of the call that fails, 1, 2, ...; 0: none */
    bool for_good, lost; /* it fails until it is made anew; it does */
    bool stubborn;       /* it cannot be made anew */
    bool declines;       /* offers no products */
    bool software;
    atomic_bool *cancel; /* set with the failure */
    int opened, closed, renewed, unlocked;
    const void *watched; /* entries whose loads are counted */
    int loads;
    struct backend_rates rates;
} fake;

static const struct backend_ops *processor(void)
{
    size_t i = 0;
    while (strcmp(backends[i]->name, "cpu") != 0)
        i++;
    return backends[i];
}

static bool works(struct error *err)
{
    bool now = ++fake.calls == fake.fail_at;
    if (now && fake.cancel)
        atomic_store(fake.cancel, true);
    fake.lost |= now && fake.for_good;
    return !(now || fake.lost) || fail(err, ERROR_DEVICE, "call %ld failed", fake.calls);
}

static struct backend *fake_open(const char *device, struct error *err)
{
    (void)device;
    struct backend *b = memory_alloc(sizeof(*b), err);
    fake.opened += b != NULL;
    if (b)
        b->rates[0] = b->rates[1] = fake.rates;
    return b;
}

static void fake_close(struct backend *b)
{
    fake.closed++;
    memory_free(b);
}

static const char *fake_device(const struct backend *b)
{
    (void)b;
    return "a fake";
}

static bool fake_software(const struct backend *b)
{
    (void)b;
    return fake.software;
}

static bool fake_lost(const struct backend *b)
{
    (void)b;
    return fake.lost;
}

static bool fake_renew(struct backend *b, struct error *err)
{
    fake.renewed++;
    fake.unlocked += b->n_live != 0; /* nothing may be alive */
    if (fake.stubborn)
        return fail(err, ERROR_DEVICE, "gone for good");
    fake.lost = false;
    return true;
}

static bool fake_offers(const struct backend *b, enum backend_op op, enum dtype dtype)
{
    (void)b, (void)dtype;
    return !fake.declines || op != OP_GEMM;
}

static bool fake_alloc(struct backend *b, struct buffer *x, struct error *err)
{
    return works(err) && processor()->alloc(b, x, err);
}

static void fake_release(struct buffer *x)
{
    processor()->release(x);
}

static bool fake_load(struct backend *b, struct matrix_view from, struct buffer *x,
                      struct error *err)
{
    fake.loads += from.data == fake.watched;
    return works(err) && processor()->load(b, from, x, err);
}

static bool fake_read(const struct buffer *x, struct matrix_view to, struct error *err)
{
    return works(err) && processor()->read(x, to, err);
}

static bool fake_gemm(const struct buffer *a, bool ta, const struct buffer *b, bool tb,
                      struct buffer *out, struct error *err)
{
    return works(err) && processor()->gemm(a, ta, b, tb, out, err);
}

static bool fake_gram(const struct buffer *a, struct buffer *out, struct error *err)
{
    return works(err) && processor()->gram(a, out, err);
}

static bool fake_fill(enum sketch_kind kind, uint64_t seed, enum stream stream, uint32_t matrix,
                      double scale, struct buffer *out, struct error *err)
{
    return works(err) && processor()->fill(kind, seed, stream, matrix, scale, out, err);
}

static bool fake_code(const struct coding *c, const struct buffer *a, struct coded *out,
                      struct error *err)
{
    return works(err) && processor()->code(c, a, out, err);
}

static bool fake_decode(const struct coded *x, struct buffer *out, struct error *err)
{
    return works(err) && processor()->decode(x, out, err);
}

static bool fake_subtract(const struct buffer *a, const struct buffer_product *products, size_t n,
                          struct buffer *out, struct error *err)
{
    return works(err) && processor()->subtract(a, products, n, out, err);
}

static bool fake_residual(const struct buffer *a, const struct buffer_product *products, size_t n,
                          double *norm, struct error *err)
{
    return works(err) && processor()->residual(a, products, n, norm, err);
}

/* What is missing is the processor's, call by call. */
static const struct backend_ops fake_ops = {
    .name = "fake",
    .summary = "a device that fails",
    .open = fake_open,
    .close = fake_close,
    .device = fake_device,
    .software = fake_software,
    .lost = fake_lost,
    .renew = fake_renew,
    .offers = fake_offers,
    .alloc = fake_alloc,
    .release = fake_release,
    .load = fake_load,
    .read = fake_read,
    .gemm = fake_gemm,
    .gram = fake_gram,
    .fill = fake_fill,
    .code = fake_code,
    .decode = fake_decode,
    .residual = fake_residual,
    .subtract = fake_subtract,
};

static struct matrix low_rank(size_t rows, size_t cols)
{
    struct matrix a = lab_matrix(DTYPE_F32, rows, cols);
    random_fill(SKETCH_GAUSSIAN, 7, STREAM_TEST, 1, 1e-3, a.view);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            matrix_put(a.view, i, j,
                       matrix_at(a.view, i, j) + sin((double)(i + 1)) * cos(0.1 * (double)j));
    return a;
}

static unsigned long sum(const unsigned long *counts)
{
    unsigned long n = 0;
    for (int op = 0; op < OP_COUNT; op++)
        n += counts[op];
    return n;
}

/* Bit by bit: what it says of itself, and what it stands for. */
static bool same(const struct approximation *x, const struct approximation *y, struct matrix_view a)
{
    const struct result *r = &x->results[0], *s = &y->results[0];
    struct matrix p = lab_matrix(a.dtype, a.rows, a.cols), q = lab_matrix(a.dtype, a.rows, a.cols);
    struct error err;
    bool ok = x->error == y->error && x->bits_true == y->bits_true && r->rank == s->rank &&
              r->dead == s->dead && r->rounds == s->rounds && r->n_parts == s->n_parts &&
              r->measures[0].residual == s->measures[0].residual &&
              result_expand(r, 0, p.view, &err) && result_expand(s, 0, q.view, &err);
    for (size_t i = 0; ok && i < a.rows; i++)
        ok = memcmp((float *)p.view.data + i * p.view.row_stride,
                    (float *)q.view.data + i * q.view.row_stride, a.cols * sizeof(float)) == 0;
    matrix_finish(&p);
    matrix_finish(&q);
    return ok;
}

/* A job on the fake, opened anew. */
struct bed {
    struct backend *b;
    struct arena scratch;
    struct job job;
    atomic_bool cancel;
    const struct method *method;
    struct params_any params;
    struct matrix_view a;
};

static void bed_open(struct bed *bed, const struct backend_ops *ops)
{
    struct error err = { 0 };
    bed->b = backend_start(ops, NULL, &err);
    if (!bed->b) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    bed->scratch = (struct arena){ 0 };
    atomic_store(&bed->cancel, false);
    bed->job = (struct job){ .backend = bed->b, .scratch = &bed->scratch, .cancel = &bed->cancel };
}

static bool bed_run(struct bed *bed, struct approximation *out, struct error *err)
{
    struct inputs in = { &bed->a, 1, NULL };
    *err = (struct error){ 0 };
    *out = (struct approximation){ 0 };
    return approximate(&bed->job, bed->method, bed->params.bytes, &in, out, err);
}

/* After the run that met the failure: the processor did it all, and says so. */
static bool stood_in(const struct bed *bed, const struct approximation *got,
                     const struct approximation *want)
{
    return same(got, want, bed->a) && sum(got->counts.device) == 0 &&
           sum(got->counts.fallback) > 0 && strcmp(backend_name(bed->b), "cpu") == 0 &&
           strstr(backend_trouble(bed->b), "call ");
}

static bool on_device(const struct bed *bed, const struct approximation *got,
                      const struct approximation *want)
{
    return same(got, want, bed->a) && sum(got->counts.device) > 0 &&
           strcmp(backend_name(bed->b), "fake") == 0 && !*backend_trouble(bed->b);
}

/* The n-th call fails; the next job is the device's again. false in *met: there are fewer. */
static bool fail_at(struct bed *bed, long n, bool for_good, const struct approximation *want,
                    bool *met)
{
    struct approximation first = { 0 }, second = { 0 };
    struct error err;
    size_t before = memory_used();
    memset(&fake, 0, sizeof(fake));
    fake.fail_at = n;
    fake.for_good = for_good;
    bed_open(bed, &fake_ops);
    bool ok = bed_run(bed, &first, &err);
    *met = fake.calls >= n;
    fake.fail_at = 0;
    ok = ok && (*met ? stood_in(bed, &first, want) : on_device(bed, &first, want));
    ok = ok && bed_run(bed, &second, &err) && on_device(bed, &second, want);
    if (!ok)
        printf("# %s, call %ld: %s\n", bed->method->name, n, err.code ? err.text : "wrong");
    approximation_finish(&first);
    approximation_finish(&second);
    backend_close(bed->b);
    return ok && fake.renewed == (*met && for_good) && !fake.unlocked && fake.closed == 1 &&
           memory_used() == before;
}

/* Every call of every method, once and for good. */
static void test_sweep(struct bed *bed, struct lab *lab)
{
    const struct matrix_view plain = bed->a;
    for (size_t i = 0; methods[i]; i++) {
        struct matrix own = lab_matrix(plain.dtype, plain.rows, plain.cols);
        matrix_copy(plain, own.view);
        lab_suit(methods[i], &own);
        bed->a = own.view;
        long calls = 0, bad = 0;
        bed->method = methods[i];
        bed->params = (struct params_any){ 0 };
        param_defaults(&methods[i]->params, false, bed->params.bytes);
        lab_set(methods[i], &bed->params, settings, true);
        struct approximation want = lab_run(lab, methods[i], &bed->params, bed->a, NULL);
        for (int good = 0; good < 2; good++) {
            bool met = true;
            for (long n = 1; met && n < MOST; n++) {
                bad += !fail_at(bed, n, good, &want, &met);
                calls += met;
            }
        }
        printf("# %s: %ld calls failed\n", methods[i]->name, calls);
        CHECK(calls >= 4 && calls < MOST && bad == 0);
        approximation_finish(&want);
        matrix_finish(&own);
    }
    bed->a = plain;
}

/* Lost twice, or not to be made anew: the processor from then on, and renewed once at most. */
static void test_second_loss(struct bed *bed, struct lab *lab)
{
    struct approximation want = lab_run(lab, bed->method, &bed->params, bed->a, NULL);
    struct approximation got = { 0 };
    struct error err;
    for (int stubborn = 0; stubborn < 2; stubborn++) {
        bool ok = true;
        memset(&fake, 0, sizeof(fake));
        fake.for_good = true;
        fake.stubborn = stubborn;
        bed_open(bed, &fake_ops);
        for (int run = 0; run < 5; run++) {
            fake.fail_at = fake.calls + 3;
            ok = ok && bed_run(bed, &got, &err) && same(&got, &want, bed->a) &&
                 sum(got.counts.device) == 0 && sum(got.counts.fallback) > 0 &&
                 *backend_trouble(bed->b);
            approximation_finish(&got);
        }
        CHECK(ok);
        CHECK(fake.renewed == 1);
        CHECK(fake.calls == (stubborn ? 3 : 6)); /* and not asked any more */
        backend_close(bed->b);
    }
    approximation_finish(&want);
}

/* Stopped by the user just when the device fails: cancelled, not begun again. And memory that
 * runs out on the way is told as such. */
static void test_interrupted(struct bed *bed)
{
    struct approximation got = { 0 };
    struct error err;
    size_t before = memory_used();
    memset(&fake, 0, sizeof(fake));
    fake.fail_at = 4;
    bed_open(bed, &fake_ops);
    fake.cancel = &bed->cancel;
    CHECK(!bed_run(bed, &got, &err) && err.code == ERROR_CANCELLED);
    backend_close(bed->b);
    CHECK(memory_used() == before);
    long failed = 0, strange = 0;
    for (bool ok = false; !ok && failed < MOST; failed += !ok) {
        memset(&fake, 0, sizeof(fake));
        fake.fail_at = 4;
        bed_open(bed, &fake_ops);
        memory_fail_after(failed);
        ok = bed_run(bed, &got, &err);
        memory_fail_after(-1);
        strange += !ok && err.code != ERROR_MEMORY;
        approximation_finish(&got);
        backend_close(bed->b);
        strange += memory_used() != before;
    }
    printf("# %ld allocations failed\n", failed);
    CHECK(failed > 20 && failed < MOST && strange == 0);
}

/* Products that the device declines are the processor's one by one, counted; the rest stays. */
static void test_declined(struct bed *bed, struct lab *lab)
{
    struct approximation want = lab_run(lab, bed->method, &bed->params, bed->a, NULL);
    struct approximation got = { 0 };
    struct error err;
    memset(&fake, 0, sizeof(fake));
    fake.declines = true;
    bed_open(bed, &fake_ops);
    CHECK(bed_run(bed, &got, &err) && same(&got, &want, bed->a));
    CHECK(got.counts.device[OP_GEMM] == 0 && got.counts.fallback[OP_GEMM] > 0);
    CHECK(got.counts.device[OP_CODE] > 0 && got.counts.fallback[OP_CODE] == 0);
    CHECK(!*backend_trouble(bed->b));
    approximation_finish(&got);
    approximation_finish(&want);
    backend_close(bed->b);
}

/* One matrix on its way to the device once, however often it is asked for. */
static void test_loads(struct bed *bed)
{
    struct approximation got = { 0 };
    struct buffer x = { 0 }, y = { 0 }, z = { 0 };
    struct error err;
    memset(&fake, 0, sizeof(fake));
    fake.watched = bed->a.data;
    bed_open(bed, &fake_ops);
    CHECK(bed_run(bed, &got, &err) && fake.loads == 1);
    approximation_finish(&got);
    bool ok = backend_load(bed->b, bed->a, &x, &err) && backend_load(bed->b, bed->a, &y, &err);
    CHECK(ok && x.memory == y.memory && fake.loads == 2);
    backend_release(&x);
    CHECK(backend_alloc(bed->b, DTYPE_F32, COLS, COLS, &z, &err) &&
          backend_gemm(&y, true, &y, false, &z, &err));
    CHECK(backend_load(bed->b, matrix_block(bed->a, 0, 0, 5, COLS), &x, &err) && fake.loads == 3);
    backend_release_rest(bed->b, &y, 1);
    CHECK(bed->b->n_live == 1 && backend_load(bed->b, bed->a, &z, &err) && fake.loads == 3);
    backend_release(&z);
    backend_release(&y);
    CHECK(bed->b->n_live == 0);
    backend_close(bed->b);
}

static bool leading(struct job *job, void *context, struct error *err)
{
    struct svd *s = context;
    struct matrix a = low_rank(LARGE, LARGE);
    const struct inputs in = { .matrices = &a.view, .n = 1 };
    svd_finish(s);
    bool ok = truncation(job, &in, 0, 4, false, s, NULL, err);
    backend_release_all(job->backend);
    matrix_finish(&a);
    return ok;
}

static bool same_values(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

/* Lanczos' products, by way of job_run: the workbench's first sketch. */
static void test_lanczos(struct bed *bed)
{
    struct svd want = { 0 }, got = { 0 };
    struct error err = { 0 };
    bool ok = true, met = true;
    long calls = 0;
    memset(&fake, 0, sizeof(fake));
    bed_open(bed, &fake_ops);
    ok = job_run(&bed->job, (struct backend_work){ 0 }, leading, &want, &err) && fake.calls > 8;
    backend_close(bed->b);
    for (long n = 1; ok && met; n = n < 4 ? n + 1 : n + 5) {
        memset(&fake, 0, sizeof(fake));
        fake.fail_at = n;
        bed_open(bed, &fake_ops);
        ok = job_run(&bed->job, (struct backend_work){ 0 }, leading, &got, &err) &&
             same_values(got.sigma, want.sigma, 4);
        met = fake.calls >= n;
        calls += met;
        ok = ok && met == (backend_trouble(bed->b)[0] != '\0');
        backend_close(bed->b);
    }
    printf("# truncation: %ld calls failed\n", calls);
    CHECK(ok && calls > 3);
    svd_finish(&want);
    svd_finish(&got);
}

/* A processor of 1e9 operations a second beside a device of ten times that. */
static void test_auto(void)
{
    static const struct {
        double flops, bytes;
        bool opens, device; /* that it was opened by then; that it computes */
    } jobs[] = {
        { 0, 0, false, false },   { 5e7, 0, false, false },  { 5e8, 4, false, false },
        { 2e9, 1e8, true, true }, { 2e9, 3e9, true, false }, { 2e9, 1.7e9, true, true },
        { 1.1e9, 0, true, true }, { 9e8, 0, true, false },   { 1e12, 1e10, true, true },
    };
    const struct backend_ops *const list[] = { &fake_ops, processor(), NULL };
    struct error err = { 0 };
    size_t before = memory_used();
    memset(&fake, 0, sizeof(fake));
    fake.rates = (struct backend_rates){ 1e10, 1e9, 1e-3 };
    struct backend *b = backend_auto(list, &err);
    size_t wrong = 0;
    b->rates[DTYPE_F32] = (struct backend_rates){ .flops = 1e9 };
    CHECK(b && strcmp(backend_name(b), "cpu") == 0);
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
        struct buffer x = { 0 };
        backend_begin(b, (struct backend_work){ jobs[i].flops, jobs[i].bytes, DTYPE_F32 });
        struct backend_counts n = backend_counts(b);
        bool right = fake.opened == jobs[i].opens &&
                     !strcmp(backend_name(b), jobs[i].device ? "fake" : "cpu") &&
                     !strcmp(backend_device(b), "a fake") == jobs[i].device &&
                     backend_alloc(b, DTYPE_F32, 3, 3, &x, &err) &&
                     backend_fill(SKETCH_SPARSE, 1, STREAM_TEST, 0, 1, &x, &err);
        right = right && backend_counts(b).device[OP_FILL] - n.device[OP_FILL] == jobs[i].device &&
                sum(backend_counts(b).fallback) == 0;
        if (!right)
            printf("# job %zu: %s\n", i, backend_name(b));
        wrong += !right;
    }
    CHECK(wrong == 0);
    backend_close(b);
    CHECK(fake.opened == 1 && fake.closed == 1 && memory_used() == before);
}

/* Chosen by "auto" and then lost: counted, made anew once, and then left alone. */
static void test_auto_lost(struct bed *bed, struct lab *lab)
{
    const struct backend_ops *const list[] = { processor(), &fake_ops, NULL };
    const struct backend_work work = { 1e12, 0, DTYPE_F32 };
    struct approximation want = lab_run(lab, bed->method, &bed->params, bed->a, NULL);
    struct error err = { 0 };
    struct buffer x = { 0 };
    memset(&fake, 0, sizeof(fake));
    fake.rates = (struct backend_rates){ 1e15, 1e15, 0 };
    fake.for_good = true;
    struct backend *b = backend_auto(list, &err);
    b->rates[DTYPE_F32] = (struct backend_rates){ .flops = 1e9 };
    const char *const names[] = { "fake", "fake", "cpu", "cpu" };
    size_t wrong = 0;
    for (int i = 0; i < 4; i++) {
        backend_counts_reset(b);
        backend_begin(b, work);
        wrong += strcmp(backend_name(b), names[i]) != 0;
        fake.fail_at = fake.calls + 1;
        bool ok = backend_alloc(b, DTYPE_F32, 2, 2, &x, &err);
        wrong += ok == (i < 2) || backend_stand_in(b, &err) != (i < 2);
        ok = backend_alloc(b, DTYPE_F32, 2, 2, &x, &err) &&
             backend_fill(SKETCH_SPARSE, 1, STREAM_TEST, 0, 1, &x, &err);
        wrong += !ok || backend_counts(b).fallback[OP_FILL] != 1 || !*backend_trouble(b);
    }
    CHECK(wrong == 0 && fake.renewed == 1);
    backend_close(b);
    approximation_finish(&want);
}

/* Timed for real, software, or failing while it is timed. */
static void test_pace(void)
{
    const struct backend_ops *const list[] = { processor(), &fake_ops, NULL };
    const struct backend_work work = { 1e15, 1, DTYPE_F64 };
    struct error err = { 0 };
    for (int kind = 0; kind < 3; kind++) {
        memset(&fake, 0, sizeof(fake));
        fake.software = kind == 1;
        fake.fail_at = kind == 2 ? 9 : 0;
        struct backend *b = backend_auto(list, &err);
        backend_begin(b, work);
        const struct backend_rates *p = &b->rates[DTYPE_F64];
        printf("# processor: %.3g operations a second, %.3g s a wait\n", p->flops, p->latency);
        CHECK(p->flops > 1e7 && p->flops < 1e15 && p->latency > 0 && p->latency < 1);
        CHECK(fake.opened == 1 && (b->device == NULL) == (kind == 1));
        CHECK(kind == 0 || !strcmp(backend_name(b), "cpu"));
        if (kind == 0)
            CHECK(b->device->rates[DTYPE_F64].flops > 1e7 && b->device->rates[DTYPE_F64].bytes > 0);
        CHECK(sum(backend_counts(b).device) == 0 && sum(backend_counts(b).fallback) == 0);
        backend_begin(b, work);
        CHECK(fake.opened == 1); /* looked for once */
        backend_close(b);
        CHECK(fake.closed == 1);
    }
}

int main(void)
{
    struct lab lab;
    struct bed bed = { 0 };
    struct matrix a = low_rank(ROWS, COLS);
    lab_open(&lab);
    bed.a = a.view;
    test_sweep(&bed, &lab);
    bed.method = method_find("lplr");
    bed.params = lab_params(bed.method, false, "rank=5 seed=3");
    test_second_loss(&bed, &lab);
    test_interrupted(&bed);
    test_declined(&bed, &lab);
    test_loads(&bed);
    test_lanczos(&bed);
    test_auto();
    test_auto_lost(&bed, &lab);
    test_pace();
    matrix_finish(&a);
    lab_close(&lab);
    CHECK(memory_used() == 0);
    return check_done();
}
