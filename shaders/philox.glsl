/* Philox4x32-10 and normals, the same operations in the same order as engine/random.c,
 * each rounded once (`precise`: no fma): the same bits. No log, sin or cos of the driver;
 * its square root is asked for, which Vulkan lets be off by a little. */

#ifndef PHILOX_GLSL
#define PHILOX_GLSL

uvec4 philox(uvec2 key, uvec4 counter)
{
    for (int turn = 0; turn < 10; turn++) {
        uint high0, low0, high2, low2;
        umulExtended(0xD2511F53u, counter.x, high0, low0);
        umulExtended(0xCD9E8D57u, counter.z, high2, low2);
        counter = uvec4(high2 ^ counter.y ^ key.x, low2, high0 ^ counter.w ^ key.y, low0);
        key += uvec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

/* Uniform in (0, 1), exact: the top 23 bits plus one half. */
float unit(uint word)
{
    precise float u = (float(word >> 9) + 0.5) * 1.1920928955078125e-7;
    return u;
}

/* ln x for 0 < x < 1, x a normal number. */
float log_unit(float x)
{
    uint bits = floatBitsToUint(x);
    int e = int(bits >> 23) - 126;
    precise float m = uintBitsToFloat((bits & 0x007fffffu) | 0x3f000000u); /* in [1/2, 1) */
    if (m < 0.70710678) {
        e--;
        m = m + m;
    }
    m = m - 1.0;
    precise float z = m * m;
    precise float y = 7.0376836292e-2;
    y = y * m + -1.1514610310e-1;
    y = y * m + 1.1676998740e-1;
    y = y * m + -1.2420140846e-1;
    y = y * m + 1.4249322787e-1;
    y = y * m + -1.6668057665e-1;
    y = y * m + 2.0000714765e-1;
    y = y * m + -2.4999993993e-1;
    y = y * m + 3.3333331174e-1;
    y = y * m * z;
    precise float ef = float(e);
    y = y + ef * -2.12194440e-4;
    y = y - 0.5 * z;
    precise float result = m + y + ef * 0.693359375;
    return result;
}

/* cos and sin of 2 pi u: the octant exactly, in integers. */
vec2 circle(uint word)
{
    uint turn = word >> 9;
    uint quarter = (turn + (1u << 20)) >> 21;
    uint quadrant = quarter & 3u;
    int rest = int(turn) - int(quarter << 21); /* [-2^20, 2^20) */
    precise float t = (float(rest) + 0.5) * 1.1920928955078125e-7 * 6.28318530717958647692;
    precise float z = t * t;
    precise float s =
        ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * t + t;
    precise float c =
        ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z -
        0.5 * z + 1.0;
    return quadrant == 0u ? vec2(c, s) :
           quadrant == 1u ? vec2(-s, c) :
           quadrant == 2u ? vec2(-c, -s) :
                            vec2(s, -c);
}

/* Two independent normals from two words. */
vec2 normals(uint a, uint b)
{
    precise float radius = sqrt(-2.0 * log_unit(unit(a)));
    precise vec2 pair = radius * circle(b);
    return pair;
}

#endif
