#pragma once

#include "source.h"

/* The headers of netpbm's formats, and their text (formats/pnm.c). Sources: pbm(5),
 * pgm(5), ppm(5), pam(5) of netpbm. */
enum { NETPBM_WORD = 64, NETPBM_BUFFER = 4096 };

/* What a header says; sizes and counts are checked against limit.h and the file. */
struct netpbm {
    int kind; /* 1 to 7, the digit of its magic */
    uint64_t width, height, channels, maxval;
    uint64_t data; /* offset of the samples */
    char tuple[NETPBM_WORD];
    bool picture, assumed; /* channels are colours; that was not said but taken to be so */
};

/* ERROR_FORMAT, ERROR_LIMIT or ERROR_READ. The file begins with P and a digit from 1 to 7. */
bool netpbm_read_header(const struct source *f, struct netpbm *out, struct error *err);

bool netpbm_is_plain(const struct netpbm *s);
uint64_t netpbm_sample_bytes(const struct netpbm *s); /* of a raw one: 1 or 2 */

/* Bytes of the samples in the file: of raw ones exactly, of plain ones at least, with white
 * space behind each number; false where that wraps. */
bool netpbm_data_size(const struct netpbm *s, uint64_t *out);

/* Text at an offset, a byte at a time: {.source, .at}. Errors of reading are left in *err,
 * which must be clear before; the end is EOF. */
struct netpbm_text {
    const struct source *source;
    uint64_t at; /* of the next byte */
    size_t used, n;
    unsigned char buffer[NETPBM_BUFFER];
};

int netpbm_peek(struct netpbm_text *r, struct error *err);
void netpbm_step(struct netpbm_text *r);
bool netpbm_is_space(int c);
bool netpbm_is_digit(int c);
void netpbm_skip_space(struct netpbm_text *r, struct error *err); /* comments too */
bool netpbm_read_number(struct netpbm_text *r, uint64_t *out, struct error *err);
