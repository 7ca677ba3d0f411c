#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The door to Vulkan: its types, and its functions as found at run time, so that the
 * program starts on a machine without a loader. */

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

/* clang-format off */
#define VULKAN_GLOBAL_FUNCTIONS(_)                                                         \
    _(CreateInstance) _(EnumerateInstanceVersion) _(EnumerateInstanceLayerProperties)      \
    _(EnumerateInstanceExtensionProperties)
#define VULKAN_INSTANCE_FUNCTIONS(_)                                                       \
    _(DestroyInstance) _(EnumeratePhysicalDevices) _(GetPhysicalDeviceProperties2)         \
    _(GetPhysicalDeviceFeatures2) _(GetPhysicalDeviceMemoryProperties)                     \
    _(GetPhysicalDeviceQueueFamilyProperties) _(EnumerateDeviceExtensionProperties)        \
    _(CreateDevice) _(GetDeviceProcAddr)
#define VULKAN_DEVICE_FUNCTIONS(_)                                                         \
    _(DestroyDevice) _(GetDeviceQueue) _(DeviceWaitIdle)                                   \
    _(CreateBuffer) _(DestroyBuffer) _(GetBufferMemoryRequirements)                        \
    _(AllocateMemory) _(FreeMemory) _(BindBufferMemory) _(MapMemory) _(UnmapMemory)        \
    _(CreateShaderModule) _(DestroyShaderModule)                                           \
    _(CreateDescriptorSetLayout) _(DestroyDescriptorSetLayout)                             \
    _(CreatePipelineLayout) _(DestroyPipelineLayout)                                       \
    _(CreateComputePipelines) _(DestroyPipeline)                                           \
    _(CreateCommandPool) _(DestroyCommandPool) _(AllocateCommandBuffers)                   \
    _(ResetCommandBuffer) _(BeginCommandBuffer) _(EndCommandBuffer)                        \
    _(CreateSemaphore) _(DestroySemaphore) _(WaitSemaphores) _(QueueSubmit)                \
    _(CmdBindPipeline) _(CmdPushConstants) _(CmdPushDescriptorSetKHR) _(CmdDispatch)       \
    _(CmdPipelineBarrier) _(CmdCopyBuffer) _(CmdFillBuffer)
/* clang-format on */

struct vulkan_api {
    void *library;
    PFN_vkGetInstanceProcAddr GetInstanceProcAddr;
#define MEMBER(name) PFN_vk##name name;
    VULKAN_GLOBAL_FUNCTIONS(MEMBER)
    VULKAN_INSTANCE_FUNCTIONS(MEMBER)
    VULKAN_DEVICE_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* Every call that returns a VkResult goes through this, so that a test can fail any of them. */
#define VULKAN_CALL(function, ...) \
    (vulkan_fault() ? vulkan_testing.result : (function)(__VA_ARGS__))

/* For tests. All zero: nothing is done. */
struct vulkan_testing {
    bool validate;   /* load the validation layer when an instance is made */
    long messages;   /* that it has sent */
    long calls;      /* made so far through VULKAN_CALL */
    long fail_at;    /* the number of the call that fails, 1, 2, ...; 0: none */
    VkResult result; /* what it then returns */
    bool gone;       /* the device is lost, until one is made anew */
    bool hung;       /* as if it never ended what it was given; see recorder_settle */
    bool no_loader;  /* as if there were none */
    bool no_device;  /* as if the loader knew none */
    bool no_f64;     /* as if it had no double precision */
    bool no_direct;  /* as if its memory could not be reached by the processor */
    size_t binding;  /* the largest number of bytes bound at once; 0: what the device says */
    size_t memory;   /* the same of its memory */
    size_t piece;    /* the largest allocation that succeeds */
};
extern struct vulkan_testing vulkan_testing;
bool vulkan_fault(void);
