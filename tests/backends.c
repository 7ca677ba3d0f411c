/* One suite for every backend in the list, and for one that leaves entries to the processor:
 * results against plain double loops, within the tolerances on top of backends.h. A trial fails,
 * too, when the operation it names did not run on the device. Seeds are fixed. */

#include "backends.h"
#include "check.h"

#include "memory.h"
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_VULKAN
#include "vulkan/api.h"
#endif

size_t widest = SIZE_MAX;
static const char *setting = ""; /* in words, after the backend's name */

double *plain(struct matrix_view m, bool transposed)
{
    struct matrix_view v = transposed ? matrix_transposed(m) : m;
    double *out = calloc(v.rows * v.cols + 1, sizeof(*out));
    for (size_t i = 0; i < v.rows; i++)
        for (size_t j = 0; j < v.cols; j++)
            out[i * v.cols + j] = matrix_at(v, i, j);
    return out;
}

static void check_named(bool ok, const struct backend *b, const struct trial *t, enum dtype dtype,
                        const char *what)
{
    char text[160];
    snprintf(text, sizeof(text), "%s%s: %s %s: %s", b->ops->name, setting,
             dtype == DTYPE_F64 ? "f64" : "f32", t->name, what);
    check_that(ok, text, __FILE__, __LINE__);
}

static bool offered(const struct backend *b, enum backend_op op, enum dtype dtype)
{
    const struct backend_ops *o = b->ops;
    const bool entry[OP_COUNT] = { o->gemm,        o->gram,       o->fill,     o->code,
                                   o->decode,      o->residual,   o->subtract, o->hadamard,
                                   o->reconstruct, o->gram_exact, o->noise,    o->eigen };
    return entry[op] && (!o->offers || o->offers(b, op, dtype));
}

static void run_trial(struct backend *b, const struct trial *t, enum dtype dtype)
{
    if (t->once && dtype != DTYPE_F64)
        return;
    struct backend_counts before = backend_counts(b);
    double excess = t->run(b, dtype);
    backend_release_all(b);
    struct backend_counts after = backend_counts(b);
    unsigned long device = after.device[t->op] - before.device[t->op],
                  fallback = after.fallback[t->op] - before.fallback[t->op];
    bool processor = !b->host, on_device = !processor && offered(b, t->op, dtype);
    if (excess > 0)
        printf("# over the tolerance by %g\n", excess);
    if (!processor && !on_device)
        printf("# %s %s: not offered, %lu by the processor\n", backend_op_names[t->op],
               dtype == DTYPE_F64 ? "f64" : "f32", fallback);
    check_named(excess <= 0, b, t, dtype, "right");
    check_named((device > 0) == on_device && (fallback > 0) == (!processor && !on_device), b, t,
                dtype, "ran where it should");
}

static void run_trials(struct backend *b)
{
    static const struct trial *const parts[] = { trials_products, trials_numbers, trials_codes,
                                                 trials_batches };
    for (int type = 0; type < 2; type++)
        for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++)
            for (const struct trial *t = parts[p]; t->name; t++)
                run_trial(b, t, (enum dtype)type);
}

/* A view with rows side by side in memory loads and reads like any other. */
static void test_load(struct backend *b, enum dtype dtype)
{
    struct error err = { 0 };
    struct matrix x = filled(dtype, 9, 5, 1), y = filled(dtype, 5, 9, 2),
                  z = filled(dtype, 3, 2, 2);
    struct buffer a = { 0 }, c = { 0 };
    bool ok = backend_load(b, matrix_transposed(x.view), &a, &err) &&
              backend_read(&a, y.view, &err);
    ok = ok && backend_load(b, matrix_block(x.view, 4, 2, 3, 2), &c, &err) &&
         backend_read(&c, z.view, &err);
    size_t wrong = 0;
    for (size_t i = 0; i < 45; i++)
        wrong += matrix_at(x.view, i / 5, i % 5) != matrix_at(y.view, i % 5, i / 5);
    for (size_t i = 0; i < 6; i++)
        wrong += matrix_at(x.view, 4 + i / 2, 2 + i % 2) != matrix_at(z.view, i / 2, i % 2);
    CHECK(ok && wrong == 0);
    backend_release(&a);
    backend_release(&a); /* {0} is fine */
    CHECK(backend_alloc(b, dtype, 3, 2, &a, &err) && backend_read(&a, z.view, &err) &&
          matrix_norm(z.view) == 0);
    backend_release_all(b);
    matrix_finish(&x);
    matrix_finish(&y);
    matrix_finish(&z);
}

