#version 450
/* coding_decode of engine/coding.h: an entry an invocation, float or with F64 double. */

#include "codes.glsl"

layout(local_size_x = 256) in;

#ifdef F64
layout(std430, binding = 0) writeonly buffer Entries { double entries[]; };
#else
layout(std430, binding = 0) writeonly buffer Entries { uint entries[]; };
#endif
layout(std430, binding = 1) readonly buffer Words { uint words[]; };

uint code_of(uint element)
{
    uint into = element % 32u * push.bits, shift = into % 32u;
    uint word = element / 32u * push.bits + into / 32u;
    uint code = words[word] >> shift;
    if (shift + push.bits > 32u)
        code |= words[word + 1u] << (32u - shift);
    return code & ((1u << push.bits) - 1u);
}

double equidistant(uint code, dvec2 range)
{
    uint last = (1u << push.bits) - 1u;
    precise double v = range.x + double(code) / double(last) * (range.y - range.x);
    return code == last || v > range.y ? range.y : v;
}

double tabulated(uint code, dvec2 range)
{
    double y = levels[code];
    precise double v = range.x + 0.5LF * (y + 1.0LF) * (range.y - range.x);
    return y >= 1.0LF ? range.y : v;
}

void store(uint i, double v)
{
#ifdef F64
    entries[i] = v;
#else
    /* An end of a range rounded outwards may lie beyond the largest float; and below the normal
     * range a device may not make floats. */
    const double most = 3.4028234663852885981170418348451692544e38LF;
    const double normal = 1.17549435082228750796873653722224568e-38LF;       /* 2^-126 */
    const double units = 713623846352979940529142984724747568191373312.0LF; /* 2^149 */
    v = clamp(v, -most, most);
    uint below = uint(roundEven(min(abs(v), normal) * units)) | (v < 0.0LF ? 0x80000000u : 0u);
    entries[i] = abs(v) < normal ? below : floatBitsToUint(float(v));
#endif
}

void main()
{
    uint element = push.first + gl_GlobalInvocationID.x;
    if (element >= push.n)
        return;
    uint row = element / push.cols, col = element % push.cols, code = code_of(element);
    dvec2 range = range_of(row, col);
    double v = push.tabulated != 0u ? tabulated(code, range) : equidistant(code, range);
    store(push.offset + row * push.stride + col, v);
}
