/* out = alpha (x_0 + x_1 + ...), or added to out; the summands in the order of their numbers. */
#version 450
#extension GL_GOOGLE_include_directive : require
#include "vector.glsl"

#ifndef OUT /* of the result; sums are ACC */
#define OUT ACC
#endif

layout(local_size_x = 256) in;
layout(binding = 0, std430) readonly buffer X { VEC4(ACC) x[]; };
layout(binding = 1, std430) buffer Out { VEC4(OUT) o[]; };

/* Places, strides and widths count vectors of four entries. */
layout(push_constant) uniform Push {
    uint first; /* work group */
    uint rows, width, x_at, x_stride, plane, summands, out_at, out_stride, add;
    float alpha;
} p;

void main()
{
    uint id = (p.first + gl_WorkGroupID.x) * 256 + gl_LocalInvocationID.x;
    uint row = id / p.width, column = id % p.width;
    if (row >= p.rows)
        return;
    VEC4(ACC) sum = VEC4(ACC)(0);
    for (uint i = 0; i < p.summands; i++)
        sum += x[p.x_at + i * p.plane + row * p.x_stride + column];
    sum *= ACC(p.alpha);
    uint at = p.out_at + row * p.out_stride + column;
    o[at] = VEC4(OUT)(p.add != 0 ? VEC4(ACC)(o[at]) + sum : sum);
}
