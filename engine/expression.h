#pragma once

#include "error.h"

/* Arithmetic as one types it into a box: numbers with K, M, G, T (powers of 1000; Ki, Mi, Gi, Ti of
 * 1024), + - * / ^ and brackets, min max floor ceil round sqrt log2, and names. Pure functions;
 * any thread. */

/* What a name stands for; at[0..n) is the name, `-` in it as typed. false: nobody knows it. */
struct names {
    bool (*value)(const void *context, const char *at, size_t n, double *out);
    const void *context;
};

/* The value of the text from byte `start` on. `from`, where not NULL, is what a text that begins with an operator
 * goes on from: "*2", "+3". `percent`: a number may be followed by %, a hundredth. Fails with
 * ERROR_USAGE, in words with the byte offset of the fault, which is also put into *at (may be
 * NULL); a value that is not finite is a fault too. */
bool expression(const char *text, size_t start, const struct names *names, const double *from,
                bool percent, double *out, size_t *at, struct error *err);
