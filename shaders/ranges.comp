#version 450
/* The least and the largest entry of each segment of a matrix: exact and free of order, because
 * the bits are compared as integers. An infinity or a NaN is one of the two, and the
 * processor, which gets them, sees it. KEY: uint (float entries) or, with WIDE, uvec2 (double). */

layout(local_size_x = 256) in;

layout(std430, binding = 0) readonly buffer Entries { KEY entries[]; };
layout(std430, binding = 1) writeonly buffer Ends { KEY ends[]; }; /* least, largest; of each */

layout(push_constant) uniform Push {
    uint first, n;       /* items: segments, row by row */
    uint offset, stride; /* of the first row, of a row; entries */
    uint rows, cols;
    uint down, across;   /* entries of a segment; one of the two is 1 */
    uint segments;       /* a row */
} push;

const uint LANES = 32; /* that share a segment of a row */
shared KEY low[gl_WorkGroupSize.x], high[gl_WorkGroupSize.x];

/* Ordered as the numbers are: -NaN, -infinity, ..., -0, 0, ..., infinity, NaN. */
#ifdef WIDE
const KEY least_key = KEY(0), most_key = KEY(0xffffffffu);
KEY key(KEY bits)
{
    return bits.y >> 31 != 0u ? ~bits : KEY(bits.x, bits.y ^ 0x80000000u);
}
KEY unkey(KEY k)
{
    return k.y >> 31 != 0u ? KEY(k.x, k.y ^ 0x80000000u) : ~k;
}
bool before(KEY a, KEY b)
{
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}
#else
const KEY least_key = 0u, most_key = 0xffffffffu;
KEY key(KEY bits)
{
    return bits >> 31 != 0u ? ~bits : bits ^ 0x80000000u;
}
KEY unkey(KEY k)
{
    return k >> 31 != 0u ? k ^ 0x80000000u : ~k;
}
bool before(KEY a, KEY b)
{
    return a < b;
}
#endif

void widen(inout KEY least, inout KEY most, KEY l, KEY m)
{
    least = before(l, least) ? l : least;
    most = before(most, m) ? m : most;
}

void store(uint segment, KEY least, KEY most)
{
    ends[2u * segment] = unkey(least);
    ends[2u * segment + 1u] = unkey(most);
}

/* Segments of columns: each its own invocation, neighbours side by side. */
void columns()
{
    uint segment = push.first + gl_GlobalInvocationID.x;
    if (segment >= push.n)
        return;
    uint row = segment / push.segments * push.down, col = segment % push.segments;
    uint end = min(push.rows - row, push.down) + row;
    KEY least = most_key, most = least_key;
    for (; row < end; row++) {
        KEY k = key(entries[push.offset + row * push.stride + col]);
        widen(least, most, k, k);
    }
    store(segment, least, most);
}

/* Segments of rows: 32 invocations each. */
void rows()
{
    uint me = gl_LocalInvocationID.x, lane = me % LANES, teams = gl_WorkGroupSize.x / LANES;
    uint segment = push.first + gl_WorkGroupID.x * teams + me / LANES;
    KEY least = most_key, most = least_key;
    if (segment < push.n) {
        uint row = segment / push.segments, col = segment % push.segments * push.across;
        uint end = min(push.cols - col, push.across) + col;
        for (col += lane; col < end; col += LANES) {
            KEY k = key(entries[push.offset + row * push.stride + col]);
            widen(least, most, k, k);
        }
    }
    low[me] = least;
    high[me] = most;
    for (uint n = LANES / 2u; n > 0u; n /= 2u) {
        barrier();
        if (lane < n)
            widen(low[me], high[me], low[me + n], high[me + n]);
    }
    if (lane == 0u && segment < push.n)
        store(segment, low[me], high[me]);
}

void main()
{
    if (push.across == 1u)
        columns();
    else
        rows();
}