/* false: there is no such device here. */
static bool test_backend(const struct backend_ops *ops)
{
    struct error err = { 0 };
    size_t before = memory_used();
    struct backend *b = backend_start(ops, NULL, &err);
    if (!b) {
        printf("# %s: %s\n", ops->name, err.text);
        CHECK(err.code == ERROR_DEVICE && strcmp(ops->name, "cpu") != 0);
        return false;
    }
    printf("# %s: %s\n", backend_name(b), backend_device(b));
    test_load(b, DTYPE_F32);
    test_load(b, DTYPE_F64);
    run_trials(b);
    backend_counts_reset(b);
    struct backend_counts n = backend_counts(b);
    CHECK(n.fallback[OP_GEMM] == 0 && n.device[OP_GRAM] == 0);
    backend_close(b);
    CHECK(memory_used() == before);
    return true;
}

/* A little of everything, for the allocation that fails. */
static bool use(const struct backend_ops *ops, struct matrix_view x, struct error *err)
{
    extern const struct quantizer quantizer_uniform;
    struct coding c = { .quantizer = &quantizer_uniform, .bits = 3, .scales = SCALES_VECTOR };
    struct coded k = { 0 };
    struct buffer a = { 0 }, g = { 0 }, s = { 0 }, y = { 0 }, z = { 0 }, spare = { 0 };
    const int32_t integers[] = { 3, 4, 5, 6 };
    int64_t squares[4];
    double norm;
    struct backend *b = backend_start(ops, NULL, err);
    bool ok = b && backend_load(b, x, &a, err) &&
              backend_alloc(b, DTYPE_F64, x.cols, x.cols, &g, err) && backend_gram(&a, &g, err) &&
              backend_alloc(b, x.dtype, x.cols, 4, &s, err) &&
              backend_fill(SKETCH_SPARSE, 1, STREAM_TEST, 0, 1, &s, err) &&
              backend_alloc(b, x.dtype, x.rows, 4, &y, err) &&
              backend_gemm(&a, false, &s, false, &y, err) && backend_code(&c, &y, &k, err) &&
              backend_decode(&k, &y, err) &&
              backend_residual(&y, &(struct buffer_product){ &y, NULL }, 1, &norm, err);
    ok = ok && backend_alloc(b, x.dtype, x.rows, 4, &z, err) &&
         backend_hadamard(&y, 1, false, &z, err) &&
         backend_reconstruct(&(struct buffer_product){ &y, NULL }, 1, &z, err) &&
         backend_gram_exact(b, integers, 2, 2, squares, err) &&
         backend_noise(FIELD_COMPLEX, 1, 0, 1, &y, err) &&
         backend_alloc(b, x.dtype, x.rows / 2, 2, &spare, err) &&
         backend_eigen(FIELD_COMPLEX, &y, &spare, err);
    for (int i = 0; ok && i < 20; i++) /* more buffers than the list has room for at first */
        ok = backend_alloc(b, DTYPE_F32, 1, 1, &spare, err);
    ok = ok && norm == 0 && squares[3] == 52;
    coded_finish(&k);
    backend_close(b);
    return ok;
}

static void test_out_of_memory(const struct backend_ops *ops)
{
    struct matrix x = filled(DTYPE_F32, 12, 7, 1);
    size_t before = memory_used();
    long failed = 0, strange = 0;
    for (bool ok = false; !ok && failed < 500; failed += !ok) {
        struct error err = { 0 };
        memory_fail_after(failed);
        ok = use(ops, x.view, &err);
        memory_fail_after(-1);
        strange += memory_used() != before || (!ok && err.code != ERROR_MEMORY);
    }
    printf("# %s: %ld allocations failed\n", ops->name, failed);
    CHECK(failed > 20 && failed < 500 && strange == 0);
    matrix_finish(&x);
}

static void test_open(void)
{
    struct error err = { 0 };
    struct backend *b = backend_open("auto", NULL, &err);
    CHECK(b && strcmp(backend_name(b), "cpu") == 0 && backend_device(b)[0] != '\0');
    backend_close(b);
    CHECK(!backend_open("abacus", NULL, &err) && err.code == ERROR_USAGE &&
          strstr(err.text, "cpu"));
    CHECK(!backend_open("cpu", "no such processor", &err) && err.code == ERROR_USAGE);
    b = backend_open("cpu", "0", &err);
    CHECK(b != NULL);
    backend_close(b);
    b = backend_open("auto", "", &err);
    CHECK(b && b->list); /* an empty name leaves it the choice */
    backend_close(b);
    backend_close(NULL);
}

