#version 450
/* ensemble_noise of engine/ensemble.h: four columns of a row an invocation. F64: entries and
 * their product with the deviation in double precision; otherwise both in single. */

#include "philox.glsl"

layout(local_size_x = 256) in;

#ifdef F64
#define REAL double
#define REAL4 dvec4
#else
#define REAL float
#define REAL4 vec4
#endif

layout(std430, binding = 0) writeonly buffer Entries { REAL4 entries[]; };

layout(push_constant) uniform Push {
    uint first, n; /* items: blocks of four, row by row */
    uint blocks;   /* a row */
    uint row;      /* the number of the panel's first row */
    uint d, field; /* rows of a matrix; 1: real, 2: complex */
    uint stream, matrix;
    uvec2 seed;
    uvec2 deviation, diagonal; /* doubles, or a float each */
} push;

REAL number(uvec2 bits)
{
#ifdef F64
    return packDouble2x32(bits);
#else
    return uintBitsToFloat(bits.x);
#endif
}

/* Normal number `n` of a row. */
float normal(uint matrix, uint row, uint n)
{
    uvec4 word = philox(push.seed, uvec4(n / 4u, row, push.stream, matrix));
    vec2 pair = (n & 2u) == 0u ? normals(word.x, word.y) : normals(word.z, word.w);
    return (n & 1u) == 0u ? pair.x : pair.y;
}

REAL entry(uint matrix, uint i, uint col)
{
    bool imaginary = col >= push.d;
    uint j = imaginary ? col - push.d : col;
    if (j >= push.d || col >= push.d * push.field || (imaginary && i == j))
        return REAL(0);
    REAL s = number(i == j ? push.diagonal : push.deviation);
    precise REAL x = s * REAL(normal(matrix, max(i, j), min(i, j) * push.field + uint(imaginary)));
    return imaginary && j > i ? -x : x; /* above the diagonal: the conjugate */
}

void main()
{
    uint item = push.first + gl_GlobalInvocationID.x;
    if (item >= push.n)
        return;
    uint row = push.row + item / push.blocks, col = item % push.blocks * 4u;
    uint matrix = push.matrix + row / push.d, i = row % push.d;
    entries[item] = REAL4(entry(matrix, i, col), entry(matrix, i, col + 1u),
                          entry(matrix, i, col + 2u), entry(matrix, i, col + 3u));
}
