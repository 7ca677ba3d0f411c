#include "stray.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

static int results = -1;
static int kept = -1, terminal = -1; /* a file in memory, and stderr as it was */

int stray_stdout(void)
{
    if (results < 0) {
        results = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (results >= 0)
            dup2(STDERR_FILENO, STDOUT_FILENO);
    }
    return results;
}

void stray_hold(void)
{
    if (!isatty(STDERR_FILENO))
        return;
    kept = memfd_create("stderr", MFD_CLOEXEC);
    terminal = kept < 0 ? -1 : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (terminal >= 0)
        dup2(kept, STDERR_FILENO);
    else if (kept >= 0)
        close(kept);
}

void stray_tell(void)
{
    char text[4096];
    if (terminal < 0)
        return;
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    terminal = -1;
    lseek(kept, 0, SEEK_SET);
    for (ssize_t n; (n = read(kept, text, sizeof(text))) > 0;)
        if (write(STDERR_FILENO, text, (size_t)n) != n)
            break;
    close(kept);
}
