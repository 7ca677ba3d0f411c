#include "provenance.h"

#include "simulation.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text that grows inside a fixed array and stops at its end. */
struct text {
    char *at;
    size_t size, length;
    bool cut; /* something did not fit */
};

static void put(struct text *t, const char *s, size_t n)
{
    if (t->length + n >= t->size) { /* whole or not at all: half a word would be another command */
        t->cut = true;
        return;
    }
    memcpy(t->at + t->length, s, n);
    t->length += n;
    t->at[t->length] = '\0';
}

static bool is_control(const char *s)
{
    const unsigned char *c = (const unsigned char *)s;
    return *c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0);
}

static bool has_controls(const char *s)
{
    while (*s && !is_control(s))
        s++;
    return *s;
}

/* Control bytes could end a paste and press Enter, so that printf makes them, in any shell. A
 * line feed at the end would be lost. */
static void put_controls(struct text *t, const char *s)
{
    char octal[8];
    put(t, "\"$(printf '%b' '", 16);
    for (; *s; s++) {
        snprintf(octal, sizeof(octal), "\\0%03o", (unsigned)(unsigned char)*s);
        if (is_control(s) || *s == '\'' || *s == '\\')
            put(t, octal, 5);
        else
            put(t, s, 1);
        t->cut |= *s == '\n' && !s[1];
    }
    put(t, "')\"", 3);
}

/* Plain words stand as they are; anything else goes between single quotes. */
static void put_quoted(struct text *t, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "%+,-./:=@_";
    if (*s && s[strspn(s, plain)] == '\0') {
        put(t, s, strlen(s));
        return;
    }
    if (has_controls(s)) {
        put_controls(t, s);
        return;
    }
    char quoted[4096] = "";
    struct text q = { .at = quoted, .size = sizeof(quoted) };
    put(&q, "'", 1);
    for (; *s; s++) {
        if (*s == '\'')
            put(&q, "'\\''", 4);
        else
            put(&q, s, 1);
    }
    put(&q, "'", 1);
    put(t, quoted, q.length);
    t->cut |= q.cut;
}

void provenance_quote(const char *text, char *out, size_t size)
{
    struct text t = { .at = out, .size = size };
    out[0] = '\0';
    put_quoted(&t, text);
    if (t.cut)
        out[0] = '\0';
}

/* FILE, or FILE::NAME where FILE alone would mean something else; false: no room. Of a stack its
 * files, each once. */
static bool put_raw_source(const struct selection *s, char *out, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; s->stack && i < s->n && at < size; i++)
        if (!i || s->documents[i] != s->documents[i - 1])
            at += (size_t)snprintf(out + at, size - at, "%s%s", i ? ", " : "",
                                   s->documents[i]->name);
    if (s->stack)
        return at < size;
    bool named = s->n == 1 && s->document->n > 1;
    int n = snprintf(out, size, "%s%s%s", s->document->name, named ? "::" : "",
                     !named          ? ""
                     : s->entries[0] ? s->entries[0]->name
                                     : s->names[0]);
    return n >= 0 && (size_t)n < size;
}

/* Goes through fail() for its escaping: metadata is UTF-8, and a file's name need not be. */
static void put_source(const struct selection *s, char *out, size_t size)
{
    struct error escaped;
    char raw[2048];
    put_raw_source(s, raw, sizeof(raw));
    fail(&escaped, ERROR_NONE, "%s", raw);
    snprintf(out, size, "%s", escaped.text);
}

/* Quoted; where it goes into metadata as put_source has it. */
static void put_name(struct text *t, const char *raw, bool escape)
{
    char escaped[4096];
    if (escape) {
        error_escape(raw, escaped, sizeof(escaped));
        t->cut |= strlen(escaped) + 1 == sizeof(escaped);
    }
    put_quoted(t, escape ? escaped : raw);
}

/* Every matrix of a stack by its own name; where parts of some are taken, or turned, as a group. */
static void put_stack(struct text *t, const struct selection *s, bool escape)
{
    char raw[LIMIT_NAME * SELECTION_MAX] = "";
    bool whole = true;
    size_t at = 0;
    for (size_t i = 0; i < s->n; i++)
        whole = whole && !s->pieces[i].transposed && s->pieces[i].rows == s->entries[i]->rows;
    for (size_t i = 0; whole && i < s->n; i++) {
        const struct document *d = s->documents[i];
        snprintf(raw, sizeof(raw), "%s%s%s", d->name, d->n > 1 ? "::" : "",
                 d->n > 1 ? s->entries[i]->name : "");
        put(t, " ", i ? 1 : 0);
        put_name(t, raw, escape);
    }
    if (whole)
        return;
    put_name(t, s->document->name, escape);
    put(t, " --group ", 9);
    for (size_t i = 0; i < s->n && at < sizeof(raw); i++) {
        const struct piece *p = &s->pieces[i];
        at += (size_t)snprintf(raw + at, sizeof(raw) - at, "%s%s[%zu:%zu]", i ? "," : "",
                               s->entries[i]->name, p->first, p->first + p->rows);
    }
    put_name(t, raw, escape);
}

static void put_words(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);
static void put_words(struct text *t, const char *format, ...)
{
    char words[160];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    put(t, words, strlen(words));
}

