#include "netpbm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "limit.h"
#include "picture.h"

enum { HEADER_MOST = 64 << 10, DIGITS_MOST = 18 };

int netpbm_peek(struct netpbm_text *r, struct error *err)
{
    uint64_t left = source_size(r->source) - r->at;
    if (r->used == r->n) {
        if (!left)
            return EOF;
        r->used = 0;
        r->n = left < NETPBM_BUFFER ? (size_t)left : NETPBM_BUFFER;
        if (!source_read(r->source, r->at, r->buffer, r->n, err)) {
            r->n = 0;
            return EOF;
        }
    }
    return r->buffer[r->used];
}

void netpbm_step(struct netpbm_text *r)
{
    r->used++;
    r->at++;
}

bool netpbm_is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool netpbm_is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* White space, and comments up to the end of their line. */
void netpbm_skip_space(struct netpbm_text *r, struct error *err)
{
    for (int c = netpbm_peek(r, err); c == '#' || netpbm_is_space(c); c = netpbm_peek(r, err)) {
        bool comment = c == '#';
        netpbm_step(r);
        while (comment && (c = netpbm_peek(r, err)) != EOF && c != '\n' && c != '\r')
            netpbm_step(r);
    }
}

static bool ends(const struct netpbm_text *r, struct error *err)
{
    if (err->code)
        return false;
    return source_fail(r->source, r->at, err, ERROR_FORMAT, "the file ends too early");
}

bool netpbm_read_number(struct netpbm_text *r, uint64_t *out, struct error *err)
{
    uint64_t value = 0;
    int digits = 0, c = netpbm_peek(r, err);
    if (c == EOF)
        return ends(r, err);
    if (!netpbm_is_digit(c))
        return source_fail(r->source, r->at, err, ERROR_FORMAT, "a number expected");
    for (; netpbm_is_digit(c); c = netpbm_peek(r, err), digits++) {
        if (digits == DIGITS_MOST)
            return source_fail(r->source, r->at, err, ERROR_FORMAT, "a number is too long");
        value = value * 10 + (uint64_t)(c - '0');
        netpbm_step(r);
    }
    *out = value;
    return true;
}

/* P1 to P6: width, height and, but for bitmaps, maxval; then one white space. */
static bool read_pnm_header(struct netpbm_text *r, struct netpbm *s, struct error *err)
{
    uint64_t *const numbers[] = { &s->width, &s->height, &s->maxval };
    bool bitmap = s->kind == 1 || s->kind == 4;
    s->channels = s->kind == 3 || s->kind == 6 ? 3 : 1;
    s->picture = true;
    s->maxval = 1;
    for (size_t i = 0; i < (bitmap ? 2 : 3); i++) {
        netpbm_skip_space(r, err);
        if (!netpbm_read_number(r, numbers[i], err))
            return false;
    }
    int c = netpbm_peek(r, err);
    if (c == EOF)
        return ends(r, err);
    if (!netpbm_is_space(c))
        return source_fail(r->source, r->at, err, ERROR_FORMAT,
                           "white space expected behind the header");
    netpbm_step(r);
    return true;
}

/* The rest of the line, without the blanks around it. */
static bool read_line(struct netpbm_text *r, char *out, size_t size, struct error *err)
{
    size_t n = 0;
    int c = netpbm_peek(r, err);
    for (; c != EOF && c != '\n'; c = netpbm_peek(r, err)) {
        if (n + 1 == size)
            return source_fail(r->source, r->at, err, ERROR_FORMAT, "a header line is too long");
        if (n || !netpbm_is_space(c))
            out[n++] = (char)c;
        netpbm_step(r);
    }
    if (c == EOF)
        return ends(r, err);
    netpbm_step(r);
    while (n && netpbm_is_space(out[n - 1]))
        n--;
    out[n] = '\0';
    return true;
}

/* NAME VALUE of a PAM header; several TUPLTYPE lines are one, with blanks between. */
static bool take_line(const struct netpbm_text *r, const char *line, struct netpbm *s,
                      unsigned *seen, struct error *err)
{
    static const char *const names[] = { "WIDTH", "HEIGHT", "DEPTH", "MAXVAL" };
    uint64_t *const numbers[] = { &s->width, &s->height, &s->channels, &s->maxval };
    size_t n = strcspn(line, " \t"), old = strlen(s->tuple);
    const char *value = line + n + strspn(line + n, " \t");
    if (n == 8 && !strncmp(line, "TUPLTYPE", n)) {
        if ((size_t)snprintf(s->tuple + old, NETPBM_WORD - old, "%s%s", old ? " " : "", value) <
            NETPBM_WORD - old)
            return true;
        return source_fail(r->source, r->at, err, ERROR_FORMAT, "TUPLTYPE is too long");
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strlen(names[i]) != n || strncmp(line, names[i], n) != 0)
            continue;
        size_t digits = strspn(value, "0123456789");
        if (*seen & 1U << i)
            return source_fail(r->source, r->at, err, ERROR_FORMAT, "%s stands there twice",
                               names[i]);
        if (!digits || digits > DIGITS_MOST || value[digits])
            return source_fail(r->source, r->at, err, ERROR_FORMAT, "%s: a number expected",
                               names[i]);
        *seen |= 1U << i;
        *numbers[i] = 0;
        for (size_t k = 0; k < digits; k++)
            *numbers[i] = *numbers[i] * 10 + (uint64_t)(value[k] - '0');
        return true;
    }
    return source_fail(r->source, r->at, err, ERROR_FORMAT, "unknown header line '%.40s'", line);
}

