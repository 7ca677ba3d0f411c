/* c = alpha op(a) op(b), or added to c: one tile of c a work group, by way of tiles of a and b in
 * shared memory and 4 x 4 or more entries a thread (V. Volkov, J. Demmel, "Benchmarking GPUs to tune
 * dense linear algebra", 2008). Work group z sums a slice of the inner dimension of its own. */
#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "vector.glsl"

layout(local_size_x_id = 0) in; /* BM / TM * (BN / TN) */
layout(constant_id = 1) const uint BM = 64;
layout(constant_id = 2) const uint BN = 64;
layout(constant_id = 3) const uint BK = 16;
layout(constant_id = 4) const uint TM = 4;
layout(constant_id = 5) const uint TN = 4;
layout(constant_id = 6) const uint A_TRANSPOSED = 0;
layout(constant_id = 7) const uint B_TRANSPOSED = 0;
const uint THREADS = BM / TM * (BN / TN);
const uint A_LOADS = BM * BK / 4 / THREADS, B_LOADS = BN * BK / 4 / THREADS;
const uint SA = BM / 4 + 1, SB = BN / 4 + 1; /* one more, against bank conflicts */
const uint PM = BM / TM, PN = BN / TN;       /* threads along each side */

layout(binding = 0, std430) readonly buffer A { VEC4(IN) a[]; };
layout(binding = 1, std430) readonly buffer B { VEC4(IN) b[]; };
layout(binding = 2, std430) buffer C { VEC4(ACC) c[]; };

/* Places and strides count vectors of four entries; sizes count entries. */
layout(push_constant) uniform Push {
    uint first; /* tile of the first work group */
    uint m, n, k;
    uint a_at, a_stride, b_at, b_stride, c_at, c_stride;
    uint columns;      /* tiles in a row of tiles */
    uint slice, plane; /* inner length of a work group; from one slice's c to the next */
    uint add, upper;   /* upper: tiles wholly below the diagonal are left out */
    float alpha;
} p;

/* shared_a[k * SA + i / 4][i % 4] is op(a)[i][k], shared_b the same of op(b)[k][j]. */
shared VEC4(ACC) shared_a[BK * SA];
shared VEC4(ACC) shared_b[BK * SB];

/* Entries inner .. inner + 3 of what ends at `end`; the others may be padding. */
VEC4(IN) masked(VEC4(IN) x, uint inner, uint end)
{
    [[unroll]] for (uint e = 1; e < 4; e++)
        if (inner + e >= end)
            x[e] = IN(0);
    return x;
}

/* Load number l of a tile, of vectors along the inner dimension (ALONG) or across it: whole
 * vectors that begin inside, with zeros beyond the end of the inner dimension. */
#define INNER(ALONG, SIZE, l) \
    ((ALONG) ? (gl_LocalInvocationID.x + (l) * THREADS) % (BK / 4) * 4 \
             : (gl_LocalInvocationID.x + (l) * THREADS) / ((SIZE) / 4))
#define OUTER(ALONG, SIZE, l) \
    ((ALONG) ? (gl_LocalInvocationID.x + (l) * THREADS) / (BK / 4) \
             : (gl_LocalInvocationID.x + (l) * THREADS) % ((SIZE) / 4) * 4)

VEC4(IN) fetch_a(uint l, uint row, uint inner, uint end)
{
    const bool along = A_TRANSPOSED == 0;
    uint i = row + OUTER(along, BM, l), k = inner + INNER(along, BM, l);
    VEC4(IN) x = VEC4(IN)(0);
    if (i < p.m && k < end)
        x = a[p.a_at + (along ? i * p.a_stride + k / 4 : k * p.a_stride + i / 4)];
    return along ? masked(x, k, end) : x;
}

