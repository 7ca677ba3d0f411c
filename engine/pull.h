#pragma once

#include "source.h"

/* JSON (RFC 8259) out of a file, in bounded memory: the text is walked over, the caller asks for
 * what it expects next and keeps what it wants. Strict: UTF-8, no control characters in strings, no
 * lone surrogates, no comma too many. Whatever is no JSON is said once, with its offset, and from
 * then on everything answers false with `bad` set; a false without it says that something else
 * comes next, or nothing more, and leaves it there (pull_count alone has then read a number that is
 * not whole). */
struct pull {
    const struct source *source;
    struct error *err;
    const char *what;      /* "header": in front of every refusal */
    uint64_t at, end;      /* offsets of the next byte and of the text's end */
    uint64_t from, held;   /* what lies in the window */
    unsigned char *window; /* owned */
    bool first;            /* nothing has come yet of the innermost object or array */
    bool bad;
};

enum pull_kind {
    PULL_NONE, /* no JSON, or its end */
    PULL_OBJECT,
    PULL_ARRAY,
    PULL_TEXT,
    PULL_NUMBER,
    PULL_TRUE,
    PULL_FALSE,
    PULL_NULL
};

/* The text lies in [from, end) of the source, which outlives it. */
bool pull_open(struct pull *p, const struct source *s, uint64_t from, uint64_t end,
               const char *what, struct error *err);
void pull_close(struct pull *p); /* {0} is fine */

enum pull_kind pull_next(struct pull *p); /* of the value that comes */
/* Into an object or array; then pull_key or pull_item before every value, until false. */
bool pull_object(struct pull *p);
bool pull_array(struct pull *p);
/* Copies as many whole characters as fit (size 0: none); *length of all, without the NUL. */
bool pull_key(struct pull *p, char *out, size_t size, size_t *length);
bool pull_item(struct pull *p);
bool pull_text(struct pull *p, char *out, size_t size, size_t *length);
char *pull_text_whole(struct pull *p); /* from memory.h, the caller's; NULL: no text, or bad */
/* A number as it stands there, cut to size; *whole: digits alone. */
bool pull_number(struct pull *p, char *out, size_t size, bool *whole);
bool pull_count(struct pull *p, uint64_t *out); /* whole, not negative, of 64 bits */
bool pull_skip(struct pull *p);                 /* one value, whatever it is */
/* How many values the object or array has that comes next; stays in front of it. */
bool pull_size(struct pull *p, size_t *out);
bool pull_end(struct pull *p); /* nothing but blanks follows; refuses what does */
