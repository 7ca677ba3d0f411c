#include "check.h"
#include "lab.h"
#include "split.h"
#include "vulkan/api.h"

/* Every method with --backend vulkan against the processor: the error, who did what, and the split
 * identity. Single precision, and double where the device has it; panels as
 * large as the device likes them, and small ones. */

static const struct {
    double error;    /* of the processor's */
    double optimum;  /* more, where the error is itself rounding */
    double identity; /* of the split of the error, relative to ||A||^2 */
} tolerance[] = { [DTYPE_F32] = { 1e-4, 2e-6, 1e-5 }, [DTYPE_F64] = { 1e-4, 1e-13, 1e-9 } };

static double decaying(size_t i)
{
    return 1.0 / (double)i;
}

static const size_t shapes[][2] = { { 97, 61 }, { 64, 203 }, { 257, 33 },
                                    { 1, 19 },  { 19, 1 },   { 643, 45 } };

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static const char *const settings[] = {
    "rank=7",
    "rank=12 rounding=dithered scales=tensor symmetric=on sketch=gaussian power=1 rounds=1",
    "rank=12 rounding=dithered scales=block left-bits=6 right-bits=3 bits=3 sketch=sparse rounds=1",
    "rank=20 scales=vector sketch=hadamard rounds=2 split=both",
    "rank=9 hadamard=on normalize=on",
    "rank=9 quantizer=normal-float clip=none left-bits=4",
    "rank=9 quantizer=lloyd-max clip=spread",
    "rank=9 quantizer=lloyd-max clip=search",
    "rank=9 clip=search symmetric=on scales=block rounds=2",
};

struct worst {
    double error, gap, farthest; /* each over what is allowed */
    unsigned long strange; /* runs where the processor did what the device can, or nobody did */
};

/* What a method cannot do without, from its parameters and parts. */
static bool dispatched(const struct method *m, const struct approximation *out)
{
    const unsigned long *n = out->counts.device;
    bool coded = false;
    for (size_t i = 0; i < out->results[0].n_parts; i++)
        coded = coded || out->results[0].parts[i].coded;
    bool plain = frame_plain(&out->results[0].frames[0]); /* others are expanded on the processor */
    return n[OP_RESIDUAL] && (!coded || (n[OP_CODE] && (n[OP_DECODE] || !plain))) &&
           (!param_find(&m->params, "sketch") || (n[OP_FILL] && n[OP_GEMM])) &&
           (!param_find(&m->params, "rounds") || n[OP_GEMM] || n[OP_SUBTRACT]) &&
           (!param_find(&m->params, "power") || n[OP_GRAM]);
}

static unsigned long fallbacks(const struct backend_counts *n)
{
    unsigned long sum = 0;
    for (int op = 0; op < OP_COUNT; op++)
        sum += n->fallback[op];
    return sum;
}

static bool offers(const struct backend *b, enum dtype dtype)
{
    return b->ops->offers(b, OP_GEMM, dtype);
}

