#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes that a terminal sends, taken apart: keys, the mouse (SGR 1006), pasted
 * text, answers to questions. Nothing that begins like a sequence ever comes out as
 * keys, however it was cut into pieces. Pure; knows no terminal. Sources: ECMA-48
 * 5.4; xterm's ctlseqs, "PC-style function keys" and "mouse tracking". */

enum { INPUT_ROOM = 4096, INPUT_TEXT = 64 };

struct input {
    unsigned char bytes[INPUT_ROOM];
    size_t n;
    bool utf8;     /* else bytes above 127 are dropped */
    bool pasting;  /* between the marks of a bracketed paste */
    bool skipping; /* in a string that is too long to keep */
    bool awaiting; /* answers are on their way: an escape may begin one, however late */
};

enum mouse_kind { MOUSE_PRESS, MOUSE_DRAG, MOUSE_RELEASE, MOUSE_UP, MOUSE_DOWN /* the wheel */ };

struct mouse {
    enum mouse_kind kind;
    int button; /* 1 left, 2 middle, 3 right; 0: the wheel */
    bool shift, control;
    int x, y; /* cell, from 0 */
};

enum event_kind {
    EVENT_KEY, /* name and text */
    EVENT_MOUSE,
    EVENT_COLOR,   /* DECRQSS m: text is what follows "1$r" */
    EVENT_VERSION, /* XTVERSION: text */
    EVENT_FENCE    /* DA1 */
};

struct event {
    enum event_kind kind;
    char name[16]; /* "j", "Down", "C-l", "S-Tab" */
    uint32_t text; /* the character typed, 0 for others */
    bool pasted;
    struct mouse mouse;
    char answer[INPUT_TEXT];
};

/* More bytes; what does not fit is dropped. */
void input_feed(struct input *in, const void *bytes, size_t n);

/* The next event. INPUT_MORE: the bytes left only begin one; once nothing has come for
 * a while, `late` says so, and a lone escape is the key. */
enum input_result { INPUT_NONE, INPUT_MORE, INPUT_EVENT };
enum input_result input_next(struct input *in, bool late, struct event *out);
