#pragma once

#include "input.h"
#include "theme.h"

/* Which colours a terminal takes, and how that is known: from what was asked for,
 * from the environment, and, later, from the terminal's own answers, for which
 * nothing ever waits. Pure. */

struct probe {
    enum term_color asked;
    /* The environment; NULL: not set. */
    const char *no_color, *colorterm, *term;
    bool tmux;  /* TMUX is set */
    bool rgb;   /* terminfo says RGB or Tc */
    int colors; /* terminfo's number, < 1: none */
    /* What was answered so far. */
    enum term_color answered; /* TERM_AUTO: nothing */
    char version[32];
    bool done; /* the last answer came */
};

/* The best mode by what is known now; why: one or two words. */
enum term_color probe_decide(const struct probe *p, char *why, size_t size);

/* The questions, or NULL: nothing is to be learned, or this terminal would print them. */
const char *probe_questions(const struct probe *p);

/* Takes an answer in; false: it was none. */
bool probe_hear(struct probe *p, const struct event *e);
