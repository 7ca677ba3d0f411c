#pragma once

#include "error.h"

#include <stdint.h>
#include <stdio.h>

/* One JSON object, built key by key and printed on one line; the program's only
 * door to jansson (the engine's is safetensors.c). Numbers keep every bit, in their
 * shortest form; NaN and infinities become null. Text that is not UTF-8 gets its odd
 * bytes as \xNN. A failed allocation is remembered and told by report_print. */

struct report;

struct report *report_create(void);    /* opens the outermost object; NULL without memory */
void report_destroy(struct report *r); /* NULL is fine */

/* key is NULL inside an array. Depth at most 8. After report_print only report_destroy. */
void report_object(struct report *r, const char *key);
void report_array(struct report *r, const char *key);
void report_end(struct report *r);
void report_number(struct report *r, const char *key, double value);
void report_count(struct report *r, const char *key, uint64_t value);
void report_whole(struct report *r, const char *key, int64_t value);    /* also below 0 */
void report_text(struct report *r, const char *key, const char *value); /* NULL value: null */
void report_bool(struct report *r, const char *key, bool value);
void report_null(struct report *r, const char *key);
void report_numbers(struct report *r, const char *key, const double *values, size_t n);

bool report_print(struct report *r, FILE *out, struct error *err);

/* For people: odd bytes of a name as \xNN (at most ERROR_TEXT of it); 12345 as "12.3 KB". */
const char *report_plain(const char *text, struct error *space);
void report_bytes(uint64_t bytes, char *out, size_t size);
