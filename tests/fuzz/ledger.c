/* Any bytes as a ledger, and again with every line's checksum made right: what is accepted is what
 * would be written, byte for byte, and is counted without a fault. */
#include "ledger_file.h"

#include "memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 64 << 20, SUM = 16 };

static void check(bool promise)
{
    if (!promise)
        __builtin_trap();
}

static uint64_t checksum(uint64_t sum, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ (unsigned char)text[i]) * 1099511628211u;
    return sum;
}

/* The last digits of each whole line become what they should be. */
static void repair(char *text, size_t n)
{
    size_t at = strlen(LEDGER_HEAD);
    uint64_t sum = ledger_file_start();
    for (char *end; at < n && (end = memchr(text + at, '\n', n - at));
         at = (size_t)(end - text) + 1) {
        size_t body = (size_t)(end - text) - at;
        char digits[SUM + 1];
        if (body >= SUM) {
            snprintf(digits, sizeof(digits), "%016" PRIx64, checksum(sum, text + at, body - SUM));
            memcpy(end - SUM, digits, SUM);
        }
        sum = checksum(sum, text + at, body + 1);
    }
}

static void check_account(const struct ledger *l, const char *dataset)
{
    struct ledger_account a;
    ledger_account(l, dataset, NULL, 1e-6, &a);
    check(a.releases >= 1 && a.mu > 0 && a.epsilon >= 0 && a.mu_left >= 0);
    check(a.over == (a.mu > a.mu_most) && !isnan(a.naive_epsilon + a.naive_delta));
}

static void check_text(const char *text, size_t n)
{
    struct ledger l;
    struct error err = { 0 };
    uint64_t sum, again = ledger_file_start();
    char line[LEDGER_LINE];
    size_t at = strlen(LEDGER_HEAD);
    if (!ledger_file_parse("x", text, n, &l, &sum, &err)) {
        check(err.code != ERROR_NONE && err.text[0]);
        ledger_finish(&l);
        return;
    }
    for (size_t i = 0; i < l.n; i++) {
        size_t length = ledger_file_print(&l.spends[i], &again, line);
        length -= l.unended && i + 1 == l.n;
        check(length < LEDGER_LINE && at + length <= n && !memcmp(line, text + at, length));
        at += length;
    }
    check(l.damaged ? l.damaged == l.n + 2 || l.damaged == 1 : n == 0 || (at == n && again == sum));
    check(!l.damaged == !l.why[0]);
    if (l.n)
        check_account(&l, l.spends[l.n - 1].dataset);
    ledger_finish(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size ? size : 1);
    memory_limit(MEMORY);
    if (text && size)
        memcpy(text, data, size);
    if (text) {
        check_text(text, size);
        repair(text, size);
        check_text(text, size);
    }
    free(text);
    return 0;
}
