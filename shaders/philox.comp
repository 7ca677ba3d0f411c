#version 450
/* The words of Philox themselves, for the test of its known answers. */

#include "philox.glsl"

layout(local_size_x = 256) in;

struct Draw {
    uvec4 counter;
    uvec2 key, unused;
};
layout(std430, binding = 0) readonly buffer Draws { Draw draws[]; };
layout(std430, binding = 1) writeonly buffer Words { uvec4 words[]; };

layout(push_constant) uniform Push {
    uint first, n;
} push;

void main()
{
    uint i = push.first + gl_GlobalInvocationID.x;
    if (i < push.n)
        words[i] = philox(draws[i].key, draws[i].counter);
}
