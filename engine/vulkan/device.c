#include "vulkan/device.h"
#include "memory.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES = 16, FAMILIES = 16, EXTENSIONS = 512 };

static const struct {
    VkResult result;
    const char *text;
} failures[] = {
    { VK_ERROR_OUT_OF_HOST_MEMORY, "the driver has no memory left" },
    { VK_ERROR_OUT_OF_DEVICE_MEMORY, "the device has no memory left" },
    { VK_ERROR_DEVICE_LOST, "the device is lost" },
    { VK_ERROR_INITIALIZATION_FAILED, "the driver does not start" },
    { VK_ERROR_MEMORY_MAP_FAILED, "memory cannot be mapped" },
    { VK_ERROR_LAYER_NOT_PRESENT, "a layer is missing" },
    { VK_ERROR_EXTENSION_NOT_PRESENT, "an extension is missing" },
    { VK_ERROR_FEATURE_NOT_PRESENT, "a feature is missing" },
    { VK_ERROR_INCOMPATIBLE_DRIVER, "there is no driver for it" },
    { VK_ERROR_TOO_MANY_OBJECTS, "the driver has no room for more objects" },
    { VK_TIMEOUT, "it does not answer" },
};

bool vulkan_ok(struct vulkan *v, VkResult r, const char *what, struct error *err)
{
    if (r == VK_SUCCESS)
        return true;
    char number[32];
    snprintf(number, sizeof(number), "Vulkan error %d", (int)r);
    const char *text = number;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
        if (failures[i].result == r)
            text = failures[i].text;
    v->lost |= r == VK_ERROR_DEVICE_LOST || r == VK_TIMEOUT;
    v->full = r == VK_ERROR_OUT_OF_DEVICE_MEMORY || r == VK_ERROR_OUT_OF_HOST_MEMORY;
    return fail(err, ERROR_DEVICE, "Vulkan, %s%s%s: %s", v->name, v->name[0] ? ", " : "", what,
                text);
}

/* ---- the loader and the instance ---- */

static bool load_library(struct vulkan *v, struct error *err)
{
    struct vulkan_api *api = &v->api;
    if (!vulkan_testing.no_loader)
        api->library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    void *symbol = api->library ? dlsym(api->library, "vkGetInstanceProcAddr") : NULL;
    if (!symbol)
        return fail(err, ERROR_DEVICE,
                    "there is no Vulkan here: libvulkan.so.1 is missing (Debian: libvulkan1 and a "
                    "driver); --backend cpu always works");
    memcpy(&api->GetInstanceProcAddr, &symbol, sizeof(symbol));
    bool all = true;
#define FIND(name)                                                                  \
    api->name = (PFN_vk##name)api->GetInstanceProcAddr(VK_NULL_HANDLE, "vk" #name); \
    all &= api->name != NULL;
    VULKAN_GLOBAL_FUNCTIONS(FIND)
#undef FIND
    return all || fail(err, ERROR_DEVICE, "the Vulkan loader is older than Vulkan 1.2");
}

static VKAPI_ATTR VkBool32 VKAPI_CALL listen(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                             VkDebugUtilsMessageTypeFlagsEXT type,
                                             const VkDebugUtilsMessengerCallbackDataEXT *data,
                                             void *context)
{
    (void)severity, (void)type, (void)context;
    vulkan_testing.messages++;
    fprintf(stderr, "validation: %s\n", data->pMessage);
    return VK_FALSE;
}

static bool create_instance(struct vulkan *v, struct error *err)
{
    static const char *const layers[] = { "VK_LAYER_KHRONOS_validation" };
    static const char *const extensions[] = { "VK_EXT_debug_utils" };
    uint32_t version = 0;
    if (!vulkan_ok(v, VULKAN_CALL(v->api.EnumerateInstanceVersion, &version), "starting", err))
        return false;
    if (version < VK_API_VERSION_1_2)
        return fail(err, ERROR_DEVICE, "the Vulkan loader is older than Vulkan 1.2");
    VkDebugUtilsMessengerCreateInfoEXT messages = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
        .pfnUserCallback = listen,
    };
    VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pApplicationName = "eigenscope",
        .apiVersion = VK_API_VERSION_1_2,
    };
    VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = vulkan_testing.validate ? &messages : NULL,
        .pApplicationInfo = &application,
        .enabledLayerCount = vulkan_testing.validate,
        .ppEnabledLayerNames = layers,
        .enabledExtensionCount = vulkan_testing.validate,
        .ppEnabledExtensionNames = extensions,
    };
    if (!vulkan_ok(v, VULKAN_CALL(v->api.CreateInstance, &info, NULL, &v->instance), "starting",
                   err)) {
        v->instance = VK_NULL_HANDLE;
        return false;
    }
