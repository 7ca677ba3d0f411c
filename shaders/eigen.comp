#version 450
/* Eigenvalues of a batch of symmetric or Hermitian matrices, one a work group: Jacobi's
 * rotations in the round-robin order of engine/ensemble.c, a round at once. The lower triangle
 * lies in shared memory, the entries that a round's rotations annihilate hold their sines
 * meanwhile: 64 x 64 complex numbers in double precision are 32 KiB, and not a word more.
 * F64, COMPLEX: what the entries are. */

const uint THREADS = 128, SWEEPS = 20;
layout(local_size_x = 128) in;
layout(constant_id = 0) const uint SIDE = 64; /* the largest d */

#ifdef F64
#define REAL double
#define PAIR dvec2
#else
#define REAL float
#define PAIR vec2
#endif

layout(std430, binding = 0) readonly buffer Batch { REAL batch[]; };
layout(std430, binding = 1) writeonly buffer Values { REAL values[]; };

layout(push_constant) uniform Push {
    uint first, n; /* matrices of this run */
    uint row, stride; /* of the batch: where the first matrix begins; numbers a row */
    uint to, to_stride; /* the same of the values */
    uint d;
} push;

#ifdef COMPLEX
#define NUMBER PAIR
NUMBER conjugate(NUMBER a) { return NUMBER(a.x, -a.y); }
NUMBER times(NUMBER a, NUMBER b) { return NUMBER(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); }
REAL magnitude(NUMBER a) { return sqrt(a.x * a.x + a.y * a.y); }
REAL square(NUMBER a) { return a.x * a.x + a.y * a.y; }
NUMBER hold(REAL x) { return NUMBER(x, 0); }
REAL held(NUMBER x) { return x.x; }
#else
#define NUMBER REAL
NUMBER conjugate(NUMBER a) { return a; }
NUMBER times(NUMBER a, NUMBER b) { return a * b; }
REAL magnitude(NUMBER a) { return abs(a); }
REAL square(NUMBER a) { return a * a; }
NUMBER hold(REAL x) { return x; }
REAL held(NUMBER x) { return x; }
#endif

shared NUMBER lower[SIDE * (SIDE - 1) / 2];
shared REAL diagonal[SIDE];

/* Beside a largest entry of 1: angles that are left out, rotations after which a sweep was the last. */
const REAL NEGLIGIBLE = REAL(8.6736173798840355e-19); /* 2^-60 */
#ifdef F64
const REAL DONE = REAL(1.3877787807814457e-17); /* 2^-56 */
bool finite(REAL x) { return (unpackDouble2x32(x).y & 0x7ff00000u) != 0x7ff00000u; }
REAL not_finite() { return packDouble2x32(uvec2(0u, 0x7ff80000u)); }
#else
const REAL DONE = REAL(1.4901161193847656e-8); /* 2^-26 */
bool finite(REAL x) { return (floatBitsToUint(x) & 0x7f800000u) != 0x7f800000u; }
REAL not_finite() { return uintBitsToFloat(0x7fc00000u); }
#endif

uint place(uint i, uint j) /* i > j */
{
    return i * (i - 1u) / 2u + j;
}

NUMBER get(uint i, uint j)
{
    return i > j ? lower[place(i, j)] : conjugate(lower[place(j, i)]);
}

void put(uint i, uint j, NUMBER x)
{
    lower[i > j ? place(i, j) : place(j, i)] = i > j ? x : conjugate(x);
}

uint base; /* of the matrix in the batch */

NUMBER entry(uint i, uint j)
{
#ifdef COMPLEX
    uint at = base + i * push.stride + j;
    return NUMBER(batch[at], i == j ? REAL(0) : batch[at + push.d]);
#else
    return batch[base + i * push.stride + j];
#endif
}

REAL largest(NUMBER x)
{
#ifdef COMPLEX
    return finite(x.x) && finite(x.y) ? max(abs(x.x), abs(x.y)) : not_finite();
#else
    return finite(x) ? abs(x) : not_finite();
#endif
}

/* The greatest of what n invocations left in their places; what is not finite counts most. */
REAL greatest(uint n)
{
    REAL most = REAL(0);
    for (uint i = 0u; i < n; i++) {
        REAL x = held(lower[i]);
        most = finite(most) && !(finite(x) && x <= most) ? x : most;
    }
    return most;
}

/* Loads the matrix over its largest entry, which it returns. */
REAL load()
{
    uint thread = gl_LocalInvocationID.x, d = push.d;
    REAL most = REAL(0);
    for (uint k = thread; k < d * d; k += THREADS)
        if (k / d >= k % d) {
            REAL x = largest(entry(k / d, k % d));
            most = finite(most) && !(finite(x) && x <= most) ? x : most;
        }
    lower[thread] = hold(most);
    barrier();
    most = greatest(THREADS);
    barrier();
    REAL over = most > REAL(0) ? most : REAL(1);
    for (uint k = thread; k < d * d; k += THREADS) {
        uint i = k / d, j = k % d;
        if (i > j)
            lower[place(i, j)] = entry(i, j) / over;
        else if (i == j)
            diagonal[i] = held(entry(i, i)) / over;
    }
    barrier();
    return most;
}

