/* Entries below the diagonal of a symmetric matrix from those above it, 16 x 16 a work group. */
#version 450

layout(local_size_x = 16, local_size_y = 16) in;
layout(binding = 0, std430) readonly buffer Upper { double u[]; };
layout(binding = 1, std430) buffer Lower { double l[]; };

/* Rows from .. from + rows of the matrix lie in u, rows to .. to + n in l. */
layout(push_constant) uniform Push {
    uint first; /* work group */
    uint columns; /* tiles in a row of tiles */
    uint from, rows, to, n, stride;
} p;

shared double tile[16][17];

void main()
{
    uint group = p.first + gl_WorkGroupID.x;
    uint row = group / p.columns * 16, column = group % p.columns * 16; /* within l, within u's rows */
    uvec2 at = gl_LocalInvocationID.xy;
    if (column + at.y < p.rows && row + at.x < p.n)
        tile[at.y][at.x] = u[(column + at.y) * p.stride + p.to + row + at.x];
    barrier();
    uint i = row + at.y, j = column + at.x;
    if (i < p.n && j < p.rows && p.from + j < p.to + i)
        l[i * p.stride + p.from + j] = tile[at.x][at.y];
}
