#version 450
/* random_fill of engine/random.h: four columns of a row an invocation, from one block of
 * Philox, or two. OUT: float or double. */

#include "philox.glsl"

layout(local_size_x = 256) in;

const uint GAUSSIAN = 0, RADEMACHER = 1, SPARSE = 2, HADAMARD = 3, POPCOUNT = 4;

#ifdef F64
layout(std430, binding = 0) writeonly buffer Entries { dvec4 entries[]; };
#else
layout(std430, binding = 0) writeonly buffer Entries { vec4 entries[]; };
#endif

layout(push_constant) uniform Push {
    uint first, n; /* items: blocks of four, row by row */
    uint blocks;   /* a row */
    uint cols, row; /* the number of the panel's first row */
    uint kind, stream, matrix;
    uvec2 seed;
    uvec2 scale; /* a double; in F32 without WIDE two floats, the second what the first lacks */
    uvec2 value; /* of a sparse sign: a double, or a float */
    uvec2 walsh; /* step and start of the columns of a randomised Hadamard matrix */
} push;

uvec4 draw(uint block, uint row)
{
    return philox(push.seed, uvec4(block, row, push.stream, push.matrix));
}

vec4 four(uint row, uint block)
{
    uvec4 word = draw(push.kind == HADAMARD ? 0u : block, row);
    if (push.kind == GAUSSIAN)
        return vec4(normals(word.x, word.y), normals(word.z, word.w));
    if (push.kind == RADEMACHER)
        return mix(vec4(1), vec4(-1), equal(word >> 31, uvec4(1)));
    if (push.kind == POPCOUNT) {
        precise vec4 sum = vec4(bitCount(word) - 16) * 0.35355339;
        return sum;
    }
    uvec4 walsh = push.walsh.x * (4u * block + uvec4(0, 1, 2, 3)) + push.walsh.y;
    uvec4 parity = uvec4(bitCount(walsh & row)) ^ (word.x >> 31);
    return mix(vec4(1), vec4(-1), equal(parity & 1u, uvec4(1)));
}

/* The signs at the places of a row that are not zero: Floyd's sampling without replacement. */
vec4 sparse(uint row, uint block)
{
    uvec4 word = draw(0u, row), place = uvec4(0xffffffffu);
    uint n = min(push.cols, 4u);
    vec4 signs = vec4(0);
    for (uint i = 0; i < n; i++) {
        uint top = push.cols - n + i, high, low;
        umulExtended(word[i] >> 1, top + 1u, high, low);
        uint pick = high << 1 | low >> 31;
        if (any(equal(place, uvec4(pick))))
            pick = top;
        place[i] = pick;
        if (pick / 4u == block)
            signs[pick % 4u] = (word[i] & 1u) != 0u ? -1.0 : 1.0;
    }
    return signs;
}

#if defined(F64)
dvec4 scaled(vec4 x, uvec2 by)
{
    precise dvec4 product = packDouble2x32(by) * dvec4(x);
    return product;
}
#elif defined(WIDE)
vec4 scaled(vec4 x, uvec2 by)
{
    precise dvec4 product = packDouble2x32(by) * dvec4(x);
    return vec4(product);
}
#else
/* The upper half of the digits of x (Dekker 1971). */
vec4 upper(vec4 x)
{
    precise vec4 c = 4097.0 * x;
    precise vec4 high = c - (c - x);
    return high;
}

/* x (high + low), rounded once but for products within 2^-46 of halfway between two floats:
 * the product with `high` exactly, as a sum of two. */
vec4 scaled(vec4 x, uvec2 by)
{
    precise float high = uintBitsToFloat(by.x), low = uintBitsToFloat(by.y);
    precise vec4 product = high * x;
    if (by.y == 0u)
        return product;
    precise vec4 a = upper(x), b = x - a;
    precise vec4 c = upper(vec4(high)), d = high - c;
    precise vec4 rest = ((a * c - product) + a * d + b * c) + b * d;
    precise vec4 sum = product + (rest + low * x);
    return sum;
}
#endif

void main()
{
    uint item = push.first + gl_GlobalInvocationID.x;
    if (item >= push.n)
        return;
    uint row = push.row + item / push.blocks, block = item % push.blocks;
    if (push.kind == SPARSE)
        entries[item] = scaled(sparse(row, block), push.value);
    else
        entries[item] = scaled(four(row, block), push.scale);
}