/* A second card of the same make is not the first because its name has the digit. */
static void test_named(void)
{
    CHECK(backend_device_is("1", 1, "NVIDIA H100") && !backend_device_is("1", 0, "NVIDIA H100"));
    CHECK(!backend_device_is("100", 0, "NVIDIA H100") && !backend_device_is("01", 1, "x"));
    CHECK(backend_device_is("h100", 0, "NVIDIA H100") && backend_device_is("NVIDIA", 3, "nvidia"));
    CHECK(!backend_device_is("NVIDIA H100 PCIe", 0, "NVIDIA H100"));
}

/* Only F32, as on a device without double precision. */
static bool single(const struct backend *b, enum backend_op op, enum dtype dtype)
{
    (void)b, (void)op;
    return dtype == DTYPE_F32;
}

static void skip(const char *what)
{
    printf("ok %d - %s # SKIP\n", ++checks, what);
}

#ifdef HAVE_VULKAN
extern const struct backend_ops backend_vulkan;

/* How many operations a device with double precision leaves out. */
static int left_out(const struct backend *b)
{
    int n = 0;
    for (int op = 0; op < OP_COUNT && offered(b, OP_GEMM, DTYPE_F64); op++)
        for (int type = 0; type < 2; type++)
            if (!offered(b, (enum backend_op)op, (enum dtype)type)) {
                printf("# %s is left out\n", backend_op_names[op]);
                n++;
            }
    return n;
}

/* With the validation layer if there is one; NULL: no device here. */
static struct backend *start_validated(void)
{
    struct error err = { 0 };
    vulkan_testing = (struct vulkan_testing){ .validate = true };
    struct backend *b = backend_start(&backend_vulkan, NULL, &err);
    if (b)
        return b;
    printf("# %s\n", err.text);
    CHECK(err.code == ERROR_DEVICE);
    vulkan_testing.validate = false;
    b = backend_start(&backend_vulkan, NULL, &err);
    skip(b ? "no validation layer" : "no Vulkan device");
    return b;
}

/* As it is; with every operand in many panels, passed through staging; without double precision. */
static void test_vulkan(void)
{
    struct backend *b = start_validated();
    if (!b)
        return;
    CHECK(left_out(b) == 0);
    backend_close(b);
    CHECK(test_backend(&backend_vulkan));
    setting = " in small panels";
    vulkan_testing.binding = 16 << 10;
    vulkan_testing.no_direct = true;
    widest = 64; /* 32 rows of doubles are 16 KiB */
    CHECK(test_backend(&backend_vulkan));
    setting = " in single precision";
    vulkan_testing.binding = 0;
    vulkan_testing.no_f64 = true;
    CHECK(test_backend(&backend_vulkan));
    widest = SIZE_MAX;
    setting = "";
    printf("# %ld messages of the validation layer\n", vulkan_testing.messages);
    CHECK(vulkan_testing.messages == 0);
    vulkan_testing = (struct vulkan_testing){ 0 };
    test_out_of_memory(&backend_vulkan);
}
#else
static void test_vulkan(void)
{
    skip("built without Vulkan");
}
#endif

int main(void)
{
    extern const struct backend_ops backend_cpu;
    struct backend_ops partial = backend_cpu, none = backend_cpu;
    printf("# seed %d\n", SEED);
    partial.name = "partial";
    partial.offers = single;
    partial.gram = NULL;
    partial.code = NULL;
    partial.residual = NULL;
    none = (struct backend_ops){ .name = "none",
                                 .open = backend_cpu.open,
                                 .close = backend_cpu.close,
                                 .device = backend_cpu.device,
                                 .alloc = backend_cpu.alloc,
                                 .release = backend_cpu.release,
                                 .load = backend_cpu.load,
                                 .read = backend_cpu.read };
    test_open();
    test_named();
    for (size_t i = 0; backends[i]; i++)
        if (strcmp(backends[i]->name, "vulkan") != 0) {
            CHECK(test_backend(backends[i]));
            test_out_of_memory(backends[i]);
        }
    test_vulkan();
    test_backend(&partial);
    test_backend(&none);
    test_out_of_memory(&none);
    return check_done();
}
