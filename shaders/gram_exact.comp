#version 450
/* 64 x 64 sums of products of integers a work group, exactly: products of 64 bits in two words,
 * sums with carries. A sum is cut into slices of rows, added up later; on and below the
 * diagonal alone. */

const uint TILE = 64, DEPTH = 16;
layout(local_size_x = 16, local_size_y = 16) in;

layout(std430, binding = 0) readonly buffer Rows { int rows[]; };
layout(std430, binding = 1) buffer Sums { uvec2 sums[]; }; /* low and high word */

layout(push_constant) uniform Push {
    uint n, d;
    uint slice;       /* rows of one, a multiple of DEPTH */
    uint from, until; /* columns whose sums, with all before them, are asked for */
} push;

shared ivec4 left[DEPTH][TILE / 4], right[DEPTH][TILE / 4];

/* Entries of a tile's next rows, zero where there are none. */
ivec4 four(uint row, uint end, uint col)
{
    ivec4 x = ivec4(0);
    for (uint i = 0u; i < 4u; i++)
        if (row < end && col + i < push.d)
            x[i] = rows[row * push.d + col + i];
    return x;
}

void main()
{
    uint x = gl_LocalInvocationID.x, y = gl_LocalInvocationID.y;
    uint a = push.from + gl_WorkGroupID.y * TILE, b = gl_WorkGroupID.x * TILE;
    if (b >= a + TILE) /* above the diagonal */
        return;
    uint first = gl_WorkGroupID.z * push.slice, end = min(first + push.slice, push.n);
    uvec4 low[4];
    ivec4 high[4];
    for (uint i = 0u; i < 4u; i++) {
        low[i] = uvec4(0);
        high[i] = ivec4(0);
    }
    for (uint row = first; row < end; row += DEPTH) {
        barrier();
        left[y][x] = four(row + y, end, a + 4u * x);
        right[y][x] = four(row + y, end, b + 4u * x);
        barrier();
        for (uint k = 0u; k < DEPTH; k++) {
            ivec4 p = left[k][y], q = right[k][x];
            for (uint i = 0u; i < 4u; i++) {
                ivec4 upper, lower;
                uvec4 carry;
                imulExtended(ivec4(p[i]), q, upper, lower);
                low[i] = uaddCarry(low[i], uvec4(lower), carry);
                high[i] += upper + ivec4(carry);
            }
        }
    }
    uint size = (push.until - push.from) * push.d;
    for (uint i = 0u; i < 4u; i++)
        for (uint j = 0u; j < 4u; j++) {
            uint row = a + 4u * y + i, col = b + 4u * x + j, carry;
            if (row >= push.until || col > row)
                continue;
            uint at = gl_WorkGroupID.z * size + (row - push.from) * push.d + col;
            uvec2 sum = sums[at];
            uint word = uaddCarry(sum.x, low[i][j], carry);
            sums[at] = uvec2(word, sum.y + uint(high[i][j]) + carry);
        }
}
