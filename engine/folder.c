#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "memory.h"

static const char index_ending[] = ".safetensors.index.json";
enum { NAME_MOST = 256 };

bool folder_is(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool ends(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && !strcmp(name + n - m, ending);
}

/* Parts of a split GGUF but the first, which stands for all: NAME-00002-of-00003.gguf. */
static bool is_later_part(const char *name)
{
    static const char first[] = "-00001-of-00001.gguf";
    const size_t n = strlen(name), m = sizeof(first) - 1, number = 6, count = 10; /* digits */
    const char *at = n > m ? name + n - m : "";
    return n > m && at[0] == '-' && strspn(at + 1, "0123456789") == number - 1 &&
           !strncmp(at + number, first + number, count - number) && strncmp(at, first, number) != 0;
}

struct found {
    char index[NAME_MOST], model[NAME_MOST];
    size_t indexes, models;
};

static void look_at(struct found *f, const char *name)
{
    bool model = (ends(name, ".safetensors") || ends(name, ".gguf")) && !is_later_part(name);
    if (name[0] == '.')
        return;
    if (ends(name, index_ending)) {
        f->indexes++;
        snprintf(f->index, sizeof(f->index), "%s", name);
    } else if (model) {
        f->models++;
        snprintf(f->model, sizeof(f->model), "%s", name);
    }
}

static char *join(const char *folder, size_t n, const char *name, struct error *err)
{
    size_t size = n + strlen(name) + 2;
    char *path = memory_alloc(size, err);
    bool slash = n && folder[n - 1] != '/';
    if (path)
        snprintf(path, size, "%.*s%s%s", (int)n, folder, slash ? "/" : "", name);
    return path;
}

char *folder_model(const char *path, struct error *err)
{
    struct found f = { 0 };
    DIR *d = opendir(path);
    if (!d) {
        fail(err, ERROR_READ, "%s: %s", path, strerror(errno));
        return NULL;
    }
    for (struct dirent *e; (e = readdir(d));)
        look_at(&f, e->d_name);
    closedir(d);
    if (f.indexes == 1 || (!f.indexes && f.models == 1))
        return join(path, strlen(path), f.indexes ? f.index : f.model, err);
    if (f.indexes || f.models)
        fail(err, ERROR_READ, "%s: is a folder with %zu %s; name one", path,
             f.indexes ? f.indexes : f.models, f.indexes ? "safetensors indexes" : "model files");
    else
        fail(err, ERROR_READ, "%s: is a folder without a model (.safetensors, .gguf)", path);
    return NULL;
}

char *folder_beside(const char *file, const char *name, struct error *err)
{
    const char *slash = strrchr(file, '/');
    return join(file, slash ? (size_t)(slash + 1 - file) : 0, name, err);
}

bool folder_left(const char *file)
{
    struct stat status;
    struct error err = { 0 };
    if (lstat(file, &status) != 0 || !S_ISLNK(status.st_mode))
        return false;
    char *here = folder_beside(file, ".", &err);
    char *folder = here ? realpath(here, NULL) : NULL, *target = realpath(file, NULL);
    const char *slash = target ? strrchr(target, '/') : NULL;
    bool same = folder && slash &&
                (slash == target ? !strcmp(folder, "/")
                                 : strlen(folder) == (size_t)(slash - target) &&
                                       !strncmp(folder, target, strlen(folder)));
    free(folder);
    free(target);
    memory_free(here);
    return !same;
}
