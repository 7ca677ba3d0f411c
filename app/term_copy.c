#include <stdio.h>
#include <string.h>

#include "term.h"

/* xterm's control sequences: OSC 52 ; c ; base64 of RFC 4648, ended by BEL, which tmux
 * and screen take, too. */
void term_copy(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = strlen(text);
    fputs("\033]52;c;", stdout);
    for (size_t i = 0; i < n; i += 3) {
        unsigned char b[3] = { (unsigned char)text[i] };
        b[1] = i + 1 < n ? (unsigned char)text[i + 1] : 0;
        b[2] = i + 2 < n ? (unsigned char)text[i + 2] : 0;
        putchar(digits[b[0] >> 2]);
        putchar(digits[(b[0] & 3) << 4 | b[1] >> 4]);
        putchar(i + 1 < n ? digits[(b[1] & 15) << 2 | b[2] >> 6] : '=');
        putchar(i + 2 < n ? digits[b[2] & 63] : '=');
    }
    putchar('\a');
    fflush(stdout);
}
