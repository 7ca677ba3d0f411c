/* Whatever the driver does, every run ends with the right answer or one clear line: any of
 * its calls fails, with each error it can give. */

#include "check.h"
#include "lab.h"
#include "vulkan/vulkan.h"

#include <time.h>

enum { ROWS = 48, COLS = 40 };

extern const struct backend_ops backend_vulkan;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double decaying(size_t i)
{
    return 1.0 / (double)i;
}

static void inject(long fail_at, VkResult result)
{
    vulkan_testing.calls = 0;
    vulkan_testing.gone = false;
    vulkan_testing.fail_at = fail_at;
    vulkan_testing.result = result;
}

static bool one_line(const struct error *err)
{
    return err->code == ERROR_DEVICE && err->text[0] && !strchr(err->text, '\n');
}

/* A method, a matrix, and what the processor makes of it. */
struct task {
    const struct method *method;
    struct params_any params;
    struct matrix_view a;
    double error;
};

static struct task make_task(const char *name, struct matrix_view a)
{
    struct lab l;
    struct task t = { .method = method_find(name), .a = a };
    t.params = lab_params(t.method, false, "");
    lab_set(t.method, &t.params, "rank=6 seed=3 rounds=2", true);
    lab_open(&l);
    struct approximation out = lab_run(&l, t.method, &t.params, a, NULL);
    t.error = out.error;
    approximation_finish(&out);
    lab_close(&l);
    return t;
}

/* Whether the answer is there and right; *counts: who computed it. */
static bool answer(const struct task *t, struct backend *b, struct backend_counts *counts)
{
    struct arena scratch = { 0 };
    struct job job = { .backend = b, .scratch = &scratch };
    struct approximation out = { 0 };
    struct error err = { 0 };
    struct inputs in = { &t->a, 1, NULL };
    bool ok = approximate(&job, t->method, t->params.bytes, &in, &out, &err);
    if (!ok)
        printf("# %s, call %ld: %s\n", t->method->name, vulkan_testing.fail_at, err.text);
    ok = ok && fabs(out.error - t->error) <= 1e-4 * t->error;
    if (ok && counts)
        *counts = out.counts;
    approximation_finish(&out);
    arena_finish(&scratch);
    return ok;
}

static unsigned long sum(const unsigned long *counts)
{
    unsigned long n = 0;
    for (int i = 0; i < OP_COUNT; i++)
        n += counts[i];
    return n;
}

static struct backend *start(void)
{
    struct error err = { 0 };
    inject(0, VK_SUCCESS);
    return backend_start(&backend_vulkan, NULL, &err);
}

/* Opening fails at call n, for every n. */
static void sweep_opening(VkResult result)
{
    size_t before = memory_used();
    long n = 0, wrong = 0;
    for (bool reached = true; reached && n < 1000; n++) {
        struct error err = { 0 };
        inject(n + 1, result);
        struct backend *b = backend_start(&backend_vulkan, NULL, &err);
        reached = vulkan_testing.calls > n;
        wrong += b ? false : !one_line(&err);
        wrong += !b && !reached;
        backend_close(b);
        wrong += memory_used() != before;
    }
    printf("# opening, error %d: %ld calls, each failed once\n", (int)result, n - 1);
    CHECK(n > 5 && n < 1000);
    CHECK(wrong == 0);
}

/* A job's call n fails for want of memory, for every n; the device goes on. */
static void sweep_memory(const struct task *t, VkResult result)
{
    size_t closed = memory_used();
    struct backend *b = start();
    struct backend_counts c;
    bool ok = b && answer(t, b, &c);
    size_t before = memory_used();
    long n = 0, wrong = !ok, stood_in = 0;
    for (bool reached = true; ok && reached && n < 5000; n++) {
        inject(n + 1, result);
        wrong += !answer(t, b, &c);
        reached = vulkan_testing.calls > n;
        if (sum(c.fallback) > 0 && stood_in++ == 0)
            before = memory_used(); /* its list of buffers stays */
        wrong += memory_used() != before;
    }
    inject(0, VK_SUCCESS);
    wrong += !answer(t, b, &c) || sum(c.fallback) != 0 || sum(c.device) == 0;
    printf("# %s, error %d: %ld calls, each failed once; the processor stood in %ld times\n",
           t->method->name, (int)result, n - 1, stood_in);
    backend_close(b);
    CHECK(ok && n > 5 && n < 5000);
    CHECK(wrong == 0);
    CHECK(stood_in > 0);
    CHECK(memory_used() == closed);
}

/* The device is lost at call n of a job, and the processor answers. When asked for more: the next
 * job finds the device made anew; when that is lost too, the processor answers for good. */
