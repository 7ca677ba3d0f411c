#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <vterm.h>

/* A program in a terminal: libvterm behind a pseudo-terminal reads what it writes, and a
 * shim between the two says how it ended. Nothing here judges; tests do. */

enum {
    QUIET_MS = 250,         /* without output for so long: a frame is whole */
    TTY_PATIENCE_MS = 20000 /* for what must come, on a busy machine too */
};

struct news {
    char what; /* 'p': started, 's': stopped, 'x': exited, 'k': killed */
    int value; /* process, signal or status */
    bool modes_kept;
};

enum { TTY_MODES = 8 };

struct terminal {
    VTerm *vt;
    VTermScreen *screen;
    int fd, shim; /* the terminal's other side; the socket to the shim */
    pid_t session, program;
    int rows, cols;
    bool alternate, cursor;
    char *log; /* every byte of output, up to a limit */
    size_t n, total;
    bool part, semicolon;
    int state, number; /* of the scan for private modes */
    int wanted[TTY_MODES];
    bool on[TTY_MODES]; /* tty_modes, as they were switched last */
    int scrolls;        /* how often a part of the screen was made the scrolling one */
    char answers[256];
    size_t kept;
    double synchronized; /* when the last end of a frame was read, ms */
};

/* Environment: NULL, or name, value or NULL, ..., NULL. Waits until the program runs. */
bool tty_open(struct terminal *t, int cols, int rows, const char *const *environment,
              char *const *arguments);
void tty_close(struct terminal *t);

/* What becomes of the terminal's answers: sent, thrown away, or kept in t->answers. From
 * now on, of every terminal. */
enum tty_answers { TTY_SENT, TTY_NONE, TTY_KEPT };
void tty_answer(enum tty_answers how);
bool tty_mode(const struct terminal *t, int number); /* of the private modes below */

double tty_now(void); /* ms */
/* Reads what came, for at most ms; false: nothing, or the other side is gone. */
bool tty_pump(struct terminal *t, int ms);
void tty_throttle(int bytes_a_second); /* of all reading from now on; 0: none */
void tty_quiet(struct terminal *t,
               int ms); /* until nothing comes for ms, nor its first thread runs */
void tty_rest(struct terminal *t, int ms); /* nor any other */
void tty_send(struct terminal *t, const char *bytes);
void tty_press(struct terminal *t, const char *bytes);   /* and until it is quiet */
void tty_pull(struct terminal *t, int cols, int rows);   /* the window's corner */
void tty_resize(struct terminal *t, int cols, int rows); /* and until it is quiet */

struct news tty_hear(struct terminal *t);
bool tty_news(const struct terminal *t); /* whether tty_hear has something at once */
/* Whether it ended so, and left the terminal as it was: modes of the line, of the screen,
 * of the mouse and of pasting. Prints what is not. */
bool tty_left(struct terminal *t, char what, int value);

VTermScreenCell tty_cell(const struct terminal *t, int row, int col);
void tty_row(const struct terminal *t, int row, char *out, size_t size); /* not ASCII: '#' */
bool tty_find(const struct terminal *t, const char *text);
bool tty_wait(struct terminal *t, const char *text); /* for long; prints the screen if in vain */
void tty_print(const struct terminal *t);
int tty_rank(const struct terminal *t);      /* that a title names; -1: none */
int tty_form_rank(const struct terminal *t); /* in the form's first box; -1: none */

/* Whether a thread of the program beside its first one has a processor or waits for one now. */
bool tty_computes(const struct terminal *t);
bool tty_works(const struct terminal *t);    /* or its first one */
size_t tty_memory(const struct terminal *t); /* of the program, resident, bytes; 0: unknown */

struct picture {
    int cells;     /* with a background in true colour */
    uint64_t hash; /* FNV-1a over them */
};
struct picture tty_picture(const struct terminal *t);
/* Text and colours of every cell but the last two rows (messages, times) and the costs of
 * the last frame. */
uint64_t tty_hash(const struct terminal *t);

/* How many times longer than its processor time a process takes here and now: of 50 asks for 5 ms
 * the slowest, at least 1. */
double tty_slowness(void);
/* What was measured, or, where it is above the limit, what would have been on a machine that has
 * nothing else to do. Prints both. */
double tty_fair(double got, double limit);

/* Whether any SGR in the bytes sets or resets a colour. */
bool tty_any_color(const char *bytes, size_t n);
