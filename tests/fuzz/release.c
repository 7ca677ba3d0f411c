/* Any bytes as a release file: what is accepted is one in every respect that a reader relies on, and
 * nothing stays allocated. */
#include "release.h"

#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 64 << 20 };

static void check(bool promise)
{
    if (!promise)
        __builtin_trap();
}

static void check_matrix(struct matrix_view a, size_t d, double sign)
{
    check(a.rows == d && a.cols == d && a.dtype == DTYPE_F64);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            double x = matrix_at(a, i, j);
            check(x - x == 0 && x == sign * matrix_at(a, j, i));
        }
}

static void check_release(const struct release *r)
{
    check(r->d >= 1 && r->d <= RELEASE_SIDE && r->rank >= 1 && r->rank <= r->d);
    check(r->mechanism < MECHANISMS && r->relation < RELATIONS && r->draw.rank <= r->d);
    check(r->epsilon > 0 && r->delta > 0 && r->mu > 0 && r->view > 0 && r->deviation > 0);
    check(r->relation == RELATION_REPLACE || r->n == 0);
    check_matrix(r->draw.noisy.view, r->d, 1);
    check_matrix(r->draw.y.view, r->d, 1);
    if (r->mechanism == MECHANISM_COMPLEX)
        check_matrix(r->draw.imaginary.view, r->d, -1);
    for (size_t i = 0; i < r->d; i++)
        check(r->draw.values[i] - r->draw.values[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = { 0 };
    struct release r = { 0 };
    memory_limit(MEMORY);
    size_t before = memory_used();
    struct source *s = source_open_memory("x", data, size, &err);
    bool ok = s && release_read_source(s, &r, &err);
    check(ok || (err.code && err.text[0] && !r.d));
    if (ok)
        check_release(&r);
    release_finish(&r);
    source_close(s);
    check(memory_used() == before);
    return 0;
}
