/* What a private release hands the device: no memory that the processor can reach still holds
 * any of it when it is given back, whatever call of the driver fails; and a failure of any call is
 * one clear line. */

#include "check.h"

#include "backend.h"
#include "memory.h"
#include "vulkan/vulkan.h"

#include <string.h>

enum { N = 40, D = 3, SECRET = 0x0b7e1516, MAPS = 256 };

extern const struct backend_ops backend_vulkan;

/* Mapped memory, as the driver was asked for it. */
static struct map {
    VkDeviceMemory memory;
    size_t size;
    const uint32_t *at;
} maps[MAPS];
static struct vulkan_api driver;
static long on_the_way, left_behind; /* secret words seen at a submission; when given back */

static long secrets(const struct map *m)
{
    const uint64_t sum = (uint64_t)N * SECRET * SECRET;
    long n = 0;
    for (size_t i = 0; m->at && i < m->size / 4; i++)
        n += m->at[i] == SECRET || m->at[i] == (uint32_t)sum || m->at[i] == (uint32_t)(sum >> 32);
    return n;
}

static long all_secrets(void)
{
    long n = 0;
    for (size_t i = 0; i < MAPS; i++)
        n += secrets(&maps[i]);
    return n;
}

static struct map *find(VkDeviceMemory memory)
{
    size_t i = 0;
    while (i < MAPS - 1 && maps[i].memory != memory)
        i++;
    return &maps[i];
}

static VkResult VKAPI_CALL allocate(VkDevice device, const VkMemoryAllocateInfo *info,
                                    const VkAllocationCallbacks *a, VkDeviceMemory *memory)
{
    VkResult r = driver.AllocateMemory(device, info, a, memory);
    if (r == VK_SUCCESS)
        *find(VK_NULL_HANDLE) = (struct map){ *memory, (size_t)info->allocationSize, NULL };
    return r;
}

static VkResult VKAPI_CALL map(VkDevice device, VkDeviceMemory memory, VkDeviceSize offset,
                               VkDeviceSize size, VkMemoryMapFlags flags, void **data)
{
    VkResult r = driver.MapMemory(device, memory, offset, size, flags, data);
    if (r == VK_SUCCESS)
        find(memory)->at = *data;
    return r;
}

static void VKAPI_CALL unmap(VkDevice device, VkDeviceMemory memory)
{
    left_behind += secrets(find(memory));
    find(memory)->at = NULL;
    driver.UnmapMemory(device, memory);
}

static void VKAPI_CALL release(VkDevice device, VkDeviceMemory memory,
                               const VkAllocationCallbacks *a)
{
    *find(memory) = (struct map){ 0 };
    driver.FreeMemory(device, memory, a);
}

static VkResult VKAPI_CALL submit(VkQueue queue, uint32_t n, const VkSubmitInfo *info,
                                  VkFence fence)
{
    on_the_way += all_secrets();
    return driver.QueueSubmit(queue, n, info, fence);
}

static struct backend *start(void)
{
    struct error err = { 0 };
    vulkan_testing.calls = vulkan_testing.fail_at = 0;
    vulkan_testing.gone = false;
    struct backend *b = backend_start(&backend_vulkan, NULL, &err);
    if (!b) {
        printf("# %s\n", err.text);
        return NULL;
    }
    struct vulkan_api *api = &((struct vulkan *)b)->api;
    driver = *api;
    memset(maps, 0, sizeof(maps));
    api->AllocateMemory = allocate;
    api->MapMemory = map;
    api->UnmapMemory = unmap;
    api->FreeMemory = release;
    api->QueueSubmit = submit;
    return b;
}

static bool integers(struct backend *b, struct error *err)
{
    int32_t rows[N * D];
    int64_t sums[D * D];
    for (size_t i = 0; i < (size_t)N * D; i++)
        rows[i] = SECRET;
    if (!backend_gram_exact(b, rows, N, D, sums, err))
        return false;
    for (size_t i = 0; i < (size_t)D * D; i++)
        if (sums[i] != (int64_t)N * SECRET * SECRET)
            return fail(err, ERROR_NUMERIC, "a sum is wrong");
    return true;
}

static bool batches(struct backend *b, struct error *err)
{
    struct buffer x = { 0 }, values = { 0 };
    struct matrix out = { 0 };
    bool ok = backend_alloc(b, DTYPE_F32, 4 * D, 2 * D, &x, err) &&
              backend_alloc(b, DTYPE_F32, 4, D, &values, err) &&
              backend_noise(FIELD_COMPLEX, 7, 0, 1, &x, err) &&
              backend_eigen(FIELD_COMPLEX, &x, &values, err) &&
              matrix_init(&out, DTYPE_F32, 4, D, err) && backend_read(&values, out.view, err);
    if (ok && !(matrix_at(out.view, 0, 0) > matrix_at(out.view, 0, D - 1)))
        ok = fail(err, ERROR_NUMERIC, "a value is wrong");
    matrix_finish(&out);
    backend_release_all(b);
    return ok;
}

static void succeeds(void)
{
    struct error err = { 0 };
    struct backend *b = start();
    on_the_way = left_behind = 0;
    CHECK(b && integers(b, &err));
    printf("# %ld secret words on their way, %ld left behind, %ld in what is still mapped\n",
           on_the_way, left_behind, all_secrets());
    CHECK(on_the_way >= (long)N * D);
    CHECK(left_behind == 0 && all_secrets() == 0);
    CHECK(b && backend_counts(b).device[OP_GRAM_EXACT] == 1);
    backend_close(b);
}

/* Call n after opening fails, for every n. */
static void sweep(const char *name, bool (*run)(struct backend *b, struct error *err),
                  VkResult result)
{
    size_t before = memory_used();
    long n = 0, wrong = 0, failed = 0;
    left_behind = 0;
    for (bool reached = true; reached && n < 500; n++) {
        struct error err = { 0 };
        struct backend *b = start();
        if (!b) {
            wrong++;
            break;
        }
        vulkan_testing.calls = 0;
        vulkan_testing.fail_at = n + 1;
        vulkan_testing.result = result;
        bool ok = run(b, &err);
        reached = vulkan_testing.calls > n;
        failed += !ok;
        wrong += !ok && (err.code != ERROR_DEVICE || !err.text[0] || strchr(err.text, '\n'));
        wrong += !ok && !reached;
        left_behind += all_secrets();
        backend_close(b);
        wrong += memory_used() != before;
    }
    printf("# %s, error %d: %ld calls, each failed once, %ld told\n", name, (int)result, n - 1,
           failed);
    CHECK(n > 5 && n < 500 && failed > 5);
    CHECK(wrong == 0);
    CHECK(left_behind == 0);
}

int main(void)
{
    static const VkResult results[] = { VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_DEVICE_LOST };
    vulkan_testing.validate = true;
    struct backend *b = start();
    if (!b) { /* perhaps for want of the layer alone */
        vulkan_testing.validate = false;
        b = start();
    }
    backend_close(b);
    if (!b) {
        printf("ok %d - no Vulkan device # SKIP\n", ++checks);
        return check_done();
    }
    succeeds();
    vulkan_testing.no_direct = true;
    succeeds();
    vulkan_testing.no_direct = false;
    CHECK(vulkan_testing.messages == 0);
    vulkan_testing.validate = false; /* injected failures confuse it */
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        sweep("integer Gram matrix", integers, results[i]);
        sweep("noise and eigenvalues", batches, results[i]);
    }
    return check_done();
}
