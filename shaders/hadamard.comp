#version 450
/* The passes of the Walsh-Hadamard transform over pairs that lie within SPAN entries, in shared
 * memory: a work group does SPAN entries, of one row or of several short ones. */

#include "hadamard.glsl"

#ifdef F64
const uint SPAN = 2048; /* 16 KiB, which every device has */
#else
const uint SPAN = 4096;
#endif

layout(std430, binding = 0) readonly buffer From { REAL from[]; };
layout(std430, binding = 1) writeonly buffer To { REAL to[]; };

shared REAL x[SPAN];
shared uint sign_words[SPAN / 32];

const uint THREADS = gl_WorkGroupSize.x;

REAL flipped(REAL value, uint col)
{
    uint at = col % SPAN;
    return (sign_words[at / 32u] >> at % 32u & 1u) != 0u ? -value : value;
}

void load(uint base)
{
    uint me = gl_LocalInvocationID.x, mask = (1u << push.log_cols) - 1u;
    if (me < SPAN / 128u) {
        uvec4 words = signs((base & mask) / 128u + me);
        for (uint i = 0; i < 4; i++)
            sign_words[4u * me + i] = words[i];
    }
    barrier();
    for (uint t = me; t < SPAN; t += THREADS) {
        uint number = base + t, row = number >> push.log_cols, col = number & mask;
        REAL value = REAL(0);
        if (number < push.size)
            value = from[push.from + row * push.from_stride + col];
        x[t] = push.flip_first != 0u ? flipped(value, col) : value;
    }
    barrier();
}

void transform()
{
    uint me = gl_LocalInvocationID.x, span = min(SPAN, 1u << push.log_cols), near = 1u;
    if (findMSB(span) % 2 == 1) {
        for (uint j = me; j < SPAN / 2u; j += THREADS)
            butterfly(x[2u * j], x[2u * j + 1u]);
        near = 2u;
        barrier();
    }
    for (; near < span; near *= 4u) {
        for (uint j = me; j < SPAN / 4u; j += THREADS) {
            uint i = (j & ~(near - 1u)) * 4u + (j & (near - 1u));
            butterfly(x[i], x[i + near], x[i + 2u * near], x[i + 3u * near]);
        }
        barrier();
    }
}

void main()
{
    uint base = (push.first + gl_WorkGroupID.x) * SPAN, mask = (1u << push.log_cols) - 1u;
    load(base);
    transform();
    for (uint t = gl_LocalInvocationID.x; t < SPAN; t += THREADS) {
        uint number = base + t, row = number >> push.log_cols, col = number & mask;
        if (number >= push.size)
            continue;
        REAL value = finish(x[t]);
        to[push.to + row * push.to_stride + col] =
            push.flip_last != 0u ? flipped(value, col) : value;
    }
}
