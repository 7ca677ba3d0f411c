#include "memory.h"
#include "vulkan/device.h"

#include <stdio.h>
#include <string.h>

enum { DEVICES = 16, FAMILIES = 16, EXTENSIONS = 512 };

static bool has_extension(struct vulkan *v, VkPhysicalDevice device, const char *name,
                          VkExtensionProperties *list)
{
    uint32_t n = EXTENSIONS;
    VkResult r = VULKAN_CALL(v->api.EnumerateDeviceExtensionProperties, device, NULL, &n, list);
    for (uint32_t i = 0; (r == VK_SUCCESS || r == VK_INCOMPLETE) && i < n; i++)
        if (strcmp(list[i].extensionName, name) == 0)
            return true;
    return false;
}

int device_family(const struct vulkan *v, VkPhysicalDevice device)
{
    VkQueueFamilyProperties families[FAMILIES];
    uint32_t n = FAMILIES;
    int found = -1;
    v->api.GetPhysicalDeviceQueueFamilyProperties(device, &n, families);
    for (uint32_t i = 0; i < n; i++) {
        bool computes = families[i].queueFlags & VK_QUEUE_COMPUTE_BIT;
        if (computes && (found < 0 || !(families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT)))
            found = (int)i;
    }
    return found;
}

static const struct {
    VkPhysicalDeviceType type;
    const char *text;
    int rank; /* which is tried first */
} types[] = {
    { VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, "discrete", 0 },
    { VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU, "integrated", 1 },
    { VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU, "virtual", 2 },
    { VK_PHYSICAL_DEVICE_TYPE_OTHER, "other", 3 },
    { VK_PHYSICAL_DEVICE_TYPE_CPU, "software", 4 },
};

static size_t type_of(VkPhysicalDeviceType type)
{
    size_t n = sizeof(types) / sizeof(types[0]);
    for (size_t i = 0; i < n; i++)
        if (types[i].type == type)
            return i;
    return 3;
}

/* How many work groups may run at once, roughly; by the makers' own counts where they tell. */
static uint32_t count_cores(struct vulkan *v, VkPhysicalDevice device, bool software,
                            VkExtensionProperties *list)
{
    VkPhysicalDeviceShaderCorePropertiesAMD amd = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_AMD
    };
    VkPhysicalDeviceShaderSMBuiltinsPropertiesNV nv = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SM_BUILTINS_PROPERTIES_NV
    };
    VkPhysicalDeviceProperties2 all = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2 };
    if (has_extension(v, device, "VK_NV_shader_sm_builtins", list))
        all.pNext = &nv;
    else if (has_extension(v, device, "VK_AMD_shader_core_properties", list))
        all.pNext = &amd;
    v->api.GetPhysicalDeviceProperties2(device, &all);
    uint32_t n = nv.shaderSMCount + amd.shaderEngineCount * amd.shaderArraysPerEngineCount *
                                        amd.computeUnitsPerShaderArray;
    return n ? n : software ? 4 : 32;
}

static void describe(struct vulkan *v, VkPhysicalDevice device, VkExtensionProperties *list,
                     struct candidate *out)
{
    VkPhysicalDeviceVulkan12Features features12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES
    };
    VkPhysicalDeviceFeatures2 features = { VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                           &features12,
                                           { 0 } };
    VkPhysicalDeviceMaintenance3Properties sizes = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES
    };
    VkPhysicalDeviceDriverProperties driver = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, .pNext = &sizes
    };
    VkPhysicalDeviceProperties2 all = { VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                        &driver,
                                        { 0 } };
    v->api.GetPhysicalDeviceProperties2(device, &all);
    const VkPhysicalDeviceProperties *p = &all.properties;
    const VkPhysicalDeviceLimits *l = &p->limits;
    *out = (struct candidate){ .device = device, .type = types[type_of(p->deviceType)].text };
    out->rank = types[type_of(p->deviceType)].rank;
    snprintf(out->name, sizeof(out->name), "%s", p->deviceName);
    snprintf(out->driver, sizeof(out->driver), "%.100s %.100s", driver.driverName,
             driver.driverInfo);
    snprintf(out->api, sizeof(out->api), "%u.%u.%u", VK_API_VERSION_MAJOR(p->apiVersion),
             VK_API_VERSION_MINOR(p->apiVersion), VK_API_VERSION_PATCH(p->apiVersion));
    out->software = p->deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    out->cores = count_cores(v, device, out->software, list);
    out->shared = l->maxComputeSharedMemorySize;
    out->max_groups = l->maxComputeWorkGroupCount[0];
    for (int i = 1; i < 3; i++)
        if (l->maxComputeWorkGroupCount[i] < out->max_groups)
            out->max_groups = l->maxComputeWorkGroupCount[i];
    out->binding = l->maxStorageBufferRange < sizes.maxMemoryAllocationSize
                       ? l->maxStorageBufferRange
                       : sizes.maxMemoryAllocationSize;
    VkPhysicalDeviceMemoryProperties memory;
    v->api.GetPhysicalDeviceMemoryProperties(device, &memory);
    for (uint32_t i = 0; i < memory.memoryHeapCount; i++)
        if (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT &&
            memory.memoryHeaps[i].size > out->heap)
            out->heap = memory.memoryHeaps[i].size;
    if (p->apiVersion < VK_API_VERSION_1_2) {
        out->lacks = "Vulkan 1.2";
        return;
    }
    v->api.GetPhysicalDeviceFeatures2(device, &features);
    out->has_f64 = features.features.shaderFloat64;
    out->lacks = !features12.timelineSemaphore  ? "timeline semaphores"
                 : device_family(v, device) < 0 ? "a compute queue"
                 : l->maxComputeWorkGroupInvocations < 256 || l->maxComputeWorkGroupSize[0] < 256
                     ? "work groups of 256"
                 : out->shared < 32 << 10 ? "32 KiB of shared memory"
                 : !has_extension(v, device, "VK_KHR_push_descriptor", list) ? "push descriptors"
                                                                             : NULL;
}

