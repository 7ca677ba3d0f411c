#version 450
/* One or two passes of the Walsh-Hadamard transform over pairs too far apart for hadamard.comp,
 * in place: an invocation does two entries or four. */

#include "hadamard.glsl"

layout(std430, binding = 0) buffer Entries { REAL x[]; };

void store(uint i, uint col, REAL value)
{
    value = finish(value);
    if (push.flip_last != 0u && (signs(col / 128u)[col / 32u % 4u] >> col % 32u & 1u) != 0u)
        value = -value;
    x[i] = value;
}

void main()
{
    uint item = push.first + gl_GlobalInvocationID.x, far = 1u << push.log_half;
    if (item >= push.n)
        return;
    uint shift = push.log_cols - push.pairs, row = item >> shift, j = item & ((1u << shift) - 1u);
    uint col = (j >> push.log_half << push.log_half + push.pairs) | (j & (far - 1u));
    uint i = push.to + row * push.to_stride + col;
    REAL a = x[i], b = x[i + far];
    if (push.pairs == 1u) {
        butterfly(a, b);
    } else {
        REAL c = x[i + 2u * far], d = x[i + 3u * far];
        butterfly(a, b, c, d);
        store(i + 2u * far, col + 2u * far, c);
        store(i + 3u * far, col + 3u * far, d);
    }
    store(i, col, a);
    store(i + far, col + far, b);
}
