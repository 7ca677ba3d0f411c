/* The built-in sources, and how a part of a document is picked. */
#include "demo.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "memory.h"

static double mean(struct matrix_view a)
{
    double sum = 0;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++)
            sum += matrix_at(a, i, j);
    return sum / ((double)a.rows * (double)a.cols);
}

/* One bit for each tenth that occurs; -1 if anything else does. */
static int levels(struct matrix_view a)
{
    int seen = 0;
    for (size_t i = 0; i < a.rows; i++)
        for (size_t j = 0; j < a.cols; j++) {
            double tenths = matrix_at(a, i, j) * 10;
            if (fabs(tenths - round(tenths)) > 1e-12 || tenths < -0.5 || tenths > 10.5)
                return -1;
            seen |= 1 << (int)round(tenths);
        }
    return seen;
}

static void check_phantom(const char *name, size_t n, double norm)
{
    struct error err = { 0 };
    struct selection s = { 0 };
    struct matrix m = { 0 };
    CHECK(selection_open(name, PLANES_RGB, &s, &err));
    CHECK(s.n == 1 && s.picture && s.rows == n && s.cols == n && !strcmp(s.names[0], "grey"));
    CHECK(selection_read(&s, DTYPE_F64, NONFINITE_REFUSE, &m, &err));
    CHECK_NEAR(matrix_norm(m.view), norm, 5e-7 / norm); /* all digits that are known */
    CHECK(levels(m.view) == (1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 10));
    if (n == 1000)
        CHECK_NEAR(mean(m.view), .12357200, 5e-9);
    matrix_finish(&m);
    selection_finish(&s);
}

static void test_names(void)
{
    struct error err = { 0 };
    struct selection s = { 0 };
    CHECK(selection_open("demo:phantom256::grey", PLANES_YCBCR, &s, &err));
    CHECK(s.n == 1 && s.planes == PLANES_RGB);
    selection_finish(&s);
    CHECK(!selection_open("demo:phantom256::r", PLANES_RGB, &s, &err));
    CHECK(err.code == ERROR_USAGE && strstr(err.text, "it has: grey"));
    CHECK(!document_open("demo:moon", &err) && strstr(err.text, "demo:photo"));
    CHECK(!document_open("/proc/self/fd", &err) && err.code == ERROR_READ &&
          !strcmp(err.text, "/proc/self/fd: is a folder without a model (.safetensors, .gguf)"));
    CHECK(!document_open("/nowhere/at/all", &err) && err.code == ERROR_READ);
    CHECK(!document_open("/dev/null", &err) && err.code == ERROR_READ);
}

static bool open_and_read(const char *name, struct error *err)
{
    struct selection s = { 0 };
    struct matrix m[SELECTION_MAX] = { 0 };
    bool ok = selection_open(name, PLANES_RGB, &s, err) &&
              selection_read(&s, DTYPE_F32, NONFINITE_REFUSE, m, err);
    for (size_t i = 0; i < SELECTION_MAX; i++)
        matrix_finish(&m[i]);
    selection_finish(&s);
    return ok;
}

static void test_memory(void)
{
    size_t before = memory_used();
    struct error err = { 0 };
    long n = 0;
    int wrong = 0;
    for (bool done = false; !done && n < 100; n++) {
        memory_fail_after(n);
        done = open_and_read("demo:phantom256", &err);
        wrong += !done && err.code != ERROR_MEMORY;
    }
    memory_fail_after(-1);
    CHECK(n > 4 && n < 100 && !wrong);
    CHECK(memory_used() == before);
}

int main(void)
{

    check_phantom("demo:phantom", 1000, 247.188673);
    check_phantom("demo:phantom256", 256, 63.040305);
    test_names();
    test_memory();
    return check_done();
}
