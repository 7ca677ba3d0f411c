#include "report.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 8 };

/* The text so far: jansson spells strings, numbers are spelled here, because it
 * knows no shortest form and no whole number above 2^63. */
struct report {
    char *text;
    size_t size, depth;
    FILE *out;
    struct {
        bool array, filled;
    } open[DEPTH];
    bool failed;
};

struct report *report_create(void)
{
    struct report *r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    r->out = open_memstream(&r->text, &r->size);
    if (!r->out) {
        free(r);
        return NULL;
    }
    putc('{', r->out);
    return r;
}

void report_destroy(struct report *r)
{
    if (!r)
        return;
    if (r->out)
        fclose(r->out);
    free(r->text);
    free(r);
}

/* Text that is not UTF-8 gets its odd bytes as \xNN. */
static void put_string(struct report *r, const char *text)
{
    struct error plain;
    json_t *whole = json_string(text); /* NULL for invalid UTF-8 */
    if (!whole)
        whole = json_string(report_plain(text, &plain));
    r->failed |= !whole || json_dumpf(whole, r->out, JSON_ENCODE_ANY) != 0;
    json_decref(whole);
}

/* What stands in front of a value. */
static void begin(struct report *r, const char *key)
{
    if (r->open[r->depth].filled)
        putc(',', r->out);
    r->open[r->depth].filled = true;
    if (r->open[r->depth].array)
        return;
    put_string(r, key);
    putc(':', r->out);
}

static void open_new(struct report *r, const char *key, bool array)
{
    begin(r, key);
    if (r->depth + 1 == DEPTH) {
        r->failed = true;
        return;
    }
    putc(array ? '[' : '{', r->out);
    r->depth++;
    r->open[r->depth].array = array;
    r->open[r->depth].filled = false;
}

void report_object(struct report *r, const char *key)
{
    open_new(r, key, false);
}

void report_array(struct report *r, const char *key)
{
    open_new(r, key, true);
}

void report_end(struct report *r)
{
    if (!r->depth)
        return;
    putc(r->open[r->depth].array ? ']' : '}', r->out);
    r->depth--;
}

/* The fewest digits that read back as the same double; a fraction stays one, as 4.0. */
static void put_number(struct report *r, double value)
{
    char digits[40];
    for (int n = 15; n <= 17; n++) {
        snprintf(digits, sizeof(digits), "%.*g", n, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    fputs(digits, r->out);
    if (!strpbrk(digits, ".e"))
        fputs(".0", r->out);
}

void report_number(struct report *r, const char *key, double value)
{
    if (!isfinite(value)) {
        report_null(r, key);
        return;
    }
    begin(r, key);
    put_number(r, value);
}

void report_count(struct report *r, const char *key, uint64_t value)
{
    begin(r, key);
    fprintf(r->out, "%" PRIu64, value);
}

void report_whole(struct report *r, const char *key, int64_t value)
{
    begin(r, key);
    fprintf(r->out, "%" PRId64, value);
}

void report_text(struct report *r, const char *key, const char *value)
{
    if (!value) {
        report_null(r, key);
        return;
    }
    begin(r, key);
    put_string(r, value);
}

void report_bool(struct report *r, const char *key, bool value)
{
    begin(r, key);
    fputs(value ? "true" : "false", r->out);
}

void report_null(struct report *r, const char *key)
{
    begin(r, key);
    fputs("null", r->out);
}

void report_numbers(struct report *r, const char *key, const double *values, size_t n)
{
    report_array(r, key);
    for (size_t i = 0; i < n; i++)
        report_number(r, NULL, values[i]);
    report_end(r);
}

bool report_print(struct report *r, FILE *out, struct error *err)
{
    while (r->depth)
        report_end(r);
    fputs("}\n", r->out);
    bool ok = !ferror(r->out) && !r->failed;
    ok = !fclose(r->out) && ok;
    r->out = NULL;
    if (!ok || fwrite(r->text, 1, r->size, out) != r->size)
        return fail(err, ERROR_MEMORY, "out of memory while printing the JSON output");
    return true;
}

const char *report_plain(const char *text, struct error *space)
{
    fail(space, ERROR_NONE, "%s", text);
    return space->text;
}

void report_bytes(uint64_t bytes, char *out, size_t size)
{
    static const char *const units[] = { "KB", "MB", "GB", "TB", "PB" };
    if (bytes < 1000) {
        snprintf(out, size, "%" PRIu64 " bytes", bytes);
        return;
    }
    double value = (double)bytes / 1000;
    size_t unit = 0;
    for (; value >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        value /= 1000;
    snprintf(out, size, value < 10 ? "%.2f %s" : "%.1f %s", value, units[unit]);
}
