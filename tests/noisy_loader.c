/* A Vulkan loader that prints, as some drivers do, and has nothing else to offer. */

#include <stdio.h>

__attribute__((constructor)) static void shout(void)
{
    printf("noise on stdout\n");
    fflush(stdout);
    fprintf(stderr, "noise on stderr\n");
}
