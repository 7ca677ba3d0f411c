#include "memory.h"
#include "vulkan/vulkan.h"

#include "vulkan_code.h" /* code_NAME: the SPIR-V of every shader, as the build made it */

#include <string.h>

static const struct {
    const uint32_t *words;
    size_t size; /* bytes */
} codes[] = {
#define ROW(name) [SHADER_##name] = { code_##name, sizeof(code_##name) },
    SHADERS(ROW)
#undef ROW
};

static bool create_layouts(struct vulkan *v, struct pipeline *p, struct error *err)
{
    VkDescriptorSetLayoutBinding bindings[VULKAN_BLOCKS];
    for (uint32_t i = 0; i < p->bindings; i++)
        bindings[i] = (VkDescriptorSetLayoutBinding){
            .binding = i,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .descriptorCount = 1,
            .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
        };
    VkDescriptorSetLayoutCreateInfo set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .flags = VK_DESCRIPTOR_SET_LAYOUT_CREATE_PUSH_DESCRIPTOR_BIT_KHR,
        .bindingCount = p->bindings,
        .pBindings = bindings,
    };
    VkPushConstantRange push = { VK_SHADER_STAGE_COMPUTE_BIT, 0, VULKAN_PUSH };
    VkPipelineLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &p->set,
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &push,
    };
    return vulkan_ok(v,
                     VULKAN_CALL(v->api.CreateDescriptorSetLayout, v->device, &set, NULL, &p->set),
                     "laying out a shader", err) &&
           vulkan_ok(v,
                     VULKAN_CALL(v->api.CreatePipelineLayout, v->device, &layout, NULL, &p->layout),
                     "laying out a shader", err);
}

static bool create_pipeline(struct vulkan *v, struct pipeline *p, struct error *err)
{
    VkSpecializationMapEntry entries[VULKAN_CONSTANTS];
    for (uint32_t i = 0; i < VULKAN_CONSTANTS; i++)
        entries[i] = (VkSpecializationMapEntry){ i, 4 * i, 4 };
    VkSpecializationInfo constants = { VULKAN_CONSTANTS, entries, sizeof(p->constants),
                                       p->constants };
    VkShaderModuleCreateInfo code = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = codes[p->shader].size,
        .pCode = codes[p->shader].words,
    };
    VkShaderModule module = VK_NULL_HANDLE;
    if (!create_layouts(v, p, err) ||
        !vulkan_ok(v, VULKAN_CALL(v->api.CreateShaderModule, v->device, &code, NULL, &module),
                   "loading a shader", err))
        return false;
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = { .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                   .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                   .module = module,
                   .pName = "main",
                   .pSpecializationInfo = &constants },
        .layout = p->layout,
    };
    bool ok = vulkan_ok(v,
                        VULKAN_CALL(v->api.CreateComputePipelines, v->device, VK_NULL_HANDLE, 1,
                                    &info, NULL, &p->pipeline),
                        "building a shader", err);
    v->api.DestroyShaderModule(v->device, module, NULL);
    return ok;
}

static void destroy(struct vulkan *v, struct pipeline *p)
{
    if (!v->hung) {
        v->api.DestroyPipeline(v->device, p->pipeline, NULL);
        v->api.DestroyPipelineLayout(v->device, p->layout, NULL);
        v->api.DestroyDescriptorSetLayout(v->device, p->set, NULL);
    }
    memory_free(p);
}

const struct pipeline *vulkan_pipeline(struct vulkan *v, const struct dispatch *d,
                                       uint32_t bindings, struct error *err)
{
    for (struct pipeline *p = v->pipelines; p; p = p->next)
        if (p->shader == d->shader && p->bindings == bindings &&
            memcmp(p->constants, d->constants, sizeof(p->constants)) == 0)
            return p;
    struct pipeline *p = memory_alloc(sizeof(*p), err);
    if (!p)
        return NULL;
    p->shader = d->shader;
    p->bindings = bindings;
    memcpy(p->constants, d->constants, sizeof(p->constants));
    if (!create_pipeline(v, p, err)) {
        destroy(v, p);
        return NULL;
    }
    p->next = v->pipelines;
    v->pipelines = p;
    return p;
}

void vulkan_pipelines_finish(struct vulkan *v)
{
    while (v->pipelines) {
        struct pipeline *p = v->pipelines;
        v->pipelines = p->next;
        destroy(v, p);
    }
}
