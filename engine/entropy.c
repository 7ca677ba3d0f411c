#include "entropy.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

bool entropy_fill(void *out, size_t n, struct error *err)
{
    unsigned char *at = out;
    for (size_t left = n; left;) {
        ssize_t got = getrandom(at, left, 0);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            int why = got < 0 ? errno : EIO;
            explicit_bzero(out, n);
            return fail(err, ERROR_READ,
                        "the system gives no random numbers: %s; nothing was released",
                        strerror(why));
        }
        at += got > 0 ? got : 0;
        left -= got > 0 ? (size_t)got : 0;
    }
    return true;
}