#define FIND(name) v->api.name = (PFN_vk##name)v->api.GetInstanceProcAddr(v->instance, "vk" #name);
    VULKAN_INSTANCE_FUNCTIONS(FIND)
#undef FIND
    PFN_vkCreateDebugUtilsMessengerEXT create =
        (PFN_vkCreateDebugUtilsMessengerEXT)v->api.GetInstanceProcAddr(
            v->instance, "vkCreateDebugUtilsMessengerEXT");
    return !vulkan_testing.validate || !create ||
           vulkan_ok(v, create(v->instance, &messages, NULL, &v->messenger), "starting", err);
}

/* ---- the choice of a device ---- */

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

/* A queue family that computes, rather one that does nothing else; -1: none. */
static int compute_family(const struct vulkan *v, VkPhysicalDevice device)
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
    out->lacks = !features12.timelineSemaphore             ? "timeline semaphores"
                 : compute_family(v, device) < 0           ? "a compute queue"
                 : l->maxComputeWorkGroupInvocations < 256 ? "work groups of 256"
                 : out->shared < 32 << 10                  ? "32 KiB of shared memory"
                 : !has_extension(v, device, "VK_KHR_push_descriptor", list) ? "push descriptors"
                                                                             : NULL;
}

size_t device_list(struct vulkan *v, struct candidate *out, size_t most, struct error *err)
{
    VkPhysicalDevice devices[DEVICES];
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

static bool choose(struct vulkan *v, const char *wanted, struct candidate *out, struct error *err)
{
    struct candidate all[DEVICES];
    size_t n = device_list(v, all, DEVICES, err);
    if (n == 0)
        return false;
    const char *lacks = NULL, *whose = NULL;
    for (size_t i = 0; i < n; i++) {
        char number[24];
        snprintf(number, sizeof(number), "%zu", i);
        if (wanted && strcmp(wanted, number) != 0 && !strstr(all[i].name, wanted))
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

/* ---- the device ---- */

static void take_facts(struct vulkan *v, const struct candidate *c)
{
    v->physical = c->device;
    v->family = (uint32_t)compute_family(v, c->device);
    snprintf(v->name, sizeof(v->name), "%s", c->name);
    v->software = c->software;
    v->has_f64 = c->has_f64 && !vulkan_testing.no_f64;
    v->shared = c->shared;
    v->max_groups = c->max_groups;
    v->binding = c->binding < 1u << 30 ? c->binding : 1u << 30;
    if (vulkan_testing.binding && vulkan_testing.binding < v->binding)
        v->binding = vulkan_testing.binding;
    v->heap = c->heap;
    if (vulkan_testing.memory && vulkan_testing.memory < v->heap)
        v->heap = vulkan_testing.memory;
    v->cores = v->software ? 4 : 96;
    v->api.GetPhysicalDeviceMemoryProperties(v->physical, &v->memory);
}

static bool create_device(struct vulkan *v, struct error *err)
{
    static const char *const extensions[] = { "VK_KHR_push_descriptor" };
    float priority = 1;
    VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = v->family,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    VkPhysicalDeviceVulkan12Features features12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .timelineSemaphore = VK_TRUE,
    };
    VkPhysicalDeviceFeatures2 features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .pNext = &features12,
        .features = { .shaderFloat64 = v->has_f64 },
    };
    VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &features,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = 1,
        .ppEnabledExtensionNames = extensions,
    };
    vulkan_testing.gone = false;
    if (!vulkan_ok(v, VULKAN_CALL(v->api.CreateDevice, v->physical, &info, NULL, &v->device),
                   "starting the device", err)) {
        v->device = VK_NULL_HANDLE;
        return false;
    }
    bool all = true;
#define FIND(name)                                                               \
    v->api.name = (PFN_vk##name)v->api.GetDeviceProcAddr(v->device, "vk" #name); \
    all &= v->api.name != NULL;
    VULKAN_DEVICE_FUNCTIONS(FIND)
#undef FIND
    if (!all)
        return fail(err, ERROR_DEVICE, "the driver of %s is incomplete", v->name);
    v->api.GetDeviceQueue(v->device, v->family, 0, &v->queue);
    return true;
}

/* A device that neither ends its work nor reports itself lost is left to the operating
 * system: what it still uses may not be destroyed. */
static void destroy_device(struct vulkan *v)
{
    if (!v->device)
        return;
    if (!v->api.DestroyDevice || !recorder_settle(v)) {
        v->device = VK_NULL_HANDLE;
        v->recorder = NULL;
        v->pipelines = NULL;
        memset(v->scratch, 0, sizeof(v->scratch));
        return;
    }
    vulkan_pipelines_finish(v);
    for (size_t i = 0; i < SCRATCH_COUNT; i++)
        block_finish(v, &v->scratch[i]);
    recorder_finish(v);
    v->api.DestroyDevice(v->device, NULL);
    v->device = VK_NULL_HANDLE;
}

static bool start_device(struct vulkan *v, struct error *err)
{
    v->lost = false;
    v->used = 0;
    if (create_device(v, err) && recorder_init(v, err))
        return true;
    destroy_device(v);
    v->lost = true;
    return false;
}

void vulkan_close(struct backend *b)
{
    struct vulkan *v = (struct vulkan *)b;
    destroy_device(v);
    if (v->messenger) {
        PFN_vkDestroyDebugUtilsMessengerEXT destroy =
            (PFN_vkDestroyDebugUtilsMessengerEXT)v->api.GetInstanceProcAddr(
                v->instance, "vkDestroyDebugUtilsMessengerEXT");
        destroy(v->instance, v->messenger, NULL);
    }
    if (v->instance)
        v->api.DestroyInstance(v->instance, NULL);
    if (v->api.library)
        dlclose(v->api.library);
    memory_free(v);
}

struct vulkan *vulkan_start(struct error *err)
{
    struct vulkan *v = memory_alloc(sizeof(*v), err);
    if (!v)
        return NULL;
    if (!load_library(v, err) || !create_instance(v, err)) {
        vulkan_close(&v->base);
        return NULL;
    }
    return v;
}

struct backend *vulkan_open(const char *device, struct error *err)
{
    struct candidate chosen;
    struct vulkan *v = vulkan_start(err);
    if (!v)
        return NULL;
    if (!choose(v, device, &chosen, err)) {
        vulkan_close(&v->base);
        return NULL;
    }
    take_facts(v, &chosen);
    if (!start_device(v, err)) {
        vulkan_close(&v->base);
        return NULL;
    }
    return &v->base;
}

/* What failed for want of memory may have left half a recording behind; forgetting it is
 * enough. The buffers are gone when this is asked. */
bool vulkan_lost(const struct backend *b)
{
    struct vulkan *v = (struct vulkan *)(uintptr_t)b;
    if (!v->lost && !recorder_repair(v))
        v->lost = true;
    return v->lost;
}

bool vulkan_renew(struct backend *b, struct error *err)
{
    struct vulkan *v = (struct vulkan *)b;
    destroy_device(v);
    return start_device(v, err);
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