size_t device_list(struct vulkan *v, struct candidate *out, size_t most, struct error *err)
{
    VkPhysicalDevice devices[DEVICES] = { 0 };
    uint32_t n = DEVICES;
    VkResult r = VULKAN_CALL(v->api.EnumeratePhysicalDevices, v->instance, &n, devices);
    if (vulkan_testing.no_device)
        n = 0;
    if (r != VK_INCOMPLETE && !vulkan_ok(v, r, "looking for devices", err))
        return 0;
    VkExtensionProperties *list = memory_alloc(EXTENSIONS * sizeof(*list), err);
    if (!list)
        return 0;
    size_t found = 0;
    for (int rank = 0; rank < 5; rank++) /* in the order they are tried, and numbered */
        for (uint32_t i = 0; i < n && found < most; i++) {
            describe(v, devices[i], list, &out[found]);
            found += out[found].rank == rank;
        }
    memory_free(list);
    if (found == 0)
        fail(err, ERROR_DEVICE,
             "the Vulkan loader finds no device (Debian: mesa-vulkan-drivers, or the driver of "
             "your GPU's maker); --backend cpu always works");
    return found;
}

bool device_choose(struct vulkan *v, const char *wanted, struct candidate *out, struct error *err)
{
    struct candidate all[DEVICES];
    size_t n = device_list(v, all, DEVICES, err);
    if (n == 0)
        return false;
    const char *lacks = NULL, *whose = NULL;
    for (size_t i = 0; i < n; i++) {
        if (wanted && !backend_device_is(wanted, (unsigned)i, all[i].name))
            continue;
        if (!all[i].lacks) {
            *out = all[i];
            return true;
        }
        lacks = all[i].lacks;
        whose = all[i].name;
    }
    if (lacks)
        return fail(err, ERROR_DEVICE, "the Vulkan device %s lacks %s; --backend cpu always works",
                    whose, lacks);
    return fail(err, ERROR_USAGE, "no Vulkan device is called \"%s\"; eigenscope doctor lists them",
                wanted);
}

bool vulkan_survey(void (*tell)(void *context, const struct device_facts *facts), void *context,
                   struct error *err)
{
    struct candidate all[DEVICES];
    struct vulkan *v = vulkan_start(err);
    size_t n = v ? device_list(v, all, DEVICES, err) : 0;
    for (size_t i = 0; i < n; i++) {
        const struct candidate *c = &all[i];
        char lacks[80];
        snprintf(lacks, sizeof(lacks), "it lacks %s", c->lacks ? c->lacks : "nothing");
        tell(context, &(struct device_facts){
                          .number = (unsigned)i,
                          .name = c->name,
                          .type = c->type,
                          .driver = c->driver,
                          .api = c->api,
                          .binding = c->binding,
                          .memory = c->heap,
                          .f64 = c->has_f64,
                          .software = c->software,
                          .unusable = c->lacks ? lacks : NULL,
                      });
    }
    if (v)
        vulkan_close(&v->base);
    return n > 0;
}
