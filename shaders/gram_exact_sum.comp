#version 450
/* Adds the slices of gram_exact.comp into the first. */

layout(local_size_x = 256) in;

layout(std430, binding = 0) buffer Sums { uvec2 sums[]; };

layout(push_constant) uniform Push {
    uint first, n; /* items: sums */
    uint slices;
} push;

void main()
{
    uint item = push.first + gl_GlobalInvocationID.x;
    if (item >= push.n)
        return;
    uvec2 sum = sums[item];
    for (uint i = 1u; i < push.slices; i++) {
        uvec2 other = sums[i * push.n + item];
        uint carry;
        sum.x = uaddCarry(sum.x, other.x, carry);
        sum.y += other.y + carry;
    }
    sums[item] = sum;
}
