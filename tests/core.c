#include "check.h"
#include "random.h"
#include "half.h"
int main(void)
{
    struct philox p = philox_block(0, 0, 0, 0, 0);
    CHECK(p.word[0] == 0x6627e8d5 && p.word[3] == 0x9b00dbd8);
    p = philox_block(0x299f31d0a4093822, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344);
    CHECK(p.word[0] == 0xd16cfe09 && p.word[3] == 0x24126ea1);
    double m = 0, v = 0, q = 0; int n = 1000000;
    for (int i = 0; i < n; i++) {
        float f[2];
        struct philox b = philox_block(7, (uint32_t)i, 0, 0, 0);
        random_normals(b.word[0], b.word[1], f);
        m += (double)f[0]; v += (double)(f[0] * f[0]); q += (double)(f[0] * f[1]);
    }
    printf("# %g %g %g\n", m / n, v / n, q / n);
    for (int i = 0; i < 0x7c00; i++) CHECK(half_from(half_to((uint16_t)i), HALF_NEAREST) == i);
    return check_done();
}