static bool lose(const struct task *t, long n, VkResult result, bool more, bool *reached)
{
    struct backend *b = start();
    struct backend_counts c;
    if (!b)
        return false;
    inject(n, result);
    bool ok = answer(t, b, &c);
    *reached = vulkan_testing.calls >= n;
    if (*reached)
        ok = ok && sum(c.device) == 0 && sum(c.fallback) > 0;
    if (*reached && more) {
        inject(0, VK_SUCCESS);
        ok = ok && answer(t, b, &c) && sum(c.device) > 0 && sum(c.fallback) == 0;
        inject(1, VK_ERROR_DEVICE_LOST);
        ok = ok && answer(t, b, &c) && sum(c.device) == 0;
        inject(0, VK_SUCCESS);
        ok = ok && answer(t, b, &c) && sum(c.device) == 0 && sum(c.fallback) > 0;
    }
    backend_close(b);
    return ok;
}

static void sweep_loss(const struct task *t, VkResult result, long stride, bool more)
{
    size_t before = memory_used();
    long n = 1, wrong = 0;
    for (bool reached = true; reached && n < 5000; n += stride) {
        bool ok = lose(t, n, result, more, &reached) && memory_used() == before;
        if (!ok)
            printf("# %s, error %d at call %ld: wrong\n", t->method->name, (int)result, n);
        wrong += !ok;
    }
    printf("# %s, error %d: lost at calls 1, %ld, ... %ld\n", t->method->name, (int)result,
           1 + stride, n);
    CHECK(n > 5 && n < 5000);
    CHECK(wrong == 0);
}

/* A device that was lost cannot be made anew. */
static void sweep_renewal(const struct task *t)
{
    long wrong = 0, k = 1;
    for (bool reached = true; reached && k < 100; k++) {
        struct backend *b = start();
        struct backend_counts c;
        inject(3, VK_ERROR_DEVICE_LOST);
        bool ok = b && answer(t, b, NULL);
        inject(k, VK_ERROR_INITIALIZATION_FAILED);
        ok = ok && answer(t, b, &c);
        reached = vulkan_testing.calls >= k && sum(c.device) == 0;
        inject(0, VK_SUCCESS);
        ok = ok && answer(t, b, &c);
        wrong += !ok;
        backend_close(b);
    }
    printf("# renewal: %ld of its calls failed\n", k - 2);
    CHECK(wrong == 0 && k > 3);
}

/* ---- a device that hangs ---- */

/* LeakSanitizer's, where it is there: what a driver made for a device left behind is its own. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static size_t destroyed, waits;
static PFN_vkWaitSemaphores wait_truly;

static void count_buffer(VkDevice d, VkBuffer x, const VkAllocationCallbacks *a)
{
    (void)d, (void)x, (void)a, destroyed++;
}

static void count_memory(VkDevice d, VkDeviceMemory x, const VkAllocationCallbacks *a)
{
    (void)d, (void)x, (void)a, destroyed++;
}

static void count_pipeline(VkDevice d, VkPipeline x, const VkAllocationCallbacks *a)
{
    (void)d, (void)x, (void)a, destroyed++;
}

static void count_pool(VkDevice d, VkCommandPool x, const VkAllocationCallbacks *a)
{
    (void)d, (void)x, (void)a, destroyed++;
}

static void count_device(VkDevice d, const VkAllocationCallbacks *a)
{
    (void)d, (void)a, destroyed++;
}

static void count_instance(VkInstance i, const VkAllocationCallbacks *a)
{
    (void)i, (void)a, destroyed++;
}

static VkResult count_wait(VkDevice d, const VkSemaphoreWaitInfo *info, uint64_t patience)
{
    waits++;
    return wait_truly(d, info, patience);
}

static void watch(struct backend *b)
{
    struct vulkan_api *api = &((struct vulkan *)b)->api;
    destroyed = waits = 0;
    wait_truly = api->WaitSemaphores;
    api->WaitSemaphores = count_wait;
    api->DestroyBuffer = count_buffer;
    api->FreeMemory = count_memory;
    api->DestroyPipeline = count_pipeline;
    api->DestroyCommandPool = count_pool;
    api->DestroyDevice = count_device;
    api->DestroyInstance = count_instance;
}

/* More buffers than there is room for until they can be freed: none of them is, nor anything else;
 * the device is waited for once. The one made in its place works. */
static void test_hang(const struct task *t)
{
    size_t before = memory_used();
    struct backend *b = start();
    struct backend_counts c;
    struct buffer x[100] = { 0 };
    struct matrix m = { 0 };
    struct error err = { 0 };
    bool ok = b && matrix_init(&m, DTYPE_F32, 4, 4, &err);
    for (int i = 0; ok && i < 100; i++)
        ok = backend_alloc(b, DTYPE_F32, 4, 4, &x[i], &err);
    ok = ok && backend_gemm(&x[0], false, &x[1], false, &x[2], &err) &&
         backend_read(&x[2], m.view, &err) && backend_gemm(&x[0], false, &x[1], false, &x[2], &err);
    CHECK(ok);
    if (ok) {
        watch(b);
        vulkan_testing.hung = true;
        inject(3, VK_TIMEOUT); /* the wait */
        CHECK(!backend_read(&x[2], m.view, &err) && one_line(&err));
        backend_release_all(b);
        CHECK(b->ops->lost(b) && b->ops->renew(b, &err));
        vulkan_testing.hung = false;
        CHECK(destroyed == 0 && waits == 1);
        CHECK(answer(t, b, &c) && sum(c.device) > 0 && sum(c.fallback) == 0);
    }
    backend_close(b);
    matrix_finish(&m);
    CHECK(destroyed == 0 && memory_used() == before);
}