static void compare(struct lab *device, struct lab *processor, const struct method *m,
                    const char *text, struct matrix_view a, struct worst *w)
{
    struct params_any params = lab_params(m, false, "");
    /* a component takes 200 bits and more; what has many is wider than the small panels hold */
    lab_set(m, &params, a.rows == 1 || a.cols == 1 ? "bits-per-entry=20" : "bits-per-entry=0.4",
            true);
    lab_set(m, &params, text, true);
    struct approximation got = lab_run(device, m, &params, a, NULL);
    struct approximation want = lab_run(processor, m, &params, a, NULL);
    double allowed = tolerance[a.dtype].error * want.error + tolerance[a.dtype].optimum;
    double error = fabs(got.error - want.error) / allowed, gap = 0, farthest = 0;
    unsigned long fallback = fallbacks(&got.counts);
    bool partial = !offers(device->backend, DTYPE_F64); /* it lacks what sums in double need */
    bool strange = partial ? !fallback : fallback || !dispatched(m, &got);
    if (param_find(&m->params, "rounds") && !param_find(&m->params, "passes") &&
        !(m->flags & METHOD_DENSE)) { /* one fit to the whole input */
        struct split split = split_of(&got.results[0], a);
        gap = fmax(fabs(split.gap), split.told) / tolerance[a.dtype].identity;
        const struct part *right = &got.results[0].parts[1];
        bool clipped = right->coded && coding_clip(&right->codes.coding) != CLIP_NONE;
        farthest = got.results[0].dead || clipped ? 0 : split.farthest - 1;
    }
    if (!(error <= 1) || !(gap <= 1) || strange)
        printf("# %s %s, %zu x %zu f%d: error %.8f, processor's %.8f; gap %.1e; %lu fallbacks%s\n",
               m->name, text, a.rows, a.cols, a.dtype == DTYPE_F64 ? 64 : 32, got.error, want.error,
               gap * tolerance[a.dtype].identity, fallback,
               dispatched(m, &got) ? "" : "; something did not run on the device");
    w->error = fmax(w->error, isnan(error) ? (double)INFINITY : error);
    w->gap = fmax(w->gap, isnan(gap) ? (double)INFINITY : gap);
    w->farthest = fmax(w->farthest, farthest);
    w->strange += strange;
    approximation_finish(&got);
    approximation_finish(&want);
}

static void judge(const char *name, const struct worst *w)
{
    printf("# %s: error %.3f and split %.3f of what is allowed\n", name, w->error, w->gap);
    CHECK(w->error <= 1);
    CHECK(w->gap <= 1);
    CHECK(w->farthest <= 1e-2); /* W itself is in single precision */
    CHECK(w->strange == 0);
}

static bool open_device(struct lab *l)
{
    struct error err = { 0 };
    *l = (struct lab){ 0 };
    l->backend = backend_open("vulkan", NULL, &err);
    l->job = (struct job){ .backend = l->backend, .scratch = &l->scratch };
    if (!l->backend)
        printf("# %s\n", err.text);
    return l->backend;
}

/* A row of complex noise is as long as two of the matrix: small panels do not hold the widest. */
static bool fits(const struct method *m, size_t cols)
{
    return !(m->flags & METHOD_SANDBOX) || !vulkan_testing.binding || cols <= 100;
}

static void ask(struct lab *device, struct lab *processor, const struct method *m,
                size_t n_settings)
{
    struct worst w = { 0 };
    for (int type = 0; type < 2; type++)
        for (size_t s = 0; s < SHAPES && offers(device->backend, (enum dtype)type); s++) {
            struct matrix a = lab_spectrum((enum dtype)type, shapes[s][0], shapes[s][1], 5,
                                           decaying);
            lab_suit(m, &a);
            for (size_t i = 0; i < n_settings && fits(m, a.view.cols); i++)
                compare(device, processor, m, settings[i], a.view, &w);
            matrix_finish(&a);
        }
    judge(m->name, &w);
}

/* Codes of several entries at once are the processor's work, and counted as such. */
static void groups(struct lab *device, struct lab *processor)
{
    const struct method *m = method_find("naive");
    struct params_any params = lab_params(m, false,
                                          "quantizer=e8p bits=3 scales=block "
                                          "hadamard=off normalize=off");
    struct matrix a = lab_spectrum(DTYPE_F32, 97, 61, 5, decaying);
    struct approximation got = lab_run(device, m, &params, a.view, NULL);
    struct approximation want = lab_run(processor, m, &params, a.view, NULL);
    const struct coded *x = &got.results[0].parts[0].codes, *y = &want.results[0].parts[0].codes;
    CHECK(!memcmp(x->codes, y->codes, coding_codes_size(&y->coding, 97, 61)));
    CHECK_NEAR(got.error, want.error, 1e-6);
    CHECK(got.counts.fallback[OP_CODE] == 1 && got.counts.device[OP_CODE] == 0 &&
          got.counts.fallback[OP_DECODE] == 1 && got.counts.device[OP_RESIDUAL] > 0);
    approximation_finish(&got);
    approximation_finish(&want);
    matrix_finish(&a);
}

