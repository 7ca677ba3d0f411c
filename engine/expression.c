#include "expression.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 64, ARGUMENTS = 8 }; /* brackets, signs and powers within one another */

struct parser {
    const char *text, *at;
    const struct names *names;
    bool percent;
    int depth;
    size_t fault;
    struct error *err;
};

static bool sum(struct parser *p, double *out);
static bool sign(struct parser *p, double *out);

static bool fault(struct parser *p, const char *at, const char *what)
{
    p->fault = (size_t)(at - p->text);
    return fail(p->err, ERROR_USAGE, "'%.160s', offset %zu: %s", p->text, p->fault, what);
}

static char next(struct parser *p)
{
    while (*p->at == ' ')
        p->at++;
    return *p->at;
}

static bool take(struct parser *p, char c)
{
    bool here = next(p) == c;
    p->at += here;
    return here;
}

static bool deeper(struct parser *p)
{
    return ++p->depth <= DEPTH || fault(p, p->at, "brackets, signs and powers lie too deep");
}

/* 12K is 12000, 12Ki is 12288; k is a suffix only where a number ends. */
static double suffix(struct parser *p)
{
    static const char letters[] = "KMGT";
    const char *found = *p->at == 'k' ? letters : *p->at ? strchr(letters, *p->at) : NULL;
    if (!found)
        return 1;
    p->at++;
    bool binary = *p->at == 'i';
    p->at += binary;
    return pow(binary ? 1024 : 1000, (double)(found - letters + 1));
}

/* strtod alone would also read hexadecimal numbers, inf and nan. */
static bool number(struct parser *p, double *out)
{
    const char *from = p->at;
    char *end;
    if (from[0] == '0' && (from[1] | 32) == 'x')
        return fault(p, from, "numbers are decimal");
    *out = strtod(from, &end);
    p->at = end;
    if (end == from)
        return fault(p, from, "a number begins with a digit");
    *out *= suffix(p);
    if (isalnum((unsigned char)*p->at) || *p->at == '_' || *p->at == '.')
        return fault(p, p->at, "after a number only K, M, G, T, Ki, Mi, Gi, Ti or an operator");
    if (*p->at == '%') {
        if (!p->percent)
            return fault(p, p->at, "percent belongs into goals, as err<5%");
        p->at++;
        *out /= 100;
    }
    return true;
}

static double least(const double *x, size_t n)
{
    double y = x[0];
    for (size_t i = 1; i < n; i++)
        y = fmin(y, x[i]);
    return y;
}

static double most(const double *x, size_t n)
{
    double y = x[0];
    for (size_t i = 1; i < n; i++)
        y = fmax(y, x[i]);
    return y;
}

static double to_floor(const double *x, size_t n)
{
    return n ? floor(x[0]) : 0;
}

static double to_ceil(const double *x, size_t n)
{
    return n ? ceil(x[0]) : 0;
}

static double to_round(const double *x, size_t n)
{
    return n ? floor(x[0] + 0.5) : 0;
}

static double root(const double *x, size_t n)
{
    return n ? sqrt(x[0]) : 0;
}

static double binary_log(const double *x, size_t n)
{
    return n ? log2(x[0]) : 0;
}

static const struct {
    const char *name;
    size_t arguments; /* the most */
    double (*value)(const double *x, size_t n);
} functions[] = {
    { "min", ARGUMENTS, least }, { "max", ARGUMENTS, most }, { "floor", 1, to_floor },
    { "ceil", 1, to_ceil },      { "round", 1, to_round },   { "sqrt", 1, root },
    { "log2", 1, binary_log },
};

/* What stands behind the opening bracket. */
static bool call(struct parser *p, const char *name, size_t length, double *out)
{
    double x[ARGUMENTS];
    size_t n = 0, which = 0, known = sizeof(functions) / sizeof(functions[0]);
    while (which < known && (strlen(functions[which].name) != length ||
                             strncmp(functions[which].name, name, length) != 0))
        which++;
    if (which == known)
        return fault(p, name,
                     "no such function; there are min, max, floor, ceil, round, sqrt, log2");
    if (!deeper(p))
        return false;
    do {
        if (n == functions[which].arguments)
            return fault(p, p->at, "too many arguments");
        if (!sum(p, &x[n++]))
            return false;
    } while (take(p, ','));
    if (!take(p, ')'))
        return fault(p, p->at, "a comma or the closing bracket is missing");
    p->depth--;
    *out = functions[which].value(x, n);
    return true;
}