/* Who meets at a table of a tournament: the last one keeps the seat. p < q; q may be d, nobody. */
uvec2 meet(uint players, uint turn, uint table)
{
    uint others = players - 1u, seat = others - table;
    uint a = (table + turn) % others, b = seat == others ? seat : (seat + turn) % others;
    return uvec2(min(a, b), max(a, b));
}

/* Annihilates an entry: rotates the diagonal, leaves the sine in the entry's place. Returns
 * the entry's magnitude. */
REAL rotate(uvec2 pq)
{
    NUMBER x = get(pq.x, pq.y);
    REAL g = magnitude(x), p = diagonal[pq.x], q = diagonal[pq.y], gap = q - p;
    NUMBER sine = hold(REAL(0));
    if (g > NEGLIGIBLE) {
        REAL t = (gap < REAL(0) ? REAL(-2) : REAL(2)) * g / (abs(gap) + sqrt(gap * gap + REAL(4) * g * g));
        sine = x * (t / (g * sqrt(REAL(1) + t * t)));
        diagonal[pq.x] = p - t * g;
        diagonal[pq.y] = q + t * g;
    }
    put(pq.x, pq.y, sine);
    return g;
}

/* The four entries where two pairs cross, rotated from both sides. */
void cross(uvec2 a, uvec2 b)
{
    uint d = push.d;
    bool a2 = a.y < d, b2 = b.y < d; /* both are there */
    NUMBER zero = hold(REAL(0));
    NUMBER s = a2 ? get(a.x, a.y) : zero, t = b2 ? get(b.x, b.y) : zero;
    REAL c = sqrt(REAL(1) - square(s)), e = sqrt(REAL(1) - square(t));
    NUMBER pr = get(a.x, b.x), ps = b2 ? get(a.x, b.y) : zero;
    NUMBER qr = a2 ? get(a.y, b.x) : zero, qs = a2 && b2 ? get(a.y, b.y) : zero;
    NUMBER x = e * pr - times(conjugate(t), ps), y = times(t, pr) + e * ps;
    NUMBER z = e * qr - times(conjugate(t), qs), w = times(t, qr) + e * qs;
    put(a.x, b.x, c * x - times(s, z));
    if (b2)
        put(a.x, b.y, c * y - times(s, w));
    if (a2)
        put(a.y, b.x, times(conjugate(s), x) + c * z);
    if (a2 && b2)
        put(a.y, b.y, times(conjugate(s), y) + c * w);
}

/* Every pair once; the greatest entry that was rotated away. */
REAL sweep(uint players)
{
    uint thread = gl_LocalInvocationID.x, tables = players / 2u;
    uvec2 mine = uvec2(push.d);
    REAL most = REAL(0);
    for (uint turn = 0u; turn + 1u < players; turn++) {
        if (thread < tables) {
            if (mine.y < push.d)
                put(mine.x, mine.y, hold(REAL(0)));
            mine = meet(players, turn, thread);
            if (mine.y < push.d)
                most = max(most, rotate(mine));
        }
        barrier();
        for (uint k = thread; k < tables * (tables - 1u) / 2u; k += THREADS) {
            uint table = k % tables, other = (table + 1u + k / tables) % tables;
            cross(meet(players, turn, table), meet(players, turn, other));
        }
        barrier();
    }
    /* The places of the last round are free to compare notes in. */
    if (thread < tables && mine.y < push.d)
        put(mine.x, mine.y, hold(most));
    barrier();
    most = REAL(0);
    for (uint table = 0u; table < tables; table++) {
        uvec2 pair = meet(players, players - 2u, table);
        if (pair.y < push.d)
            most = max(most, held(get(pair.x, pair.y)));
    }
    barrier();
    if (thread < tables && mine.y < push.d)
        put(mine.x, mine.y, hold(REAL(0)));
    barrier();
    return most;
}

void main()
{
    uint matrix = push.first + gl_WorkGroupID.x, thread = gl_LocalInvocationID.x, d = push.d;
    if (matrix >= push.n)
        return;
    base = (push.row + matrix * d) * push.stride;
    REAL scale = load();
    uint players = d + d % 2u;
    bool more = finite(scale) && d > 1u;
    for (uint i = 0u; more && i < SWEEPS; i++)
        more = sweep(players) > DONE;
    if (thread >= d)
        return;
    uint at = (push.to + matrix) * push.to_stride, rank = 0u;
    REAL mine = diagonal[thread];
    for (uint j = 0u; j < d; j++)
        rank += uint(diagonal[j] > mine || (diagonal[j] == mine && j < thread));
    values[at + (finite(scale) ? rank : thread)] = finite(scale) ? mine * scale : not_finite();
}