static void put_reading(struct text *t, const struct selection *s, enum dtype dtype)
{
    if (s->picture && s->n == 3)
        put_words(t, " --planes %s", planes_names[s->planes]);
    put_words(t, " --precision %s", dtype == DTYPE_F64 ? "f64" : "f32");
}

static void put_flags(struct text *t, const struct selection *s, const struct method *m,
                      const void *params, enum dtype dtype)
{
    char flag[64], value[64];
    for (size_t i = 0; i < m->params.n; i++) {
        param_flag(m->params.rows[i].key, flag, sizeof(flag));
        param_format(&m->params.rows[i], params, value, sizeof(value));
        put_words(t, " --%s %s", flag, value);
    }
    put_reading(t, s, dtype);
}

void provenance_command(const struct selection *s, const struct method *m, const void *params,
                        enum dtype dtype, char *out, size_t size)
{
    char name[512], flag[64];
    struct text t = { .size = size };
    t.at = out;
    out[0] = '\0';
    put_source(s, name, sizeof(name));
    param_flag(m->name, flag, sizeof(flag));
    put_words(&t, "eigenscope run %s ", flag);
    if (s->stack)
        put_stack(&t, s, true);
    else
        put_quoted(&t, name);
    put_flags(&t, s, m, params, dtype);
}

/* m NULL: the word compare, which takes no parameters. */
static bool put_shell(const struct selection *s, const struct method *m, const void *params,
                      enum dtype dtype, const char *more, char *out, size_t size)
{
    char name[2048], quoted[2 * sizeof(name)], flag[64];
    struct text t = { .at = out, .size = size };
    out[0] = '\0';
    if (!put_raw_source(s, name, sizeof(name)))
        return false;
    for (size_t i = 0; s->stack && i < s->n; i++)
        if (s->documents[i]->name[0] == '-')
            return false;
    bool last = !s->stack && name[0] == '-'; /* or it would be taken for a flag */
    provenance_quote(name, quoted, sizeof(quoted));
    if (m)
        param_flag(m->name, flag, sizeof(flag));
    put_words(&t, "eigenscope %s%s", m ? "run " : "compare", m ? flag : "");
    if (!last)
        put(&t, " ", 1);
    if (s->stack)
        put_stack(&t, s, false);
    else if (!last)
        put(&t, quoted, strlen(quoted));
    if (m)
        put_flags(&t, s, m, params, dtype);
    else
        put_reading(&t, s, dtype);
    put(&t, more, strlen(more));
    if (last) {
        put(&t, " -- ", 4);
        put(&t, quoted, strlen(quoted));
    }
    return quoted[0] && !t.cut;
}

bool provenance_shell(const struct selection *s, const struct method *m, const void *params,
                      enum dtype dtype, const char *more, char *out, size_t size)
{
    return put_shell(s, m, params, dtype, more, out, size);
}

bool provenance_compare(const struct selection *s, enum dtype dtype, const char *more, char *out,
                        size_t size)
{
    return put_shell(s, NULL, NULL, dtype, more, out, size);
}

/* Of every file once. */
static uint64_t source_bytes(const struct selection *s)
{
    uint64_t bytes = s->stack ? 0 : document_size(s->document);
    for (size_t i = 0; s->stack && i < s->n; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || s->documents[k] == s->documents[i];
        bytes += again ? 0 : document_size(s->documents[i]);
    }
    return bytes;
}

/* Conv1D of GPT-2 is stored (in x out) and written as all others are, (out x in). */
static bool put_transposed(const struct selection *s, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; s->stack && i < s->n && at < size; i++)
        if (s->pieces[i].transposed)
            at += (size_t)snprintf(out + at, size - at, "%s%s", at ? "," : "", s->names[i]);
    return at > 0;
}

void provenance_fill(struct provenance *p, const struct selection *s, const struct method *m,
                     const void *params, enum dtype dtype, double relative_error)
{
    snprintf(p->software, sizeof(p->software), "eigenscope %s", EIGENSCOPE_VERSION);
    provenance_command(s, m, params, dtype, p->command, sizeof(p->command));
    put_source(s, p->source, sizeof(p->source));
    snprintf(p->source_bytes, sizeof(p->source_bytes), "%" PRIu64, source_bytes(s));
    snprintf(p->relative_error, sizeof(p->relative_error), "%.17g", relative_error);
    const struct fact facts[] = {
        { "software", p->software }, { "command", p->command },
        { "source", p->source },     { "source_bytes", p->source_bytes },
        { "method", m->name },       { "relative_error", p->relative_error },
    };
    _Static_assert(sizeof(facts) + 3 * sizeof(*facts) <= sizeof(p->facts), "room for every fact");
    memcpy(p->facts, facts, sizeof(facts));
    p->n = sizeof(facts) / sizeof(facts[0]);
    if (put_transposed(s, p->transposed, sizeof(p->transposed)))
        p->facts[p->n++] = (struct fact){ "transposed", p->transposed };
    if (m->flags & METHOD_SANDBOX)
        p->facts[p->n++] = (struct fact){ "world", "sandbox: " SIMULATION_MARK };
    const char *architecture = document_fact(s->document, "general.architecture");
    if (architecture && architecture[0]) {
        snprintf(p->architecture, sizeof(p->architecture), "%s", architecture);
        p->facts[p->n++] = (struct fact){ "architecture", p->architecture };
    }
}
