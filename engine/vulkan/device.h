#pragma once

#include "vulkan/vulkan.h"

/* A device that could be opened, or why not. */
struct candidate {
    VkPhysicalDevice device;
    char name[256], driver[256], api[32];
    const char *type; /* "discrete", "integrated", "virtual", "other", "software" */
    int rank;         /* of its type */
    bool software, has_f64;
    uint64_t binding, heap; /* bytes */
    uint32_t shared, max_groups, cores;
    const char *lacks; /* NULL: nothing */
};

/* The loader and an instance, no device yet; ended with vulkan_close. */
struct vulkan *vulkan_start(struct error *err);
/* In the order they are tried; 0: none, and err says why. */
size_t device_list(struct vulkan *v, struct candidate *out, size_t most, struct error *err);
/* The first that fits: wanted is a number or a part of the name, NULL the first that can be opened. */
bool device_choose(struct vulkan *v, const char *wanted, struct candidate *out, struct error *err);
/* A queue family that computes, rather one that does nothing else; -1: none. */
int device_family(const struct vulkan *v, VkPhysicalDevice device);
