/* Feeds each file of the folders named on the command line to a fuzz target: the
 * corpus runs as a plain test, with any compiler. TAP. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Exact in size, so that ASan sees one byte too many. */
static int feed(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END))
        return 0;
    size_t size = (size_t)ftell(f);
    uint8_t *data = malloc(size ? size : 1);
    rewind(f);
    int whole = data && fread(data, 1, size, f) == size;
    if (whole)
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    fclose(f);
    return whole;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        int inputs = 0;
        for (struct dirent *e; d && (e = readdir(d));) {
            char path[1024];
            snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
            inputs += e->d_name[0] != '.' && feed(path);
        }
        if (d)
            closedir(d);
        printf("%sok %d - %d inputs of %s\n", inputs ? "" : "not ", i, inputs, argv[i]);
    }
    printf("1..%d\n", argc - 1);
    return 0;
}