/* No loader, no device, one that is too small, one without double precision. */
static void test_poor(const struct task *t)
{
    struct error err = { 0 };
    struct backend_counts c;
    vulkan_testing.no_loader = true;
    CHECK(!start() && !backend_open("vulkan", NULL, &err) && one_line(&err));
    vulkan_testing.no_loader = false;
    vulkan_testing.no_device = true;
    CHECK(!start() && !backend_open("vulkan", NULL, &err) && one_line(&err));
    struct backend *b = backend_open("auto", NULL, &err);
    CHECK(b && answer(t, b, &c) && sum(c.fallback) == 0);
    backend_close(b);
    vulkan_testing.no_device = false;
    CHECK(!backend_open("vulkan", "no such device", &err) && err.code == ERROR_USAGE);

    vulkan_testing.memory = 4096; /* not even the matrix */
    b = start();
    CHECK(b && answer(t, b, &c) && sum(c.device) == 0 && sum(c.fallback) > 0);
    backend_close(b);
    vulkan_testing.memory = 0;
    vulkan_testing.binding = 1024; /* not even 32 rows */
    b = start();
    CHECK(b && answer(t, b, &c) && sum(c.device) == 0 && sum(c.fallback) > 0);
    backend_close(b);
    vulkan_testing.binding = 0;
    vulkan_testing.no_f64 = true;
    b = start();
    CHECK(b && answer(t, b, &c) && c.device[OP_FILL] > 0 && c.fallback[OP_CODE] > 0);
    backend_close(b);
    vulkan_testing.no_f64 = false;
}

/* Memory in small pieces: the panels get smaller, the answer stays. */
static void test_pieces(void)
{
    struct matrix a = lab_spectrum(DTYPE_F32, 300, 257, 4, decaying);
    struct task t = make_task("naive", a.view);
    struct backend_counts c;
    vulkan_testing.piece = 64 << 10;
    struct backend *b = start();
    CHECK(b && answer(&t, b, &c) && sum(c.device) > 0 && sum(c.fallback) == 0);
    backend_close(b);
    vulkan_testing.piece = 0;
    matrix_finish(&a);
}

int main(void)
{
    vulkan_testing.validate = true;
    struct backend *b = start();
    if (!b) {
        printf("1..0 # SKIP no Vulkan device, or no validation layer\n");
        return 0;
    }
    printf("# %s\n", backend_device(b));
    /* However long one work group takes, as many as run at once go into a dispatch. */
    CHECK(vulkan_share((struct vulkan *)b, 1000, 1e30, true) == ((struct vulkan *)b)->cores);
    backend_close(b);
    struct matrix a = lab_spectrum(DTYPE_F32, ROWS, COLS, 5, decaying);
    struct task lplr = make_task("lplr", a.view), plain = make_task("naive", a.view);
    static const VkResult opening[] = { VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_DEVICE_LOST,
                                        VK_ERROR_INITIALIZATION_FAILED };
    double begin = seconds();
    for (size_t i = 0; i < 3; i++)
        sweep_opening(opening[i]);
    printf("# %.1f s\n", seconds() - begin);
    if (__lsan_disable)
        __lsan_disable();
    test_hang(&lplr);
    if (__lsan_enable)
        __lsan_enable();
    test_poor(&lplr);
    test_pieces();
    for (size_t i = 0; methods[i]; i++) {
        struct matrix own = lab_spectrum(DTYPE_F32, ROWS, COLS, 5, decaying);
        lab_suit(methods[i], &own);
        struct task t = make_task(methods[i]->name, own.view);
        sweep_memory(&t, VK_ERROR_OUT_OF_DEVICE_MEMORY);
        matrix_finish(&own);
    }
    sweep_memory(&lplr, VK_ERROR_OUT_OF_HOST_MEMORY);
    printf("# %.1f s\n", seconds() - begin);
    sweep_loss(&plain, VK_ERROR_DEVICE_LOST, 1, true);
    printf("# %.1f s\n", seconds() - begin);
    sweep_loss(&plain, VK_TIMEOUT, 3, false);
    sweep_loss(&lplr, VK_ERROR_DEVICE_LOST, 1, false);
    printf("# %.1f s\n", seconds() - begin);
    sweep_renewal(&plain);
    printf("# %.1f s\n", seconds() - begin);
    CHECK(vulkan_testing.messages == 0);
    matrix_finish(&a);
    return check_done();
}
