#include "vulkan/api.h"

struct vulkan_testing vulkan_testing;

/* A lost device stays lost: every later call fails too. */
bool vulkan_fault(void)
{
    struct vulkan_testing *t = &vulkan_testing;
    t->calls++;
    if (t->fail_at && t->calls == t->fail_at) {
        t->gone = t->result == VK_ERROR_DEVICE_LOST;
        return true;
    }
    return t->gone;
}
