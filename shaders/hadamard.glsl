/* What hadamard.comp and hadamard_far.comp share: REAL, float or with F64 double, and the signs
 * of engine/hadamard.c. Both keep its order, nearest pairs first and the scale last. */

#include "philox.glsl"

layout(local_size_x = 256) in;

layout(push_constant) uniform Push {
    uint first, n;     /* items */
    uint size;         /* entries of all rows */
    uint log_cols;     /* of the width, to the base 2 */
    uint log_half;     /* far: of the distance of a pair; */
    uint pairs;        /* and passes at once, 1 or 2 */
    uint from, from_stride; /* entries before the first row; to the next row */
    uint to, to_stride;
    uint flip_first, flip_last, last; /* whether to: change signs, change signs, scale */
    uint stream;
    uvec2 seed, scale;
} push;

uvec4 signs(uint block) /* of columns 128 block .. 128 block + 127, a bit each */
{
    return philox(push.seed, uvec4(block, 0u, push.stream, 0u));
}

REAL finish(REAL x)
{
#ifdef F64
    precise REAL y = x * packDouble2x32(push.scale);
#else
    precise REAL y = x * uintBitsToFloat(push.scale.x);
#endif
    return push.last != 0u ? y : x;
}

/* Two passes over four entries: distances 1 and 2 of them. */
void butterfly(inout REAL a, inout REAL b, inout REAL c, inout REAL d)
{
    precise REAL ab = a + b, a_b = a - b, cd = c + d, c_d = c - d;
    precise REAL p = ab + cd, q = a_b + c_d, r = ab - cd, s = a_b - c_d;
    a = p;
    b = q;
    c = r;
    d = s;
}

void butterfly(inout REAL a, inout REAL b)
{
    precise REAL sum = a + b, difference = a - b;
    a = sum;
    b = difference;
}
