#include "vulkan/device.h"
#include "memory.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    { VK_ERROR_INCOMPATIBLE_DRIVER,
      "there is no driver for it (Debian: mesa-vulkan-drivers, or the driver of your GPU's maker); "
      "--backend cpu always works" },
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

/* ---- the device ---- */

static void take_facts(struct vulkan *v, const struct candidate *c)
{
    v->physical = c->device;
    v->family = (uint32_t)device_family(v, c->device);
    snprintf(v->name, sizeof(v->name), "%s", c->name);
    v->software = c->software;
    v->has_f64 = c->has_f64 && !vulkan_testing.no_f64;
    v->shared = c->shared;
    v->max_groups = c->max_groups;
    v->binding = c->binding < 1u << 30 ? c->binding : 1u << 30;
    if (vulkan_testing.binding && vulkan_testing.binding < v->binding)
        v->binding = vulkan_testing.binding;
    v->binding = v->binding / 16 * 16; /* blocks are rounded up to that */
    v->heap = c->heap;
    if (vulkan_testing.memory && vulkan_testing.memory < v->heap)
        v->heap = vulkan_testing.memory;
    v->cores = c->cores;
    v->api.GetPhysicalDeviceMemoryProperties(v->physical, &v->memory);
}

static bool find_functions(struct vulkan *v)
{
    bool all = true;
#define FIND(name)                                                               \
    v->api.name = (PFN_vk##name)v->api.GetDeviceProcAddr(v->device, "vk" #name); \
    all &= v->api.name != NULL;
    VULKAN_DEVICE_FUNCTIONS(FIND)
#undef FIND
    return all;
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
    };
    features.features.shaderFloat64 = v->has_f64;
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
    if (!find_functions(v))
        return fail(err, ERROR_DEVICE, "the driver of %s is incomplete", v->name);
    v->api.GetDeviceQueue(v->device, v->family, 0, &v->queue);
    return true;
}

static void destroy_device(struct vulkan *v)
{
    if (!v->device)
        return;
    recorder_settle(v);
    vulkan_pipelines_finish(v);
    for (size_t i = 0; i < SCRATCH_COUNT; i++)
        block_finish(v, &v->scratch[i]);
    recorder_finish(v);
    if (!v->hung && v->api.DestroyDevice)
        v->api.DestroyDevice(v->device, NULL);
    else
        v->left_behind = true;
    v->device = VK_NULL_HANDLE;
}

static bool start_device(struct vulkan *v, struct error *err)
{
    v->lost = v->hung = false;
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
    if (v->left_behind) { /* an instance ends after its devices */
        memory_free(v);
        return;
    }
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
    if (!device_choose(v, device, &chosen, err)) {
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
    struct vulkan *v = (struct vulkan *)(uintptr_t)b; /* NOLINT: const, and ours */
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
