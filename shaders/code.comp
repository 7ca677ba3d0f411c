#version 450
/* coding_encode of engine/coding.h, once the ranges are known: a word of the stream an
 * invocation, which computes every code that touches it. Entries are float or, with F64, double. */

#include "codes.glsl"
#include "philox.glsl"

layout(local_size_x = 256) in;

#ifdef F64
layout(std430, binding = 0) readonly buffer Entries { double entries[]; };
#else
layout(std430, binding = 0) readonly buffer Entries { uint entries[]; };
#endif
layout(std430, binding = 1) writeonly buffer Words { uint words[]; };

/* A device may take a float below the normal range for zero, which would lie outside its range:
 * such a one is put together from its bits. */
double entry(uint i)
{
#ifdef F64
    return entries[i];
#else
    uint bits = entries[i];
    double unit_below = 1.40129846432481707092372958328991613e-45LF; /* 2^-149 */
    if ((bits & 0x7f800000u) != 0u)
        return double(uintBitsToFloat(bits));
    double x = double(bits & 0x007fffffu) * unit_below;
    return (bits >> 31) != 0u ? -x : x;
#endif
}

uint equidistant(double x, dvec2 range, double u)
{
    double last = double((1u << push.bits) - 1u);
    precise double width = range.y - range.x;
    precise double t = (x - range.x) / (width > 0.0LF ? width : 1.0LF) * last + u;
    return t > 0.0LF ? uint(int(t < last ? t : last)) : 0u;
}

uint tabulated(double x, dvec2 range, double u)
{
    precise double width = range.y - range.x, y = -1.0LF;
    if (width > 0.0LF)
        y = 2.0LF * ((x - range.x) / width) - 1.0LF;
    uint below = 0u, above = (1u << push.bits) - 1u;
    while (above - below > 1u) {
        uint middle = below + (above - below) / 2u;
        if (levels[middle] <= y)
            below = middle;
        else
            above = middle;
    }
    precise double t = (y - levels[below]) / (levels[above] - levels[below]);
    return t + u >= 1.0LF ? above : below;
}

/* The four draws of elements 4 block .. 4 block + 3. */
uvec4 draws(uint block)
{
    uint carry, low = uaddCarry(push.quarter.x, block, carry);
    return philox(push.seed, uvec4(low, push.quarter.y + carry, push.stream, push.part));
}

void main()
{
    uint word = push.first + gl_GlobalInvocationID.x;
    if (word >= push.n)
        return;
    uint into = 32u * (word % push.bits); /* bits after a border of words that is one of codes */
    uint element = 32u * (word / push.bits) + into / push.bits;
    int at = -int(into % push.bits);
    uint row = element / push.cols, col = element % push.cols, packed = 0u;
    uvec4 draw = uvec4(0);
    if (push.dithered != 0u)
        draw = draws(element / 4u);
    for (; at < 32 && element < push.elements; at += int(push.bits), element++) {
        if (push.dithered != 0u && element % 4u == 0u)
            draw = draws(element / 4u);
        double u = push.dithered != 0u ? double(unit(draw[element % 4u])) : 0.5LF;
        double x = entry(push.offset + row * push.stride + col);
        dvec2 range = range_of(row, col);
        uint code = push.tabulated != 0u ? tabulated(x, range, u) : equidistant(x, range, u);
        packed |= at < 0 ? code >> -at : code << at;
        if (++col == push.cols) {
            col = 0u;
            row++;
        }
    }
    words[word] = packed;
}
