#include "term_input.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

enum {
    ESCAPE_MS = 25,   /* an escape with nothing after it is the key */
    PIECE_MS = 200,   /* for the rest of a sequence that has begun */
    ANSWERS_MS = 2000 /* so long after the questions an escape may begin an answer */
};

static struct input input;
static double heard, asked; /* when bytes last came, when the questions went, ms */
static bool gone;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

void term_input_open(bool utf8)
{
    input = (struct input){ .utf8 = utf8 };
    gone = false;
}

void term_input_await(bool answers)
{
    if (answers && !input.awaiting)
        asked = now_ms();
    input.awaiting = answers;
}

int term_input_patience(void)
{
    if (input.n == 0)
        return -1;
    if (input.awaiting && now_ms() > asked + ANSWERS_MS)
        input.awaiting = false;
    bool key = input.n == 1 && !input.awaiting;
    double left = heard + (key ? ESCAPE_MS : PIECE_MS) - now_ms();
    return left > 0 ? (int)left + 1 : 0;
}

bool term_input_gone(void)
{
    return gone;
}

/* What has come in the meantime; false: nothing. */
static bool hear(void)
{
    unsigned char bytes[1024];
    struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
    if (gone || input.n + sizeof(bytes) > INPUT_ROOM || poll(&p, 1, 0) <= 0)
        return false;
    ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
    gone = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
    if (n <= 0)
        return false;
    input_feed(&input, bytes, (size_t)n);
    heard = now_ms();
    return true;
}

bool term_input_next(struct event *e)
{
    do {
        if (input_next(&input, false, e) == INPUT_EVENT)
            return true;
    } while (hear());
    return term_input_patience() == 0 && input_next(&input, true, e) == INPUT_EVENT;
}