static bool starts_name(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

/* left-bits is one name where somebody knows it, else left less bits: the longest known one is
 * taken. */
static bool name(struct parser *p, double *out)
{
    const char *from = p->at, *end = from;
    while (isalnum((unsigned char)*end) || *end == '_' || (*end == '-' && starts_name(end[1])))
        end++;
    const char *first = from;
    while (first < end && *first != '-')
        first++;
    p->at = first;
    if (first == end && next(p) == '(') {
        p->at++;
        return call(p, from, (size_t)(end - from), out);
    }
    for (;;) {
        if (p->names && p->names->value(p->names->context, from, (size_t)(end - from), out)) {
            p->at = end;
            return true;
        }
        if (end == first)
            return fault(p, from, "no such name here");
        while (*--end != '-')
            ;
    }
}

static bool atom(struct parser *p, double *out)
{
    char c = next(p);
    if (isdigit((unsigned char)c) || c == '.')
        return number(p, out);
    if (starts_name(c))
        return name(p, out);
    if (!take(p, '('))
        return fault(p, p->at,
                     c ? "a number, a name or a bracket belongs here"
                       : "a number or a name is missing at the end");
    if (!deeper(p) || !sum(p, out))
        return false;
    p->depth--;
    return take(p, ')') || fault(p, p->at, "the closing bracket is missing");
}

/* Binds tighter than a sign before it, and to the right: -2^2 is -4, 2^3^2 is 2^9. */
static bool power(struct parser *p, double *out)
{
    double by;
    if (!atom(p, out))
        return false;
    if (!take(p, '^'))
        return true;
    if (!sign(p, &by))
        return false;
    *out = pow(*out, by);
    return true;
}

static bool sign(struct parser *p, double *out)
{
    if (!deeper(p))
        return false;
    bool minus = take(p, '-'), plus = !minus && take(p, '+');
    bool ok = minus || plus ? sign(p, out) : power(p, out);
    p->depth--;
    if (ok && minus)
        *out = -*out;
    return ok;
}

/* * and / that follow a first factor, which is in *out. */
static bool factors(struct parser *p, double *out)
{
    double by;
    while (next(p) == '*' || *p->at == '/') {
        bool times = *p->at++ == '*';
        const char *from = p->at;
        if (!sign(p, &by))
            return false;
        if (!times && by == 0)
            return fault(p, from, "a division by zero");
        *out = times ? *out * by : *out / by;
    }
    return true;
}

/* + and - that follow a first term. */
static bool terms(struct parser *p, double *out)
{
    double by;
    while (next(p) == '+' || *p->at == '-') {
        bool plus = *p->at++ == '+';
        if (!sign(p, &by) || !factors(p, &by))
            return false;
        *out = plus ? *out + by : *out - by;
    }
    return true;
}

static bool sum(struct parser *p, double *out)
{
    return sign(p, out) && factors(p, out) && terms(p, out);
}

static bool whole(struct parser *p, const double *from, double *out)
{
    const char *start = p->at;
    bool relative = from && next(p) && strchr("*/+-", *p->at);
    if (relative)
        *out = *from;
    if (relative ? !factors(p, out) || !terms(p, out) : !sum(p, out))
        return false;
    if (next(p))
        return fault(p, p->at, "an operator or the end belongs here");
    return isfinite(*out) || fault(p, start, "the value is not a finite number");
}

bool expression(const char *text, size_t start, const struct names *names, const double *from,
                bool percent, double *out, size_t *at, struct error *err)
{
    struct parser p = {
        .text = text, .at = text + start, .names = names, .percent = percent, .err = err
    };
    double value = 0;
    bool ok = whole(&p, from, &value);
    if (ok)
        *out = value;
    else if (at)
        *at = p.fault;
    return ok;
}
