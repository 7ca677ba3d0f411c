/* Rows or columns averaged into cells by area: an entry of out is the weighted sum of those of x that
 * its cell covers, each first and last one in part (engine/preview.c). */
#version 450

layout(local_size_x = 256) in;

struct Cell {
    uint first, last;
    REAL head, body, tail; /* weights of the first entry, those between, the last */
};
layout(binding = 0, std430) readonly buffer X { REAL x[]; };
layout(binding = 1, std430) readonly buffer Cells { Cell cells[]; };
layout(binding = 2, std430) buffer Out { REAL o[]; };

/* Lines lie across the direction of averaging: columns where rows are averaged. */
layout(push_constant) uniform Push {
    uint first;                         /* work group */
    uint cell, n, lines;                /* the first cell, how many; lines */
    uint from, to;                      /* what of every line x holds */
    uint x_at, x_step, x_line;          /* strides along and across */
    uint out_at, out_step, out_line;
    uint columns;                       /* averaged: neighbours in memory are cells, not lines */
    uint add;
} p;

void main()
{
    uint id = (p.first + gl_WorkGroupID.x) * 256 + gl_LocalInvocationID.x;
    uint i = p.columns != 0 ? id % p.n : id / p.lines, line = p.columns != 0 ? id / p.n : id % p.lines;
    if (i >= p.n || line >= p.lines)
        return;
    Cell c = cells[p.cell + i];
    if (c.last < p.from || c.first >= p.to)
        return;
    uint at = p.out_at + i * p.out_step + line * p.out_line;
    REAL sum = REAL(0);
    for (uint r = max(c.first, p.from); r <= c.last && r < p.to; r++) {
        REAL weight = r == c.first ? c.head : r == c.last ? c.tail : c.body;
        sum += weight * x[p.x_at + (r - p.from) * p.x_step + line * p.x_line];
    }
    bool begun = p.add != 0 || c.first < p.from; /* by the panel before */
    o[at] = begun ? o[at] + sum : sum;
}