/* Large enough for block Lanczos, whose products run on the device. */
static void large(struct lab *device, struct lab *processor)
{
    struct matrix a = lab_matrix(DTYPE_F32, 1040, 1010);
    struct matrix l = lab_matrix(DTYPE_F32, 1040, 24), r = lab_matrix(DTYPE_F32, 24, 1010);
    random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, 0, 0.5, a.view);
    random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, 1, 1, l.view);
    random_fill(SKETCH_GAUSSIAN, 5, STREAM_TEST, 2, 1, r.view);
    blas_gemm_add(1, l.view, r.view, a.view);
    const struct method *m = method_find("truncated-svd");
    struct worst w = { 0 };
    compare(device, processor, m, "rank=20", a.view, &w);
    judge("block Lanczos", &w);
    CHECK(backend_counts(device->backend).device[OP_GEMM] > 0); /* in that run */
    matrix_finish(&a);
    matrix_finish(&l);
    matrix_finish(&r);
}

/* Methods that take several matrices at once: the same error, and nothing left to the processor. */
static void together(struct lab *device, struct lab *processor)
{
    static const char *const more[] = { "rank=7", "rank=7 bits=4 balance=spectral split=both" };
    struct matrix a = lab_spectrum(DTYPE_F32, 130, 45, 5, decaying),
                  b = lab_spectrum(DTYPE_F32, 30, 45, 6, decaying);
    const struct matrix_view views[] = { a.view, b.view };
    const struct inputs in = { views, 2, NULL };
    double worst = 0;
    unsigned long left = 0;
    for (size_t i = 0; methods[i]; i++)
        for (size_t s = 0; methods[i]->flags & METHOD_MANY && s < 2; s++) {
            struct params_any params = lab_params(methods[i], false, "");
            struct approximation got = { 0 }, want = { 0 };
            struct error err = { 0 };
            lab_set(methods[i], &params, more[s], true);
            bool ok = approximate(&device->job, methods[i], params.bytes, &in, &got, &err) &&
                      approximate(&processor->job, methods[i], params.bytes, &in, &want, &err);
            worst = ok ? fmax(worst, fabs(got.error / want.error - 1)) : HUGE_VAL;
            left += fallbacks(&got.counts) + !dispatched(methods[i], &got);
            approximation_finish(&got);
            approximation_finish(&want);
        }
    printf("# several at once: errors apart by %.2g\n", worst);
    CHECK(worst < 1e-4 && left == 0);
    matrix_finish(&a);
    matrix_finish(&b);
}

int main(void)
{
    struct lab device, processor;
    lab_open(&processor);
    vulkan_testing.validate = true;
    if (!open_device(&device)) {
        lab_close(&processor);
        printf("1..0 # SKIP no Vulkan device, or no validation layer\n");
        return 0;
    }
    printf("# %s\n", backend_device(device.backend));
    for (size_t i = 0; methods[i]; i++)
        ask(&device, &processor, methods[i], sizeof(settings) / sizeof(settings[0]));
    groups(&device, &processor);
    large(&device, &processor);
    together(&device, &processor);
    lab_close(&device);
    vulkan_testing.binding = 54 << 10; /* 643 x 45 are three panels, or five */
    printf("# panels of %zu bytes\n", vulkan_testing.binding);
    if (open_device(&device)) {
        for (size_t i = 0; methods[i]; i++)
            ask(&device, &processor, methods[i], 1);
        lab_close(&device);
    }
    vulkan_testing.no_f64 = true;
    printf("# no double precision\n");
    if (open_device(&device)) {
        for (size_t i = 0; methods[i]; i++)
            ask(&device, &processor, methods[i], 1);
        lab_close(&device);
    }
    printf("# %ld calls, %ld messages\n", vulkan_testing.calls, vulkan_testing.messages);
    CHECK(vulkan_testing.calls > 0 && vulkan_testing.messages == 0);
    lab_close(&processor);
    CHECK(memory_used() == 0);
    return check_done();
}
