/* What code.comp and decode.comp share: a strip of whole rows of a matrix, and how its codes lie
 * (engine/coding.h). Elements are counted from the strip's first, so that 32 bits do; a strip starts
 * at a multiple of 32 rows, so at a whole word of the stream. */

layout(push_constant) uniform Push {
    uint first, n;       /* items */
    uint offset, stride; /* of the strip's first row, of a row; entries */
    uint cols, elements;
    uint bits;
    uint tabulated, dithered;
    uint lead;           /* the strip's first row lies so far below the top of its range */
    uint down, across, ranges; /* entries that share a range; ranges a row */
    uint stream, part, unused;
    uvec2 seed;
    uvec2 quarter; /* the number of the strip's first element, a fourth of it */
} push;

layout(std430, binding = 2) readonly buffer Ranges { dvec2 ranges[]; }; /* low, high */
layout(std430, binding = 3) readonly buffer Levels { double levels[]; };

dvec2 range_of(uint row, uint col)
{
    return ranges[(push.lead + row) / push.down * push.ranges + col / push.across];
}