VEC4(IN) fetch_b(uint l, uint column, uint inner, uint end)
{
    const bool along = B_TRANSPOSED != 0;
    uint j = column + OUTER(along, BN, l), k = inner + INNER(along, BN, l);
    VEC4(IN) x = VEC4(IN)(0);
    if (j < p.n && k < end)
        x = b[p.b_at + (along ? j * p.b_stride + k / 4 : k * p.b_stride + j / 4)];
    return along ? masked(x, k, end) : x;
}

#define SHARE(TILE, STRIDE, ALONG, SIZE, l, x)                                      \
    {                                                                               \
        uint o = OUTER(ALONG, SIZE, l), k = INNER(ALONG, SIZE, l);                  \
        if (ALONG)                                                                  \
            [[unroll]] for (uint e = 0; e < 4; e++)                                 \
                TILE[(k + e) * STRIDE + o / 4][o % 4] = ACC((x)[e]);                \
        else                                                                        \
            TILE[k * STRIDE + o / 4] = VEC4(ACC)(x);                                \
    }

void main()
{
    uint tile = p.first + gl_WorkGroupID.x;
    uint row = tile / p.columns * BM, column = tile % p.columns * BN;
    uint begin = gl_WorkGroupID.z * p.slice, end = min(p.k, begin + p.slice);
    uint ty = gl_LocalInvocationID.x / PN, tx = gl_LocalInvocationID.x % PN;
    if (row >= p.m || (p.upper != 0 && column + BN <= row))
        return;
    VEC4(ACC) sum[TM * TN / 4];
    VEC4(IN) next_a[A_LOADS], next_b[B_LOADS];
    [[unroll]] for (uint i = 0; i < TM * TN / 4; i++)
        sum[i] = VEC4(ACC)(0);
    [[unroll]] for (uint l = 0; l < A_LOADS; l++)
        next_a[l] = fetch_a(l, row, begin, end);
    [[unroll]] for (uint l = 0; l < B_LOADS; l++)
        next_b[l] = fetch_b(l, column, begin, end);
    for (uint inner = begin; inner < end; inner += BK) {
        [[unroll]] for (uint l = 0; l < A_LOADS; l++)
            SHARE(shared_a, SA, A_TRANSPOSED == 0, BM, l, next_a[l])
        [[unroll]] for (uint l = 0; l < B_LOADS; l++)
            SHARE(shared_b, SB, B_TRANSPOSED != 0, BN, l, next_b[l])
        barrier();
        [[unroll]] for (uint l = 0; l < A_LOADS; l++) /* on their way while the sums are made */
            next_a[l] = fetch_a(l, row, inner + BK, end);
        [[unroll]] for (uint l = 0; l < B_LOADS; l++)
            next_b[l] = fetch_b(l, column, inner + BK, end);
        for (uint k = 0; k < BK; k++) {
            VEC4(ACC) x[TM / 4], y[TN / 4];
            [[unroll]] for (uint i = 0; i < TM / 4; i++)
                x[i] = shared_a[k * SA + i * PM + ty];
            [[unroll]] for (uint j = 0; j < TN / 4; j++)
                y[j] = shared_b[k * SB + j * PN + tx];
            [[unroll]] for (uint i = 0; i < TM; i++)
                [[unroll]] for (uint j = 0; j < TN / 4; j++)
                    sum[i * (TN / 4) + j] += x[i / 4][i % 4] * y[j];
        }
        barrier();
    }
    [[unroll]] for (uint i = 0; i < TM; i++) {
        uint y = row + (i / 4 * PM + ty) * 4 + i % 4;
        [[unroll]] for (uint j = 0; j < TN / 4; j++) {
            uint x = column / 4 + j * PN + tx;
            uint at = p.c_at + gl_WorkGroupID.z * p.plane + y * p.c_stride + x;
            if (y >= p.m || x * 4 >= p.n)
                continue;
            VEC4(ACC) value = ACC(p.alpha) * sum[i * (TN / 4) + j];
            c[at] = p.add != 0 ? c[at] + value : value;
        }
    }
}