/* Whether the channels are colours, by the tuple type (netpbm's pam(5)) or, without one, by
 * their number. */
static bool know_colours(const struct netpbm_text *r, struct netpbm *s, struct error *err)
{
    static const struct {
        const char *tuple;
        uint64_t channels;
    } known[] = { { "GRAYSCALE", 1 }, { "GRAYSCALE_ALPHA", 2 }, { "RGB", 3 },
                  { "RGB_ALPHA", 4 }, { "BLACKANDWHITE", 1 },   { "BLACKANDWHITE_ALPHA", 2 } };
    if (!s->tuple[0] && s->channels >= 1 && s->channels <= 4) {
        snprintf(s->tuple, NETPBM_WORD, "%s", known[s->channels - 1].tuple);
        s->assumed = true;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(known[i].tuple, s->tuple) != 0)
            continue;
        s->picture = true;
        if (s->channels != known[i].channels)
            return source_fail(r->source, r->at, err, ERROR_FORMAT,
                               "%s has %" PRIu64 " channels, not %" PRIu64, s->tuple,
                               known[i].channels, s->channels);
        if (i >= 4 && s->maxval != 1)
            return source_fail(r->source, r->at, err, ERROR_FORMAT, "%s wants maxval 1", s->tuple);
    }
    return true;
}

static bool read_pam_header(struct netpbm_text *r, struct netpbm *s, struct error *err)
{
    char line[NETPBM_WORD * 2];
    unsigned seen = 0;
    for (;;) {
        netpbm_skip_space(r, err);
        if (r->at > HEADER_MOST)
            return source_fail(r->source, r->at, err, ERROR_LIMIT, "a header of more than %d bytes",
                               HEADER_MOST);
        if (!read_line(r, line, sizeof(line), err))
            return false;
        if (!strcmp(line, "ENDHDR"))
            break;
        if (!take_line(r, line, s, &seen, err))
            return false;
    }
    if (seen != 15)
        return source_fail(r->source, r->at, err, ERROR_FORMAT,
                           "WIDTH, HEIGHT, DEPTH or MAXVAL is missing");
    return know_colours(r, s, err);
}

uint64_t netpbm_sample_bytes(const struct netpbm *s)
{
    return s->maxval > 255 ? 2 : 1;
}

bool netpbm_is_plain(const struct netpbm *s)
{
    return s->kind <= 3;
}

bool netpbm_data_size(const struct netpbm *s, uint64_t *out)
{
    uint64_t n;
    if (s->kind == 4)
        return size_mul((s->width + 7) / 8, s->height, out);
    return size_mul(s->width, s->height, &n) && size_mul(n, s->channels, &n) &&
           size_mul(n, netpbm_is_plain(s) ? 1 : netpbm_sample_bytes(s), out) &&
           (s->kind < 2 || s->kind > 3 || size_mul(n, 2, out));
}

static bool check_shape(const struct source *f, const struct netpbm *s, struct error *err)
{
    uint64_t want = 0, left = source_size(f) - s->data;
    if (!s->maxval || s->maxval > 65535)
        return source_fail(f, 0, err, ERROR_FORMAT, "maxval %" PRIu64 ": must be 1 to 65535",
                           s->maxval);
    if (!s->channels)
        return source_fail(f, 0, err, ERROR_FORMAT, "DEPTH 0: no channels");
    if (!picture_size_ok(f, 0, s->width, s->height, err))
        return false;
    if (s->channels > LIMIT_TENSORS)
        return source_fail(f, 0, err, ERROR_LIMIT, "%" PRIu64 " channels, at most %" PRIu64,
                           s->channels, LIMIT_TENSORS);
    bool plain_number = s->kind == 2 || s->kind == 3;
    if (!netpbm_data_size(s, &want) || want - plain_number > left)
        return source_fail(f, s->data, err, ERROR_FORMAT,
                           "the picture wants %" PRIu64 " bytes%s, the file has %" PRIu64,
                           want - plain_number, netpbm_is_plain(s) ? " or more" : "", left);
    return true;
}

bool netpbm_read_header(const struct source *f, struct netpbm *s, struct error *err)
{
    unsigned char magic[2];
    if (!source_read(f, 0, magic, sizeof(magic), err))
        return false;
    struct netpbm_text r = { .source = f, .at = sizeof(magic) };
    struct error none = { 0 };
    *s = (struct netpbm){ .kind = magic[1] - '0' };
    if (!(s->kind == 7 ? read_pam_header : read_pnm_header)(&r, s, &none)) {
        *err = none;
        return false;
    }
    s->data = r.at;
    return check_shape(f, s, err);
}
