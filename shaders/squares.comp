/* A work group's share of a sum of squares in double precision, or of the search for the largest
 * magnitude. A device may take numbers below the normal range for zero: those are put together
 * from their bits. */
#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "vector.glsl"

const uint EACH = 16; /* vectors a thread */
layout(local_size_x = 256) in;
layout(constant_id = 0) const uint LARGEST = 0;
layout(binding = 0, std430) readonly buffer X { VEC4(IN) x[]; };
layout(binding = 1, std430) writeonly buffer Out { uvec2 o[]; }; /* doubles */

layout(push_constant) uniform Push {
    uint first;             /* work group */
    uint at, vectors;       /* of four entries; rows follow each other */
    uint width, cols;       /* vectors and entries of a row */
    uint out_at;
    double scale_a, scale_b; /* their product times an entry is squared */
} p;

#ifdef DOUBLE
uvec2 bits(double x)
{
    return unpackDouble2x32(x) & uvec2(~0u, 0x7fffffffu);
}

double scaled(double x)
{
    uvec2 b = bits(x);
    if (b.y >= 0x100000u)
        return x * p.scale_a * p.scale_b;
    const double root = packDouble2x32(uvec2(0, (1023 - 537) << 20)); /* 2^-537 */
    return (double(b.y) * 4294967296.0LF + double(b.x)) * p.scale_a * root * p.scale_b * root;
}
#else
uvec2 bits(float x)
{
    return uvec2(0, floatBitsToUint(x) & 0x7fffffffu);
}

double scaled(float x) /* no square of such a number leaves the range of a double */
{
    uint b = bits(x).y;
    return b >= 0x800000u ? double(x) : double(b) * packDouble2x32(uvec2(0, (1023 - 149) << 20));
}
#endif

bool below(uvec2 a, uvec2 b)
{
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

/* Both are kept as the bits of a double, or what orders like one. */
uvec2 joined(uvec2 a, uvec2 b)
{
    if (LARGEST != 0)
        return below(a, b) ? b : a;
    return unpackDouble2x32(packDouble2x32(a) + packDouble2x32(b));
}

shared uvec2 part[256];

void main()
{
    uint me = gl_LocalInvocationID.x, group = p.first + gl_WorkGroupID.x;
    uvec2 all = uvec2(0);
    for (uint i = 0; i < EACH; i++) {
        uint at = (group * EACH + i) * 256 + me;
        if (at >= p.vectors)
            break;
        VEC4(IN) v = x[p.at + at];
        uint left = p.cols - at % p.width * 4; /* the rest is padding */
        [[unroll]] for (uint e = 0; e < 4; e++)
            if (e < left) {
                double s = LARGEST != 0 ? 0.0LF : scaled(v[e]);
                all = joined(all, LARGEST != 0 ? bits(v[e]) : unpackDouble2x32(s * s));
            }
    }
    part[me] = all;
    for (uint n = 128; n > 0; n /= 2) {
        barrier();
        if (me < n)
            part[me] = joined(part[me], part[me + n]);
    }
    if (me == 0)
        o[p.out_at + group] = part[0];
}
