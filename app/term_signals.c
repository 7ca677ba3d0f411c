#include "term_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sink.h"

static int channel[2];

/* For the handlers of fatal signals: written as it is. */
static char restore[512];
static volatile sig_atomic_t restore_size;
static struct termios restore_termios;

static const int told[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT };
static const int fatal[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT };
enum { TOLD = sizeof(told) / sizeof(told[0]), FATAL = sizeof(fatal) / sizeof(fatal[0]) };
static struct sigaction before[TOLD + FATAL];

bool term_signals_open(void)
{
    return pipe2(channel, O_NONBLOCK | O_CLOEXEC) == 0;
}

void term_signals_close(void)
{
    close(channel[0]);
    close(channel[1]);
}

int term_signals_fd(void)
{
    return channel[0];
}

/* A pipe rather than a mask: whichever thread takes the signal, also one of a
 * library that was started before main, the loop wakes up. */
void term_signals_raise(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    (void)!write(channel[1], &byte, 1);
    errno = saved;
}

static void on_fatal(int number)
{
    if (restore_size) {
        (void)!write(STDOUT_FILENO, restore, (size_t)restore_size);
        tcsetattr(STDIN_FILENO, TCSANOW, &restore_termios);
    }
    sink_emergency();
    raise(number); /* SA_RESETHAND: the system's own end */
}

void term_signals_catch(void)
{
    static unsigned char stack[1 << 16]; /* an overflow of the stack ends here, too */
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
    struct sigaction quiet = { .sa_handler = term_signals_raise, .sa_flags = SA_RESTART };
    struct sigaction last = { .sa_handler = on_fatal,
                              .sa_flags = (int)SA_RESETHAND | SA_NODEFER | SA_ONSTACK };
    for (int i = 0; i < TOLD; i++)
        sigaction(told[i], &quiet, &before[i]);
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &last, &before[TOLD + i]);
}

void term_signals_release(void)
{
    for (int i = 0; i < TOLD; i++)
        sigaction(told[i], &before[i], NULL);
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &before[TOLD + i], NULL);
}

void term_signals_restore(const char *bytes, size_t n, const struct termios *shell)
{
    restore_size = 0;
    if (n == 0 || n > sizeof(restore))
        return;
    memcpy(restore, bytes, n);
    restore_termios = *shell;
    restore_size = (sig_atomic_t)n;
}

struct told term_signals_take(void)
{
    struct told t = { 0 };
    unsigned char bytes[64];
    ssize_t n;
    while ((n = read(channel[0], bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < n; i++) {
            t.stop |= bytes[i] == SIGTSTP;
            t.woken |= bytes[i] == SIGWINCH || bytes[i] == SIGCONT;
            t.quit |= bytes[i] == SIGTERM || bytes[i] == SIGHUP || bytes[i] == SIGINT;
        }
    return t;
}
