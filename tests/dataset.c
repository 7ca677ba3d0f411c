/* Names of datasets: what can be read is one, what looks like another one is none. */
#include "dataset.h"

#include "check.h"
#include "limit.h"

#include <string.h>

int main(void)
{
    static const char *const good[] = { "a", "clinic-2026", "trial one", "Čárka", "日本 語",
                                        "😀", "a=b;#\"'\\%", "é",         "~" };
    static const char *const bad[] = {
        "",
        " ",
        " a",
        "a ",
        "a  b",
        "a\tb",
        "a\nb",
        "\x1b[2J",
        "a\x7f",
        "a\xc2\xa0",
        "a\xc2\xad",
        "a\xe2\x80\x8b",
        "\xe2\x80\xae",
        "a\xef\xbb\xbf",
        "a\xe3\x80\x80",
        "a\xf3\xa0\x81\x81",
        "a\xff",
        "a\xc0\xa0",
        "a\xe2\x80",
        "\x80",
        "a\xed\xa0\x80",
        "a\xf4\x90\x80\x80",
        "a\xe2\x81\xa0",
    };
    struct error err;
    char name[NAME_TEXT + 1];
    size_t n = sizeof(good) / sizeof(*good), m = sizeof(bad) / sizeof(*bad), right = 0;
    for (size_t i = 0; i < n; i++)
        right += dataset_check(good[i], &err);
    CHECK(right == n);
    right = 0;
    for (size_t i = 0; i < m; i++) {
        bool refused = !dataset_check(bad[i], &err) && err.code == ERROR_USAGE;
        if (!refused)
            printf("# number %zu is taken\n", i);
        right += refused;
    }
    CHECK(right == m);
    CHECK(!dataset_check(NULL, &err));
    memset(name, 'x', NAME_TEXT);
    name[NAME_TEXT] = 0;
    CHECK(!dataset_check(name, &err));
    name[NAME_TEXT - 1] = 0;
    CHECK(dataset_check(name, &err));
    return check_done();
}
