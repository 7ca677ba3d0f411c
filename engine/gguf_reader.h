#pragma once

#include "gguf.h"

/* The inside of gguf.c: the bytes of the header, and its first half, the metadata. */

enum { GGUF_WINDOW = 1 << 16 };

/* Reads on through a window of the file. Whatever goes wrong is said once; from then on
 * everything reads as zero. */
struct gguf_reader {
    const struct source *source;
    uint64_t at;           /* offset of the next byte */
    uint64_t from, held;   /* what lies in the window */
    unsigned char *window; /* GGUF_WINDOW bytes */
    bool bad;
    struct error *err;
};

#define GGUF_REFUSE(r, offset, ...) \
    gguf_refuse(r, source_fail((r)->source, offset, (r)->err, __VA_ARGS__))
void gguf_refuse(struct gguf_reader *r, bool said);

/* The next n bytes, at most GGUF_WINDOW; NULL where the file or our patience ends before. */
const unsigned char *gguf_take(struct gguf_reader *r, uint64_t n);
uint64_t gguf_number(struct gguf_reader *r, unsigned n); /* a whole number of n bytes */
/* A name or key: not empty, not longer than `most`, plain text; the caller's. NULL: refused. */
char *gguf_plain(struct gguf_reader *r, const char *what, uint64_t most);
void gguf_read_pairs(struct gguf_reader *r, struct gguf *h, uint64_t n);

/* Something named, and where it stands. */
struct gguf_label {
    const char *text;
    uint64_t at;
};
/* Sorts them; the second of two that are the same. NULL: none are. */
const struct gguf_label *gguf_label_twice(struct gguf_label *labels, size_t n);
