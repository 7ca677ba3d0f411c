/* Arithmetic in boxes: values, names, and where a fault lies. */

#include "expression.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

static bool value(const void *context, const char *at, size_t n, double *out)
{
    static const struct {
        const char *name;
        double value;
    } known[] = { { "m", 400 },       { "n", 600 },       { "k", 24 },
                  { "left-bits", 4 }, { "left_bits", 4 }, { "a-b-c", 100 },
                  { "a", 7 },         { "b", 2 },         { "min", 3 } };
    (void)context;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].name) == n && !strncmp(known[i].name, at, n)) {
            *out = known[i].value;
            return true;
        }
    return false;
}

static const struct names names = { value, NULL };

/* The value, or NAN where it is refused. */
static double of(const char *text, const double *from, bool percent)
{
    struct error err = { 0 };
    double out = 0;
    return expression(text, 0, &names, from, percent, &out, NULL, &err) ? out : (double)NAN;
}

static void test_values(void)
{
    static const struct {
        const char *text;
        double want;
    } rows[] = {
        { "24", 24 },
        { " 1.5 ", 1.5 },
        { ".5", .5 },
        { "1e3", 1000 },
        { "12K", 12000 },
        { "2k", 2000 },
        { "1.5M", 1.5e6 },
        { "2Ki", 2048 },
        { "1Gi", 1073741824 },
        { "3T", 3e12 },
        { "1+2*3", 7 },
        { "(1+2)*3", 9 },
        { "8-4-2", 2 },
        { "16/4/2", 2 },
        { "2^10", 1024 },
        { "2^3^2", 512 },
        { "-2^2", -4 },
        { "2^-1", .5 },
        { "--3", 3 },
        { "+-+3", -3 },
        { "2*-3", -6 },
        { "min(m,n)/8", 50 },
        { "max(1, 2, 3)", 3 },
        { "min(5)", 5 },
        { "floor(-1.5)", -2 },
        { "ceil(1.2)", 2 },
        { "round(2.5)", 3 },
        { "round(-2.6)", -3 },
        { "sqrt(m*n)", 489.89794855663565 },
        { "log2(1024)", 10 },
        { "k", 24 },
        { "k*2", 48 },
        { "2 * ( k + 1 )", 50 },
        { "left-bits", 4 },
        { "left_bits+1", 5 },
        { "m-left-bits", 396 },
        { "a-b", 5 },
        { "a-b-c", 100 },
        { "a - b", 5 },
        { "k-1", 23 },
        { "a-b-a", -2 },
        { "min + 1", 4 },
        { "1/8*k", 3 },
        { "min(max(1,9),7)", 7 },
    };
    int wrong = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double got = of(rows[i].text, NULL, false);
        if (!(fabs(got - rows[i].want) <= 1e-12 * fabs(rows[i].want))) {
            printf("# %s: %.17g, not %.17g\n", rows[i].text, got, rows[i].want);
            wrong++;
        }
    }
    CHECK(wrong == 0);
}

/* What begins with an operator goes on from a value, and only where there is one. */
static void test_relative(void)
{
    const double from = 24;
    CHECK(of("*2", &from, false) == 48 && of("/2", &from, false) == 12);
    CHECK(of("+3", &from, false) == 27 && of("-3", &from, false) == 21);
    CHECK(of("*2+1", &from, false) == 49 && of("-3*2", &from, false) == 18);
    CHECK(of(" / 4 - 1", &from, false) == 5 && of("- k", &from, false) == 0);
    CHECK(of("5", &from, false) == 5 && of("k+1", &from, false) == 25);
    CHECK(of("-3", NULL, false) == -3 && of("+3", NULL, false) == 3);
    CHECK(isnan(of("*2", NULL, false)) && isnan(of("/2", NULL, false)));
    CHECK(of("5%", NULL, true) == .05 && of("2*5%", NULL, true) == .1);
    CHECK(isnan(of("5%", NULL, false)) && isnan(of("5 %%", NULL, true)));
}

static void test_faults(void)
{
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {
        { "", 0 },          { "  ", 2 },       { "1+", 2 },      { "1 2", 2 },    { "(1", 2 },
        { "1)", 1 },        { "()", 1 },       { "min(", 4 },    { "min(1,", 6 }, { "min(1 2)", 6 },
        { "sqrt(1,2)", 7 }, { "2+what", 2 },   { "what(1)", 0 }, { "3q", 1 },     { "3Kq", 2 },
        { "1.2.3", 3 },     { "0x10", 0 },     { "1/0", 2 },     { "k k", 2 },    { "5%", 1 },
        { "1e999", 0 },     { "sqrt(-1)", 0 }, { "0^-1", 0 },    { "inf", 0 },    { "nan", 0 },
        { "2*.", 2 },       { "1;2", 1 },      { "m-what", 2 },  { "*2", 0 },     { "log2(0)", 0 },
        { "12KK", 3 },      { "a=2", 1 },      { "\xff", 0 },
    };
    int wrong = 0, silent = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = { 0 };
        char words[40];
        double out = 17;
        size_t at = 99;
        bool no = !expression(rows[i].text, 0, &names, NULL, false, &out, &at, &err) && out == 17;
        snprintf(words, sizeof(words), "offset %zu: ", rows[i].at);
        silent += err.code != ERROR_USAGE || !strstr(err.text, words);
        if (!no || at != rows[i].at) {
            printf("# '%s': %s at %zu, not %zu\n", rows[i].text, no ? "refused" : "taken", at,
                   rows[i].at);
            wrong++;
        }
    }
    CHECK(wrong == 0);
    CHECK(silent == 0);
}

/* A line of brackets, signs or powers ends in a sentence, not in the end of the stack. */
static void test_depth(void)
{
    static const char *const deep[] = { "(", "-", "2^", "sqrt(", "min(1,", "-(" };
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE);
    int refused = 0;
    for (size_t i = 0; text && i < sizeof(deep) / sizeof(deep[0]); i++) {
        size_t n = strlen(deep[i]);
        for (size_t j = 0; j < SIZE; j++)
            text[j] = deep[i][j % n];
        text[SIZE - 1] = 0;
        refused += isnan(of(text, NULL, false));
    }
    CHECK(refused == 6);
    free(text);
    CHECK(of("((((((((((((((((((((1))))))))))))))))))))", NULL, false) == 1);
    CHECK(of("1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1"
             "+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1",
             NULL, false) == 72);
}

/* Any bytes at all: a value or a sentence with an offset inside the text. */
static void test_noise(void)
{
    static const char letters[] = "0123456789.+-*/^(),km %Kabn_minsqrtlog2\xff";
    unsigned state = 1;
    int taken = 0, outside = 0;
    for (int round = 0; round < 200000; round++) {
        char text[24];
        struct error err = { 0 };
        size_t at = 0, n = (size_t)round % 23;
        double out = 0;
        for (size_t i = 0; i < n; i++) {
            state = state * 1664525u + 1013904223u;
            text[i] = letters[(state >> 16) % (sizeof(letters) - 1)];
        }
        text[n] = 0;
        if (expression(text, 0, &names, NULL, round & 1, &out, &at, &err))
            taken += isfinite(out);
        else
            outside += at > n || !err.text[0];
    }
    printf("# of 200000 random lines %d have a value\n", taken);
    CHECK(taken > 1000);
    CHECK(outside == 0);
}

int main(void)
{
    test_values();
    test_relative();
    test_faults();
    test_depth();
    test_noise();
    return check_done();
}
