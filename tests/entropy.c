/* The kernel's random bytes where the kernel is slow, interrupted or has none. This test is linked
 * with a getrandom of its own. */

#include "check.h"

#include "chacha.h"
#include "entropy.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

static long calls, fail_at = -1;
static int why;
static size_t most = SIZE_MAX; /* bytes a call */
static bool interrupted;

ssize_t getrandom(void *out, size_t n, unsigned flags)
{
    calls++;
    if (flags)
        return -1; /* nothing weaker than what blocks until it is ready */
    if (interrupted && calls % 2) {
        errno = EINTR;
        return -1;
    }
    if (fail_at >= 0 && calls > fail_at) {
        errno = why;
        return why ? -1 : 0;
    }
    n = n < most ? n : most;
    memset(out, (int)(calls % 255) + 1, n);
    return (ssize_t)n;
}

static bool filled(const unsigned char *at, size_t n, bool with)
{
    for (size_t i = 0; i < n; i++)
        if ((at[i] != 0) != with)
            return false;
    return true;
}

static void in_pieces(void)
{
    unsigned char out[1000] = { 0 };
    struct error err;
    most = 7;
    interrupted = true;
    calls = 0;
    CHECK(entropy_fill(out, sizeof(out), &err) && filled(out, sizeof(out), true));
    CHECK(calls == 2 * ((1000 + 6) / 7));
    most = SIZE_MAX;
    interrupted = false;
    CHECK(entropy_fill(out, 0, &err));
}

/* Whatever was there before is gone: nobody takes half of it for random. */
static void failing(void)
{
    static const int reasons[] = { ENOSYS, EPERM, EFAULT, EAGAIN, 0 };
    struct chacha c;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        for (fail_at = 0; fail_at < 3; fail_at++) {
            unsigned char out[64] = { 1, 2, 3 };
            struct error err = { 0 };
            calls = 0;
            most = 12;
            why = reasons[i];
            CHECK(!entropy_fill(out, sizeof(out), &err) && err.code == ERROR_READ);
            CHECK(filled(out, sizeof(out), false) && strstr(err.text, "nothing was released"));
            calls = 0;
            CHECK(!chacha_start(&c, &err) && c.used == 0); /* gives no word: an assertion */
        }
    fail_at = -1;
    struct error err;
    CHECK(chacha_start(&c, &err) && c.used > 0);
}

int main(void)
{
    in_pieces();
    failing();
    return check_done();
}
