#include "report.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

enum { DEPTH = 8 };

struct report {
    json_t *open[DEPTH]; /* open[0] is owned; the others belong to their parents */
    size_t depth;
    bool failed;
};

struct report *report_create(void)
{
    struct report *r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    r->open[0] = json_object();
    r->failed = !r->open[0];
    return r;
}

void report_destroy(struct report *r)
{
    if (!r)
        return;
    json_decref(r->open[0]);
    free(r);
}

/* Takes the reference over, also where it fails. */
static void put(struct report *r, const char *key, json_t *value)
{
    json_t *to = r->open[r->depth];
    int status = !value              ? -1
                 : json_is_array(to) ? json_array_append_new(to, value)
                                     : json_object_set_new(to, key, value);
    r->failed |= status != 0;
}

static void open_new(struct report *r, const char *key, json_t *value)
{
    put(r, key, value);
    if (r->failed || r->depth + 1 == DEPTH) {
        r->failed = true;
        return;
    }
    r->open[++r->depth] = value;
}

void report_object(struct report *r, const char *key)
{
    if (!r->failed)
        open_new(r, key, json_object());
}

void report_array(struct report *r, const char *key)
{
    if (!r->failed)
        open_new(r, key, json_array());
}

void report_end(struct report *r)
{
    if (r->depth)
        r->depth--;
}

void report_number(struct report *r, const char *key, double value)
{
    if (!r->failed)
        put(r, key, isfinite(value) ? json_real(value) : json_null());
}

void report_count(struct report *r, const char *key, uint64_t value)
{
    if (!r->failed)
        put(r, key,
            value <= INT64_MAX ? json_integer((json_int_t)value) : json_real((double)value));
}

void report_text(struct report *r, const char *key, const char *value)
{
    if (r->failed)
        return;
    json_t *text = value ? json_string(value) : json_null(); /* NULL for invalid UTF-8 */
    struct error plain;
    put(r, key, text ? text : json_string(report_plain(value, &plain)));
}

void report_bool(struct report *r, const char *key, bool value)
{
    if (!r->failed)
        put(r, key, json_boolean(value));
}

void report_null(struct report *r, const char *key)
{
    if (!r->failed)
        put(r, key, json_null());
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
    if (r->failed)
        return fail(err, ERROR_MEMORY, "out of memory while building the JSON output");
    if (json_dumpf(r->open[0], out, JSON_COMPACT | JSON_REAL_PRECISION(17)) || fputc('\n', out) < 0)
        return fail(err, ERROR_MEMORY, "out of memory while printing the JSON output");
    return true;
}

const char *report_library(void)
{
    return "jansson " JANSSON_VERSION;
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
