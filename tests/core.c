/* The ground floor: errors, memory, arena, bytes, matrix, half, random. */

#include "arena.h"
#include "bytes.h"
#include "check.h"
#include "half.h"
#include "limit.h"
#include "memory.h"
#include "random.h"

#include <stdint.h>
#include <string.h>

static void errors(void)
{
    struct error err = { 0 };
    CHECK(!fail(&err, ERROR_FORMAT, "a\x1b[31m%s\xff\xc2\x9b", "\n"));
    CHECK(!strcmp(err.text, "a\\x1b[31m\\x0a\\xff\\xc2\\x9b"));
    fail(&err, ERROR_READ, "σ₁ … %d", 3);
    CHECK(!strcmp(err.text, "σ₁ … 3"));
    char longer[2 * ERROR_TEXT];
    memset(longer, '\x01', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    fail(&err, ERROR_READ, "%s", longer);
    CHECK(strlen(err.text) < ERROR_TEXT && !strncmp(err.text, "\\x01\\x01", 8));
    CHECK(error_exit(ERROR_NONE) == 0 && error_exit(ERROR_USAGE) == 2);
    CHECK(error_exit(ERROR_READ) == 3 && error_exit(ERROR_FORMAT) == 3);
    CHECK(error_exit(ERROR_WRITE) == 4 && error_exit(ERROR_LIMIT) == 5);
    CHECK(error_exit(ERROR_MEMORY) == 1 && error_exit(ERROR_CANCELLED) == 130);
}

static void memories(void)
{
    struct error err = { 0 };
    size_t before = memory_used();
    unsigned char *p = memory_alloc(1000, &err);
    CHECK(p && (uintptr_t)p % 64 == 0 && p[0] == 0 && p[999] == 0);
    CHECK(memory_used() >= before + 1000);
    memory_free(p);
    memory_free(NULL);
    CHECK(memory_used() == before);

    CHECK(!memory_alloc(SIZE_MAX - 10, &err) && err.code == ERROR_LIMIT);
    memory_limit(before + 4096);
    CHECK(!memory_alloc(5000, &err) && err.code == ERROR_LIMIT && memory_used() == before);
    memory_limit(0);

    memory_fail_after(1);
    p = memory_alloc(1, &err);
    void *q = memory_alloc(1, &err), *r = memory_alloc(1, &err);
    CHECK(p && !q && err.code == ERROR_MEMORY && r);
    memory_free(p);
    memory_free(r);
    memory_fail_after(-1);

    struct arena a = { 0 };
    struct matrix_view v;
    CHECK(arena_alloc(&a, 10, &err) && arena_matrix(&a, DTYPE_F64, 3, 5, &v, &err));
    CHECK((uintptr_t)v.data % 64 == 0 && v.row_stride == 8 && matrix_at(v, 2, 4) == 0);
    arena_finish(&a);
    CHECK(memory_used() == before);
}

static void cursors(void)
{
    const uint8_t raw[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    struct bytes b = { raw, raw + sizeof(raw), false };
    CHECK(bytes_u8(&b) == 1 && bytes_u16le(&b) == 0x0302 && bytes_u16be(&b) == 0x0405);
    CHECK(bytes_u32be(&b) == 0x06070809 && !b.bad);
    CHECK(bytes_u8(&b) == 0 && b.bad);
    b = (struct bytes){ raw, raw + sizeof(raw), false };
    CHECK(bytes_u64le(&b) == 0x0807060504030201 && !bytes_take(&b, UINT64_MAX) && b.bad);
    CHECK(bytes_u8(&b) == 0); /* bad for good, although a byte is left */
    uint64_t product;
    CHECK(!size_mul(UINT64_MAX, 2, &product) && size_mul(UINT64_MAX, 0, &product) && product == 0);
    CHECK(!size_add(UINT64_MAX, 1, &product));
}

static void matrices(void)
{
    struct error err = { 0 };
    struct matrix a = { 0 }, b = { 0 };
    CHECK(matrix_init(&a, DTYPE_F64, 3, 2, &err) && matrix_init(&b, DTYPE_F32, 2, 3, &err));
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 2; j++)
            matrix_put(a.view, i, j, (double)(10 * i + j));
    matrix_copy(matrix_transposed(a.view), b.view);
    CHECK(matrix_at(b.view, 1, 2) == 21 && matrix_at(b.view, 0, 1) == 10);
    struct matrix_view block = matrix_block(b.view, 1, 1, 1, 2);
    CHECK(block.rows == 1 && matrix_at(block, 0, 1) == 21);
    CHECK_NEAR(matrix_norm(a.view), sqrt(0 + 1 + 100 + 121 + 400 + 441), 1e-15);

    matrix_put(a.view, 0, 0, 3e300);
    matrix_put(a.view, 0, 1, 4e300);
    CHECK_NEAR(matrix_norm(matrix_block(a.view, 0, 0, 1, 2)) / 1e300, 5, 1e-15);
    matrix_put(a.view, 0, 0, 3e-310);
    matrix_put(a.view, 0, 1, 4e-310);
    CHECK_NEAR(matrix_norm(matrix_block(a.view, 0, 0, 1, 2)) / 1e-310, 5, 1e-10);

    size_t row = 9, col = 9;
    CHECK(matrix_nonfinite(a.view, &row, &col) == 0);
    matrix_put(a.view, 1, 1, (double)NAN);
    matrix_put(a.view, 2, 0, (double)INFINITY);
    CHECK(matrix_nonfinite(a.view, &row, &col) == 2 && row == 1 && col == 1);
    CHECK(isnan(matrix_norm(a.view)));
    matrix_finish(&a);
    matrix_finish(&a);
    matrix_finish(&b);
    CHECK(!matrix_init(&a, DTYPE_F32, (size_t)LIMIT_DIMENSION + 1, 1, &err) &&
          err.code == ERROR_LIMIT);
    size_t stride, bytes;
    CHECK(!matrix_layout(DTYPE_F32, (size_t)1 << 17, ((size_t)1 << 17) + 1, &stride, &bytes, &err));
    CHECK(matrix_layout(DTYPE_F32, (size_t)1 << 17, (size_t)1 << 17, &stride, &bytes, &err) &&
          bytes == (size_t)1 << 36);
    CHECK(matrix_init(&a, DTYPE_F32, 0, 7, &err) && matrix_norm(a.view) == 0);
    matrix_finish(&a);
}

static void halves(void)
{
    int wrong = 0, outside = 0;
    for (unsigned h = 0; h < 0x10000; h++) {
        double v = half_to((uint16_t)h);
        if (!isnan(v) && half_from(v, HALF_NEAREST) != h)
            wrong++;
    }
    CHECK(wrong == 0);
    for (uint32_t i = 0; i < 100000; i++) {
        struct philox p = philox_block(3, i, 0, STREAM_TEST, 0);
        double v = ldexp((double)random_unit(p.word[0]), (int)(p.word[1] % 44) - 28);
        v = p.word[2] & 1 ? v : -v;
        double down = half_to(half_from(v, HALF_DOWN)), up = half_to(half_from(v, HALF_UP)),
               near = half_to(half_from(v, HALF_NEAREST));
        if (!(down <= v && v <= up && (near == down || near == up) &&
              fabs(near - v) <= fmin(v - down, up - v) + 1e-300))
            outside++;
    }
    CHECK(outside == 0);
    CHECK(half_to(half_from(1e6, HALF_DOWN)) == 65504 && isinf(half_to(half_from(1e6, HALF_UP))));
    CHECK(half_from(1 + 0x1p-11, HALF_NEAREST) == 0x3c00); /* a tie goes to the even one */
    CHECK(half_from(0x1p-26, HALF_UP) == 1 && half_from(0x1p-26, HALF_NEAREST) == 0);
}

static void blocks(void)
{
    /* Random123's kat_vectors for philox4x32-10 */
    static const struct {
        uint64_t seed;
        uint32_t counter[4], word[4];
    } known[] = {
        { 0, { 0, 0, 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { UINT64_MAX,
          { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { 0x299f31d0a4093822,
          { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const uint32_t *c = known[i].counter;
        struct philox p = philox_block(known[i].seed, c[0], c[1], c[2], c[3]);
        CHECK(!memcmp(p.word, known[i].word, sizeof(p.word)));
    }
}

/* Box-Muller against the library in double precision: every step of ours is single. */
static void normals(void)
{
    enum { N = 400000 };
    double worst = 0, most = 0, moment[5] = { 0 }, cross = 0, last = 0;
    for (uint32_t i = 0; i < N; i++) {
        struct philox p = philox_block(11, i, 0, STREAM_TEST, 0);
        float z[2];
        random_normals(p.word[0], p.word[1], z);
        double r = sqrt(-2 * log((double)random_unit(p.word[0])));
        double turn = 2 * 3.14159265358979323846 * ((p.word[1] >> 9) + 0.5) / 8388608;
        worst = fmax(worst,
                     fmax(fabs((double)z[0] - r * cos(turn)), fabs((double)z[1] - r * sin(turn))));
        for (int k = 0; k < 2; k++) {
            double v = (double)z[k], power = 1;
            most = fmax(most, fabs(v));
            for (int j = 1; j < 5; j++)
                moment[j] += power *= v;
            cross += v * last;
            last = v;
        }
    }
    double n = 2.0 * N;
    printf(
        "# against double precision %.2g, mean %.2g, variance %.5f, kurtosis %.4f, largest %.3f\n",
        worst, moment[1] / n, moment[2] / n, moment[4] / n, most);
    CHECK(worst < 2e-6);
    CHECK(fabs(moment[1] / n) < 5 / sqrt(n));
    CHECK(fabs(moment[2] / n - 1) < 5 * sqrt(2 / n));
    CHECK(fabs(moment[3] / n) < 5 * sqrt(15 / n));
    CHECK(fabs(moment[4] / n - 3) < 5 * sqrt(96 / n));
    CHECK(fabs(cross / n) < 5 / sqrt(n));
    CHECK(most > 4.5 && most < 6.5);
    float end[2];
    random_normals(0, 0, end);
    CHECK(isfinite((double)end[0]) && isfinite((double)end[1]) && (double)end[0] > 5.6);
    random_normals(UINT32_MAX, UINT32_MAX, end);
    CHECK(isfinite((double)end[0]) && isfinite((double)end[1]));
}

/* Whether every column has mean 0 and variance 1; the worst fourth moment, 10, is that of sparse. */
static bool columns_alike(struct matrix_view a)
{
    const double n = (double)a.rows;
    bool alike = true;
    for (size_t j = 0; j < a.cols; j++) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < a.rows; i++) {
            sum += matrix_at(a, i, j);
            square += matrix_at(a, i, j) * matrix_at(a, i, j);
        }
        alike = alike && fabs(sum / n) < 5 / sqrt(n) && fabs(square / n - 1) < 5 * sqrt(9 / n);
    }
    return alike;
}

static void sketches(void)
{
    struct error err = { 0 };
    struct matrix a = { 0 }, b = { 0 };
    CHECK(matrix_init(&a, DTYPE_F64, 512, 40, &err) && matrix_init(&b, DTYPE_F32, 512, 17, &err));
    for (int kind = 0; sketch_names[kind]; kind++) {
        random_fill((enum sketch_kind)kind, 5, STREAM_SKETCH, 0, 2, a.view);
        random_fill((enum sketch_kind)kind, 5, STREAM_SKETCH, 0, 2, b.view);
        double energy = matrix_norm(a.view);
        energy = energy * energy / (4.0 * 512 * 40);
        printf("# %s: variance %.4f\n", sketch_names[kind], energy);
        CHECK(fabs(energy - 1) < 5 * sqrt(2.0 / (512 * 40)));
        int differ = 0;
        for (size_t i = 0; i < 512; i++)
            for (size_t j = 0; j < 17; j++)
                differ += (float)matrix_at(a.view, i, j) != (float)matrix_at(b.view, i, j);
        CHECK(differ == 0 || kind == SKETCH_SPARSE); /* a wider one extends a narrower one */
        random_fill((enum sketch_kind)kind, 6, STREAM_SKETCH, 0, 1, a.view);
        CHECK(columns_alike(a.view));
    }
    /* 512 rows are a power of two: signed Walsh columns are exactly orthogonal */
    random_fill(SKETCH_HADAMARD, 9, STREAM_SKETCH, 1, 1, a.view);
    double worst = 0;
    for (size_t j = 1; j < 40; j++) {
        double dot = 0;
        for (size_t i = 0; i < 512; i++)
            dot += matrix_at(a.view, i, 0) * matrix_at(a.view, i, j);
        worst = fmax(worst, fabs(dot));
    }
    CHECK(worst == 0);
    random_fill(SKETCH_SPARSE, 9, STREAM_SKETCH, 1, 1, a.view);
    int full = 0;
    for (size_t i = 0; i < 512; i++) {
        int nonzero = 0;
        for (size_t j = 0; j < 40; j++)
            nonzero += matrix_at(a.view, i, j) != 0;
        full += nonzero == 4;
    }
    CHECK(full == 512);
    matrix_finish(&a);
    matrix_finish(&b);
}

int main(void)
{
    errors();
    memories();
    cursors();
    matrices();
    halves();
    blocks();
    normals();
    sketches();
    CHECK(memory_used() == 0);
    return check_done();
}
